//! Lines for people with `nc`, `telnet` and the like, and for pipes.
//!
//! Invariant: every line that leaves here is one line, cleaned, and begins with something that
//! its author could not have typed.

use std::fmt;
use std::io::Write;

use wire::text;

use super::Rendering;
use crate::event::{Manner, RoomId};
use crate::log::{Entry, What};

/// How one person reads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader {
    /// The room that what is typed goes to.
    pub(crate) current: Option<RoomId>,
    pub(crate) newline: Newline,
    pub(crate) form: Form,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Newline {
    #[default]
    Lf,
    /// For peers that turned out to speak telnet.
    CrLf,
}

/// How much stands around what was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// Times and names, a welcome, the last lines of a room: for people.
    #[default]
    Full,
    /// Names only, nothing unasked: for scripts (`/plain`).
    Script,
    /// What was said and nothing else: for a server without names.
    Bare,
}

/// All that the look of an entry depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    newline: Newline,
    form: Form,
    origin: RoomTag,
}

/// Whether a line says which room it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RoomTag {
    /// No need: it is the room that the reader is talking in.
    Current,
    Named,
}

impl Reader {
    pub(crate) fn style(&self, room: RoomId) -> Style {
        let origin = if self.current == Some(room) { RoomTag::Current } else { RoomTag::Named };
        Style { newline: self.newline, form: self.form, origin }
    }
}

impl Newline {
    pub(crate) fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// Writes lines to one reader.
pub(crate) struct Lines<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) newline: Newline,
}

impl Lines<'_> {
    /// One line. Whatever peers had a part in must have been cleaned.
    pub(crate) fn line(&mut self, line: impl fmt::Display) {
        write!(self.out, "{line}").expect("a vector takes all");
        self.out.extend_from_slice(self.newline.as_bytes());
    }
}

/// Appends `entry` as a line.
pub(crate) fn render(style: Style, rendering: &Rendering<'_>, entry: &Entry, out: &mut Vec<u8>) {
    match style.form {
        Form::Bare => {
            if let What::Said { text, .. } = &entry.what {
                out.extend_from_slice(text::clean(text).trim().as_bytes());
                out.extend_from_slice(style.newline.as_bytes());
            }
            return;
        }
        Form::Script => {}
        Form::Full => {
            write_time(Moment::local(entry.unix_ms, rendering.zone), out);
            out.push(b' ');
        }
    }
    if style.origin == RoomTag::Named {
        out.extend_from_slice(rendering.room.as_str().as_bytes());
        out.push(b' ');
    }
    write_what(&entry.what, out);
    out.extend_from_slice(style.newline.as_bytes());
}

/// Appends `entry` as a line of history: with the date, if it was not today.
pub(crate) fn render_past(
    reader: &Reader,
    rendering: &Rendering<'_>,
    entry: &Entry,
    today: Moment,
    out: &mut Vec<u8>,
) {
    let then = Moment::local(entry.unix_ms, rendering.zone);
    if then.day == today.day {
        write_time(then, out);
    } else {
        let (year, month, day) = then.date();
        let (hour, minute) = (then.minute / 60, then.minute % 60);
        write!(out, "[{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}]")
            .expect("a vector takes all");
    }
    out.push(b' ');
    write_what(&entry.what, out);
    out.extend_from_slice(reader.newline.as_bytes());
}

/// Appends what `from` said to the reader alone as a line.
pub(crate) fn render_told(
    reader: &Reader,
    from: &str,
    message: &str,
    now: Moment,
    out: &mut Vec<u8>,
) {
    if reader.form == Form::Full {
        write_time(now, out);
        out.push(b' ');
    }
    write!(out, "<{from} to you> {}", text::clean(message)).expect("a vector takes all");
    out.extend_from_slice(reader.newline.as_bytes());
}

fn write_what(what: &What, out: &mut Vec<u8>) {
    let (before, name, after, text) = match what {
        What::Said { by, manner: Manner::Say, text } => ("<", by, "> ", text::clean(text)),
        What::Said { by, manner: Manner::Act, text } => ("* ", by, " ", text::clean(text)),
        What::Joined { who } => ("* ", who, " has joined", "".into()),
        What::Left { who } => ("* ", who, " has left", "".into()),
        What::Renamed { from, to } => ("* ", from, " is now ", to.as_str().into()),
    };
    for part in [before, name.as_str(), after, &text] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// `[14:02]`
fn write_time(moment: Moment, out: &mut Vec<u8>) {
    let digits = |n: u16| [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
    let ([a, b], [c, d]) = (digits(moment.minute / 60), digits(moment.minute % 60));
    out.extend_from_slice(&[b'[', a, b, b':', c, d, b']']);
}

/// A local date and time of day, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Days since 1970-01-01.
    day: i64,
    /// Minutes since midnight.
    minute: u16,
}

impl Moment {
    pub(crate) fn local(unix_ms: u64, zone: &crate::Zone) -> Self {
        let minutes = (unix_ms / 60_000) as i64 + i64::from(zone.offset_minutes(unix_ms));
        Self { day: minutes.div_euclid(1440), minute: minutes.rem_euclid(1440) as u16 }
    }

    /// Year, month and day in the Gregorian calendar. Counts in years that begin in March, so that
    /// the leap day is the last of its year, and in eras of 400 years, which are all alike.
    fn date(self) -> (i64, i64, i64) {
        let day = self.day + 719_468; // since 0000-03-01
        let (era, day_of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153; // 0 is March
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (era * 400 + year_of_era + i64::from(month <= 2), month, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Zone;

    #[test]
    fn dates_follow_the_calendar() {
        let date = |day| Moment { day, minute: 0 }.date();
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(-1), (1969, 12, 31));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(11_017), (2000, 3, 1));
        assert_eq!(date(20_778), (2026, 11, 21));
        // Each day is the day after the one before, over 800 years.
        let mut before = date(0);
        for day in 1..292_000 {
            let (y, m, d) = date(day);
            let next_day = (y, m, d) == (before.0, before.1, before.2 + 1);
            let next_month = d == 1 && (y, m) == (before.0, before.1 + 1) && before.2 >= 28;
            let next_year =
                (m, d) == (1, 1) && y == before.0 + 1 && (before.1, before.2) == (12, 31);
            assert!(next_day || next_month || next_year, "{before:?} {:?}", (y, m, d));
            before = (y, m, d);
        }
    }

    #[test]
    fn times_are_local() {
        let ms = 1_795_269_780_000; // 2026-11-21 14:03 UTC
        let text = |zone| {
            let (mut out, moment) = (Vec::new(), Moment::local(ms, &zone));
            write_time(moment, &mut out);
            (String::from_utf8(out).unwrap(), moment.date().2)
        };
        assert_eq!(text(Zone::UTC), ("[14:03]".into(), 21));
        assert_eq!(text(Zone::fixed(-15 * 60)), ("[23:03]".into(), 20));
        assert_eq!(text(Zone::varying(|_| 600)), ("[00:03]".into(), 22));
    }
}
