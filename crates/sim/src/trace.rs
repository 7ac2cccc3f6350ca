//! What happened in a run: a fingerprint of everything, and the last of it for reading.
//!
//! Invariant: two runs with equal fingerprints made the same calls with the same bytes.

use std::collections::VecDeque;
use std::fmt;

use service::{Key, Request, Time};

/// The calls of a run.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    fingerprint: u64,
    notes: u64,
    recent: VecDeque<Note>,
}

/// One thing that happened. `bytes` are how many there were.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// Which loop has its turn, and what the clocks say.
    Begin {
        on: usize,
        time: Time,
        unix_ms: u64,
    },
    Opened {
        key: Key,
        client: usize,
    },
    Received {
        key: Key,
        bytes: usize,
    },
    Urgent {
        key: Key,
    },
    Ended {
        key: Key,
    },
    Transmit {
        key: Key,
        bytes: usize,
    },
    Sent {
        key: Key,
        bytes: usize,
        left: usize,
    },
    Closed {
        key: Key,
        reason: service::Reason,
    },
    ConnectFailed {
        token: u64,
    },
    Woken,
    Stopping,
    Finish {
        deadline: Option<Time>,
    },
    Asked(Request),
}

/// How many notes are kept for reading.
const RECENT: usize = 200;

impl Trace {
    /// Notes what happened, and the bytes it happened with.
    pub(crate) fn note(&mut self, note: Note, bytes: &[u8]) {
        self.notes += 1;
        let (kind, a, b) = note.numbers();
        for word in [kind, a, b] {
            self.mix(word);
        }
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(note);
    }

    fn mix(&mut self, word: u64) {
        let mixed = (self.fingerprint ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.fingerprint = mixed ^ (mixed >> 32);
    }

    /// A number that stands for everything noted so far.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

impl Note {
    fn numbers(&self) -> (u64, u64, u64) {
        match self {
            Self::Begin { on, time, unix_ms } => (1 | (*on as u64) << 8, time.as_nanos(), *unix_ms),
            Self::Opened { key, client } => (2, key.to_bits(), *client as u64),
            Self::Received { key, bytes } => (3, key.to_bits(), *bytes as u64),
            Self::Urgent { key } => (4, key.to_bits(), 0),
            Self::Ended { key } => (5, key.to_bits(), 0),
            Self::Transmit { key, bytes } => (6, key.to_bits(), *bytes as u64),
            Self::Sent { key, bytes, left } => {
                (7, key.to_bits(), (*bytes as u64) << 32 | *left as u64)
            }
            Self::Closed { key, reason } => (8, key.to_bits(), text_number(reason)),
            Self::ConnectFailed { token } => (9, *token, 0),
            Self::Woken => (10, 0, 0),
            Self::Stopping => (11, 0, 0),
            Self::Finish { deadline } => (12, deadline.map_or(u64::MAX, Time::as_nanos), 0),
            Self::Asked(request) => (13, text_number(request), 0),
        }
    }
}

/// FNV-1a over the debug text: rare notes only.
fn text_number(thing: &impl fmt::Debug) -> u64 {
    let text = format!("{thing:?}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the last {} of {} events:", self.recent.len(), self.notes)?;
        self.recent.iter().try_for_each(|note| writeln!(f, "  {note:?}"))
    }
}
