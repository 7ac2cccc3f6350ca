//! The counts that are kept beside the code, and what differs enough to be said.
//!
//! Invariant: a count is only ever compared with one of the same compiler.

use std::fmt::Write;
use std::path::Path;

/// How much dearer a path may become unnoticed, in percent.
///
/// The same program counts the same to the instruction, run after run. What differs from machine to
/// machine is the C library's `memcpy` for the processor: without AVX, most paths here differ by less
/// than one percent, those that render much by up to 4.3. What moves by more than five has been moved.
const TOLERATED_PERCENT: f64 = 5.0;

/// What stands in the file.
pub(crate) struct Kept {
    /// As it names itself, with what it compiles for.
    pub(crate) compiler: String,
    counts: Vec<(String, u64)>,
}

/// How a count stands to the one that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    Dearer,
    /// Nothing fails, but it may become dearer again unnoticed until it is kept.
    Cheaper,
}

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/counts/kept.txt");

const HEAD: &str = "\
# Instructions that the hot paths take (callgrind). Written by
#     cargo bench -p switchboard-chat --bench counts -- --accept
";

impl Kept {
    /// Nothing yet.
    pub(crate) fn new(compiler: String) -> Self {
        Self { compiler, counts: Vec::new() }
    }

    /// What is kept, if anything is.
    pub(crate) fn read() -> Result<Option<Self>, String> {
        if !Path::new(FILE).exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
        let mut kept = Self::new(String::new());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(' ') {
                Some(("compiler", compiler)) => compiler.clone_into(&mut kept.compiler),
                Some((name, count)) => {
                    let count = count.trim().parse().map_err(|_| format!("{FILE}: {line}"))?;
                    kept.set(name, count);
                }
                None => return Err(format!("{FILE}: {line}")),
            }
        }
        Ok(Some(kept))
    }

    /// Writes the file anew.
    pub(crate) fn write(&self) -> Result<(), String> {
        let mut text = format!("{HEAD}compiler {}\n", self.compiler);
        for (name, count) in &self.counts {
            writeln!(text, "{name} {count}").expect("a string takes all");
        }
        std::fs::write(FILE, text).map_err(|error| format!("{FILE}: {error}"))
    }

    pub(crate) fn get(&self, name: &str) -> Option<u64> {
        self.counts.iter().find(|(other, _)| other == name).map(|(_, count)| *count)
    }

    pub(crate) fn set(&mut self, name: &str, count: u64) {
        match self.counts.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = count,
            None => self.counts.push((name.to_owned(), count)),
        }
    }
}

impl Verdict {
    pub(crate) fn of(before: u64, now: u64) -> Self {
        let ratio = now as f64 / before as f64;
        match TOLERATED_PERCENT / 100.0 {
            tolerated if ratio > 1.0 + tolerated => Self::Dearer,
            tolerated if ratio < 1.0 - tolerated => Self::Cheaper,
            _ => Self::Same,
        }
    }

    /// What stands behind the figures.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Dearer => "  DEARER",
            Self::Cheaper => "  cheaper: --accept keeps it so",
        }
    }
}
