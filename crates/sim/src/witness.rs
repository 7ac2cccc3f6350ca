//! A service that watches its engine.
//!
//! Invariant: it changes nothing of what passes through it; it only panics when an engine breaks
//! the contract on [`Service`].

use std::collections::{HashMap, HashSet};

use service::{Batch, Key, Now, Origin, Reason, Request, Service, Time};

/// Any service, and beside it an account of whether its engine keeps the contract: with the
/// simulator, or with an engine over real sockets.
///
/// # Panics
///
/// Every method panics when the engine should not have called it now.
#[derive(Debug)]
pub struct Witness<S> {
    service: S,
    phase: Phase,
    /// Open connections.
    lines: HashMap<Key, Line>,
    indices: HashSet<usize>,
    last_time: Time,
    told_stopping: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Between,
    Facts,
    Requests,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    ended: bool,
    /// May be asked for a batch while facts are told: the last one was filled.
    batch_out: bool,
    /// May be asked for a batch: it was named since the last one was left empty.
    named: bool,
    /// Was asked to close: nothing is received any more.
    closing: bool,
}

impl<S: Service> Witness<S> {
    /// Watches over `service`.
    pub fn new(service: S) -> Self {
        Self {
            service,
            phase: Phase::Between,
            lines: HashMap::new(),
            indices: HashSet::new(),
            last_time: Time::ZERO,
            told_stopping: false,
        }
    }

    /// The service inside.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// The service inside, to change.
    pub fn service_mut(&mut self) -> &mut S {
        &mut self.service
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.lines.len()
    }

    fn fact(&self, what: &str) {
        assert_eq!(self.phase, Phase::Facts, "{what} comes between begin and finish");
    }

    fn line(&mut self, key: Key, what: &str) -> &mut Line {
        self.lines.get_mut(&key).unwrap_or_else(|| panic!("{what} for {key:?}, which is not open"))
    }
}

impl<S: Service> Service for Witness<S> {
    fn begin(&mut self, now: Now) {
        assert_ne!(self.phase, Phase::Facts, "a turn begins when the last one has finished");
        assert!(now.time >= self.last_time, "the clock never goes back");
        self.phase = Phase::Facts;
        self.last_time = now.time;
        self.service.begin(now);
    }

    fn opened(&mut self, key: Key, origin: &Origin) {
        self.fact("opened");
        assert!(!self.told_stopping, "nothing is accepted while stopping");
        let line = Line { ended: false, batch_out: false, named: false, closing: false };
        assert!(self.lines.insert(key, line).is_none(), "{key:?} is opened twice");
        assert!(self.indices.insert(key.index()), "an index belongs to one open connection");
        self.service.opened(key, origin);
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        self.fact("received");
        let line = self.line(key, "received");
        assert!(!line.ended, "nothing is received after the end");
        assert!(!line.closing, "nothing is received after Close");
        assert!(!bytes.is_empty(), "what is received is never nothing");
        self.service.received(key, bytes);
    }

    fn urgent(&mut self, key: Key) {
        self.fact("urgent");
        self.line(key, "urgent");
        self.service.urgent(key);
    }

    fn ended(&mut self, key: Key) {
        self.fact("ended");
        let line = self.line(key, "ended");
        assert!(!line.ended, "ended comes at most once");
        assert!(!line.closing, "nothing is received after Close");
        line.ended = true;
        self.service.ended(key);
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        assert_ne!(self.phase, Phase::Between, "transmit belongs into a turn");
        let (phase, stopping) = (self.phase, self.told_stopping);
        let line = self.line(key, "transmit");
        let asked = line.named || stopping;
        assert!(
            line.batch_out || (asked && phase == Phase::Requests),
            "a service that had nothing to send is not asked again"
        );
        assert!(batch.is_empty(), "a batch is handed out empty");
        self.service.transmit(key, batch);
        let line = self.line(key, "transmit");
        line.batch_out = !batch.is_empty();
        line.named &= line.batch_out;
    }

    fn closed(&mut self, key: Key, reason: Reason) {
        self.fact("closed");
        self.line(key, "closed");
        self.lines.remove(&key);
        self.indices.remove(&key.index());
        self.service.closed(key, reason);
    }

    fn connect_failed(&mut self, token: u64, reason: Reason) {
        self.fact("connect_failed");
        self.service.connect_failed(token, reason);
    }

    fn woken(&mut self) {
        self.fact("woken");
        self.service.woken();
    }

    fn stopping(&mut self) {
        self.fact("stopping");
        assert!(!self.told_stopping, "stopping is told once");
        self.told_stopping = true;
        self.service.stopping();
    }

    fn finish(&mut self) -> Option<Time> {
        self.fact("finish");
        self.phase = Phase::Requests;
        if self.told_stopping {
            // From here on the engine closes them all by itself.
            self.lines.values_mut().for_each(|line| line.closing = true);
        }
        self.service.finish()
    }

    fn request(&mut self) -> Option<Request> {
        assert_eq!(self.phase, Phase::Requests, "requests are taken after finish");
        let request = self.service.request();
        match request {
            Some(Request::Flush(key)) => {
                if let Some(line) = self.lines.get_mut(&key) {
                    line.named = true;
                }
            }
            Some(Request::Close(key) | Request::Abort(key)) => {
                if let Some(line) = self.lines.get_mut(&key) {
                    line.named = true;
                    line.closing = true;
                }
            }
            _ => {}
        }
        request
    }
}
