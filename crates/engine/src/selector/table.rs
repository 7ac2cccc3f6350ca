//! The registrations of a selector, by descriptor number.
//!
//! Invariant: a [`Stamp`] finds the registration it was made for, or nothing: the descriptor's
//! number may have been registered again since.

use std::io;
use std::os::fd::RawFd;

use super::{Interest, Registration};

/// What the kernel is given to carry for a registration: its descriptor and its generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(u64);

impl Stamp {
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn to_bits(self) -> u64 {
        self.0
    }

    const fn new(fd: RawFd, generation: u32) -> Self {
        Self(fd as u32 as u64 | (generation as u64) << 32)
    }

    const fn fd(self) -> RawFd {
        self.0 as u32 as RawFd
    }

    const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// A vector indexed by descriptor number: the kernel hands out the lowest that is free, so it
/// stays dense.
#[derive(Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
    len: usize,
}

#[derive(Clone, Default)]
struct Entry {
    generation: u32,
    registered: Option<(Interest, u64)>,
}

impl Table {
    /// Whether `fd` could be registered now, by what the table alone knows.
    pub(super) fn check_new(&self, fd: RawFd, interest: Interest) -> io::Result<()> {
        if fd < 0 {
            return Err(invalid("a descriptor is not negative"));
        }
        if interest.is_none() {
            return Err(invalid("a source is registered for something"));
        }
        if self.get(fd).is_some() {
            let message = format!("descriptor {fd} is already registered");
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        Ok(())
    }

    /// The stamp that [`insert`](Self::insert) will give `fd`.
    pub(super) fn next_stamp(&self, fd: RawFd) -> Stamp {
        let generation = self.entries.get(fd as usize).map_or(0, |entry| entry.generation);
        Stamp::new(fd, generation)
    }

    /// Stores a registration that [`check_new`](Self::check_new) has passed.
    pub(super) fn insert(&mut self, fd: RawFd, interest: Interest, data: u64) -> Registration {
        let index = fd as usize;
        if index >= self.entries.len() {
            self.entries.resize(index + 1, Entry::default());
        }
        self.entries[index].registered = Some((interest, data));
        self.len += 1;
        Registration { fd, interest, data }
    }

    /// Replaces interest and data; answers the interest before.
    pub(super) fn replace(
        &mut self,
        fd: RawFd,
        interest: Interest,
        data: u64,
    ) -> io::Result<Interest> {
        let registered = usize::try_from(fd)
            .ok()
            .and_then(|index| self.entries.get_mut(index))
            .and_then(|entry| entry.registered.as_mut())
            .ok_or_else(|| not_found(fd))?;
        let before = registered.0;
        *registered = (interest, data);
        Ok(before)
    }

    pub(super) fn remove(&mut self, fd: RawFd) -> io::Result<Registration> {
        let registration = self.get(fd).ok_or_else(|| not_found(fd))?;
        let entry = &mut self.entries[fd as usize];
        entry.registered = None;
        entry.generation = entry.generation.wrapping_add(1);
        self.len -= 1;
        Ok(registration)
    }

    pub(super) fn get(&self, fd: RawFd) -> Option<Registration> {
        let entry = self.entries.get(usize::try_from(fd).ok()?)?;
        let (interest, data) = entry.registered?;
        Some(Registration { fd, interest, data })
    }

    /// The registration that `stamp` was made for, if it still stands.
    pub(super) fn find(&self, stamp: Stamp) -> Option<Registration> {
        let entry = self.entries.get(stamp.fd() as usize)?;
        if entry.generation != stamp.generation() {
            return None;
        }
        let (interest, data) = entry.registered?;
        Some(Registration { fd: stamp.fd(), interest, data })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Registration> + '_ {
        self.entries.iter().enumerate().filter_map(|(index, entry)| {
            let (interest, data) = entry.registered?;
            Some(Registration { fd: index as RawFd, interest, data })
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// Descriptors in a dense list, each found by its number.
#[derive(Default)]
pub(super) struct Numbers {
    list: Vec<RawFd>,
    /// By descriptor: where in the list it stands, plus one; zero if it does not.
    positions: Vec<u32>,
}

impl Numbers {
    /// Where `fd` stands.
    pub(super) fn position(&self, fd: RawFd) -> Option<usize> {
        let position = *self.positions.get(fd as usize)?;
        position.checked_sub(1).map(|position| position as usize)
    }

    /// Puts `fd`, which does not stand in the list, at its end.
    pub(super) fn push(&mut self, fd: RawFd) {
        let index = fd as usize;
        if index >= self.positions.len() {
            self.positions.resize(index + 1, 0);
        }
        self.list.push(fd);
        self.positions[index] = self.list.len() as u32;
    }

    /// Takes `fd` out and puts the last of the list in its place; answers that place.
    pub(super) fn swap_remove(&mut self, fd: RawFd) -> Option<usize> {
        let position = self.position(fd)?;
        self.list.swap_remove(position);
        self.positions[fd as usize] = 0;
        if let Some(&moved) = self.list.get(position) {
            self.positions[moved as usize] = position as u32 + 1;
        }
        Some(position)
    }

    /// The descriptors, in the order of the list.
    pub(super) fn as_slice(&self) -> &[RawFd] {
        &self.list
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

fn not_found(fd: RawFd) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("descriptor {fd} is not registered"))
}
