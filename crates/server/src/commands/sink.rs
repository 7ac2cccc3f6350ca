//! `switchboard sink`: tutorial 7.

use std::io::Write;

use tracing::warn;
use tracing_appender::non_blocking::NonBlockingBuilder;
use tutorials::{Sink, SinkOptions};

use crate::exit::{Exit, Failure};
use crate::options::{CommandName, Loaded};
use crate::serve::{Urgent, serve};

/// Lines that wait for whoever reads standard output, at most. Met: further lines are dropped, and
/// their number is logged at the end: a reader that stops must not stop the senders.
const QUEUED_LINES: usize = 8192;

/// Runs the sink.
pub(super) fn sink(loaded: &Loaded) -> Result<Exit, Failure> {
    let (writer, flushed) =
        NonBlockingBuilder::default().buffered_lines_limit(QUEUED_LINES).finish(std::io::stdout());
    let dropped = writer.error_counter();
    let options = SinkOptions { idle: loaded.settings.sink.idle };
    let make = || {
        let mut writer = writer.clone();
        Sink::new(options.clone(), move |words: &str| {
            // In one piece: a line is written whole or dropped whole.
            let _ = writer.write_all(format!("{words}\n").as_bytes());
        })
    };
    let result = serve(CommandName::Sink, loaded, Urgent::Ignored, make).map(|(exit, _)| exit);
    drop(flushed);
    if dropped.dropped_lines() > 0 {
        warn!(lines = dropped.dropped_lines(), "dropped: standard output was not read");
    }
    result
}
