//! How what happens in rooms, and what is said to one person, looks to IRC clients.
//!
//! Invariant: every message has its author's `name!user@host` as it was, fits its bounds, and
//! carries only what clients of its [`Class`] asked for. What is said is in [`said`](super::said).

use std::fmt::Display;

use wire::irc::{Line, pieces};

use super::capability::{Capability, Class};
pub(crate) use super::said::say;
use crate::dialect::{Rendering, Scene};
use crate::log::{Arrival, Entry, What};
use crate::moment::Timestamp;
use crate::person::{Identity, Person, PersonKind};
use crate::room::change::{Change, Written};

/// When something happened, and its number in the one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Stamp {
    pub(crate) seq: u64,
    #[serde(rename = "time")]
    pub(crate) unix_ms: u64,
}

impl Entry {
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { seq: self.seq, unix_ms: self.unix_ms }
    }
}

/// Appends `entry` as clients of `class` see it: possibly not at all.
pub(crate) fn render(class: Class, rendering: &Rendering<'_>, entry: &Entry, out: &mut Vec<u8>) {
    let (scene, stamp, room) = (rendering.scene, entry.stamp(), rendering.room.as_str());
    let begin = |out, who| begin(class, scene, stamp, who, out);
    match &entry.what {
        What::Said { by, words } => say(class, scene, stamp, by, room, words, out),
        What::Joined { who, arrival: Arrival::Now | Arrival::Late, away: text } => {
            join(begin(out, who), class, room, who);
            if text.is_some() && class.has(Capability::AwayNotify) {
                away(
                    tag_time(Line::new(out), class, stamp).source_parts(&who.mask_parts()),
                    text.as_deref(),
                );
            }
        }
        What::Left { who, reason } => {
            let line = begin(out, who).command("PART").param(room);
            match reason {
                Some(reason) => line.trailing(reason).end(),
                None => line.end(),
            }
        }
        What::Departed { who, reason } => begin(out, who).command("QUIT").trailing(reason).end(),
        // With the colon that is not needed: some clients look for it.
        What::Renamed { from, to } => begin(out, from).command("NICK").trailing(to).end(),
        What::Redacted { by, seq, reason } => {
            if class.has(Capability::MessageRedaction) {
                redact(begin(out, by), scene, room, *seq, reason.as_deref());
            }
        }
        What::Topic { by, text } => {
            begin(out, by).command("TOPIC").param(room).trailing(text).end();
        }
        What::Modes { by, changes } => modes(class, scene, stamp, by, room, changes, out),
        What::Removed { by, who, reason } => {
            begin(out, by).command("KICK").param(room).param(who).trailing(reason).end();
        }
        What::Away { who, text } => {
            if class.has(Capability::AwayNotify) {
                away(begin(out, who), text.as_deref());
            }
        }
        What::Described { who } => {
            if class.has(Capability::Setname) {
                describe(begin(out, who), &who.identity);
            }
        }
        What::Rehosted { from, to } => {
            if class.has(Capability::Chghost) {
                rehost(begin(out, from), &to.identity);
            }
        }
    }
}

/// The message that says that `who` has come into `room`.
pub(crate) fn join(line: Line<'_>, class: Class, room: impl Display, who: &Person) {
    let line = line.command("JOIN").param(room);
    if class.has(Capability::ExtendedJoin) {
        let account = who.identity.account.as_ref().map_or("*", |account| account.as_str());
        line.param(account).trailing(&who.identity.real_name).end();
    } else {
        line.end();
    }
}

/// Appends changes of what `room` allows and whom it ranks: as one message, or as several if they do
/// not fit one.
pub(crate) fn modes(
    class: Class,
    scene: &Scene,
    stamp: Stamp,
    by: &Person,
    room: &str,
    changes: &[Change],
    out: &mut Vec<u8>,
) {
    let mut rest = changes;
    while !rest.is_empty() {
        let line = if rest.len() == changes.len() {
            begin(class, scene, stamp, by, out)
        } else {
            // What follows the first message has no id of its own.
            tag_time(Line::new(out), class, stamp).source_fmt(by.mask())
        };
        let line = line.command("MODE").param(room);
        let most = line.text_bytes_left();
        let mut count = 1;
        while count < rest.len() && Written(&rest[..=count]).to_string().len() <= most {
            count += 1;
        }
        let (now, later) = rest.split_at(count);
        let written = Written(now);
        written.params().fold(line.param(written.letters()), Line::param).end();
        rest = later;
    }
}

/// The message that takes back what was said in `room` under the number `seq`.
pub(super) fn redact(line: Line<'_>, scene: &Scene, room: &str, seq: u64, reason: Option<&str>) {
    let line = line.command("REDACT").param(room).param(MessageId::new(scene, seq).as_str());
    match reason {
        Some(reason) => line.trailing(reason).end(),
        None => line.end(),
    }
}

/// The message that says that somebody is away, or back.
pub(crate) fn away(line: Line<'_>, text: Option<&str>) {
    let line = line.command("AWAY");
    match text {
        Some(text) => {
            let fits = pieces(text, line.text_bytes_left()).next().unwrap_or("");
            line.trailing(fits).end();
        }
        None => line.end(),
    }
}

/// The message that says that somebody has another real name.
pub(crate) fn describe(line: Line<'_>, identity: &Identity) {
    line.command("SETNAME").trailing(&identity.real_name).end();
}

/// The message that says that somebody comes from elsewhere.
pub(crate) fn rehost(line: Line<'_>, identity: &Identity) {
    line.command("CHGHOST").param(&identity.user).param(&identity.host).end();
}

/// Begins a message that comes from `who`.
pub(crate) fn begin<'o>(
    class: Class,
    scene: &Scene,
    stamp: Stamp,
    who: &Person,
    out: &'o mut Vec<u8>,
) -> Line<'o> {
    tag(Line::new(out), class, scene, stamp, who, "").source_parts(&who.mask_parts())
}

/// The tags that a message of `by` has for clients of `class`.
pub(super) fn tag<'o>(
    line: Line<'o>,
    class: Class,
    scene: &Scene,
    stamp: Stamp,
    by: &Person,
    client_tags: &str,
) -> Line<'o> {
    let mut line = tag_time(line, class, stamp);
    if class.has(Capability::MessageTags) {
        line = line.tag("msgid", MessageId::new(scene, stamp.seq).as_str());
    }
    tag_author(line, class, by, client_tags)
}

/// Those that every part of a message has, if it has several.
pub(super) fn tag_again<'o>(
    line: Line<'o>,
    class: Class,
    stamp: Stamp,
    by: &Person,
    client_tags: &str,
) -> Line<'o> {
    tag_author(tag_time(line, class, stamp), class, by, client_tags)
}

fn tag_author<'o>(line: Line<'o>, class: Class, by: &Person, client_tags: &str) -> Line<'o> {
    if !class.has(Capability::MessageTags) {
        return line;
    }
    let line = if by.kind == PersonKind::Bot { line.tag("bot", "") } else { line };
    // Last, as the specification wants it: so they cannot push out the server's.
    line.raw_tags(client_tags)
}

fn tag_time(line: Line<'_>, class: Class, stamp: Stamp) -> Line<'_> {
    if class.has(Capability::ServerTime) {
        let time = Timestamp(stamp.unix_ms).text();
        line.tag("time", str::from_utf8(&time).expect("digits"))
    } else {
        line
    }
}

/// The id of a message: the run it was sent in, and its number in the one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageId {
    bytes: [u8; Self::MAX_BYTES],
    len: u8,
}

impl MessageId {
    const MAX_BYTES: usize = 32;

    pub(crate) fn new(scene: &Scene, seq: u64) -> Self {
        let mut id = Self { bytes: [0; Self::MAX_BYTES], len: 0 };
        let mut push = |byte: u8| {
            id.bytes[usize::from(id.len)] = byte;
            id.len += 1;
        };
        scene.epoch.bytes().take(Self::MAX_BYTES - 17).for_each(&mut push);
        push(b'-');
        let digits = (64 - seq.leading_zeros()).div_ceil(4).max(1);
        for place in (0..digits).rev() {
            push(b"0123456789abcdef"[(seq >> (4 * place) & 15) as usize]);
        }
        id
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("ASCII")
    }

    /// The number of the message with this id, if it is of this run.
    pub(crate) fn seq(scene: &Scene, id: &str) -> Option<u64> {
        let digits = id.strip_prefix(&*scene.epoch)?.strip_prefix('-')?;
        let is_ours = !digits.is_empty() && !digits.starts_with('+');
        if is_ours { u64::from_str_radix(digits, 16).ok() } else { None }
    }
}
