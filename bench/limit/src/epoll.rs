//! The bare loops over `epoll(7)`: wait, one receive for each who is ready, one send for each who
//! is owed something.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::net::{RecvFlags, SendFlags, SocketFlags, accept_with, recv, send};

use crate::Reply;

/// A loop that answers what it receives with what `reply` makes of it.
///
/// # Errors
///
/// What the system says, of the listener above all; otherwise it goes on for ever.
pub fn answer(address: &str, reply: Reply) -> io::Result<()> {
    let mut peers = Peers::listen(address)?;
    let (mut ready, mut buffer, mut out) = (Vec::new(), vec![0; 65_536], Vec::new());
    loop {
        peers.wait(&mut ready)?;
        for &index in &ready {
            let Some(socket) = peers.get(index) else { continue };
            match recv(socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((_, count)) if count > 0 => {
                    out.clear();
                    reply(&buffer[..count], &mut out);
                    let _ = send(socket, &out, SendFlags::NOSIGNAL);
                }
                Err(rustix::io::Errno::AGAIN) => {}
                _ => peers.remove(index),
            }
        }
    }
}

/// A loop that gathers what all have said in a turn and sends it, once, to everyone but its author
/// (to everyone, if several have spoken).
///
/// # Errors
///
/// As [`answer`].
pub fn broadcast(address: &str) -> io::Result<()> {
    let mut peers = Peers::listen(address)?;
    let (mut ready, mut buffer, mut said) = (Vec::new(), vec![0; 65_536], Vec::new());
    loop {
        said.clear();
        let mut author = None;
        peers.wait(&mut ready)?;
        for &index in &ready {
            let Some(socket) = peers.get(index) else { continue };
            match recv(socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((_, count)) if count > 0 => {
                    author = said.is_empty().then_some(index);
                    said.extend_from_slice(&buffer[..count]);
                }
                Err(rustix::io::Errno::AGAIN) => {}
                _ => peers.remove(index),
            }
        }
        if !said.is_empty() {
            for (index, socket) in peers.sockets.iter().enumerate() {
                if let Some(socket) = socket
                    && author != Some(index)
                {
                    let _ = send(socket, &said, SendFlags::NOSIGNAL);
                }
            }
        }
    }
}

/// Sockets by descriptor number, under one epoll.
struct Peers {
    epoll: OwnedFd,
    listener: TcpListener,
    sockets: Vec<Option<OwnedFd>>,
    events: Vec<epoll::Event>,
}

impl Peers {
    fn listen(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        // The standard library listens with a backlog of 128; this makes it longer.
        rustix::net::listen(&listener, 4096)?;
        listener.set_nonblocking(true)?;
        rustix::net::sockopt::set_tcp_nodelay(&listener, true)?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(u64::MAX), EventFlags::IN)?;
        println!("listening on {}", listener.local_addr()?);
        Ok(Self { epoll, listener, sockets: Vec::new(), events: Vec::with_capacity(1024) })
    }

    /// Waits, accepts whoever is new, and puts those who are ready into `ready`.
    fn wait(&mut self, ready: &mut Vec<usize>) -> io::Result<()> {
        ready.clear();
        self.events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), None)?;
        for event in &self.events {
            let data = event.data;
            if data.u64() != u64::MAX {
                ready.push(data.u64() as usize);
                continue;
            }
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            while let Ok(socket) = accept_with(&self.listener, flags) {
                let index = socket.as_raw_fd() as usize;
                epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), EventFlags::IN)?;
                if index >= self.sockets.len() {
                    self.sockets.resize_with(index + 1, || None);
                }
                self.sockets[index] = Some(socket);
            }
        }
        Ok(())
    }

    fn get(&self, index: usize) -> Option<&OwnedFd> {
        self.sockets.get(index)?.as_ref()
    }

    fn remove(&mut self, index: usize) {
        self.sockets[index] = None;
    }
}
