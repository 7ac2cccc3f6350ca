//! `switchboard hash-password`: from a password to what stands for it in the configuration.
//!
//! Invariant: a password is never shown, and standard output gets the hash and nothing else.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGINT;

use crate::exit::{Exit, Failure};
use crate::password;

/// Asks for a password, and prints its hash.
pub(crate) fn hash_password() -> Result<Exit, Failure> {
    let failed =
        |what: String| Failure::new(Exit::Failed, format_args!("{what}; nothing was hashed"));
    let in_dialogue = io::stdin().is_terminal();
    let password = if in_dialogue {
        let Some(password) = asked().map_err(failed)? else { return Ok(Exit::Forced) };
        password
    } else {
        line().map_err(failed)?
    };
    let hash = password::hash(&password).map_err(failed)?;
    writeln!(io::stdout(), "{hash}").map_err(|error| Failure::new(Exit::Failed, error))?;
    if in_dialogue && io::stdout().is_terminal() {
        let _ = writeln!(
            io::stderr(),
            "\nIn the file that --config names, with a name of your choice:\n  \
             operator = [\"NAME:{hash}\"]"
        );
    }
    Ok(Exit::Fine)
}

/// What a person types at the terminal, twice; `None` after Ctrl-C.
fn asked() -> Result<Option<String>, String> {
    // Without a handler Ctrl-C would end the process before the terminal is as it was.
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, interrupted).map_err(|error| error.to_string())?;
    let ask = |prompt| match rpassword::prompt_password(prompt) {
        Ok(password) => Ok(Some(password)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(format!("cannot ask for the password: {error}")),
    };
    let Some(first) = ask("Password: ")? else { return Ok(None) };
    password::check(&first)?;
    let Some(again) = ask("Once more: ")? else { return Ok(None) };
    if first == again { Ok(Some(first)) } else { Err("the two are not the same".into()) }
}

/// The first line of standard input.
fn line() -> Result<String, String> {
    let mut bytes = Vec::new();
    // With the end of the line, and one more to see that there is more.
    let most = password::MOST_BYTES as u64 + 3;
    let read = io::stdin().lock().take(most).read_until(b'\n', &mut bytes);
    read.map_err(|error| format!("cannot read standard input: {error}"))?;
    password::first_line(&bytes)
}
