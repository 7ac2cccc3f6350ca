//! The two clocks, read once a turn.

use rustix::time::{ClockId, Timespec, clock_gettime};
use service::{Now, Time};

/// The clock that deadlines are measured on: `CLOCK_MONOTONIC`, which goes on evenly whoever sets
/// the date, and stands still while the machine sleeps.
pub fn monotonic() -> Time {
    let now = clock_gettime(ClockId::Monotonic);
    Time::from_nanos(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
}

/// Both clocks. The date's is the coarse one: some milliseconds stale, a third of the price.
pub(crate) fn now() -> Now {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::RealtimeCoarse);
    // A machine whose date is before 1970 is told that it is 1970.
    let unix_ms = u64::try_from(tv_sec).unwrap_or(0) * 1000 + tv_nsec as u64 / 1_000_000;
    Now { time: monotonic(), unix_ms }
}
