//! Members of a room: what they speak, and what a server must allow them for a measurement.

use clap::ValueEnum;
use load::{Irc, Lines, Protocol};

/// What the members speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// Lines for people.
    Plain,
    /// IRC without any extension.
    Irc,
    /// IRC with the capability server-time: each line says when it was said.
    IrcTime,
}

impl Dialect {
    /// As the command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Irc => "irc",
            Self::IrcTime => "irc-time",
        }
    }

    /// Arguments for a server whose members speak this: without limits that are for people.
    pub(crate) fn server_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &["--no-throttle", "--log-level", "warn"],
            Self::Irc | Self::IrcTime => {
                &["--no-throttle", "--log-level", "warn", "--irc-lobby", "no"]
            }
        }
    }

    /// How such members come in and speak. Plain ones say `hello` first, and are in the room that
    /// they come to; IRC clients are spread over `rooms`.
    pub(crate) fn protocol(self, hello: &str, rooms: usize) -> Box<dyn Protocol> {
        match self {
            Self::Plain => Box::new(Lines { hello: hello.to_owned(), ..Lines::default() }),
            Self::Irc | Self::IrcTime => Box::new(Irc {
                rooms: (0..rooms).map(|number| format!("#room{number}")).collect(),
                server_time: self == Self::IrcTime,
                ..Irc::default()
            }),
        }
    }
}
