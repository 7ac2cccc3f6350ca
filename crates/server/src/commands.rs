//! One file for each subcommand.

mod bench;
mod chat;
mod connect;
mod echo;
mod engines;
mod hash_password;
mod hello;
mod sink;

use clap::ArgMatches;

pub(crate) use bench::{BenchArguments, bench};
pub(crate) use connect::{ConnectArguments, connect};
pub(crate) use engines::engines;
pub(crate) use hash_password::hash_password;

use crate::chat_settings;
use crate::exit::{Exit, Failure};
use crate::log;
use crate::options::{self, CommandName, Given, Loaded, Problem};
use crate::serve::{check_loops, say};

/// Runs a server, or checks or prints its options.
pub(crate) fn serve(name: CommandName, matches: &ArgMatches) -> Result<Exit, Failure> {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    });
    let given = Given::new(name, matches.clone(), variables);
    let loaded = given.load().map_err(Failure::wrong_options)?;
    let checked = match name {
        CommandName::Chat => chat_settings::check(&loaded),
        CommandName::Hello => without_schemes(&loaded).and_then(|()| hello::check(&loaded)),
        CommandName::Echo | CommandName::Sink => without_schemes(&loaded),
    };
    let checked = checked.and_then(|()| check_loops(name, &loaded));
    checked.map_err(Failure::wrong_options)?;
    if matches.get_flag("print-config") {
        say(&options::print(name, &loaded));
        return Ok(Exit::Fine);
    }
    if matches.get_flag("check-config") {
        say("The options are right.\n");
        return Ok(Exit::Fine);
    }

    let _log = log::start(&loaded.settings);
    match name {
        CommandName::Chat => chat::chat(given, &loaded),
        CommandName::Echo => echo::echo(&loaded),
        CommandName::Hello => hello::hello(&loaded),
        CommandName::Sink => sink::sink(&loaded),
    }
}

/// For servers that have one way of speaking: there is nothing to choose.
fn without_schemes(loaded: &Loaded) -> Result<(), Vec<Problem>> {
    match loaded.settings.listen.iter().find(|at| at.scheme.is_some()) {
        Some(at) => {
            let what = format!("only the chat can choose what it speaks; write {}", at.listen);
            Err(vec![loaded.problem("listen", what)])
        }
        None => Ok(()),
    }
}
