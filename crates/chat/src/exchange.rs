//! Where several loops of one server agree on the order of events.
//!
//! Invariant: all loops take the same events in the same order; an event is kept until each of them
//! has taken it.
//!
//! A loop is a thread with an engine and a [`Switchboard`](crate::Switchboard) of its own, which holds
//! all that is shared (members, rooms, history) and serves the connections of its own engine. A
//! proposal takes its place at the end of the stream, under a lock that is held for no longer than
//! that; its loop then applies everything up to it, and so has its outcome at once. The others are
//! woken when the turn is over.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use service::KeySpace;

use crate::Limits;
use crate::common::Common;
use crate::event::Event;
use crate::trunk::{Loop, Ordered};

/// What the loops of one server share: the stream of events.
pub struct Exchange {
    stream: Mutex<Stream>,
    /// The number of the last event in the stream.
    head: AtomicU64,
    places: Box<[Place]>,
    common: OnceLock<Arc<Common>>,
}

/// Events that not all loops have taken.
#[derive(Debug)]
struct Stream {
    events: VecDeque<Arc<Ordered>>,
    /// The number of the last event.
    last: u64,
    /// When it was proposed.
    last_unix_ms: u64,
    bytes: usize,
    /// The number of the last event that each loop has taken; none will be taken by who has left.
    taken: Box<[u64]>,
}

/// A loop, as the others see it.
#[derive(Default)]
struct Place {
    /// A loop has this place, or had it.
    is_given: AtomicBool,
    /// It has been woken and has not looked since.
    is_woken: AtomicBool,
    waker: OnceLock<Waker>,
}

/// Starts a turn of a loop's engine.
type Waker = Arc<dyn Fn() + Send + Sync>;

/// What a loop that has ended has taken: it will not take anything.
const LEFT: u64 = u64::MAX;

impl Exchange {
    /// The exchange of a server with so many loops: one at least, and no more than
    /// [`KeySpace::MOST`].
    ///
    /// # Panics
    ///
    /// With another number.
    pub fn new(loops: usize) -> Arc<Self> {
        assert!((1..=KeySpace::MOST as usize).contains(&loops), "{loops} loops");
        Arc::new(Self {
            stream: Mutex::new(Stream {
                events: VecDeque::new(),
                last: 0,
                last_unix_ms: 0,
                bytes: 0,
                taken: vec![0; loops].into(),
            }),
            head: AtomicU64::new(0),
            places: (0..loops).map(|_| Place::default()).collect(),
            common: OnceLock::new(),
        })
    }

    /// How many loops there are.
    pub fn loops(&self) -> usize {
        self.places.len()
    }

    /// The keys that the engine of the loop with this number gives to connections: no two loops give
    /// the same.
    ///
    /// # Panics
    ///
    /// If there is no such loop.
    pub fn key_space(&self, number: usize) -> KeySpace {
        KeySpace::one_of(number as u32, self.loops() as u32)
    }

    /// Says how the engine of the loop with this number is woken: `waker` comes back at once, may be
    /// called from any thread, and leads to [`Service::woken`](service::Service::woken). It counts
    /// once; without one, a loop learns what others did when it next has a turn.
    ///
    /// # Panics
    ///
    /// If there is no such loop.
    pub fn set_waker(&self, number: usize, waker: Arc<dyn Fn() + Send + Sync>) {
        {
            // Who proposes after this sees it; what was proposed before, the loop sees in the turn
            // that is asked for below. A second one is not wanted: the first goes on serving.
            let _proposing = self.stream();
            let _ = self.places[number].waker.set(Arc::clone(&waker));
        }
        waker();
    }

    /// What all loops count together.
    pub(crate) fn common(&self, seed: u64) -> Arc<Common> {
        let make = || Arc::new(Common::new(seed, self.loops()));
        Arc::clone(self.common.get_or_init(make))
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        // Nothing is left half done by who panics: the calls under the lock do not.
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.head.load(Relaxed);
        f.debug_struct("Exchange").field("loops", &self.loops()).field("head", &head).finish()
    }
}

/// One loop's place at an exchange. With it goes the place: the others no longer wait for it.
#[derive(Debug)]
pub(crate) struct Seat {
    exchange: Arc<Exchange>,
    number: Loop,
    /// Taken, and on their way to being applied.
    next: VecDeque<Arc<Ordered>>,
    /// The number of the last event taken.
    taken: u64,
    /// Events were proposed, or the others were called, and they have not been woken since.
    has_proposed: bool,
    is_full: bool,
    bounds: Bounds,
}

/// How much may wait for the slowest loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

impl Bounds {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self { events: limits.exchange_events, bytes: limits.exchange_bytes }
    }
}

impl Seat {
    /// The place of the loop with this number, which is given once. Whenever that is, nothing has
    /// been let go that the loop has not taken.
    pub(crate) fn new(exchange: Arc<Exchange>, number: usize, bounds: Bounds) -> Self {
        assert!(number < exchange.loops(), "there is no loop {number}");
        let was_given = exchange.places[number].is_given.swap(true, SeqCst);
        assert!(!was_given, "loop {number} is made twice: what it has missed is not kept");
        Self {
            exchange,
            number: number as Loop,
            next: VecDeque::new(),
            taken: 0,
            has_proposed: false,
            is_full: false,
            bounds,
        }
    }

    pub(crate) fn number(&self) -> Loop {
        self.number
    }

    /// Puts `event` at the end of the stream, and takes everything up to it.
    pub(crate) fn propose(&mut self, unix_ms: u64, event: Event) {
        let (exchange, by) = (&self.exchange, self.number);
        let mut stream = exchange.stream();
        let (seq, unix_ms) = (stream.last + 1, stream.time_of_next(unix_ms));
        stream.append(Arc::new(Ordered { seq, unix_ms, by, event }));
        exchange.head.store(seq, SeqCst);
        self.is_full = stream.take(self.number, self.taken, &mut self.next, self.bounds);
        self.taken = seq;
        self.has_proposed = true;
    }

    /// Takes what others have put there.
    pub(crate) fn catch_up(&mut self) {
        let place = &self.exchange.places[usize::from(self.number)];
        // Before it is looked whether there is anything: who proposes after that wakes again.
        if place.is_woken.load(Relaxed) {
            place.is_woken.store(false, SeqCst);
        }
        if self.exchange.head.load(SeqCst) > self.taken || self.is_full {
            let mut stream = self.exchange.stream();
            self.is_full = stream.take(self.number, self.taken, &mut self.next, self.bounds);
            self.taken = stream.last;
        }
    }

    /// The next event taken.
    pub(crate) fn next(&mut self) -> Option<Arc<Ordered>> {
        self.next.pop_front()
    }

    /// From here on `bounds` hold.
    pub(crate) fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The others are woken too when next they would be for something new.
    pub(crate) fn call_others(&mut self) {
        self.has_proposed = true;
    }

    /// Wakes the others if there is anything new for them, each of them once until it has looked.
    pub(crate) fn wake_others(&mut self) {
        if !std::mem::take(&mut self.has_proposed) {
            return;
        }
        for (number, place) in self.exchange.places.iter().enumerate() {
            if number != usize::from(self.number)
                && let Some(waker) = place.waker.get()
                && !place.is_woken.swap(true, SeqCst)
            {
                waker();
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.exchange.stream().leave(self.number);
    }
}

/// How far the clocks of loops may be apart, each of which is read when a turn begins: a turn does
/// not take that long. Beyond that the clock has been set back, and is followed.
const CLOCKS_APART_MS: u64 = 10_000;

impl Stream {
    /// When the next event is said to be, which a loop proposes in a turn that began at `unix_ms`:
    /// never before the last, so that what is read in this order has its times in order, too.
    fn time_of_next(&self, unix_ms: u64) -> u64 {
        match self.last_unix_ms.saturating_sub(unix_ms) {
            ..CLOCKS_APART_MS => self.last_unix_ms.max(unix_ms),
            _ => unix_ms,
        }
    }

    fn append(&mut self, ordered: Arc<Ordered>) {
        (self.last, self.last_unix_ms) = (ordered.seq, ordered.unix_ms);
        self.bytes += ordered.cost();
        self.events.push_back(ordered);
    }

    /// Hands everything after `from` to a loop. Answers whether so much is left, which others have not
    /// taken, that no more should be added.
    fn take(
        &mut self,
        number: Loop,
        from: u64,
        into: &mut VecDeque<Arc<Ordered>>,
        bounds: Bounds,
    ) -> bool {
        let first = self.last - self.events.len() as u64;
        let skip = (from - first) as usize;
        into.extend(self.events.range(skip..).cloned());
        self.taken[usize::from(number)] = self.last;
        self.release();
        self.events.len() > bounds.events || self.bytes > bounds.bytes
    }

    fn leave(&mut self, number: Loop) {
        self.taken[usize::from(number)] = LEFT;
        self.release();
    }

    /// Lets go of what all have taken.
    fn release(&mut self) {
        let least = self.taken.iter().copied().min().unwrap_or(LEFT);
        while let Some(first) = self.events.front()
            && first.seq <= least
        {
            self.bytes -= first.cost();
            self.events.pop_front();
        }
    }
}

impl Ordered {
    /// What keeping it costs, in bytes.
    fn cost(&self) -> usize {
        size_of::<Self>() + self.event.cost()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    const AMPLE: Bounds = Bounds { events: usize::MAX, bytes: usize::MAX };

    fn event(text: &str) -> Event {
        Event::Reported { but: None, text: text.into() }
    }

    /// The numbers of what comes out, and whose it is.
    fn taken(seat: &mut Seat) -> Vec<(u64, Loop)> {
        std::iter::from_fn(|| seat.next()).map(|ordered| (ordered.seq, ordered.by)).collect()
    }

    #[test]
    fn what_is_proposed_comes_behind_what_others_have_proposed() {
        let exchange = Exchange::new(2);
        let [mut one, mut other] =
            [0, 1].map(|number| Seat::new(Arc::clone(&exchange), number, AMPLE));
        one.propose(0, event("a"));
        one.propose(0, event("b"));
        assert_eq!(taken(&mut one), [(1, 0), (2, 0)]);
        other.propose(0, event("c"));
        assert_eq!(taken(&mut other), [(1, 0), (2, 0), (3, 1)]);
        one.catch_up();
        assert_eq!(taken(&mut one), [(3, 1)]);
        one.catch_up();
        other.catch_up();
        assert!(taken(&mut one).is_empty() && taken(&mut other).is_empty());
        assert_eq!(exchange.stream().bytes, 0);
    }

    #[test]
    fn what_waits_for_the_slowest_is_kept_and_makes_the_others_wait() {
        let exchange = Exchange::new(3);
        let bounds = Bounds { events: 2, bytes: 1000 };
        let [mut fast, mut slow, gone] =
            [0, 1, 2].map(|number| Seat::new(Arc::clone(&exchange), number, bounds));
        fast.propose(0, event("a"));
        slow.catch_up();
        assert_eq!((slow.next().map(|a| a.seq), exchange.stream().events.len()), (Some(1), 1));
        // Nobody waits for a loop that has ended.
        drop(gone);
        assert_eq!(exchange.stream().events.len(), 0);
        fast.propose(0, event("b"));
        fast.propose(0, event("c"));
        assert!(!fast.is_full());
        fast.propose(0, event("d"));
        assert!(fast.is_full());
        fast.catch_up();
        assert!(fast.is_full(), "nobody has taken anything meanwhile");
        slow.catch_up();
        assert!(!slow.is_full());
        assert_eq!(taken(&mut slow), [(2, 0), (3, 0), (4, 0)]);
        fast.catch_up();
        assert!(!fast.is_full());
        fast.propose(0, event(&"long".repeat(1000)));
        assert!(fast.is_full(), "in bytes");
    }

    #[test]
    fn times_do_not_run_backwards_but_a_clock_that_was_set_back_is_followed() {
        let exchange = Exchange::new(2);
        let [mut one, mut other] =
            [0, 1].map(|number| Seat::new(Arc::clone(&exchange), number, AMPLE));
        one.propose(50_000, event("a"));
        other.propose(49_990, event("its turn began before"));
        other.propose(50_010, event("b"));
        one.propose(50_005, event("c"));
        other.propose(20_000, event("set back"));
        one.catch_up();
        let times: Vec<u64> =
            std::iter::from_fn(|| one.next()).map(|event| event.unix_ms).collect();
        assert_eq!(times, [50_000, 50_000, 50_010, 50_010, 20_000]);
    }

    #[test]
    #[should_panic(expected = "loop 1 is made twice")]
    fn a_loop_is_made_once() {
        let exchange = Exchange::new(2);
        drop(Seat::new(Arc::clone(&exchange), 1, AMPLE));
        Seat::new(exchange, 1, AMPLE);
    }

    #[test]
    fn a_loop_that_is_made_late_has_missed_nothing() {
        let exchange = Exchange::new(2);
        let mut early = Seat::new(Arc::clone(&exchange), 0, AMPLE);
        early.propose(0, event("a"));
        early.propose(0, event("b"));
        let mut late = Seat::new(exchange, 1, AMPLE);
        late.catch_up();
        assert_eq!(taken(&mut late), [(1, 0), (2, 0)]);
    }

    #[test]
    fn a_loop_is_woken_once_until_it_has_looked() {
        let exchange = Exchange::new(2);
        let woken = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&woken);
        let [mut one, mut other] =
            [0, 1].map(|number| Seat::new(Arc::clone(&exchange), number, AMPLE));
        let waker = move || {
            count.fetch_add(1, SeqCst);
        };
        exchange.set_waker(1, Arc::new(waker));
        assert_eq!(woken.load(SeqCst), 1, "at first");
        one.wake_others();
        assert_eq!(woken.load(SeqCst), 1, "there is nothing new");
        for _ in 0..3 {
            one.propose(0, event("a"));
            one.wake_others();
        }
        assert_eq!(woken.load(SeqCst), 2);
        other.catch_up();
        one.propose(0, event("b"));
        one.wake_others();
        assert_eq!(woken.load(SeqCst), 3);
        assert_eq!(taken(&mut other).len(), 3);
    }

    /// Threads that each go on only when another has, so that one wake-up lost is the end of it; and
    /// that all talk at once in between.
    #[test]
    fn threads_agree_on_the_order_and_none_is_left_asleep() {
        const LOOPS: usize = 4;
        const TURNS: u64 = 4_000;
        let exchange = Exchange::new(LOOPS);
        let run = |number: usize| {
            let mut seat = Seat::new(Arc::clone(&exchange), number, AMPLE);
            let exchange = Arc::clone(&exchange);
            move || {
                let (sender, wake_ups) = mpsc::channel();
                let waker = move || {
                    // Who has ended needs no more of them.
                    let _ = sender.send(());
                };
                exchange.set_waker(number, Arc::new(waker));
                let (mut all, mut own) = (Vec::new(), 0);
                loop {
                    seat.catch_up();
                    all.extend(taken(&mut seat));
                    let turn = all.len() as u64;
                    if turn >= TURNS {
                        return (all, own);
                    }
                    let is_its_turn = turn % LOOPS as u64 == number as u64;
                    if is_its_turn || turn % 256 < 64 {
                        seat.propose(0, event("x"));
                        own += 1;
                        all.extend(taken(&mut seat));
                        assert_eq!(all.last().map(|last| last.1), Some(number as Loop), "its own");
                        seat.wake_others();
                    } else {
                        let patience = Duration::from_secs(60);
                        wake_ups.recv_timeout(patience).expect("it is woken");
                    }
                }
            }
        };
        let threads: Vec<_> = (0..LOOPS).map(|number| thread::spawn(run(number))).collect();
        let all: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let longest = all.iter().map(|(seen, _)| seen).max_by_key(|seen| seen.len()).unwrap();
        for (seen, _) in &all {
            assert_eq!(seen[..], longest[..seen.len()], "one order for all");
        }
        assert!(longest.iter().map(|(seq, _)| *seq).eq(1..=longest.len() as u64));
        for (number, (seen, own)) in all.iter().enumerate() {
            let mine = longest.iter().filter(|(_, by)| usize::from(*by) == number).count();
            assert_eq!(mine, *own, "nothing is lost, nothing twice");
            assert!(seen.len() as u64 >= TURNS);
        }
    }
}
