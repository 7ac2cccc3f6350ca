//! One member talks, N listen: what a delivery costs.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::net::{RecvFlags, recv};

use crate::server::Server;
use crate::{Arguments, Row, print_rows};

/// Bytes of a line as it is said, its newline included.
const LINE_BYTES: usize = 64;

/// Measures the bare broadcast loop and the chat room under each engine, for each number of
/// receivers: nanoseconds of server CPU a delivery.
pub(crate) fn measure(arguments: &Arguments, receivers: &[usize], window: usize) -> io::Result<()> {
    for &count in receivers {
        let mut rows = vec![Row::new("bare epoll loop", arguments.limit("broadcast"))];
        for engine in &arguments.engines {
            let command = arguments.switchboard("chat", engine, &["--no-throttle", "--anonymous"]);
            rows.push(Row::new(&format!("switchboard chat, {engine}"), command));
        }
        for _ in 0..arguments.rounds {
            for row in &mut rows {
                let figure = deliveries(&row.command, count, window, arguments.duration());
                row.add(figure.inspect_err(|error| eprintln!("{}: {error}", row.name))?);
            }
        }
        println!("fan-out to {count}, {window} lines on their way: ns of server CPU a delivery");
        print_rows(&rows, 1.0);
    }
    Ok(())
}

/// One member says `window` lines, waits until every receiver has had them, and goes on so.
fn deliveries(
    command: &[String],
    receivers: usize,
    window: usize,
    duration: Duration,
) -> io::Result<f64> {
    let server = Server::start(command)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    let mut sockets = Vec::new();
    for index in 0..receivers {
        let socket = TcpStream::connect(server.address)?;
        epoll::add(&epoll, &socket, EventData::new_u64(index as u64), EventFlags::IN)?;
        sockets.push(socket);
    }
    let mut speaker = TcpStream::connect(server.address)?;
    speaker.set_nodelay(true)?;
    // Past the moment of silence after which a connection counts as a person with netcat.
    std::thread::sleep(Duration::from_millis(1500));
    let mut line = vec![b'x'; LINE_BYTES - 1];
    line.push(b'\n');
    speaker.write_all(&line)?;
    for socket in &mut sockets {
        // Whatever greeting there is ends with the first line.
        drain_until(socket, &line)?;
    }
    let said = line.repeat(window);
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
        speaker.write_all(&said)?;
        missing.fill(said.len());
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

/// Reads until `line` has come.
fn drain_until(socket: &mut TcpStream, line: &[u8]) -> io::Result<()> {
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
    while !got.ends_with(line) {
        match socket.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => got.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(())
}
