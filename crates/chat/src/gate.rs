//! How often something may be done: a rate with a burst, kept in one number.

use service::Time;

use crate::Rate;

/// The moment up to which what was done has used up what may be done (the "theoretical arrival
/// time" of the generic cell rate algorithm).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gate(Time);

impl Gate {
    /// When it may be done next: `now` or before means at once.
    pub(crate) fn opens(&self, rate: Rate) -> Time {
        let burst = rate.every_nanos().saturating_mul(u64::from(rate.burst.saturating_sub(1)));
        Time::from_nanos(self.0.as_nanos().saturating_sub(burst))
    }

    /// Whether a whole burst may pass.
    pub(crate) fn is_rested(&self, now: Time) -> bool {
        self.0 <= now
    }

    /// Notes that it was done, at the cost of `times`.
    pub(crate) fn pass(&mut self, rate: Rate, now: Time, times: u32) {
        let used = rate.every_nanos().saturating_mul(u64::from(times));
        self.0 = Time::from_nanos(self.0.max(now).as_nanos().saturating_add(used));
    }
}

impl Rate {
    /// Looked at twice for each line: in one number, which a `Duration` is not.
    fn every_nanos(self) -> u64 {
        u64::try_from(self.every.as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_passes_at_once_then_one_at_a_time() {
        let rate = Rate { burst: 3, every: Duration::from_secs(1) };
        let at = |ms: u64| Time::from_nanos(1_000_000_000_000 + ms * 1_000_000);
        let mut gate = Gate::default();
        for _ in 0..3 {
            assert!(gate.opens(rate) <= at(0));
            gate.pass(rate, at(0), 1);
        }
        assert_eq!(gate.opens(rate), at(1000));
        gate.pass(rate, at(1000), 1);
        assert_eq!(gate.opens(rate), at(2000));
        // After a long rest the whole burst is there again, and no more.
        gate.pass(rate, at(100_000), 2);
        assert!(gate.opens(rate) <= at(100_000));
        gate.pass(rate, at(100_000), 1);
        assert_eq!(gate.opens(rate), at(101_000));
    }
}
