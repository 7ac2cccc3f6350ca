//! The load: connections that each have one request (or one group of requests) on its way and send
//! the next when all of the answer has come. Closed loop: it measures cost, not latency under load.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// What to send, and how much comes back for it.
pub(crate) struct Exchange {
    /// Sent in one piece.
    pub(crate) request: Vec<u8>,
    /// Bytes of the whole answer; found out with a first exchange if `None`.
    pub(crate) answer_bytes: Option<usize>,
    /// How many requests `request` counts for.
    pub(crate) requests: u64,
}

/// Connections with one exchange on its way each.
pub(crate) struct Load {
    epoll: std::os::fd::OwnedFd,
    sockets: Vec<TcpStream>,
    /// Bytes of each one's answer that are still to come.
    missing: Vec<usize>,
    exchange: Exchange,
    answer_bytes: usize,
    buffer: Vec<u8>,
    events: Vec<epoll::Event>,
}

impl Load {
    /// Connects and begins.
    pub(crate) fn start(
        address: SocketAddr,
        connections: usize,
        exchange: Exchange,
    ) -> io::Result<Self> {
        let answer_bytes = match exchange.answer_bytes {
            Some(bytes) => bytes,
            None => answer_bytes(address, &exchange.request)?,
        };
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let mut sockets = Vec::new();
        for index in 0..connections {
            let socket = TcpStream::connect(address)?;
            socket.set_nodelay(true)?;
            epoll::add(&epoll, &socket, EventData::new_u64(index as u64), EventFlags::IN)?;
            sockets.push(socket);
        }
        for socket in &sockets {
            send_all(socket, &exchange.request)?;
        }
        let missing = vec![answer_bytes; connections];
        let (buffer, events) = (vec![0; 262_144], Vec::with_capacity(1024));
        Ok(Self { epoll, sockets, missing, exchange, answer_bytes, buffer, events })
    }

    /// Goes on for `duration`; answers how many requests were answered.
    pub(crate) fn run(&mut self, duration: Duration) -> io::Result<u64> {
        let until = Instant::now() + duration;
        let mut answered = 0;
        while Instant::now() < until {
            self.events.clear();
            epoll::wait(&self.epoll, spare_capacity(&mut self.events), None)?;
            for event in &self.events {
                let data = event.data;
                let index = data.u64() as usize;
                let socket = &self.sockets[index];
                let (_, count) = recv(socket, &mut self.buffer[..], RecvFlags::DONTWAIT)?;
                if count == 0 || count > self.missing[index] {
                    return Err(io::Error::other("the server answered something else"));
                }
                self.missing[index] -= count;
                if self.missing[index] == 0 {
                    self.missing[index] = self.answer_bytes;
                    answered += self.exchange.requests;
                    send_all(socket, &self.exchange.request)?;
                }
            }
        }
        Ok(answered)
    }
}

/// How much the server answers to `request`: what comes until it is silent for a while.
fn answer_bytes(address: SocketAddr, request: &[u8]) -> io::Result<usize> {
    use std::io::Read;
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_millis(300)))?;
    send_all(&socket, request)?;
    let (mut total, mut buffer) = (0, [0; 65_536]);
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return Err(io::Error::other("the server closed instead of answering")),
            Ok(count) => total += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && total > 0 => {
                return Ok(total);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Requests are far smaller than a socket's buffer: a short send is an error here.
fn send_all(socket: impl AsFd, bytes: &[u8]) -> io::Result<()> {
    match send(socket, bytes, SendFlags::NOSIGNAL)? {
        count if count == bytes.len() => Ok(()),
        _ => Err(io::Error::other("a request did not fit the socket's buffer")),
    }
}
