//! TOPIC: what a room is about.

use service::Key;
use wire::irc::Message;

use crate::authority::Act;
use crate::event::{Event, RoomId};
use crate::irc::numeric::*;
use crate::switchboard::Switchboard;

/// `TOPIC #room [:text]`: asks, or says; an empty text says that there is none any more.
pub(in crate::irc) fn topic(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.param(0).unwrap_or("");
    let Some(room) = chat.room_named(key, wanted) else {
        return chat.refuse_no_room(key, wanted);
    };
    let Some(text) = message.param(1) else {
        if !chat.write_topic(key, room) {
            let name = chat.room_name(room);
            chat.reply(key, |to| {
                to.numeric(RPL_NOTOPIC).param(&name).trailing("No topic is set").end();
            });
        }
        return;
    };
    let most = chat.settings.limits.topic_bytes;
    if text.len() > most {
        // Cut, it would say something else.
        let name = chat.room_name(room);
        return chat.reply(key, |to| {
            let text = format_args!(
                "That topic has {} bytes; the limit is {most}. Nothing was changed.",
                text.len()
            );
            to.fail("TOPIC", "TOPIC_TOO_LONG", &[&name], text);
        });
    }
    if chat.state.ask(key, room, Act::SetTopic).is_ok() {
        chat.show(key, room);
    }
    chat.propose(Event::TopicSet { member: key, room, text: text.into() });
}

impl Switchboard {
    /// Tells `key` what `room` is about and who says so; answers whether there was anything to tell.
    pub(in crate::irc) fn write_topic(&mut self, key: Key, room: RoomId) -> bool {
        let Some(room) = self.state.rooms.get(room) else {
            return false;
        };
        let Some(topic) = room.topic.clone() else {
            return false;
        };
        let name = room.name.clone();
        self.reply(key, |to| {
            to.numeric(RPL_TOPIC).param(&name).trailing(&topic.text).end();
            let line = to.numeric(RPL_TOPICWHOTIME).param(&name).param(&topic.by);
            line.param(topic.set_unix_ms / 1000).end();
        });
        true
    }
}
