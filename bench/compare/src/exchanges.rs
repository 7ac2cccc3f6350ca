//! Question and answer: echo and HTTP.

use std::time::Duration;

use load::{ExchangePlan, Exchanges, Pace, Question};

use crate::Outcome;
use crate::contestants::{AT_ONCE, Contestant, Tongue};
use crate::figures::Results;
use crate::measure::Measure;
use crate::server::Server;

/// Nanoseconds of server CPU for a question, many connections asking.
pub(crate) const ECHO: &str = "echo";
/// The same for HTTP; its columns are how many requests are sent at once.
pub(crate) const HTTP: &str = "http";
/// Nanoseconds from question to answer on the only connection; its columns are percentiles.
pub(crate) const SINGLE: &str = "single";

/// Connections that ask, where there are many.
const CONNECTIONS: usize = 64;
/// Requests that are sent at once where they are pipelined.
const PIPELINED: usize = 16;
/// Bytes of an echo.
const ECHO_BYTES: usize = 64;

/// Who answers: a bare loop over each engine, and a service of Switchboard's.
fn contestants(measure: &Measure, bare: &str, service: &str) -> Vec<Contestant> {
    let mut contestants: Vec<Contestant> =
        ["epoll", "uring"].map(|engine| measure.places.bare(bare, engine)).into();
    for (engine, name) in &measure.engines {
        contestants.push(ours(service_name(service, name), measure, service, engine, &[]));
    }
    contestants
}

fn ours(name: String, measure: &Measure, service: &str, engine: &str, more: &[&str]) -> Contestant {
    let recipe = measure.places.switchboard(service, engine, more);
    let (tongue, most_readers, at_once) = (Tongue::Lines, 10_000, AT_ONCE);
    Contestant { name, recipe, tongue, most_readers, at_once }
}

/// What a row of one of Switchboard's small services is called.
pub(crate) fn service_name(service: &str, engine: &str) -> String {
    format!("Switchboard, {service}, {engine}")
}

/// 64 connections, an echo each on its way.
pub(crate) fn echo(measure: &mut Measure, results: &mut Results) {
    let contestants = contestants(measure, "echo", "echo");
    let column = CONNECTIONS.to_string();
    forget(measure, &contestants, ECHO, &[&column], results);
    measure.rounds("echo", contestants, results, |measure, contestant, results| {
        let question = Question::Echo { size: ECHO_BYTES };
        costs(measure, contestant, &question, ECHO, &[(&column, 1)], results)
    });
}

/// 64 connections, one request each on its way, then sixteen.
pub(crate) fn http(measure: &mut Measure, results: &mut Results) {
    let mut contestants = contestants(measure, "http", "hello");
    contestants.extend(measure.places.nginx());
    let columns = [1, PIPELINED].map(|count| count.to_string());
    let columns: [&str; 2] = [&columns[0], &columns[1]];
    forget(measure, &contestants, HTTP, &columns, results);
    measure.rounds("http", contestants, results, |measure, contestant, results| {
        let question = Question::Http { host: "localhost".into(), path: "/".into() };
        let windows = [(columns[0], 1), (columns[1], PIPELINED)];
        costs(measure, contestant, &question, HTTP, &windows, results)
    });
}

/// One connection, and how long an echo takes: every engine, because here they differ most.
pub(crate) fn single(measure: &mut Measure, results: &mut Results) {
    let mut contestants: Vec<Contestant> =
        ["epoll", "uring"].map(|engine| measure.places.bare("echo", engine)).into();
    for (engine, name) in crate::contestants::ENGINES {
        contestants.push(ours(service_name("echo", name), measure, "echo", engine, &[]));
    }
    const COLUMNS: [(&str, f64); 3] = [("p50", 50.0), ("p90", 90.0), ("p99", 99.0)];
    forget(measure, &contestants, SINGLE, &COLUMNS.map(|(column, _)| column), results);
    measure.rounds("a single connection", contestants, results, |measure, contestant, results| {
        let server = Server::start(&contestant.recipe, &measure.work)?;
        let question = Question::Echo { size: ECHO_BYTES };
        let mut load = connect(&server, &question, 1)?;
        load.run(Pace::Window(1), measure.slice / 4, None, &mut ())?;
        let outcome = load.run(Pace::Window(1), measure.slice, None, &mut ())?;
        for (column, percentile) in COLUMNS {
            let nanos = outcome.latency.value_at_percentile(percentile) as f64;
            results.add(SINGLE, &contestant.name, column, nanos);
        }
        Ok(())
    });
}

fn forget(
    measure: &Measure,
    contestants: &[Contestant],
    table: &str,
    columns: &[&str],
    results: &mut Results,
) {
    for contestant in contestants.iter().filter(|contestant| measure.wants(contestant)) {
        for column in columns {
            results.forget(table, &contestant.name, column);
        }
    }
}

fn connect(server: &Server, question: &Question, connections: usize) -> Outcome<Exchanges> {
    let plan = ExchangePlan {
        to: server.address.to_string().parse()?,
        question: question.clone(),
        connections,
        patience: Duration::from_secs(10),
    };
    Ok(Exchanges::connect(plan, &mut ())?)
}

/// Starts a server and asks it, with so many questions on their way in each column.
fn costs(
    measure: &Measure,
    contestant: &Contestant,
    question: &Question,
    table: &str,
    columns: &[(&str, usize)],
    results: &mut Results,
) -> Outcome<()> {
    let server = Server::start(&contestant.recipe, &measure.work)?;
    let mut load = connect(&server, question, CONNECTIONS)?;
    for &(column, window) in columns {
        load.run(Pace::Window(window), measure.slice / 4, None, &mut ())?;
        let outcome =
            load.run(Pace::Window(window), measure.slice, Some(server.process), &mut ())?;
        let nanos = outcome.cpu_nanos_each().ok_or("nothing was answered")?;
        results.add(table, &contestant.name, column, nanos);
    }
    Ok(())
}
