//! The sweep: ask every source in turn, without waiting, again and again.
//!
//! Invariant: the list holds exactly the registrations that are not parked and whose descriptor
//! was not found closed.
//!
//! Nothing answers faster than a loop that never sleeps, and nothing wastes a core as well. A
//! longest back-off lets an idle sweep sleep between rounds, at the price of that much delay.

#![allow(unsafe_code, reason = "sources are watched by number: their descriptors are borrowed")]

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use service::Time;

use super::poll::{flags, readiness};
use super::table::{Numbers, Table};
use super::{Event, Interest, Registration, Selector, is_over};
use crate::clock;

/// Asks each source with a `poll(2)` of its own that does not wait. A round costs a system call
/// for every source.
#[derive(Default)]
pub struct Sweep {
    table: Table,
    watched: Numbers,
    idle_backoff: Option<Duration>,
}

impl Sweep {
    /// The first sleep of an idle sweep; each further one is twice as long, up to the back-off.
    const FIRST_SLEEP: Duration = Duration::from_micros(20);

    /// Asks every source once.
    fn round(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        let mut closed = Vec::new();
        for &fd in self.watched.as_slice() {
            let Some(source) = self.table.get(fd) else { continue };
            let flags = ask(fd, source.interest)?;
            if flags.contains(PollFlags::NVAL) {
                closed.push(fd);
                continue;
            }
            let ready = readiness(flags, source.interest);
            if !ready.is_none() {
                events.push(Event { data: source.data, ready });
            }
        }
        for fd in closed {
            self.watched.swap_remove(fd);
        }
        Ok(())
    }
}

impl Selector for Sweep {
    fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    fn name(&self) -> &'static str {
        "a poll of each"
    }

    fn register(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration> {
        self.table.check_new(fd, interest)?;
        if ask(fd, interest)?.contains(PollFlags::NVAL) {
            return Err(rustix::io::Errno::BADF.into());
        }
        self.watched.push(fd);
        Ok(self.table.insert(fd, interest, data))
    }

    fn modify(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration> {
        self.table.replace(fd, interest, data)?;
        if interest.is_none() {
            self.watched.swap_remove(fd);
        } else if self.watched.position(fd).is_none() {
            self.watched.push(fd);
        }
        Ok(Registration { fd, interest, data })
    }

    fn unregister(&mut self, fd: RawFd) -> io::Result<Registration> {
        let registration = self.table.remove(fd)?;
        self.watched.swap_remove(fd);
        Ok(registration)
    }

    fn select(&mut self, events: &mut Vec<Event>, deadline: Option<Time>) -> io::Result<()> {
        events.clear();
        let mut sleep = Self::FIRST_SLEEP.min(self.idle_backoff.unwrap_or_default());
        loop {
            self.round(events)?;
            if !events.is_empty() || is_over(deadline) {
                return Ok(());
            }
            match self.idle_backoff {
                Some(longest) => {
                    let left =
                        deadline.map_or(longest, |deadline| deadline.since(clock::monotonic()));
                    std::thread::sleep(sleep.min(left));
                    sleep = (sleep * 2).min(longest);
                }
                None => std::hint::spin_loop(),
            }
        }
    }

    fn get(&self, fd: RawFd) -> Option<Registration> {
        self.table.get(fd)
    }

    fn registrations(&self) -> impl Iterator<Item = Registration> + '_ {
        self.table.iter()
    }

    fn len(&self) -> usize {
        self.table.len()
    }

    fn set_idle_backoff(&mut self, longest: Option<Duration>) {
        self.idle_backoff = longest;
    }
}

/// What `fd` is ready for at this moment.
fn ask(fd: RawFd, interest: Interest) -> io::Result<PollFlags> {
    assert!(fd >= 0, "checked when it was registered");
    // SAFETY: the number is handed to poll(2) and to nothing else, which neither reads, writes
    // nor closes what it stands for, and answers NVAL if it is not open.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let mut asked = [PollFd::from_borrowed_fd(fd, flags(interest))];
    match poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(asked[0].revents()),
        Err(error) => Err(error.into()),
    }
}
