//! `epoll(7)`: the kernel keeps the set of sources, and a wait costs what is ready, not what is
//! watched.
//!
//! Invariant: the kernel's set holds exactly the registrations that are not parked and are not
//! regular files, each with its stamp.

#![allow(unsafe_code, reason = "sources are watched by number: their descriptors are borrowed")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use service::Time;

use super::table::{Stamp, Table};
use super::{Event, Interest, Registration, Selector, is_over, time_left};

/// Waits with `epoll_pwait2(2)` (Linux 5.11), to the nanosecond.
pub struct Epoll {
    epoll: OwnedFd,
    table: Table,
    /// Where a wait puts its results; grows when a wait fills it.
    buffer: Vec<epoll::Event>,
    /// Regular files, which epoll refuses: always ready.
    files: Vec<RawFd>,
}

// SAFETY: the only thing that is bound to a thread by its type is the kernel's event, whose data
// may be a pointer; ours are numbers, and nobody follows them.
unsafe impl Send for Epoll {}

impl Epoll {
    /// Room for this many events at first.
    const EVENTS_AT_FIRST: usize = 256;
    /// Never room for more: what does not fit is reported by the next wait.
    const EVENTS_AT_MOST: usize = 8192;

    fn add(&mut self, fd: RawFd, interest: Interest, stamp: Stamp) -> io::Result<()> {
        let data = epoll::EventData::new_u64(stamp.to_bits());
        match epoll::add(&self.epoll, borrow(fd), data, flags(interest)) {
            Ok(()) => Ok(()),
            Err(Errno::PERM) => {
                self.files.push(fd);
                Ok(())
            }
            // The set holds this open file under this number from an earlier registration: it was
            // closed before it was unregistered, lived on in a duplicate, and has its number back.
            Err(Errno::EXIST) => Ok(epoll::modify(&self.epoll, borrow(fd), data, flags(interest))?),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes `fd` out of the kernel's set. Answers only for what may not happen: a descriptor
    /// that was closed (`EBADF`), or whose number was reused (`ENOENT`), is out already.
    fn delete(&mut self, fd: RawFd) {
        match self.files.iter().position(|&file| file == fd) {
            Some(position) => drop(self.files.swap_remove(position)),
            None => {
                let result = epoll::delete(&self.epoll, borrow(fd));
                debug_assert!(matches!(result, Ok(()) | Err(Errno::BADF | Errno::NOENT)));
            }
        }
    }

    /// Makes the kernel's set anew. epoll watches open files, not descriptors: one that was closed
    /// while a duplicate of it lives on stays in the set, is reported for ever, and can no longer
    /// be named to take it out. Only a misuse leads here, so the cost does not matter.
    fn rebuild(&mut self) -> io::Result<()> {
        self.epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        self.files.clear();
        let registrations: Vec<Registration> = self.table.iter().collect();
        for Registration { fd, interest, .. } in registrations {
            if !interest.is_none() {
                // One that cannot be added was closed: it is no longer reported.
                let _ = self.add(fd, interest, self.table.next_stamp(fd));
            }
        }
        Ok(())
    }
}

impl Selector for Epoll {
    fn new() -> io::Result<Self> {
        let selector = Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            table: Table::default(),
            buffer: Vec::with_capacity(Self::EVENTS_AT_FIRST),
            files: Vec::new(),
        };
        // Kernels before 5.11, and containers that have not heard of epoll_pwait2, refuse here
        // rather than at the first wait.
        let mut none = Vec::with_capacity(1);
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        epoll::wait(&selector.epoll, rustix::buffer::spare_capacity(&mut none), Some(&at_once))?;
        Ok(selector)
    }

    fn name(&self) -> &'static str {
        "epoll_pwait2"
    }

    fn register(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration> {
        self.table.check_new(fd, interest)?;
        self.add(fd, interest, self.table.next_stamp(fd))?;
        Ok(self.table.insert(fd, interest, data))
    }

    fn modify(&mut self, fd: RawFd, interest: Interest, data: u64) -> io::Result<Registration> {
        let before = self.table.replace(fd, interest, data)?;
        let result = if before == interest || self.files.contains(&fd) && !interest.is_none() {
            Ok(())
        } else if interest.is_none() {
            self.delete(fd);
            Ok(())
        } else if before.is_none() {
            self.add(fd, interest, self.table.next_stamp(fd))
        } else {
            let data = epoll::EventData::new_u64(self.table.next_stamp(fd).to_bits());
            epoll::modify(&self.epoll, borrow(fd), data, flags(interest)).map_err(Into::into)
        };
        match result {
            Ok(()) => Ok(Registration { fd, interest, data }),
            Err(error) => {
                self.delete(fd);
                self.table.remove(fd)?;
                Err(error)
            }
        }
    }

    fn unregister(&mut self, fd: RawFd) -> io::Result<Registration> {
        let registration = self.table.remove(fd)?;
        if !registration.interest.is_none() {
            self.delete(fd);
        }
        Ok(registration)
    }

    fn select(&mut self, events: &mut Vec<Event>, deadline: Option<Time>) -> io::Result<()> {
        events.clear();
        loop {
            let left = match self.files.is_empty() {
                true => time_left(deadline),
                false => Some(Timespec { tv_sec: 0, tv_nsec: 0 }),
            };
            self.buffer.clear();
            let room = rustix::buffer::spare_capacity(&mut self.buffer);
            match epoll::wait(&self.epoll, room, left.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let mut ghosts = false;
            for event in &self.buffer {
                match self.table.find(Stamp::from_bits(event.data.u64())) {
                    Some(source) => {
                        let ready = readiness(event.flags, source.interest);
                        if !ready.is_none() {
                            events.push(Event { data: source.data, ready });
                        }
                    }
                    None => ghosts = true,
                }
            }
            for &fd in &self.files {
                if let Some(source) = self.table.get(fd) {
                    let ready = source.interest - Interest::PRIORITY;
                    if !ready.is_none() {
                        events.push(Event { data: source.data, ready });
                    }
                }
            }
            let room = self.buffer.capacity();
            if self.buffer.len() == room && room < Self::EVENTS_AT_MOST {
                self.buffer.reserve_exact(room);
            }
            if ghosts {
                self.rebuild()?;
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

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

fn flags(interest: Interest) -> epoll::EventFlags {
    let mut flags = epoll::EventFlags::empty();
    flags.set(epoll::EventFlags::IN, interest.is_readable());
    flags.set(epoll::EventFlags::OUT, interest.is_writable());
    flags.set(epoll::EventFlags::PRI, interest.is_priority());
    flags
}

/// What the kernel's answer means for a source that is watched for `interest`.
fn readiness(flags: epoll::EventFlags, interest: Interest) -> Interest {
    let mut ready = Interest::NONE;
    if flags.contains(epoll::EventFlags::IN) {
        ready |= Interest::READABLE;
    }
    if flags.contains(epoll::EventFlags::OUT) {
        ready |= Interest::WRITABLE;
    }
    if flags.contains(epoll::EventFlags::PRI) {
        ready |= Interest::PRIORITY;
    }
    if flags.intersects(epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
        // Who waits for urgent data alone is woken, too: the kernel does not stop saying it.
        ready |= match interest {
            Interest::PRIORITY => Interest::PRIORITY,
            _ => Interest::READABLE | Interest::WRITABLE,
        };
    }
    ready.and(interest)
}

/// `fd` as system calls take it.
fn borrow(fd: RawFd) -> BorrowedFd<'static> {
    assert!(fd >= 0, "checked when it was registered");
    // SAFETY: the number is handed to epoll_ctl and to nothing else, which neither reads, writes
    // nor closes what it stands for, and refuses a number that is not open.
    unsafe { BorrowedFd::borrow_raw(fd) }
}
