//! RENAME: a room gets another name (IRCv3 `draft/channel-rename`).
//!
//! Old names are not remembered: who comes to one makes a room of that name. Invitations and forwards
//! go to the room, whatever its name.

use service::Key;
use wire::irc::{Message, pieces};
use wire::name::RoomName;

use crate::event::Event;
use crate::switchboard::Switchboard;

/// `RENAME #old #new [:reason]`
pub(in crate::irc) fn rename(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let (old, new) = (message.param(0).unwrap_or(""), message.param(1).unwrap_or(""));
    let Some(room) = chat.room_named(key, old) else {
        return chat.refuse_no_room(key, old);
    };
    let reason = pieces(message.param(2).unwrap_or(""), chat.settings.limits.reason_bytes).next();
    let reason = reason.filter(|reason| !reason.is_empty()).map(Into::into);
    match RoomName::chosen(new, chat.settings.limits.room_name_bytes) {
        Ok(name) => chat.propose(Event::RoomRenamed { member: key, room, name, reason }),
        Err(why) => {
            let new = pieces(new, 64).next().unwrap_or("*");
            let text = format_args!("Bad channel name: {why}");
            chat.reply(key, |to| to.fail("RENAME", "CANNOT_RENAME", &[old, new], text));
        }
    }
}
