//! `switchboard bench engines`: what a wait and a turn cost, as tables and a plot.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use engine::Choice;
use load::report::plot::{Plot, Scale, Series, short};
use load::report::{grouped, nanos_text, page};
use load::waits::{Way, turn_nanos, wait_nanos};
use serde_json::{Value, json};

use super::show::{show_progress, tell, write};
use super::{Engines, Ready};
use crate::exit::{Exit, Failure};

/// One table: so many ready, by how many are watched.
struct Table {
    what: What,
    ready: Ready,
    watched: Vec<usize>,
    rows: Vec<Row>,
    /// Why there are figures missing.
    missing: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Wait,
    Turn,
}

struct Row {
    name: String,
    /// Nanoseconds; `None` where as many descriptors are not to be had, or it is not to be had.
    nanos: Vec<Option<f64>>,
}

const EXPLAINED: &str = "\
A wait is one call that finds so many of the watched descriptors ready; nothing is read. A turn is one \
turn of a whole engine over Unix sockets: the peers write a byte each, the engine waits, receives them, \
and hands them to a service that drops them (the peers' writes are in it, the same for all). io_uring \
has turns only: a ring is not asked what is ready, it receives. Each figure is the least of five parts \
of its time, on this machine, now.";

pub(super) fn engines(arguments: &Engines) -> Result<Exit, Failure> {
    let watched: Vec<usize> =
        arguments.watched.iter().copied().filter(|&count| count > 0).collect();
    if watched.is_empty() {
        return Err(Failure::new(Exit::Usage, "--watched: at least one number over 0"));
    }
    let mut tables = Vec::new();
    for what in [What::Wait, What::Turn] {
        for &ready in &arguments.ready {
            tables.push(Table::measure(what, ready, &watched, arguments.duration));
        }
    }
    show_progress("");
    let mut text = format!("{EXPLAINED}\n");
    for table in &tables {
        table.text(&mut text);
    }
    let plots: Vec<String> =
        tables.iter().filter(|table| table.watched.len() > 1).map(Table::plot).collect();
    if let Some(path) = &arguments.svg {
        let plot = plots.first().ok_or_else(|| {
            Failure::new(Exit::Usage, "--svg: a plot needs two numbers or more in --watched")
        })?;
        write(path, plot)?;
    }
    let json = json!({
        "kind": "engines",
        "version": env!("CARGO_PKG_VERSION"),
        "tables": tables.iter().map(Table::json).collect::<Vec<_>>(),
    });
    tell(&arguments.output, &text, &json, || html(&tables, &plots))
}

impl Table {
    fn measure(what: What, ready: Ready, watched: &[usize], duration: Duration) -> Self {
        let (watched_at, missing) = (watched.to_vec(), Vec::new());
        let mut table = Self { what, ready, watched: watched_at, rows: Vec::new(), missing };
        let mut row = |name: String, figure: &dyn Fn(usize, usize) -> io::Result<f64>| {
            let nanos = watched.iter().map(|&watched| {
                let ready = match ready {
                    Ready::Some(count) => count.min(watched),
                    Ready::All => watched,
                };
                show_progress(&format!(
                    "{name}: {} of {} ready",
                    grouped(ready as u64),
                    grouped(watched as u64)
                ));
                let nanos = figure(watched, ready);
                nanos
                    .inspect_err(|error| {
                        let why = error.to_string();
                        if !table.missing.contains(&why) {
                            table.missing.push(why);
                        }
                    })
                    .ok()
            });
            let nanos = nanos.collect();
            table.rows.push(Row { name, nanos });
        };
        match what {
            What::Wait => {
                for way in Way::ALL {
                    row(way.name(), &|watched, ready| wait_nanos(way, watched, ready, duration));
                }
            }
            What::Turn => {
                for choice in Choice::ALL {
                    row(choice.name().to_owned(), &|watched, ready| {
                        turn_nanos(choice, watched, ready, duration)
                    });
                }
            }
        }
        table
    }

    fn title(&self) -> String {
        let ready = match self.ready {
            Ready::Some(1) => "one is ready".to_owned(),
            Ready::Some(count) => format!("{count} are ready"),
            Ready::All => "all are ready".to_owned(),
        };
        match self.what {
            What::Wait => format!("What a wait costs when {ready}"),
            What::Turn => format!("What a turn costs when {ready}"),
        }
    }

    /// A figure as it stands in the table: where all are ready, that of each of them.
    fn cell(&self, nanos: Option<f64>, watched: usize) -> String {
        match (nanos, self.ready) {
            (None, _) => "-".into(),
            (Some(nanos), Ready::All) => {
                format!("{} ({} each)", nanos_text(nanos), nanos_text(nanos / watched as f64))
            }
            (Some(nanos), Ready::Some(_)) => nanos_text(nanos),
        }
    }

    fn text(&self, text: &mut String) {
        let _ = write!(text, "\n{}\n{:<17}", self.title(), "watched");
        let width = if self.ready == Ready::All { 24 } else { 11 };
        for &watched in &self.watched {
            let _ = write!(text, " {:>width$}", grouped(watched as u64));
        }
        text.push('\n');
        for row in &self.rows {
            let _ = write!(text, "{:<17}", row.name);
            for (&nanos, &watched) in row.nanos.iter().zip(&self.watched) {
                let _ = write!(text, " {:>width$}", self.cell(nanos, watched));
            }
            text.push('\n');
        }
        for why in &self.missing {
            let _ = writeln!(text, "- not measured: {why}");
        }
    }

    fn json(&self) -> Value {
        let rows: Vec<Value> =
            self.rows.iter().map(|row| json!({ "name": row.name, "nanos": row.nanos })).collect();
        json!({
            "what": match self.what { What::Wait => "wait", What::Turn => "turn" },
            "ready": match self.ready {
                Ready::Some(count) => Value::from(count),
                Ready::All => Value::from("all"),
            },
            "watched": self.watched,
            "rows": rows,
            "missing": self.missing,
        })
    }

    fn plot(&self) -> String {
        let series = self.rows.iter().map(|row| Series {
            name: row.name.clone(),
            points: self
                .watched
                .iter()
                .zip(&row.nanos)
                .filter_map(|(&watched, &nanos)| Some((watched as f64, nanos? / 1000.0)))
                .collect(),
        });
        Plot {
            title: &self.title(),
            across: match self.what {
                What::Wait => "descriptors watched",
                What::Turn => "connections",
            },
            up: "microseconds",
            scale: Scale::Logarithmic,
            series: series.filter(|series| !series.points.is_empty()).collect(),
            across_label: short,
        }
        .svg()
    }

    fn html(&self, body: &mut String) {
        let _ = write!(body, "<h2>{}</h2>\n<table>\n<tr><th>watched</th>", self.title());
        for &watched in &self.watched {
            let _ = write!(body, "<th>{}</th>", grouped(watched as u64));
        }
        body.push_str("</tr>\n");
        for row in &self.rows {
            let _ = write!(body, "<tr><th>{}</th>", row.name);
            for (&nanos, &watched) in row.nanos.iter().zip(&self.watched) {
                let _ = write!(body, "<td class=\"n\">{}</td>", self.cell(nanos, watched));
            }
            body.push_str("</tr>\n");
        }
        body.push_str("</table>\n");
        for why in &self.missing {
            let _ = writeln!(body, "<p>- not measured: {why}</p>");
        }
    }
}

fn html(tables: &[Table], plots: &[String]) -> String {
    let mut body = format!("<h1>switchboard bench engines</h1>\n<p>{EXPLAINED}</p>\n");
    let mut plots = plots.iter();
    for table in tables {
        table.html(&mut body);
        if table.watched.len() > 1
            && let Some(plot) = plots.next()
        {
            let _ = writeln!(body, "<figure>\n{plot}\n</figure>");
        }
    }
    page("switchboard bench engines", &body)
}
