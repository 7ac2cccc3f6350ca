//! The chat's settings: made of the options, and of the files that the options name.
//!
//! Invariant: settings that were made can be run with; everything that is wrong with them is told
//! at once, with its place. Nothing is written here: the same is asked at the start, by
//! `--check-config`, and whenever the configuration is read again. What is only unwise goes to the
//! log.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use chat::{Host, Limits, NoHost, Speaks, Zone};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::warn;

use crate::data;
use crate::files;
use crate::listeners;
use crate::options::{ListenAt, Loaded, Problem};
use crate::password;
use crate::site::site;

/// The longest message of the day, 16 KiB: it is sent to everyone who comes. Met: an error at the
/// start.
const MOTD_BYTES: u64 = 16 * 1024;

/// The longest file with a password, 4 KiB: its first line counts, and what follows may say what it
/// is for. Met: an error at the start.
const PASSWORD_FILE_BYTES: u64 = 4 * 1024;

/// What only a running server has.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) seed: u64,
    /// Counts if none is kept.
    pub(crate) cloak_key: [u8; 32],
    pub(crate) host: Arc<dyn Host>,
}

/// The settings that `loaded` amounts to, with what the data directory has kept.
pub(crate) fn assemble(loaded: &Loaded, running: Running) -> Result<chat::Settings, Vec<Problem>> {
    let settings = &loaded.settings;
    let mut chat = settings.chat.clone();
    chat.seed = running.seed;
    chat.cloak_key = running.cloak_key;
    chat.host = running.host;
    chat.site = site();
    let mut problems = contradictions(loaded, &chat.limits);
    chat.listeners = listeners::wanted(loaded).iter().map(ListenAt::speaks).collect();
    if chat.anonymous && chat.listeners.contains(&Speaks::Irc) {
        let what = "irc:// and --anonymous exclude each other: who is who is what IRC is about";
        problems.push(loaded.problem("listen", what));
    }
    if chat.anonymous && chat.listeners.contains(&Speaks::Web) {
        let what = "web:// and --anonymous exclude each other: whatever comes is relayed as it is";
        problems.push(loaded.problem("listen", what));
    }
    if let Some(path) = &settings.motd {
        match motd(path) {
            Ok(lines) => chat.motd = lines,
            Err(error) => {
                problems.push(loaded.problem("motd", format_args!("{}: {error}", path.display())));
            }
        }
    }
    if let Some(path) = &settings.password_file {
        match password(path) {
            Ok(password) => chat.password = Some(password),
            Err(error) => {
                let what = format_args!("{}: {error}", path.display());
                problems.push(loaded.problem("password-file", what));
            }
        }
    }
    if let Some(path) = &settings.data {
        match data::look(path) {
            Ok(kept) => {
                chat.bans = kept.bans;
                chat.cloak_key = kept.cloak_key.unwrap_or(chat.cloak_key);
            }
            Err(wrong) => problems.extend(wrong),
        }
    }
    if settings.no_throttle {
        chat.limits = chat.limits.unthrottled();
    }
    chat.zone = zone(settings.time_zone.zone.clone());
    if problems.is_empty() { Ok(chat) } else { Err(problems) }
}

/// Says what is wrong with the settings that `loaded` amounts to.
pub(crate) fn check(loaded: &Loaded) -> Result<(), Vec<Problem>> {
    let host = Arc::new(NoHost::default());
    assemble(loaded, Running { seed: 0, cloak_key: [0; 32], host }).map(drop)
}

/// Which bounds do not go together.
fn contradictions(loaded: &Loaded, limits: &Limits) -> Vec<Problem> {
    let mut problems = Vec::new();
    if limits.mailbox_pause_bytes >= limits.mailbox_close_bytes {
        problems.push(loaded.problem(
            "mailbox-pause-bytes",
            "must be less than mailbox-close-bytes: nobody would be paused before being closed",
        ));
    }
    if limits.history_answer_bytes >= limits.mailbox_close_bytes {
        problems.push(loaded.problem(
            "history-answer-bytes",
            "must be less than mailbox-close-bytes: one /history would close the connection that \
             asked",
        ));
    }
    if limits.line_bytes > limits.held_bytes {
        problems.push(loaded.problem(
            "line-bytes",
            "must not be more than held-bytes: a line that must wait would be lost",
        ));
    }
    problems
}

/// The lines of the file, whatever is in it made UTF-8.
fn motd(path: &Path) -> Result<Vec<String>, String> {
    let (bytes, _) = files::read(path, MOTD_BYTES).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

/// The password in the file.
fn password(path: &Path) -> Result<String, String> {
    let read = files::read(path, PASSWORD_FILE_BYTES);
    let (bytes, metadata) = read.map_err(|error| error.to_string())?;
    let password = password::first_line(&bytes)?;
    if metadata.mode() & 0o007 != 0 {
        let file = path.display();
        warn!(%file, "everybody on this machine may read the password; `chmod o= {file}` ends that");
    }
    Ok(password)
}

fn zone(zone: TimeZone) -> Zone {
    Zone::varying(move |unix_ms| {
        let now = Timestamp::from_millisecond(i64::try_from(unix_ms).unwrap_or(i64::MAX));
        now.map_or(0, |now| zone.to_offset(now).seconds() / 60)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::CommandName;

    #[test]
    fn the_defaults_go_together() {
        assert_eq!(check(&Loaded::defaults(CommandName::Chat)), Ok(()));
    }

    #[test]
    fn bounds_that_contradict_each_other_are_named() {
        let mut loaded = Loaded::defaults(CommandName::Chat);
        let limits = &mut loaded.settings.chat.limits;
        limits.mailbox_close_bytes = limits.mailbox_pause_bytes;
        limits.held_bytes = 10;
        loaded.settings.motd = Some("/nonexistent/motd".into());
        let problems = check(&loaded).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems.iter().all(|problem| problem.starts_with("--")), "{problems:?}");
    }

    #[test]
    fn a_zone_with_summer_time_changes_its_offset() {
        let berlin = zone(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        let day = 86_400_000;
        assert_eq!(berlin.offset_minutes(15 * day), 60);
        assert_eq!(berlin.offset_minutes(190 * day), 120);
    }
}
