//! `pselect(2)`: the whole set goes to the kernel with each wait, as three bitmaps.
//!
//! Invariant: the bitmaps hold exactly the registrations that are not parked and whose descriptor
//! was not found closed.
//!
//! C's `fd_set` ends at 1,024 descriptors. The kernel does not: it takes bitmaps of any length, so
//! ours lie on the heap and grow.

#![allow(unsafe_code, reason = "the kernel is handed bitmaps, and sources by number")]

use std::io;
use std::os::fd::RawFd;

use rustix::event::{
    FdSetElement, FdSetIter, fd_set_insert, fd_set_num_elements, fd_set_remove, select,
};
use rustix::io::Errno;
use service::Time;

use super::poll::borrow;
use super::table::Table;
use super::{Event, Interest, Registration, Selector, is_over, time_left};

/// Waits with `pselect(2)`. A wait costs the highest number watched.
#[derive(Default)]
pub struct Select {
    table: Table,
    /// Readable, writable, priority: what is watched, as bitmaps by descriptor.
    watched: [Vec<FdSetElement>; 3],
    /// The same three, as the last wait left them.
    ready: [Vec<FdSetElement>; 3],
    /// One more than the highest descriptor that was ever watched; made smaller when a wait finds
    /// that the end is empty.
    bound: RawFd,
}

/// Which bitmap stands for what.
const BITS: [Interest; 3] = [Interest::READABLE, Interest::WRITABLE, Interest::PRIORITY];

impl Select {
    fn watch(&mut self, fd: RawFd, interest: Interest) {
        if !interest.is_none() && fd >= self.bound {
            self.bound = fd + 1;
            let elements = fd_set_num_elements(self.bound as usize, self.bound);
            for set in &mut self.watched {
                if set.len() < elements {
                    set.resize(elements, FdSetElement::default());
                }
            }
        }
        if fd >= self.bound {
            return;
        }
        for (set, bit) in self.watched.iter_mut().zip(BITS) {
            match interest.contains(bit) {
                true => fd_set_insert(set, fd),
                false => fd_set_remove(set, fd),
            }
        }
    }

    fn watches(&self, fd: RawFd) -> bool {
        self.watched.iter().any(|set| FdSetIter::new(set).any(|other| other == fd))
    }

    /// Stops watching descriptors that were closed. One bad number fails the whole call, so each
    /// is asked for: it costs as much as the misuse deserves.
    fn drop_closed(&mut self) {
        let closed: Vec<RawFd> = self
            .table
            .iter()
            .map(|source| source.fd)
            .filter(|&fd| self.watches(fd) && rustix::io::fcntl_getfd(borrow(fd)).is_err())
            .collect();
        for fd in closed {
            self.watch(fd, Interest::NONE);
        }
    }
}

impl Selector for Select {
    fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    fn name(&self) -> &'static str {
        "pselect"
    }

    fn register(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration> {
        self.table.check_new(fd, interest)?;
        rustix::io::fcntl_getfd(borrow(fd))?;
        self.watch(fd, interest);
        Ok(self.table.insert(fd, interest, data))
    }

    fn modify(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration> {
        if self.table.replace(fd, interest, data)? != interest {
            self.watch(fd, interest);
        }
        Ok(Registration { fd, interest, data })
    }

    fn unregister(&mut self, fd: RawFd) -> io::Result<Registration> {
        let registration = self.table.remove(fd)?;
        self.watch(fd, Interest::NONE);
        Ok(registration)
    }

    fn select(&mut self, events: &mut Vec<Event>, deadline: Option<Time>) -> io::Result<()> {
        events.clear();
        loop {
            for (ready, watched) in self.ready.iter_mut().zip(&self.watched) {
                ready.clone_from(watched);
            }
            let [readable, writable, priority] = &mut self.ready;
            let left = time_left(deadline);
            // SAFETY: each bitmap has room for `bound` bits, which is all the kernel looks at or
            // changes. A number in them that is no longer open makes the call fail with EBADF and
            // nothing else: the kernel neither reads, writes nor closes what a number stands for.
            let result = unsafe {
                select(self.bound, Some(readable), Some(writable), Some(priority), left.as_ref())
            };
            match result {
                Ok(0) => {}
                Ok(_) => self.collect(events),
                Err(Errno::INTR) => {}
                Err(Errno::BADF) => {
                    self.drop_closed();
                    continue;
                }
                Err(error) => return Err(error.into()),
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

impl Select {
    /// Turns the three bitmaps into one event a source, lowest descriptor first.
    fn collect(&mut self, events: &mut Vec<Event>) {
        let [readable, writable, priority] = &self.ready;
        let mut sets = [readable, writable, priority].map(|set| FdSetIter::new(set).peekable());
        // The three iterators ascend: take the lowest number that any of them stands at.
        while let Some(fd) = sets.iter_mut().filter_map(|set| set.peek().copied()).min() {
            let mut ready = Interest::NONE;
            for (set, bit) in sets.iter_mut().zip(BITS) {
                if set.next_if_eq(&fd).is_some() {
                    ready |= bit;
                }
            }
            if let Some(source) = self.table.get(fd) {
                let ready = ready.and(source.interest);
                if !ready.is_none() {
                    events.push(Event { data: source.data, ready });
                }
            }
        }
    }
}
