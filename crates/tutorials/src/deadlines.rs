//! One deadline per connection, which costs nothing while the connection is busy.
//!
//! Invariant: a key comes out of [`Deadlines::expired`] no earlier than it was due, and at most
//! one tick (a 64th of the longest time asked for) later.
//!
//! Deadlines that move with every request are the rule: "75 seconds after the last one". Here the
//! owner only notes when that was. When the alarm that was set long ago comes out, the owner looks
//! whether it still holds, and if not sets the next one. So a connection costs one insertion per
//! period, however busy it is.

use std::collections::BTreeMap;
use std::time::Duration;

use service::{Key, Time};

/// Alarms by tick, many to a tick.
pub(crate) struct Deadlines {
    tick_nanos: u64,
    ticks: BTreeMap<u64, Vec<Key>>,
}

/// When a connection's next alarm comes. Kept by the connection: it tells the alarm that counts
/// from older ones, which come out too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alarm(u64);

impl Alarm {
    /// No alarm is set.
    pub(crate) const NONE: Self = Self(u64::MAX);
}

impl Deadlines {
    /// No alarms yet; none will be set further ahead than `longest`, give or take.
    pub(crate) fn new(longest: Duration) -> Self {
        let tick_nanos = u64::try_from(longest.as_nanos() / 64).unwrap_or(u64::MAX).max(1);
        Self { tick_nanos, ticks: BTreeMap::new() }
    }

    /// Sees to it that `key` comes out once `due` has passed. `alarm` is the connection's own; if
    /// it stands at an earlier moment nothing is done, since the owner looks again then.
    pub(crate) fn set(&mut self, key: Key, alarm: &mut Alarm, due: Time) {
        let tick = due.as_nanos().div_ceil(self.tick_nanos);
        if Alarm(tick) < *alarm {
            *alarm = Alarm(tick);
            self.ticks.entry(tick).or_default().push(key);
        }
    }

    /// The next moment at which something may come out.
    pub(crate) fn next(&self) -> Option<Time> {
        self.ticks.keys().next().map(|&tick| self.time(tick))
    }

    /// A key whose alarm has come, and which alarm that was; `None` if there is none left. If the
    /// connection's own alarm is another one by now, this one is to be passed over; otherwise it
    /// is used up and the connection's own becomes [`Alarm::NONE`].
    pub(crate) fn expired(&mut self, now: Time) -> Option<(Key, Alarm)> {
        while let Some(mut first) = self.ticks.first_entry() {
            let tick = *first.key();
            if Time::from_nanos(tick.saturating_mul(self.tick_nanos)) > now {
                return None;
            }
            match first.get_mut().pop() {
                Some(key) => return Some((key, Alarm(tick))),
                None => first.remove(),
            };
        }
        None
    }

    fn time(&self, tick: u64) -> Time {
        Time::from_nanos(tick.saturating_mul(self.tick_nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key::new(0, 0);

    fn seconds(seconds: u64) -> Time {
        Time::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn an_alarm_is_never_early_and_at_most_a_tick_late() {
        let mut deadlines = Deadlines::new(Duration::from_secs(64));
        let mut alarm = Alarm::NONE;
        let due = seconds(9) + Duration::from_millis(1);
        deadlines.set(KEY, &mut alarm, due);
        assert_eq!(deadlines.next(), Some(seconds(10)));
        assert_eq!(deadlines.expired(due), None);
        assert_eq!(deadlines.expired(seconds(10)), Some((KEY, alarm)));
        assert_eq!(deadlines.expired(seconds(10)), None);
        assert_eq!(deadlines.next(), None);
    }

    #[test]
    fn an_earlier_alarm_replaces_a_later_one_and_not_the_other_way_round() {
        let mut deadlines = Deadlines::new(Duration::from_secs(64));
        let mut alarm = Alarm::NONE;
        deadlines.set(KEY, &mut alarm, seconds(20));
        let late = alarm;
        deadlines.set(KEY, &mut alarm, seconds(30));
        assert_eq!(alarm, late);
        deadlines.set(KEY, &mut alarm, seconds(10));
        assert_ne!(alarm, late);
        assert_eq!(deadlines.expired(seconds(60)), Some((KEY, alarm)));
        assert_eq!(deadlines.expired(seconds(60)), Some((KEY, late)));
        assert_eq!(deadlines.expired(seconds(60)), None);
    }
}
