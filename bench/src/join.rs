//! N members come into one room: what each costs, and whether the next costs more than the last.

use std::io;
use std::time::Instant;

use load::{Address, Entrance, Fanout, Plan};

use crate::Arguments;
use crate::member::Dialect;
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
            let (burst, burst_cpu) = joins(arguments, engine, count, Entrance::AllAtOnce)?;
            let (line, line_cpu) = joins(arguments, engine, count, Entrance::OneByOne)?;
            println!(
                "{engine:<10} {count:>8} {burst:>12.3} {burst_cpu:>14.1} {line:>12.3} \
                 {line_cpu:>14.1}"
            );
        }
    }
    Ok(())
}

/// Seconds in all, and microseconds of server CPU for each.
fn joins(
    arguments: &Arguments,
    engine: &str,
    count: usize,
    entrance: Entrance,
) -> io::Result<(f64, f64)> {
    let dialect = Dialect::Irc;
    let server = Server::start(&arguments.switchboard("chat", engine, dialect.server_arguments()))?;
    // All but one listen, and all come in alike.
    let receivers = count.saturating_sub(1);
    let to = Address::Tcp(server.address);
    let plan = Plan { receivers, ..Plan::new(to, dialect.protocol("", 1)) };
    let mut room = Fanout::connect(plan, &mut ())?;
    let (start, cpu) = (Instant::now(), server.process().cpu_nanos()?);
    room.enter(entrance, &mut ())?;
    let seconds = start.elapsed().as_secs_f64();
    let cpu = server.process().cpu_nanos()?.saturating_sub(cpu);
    Ok((seconds, cpu as f64 / 1000.0 / count as f64))
}
