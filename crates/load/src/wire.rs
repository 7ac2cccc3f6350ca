//! One connection's bytes: what came and is not dealt with, and what is still to be sent.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// The most that one receive takes.
const BUFFER_BYTES: usize = 256 * 1024;

/// The most that may wait for the rest of a line or message. Over it the server has sent something
/// that no protocol here knows.
pub(crate) const MOST_KEPT_BYTES: usize = 128 * 1024;

/// All connections that are watched, and the one buffer that they receive into.
pub(crate) struct Poller {
    epoll: OwnedFd,
    pub(crate) events: Vec<epoll::Event>,
    pub(crate) buffer: Vec<u8>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(1024),
            buffer: vec![0; BUFFER_BYTES],
        })
    }

    /// Waits until something happens or the time is over; what happened is in `events`.
    pub(crate) fn wait(&mut self, longest: Duration) -> io::Result<()> {
        let longest = Timespec {
            tv_sec: longest.as_secs() as i64,
            tv_nsec: i64::from(longest.subsec_nanos()),
        };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&longest)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// One connection.
pub(crate) struct Wire {
    socket: OwnedFd,
    number: u64,
    /// What came and waits for the rest of its line.
    kept: Vec<u8>,
    /// What is to be sent, of which `sent` bytes have been.
    pub(crate) unsent: Vec<u8>,
    sent: usize,
    waits_to_send: bool,
}

/// What a receive brought.
pub(crate) enum Received {
    /// So many bytes of the buffer are filled, with what was kept in front.
    Bytes(usize),
    Nothing,
    /// The peer has closed, or the connection broke.
    Closed,
}

impl Wire {
    /// Watches `socket`, which may still be connecting: it is writable when that is over.
    pub(crate) fn new(poller: &Poller, socket: OwnedFd, number: usize) -> io::Result<Self> {
        let number = number as u64;
        epoll::add(
            &poller.epoll,
            &socket,
            EventData::new_u64(number),
            EventFlags::IN | EventFlags::OUT,
        )?;
        Ok(Self {
            socket,
            number,
            kept: Vec::new(),
            unsent: Vec::new(),
            sent: 0,
            waits_to_send: true,
        })
    }

    /// Whether the connection attempt, which is over, has led to a connection.
    pub(crate) fn connected(&self) -> io::Result<()> {
        Ok(rustix::net::sockopt::socket_error(&self.socket)??)
    }

    /// Receives what is there into `buffer`, behind what was kept.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        let kept = self.kept.len();
        buffer[..kept].copy_from_slice(&self.kept);
        match recv(&self.socket, &mut buffer[kept..], RecvFlags::DONTWAIT) {
            Ok((_, 0)) => Ok(Received::Closed),
            Ok((_, count)) => {
                self.kept.clear();
                Ok(Received::Bytes(kept + count))
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(Received::Nothing),
            Err(Errno::CONNRESET | Errno::PIPE | Errno::TIMEDOUT) => Ok(Received::Closed),
            Err(error) => Err(error.into()),
        }
    }

    /// Bytes that were received before and not dealt with.
    pub(crate) fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Keeps what was not dealt with, for the next receive. `false` if that is too much.
    pub(crate) fn keep(&mut self, rest: &[u8]) -> bool {
        self.kept.extend_from_slice(rest);
        if rest.is_empty() && self.kept.capacity() > 0 {
            // Thousands of connections that each once had half a line would hold memory for it.
            self.kept = Vec::new();
        }
        self.kept.len() <= MOST_KEPT_BYTES
    }

    /// Bytes that wait to be sent.
    pub(crate) fn backlog(&self) -> usize {
        self.unsent.len() - self.sent
    }

    /// Sends what the kernel takes; the rest is sent when there is room. `false` if the peer has
    /// closed.
    pub(crate) fn flush(&mut self, poller: &Poller) -> io::Result<bool> {
        while self.sent < self.unsent.len() {
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            match send(&self.socket, &self.unsent[self.sent..], flags) {
                Ok(count) => self.sent += count,
                Err(Errno::AGAIN) => {
                    if self.sent >= BUFFER_BYTES {
                        self.unsent.drain(..self.sent);
                        self.sent = 0;
                    }
                    self.wait_to_send(poller, true)?;
                    return Ok(true);
                }
                Err(Errno::INTR) => {}
                // What the peer said last may still be there to be read.
                Err(Errno::CONNRESET | Errno::PIPE) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        self.unsent.clear();
        self.sent = 0;
        self.wait_to_send(poller, false)?;
        Ok(true)
    }

    fn wait_to_send(&mut self, poller: &Poller, wanted: bool) -> io::Result<()> {
        if self.waits_to_send != wanted {
            self.waits_to_send = wanted;
            let flags = if wanted { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            epoll::modify(&poller.epoll, &self.socket, EventData::new_u64(self.number), flags)?;
        }
        Ok(())
    }
}
