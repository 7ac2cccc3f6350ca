//! How connections come about: accepted by a listener, or made at the service's wish.
//!
//! Invariant: a turn tells the service of no more newcomers than its share, and a listener that
//! cannot accept for want of descriptors rests rather than spins.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use service::{Address, Key, Origin, Peer, Reason, Service, Time, Via};

use super::{Reactor, TAG_LISTENER, TAG_SHIFT};
use crate::connection::{Connection, Stage, reason};
use crate::listener::{ACCEPT_PAUSE, Accepted, peer};
use crate::outgoing;
use crate::selector::{Interest, Selector};
use crate::side_by_side::Newcomer;

/// Whether listeners are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepting {
    Open,
    /// Descriptors or memory have run out. A descriptor of ours that is closed ends the pause; so
    /// does this time, since others may have closed theirs.
    Paused(Time),
}

impl<P: Selector> Reactor<P> {
    pub(super) fn accept<S: Service>(&mut self, service: &mut S, number: usize) {
        // The listeners are gone if the engine began to stop in this very turn.
        for _ in 0..self.options.accepts_per_turn {
            let Some(listener) = self.listeners.get(number) else { return };
            self.counters.accept_calls += 1;
            match listener.accept() {
                Accepted::Connection(socket, peer) => {
                    let (own, siblings) = (self.connections.len(), &self.siblings);
                    self.shortage.accepted(self.now, || own + siblings.connections());
                    let origin = Origin { peer, via: Via::Listener(number as u16) };
                    let newcomer = Newcomer { socket, origin };
                    let kept = self.siblings.place(self.connections.len(), newcomer);
                    if let Some(newcomer) = kept {
                        self.open(service, newcomer);
                    }
                }
                Accepted::None => break,
                Accepted::Gone => {}
                Accepted::Exhausted(errno) => {
                    self.pause_accepting(errno);
                    break;
                }
            }
        }
    }

    /// Tells of those whom other engines have accepted.
    pub(super) fn open_newcomers<S: Service>(&mut self, service: &mut S) {
        for _ in 0..self.options.accepts_per_turn.max(1) {
            let Some(newcomer) = self.waker.next_newcomer() else { return };
            self.open(service, newcomer);
        }
    }

    fn open<S: Service>(&mut self, service: &mut S, newcomer: Newcomer) {
        let Newcomer { socket, origin } = newcomer;
        let key = self.connections.insert(Connection::new(socket, Stage::Open));
        self.counters.accepted += 1;
        self.list(key);
        service.opened(key, &origin);
    }

    pub(super) fn pause_accepting(&mut self, errno: Errno) {
        let (own, siblings) = (self.connections.len(), &self.siblings);
        self.shortage.met(self.now, errno, || own + siblings.connections());
        self.counters.accept_pauses += 1;
        self.accepting = Accepting::Paused(self.now + ACCEPT_PAUSE);
        self.watch_listeners(Interest::NONE);
    }

    pub(super) fn resume_accepting(&mut self) {
        if let Accepting::Paused(until) = self.accepting
            && until <= self.now
        {
            self.accepting = Accepting::Open;
            self.watch_listeners(Interest::READABLE);
        }
    }

    pub(super) fn watch_listeners(&mut self, interest: Interest) {
        for (number, listener) in self.listeners.iter().enumerate() {
            let data = number as u64 | TAG_LISTENER << TAG_SHIFT;
            if let Err(error) = self.selector.modify(listener.as_raw_fd(), interest, data) {
                tracing::error!("a listener can no longer be watched: {error}");
            }
        }
    }

    pub(super) fn connect(&mut self, to: &Address, token: u64) {
        if !self.phase.is_running() {
            return self.failed.push((token, Reason::Stopped));
        }
        match connecting_socket(to) {
            Ok(socket) => {
                let key = self.connections.insert(Connection::new(socket, Stage::Connecting));
                self.connecting.push((key, token));
                self.list(key);
            }
            Err(error) => {
                let errno = Errno::from_io_error(&error).unwrap_or(Errno::INVAL);
                self.failed.push((token, reason(errno)));
            }
        }
    }

    /// An attempt to connect has ended: the socket knows how.
    pub(super) fn connected<S: Service>(&mut self, service: &mut S, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let position = self.connecting.iter().position(|&(other, _)| other == key);
        let (_, token) = self.connecting.swap_remove(position.expect("it is being made"));
        match socket_error(connection.socket()).and_then(|result| result) {
            Ok(()) => {
                connection.stage = Stage::Open;
                let peer = rustix::net::getpeername(connection.socket()).map_or(Peer::Unix, peer);
                self.list(key);
                service.opened(key, &Origin { peer, via: Via::Connect(token) });
            }
            Err(errno) => {
                self.forget(key);
                self.connections.remove(key);
                service.connect_failed(token, reason(errno));
            }
        }
    }

    /// Gives up the connections that are being made.
    pub(super) fn abandon_connecting(&mut self) {
        for (key, token) in std::mem::take(&mut self.connecting) {
            self.forget(key);
            self.connections.remove(key);
            self.failed.push((token, Reason::Stopped));
        }
    }
}

/// A socket that has begun to connect.
fn connecting_socket(to: &Address) -> std::io::Result<OwnedFd> {
    let (socket, address) = outgoing::socket(to)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address) {
        Err(error) if Errno::from_io_error(&error) != Some(Errno::INPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}
