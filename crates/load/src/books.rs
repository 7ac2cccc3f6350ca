//! The books of a run: how much was said and heard by when, and what it cost.

use std::time::{Duration, Instant};

use crate::outcome::go_on;
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

impl Balance {
    /// What stood in a sample last: the server may have ended since.
    pub(crate) fn known(&self, what: impl Fn(&Sample) -> Option<u64>) -> Option<u64> {
        self.samples.iter().rev().find_map(what)
    }
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
    /// An error if the run is to be stopped.
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
        go_on(watch)?;
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

    pub(crate) fn close(&mut self, said: u64, delivered: u64) -> Result<Balance, Trouble> {
        let last = self.sample(self.last.0, said, delivered)?;
        Ok(self.balance(last))
    }

    /// The same for a run that is cut short, whether the server is still there or not.
    pub(crate) fn cut_short(&mut self, said: u64, delivered: u64) -> Balance {
        if delivered != self.last.1 {
            self.last = (Instant::now(), delivered);
        }
        let at = self.last.0;
        let last = self.sample(at, said, delivered);
        let last = last.unwrap_or_else(|_| self.unread(at, said, delivered));
        self.balance(last)
    }

    fn balance(&mut self, last: Sample) -> Balance {
        let mut samples = std::mem::take(&mut self.samples);
        samples.retain(|sample| sample.at < last.at);
        samples.push(last);
        Balance { own_cpu_nanos: own_cpu_nanos() - self.own_cpu, last, samples }
    }

    fn sample(&self, now: Instant, said: u64, delivered: u64) -> Result<Sample, Trouble> {
        let mut sample = self.unread(now, said, delivered);
        if let Some(server) = self.server {
            let unreadable = |error| Trouble::Books { pid: server.pid, error };
            let spent = server.cpu_nanos().map_err(unreadable)?;
            sample.server_cpu_nanos = Some(spent.saturating_sub(self.server_cpu));
            sample.server_memory_bytes = Some(server.memory_bytes().map_err(unreadable)?);
        }
        Ok(sample)
    }

    /// A sample without what stands in the server's books.
    fn unread(&self, now: Instant, said: u64, delivered: u64) -> Sample {
        Sample {
            at: now.duration_since(self.start),
            said,
            delivered,
            server_cpu_nanos: None,
            server_memory_bytes: None,
        }
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
