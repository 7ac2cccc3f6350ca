//! A chat without an engine: tests drive the service's calls themselves, in virtual time, and read
//! like transcripts.
//!
//! The harness keeps an engine's side of the contract: one batch out for each connection, asked for
//! until it stays empty and then not before a flush; `closed` last, after everything was sent.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chat::{Exchange, Settings, Switchboard};
use service::{Batch, Key, KeySpace, Now, Origin, Peer, Reason, Request, Service, Time, Via};

use crate::desk::branches;

/// 2026-11-21 14:02:00 UTC.
const START_MS: u64 = 1_795_269_720_000;

thread_local! {
    /// On how many loops a chat is made.
    static LOOPS: Cell<usize> = const { Cell::new(1) };
}

/// Does the same on one loop, on two and on three, to which connections come by turns: nobody can
/// tell.
pub(crate) fn on_any_number_of_loops(what: impl Fn()) {
    (1..=3).for_each(|loops| on_loops(loops, &what));
}

/// Does it on so many loops.
pub(crate) fn on_loops<T>(loops: usize, what: impl FnOnce() -> T) -> T {
    LOOPS.set(loops);
    let failing = Failing(loops);
    let result = what();
    std::mem::forget(failing);
    LOOPS.set(1);
    result
}

/// Says on how many loops something has failed.
struct Failing(usize);

impl Drop for Failing {
    fn drop(&mut self) {
        eprintln!("(loops: {})", self.0);
    }
}

/// A server and the people connected to it.
pub(crate) struct Chat {
    loops: Vec<Loop>,
    elapsed: Duration,
    people: BTreeMap<Key, Person>,
    generations: u32,
    turns: u64,
    stopping: bool,
}

/// One of its loops.
struct Loop {
    service: Switchboard,
    next_deadline: Option<Time>,
    woken: Arc<AtomicBool>,
}

/// What the test knows of one connection.
#[derive(Default)]
pub(crate) struct Person {
    /// Bytes received and not looked at yet.
    got: Vec<u8>,
    batch: Batch,
    reads: Reads,
    pub(crate) paused: bool,
    wants_close: bool,
    flush: bool,
    pub(crate) closed: bool,
}

#[derive(Default, PartialEq)]
enum Reads {
    #[default]
    Always,
    Never,
}

impl Loop {
    fn new(service: Switchboard) -> Self {
        Self { service, next_deadline: None, woken: Arc::default() }
    }
}

impl Chat {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let loops = match LOOPS.get() {
            1 => vec![Loop::new(Switchboard::new(settings))],
            count => {
                let exchange = Exchange::new(count);
                let hosts = branches(&settings.host, count).into_iter().enumerate();
                let one = |(number, host)| {
                    let settings = Settings { host, ..settings.clone() };
                    let exchange_of = Arc::clone(&exchange);
                    let one = Loop::new(Switchboard::in_loop(settings, exchange_of, number));
                    let woken = Arc::clone(&one.woken);
                    let wake = move || woken.store(true, Ordering::Relaxed);
                    exchange.set_waker(number, Arc::new(wake));
                    one
                };
                hosts.map(one).collect()
            }
        };
        let mut chat = Self {
            loops,
            elapsed: Duration::ZERO,
            people: BTreeMap::new(),
            generations: 0,
            turns: 0,
            stopping: false,
        };
        for number in 0..chat.loops.len() {
            chat.turn_of(number, |_| ());
        }
        chat
    }

    /// The server, or its first loop.
    pub(crate) fn service(&self) -> &Switchboard {
        &self.loops[0].service
    }

    /// All its loops.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Switchboard> {
        self.loops.iter().map(|one| &one.service)
    }

    /// How the server does, as its first loop tells, in a turn of its own.
    pub(crate) fn status(&mut self) -> serde_json::Value {
        let mut told = String::new();
        self.turn(|service| told = service.status());
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}:\n{told}"))
    }

    pub(crate) fn is_on_one_loop(&self) -> bool {
        self.loops.len() == 1
    }

    /// Which loop serves `key`.
    fn loop_of(&self, key: Key) -> usize {
        KeySpace::one_of(0, self.loops.len() as u32).number_of(key) as usize
    }

    /// How many turns there have been.
    pub(crate) fn turns(&self) -> u64 {
        self.turns
    }

    fn now(&self) -> Now {
        Now {
            time: Time::from_nanos(1_000_000_000) + self.elapsed,
            unix_ms: START_MS + self.elapsed.as_millis() as u64,
        }
    }

    /// One turn in which `facts` are told, of the first loop.
    pub(crate) fn turn(&mut self, facts: impl FnOnce(&mut Switchboard)) {
        self.turn_of(0, facts);
    }

    /// One turn of a loop in which `facts` are told, and then of those that are woken.
    fn turn_of(&mut self, number: usize, facts: impl FnOnce(&mut Switchboard)) {
        self.turns += 1;
        let now = self.now();
        let service = &mut self.loops[number].service;
        service.begin(now);
        facts(service);
        self.end_turn(number);
        let is_woken = |one: &Loop| one.woken.swap(false, Ordering::Relaxed);
        while let Some(number) = self.loops.iter().position(is_woken) {
            let service = &mut self.loops[number].service;
            service.begin(now);
            service.woken();
            self.end_turn(number);
        }
    }

    /// Every loop is woken.
    pub(crate) fn wake(&mut self) {
        for number in 0..self.loops.len() {
            self.turn_of(number, Service::woken);
        }
    }

    fn end_turn(&mut self, number: usize) {
        let now = self.now();
        loop {
            self.loops[number].next_deadline = self.loops[number].service.finish();
            self.transmit(number);
            while let Some(request) = self.loops[number].service.request() {
                match request {
                    Request::Flush(key) => self.person(key).flush = true,
                    Request::Close(key) => {
                        self.person(key).flush = true;
                        self.person(key).wants_close = true;
                    }
                    Request::Pause(key) => self.person(key).paused = true,
                    Request::Resume(key) => self.person(key).paused = false,
                    Request::Stop => {
                        self.loops[number].service.stopping();
                        let space = KeySpace::one_of(number as u32, self.loops.len() as u32);
                        let own = self.people.iter_mut().filter(|(key, _)| space.contains(**key));
                        for (_, person) in own {
                            (person.flush, person.wants_close) = (true, true);
                        }
                    }
                    other => panic!("the chat never asks for {other:?}"),
                }
                self.transmit(number);
            }
            let gone: Vec<Key> = self
                .people
                .iter()
                .filter(|(key, person)| {
                    self.loop_of(**key) == number
                        && person.wants_close
                        && !person.closed
                        && person.batch.is_empty()
                        && !person.flush
                })
                .map(|(key, _)| *key)
                .collect();
            if gone.is_empty() {
                return;
            }
            self.loops[number].service.begin(now);
            for key in gone {
                self.person(key).closed = true;
                self.loops[number].service.closed(key, Reason::Closed);
            }
        }
    }

    fn transmit(&mut self, number: usize) {
        let space = KeySpace::one_of(number as u32, self.loops.len() as u32);
        let service = &mut self.loops[number].service;
        let own = self.people.iter_mut().filter(|(key, _)| space.contains(**key));
        for (key, person) in own {
            while person.flush && !person.closed {
                if person.reads == Reads::Always {
                    while !person.batch.is_empty() {
                        let mut slices = [std::io::IoSlice::new(&[])];
                        person.batch.slices(&mut slices);
                        let count = slices[0].len();
                        person.got.extend_from_slice(&slices[0][..count]);
                        person.batch.advance(count);
                    }
                }
                if !person.batch.is_empty() {
                    break;
                }
                service.transmit(*key, &mut person.batch);
                person.flush = !person.batch.is_empty();
            }
        }
    }

    pub(crate) fn person(&mut self, key: Key) -> &mut Person {
        self.people.get_mut(&key).expect("a connection of this test")
    }

    /// Somebody connects from this machine.
    pub(crate) fn connect(&mut self) -> Key {
        self.connect_from(Peer::Unix)
    }

    pub(crate) fn connect_from_address(&mut self, address: &str) -> Key {
        let address: SocketAddr = format!("{address}:4000").parse().expect("an address");
        self.connect_from(Peer::Inet(address))
    }

    fn connect_from(&mut self, peer: Peer) -> Key {
        self.generations += 1;
        let number = self.generations as usize % self.loops.len();
        let bits = KeySpace::one_of(0, self.loops.len() as u32).bits();
        let key = Key::new(self.generations << bits | number as u32, self.generations);
        self.people.insert(key, Person::default());
        let origin = Origin { peer, via: Via::Listener(0) };
        self.turn_of(number, |service| service.opened(key, &origin));
        key
    }

    /// Somebody connects, waits to be welcomed, takes a name and reads all that.
    pub(crate) fn join(&mut self, name: &str) -> Key {
        let key = self.connect();
        self.sleep(1000);
        self.say(key, &format!("/nick {name}"));
        self.sleep(10_000);
        for key in self.people.keys().copied().collect::<Vec<_>>() {
            if self.person(key).reads == Reads::Always {
                self.read(key);
            }
        }
        key
    }

    /// `key` sends a line.
    pub(crate) fn say(&mut self, key: Key, line: &str) {
        self.send(key, format!("{line}\n").as_bytes());
    }

    /// `key` sends bytes, in one piece.
    pub(crate) fn send(&mut self, key: Key, bytes: &[u8]) {
        self.turn_of(self.loop_of(key), |service| service.received(key, bytes));
    }

    /// `key` has finished sending.
    pub(crate) fn end(&mut self, key: Key) {
        self.turn_of(self.loop_of(key), |service| service.ended(key));
    }

    /// The connection breaks.
    pub(crate) fn reset(&mut self, key: Key) {
        self.person(key).closed = true;
        self.turn_of(self.loop_of(key), |service| service.closed(key, Reason::Reset));
    }

    pub(crate) fn stop_reading(&mut self, key: Key) {
        self.person(key).reads = Reads::Never;
    }

    pub(crate) fn read_again(&mut self, key: Key) {
        self.person(key).reads = Reads::Always;
        self.turn_of(self.loop_of(key), |_| ());
    }

    /// The engine is told to stop.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
        self.turn(Service::stopping);
        for person in self.people.values_mut() {
            person.wants_close = true;
        }
        for number in 0..self.loops.len() {
            self.end_turn(number);
        }
    }

    /// Time passes; what is due in it happens when it is due.
    pub(crate) fn sleep(&mut self, ms: u64) {
        let end = self.elapsed + Duration::from_millis(ms);
        let next = |(number, one): (usize, &Loop)| Some((one.next_deadline?, number));
        while let Some((deadline, number)) = self.loops.iter().enumerate().filter_map(next).min() {
            let at = deadline.since(Time::from_nanos(1_000_000_000));
            if at > end {
                break;
            }
            self.elapsed = self.elapsed.max(at);
            self.turn_of(number, |_| ());
        }
        self.elapsed = end;
        for number in 0..self.loops.len() {
            self.turn_of(number, |_| ());
        }
    }

    /// What `key` has got since it was last asked.
    pub(crate) fn read_bytes(&mut self, key: Key) -> Vec<u8> {
        std::mem::take(&mut self.person(key).got)
    }

    /// `key` has not looked at these bytes, which it was given, after all.
    pub(crate) fn unread(&mut self, key: Key, bytes: Vec<u8>) {
        self.person(key).got.splice(0..0, bytes);
    }

    pub(crate) fn read(&mut self, key: Key) -> String {
        String::from_utf8(self.read_bytes(key)).expect("only UTF-8 is sent")
    }

    /// `key` has got exactly these lines since it was last asked.
    #[track_caller]
    pub(crate) fn sees(&mut self, key: Key, lines: &[&str]) {
        let got = self.read(key);
        assert_eq!(got.lines().collect::<Vec<_>>(), lines);
        assert!(got.is_empty() || got.ends_with('\n'));
    }

    pub(crate) fn is_closed(&mut self, key: Key) -> bool {
        self.person(key).closed
    }
}
