//! Running a test for many seeds.
//!
//! Invariant: a failure names its seed and the command that runs it again.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs `test` for the seeds from 0 up to `default_seeds`.
///
/// The environment has the last word: `SIM_SEED=17` runs that seed alone, `SIM_SEEDS=10000` runs
/// ten thousand. `name` is the test's own, for the message.
///
/// # Panics
///
/// As `test` does, after printing the seed; and if the variables are not numbers.
pub fn for_each_seed(name: &str, default_seeds: u64, mut test: impl FnMut(u64)) {
    let seeds = match (variable("SIM_SEED"), variable("SIM_SEEDS")) {
        (Some(seed), _) => seed..seed.saturating_add(1),
        (None, Some(count)) => 0..count,
        (None, None) => 0..default_seeds,
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(seed))) {
            eprintln!(
                "seed {seed}: rerun with SIM_SEED={seed} cargo test -p switchboard-sim {name}"
            );
            resume_unwind(panic);
        }
    }
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number")))
}
