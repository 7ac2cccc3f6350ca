//! The page, its plots, and the check that nothing is missing.

use std::fs;
use std::path::Path;

use crate::contestants::{BARE_EPOLL, BARE_URING, CHATS, ENGINES, chat_name};
use crate::exchanges::{ECHO, HTTP, SINGLE, service_name};
use crate::figures::Results;
use crate::page::{self, Row, Unit, thousands};
use crate::plot::{self, Bar, Kind, Line, Scale};
use crate::{Outcome, aims, idle, wait};

const MILLIONS: Unit = Unit { scale: 1e6, decimals: 2 };
const THOUSANDS: Unit = Unit { scale: 1e3, decimals: 0 };
const MICROS: Unit = Unit { scale: 1e3, decimals: 2 };
const AS_IT_IS: Unit = Unit { scale: 1.0, decimals: 0 };

/// The other servers, in the order of the tables.
const PEERS: [&str; 7] = [
    "ncat --chat",
    "InspIRCd",
    "InspIRCd with the time",
    "ircd-hybrid",
    "ngIRCd",
    "redis pub/sub",
    "nats-server",
];

/// The rows of the fan-out and of memory, each with its ceiling.
fn chats() -> Vec<(String, Option<&'static str>, Kind)> {
    let mut rows =
        vec![(BARE_EPOLL.to_owned(), None, Kind::Bare), (BARE_URING.to_owned(), None, Kind::Bare)];
    for (chat, _) in CHATS {
        for (_, engine) in ENGINES {
            rows.push((chat_name(chat, engine), Some(ceiling(engine)), Kind::Ours));
        }
    }
    rows.extend(PEERS.map(|peer| (peer.to_owned(), Some(BARE_EPOLL), Kind::Other)));
    rows
}

/// The rows of question and answer.
fn services(service: &str) -> Vec<(String, Option<&'static str>, Kind)> {
    let mut rows =
        vec![(BARE_EPOLL.to_owned(), None, Kind::Bare), (BARE_URING.to_owned(), None, Kind::Bare)];
    for (_, engine) in ENGINES {
        rows.push((service_name(service, engine), Some(ceiling(engine)), Kind::Ours));
    }
    rows.push(("nginx".to_owned(), Some(BARE_EPOLL), Kind::Other));
    rows
}

/// The bare loop that an engine is held against: its own, or epoll's, where it has none.
fn ceiling(engine: &str) -> &'static str {
    if engine == "io_uring" { BARE_URING } else { BARE_EPOLL }
}

fn waits() -> Vec<(String, String)> {
    limit::wait::CALLS.into_iter().map(wait::names).map(|[bare, own]| (bare, own)).collect()
}

/// The sections of the page by name, as they are written into it.
fn sections(results: &Results) -> Vec<(&'static str, String)> {
    let chats = chats();
    let rows = |rows: &'_ [(String, Option<&'static str>, Kind)]| -> Vec<(String, Option<&str>)> {
        rows.iter().map(|(name, ceiling, _)| (name.clone(), *ceiling)).collect()
    };
    let chats = rows(&chats);
    let chats = as_rows(&chats);
    // Memory is held against nothing: a bare loop has none to speak of.
    let alone: Vec<Row<'_>> =
        chats.iter().map(|row| Row { name: row.name, ceiling: None }).collect();
    let echo = rows(&services("echo"));
    let echo = as_rows(&echo);
    let http = rows(&services("hello"));
    let http = as_rows(&http);
    let waits = waits();
    let waits: Vec<Row<'_>> = waits
        .iter()
        .flat_map(|(bare, own)| {
            [Row { name: bare, ceiling: None }, Row { name: own, ceiling: Some(bare) }]
        })
        .collect();
    let medians =
        |table, heading, rows: &[Row<'_>], unit| page::medians(results, table, heading, rows, unit);
    let spreads =
        |table, heading, rows: &[Row<'_>], unit| page::spreads(results, table, heading, rows, unit);
    vec![
        ("circumstances", circumstances(results)),
        ("aims", aims::table(results)),
        ("fanout-64", medians("fanout-64", "to so many readers", &chats, MILLIONS)),
        ("fanout-1", medians("fanout-1", "to so many readers", &chats, THOUSANDS)),
        ("bytes", bytes(results)),
        (
            "fanout-spread",
            format!(
                "Millions a second, 64 on their way:\n\n{}\nThousands a second, one on its way:\n\n{}",
                spreads("fanout-64", "to so many readers", &chats, MILLIONS),
                spreads("fanout-1", "to so many readers", &chats, THOUSANDS)
            ),
        ),
        ("idle", medians(idle::TABLE, "each silent connection", &alone, AS_IT_IS)),
        ("echo", medians(ECHO, "connections", &echo, MICROS)),
        ("http", medians(HTTP, "requests at once", &http, MICROS)),
        (
            "exchange-spread",
            format!(
                "Echo:\n\n{}\nHTTP:\n\n{}",
                spreads(ECHO, "connections", &echo, MICROS),
                spreads(HTTP, "requests at once", &http, MICROS)
            ),
        ),
        ("single", medians(SINGLE, "an echo, microseconds", &echo, MICROS)),
        ("wait", medians(wait::TABLE, "watched descriptors", &waits, AS_IT_IS)),
    ]
}

fn as_rows<'a>(rows: &'a [(String, Option<&'a str>)]) -> Vec<Row<'a>> {
    rows.iter().map(|(name, ceiling)| Row { name, ceiling: *ceiling }).collect()
}

fn circumstances(results: &Results) -> String {
    let get = |about| results.circumstances.get(about).map_or("", String::as_str);
    let mut text = format!(
        "{}, Linux {}, {}. Switchboard {}; {}.",
        get("machine"),
        get("kernel"),
        get("date"),
        get("Switchboard"),
        get("settings")
    );
    if !get("peers").is_empty() {
        text += &format!(" Debian's packages: {}.", get("peers"));
    }
    text
}

/// How many bytes each delivery had.
fn bytes(results: &Results) -> String {
    let mut lines = vec![vec!["".to_owned(), "bytes a delivery".to_owned()]];
    for (name, ..) in chats() {
        let figure = results.columns("fanout-64").into_iter().rev();
        let bytes = figure.filter_map(|column| results.get("fanout-64", &name, &column)?.bytes);
        if let Some(bytes) = bytes.into_iter().next() {
            lines.push(vec![name, format!("{bytes:.0}")]);
        }
    }
    page::markdown(&lines)
}

/// All sections, for a terminal.
pub(crate) fn show(results: &Results) -> String {
    let sections = sections(results).into_iter();
    sections.map(|(name, body)| format!("{name}\n\n{body}")).collect::<Vec<_>>().join("\n")
}

/// Writes tables into `docs/performance.md` and plots into `docs/plots`.
///
/// # Errors
///
/// If the page is not there or lacks a section, or something cannot be written.
pub(crate) fn write(results: &Results, docs: &Path) -> Outcome<()> {
    let file = docs.join("performance.md");
    let mut text = fs::read_to_string(&file)?;
    for (name, body) in sections(results) {
        text = page::replace(&text, name, &body)?;
    }
    let plots = docs.join("plots");
    fs::create_dir_all(&plots)?;
    for (name, svg) in plots_of(results)? {
        fs::write(plots.join(name), svg)?;
    }
    Ok(fs::write(file, text)?)
}

/// The plots by their files' names.
fn plots_of(results: &Results) -> Outcome<Vec<(&'static str, String)>> {
    let columns = results.columns("fanout-64");
    let column = if columns.iter().any(|it| it == "1000") { Some("1000") } else { None };
    let column = column.or(columns.last().map(String::as_str)).unwrap_or("1000");
    let to = thousands(column);
    Ok(vec![
        (
            "fanout.svg",
            plot::bars(
                &format!("Messages delivered by one second of one core, to {to} readers"),
                "64-byte messages, 64 on their way at once; millions; longer is better",
                &ranked(results, "fanout-64", column, &chats(), MILLIONS, Order::MostFirst),
            )?,
        ),
        (
            "fanout-64.svg",
            plot::lines(
                "Messages delivered by one second of one core",
                "64-byte messages, 64 on their way at once; millions; higher is better",
                "readers",
                Scale::Even,
                &grown(results, "fanout-64", 1e6),
            )?,
        ),
        (
            "fanout-1.svg",
            plot::lines(
                "The same, one message at a time",
                "64-byte messages, one on its way; thousands; higher is better",
                "readers",
                Scale::Even,
                &grown(results, "fanout-1", 1e3),
            )?,
        ),
        (
            "idle.svg",
            plot::bars(
                "Memory of a silent connection",
                "bytes of the server's own memory; shorter is better",
                &ranked(results, idle::TABLE, idle::COLUMN, &chats(), AS_IT_IS, Order::LeastFirst),
            )?,
        ),
        (
            "echo.svg",
            plot::bars(
                "CPU of the server for an echo of 64 bytes",
                "64 connections; microseconds; shorter is better",
                &ranked(results, ECHO, "64", &services("echo"), MICROS, Order::AsTheyAre),
            )?,
        ),
        (
            "http.svg",
            plot::bars(
                "CPU of the server for an HTTP request",
                "64 connections that stay open; microseconds; shorter is better",
                &ranked(results, HTTP, "1", &services("hello"), MICROS, Order::AsTheyAre),
            )?,
        ),
        (
            "http-16.svg",
            plot::bars(
                "CPU of the server for an HTTP request, 16 sent at once",
                "64 connections that stay open; microseconds; shorter is better",
                &ranked(results, HTTP, "16", &services("hello"), MICROS, Order::AsTheyAre),
            )?,
        ),
        (
            "single.svg",
            plot::bars(
                "How long an echo takes when there is only one connection",
                "the median, microseconds; shorter is better",
                &ranked(results, SINGLE, "p50", &services("echo"), MICROS, Order::LeastFirst),
            )?,
        ),
        (
            "wait.svg",
            plot::lines(
                "What it costs to find the one descriptor that is ready",
                "nanoseconds; lower is better",
                "descriptors that are watched",
                Scale::Tenfold,
                &waited(results),
            )?,
        ),
    ])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    MostFirst,
    LeastFirst,
    AsTheyAre,
}

/// Those who were measured, as bars.
fn ranked(
    results: &Results,
    table: &str,
    column: &str,
    rows: &[(String, Option<&str>, Kind)],
    unit: Unit,
    order: Order,
) -> Vec<Bar> {
    let mut bars: Vec<Bar> = rows
        .iter()
        .filter_map(|(name, _, kind)| {
            let median = results.get(table, name, column)?.spread()?.median;
            let (value, label) = (median / unit.scale, unit.show(median));
            Some(Bar { name: name.clone(), kind: *kind, value, label: thousands(&label) })
        })
        .collect();
    match order {
        Order::MostFirst => bars.sort_by(|one, other| other.value.total_cmp(&one.value)),
        Order::LeastFirst => bars.sort_by(|one, other| one.value.total_cmp(&other.value)),
        Order::AsTheyAre => {}
    }
    bars
}

/// Medians over the number of readers, of few enough to be told apart: one engine's, and those with
/// names and times only where they differ.
fn grown(results: &Results, table: &str, scale: f64) -> Vec<Line> {
    let shown = |name: &str, kind| match kind {
        Kind::Bare => name == BARE_EPOLL,
        Kind::Ours => ["plain lines", "IRC", "IRC with the time"]
            .iter()
            .any(|chat| name == chat_name(chat, "epoll")),
        Kind::Other => name != "InspIRCd with the time",
    };
    let rows = chats().into_iter().filter(|(name, _, kind)| shown(name, *kind));
    rows.map(|(name, _, kind)| {
        let points = points(results, table, &name, scale);
        Line { name: name.replace(", epoll", ""), kind, points }
    })
    .filter(|line| !line.points.is_empty())
    .collect()
}

fn waited(results: &Results) -> Vec<Line> {
    waits()
        .into_iter()
        .map(|(bare, own)| Line {
            name: bare.replace(", the bare call", ""),
            kind: if bare.starts_with("epoll") { Kind::Ours } else { Kind::Other },
            points: points(results, wait::TABLE, &own, 1.0),
        })
        .filter(|line| !line.points.is_empty())
        .collect()
}

fn points(results: &Results, table: &str, row: &str, scale: f64) -> Vec<(f64, f64)> {
    let columns = results.columns(table).into_iter();
    let points = columns.filter_map(|column| {
        let median = results.get(table, row, &column)?.spread()?.median;
        Some((column.parse().ok()?, median / scale))
    });
    points.collect()
}

/// Whether every row of ours and of the bare loops is there.
///
/// # Errors
///
/// What is missing, and who could not be measured.
pub(crate) fn check(results: &Results, troubles: &[String]) -> Outcome<()> {
    let mut missing: Vec<String> = troubles.to_vec();
    let mut need = |table: &str, row: &str| {
        let columns = results.columns(table);
        if columns.is_empty() || columns.iter().any(|it| results.get(table, row, it).is_none()) {
            missing.push(format!("{table}: nothing of {row}"));
        }
    };
    let engines = ["epoll", "io_uring"];
    for table in ["fanout-64", "fanout-1", idle::TABLE, ECHO, HTTP, SINGLE] {
        [BARE_EPOLL, BARE_URING].iter().for_each(|row| need(table, row));
    }
    for engine in engines {
        for (chat, _) in CHATS {
            for table in ["fanout-64", "fanout-1", idle::TABLE] {
                need(table, &chat_name(chat, engine));
            }
        }
        for (service, table) in [("echo", ECHO), ("hello", HTTP), ("echo", SINGLE)] {
            need(table, &service_name(service, engine));
        }
    }
    for (bare, own) in waits() {
        [bare, own].iter().for_each(|row| need(wait::TABLE, row));
    }
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something of everything.
    fn full() -> Results {
        let mut results = Results::default();
        for (name, ..) in chats() {
            for (table, column) in [("fanout-64", "10"), ("fanout-64", "1000"), ("fanout-1", "10")]
            {
                results.add(table, &name, column, 5e6).bytes = Some(64.0);
            }
            results.add(idle::TABLE, &name, idle::COLUMN, 400.0);
        }
        for (service, table, column) in [
            ("echo", ECHO, "64"),
            ("echo", SINGLE, "p50"),
            ("hello", HTTP, "1"),
            ("hello", HTTP, "16"),
        ] {
            services(service).iter().for_each(|row| {
                results.add(table, &row.0, column, 5000.0);
            });
        }
        for (bare, own) in waits() {
            for row in [bare, own] {
                results.add(wait::TABLE, &row, "10", 300.0);
                results.add(wait::TABLE, &row, "1000", 310.0);
            }
        }
        results
    }

    #[test]
    fn the_page_in_this_repository_has_every_section_and_shows_every_plot() {
        let page = include_str!("../../../docs/performance.md");
        let results = full();
        let mut text = page.to_owned();
        for (name, body) in sections(&results) {
            assert!(!body.is_empty(), "{name}");
            text = page::replace(&text, name, &body).unwrap();
        }
        for (name, svg) in plots_of(&results).unwrap() {
            assert!(page.contains(&format!("(plots/{name})")), "{name} is not shown");
            assert!(svg.ends_with("</svg>\n") || svg.ends_with("</svg>"), "{name}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        check(&full(), &[]).unwrap();
        assert!(check(&full(), &["nobody listens".into()]).is_err());
        let mut results = full();
        results.forget(ECHO, BARE_URING, "64");
        let error = check(&results, &[]).unwrap_err().to_string();
        assert_eq!(error, format!("echo: nothing of {BARE_URING}"));
        assert!(check(&Results::default(), &[]).is_err());
    }
}
