//! The turn of the readiness engines, over any [`Selector`].
//!
//! Invariant: a connection's key is known to the service from `opened` until `closed`, whatever
//! becomes of its socket in between; a closed key's events reach no one.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use service::{Address, Batch, Key, Now, Origin, Peer, Reason, Request, Service, Slab, Time, Via};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::clock;
use crate::connection::{Connection, Received, Receiving, Sent, Stage, reason};
use crate::engine::Ending;
use crate::listener::{Accepted, Listener};
use crate::options::{Counters, Options};
use crate::selector::{Event, Interest, Selector};
use crate::stopping::Phase;
use crate::waker::{Handle, Waker};

/// A readiness engine: it waits until a socket is ready, and then makes the call.
pub(crate) struct Reactor<P> {
    selector: P,
    options: Options,
    events: Vec<Event>,
    connections: Slab<Connection>,
    /// The one buffer that all connections receive into.
    buffer: Box<[u8]>,
    /// The one batch that all connections send from, while their sockets take it.
    batch: Batch,
    listeners: Vec<Listener>,
    accepting: Accepting,
    waker: Waker,
    phase: Phase,
    /// Connections that are being made, with the service's tokens. Few at any time.
    connecting: Vec<(Key, u64)>,
    /// Connections that are over, for the service to be told.
    over: Vec<(Key, Reason)>,
    /// Attempts to connect that failed at once, for the service to be told.
    failed: Vec<(u64, Reason)>,
    /// Connections that had more to send than their share of a turn.
    unfinished: Vec<Key>,
    /// Connections whose interest may have changed.
    changed: Vec<Key>,
    /// When the connections that are draining, and those that are lingering, run out of time.
    /// Each limit is the same for all, so the earliest stands first.
    drain_deadlines: VecDeque<(Time, Key)>,
    linger_deadlines: VecDeque<(Time, Key)>,
    /// The service has asked to stop.
    stop_wanted: bool,
    service_deadline: Option<Time>,
    now: Time,
    counters: Counters,
}

/// Whether listeners are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepting {
    Open,
    /// Descriptors or memory have run out. A descriptor of ours that is closed ends the pause; so
    /// does this time, since others may have closed theirs.
    Paused(Time),
}

/// How long a listener rests when the system is out of descriptors, if none of ours is closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// So many batches a connection may send in one turn before the others have theirs.
const BATCHES_PER_TURN: usize = 4;

// What the selector carries for a source: a key's 56 bits, with one of these above them.
const TAG_SHIFT: u32 = 56;
const TAG_CONNECTION: u64 = 0;
const TAG_LISTENER: u64 = 1;
const TAG_WAKER: u64 = 2;
const TAG_SIGNALS: u64 = 3;

impl<P: Selector> Reactor<P> {
    pub(crate) fn new(mut selector: P, options: Options) -> io::Result<Self> {
        let waker = Waker::new()?;
        selector.set_idle_backoff(options.idle_backoff);
        selector.register(
            waker.event_fd().as_raw_fd(),
            Interest::READABLE,
            TAG_WAKER << TAG_SHIFT,
        )?;
        Ok(Self {
            selector,
            events: Vec::new(),
            connections: Slab::default(),
            buffer: vec![0; options.receive_buffer_bytes.max(1)].into(),
            batch: Batch::default(),
            listeners: Vec::new(),
            accepting: Accepting::Open,
            waker,
            phase: Phase::Running,
            connecting: Vec::new(),
            over: Vec::new(),
            failed: Vec::new(),
            unfinished: Vec::new(),
            changed: Vec::new(),
            drain_deadlines: VecDeque::new(),
            linger_deadlines: VecDeque::new(),
            stop_wanted: false,
            service_deadline: None,
            now: Time::ZERO,
            counters: Counters::default(),
            options,
        })
    }

    pub(crate) fn listen(&mut self, listener: Listener) -> io::Result<()> {
        let data = self.listeners.len() as u64 | TAG_LISTENER << TAG_SHIFT;
        self.selector.register(listener.as_raw_fd(), Interest::READABLE, data)?;
        self.listeners.push(listener);
        Ok(())
    }

    pub(crate) fn handle_signals(&mut self) -> io::Result<()> {
        let fd = self.waker.handle_signals()?;
        if self.selector.get(fd).is_none() {
            self.selector.register(fd, Interest::READABLE, TAG_SIGNALS << TAG_SHIFT)?;
        }
        Ok(())
    }

    pub(crate) fn handle(&self) -> Handle {
        self.waker.handle()
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// One turn. The order of its calls is the contract of [`Service`].
    pub(crate) fn turn<S: Service>(&mut self, service: &mut S) -> io::Result<Option<Ending>> {
        let mut events = std::mem::take(&mut self.events);
        self.selector.select(&mut events, self.deadline())?;
        let now = clock::now();
        self.now = now.time;
        self.counters.turns += 1;
        self.tell(service, now, &events);
        self.events = events;
        self.service_deadline = service.finish();
        self.serve_requests(service);
        if matches!(self.phase, Phase::Stopping(_)) {
            self.close_all(service);
        }
        self.update_interests();
        Ok(self.ending(service))
    }

    /// When the next turn has to start, whatever the sockets do.
    fn deadline(&self) -> Option<Time> {
        if !self.over.is_empty()
            || !self.failed.is_empty()
            || !self.unfinished.is_empty()
            || self.stop_wanted
        {
            return Some(Time::ZERO);
        }
        let resume = match self.accepting {
            Accepting::Open => None,
            Accepting::Paused(until) => Some(until),
        };
        let front = |queue: &VecDeque<(Time, Key)>| queue.front().map(|&(time, _)| time);
        let deadlines = [
            self.service_deadline,
            self.phase.deadline(),
            resume,
            front(&self.drain_deadlines),
            front(&self.linger_deadlines),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Tells the service what happened.
    fn tell<S: Service>(&mut self, service: &mut S, now: Now, events: &[Event]) {
        service.begin(now);
        self.tell_ended(service);
        self.expire();
        if std::mem::take(&mut self.stop_wanted) {
            self.stop(service, false);
        }
        self.resume_accepting();
        for event in events {
            let number = event.data & ((1 << TAG_SHIFT) - 1);
            match event.data >> TAG_SHIFT {
                TAG_CONNECTION => self.ready(service, Key::from_bits(number), event.ready),
                TAG_LISTENER => self.accept(service, number as usize),
                TAG_WAKER => self.hear(service),
                TAG_SIGNALS => {
                    for _ in 0..self.waker.hear_signals() {
                        self.stop(service, true);
                    }
                }
                tag => unreachable!("no source has tag {tag}"),
            }
        }
        for key in std::mem::take(&mut self.unfinished) {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.is_unfinished = false;
                self.flush(service, key);
            }
        }
        self.tell_ended(service);
    }

    /// Tells of connections that are over, and of attempts that came to nothing.
    fn tell_ended<S: Service>(&mut self, service: &mut S) {
        for (token, reason) in self.failed.drain(..) {
            service.connect_failed(token, reason);
        }
        for (key, reason) in std::mem::take(&mut self.over) {
            if self.connections.remove(key).is_some() {
                service.closed(key, reason);
            }
        }
    }

    // ---- Newcomers ----

    fn accept<S: Service>(&mut self, service: &mut S, number: usize) {
        // The listeners are gone if the engine began to stop in this very turn.
        for _ in 0..self.options.accepts_per_turn {
            let Some(listener) = self.listeners.get(number) else { return };
            self.counters.accept_calls += 1;
            match listener.accept() {
                Accepted::Connection(socket, peer) => {
                    let connection = Connection::new(socket, Stage::Open);
                    let key = self.connections.insert(connection);
                    self.counters.accepted += 1;
                    self.list(key);
                    let via = Via::Listener(number as u16);
                    service.opened(key, &Origin { peer, via });
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

    fn pause_accepting(&mut self, errno: Errno) {
        tracing::warn!(
            connections = self.connections.len(),
            "accepting no one until a descriptor is free: {errno}"
        );
        self.counters.accept_pauses += 1;
        self.accepting = Accepting::Paused(self.now + ACCEPT_PAUSE);
        self.watch_listeners(Interest::NONE);
    }

    fn resume_accepting(&mut self) {
        if let Accepting::Paused(until) = self.accepting
            && until <= self.now
        {
            self.accepting = Accepting::Open;
            self.watch_listeners(Interest::READABLE);
        }
    }

    fn watch_listeners(&mut self, interest: Interest) {
        for (number, listener) in self.listeners.iter().enumerate() {
            let data = number as u64 | TAG_LISTENER << TAG_SHIFT;
            if let Err(error) = self.selector.modify(listener.as_raw_fd(), interest, data) {
                tracing::error!("a listener can no longer be watched: {error}");
            }
        }
    }

    fn connect(&mut self, to: &Address, token: u64) {
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
    fn connected<S: Service>(&mut self, service: &mut S, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let position = self.connecting.iter().position(|&(other, _)| other == key);
        let (_, token) = self.connecting.swap_remove(position.expect("it is being made"));
        match socket_error(connection.socket()).and_then(|result| result) {
            Ok(()) => {
                connection.stage = Stage::Open;
                let peer = rustix::net::getpeername(connection.socket())
                    .map_or(Peer::Unix, crate::listener::peer);
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

    // ---- Those who are there ----

    fn ready<S: Service>(&mut self, service: &mut S, key: Key, ready: Interest) {
        let Some(connection) = self.connections.get(key) else { return };
        if connection.stage == Stage::Connecting {
            return self.connected(service, key);
        }
        if ready.is_priority() && connection.stage == Stage::Open {
            service.urgent(key);
        }
        if ready.is_readable() {
            self.receive(service, key);
        }
        if ready.is_writable() {
            self.flush(service, key);
        }
    }

    fn receive<S: Service>(&mut self, service: &mut S, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.stage == Stage::Over || connection.receiving == Receiving::Ended {
            return;
        }
        let stage = connection.stage;
        match connection.receive(&mut self.buffer) {
            Received::Bytes(count) => {
                self.counters.bytes_in += count as u64;
                if stage == Stage::Open {
                    service.received(key, &self.buffer[..count]);
                }
            }
            Received::End => {
                connection.receiving = Receiving::Ended;
                self.list(key);
                match stage {
                    Stage::Open => service.ended(key),
                    Stage::Lingering => self.end(key, Reason::Closed),
                    Stage::Connecting | Stage::Draining | Stage::Over => {}
                }
            }
            Received::Nothing => {}
            // Everything had been sent: that the peer did not wait for the end is its own affair.
            Received::Failed(_) if stage == Stage::Lingering => self.end(key, Reason::Closed),
            Received::Failed(reason) => self.end(key, reason),
        }
    }

    /// Sends what is parked, and then what the service has to send, as far as the socket and the
    /// connection's share of the turn go.
    fn flush<S: Service>(&mut self, service: &mut S, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if !matches!(connection.stage, Stage::Open | Stage::Draining) {
            return;
        }
        if connection.parked.is_some() {
            match connection.send_parked(&mut self.counters) {
                Sent::Whole => self.list(key),
                Sent::Blocked => return,
                Sent::Failed(reason) => return self.end(key, reason),
            }
        }
        for _ in 0..BATCHES_PER_TURN {
            service.transmit(key, &mut self.batch);
            let Some(connection) = self.connections.get_mut(key) else { return };
            if self.batch.is_empty() {
                if connection.stage == Stage::Draining {
                    self.drained(key);
                }
                return;
            }
            match connection.send(&mut self.batch, &mut self.counters) {
                Sent::Whole => {}
                Sent::Blocked => {
                    connection.parked = Some(Box::new(std::mem::take(&mut self.batch)));
                    return self.list(key);
                }
                Sent::Failed(reason) => {
                    self.batch.clear();
                    return self.end(key, reason);
                }
            }
        }
        if let Some(connection) = self.connections.get_mut(key) {
            connection.is_unfinished = true;
            self.unfinished.push(key);
        }
    }

    // ---- What the service asks ----

    fn serve_requests<S: Service>(&mut self, service: &mut S) {
        while let Some(request) = service.request() {
            match request {
                Request::Flush(key) => self.flush_wanted(service, key),
                Request::Close(key) => self.close(service, key),
                Request::Abort(key) => self.end(key, Reason::Aborted),
                Request::Pause(key) => self.receiving(key, Receiving::Open, Receiving::Paused),
                Request::Resume(key) => self.receiving(key, Receiving::Paused, Receiving::Open),
                Request::Connect { to, token } => self.connect(&to, token),
                Request::Stop => self.stop_wanted = self.phase.is_running(),
            }
        }
    }

    /// Flushes now, unless a batch is parked, whose end brings the service's next one, or this
    /// turn's share was used up, so that the next turn does.
    fn flush_wanted<S: Service>(&mut self, service: &mut S, key: Key) {
        match self.connections.get(key) {
            Some(connection) if connection.parked.is_none() && !connection.is_unfinished => {
                self.flush(service, key);
            }
            _ => {}
        }
    }

    fn receiving(&mut self, key: Key, from: Receiving, to: Receiving) {
        if let Some(connection) = self.connections.get_mut(key)
            && connection.receiving == from
        {
            connection.receiving = to;
            self.list(key);
        }
    }

    fn close<S: Service>(&mut self, service: &mut S, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.stage != Stage::Open {
            return;
        }
        connection.stage = Stage::Draining;
        self.drain_deadlines.push_back((self.now + self.options.close_limit, key));
        self.list(key);
        self.flush_wanted(service, key);
    }

    /// Everything was sent to a connection that is to be closed.
    fn drained(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.receiving == Receiving::Ended || connection.shutdown().is_err() {
            return self.end(key, Reason::Closed);
        }
        // Closing now would answer whatever the peer still sends with a reset, and a reset can
        // overtake our last words.
        connection.stage = Stage::Lingering;
        self.linger_deadlines.push_back((self.now + self.options.linger_limit, key));
        self.list(key);
    }

    /// Closes those whose time has run out.
    fn expire(&mut self) {
        while let Some(key) = pop_due(&mut self.drain_deadlines, self.now) {
            if self.connections.get(key).is_some_and(|it| it.stage == Stage::Draining) {
                self.end(key, Reason::TimedOut);
            }
        }
        while let Some(key) = pop_due(&mut self.linger_deadlines, self.now) {
            if self.connections.get(key).is_some_and(|it| it.stage == Stage::Lingering) {
                self.end(key, Reason::Closed);
            }
        }
    }

    // ---- The end ----

    /// The connection is over, for this reason. The service is told when it is its turn.
    fn end(&mut self, key: Key, reason: Reason) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if matches!(connection.stage, Stage::Over | Stage::Connecting) {
            return;
        }
        let reason = match reason {
            Reason::Closed if !self.phase.is_running() => Reason::Stopped,
            reason => reason,
        };
        self.forget(key);
        self.over.push((key, reason));
    }

    /// Stops watching a connection and closes its socket.
    fn forget(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if !std::mem::take(&mut connection.registered).is_none() {
            let result = self.selector.unregister(connection.fd());
            debug_assert!(result.is_ok());
        }
        connection.close();
        if let Accepting::Paused(until) = &mut self.accepting {
            *until = self.now;
        }
    }

    fn hear<S: Service>(&mut self, service: &mut S) {
        let heard = self.waker.hear();
        if heard.woken {
            service.woken();
        }
        if heard.stop {
            self.stop(service, false);
        }
    }

    fn stop<S: Service>(&mut self, service: &mut S, by_signal: bool) {
        if self.phase.stop(by_signal, self.now, self.options.stop_limit) {
            for listener in self.listeners.drain(..) {
                let _ = self.selector.unregister(listener.as_raw_fd());
            }
            service.stopping();
        }
    }

    /// Closes every connection that is not being closed yet.
    fn close_all<S: Service>(&mut self, service: &mut S) {
        let keys: Vec<Key> = self.connections.keys().collect();
        for key in keys {
            self.close(service, key);
        }
        self.abandon_connecting();
        self.serve_requests(service);
    }

    /// Gives up the connections that are being made.
    fn abandon_connecting(&mut self) {
        for (key, token) in std::mem::take(&mut self.connecting) {
            self.forget(key);
            self.connections.remove(key);
            self.failed.push((token, Reason::Stopped));
        }
    }

    /// Whether the engine has ended with this turn. If it has, every connection has been closed.
    fn ending<S: Service>(&mut self, service: &mut S) -> Option<Ending> {
        let ending = match self.phase {
            Phase::Running => return None,
            Phase::Stopping(_) if self.connections.is_empty() && self.failed.is_empty() => {
                Ending::Stopped
            }
            Phase::Stopping(until) if self.now < until => return None,
            Phase::Stopping(_) => Ending::Stopped,
            Phase::Ended(ending) => ending,
        };
        self.phase = Phase::Ended(ending);
        self.abandon_connecting();
        let keys: Vec<Key> = self.connections.keys().collect();
        for key in keys {
            self.end(key, Reason::Stopped);
        }
        if !self.over.is_empty() || !self.failed.is_empty() {
            // This turn has finished: what is left to be told is told in one more.
            service.begin(clock::now());
            self.tell_ended(service);
            service.finish();
        }
        Some(ending)
    }

    // ---- Interests ----

    /// Has the connection's interest looked at when the turn ends: much of what changes in a turn
    /// has changed back by then.
    fn list(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key)
            && !std::mem::replace(&mut connection.is_listed, true)
        {
            self.changed.push(key);
        }
    }

    fn update_interests(&mut self) {
        let urgent = match self.options.watch_urgent {
            true => Interest::PRIORITY,
            false => Interest::NONE,
        };
        let mut changed = std::mem::take(&mut self.changed);
        for key in changed.drain(..) {
            let Some(connection) = self.connections.get_mut(key) else { continue };
            connection.is_listed = false;
            if connection.stage == Stage::Over {
                continue;
            }
            let interest = connection.interest(urgent);
            let before = std::mem::replace(&mut connection.registered, interest);
            let (fd, data) = (connection.fd(), key.to_bits());
            let result = match (before.is_none(), interest.is_none()) {
                (true, true) => continue,
                (true, false) => self.selector.register(fd, interest, data),
                (false, false) => self.selector.modify(fd, interest, data),
                (false, true) => self.selector.unregister(fd),
            };
            if let Err(error) = result {
                connection.registered = Interest::NONE;
                let errno = Errno::from_io_error(&error).unwrap_or(Errno::NOMEM);
                self.end(key, reason(errno));
            }
        }
        self.changed = changed;
    }
}

/// A socket that has begun to connect.
fn connecting_socket(to: &Address) -> io::Result<OwnedFd> {
    let (domain, address) = match to {
        Address::Inet(address) => (Domain::for_address(*address), SockAddr::from(*address)),
        Address::Unix(path) => (Domain::UNIX, SockAddr::unix(path)?),
    };
    let socket = Socket::new(domain, Type::STREAM.nonblocking().cloexec(), None)?;
    if domain != Domain::UNIX {
        socket.set_tcp_nodelay(true)?;
        socket.set_out_of_band_inline(true)?;
    }
    match socket.connect(&address) {
        Err(error) if Errno::from_io_error(&error) != Some(Errno::INPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}

/// The first of a queue, if its time has come.
fn pop_due(queue: &mut VecDeque<(Time, Key)>, now: Time) -> Option<Key> {
    let &(time, key) = queue.front()?;
    if time > now {
        return None;
    }
    queue.pop_front();
    Some(key)
}
