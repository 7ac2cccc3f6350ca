//! The program `switchboard`: arguments, configuration, logs, and the loop of each subcommand.
//!
//! It joins the parts: an [`engine`] for the sockets, a service from [`chat`] or [`tutorials`] for
//! what the bytes mean. It has no rules of its own: what a chat does is the chat's, what a socket
//! does is the engine's.
//!
//! From the top: `arguments` reads the command line, `options` makes settings of it, the
//! environment and a file; `commands` has one file for each subcommand; `serve` is what the
//! subcommands that listen have in common.

mod arguments;
mod chat_settings;
mod commands;
mod configuration;
mod data;
mod exit;
mod files;
mod hangup;
mod host;
mod join_hints;
mod listeners;
mod log;
mod loops;
mod options;
mod password;
mod serve;
mod site;
mod turn_times;
mod vitals;

use std::process::ExitCode;

use arguments::Invocation;
use exit::Failure;

/// Runs the program with this process's arguments and environment; answers how it should exit.
pub fn main() -> ExitCode {
    let result = match arguments::parse(std::env::args_os()) {
        Invocation::Serve(name, matches) => commands::serve(name, &matches),
        Invocation::Bench(arguments) => commands::bench(&arguments),
        Invocation::Connect(arguments) => commands::connect(&arguments),
        Invocation::Engines => commands::engines(),
        Invocation::HashPassword => commands::hash_password(),
        Invocation::Told(exit) => Ok(exit),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(Failure { exit, message }) => {
            // Standard error may be gone; there is nobody left to tell then.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), message.as_bytes());
            exit.into()
        }
    }
}

/// The examples of the README are programs, and are run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
