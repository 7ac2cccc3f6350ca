//! How long turns take: a service that measures those of the service it runs, and books of the last
//! seconds that other threads may read.
//!
//! Invariant: a turn costs one look at the clock more than without; its beginning is the moment that
//! the engine tells anyway. The books are locked once a second, not once a turn.
//!
//! A turn lasts from [`Service::begin`] until there is nothing more to ask for, so a readiness engine's
//! sends are in it; what io_uring sends goes down with its next wait, and is not.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat::TurnTimes;
use hdrhistogram::Histogram;
use service::{Batch, Key, Now, Origin, Reason, Request, Service, Time};

/// Over how many seconds turns are summed up: long enough that the slowest of a hundred means
/// something on a server that has little to do, short enough to see a change.
const SECONDS: u64 = 5;

/// The longest turn that is told from longer ones, a minute. Met: it counts as that long.
const LONGEST_NANOS: u64 = 60_000_000_000;

/// A service, and how long its turns take.
pub(crate) struct Timed<S> {
    service: S,
    began: Time,
    /// The second that is being counted.
    second: Second,
    books: Arc<Books>,
}

/// The turns that ended in one second of the engine's clock.
#[derive(Clone)]
struct Second {
    number: u64,
    turns: Histogram<u32>,
    longest: Duration,
    busy: Duration,
}

/// The last seconds, for who wants to know.
#[derive(Default)]
pub(crate) struct Books(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Oldest first; seconds without a turn are not among them.
    seconds: VecDeque<Second>,
    /// Turns of all seconds that are over.
    turns: u64,
}

impl<S> Timed<S> {
    /// `service`, whose turns stand in `books`.
    pub(crate) fn new(service: S, books: Arc<Books>) -> Self {
        Self { service, began: Time::ZERO, second: Second::new(0), books }
    }

    fn begin_turn(&mut self, now: Time) {
        self.began = now;
        let number = Second::number_of(now);
        if number != self.second.number {
            self.turn_over(number);
        }
    }

    /// A second is over.
    #[cold]
    fn turn_over(&mut self, number: u64) {
        self.books.keep(&self.second);
        self.second.clear(number);
    }

    fn end_turn(&mut self, now: Time) {
        self.second.add(now.since(self.began));
    }
}

impl Second {
    fn new(number: u64) -> Self {
        // One digit is enough: a turn of 80 µs and one of 85 µs are alike.
        let turns = Histogram::new_with_bounds(1, LONGEST_NANOS, 1).expect("bounds that can be");
        Self { number, turns, longest: Duration::ZERO, busy: Duration::ZERO }
    }

    fn number_of(time: Time) -> u64 {
        time.as_nanos() / 1_000_000_000
    }

    fn add(&mut self, turn: Duration) {
        self.turns.saturating_record(u64::try_from(turn.as_nanos()).unwrap_or(u64::MAX));
        self.longest = self.longest.max(turn);
        self.busy += turn;
    }

    fn clear(&mut self, number: u64) {
        self.turns.reset();
        (self.number, self.longest, self.busy) = (number, Duration::ZERO, Duration::ZERO);
    }
}

impl Books {
    /// Turns of the seconds that are over at `now`, the last [`SECONDS`] of them.
    pub(crate) fn read(&self, now: Time) -> TurnTimes {
        let kept = self.lock();
        let now = Second::number_of(now);
        let mut all = Second::new(now);
        for second in &kept.seconds {
            if (now.saturating_sub(SECONDS)..now).contains(&second.number) {
                all.turns.add(&second.turns).expect("all have the same bounds");
                all.longest = all.longest.max(second.longest);
                all.busy += second.busy;
            }
        }
        let at = |share| Duration::from_nanos(all.turns.value_at_quantile(share)).min(all.longest);
        TurnTimes {
            turns: kept.turns,
            recent: all.turns.len(),
            over: Duration::from_secs(SECONDS),
            median: at(0.5),
            slow: at(0.99),
            longest: all.longest,
            busy: all.busy,
        }
    }

    fn keep(&self, second: &Second) {
        if second.turns.is_empty() {
            return;
        }
        let mut kept = self.lock();
        kept.turns += second.turns.len();
        // The memory of the oldest takes the newest.
        let mut place = match kept.seconds.len() as u64 {
            SECONDS.. => kept.seconds.pop_front().expect("there is one"),
            _ => return kept.seconds.push_back(second.clone()),
        };
        place.clone_from(second);
        kept.seconds.push_back(place);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Service> Service for Timed<S> {
    fn begin(&mut self, now: Now) {
        self.begin_turn(now.time);
        self.service.begin(now);
    }

    fn opened(&mut self, key: Key, origin: &Origin) {
        self.service.opened(key, origin);
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        self.service.received(key, bytes);
    }

    fn urgent(&mut self, key: Key) {
        self.service.urgent(key);
    }

    fn ended(&mut self, key: Key) {
        self.service.ended(key);
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        self.service.transmit(key, batch);
    }

    fn closed(&mut self, key: Key, reason: Reason) {
        self.service.closed(key, reason);
    }

    fn connect_failed(&mut self, token: u64, reason: Reason) {
        self.service.connect_failed(token, reason);
    }

    fn woken(&mut self) {
        self.service.woken();
    }

    fn stopping(&mut self) {
        self.service.stopping();
    }

    fn finish(&mut self) -> Option<Time> {
        self.service.finish()
    }

    fn request(&mut self) -> Option<Request> {
        let request = self.service.request();
        if request.is_none() {
            self.end_turn(engine::monotonic());
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MICRO: Duration = Duration::from_micros(1);

    struct Nothing;

    impl Service for Nothing {
        fn opened(&mut self, _: Key, _: &Origin) {}
        fn received(&mut self, _: Key, _: &[u8]) {}
        fn ended(&mut self, _: Key) {}
        fn transmit(&mut self, _: Key, _: &mut Batch) {}
        fn closed(&mut self, _: Key, _: Reason) {}
        fn request(&mut self) -> Option<Request> {
            None
        }
    }

    fn timed() -> Timed<Nothing> {
        Timed::new(Nothing, Arc::default())
    }

    /// Turns that begin at `at` and take so long, one after the other.
    fn turns(timed: &mut Timed<Nothing>, at: Time, durations: impl IntoIterator<Item = Duration>) {
        for duration in durations {
            timed.begin_turn(at);
            timed.end_turn(at + duration);
        }
    }

    #[test]
    fn the_median_the_slowest_hundredth_and_the_longest_are_told_once_their_second_is_over() {
        let mut timed = timed();
        let at = Time::ZERO + SECOND * 7;
        let durations = std::iter::repeat_n(MICRO * 100, 97).chain([MICRO * 1000; 2]);
        turns(&mut timed, at, durations.chain([MICRO * 5003]));
        let books = Arc::clone(&timed.books);
        assert_eq!(books.read(at), TurnTimes { over: SECOND * 5, ..TurnTimes::default() });
        timed.begin_turn(at + SECOND);
        let told = books.read(at + SECOND);
        assert_eq!((told.turns, told.recent), (100, 100));
        let is_about =
            |told: Duration, micros: u32| told.abs_diff(MICRO * micros) <= MICRO * micros / 16;
        assert!(is_about(told.median, 100) && is_about(told.slow, 1000), "{told:?}");
        assert_eq!(told.longest, MICRO * 5003);
        assert_eq!(told.busy, MICRO * (9700 + 2000 + 5003));
    }

    #[test]
    fn what_was_long_ago_does_not_count_and_takes_no_memory() {
        let mut timed = timed();
        let books = Arc::clone(&timed.books);
        for second in 1..=100 {
            turns(&mut timed, Time::ZERO + SECOND * second, [MICRO * second]);
        }
        timed.begin_turn(Time::ZERO + SECOND * 101);
        let told = books.read(Time::ZERO + SECOND * 101);
        assert_eq!((told.turns, told.recent), (100, 5));
        assert_eq!(told.longest, MICRO * 100);
        assert!(told.median >= MICRO * 96, "{told:?}");
        assert_eq!(books.lock().seconds.len(), 5);
        let told = books.read(Time::ZERO + SECOND * 104);
        assert_eq!((told.recent, told.longest), (2, MICRO * 100));
        let told = books.read(Time::ZERO + SECOND * 200);
        assert_eq!((told.turns, told.recent, told.longest), (100, 0, Duration::ZERO));
    }

    #[test]
    fn a_turn_of_any_length_is_counted() {
        let mut timed = timed();
        let at = Time::ZERO + SECOND;
        turns(&mut timed, at, [Duration::ZERO, Duration::from_secs(3600)]);
        timed.begin_turn(at + SECOND);
        let told = timed.books.read(at + SECOND);
        assert_eq!((told.recent, told.longest), (2, Duration::from_secs(3600)));
    }

    #[test]
    fn a_turn_ends_when_nothing_more_is_asked_for() {
        let mut timed = timed();
        let now = engine::monotonic();
        timed.begin(Now { time: now, unix_ms: 0 });
        timed.finish();
        assert_eq!(timed.second.turns.len(), 0);
        assert_eq!(timed.request(), None);
        assert_eq!(timed.second.turns.len(), 1);
    }
}
