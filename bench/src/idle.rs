//! What an idle member costs, and whether a line reaches all of them.

use std::io;
use std::time::Duration;

use load::{Address, Fanout, Pace, Plan};

use crate::Arguments;
use crate::member::Dialect;
use crate::server::Server;

/// Spreads `connections` members over `rooms` rooms under each engine, and prints the server's
/// memory for each once they are silent; then one member says a line in each room and all must
/// have it. In the plain dialect everybody is in the room that one comes to first, whatever else.
pub(crate) fn measure(
    arguments: &Arguments,
    dialects: &[Dialect],
    connections: usize,
    rooms: usize,
) -> io::Result<()> {
    println!(
        "{connections} idle members, IRC clients in {rooms} rooms: bytes of server memory for each"
    );
    for engine in &arguments.engines {
        for &dialect in dialects {
            let (each, heard) = idle(arguments, engine, dialect, connections, rooms)?;
            let name = dialect.name();
            println!(
                "{engine:<8} {name:<10} {each:>8.0}   a line reached {heard} of {connections}"
            );
        }
    }
    Ok(())
}

/// Bytes for each, and how many heard the line.
fn idle(
    arguments: &Arguments,
    engine: &str,
    dialect: Dialect,
    connections: usize,
    rooms: usize,
) -> io::Result<(f64, u64)> {
    let server = Server::start(&arguments.switchboard("chat", engine, dialect.server_arguments()))?;
    let plan = |receivers| Plan {
        receivers,
        ..Plan::new(Address::Tcp(server.address), dialect.protocol("/plain\n", rooms))
    };
    // What a server needs once, whoever comes, is no member's.
    drop(Fanout::gather(plan(10.max(rooms)), &mut ())?);
    std::thread::sleep(Duration::from_millis(500));
    let empty = server.process().memory_bytes()?;
    let mut room = Fanout::gather(plan(connections), &mut ())?;
    std::thread::sleep(Duration::from_millis(500));
    let full = server.process().memory_bytes()?;
    let each = (full as f64 - empty as f64) / (connections + 1) as f64;
    let outcome = room.run(Pace::Window(1), Duration::from_millis(1), None, &mut ())?;
    Ok((each, outcome.delivered / outcome.said))
}
