//! Who and what is meant by a line: the room one is talking in, or the one that is named.
//!
//! Invariant: a room that somebody may not see is not there for them.

use service::Key;
use wire::name::{Name, RoomName};

use super::phrases::Shown;
use super::render::Reader;
use crate::dialect::Dialect;
use crate::event::{Event, RoomId};
use crate::switchboard::Switchboard;

impl Switchboard {
    /// How `key` reads, if it reads lines for people.
    pub(super) fn reader(&self, key: Key) -> Option<Reader> {
        match self.sessions.get(key)?.dialect {
            Dialect::Undecided | Dialect::Irc(_) | Dialect::Http(_) | Dialect::Web(_) => None,
            Dialect::Plain(reader) => Some(reader),
        }
    }

    /// The same of whoever is answered as such a reader is.
    pub(super) fn asker(&self, key: Key) -> Option<Reader> {
        self.reader(key).or_else(|| self.web_reader(key))
    }

    pub(super) fn current(&self, key: Key) -> Option<RoomId> {
        match &self.sessions.get(key)?.dialect {
            Dialect::Plain(reader) => reader.current,
            Dialect::Web(_) => self.web_reader(key)?.current,
            Dialect::Undecided | Dialect::Irc(_) | Dialect::Http(_) => None,
        }
    }

    /// Changes where what `key` types goes.
    pub(super) fn set_current(&mut self, key: Key, room: Option<RoomId>) {
        if let Some(session) = self.sessions.get_mut(key)
            && let Dialect::Plain(reader) = &mut session.dialect
        {
            reader.current = room;
        }
    }

    /// What `key` goes by, in whatever dialect it is told.
    pub(crate) fn name_of(&self, key: Key) -> String {
        self.state.name(key).map_or("nobody".into(), |name| name.to_string())
    }

    /// The same of a room.
    pub(crate) fn room_name(&self, room: RoomId) -> String {
        self.state.rooms.get(room).map_or("that room".into(), |room| room.name.to_string())
    }

    /// The room that a refusal of `event` is about.
    pub(crate) fn room_of_refused(&self, event: &Event) -> Option<String> {
        match event {
            Event::Joined { room, .. } => Some(room.to_string()),
            Event::Left { room, .. }
            | Event::Said { room, .. }
            | Event::TopicSet { room, .. }
            | Event::ModesSet { room, .. }
            | Event::Removed { room, .. }
            | Event::Invited { room, .. }
            | Event::RoomRenamed { room, .. } => Some(self.room_name(*room)),
            _ => None,
        }
    }

    /// The member's name that `wanted` spells, guests' names included.
    pub(super) fn name_meant(&self, wanted: &str) -> Option<Name> {
        Name::parse(wanted).ok().filter(|name| self.state.find(name).is_some())
    }

    /// The room called `wanted`, or the current one if nothing is; if there is none, says so.
    pub(super) fn room_meant(&mut self, key: Key, wanted: &str) -> Option<RoomId> {
        if wanted.is_empty() {
            let current = self.current(key);
            if current.is_none() {
                self.tell(key, |to| to.line("You are in no room. /join #ROOM first."));
            }
            return current;
        }
        let room = match RoomName::chosen(wanted, RoomName::MAX_BYTES) {
            Ok(name) => self.state.find_room(&name).filter(|&room| self.state.may_see(key, room)),
            Err(why) => {
                self.answer_no_room_name(key, wanted, why);
                return None;
            }
        };
        if room.is_none() {
            let wanted = Shown(wanted);
            self.tell(key, |to| {
                to.line(format_args!(
                    "There is no room {wanted}. Nothing was sent. /rooms lists them."
                ));
            });
        }
        room
    }
}
