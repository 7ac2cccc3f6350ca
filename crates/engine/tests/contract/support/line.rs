//! What selectors are shown: two ends of a connection.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use engine::{Event, Interest, Selector};
use service::Time;

use super::{A_WHILE, PATIENCE, at_rest};

/// A connection within this process. `here` is watched, and does not block; `there` speaks.
pub(crate) struct Line {
    pub(crate) here: UnixStream,
    pub(crate) there: UnixStream,
}

impl Line {
    pub(crate) fn new() -> Self {
        let (here, there) = UnixStream::pair().expect("a pair of sockets");
        here.set_nonblocking(true).expect("a socket need not block");
        Self { here, there }
    }

    /// A line whose watched end has a number that no other test can come by, to close it and use
    /// the number again while other tests run beside this one.
    pub(crate) fn with_a_number_of_its_own() -> Self {
        static USED: AtomicU64 = AtomicU64::new(0);
        let limit = engine::raise_descriptor_limit().expect("a limit").min(20_000);
        let number = limit - 1 - USED.fetch_add(1, Ordering::Relaxed);
        let Self { here, there } = Self::new();
        Self { here: at_number(&here, number as RawFd).into(), there }
    }

    /// The number of the end that is watched.
    pub(crate) fn fd(&self) -> RawFd {
        self.here.as_raw_fd()
    }

    /// The other end sends.
    pub(crate) fn speak(&self, bytes: &[u8]) {
        (&self.there).write_all(bytes).expect("the line is open");
    }

    /// Takes what has come, as far as `count` bytes.
    pub(crate) fn hear(&self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        match (&self.here).read(&mut bytes) {
            Ok(count) => bytes.truncate(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => bytes.clear(),
            Err(error) => panic!("the line is open: {error}"),
        }
        bytes
    }

    /// Fills the way to the other end, so that this end is no longer writable.
    pub(crate) fn stuff(&self) {
        while (&self.here).write(&[0; 4096]).is_ok() {}
    }
}

/// A duplicate of `socket` with this number, which is free.
pub(crate) fn at_number(socket: impl AsFd, number: RawFd) -> OwnedFd {
    let duplicate = rustix::io::fcntl_dupfd_cloexec(socket, number).expect("a duplicate");
    assert_eq!(duplicate.as_raw_fd(), number, "the number is free");
    duplicate
}

/// Two ends of a TCP connection on this machine; neither blocks.
pub(crate) fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let there = TcpStream::connect(listener.local_addr().expect("it has one")).expect("it listens");
    let (here, _) = listener.accept().expect("somebody waits");
    for stream in [&here, &there] {
        stream.set_nonblocking(true).expect("a socket need not block");
    }
    (here, there)
}

/// What an event says of a source.
pub(crate) fn event(data: u64, ready: Interest) -> Event {
    Event { data, ready }
}

/// What is ready at this moment, by `data`.
pub(crate) fn look<P: Selector>(selector: &mut P) -> Vec<Event> {
    let mut events = Vec::new();
    selector.select(&mut events, Some(Time::ZERO)).expect("a selector can look");
    events.sort_by_key(|event| event.data);
    events
}

/// Checks that nothing is ready, and that waiting for it is rest.
pub(crate) fn nothing<P: Selector>(selector: &mut P) {
    let long = A_WHILE * 2;
    selector.set_idle_backoff(Some(Duration::from_millis(1)));
    let mut events = Vec::new();
    at_rest(long, || {
        let deadline = engine::monotonic() + long;
        selector.select(&mut events, Some(deadline)).expect("a selector can wait");
    });
    assert_eq!(events, []);
}

/// Waits until something is ready, and answers that, by `data`.
pub(crate) fn wait<P: Selector>(selector: &mut P) -> Vec<Event> {
    let mut events = Vec::new();
    let deadline = engine::monotonic() + PATIENCE;
    selector.select(&mut events, Some(deadline)).expect("a selector can wait");
    assert!(!events.is_empty(), "nothing became ready");
    events.sort_by_key(|event| event.data);
    events
}

/// Looks until it sees `expected`: the network may take a moment, even on one machine.
pub(crate) fn eventually<P: Selector>(selector: &mut P, expected: &[Event], when: &str) {
    let start = Instant::now();
    loop {
        let seen = look(selector);
        if seen == expected {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{when}: {seen:?} where {expected:?} was expected");
        std::thread::yield_now();
    }
}
