//! The chat's configuration as it was read last, and reading it again while the server runs.
//!
//! Invariant: it is read exactly as at the start, from the same arguments, environment and files;
//! all of it counts, or nothing. What of it a running chat can take over is the chat's business.

use tracing::{error, info, warn};

use crate::chat_settings::{Running, assemble};
use crate::options::{Given, Loaded, Owner, Problem, rows};

pub(crate) struct Configuration {
    given: Given,
    running: Running,
    /// What the sockets and the log were made with.
    at_start: Loaded,
    last: Loaded,
    /// What was in the files that the options name.
    last_contents: Contents,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Contents {
    motd: Vec<String>,
    password: Option<String>,
}

impl Contents {
    fn of(settings: &chat::Settings) -> Self {
        Self { motd: settings.motd.clone(), password: settings.password.clone() }
    }
}

impl Configuration {
    /// `loaded` is what was read at the start, `settings` what came of it.
    pub(crate) fn new(
        given: Given,
        running: Running,
        loaded: &Loaded,
        settings: &chat::Settings,
    ) -> Self {
        let last_contents = Contents::of(settings);
        Self { given, running, at_start: loaded.clone(), last: loaded.clone(), last_contents }
    }

    /// The settings as they would be after a restart. What came of it is in the log.
    pub(crate) fn reread(&mut self) -> Result<chat::Settings, Vec<Problem>> {
        let read = self.given.load().and_then(|loaded| {
            let settings = assemble(&loaded, self.running.clone())?;
            Ok((loaded, settings))
        });
        match read {
            Ok((loaded, settings)) => {
                self.tell_changes(&loaded, &Contents::of(&settings));
                self.last = loaded;
                self.last_contents = Contents::of(&settings);
                Ok(settings)
            }
            Err(problems) => {
                for problem in &problems {
                    error!("{problem}");
                }
                error!("the configuration was read again and is wrong: nothing has changed");
                Err(problems)
            }
        }
    }

    /// Says which options have other values now: names only, because values may be secrets.
    fn tell_changes(&self, loaded: &Loaded, contents: &Contents) {
        let mut changed = loaded.changes_since(&self.last);
        for (name, is_other) in [
            ("motd", contents.motd != self.last_contents.motd),
            ("password-file", contents.password != self.last_contents.password),
        ] {
            if is_other && !changed.contains(&name) {
                changed.push(name);
            }
        }
        match changed.as_slice() {
            [] => info!("the configuration was read again; no option has changed"),
            changed => info!(changed = changed.join(", "), "the configuration was read again"),
        }
        let waiting: Vec<&str> = loaded
            .changes_since(&self.at_start)
            .into_iter()
            .filter(|name| is_fixed(name))
            .collect();
        if !waiting.is_empty() {
            warn!(options = waiting.join(", "), "changed, and counts after a restart");
        }
    }
}

/// Whether an option says how the server is made, which it cannot change while it runs: its
/// sockets, its log, the directory that it has locked.
fn is_fixed(name: &str) -> bool {
    let command = crate::options::CommandName::Chat;
    name == "data" || rows(command).any(|row| row.name == name && row.owner == Owner::EveryServer)
}
