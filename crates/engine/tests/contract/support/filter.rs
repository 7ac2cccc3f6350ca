//! A kernel that refuses some calls, as containers have it.

use std::thread;

use seccompiler::{SeccompAction, SeccompFilter};

/// Runs `case` on a thread for which the kernel answers these system calls with `errno`. Filters
/// cannot be taken off again, but they belong to their thread and end with it.
pub(crate) fn refusing<T: Send>(
    calls: &[i64],
    errno: i32,
    case: impl FnOnce(Filter<'_>) -> T + Send,
) -> T {
    thread::scope(|scope| {
        let filtered = scope.spawn(move || case(Filter { calls, errno }));
        filtered.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The refusal, not yet in force.
pub(crate) struct Filter<'a> {
    calls: &'a [i64],
    errno: i32,
}

impl Filter<'_> {
    /// From here on the calls are refused.
    pub(crate) fn apply(self) {
        let rules = self.calls.iter().map(|&call| (call, Vec::new())).collect();
        let refuse = SeccompAction::Errno(self.errno as u32);
        let arch = std::env::consts::ARCH.try_into().expect("a known architecture");
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch);
        let program: seccompiler::BpfProgram =
            filter.and_then(TryInto::try_into).expect("a filter of plain refusals");
        seccompiler::apply_filter(&program).expect("a thread may restrict itself");
    }
}
