//! A batch on its way through the kernel, with the description of it that the kernel reads.
//!
//! Invariant: from the moment its entry is made until the send's completion, nothing here is
//! changed and nothing moves: a `Sending` lives in a box, in its connection's slot.

use std::io::IoSlice;
use std::os::fd::RawFd;
use std::ptr;

use io_uring::types::Fd;
use io_uring::{opcode, squeue};
use service::Batch;

/// A batch that is being sent.
pub(super) struct Sending {
    pub(super) batch: Batch,
    /// What `message` points to, if the batch is in several pieces.
    slices: Vec<libc::iovec>,
    message: libc::msghdr,
    /// How many bytes the kernel was last asked to send.
    asked: usize,
}

// SAFETY: the pointers in `slices` and `message` point into this very value and what it owns, and
// are followed by the kernel alone; it is bound to no thread.
unsafe impl Send for Sending {}

impl Default for Sending {
    fn default() -> Self {
        // SAFETY: all zeroes is a `msghdr` without name, slices and control data.
        let message = unsafe { std::mem::zeroed() };
        Self { batch: Batch::full_with(SHARE_BYTES), slices: Vec::new(), message, asked: 0 }
    }
}

/// What is sent to one connection in a turn: what the readiness engines send in several batches
/// goes down as one, since the next one has to wait for the next turn. With less, a turn could
/// take in more than it hands out, and every reader of a busy room would fall behind.
const SHARE_BYTES: usize = crate::connection::BATCHES_PER_TURN * Batch::FULL_BYTES;

/// So many slices go into one send: far below the kernel's 1,024 (`UIO_MAXIOV`), and enough for a
/// full batch of frames that were worth sharing.
const SLICES: usize = 128;

/// The most bytes asked for at once: a completion counts them in an `i32`.
const ASKED_MAX: usize = 1 << 30;

/// Without a signal if the peer is gone, and (5.19) until all is sent: the kernel goes on by
/// itself when the socket has room again, rather than come back with a part.
const FLAGS: libc::c_int = libc::MSG_NOSIGNAL | libc::MSG_WAITALL;

impl Sending {
    /// Whether this is all that its connection is to be sent, in one piece, and so little that it
    /// may be kept until the next enter returns, however long that takes.
    pub(super) fn can_be_tried(&self) -> bool {
        let slice = self.batch.as_slice();
        self.batch.is_last() && slice.is_some_and(|slice| slice.len() <= Spares::KEPT_BYTES)
    }

    /// The entry that sends the whole batch, which [can be tried](Self::can_be_tried), as far as the
    /// socket takes it at once. It points into `self`.
    ///
    /// `MSG_WAITALL` makes a part count as a failure, of which the completion says how much it was.
    pub(super) fn try_entry(&mut self, socket: RawFd) -> squeue::Entry {
        let slice = self.batch.as_slice().expect("it is in one piece");
        self.asked = slice.len();
        let send = opcode::Send::new(Fd(socket), slice.as_ptr(), self.asked as u32);
        let entry = send.flags(FLAGS | libc::MSG_DONTWAIT).build();
        entry.flags(squeue::Flags::SKIP_SUCCESS)
    }

    /// The entry that sends what is left of the batch. It points into `self`.
    pub(super) fn entry(&mut self, socket: RawFd) -> squeue::Entry {
        if let Some(slice) = self.batch.as_slice() {
            self.asked = slice.len().min(ASKED_MAX);
            let send = opcode::Send::new(Fd(socket), slice.as_ptr(), self.asked as u32);
            return send.flags(FLAGS).build();
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = self.batch.slices(&mut slices);
        self.asked = slices[..count].iter().map(|slice| slice.len()).sum();
        self.slices.clear();
        self.slices.extend(slices[..count].iter().map(|slice| libc::iovec {
            iov_base: slice.as_ptr().cast_mut().cast(),
            iov_len: slice.len(),
        }));
        self.message.msg_iov = self.slices.as_mut_ptr();
        self.message.msg_iovlen = self.slices.len() as _;
        let message = ptr::from_ref(&self.message);
        opcode::SendMsg::new(Fd(socket), message).flags(FLAGS as u32).build()
    }

    /// Notes what a send came to; answers whether it was less than asked for.
    pub(super) fn sent(&mut self, count: usize) -> bool {
        self.batch.advance(count);
        count < self.asked
    }
}

/// Batches that nobody uses, kept with their memory for the next send.
///
/// Boxed, since the kernel is given their addresses.
#[derive(Default)]
#[expect(clippy::vec_box)]
pub(super) struct Spares(Vec<Box<Sending>>);

impl Spares {
    /// More than this many are not kept, and no more are tried before they are handed down
    /// ([`Uring::settle_tries`](super::Uring::settle_tries)): so a line to 10,000 readers goes through
    /// these few, one group after the other, rather than through memory for 10,000 batches, which
    /// would leave the heap full of holes.
    pub(super) const KEPT: usize = 512;

    /// A batch keeps as much memory of its own while it is spare as two sends like its last one take,
    /// but no more than this: all that are kept come to 4 MiB at most.
    const KEPT_BYTES: usize = 8192;

    /// It keeps so much anyway.
    const KEPT_LEAST_BYTES: usize = 256;

    /// And the description of so many pieces.
    const KEPT_SLICES: usize = 8;

    /// An empty one.
    pub(super) fn take(&mut self) -> Box<Sending> {
        self.0.pop().unwrap_or_default()
    }

    /// Takes one back, with whatever is left in it.
    pub(super) fn put(&mut self, mut sending: Box<Sending>) {
        if self.0.len() < Self::KEPT {
            let kept = sending.asked.saturating_mul(2);
            sending.batch.clear();
            sending.batch.trim(kept.clamp(Self::KEPT_LEAST_BYTES, Self::KEPT_BYTES));
            sending.slices.clear();
            sending.slices.shrink_to(Self::KEPT_SLICES);
            self.0.push(sending);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a spare keeps after a send of `len` bytes.
    fn kept(spares: &mut Spares, len: usize) -> usize {
        let mut sending = spares.take();
        sending.batch.copy(&vec![b'x'; len]);
        let _ = sending.entry(0);
        sending.sent(len);
        spares.put(sending);
        spares.0.last().expect("one was put back").batch.kept_bytes()
    }

    #[test]
    fn a_spare_forgets_a_long_send_once_it_has_had_a_short_one() {
        let mut spares = Spares::default();
        assert!(kept(&mut spares, 100_000) <= Spares::KEPT_BYTES);
        assert!(kept(&mut spares, 3000) >= 3000);
        assert!(kept(&mut spares, 100) <= Spares::KEPT_LEAST_BYTES);
        assert!(kept(&mut spares, 200) >= 200);
    }

    #[test]
    fn of_a_wave_few_are_kept() {
        let mut spares = Spares::default();
        let used: Vec<_> = (0..2 * Spares::KEPT).map(|_| spares.take()).collect();
        used.into_iter().for_each(|sending| spares.put(sending));
        assert_eq!(spares.0.len(), Spares::KEPT);
    }
}
