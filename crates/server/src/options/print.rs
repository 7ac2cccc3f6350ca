//! `--print-config`: every option with its value and where that came from.
//!
//! Invariant: what is printed is itself a file that `--config` takes, with the same meaning.

use std::fmt::Write;

use super::{CommandName, Loaded, Shape, rows};

/// The settings as a TOML file, each line with its source as a comment.
pub(crate) fn print(command: CommandName, loaded: &Loaded) -> String {
    let lines: Vec<_> = rows(command)
        .zip(&loaded.sources)
        .map(|(row, source)| {
            let values = (row.show)(&loaded.settings);
            let mut values = values.iter().map(|value| match row.quoted {
                true => toml::Value::from(value.as_str()).to_string(),
                false => value.clone(),
            });
            let value = match row.shape {
                Shape::Many | Shape::Words => {
                    format!("[{}]", values.collect::<Vec<_>>().join(", "))
                }
                Shape::One | Shape::Switch => values.next().unwrap_or_default(),
            };
            (format!("{} = {value}", row.name), source)
        })
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    lines.iter().fold(String::new(), |mut text, (line, source)| {
        writeln!(text, "{line:width$}  # {source}").expect("a string takes everything");
        text
    })
}
