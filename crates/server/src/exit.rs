//! How the program ends: the numbers that scripts see, each with one meaning.

use std::process::ExitCode;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well; a server was stopped gracefully.
    Fine = 0,
    /// It could not be done: an address is taken, a connection refused.
    Failed = 1,
    /// The arguments, the environment or the configuration file are wrong.
    Usage = 2,
    /// `connect`: the connection broke before everything was sent and received.
    Lost = 3,
    /// `connect`: the time limit passed.
    TimedOut = 4,
    /// A second signal ended a server that was stopping, or a signal a measurement before its end; as
    /// a shell has it after SIGINT.
    Forced = 130,
    /// `connect`: whoever read standard output has gone; as a shell has it after SIGPIPE.
    OutputGone = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What went wrong, in lines that end, and the exit code that says so.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self { exit, message: format!("switchboard: {message}\n") }
    }

    /// Wrong options, one line for each problem.
    pub(crate) fn wrong_options(problems: Vec<String>) -> Self {
        let message = problems.iter().map(|problem| format!("switchboard: {problem}\n")).collect();
        Self { exit: Exit::Usage, message }
    }
}
