//! The file of bans: TOML that people can read and mend.
//!
//! Invariant: what was written reads back as the same bans, whatever is in them; what was mended
//! wrongly is an error with its line, never a ban that is passed over.

use std::fmt::Write;

use chat::{Ban, Matches};
use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

const HEAD: &str = "\
# Whom this server does not let in. The server writes this file anew whenever that changes: edit it
# only while the server is stopped. Each ban has one of network, mask (name!user@host) and real-name;
# without until it has no end.
";

/// The file with these bans.
pub(super) fn write(bans: &[Ban]) -> String {
    let mut text = HEAD.to_owned();
    for ban in bans {
        let (key, value) = match &ban.matches {
            Matches::Network(network) => ("network", network.to_string()),
            Matches::Mask(mask) => ("mask", mask.clone()),
            Matches::RealName(name) => ("real-name", name.clone()),
        };
        write!(
            text,
            "\n[[ban]]\n{key} = {}\nreason = {}\nby = {}\nset = {}\n",
            quoted(&value),
            quoted(&ban.reason),
            quoted(&ban.by),
            moment(ban.set_unix_ms),
        )
        .and_then(|()| match ban.until_unix_ms {
            Some(until) => writeln!(text, "until = {}", moment(until)),
            None => Ok(()),
        })
        .expect("a string takes everything");
    }
    text
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A moment as TOML has it. What lies after the year 9999 is as good as the end of it.
fn moment(unix_ms: u64) -> Timestamp {
    let ms = i64::try_from(unix_ms).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ban: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    network: Option<Spanned<String>>,
    mask: Option<String>,
    real_name: Option<String>,
    reason: String,
    by: String,
    set: Spanned<Datetime>,
    until: Option<Spanned<Datetime>>,
}

/// The bans in the file; the error begins with line and column.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Ban>, String> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let valid = str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        at(valid, valid.len(), "this is not UTF-8")
    })?;
    let file: File = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        at(text, start, error.message())
    })?;
    file.ban.into_iter().map(|entry| ban(text, entry)).collect()
}

fn ban(text: &str, entry: Spanned<Entry>) -> Result<Ban, String> {
    let start = entry.span().start;
    let entry = entry.into_inner();
    let matches = match (entry.network, entry.mask, entry.real_name) {
        (Some(network), None, None) => {
            let parsed = network.get_ref().parse();
            Matches::Network(
                parsed.map_err(|error: String| at(text, network.span().start, &error))?,
            )
        }
        (None, Some(mask), None) => Matches::Mask(clean(&mask)),
        (None, None, Some(name)) => Matches::RealName(clean(&name)),
        _ => {
            let what = "a ban has one of network, mask and real-name";
            return Err(at(text, start, what));
        }
    };
    Ok(Ban {
        matches,
        until_unix_ms: entry.until.map(|until| unix_ms(text, &until)).transpose()?,
        set_unix_ms: unix_ms(text, &entry.set)?,
        by: clean(&entry.by),
        reason: clean(&entry.reason),
    })
}

/// Whoever edited the file may have put in what must not reach anybody's terminal.
fn clean(text: &str) -> String {
    wire::text::clean(text).into_owned()
}

fn unix_ms(text: &str, moment: &Spanned<Datetime>) -> Result<u64, String> {
    let parsed: Result<Timestamp, _> = moment.get_ref().to_string().parse();
    let ms = parsed.ok().and_then(|moment| u64::try_from(moment.as_millisecond()).ok());
    ms.ok_or_else(|| {
        let what = "write date, time and zone, for example 2030-12-31T23:59:59Z";
        at(text, moment.span().start, what)
    })
}

/// `what`, with line and column of the byte at `offset` before it.
fn at(text: &str, offset: usize, what: &str) -> String {
    let (line, column) = crate::options::position(text, offset);
    format!("{line}:{column}: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Text as the chat keeps it: without what could drive a terminal.
    fn any_text() -> impl Strategy<Value = String> {
        any::<String>().prop_map(|text| clean(&text))
    }

    fn any_moment() -> impl Strategy<Value = u64> {
        let last = Timestamp::MAX.as_millisecond() as u64;
        0..=last
    }

    fn any_ban() -> impl Strategy<Value = Ban> {
        let network = (any::<std::net::IpAddr>(), 0..=32u8).prop_map(|(address, bits)| {
            Matches::Network(format!("{address}/{bits}").parse().expect("a network"))
        });
        let matches = prop_oneof![
            network,
            any_text().prop_map(Matches::Mask),
            any_text().prop_map(Matches::RealName),
        ];
        let until = prop::option::of(any_moment());
        (matches, until, any_moment(), any_text(), any_text()).prop_map(
            |(matches, until_unix_ms, set_unix_ms, by, reason)| Ban {
                matches,
                until_unix_ms,
                set_unix_ms,
                by,
                reason,
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_written_reads_back_as_the_same(
            bans in prop::collection::vec(any_ban(), 0..5),
        ) {
            let text = write(&bans);
            prop_assert_eq!(read(text.as_bytes()), Ok(bans), "{}", text);
        }

        #[test]
        fn text_that_was_never_cleaned_can_be_read_back_too(by in any::<String>(), ms in any::<u64>()) {
            let reason = by.clone();
            let until_unix_ms = Some(ms);
            let matches = Matches::Mask(by.clone());
            let ban = Ban { matches, until_unix_ms, set_unix_ms: ms, by, reason };
            let read = read(write(std::slice::from_ref(&ban)).as_bytes());
            prop_assert_eq!(read.map(|bans| bans[0].by.clone()), Ok(clean(&ban.by)));
        }

        #[test]
        fn whatever_stands_there_is_read_or_refused_with_its_line(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Err(error) = read(&bytes) {
                let line = error.split(':').next().map(str::parse::<usize>);
                prop_assert!(matches!(line, Some(Ok(1..))), "{}", error);
            }
        }
    }

    #[test]
    fn it_can_be_read_by_people() {
        let ban = Ban {
            matches: Matches::Mask("*!*@198.51.100.7".into()),
            until_unix_ms: Some(1_900_000_000_000),
            set_unix_ms: 1_700_000_000_123,
            by: "ada".into(),
            reason: "says \"buy\"".into(),
        };
        let text = write(&[ban]);
        let body = text.strip_prefix(HEAD).expect("what the file is stands first");
        assert_eq!(
            body,
            "\n[[ban]]\nmask = \"*!*@198.51.100.7\"\nreason = 'says \"buy\"'\nby = \"ada\"\n\
             set = 2023-11-14T22:13:20.123Z\nuntil = 2030-03-17T17:46:40Z\n"
        );
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let ban = "[[ban]]\nnetwork = \"192.0.2.0/24\"\nreason = \"\"\nby = \"\"\n\
                   set = 2023-11-14T22:13:20Z\n";
        assert_eq!(read(ban.as_bytes()).map(|bans| bans.len()), Ok(1));
        for (find, replace, wanted) in [
            ("192.0.2.0/24", "192.0.2.0/33", "2:11: \"192.0.2.0/33\" is no address"),
            ("network", "netwrok", "2:1: unknown field `netwrok`"),
            ("by = \"\"\n", "", "1:1: missing field `by`"),
            ("20Z", "20", "5:7: write date, time and zone"),
            ("2023-11-14T22:13:20Z", "2023-11-14", "5:7: write date, time and zone"),
            ("2023", "1923", "5:7: write date, time and zone"),
            ("reason", "mask = \"*\"\nreason", "1:1: a ban has one of network, mask and real-name"),
            ("network = \"192.0.2.0/24\"\n", "", "1:1: a ban has one of"),
            ("[[ban]]", "[[ban]", "1:"),
            ("[[ban]]", "[[bans]]", "1:3: unknown field `bans`"),
        ] {
            let error = read(ban.replacen(find, replace, 1).as_bytes()).unwrap_err();
            assert!(error.starts_with(wanted), "{wanted:?}, but {error:?}");
        }
        assert_eq!(read(b"\n\n  \xff").unwrap_err(), "3:3: this is not UTF-8");
    }
}
