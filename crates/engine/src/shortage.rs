//! Nobody can be accepted for want of descriptors or memory: said when it begins and when it is over.
//!
//! Invariant: however often an accept fails meanwhile, one shortage is two lines in a log.

use std::time::Duration;

use rustix::io::Errno;
use service::Time;

/// So long without a failure, and it is over: where connections come and go at the limit, one is
/// accepted now and then, and that is still the same shortage.
const OVER_AFTER: Duration = Duration::from_secs(1);

/// Whether accepting fails for want of something.
#[derive(Debug, Default)]
pub(crate) struct Shortage(Option<Lack>);

#[derive(Debug)]
struct Lack {
    since: Time,
    /// When an accept failed last.
    last: Time,
}

impl Shortage {
    /// An accept has failed. Warns if the one before did not.
    pub(crate) fn met(&mut self, now: Time, errno: Errno, connections: impl FnOnce() -> usize) {
        if self.begins(now) {
            let connections = connections();
            tracing::warn!(connections, "accepting no one until a descriptor is free: {errno}");
        }
    }

    /// Somebody was accepted. Says so if that was not possible for a while.
    pub(crate) fn accepted(&mut self, now: Time, connections: impl FnOnce() -> usize) {
        if let Some(lasted) = self.ends(now) {
            let (connections, seconds) = (connections(), lasted.as_secs_f64());
            tracing::warn!(connections, "accepting again: the want lasted {seconds:.1} s");
        }
    }

    /// Whether there was none before.
    fn begins(&mut self, now: Time) -> bool {
        let is_new = self.0.is_none();
        self.0.get_or_insert(Lack { since: now, last: now }).last = now;
        is_new
    }

    /// How long it has lasted, if it is over now.
    fn ends(&mut self, now: Time) -> Option<Duration> {
        let lack = self.0.take_if(|lack| now.since(lack.last) > OVER_AFTER)?;
        Some(lack.last.since(lack.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn a_shortage_begins_once_and_ends_once() {
        let mut shortage = Shortage::default();
        assert_eq!(shortage.ends(at(0)), None);
        for round in [0, 100_000] {
            assert!(shortage.begins(at(round + 100)));
            for again in (200..5000).step_by(100) {
                assert!(!shortage.begins(at(round + again)));
                // Somebody has gone and another one has come.
                assert_eq!(shortage.ends(at(round + again)), None);
            }
            assert_eq!(shortage.ends(at(round + 5900)), None);
            assert_eq!(shortage.ends(at(round + 5901)), Some(Duration::from_millis(4800)));
            assert_eq!(shortage.ends(at(round + 5902)), None);
        }
    }
}
