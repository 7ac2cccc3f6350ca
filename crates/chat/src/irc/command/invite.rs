//! INVITE: somebody is asked into a room.

use service::Key;
use wire::irc::Message;
use wire::name::Name;

use crate::event::Event;
use crate::irc::numeric::*;
use crate::switchboard::Switchboard;

/// `INVITE name #room`; or `INVITE`, which lists the rooms that one was asked into.
pub(in crate::irc) fn invite(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let (Some(who), Some(wanted)) = (message.param(0), message.param(1)) else {
        if message.params().is_empty() {
            return list(chat, key);
        }
        return chat.reply(key, |to| {
            let line = to.numeric(ERR_NEEDMOREPARAMS).param("INVITE");
            line.trailing("Not enough parameters").end();
        });
    };
    let Some(room) = chat.room_named(key, wanted) else {
        return chat.refuse_no_room(key, wanted);
    };
    match Name::parse(who) {
        Ok(who) => chat.propose(Event::Invited { member: key, room, who }),
        Err(_) => chat.refuse_no_person(key, who),
    }
}

fn list(chat: &mut Switchboard, key: Key) {
    let rooms: Vec<_> = chat.state.invitations(key).collect();
    let names: Vec<String> = rooms.into_iter().map(|room| chat.room_name(room)).collect();
    chat.reply(key, |to| {
        for name in &names {
            to.numeric(RPL_INVITELIST).param(name).end();
        }
        to.numeric(RPL_ENDOFINVITELIST).trailing("End of /INVITE list").end();
    });
}
