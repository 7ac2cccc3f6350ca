//! Lines for people with `nc`, `telnet` and the like, and for pipes.
//!
//! Invariant: every line that leaves here is one line, cleaned, and begins with something that
//! its author could not have typed.

use std::fmt;
use std::io::Write;

use wire::text;

use super::moderate::changes_in_words;
use crate::dialect::Rendering;
use crate::event::RoomId;
use crate::log::{Arrival, Entry, What};
use crate::moment::Moment;
use crate::words::{Manner, Words};

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

/// Appends `entry` as a line, or as several if several were said at once, or not at all if it is
/// nothing for people.
pub(crate) fn render(style: Style, rendering: &Rendering<'_>, entry: &Entry, out: &mut Vec<u8>) {
    if style.form == Form::Bare {
        if let What::Said { words, .. } = &entry.what {
            out.extend_from_slice(text::clean(&words.text).trim().as_bytes());
            out.extend_from_slice(style.newline.as_bytes());
        }
        return;
    }
    each_line(&entry.what, out, style.newline, |out| {
        if style.form == Form::Full {
            write_time(Moment::local(entry.unix_ms, &rendering.scene.zone), out);
            out.push(b' ');
        }
        if style.origin == RoomTag::Named {
            out.extend_from_slice(rendering.room.as_str().as_bytes());
            out.push(b' ');
        }
    });
}

/// Appends `entry` as a line of history: with the date, if it was not today.
pub(crate) fn render_past(
    reader: &Reader,
    rendering: &Rendering<'_>,
    entry: &Entry,
    today: Moment,
    out: &mut Vec<u8>,
) {
    let then = Moment::local(entry.unix_ms, &rendering.scene.zone);
    each_line(&entry.what, out, reader.newline, |out| {
        if then.day == today.day {
            write_time(then, out);
        } else {
            let (year, month, day) = then.date();
            let (hour, minute) = (then.minute / 60, then.minute % 60);
            write!(out, "[{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}]")
                .expect("a vector takes all");
        }
        out.push(b' ');
    });
}

/// Appends what `from` said to the reader alone as a line, or as several. `group` names those of a
/// room to whom it was said, if it was more than the reader.
pub(crate) fn render_told(
    reader: &Reader,
    from: &str,
    group: Option<&str>,
    words: &Words,
    now: Moment,
    out: &mut Vec<u8>,
) {
    if !words.is_readable() {
        return;
    }
    for line in words.text.split('\n') {
        if reader.form == Form::Full {
            write_time(now, out);
            out.push(b' ');
        }
        let (to, act) =
            (group.unwrap_or("you"), if words.manner == Manner::Act { "* " } else { "" });
        write!(out, "<{from} to {to}> {act}{}", text::clean(line)).expect("a vector takes all");
        out.extend_from_slice(reader.newline.as_bytes());
    }
}

/// Appends something that happened and concerns the reader, as a line.
pub(crate) fn render_event(reader: &Reader, line: &str, now: Moment, out: &mut Vec<u8>) {
    if reader.form == Form::Full {
        write_time(now, out);
        out.push(b' ');
    }
    out.extend_from_slice(text::clean(line).as_bytes());
    out.extend_from_slice(reader.newline.as_bytes());
}

/// Appends what happened, with `before` at the beginning of each line that it takes.
fn each_line(what: &What, out: &mut Vec<u8>, newline: Newline, before: impl Fn(&mut Vec<u8>)) {
    let in_words;
    let (lead, name, after, said) = match what {
        What::Said { by, words } => {
            let (lead, after) = match words.manner {
                Manner::Say => ("<", "> "),
                Manner::Act => ("* ", " "),
                Manner::Notice => ("-", "- "),
                Manner::Ctcp | Manner::CtcpReply | Manner::Tags => return,
            };
            (lead, by.name, after, &*words.text)
        }
        What::Joined { who, arrival: Arrival::Now, .. } => ("* ", who.name, " has joined", ""),
        // That somebody is there is seen from what they say.
        What::Joined { arrival: Arrival::Late, .. } => return,
        // What has been read cannot be taken back; who has not read it is not told what it was.
        What::Redacted { .. } => return,
        What::Left { who, .. } | What::Departed { who, .. } => ("* ", who.name, " has left", ""),
        What::Renamed { from, to } => ("* ", from.name, " is now ", to.as_str()),
        What::Topic { by, text } if text.is_empty() => ("* ", by.name, " removed the topic", ""),
        What::Topic { by, text } => ("* ", by.name, " set the topic: ", &**text),
        What::Modes { by, changes } => {
            in_words = changes_in_words(changes);
            ("* ", by.name, " ", &*in_words)
        }
        What::Removed { by, who, reason } => {
            in_words = format!("{who}: {reason}");
            ("* ", by.name, " removed ", &*in_words)
        }
        // /who tells of those who are away; the rest is nothing to people here.
        What::Away { .. } | What::Described { .. } | What::Rehosted { .. } => return,
    };
    for line in said.split('\n') {
        before(out);
        let line = text::clean(line);
        for part in [lead, name.as_str(), after, &line] {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(newline.as_bytes());
    }
}

/// `[14:02]`
fn write_time(moment: Moment, out: &mut Vec<u8>) {
    let digits = |n: u16| [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
    let ([a, b], [c, d]) = (digits(moment.minute / 60), digits(moment.minute % 60));
    out.extend_from_slice(&[b'[', a, b, b':', c, d, b']']);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Zone;

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
