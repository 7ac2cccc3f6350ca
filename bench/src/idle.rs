//! What an idle member costs, and whether a line reaches all of them.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Arguments;
use crate::member::{self, Dialect};
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
    let rooms: Vec<String> = (0..rooms).map(|number| format!("#room{number}")).collect();
    println!(
        "{connections} idle members, IRC clients in {} rooms: bytes of server memory for each",
        rooms.len()
    );
    for engine in &arguments.engines {
        for &dialect in dialects {
            let (each, heard) = idle(arguments, engine, dialect, connections, &rooms)?;
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
    rooms: &[String],
) -> io::Result<(f64, usize)> {
    const LINE: &str = "can everyone hear me?";
    let server = Server::start(&arguments.switchboard("chat", engine, dialect.server_arguments()))?;
    let mut speaker = member::connect(&server, dialect, "speaker")?;
    if dialect != Dialect::Plain {
        for room in rooms {
            member::join(&mut speaker, dialect, room)?;
        }
    }
    let empty = server.memory_bytes()?;
    let mut members = Vec::new();
    for number in 0..connections {
        let mut socket = member::connect(&server, dialect, &format!("member{number}"))?;
        if dialect != Dialect::Plain {
            member::join(&mut socket, dialect, &rooms[number % rooms.len()])?;
        }
        members.push(socket);
        if number % 512 == 0 {
            // Who does not read what all are told of each other is closed in the end.
            drain(&mut speaker)?;
        }
    }
    std::thread::sleep(Duration::from_millis(500));
    for member in members.iter_mut().chain([&mut speaker]) {
        drain(member)?;
    }
    std::thread::sleep(Duration::from_millis(500));
    let each = (server.memory_bytes()? as f64 - empty as f64) / connections as f64;
    let places = if dialect == Dialect::Plain { &rooms[..1] } else { rooms };
    for room in places {
        speaker.write_all(dialect.say(room, LINE).as_bytes())?;
    }
    let heard = members.iter_mut().map(|member| usize::from(hears(member, LINE))).sum();
    Ok((each, heard))
}

/// Reads what has come.
fn drain(socket: &mut TcpStream) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    let mut buffer = [0; 65_536];
    while matches!(socket.read(&mut buffer), Ok(1..)) {}
    socket.set_nonblocking(false)
}

/// Whether `line` comes within some seconds.
fn hears(socket: &mut TcpStream, line: &str) -> bool {
    member::read_line_with(socket, line).is_ok()
}
