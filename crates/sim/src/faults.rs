//! How the network, the clock and the clients misbehave.
//!
//! Invariant: every fault is something that the contract on [`Service`](service::Service) allows;
//! a service that fails under them is wrong.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::Random;

/// The ways of misbehaving, most of them probabilities from 0 to 1.
///
/// The fields from `client_resets` on are what clients do by themselves. A test whose checker
/// does not want them sets them to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// A received piece is cut at a random place.
    pub short_reads: f64,
    /// A send takes only a random part of what it could.
    pub short_sends: f64,
    /// Something that could be told this turn is told in a later one.
    pub delays: f64,
    /// The facts of a turn come in random order. (What one client sent stays in order, always.)
    pub reordering: f64,
    /// After a pause, bytes that were already under way still arrive, or the end of what is sent.
    pub late_bytes: f64,
    /// A turn takes place in which nothing has happened.
    pub empty_turns: f64,
    /// The clock jumps forward, by up to ten minutes, before a turn.
    pub time_jumps: f64,
    /// The date jumps either way, by up to fifty years, before a turn.
    pub date_jumps: f64,
    /// How much time passes between turns.
    pub step: RangeInclusive<Duration>,
    /// How late a deadline is noticed.
    pub lateness: RangeInclusive<Duration>,
    /// How many bytes the buffers between server and client hold, drawn for each client.
    pub window_bytes: RangeInclusive<usize>,
    /// How many bytes a client reads at a time.
    pub read_bytes: RangeInclusive<usize>,
    /// A client resets its connection; each turn, for one client.
    pub client_resets: f64,
    /// A client finishes sending; each turn, for one client.
    pub client_ends: f64,
    /// A client closes its socket without waiting for an answer; each turn, for one client.
    pub client_hang_ups: f64,
    /// A client stops reading for up to a hundred turns; each turn, for one client.
    pub client_stalls: f64,
}

impl Faults {
    /// A world in which everything happens at once, whole and in order, and time stands still
    /// unless told to move.
    pub const fn none() -> Self {
        const NOW: RangeInclusive<Duration> = Duration::ZERO..=Duration::ZERO;
        Self {
            short_reads: 0.0,
            short_sends: 0.0,
            delays: 0.0,
            reordering: 0.0,
            late_bytes: 0.0,
            empty_turns: 0.0,
            time_jumps: 0.0,
            date_jumps: 0.0,
            step: NOW,
            lateness: NOW,
            window_bytes: 256 * 1024..=256 * 1024,
            read_bytes: 256 * 1024..=256 * 1024,
            client_resets: 0.0,
            client_ends: 0.0,
            client_hang_ups: 0.0,
            client_stalls: 0.0,
        }
    }

    /// Some faults of some kinds, from none to heavy: that a run lacks some of them altogether
    /// finds what only shows when another fault does not hide it.
    pub fn random(random: &mut Random) -> Self {
        let mut often = || *random.pick(&[0.0, 0.05, 0.3, 0.7, 0.9]);
        let [short_reads, short_sends, delays, reordering, late_bytes] =
            std::array::from_fn(|_| often());
        let mut seldom = || *random.pick(&[0.0, 0.0, 0.001, 0.01]);
        let [time_jumps, date_jumps, client_resets, client_ends, client_hang_ups, client_stalls] =
            std::array::from_fn(|_| seldom());
        let micros = Duration::from_micros;
        let step = *random.pick(&[0, 10, 1_000, 50_000]);
        let lateness = *random.pick(&[0, 100, 20_000]);
        let window = *random.pick(&[1, 100, 4_096, 256 * 1024]);
        let read = *random.pick(&[1, 100, 4_096, 256 * 1024]);
        Self {
            short_reads,
            short_sends,
            delays,
            reordering,
            late_bytes,
            empty_turns: *random.pick(&[0.0, 0.1]),
            time_jumps,
            date_jumps,
            step: Duration::ZERO..=micros(step),
            lateness: Duration::ZERO..=micros(lateness),
            // Windows and reads of a byte or so make long runs: never both.
            window_bytes: window.min(100)..=window.max(if read == 1 { 4_096 } else { 100 }),
            read_bytes: 1..=read.max(if window == 1 { 4_096 } else { 100 }),
            client_resets,
            client_ends,
            client_hang_ups,
            client_stalls,
        }
    }

    /// The same, with clients that only do what the test has them do.
    pub fn with_obedient_clients(self) -> Self {
        let never = 0.0;
        Self { client_resets: never, client_ends: never, client_hang_ups: never, ..self }
    }

    /// The same, but no time passes by itself, so that no limit is reached however long it takes.
    pub fn with_time_standing_still(self) -> Self {
        Self { time_jumps: 0.0, step: Duration::ZERO..=Duration::ZERO, ..self }
    }
}
