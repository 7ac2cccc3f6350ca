//! The command line: subcommands, their help, and which one is meant.
//!
//! Invariant: the flags of the servers are made from the table of options, and from nothing else.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::commands::{BenchArguments, ConnectArguments};
use crate::exit::Exit;
use crate::options::{CommandName, Settings, Shape, rows};

/// What the command line asks for.
pub(crate) enum Invocation {
    Serve(CommandName, ArgMatches),
    Bench(BenchArguments),
    Connect(ConnectArguments),
    Engines,
    HashPassword,
    /// Help, a version or an error was printed; there is nothing else to do.
    Told(Exit),
}

/// Reads the arguments, the program's name first.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Invocation {
    let told = |error: clap::Error| {
        let _ = error.print();
        Invocation::Told(if error.use_stderr() { Exit::Usage } else { Exit::Fine })
    };
    let matches = match command().try_get_matches_from(with_subcommand(arguments)) {
        Ok(matches) => matches,
        Err(error) => return told(error),
    };
    let (name, matches) = matches.subcommand().expect("one was put in");
    if let Some(server) = CommandName::ALL.into_iter().find(|server| server.name() == name) {
        return Invocation::Serve(server, matches.clone());
    }
    match name {
        "connect" => {
            ConnectArguments::from_arg_matches(matches).map_or_else(told, Invocation::Connect)
        }
        "bench" => BenchArguments::from_arg_matches(matches).map_or_else(told, Invocation::Bench),
        "hash-password" => Invocation::HashPassword,
        _ => Invocation::Engines,
    }
}

/// `switchboard` alone, or with flags only, is `switchboard chat`.
fn with_subcommand(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let first = arguments.get(1).and_then(|first| first.to_str());
    let is_chat = match first {
        None => arguments.len() < 2,
        Some("-h" | "--help" | "-V" | "--version") => false,
        Some(first) => first.starts_with('-'),
    };
    if arguments.is_empty() {
        arguments.push("switchboard".into());
    }
    if is_chat {
        arguments.insert(1, CommandName::Chat.name().into());
    }
    arguments
}

/// What the flags of a server say, as if they had been typed.
#[cfg(test)]
pub(crate) fn matches(name: CommandName, flags: &[&str]) -> ArgMatches {
    let line = ["switchboard", name.name()].into_iter().chain(flags.iter().copied());
    let mut matches = command().try_get_matches_from(line).expect("flags that are right");
    matches.remove_subcommand().expect("it is there").1
}

fn command() -> Command {
    Command::new("switchboard")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A chat room that anyone joins with nc or telnet, and the small servers it grew from")
        .long_about(
            "A chat room that anyone joins with nc or telnet, and the small servers it grew from.\n\n\
             Without a subcommand it is the chat room: `switchboard --listen 9000` is `switchboard \
             chat --listen 9000`.",
        )
        .after_help(
            "Examples:\n  \
               switchboard                        chat on port 8008; join with: nc HOST 8008\n  \
               switchboard chat --listen 9000     the same on another port\n  \
               switchboard echo --upper           an echo server on port 8800\n  \
               switchboard connect localhost:8800 a client for it\n  \
               switchboard engines                what can watch sockets here\n  \
               switchboard bench engines          what each of them costs",
        )
        .override_usage("switchboard [COMMAND] [OPTIONS]")
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommands(CommandName::ALL.map(server))
        .subcommand(ConnectArguments::augment_args(Command::new("connect")))
        .subcommand(BenchArguments::augment_args(Command::new("bench")))
        .subcommand(
            Command::new("engines")
                .about("Show which engines this machine offers, and which one auto would take"),
        )
        .subcommand(
            Command::new("hash-password")
                .about("Ask for a password and print its hash, for an operator of the chat")
                .after_help(
                    "It asks twice on a terminal, and else takes the first line of standard \
                     input.\n\nExamples:\n  \
                     switchboard hash-password\n  \
                     pass show chat | switchboard hash-password",
                ),
        )
}

/// A subcommand that is a server.
fn server(name: CommandName) -> Command {
    let (about, examples) = match name {
        CommandName::Chat => (
            "The chat room: join with nc, telnet, PuTTY or any IRC client",
            "Examples:\n  \
               switchboard chat --listen 127.0.0.1:8008 --name chat.example\n  \
               switchboard chat --listen 8008 --listen irc://6667\n  \
               echo build broke | nc -N HOST 8008",
        ),
        CommandName::Echo => (
            "Answer what is sent, as it is or changed",
            "Examples:\n  \
               switchboard echo --upper --suffix _SB\n  \
               switchboard echo --reply \"my server\"\n  \
               switchboard echo --listen 9999 --exit-when-idle 20s",
        ),
        CommandName::Hello => (
            "Answer HTTP requests with one page",
            "Examples:\n  \
               switchboard hello --body \"It works\"\n  \
               curl -i http://localhost:8080/",
        ),
        CommandName::Sink => (
            "Take one message from each connection and print it",
            "Examples:\n  \
               switchboard sink --idle 5s\n  \
               echo one line | nc -N localhost 50000",
        ),
    };
    let defaults = Settings::new(name);
    let flags = rows(name).map(|row| {
        let default = (row.show)(&defaults).join(",");
        let help = match (row.shape, default.as_str()) {
            (Shape::Switch, _) | (_, "") => row.help.to_owned(),
            (_, default) => format!("{} [default: {default}]", row.help),
        };
        let flag = Arg::new(row.name).long(row.name).help(help).hide_possible_values(true);
        let heading = row.heading();
        match row.shape {
            Shape::One => flag.value_name(row.placeholder).allow_hyphen_values(true),
            Shape::Many | Shape::Words => {
                flag.value_name(row.placeholder).action(ArgAction::Append)
            }
            // `--anonymous=false` stands against what the file says.
            Shape::Switch => flag
                .value_name("true|false")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true"),
        }
        .help_heading(heading)
    });
    let switch = |name, help| Arg::new(name).long(name).help(help).action(ArgAction::SetTrue);
    Command::new(name.name())
        .about(about)
        .args(flags)
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .help("Read options from this TOML file, by the same names")
                .help_heading("Configuration"),
        )
        .arg(
            switch("check-config", "Check all options, say what is wrong with them, and stop")
                .help_heading("Configuration"),
        )
        .arg(
            switch("print-config", "Print every option with its value and its source, and stop")
                .help_heading("Configuration"),
        )
        .after_help(format!(
            "Every option can also be set in the environment, --log-level as \
             SWITCHBOARD_LOG_LEVEL, and in the file that --config names, as log-level = \"info\". \
             A flag stands over the environment, the environment over the file.\n\n\
             Exit codes: 0 stopped by SIGINT or SIGTERM, 1 failed, 2 wrong options, 130 ended by a \
             second signal.\n\n{examples}"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Invocation {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn without_a_subcommand_it_is_the_chat() {
        for line in ["switchboard", "switchboard --listen 9000", "switchboard chat", ""] {
            assert!(matches!(parsed(line), Invocation::Serve(CommandName::Chat, _)), "{line}");
        }
        assert!(matches!(parsed("switchboard engines"), Invocation::Engines));
        assert!(matches!(parsed("switchboard hash-password"), Invocation::HashPassword));
        assert!(matches!(parsed("switchboard echo"), Invocation::Serve(CommandName::Echo, _)));
    }

    #[test]
    fn what_cannot_be_meant_is_a_usage_error() {
        for line in ["switchboard chta", "switchboard --lisen 9", "switchboard echo --anonymous"] {
            assert!(matches!(parsed(line), Invocation::Told(Exit::Usage)), "{line}");
        }
        assert!(matches!(parsed("switchboard --version"), Invocation::Told(Exit::Fine)));
    }
}
