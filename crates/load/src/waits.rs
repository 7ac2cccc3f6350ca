//! What it costs to wait: each way of waiting, by how many descriptors it watches and how many of
//! them are ready.
//!
//! Two measures. A *wait* is one call of a [`Selector`], and nothing is read: for `select`, `poll`,
//! `epoll` and the sweep, and beside them the bare system call. A *turn* is one turn of a whole
//! [`Engine`]: its peers write a byte on some of its connections, it waits, and it hands what came to
//! a service that drops it. io_uring has turns only: a ring is not asked what is ready, it receives.
//! The peers' writes are in a turn, the same for every engine.
//!
//! Each figure is the least of several parts of the time given: what it costs when nothing disturbs.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use engine::selector::{Epoll, Poll, Select, Sweep};
use engine::{Choice, Engine, Interest, Options, Selector};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self as raw_epoll, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use service::{Batch, Key, Origin, Reason, Request, Service, Time};

/// How many parts the time of a figure is cut into.
const PARTS: u32 = 5;

/// Descriptors for all else: what the program has open, and the engine's own.
const DESCRIPTORS_BESIDE: usize = 40;

/// So many connections are made before the engine has a turn to take them in: as many as it takes in
/// one.
const AT_A_TIME: usize = 64;

/// A system call that returns at once.
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// How to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A selector of the engine crate's; not for [`Choice::Uring`] and [`Choice::Auto`].
    Selector(Choice),
    /// The system call alone, with a table that is kept ready.
    RawPoll,
    /// The system call alone.
    RawEpoll,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Selector(Choice::Sweep),
        Self::Selector(Choice::Select),
        Self::Selector(Choice::Poll),
        Self::RawPoll,
        Self::Selector(Choice::Epoll),
        Self::RawEpoll,
    ];

    /// Its name, for tables.
    pub fn name(self) -> String {
        match self {
            Self::Selector(choice) => choice.name().to_owned(),
            Self::RawPoll => "poll, bare call".into(),
            Self::RawEpoll => "epoll, bare call".into(),
        }
    }
}

/// Nanoseconds until all that are ready have been reported, `ready` of `watched` descriptors: of one
/// call, as far as one call reports so many.
///
/// # Errors
///
/// If there are not enough descriptors, or this machine lacks the call.
pub fn wait_nanos(way: Way, watched: usize, ready: usize, duration: Duration) -> io::Result<f64> {
    let sources = Sources::new(watched, ready)?;
    match way {
        Way::Selector(Choice::Sweep) => selector::<Sweep>(&sources, duration),
        Way::Selector(Choice::Select) => selector::<Select>(&sources, duration),
        Way::Selector(Choice::Poll) => selector::<Poll>(&sources, duration),
        Way::Selector(_) => selector::<Epoll>(&sources, duration),
        Way::RawPoll => {
            let fds = sources.all.iter().map(|source| PollFd::new(source, PollFlags::IN));
            let mut fds: Vec<_> = fds.collect();
            least(duration, || sources.all_reported(|| Ok(poll(&mut fds, Some(&AT_ONCE))?)))
        }
        Way::RawEpoll => {
            let epoll = raw_epoll::create(CreateFlags::CLOEXEC)?;
            for (number, source) in sources.all.iter().enumerate() {
                raw_epoll::add(&epoll, source, EventData::new_u64(number as u64), EventFlags::IN)?;
            }
            let mut events = Vec::with_capacity(sources.all.len());
            least(duration, || {
                sources.all_reported(|| {
                    events.clear();
                    raw_epoll::wait(&epoll, spare_capacity(&mut events), Some(&AT_ONCE))?;
                    Ok(events.len())
                })
            })
        }
    }
}

/// An error unless so many more descriptors may be open; without it an engine would wait for them to
/// become free.
fn need_descriptors(count: usize) -> io::Result<()> {
    let limit = engine::raise_descriptor_limit()?;
    let needed = count + DESCRIPTORS_BESIDE;
    if needed as u64 > limit {
        let what = format!("{needed} descriptors are needed and {limit} are allowed (ulimit -Hn)");
        return Err(io::Error::other(what));
    }
    Ok(())
}

/// Descriptors of which some are ready, spread over all.
struct Sources {
    all: Vec<OwnedFd>,
    ready: usize,
}

impl Sources {
    fn new(watched: usize, ready: usize) -> io::Result<Self> {
        need_descriptors(watched)?;
        let ready = ready.min(watched);
        let mut all = Vec::with_capacity(watched);
        for number in 0..watched {
            // So many before this one, so many with it: where it grows stands a ready one.
            let is_ready = (number + 1) * ready / watched > number * ready / watched;
            all.push(eventfd(u32::from(is_ready), EventfdFlags::CLOEXEC)?);
        }
        Ok(Self { all, ready })
    }

    /// Waits until as many have been reported as are ready. One call does it, mostly: a selector
    /// may report some hundreds at a time, and goes on with the others.
    fn all_reported(&self, mut wait: impl FnMut() -> io::Result<usize>) -> io::Result<()> {
        let mut reported = 0;
        while reported < self.ready {
            reported += match wait()? {
                0 => return Err(io::Error::other("what is ready was not reported")),
                count => count,
            };
        }
        Ok(())
    }
}

fn selector<S: Selector>(sources: &Sources, duration: Duration) -> io::Result<f64> {
    let mut selector = S::new()?;
    for (number, source) in sources.all.iter().enumerate() {
        selector.register(source.as_raw_fd(), Interest::READABLE, number as u64)?;
    }
    let mut events = Vec::new();
    least(duration, || {
        sources.all_reported(|| {
            selector.select(&mut events, Some(Time::ZERO))?;
            Ok(events.len())
        })
    })
}

/// Nanoseconds of one call: the least of the parts of `duration`, each at least one call long.
fn least(duration: Duration, mut call: impl FnMut() -> io::Result<()>) -> io::Result<f64> {
    // The first touches memory that the others find touched.
    call()?;
    let mut least = f64::INFINITY;
    for _ in 0..PARTS {
        let (start, mut calls) = (Instant::now(), 0u32);
        let mut at_once = 1;
        let nanos = loop {
            for _ in 0..at_once {
                call()?;
            }
            calls += at_once;
            // Looking at the clock costs some 20 ns: seldom enough not to be seen.
            at_once = (at_once * 2).min(64);
            let passed = start.elapsed();
            if passed >= duration / PARTS {
                break passed.as_nanos() as f64 / f64::from(calls);
            }
        };
        least = least.min(nanos);
    }
    Ok(least)
}

/// Nanoseconds of one turn of an engine with `connections` of which `ready` have a byte to be
/// received in each turn: their peers' writes, the wait, the receives.
///
/// # Errors
///
/// If there are not enough descriptors (two for each connection), or the engine is not to be had
/// here.
pub fn turn_nanos(
    choice: Choice,
    connections: usize,
    ready: usize,
    duration: Duration,
) -> io::Result<f64> {
    /// So that no two engines of this process are at the same place.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let ready = ready.clamp(1, connections);
    need_descriptors(2 * connections)?;
    let mut engine = Engine::new(Options { choice, keepalive: None, ..Options::default() })?;
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("switchboard-bench-{}-{number}.sock", std::process::id());
    let path = std::env::temp_dir().join(name);
    let listen = format!("unix:{}", path.display()).parse().map_err(io::Error::other)?;
    engine.listen(&listen)?;
    let (mut peers, mut counting) = (Vec::with_capacity(connections), Counting::default());
    while peers.len() < connections {
        for _ in 0..AT_A_TIME.min(connections - peers.len()) {
            peers.push(UnixStream::connect(&path)?);
        }
        while counting.opened < peers.len() {
            engine.turn(&mut counting)?;
        }
    }
    // Nobody else is to come; and whatever ends the measuring leaves nothing behind.
    let _ = std::fs::remove_file(&path);
    let step = connections / ready;
    least(duration, || {
        let wanted = counting.received + ready;
        for peer in peers.iter_mut().step_by(step).take(ready) {
            peer.write_all(b"x")?;
        }
        while counting.received < wanted {
            engine.turn(&mut counting)?;
        }
        Ok(())
    })
}

/// A service that drops what it is told.
#[derive(Default)]
struct Counting {
    opened: usize,
    received: usize,
}

impl Service for Counting {
    fn opened(&mut self, _: Key, _: &Origin) {
        self.opened += 1;
    }

    fn received(&mut self, _: Key, bytes: &[u8]) {
        self.received += bytes.len();
    }

    fn ended(&mut self, _: Key) {}

    fn transmit(&mut self, _: Key, _: &mut Batch) {}

    fn closed(&mut self, _: Key, _: Reason) {}

    fn request(&mut self) -> Option<Request> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_waiting_reports_what_is_ready() {
        for way in Way::ALL {
            for (watched, ready) in [(1, 1), (10, 1), (10, 3), (64, 64), (2000, 7)] {
                let nanos = wait_nanos(way, watched, ready, Duration::from_micros(1));
                assert!(nanos.expect("it waits") > 0.0, "{way:?} {watched} {ready}");
            }
        }
    }

    #[test]
    fn more_than_there_are_descriptors_is_refused_rather_than_waited_for() {
        let too_many = 1 << 40;
        for error in [
            wait_nanos(Way::RawPoll, too_many, 1, Duration::ZERO).expect_err("too many"),
            turn_nanos(Choice::Sweep, too_many, 1, Duration::ZERO).expect_err("too many"),
        ] {
            assert!(error.to_string().contains("descriptors are needed"), "{error}");
        }
    }

    #[test]
    fn every_engine_that_is_here_receives_what_was_written() {
        for offer in engine::survey() {
            if offer.available.is_ok() {
                let nanos = turn_nanos(offer.choice, 20, 5, Duration::from_micros(1));
                assert!(nanos.expect("it turns") > 0.0, "{}", offer.choice);
            }
        }
    }
}
