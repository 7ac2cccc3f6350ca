//! JOIN and PART: in and out of rooms.

use service::Key;
use wire::irc::{Message, pieces};
use wire::name::{NotAName, RoomName};

use crate::event::Event;
use crate::irc::numeric::*;
use crate::switchboard::Switchboard;

/// `JOIN #room{,#room} [key{,key}]`, or `JOIN 0`, which leaves all.
pub(in crate::irc) fn join(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let rooms = message.param(0).unwrap_or("");
    if rooms == "0" {
        return part_all(chat, key);
    }
    let mut keys = message.param(1).unwrap_or("").split(',');
    for wanted in rooms.split(',').filter(|wanted| !wanted.is_empty()) {
        let word = keys.next().filter(|word| !word.is_empty());
        match RoomName::chosen(wanted, chat.settings.limits.room_name_bytes) {
            Ok(room) => {
                let word = word.map(Into::into);
                chat.propose(Event::Joined { member: key, room, key: word });
            }
            Err(why) => chat.refuse_room_name(key, wanted, why),
        }
    }
}

fn part_all(chat: &mut Switchboard, key: Key) {
    let rooms: Vec<_> =
        chat.sessions.get(key).map_or(Vec::new(), |session| session.outbox.rooms().collect());
    for room in rooms {
        chat.propose(Event::Left { member: key, room, reason: None });
    }
}

/// `PART #room{,#room} [:reason]`
pub(in crate::irc) fn part(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let most = chat.settings.limits.reason_bytes;
    let reason = message.param(1).and_then(|reason| pieces(reason, most).next());
    let rooms = message.param(0).unwrap_or("");
    for wanted in rooms.split(',').filter(|wanted| !wanted.is_empty()) {
        let Some(room) = chat.room_named(key, wanted) else {
            chat.refuse_no_room(key, wanted);
            continue;
        };
        let reason = reason.filter(|reason| !reason.is_empty()).map(Into::into);
        chat.propose(Event::Left { member: key, room, reason });
    }
}

impl Switchboard {
    /// The room called `wanted`, unless `key` may not know of it.
    pub(in crate::irc) fn room_named(
        &self,
        key: Key,
        wanted: &str,
    ) -> Option<crate::event::RoomId> {
        if let Some(room) = self.state.own_room(key, wanted) {
            return Some(room);
        }
        let room = self.state.find_room(&wanted.parse::<RoomName>().ok()?)?;
        self.state.may_see(key, room).then_some(room)
    }

    /// There is no room of that name, or none that `key` may know of.
    pub(in crate::irc) fn refuse_no_room(&mut self, key: Key, wanted: &str) {
        self.reply(key, |to| {
            to.numeric(ERR_NOSUCHCHANNEL).param(wanted).trailing("No such channel").end();
        });
    }

    fn refuse_room_name(&mut self, key: Key, wanted: &str, why: NotAName) {
        let shown = pieces(wanted, 64).next().unwrap_or("*");
        self.reply(key, |to| match why {
            NotAName::NoHash => {
                to.numeric(ERR_NOSUCHCHANNEL).param(shown).trailing("No such channel").end();
            }
            why => {
                let line = to.numeric(ERR_BADCHANMASK).param(shown);
                line.trailing(format_args!("Bad channel name: {why}")).end();
            }
        });
    }
}
