//! What the program knows of itself, for the status page: its engine, its memory, its time, its turns.
//!
//! Invariant: asking never waits: one read of the process's own books, which the kernel has at hand,
//! and one look at a clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chat::Vitals;
use engine::Choice;
use rustix::time::{ClockId, clock_gettime};

use crate::turn_times::Books;

/// The program, as far as it can tell of itself.
pub(crate) struct Program {
    /// What all its loops run on.
    pub(crate) engine: Choice,
    /// How long turns take, by the number of the loop.
    pub(crate) turns: Vec<Arc<Books>>,
}

impl Program {
    /// What it knows at this moment.
    pub(crate) fn vitals(&self) -> Vitals {
        let now = engine::monotonic();
        Vitals {
            version: env!("CARGO_PKG_VERSION").into(),
            engine: self.engine.to_string(),
            memory_bytes: resident_bytes(),
            cpu: Some(cpu()),
            loops: self.turns.iter().map(|books| books.read(now)).collect(),
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// Bytes of memory that are resident: the second number of `/proc/self/statm`, in pages (`proc(5)`).
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// What all threads have spent on a core, those that have ended too.
fn cpu() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_knows_its_memory_and_its_time() {
        let turns = vec![Arc::default(), Arc::default()];
        let vitals = Program { engine: Choice::Poll, turns }.vitals();
        assert!(vitals.memory_bytes.is_some_and(|bytes| bytes > 100_000), "{vitals:?}");
        assert!(vitals.cpu.is_some_and(|cpu| cpu > Duration::ZERO));
        assert_eq!((vitals.engine.as_str(), vitals.loops.len()), ("poll", 2));
    }
}
