//! The classical readiness interface: say which descriptors matter, wait until one is ready.
//!
//! Invariant: a selector may report a source that turns out not to be ready, but never fails to
//! report one that is, for as long as it is (level-triggered).
//!
//! What a selector leaves to its user: owning the descriptors, and reading and writing.

mod epoll;
mod poll;
mod select;
mod sweep;
mod table;

use std::io;
use std::ops::{BitOr, BitOrAssign, Sub};
use std::os::fd::RawFd;

use rustix::event::Timespec;
use service::Time;

pub use epoll::Epoll;
pub use poll::Poll;
pub use select::Select;
pub use sweep::Sweep;

use crate::clock;

/// What all four ways of waiting for readiness have in common, after Python's `selectors`.
///
/// A source is a descriptor number with an [`Interest`] and a number of the user's own, `data`,
/// that each [`Event`] for it carries. The rules are the same for every implementation:
///
/// - Level-triggered: what is not dealt with is reported again.
/// - Hang-up and error count as ready for reading and for writing, as far as the source is watched
///   for them: the next read or write tells the truth. (`select` cannot tell them apart, so none
///   does.) They do not count as urgent data, unless the source is watched for nothing else.
/// - With interest [`Interest::NONE`] a source is parked: registered, and never reported. What
///   happens meanwhile is reported once it is watched again.
/// - Regular files are always ready, as for `select` and `poll`; `epoll` refuses them (`EPERM`), so
///   ours answers for it.
/// - A descriptor should be unregistered before it is closed. One that was closed is no longer
///   reported, and unregistering it succeeds; but a selector that has not been told may report
///   the newcomer with its number under the old `data`, and `epoll`, which watches open files and
///   not numbers, goes on with the old one for as long as a duplicate of it is open. Put a
///   generation into `data` if that can happen.
pub trait Selector: Sized {
    /// An empty selector.
    ///
    /// # Errors
    ///
    /// If the kernel has no room for it, or does not have or allow the calls it needs.
    fn new() -> io::Result<Self>;

    /// The calls it waits with, for logs.
    fn name(&self) -> &'static str;

    /// Watches `fd`.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it is registered, leaving that as it
    /// is; [`InvalidInput`](io::ErrorKind::InvalidInput) for an empty interest or a negative
    /// number; `EBADF` for a number that is not open. A failed call leaves no trace.
    fn register(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration>;

    /// Replaces interest and data wholly. Makes no system call if the interest stays the same.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if it is not registered. If the kernel refuses, the
    /// source is unregistered rather than left half changed.
    fn modify(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration>;

    /// Forgets `fd` and answers what was registered.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if it is not registered. That the descriptor was
    /// closed, or its number reused, is no error.
    fn unregister(&mut self, fd: RawFd) -> io::Result<Registration>;

    /// Waits until a source is ready or `deadline` has passed, and replaces the contents of
    /// `events` by what is ready: each source at most once, only what it is watched for.
    ///
    /// Without a deadline it waits for ever; with one in the past it asks once and does not wait.
    /// It never returns empty-handed before the deadline: a signal without further effect does
    /// not end the wait.
    ///
    /// # Errors
    ///
    /// Only what makes waiting impossible (`ENOMEM`).
    fn select(&mut self, events: &mut Vec<Event>, deadline: Option<Time>) -> io::Result<()>;

    /// What `fd` is registered for.
    fn get(&self, fd: RawFd) -> Option<Registration>;

    /// All registrations, by descriptor.
    fn registrations(&self) -> impl Iterator<Item = Registration> + '_;

    /// How many sources are registered.
    fn len(&self) -> usize;

    /// Whether no source is registered.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How long a wait that finds nothing may sleep before it looks again. Only [`Sweep`] looks
    /// again and again; the others pass over it.
    fn set_idle_backoff(&mut self, longest: Option<std::time::Duration>) {
        let _ = longest;
    }
}

/// What a source is watched for, or is ready for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Interest(u8);

impl Interest {
    /// Nothing: a parked source.
    pub const NONE: Self = Self(0);
    /// There is something to read or to accept, or the peer has finished.
    pub const READABLE: Self = Self(1);
    /// There is room to write, or a connection attempt has ended.
    pub const WRITABLE: Self = Self(2);
    /// Something out of the ordinary: TCP urgent data.
    pub const PRIORITY: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    /// Whether all of `other` is in this.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether this is nothing.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether readable is in this.
    pub const fn is_readable(self) -> bool {
        self.contains(Self::READABLE)
    }

    /// Whether writable is in this.
    pub const fn is_writable(self) -> bool {
        self.contains(Self::WRITABLE)
    }

    /// Whether priority is in this.
    pub const fn is_priority(self) -> bool {
        self.contains(Self::PRIORITY)
    }

    /// What is in both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Sub for Interest {
    type Output = Self;

    /// What is in this and not in `other`.
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl std::fmt::Debug for Interest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = [(Self::READABLE, "r"), (Self::WRITABLE, "w"), (Self::PRIORITY, "x")];
        f.write_str("Interest(")?;
        for (bit, name) in names {
            if self.contains(bit) {
                f.write_str(name)?;
            }
        }
        f.write_str(")")
    }
}

/// A source as it was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The descriptor's number.
    pub fd: RawFd,
    /// What it is watched for.
    pub interest: Interest,
    /// The user's own number.
    pub data: u64,
}

/// A source that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The user's own number, as registered.
    pub data: u64,
    /// What it is ready for: never nothing, and nothing it is not watched for.
    pub ready: Interest,
}

/// The time left until `deadline`, for calls that take durations: `None` waits for ever. Rounded
/// to nothing, so that a wait ends no earlier than asked.
fn time_left(deadline: Option<Time>) -> Option<Timespec> {
    // The beginning of time, which is how one says "do not wait", has passed: asking what time it
    // is would cost a tenth of an epoll wait.
    if deadline == Some(Time::ZERO) {
        return Some(Timespec { tv_sec: 0, tv_nsec: 0 });
    }
    let left = deadline?.since(clock::monotonic());
    Some(Timespec {
        // A wait of over 68 years is as good as one of 68 years, and fits every time_t.
        tv_sec: left.as_secs().min(i32::MAX as u64) as i64,
        tv_nsec: i64::from(left.subsec_nanos()),
    })
}

/// Whether `deadline` has passed.
fn is_over(deadline: Option<Time>) -> bool {
    deadline.is_some_and(|deadline| deadline == Time::ZERO || deadline <= clock::monotonic())
}
