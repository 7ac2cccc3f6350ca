//! Bytes on their way out: frames that may be shared, and the batch that one send takes.
//!
//! Invariant: what a batch holds leaves in the order it was put in, each byte once.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice};
use std::ops::Deref;
use std::sync::Arc;

/// Bytes that several readers share: made once, sent many times, never changed.
#[derive(Clone)]
pub struct Frame {
    /// Whole, whatever part of it this is.
    shared: Arc<[u8]>,
    start: usize,
    end: usize,
}

impl Frame {
    /// The part from `start` to `end`, without a copy: what is not in it stays in memory with it.
    ///
    /// # Panics
    ///
    /// If that is no part of it.
    pub fn part(&self, start: usize, end: usize) -> Self {
        assert!(start <= end && end <= self.len(), "a part lies inside");
        let shared = Arc::clone(&self.shared);
        Self { shared, start: self.start + start, end: self.start + end }
    }
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.shared[self.start..self.end]
    }
}

impl<T: Into<Arc<[u8]>>> From<T> for Frame {
    fn from(bytes: T) -> Self {
        let shared = bytes.into();
        Self { start: 0, end: shared.len(), shared }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame(\"{}\")", self.escape_ascii())
    }
}

/// What one connection is sent next: small pieces copied together, large frames shared.
///
/// The service fills it ([`copy`](Self::copy), [`push`](Self::push)); the engine empties it
/// ([`slices`](Self::slices), [`advance`](Self::advance)) in as many pieces as the socket takes.
pub struct Batch {
    /// All copied bytes, in order; cut into parts by the frames that stand between them.
    copied: Vec<u8>,
    parts: VecDeque<Part>,
    /// Bytes not yet sent, in all parts.
    len: usize,
    /// Bytes of the first part that were sent.
    sent: usize,
    /// How many bytes make it full.
    full: usize,
    /// Nothing more is to come after it.
    is_last: bool,
}

impl Default for Batch {
    /// An empty batch that is full with [`Batch::FULL_BYTES`].
    fn default() -> Self {
        Self::full_with(Self::FULL_BYTES)
    }
}

enum Part {
    /// The range of `copied` from `start` to `end`.
    Copied {
        start: usize,
        end: usize,
    },
    Shared(Frame),
}

impl Batch {
    /// A batch of this many bytes is full, unless its engine wants another measure: enough for one
    /// send to be worth its cost many times over, little enough that one reader's batch does not hold
    /// up the turn.
    pub const FULL_BYTES: usize = 64 * 1024;

    /// Frames up to this size are copied rather than shared. A copy of so few bytes costs less
    /// than one more entry in the kernel's list of slices and one more count to keep; Valkey found
    /// the same bound to serve (valkey-io/valkey#4109).
    pub const COPY_BYTES: usize = 512;

    /// An empty batch that is full with `bytes`.
    pub fn full_with(bytes: usize) -> Self {
        Self {
            copied: Vec::new(),
            parts: VecDeque::new(),
            len: 0,
            sent: 0,
            full: bytes,
            is_last: false,
        }
    }

    /// Adds a copy of `bytes`.
    pub fn copy(&mut self, bytes: &[u8]) {
        let start = self.copied.len();
        self.copied.extend_from_slice(bytes);
        self.copied_since(start);
    }

    /// Adds `frame`: shared if it is large, copied if it is small.
    pub fn push(&mut self, frame: &Frame) {
        self.push_part(frame, 0, frame.len());
    }

    /// Adds the part of `frame` from `start` to `end`, as [`Batch::push`] does: what
    /// [`Frame::part`] makes, without making it first.
    ///
    /// # Panics
    ///
    /// If that is no part of it.
    pub fn push_part(&mut self, frame: &Frame, start: usize, end: usize) {
        if end.saturating_sub(start) <= Self::COPY_BYTES {
            self.copy(&frame[start..end]);
        } else {
            let part = frame.part(start, end);
            self.len += part.len();
            self.parts.push_back(Part::Shared(part));
        }
    }

    /// Lets `write` append to the batch's own buffer, so that what is rendered for one reader is
    /// rendered in place. `write` must only append.
    ///
    /// # Panics
    ///
    /// If `write` leaves fewer bytes in the buffer than it found there.
    pub fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.copied.len();
        write(&mut self.copied);
        assert!(self.copied.len() >= start, "a batch is only ever appended to");
        self.copied_since(start);
    }

    fn copied_since(&mut self, start: usize) {
        let end = self.copied.len();
        if end == start {
            return;
        }
        self.len += end - start;
        match self.parts.back_mut() {
            Some(Part::Copied { end: last_end, .. }) => *last_end = end,
            _ => self.parts.push_back(Part::Copied { start, end }),
        }
    }

    /// Says that this is all there is: the engine need not come back to hear that there is nothing
    /// more. It is a hint: an engine may ask all the same.
    pub fn nothing_more(&mut self) {
        self.is_last = true;
    }

    /// Whether the service has said that there is nothing more to send once this has been sent.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Whether the service should stop filling.
    pub fn is_full(&self) -> bool {
        self.len >= self.full
    }

    /// How many bytes are still wanted before the batch is full.
    pub fn room(&self) -> usize {
        self.full.saturating_sub(self.len)
    }

    /// Bytes not yet sent.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether everything was sent, or nothing was put in.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All that is left to send, if it lies in one piece.
    pub fn as_slice(&self) -> Option<&[u8]> {
        match self.parts.len() {
            0 => Some(&[]),
            1 => Some(&self.part(&self.parts[0])[self.sent..]),
            _ => None,
        }
    }

    /// Puts the pieces still to be sent, in order, into `slices` as far as they fit; answers how
    /// many there are.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut skip = self.sent;
        let mut count = 0;
        for (slice, part) in slices.iter_mut().zip(&self.parts) {
            *slice = IoSlice::new(&self.part(part)[skip..]);
            skip = 0;
            count += 1;
        }
        count
    }

    fn part<'a>(&'a self, part: &'a Part) -> &'a [u8] {
        match part {
            Part::Copied { start, end } => &self.copied[*start..*end],
            Part::Shared(frame) => frame,
        }
    }

    /// Notes that `count` bytes more were sent, and lets go of what was sent whole.
    ///
    /// # Panics
    ///
    /// If `count` is more than there was left to send.
    pub fn advance(&mut self, count: usize) {
        assert!(count <= self.len, "no more is sent than was put in");
        self.len -= count;
        if self.len == 0 {
            return self.clear();
        }
        self.sent += count;
        while let Some(part) = self.parts.front() {
            let part_len = self.part(part).len();
            if self.sent < part_len {
                break;
            }
            self.sent -= part_len;
            self.parts.pop_front();
        }
    }

    /// Drops what is left and makes the batch ready for use again, keeping its memory.
    pub fn clear(&mut self) {
        self.copied.clear();
        self.parts.clear();
        self.len = 0;
        self.sent = 0;
        self.is_last = false;
    }

    /// Gives memory back that the batch keeps for copied bytes beyond this many, and for the pieces
    /// that so many bytes are in at most, as far as they are not in use.
    pub fn trim(&mut self, bytes: usize) {
        self.copied.shrink_to(bytes);
        self.parts.shrink_to(bytes / Self::COPY_BYTES + 4);
    }

    /// How many copied bytes it can hold without new memory.
    pub fn kept_bytes(&self) -> usize {
        self.copied.capacity()
    }
}

impl io::Write for Batch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.copy(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("len", &self.len).field("parts", &self.parts.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left in the batch, through its slices, `wide` at a time.
    fn left(batch: &Batch, wide: usize) -> Vec<u8> {
        let mut slices = vec![IoSlice::new(&[]); wide];
        let count = batch.slices(&mut slices);
        slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect()
    }

    #[test]
    fn small_pieces_lie_together() {
        let mut batch = Batch::default();
        batch.copy(b"one ");
        batch.push(&Frame::from(*b"two "));
        batch.append(|buffer| buffer.extend_from_slice(b"three"));
        batch.append(|_| ());
        assert_eq!(batch.as_slice(), Some(&b"one two three"[..]));
    }

    #[test]
    fn a_part_of_a_frame_is_those_bytes() {
        let frame = Frame::from(*b"0123456789");
        let part = frame.part(2, 8);
        assert_eq!(&*part, b"234567");
        assert_eq!(&*part.part(1, 3), b"34");
        assert!(part.part(6, 6).is_empty());
    }

    #[test]
    #[should_panic = "a part lies inside"]
    fn no_part_of_a_frame_reaches_beyond_it() {
        let _ = Frame::from(*b"0123456789").part(2, 8).part(0, 7);
    }

    #[test]
    fn large_frames_keep_their_place_between_copies() {
        let large = Frame::from(vec![b'x'; Batch::COPY_BYTES + 1]);
        let mut batch = Batch::default();
        batch.copy(b"before");
        batch.push(&large);
        batch.copy(b"after");
        assert_eq!(batch.as_slice(), None);
        assert_eq!(left(&batch, 8), [b"before", &*large, b"after"].concat());
        assert_eq!(left(&batch, 2), [b"before", &*large].concat());
    }

    #[test]
    fn any_partial_sends_leave_each_byte_once_and_in_order() {
        let large = Frame::from((0..2000u32).map(|n| n as u8).collect::<Vec<_>>());
        for step in 1..700 {
            let mut batch = Batch::default();
            for _ in 0..3 {
                batch.copy(b"copied");
                batch.push(&large);
                batch.push(&large);
            }
            let whole = left(&batch, 16);
            let mut got = Vec::new();
            while !batch.is_empty() {
                let next = left(&batch, 16);
                assert_eq!(next.len(), batch.len());
                let count = step.min(next.len());
                got.extend_from_slice(&next[..count]);
                batch.advance(count);
            }
            assert_eq!(got, whole);
        }
    }

    #[test]
    fn full_is_reached_at_its_bound() {
        let mut batch = Batch::default();
        batch.copy(&vec![0; Batch::FULL_BYTES - 1]);
        assert!(!batch.is_full());
        assert_eq!(batch.room(), 1);
        batch.copy(b"!");
        assert!(batch.is_full());
        assert_eq!(batch.room(), 0);
        batch.clear();
        assert!(batch.is_empty() && !batch.is_full());
    }

    #[test]
    fn that_nothing_more_comes_is_said_of_one_filling_only() {
        let mut batch = Batch::default();
        batch.copy(b"all");
        assert!(!batch.is_last());
        batch.nothing_more();
        batch.advance(1);
        assert!(batch.is_last());
        batch.advance(2);
        assert!(!batch.is_last());
    }
}
