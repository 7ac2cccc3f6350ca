//! Engines that work side by side: whom one accepts, another may serve; and they stop together.
//!
//! Invariant: a newcomer is with one engine at a time, and one that no engine will serve any more
//! is closed.
//!
//! Handing newcomers over spreads any number of them evenly, over any kind of listener. A listening
//! socket for each engine (`SO_REUSEPORT`) leaves that to a hash: of ten people, eight or more come
//! to one of two engines in one case of nine. It would also let any process of the same user take
//! part of the connections (socket(7)), and reset those that wait at a listener when it is closed.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use service::Origin;

use crate::waker::Handle;

/// So many newcomers may be handed to an engine between two of its turns. What it has taken waits for
/// a turn with room for it, and counts as its load. Met: whoever accepted them serves them itself.
const INTAKE: usize = 256;

/// Somebody who was accepted and whom no service knows yet.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) socket: OwnedFd,
    pub(crate) origin: Origin,
}

/// Where an engine is handed newcomers.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    queue: Mutex<Queue>,
    /// The connections that its engine has, or will have when it has taken what waits here; as its
    /// last turn left them. [`CLOSED`]: it takes nobody.
    load: AtomicUsize,
}

const CLOSED: usize = usize::MAX;

#[derive(Debug, Default)]
struct Queue {
    newcomers: VecDeque<Newcomer>,
    is_closed: bool,
}

impl Intake {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands `newcomer` over; gives it back if it cannot be taken.
    fn put(&self, newcomer: Newcomer) -> Result<(), Newcomer> {
        let mut queue = self.lock();
        if queue.is_closed || queue.newcomers.len() >= INTAKE {
            return Err(newcomer);
        }
        queue.newcomers.push_back(newcomer);
        self.load.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Moves who waits here to the end of `taken`.
    pub(crate) fn take(&self, taken: &mut VecDeque<Newcomer>) {
        taken.append(&mut self.lock().newcomers);
    }

    /// The engine has so many connections.
    pub(crate) fn note(&self, connections: usize) {
        let queue = self.lock();
        if !queue.is_closed {
            self.load.store(connections + queue.newcomers.len(), Ordering::Relaxed);
        }
    }

    /// Nobody is taken from here on; who waits is closed.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        queue.is_closed = true;
        queue.newcomers.clear();
        self.load.store(CLOSED, Ordering::Relaxed);
    }
}

/// The engines beside one.
#[derive(Debug, Default)]
pub(crate) struct Siblings {
    handles: Vec<Handle>,
    /// Which of them were handed somebody and do not know yet.
    unaware: Vec<usize>,
}

impl Siblings {
    pub(crate) fn new(handles: Vec<Handle>) -> Self {
        Self { handles, unaware: Vec::new() }
    }

    /// The connections that they have, as their last turns left them.
    pub(crate) fn connections(&self) -> usize {
        let loads = self.handles.iter().map(|handle| handle.intake().load.load(Ordering::Relaxed));
        loads.filter(|&load| load != CLOSED).sum()
    }

    /// Hands `newcomer` to the engine with the fewest connections; gives it back if that is the one
    /// that asks, which has `connections`.
    pub(crate) fn place(&mut self, connections: usize, newcomer: Newcomer) -> Option<Newcomer> {
        let loads = self.handles.iter().map(|handle| handle.intake().load.load(Ordering::Relaxed));
        let least = loads.enumerate().min_by_key(|&(_, load)| load);
        let Some((number, _)) = least.filter(|&(_, load)| load < connections) else {
            return Some(newcomer);
        };
        let handed = self.handles[number].intake().put(newcomer);
        if handed.is_ok() && !self.unaware.contains(&number) {
            self.unaware.push(number);
        }
        handed.err()
    }

    /// Tells those who were handed somebody, once each.
    pub(crate) fn tell(&mut self) {
        for number in self.unaware.drain(..) {
            self.handles[number].look();
        }
    }

    /// They are to stop, gracefully.
    pub(crate) fn stop(&self) {
        self.handles.iter().for_each(Handle::stop);
    }

    /// They are to stop at once.
    pub(crate) fn stop_now(&self) {
        self.handles.iter().for_each(Handle::stop_now);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use service::{Peer, Via};

    use super::*;
    use crate::waker::Waker;

    fn newcomer() -> (Newcomer, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let origin = Origin { peer: Peer::Unix, via: Via::Listener(0) };
        (Newcomer { socket: ours.into(), origin }, theirs)
    }

    /// How many waiting newcomers `waker` takes.
    fn taken(waker: &mut Waker) -> usize {
        let mut taken = VecDeque::new();
        waker.handle().intake().take(&mut taken);
        taken.len()
    }

    #[test]
    fn the_one_with_the_fewest_connections_is_handed_the_next() {
        let mut wakers = [Waker::new().unwrap(), Waker::new().unwrap()];
        let mut siblings = Siblings::new(wakers.iter().map(Waker::handle).collect());
        let mut own = 0;
        let mut peers = Vec::new();
        for _ in 0..10 {
            let (newcomer, peer) = newcomer();
            own += usize::from(siblings.place(own, newcomer).is_some());
            peers.push(peer);
        }
        assert_eq!((own, wakers.each_mut().map(taken)), (4, [3, 3]));
        // As if some had gone.
        wakers[1].handle().intake().note(1);
        for _ in 0..2 {
            assert!(siblings.place(own, newcomer().0).is_none());
        }
        assert_eq!(wakers.each_mut().map(taken), [0, 2]);
    }

    #[test]
    fn who_is_full_or_closed_is_handed_nobody() {
        let waker = Waker::new().unwrap();
        let mut siblings = Siblings::new(vec![waker.handle()]);
        let peers: Vec<UnixStream> = (0..INTAKE)
            .map(|_| {
                let (newcomer, peer) = newcomer();
                assert!(siblings.place(usize::MAX, newcomer).is_none());
                peer
            })
            .collect();
        assert!(siblings.place(usize::MAX, newcomer().0).is_some(), "it is full");
        drop(waker);
        for mut peer in peers {
            let end = std::io::Read::read(&mut peer, &mut [0]);
            assert_eq!(end.unwrap(), 0, "who waited for an engine that is gone is closed");
        }
        assert!(siblings.place(usize::MAX, newcomer().0).is_some(), "it is closed");
    }
}
