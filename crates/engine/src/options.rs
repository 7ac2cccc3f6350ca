//! What can be chosen about an engine, and what it counts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use service::KeySpace;

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Choice {
    /// The best that this machine offers.
    #[default]
    Auto,
    /// Ask every socket in turn, without ever waiting.
    Sweep,
    /// `pselect(2)`, without the limit of 1,024 descriptors.
    Select,
    /// `ppoll(2)`.
    Poll,
    /// `epoll(7)`.
    Epoll,
    /// `io_uring(7)`.
    Uring,
}

impl Choice {
    /// The five engines, simplest first; `Auto` is not one of them.
    pub const ALL: [Self; 5] = [Self::Sweep, Self::Select, Self::Poll, Self::Epoll, Self::Uring];

    /// Its name, as [`FromStr`] takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Sweep => "sweep",
            Self::Select => "select",
            Self::Poll => "poll",
            Self::Epoll => "epoll",
            Self::Uring => "uring",
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Self::Auto].into_iter().chain(Self::ALL);
        all.into_iter().find(|choice| choice.name() == name).ok_or_else(|| {
            format!(
                "no engine is called {name:?}; there are auto, sweep, select, poll, epoll and uring"
            )
        })
    }
}

/// What can be chosen about an engine. Every default is meant to be kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which engine.
    pub choice: Choice,
    /// How long an idle sweep may sleep between two rounds; `None` never sleeps. Only for
    /// [`Choice::Sweep`].
    pub idle_backoff: Option<Duration>,
    /// How long an engine that finds nothing to do looks again and again before it sleeps; `None`
    /// sleeps at once. What comes meanwhile is answered sooner, by as much as the machine needs to
    /// wake a thread; every turn that ends in sleep costs this much time of a core.
    pub spin: Option<Duration>,
    /// How long a connection that is being closed has to take its last bytes. Over it, the rest
    /// is dropped, with [`Reason::TimedOut`](service::Reason::TimedOut).
    pub close_limit: Duration,
    /// How long a connection that was sent everything has to close its own side, so that a reset
    /// does not overtake the last bytes. Over it, it is closed regardless.
    pub linger_limit: Duration,
    /// How long the connections have, together, when the engine stops. Over it, what is left is
    /// dropped.
    pub stop_limit: Duration,
    /// How many connections a listener accepts in one turn; the others wait for the next, so that
    /// a burst of newcomers does not hold up those who are there.
    pub accepts_per_turn: usize,
    /// The most that is told of one connection in one turn. It is also the size of the one buffer
    /// that all connections of a readiness engine share. An io_uring engine may have received more:
    /// that waits for the next turns.
    pub receive_buffer_bytes: usize,
    /// How many connections the kernel may hold ready for `accept`; it takes
    /// `net.core.somaxconn` if that is less.
    pub backlog: i32,
    /// When the kernel is to find out that a silent peer is gone; `None` never asks.
    pub keepalive: Option<Keepalive>,
    /// Tell the service of TCP urgent data. The bytes themselves always stand in line.
    pub watch_urgent: bool,
    /// Which keys it hands out. Engines that run side by side, whose services know each other's
    /// connections by their keys, each take a space of their own.
    pub keys: KeySpace,
    /// For [`Choice::Uring`].
    pub ring: RingOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            choice: Choice::Auto,
            idle_backoff: None,
            spin: None,
            close_limit: Duration::from_secs(5),
            linger_limit: Duration::from_secs(1),
            stop_limit: Duration::from_secs(2),
            accepts_per_turn: 64,
            receive_buffer_bytes: 64 * 1024,
            backlog: 1024,
            keepalive: Some(Keepalive::default()),
            watch_urgent: false,
            keys: KeySpace::WHOLE,
            ring: RingOptions::default(),
        }
    }
}

/// TCP keepalive, for people who pull the plug (`tcp(7)`).
#[derive(Clone, Copy, Debug)]
pub struct Keepalive {
    /// Silence before the first probe.
    pub idle: Duration,
    /// Between probes.
    pub interval: Duration,
    /// Unanswered probes before the connection counts as dead.
    pub retries: u32,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { idle: Duration::from_secs(60), interval: Duration::from_secs(15), retries: 4 }
    }
}

/// The sizes of an io_uring engine. They are bounds on what goes to and from the kernel at once,
/// not on what is served: the smallest that the kernel takes (an entry, a buffer) work too.
#[derive(Clone, Copy, Debug)]
pub struct RingOptions {
    /// Submission entries: more are submitted in several calls.
    pub entries: u32,
    /// Completion entries: what does not fit waits in the kernel (`IORING_FEAT_NODROP`), and is
    /// counted in [`Counters::cq_overflows`].
    pub cq_entries: u32,
    /// Receive buffers, shared by all connections; rounded up to a power of two, at most 32,768.
    /// What they hold together is the most that can wait for one connection beyond its share.
    pub buffers: u16,
    /// Bytes of a receive buffer.
    pub buffer_bytes: u32,
}

impl Default for RingOptions {
    fn default() -> Self {
        Self { entries: 1024, cq_entries: 8192, buffers: 512, buffer_bytes: 4096 }
    }
}

/// What an engine has counted since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Turns begun.
    pub turns: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Times that the kernel was asked for a connection: calls of `accept`, or arming a multishot
    /// accept.
    pub accept_calls: u64,
    /// Times that accepting was paused because descriptors or memory had run out.
    pub accept_pauses: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Calls of `send` or `sendmsg`, or send operations completed.
    pub sends: u64,
    /// Sends that took less than they were given.
    pub short_sends: u64,
    /// io_uring: calls of `io_uring_enter`.
    pub enters: u64,
    /// io_uring: times that completions did not fit the ring and waited in the kernel.
    pub cq_overflows: u64,
    /// io_uring: receives that found no buffer free.
    pub no_buffers: u64,
}
