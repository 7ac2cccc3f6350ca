//! MODE of rooms: what a room allows and whom it ranks, asked and changed.

use service::Key;
use wire::irc::Message;

use crate::authority::Act;
use crate::event::{Refusal, RoomId};
use crate::irc::numeric::*;
use crate::room::change::{Asked, Wrong, parse};
use crate::room::masks::List;
use crate::switchboard::Switchboard;

/// `MODE #room [+modes-modes {parameter}]`
pub(in crate::irc) fn mode(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.param(0).unwrap_or("");
    if !wanted.starts_with('#') {
        return super::user_mode::user_mode(chat, key, message);
    }
    let Some(room) = chat.room_named(key, wanted) else {
        return chat.refuse_no_room(key, wanted);
    };
    let Some((letters, params)) = message.params().get(1..).and_then(|rest| rest.split_first())
    else {
        return write_modes(chat, key, room);
    };
    let mut changes = Vec::new();
    for asked in parse(letters, params, &chat.settings.limits) {
        match asked {
            Asked::For(change) => changes.push(change),
            Asked::ToSee(list) => write_list(chat, key, room, list),
            Asked::Wrong(wrong) => refuse(chat, key, room, &wrong),
        }
    }
    if !changes.is_empty() {
        chat.change_modes(key, room, changes);
    }
}

/// What the room allows. What only members are to know is not told to others: the key, and where
/// they would be sent on to.
fn write_modes(chat: &mut Switchboard, key: Key, id: RoomId) {
    let is_inside = chat.state.ask(key, id, Act::SeeRules).is_ok();
    let Some(room) = chat.state.rooms.get(id) else {
        return;
    };
    let (modes, params) = room.modes(is_inside);
    let (name, created) = (room.name.clone(), room.created_unix_ms / 1000);
    chat.reply(key, |to| {
        let line = to.numeric(RPL_CHANNELMODEIS).param(&name).param(modes);
        params.iter().fold(line, |line, param| line.param(param)).end();
        // The lobby has been there from the start.
        if created > 0 {
            to.numeric(RPL_CREATIONTIME).param(&name).param(created).end();
        }
    });
}

fn write_list(chat: &mut Switchboard, key: Key, id: RoomId, list: List) {
    if chat.state.ask(key, id, Act::SeeRules).is_err() {
        let room = chat.room_name(id);
        return chat.reply(key, |to| {
            let line = to.numeric(ERR_NOTONCHANNEL).param(&room);
            line.trailing("You're not on that channel").end();
        });
    }
    // Its answer may be long.
    chat.charge(key, chat.settings.limits.heavy_command.saturating_sub(1));
    let Some(room) = chat.state.rooms.get(id) else {
        return;
    };
    let name = room.name.clone();
    let entries = room.rules.as_ref().map_or(Vec::new(), |rules| rules.lists.get(list).to_vec());
    let (number, end, what) = match list {
        List::Ban => (RPL_BANLIST, RPL_ENDOFBANLIST, "Ban"),
        List::Except => (RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST, "Exception"),
        List::Invite => (RPL_INVEXLIST, RPL_ENDOFINVEXLIST, "Invite Exception"),
    };
    chat.reply(key, |to| {
        for entry in &entries {
            let line = to.numeric(number).param(&name).param(&entry.pattern);
            line.param(&entry.by).param(entry.set_unix_ms / 1000).end();
        }
        to.numeric(end).param(&name).trailing(format_args!("End of Channel {what} List")).end();
    });
}

fn refuse(chat: &mut Switchboard, key: Key, id: RoomId, wrong: &Wrong) {
    let room = chat.room_name(id);
    // Who may change nothing is told that, not what a change would take.
    if let Err(Refusal::NotThere) = chat.state.ask(key, id, Act::SeeRules) {
        return chat.reply(key, |to| {
            let line = to.numeric(ERR_NOTONCHANNEL).param(&room);
            line.trailing("You're not on that channel").end();
        });
    }
    chat.reply(key, |to| match wrong {
        Wrong::Unknown(letter) => {
            let line = to.numeric(ERR_UNKNOWNMODE).param(letter);
            line.trailing(format_args!("is unknown mode char to me for {room}")).end();
        }
        Wrong::Missing(letter) => {
            let line = to.numeric(ERR_NEEDMOREPARAMS).param("MODE");
            line.trailing(format_args!("Not enough parameters: {letter} needs one")).end();
        }
        Wrong::Invalid(letter, shown, why) => {
            let line = to.numeric(ERR_INVALIDMODEPARAM).param(&room).param(letter);
            line.param(shown).trailing(why).end();
        }
        Wrong::TooMany(most) => {
            let text = format_args!(
                "At most {most} changes with parameters at a time: the ones after those were not \
                 made"
            );
            to.fail("MODE", "TOO_MANY_CHANGES", &[&room], text);
        }
    });
}
