//! `switchboard chat`: the chat room.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read};
use std::path::Path;

use chat::{Switchboard, Zone};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::exit::{Exit, Failure};
use crate::options::{CommandName, Loaded, Problem, Settings};
use crate::serve::{Urgent, serve};

/// The longest message of the day, 16 KiB: it is sent to everyone who comes. Met: an error at the
/// start.
const MOTD_BYTES: u64 = 16 * 1024;

/// Says which options do not go together.
pub(super) fn check(settings: &Settings) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    let limits = &settings.chat.limits;
    if limits.mailbox_pause_bytes >= limits.mailbox_close_bytes {
        problems.push(
            "mailbox-pause-bytes must be less than mailbox-close-bytes: nobody would be paused \
             before being closed"
                .to_owned(),
        );
    }
    if limits.history_answer_bytes >= limits.mailbox_close_bytes {
        problems.push(
            "history-answer-bytes must be less than mailbox-close-bytes: one /history would close \
             the connection that asked"
                .to_owned(),
        );
    }
    if limits.line_bytes > limits.held_bytes {
        problems.push(
            "line-bytes must not be more than held-bytes: a line that must wait would be lost"
                .to_owned(),
        );
    }
    if let Some(path) = &settings.motd
        && let Err(error) = motd(path)
    {
        problems.push(format!("motd: {}: {error}", path.display()));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Runs the chat room.
pub(super) fn chat(loaded: &Loaded) -> Result<Exit, Failure> {
    let settings = &loaded.settings;
    let mut chat = settings.chat.clone();
    if let Some(path) = &settings.motd {
        chat.motd = motd(path).map_err(|error| {
            Failure::new(Exit::Failed, format_args!("motd: {}: {error}", path.display()))
        })?;
    }
    if settings.no_throttle {
        chat.limits = chat.limits.unthrottled();
    }
    chat.seed = RandomState::new().build_hasher().finish();
    chat.zone = zone(settings.time_zone.zone.clone());
    serve(CommandName::Chat, loaded, Urgent::Ignored, &mut Switchboard::new(chat))
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

    #[test]
    fn the_defaults_go_together() {
        assert_eq!(check(&Settings::new(CommandName::Chat)), Ok(()));
    }

    #[test]
    fn bounds_that_contradict_each_other_are_named() {
        let mut settings = Settings::new(CommandName::Chat);
        settings.chat.limits.mailbox_close_bytes = settings.chat.limits.mailbox_pause_bytes;
        settings.chat.limits.held_bytes = 10;
        settings.motd = Some("/nonexistent/motd".into());
        let problems = check(&settings).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn a_zone_with_summer_time_changes_its_offset() {
        let berlin = zone(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        let day = 86_400_000;
        assert_eq!(berlin.offset_minutes(15 * day), 60);
        assert_eq!(berlin.offset_minutes(190 * day), 120);
    }
}
