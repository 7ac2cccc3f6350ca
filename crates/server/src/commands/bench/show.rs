//! Progress on standard error while it is measured, and where the report goes.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use load::report::grouped;
use load::{Sample, Watch};

use super::Output;
use crate::exit::{Exit, Failure};
use crate::serve::say;

/// Writes over the line that was last shown on a terminal; nothing anywhere else.
pub(super) fn show_progress(text: &str) {
    if io::stderr().is_terminal() {
        write_over(text);
    }
}

fn write_over(text: &str) {
    // Back to the start of the line, and the rest of it cleared.
    let _ = write!(io::stderr(), "\r{text}\x1b[K");
}

/// One line on a terminal, written over and over; nothing anywhere else.
pub(super) struct Progress {
    is_shown: bool,
    what: &'static str,
    duration: Duration,
    before: Sample,
    last: Instant,
}

impl Progress {
    pub(super) fn new(duration: Duration) -> Self {
        Self {
            is_shown: io::stderr().is_terminal(),
            what: "warming up",
            duration,
            before: start(),
            last: Instant::now(),
        }
    }

    /// What goes on from now on.
    pub(super) fn phase(&mut self, what: &'static str) {
        self.what = what;
        self.before = start();
    }

    fn show(&mut self, text: &str) {
        self.last = Instant::now();
        write_over(text);
    }
}

fn start() -> Sample {
    Sample {
        at: Duration::ZERO,
        said: 0,
        delivered: 0,
        server_cpu_nanos: None,
        server_memory_bytes: None,
    }
}

impl Watch for Progress {
    fn gathering(&mut self, count: usize, of: usize) {
        if self.is_shown && self.last.elapsed() > Duration::from_millis(100) {
            self.show(&format!("{} of {} connections", grouped(count as u64), grouped(of as u64)));
        }
    }

    fn sample(&mut self, sample: &Sample) {
        if !self.is_shown {
            return;
        }
        let passed = (sample.at - self.before.at.min(sample.at)).as_secs_f64().max(1e-3);
        let rate = (sample.delivered - self.before.delivered.min(sample.delivered)) as f64 / passed;
        let (at, of) = (sample.at.as_secs_f64(), self.duration.as_secs_f64());
        let text = format!(
            "{}: {at:.1} of {of:.1} s, {} arrived, {} a second",
            self.what,
            grouped(sample.delivered),
            grouped(rate as u64)
        );
        self.show(&text);
        self.before = *sample;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// Tells what was found as the arguments ask for it.
pub(super) fn tell(
    output: &Output,
    text: &str,
    json: &serde_json::Value,
    html: impl FnOnce() -> String,
) -> Result<Exit, Failure> {
    let is_json_said = output.json.as_deref() == Some(Path::new("-"));
    if is_json_said {
        say(&format!("{json:#}\n"));
    } else {
        say(text);
    }
    if let Some(path) = &output.json
        && !is_json_said
    {
        write(path, &format!("{json:#}\n"))?;
    }
    if let Some(path) = &output.html {
        write(path, &html())?;
    }
    Ok(Exit::Fine)
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        Failure::new(Exit::Failed, format_args!("cannot write {}: {error}", path.display()))
    })
}
