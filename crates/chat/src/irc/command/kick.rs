//! KICK: somebody is put out of a room.

use service::Key;
use wire::irc::{Message, pieces};
use wire::name::Name;

use crate::irc::numeric::*;
use crate::switchboard::Switchboard;

/// `KICK #room name{,name} [:comment]`, or a room for each name (RFC 2812 section 3.2.8).
pub(in crate::irc) fn kick(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let words = |index| message.param(index).unwrap_or("").split(',').filter(|w| !w.is_empty());
    let rooms: Vec<&str> = words(0).collect();
    let reason = pieces(message.param(2).unwrap_or(""), chat.settings.limits.reason_bytes).next();
    let own = chat.state.name(key).map(|name| name.to_string()).unwrap_or_default();
    let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or(&own);
    let most = chat.settings.limits.targets;
    for (count, wanted) in words(1).enumerate() {
        if count >= most {
            return chat.reply(key, |to| {
                let line = to.numeric(ERR_TOOMANYTARGETS).param(wanted);
                line.trailing(format_args!("Too many targets: {most} at a time")).end();
            });
        }
        let Some(named) = (if rooms.len() > 1 { rooms.get(count) } else { rooms.first() }) else {
            return;
        };
        let Some(room) = chat.room_named(key, named) else {
            chat.refuse_no_room(key, named);
            continue;
        };
        match Name::parse(wanted) {
            Ok(who) => chat.remove(key, room, who, reason),
            Err(_) => chat.refuse_no_person(key, wanted),
        }
        if chat.is_closing(key) {
            return;
        }
    }
}
