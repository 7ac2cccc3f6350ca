//! The chat's settings: made of the options, and of the files that the options name.
//!
//! Invariant: settings that were made can be run with; everything that is wrong with them is told
//! at once, with its place. Nothing is written here: the same is asked at the start, by
//! `--check-config`, and whenever the configuration is read again.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use chat::{Limits, Speaks, Zone};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::listeners;
use crate::options::{ListenAt, Loaded, Problem};

/// The longest message of the day, 16 KiB: it is sent to everyone who comes. Met: an error at the
/// start.
const MOTD_BYTES: u64 = 16 * 1024;

/// The settings that `loaded` amounts to. What only a running server has, a seed, is left as it
/// is by default.
pub(crate) fn assemble(loaded: &Loaded) -> Result<chat::Settings, Vec<Problem>> {
    let settings = &loaded.settings;
    let mut chat = settings.chat.clone();
    let mut problems = contradictions(loaded, &chat.limits);
    chat.listeners = listeners::wanted(loaded).iter().map(ListenAt::speaks).collect();
    if chat.anonymous && chat.listeners.contains(&Speaks::Irc) {
        let what = "irc:// and --anonymous exclude each other: who is who is what IRC is about";
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
    if settings.no_throttle {
        chat.limits = chat.limits.unthrottled();
    }
    chat.zone = zone(settings.time_zone.zone.clone());
    if problems.is_empty() { Ok(chat) } else { Err(problems) }
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
fn motd(path: &Path) -> io::Result<Vec<String>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOTD_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOTD_BYTES {
        let message = format!("longer than {MOTD_BYTES} bytes, which everyone would be sent");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
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
        assert!(assemble(&Loaded::defaults(CommandName::Chat)).is_ok());
    }

    #[test]
    fn bounds_that_contradict_each_other_are_named() {
        let mut loaded = Loaded::defaults(CommandName::Chat);
        let limits = &mut loaded.settings.chat.limits;
        limits.mailbox_close_bytes = limits.mailbox_pause_bytes;
        limits.held_bytes = 10;
        loaded.settings.motd = Some("/nonexistent/motd".into());
        let problems = assemble(&loaded).unwrap_err();
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
