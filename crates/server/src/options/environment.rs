//! The environment's part of the options: `SWITCHBOARD_ROOM_HISTORY=50` is `--room-history 50`.
//!
//! Invariant: a variable of ours that is not an option is an error, as a key in the file would be.

use super::table::TABLE;
use super::{Problem, did_you_mean};

const PREFIX: &str = "SWITCHBOARD_";

/// The variable that sets the option `name`.
pub(super) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_ascii_uppercase().replace('-', "_"))
}

/// The option names and values among `variables`, by the order of names.
pub(super) fn read(
    variables: impl Iterator<Item = (String, String)>,
    problems: &mut Vec<Problem>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (variable, value) in variables {
        let Some(suffix) = variable.strip_prefix(PREFIX) else { continue };
        let name = suffix.to_ascii_lowercase().replace('_', "-");
        if name == "config" || TABLE.iter().any(|row| row.name == name) {
            found.push((name, value));
        } else if !is_from_kubernetes(suffix) {
            let guess = did_you_mean(&name, TABLE.iter().map(|row| row.name));
            problems.push(format!("{variable}: there is no option {name}{guess}"));
        }
    }
    found.sort();
    found
}

/// Kubernetes gives every container of a namespace such variables for a service that is called
/// "switchboard"; they are nobody's mistake.
fn is_from_kubernetes(suffix: &str) -> bool {
    suffix == "PORT" || suffix.starts_with("PORT_") || suffix.starts_with("SERVICE_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(variable: &str) -> (Vec<(String, String)>, Vec<Problem>) {
        let mut problems = Vec::new();
        let pair = (variable.to_owned(), "5".to_owned());
        (read([pair].into_iter(), &mut problems), problems)
    }

    #[test]
    fn names_are_the_flags_names() {
        assert_eq!(variable("log-level"), "SWITCHBOARD_LOG_LEVEL");
        let (found, problems) = read_one("SWITCHBOARD_LOG_LEVEL");
        assert_eq!(found, [("log-level".to_owned(), "5".to_owned())]);
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn a_mistyped_variable_is_an_error_and_a_foreign_one_is_not() {
        let (_, problems) = read_one("SWITCHBOARD_LOG_LEVLE");
        let said = "SWITCHBOARD_LOG_LEVLE: there is no option log-levle; did you mean log-level?";
        assert_eq!(problems, [said]);
        for foreign in ["HOME", "SWITCHBOARD_SERVICE_HOST", "SWITCHBOARD_PORT_8008_TCP"] {
            assert_eq!(read_one(foreign), (vec![], vec![]));
        }
    }
}
