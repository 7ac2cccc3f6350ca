//! What holds for a server as a whole and does not stand in the order of events: who connects, and
//! from where; what is kept for those who come back; and what its loops tell of themselves to whoever
//! looks.
//!
//! Invariant: a bound on connections holds for all loops together, whichever of them a connection
//! comes to. Nothing that is applied depends on what stands here.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use service::Time;

use crate::address::Addresses;
use crate::status::Figures;
use crate::web::resume::Resumes;

/// Counts of all loops of a server.
#[derive(Debug)]
pub(crate) struct Common {
    addresses: Mutex<Addresses>,
    resumes: Mutex<Resumes>,
    connections: AtomicUsize,
    closing: AtomicUsize,
    /// What each loop has told of itself last, by its number. Held for as long as it takes to copy.
    figures: Box<[Mutex<Option<Figures>>]>,
    /// Until when it is to do so, in nanoseconds.
    watched_until: AtomicU64,
}

impl Common {
    /// For so many loops.
    pub(crate) fn new(seed: u64, loops: usize) -> Self {
        Self {
            addresses: Mutex::new(Addresses::new(seed)),
            resumes: Mutex::new(Resumes::new(seed)),
            connections: AtomicUsize::new(0),
            closing: AtomicUsize::new(0),
            figures: (0..loops).map(|_| Mutex::new(None)).collect(),
            watched_until: AtomicU64::new(0),
        }
    }

    /// How many connections come from where: held for as long as it takes to look one up.
    pub(crate) fn addresses(&self) -> MutexGuard<'_, Addresses> {
        lock(&self.addresses)
    }

    /// What is kept for clients that come back: held likewise.
    pub(crate) fn resumes(&self) -> MutexGuard<'_, Resumes> {
        lock(&self.resumes)
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

    /// Whether loops are to tell of themselves.
    pub(crate) fn is_watched(&self, now: Time) -> bool {
        self.watched_until.load(Ordering::Relaxed) > now.as_nanos()
    }

    /// Somebody looks: until then, loops tell of themselves. Answers whether they did so before.
    pub(crate) fn watch(&self, now: Time, until: Time) -> bool {
        self.watched_until.fetch_max(until.as_nanos(), Ordering::Relaxed) > now.as_nanos()
    }

    /// What the loop with this number tells of itself.
    pub(crate) fn put_down(&self, number: usize, figures: Figures) {
        *lock(&self.figures[number]) = Some(figures);
    }

    /// What all loops have told last, by their numbers.
    pub(crate) fn figures(&self) -> impl Iterator<Item = Option<Figures>> + '_ {
        self.figures.iter().map(|figures| *lock(figures))
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
