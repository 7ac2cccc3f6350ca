//! The turn of the completion engine, over `io_uring(7)`.
//!
//! Invariant: a connection's slot, its socket, and all memory that the kernel was handed for it,
//! stay until the kernel's last word on each of its operations. Only then the socket is closed
//! and the service told.
//!
//! The kernel is asked to accept, to receive and to send, and says when it has done so; what a
//! turn asks goes down in the one call that also waits for the next (but for sends to more readers
//! than a group holds). `arming` has every operation that is handed down, and why its memory
//! stays; `newcomers`, `traffic` and `ending` have what comes of them, to each [`Connection`];
//! `sending` is a batch that is on its way by itself, `group` the small ones that go together,
//! `backlog` what came beyond a turn's share; `ring` and `buffers` are the memory shared with the
//! kernel, `operation` the names of what is in it; `probe` finds out whether this kernel, and
//! whoever guards it, knows and allows all of it.

#![allow(unsafe_code, reason = "the kernel is handed memory of ours, and says when it is done")]

mod arming;
mod backlog;
mod buffers;
mod connection;
mod ending;
mod group;
mod newcomers;
mod operation;
mod probe;
mod ring;
mod sending;
mod traffic;

use std::collections::VecDeque;
use std::io;
use std::os::fd::{OwnedFd, RawFd};

use service::{Key, Reason, Request, Service, Slab, Time};

use self::buffers::Buffers;
use self::connection::Connection;
use self::group::Group;
use self::newcomers::{Acceptor, Attempt};
use self::operation::{Kind, Operation};
use self::ring::{Completion, Ring, Wait};
use self::sending::Sending;
use crate::clock;
use crate::connection::Receiving;
use crate::deadlines::Deadlines;
use crate::engine::Ending;
use crate::options::{Counters, Options};
use crate::shortage::Shortage;
use crate::side_by_side::Siblings;
use crate::stopping::Phase;
use crate::waker::{Handle, Waker};

/// The completion engine. It can be built in one thread and run in another, but from its first
/// turn on it stays where it is.
pub(crate) struct Uring {
    ring: Ring,
    buffers: Buffers,
    options: Options,
    connections: Slab<Connection>,
    /// By the listeners' numbers; `None` once closed.
    acceptors: Vec<Option<Acceptor>>,
    /// Connections that are being made. Few at any time.
    attempts: Slab<Attempt>,
    /// Connections accepted beyond a turn's share, with their listener's number.
    surplus: VecDeque<(usize, OwnedFd)>,
    /// How many more connections this turn may accept.
    accepts_left: usize,
    waker: Waker,
    siblings: Siblings,
    shortage: Shortage,
    signals: Option<RawFd>,
    phase: Phase,
    /// Those who found no receive buffer free.
    starved: VecDeque<Key>,
    /// Those of whom an alert has told that they hung up.
    hung_up: Vec<Key>,
    /// Those of whom more came than a turn's share, and who may be told of it.
    behind: Vec<Key>,
    /// Those whose send is done, and who are to be asked for more: whoever of them `is_wanted`.
    sent: Vec<Key>,
    /// What is sent at once, or not: known when the kernel has taken it.
    group: Group,
    /// A connection in the group has more to be sent, or is to be ended: the next enter must not wait.
    is_hurried: bool,
    /// What the service fills next.
    next: Box<Sending>,
    /// Cancels that found nothing to cancel.
    missed: Vec<Operation>,
    /// Connections that are over, for the service to be told.
    over: Vec<Key>,
    /// Attempts to connect that failed at once, for the service to be told.
    failed: Vec<(u64, Reason)>,
    /// When the connections that are draining, and those that are lingering, run out of time.
    /// Each limit is the same for all, so the earliest stands first.
    drain_deadlines: Deadlines,
    linger_deadlines: Deadlines,
    /// The service has asked to stop.
    stop_wanted: bool,
    service_deadline: Option<Time>,
    now: Time,
    /// What the last enter collected; empty between turns.
    completions: Vec<Completion>,
    counters: Counters,
}

// The engine's own descriptors, as their watches name them.
const WAKER: Key = Key::new(0, 0);
const SIGNALS: Key = Key::new(1, 0);

impl Uring {
    pub(crate) fn new(options: Options) -> io::Result<Self> {
        probe::probe()?;
        let ring = Ring::new(options.ring.entries, options.ring.cq_entries)
            .map_err(|error| probe::refusal("a ring of the size asked for", &error))?;
        let buffers = Buffers::register(&ring, options.ring.buffers, options.ring.buffer_bytes)
            .map_err(|error| probe::refusal("a buffer ring of the size asked for", &error))?;
        let mut engine = Self {
            ring,
            buffers,
            connections: Slab::in_space(options.keys),
            acceptors: Vec::new(),
            attempts: Slab::default(),
            surplus: VecDeque::new(),
            accepts_left: 0,
            waker: Waker::new()?,
            siblings: Siblings::default(),
            shortage: Shortage::default(),
            signals: None,
            phase: Phase::Running,
            starved: VecDeque::new(),
            behind: Vec::new(),
            hung_up: Vec::new(),
            sent: Vec::new(),
            group: Group::default(),
            is_hurried: false,
            next: Box::default(),
            missed: Vec::new(),
            over: Vec::new(),
            failed: Vec::new(),
            drain_deadlines: Deadlines::default(),
            linger_deadlines: Deadlines::default(),
            stop_wanted: false,
            service_deadline: None,
            now: Time::ZERO,
            completions: Vec::new(),
            counters: Counters::default(),
            options,
        };
        engine.arm_watch(WAKER);
        Ok(engine)
    }

    /// What it works with.
    pub(crate) fn what(&self) -> String {
        format!("io_uring with {}, multishot accept and receive", self.ring.rung().describe())
    }

    pub(crate) fn handle_signals(&mut self) -> io::Result<()> {
        let fd = self.waker.handle_signals()?;
        if self.signals.replace(fd).is_none() {
            self.arm_watch(SIGNALS);
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
        let ring = self.ring.counts();
        Counters { enters: ring.enters, cq_overflows: ring.overflows, ..self.counters }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// One turn. The order of its calls is the contract of [`Service`].
    pub(crate) fn turn<S: Service>(&mut self, service: &mut S) -> io::Result<Option<Ending>> {
        if let Phase::Ended(ending) = self.phase {
            return Ok(Some(ending));
        }
        match (self.options.spin, self.patience()) {
            (None, wait) | (Some(_), wait @ Wait::Not) => self.ring.enter(wait)?,
            (Some(spin), wait) => self.ring.enter_spinning(wait, spin)?,
        }
        self.settle_group();
        self.counters.turns += 1;
        self.tell(service);
        self.siblings.tell();
        self.service_deadline = service.finish();
        self.serve_requests(service);
        if matches!(self.phase, Phase::Stopping(_)) {
            self.close_all(service);
        }
        self.balance_accepting();
        self.feed_starved();
        self.waker.note(self.connections.len());
        Ok(self.ending(service))
    }

    /// How long the next turn may wait for something to happen.
    fn patience(&self) -> Wait {
        if !self.over.is_empty()
            || !self.failed.is_empty()
            || !self.surplus.is_empty()
            || !self.starved.is_empty()
            || !self.behind.is_empty()
            || !self.sent.is_empty()
            || self.waker.has_newcomers()
            || self.stop_wanted
            || self.is_hurried
            // The service names its first deadline at the end of a turn.
            || self.counters.turns == 0
        {
            return Wait::Not;
        }
        let deadlines = [
            self.service_deadline,
            self.phase.deadline(),
            self.accept_deadline(),
            self.drain_deadlines.first(),
            self.linger_deadlines.first(),
        ];
        deadlines.into_iter().flatten().min().map_or(Wait::Forever, Wait::Until)
    }

    /// Tells the service what happened.
    fn tell<S: Service>(&mut self, service: &mut S) {
        let now = clock::now();
        self.now = now.time;
        service.begin(now);
        self.tell_ended(service);
        self.expire();
        if std::mem::take(&mut self.stop_wanted) {
            self.stop(service, false);
        }
        self.open_surplus(service);
        self.tell_behind(service);
        self.tell_completions(service);
        self.open_newcomers(service);
        self.flush_sent(service);
        self.tell_ended(service);
        self.end_if_due(service);
    }

    /// Takes what the ring has collected, each to those who know what to make of it.
    fn tell_completions<S: Service>(&mut self, service: &mut S) {
        let mut completions = std::mem::take(&mut self.completions);
        self.ring.take_ready(&mut completions);
        for completion in completions.drain(..) {
            let operation = completion.operation;
            if operation.is_cancel {
                if completion.result() == Err(libc::ENOENT) {
                    self.missed.push(operation);
                }
                continue;
            }
            match operation.kind {
                Kind::Accept => self.accepted(service, &completion),
                Kind::Receive => self.received(service, &completion),
                Kind::Send | Kind::Try => self.sent(&completion),
                Kind::Alert => self.alerted(service, &completion),
                Kind::Connect => self.connected(service, &completion),
                Kind::Watch => self.watched(service, operation.key),
            }
        }
        self.completions = completions;
        self.buffers.publish();
        self.look_for_ends();
        self.repeat_missed_cancels();
    }

    /// The waker or the signals have something to say.
    fn watched<S: Service>(&mut self, service: &mut S, which: Key) {
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        if which == SIGNALS {
            for _ in 0..self.waker.hear_signals() {
                self.stop(service, true);
            }
        } else {
            self.hear(service);
        }
        // One shot at a time, armed again after hearing: what is said in between is seen when
        // the watch is armed.
        self.arm_watch(which);
    }

    /// Does what the service asks, until it asks for nothing more.
    fn serve_requests<S: Service>(&mut self, service: &mut S) {
        while let Some(request) = service.request() {
            match request {
                Request::Flush(key) => self.flush(service, key),
                Request::Close(key) => self.close(service, key),
                Request::Abort(key) => self.end(key, Reason::Aborted),
                Request::Pause(key) => self.receiving(key, Receiving::Open, Receiving::Paused),
                Request::Resume(key) => self.receiving(key, Receiving::Paused, Receiving::Open),
                Request::Connect { to, token } => self.connect(&to, token),
                Request::Stop => self.stop_wanted = self.phase.is_running(),
            }
        }
    }

    fn receiving(&mut self, key: Key, from: Receiving, to: Receiving) {
        if let Some(connection) = self.connections.get_mut(key)
            && connection.receiving == from
        {
            connection.receiving = to;
            self.resume_backlog(key);
            self.adjust_receive(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use service::{Batch, Mailboxes, Origin};

    use super::*;
    use crate::listener::Listen;

    #[derive(Default)]
    struct Echo(Mailboxes);

    impl Service for Echo {
        fn opened(&mut self, key: Key, _: &Origin) {
            self.0.open(key);
        }
        fn received(&mut self, key: Key, bytes: &[u8]) {
            self.0.send(key, bytes);
        }
        fn ended(&mut self, key: Key) {
            self.0.close(key);
        }
        fn transmit(&mut self, key: Key, batch: &mut Batch) {
            self.0.transmit(key, batch);
        }
        fn closed(&mut self, key: Key, _: Reason) {
            self.0.remove(key);
        }
        fn request(&mut self) -> Option<Request> {
            self.0.request()
        }
    }

    fn engine() -> (Uring, std::net::SocketAddr) {
        let mut engine = Uring::new(Options::default()).expect("this machine allows io_uring");
        let listen: Listen = "127.0.0.1:0".parse().unwrap();
        let listener = crate::listener::Listener::open(&listen, &Options::default()).unwrap();
        let address = listener.listening_at(&listen).unwrap().local.unwrap();
        engine.listen(listener).unwrap();
        (engine, address)
    }

    #[test]
    fn it_runs_in_another_thread_than_it_was_made_in() {
        let (mut engine, address) = engine();
        let handle = engine.handle();
        let thread = std::thread::spawn(move || {
            let mut service = Echo::default();
            loop {
                if let Some(ending) = engine.turn(&mut service).unwrap() {
                    return (ending, engine);
                }
            }
        });
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"hello").unwrap();
        let mut got = [0; 5];
        client.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"hello");
        drop(client);
        handle.stop();
        let (ending, mut engine) = thread.join().unwrap();
        assert_eq!(ending, Ending::Stopped);
        // An engine that has ended says so again, and waits for nothing.
        assert_eq!(engine.turn(&mut Echo::default()).unwrap(), Some(Ending::Stopped));
        assert_eq!(engine.ring.in_flight(), 0, "the kernel has let go of everything");
    }

    #[test]
    fn dropped_where_it_cannot_cancel_it_leaves_its_memory_to_the_kernel() {
        let (mut engine, address) = engine();
        let (mut client, engine) = std::thread::spawn(move || {
            let client = TcpStream::connect(address).unwrap();
            while engine.connections() == 0 {
                engine.turn(&mut Echo::default()).unwrap();
            }
            (client, engine)
        })
        .join()
        .unwrap();
        drop(engine);
        // The kernel may still write to a buffer: it finds one.
        let _ = client.write_all(&[1; 5000]);
    }
}
