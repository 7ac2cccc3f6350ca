//! The clients: the far ends of the simulated connections.
//!
//! Invariant: what a client has received is a beginning of what it was sent, and all of it if it
//! saw the end.

use std::collections::VecDeque;

use service::{Key, Origin, Reason};

/// A client's name. It stays, whatever becomes of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Client(pub(crate) usize);

/// A far end, and the wires to and from it.
pub(crate) struct FarEnd {
    pub(crate) origin: Origin,
    /// The loop that it comes to.
    pub(crate) on: usize,
    pub(crate) stage: Stage,
    /// What it has sent and the service has not been told.
    pub(crate) outgoing: VecDeque<u8>,
    pub(crate) sending: Sending,
    pub(crate) urgent: bool,
    /// What was sent to it and it has not read: at most `window` bytes.
    pub(crate) incoming: VecDeque<u8>,
    pub(crate) window: usize,
    pub(crate) reading: Reading,
    pub(crate) received: Vec<u8>,
    pub(crate) last: Last,
}

/// How far the connection has come, as the service knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The service has not been told.
    Arriving,
    Open(Key),
    Over(Reason),
    /// The engine stopped, or the client left, before the service was told.
    NeverOpened,
}

/// The client's own sending side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    Open,
    /// It has finished: the end follows the outgoing bytes.
    Ended,
    /// It has closed its socket: as `Ended`, and what is sent to it is answered with a reset.
    HungUp,
    /// It has reset the connection.
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Always,
    /// Not for this many turns.
    Stalled(u32),
    /// Not until told to.
    Stopped,
}

/// What follows the incoming bytes, and whether the client has come to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Nothing,
    EndUnderWay,
    SawEnd,
    SawReset,
}

impl FarEnd {
    pub(crate) fn new(origin: Origin, on: usize, window: usize) -> Self {
        Self {
            origin,
            on,
            stage: Stage::Arriving,
            outgoing: VecDeque::new(),
            sending: Sending::Open,
            urgent: false,
            incoming: VecDeque::new(),
            window,
            reading: Reading::Always,
            received: Vec::new(),
            last: Last::Nothing,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(_) | Stage::NeverOpened)
    }

    /// How many bytes may be sent to it now.
    pub(crate) fn room(&self) -> usize {
        self.window.saturating_sub(self.incoming.len())
    }

    /// Whether there is something for it to read, and it is going to.
    pub(crate) fn will_read(&self) -> bool {
        self.reading != Reading::Stopped
            && (!self.incoming.is_empty() || self.last == Last::EndUnderWay)
    }

    /// Reads up to `count` bytes, and notices the end if it stands next.
    pub(crate) fn read(&mut self, count: usize) {
        match &mut self.reading {
            Reading::Stopped => return,
            Reading::Stalled(0) => self.reading = Reading::Always,
            Reading::Stalled(turns) => {
                *turns -= 1;
                return;
            }
            Reading::Always => {}
        }
        let count = count.min(self.incoming.len());
        self.received.extend(self.incoming.drain(..count));
        if self.incoming.is_empty() && self.last == Last::EndUnderWay {
            self.last = Last::SawEnd;
            // As nearly every client does when it reads the end.
            if self.sending == Sending::Open {
                self.sending = Sending::Ended;
            }
        }
    }

    /// The connection was torn down at the other end: what has not been read is lost.
    pub(crate) fn lose(&mut self) {
        self.incoming.clear();
        if !matches!(self.last, Last::SawEnd) {
            self.last = Last::SawReset;
        }
    }
}
