//! The turn of the readiness engines, over any [`Selector`].
//!
//! Invariant: a connection's key is known to the service from `opened` until `closed`, whatever
//! becomes of its socket in between; a closed key's events reach no one.

mod ending;
mod newcomers;

use std::io;
use std::os::fd::AsRawFd;

use rustix::io::Errno;
use service::{Batch, Key, Now, Reason, Request, Service, Slab, Time};

use self::newcomers::Accepting;
use crate::clock;
use crate::connection::{BATCHES_PER_TURN, Connection, Received, Receiving, Sent, Stage, reason};
use crate::deadlines::Deadlines;
use crate::engine::Ending;
use crate::listener::Listener;
use crate::options::{Counters, Options};
use crate::selector::{Event, Interest, Selector};
use crate::shortage::Shortage;
use crate::side_by_side::Siblings;
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
    siblings: Siblings,
    shortage: Shortage,
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
    drain_deadlines: Deadlines,
    linger_deadlines: Deadlines,
    /// The service has asked to stop.
    stop_wanted: bool,
    service_deadline: Option<Time>,
    now: Time,
    counters: Counters,
}

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
            connections: Slab::in_space(options.keys),
            buffer: vec![0; options.receive_buffer_bytes.max(1)].into(),
            batch: Batch::default(),
            listeners: Vec::new(),
            accepting: Accepting::Open,
            waker,
            siblings: Siblings::default(),
            shortage: Shortage::default(),
            phase: Phase::Running,
            connecting: Vec::new(),
            over: Vec::new(),
            failed: Vec::new(),
            unfinished: Vec::new(),
            changed: Vec::new(),
            drain_deadlines: Deadlines::default(),
            linger_deadlines: Deadlines::default(),
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

    /// From here on it works beside these.
    pub(crate) fn join(&mut self, siblings: Siblings) {
        self.siblings = siblings;
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// One turn. The order of its calls is the contract of [`Service`].
    pub(crate) fn turn<S: Service>(&mut self, service: &mut S) -> io::Result<Option<Ending>> {
        if let Phase::Ended(ending) = self.phase {
            return Ok(Some(ending));
        }
        let mut events = std::mem::take(&mut self.events);
        self.wait(&mut events)?;
        let now = clock::now();
        self.now = now.time;
        self.counters.turns += 1;
        self.tell(service, now, &events);
        self.events = events;
        self.siblings.tell();
        self.service_deadline = service.finish();
        self.serve_requests(service);
        if matches!(self.phase, Phase::Stopping(_)) {
            self.close_all(service);
        }
        self.update_interests();
        self.waker.note(self.connections.len());
        Ok(self.ending(service))
    }

    /// Waits for what happens next, or for the deadline: looking for a while, if that is wanted,
    /// and then asleep.
    fn wait(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        let deadline = self.deadline();
        if let Some(spin) = self.options.spin
            && deadline != Some(Time::ZERO)
        {
            let spun = clock::monotonic() + spin;
            let until = deadline.map_or(spun, |deadline| deadline.min(spun));
            while clock::monotonic() < until {
                self.selector.select(events, Some(Time::ZERO))?;
                if !events.is_empty() {
                    return Ok(());
                }
                std::hint::spin_loop();
            }
        }
        self.selector.select(events, deadline)
    }

    /// When the next turn has to start, whatever the sockets do.
    fn deadline(&self) -> Option<Time> {
        if !self.over.is_empty()
            || !self.failed.is_empty()
            || !self.unfinished.is_empty()
            || self.waker.has_newcomers()
            || self.stop_wanted
            // The service names its first deadline at the end of a turn.
            || self.counters.turns == 0
        {
            return Some(Time::ZERO);
        }
        let resume = match self.accepting {
            Accepting::Open => None,
            Accepting::Paused(until) => Some(until),
        };
        let deadlines = [
            self.service_deadline,
            self.phase.deadline(),
            resume,
            self.drain_deadlines.first(),
            self.linger_deadlines.first(),
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
        self.open_newcomers(service);
        for key in std::mem::take(&mut self.unfinished) {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.is_unfinished = false;
                self.flush(service, key);
            }
        }
        self.tell_ended(service);
    }

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
            let is_last = self.batch.is_last() && connection.stage == Stage::Open;
            match connection.send(&mut self.batch, &mut self.counters) {
                Sent::Whole if is_last => return,
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
