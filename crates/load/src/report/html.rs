//! A report as one HTML page that needs nothing else: its plots stand in it.

use std::fmt::Write;

use super::plot::{Plot, Scale, Series, short};
use super::{Report, Unit};
use crate::Sample;

/// A page of its own, with `body` in it.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n\
         <style>\n\
         :root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}\n\
         body {{ max-width: 48rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5; }}\n\
         table {{ border-collapse: collapse; }}\n\
         th, td {{ text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top; }}\n\
         td.n {{ text-align: right; font-variant-numeric: tabular-nums; }}\n\
         svg {{ max-width: 100%; height: auto; }}\n\
         </style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

/// Text that stands for itself in HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Report {
    /// The report as an HTML page with its plots.
    pub fn html(&self) -> String {
        let title = format!("switchboard bench {}", self.kind);
        let mut body = format!("<h1>{}</h1>\n<table>\n", escaped(&title));
        let rows = self.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        for (what, how_much) in rows.chain(self.rows()) {
            let (what, how_much) = (escaped(&what), escaped(&how_much));
            let _ = writeln!(body, "<tr><th>{what}</th><td>{how_much}</td></tr>");
        }
        body.push_str("</table>\n");
        for note in self.notes() {
            let _ = writeln!(body, "<p>{}</p>", escaped(&note));
        }
        for plot in self.plots() {
            let _ = writeln!(body, "<figure>\n{plot}\n</figure>");
        }
        page(&title, &body)
    }

    fn plots(&self) -> Vec<String> {
        let samples = &self.outcome.samples;
        let mut plots = Vec::new();
        let mut over_time = |title: &str, up: &str, points: Vec<(f64, f64)>| {
            if points.len() > 1 {
                let series = vec![Series { name: title.to_owned(), points }];
                let across_label = short;
                let across = "seconds";
                let scale = Scale::Linear;
                plots.push(Plot { title, across, up, scale, series, across_label }.svg());
            }
        };
        let what = match self.unit {
            Unit::Delivery => "Deliveries over time",
            Unit::Answer => "Answers over time",
        };
        over_time(what, "a second", between(samples, |sample| Some(sample.delivered)));
        // Nanoseconds of CPU a second of time, as a share of a core.
        let cpu = between(samples, |sample| sample.server_cpu_nanos);
        let cpu = cpu.into_iter().map(|(at, nanos)| (at, nanos / 1e7)).collect();
        over_time("The server's CPU", "percent of a core", cpu);
        let memory = samples.iter().filter_map(|sample| {
            Some((sample.at.as_secs_f64(), sample.server_memory_bytes? as f64 / 1e6))
        });
        over_time("The server's memory", "MB", memory.collect());
        if !self.outcome.latency.is_empty() && self.idle.is_none() {
            plots.push(self.latency_plot());
        }
        plots
    }

    /// Latency by how many were slower: each step to the right is one in ten of those before.
    fn latency_plot(&self) -> String {
        let latency = &self.outcome.latency;
        let mut points = Vec::new();
        let mut step = 0.0;
        // To where the slowest one stands.
        let end = (latency.len() as f64).log10().max(1.0);
        while step <= end {
            let quantile = 1.0 - 10f64.powf(-step);
            points.push((step, latency.value_at_quantile(quantile) as f64 / 1e6));
            step += 0.05;
        }
        Plot {
            title: "Latency",
            across: "percentile",
            up: "milliseconds",
            scale: Scale::Linear,
            series: vec![Series { name: "latency".into(), points }],
            across_label: |step| {
                let percent = 100.0 - 10f64.powf(2.0 - step);
                let decimals = (step - 2.0).ceil().max(0.0) as usize;
                format!("{percent:.decimals$}")
            },
        }
        .svg()
    }
}

/// How fast a count grew, between one sample and the next.
fn between(samples: &[Sample], count: impl Fn(&Sample) -> Option<u64>) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let (mut at, mut before) = (0.0, 0);
    for sample in samples {
        let (now, Some(after)) = (sample.at.as_secs_f64(), count(sample)) else { return points };
        // The last piece is as short as it happens to be, and would show a spike.
        if now - at > 0.02 {
            points.push((now, after.saturating_sub(before) as f64 / (now - at)));
            (at, before) = (now, after);
        }
    }
    points
}
