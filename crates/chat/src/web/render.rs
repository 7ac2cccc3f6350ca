//! How what happens in rooms, and what is said to one person, looks to a client.
//!
//! Invariant: an entry is at most one message, the same for all who read it.

use wire::text;

use super::message::{Kind, Message, RankChange, TypingState, cleaned};
use crate::dialect::{Rendering, Scene};
use crate::irc::render::MessageId;
use crate::log::{Entry, What};
use crate::plain::moderate::changes_in_words;
use crate::room::change::{Change, Turn};
use crate::trunk::Ordered;
use crate::words::Words;

/// Appends `entry` as clients see it: possibly not at all.
pub(crate) fn render(rendering: &Rendering<'_>, entry: &Entry, out: &mut Vec<u8>) {
    if let Some(message) = message(rendering, entry) {
        message.write(out);
    }
}

/// What `entry` is to a client, if anything.
pub(super) fn message<'a>(rendering: &Rendering<'a>, entry: &'a Entry) -> Option<Message<'a>> {
    let (room, stamp) = (rendering.room.as_str(), entry.stamp());
    let clean = |text: &'a Option<std::sync::Arc<str>>| text.as_deref().map(text::clean);
    Some(match &entry.what {
        What::Said { by, words } => {
            let from = by.name.as_str();
            match Kind::of(words.manner) {
                Some(kind) => Message::Said {
                    id: MessageId::new(rendering.scene, stamp.seq),
                    stamp,
                    room,
                    from,
                    kind,
                    text: cleaned(&words.text),
                },
                None => Message::Typing { room, name: from, state: typing(words)? },
            }
        }
        What::Joined { who, away, .. } => {
            Message::Joined { stamp, room, name: who.name.as_str(), away: clean(away) }
        }
        What::Left { who, reason } => {
            Message::Left { stamp, room, name: who.name.as_str(), reason: clean(reason) }
        }
        What::Departed { who, reason } => {
            Message::Quit { stamp, name: who.name.as_str(), reason: text::clean(reason) }
        }
        What::Renamed { from, to } => {
            Message::Renamed { stamp, from: from.name.as_str(), to: to.as_str() }
        }
        What::Redacted { by, seq, .. } => Message::Redacted {
            stamp,
            room,
            id: MessageId::new(rendering.scene, *seq),
            by: by.name.as_str(),
        },
        What::Topic { by, text } => {
            Message::Topic { stamp, room, by: by.name.as_str(), text: text::clean(text) }
        }
        What::Modes { by, changes } => Message::Modes {
            stamp,
            room,
            by: by.name.as_str(),
            text: cleaned(&changes_in_words(changes)).into_owned(),
            ranks: changes.iter().filter_map(rank_change).collect(),
        },
        What::Removed { by, who, reason } => Message::Removed {
            stamp,
            room,
            by: by.name.as_str(),
            name: who.as_str(),
            reason: text::clean(reason),
        },
        What::Away { who, text } => {
            Message::Presence { stamp, name: who.name.as_str(), away: clean(text) }
        }
        What::Described { .. } | What::Rehosted { .. } => return None,
    })
}

/// Something said to one person, or to few in a room.
pub(super) fn private<'a>(
    scene: &Scene,
    ordered: &Ordered,
    from: &'a str,
    to: &'a str,
    words: &'a Words,
) -> Option<Message<'a>> {
    Some(Message::Private {
        id: MessageId::new(scene, ordered.seq),
        stamp: ordered.stamp(),
        from,
        to,
        kind: Kind::of(words.manner)?,
        text: cleaned(&words.text),
    })
}

/// Whether somebody is writing something, if that is what the tags say.
fn typing(words: &Words) -> Option<TypingState> {
    let mut tags = words.tags().split(';').filter_map(|tag| tag.split_once('='));
    tags.find_map(|(key, value)| (key == "+typing").then(|| TypingState::parse(value))?)
}

fn rank_change(change: &Change) -> Option<RankChange<'_>> {
    match change {
        Change::Ranked(rank, name, turn) => {
            Some(RankChange { name: name.as_str(), rank: rank.sign(), given: *turn == Turn::On })
        }
        _ => None,
    }
}
