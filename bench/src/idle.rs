//! What an idle member costs, and whether a line reaches all of them.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Arguments;
use crate::server::Server;

/// Fills one room with `connections` members under each engine, and prints the server's memory
/// for each once they are silent; then one member says a line and all others must have it.
pub(crate) fn measure(arguments: &Arguments, connections: usize) -> io::Result<()> {
    println!("{connections} idle members of one room: bytes of server memory for each");
    for engine in &arguments.engines {
        let command = arguments.switchboard("chat", engine, &["--no-throttle"]);
        let server = Server::start(&command)?;
        let mut speaker = member(&server)?;
        let empty = server.memory_bytes()?;
        let mut members = Vec::new();
        for _ in 0..connections {
            members.push(member(&server)?);
        }
        for member in &mut members {
            settle(member)?;
        }
        let each = (server.memory_bytes()? - empty) as f64 / connections as f64;
        speaker.write_all(b"can everyone hear me?\n")?;
        let mut heard = 0;
        for member in &mut members {
            heard += usize::from(hears(member, "can everyone hear me?"));
        }
        println!("{engine:<10} {each:>8.0}   a line reached {heard} of {connections}");
    }
    Ok(())
}

/// A member who has said that he wants no greeting.
fn member(server: &Server) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(server.address)?;
    socket.write_all(b"/plain\n")?;
    Ok(socket)
}

/// Reads what has come until nothing more does.
fn settle(socket: &mut TcpStream) -> io::Result<()> {
    socket.set_read_timeout(Some(Duration::from_millis(1)))?;
    let mut buffer = [0; 65_536];
    while matches!(socket.read(&mut buffer), Ok(1..)) {}
    Ok(())
}

/// Whether `line` comes within some seconds.
fn hears(socket: &mut TcpStream, line: &str) -> bool {
    let timeout = socket.set_read_timeout(Some(Duration::from_secs(5)));
    let (mut heard, mut buffer) = (Vec::new(), [0; 65_536]);
    while timeout.is_ok() && !String::from_utf8_lossy(&heard).contains(line) {
        match socket.read(&mut buffer) {
            Ok(count @ 1..) => heard.extend_from_slice(&buffer[..count]),
            _ => return false,
        }
    }
    true
}
