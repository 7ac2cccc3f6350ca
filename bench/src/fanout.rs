//! One member talks, N listen: what a delivery costs.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::net::{RecvFlags, recv};

use crate::member::{self, Dialect};
use crate::server::Server;
use crate::{Arguments, Row, print_rows};

/// Bytes of a line as it is said, its newline included.
const LINE_BYTES: usize = 64;

/// Where IRC clients meet.
const ROOM: &str = "#room";

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
        for _ in 0..arguments.rounds {
            for (row, &dialect) in rows.iter_mut().zip(&spoken) {
                let figure = deliveries(&row.command, dialect, count, window, arguments.duration());
                row.add(figure.inspect_err(|error| eprintln!("{}: {error}", row.name))?);
            }
        }
        println!("fan-out to {count}, {window} lines on their way: ns of server CPU a delivery");
        print_rows(&rows, 1.0);
    }
    Ok(())
}

/// Connects the receivers and the speaker, last, and has the speaker say a first line. Answers them
/// and how long that line is for a receiver.
fn gather(
    server: &Server,
    dialect: Dialect,
    receivers: usize,
    text: &str,
) -> io::Result<(Vec<TcpStream>, TcpStream, usize)> {
    let mut sockets = Vec::new();
    let mut speaker = match dialect {
        Dialect::Plain => {
            for _ in 0..receivers {
                sockets.push(TcpStream::connect(server.address)?);
            }
            let speaker = TcpStream::connect(server.address)?;
            // Past the moment of silence after which a connection counts as a person with netcat.
            std::thread::sleep(Duration::from_millis(1500));
            speaker
        }
        Dialect::Irc | Dialect::IrcTime => {
            // First, so that everybody is told of it.
            let mut speaker = member::connect(server, dialect, "speaker")?;
            member::join(&mut speaker, dialect, ROOM)?;
            for number in 0..receivers {
                let mut socket = member::connect(server, dialect, &format!("m{number}"))?;
                member::join(&mut socket, dialect, ROOM)?;
                sockets.push(socket);
            }
            speaker
        }
    };
    speaker.set_nodelay(true)?;
    speaker.write_all(dialect.say(ROOM, text).as_bytes())?;
    let mut line_bytes = 0;
    for socket in &mut sockets {
        // Whatever greeting there is ends with the first line.
        line_bytes = member::read_line_with(socket, text)?;
    }
    Ok((sockets, speaker, line_bytes))
}

/// One member says `window` lines, waits until every receiver has had them, and goes on so.
fn deliveries(
    command: &[String],
    dialect: Dialect,
    receivers: usize,
    window: usize,
    duration: Duration,
) -> io::Result<f64> {
    let server = Server::start(command)?;
    let text = "x".repeat(LINE_BYTES - 1);
    let (sockets, mut speaker, line_bytes) = gather(&server, dialect, receivers, &text)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    for (index, socket) in sockets.iter().enumerate() {
        epoll::add(&epoll, socket, EventData::new_u64(index as u64), EventFlags::IN)?;
    }
    let said = dialect.say(ROOM, &text).repeat(window);
    let mut buffer = vec![0; 262_144];
    let mut events = Vec::with_capacity(1024);
    let mut missing = vec![0; receivers];
    let mut delivered = 0u64;
    let (mut start, mut cpu) = (Instant::now(), 0);
    let warm_up = duration / 5;
    loop {
        if cpu == 0 && start.elapsed() > warm_up {
            (start, cpu, delivered) = (Instant::now(), server.cpu_nanos()?, 0);
        } else if cpu > 0 && start.elapsed() > duration {
            return Ok((server.cpu_nanos()? - cpu) as f64 / delivered as f64);
        }
        speaker.write_all(said.as_bytes())?;
        missing.fill(line_bytes * window);
        let mut behind = receivers;
        while behind > 0 {
            events.clear();
            epoll::wait(&epoll, spare_capacity(&mut events), None)?;
            for event in &events {
                let data: EventData = event.data;
                let index = data.u64() as usize;
                let (_, count) = recv(&sockets[index], &mut buffer[..], RecvFlags::DONTWAIT)?;
                if count == 0 || count > missing[index] {
                    return Err(io::Error::other("a receiver got something else"));
                }
                missing[index] -= count;
                behind -= usize::from(missing[index] == 0);
            }
        }
        delivered += (window * receivers) as u64;
    }
}
