//! Who is there, under what name, in which rooms: all that members share.
//!
//! Invariant: it changes through [`State::apply`] alone, which decides by what it holds and by
//! nothing else: the same events in the same order give the same rooms and names everywhere.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use service::{PerKey, Slab};
use smallvec::SmallVec;
use wire::name::{Name, RoomName};

use crate::event::{Applied, Event, MemberId, Refusal, RoomId};
use crate::hash::Seeded;
use crate::history::{History, InMemory};
use crate::log::{Entry, What};
use crate::room::Room;
use crate::trunk::Ordered;
use crate::{Limits, Settings};

/// Members and rooms.
#[derive(Debug)]
pub(crate) struct State {
    settings: Arc<Settings>,
    hash: Seeded,
    members: PerKey<Member>,
    names: HashTable<MemberId>,
    pub(crate) rooms: Slab<Room>,
    room_names: HashTable<RoomId>,
    lobby: RoomId,
    /// Rooms in which something happened in this turn.
    dirty: Vec<RoomId>,
    /// Guests named so far.
    guests: u64,
    history: Box<dyn History>,
    /// What all logs hold.
    logs_bytes: usize,
    announcing: Announcing,
}

#[derive(Debug)]
struct Member {
    name: Name,
    seats: SmallVec<[Seat; 1]>,
}

/// A member's place in a room's list.
#[derive(Clone, Copy, Debug)]
struct Seat {
    room: RoomId,
    index: u32,
}

/// Whether comings and goings are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announcing {
    /// In rooms that are not too big.
    Normal,
    /// Nowhere: names mean nothing here, or everybody is leaving.
    Never,
}

impl State {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        let hash = Seeded(settings.seed);
        let history = Box::new(InMemory::new(&settings));
        let mut rooms = Slab::default();
        let lobby = rooms.insert(Room::new(settings.lobby.clone()));
        let mut room_names = HashTable::new();
        room_names.insert_unique(hash.hash_one(&settings.lobby), lobby, |_| 0);
        let announcing = if settings.anonymous { Announcing::Never } else { Announcing::Normal };
        Self {
            settings,
            hash,
            members: PerKey::default(),
            names: HashTable::new(),
            rooms,
            room_names,
            lobby,
            dirty: Vec::new(),
            guests: 0,
            history,
            logs_bytes: 0,
            announcing,
        }
    }

    /// Applies an event, or refuses it.
    pub(crate) fn apply(&mut self, ordered: &Ordered) -> Result<Applied, Refusal> {
        match &ordered.event {
            Event::Arrived { member } => {
                let name = self.next_guest_name();
                self.members.insert(*member, Member { name, seats: SmallVec::new() });
                self.insert_name(*member, &name);
                Ok(Applied::Arrived)
            }
            Event::Joined { member, room } => self.join(ordered, *member, room),
            Event::Left { member, room } => {
                let who = self.name(*member)?;
                self.leave(*member, *room)?;
                self.announce(ordered, *room, What::Left { who });
                Ok(Applied::Left(*room))
            }
            Event::Renamed { member, name } => {
                let from = self.name(*member)?;
                if self.find(name).is_some_and(|owner| owner != *member) {
                    return Err(Refusal::NameTaken(*name));
                }
                self.remove_name(*member, &from);
                self.members.get_mut(*member).ok_or(Refusal::NoMember)?.name = *name;
                self.insert_name(*member, name);
                for room in self.rooms_of(*member) {
                    self.announce(ordered, room, What::Renamed { from, to: *name });
                }
                Ok(Applied::Renamed)
            }
            Event::Said { member, room, manner, text } => {
                let by = self.name(*member)?;
                if !self.is_in(*member, *room) {
                    return Err(Refusal::NotThere);
                }
                let (manner, text) = (*manner, Arc::clone(text));
                let entry = self.publish(ordered, *room, What::Said { by, manner, text });
                if let (Some(entry), Some(room)) = (entry, self.rooms.get(*room)) {
                    self.history.keep(&room.name, &entry);
                }
                Ok(Applied::Said)
            }
            Event::Told { member, to, .. } => {
                let from = self.name(*member)?;
                match self.find(to) {
                    None => Err(Refusal::NoSuchPerson(*to)),
                    Some(to) if to == *member => Err(Refusal::Yourself),
                    Some(to) => Ok(Applied::Told(to, from)),
                }
            }
            Event::Departed { member } => {
                let who = self.name(*member)?;
                for room in self.rooms_of(*member) {
                    self.leave(*member, room)?;
                    self.announce(ordered, room, What::Left { who });
                }
                self.remove_name(*member, &who);
                self.members.remove(*member);
                Ok(Applied::Departed)
            }
        }
    }

    fn join(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        name: &RoomName,
    ) -> Result<Applied, Refusal> {
        let who = self.name(member)?;
        let Limits { rooms, rooms_per_member, .. } = self.settings.limits;
        let known = self.find_room(name);
        if let Some(room) = known
            && self.is_in(member, room)
        {
            return Err(Refusal::AlreadyThere(room));
        }
        let own = self.members.get(member).map_or(0, |member| member.seats.len());
        if own >= rooms_per_member {
            return Err(Refusal::TooManyOwnRooms(rooms_per_member));
        }
        let id = match known {
            Some(room) => room,
            None if self.rooms.len() >= rooms => return Err(Refusal::TooManyRooms(rooms)),
            None => self.open_room(name),
        };
        // Before the newcomer is in, so that the room is as big as those who are told make it.
        self.announce(ordered, id, What::Joined { who });
        if let (Some(room), Some(joiner)) = (self.rooms.get_mut(id), self.members.get_mut(member)) {
            joiner.seats.push(Seat { room: id, index: room.members.len() as u32 });
            room.members.push(member);
        }
        Ok(Applied::Joined(id))
    }

    fn open_room(&mut self, name: &RoomName) -> RoomId {
        let id = self.rooms.insert(Room::new(name.clone()));
        let (hash, rooms) = (&self.hash, &self.rooms);
        self.room_names.insert_unique(hash.hash_one(name), id, |&id| {
            rooms.get(id).map_or(0, |room| hash.hash_one(&room.name))
        });
        id
    }

    fn leave(&mut self, member: MemberId, id: RoomId) -> Result<(), Refusal> {
        let seats = &mut self.members.get_mut(member).ok_or(Refusal::NoMember)?.seats;
        let at = seats.iter().position(|seat| seat.room == id).ok_or(Refusal::NotThere)?;
        let Seat { index, .. } = seats.remove(at);
        let Some(room) = self.rooms.get_mut(id) else {
            return Ok(());
        };
        room.members.swap_remove(index as usize);
        // The last in the list has taken the place.
        if let Some(&moved) = room.members.get(index as usize)
            && let Some(moved) = self.members.get_mut(moved)
            && let Some(seat) = moved.seats.iter_mut().find(|seat| seat.room == id)
        {
            seat.index = index;
        }
        // Only the last to leave has consequences: a turn in which one of thousands leaves looks at
        // none of the others.
        if room.members.is_empty() {
            self.mark_dirty(id);
        }
        Ok(())
    }

    /// Tells a room about a coming, a going or a change of name, unless it is too big for that.
    fn announce(&mut self, ordered: &Ordered, id: RoomId, what: What) {
        let members = self.rooms.get(id).map_or(0, |room| room.members.len());
        if self.announcing == Announcing::Normal
            && members > 0
            && members <= self.settings.limits.announce_members
        {
            self.publish(ordered, id, what);
        }
    }

    fn publish(&mut self, ordered: &Ordered, id: RoomId, what: What) -> Option<Entry> {
        let limit_bytes = self.log_share();
        let room = self.rooms.get_mut(id)?;
        let author = ordered.event.member();
        let entry = Entry { seq: ordered.seq, unix_ms: ordered.unix_ms, author, what };
        let before = room.log.bytes();
        room.log.append(entry.clone(), limit_bytes);
        self.logs_bytes = self.logs_bytes + room.log.bytes() - before;
        self.mark_dirty(id);
        Some(entry)
    }

    /// What one room may keep now.
    fn log_share(&self) -> usize {
        let Limits { room_log_bytes, logs_bytes, line_bytes, .. } = self.settings.limits;
        if self.logs_bytes <= logs_bytes {
            return room_log_bytes;
        }
        (logs_bytes / self.rooms.len()).clamp(line_bytes.min(room_log_bytes), room_log_bytes)
    }

    fn mark_dirty(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(id)
            && !std::mem::replace(&mut room.dirty, true)
        {
            self.dirty.push(id);
        }
    }

    /// The next room in which something happened, no longer marked.
    pub(crate) fn next_dirty(&mut self) -> Option<RoomId> {
        let id = self.dirty.pop()?;
        if let Some(room) = self.rooms.get_mut(id) {
            room.dirty = false;
        }
        Some(id)
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

    /// From here on comings and goings are told to nobody.
    pub(crate) fn stop_announcing(&mut self) {
        self.announcing = Announcing::Never;
    }

    /// The last `count` things said in `room`, oldest first.
    pub(crate) fn history(&self, room: RoomId, count: usize) -> Vec<Entry> {
        self.rooms.get(room).map_or(Vec::new(), |room| self.history.last(&room.name, count))
    }

    pub(crate) fn members(&self) -> usize {
        self.members.len()
    }

    /// The name of `member`.
    pub(crate) fn name(&self, member: MemberId) -> Result<Name, Refusal> {
        self.members.get(member).map(|member| member.name).ok_or(Refusal::NoMember)
    }

    /// Who bears `name`, in whatever case.
    pub(crate) fn find(&self, name: &Name) -> Option<MemberId> {
        let bears =
            |&id: &MemberId| self.members.get(id).is_some_and(|member| member.name == *name);
        self.names.find(self.hash.hash_one(name), bears).copied()
    }

    /// The room called `name`, in whatever case.
    pub(crate) fn find_room(&self, name: &RoomName) -> Option<RoomId> {
        let is = |&id: &RoomId| self.rooms.get(id).is_some_and(|room| room.name == *name);
        self.room_names.find(self.hash.hash_one(name), is).copied()
    }

    pub(crate) fn is_in(&self, member: MemberId, room: RoomId) -> bool {
        self.members.get(member).is_some_and(|m| m.seats.iter().any(|seat| seat.room == room))
    }

    fn rooms_of(&self, member: MemberId) -> SmallVec<[RoomId; 4]> {
        let seats = self.members.get(member).map_or(&[][..], |member| &member.seats);
        seats.iter().map(|seat| seat.room).collect()
    }

    /// The lowest guest's number above all that were given. People cannot take such names, so one
    /// that was not given is free.
    fn next_guest_name(&mut self) -> Name {
        self.guests += 1;
        Name::guest(self.guests)
    }

    fn insert_name(&mut self, member: MemberId, name: &Name) {
        let (hash, members) = (&self.hash, &self.members);
        self.names.insert_unique(hash.hash_one(name), member, |&id| {
            members.get(id).map_or(0, |member| hash.hash_one(member.name))
        });
    }

    fn remove_name(&mut self, member: MemberId, name: &Name) {
        let hash = self.hash.hash_one(name);
        if let Ok(entry) = self.names.find_entry(hash, |&id| id == member) {
            entry.remove();
        }
    }
}
