//! The file's part of the options: one flat TOML table whose keys are the flags' names.
//!
//! Invariant: every error names file, line and column. What the values mean is decided by the
//! same parsers that read the flags; this file only turns TOML into their text.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::TABLE;
use super::{CommandName, Problem, Row, did_you_mean, rows};

/// One key of the file with its values as text.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) values: Vec<String>,
    /// Line and column of the value.
    pub(super) position: (usize, usize),
}

/// The entries of `text`, which was read from `path`; what is wrong goes to `problems`.
pub(super) fn read(
    path: &Path,
    text: &str,
    command: CommandName,
    problems: &mut Vec<Problem>,
) -> Vec<Entry> {
    let place = |offset: usize| {
        let (line, column) = position(text, offset);
        format!("{}:{line}:{column}", path.display())
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What a broken file seems to say is not to be believed, nor are the errors after the
        // first: most of them only follow from it.
        let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
        if let Some(first) = errors.iter().min_by_key(|error| start(error)) {
            problems.push(format!("{}: {}", place(start(first)), first.message()));
        }
        return Vec::new();
    }

    let mut entries = Vec::new();
    for (key, value) in table.get_ref() {
        let name = key.get_ref();
        let Some(row) = rows(command).find(|row| row.name == name) else {
            let place = place(key.span().start);
            problems.push(format!("{place}: {}", unknown(name, value.get_ref(), command)));
            continue;
        };
        let start = value.span().start;
        match texts(row, value) {
            Ok(values) => entries.push(Entry {
                name: name.to_string(),
                values,
                position: position(text, start),
            }),
            Err(error) => problems.push(format!("{}: {name}: {error}", place(start))),
        }
    }
    entries.sort_by_key(|entry| entry.position);
    entries
}

/// What to say of a key that is no option of `command`.
fn unknown(name: &str, value: &DeValue<'_>, command: CommandName) -> String {
    if value.is_table() {
        return format!("there are no sections: write the options of [{name}] without it");
    }
    if let Some(row) = TABLE.iter().find(|row| row.name == name) {
        return format!("{name} is an option of `switchboard {}` only", row.owner);
    }
    let guess = did_you_mean(name, rows(command).map(|row| row.name));
    format!("there is no option {name}{guess}")
}

/// The value as the text that the flag would have.
fn texts(row: &Row, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, String> {
    match (value.get_ref(), row.shape) {
        (DeValue::Array(array), shape) if shape.is_list() => {
            array.iter().map(|one| text(one.get_ref())).collect()
        }
        (one, _) => Ok(vec![text(one)?]),
    }
}

fn text(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(is) => Ok(is.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        other => Err(format!("a value of type {} cannot stand here", other.type_str())),
    }
}

/// Line and column of the byte at `offset`, both from one, columns counted in characters.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        read(Path::new("sb.toml"), text, CommandName::Chat, &mut problems);
        problems
    }

    #[test]
    fn entries_carry_their_place() {
        let mut problems = Vec::new();
        let text = "# a comment\nlog-level = \"debug\"\n\nlisten = [\"8008\",\n  \"8009\"]\n";
        let entries = read(Path::new("sb.toml"), text, CommandName::Chat, &mut problems);
        assert_eq!(problems, [""; 0]);
        let got: Vec<_> =
            entries.iter().map(|e| (e.position, e.name.as_str(), &e.values[..])).collect();
        assert_eq!(
            got,
            [
                ((2, 13), "log-level", &["debug".to_owned()][..]),
                ((4, 10), "listen", &["8008".to_owned(), "8009".to_owned()][..]),
            ]
        );
    }

    #[test]
    fn an_unknown_key_is_named_with_what_was_probably_meant() {
        assert_eq!(
            problems("\n  log-levl = 5"),
            ["sb.toml:2:3: there is no option log-levl; did you mean log-level?"]
        );
        assert_eq!(problems("zzzzzzzz = 5"), ["sb.toml:1:1: there is no option zzzzzzzz"]);
        assert_eq!(
            problems("upper = true"),
            ["sb.toml:1:1: upper is an option of `switchboard echo` only"]
        );
        assert_eq!(
            problems("[limits]\nlines = 5"),
            ["sb.toml:1:2: there are no sections: write the options of [limits] without it"]
        );
    }

    #[test]
    fn every_problem_is_told() {
        let said = problems("a-key = 1\nlog-level = 1.5\nz-key = 2\n");
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said.iter().any(|s| s.starts_with("sb.toml:2:13: log-level: ")), "{said:?}");
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        let said = problems("listen = \"8008\"\nlog-level = \n");
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("sb.toml:2:"), "{said:?}");
    }

    #[test]
    fn what_follows_from_a_syntax_error_is_not_told() {
        let said = problems("listen = [\"8008\"\nlog-level = \"info\"\nname = \"tea\"\n");
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("sb.toml:"), "{said:?}");
    }
}
