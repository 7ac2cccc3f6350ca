//! Engines that work side by side.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::IntoRawFd;
use std::os::unix::net::{UnixListener, UnixStream};

use engine::{Choice, Ending, Engine, Listen, Options};
use service::{Key, KeySpace, Peer, Reason, Request, Via};

use crate::listening::Folder;
use crate::support::{
    Desk, Fact, PATIENCE, Recorder, Scene, a_place_of_its_own, is_over, options, patient,
    read_exactly, refuses,
};

on_every_engine![
    keys_are_of_the_space_that_was_chosen,
    newcomers_come_to_whoever_has_the_fewest,
    whoever_serves_a_newcomer_knows_where_it_comes_from,
    an_engine_that_is_gone_is_handed_nobody,
    when_one_stops_all_do,
    when_one_ends_at_once_all_do,
];
once![engines_of_different_kinds_do_not_work_side_by_side];

fn keys_are_of_the_space_that_was_chosen(choice: Choice) {
    let spaces = [0, 1, 2].map(|number| KeySpace::one_of(number, 3));
    let mut scenes = spaces.map(|keys| Scene::of(Options { keys, ..options(choice) }, |_, _| ()));
    let mut seen = Vec::new();
    for (space, scene) in spaces.into_iter().zip(&mut scenes) {
        // Some at a time, and then again in places that were used.
        for _ in 0..2 {
            let peers: Vec<_> = (0..5).map(|_| scene.meet()).collect();
            for (key, peer) in &peers {
                assert!(space.contains(*key), "{key:?} is of another space than {space:?}");
                scene.send(*key, b"found");
                assert_eq!(scene.meanwhile(|| read_exactly(peer, 5)), b"found");
            }
            seen.extend(peers.iter().map(|(key, _)| *key));
            for (key, _peer) in &peers {
                scene.ask(Request::Abort(*key));
            }
            scene.until("all are over", |service| service.alive() == 0);
        }
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "no key is given twice");
}

/// Engines side by side, of which the first listens.
struct Row {
    engines: Vec<Engine>,
    services: Vec<Recorder>,
    endings: Vec<Option<Ending>>,
    /// Where the first one listens.
    place: SocketAddr,
}

impl Row {
    /// `count` engines, whose services each do what `reaction` answers.
    fn of<R: FnMut(&mut Desk, &Fact) + 'static>(
        count: usize,
        choice: Choice,
        reaction: impl Fn() -> R,
    ) -> Self {
        let engine = |_| Engine::new(options(choice)).expect("the engine works here");
        let mut engines: Vec<Engine> = (0..count).map(engine).collect();
        let listening = engines[0].listen(&Listen::Inet(a_place_of_its_own()));
        let place = listening.expect("one can listen there").local.expect("an address");
        Engine::side_by_side(&mut engines);
        let services = (0..count).map(|_| Recorder::new(reaction())).collect();
        Self { engines, services, endings: vec![None; count], place }
    }

    /// Each takes a turn, at once, unless it has ended.
    fn turn(&mut self) {
        for ((engine, service), ending) in
            self.engines.iter_mut().zip(&mut self.services).zip(&mut self.endings)
        {
            if ending.is_none() {
                service.limit = Some(engine::monotonic());
                engine.handle().wake();
                *ending = engine.turn(service).expect("a turn");
            }
        }
    }

    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let limit = engine::monotonic() + PATIENCE;
        while !is_so(self) {
            assert!(engine::monotonic() < limit, "never came: {what}");
            self.turn();
        }
    }

    fn alive(&self) -> Vec<usize> {
        self.services.iter().map(Recorder::alive).collect()
    }

    fn everybody(&self) -> usize {
        self.alive().into_iter().sum()
    }

    /// Until every engine has ended, and all that is to be told has been.
    fn end(&mut self) {
        self.until("all have ended", |row| row.endings.iter().all(Option::is_some));
        assert_eq!(self.everybody(), 0, "every connection is closed when they end");
    }
}

fn newcomers_come_to_whoever_has_the_fewest(choice: Choice) {
    let echo = || {
        |desk: &mut Desk, fact: &Fact| {
            if let Fact::Received(key, bytes) = fact {
                desk.send(*key, bytes);
            }
        }
    };
    let mut row = Row::of(3, choice, echo);
    let mut peers = Vec::new();
    for count in 1..=12 {
        peers.push(patient(row.place));
        row.until("all are there", |row| row.everybody() == count);
    }
    assert_eq!(row.alive(), [4, 4, 4]);
    // As many at once, more than one turn accepts.
    peers.extend((0..90).map(|_| patient(row.place)));
    row.until("all are there", |row| row.everybody() == 102);
    let (most, least) = (row.alive().into_iter().max(), row.alive().into_iter().min());
    assert!(most.unwrap() - least.unwrap() <= 1, "{:?}", row.alive());
    // Those of one engine go; whoever comes next takes their place.
    let gone: Vec<Key> = row.services[1].opened().into_iter().take(20).collect();
    gone.iter().for_each(|&key| row.services[1].desk.abort(key));
    row.until("they are gone", |row| row.everybody() == 82);
    row.turn();
    for count in 83..=102 {
        peers.push(patient(row.place));
        row.until("all are there", |row| row.everybody() == count);
    }
    assert_eq!(row.services[1].opened().len(), 34 + 20);

    // Each is served by whoever it came to.
    let readers = std::thread::spawn(move || peers.into_iter().filter(answers).count());
    row.until("all have tried", |_| readers.is_finished());
    assert_eq!(readers.join().unwrap(), 102);
}

/// Whether the peer's echo answers it; the connection of who is gone was reset.
fn answers(mut peer: &TcpStream) -> bool {
    let mut got = [0; 5];
    let answer = peer.write_all(b"hello").and_then(|()| peer.read_exact(&mut got));
    assert!(answer.is_err() || &got == b"hello");
    answer.is_ok()
}

fn whoever_serves_a_newcomer_knows_where_it_comes_from(choice: Choice) {
    let folder = Folder::new();
    let inherited = UnixListener::bind(folder.path("inherited")).unwrap();
    let mut row = Row::of(2, choice, || |_, _| ());
    row.engines[0].listen(&Listen::Unix(folder.path("socket"))).unwrap();
    row.engines[0].listen(&Listen::Inherited(inherited.into_raw_fd())).unwrap();
    let mut inet = Vec::new();
    let mut unix = Vec::new();
    for round in 1..=2 {
        inet.push(patient(row.place));
        row.until("one is there", |row| row.everybody() == 3 * round - 2);
        for (more, name) in ["socket", "inherited"].into_iter().enumerate() {
            unix.push(UnixStream::connect(folder.path(name)).unwrap());
            row.until("one is there", |row| row.everybody() == 3 * round - 1 + more);
        }
    }
    let origins: Vec<_> = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]
        .map(|(engine, nth)| {
            let service = &row.services[engine];
            let origin = service.origin(service.opened()[nth]);
            (origin.peer, origin.via)
        })
        .into();
    let address = |at: usize| Peer::Inet(inet[at].local_addr().unwrap());
    assert_eq!(
        origins,
        [
            (address(0), Via::Listener(0)),
            (Peer::Unix, Via::Listener(1)),
            (Peer::Unix, Via::Listener(2)),
            (address(1), Via::Listener(0)),
            (Peer::Unix, Via::Listener(1)),
            (Peer::Unix, Via::Listener(2)),
        ]
    );
}

fn an_engine_that_is_gone_is_handed_nobody(choice: Choice) {
    let mut row = Row::of(2, choice, || |_, _| ());
    let peer = patient(row.place);
    row.until("it is there", |row| row.everybody() == 1);
    // Handed over, and never taken.
    let orphan = patient(row.place);
    row.services[0].limit = Some(engine::monotonic() + PATIENCE);
    row.engines[0].turn(&mut row.services[0]).unwrap();
    row.engines.truncate(1);
    row.services.truncate(1);
    row.endings.truncate(1);
    assert!(is_over(&orphan), "an engine that is gone keeps nobody waiting");
    let others: Vec<_> = (0..5).map(|_| patient(row.place)).collect();
    row.until("all are there", |row| row.everybody() == 6);
    drop((peer, others));
}

fn when_one_stops_all_do(choice: Choice) {
    for which in 0..3 {
        let goodbye = || {
            let mut keys = Vec::new();
            move |desk: &mut Desk, fact: &Fact| match fact {
                Fact::Opened(key, _) => keys.push(*key),
                Fact::Stopping => keys.iter().for_each(|&key| desk.send(key, b"goodbye")),
                _ => {}
            }
        };
        let mut row = Row::of(3, choice, goodbye);
        let peers: Vec<_> = (0..6).map(|_| patient(row.place)).collect();
        row.until("all are there", |row| row.everybody() == 6);
        let handles: Vec<_> = row.engines.iter().map(Engine::handle).collect();
        assert!(!handles.iter().any(engine::Handle::is_stopping));
        row.services[which].desk.ask(Request::Stop);
        let readers = std::thread::spawn(move || {
            peers.iter().for_each(|peer| assert_eq!(read_exactly(peer, 7), b"goodbye"));
        });
        row.end();
        readers.join().unwrap();
        assert!(row.endings.iter().all(|ending| *ending == Some(Ending::Stopped)));
        assert!(handles.iter().all(engine::Handle::is_stopping));
        for service in &row.services {
            assert_eq!(service.count(|fact| *fact == Fact::Stopping), 1);
            assert_eq!(service.count(|fact| matches!(fact, Fact::Closed(_, Reason::Stopped))), 2);
        }
        refuses(row.place);
    }
}

fn when_one_ends_at_once_all_do(choice: Choice) {
    for has_begun in [false, true] {
        let endless = || {
            |desk: &mut Desk, fact: &Fact| {
                if let Fact::Opened(key, _) = fact {
                    desk.send_from(*key, |batch| batch.copy(&[b'x'; 65536]));
                }
            }
        };
        let mut row = Row::of(3, choice, endless);
        let peers: Vec<_> = (0..6).map(|_| patient(row.place)).collect();
        row.until("all are there", |row| row.everybody() == 6);
        if has_begun {
            row.engines[0].handle().stop();
            row.turn();
        }
        row.engines[2].handle().stop_now();
        row.end();
        assert!(row.endings.iter().all(|ending| *ending == Some(Ending::Forced)));
        for service in &row.services {
            assert_eq!(service.count(|fact| *fact == Fact::Stopping), 1);
        }
        drop(peers);
    }
}

fn engines_of_different_kinds_do_not_work_side_by_side() {
    let engine = |choice| Engine::new(options(choice)).expect("the engine works here");
    let mut engines = [engine(Choice::Poll), engine(Choice::Epoll)];
    let joined = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        Engine::side_by_side(&mut engines);
    }));
    assert!(joined.is_err());
}
