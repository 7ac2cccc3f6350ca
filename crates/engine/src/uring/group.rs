//! Sends that go down together, with their bytes side by side, and are done when the kernel has taken
//! them.
//!
//! Invariant: from the moment a send's entry is made until the kernel has taken it, its bytes are neither
//! changed nor moved. They lie in one block that is made once, in which a new group begins only when
//! nothing of the last one is on its way.

use std::os::fd::RawFd;

use io_uring::types::Fd;
use io_uring::{opcode, squeue};
use service::{Batch, Key};

use super::sending::FLAGS;

/// A group of sends, and the block of memory that one group after the other goes through: however many
/// readers there are, their sends take no more, and leave no holes in the heap.
pub(super) struct Group {
    block: Box<[u8]>,
    /// The bytes of the block that are taken.
    taken: usize,
    tries: Vec<Try>,
}

/// A send that the kernel makes at once, as far as the socket takes it.
struct Try {
    key: Key,
    start: usize,
    end: usize,
}

impl Default for Group {
    fn default() -> Self {
        // As the kernel hands it out: what is never written to takes no memory.
        let block = vec![0; Self::BYTES].into_boxed_slice();
        Self { block, taken: 0, tries: Vec::new() }
    }
}

/// A send of `bytes`, as far as the socket takes them at once.
///
/// With `MSG_DONTWAIT` the kernel is done with it, this way or that, when the enter that takes the
/// entry returns; of what was sent whole it says nothing. `MSG_WAITALL` makes a part count as a
/// failure, of which the completion says how much it was.
pub(super) fn entry(socket: RawFd, bytes: &[u8]) -> squeue::Entry {
    let send = opcode::Send::new(Fd(socket), bytes.as_ptr(), bytes.len() as u32);
    let entry = send.flags(FLAGS | libc::MSG_DONTWAIT).build();
    entry.flags(squeue::Flags::SKIP_SUCCESS)
}

impl Group {
    /// So many go down at once. A group takes a system call, and its readers wake while the next one is
    /// being filled: with 64 a delivery to 1,000 readers costs up to a seventh more, with 1,000 some
    /// hundredths (docs/tried.md).
    const TRIES: usize = 512;

    /// So many bytes go down at once.
    const BYTES: usize = 2 << 20;

    /// A send of more than this goes by itself: copying it is no longer next to nothing.
    const TRY_BYTES: usize = 16 << 10;

    /// Whether `batch` is all that its connection is to be sent, and so little that it can be tried.
    pub(super) fn suits(batch: &Batch) -> bool {
        let slice = batch.as_slice();
        batch.is_last() && slice.is_some_and(|slice| slice.len() <= Self::TRY_BYTES)
    }

    /// Whether there is room for one more send of any size that [suits](Self::suits).
    pub(super) fn has_room(&self) -> bool {
        self.tries.len() < Self::TRIES && Self::BYTES - self.taken >= Self::TRY_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tries.is_empty()
    }

    /// Adds a send of what is in `batch`; answers its entry, which points into the block.
    ///
    /// # Panics
    ///
    /// If the batch does not suit, or there is no room.
    pub(super) fn add(&mut self, key: Key, socket: RawFd, batch: &Batch) -> squeue::Entry {
        assert!(self.has_room() && Self::suits(batch), "there is room for what suits");
        let slice = batch.as_slice().expect("what suits is in one piece");
        let (start, end) = (self.taken, self.taken + slice.len());
        let bytes = &mut self.block[start..end];
        bytes.copy_from_slice(slice);
        self.taken = end;
        self.tries.push(Try { key, start, end });
        entry(socket, bytes)
    }

    /// Takes one out that has failed; answers the bytes that it was to send. When there is none left the
    /// next group may begin.
    ///
    /// # Panics
    ///
    /// If there is none for `key`.
    pub(super) fn take_out(&mut self, key: Key) -> &[u8] {
        let place = self.tries.iter().position(|it| it.key == key).expect("it is among them");
        let Try { start, end, .. } = self.tries.swap_remove(place);
        if self.tries.is_empty() {
            self.taken = 0;
        }
        &self.block[start..end]
    }

    /// Ends the group, of which nothing is on its way any more: takes out one that was sent, with the
    /// number of its bytes. When there is none left the next group may begin.
    pub(super) fn pop_sent(&mut self) -> Option<(Key, usize)> {
        let sent = self.tries.pop();
        if sent.is_none() {
            self.taken = 0;
        }
        sent.map(|it| (it.key, it.end - it.start))
    }

    /// Has the block stay in memory for good.
    pub(super) fn leak(&mut self) {
        std::mem::forget(std::mem::take(&mut self.block));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(bytes: &[u8]) -> Batch {
        let mut batch = Batch::full_with(1 << 20);
        batch.copy(bytes);
        batch.nothing_more();
        batch
    }

    #[test]
    fn what_failed_is_handed_back_and_the_rest_counts_as_sent() {
        let mut group = Group::default();
        for n in 0..10 {
            let _ = group.add(Key::new(n, 0), 0, &batch(&vec![n as u8; n as usize + 1]));
        }
        assert_eq!(group.take_out(Key::new(0, 0)), [0]);
        assert_eq!(group.take_out(Key::new(7, 0)), [7; 8]);
        let mut sent: Vec<_> = std::iter::from_fn(|| group.pop_sent()).collect();
        sent.sort_unstable_by_key(|&(_, len)| len);
        let expected: Vec<_> =
            [1, 2, 3, 4, 5, 6, 8, 9].map(|n| (Key::new(n, 0), n as usize + 1)).into();
        assert_eq!(sent, expected);
        assert!(group.is_empty());
    }

    #[test]
    fn a_group_is_bounded_in_sends_and_in_bytes() {
        let fill = |group: &mut Group, bytes: &[u8]| {
            let mut count = 0;
            while group.has_room() {
                let _ = group.add(Key::new(count, 0), 0, &batch(bytes));
                count += 1;
            }
            while group.pop_sent().is_some() {}
            count as usize
        };
        let mut group = Group::default();
        assert_eq!(fill(&mut group, b"short"), Group::TRIES);
        let longest = vec![b'x'; Group::TRY_BYTES];
        assert_eq!(fill(&mut group, &longest), Group::BYTES / Group::TRY_BYTES);
        assert_eq!(fill(&mut group, b"short"), Group::TRIES, "the next begins anew");
    }

    #[test]
    fn a_group_of_which_everything_failed_is_over() {
        let mut group = Group::default();
        let longest = batch(&vec![b'x'; Group::TRY_BYTES]);
        let mut count = 0;
        while group.has_room() {
            let _ = group.add(Key::new(count, 0), 0, &longest);
            count += 1;
        }
        for n in 0..count {
            assert!(!group.is_empty());
            assert_eq!(group.take_out(Key::new(n, 0)).len(), Group::TRY_BYTES);
        }
        assert!(group.is_empty() && group.has_room());
    }

    #[test]
    fn what_is_long_or_in_pieces_or_not_all_goes_by_itself() {
        assert!(Group::suits(&batch(b"short")));
        assert!(!Group::suits(&batch(&vec![b'x'; Group::TRY_BYTES + 1])));
        let mut in_pieces = batch(b"short");
        in_pieces.push(&vec![b'x'; Batch::COPY_BYTES + 1].into());
        assert!(!Group::suits(&in_pieces));
        let mut first_of_two = Batch::default();
        first_of_two.copy(b"short");
        assert!(!Group::suits(&first_of_two));
    }
}
