//! What can be set: from flags, the environment and a file, all by the same names.
//!
//! Invariant: a flag stands over the environment, the environment over the file, the file over
//! the default; a wrong value anywhere is an error that names its place, never passed over. What
//! options there are stands in [`table`]; what they do is for those who read [`Settings`].

mod chat;
mod environment;
mod file;
mod listen_at;
mod loops;
mod print;
mod table;
mod value;

use std::fmt;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

pub(crate) use file::position;
pub(crate) use listen_at::ListenAt;
pub(crate) use loops::Loops;
pub(crate) use print::print;
pub(crate) use table::{CommandName, LogFormat, Owner, Row, Settings, Shape, rows};
pub(crate) use value::{Kind, Span};

/// The settings of one run, and where each came from, in the order of [`rows`].
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    pub(crate) sources: Vec<Source>,
    command: CommandName,
}

impl Loaded {
    /// The defaults of `command`.
    pub(crate) fn defaults(command: CommandName) -> Self {
        let sources = rows(command).map(|_| Source::Default).collect();
        Self { settings: Settings::new(command), sources, command }
    }

    /// Where the value of the option `name` came from.
    ///
    /// # Panics
    ///
    /// If the subcommand has no such option.
    pub(crate) fn source(&self, name: &str) -> &Source {
        let found = rows(self.command).zip(&self.sources).find(|(row, _)| row.name == name);
        found.expect("an option of the subcommand").1
    }

    /// The options whose values are others than in `earlier`.
    pub(crate) fn changes_since(&self, earlier: &Self) -> Vec<&'static str> {
        rows(self.command)
            .filter(|row| (row.show)(&self.settings) != (row.show)(&earlier.settings))
            .map(|row| row.name)
            .collect()
    }

    /// What is wrong with the option `name`, beginning with its place.
    pub(crate) fn problem(&self, name: &str, what: impl fmt::Display) -> Problem {
        format!("{}: {what}", self.source(name).place(name))
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File { path: PathBuf, line: usize, column: usize },
    Environment(String),
    Flag,
}

impl Source {
    /// How an error about the option `name` begins: where its value is to be mended.
    fn place(&self, name: &str) -> String {
        match self {
            Self::File { path, line, column } => {
                format!("{}:{line}:{column}: {name}", path.display())
            }
            Self::Environment(variable) => variable.clone(),
            Self::Flag | Self::Default => format!("--{name}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, .. } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// Something wrong, with its place: `switchboard.toml:3:8: ...`.
pub(crate) type Problem = String;

/// What the process was started with, from which its options can be read at any time.
#[derive(Clone)]
pub(crate) struct Given {
    command: CommandName,
    matches: ArgMatches,
    /// Names and values.
    variables: Vec<(String, String)>,
}

impl Given {
    pub(crate) fn new(
        command: CommandName,
        matches: ArgMatches,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Self {
        Self { command, matches, variables: variables.collect() }
    }

    /// Reads all sources in turn, and says everything that is wrong, not only the first thing.
    pub(crate) fn load(&self) -> Result<Loaded, Vec<Problem>> {
        let mut loading = Loading::new(self.command);
        let variables = environment::read(self.variables.iter().cloned(), &mut loading.problems);

        let path = self.matches.get_one::<String>("config").cloned().or_else(|| {
            variables.iter().find(|(name, _)| name == "config").map(|(_, value)| value.clone())
        });
        if let Some(path) = path.map(PathBuf::from) {
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    for entry in file::read(&path, &text, self.command, &mut loading.problems) {
                        let (line, column) = entry.position;
                        let source = Source::File { path: path.clone(), line, column };
                        loading.set(&entry.name, &entry.values, source);
                    }
                }
                Err(error) => loading.problems.push(format!("{}: {error}", path.display())),
            }
        }

        for (name, value) in variables {
            let Some(row) = loading.row(&name) else { continue };
            let values = match row.shape {
                // An empty variable is an empty list, as [] is in the file.
                Shape::Many if value.trim().is_empty() => Vec::new(),
                Shape::Many => value.split(',').map(|part| part.trim().to_owned()).collect(),
                Shape::Words => value.split_whitespace().map(str::to_owned).collect(),
                Shape::One | Shape::Switch => vec![value],
            };
            loading.set(&name, &values, Source::Environment(environment::variable(&name)));
        }

        for row in rows(self.command) {
            if self.matches.value_source(row.name) == Some(ValueSource::CommandLine) {
                let values: Vec<String> = self
                    .matches
                    .get_many::<String>(row.name)
                    .into_iter()
                    .flatten()
                    .cloned()
                    .collect();
                loading.set(row.name, &values, Source::Flag);
            }
        }
        loading.finish()
    }
}

/// Settings on their way: what was set so far, and what was wrong.
struct Loading {
    loaded: Loaded,
    problems: Vec<Problem>,
}

impl Loading {
    fn new(command: CommandName) -> Self {
        Self { loaded: Loaded::defaults(command), problems: Vec::new() }
    }

    fn row(&self, name: &str) -> Option<&'static Row> {
        rows(self.loaded.command).find(|row| row.name == name)
    }

    fn set(&mut self, name: &str, values: &[String], source: Source) {
        let found = rows(self.loaded.command).enumerate().find(|(_, row)| row.name == name);
        let (index, row) = found.expect("the caller looked the name up in the table");
        match (row.set)(&mut self.loaded.settings, values) {
            Ok(()) => self.loaded.sources[index] = source,
            Err(error) => self.problems.push(format!("{}: {error}", source.place(name))),
        }
    }

    fn finish(self) -> Result<Loaded, Vec<Problem>> {
        if self.problems.is_empty() { Ok(self.loaded) } else { Err(self.problems) }
    }
}

/// The name that was probably meant, as the end of an error message.
fn did_you_mean<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .map_or_else(String::new, |(_, candidate)| format!("; did you mean {candidate}?"))
}
