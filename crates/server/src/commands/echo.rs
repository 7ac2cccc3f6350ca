//! `switchboard echo`: tutorials 2, 4, 5, 6 and 8.

use tutorials::{Echo, EchoOptions};

use crate::exit::{Exit, Failure};
use crate::options::{CommandName, Loaded};
use crate::serve::{Urgent, say, serve};

/// Runs the echo.
pub(super) fn echo(loaded: &Loaded) -> Result<Exit, Failure> {
    let settings = &loaded.settings.echo;
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let make = || {
        Echo::new(EchoOptions {
            upper: settings.upper,
            suffix: some(&settings.suffix),
            reply: some(&settings.reply),
            exit_when_idle: settings.exit_when_idle,
        })
    };
    let urgent = if settings.drop_on_urgent { Urgent::Watched } else { Urgent::Ignored };
    let (exit, echoes) = serve(CommandName::Echo, loaded, urgent, make)?;
    if echoes.iter().any(|echo| echo.timed_out()) {
        say("Time out!\n");
    }
    Ok(exit)
}
