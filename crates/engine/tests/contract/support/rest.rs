//! Whether a wait rests. A loop that spins inside a selector shows in no event and no turn, but in
//! the processor time of its thread. That only grows while the thread runs, so a busy machine makes
//! a spinning loop look better, and never a resting one worse.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Runs `wait`, which takes at least `long`, and checks that it spends less than half of that
/// computing.
pub(crate) fn at_rest(long: Duration, wait: impl FnOnce()) {
    let before = processor_time();
    wait();
    let used = processor_time() - before;
    assert!(used < long / 2, "{used:?} of computing while nothing happened for {long:?}");
}

/// What this thread has used so far.
fn processor_time() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec as u64, used.tv_nsec as u32)
}
