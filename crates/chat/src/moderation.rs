//! Keeping order in rooms, in whatever dialect it is asked for: what is proposed, and what follows
//! from it for the connections of this server.
//!
//! Invariant: somebody whom a room has not been told of (it is too big for that) is shown to it
//! before anything is done to them or by them that it is told of.

use std::sync::Arc;

use service::Key;
use wire::name::{Name, RoomName};

use crate::authority::Act;
use crate::dialect::Dialect;
use crate::event::{Event, MemberId, RoomId};
use crate::room::change::{Change, Turn};
use crate::room::modes::Rank;
use crate::state::Shown;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;
use crate::words::{Manner, Words};

impl Switchboard {
    /// `room` is told that `member` is there, if it does not know.
    pub(crate) fn show(&mut self, member: MemberId, room: RoomId) {
        let is_hidden = self.state.seat(member, room).is_some_and(|seat| seat.shown == Shown::No);
        if is_hidden && !self.settings.anonymous {
            self.propose(Event::Shown { member, room });
        }
    }

    /// `key` says something in a room, which is told first that `key` is there if it does not know.
    pub(crate) fn say_in(&mut self, key: Key, room: RoomId, least: Option<Rank>, words: Words) {
        if words.manner != Manner::Tags {
            self.show(key, room);
        }
        self.propose(Event::Said { member: key, room, least, words });
    }

    /// `key` puts `who` out of `room`.
    pub(crate) fn remove(&mut self, key: Key, room: RoomId, who: Name, reason: &str) {
        if let Ok(target) = self.state.ask_about(key, room, Act::Remove, &who) {
            self.show(target, room);
        }
        self.propose(Event::Removed { member: key, room, who, reason: reason.into() });
    }

    /// `key` changes what `room` allows, or whom it ranks.
    pub(crate) fn change_modes(&mut self, key: Key, room: RoomId, changes: Vec<Change>) {
        for change in &changes {
            if let Change::Ranked(rank, who, Turn::On) = change
                && let Ok(target) = self.state.ask_about(key, room, Act::SetRank(*rank), who)
            {
                self.show(target, room);
            }
        }
        self.propose(Event::ModesSet { member: key, room, changes });
    }

    /// `target` has been put out of `room` and reads it no longer, from after the word of that on.
    pub(crate) fn put_out(&mut self, target: MemberId, room: RoomId, by: MemberId) {
        self.detach(target, room);
        self.answer_put_out(target, room, by);
    }

    /// `target` has been asked into `room`.
    pub(crate) fn tell_invited(&mut self, ordered: &Ordered, target: MemberId, room: RoomId) {
        let Ok(by) = self.state.person(ordered.event.member()).cloned() else {
            return;
        };
        self.tell_irc_invited(ordered, &by, target, room);
        let name = self.room_name(room);
        self.tell_plain_event(target, ordered, || {
            format!("* {} asks you into {name}: /join {name} to go there", by.name)
        });
    }

    /// A room has another name: everybody in it is told, each in its own way. What they had not read
    /// of it yet they read under the old one.
    pub(crate) fn tell_room_renamed(
        &mut self,
        ordered: &Ordered,
        id: RoomId,
        old: &RoomName,
        reason: Option<&str>,
    ) {
        let Ok(by) = self.state.person(ordered.event.member()).cloned() else {
            return;
        };
        let Some(room) = self.state.rooms.get(id) else {
            return;
        };
        let (readers, new) = (room.members.clone(), room.name.clone());
        let author = ordered.event.member();
        if !readers.contains(&author) {
            // A server operator, who is not there.
            self.notify(author, format_args!("{old} is {new} now."));
        }
        for reader in readers {
            self.take_along(reader, id, old);
            match self.sessions.get(reader).map(|session| &session.dialect) {
                Some(Dialect::Irc(_)) => {
                    let names = (old, &new);
                    self.tell_irc_room_renamed(reader, ordered, &by, id, names, reason);
                }
                Some(Dialect::Web(_)) => {
                    self.tell_web_room_renamed(reader, ordered, &by.name, (old, &new));
                }
                Some(Dialect::Plain(_) | Dialect::Undecided) => {
                    self.tell_plain_event(reader, ordered, || {
                        let (by, old) = (Arc::clone(&by).name, old.as_str());
                        match reason {
                            Some(reason) => format!("* {by} renamed {old} to {new}: {reason}"),
                            None => format!("* {by} renamed {old} to {new}"),
                        }
                    });
                }
                Some(Dialect::Http(_)) | None => {}
            }
        }
    }
}
