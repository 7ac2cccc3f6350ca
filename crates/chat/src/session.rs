//! One connection: what has come in and could not be taken yet, what it speaks, what it is owed.
//!
//! Invariant: a session at rest in one room holds no buffer: what is rarely needed is boxed.

use std::net::IpAddr;

use service::{Key, Time};
use wire::line::Lines;

use crate::Speaks;
use crate::dialect::{Dialect, Scene};
use crate::door::Door;
use crate::framing::Framing;
use crate::gate::Gate;
use crate::outbox::{Outbox, View};
use crate::timer::NEVER;

/// One connection of one person.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) outbox: Outbox,
    pub(crate) dialect: Dialect,
    pub(crate) framing: Framing,
    pub(crate) lines: Lines,
    /// Bytes that have come and may not be taken yet.
    pub(crate) held: Option<Box<Held>>,
    /// How fast lines may come.
    pub(crate) gate: Gate,
    /// How fast the name may change.
    pub(crate) names: Gate,
    /// When the timer goes off, if ever: see [`deadline`](crate::deadline).
    pub(crate) deadline: Time,
    /// What has come of the first line, or what is awaited before anything is said.
    pub(crate) door: Option<Box<Door>>,
    pub(crate) hears: Hears,
    /// Where it comes from, unless it is this machine.
    pub(crate) ip: Option<IpAddr>,
    pub(crate) counted: Counted,
    pub(crate) stage: Stage,
    pub(crate) input: Input,
    pub(crate) receiving: Receiving,
    pub(crate) flush: Flush,
    pub(crate) told: Told,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not a member yet.
    New,
    Member,
    /// To be closed once all is sent. What comes in is ignored.
    Closing,
}

/// What is made of what comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hears {
    /// The first line has not come, by which it is known what is spoken, at a listener where this is.
    First(Speaks),
    /// So many empty lines have come, where anything is spoken: a person has pressed Return, unless
    /// HTTP follows.
    AfterReturn(u8),
    /// Lines are taken as they come.
    Lines,
    /// Lines wait until the program around the chat has answered what the last one asked for.
    Nothing,
}

impl Hears {
    /// At what listener the first line is awaited, and how many empty ones have come, if it is.
    pub(crate) fn first(self) -> Option<(Speaks, u8)> {
        match self {
            Self::First(speaks) => Some((speaks, 0)),
            Self::AfterReturn(returns) => Some((Speaks::Anything, returns)),
            Self::Lines | Self::Nothing => None,
        }
    }
}

/// As what the connection counts among those of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    No,
    /// It has not come to chat, or not yet.
    Visitor,
    Chatting,
}

/// Whether the peer may send more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Open,
    /// It has finished sending, and leaves once what it sent has been taken.
    Ended,
}

/// What the engine was last asked about receiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiving {
    Resumed,
    Paused,
}

/// Whether the engine is going to ask what there is to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flush {
    Idle,
    /// It was asked to, or a batch is out, after which it will.
    Asked,
}

/// What a person is told once only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    pub(crate) not_utf8: bool,
    /// Since it last was slow enough.
    pub(crate) too_fast: bool,
}

/// Bytes waiting to be taken.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// When they may be.
    pub(crate) until: Time,
    /// They wait for the peer to read what it is owed.
    pub(crate) for_reading: bool,
    /// How often it was looked in vain whether it has.
    pub(crate) looks: u8,
    bytes: Vec<u8>,
    /// How many of them have been taken.
    taken: usize,
    /// Bytes that came when there was no room, and were passed over.
    lost: u64,
    lost_whole_lines: bool,
}

/// What is to be done about bytes that were passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) bytes: u64,
    /// Whether the last byte passed over ended a line.
    pub(crate) at_line_end: bool,
}

impl Session {
    pub(crate) fn new(ip: Option<IpAddr>, speaks: Speaks, dialect: Dialect) -> Self {
        Self {
            outbox: Outbox::default(),
            dialect,
            framing: Framing::default(),
            lines: Lines::default(),
            held: None,
            gate: Gate::default(),
            names: Gate::default(),
            deadline: NEVER,
            door: None,
            hears: Hears::First(speaks),
            ip,
            counted: Counted::No,
            stage: Stage::New,
            input: Input::Open,
            receiving: Receiving::Resumed,
            flush: Flush::Idle,
            told: Told::default(),
        }
    }

    /// What it is owed, and as whom and how it reads that.
    pub(crate) fn view<'a>(&'a mut self, me: Key, scene: &'a Scene) -> (&'a mut Outbox, View<'a>) {
        (&mut self.outbox, View { me, dialect: &self.dialect, framing: &self.framing, scene })
    }
}

impl Held {
    /// Holds `bytes` too, as far as `limit_bytes` allows. Answers how many were passed over.
    pub(crate) fn add(&mut self, bytes: &[u8], limit_bytes: usize) -> usize {
        let room = if self.lost > 0 { 0 } else { limit_bytes.saturating_sub(self.bytes.len()) };
        let (kept, lost) = bytes.split_at(room.min(bytes.len()));
        self.bytes.extend_from_slice(kept);
        if let Some(last) = lost.last() {
            self.lost += lost.len() as u64;
            self.lost_whole_lines = *last == b'\n';
        }
        lost.len()
    }

    /// What is left to take.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Notes that all but the last `left` bytes have been taken.
    pub(crate) fn leave(&mut self, left: usize) {
        self.taken = self.bytes.len() - left;
    }

    /// What was passed over, if anything.
    pub(crate) fn lost(&self) -> Option<Lost> {
        (self.lost > 0).then_some(Lost { bytes: self.lost, at_line_end: self.lost_whole_lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_at_rest_is_small() {
        // Together with its member, its place in the table of names and in its room, an idle
        // person costs the chat under 300 bytes.
        assert!(size_of::<Session>() <= 168, "{}", size_of::<Session>());
    }
}
