//! What a measurement has found, for people and for programs.
//!
//! Invariant: text, JSON and HTML say the same: all three are made of the same rows and figures.

mod html;
mod json;
pub mod plot;
mod text;

use std::time::Duration;

use crate::{Outcome, Pace};

pub use html::page;

/// A measurement, ready to be told.
pub struct Report {
    /// What was measured: `fanout`, `echo`, ...
    pub kind: &'static str,
    /// Where, and with what settings.
    pub settings: Vec<(&'static str, String)>,
    /// How much was sent when.
    pub pace: Pace,
    /// What one unit of work is called.
    pub unit: Unit,
    /// What was found.
    pub outcome: Outcome,
    /// Why it ended before its time, if it did: then the figures are of the time until then.
    pub incomplete: Option<String>,
    /// What idle members cost, if that was measured.
    pub idle: Option<Idle>,
}

/// What one unit of work is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A line that has reached one receiver.
    Delivery,
    /// A question that was answered.
    Answer,
}

impl Unit {
    fn one(self) -> &'static str {
        match self {
            Self::Delivery => "a delivery",
            Self::Answer => "an answer",
        }
    }

    fn many(self) -> &'static str {
        match self {
            Self::Delivery => "deliveries",
            Self::Answer => "answers",
        }
    }
}

/// What members cost who say nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Idle {
    /// How many there were.
    pub members: usize,
    /// How long they were silent.
    pub held: Duration,
    /// Bytes of the server's memory for each (`RssAnon`), if its process is known.
    pub memory_bytes_each: Option<f64>,
    /// The same in proportional memory (`Pss`).
    pub proportional_bytes_each: Option<f64>,
    /// Nanoseconds of CPU that the server spent meanwhile.
    pub cpu_nanos: Option<u64>,
}

impl Report {
    /// What was found, as pairs of what and how much.
    pub fn rows(&self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        let mut row = |what: &str, text: String| rows.push((what.to_owned(), text));
        let (outcome, unit) = (&self.outcome, self.unit);
        if let Some(why) = &self.incomplete {
            row("INCOMPLETE", why.clone());
        }
        if let Some(idle) = &self.idle {
            if let Some(bytes) = idle.memory_bytes_each {
                let pss = idle.proportional_bytes_each.map_or(String::new(), |bytes| {
                    format!(" (PSS: {} bytes)", grouped(bytes.max(0.0) as u64))
                });
                let bytes = grouped(bytes.max(0.0) as u64);
                row(
                    "memory",
                    format!(
                        "{bytes} bytes of server memory for each of {}{pss}",
                        grouped(idle.members as u64)
                    ),
                );
            }
            if let Some(nanos) = idle.cpu_nanos {
                row(
                    "while idle",
                    format!(
                        "{} of server CPU in {}",
                        nanos_text(nanos as f64),
                        nanos_text(idle.held.as_nanos() as f64)
                    ),
                );
            }
            if outcome.expected > 0 {
                let (delivered, expected) = (grouped(outcome.delivered), grouped(outcome.expected));
                row("one line", format!("reached {delivered} of {expected}"));
            }
        } else {
            row(
                unit.many(),
                format!(
                    "{} of {} in {:.2} s: {} a second",
                    grouped(outcome.delivered),
                    grouped(outcome.expected),
                    outcome.elapsed.as_secs_f64(),
                    grouped(outcome.per_second() as u64)
                ),
            );
        }
        let faults = outcome.faults;
        if outcome.reconnected > 0 {
            row(
                "reconnected",
                format!("{} times: the server had ended connections", grouped(outcome.reconnected)),
            );
        }
        if self.unit == Unit::Delivery && outcome.expected > 0 {
            row("lost", format!("{} (every receiver counted)", grouped(faults.lost)));
            row(
                "otherwise wrong",
                format!(
                    "{} doubled, {} out of order, {} damaged ({} looked at line by line)",
                    faults.doubled,
                    faults.disordered,
                    faults.damaged,
                    counted(outcome.checked as u64, "receiver")
                ),
            );
        }
        if !outcome.latency.is_empty() && self.idle.is_none() {
            row("latency", latency(&outcome.latency));
            if let Pace::Rate(_) = self.pace {
                row("of it the load's", latency(&outcome.lateness));
            }
        }
        if let (Some(share), None) = (outcome.server_share(), &self.idle) {
            match outcome.cpu_nanos_each() {
                Some(each) => row(
                    "server CPU",
                    format!(
                        "{} {}: {} {} for a second of CPU; {:.0} % of a core",
                        nanos_text(each),
                        unit.one(),
                        grouped((1e9 / each) as u64),
                        unit.many(),
                        100.0 * share
                    ),
                ),
                None if outcome.delivered > 0 => {
                    row("server CPU", "none at all: is --pid the process that serves?".into());
                }
                None => {}
            }
        }
        if let Some(bytes) = outcome.server_memory_bytes {
            row("server memory", format!("{:.1} MB at the end", bytes as f64 / 1e6));
        }
        if self.idle.is_none() && outcome.delivered > 0 {
            row(
                "the load itself",
                format!(
                    "{} {}, {:.0} % of a core",
                    nanos_text(outcome.own_nanos_each()),
                    unit.one(),
                    100.0 * self.own_share()
                ),
            );
        }
        rows
    }

    /// What whoever reads the figures should know about them.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let outcome = &self.outcome;
        if self.incomplete.is_some() {
            notes.push(
                "It was cut short, and the figures are of the time until then. What was on its way \
                 counts as neither arrived nor lost."
                    .into(),
            );
        }
        if self.idle.is_none() && self.own_share() > 0.9 {
            notes.push(
                "The load was busy all the time: the rate is what this generator can do, and the \
                 server could do more. CPU for each is right all the same."
                    .into(),
            );
        }
        if outcome.unsaid > 0 {
            notes.push(format!(
                "{} that were due could not be said: the server takes less than this rate.",
                grouped(outcome.unsaid)
            ));
        }
        if outcome.faults.lost > 0 {
            notes.push(
                "What had not come after a second of silence counts as lost. A server that holds \
                 back those who talk fast does that too: lift its limit (Switchboard: \
                 --no-throttle), and measure again."
                    .into(),
            );
        }
        if outcome.faults.foreign > 0 {
            notes.push("Somebody else measures in the same room: use another --room.".into());
        }
        if self.idle.is_some_and(|idle| idle.memory_bytes_each.is_some()) {
            notes.push(
                "Memory is what the server has taken for these members: of one that was just \
                 started. What an earlier visitor has left behind is used again, and not seen."
                    .into(),
            );
        }
        match self.pace {
            Pace::Window(window) if self.idle.is_none() => {
                let each = match self.unit {
                    Unit::Delivery => "",
                    Unit::Answer => " on each connection",
                };
                notes.push(format!(
                    "Closed loop, {window} on their way at once{each}: CPU for each is the figure to \
                     compare. Latency is that of a full window; for latency at a given load use \
                     --rate."
                ));
            }
            _ => {}
        }
        notes
    }

    /// How much of a core the load has used; 0 if nothing came that would end the time.
    fn own_share(&self) -> f64 {
        if self.outcome.elapsed.is_zero() {
            return 0.0;
        }
        self.outcome.own_cpu_nanos as f64 / self.outcome.elapsed.as_nanos() as f64
    }
}

/// Percentiles that reports name.
const PERCENTILES: [f64; 4] = [50.0, 90.0, 99.0, 99.9];

fn latency(histogram: &hdrhistogram::Histogram<u64>) -> String {
    let mut text: String = PERCENTILES
        .iter()
        .map(|&percent| {
            let nanos = histogram.value_at_percentile(percent);
            format!("p{percent} {}, ", nanos_text(nanos as f64))
        })
        .collect();
    text.push_str(&format!("most {}", nanos_text(histogram.max() as f64)));
    text
}

/// A time with the unit that suits it.
pub fn nanos_text(nanos: f64) -> String {
    match nanos {
        ..1e3 => format!("{nanos:.0} ns"),
        ..1e6 => format!("{:.2} us", nanos / 1e3),
        ..1e9 => format!("{:.2} ms", nanos / 1e6),
        _ => format!("{:.2} s", nanos / 1e9),
    }
}

/// A number with its thousands set apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things.
fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Faults;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            ["7", "70", "700", "7,000", "7,000,000"].map(str::to_owned),
            [7, 70, 700, 7_000, 7_000_000].map(grouped)
        );
        assert_eq!(nanos_text(12.4), "12 ns");
        assert_eq!(nanos_text(12_400.0), "12.40 us");
        assert_eq!(nanos_text(2.5e9), "2.50 s");
    }

    #[test]
    fn a_run_in_which_nothing_came_is_reported_as_such() {
        let outcome = Outcome {
            said: 10,
            expected: 20,
            faults: Faults { lost: 20, ..Faults::default() },
            server_cpu_nanos: Some(5),
            server_memory_bytes: Some(4096),
            own_cpu_nanos: 1_000_000,
            checked: 2,
            ..Outcome::nothing()
        };
        let (kind, unit, pace) = ("fanout", Unit::Delivery, Pace::Rate(10.0));
        let (settings, incomplete, idle) = (Vec::new(), None, None);
        let report = Report { kind, settings, pace, unit, outcome, incomplete, idle };
        let text = report.text();
        assert!(text.contains("0 of 20 in 0.00 s: 0 a second"), "{text}");
        assert!(!text.contains("busy all the time") && !text.contains("NaN"), "{text}");
        assert_eq!(report.json()["per_second"], 0.0);
    }
}
