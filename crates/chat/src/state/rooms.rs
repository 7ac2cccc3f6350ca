//! Which rooms there are, and who may know of them.
//!
//! Invariant: a room has one name, and goes with the last who leaves it; the lobby stays.

use std::cmp::Reverse;
use std::hash::BuildHasher;

use wire::name::RoomName;

use super::State;
use crate::authority::Act;
use crate::event::{MemberId, RoomId};
use crate::room::Room;
use crate::room::modes::Flag;
use crate::trunk::Ordered;

/// A room that was busy, and in which nothing has been published since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quiet {
    pub(crate) room: RoomId,
    /// The turn in which it was busy last.
    settled: u64,
    /// How many turns after the last look this one is.
    wait: u64,
}

impl Quiet {
    /// Enough turns for a look at all members to be nothing beside what happens in them.
    const LONGEST_WAIT: u64 = 1024;
}

impl State {
    pub(super) fn open_room(&mut self, name: &RoomName, ordered: &Ordered) -> RoomId {
        let (unix_ms, seq) = (ordered.unix_ms, ordered.seq);
        let id = self.rooms.insert(Room::new(name.clone(), unix_ms, seq));
        self.insert_room_name(id, name);
        id
    }

    /// The last member has left `room`, which goes, unless it is the lobby: as soon as those who
    /// read it have taken along what they have not had yet.
    pub(super) fn desert(&mut self, room: RoomId) {
        match room == self.lobby {
            true => self.mark_dirty(room),
            false => self.deserted.push(room),
        }
    }

    /// What the last event led to has been done: rooms that nobody is in any more go. (With that
    /// event, and not with the turn, which is each loop's own.)
    pub(crate) fn close_deserted(&mut self) {
        while let Some(id) = self.deserted.pop() {
            let Some(room) = self.rooms.remove(id) else {
                continue;
            };
            let hash = self.hash.hash_one(&room.name);
            if let Ok(entry) = self.room_names.find_entry(hash, |&other| other == id) {
                entry.remove();
            }
            self.secret_rooms -= usize::from(room.flags.has(Flag::Secret));
            self.history.forget(id);
            self.logs_bytes -= room.log.bytes();
        }
    }

    /// Gives `room` another name, and answers the one it had.
    pub(super) fn name_room(&mut self, id: RoomId, name: RoomName) -> Option<RoomName> {
        let room = self.rooms.get_mut(id)?;
        let old = std::mem::replace(&mut room.name, name.clone());
        let hash = self.hash.hash_one(&old);
        if let Ok(entry) = self.room_names.find_entry(hash, |&other| other == id) {
            entry.remove();
        }
        self.insert_room_name(id, &name);
        Some(old)
    }

    fn insert_room_name(&mut self, id: RoomId, name: &RoomName) {
        let (hash, rooms) = (&self.hash, &self.rooms);
        self.room_names.insert_unique(hash.hash_one(name), id, |&id| {
            rooms.get(id).map_or(0, |room| hash.hash_one(&room.name))
        });
    }

    /// The turn ends: everything before `position` has been taken by every reader of the room, and
    /// the rest will be offered.
    pub(crate) fn settle_room(&mut self, id: RoomId, position: u64) {
        let Some(room) = self.rooms.get_mut(id) else {
            return;
        };
        if std::mem::replace(&mut room.settled, self.turn) != self.turn {
            self.busy[0].push(id);
        }
        let before = room.log.bytes();
        room.log.release(position);
        room.log.offer();
        self.logs_bytes = self.logs_bytes + room.log.bytes() - before;
    }

    /// The next room that was busy and is not any more, to be looked at before the turn is over: it
    /// gives back the memory that it took to be so. While it is busy that is used again.
    pub(crate) fn next_quiet(&mut self) -> Option<Quiet> {
        while let Some(room) = self.busy[1].pop() {
            let is_quiet = |room: &Room| room.settled != self.turn && room.log.is_swollen();
            if let Some(settled) =
                self.rooms.get(room).filter(|room| is_quiet(room)).map(|room| room.settled)
            {
                return Some(Quiet { room, settled, wait: 1 });
            }
        }
        while let Some(Reverse((turn, quiet))) = self.unread.peek().copied()
            && turn <= self.turn
        {
            self.unread.pop();
            if self.rooms.get(quiet.room).is_some_and(|room| room.settled == quiet.settled) {
                return Some(quiet);
            }
        }
        None
    }

    /// Everything before `position` has been taken by every reader of this room. If there is more,
    /// it is looked at again, and less often each time: it may take its readers a long time.
    pub(crate) fn rest_room(&mut self, quiet: Quiet, position: u64) {
        let Some(room) = self.rooms.get_mut(quiet.room) else {
            return;
        };
        let before = room.log.bytes();
        let is_at_rest = room.log.rest(position);
        self.logs_bytes = self.logs_bytes + room.log.bytes() - before;
        if !is_at_rest {
            let wait = (quiet.wait * 2).min(Quiet::LONGEST_WAIT);
            self.unread.push(Reverse((self.turn + wait, Quiet { wait, ..quiet })));
        }
    }

    /// The turn is over: all its rooms have been settled, and the quiet ones looked at.
    pub(crate) fn end_turn(&mut self) {
        self.busy.swap(0, 1);
        self.turn += 1;
    }

    /// The room called `name`, in whatever case.
    pub(crate) fn find_room(&self, name: &RoomName) -> Option<RoomId> {
        let is = |&id: &RoomId| self.rooms.get(id).is_some_and(|room| room.name == *name);
        self.room_names.find(self.hash.hash_one(name), is).copied()
    }

    /// The room called `name`, in whatever case, if `member` is in it: found without a look at all
    /// the others, since it is what people speak of.
    pub(crate) fn own_room(&self, member: MemberId, name: &str) -> Option<RoomId> {
        let is = |&room: &RoomId| self.rooms.get(room).is_some_and(|room| room.name.is(name));
        self.member(member)?.seats.iter().map(|seat| seat.room).find(is)
    }

    /// Rooms that anybody may know of, and in which somebody is. Counted as they change: it is told to
    /// everybody who comes.
    pub(crate) fn visible_rooms(&self) -> usize {
        // Nobody is in those that are about to go, nor sometimes in the lobby, which stays.
        let lobby = self.rooms.get(self.lobby).filter(|room| room.members.is_empty());
        let empty =
            lobby.into_iter().chain(self.deserted.iter().filter_map(|&id| self.rooms.get(id)));
        let empty = empty.filter(|room| !room.flags.has(Flag::Secret)).count();
        self.rooms.len() - self.secret_rooms - empty
    }

    /// Whether `room` is listed for `member`.
    pub(crate) fn may_list(&self, member: MemberId, room: RoomId) -> bool {
        let is_private = self.rooms.get(room).is_none_or(|room| room.flags.has(Flag::Private));
        self.may_see(member, room) && (!is_private || self.is_in(member, room))
    }

    /// Whether `member` may know that `room` exists.
    pub(crate) fn may_see(&self, member: MemberId, room: RoomId) -> bool {
        self.ask(member, room, Act::See).is_ok()
    }
}
