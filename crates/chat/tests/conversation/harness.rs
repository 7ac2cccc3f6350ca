//! A chat without an engine: tests drive the service's calls themselves, in virtual time, and read
//! like transcripts.
//!
//! The harness keeps an engine's side of the contract: one batch out for each connection, asked for
//! until it stays empty and then not before a flush; `closed` last, after everything was sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use chat::{Settings, Switchboard};
use service::{Batch, Key, Now, Origin, Peer, Reason, Request, Service, Time, Via};

/// 2026-11-21 14:02:00 UTC.
const START_MS: u64 = 1_795_269_720_000;

/// A server and the people connected to it.
pub(crate) struct Chat {
    pub(crate) service: Switchboard,
    elapsed: Duration,
    people: BTreeMap<Key, Person>,
    generations: u32,
    turns: u64,
    next_deadline: Option<Time>,
    stopping: bool,
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

impl Chat {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let mut chat = Self {
            service: Switchboard::new(settings),
            elapsed: Duration::ZERO,
            people: BTreeMap::new(),
            generations: 0,
            turns: 0,
            next_deadline: None,
            stopping: false,
        };
        chat.turn(|_| ());
        chat
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

    /// One turn in which `facts` are told.
    pub(crate) fn turn(&mut self, facts: impl FnOnce(&mut Switchboard)) {
        self.turns += 1;
        self.service.begin(self.now());
        facts(&mut self.service);
        self.end_turn();
    }

    fn end_turn(&mut self) {
        loop {
            self.next_deadline = self.service.finish();
            self.transmit();
            while let Some(request) = self.service.request() {
                match request {
                    Request::Flush(key) => self.person(key).flush = true,
                    Request::Close(key) => {
                        self.person(key).flush = true;
                        self.person(key).wants_close = true;
                    }
                    Request::Pause(key) => self.person(key).paused = true,
                    Request::Resume(key) => self.person(key).paused = false,
                    Request::Stop => {
                        self.service.stopping();
                        for person in self.people.values_mut() {
                            (person.flush, person.wants_close) = (true, true);
                        }
                    }
                    other => panic!("the chat never asks for {other:?}"),
                }
                self.transmit();
            }
            let gone: Vec<Key> = self
                .people
                .iter()
                .filter(|(_, person)| {
                    person.wants_close && !person.closed && person.batch.is_empty() && !person.flush
                })
                .map(|(key, _)| *key)
                .collect();
            if gone.is_empty() {
                return;
            }
            self.service.begin(self.now());
            for key in gone {
                self.person(key).closed = true;
                self.service.closed(key, Reason::Closed);
            }
        }
    }

    fn transmit(&mut self) {
        for (key, person) in &mut self.people {
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
                self.service.transmit(*key, &mut person.batch);
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
        let key = Key::new(self.generations, self.generations);
        self.people.insert(key, Person::default());
        let origin = Origin { peer, via: Via::Listener(0) };
        self.turn(|service| service.opened(key, &origin));
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
        self.turn(|service| service.received(key, bytes));
    }

    /// `key` has finished sending.
    pub(crate) fn end(&mut self, key: Key) {
        self.turn(|service| service.ended(key));
    }

    /// The connection breaks.
    pub(crate) fn reset(&mut self, key: Key) {
        self.person(key).closed = true;
        self.turn(|service| service.closed(key, Reason::Reset));
    }

    pub(crate) fn stop_reading(&mut self, key: Key) {
        self.person(key).reads = Reads::Never;
    }

    pub(crate) fn read_again(&mut self, key: Key) {
        self.person(key).reads = Reads::Always;
        self.turn(|_| ());
    }

    /// The engine is told to stop.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
        self.turn(Service::stopping);
        for person in self.people.values_mut() {
            person.wants_close = true;
        }
        self.end_turn();
    }

    /// Time passes; what is due in it happens when it is due.
    pub(crate) fn sleep(&mut self, ms: u64) {
        let end = self.elapsed + Duration::from_millis(ms);
        while let Some(deadline) = self.next_deadline {
            let at = deadline.since(Time::from_nanos(1_000_000_000));
            if at > end {
                break;
            }
            self.elapsed = self.elapsed.max(at);
            self.turn(|_| ());
        }
        self.elapsed = end;
        self.turn(|_| ());
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
