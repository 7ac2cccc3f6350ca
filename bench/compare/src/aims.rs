//! What was wanted, and what was seen.
//!
//! Everything but memory is a ratio to the bare loop or call beside it: a machine's own speed is
//! nobody's merit.

use crate::contestants::{BARE_EPOLL, BARE_URING, ENGINES, chat_name};
use crate::exchanges::{ECHO, HTTP, SINGLE, service_name};
use crate::figures::{Figure, Results};
use crate::page::{markdown, thousands};
use crate::{idle, wait};

/// One aim.
pub(crate) struct Aim {
    /// In words.
    what: String,
    table: &'static str,
    column: String,
    /// The rows of which the best counts, each with what it is held against; memory against
    /// nothing.
    rows: Vec<(String, Option<String>)>,
    wanted: Wanted,
}

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

/// All aims, in the order of the page.
pub(crate) fn aims() -> Vec<Aim> {
    let mut aims = Vec::new();
    // Of what a bare epoll loop delivers to so many readers.
    let fanout: [(&str, [f64; 4]); 3] = [
        ("plain lines", [0.88, 0.93, 0.99, 1.09]),
        ("IRC", [0.61, 0.66, 0.81, 0.87]),
        ("IRC with the time", [0.41, 0.46, 0.54, 0.54]),
    ];
    let readers = ["10", "100", "1000", "5000"];
    for (chat, wanted) in fanout {
        for (column, wanted) in readers.into_iter().zip(wanted) {
            let bare = Some(BARE_EPOLL.to_owned());
            let rows = ENGINES.map(|(_, engine)| (chat_name(chat, engine), bare.clone()));
            let what = format!("{chat} to {}, 64 on their way", thousands(column));
            aims.push(aim(what, "fanout-64", column, rows.into(), Wanted::AtLeast(wanted)));
        }
    }
    for (engine, bare) in [("epoll", BARE_EPOLL), ("io_uring", BARE_URING)] {
        for column in readers {
            let rows = vec![(chat_name("plain lines", engine), Some(bare.to_owned()))];
            let what = format!("plain lines to {}, one on its way, {engine}", thousands(column));
            aims.push(aim(what, "fanout-1", column, rows, Wanted::AtLeast(0.95)));
        }
    }
    let services =
        [("echo", ECHO, "64", 1.05), ("hello", HTTP, "1", 1.08), ("hello", HTTP, "16", 1.2)];
    for (service, table, column, wanted) in services {
        let rows =
            ENGINES.map(|(_, engine)| (service_name(service, engine), Some(BARE_EPOLL.to_owned())));
        let what = match (table, column) {
            (ECHO, _) => "CPU of an echo".to_owned(),
            (_, "1") => "CPU of an HTTP request".to_owned(),
            _ => format!("CPU of an HTTP request, {column} at once"),
        };
        aims.push(aim(what, table, column, rows.into(), Wanted::AtMost(wanted)));
    }
    for call in limit::wait::CALLS {
        let [bare, own] = wait::names(call);
        let what = format!("a wait on 10,000, {call}");
        aims.push(aim(what, wait::TABLE, "10000", vec![(own, Some(bare))], Wanted::AtMost(1.05)));
    }
    let sweep = vec![(service_name("echo", "sweep"), Some(BARE_EPOLL.to_owned()))];
    let what = "half of the echoes on a single connection, sweep".to_owned();
    aims.push(aim(what, SINGLE, "p50", sweep, Wanted::AtMost(0.42)));
    for (chat, wanted) in [("plain lines with names", 500.0), ("IRC", 1024.0)] {
        let rows = ["epoll", "io_uring"].map(|engine| (chat_name(chat, engine), None));
        let what = format!("bytes of a silent connection, {chat}");
        aims.push(aim(what, idle::TABLE, idle::COLUMN, rows.into(), Wanted::AtMost(wanted)));
    }
    aims
}

fn aim(
    what: String,
    table: &'static str,
    column: &str,
    rows: Vec<(String, Option<String>)>,
    wanted: Wanted,
) -> Aim {
    Aim { what, table, column: column.to_owned(), rows, wanted }
}

impl Aim {
    /// What was seen; `None` if it was not measured.
    fn seen(&self, results: &Results) -> Option<f64> {
        let figure = |row: &String| results.get(self.table, row, &self.column);
        let seen = self.rows.iter().filter_map(|(row, ceiling)| match ceiling {
            Some(ceiling) => figure(row)?.ratio(figure(ceiling)?),
            None => figure(row).and_then(Figure::spread).map(|spread| spread.median),
        });
        match self.wanted {
            Wanted::AtLeast(_) => seen.reduce(f64::max),
            Wanted::AtMost(_) => seen.reduce(f64::min),
        }
    }
}

/// The aims that were measured, and whether each is met.
pub(crate) fn table(results: &Results) -> String {
    let mut lines = vec![["aim", "wanted", "seen", ""].map(str::to_owned).to_vec()];
    for aim in aims() {
        let Some(seen) = aim.seen(results) else { continue };
        let show = |value: f64| {
            if value >= 10.0 { thousands(&format!("{value:.0}")) } else { format!("{value:.2}") }
        };
        // As it is shown, so that 0.949 is not a failure beside "0.95".
        let shown = if seen >= 10.0 { seen.round() } else { (seen * 100.0).round() / 100.0 };
        let (wanted, is_met) = match aim.wanted {
            Wanted::AtLeast(wanted) => (format!("at least {}", show(wanted)), shown >= wanted),
            Wanted::AtMost(wanted) => (format!("at most {}", show(wanted)), shown <= wanted),
        };
        let verdict = if is_met { "met" } else { "missed" };
        lines.push(vec![aim.what, wanted, show(seen), verdict.to_owned()]);
    }
    markdown(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_engine_counts_and_what_was_not_measured_is_left_out() {
        let mut results = Results::default();
        results.add("fanout-64", BARE_EPOLL, "10", 10.0);
        results.add("fanout-64", &chat_name("plain lines", "epoll"), "10", 8.0);
        results.add("fanout-64", &chat_name("plain lines", "io_uring"), "10", 9.0);
        results.add(ECHO, BARE_EPOLL, "64", 100.0);
        results.add(ECHO, &service_name("echo", "epoll"), "64", 120.0);
        results.add(ECHO, &service_name("echo", "io_uring"), "64", 110.0);
        results.add(idle::TABLE, &chat_name("IRC", "epoll"), idle::COLUMN, 999.6);
        let table = table(&results);
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(lines.len(), 3, "{table}");
        assert!(lines[0].contains("0.90") && lines[0].ends_with(" met |"), "{table}");
        assert!(lines[1].contains("1.10") && lines[1].ends_with(" missed |"), "{table}");
        assert!(lines[2].contains("1,000") && lines[2].ends_with(" met |"), "{table}");
    }

    #[test]
    fn every_aim_is_held_against_something_that_is_measured() {
        for aim in aims() {
            assert!(!aim.rows.is_empty(), "{}", aim.what);
            assert!(aim.table == idle::TABLE || aim.rows.iter().all(|row| row.1.is_some()));
        }
    }
}
