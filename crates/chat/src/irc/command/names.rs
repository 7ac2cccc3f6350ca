//! NAMES: who is in a room.

use service::Key;
use wire::irc::Message;
use wire::name::RoomName;

use crate::event::RoomId;
use crate::irc::capability::Capability;
use crate::irc::numeric::*;
use crate::irc::registration::all_signs;
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
    pub(in crate::irc) fn write_names(&mut self, key: Key, id: RoomId) {
        let Some(room) = self.state.rooms.get(id) else {
            return;
        };
        let seated = |&member: &Key| {
            let (person, seat) = (self.state.person(member).ok()?, self.state.seat(member, id)?);
            (seat.shown == Shown::Yes || member == key).then_some((person, seat.ranks))
        };
        let mut list: Vec<_> = room.members.iter().filter_map(seated).collect();
        list.sort_by_key(|(_, ranks)| std::cmp::Reverse(ranks.highest()));
        let people: Vec<_> = list
            .into_iter()
            .map(|(person, ranks)| (std::sync::Arc::clone(person), ranks))
            .collect();
        let hidden = room.members.len() - people.len();
        let sign = if room.flags.has(Flag::Secret) {
            '@'
        } else if room.flags.has(Flag::Private) {
            '*'
        } else {
            '='
        };
        let name = room.name.clone();
        self.reply(key, |to| {
            let (all, hosts) = (all_signs(to), to.capabilities.has(Capability::UserhostInNames));
            let mut people = people.iter().peekable();
            while people.peek().is_some() {
                let line = to.numeric(RPL_NAMREPLY).param(sign).param(&name);
                let most = line.text_bytes_left();
                let mut text = String::new();
                while let Some((person, ranks)) = people.peek() {
                    let before = text.len();
                    if before > 0 {
                        text.push(' ');
                    }
                    text.extend(ranks.signs(all));
                    if hosts {
                        text.push_str(&person.mask().to_string());
                    } else {
                        text.push_str(person.name.as_str());
                    }
                    if text.len() > most && before > 0 {
                        text.truncate(before);
                        break;
                    }
                    people.next();
                }
                line.trailing(text).end();
            }
            let line = to.numeric(RPL_ENDOFNAMES).param(&name);
            match hidden {
                0 => line.trailing("End of /NAMES list").end(),
                n => line
                    .trailing(format_args!("End of /NAMES list ({n} more who have not spoken)"))
                    .end(),
            }
        });
    }
}
