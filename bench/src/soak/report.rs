//! What a run comes to: what was done, what was wrong, how the server's memory went.

use std::time::{Duration, Instant};

use super::Soak;
use super::server::Reading;
use super::watch::{Watch, allowed_kib};

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was done and measured, for people.
    pub text: String,
    /// How much was wrong.
    pub faults: u64,
    /// Lines that were said.
    pub said: u64,
    /// Lines that were received and checked.
    pub received: u64,
    /// Slow readers that were told of what they missed, or closed.
    pub slow: u64,
}

/// What happened, in numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) said: u64,
    pub(super) received: u64,
    pub(super) private_said: u64,
    pub(super) private_received: u64,
    pub(super) history: u64,
    pub(super) welcomed: u64,
    pub(super) left: u64,
    pub(super) reset: u64,
    pub(super) renamed: u64,
    pub(super) hopped: u64,
    pub(super) asked: u64,
    pub(super) stalled: u64,
    pub(super) strays: u64,
    pub(super) bouts: u64,
    pub(super) told_slow: u64,
    pub(super) closed_slow: u64,
    pub(super) pings: u64,
}

/// Faults told in words.
const FAULTS_TOLD: usize = 40;

/// Descriptors of a server that nobody is connected to, at most.
const NO_CONNECTIONS: usize = 32;

/// Memory is judged from so many samples on: what chance does in a minute says nothing of an hour.
const ENOUGH_SAMPLES: usize = 60;

impl Soak {
    pub(super) fn fault(&mut self, what: String) {
        self.faults += 1;
        if self.first_faults.len() < FAULTS_TOLD {
            let what = format!("{:.1} s: {what}", self.now_ms as f64 / 1000.0);
            eprintln!("FAULT {what}");
            self.first_faults.push(what);
        }
    }

    pub(super) fn print_progress(&self) {
        let memory = self.server.read().map_or(0, |reading| reading.anonymous_kib);
        let Tally { said, received, private_received, welcomed, left, reset, .. } = self.tally;
        println!(
            "{:>6} s {:?}: {} up, {said} said, {received} received, {private_received} private, \
             {welcomed} came, {left} left, {reset} cut off, server {memory} KiB, {} faults",
            self.now_ms / 1000,
            self.phase,
            self.up(),
            self.faults
        );
    }

    /// All connections are closed here: the server notices, soon.
    fn wait_until_empty(&self) -> Reading {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let reading = self.server.read().unwrap_or_default();
            if reading.descriptors <= NO_CONNECTIONS || Instant::now() > until {
                return reading;
            }
        }
    }

    /// Everybody leaves, the server stops, and all is summed up.
    pub(super) fn end(mut self, watch: &mut Watch, was_interrupted: bool) -> Report {
        let _ = self.sample(watch);
        for client in &mut self.clients {
            client.drop_connection(false);
        }
        self.strays.clear();
        let mut emptied_kib = 0;
        if self.server.ended().is_none() {
            let reading = self.wait_until_empty();
            emptied_kib = reading.anonymous_kib;
            let left = reading.descriptors;
            if left > NO_CONNECTIONS {
                self.fault(format!("{left} descriptors are left when all have left"));
            }
            match self.server.stop() {
                Some(status) if status.success() => {}
                Some(status) => self.fault(format!("the server ended with {status}")),
                None => self.fault("the server did not stop".to_owned()),
            }
        }
        for line in self.server.log() {
            self.fault(format!("in the server's log: {line}"));
        }
        let mut text = String::new();
        let growth = watch.growth();
        if let Some(growth) = &growth {
            let grown = growth.kib_per_hour * growth.hours;
            let allowed = allowed_kib(growth.first_kib);
            text += &format!(
                "memory: {} KiB first, {} last, {} to {} over {:.2} h ({} samples); \
                 {:+.0} KiB an hour by least squares, {grown:+.0} KiB in this time \
                 ({allowed:.0} count as none); {emptied_kib} KiB when all had left\n\
                 server CPU: {:.1} % of a core; descriptors {} to {}\n",
                growth.first_kib,
                growth.last_kib,
                growth.least_kib,
                growth.most_kib,
                growth.hours,
                growth.samples,
                growth.kib_per_hour,
                growth.cpu_percent,
                growth.descriptors.0,
                growth.descriptors.1,
            );
            if grown > allowed && growth.samples >= ENOUGH_SAMPLES {
                self.fault(format!("memory grew by {grown:.0} KiB, {allowed:.0} were allowed"));
            }
        }
        if was_interrupted {
            text += "interrupted: the time that counts is shorter than wanted\n";
        }
        text += &format!("{:#?}\n", self.tally);
        for fault in &self.first_faults {
            text += &format!("FAULT {fault}\n");
        }
        text += &match self.faults {
            0 => "all is well: nothing lost, nothing twice, nothing out of order\n".to_owned(),
            faults => format!("{faults} faults (seed {})\n", self.options.seed.unwrap_or(0)),
        };
        Report {
            text,
            faults: self.faults,
            said: self.tally.said + self.tally.private_said,
            received: self.tally.received + self.tally.private_received,
            slow: self.tally.told_slow + self.tally.closed_slow,
        }
    }
}
