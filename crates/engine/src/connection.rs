//! One socket of a readiness engine: receiving and sending; and what is said of a connection in any
//! engine: the stages of its life, what it receives, why it is over.
//!
//! Invariant: at most one batch is held, and only while the socket refuses to take it.

use std::io::IoSlice;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg};
use service::{Batch, Reason};

use crate::options::Counters;
use crate::selector::Interest;

/// A socket and what its engine knows of it. Small, because most connections are idle.
#[derive(Debug)]
pub(crate) struct Connection {
    /// `None` once it is over.
    socket: Option<OwnedFd>,
    pub(crate) stage: Stage,
    pub(crate) receiving: Receiving,
    /// What the selector was last told.
    pub(crate) registered: Interest,
    /// It stands in the list of connections whose interest is to be looked at.
    pub(crate) is_listed: bool,
    /// It stands in the list of connections whose share of a turn was used up.
    pub(crate) is_unfinished: bool,
    /// What the socket would not take yet.
    pub(crate) parked: Option<Box<Batch>>,
}

/// The stages of a connection's life, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// `connect(2)` has not ended.
    Connecting,
    Open,
    /// The service asked to close: what it has to send is being sent.
    Draining,
    /// Everything was sent, and the peer was told; it may close now.
    Lingering,
    /// Over. The service is told at the next opportunity.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiving {
    Open,
    /// At the service's wish.
    Paused,
    /// The peer has finished sending.
    Ended,
}

/// What a receive came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Bytes(usize),
    /// The peer has finished sending.
    End,
    /// Nothing was there after all.
    Nothing,
    Failed(Reason),
}

/// What a send came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Whole,
    /// The socket has no room; what is left is in the batch.
    Blocked,
    Failed(Reason),
}

/// So many batches a connection may send in one turn before the others have theirs.
pub(crate) const BATCHES_PER_TURN: usize = 4;

/// So many slices go into one `sendmsg`: far below the kernel's 1,024 (`UIO_MAXIOV`), and enough
/// for a full batch of frames that were worth sharing.
const SLICES: usize = 128;

impl Connection {
    pub(crate) fn new(socket: OwnedFd, stage: Stage) -> Self {
        Self {
            socket: Some(socket),
            stage,
            receiving: Receiving::Open,
            registered: Interest::NONE,
            is_listed: false,
            is_unfinished: false,
            parked: None,
        }
    }

    /// The socket.
    ///
    /// # Panics
    ///
    /// Once the connection is over.
    pub(crate) fn socket(&self) -> &OwnedFd {
        self.socket.as_ref().expect("a connection that is over is left alone")
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.socket().as_raw_fd()
    }

    /// Closes the socket and drops what it would not take.
    pub(crate) fn close(&mut self) {
        self.stage = Stage::Over;
        self.parked = None;
        self.socket = None;
    }

    /// What this connection has to be watched for now.
    pub(crate) fn interest(&self, urgent: Interest) -> Interest {
        let reading = match (self.stage, self.receiving) {
            (Stage::Over, _) => return Interest::NONE,
            (Stage::Connecting, _) => return Interest::WRITABLE,
            (_, Receiving::Ended) | (Stage::Open, Receiving::Paused) => Interest::NONE,
            (Stage::Open, Receiving::Open) => Interest::READABLE | urgent,
            // What comes now is dropped, but the end of it has to be seen.
            (Stage::Draining | Stage::Lingering, _) => Interest::READABLE,
        };
        match self.parked {
            Some(_) => reading | Interest::WRITABLE,
            None => reading,
        }
    }

    /// Receives once. A short read is not followed by a second call: what has come since is
    /// reported by the next wait, and asking would mostly find nothing.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> Received {
        match recv(self.socket(), buffer, RecvFlags::empty()) {
            Ok((_, 0)) => Received::End,
            Ok((_, count)) => Received::Bytes(count),
            Err(Errno::AGAIN | Errno::INTR) => Received::Nothing,
            Err(errno) => Received::Failed(reason(errno)),
        }
    }

    /// Sends as much of `batch` as the socket takes.
    pub(crate) fn send(&self, batch: &mut Batch, counters: &mut Counters) -> Sent {
        while !batch.is_empty() {
            let (tried, result) = match batch.as_slice() {
                Some(slice) => (slice.len(), send(self.socket(), slice, SendFlags::NOSIGNAL)),
                None => {
                    let mut slices = [IoSlice::new(&[]); SLICES];
                    let count = batch.slices(&mut slices);
                    let slices = &slices[..count];
                    let control = &mut SendAncillaryBuffer::default();
                    let tried = slices.iter().map(|slice| slice.len()).sum();
                    (tried, sendmsg(self.socket(), slices, control, SendFlags::NOSIGNAL))
                }
            };
            match result {
                Ok(count) => {
                    counters.sends += 1;
                    counters.bytes_out += count as u64;
                    batch.advance(count);
                    if count < tried {
                        counters.short_sends += 1;
                        return Sent::Blocked;
                    }
                }
                Err(Errno::AGAIN) => return Sent::Blocked,
                Err(Errno::INTR) => {}
                Err(errno) => return Sent::Failed(reason(errno)),
            }
        }
        Sent::Whole
    }

    /// Sends as much of the parked batch as the socket takes.
    pub(crate) fn send_parked(&mut self, counters: &mut Counters) -> Sent {
        let Some(mut parked) = self.parked.take() else { return Sent::Whole };
        let sent = self.send(&mut parked, counters);
        if sent == Sent::Blocked {
            self.parked = Some(parked);
        }
        sent
    }

    /// Tells the peer that nothing more comes.
    pub(crate) fn shutdown(&self) -> Result<(), Reason> {
        shutdown(self.socket())
    }
}

/// Tells the peer of `socket` that nothing more comes.
pub(crate) fn shutdown(socket: &OwnedFd) -> Result<(), Reason> {
    rustix::net::shutdown(socket, rustix::net::Shutdown::Write).map_err(reason)
}

/// Why a connection is over, by the error that said so.
pub(crate) fn reason(errno: Errno) -> Reason {
    match errno {
        Errno::CONNRESET => Reason::Reset,
        Errno::PIPE | Errno::NOTCONN => Reason::HungUp,
        Errno::TIMEDOUT => Reason::TimedOut,
        Errno::CONNREFUSED => Reason::Refused,
        errno => Reason::Failed(errno.raw_os_error()),
    }
}
