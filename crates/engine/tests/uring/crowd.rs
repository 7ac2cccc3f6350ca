//! More readers than a group of sends holds, and everything that can happen to one whose send is in it.

use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use engine::{Options, RingOptions};
use service::{Key, Reason, Request};

use super::scene::*;

/// More than two groups.
const READERS: usize = 1100;
const ROUNDS: usize = 25;

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

fn dice() -> Dice {
    let given = std::env::var("SEED").ok().map(|seed| seed.parse().expect("SEED is a number"));
    let seed = given.unwrap_or_else(|| engine::monotonic().as_nanos() as u64);
    eprintln!("SEED={seed}");
    Dice(seed | 1)
}

/// One who reads, with what it was sent and what has come.
struct Reader {
    key: Key,
    stream: Option<Box<dyn Read>>,
    got: Vec<u8>,
    has_end: bool,
}

impl Reader {
    fn read(&mut self, most: usize) {
        let Some(stream) = &mut self.stream else { return };
        let mut buffer = vec![0; most];
        match stream.read(&mut buffer) {
            Ok(0) => self.has_end = true,
            Ok(count) => self.got.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.has_end = true,
            Err(error) => panic!("reading: {error}"),
        }
    }
}

fn crowd(name: &str, ring: RingOptions) {
    let mut dice = dice();
    let path = std::env::temp_dir().join(format!("switchboard-{name}-{}.sock", std::process::id()));
    let mut scene = Scene::with_ring(Manner::Keep, ring);
    scene.engine.listen(&engine::Listen::Unix(path.clone())).unwrap();
    let mut readers = Vec::new();
    for n in 0..READERS {
        let stream: Box<dyn Read> = if n % 3 == 0 {
            let address = socket2::SockAddr::from(scene.address);
            let socket =
                socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            socket.connect(&address).unwrap();
            socket.set_nonblocking(true).unwrap();
            Box::new(TcpStream::from(socket))
        } else {
            let stream = UnixStream::connect(&path).unwrap();
            stream.set_nonblocking(true).unwrap();
            Box::new(stream)
        };
        scene.until(|service| service.opened.len() > n);
        let key = scene.service.opened[n].0;
        readers.push(Reader {
            key,
            stream: Some(stream),
            got: Vec::new(),
            has_end: false,
        });
    }
    for round in 0..ROUNDS {
        let is_slow_round = round % 3 != 2;
        for reader in &mut readers {
            let key = reader.key;
            if !scene.service.there.contains_key(&key) || reader.stream.is_none() {
                continue;
            }
            if !scene.service.closing.contains(&key) && !dice.one_in(4) {
                let most = if reader.key.index() % 5 == 0 { 16_000 } else { 100 };
                let most = if dice.one_in(100) { 100_000 } else { most };
                let bytes = pattern(1 + dice.below(most), dice.0);
                scene.service.mail.send(key, &bytes);
                scene.service.said.entry(key).or_default().extend(&bytes);
                if dice.one_in(5) {
                    for n in 0..1 + dice.below(3) {
                        let bytes = format!("and more {n}").into_bytes();
                        scene.service.afterthoughts.entry(key).or_default().push_back(bytes);
                    }
                }
            }
            match dice.below(300) {
                0 => scene.service.mail.ask(Request::Abort(key)),
                1 if !scene.service.afterthoughts.contains_key(&key) => {
                    scene.service.closing.insert(key);
                    scene.service.mail.close(key);
                }
                2 => scene.service.mail.ask(Request::Pause(key)),
                3 => scene.service.mail.ask(Request::Resume(key)),
                4 => reader.stream = None,
                _ => {}
            }
        }
        scene.turns(1 + dice.below(2));
        for (n, reader) in readers.iter_mut().enumerate() {
            if n % 7 != 0 || !is_slow_round {
                let most = 1 + dice.below(20_000);
                reader.read(most);
            }
        }
    }
    let mut is_done = false;
    scene.until(|service| {
        for reader in &mut readers {
            reader.read(100_000);
        }
        let reasons: HashMap<_, _> = service.closed.iter().copied().collect();
        is_done = readers.iter().all(|reader| {
            reader.stream.is_none()
                || reader.has_end
                || (reasons.get(&reader.key).is_none() && reader.got.len() >= service.said.get(&reader.key).map_or(0, Vec::len))
        });
        is_done
    });
    let reasons: HashMap<_, _> = scene.service.closed.iter().copied().collect();
    let mut whole = 0;
    for reader in &readers {
        let said = scene.service.said.get(&reader.key).cloned().unwrap_or_default();
        assert!(said.starts_with(&reader.got), "{:?}: what came was sent", reader.key);
        let is_whole = match reasons.get(&reader.key) {
            None => reader.stream.is_some(),
            Some(reason) => *reason == Reason::Closed && reader.stream.is_some(),
        };
        if is_whole && !reader.has_end || scene.service.closing.contains(&reader.key) && is_whole {
            assert_eq!(reader.got.len(), said.len(), "{:?}: all of it", reader.key);
            whole += 1;
        }
    }
    eprintln!("{whole} whole, {} closed, {:?}", reasons.len(), scene.counters());
    assert!(whole > READERS / 2);
    assert_eq!(scene.service.asked_in_vain, 0);
    // Nobody is left over for whom the engine would not rest.
    scene.turns(5);
    let before = scene.counters();
    scene.turns(20);
    let after = scene.counters();
    assert!(after.enters - before.enters <= 25, "at rest: {before:?} {after:?}");
    drop(scene);
}

#[test]
fn a_crowd_is_served_by_the_smallest_queues() {
    crowd("crowd-1", RingOptions { entries: 1, cq_entries: 1, buffers: 4, buffer_bytes: 64 });
}

#[test]
fn a_crowd_is_served_by_small_queues() {
    crowd("crowd-7", RingOptions { entries: 7, cq_entries: 16, buffers: 4, buffer_bytes: 64 });
}

#[test]
fn a_crowd_is_served() {
    crowd("crowd", Options::default().ring);
}
