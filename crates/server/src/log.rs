//! The log: lines with fields, as text or JSON, on standard error.
//!
//! Invariant: no line holds what anyone said; and a log that nobody reads delays nobody: lines go
//! through a bounded queue to a thread of their own, and what does not fit is dropped.

use std::io::IsTerminal;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use crate::options::{LogFormat, Settings};

/// Lines that wait to be written, at most. Met: further lines are dropped.
const QUEUED_LINES: usize = 8192;

/// Starts the log. What is queued is written when the guard is dropped.
pub(crate) fn start(settings: &Settings) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUED_LINES)
        .thread_name("log")
        .finish(std::io::stderr());
    let log = tracing_subscriber::fmt()
        .with_max_level(settings.log_level.0)
        .with_target(false)
        // Of several loops each line says which it is from.
        .with_thread_names(settings.loops.count() > 1)
        .with_ansi(std::io::stderr().is_terminal())
        // It would tell its own errors on standard error, which is what has failed then.
        .log_internal_errors(false)
        .with_writer(writer);
    // A log may have been started before, by a test: the first one stays.
    let _ = match settings.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    guard
}
