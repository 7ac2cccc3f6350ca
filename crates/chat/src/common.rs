//! What holds for a server as a whole and does not stand in the order of events: who connects, and
//! from where.
//!
//! Invariant: a bound on connections holds for all loops together, whichever of them a connection
//! comes to. Nothing that is applied depends on what stands here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::address::Addresses;

/// Counts of all loops of a server.
#[derive(Debug)]
pub(crate) struct Common {
    addresses: Mutex<Addresses>,
    connections: AtomicUsize,
    closing: AtomicUsize,
}

impl Common {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            addresses: Mutex::new(Addresses::new(seed)),
            connections: AtomicUsize::new(0),
            closing: AtomicUsize::new(0),
        }
    }

    /// How many connections come from where: held for as long as it takes to look one up.
    pub(crate) fn addresses(&self) -> MutexGuard<'_, Addresses> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection. Answers how many there are now.
    pub(crate) fn open(&self) -> usize {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A connection is being closed.
    pub(crate) fn close(&self) {
        self.closing.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection is over; it was being closed before, or not.
    pub(crate) fn end(&self, was_closing: bool) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
        self.closing.fetch_sub(usize::from(was_closing), Ordering::Relaxed);
    }

    /// Connections now, those being closed included.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Those being closed.
    pub(crate) fn closing(&self) -> usize {
        self.closing.load(Ordering::Relaxed)
    }
}
