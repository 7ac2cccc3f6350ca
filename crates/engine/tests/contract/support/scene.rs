//! An engine with a recording service and a listener, turned on the test's own thread.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use engine::{Choice, Ending, Engine, Handle, Listen, Options};
use service::{Key, Request};

use super::{A_WHILE, Desk, Fact, PATIENCE, Recorder, a_place_of_its_own, at_rest, patient};

/// The options of most cases: the defaults, and a sweep that leaves the processor to others.
pub(crate) fn options(choice: Choice) -> Options {
    Options { choice, idle_backoff: Some(Duration::from_millis(1)), ..Options::default() }
}

/// An engine at work, seen from the test.
pub(crate) struct Scene {
    pub(crate) service: Recorder,
    pub(crate) engine: Engine,
    /// Where it listens.
    pub(crate) place: SocketAddr,
}

impl Scene {
    /// An engine whose service listens and says nothing.
    pub(crate) fn new(choice: Choice) -> Self {
        Self::of(options(choice), |_, _| ())
    }

    /// An engine whose service does `reaction` to what it is told.
    pub(crate) fn reacting(
        choice: Choice,
        reaction: impl FnMut(&mut Desk, &Fact) + 'static,
    ) -> Self {
        Self::of(options(choice), reaction)
    }

    pub(crate) fn of(options: Options, reaction: impl FnMut(&mut Desk, &Fact) + 'static) -> Self {
        Self::at(&Listen::Inet(a_place_of_its_own()), options, reaction)
    }

    /// An engine that listens at `listen`. If that is no address, [`Scene::place`] means nothing.
    pub(crate) fn at(
        listen: &Listen,
        options: Options,
        reaction: impl FnMut(&mut Desk, &Fact) + 'static,
    ) -> Self {
        let mut engine = Engine::new(options).expect("the engine works here");
        let listening = engine.listen(listen).expect("one can listen there");
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let place = listening.local.unwrap_or(nowhere);
        Self { engine, service: Recorder::new(reaction), place }
    }

    /// One turn, which lasts [`PATIENCE`] at most if it is not the first.
    pub(crate) fn turn(&mut self) -> Option<Ending> {
        self.service.limit = Some(engine::monotonic() + PATIENCE);
        self.engine.turn(&mut self.service).expect("a turn")
    }

    /// Turns until the service has seen what is waited for.
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&Recorder) -> bool) {
        let limit = engine::monotonic() + PATIENCE;
        while !is_so(&self.service) {
            let story = || self.service.story();
            assert!(engine::monotonic() < limit, "never came: {what}; {}", story());
            let ending = self.turn();
            assert!(ending.is_none() || is_so(&self.service), "ended before: {what}");
        }
    }

    /// Goes on for `a_while`, whatever happens.
    pub(crate) fn go_on(&mut self, a_while: Duration) {
        let until = engine::monotonic() + a_while;
        self.wake();
        while engine::monotonic() < until {
            self.service.desk.deadline = Some(until);
            let ending = self.turn();
            assert_eq!(ending, None, "nobody asked to stop");
        }
    }

    /// Goes on for a while in which nothing happens, and checks that the engine takes no turns and
    /// does not compute, either.
    pub(crate) fn rest(&mut self) {
        let (long, turns) = (A_WHILE * 2, self.service.turns());
        at_rest(long, || self.go_on(long));
        let turns = self.service.turns() - turns;
        assert!(turns <= 5, "{turns} turns while nothing happened");
    }

    /// Turns while `peers` do what they do on a thread of their own, and answers what they answer.
    pub(crate) fn meanwhile<T: Send>(&mut self, peers: impl FnOnce() -> T + Send) -> T {
        /// Says that the peers are done, also if they panic.
        struct Done<'a>(&'a AtomicBool, Handle);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Release);
                self.1.wake();
            }
        }
        let is_done = AtomicBool::new(false);
        let done = Done(&is_done, self.engine.handle());
        thread::scope(|scope| {
            let peers = scope.spawn(move || {
                let _done = done;
                peers()
            });
            let limit = engine::monotonic() + PATIENCE * 3;
            while !is_done.load(Ordering::Acquire) {
                let story = || self.service.story();
                assert!(engine::monotonic() < limit, "the peers never finish; {}", story());
                self.turn();
            }
            peers.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// A peer that has connected. The service may not know yet.
    pub(crate) fn connect(&self) -> TcpStream {
        patient(self.place)
    }

    /// A peer that has connected, and the key under which the service knows it.
    pub(crate) fn meet(&mut self) -> (Key, TcpStream) {
        let before = self.service.opened().len();
        let peer = self.connect();
        self.until("opened", |service| service.opened().len() > before);
        (self.service.newest(), peer)
    }

    /// The service asks this in the next turn, which comes at once.
    pub(crate) fn ask(&mut self, request: Request) {
        self.service.desk.ask(request);
        self.wake();
    }

    /// The service sends this in the next turn, which comes at once.
    pub(crate) fn send(&mut self, key: Key, bytes: &[u8]) {
        self.service.desk.send(key, bytes);
        self.wake();
    }

    /// The next turn comes at once.
    pub(crate) fn wake(&self) {
        self.engine.handle().wake();
    }

    /// Turns until the engine has ended, and checks that the end of every connection was told.
    pub(crate) fn end(&mut self) -> Ending {
        let limit = engine::monotonic() + PATIENCE;
        loop {
            let ending = self.turn();
            if let Some(ending) = ending {
                assert_eq!(self.service.alive(), 0, "every connection is closed when it ends");
                assert_eq!(self.engine.connections(), 0, "no connection is left");
                return ending;
            }
            assert!(engine::monotonic() < limit, "never ended; {}", self.service.story());
        }
    }

    /// Stops, and checks what [`end`](Self::end) checks.
    pub(crate) fn stop(&mut self) -> Ending {
        self.engine.handle().stop();
        self.end()
    }
}
