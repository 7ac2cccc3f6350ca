//! `ppoll(2)`: the whole set goes to the kernel with each wait, as an array.
//!
//! Invariant: the array holds exactly the registrations that are not parked and whose descriptor
//! was not found closed.

#![allow(unsafe_code, reason = "sources are watched by number: their descriptors are borrowed")]

use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use service::Time;

use super::table::{Numbers, Table};
use super::{Event, Interest, Registration, Selector, is_over, time_left};

/// Waits with `ppoll(2)`, to the nanosecond. A wait costs what is watched.
#[derive(Default)]
pub struct Poll {
    table: Table,
    watched: Vec<PollFd<'static>>,
    /// The descriptor of each entry of `watched`.
    numbers: Numbers,
}

impl Poll {
    fn watch(&mut self, fd: RawFd, interest: Interest) {
        self.numbers.push(fd);
        self.watched.push(PollFd::from_borrowed_fd(borrow(fd), flags(interest)));
    }

    fn unwatch(&mut self, fd: RawFd) {
        if let Some(position) = self.numbers.swap_remove(fd) {
            self.watched.swap_remove(position);
        }
    }
}

impl Selector for Poll {
    fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    fn name(&self) -> &'static str {
        "ppoll"
    }

    fn register(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration> {
        self.table.check_new(fd, interest)?;
        rustix::io::fcntl_getfd(borrow(fd))?;
        self.watch(fd, interest);
        Ok(self.table.insert(fd, interest, data))
    }

    fn modify(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration> {
        if self.table.replace(fd, interest, data)? != interest {
            match (self.numbers.position(fd), interest.is_none()) {
                (Some(_), true) => self.unwatch(fd),
                (Some(position), false) => {
                    self.watched[position] = PollFd::from_borrowed_fd(borrow(fd), flags(interest));
                }
                (None, true) => {}
                (None, false) => self.watch(fd, interest),
            }
        }
        Ok(Registration { fd, interest, data })
    }

    fn unregister(&mut self, fd: RawFd) -> io::Result<Registration> {
        let registration = self.table.remove(fd)?;
        self.unwatch(fd);
        Ok(registration)
    }

    fn select(&mut self, events: &mut Vec<Event>, deadline: Option<Time>) -> io::Result<()> {
        events.clear();
        loop {
            let mut ready = match poll(&mut self.watched, time_left(deadline).as_ref()) {
                Ok(ready) => ready,
                Err(Errno::INTR) => 0,
                Err(error) => return Err(error.into()),
            };
            let mut closed = Vec::new();
            for (entry, &fd) in self.watched.iter().zip(self.numbers.as_slice()) {
                if ready == 0 {
                    break;
                }
                let flags = entry.revents();
                if flags.is_empty() {
                    continue;
                }
                ready -= 1;
                if flags.contains(PollFlags::NVAL) {
                    closed.push(fd);
                } else if let Some(source) = self.table.get(fd) {
                    let ready = readiness(flags, source.interest);
                    if !ready.is_none() {
                        events.push(Event { data: source.data, ready });
                    }
                }
            }
            for fd in closed {
                self.unwatch(fd);
            }
            if !events.is_empty() || is_over(deadline) {
                return Ok(());
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
}

/// The flags of `poll(2)` that stand for `interest`.
pub(super) fn flags(interest: Interest) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, interest.is_readable());
    flags.set(PollFlags::OUT, interest.is_writable());
    flags.set(PollFlags::PRI, interest.is_priority());
    flags
}

/// What the kernel's answer means for a source that is watched for `interest`.
pub(super) fn readiness(flags: PollFlags, interest: Interest) -> Interest {
    let mut ready = Interest::NONE;
    if flags.contains(PollFlags::IN) {
        ready |= Interest::READABLE;
    }
    if flags.contains(PollFlags::OUT) {
        ready |= Interest::WRITABLE;
    }
    if flags.contains(PollFlags::PRI) {
        ready |= Interest::PRIORITY;
    }
    if flags.intersects(PollFlags::HUP | PollFlags::ERR) {
        // Who waits for urgent data alone is woken, too: the kernel does not stop saying it.
        ready |= match interest {
            Interest::PRIORITY => Interest::PRIORITY,
            _ => Interest::READABLE | Interest::WRITABLE,
        };
    }
    ready.and(interest)
}

/// `fd` as system calls take it.
pub(super) fn borrow(fd: RawFd) -> BorrowedFd<'static> {
    assert!(fd >= 0, "checked when it was registered");
    // SAFETY: the number is handed to poll(2) and fcntl(F_GETFD) and to nothing else, which
    // neither read, write nor close what it stands for, and say so if it is not open.
    unsafe { BorrowedFd::borrow_raw(fd) }
}
