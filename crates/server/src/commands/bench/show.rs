//! Progress on standard error while it is measured, and where the report goes.
//!
//! Invariant: files are opened before anything is measured, so that a path that is wrong costs nobody
//! a measurement; what stood in them stays until there is something to put in its place.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use load::report::grouped;
use load::{Sample, Watch};

use super::Output;
use super::stop::Stop;
use crate::exit::{Exit, Failure};

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
    stop: Stop,
}

impl Progress {
    pub(super) fn new(duration: Duration, stop: &Stop) -> Self {
        Self {
            is_shown: io::stderr().is_terminal(),
            what: "warming up",
            duration,
            before: start(),
            last: Instant::now(),
            stop: stop.clone(),
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

    fn is_stopped(&mut self) -> bool {
        self.stop.is_wanted()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// Where reports go.
pub(super) struct Reports {
    json: Option<Json>,
    html: Option<Destination>,
}

enum Json {
    /// To standard output, in place of the text.
    Said,
    Written(Destination),
}

impl Reports {
    /// Opens the files that the arguments name.
    pub(super) fn open(output: &Output) -> Result<Self, Failure> {
        let json = match &output.json {
            Some(path) if path == Path::new("-") => Some(Json::Said),
            Some(path) => Some(Json::Written(Destination::open(path)?)),
            None => None,
        };
        let html = output.html.as_deref().map(Destination::open).transpose()?;
        Ok(Self { json, html })
    }

    /// Tells what was found as the arguments ask for it.
    pub(super) fn tell(
        self,
        text: &str,
        json: &serde_json::Value,
        html: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let json = format!("{json:#}\n");
        match self.json {
            Some(Json::Said) => say(&json)?,
            Some(Json::Written(file)) => {
                say(text)?;
                file.write(&json)?;
            }
            None => say(text)?,
        }
        self.html.map_or(Ok(()), |file| file.write(&html()))
    }
}

/// A file that is to be written, and is open.
pub(super) struct Destination {
    path: PathBuf,
    file: File,
    /// It is empty because it is new: it goes again if nothing comes of it.
    is_blank: bool,
}

impl Destination {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let is_blank = !path.exists();
        let file = File::options().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| cannot_write(path.display(), &error))?;
        Ok(Self { path: path.to_owned(), file, is_blank })
    }

    /// Puts `text` in place of what stood there.
    pub(super) fn write(mut self, text: &str) -> Result<(), Failure> {
        self.is_blank = false;
        // Only files have a length; what is no file has nothing to be replaced.
        let is_file = self.file.metadata().is_ok_and(|it| it.is_file());
        let emptied = if is_file { self.file.set_len(0) } else { Ok(()) };
        emptied
            .and_then(|()| self.file.write_all(text.as_bytes()))
            .map_err(|error| cannot_write(self.path.display(), &error))
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if self.is_blank {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Prints figures. Unlike hints, they are all that this program is there for.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure { exit: Exit::OutputGone, message: String::new() },
        _ => cannot_write("to standard output", &error),
    })
}

fn cannot_write(place: impl std::fmt::Display, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format_args!("cannot write {place}: {error}"))
}
