//! NAMES: who is in a room.

use service::Key;
use wire::irc::Message;
use wire::name::RoomName;

use crate::event::RoomId;
use crate::irc::capability::Capability;
use crate::irc::numeric::*;
use crate::irc::pending::{Answer, Looks, Progress, Step, Walk};
use crate::irc::registration::all_signs;
use crate::irc::reply::Replies;
use crate::room::Room;
use crate::room::modes::Flag;
use crate::state::Shown;
use crate::switchboard::Switchboard;

/// `NAMES #room`
pub(in crate::irc) fn names(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.param(0).unwrap_or("").split(',').next().unwrap_or("");
    let room = wanted.parse::<RoomName>().ok().and_then(|name| chat.state.find_room(&name));
    match room.filter(|&room| chat.state.may_see(key, room)) {
        Some(room) => chat.write_names(key, room),
        None => chat.reply(key, |to| {
            let wanted = if wanted.is_empty() { "*" } else { wanted };
            to.numeric(RPL_ENDOFNAMES).param(wanted).trailing("End of /NAMES list").end();
        }),
    }
}

impl Switchboard {
    /// Tells `key` who is in `room`: those the room has been told of, which is everybody unless it
    /// is very big. So a client's list agrees with the comings and goings it is told.
    pub(in crate::irc) fn write_names(&mut self, key: Key, room: RoomId) {
        let walk = Walk::shown(&self.state, room, key);
        let name = self.room_name(room);
        let names = Names { room, name: name.into(), walk, waiting: None };
        self.answer_at_length(key, Answer::Names(names));
    }
}

/// The names in one room, to be written.
#[derive(Debug)]
pub(in crate::irc) struct Names {
    room: RoomId,
    /// What it was called when it was asked for: it may go before this has ended.
    name: Box<str>,
    walk: Walk,
    /// The name that did not fit the last line.
    waiting: Option<String>,
}

impl Names {
    pub(in crate::irc) fn write(
        &mut self,
        chat: &Switchboard,
        key: Key,
        most: usize,
        looks: &mut Looks,
        to: &mut Replies<'_>,
    ) -> Progress {
        let Some(room) = chat.state.rooms.get(self.room) else {
            // Everybody has left meanwhile, the asker too.
            let line = to.numeric(RPL_ENDOFNAMES).param(&self.name);
            line.trailing("End of /NAMES list").end();
            return Progress::Done;
        };
        if !chat.state.may_see(key, self.room) {
            // Secret by now, and the asker outside: the rest is not for it.
            let line = to.numeric(RPL_ENDOFNAMES).param(&room.name);
            line.trailing("End of /NAMES list").end();
            return Progress::Done;
        }
        let sign = if room.flags.has(Flag::Secret) {
            '@'
        } else if room.flags.has(Flag::Private) {
            '*'
        } else {
            '='
        };
        while to.out.len() < most {
            let start = to.out.len();
            let line = to.numeric(RPL_NAMREPLY).param(sign).param(&room.name);
            let most_text = line.text_bytes_left();
            to.out.truncate(start);
            let mut text = String::new();
            let progress = loop {
                let next = self.waiting.take().map(Ok);
                let name = match next.unwrap_or_else(|| self.next(chat, key, looks, to)) {
                    Ok(name) => name,
                    Err(progress) => break progress,
                };
                if !text.is_empty() && text.len() + 1 + name.len() > most_text {
                    self.waiting = Some(name);
                    break Progress::More;
                }
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(&name);
            };
            if !text.is_empty() {
                to.numeric(RPL_NAMREPLY).param(sign).param(&room.name).trailing(text).end();
            }
            match progress {
                Progress::More => {}
                Progress::Later => return Progress::Later,
                Progress::Done => {
                    self.write_end(chat, key, room, to);
                    return Progress::Done;
                }
            }
        }
        Progress::More
    }

    fn write_end(&self, chat: &Switchboard, key: Key, room: &Room, to: &mut Replies<'_>) {
        let line = to.numeric(RPL_ENDOFNAMES).param(&room.name);
        let own = chat.state.seat(key, self.room).is_some_and(|s| s.shown == Shown::No);
        match room.members.len() - room.shown - usize::from(own) {
            0 => line.trailing("End of /NAMES list").end(),
            n => line
                .trailing(format_args!("End of /NAMES list ({n} more who have not spoken)"))
                .end(),
        }
    }

    /// The next name with its signs, of those that `key` may be told; or that there is none, or none
    /// in this turn.
    fn next(
        &mut self,
        chat: &Switchboard,
        key: Key,
        looks: &mut Looks,
        to: &Replies<'_>,
    ) -> Result<String, Progress> {
        let (all, hosts) = (all_signs(to), to.capabilities.has(Capability::UserhostInNames));
        loop {
            let member = match self.walk.next(&chat.state, looks) {
                Step::To(member) => member,
                Step::Later => return Err(Progress::Later),
                Step::End => return Err(Progress::Done),
            };
            let (Ok(person), Some(seat)) =
                (chat.state.person(member), chat.state.seat(member, self.room))
            else {
                continue;
            };
            if !chat.state.is_in(key, self.room) && !chat.state.may_find(key, member) {
                continue;
            }
            if seat.shown == Shown::No && member != key {
                continue;
            }
            let mut name: String = seat.ranks.signs(all).collect();
            match hosts {
                true => name.push_str(&person.mask().to_string()),
                false => name.push_str(person.name.as_str()),
            }
            return Ok(name);
        }
    }
}
