//! The books of a run: how much was said and heard by when, and what it cost.

use std::time::{Duration, Instant};

use crate::process::own_cpu_nanos;
use crate::{Process, Sample, Trouble, Watch};

/// How often a run looks at the server's books and shows how it goes.
pub(crate) const SAMPLE_EVERY: Duration = Duration::from_millis(200);

/// Silence after which what has not come is lost.
pub(crate) const LOST_AFTER: Duration = Duration::from_secs(1);

/// What was noted since a run began.
pub(crate) struct Books {
    server: Option<Process>,
    pub(crate) start: Instant,
    own_cpu: u64,
    server_cpu: u64,
    /// When something came last, and how much had come by then.
    last: (Instant, u64),
    /// Since when nothing has come of what is waited for.
    quiet_since: Instant,
    next_sample: Instant,
    samples: Vec<Sample>,
}

/// What stands there when they are closed.
pub(crate) struct Balance {
    pub(crate) own_cpu_nanos: u64,
    /// Of the moment when the last message came.
    pub(crate) last: Sample,
    pub(crate) samples: Vec<Sample>,
}

impl Books {
    pub(crate) fn open(server: Option<Process>) -> Result<Self, Trouble> {
        let server_cpu = server.map_or(Ok(0), Process::cpu_nanos)?;
        let start = Instant::now();
        Ok(Self {
            server,
            start,
            own_cpu: own_cpu_nanos(),
            server_cpu,
            last: (start, 0),
            quiet_since: start,
            next_sample: start + SAMPLE_EVERY,
            samples: Vec::new(),
        })
    }

    /// Notes how much has been said and has come; whether something has come since the last look.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        said: u64,
        delivered: u64,
        watch: &mut impl Watch,
    ) -> Result<bool, Trouble> {
        let has_come = delivered != self.last.1;
        if has_come {
            self.last = (now, delivered);
            self.quiet_since = now;
        }
        if now >= self.next_sample {
            self.next_sample = now + SAMPLE_EVERY;
            let sample = self.sample(now, said, delivered)?;
            watch.sample(&sample);
            self.samples.push(sample);
        }
        Ok(has_come)
    }

    /// When something came last, or silence was last made to count anew.
    pub(crate) fn quiet_since(&self) -> Instant {
        self.quiet_since
    }

    /// Silence counts from now on: what was waited for is given up, or nothing was waited for until
    /// now. When something came last stays as it is.
    pub(crate) fn wait_anew(&mut self, now: Instant) {
        self.quiet_since = now;
    }

    pub(crate) fn close(mut self, said: u64, delivered: u64) -> Result<Balance, Trouble> {
        let own_cpu_nanos = own_cpu_nanos() - self.own_cpu;
        let last = self.sample(self.last.0, said, delivered)?;
        self.samples.retain(|sample| sample.at < last.at);
        self.samples.push(last);
        Ok(Balance { own_cpu_nanos, last, samples: self.samples })
    }

    fn sample(&self, now: Instant, said: u64, delivered: u64) -> Result<Sample, Trouble> {
        let (cpu, memory) = match self.server {
            None => (None, None),
            Some(server) => {
                let spent = server.cpu_nanos()?.saturating_sub(self.server_cpu);
                (Some(spent), Some(server.memory_bytes()?))
            }
        };
        Ok(Sample {
            at: now.duration_since(self.start),
            said,
            delivered,
            server_cpu_nanos: cpu,
            server_memory_bytes: memory,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_anew_does_not_move_the_last_arrival() {
        let mut books = Books::open(None).expect("there is no server to ask");
        let arrival = books.start + Duration::from_millis(10);
        assert!(books.look(arrival, 2, 1, &mut ()).expect("nothing is read"));
        assert_eq!(books.quiet_since(), arrival);
        let later = books.start + Duration::from_secs(5);
        books.wait_anew(later);
        assert!(!books.look(later, 2, 1, &mut ()).expect("nothing is read"));
        assert_eq!(books.quiet_since(), later);
        let balance = books.close(2, 1).expect("nothing is read");
        assert_eq!(balance.last.at, Duration::from_millis(10));
        assert_eq!(balance.samples, [balance.last]);
    }
}
