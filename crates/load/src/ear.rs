//! Where deliveries go: counted, or looked at one by one.
//!
//! Counting is one search for a byte over all that came, some nanoseconds a line; it sees how many
//! arrived and not which. Looking at each costs a few times as much. So a sample of the members is
//! looked at, and all others are counted.

use memchr::memchr_iter;

use crate::checks::{Checks, Tally};
use crate::stamp::{MARK, PROBE, STAMP_BYTES, Stamp};

/// Takes the deliveries of one member, as its [`Client`](crate::Client) finds them.
pub struct Ear<'a> {
    hearing: &'a mut Hearing<'a>,
    /// Deliveries so far.
    pub(crate) heard: u64,
}

/// What is made of deliveries.
pub(crate) enum Hearing<'a> {
    /// Nothing is measured yet: lines that try whether all hear, of this run, count.
    Probe {
        run: u32,
    },
    Count,
    Check {
        checks: &'a mut Checks,
        tally: &'a mut Tally,
        now_nanos: u64,
    },
}

impl<'a> Ear<'a> {
    pub(crate) fn new(hearing: &'a mut Hearing<'a>) -> Self {
        Self { hearing, heard: 0 }
    }

    /// Takes whole lines, or whatever else is not cut through a text: each text that was said ends
    /// with its stamp, wherever it stands.
    pub fn lines(&mut self, lines: &[u8]) {
        match self.hearing {
            Hearing::Probe { run } => {
                for at in memchr_iter(PROBE, lines) {
                    let stamp = Stamp::read(PROBE, &lines[..lines.len().min(at + STAMP_BYTES)]);
                    self.heard += u64::from(stamp.is_some_and(|stamp| stamp.run == *run));
                }
            }
            Hearing::Count => self.heard += memchr_iter(MARK, lines).count() as u64,
            Hearing::Check { checks, tally, now_nanos } => {
                for at in memchr_iter(MARK, lines) {
                    let text = &lines[..lines.len().min(at + STAMP_BYTES)];
                    self.heard += checks.hear(text, at, *now_nanos, tally);
                }
            }
        }
    }

    /// Takes one message, of a protocol that knows where each begins and ends.
    pub fn message(&mut self, text: &[u8]) {
        self.lines(text);
    }
}
