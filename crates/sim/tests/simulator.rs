//! The simulator itself: it keeps the contract, whatever a service asks, and repeats itself.

use std::time::Duration;

use service::{Address, Batch, Key, KeySpace, Now, Origin, Peer, Reason, Request, Service, Time};
use sim::{Client, Faults, Random, Simulator, Witness, for_each_seed};

/// Asks for anything at any time, in an order drawn from a seed; sends numbered bytes.
struct Restless {
    random: Random,
    keys: Vec<Key>,
    /// Keys that are closed: naming them must do no harm.
    past: Vec<Key>,
    asked: u32,
    now: Time,
    stopping: bool,
    dialled: u64,
    answered_dials: u64,
}

impl Restless {
    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed ^ 0x5EED),
            keys: Vec::new(),
            past: Vec::new(),
            asked: 0,
            now: Time::ZERO,
            stopping: false,
            dialled: 0,
            answered_dials: 0,
        }
    }
}

impl Service for Restless {
    fn begin(&mut self, now: Now) {
        self.now = now.time;
        self.asked = 0;
    }

    fn opened(&mut self, key: Key, origin: &Origin) {
        self.keys.push(key);
        if let service::Via::Connect(_) = origin.via {
            self.answered_dials += 1;
        }
    }

    fn received(&mut self, _key: Key, _bytes: &[u8]) {}

    fn ended(&mut self, _key: Key) {}

    fn transmit(&mut self, _key: Key, batch: &mut Batch) {
        match self.random.within(0..=9) {
            0..=4 => {}
            5..=8 => batch.copy(&vec![7; self.random.within(1..=600)]),
            _ => batch.push(&vec![7; self.random.within(1..=100_000)].into()),
        }
    }

    fn closed(&mut self, key: Key, _reason: Reason) {
        self.keys.retain(|other| *other != key);
        self.past.push(key);
    }

    fn connect_failed(&mut self, _token: u64, _reason: Reason) {
        self.answered_dials += 1;
    }

    fn stopping(&mut self) {
        self.stopping = true;
    }

    fn finish(&mut self) -> Option<Time> {
        let wait = Duration::from_millis(self.random.within(1..=2_000) as u64);
        (!self.stopping).then(|| self.now + wait)
    }

    fn request(&mut self) -> Option<Request> {
        self.asked += 1;
        if self.asked > 5 {
            return None;
        }
        if self.random.chance(0.02) {
            self.dialled += 1;
            return Some(Request::Connect {
                to: Address::Unix("/somewhere".into()),
                token: self.dialled,
            });
        }
        let keys = if self.random.chance(0.9) { &self.keys } else { &self.past };
        if keys.is_empty() {
            return None;
        }
        let key = *self.random.pick(keys);
        Some(match self.random.within(0..=39) {
            0 => Request::Close(key),
            1 => Request::Abort(key),
            2..=7 => Request::Pause(key),
            8..=15 => Request::Resume(key),
            _ => Request::Flush(key),
        })
    }
}

/// A run with clients of every kind; answers its fingerprint.
fn run(seed: u64) -> u64 {
    let mut sim = Simulator::new(Witness::new(Restless::new(seed)), seed);
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..200 {
        act(&mut sim, &mut clients);
        sim.step();
        for dial in sim.dials().to_vec() {
            if sim.random().chance(0.5) {
                clients.push(sim.accept_dial(dial.token, Peer::Unix));
            } else {
                sim.refuse_dial(dial.token);
            }
        }
    }
    sim.stop();
    sim.advance(Simulator::<Restless>::STOP_LIMIT + Duration::from_secs(1));
    assert!(sim.has_stopped(), "stopping takes no longer than its limit");
    assert_eq!(sim.service().open_connections(), 0, "every connection is closed in the end");
    let restless = sim.service().service();
    assert!(restless.stopping);
    assert_eq!(restless.answered_dials, restless.dialled, "every dial comes to something");
    for client in clients {
        let received = sim.received(client);
        assert!(received.iter().all(|&byte| byte == 7), "only what was sent is received");
    }
    sim.fingerprint()
}

fn act(sim: &mut Simulator<Witness<Restless>>, clients: &mut Vec<Client>) {
    let what = sim.random().within(0..=11);
    if what == 0 || clients.is_empty() {
        clients.push(sim.connect());
        return;
    }
    let client = clients[sim.random().index(clients.len())];
    let count = sim.random().within(0..=300);
    match what {
        1..=5 => sim.send(client, &vec![1; count]),
        6 => sim.end(client),
        7 => sim.stop_reading(client),
        8 => sim.resume_reading(client),
        9 => sim.wake(),
        10 if count < 30 => sim.reset(client),
        10 if count < 60 => sim.hang_up(client),
        10 => sim.urgent(client),
        _ => sim.advance(Duration::from_millis(count as u64)),
    }
}

#[test]
fn the_contract_is_kept_whatever_is_asked() {
    for_each_seed("the_contract_is_kept_whatever_is_asked", 300, |seed| {
        run(seed);
    });
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for_each_seed("the_same_seed_gives_the_same_run", 20, |seed| {
        assert_eq!(run(seed), run(seed));
        assert_ne!(run(seed), run(seed + 1));
    });
}

/// Says something to everybody it hears from, and closes on its last word.
#[derive(Default)]
struct Closer(service::Mailboxes);

impl Service for Closer {
    fn opened(&mut self, key: Key, _origin: &Origin) {
        self.0.open(key);
    }
    fn received(&mut self, key: Key, bytes: &[u8]) {
        self.0.send(key, bytes);
        self.0.close(key);
    }
    fn ended(&mut self, _key: Key) {}
    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        self.0.transmit(key, batch);
    }
    fn closed(&mut self, key: Key, _reason: Reason) {
        self.0.remove(key);
    }
    fn request(&mut self) -> Option<Request> {
        self.0.request()
    }
}

#[test]
fn closing_delivers_what_was_queued_and_then_the_end() {
    let mut sim = Simulator::faultless(Closer::default());
    let ada = sim.connect();
    sim.send(ada, &[b'x'; 60_000]);
    sim.run_until_quiet();
    assert_eq!(sim.received(ada).len(), 60_000);
    assert!(sim.saw_end(ada));
    assert_eq!(sim.closed(ada), Some(Reason::Closed));
}

#[test]
fn closing_gives_a_client_that_does_not_read_a_limited_time() {
    let faults = sim::Faults { window_bytes: 10..=10, ..sim::Faults::none() };
    let mut sim = Simulator::with_faults(Closer::default(), 0, faults);
    let ada = sim.connect();
    sim.stop_reading(ada);
    sim.send(ada, &[b'x'; 100]);
    sim.run_until_quiet();
    assert_eq!(sim.closed(ada), None);
    sim.advance(Simulator::<Closer>::CLOSE_LIMIT);
    assert_eq!(sim.closed(ada), Some(Reason::TimedOut));
    assert!(sim.saw_reset(ada));
}

#[test]
fn keys_are_of_the_space_that_was_chosen() {
    let spaces = [0, 1, 2].map(|number| KeySpace::one_of(number, 3));
    let mut keys = Vec::new();
    for space in spaces {
        let mut sim = Simulator::faultless(Closer::default()).in_space(space);
        for _ in 0..2 {
            let clients = [sim.connect(), sim.connect()];
            sim.run_until_quiet();
            for client in clients {
                keys.push(sim.key(client).expect("it is open"));
                assert!(space.contains(*keys.last().unwrap()));
                sim.send(client, b"bye");
                sim.end(client);
            }
            sim.run_until_quiet();
            assert!(clients.iter().all(|&client| sim.received(client) == b"bye"));
        }
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 12, "no key is given twice");
}

/// Names a connection that it was never told of.
struct Liar;

impl Service for Liar {
    fn opened(&mut self, _key: Key, _origin: &Origin) {}
    fn received(&mut self, _key: Key, _bytes: &[u8]) {}
    fn ended(&mut self, _key: Key) {}
    fn transmit(&mut self, _key: Key, _batch: &mut Batch) {}
    fn closed(&mut self, _key: Key, _reason: Reason) {}
    fn request(&mut self) -> Option<Request> {
        Some(Request::Close(Key::new(9, 9)))
    }
}

#[test]
#[should_panic(expected = "which never existed")]
fn a_key_that_was_never_given_is_noticed() {
    let mut sim = Simulator::faultless(Liar);
    sim.wake();
    sim.run_until_quiet();
}

/// Pauses at the first bytes, until it is woken.
#[derive(Default)]
struct Pausing {
    requests: Vec<Request>,
    key: Option<Key>,
    heard: Vec<u8>,
    has_ended: bool,
}

impl Service for Pausing {
    fn opened(&mut self, key: Key, _origin: &Origin) {
        self.key = Some(key);
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        if self.heard.is_empty() {
            self.requests.push(Request::Pause(key));
        }
        self.heard.extend(bytes);
    }

    fn ended(&mut self, _key: Key) {
        self.has_ended = true;
    }

    fn transmit(&mut self, _key: Key, _batch: &mut Batch) {}

    fn closed(&mut self, _key: Key, _reason: Reason) {}

    fn woken(&mut self) {
        self.requests.extend(self.key.map(Request::Resume));
    }

    fn request(&mut self) -> Option<Request> {
        self.requests.pop()
    }
}

/// As what an engine has received may still be told after a pause, so may the end; behind all bytes.
#[test]
fn an_end_that_was_under_way_may_be_told_in_a_pause() {
    const SEEDS: u64 = 200;
    let mut told_in_pause = 0;
    for seed in 0..SEEDS {
        let faults = Faults { delays: 0.3, short_reads: 0.5, late_bytes: 0.5, ..Faults::none() };
        let mut sim = Simulator::with_faults(Pausing::default(), seed, faults);
        let client = sim.connect();
        sim.run_until_quiet();
        sim.send(client, b"last words");
        sim.end(client);
        sim.run_until_quiet();
        if sim.service().has_ended {
            told_in_pause += 1;
            assert_eq!(sim.service().heard, b"last words", "seed {seed}");
        }
        sim.wake();
        sim.run_until_quiet();
        assert!(sim.service().has_ended, "seed {seed}");
        assert_eq!(sim.service().heard, b"last words", "seed {seed}");
    }
    assert!((1..SEEDS).contains(&told_in_pause), "in {told_in_pause} of {SEEDS}");
}
