//! Deadlines that are all equally far off when they are set.
//!
//! Invariant: the earliest stands first, because each was set no earlier than the one before it.

use std::collections::VecDeque;

use service::{Key, Time};

/// Connections with a time limit of one and the same length. What becomes of a connection meanwhile
/// is not followed here: whoever takes a key out looks whether the limit still concerns it.
#[derive(Debug, Default)]
pub(crate) struct Deadlines(VecDeque<(Time, Key)>);

impl Deadlines {
    pub(crate) fn push(&mut self, time: Time, key: Key) {
        self.0.push_back((time, key));
    }

    /// The earliest.
    pub(crate) fn first(&self) -> Option<Time> {
        self.0.front().map(|&(time, _)| time)
    }

    /// Takes out the first, if its time has come.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<Key> {
        if self.first()? > now {
            return None;
        }
        self.0.pop_front().map(|(_, key)| key)
    }
}
