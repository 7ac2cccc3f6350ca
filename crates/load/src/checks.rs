//! What is wrong with the deliveries of a member that is looked at one by one.
//!
//! Invariant: each line that a sender has said is at any time expected, missing (a later one has
//! come), or heard; what is heard again is a double.

use std::ops::Range;

use hdrhistogram::Histogram;

use crate::stamp::MARK;
use crate::stamp::{FILLING, STAMP_BYTES, Stamp};

/// The most gaps that are remembered for a pair of sender and receiver. Over it the oldest is
/// forgotten: what it lacks stays lost, and counts as a double if it comes after all.
const MOST_GAPS: usize = 1024;

/// What was not as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Deliveries that never came, to any receiver.
    pub lost: u64,
    /// Deliveries over what was said: seen one by one where members are looked at, and as too many
    /// elsewhere.
    pub doubled: u64,
    /// Deliveries that came after a later one of the same sender (looked at only).
    pub disordered: u64,
    /// Deliveries whose text was not what was said (looked at only).
    pub damaged: u64,
    /// Lines of other runs of a generator (looked at only): the room is used by somebody else too.
    pub foreign: u64,
}

/// What all members that are looked at have seen.
pub(crate) struct Tally {
    pub(crate) faults: Faults,
    pub(crate) latency: Histogram<u64>,
    /// Lines of one burst have one latency: it is written down once for all of them.
    last: (u64, u64),
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { faults: Faults::default(), latency: histogram(), last: (0, 0) }
    }

    fn record(&mut self, nanos: u64) {
        if self.last.0 == nanos {
            self.last.1 += 1;
        } else {
            self.settle();
            self.last = (nanos, 1);
        }
    }

    /// Writes down what is not yet.
    pub(crate) fn settle(&mut self) {
        let (nanos, count) = std::mem::take(&mut self.last);
        if count > 0 {
            self.latency.saturating_record_n(nanos, count);
        }
    }
}

/// Nanoseconds to a minute, in steps of a thousandth; what is over is a minute.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order")
}

/// What one member has heard of each sender.
pub(crate) struct Checks {
    run: u32,
    text_bytes: usize,
    filling: Vec<u8>,
    streams: Vec<Stream>,
}

/// What a member has heard of one sender.
#[derive(Clone, Default)]
struct Stream {
    next: u64,
    missing: Vec<Range<u64>>,
}

impl Checks {
    /// For texts of so many bytes, of senders who have said so many lines each.
    pub(crate) fn new(run: u32, text_bytes: usize, said: impl Iterator<Item = u64>) -> Self {
        Self {
            run,
            text_bytes,
            filling: vec![FILLING; text_bytes.saturating_sub(STAMP_BYTES)],
            streams: said.map(|next| Stream { next, missing: Vec::new() }).collect(),
        }
    }

    /// Takes a delivery: `text` ends where the stamp should, which begins at `at`. Answers 1 if it
    /// is a new one.
    pub(crate) fn hear(&mut self, text: &[u8], at: usize, now: u64, tally: &mut Tally) -> u64 {
        let Some(stamp) = Stamp::read(MARK, text) else {
            tally.faults.damaged += 1;
            return 0;
        };
        if stamp.run != self.run {
            tally.faults.foreign += 1;
            return 0;
        }
        let Some(stream) = self.streams.get_mut(stamp.sender as usize) else {
            tally.faults.damaged += 1;
            return 0;
        };
        if !text[..at].ends_with(&self.filling) || text.len() < self.text_bytes {
            tally.faults.damaged += 1;
        }
        let is_new = if stamp.sequence == stream.next {
            stream.next += 1;
            true
        } else {
            stream.out_of_turn(stamp.sequence, &mut tally.faults)
        };
        if is_new {
            tally.record(now.saturating_sub(stamp.at_nanos));
        }
        u64::from(is_new)
    }
}

impl Stream {
    /// A line that is not the next one; whether it is new.
    fn out_of_turn(&mut self, sequence: u64, faults: &mut Faults) -> bool {
        if sequence > self.next {
            if self.missing.len() == MOST_GAPS {
                self.missing.remove(0);
            }
            self.missing.push(self.next..sequence);
            self.next = sequence + 1;
            return true;
        }
        let Some(index) = self.missing.iter().position(|gap| gap.contains(&sequence)) else {
            faults.doubled += 1;
            return false;
        };
        faults.disordered += 1;
        let gap = self.missing.remove(index);
        for part in [sequence + 1..gap.end, gap.start..sequence] {
            if !part.is_empty() {
                self.missing.insert(index, part);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heard(sequences: &[u64]) -> (u64, Faults) {
        let (mut checks, mut tally) = (Checks::new(9, 40, [0].into_iter()), Tally::new());
        let mut new = 0;
        for &sequence in sequences {
            let mut text = b"<ada> ".to_vec();
            let stamp = Stamp { run: 9, sender: 0, sequence, at_nanos: 5 };
            stamp.write_text(MARK, 40, &mut text);
            new += checks.hear(&text, text.len() - STAMP_BYTES, 25, &mut tally);
        }
        tally.settle();
        assert_eq!(tally.latency.len(), new);
        assert!(new == 0 || tally.latency.max() == 20);
        (new, tally.faults)
    }

    #[test]
    fn doubles_and_disorder_are_told_apart() {
        let none = Faults::default();
        assert_eq!(heard(&[0, 1, 2]), (3, none));
        assert_eq!(heard(&[0, 3]), (2, none));
        assert_eq!(heard(&[0, 3, 1, 2]), (4, Faults { disordered: 2, ..none }));
        assert_eq!(heard(&[0, 1, 1, 0]), (2, Faults { doubled: 2, ..none }));
        assert_eq!(heard(&[2, 1, 1, 0]), (3, Faults { doubled: 1, disordered: 2, ..none }));
    }

    #[test]
    fn what_is_damaged_or_of_another_run_is_no_delivery() {
        let (mut checks, mut tally) = (Checks::new(9, 40, [0].into_iter()), Tally::new());
        let mut hear = |run, sender, change: fn(&mut Vec<u8>)| {
            let mut text = Vec::new();
            Stamp { run, sender, sequence: 0, at_nanos: 0 }.write_text(MARK, 40, &mut text);
            change(&mut text);
            let new = checks.hear(&text, text.len() - STAMP_BYTES, 1, &mut tally);
            (new, tally.faults.damaged, tally.faults.foreign)
        };
        assert_eq!(hear(8, 0, |_| ()), (0, 0, 1));
        assert_eq!(hear(9, 1, |_| ()), (0, 1, 1));
        assert_eq!(hear(9, 0, |text| text[30] = b'*'), (0, 2, 1));
        assert_eq!(hear(9, 0, |text| text[3] = b'y'), (1, 3, 1));
    }

    proptest! {
        /// Against a plain set of what has been heard.
        #[test]
        fn every_line_is_new_once(sequences in proptest::collection::vec(0u64..40, 0..120)) {
            let mut seen = std::collections::BTreeSet::new();
            let (mut new, mut disordered) = (0, 0);
            for &sequence in &sequences {
                let is_late = seen.last().is_some_and(|&last| sequence < last);
                if seen.insert(sequence) {
                    new += 1;
                    disordered += u64::from(is_late);
                }
            }
            let doubled = sequences.len() as u64 - new;
            let faults = Faults { doubled, disordered, ..Faults::default() };
            prop_assert_eq!(heard(&sequences), (new, faults));
        }
    }
}
