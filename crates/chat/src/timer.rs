//! Deadlines of sessions.
//!
//! Invariant: each session has at most one deadline, and only sessions that have one cost anything
//! here; setting, moving and taking one costs the logarithm of their number.

use std::collections::BTreeSet;

use service::{Key, Time};

/// The deadlines, earliest first. Each session keeps its own beside, so that it can be found here
/// again; [`NEVER`] if it has none.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeSet<(Time, Key)>);

/// The deadline of a session that has none. (Half the size of an `Option`, in every session.)
pub(crate) const NEVER: Time = Time::from_nanos(u64::MAX);

impl Timers {
    /// Moves the deadline of `key`, which stands in `current`, to `new`.
    pub(crate) fn set(&mut self, key: Key, current: &mut Time, new: Time) {
        if *current == new {
            return;
        }
        if *current != NEVER {
            self.0.remove(&(*current, key));
        }
        if new != NEVER {
            self.0.insert((new, key));
        }
        *current = new;
    }

    /// Whose deadline has come by `now`, the earliest first; of equals the lowest key.
    pub(crate) fn due(&self, now: Time) -> Option<Key> {
        self.0.first().filter(|(time, _)| *time <= now).map(|(_, key)| *key)
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Time> {
        self.0.first().map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_in_order_and_moved_ones_once() {
        let (mut timers, key) = (Timers::default(), |n| Key::new(n, 0));
        let mut slots = [NEVER; 3];
        for (n, at) in [(0, 30), (1, 20), (2, 10), (2, 40)] {
            let slot = &mut slots[n as usize];
            timers.set(key(n), slot, Time::from_nanos(at));
        }
        assert_eq!(timers.next(), Some(Time::from_nanos(20)));
        assert_eq!(timers.due(Time::from_nanos(19)), None);
        let mut order = Vec::new();
        while let Some(due) = timers.due(Time::from_nanos(100)) {
            order.push(due.index());
            timers.set(due, &mut slots[due.index()], NEVER);
        }
        assert_eq!(order, [1, 0, 2]);
        assert_eq!((timers.next(), slots), (None, [NEVER; 3]));
    }
}
