//! A service that checks the order of its calls and keeps what it was told; an engine of io_uring under
//! it, and peers that write and read what there is.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use engine::{Choice, Counters, Engine, Options, RingOptions};
use service::{Batch, Frame, Key, Mailboxes, Now, Origin, Reason, Request, Service, Time};

/// What the service of these tests does with what it receives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Echo,
    Keep,
}

/// Checks the order of its calls, and keeps what it was told.
pub(crate) struct Witness {
    pub(crate) manner: Manner,
    pub(crate) mail: Mailboxes,
    /// Those who are there, with all that came from them.
    pub(crate) there: HashMap<Key, Vec<u8>>,
    pub(crate) ended: Vec<Key>,
    pub(crate) closed: Vec<(Key, Reason)>,
    pub(crate) opened: Vec<(Key, Origin)>,
    pub(crate) failed: Vec<(u64, Reason)>,
    pub(crate) opened_this_turn: usize,
    pub(crate) most_opened_in_a_turn: usize,
    pub(crate) woken: usize,
    /// How many bytes had come at each call of `urgent`.
    pub(crate) urgent: Vec<usize>,
    pub(crate) deadline: Option<Time>,
    pub(crate) now: Time,
    /// Shared frames for a key, sent before its mail.
    pub(crate) frames: HashMap<Key, Vec<Frame>>,
    pub(crate) batches_out: HashMap<Key, usize>,
    /// What some are to be sent besides, one after the other: each is requested as soon as they have been
    /// given something, and nothing at all can be, too.
    pub(crate) afterthoughts: HashMap<Key, VecDeque<Vec<u8>>>,
    /// The next request, before those of the mail.
    pub(crate) next: Option<Request>,
    /// Those who had nothing to send when they were asked, and for whom nothing was requested since.
    rested: HashSet<Key>,
    /// How often they were asked again all the same.
    pub(crate) asked_in_vain: usize,
}

impl Witness {
    pub(crate) fn new(manner: Manner) -> Self {
        Self {
            manner,
            mail: Mailboxes::default(),
            there: HashMap::new(),
            ended: Vec::new(),
            closed: Vec::new(),
            opened: Vec::new(),
            failed: Vec::new(),
            opened_this_turn: 0,
            most_opened_in_a_turn: 0,
            woken: 0,
            urgent: Vec::new(),
            deadline: None,
            now: Time::ZERO,
            frames: HashMap::new(),
            batches_out: HashMap::new(),
            afterthoughts: HashMap::new(),
            next: None,
            rested: HashSet::new(),
            asked_in_vain: 0,
        }
    }

    pub(crate) fn bytes(&self, key: Key) -> &[u8] {
        &self.there[&key]
    }

    pub(crate) fn total(&self) -> usize {
        self.there.values().map(Vec::len).sum()
    }
}

impl Service for Witness {
    fn begin(&mut self, now: Now) {
        assert!(now.time >= self.now, "the clock never goes back");
        self.now = now.time;
        self.opened_this_turn = 0;
    }

    fn opened(&mut self, key: Key, origin: &Origin) {
        self.opened_this_turn += 1;
        self.most_opened_in_a_turn = self.most_opened_in_a_turn.max(self.opened_this_turn);
        assert!(self.there.insert(key, Vec::new()).is_none(), "opened once");
        self.mail.open(key);
        self.opened.push((key, *origin));
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        assert!(!bytes.is_empty(), "received carries bytes");
        assert!(!self.ended.contains(&key), "nothing comes after the end");
        self.there.get_mut(&key).expect("opened").extend_from_slice(bytes);
        if self.manner == Manner::Echo {
            self.mail.send(key, bytes);
        }
    }

    fn urgent(&mut self, key: Key) {
        self.urgent.push(self.bytes(key).len());
    }

    fn ended(&mut self, key: Key) {
        assert!(self.there.contains_key(&key), "opened");
        assert!(!self.ended.contains(&key), "ended once");
        self.ended.push(key);
        if self.manner == Manner::Echo {
            self.mail.close(key);
        }
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        assert!(batch.is_empty(), "a batch comes empty");
        for frame in self.frames.remove(&key).unwrap_or_default() {
            batch.push(&frame);
        }
        if batch.is_empty() {
            self.mail.transmit(key, batch);
        }
        if let Some(bytes) = self.afterthoughts.get_mut(&key).and_then(VecDeque::pop_front) {
            self.mail.send(key, &bytes);
            self.next = Some(Request::Flush(key));
        } else {
            self.afterthoughts.remove(&key);
        }
        if batch.is_empty() {
            self.asked_in_vain += usize::from(!self.rested.insert(key));
        }
        *self.batches_out.entry(key).or_default() += usize::from(!batch.is_empty());
    }

    fn closed(&mut self, key: Key, reason: Reason) {
        assert!(self.there.remove(&key).is_some(), "closed once, and after it was opened");
        self.ended.retain(|&other| other != key);
        self.mail.remove(key);
        self.closed.push((key, reason));
    }

    fn connect_failed(&mut self, token: u64, reason: Reason) {
        self.failed.push((token, reason));
    }

    fn woken(&mut self) {
        self.woken += 1;
    }

    fn finish(&mut self) -> Option<Time> {
        self.deadline
    }

    fn request(&mut self) -> Option<Request> {
        let request = self.next.take().or_else(|| self.mail.request());
        if let Some(Request::Flush(key) | Request::Close(key)) = request {
            self.rested.remove(&key);
        }
        request
    }
}

/// An engine, its service, and where it listens.
pub(crate) struct Scene {
    pub(crate) engine: Engine,
    pub(crate) service: Witness,
    pub(crate) address: SocketAddr,
}

/// Long enough that only a failure reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

impl Scene {
    pub(crate) fn new(manner: Manner, options: Options) -> Self {
        let options = Options { choice: Choice::Uring, ..options };
        let mut engine = Engine::new(options).expect("this machine allows io_uring");
        let listening = engine.listen(&"127.0.0.1:0".parse().unwrap()).unwrap();
        let service = Witness::new(manner);
        Self { engine, service, address: listening.local.unwrap() }
    }

    pub(crate) fn with_ring(manner: Manner, ring: RingOptions) -> Self {
        Self::new(manner, Options { ring, ..Options::default() })
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream
    }

    /// Turns until `is_so`, at most a while. The service asks for a turn every millisecond, so
    /// that what the test does between turns is seen.
    pub(crate) fn until(&mut self, mut is_so: impl FnMut(&mut Witness) -> bool) {
        let started = Instant::now();
        while !is_so(&mut self.service) {
            assert!(started.elapsed() < PATIENCE, "it never comes: {:?}", self.counters());
            self.turn();
        }
    }

    pub(crate) fn turn(&mut self) {
        if self.service.now == Time::ZERO {
            // Before the first turn the service has not been asked for a deadline.
            self.service.deadline = Some(Time::ZERO);
            self.engine.handle().wake();
            self.engine.turn(&mut self.service).unwrap();
            self.service.woken = 0;
        }
        self.service.deadline = Some(self.service.now + Duration::from_millis(1));
        self.engine.turn(&mut self.service).unwrap();
    }

    pub(crate) fn turns(&mut self, count: usize) {
        for _ in 0..count {
            self.turn();
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        self.engine.counters()
    }

    /// A client, and the key that it has.
    pub(crate) fn client(&mut self) -> (TcpStream, Key) {
        let stream = self.connect();
        let known = self.service.opened.len();
        self.until(|service| service.opened.len() > known);
        (stream, self.service.opened[known].0)
    }
}

/// Reads what is there into `all`; answers whether the end was seen.
pub(crate) fn read_some(stream: &mut impl Read, all: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 65536];
    match stream.read(&mut buffer) {
        Ok(0) => true,
        Ok(count) => {
            all.extend_from_slice(&buffer[..count]);
            false
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => panic!("reading: {error}"),
    }
}

/// Writes what the socket takes of `bytes` from `at` on.
pub(crate) fn write_some(stream: &mut TcpStream, bytes: &[u8], at: &mut usize) {
    match stream.write(&bytes[*at..]) {
        Ok(count) => *at += count,
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(error) => panic!("writing: {error}"),
    }
}

/// Bytes in which every place differs from its neighbours' multiples.
pub(crate) fn pattern(len: usize, salt: u64) -> Vec<u8> {
    let mut state = salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// The smallest ring there is.
pub(crate) const SMALLEST: RingOptions =
    RingOptions { entries: 1, cq_entries: 1, buffers: 1, buffer_bytes: 16 };
