//! How connections come about: accepted by a listener, or made at the service's wish.
//!
//! Invariant: a turn tells the service of no more newcomers than its share, and a listener that
//! cannot accept for want of descriptors rests rather than spins.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use rustix::io::Errno;
use service::{Address, Key, Origin, Peer, Reason, Service, Time, Via};
use socket2::SockAddr;

use super::Uring;
use super::arming::acceptor_key;
use super::connection::Connection;
use super::operation::Kind;
use super::ring::Completion;
use crate::connection::reason;
use crate::listener::{ACCEPT_PAUSE, Accepted, Listener, peer};
use crate::outgoing;
use crate::side_by_side::Newcomer;

/// A listener, and what the kernel is doing about it.
pub(super) struct Acceptor {
    pub(super) listener: Listener,
    pub(super) accepting: Accepting,
    /// Its connections have addresses: it is not a Unix socket.
    has_addresses: bool,
}

/// The accept operation of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepting {
    /// There is none; the end of the turn arms it, when there is room for newcomers.
    Idle,
    /// It is in flight, and may complete many times.
    Armed,
    /// It is in flight, and has been told to end.
    Ending,
    /// There is none: descriptors or memory have run out. A descriptor of ours that is closed
    /// ends the pause; so does this time, since others may have closed theirs.
    Paused(Time),
}

/// A connection that is being made.
pub(super) struct Attempt {
    pub(super) socket: OwnedFd,
    /// The kernel may read it until the attempt has ended, so it stays in one place.
    pub(super) address: Box<SockAddr>,
    token: u64,
}

impl Uring {
    pub(crate) fn listen(&mut self, listener: Listener) -> io::Result<()> {
        // The ring waits by itself; a socket that must not wait would make it give up.
        rustix::io::ioctl_fionbio(&listener, false)?;
        let address = rustix::net::getsockname(&listener)?;
        let has_addresses = address.address_family() != rustix::net::AddressFamily::UNIX;
        let number = self.acceptors.len();
        self.acceptors.push(Some(Acceptor { listener, accepting: Accepting::Idle, has_addresses }));
        self.arm_accept(number);
        Ok(())
    }

    /// What came of an accept. One that has ended is armed again, if at all, when the turn ends.
    pub(super) fn accepted<S: Service>(&mut self, service: &mut S, completion: &Completion) {
        let number = completion.operation.key.index();
        let acceptor = self.acceptors[number].as_mut().expect("it stays while it is in flight");
        if completion.is_last() {
            acceptor.accepting = Accepting::Idle;
        }
        match completion.result() {
            Ok(fd) => {
                // SAFETY: the kernel has just made this descriptor, and told nobody but us.
                let socket = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
                let (own, siblings) = (self.connections.len(), &self.siblings);
                self.shortage.accepted(self.now, || own + siblings.connections());
                if !self.phase.is_running() {
                    drop(socket);
                } else if self.accepts_left == 0 || !self.surplus.is_empty() {
                    self.surplus.push_back((number, socket));
                } else {
                    self.open_accepted(service, number, socket);
                }
            }
            Err(errno) => self.refused(number, Errno::from_raw_os_error(errno)),
        }
        if completion.is_last() && !self.phase.is_running() {
            self.acceptors[number] = None;
        }
    }

    fn refused(&mut self, number: usize, errno: Errno) {
        match (errno, Listener::refused(errno)) {
            // It was told to end, or the kernel has changed its mind.
            (Errno::CANCELED | Errno::INTR, _) => {}
            (_, Accepted::Exhausted(_)) => {
                let (own, siblings) = (self.connections.len(), &self.siblings);
                self.shortage.met(self.now, errno, || own + siblings.connections());
                self.pause_accepting(number);
            }
            // Not the fault of somebody who wanted to connect: it may last.
            (Errno::INVAL | Errno::BADF | Errno::NOTSOCK | Errno::OPNOTSUPP, _) => {
                tracing::error!("a listener does not accept: {errno}");
                self.pause_accepting(number);
            }
            _ => {}
        }
    }

    fn pause_accepting(&mut self, number: usize) {
        self.counters.accept_pauses += 1;
        if let Some(acceptor) = &mut self.acceptors[number] {
            acceptor.accepting = Accepting::Paused(self.now + ACCEPT_PAUSE);
        }
    }

    /// A descriptor of ours was closed: somebody who waits can have it.
    pub(super) fn descriptor_freed(&mut self) {
        for acceptor in self.acceptors.iter_mut().flatten() {
            if let Accepting::Paused(until) = &mut acceptor.accepting {
                *until = self.now;
            }
        }
    }

    /// When the first listener's pause ends.
    pub(super) fn accept_deadline(&self) -> Option<Time> {
        let paused = self.acceptors.iter().flatten().filter_map(|it| match it.accepting {
            Accepting::Paused(until) => Some(until),
            Accepting::Idle | Accepting::Armed | Accepting::Ending => None,
        });
        paused.min()
    }

    /// Tells of those who were accepted in earlier turns and had to wait.
    pub(super) fn open_surplus<S: Service>(&mut self, service: &mut S) {
        self.accepts_left = self.options.accepts_per_turn.max(1);
        while self.accepts_left > 0
            && let Some((number, socket)) = self.surplus.pop_front()
        {
            self.open_accepted(service, number, socket);
        }
    }

    /// Arms the listeners that should accept, and ends what they do when too many wait here: the
    /// others can wait in the kernel as well, and cost no descriptors there.
    pub(super) fn balance_accepting(&mut self) {
        let is_crowded = self.surplus.len() >= self.options.accepts_per_turn.max(1);
        for number in 0..self.acceptors.len() {
            let Some(acceptor) = &mut self.acceptors[number] else { continue };
            match acceptor.accepting {
                Accepting::Idle if self.surplus.is_empty() => self.arm_accept(number),
                Accepting::Paused(until) if until <= self.now => self.arm_accept(number),
                Accepting::Armed if is_crowded => self.end_accepting(number),
                _ => {}
            }
        }
    }

    fn end_accepting(&mut self, number: usize) {
        let acceptor = self.acceptors[number].as_mut().expect("an open listener");
        acceptor.accepting = Accepting::Ending;
        self.cancel(Kind::Accept, acceptor_key(number));
    }

    /// Whether the accept that bears this key has been told to end and has not yet.
    pub(super) fn is_ending_accept(&self, key: Key) -> bool {
        let acceptor = self.acceptors[key.index()].as_ref();
        acceptor.is_some_and(|it| it.accepting == Accepting::Ending)
    }

    /// Nobody is accepted any more, and nobody gets through who has not been told of.
    pub(super) fn close_listeners(&mut self) {
        self.surplus.clear();
        for number in 0..self.acceptors.len() {
            match self.acceptors[number].as_ref().map(|it| it.accepting) {
                Some(Accepting::Armed) => self.end_accepting(number),
                Some(Accepting::Idle | Accepting::Paused(_)) => self.acceptors[number] = None,
                Some(Accepting::Ending) | None => {}
            }
        }
    }

    fn open_accepted<S: Service>(&mut self, service: &mut S, number: usize, socket: OwnedFd) {
        self.accepts_left -= 1;
        let has_addresses = self.acceptors[number].as_ref().is_some_and(|it| it.has_addresses);
        let peer = match has_addresses {
            false => Peer::Unix,
            // A multishot accept does not tell the address, and a peer that has reset the
            // connection meanwhile has none any more: it was never here.
            true => match rustix::net::getpeername(&socket) {
                Ok(address) => peer(address),
                Err(_) => return,
            },
        };
        let origin = Origin { peer, via: Via::Listener(number as u16) };
        let kept = self.siblings.place(self.connections.len(), Newcomer { socket, origin });
        if let Some(Newcomer { socket, origin }) = kept {
            self.counters.accepted += 1;
            self.open(service, socket, origin);
        }
    }

    /// Tells of those whom other engines have accepted.
    pub(super) fn open_newcomers<S: Service>(&mut self, service: &mut S) {
        for _ in 0..self.options.accepts_per_turn.max(1) {
            let Some(Newcomer { socket, origin }) = self.waker.next_newcomer() else { return };
            self.counters.accepted += 1;
            self.open(service, socket, origin);
        }
    }

    fn open<S: Service>(&mut self, service: &mut S, socket: OwnedFd, origin: Origin) {
        let key = self.connections.insert(Connection::new(socket));
        self.adjust_receive(key);
        if !self.options.watch_urgent {
            self.arm_alert(key);
        }
        service.opened(key, &origin);
    }

    pub(super) fn connect(&mut self, to: &Address, token: u64) {
        if !self.phase.is_running() {
            return self.failed.push((token, Reason::Stopped));
        }
        match outgoing::socket(to) {
            Ok((socket, address)) => {
                let socket = socket.into();
                let attempt = Attempt { socket, address: Box::new(address), token };
                let key = self.attempts.insert(attempt);
                self.arm_connect(key);
            }
            Err(error) => {
                let errno = Errno::from_io_error(&error).unwrap_or(Errno::INVAL);
                self.failed.push((token, reason(errno)));
            }
        }
    }

    /// An attempt to connect has ended.
    pub(super) fn connected<S: Service>(&mut self, service: &mut S, completion: &Completion) {
        let attempt = self.attempts.remove(completion.operation.key);
        let Attempt { socket, token, .. } = attempt.expect("it stays while it is in flight");
        let failure = match completion.result() {
            _ if !self.phase.is_running() => Reason::Stopped,
            Ok(_) => {
                let peer = rustix::net::getpeername(&socket).map_or(Peer::Unix, peer);
                return self.open(service, socket, Origin { peer, via: Via::Connect(token) });
            }
            Err(errno) => reason(Errno::from_raw_os_error(errno)),
        };
        drop(socket);
        self.descriptor_freed();
        service.connect_failed(token, failure);
    }

    /// Gives up the connections that are being made; each is told of when the kernel has let go.
    pub(super) fn abandon_connecting(&mut self) {
        let keys: Vec<Key> = self.attempts.keys().collect();
        for key in keys {
            self.cancel(Kind::Connect, key);
        }
    }
}
