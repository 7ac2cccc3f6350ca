//! Which rooms there are, and who may know of them.
//!
//! Invariant: a room has one name, and goes when it is empty at the end of a turn; the lobby stays.

use std::hash::BuildHasher;

use wire::name::RoomName;

use super::State;
use crate::event::{MemberId, RoomId};
use crate::room::Room;
use crate::room::modes::Flag;

impl State {
    pub(super) fn open_room(&mut self, name: &RoomName, unix_ms: u64) -> RoomId {
        let id = self.rooms.insert(Room::new(name.clone(), unix_ms));
        let (hash, rooms) = (&self.hash, &self.rooms);
        self.room_names.insert_unique(hash.hash_one(name), id, |&id| {
            rooms.get(id).map_or(0, |room| hash.hash_one(&room.name))
        });
        id
    }

    /// The turn ends: everything before `position` has been taken by every reader of the room, and
    /// the rest will be offered. An empty room, unless it is the lobby, goes.
    pub(crate) fn settle_room(&mut self, id: RoomId, position: u64) {
        let Some(room) = self.rooms.get_mut(id) else {
            return;
        };
        let before = room.log.bytes();
        room.log.release(position);
        room.log.offer();
        self.logs_bytes = self.logs_bytes + room.log.bytes() - before;
        if room.members.is_empty() && id != self.lobby {
            let hash = self.hash.hash_one(&room.name);
            if let Ok(entry) = self.room_names.find_entry(hash, |&other| other == id) {
                entry.remove();
            }
            self.history.forget(&room.name);
            self.logs_bytes -= room.log.bytes();
            self.rooms.remove(id);
        }
    }

    /// The room called `name`, in whatever case.
    pub(crate) fn find_room(&self, name: &RoomName) -> Option<RoomId> {
        let is = |&id: &RoomId| self.rooms.get(id).is_some_and(|room| room.name == *name);
        self.room_names.find(self.hash.hash_one(name), is).copied()
    }

    /// Rooms that anybody may know of.
    pub(crate) fn visible_rooms(&self) -> usize {
        let is_visible = |room: &Room| !room.flags.has(Flag::Secret);
        self.rooms.iter().filter(|(_, room)| is_visible(room)).count()
    }

    /// Whether `member` may know that `room` exists.
    pub(crate) fn may_see(&self, member: MemberId, room: RoomId) -> bool {
        let is_secret = self.rooms.get(room).is_none_or(|room| room.flags.has(Flag::Secret));
        !is_secret || self.is_in(member, room)
    }
}
