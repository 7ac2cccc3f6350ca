//! `switchboard bench engines`: what a wait and a turn cost, as tables and a plot.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use engine::Choice;
use load::report::plot::{Plot, Scale, Series, short};
use load::report::{grouped, nanos_text, page};
use load::waits::{Way, turn_nanos, wait_nanos};
use serde_json::{Value, json};

use super::show::{Destination, Reports, show_progress};
use super::stop::Stop;
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

const STOPPED: &str = "it was stopped: figures are missing";

pub(super) fn engines(arguments: &Engines, stop: &Stop) -> Result<Exit, Failure> {
    for ready in &arguments.ready {
        if ready.of(&arguments.watched).is_empty() {
            let most = arguments.watched.iter().max().copied().unwrap_or(0);
            let why = format!("--ready {ready}: no more than {most} are watched (--watched)");
            return Err(Failure::new(Exit::Usage, why));
        }
    }
    if arguments.svg.is_some() && arguments.ready[0].of(&arguments.watched).len() < 2 {
        let why = "--svg: a plot needs two numbers or more in --watched, with as many ready";
        return Err(Failure::new(Exit::Usage, why));
    }
    let reports = Reports::open(&arguments.output)?;
    let svg = arguments.svg.as_deref().map(Destination::open).transpose()?;
    let mut tables = Vec::new();
    for what in [What::Wait, What::Turn] {
        for &ready in &arguments.ready {
            let watched = ready.of(&arguments.watched);
            tables.push(Table::measure(what, ready, watched, arguments.duration, stop));
        }
    }
    show_progress("");
    if stop.is_wanted() {
        tables.retain(Table::has_figures);
    }
    let incomplete = stop.is_wanted().then_some(STOPPED);
    let mut text = incomplete.map_or(String::new(), |why| format!("INCOMPLETE: {why}\n\n"));
    let _ = writeln!(text, "{EXPLAINED}");
    for table in &tables {
        table.text(&mut text);
    }
    let plots: Vec<String> =
        tables.iter().filter(|table| table.watched.len() > 1).map(Table::plot).collect();
    if let (Some(file), Some(plot)) = (svg, plots.first()) {
        file.write(plot)?;
    }
    let json = json!({
        "kind": "engines",
        "version": env!("CARGO_PKG_VERSION"),
        "incomplete": incomplete,
        "tables": tables.iter().map(Table::json).collect::<Vec<_>>(),
    });
    reports.tell(&text, &json, || html(&tables, &plots, incomplete))?;
    match incomplete {
        None => Ok(Exit::Fine),
        Some(why) => Err(Failure::new(Exit::Forced, why)),
    }
}

impl Ready {
    /// Those numbers of watched descriptors of which so many can be ready.
    fn of(self, watched: &[usize]) -> Vec<usize> {
        let can_be = |&watched: &usize| match self {
            Self::Some(count) => count <= watched,
            Self::All => true,
        };
        watched.iter().copied().filter(can_be).collect()
    }
}

impl Table {
    fn measure(
        what: What,
        ready: Ready,
        watched: Vec<usize>,
        duration: Duration,
        stop: &Stop,
    ) -> Self {
        let mut table = Self { what, ready, watched, rows: Vec::new(), missing: Vec::new() };
        let mut row = |name: String, figure: &dyn Fn(usize, usize) -> io::Result<f64>| {
            let nanos = table.watched.iter().map(|&watched| {
                let ready = match ready {
                    Ready::Some(count) => count,
                    Ready::All => watched,
                };
                show_progress(&format!(
                    "{name}: {} of {} ready",
                    grouped(ready as u64),
                    grouped(watched as u64)
                ));
                let nanos = if stop.is_wanted() {
                    Err(io::Error::other("it was stopped"))
                } else {
                    figure(watched, ready)
                };
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

    fn has_figures(&self) -> bool {
        self.rows.iter().any(|row| row.nanos.iter().any(Option::is_some))
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

fn html(tables: &[Table], plots: &[String], incomplete: Option<&str>) -> String {
    let mut body = String::from("<h1>switchboard bench engines</h1>\n");
    if let Some(why) = incomplete {
        let _ = writeln!(body, "<p><strong>INCOMPLETE</strong>: {why}</p>");
    }
    let _ = writeln!(body, "<p>{EXPLAINED}</p>");
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
