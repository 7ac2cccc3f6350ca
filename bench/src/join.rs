//! N members come into one room: what each costs, and whether the next costs more than the last.

use std::io::{self, Write};
use std::time::Instant;

use crate::Arguments;
use crate::member::{self, Dialect};
use crate::server::Server;

/// Connects `members` IRC clients, has all of them join one room, and prints what that took, for
/// each number and engine.
pub(crate) fn measure(arguments: &Arguments, members: &[usize]) -> io::Result<()> {
    println!("joining one room: all of them at once, then one after the other");
    println!(
        "{:<10} {:>8} {:>12} {:>14} {:>12} {:>14}",
        "", "members", "seconds", "us CPU each", "seconds", "us CPU each"
    );
    for engine in &arguments.engines {
        for &count in members {
            let (burst, burst_cpu) = joins(arguments, engine, count, Pace::AllAtOnce)?;
            let (line, line_cpu) = joins(arguments, engine, count, Pace::OneByOne)?;
            println!(
                "{engine:<10} {count:>8} {burst:>12.3} {burst_cpu:>14.1} {line:>12.3} \
                 {line_cpu:>14.1}"
            );
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Pace {
    AllAtOnce,
    /// Each when the one before has been told who is there.
    OneByOne,
}

/// Seconds in all, and microseconds of server CPU for each.
fn joins(arguments: &Arguments, engine: &str, count: usize, pace: Pace) -> io::Result<(f64, f64)> {
    let dialect = Dialect::Irc;
    let server = Server::start(&arguments.switchboard("chat", engine, dialect.server_arguments()))?;
    let mut sockets = Vec::new();
    for number in 0..count {
        sockets.push(member::connect(&server, dialect, &format!("m{number}"))?);
    }
    let (start, cpu) = (Instant::now(), server.cpu_nanos()?);
    match pace {
        Pace::AllAtOnce => {
            for socket in &mut sockets {
                socket.write_all(dialect.join("#room").as_bytes())?;
            }
            for socket in &mut sockets {
                member::wait_joined(socket, dialect)?;
            }
        }
        Pace::OneByOne => {
            for socket in &mut sockets {
                member::join(socket, dialect, "#room")?;
            }
        }
    }
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), server.cpu_nanos()? - cpu);
    Ok((seconds, cpu as f64 / 1000.0 / count as f64))
}
