//! What a measurement has found, and what it shows while it goes on.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::checks::histogram;
use crate::{Faults, Trouble};

/// What was measured in a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Closed loop: from the first message to the last that arrived; 0 if none did. Open loop: the
    /// time in which messages were due, or until the last arrived, if that is longer.
    pub elapsed: Duration,
    /// Messages said (or questions asked).
    pub said: u64,
    /// Messages that were due in an open loop and could not be said: the server took nothing more.
    pub unsaid: u64,
    /// Deliveries (or answers) there should have been.
    pub expected: u64,
    /// Deliveries (or answers) that came.
    pub delivered: u64,
    /// Bytes that were received, of deliveries and whatever else the server said.
    pub received_bytes: u64,
    /// What was not as it should be.
    pub faults: Faults,
    /// Nanoseconds from when a message was said (open loop: was due) until it arrived, at every
    /// member that is looked at.
    pub latency: Histogram<u64>,
    /// Nanoseconds from when a message was due until this generator said it (open loop): its own
    /// lateness, which is part of `latency`.
    pub lateness: Histogram<u64>,
    /// Connections that the server ended after an answer, and that were made anew.
    pub reconnected: u64,
    /// Nanoseconds of the server's CPU time, if its process is known: as long as it could be read.
    pub server_cpu_nanos: Option<u64>,
    /// Bytes of the server's memory at the end, if its process is known.
    pub server_memory_bytes: Option<u64>,
    /// Nanoseconds of this generator's CPU time.
    pub own_cpu_nanos: u64,
    /// Members whose deliveries were looked at one by one; all others were counted.
    pub checked: usize,
    /// How it went.
    pub samples: Vec<Sample>,
}

impl Outcome {
    /// Of a run in which nothing was said.
    pub fn nothing() -> Self {
        Self {
            elapsed: Duration::ZERO,
            said: 0,
            unsaid: 0,
            expected: 0,
            delivered: 0,
            received_bytes: 0,
            faults: Faults::default(),
            latency: histogram(),
            lateness: histogram(),
            reconnected: 0,
            server_cpu_nanos: None,
            server_memory_bytes: None,
            own_cpu_nanos: 0,
            checked: 0,
            samples: Vec::new(),
        }
    }

    /// Deliveries a second: 0 if there was none.
    pub fn per_second(&self) -> f64 {
        if self.delivered == 0 {
            return 0.0;
        }
        self.delivered as f64 / self.elapsed.as_nanos().max(1) as f64 * 1e9
    }

    /// Nanoseconds of server CPU for each delivery; `None` if it spent none.
    pub fn cpu_nanos_each(&self) -> Option<f64> {
        let (spent, sample) = self.spent()?;
        (spent > 0 && sample.delivered > 0).then(|| spent as f64 / sample.delivered as f64)
    }

    /// The share of a core that the server has used.
    pub(crate) fn server_share(&self) -> Option<f64> {
        let (spent, sample) = self.spent()?;
        // The last sample is of the last arrival; in an open loop its time goes on behind it.
        let is_last = self.samples.last() == Some(sample);
        let at = if is_last { self.elapsed } else { sample.at };
        (!at.is_zero()).then(|| spent as f64 / at.as_nanos() as f64)
    }

    /// What the server had spent when that could be read last, and what had come by then: a process
    /// that has ended has no books.
    fn spent(&self) -> Option<(u64, &Sample)> {
        self.samples.iter().rev().find_map(|sample| Some((sample.server_cpu_nanos?, sample)))
    }

    /// Nanoseconds of this generator's CPU for each delivery.
    pub fn own_nanos_each(&self) -> f64 {
        self.own_cpu_nanos as f64 / self.delivered.max(1) as f64
    }
}

/// A moment of a measurement. Counts are from its beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Since the beginning.
    pub at: Duration,
    /// Messages said.
    pub said: u64,
    /// Deliveries that came.
    pub delivered: u64,
    /// Nanoseconds of the server's CPU time.
    pub server_cpu_nanos: Option<u64>,
    /// Bytes of the server's memory.
    pub server_memory_bytes: Option<u64>,
}

/// Somebody who watches a measurement while it goes on.
pub trait Watch {
    /// So many of so many connections are in.
    fn gathering(&mut self, count: usize, of: usize) {
        let _ = (count, of);
    }

    /// Some of the time is over.
    fn sample(&mut self, sample: &Sample) {
        let _ = sample;
    }

    /// Whether it is to be stopped now; asked several times a second.
    fn is_stopped(&mut self) -> bool {
        false
    }
}

/// An error if somebody wants it stopped.
pub(crate) fn go_on(watch: &mut impl Watch) -> Result<(), Trouble> {
    if watch.is_stopped() { Err(Trouble::Stopped) } else { Ok(()) }
}

/// Nobody watches.
impl Watch for () {}
