//! MARKREAD: how far somebody has read (IRCv3 `draft/read-marker`).
//!
//! Meant for several clients of one person. As long as nobody has an account, no two clients are
//! known to be one person's: each has marks of its own, which end with its connection. Nobody else
//! sees them, and they say nothing of whether the room or person is there.

use std::collections::BTreeMap;

use service::Key;
use wire::irc::{Message, pieces};
use wire::name::{Name, RoomName};

use crate::irc::capability::Capability;
use crate::irc::reply::Replies;
use crate::moment::Timestamp;
use crate::switchboard::Switchboard;

/// How far one client has read: by rooms and people, in small letters.
#[derive(Debug, Default)]
pub(crate) struct Markers(BTreeMap<Box<str>, Timestamp>);

/// `MARKREAD target [timestamp=time]`
pub(in crate::irc) fn markread(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.has(key, Capability::ReadMarker) {
        return chat.refuse_unknown(key, message);
    }
    let target = message.param(0).unwrap_or("");
    if target.is_empty() {
        return chat.reply(key, |to| {
            to.refuse("MARKREAD", "NEED_MORE_PARAMS", &[], "Missing parameters");
        });
    }
    let is_target = Name::parse(target).is_ok() || target.parse::<RoomName>().is_ok();
    let wanted = message
        .param(1)
        .map(|time| time.strip_prefix("timestamp=").and_then(Timestamp::parse).ok_or(time));
    let wrong = if is_target { wanted.and_then(Result::err) } else { Some(target) };
    if let Some(wrong) = wrong {
        let wrong = pieces(wrong, 64).next().unwrap_or("*");
        return chat.reply(key, |to| {
            to.refuse("MARKREAD", "INVALID_PARAMS", &[wrong], "Invalid parameters");
        });
    }
    // Nobody has read what is still to come.
    let now = Timestamp(chat.now.unix_ms);
    let (most, name) = (chat.settings.limits.read_markers, target.to_ascii_lowercase());
    if let Some(Ok(time)) = wanted
        && let Some(client) = chat.client_mut(key)
    {
        let Markers(markers) = &mut **client.markers.get_or_insert_default();
        if markers.len() >= most && !markers.contains_key(&*name) {
            return chat.reply(key, |to| {
                let text =
                    format_args!("The read timestamp could not be set: {most} are the limit");
                to.refuse("MARKREAD", "INTERNAL_ERROR", &[target], text);
            });
        }
        let marker = markers.entry(name.into()).or_insert(Timestamp(0));
        *marker = time.min(now).max(*marker);
    }
    chat.write_marker(key, target);
}

impl Switchboard {
    /// How far `key`, who has come into this room, has read there, if it wants to know.
    pub(in crate::irc) fn write_read_marker(&mut self, key: Key, room: &RoomName) {
        if self.has(key, Capability::ReadMarker) {
            self.write_marker(key, room.as_str());
        }
    }

    /// A room that `key` is in has another name, under which it has read as far as before.
    pub(in crate::irc) fn rename_read_marker(&mut self, key: Key, old: &RoomName, new: &RoomName) {
        let markers = self.client_mut(key).and_then(|client| client.markers.as_mut());
        if let Some(Markers(markers)) = markers.map(|markers| &mut **markers)
            && let Some(marker) = markers.remove(&*old.as_str().to_ascii_lowercase())
        {
            markers.insert(new.as_str().to_ascii_lowercase().into(), marker);
        }
    }

    fn write_marker(&mut self, key: Key, target: &str) {
        let markers = self.client(key).and_then(|client| client.markers.as_ref());
        let marker =
            markers.and_then(|markers| markers.0.get(&*target.to_ascii_lowercase())).copied();
        self.reply(key, |to: &mut Replies<'_>| {
            let line = to.server("MARKREAD").param(target);
            match marker {
                Some(time) => {
                    let time = time.text();
                    let time = str::from_utf8(&time).expect("digits");
                    line.param(format_args!("timestamp={time}")).end();
                }
                None => line.param("*").end(),
            }
        });
    }
}
