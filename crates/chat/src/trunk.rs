//! The order of events.
//!
//! Invariant: every event gets a sequence number, each one larger than the one before, and events are
//! applied in the order of their numbers, by every loop of a server.
//!
//! Where there is one loop this is the identity: what is proposed comes out at once. Where there are
//! several it is a [seat](crate::exchange) at the stream that they share.

use std::ops::Deref;
use std::sync::Arc;

use crate::event::Event;
use crate::exchange::{Bounds, Seat};

/// Events proposed, on their way to being applied.
#[derive(Debug)]
pub(crate) struct Trunk {
    /// The number of the last event that came out.
    last_seq: u64,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// There is one loop: at most one event is on its way.
    Alone(Option<Ordered>),
    Shared(Seat),
}

/// Which loop of a server, from 0 up.
pub(crate) type Loop = u16;

/// An event with its place in the order.
#[derive(Debug)]
pub(crate) struct Ordered {
    /// From 1 up.
    pub(crate) seq: u64,
    /// When it was proposed, by the clock of the loop that proposed it; no earlier than the event
    /// before it.
    pub(crate) unix_ms: u64,
    /// The loop that proposed it.
    pub(crate) by: Loop,
    pub(crate) event: Event,
}

/// An event that has come out: this loop's own, or one that all loops hold.
#[derive(Debug)]
pub(crate) enum Out {
    Own(Ordered),
    Shared(Arc<Ordered>),
}

impl Deref for Out {
    type Target = Ordered;

    fn deref(&self) -> &Ordered {
        match self {
            Self::Own(ordered) => ordered,
            Self::Shared(ordered) => ordered,
        }
    }
}

impl Ordered {
    /// When it was proposed, in seconds since 1970-01-01: they last until the year 2106.
    pub(crate) fn seconds(&self) -> u32 {
        u32::try_from(self.unix_ms / 1000).unwrap_or(u32::MAX)
    }
}

impl Default for Trunk {
    fn default() -> Self {
        Self { last_seq: 0, way: Way::Alone(None) }
    }
}

impl Trunk {
    /// The trunk of one of several loops.
    pub(crate) fn shared(seat: Seat) -> Self {
        Self { last_seq: 0, way: Way::Shared(seat) }
    }

    /// Gives `event` its place, which comes behind that of everything that other loops have proposed
    /// so far: all that comes out too, and must be applied before.
    pub(crate) fn propose(&mut self, unix_ms: u64, event: Event) {
        match &mut self.way {
            Way::Alone(next) => {
                debug_assert!(next.is_none(), "one event at a time");
                *next = Some(Ordered { seq: self.last_seq + 1, unix_ms, by: 0, event });
            }
            Way::Shared(seat) => seat.propose(unix_ms, event),
        }
    }

    /// Takes what other loops have proposed, if they have.
    pub(crate) fn catch_up(&mut self) {
        if let Way::Shared(seat) = &mut self.way {
            seat.catch_up();
        }
    }

    /// The next event to apply.
    pub(crate) fn next(&mut self) -> Option<Out> {
        let next = match &mut self.way {
            Way::Alone(next) => next.take().map(Out::Own),
            Way::Shared(seat) => seat.next().map(Out::Shared),
        }?;
        self.last_seq = next.seq;
        Some(next)
    }

    /// The number of the last event that came out; 0 before the first.
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Which loop this is.
    pub(crate) fn number(&self) -> Loop {
        match &self.way {
            Way::Alone(_) => 0,
            Way::Shared(seat) => seat.number(),
        }
    }

    /// Other loops, if this one has proposed anything, or called them, since the last call, are told to take it.
    pub(crate) fn wake_others(&mut self) {
        if let Way::Shared(seat) = &mut self.way {
            seat.wake_others();
        }
    }

    /// The other loops are to have a turn, whether there is anything for them to take or not: they are
    /// told so with the next [`wake_others`](Self::wake_others).
    pub(crate) fn call_others(&mut self) {
        if let Way::Shared(seat) = &mut self.way {
            seat.call_others();
        }
    }

    /// From here on so much may wait for other loops.
    pub(crate) fn set_bounds(&mut self, bounds: Bounds) {
        if let Way::Shared(seat) = &mut self.way {
            seat.set_bounds(bounds);
        }
    }

    /// Whether so much waits for other loops that this one should propose no more.
    pub(crate) fn is_full(&self) -> bool {
        match &self.way {
            Way::Alone(_) => false,
            Way::Shared(seat) => seat.is_full(),
        }
    }
}
