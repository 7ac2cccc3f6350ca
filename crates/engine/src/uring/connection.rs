//! A connection's slot: its socket, and what the kernel has of it.
//!
//! Invariant: the socket stays open until no operation is in flight on it. A closed descriptor
//! would not end its operations (the ring does not notice), and its number could be somebody
//! else's before their last words come.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use service::Reason;

use super::backlog::{Backlog, Share};
use super::sending::Sending;
use crate::connection::{Receiving, Stage};

/// What the engine knows of a connection. Small, because most are idle.
pub(super) struct Connection {
    /// `None` once it is over and the kernel has let go.
    socket: Option<OwnedFd>,
    pub(super) stage: Stage,
    /// What the service wants and the peer allows.
    pub(super) receiving: Receiving,
    /// What the kernel is doing about it.
    pub(super) receive: Receive,
    /// An alert has told that the peer hung up, or reset the connection.
    pub(super) is_hung_up: bool,
    /// An alert is in flight.
    pub(super) has_alert: bool,
    /// The service is to be asked for more as soon as no send is on its way.
    pub(super) is_wanted: bool,
    /// A send of its is in the group: done when the kernel has taken it.
    pub(super) is_trying: bool,
    /// How much was told in this turn.
    pub(super) share: Share,
    /// What came beyond the share.
    pub(super) backlog: Option<Box<Backlog>>,
    /// The batch that the kernel is sending.
    pub(super) sending: Option<Box<Sending>>,
    /// Why it is over; told once the kernel has let go.
    pub(super) reason: Option<Reason>,
}

/// The receive operation of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receive {
    /// There is none.
    Idle,
    /// It is in flight, and may complete many times.
    Armed,
    /// It is in flight, and has been told to end.
    Ending,
    /// It found no buffer free: the connection waits in line to have it armed again.
    Starved,
}

impl Connection {
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self {
            socket: Some(socket),
            stage: Stage::Open,
            receiving: Receiving::Open,
            receive: Receive::Idle,
            is_hung_up: false,
            has_alert: false,
            is_wanted: false,
            is_trying: false,
            share: Share::default(),
            backlog: None,
            sending: None,
            reason: None,
        }
    }

    /// The socket.
    ///
    /// # Panics
    ///
    /// Once it is closed.
    pub(super) fn socket(&self) -> &OwnedFd {
        self.socket.as_ref().expect("a connection that is over is left alone")
    }

    pub(super) fn fd(&self) -> RawFd {
        self.socket().as_raw_fd()
    }

    /// Whether a receive should be in flight.
    pub(super) fn wants_receive(&self) -> bool {
        match (self.stage, self.receiving) {
            (Stage::Connecting | Stage::Over, _) | (_, Receiving::Ended) => false,
            (Stage::Open, receiving) => receiving == Receiving::Open && self.backlog.is_none(),
            // What comes now is dropped, but the end of it has to be seen.
            (Stage::Draining | Stage::Lingering, _) => true,
        }
    }

    pub(super) fn has_receive_in_flight(&self) -> bool {
        matches!(self.receive, Receive::Armed | Receive::Ending)
    }

    /// Whether the kernel has yet to say its last word on some operation.
    pub(super) fn is_in_flight(&self) -> bool {
        self.has_receive_in_flight() || self.has_alert || self.is_sending()
    }

    /// Whether a send is on its way. There is never more than one.
    pub(super) fn is_sending(&self) -> bool {
        self.is_trying || self.sending.is_some()
    }

    /// Closes the socket, if it is not closed yet; answers whether it was this call that did.
    ///
    /// # Panics
    ///
    /// If an operation is in flight.
    pub(super) fn close(&mut self) -> bool {
        assert!(!self.is_in_flight(), "a socket is closed after the kernel's last word on it");
        self.socket.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_costs_little_memory() {
        assert!(size_of::<Connection>() <= 48, "{} bytes", size_of::<Connection>());
    }
}
