//! One member talks, N listen: what a delivery costs.

use std::io;
use std::time::Duration;

use load::{Address, Fanout, Pace, Plan};

use crate::member::Dialect;
use crate::server::Server;
use crate::{Arguments, Row, print_rows};

/// Measures the bare broadcast loop and the chat room under each engine and in each dialect, for
/// each number of receivers: nanoseconds of server CPU a delivery.
pub(crate) fn measure(
    arguments: &Arguments,
    dialects: &[Dialect],
    receivers: &[usize],
    window: usize,
) -> io::Result<()> {
    for &count in receivers {
        let bare = Row::new("bare epoll loop", arguments.limit("broadcast"));
        let mut rows = vec![bare];
        let mut spoken = vec![Dialect::Plain];
        for engine in &arguments.engines {
            for &dialect in dialects {
                let more = match dialect {
                    Dialect::Plain => &["--no-throttle", "--anonymous"],
                    Dialect::Irc | Dialect::IrcTime => dialect.server_arguments(),
                };
                let command = arguments.switchboard("chat", engine, more);
                rows.push(Row::new(&format!("{}, {engine}", dialect.name()), command));
                spoken.push(dialect);
            }
        }
        // What the load itself spends on a delivery, on its own core: the most of all rows.
        let mut own = 0f64;
        for _ in 0..arguments.rounds {
            for (row, &dialect) in rows.iter_mut().zip(&spoken) {
                let figures =
                    deliveries(&row.command, dialect, count, window, arguments.duration());
                let (server, load) =
                    figures.inspect_err(|error| eprintln!("{}: {error}", row.name))?;
                row.add(server);
                own = own.max(load);
            }
        }
        println!("fan-out to {count}, {window} lines on their way: ns of server CPU a delivery");
        print_rows(&rows, 1.0);
        println!("(the load spent {own:.0} ns a delivery at most)");
    }
    Ok(())
}

/// One member says `window` lines, waits until every receiver has had them, and goes on so.
/// Nanoseconds a delivery of the server's CPU and of the load's.
fn deliveries(
    command: &[String],
    dialect: Dialect,
    receivers: usize,
    window: usize,
    duration: Duration,
) -> io::Result<(f64, f64)> {
    let server = Server::start(command)?;
    let to = Address::Tcp(server.address);
    let plan = Plan { receivers, ..Plan::new(to, dialect.protocol("", 1)) };
    let mut room = Fanout::gather(plan, &mut ())?;
    room.run(Pace::Window(window), duration / 5, None, &mut ())?;
    let outcome = room.run(Pace::Window(window), duration, Some(server.process()), &mut ())?;
    if outcome.faults != load::Faults::default() {
        return Err(io::Error::other(format!("not all arrived as said: {:?}", outcome.faults)));
    }
    Ok((outcome.cpu_nanos_each().unwrap_or(f64::NAN), outcome.own_nanos_each()))
}
