//! The order of events.
//!
//! Invariant: every event gets a sequence number, each larger than the one before, and events are
//! applied in the order of their numbers.
//!
//! On one node this is the identity: what is proposed comes out at once. It is a place of its own
//! because it is where several nodes will agree.

use std::collections::VecDeque;

use crate::event::Event;

/// Events proposed, on their way to being applied.
#[derive(Debug, Default)]
pub(crate) struct Trunk {
    last_seq: u64,
    ordered: VecDeque<Ordered>,
}

/// An event with its place in the order.
#[derive(Debug)]
pub(crate) struct Ordered {
    /// From 1 up.
    pub(crate) seq: u64,
    /// When it was proposed, by the clock of the node that proposed it.
    pub(crate) unix_ms: u64,
    pub(crate) event: Event,
}

impl Ordered {
    /// When it was proposed, in seconds since 1970-01-01: they last until the year 2106.
    pub(crate) fn seconds(&self) -> u32 {
        u32::try_from(self.unix_ms / 1000).unwrap_or(u32::MAX)
    }
}

impl Trunk {
    /// Asks for `event` to be given its place.
    pub(crate) fn propose(&mut self, unix_ms: u64, event: Event) {
        self.last_seq += 1;
        self.ordered.push_back(Ordered { seq: self.last_seq, unix_ms, event });
    }

    /// The next event to apply.
    pub(crate) fn next(&mut self) -> Option<Ordered> {
        self.ordered.pop_front()
    }

    /// The number of the last event ordered; 0 before the first.
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }
}
