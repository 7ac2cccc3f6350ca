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
pub(super) const FLAGS: libc::c_int = libc::MSG_NOSIGNAL | libc::MSG_WAITALL;

impl Sending {
    /// `bytes`, after which nothing more is to come.
    pub(super) fn of(bytes: &[u8]) -> Box<Self> {
        let mut sending = Box::new(Self { asked: bytes.len(), ..Self::default() });
        sending.batch.copy(bytes);
        sending.batch.nothing_more();
        sending
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
