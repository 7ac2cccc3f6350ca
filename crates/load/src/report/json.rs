//! A report for programs. Names say their units; what was not measured is null.

use serde_json::{Map, Value, json};

use super::{PERCENTILES, Report, Unit};
use crate::{Pace, Sample};

impl Report {
    /// The report as JSON.
    pub fn json(&self) -> Value {
        let outcome = &self.outcome;
        let settings: Map<String, Value> = self
            .settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect();
        let pace = match self.pace {
            Pace::Window(window) => json!({ "loop": "closed", "window": window }),
            Pace::Rate(rate) => json!({ "loop": "open", "per_second": rate }),
        };
        let unit = match self.unit {
            Unit::Delivery => "delivery",
            Unit::Answer => "answer",
        };
        json!({
            "kind": self.kind,
            "version": env!("CARGO_PKG_VERSION"),
            "settings": settings,
            "incomplete": self.incomplete,
            "pace": pace,
            "unit": unit,
            "elapsed_seconds": outcome.elapsed.as_secs_f64(),
            "said": outcome.said,
            "unsaid": outcome.unsaid,
            "expected": outcome.expected,
            "delivered": outcome.delivered,
            "per_second": outcome.per_second(),
            "lost": outcome.faults.lost,
            "doubled": outcome.faults.doubled,
            "disordered": outcome.faults.disordered,
            "damaged": outcome.faults.damaged,
            "foreign": outcome.faults.foreign,
            "reconnected": outcome.reconnected,
            "checked_connections": outcome.checked,
            "latency_nanos": percentiles(&outcome.latency),
            "load_lateness_nanos": percentiles(&outcome.lateness),
            "server": {
                "cpu_nanos": outcome.server_cpu_nanos,
                "cpu_nanos_each": outcome.cpu_nanos_each(),
                "memory_bytes": outcome.server_memory_bytes,
            },
            "load": {
                "cpu_nanos": outcome.own_cpu_nanos,
                "cpu_nanos_each": outcome.own_nanos_each(),
            },
            "idle": self.idle.map(|idle| json!({
                "members": idle.members,
                "held_seconds": idle.held.as_secs_f64(),
                "memory_bytes_each": idle.memory_bytes_each,
                "proportional_bytes_each": idle.proportional_bytes_each,
                "cpu_nanos": idle.cpu_nanos,
            })),
            "notes": self.notes(),
            "samples": outcome.samples.iter().map(sample).collect::<Vec<_>>(),
        })
    }
}

fn percentiles(histogram: &hdrhistogram::Histogram<u64>) -> Value {
    if histogram.is_empty() {
        return Value::Null;
    }
    let mut values = Map::new();
    for percent in PERCENTILES {
        let name = format!("p{percent}");
        values.insert(name, histogram.value_at_percentile(percent).into());
    }
    values.insert("most".into(), histogram.max().into());
    values.insert("mean".into(), histogram.mean().into());
    values.insert("count".into(), histogram.len().into());
    values.into()
}

fn sample(sample: &Sample) -> Value {
    json!({
        "at_seconds": sample.at.as_secs_f64(),
        "said": sample.said,
        "delivered": sample.delivered,
        "server_cpu_nanos": sample.server_cpu_nanos,
        "server_memory_bytes": sample.server_memory_bytes,
    })
}
