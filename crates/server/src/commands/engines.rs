//! `switchboard engines`: what this machine offers, and what `auto` would take.

use std::fmt::Write;

use crate::exit::{Exit, Failure};
use crate::serve::say;

/// Prints the table.
pub(crate) fn engines() -> Result<Exit, Failure> {
    let mut text = String::from("ENGINE   HERE   WITH\n");
    for offer in engine::survey() {
        let (here, with) = match &offer.available {
            Ok(calls) => ("yes", calls),
            Err(why) => ("no", why),
        };
        writeln!(text, "{:<8} {here:<6} {with}", offer.choice).expect("a string takes everything");
    }
    let preferred = engine::preferred();
    match &preferred {
        Ok((_, why)) => writeln!(text, "\nauto: {why}").expect("a string takes everything"),
        Err(why) => writeln!(text, "\nauto: {why}").expect("a string takes everything"),
    }
    say(&text);
    Ok(if preferred.is_ok() { Exit::Fine } else { Exit::Failed })
}
