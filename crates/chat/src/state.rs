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
use crate::log::{Arrival, Entry, What};
use crate::lookalikes::Lookalikes;
use crate::person::{Identity, Person, PersonKind};
use crate::room::Room;
use crate::room::modes::{Flag, Rank, Ranks};
use crate::trunk::Ordered;
use crate::words::Words;
use crate::{Limits, Settings};

/// Members and rooms.
#[derive(Debug)]
pub(crate) struct State {
    settings: Arc<Settings>,
    hash: Seeded,
    members: PerKey<Member>,
    names: HashTable<MemberId>,
    lookalikes: Lookalikes,
    pub(crate) rooms: Slab<Room>,
    room_names: HashTable<RoomId>,
    lobby: RoomId,
    /// Rooms in which something happened in this turn.
    dirty: Vec<RoomId>,
    /// Guests named so far.
    guests: u64,
    most_members: usize,
    history: Box<dyn History>,
    /// What all logs hold.
    logs_bytes: usize,
    announcing: Announcing,
}

/// A member, as all may know it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) person: Arc<Person>,
    pub(crate) seats: SmallVec<[Seat; 1]>,
    /// When it came, in seconds since 1970-01-01.
    pub(crate) signed_on: u32,
    /// When it last said something, likewise.
    pub(crate) spoke: u32,
    /// What few members have.
    pub(crate) more: Option<Box<More>>,
}

/// What few members have.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// Why it does not answer.
    pub(crate) away: Option<Arc<str>>,
    /// As which server operator it has proved itself, if it is one.
    pub(crate) operator: Option<Arc<str>>,
}

/// A member's place in a room's list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) room: RoomId,
    index: u32,
    pub(crate) ranks: Ranks,
    pub(crate) shown: Shown,
}

/// Whether a room has been told that a member is there. Of those it has not been told of, it is
/// not told when they go, either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Yes,
    No,
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
        let lookalikes = Lookalikes::new(settings.names, hash);
        let mut rooms = Slab::default();
        let lobby = rooms.insert(Room::new(settings.lobby.clone(), 0));
        let mut room_names = HashTable::new();
        room_names.insert_unique(hash.hash_one(&settings.lobby), lobby, |_| 0);
        let announcing = if settings.anonymous { Announcing::Never } else { Announcing::Normal };
        Self {
            settings,
            hash,
            members: PerKey::default(),
            names: HashTable::new(),
            lookalikes,
            rooms,
            room_names,
            lobby,
            dirty: Vec::new(),
            guests: 0,
            most_members: 0,
            history,
            logs_bytes: 0,
            announcing,
        }
    }

    /// Applies an event, or refuses it.
    pub(crate) fn apply(&mut self, ordered: &Ordered) -> Result<Applied, Refusal> {
        match &ordered.event {
            Event::Arrived { member, name, identity } => {
                self.arrive(ordered, *member, name.as_ref(), identity)
            }
            Event::Joined { member, room, key } => {
                self.join(ordered, *member, room, key.as_deref()).map(Applied::Joined)
            }
            Event::Shown { member, room } => {
                let who = Arc::clone(self.person(*member)?);
                let seat = self.seat_mut(*member, *room)?;
                if std::mem::replace(&mut seat.shown, Shown::Yes) == Shown::No {
                    self.publish(ordered, *room, What::Joined { who, arrival: Arrival::Late });
                }
                Ok(Applied::Shown)
            }
            Event::Left { member, room, reason } => {
                let who = Arc::clone(self.person(*member)?);
                let seat = self.leave(*member, *room)?;
                let reason = reason.clone();
                self.announce(ordered, &seat, What::Left { who, reason });
                Ok(Applied::Left(*room))
            }
            Event::Renamed { member, name } => self.rename(ordered, *member, *name),
            Event::Said { member, room, least, words } => {
                self.say(ordered, *member, *room, *least, words)
            }
            Event::Told { member, to, .. } => {
                let from = Arc::clone(self.person(*member)?);
                let to = self.find(to).ok_or(Refusal::NoSuchPerson(*to))?;
                self.note_spoken(ordered);
                Ok(Applied::Told(to, from))
            }
            Event::Opered { member, operator } => {
                let found = self.members.get_mut(*member).ok_or(Refusal::NoMember)?;
                found.more.get_or_insert_default().operator = operator.clone();
                Ok(Applied::Opered)
            }
            Event::Departed { member, reason } => {
                let who = Arc::clone(self.person(*member)?);
                for room in self.rooms_of(*member) {
                    let seat = self.leave(*member, room)?;
                    let (who, reason) = (Arc::clone(&who), Arc::clone(reason));
                    self.announce(ordered, &seat, What::Departed { who, reason });
                }
                self.remove_name(*member, &who.name);
                self.members.remove(*member);
                Ok(Applied::Departed(who))
            }
        }
    }

    fn arrive(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        name: Option<&Name>,
        identity: &Arc<Identity>,
    ) -> Result<Applied, Refusal> {
        let name = match name {
            Some(name) => self.free_name(member, *name)?,
            None => self.next_guest_name(),
        };
        let (kind, identity) = (PersonKind::default(), Arc::clone(identity));
        let now = ordered.seconds();
        self.members.insert(
            member,
            Member {
                person: Arc::new(Person { name, kind, identity }),
                seats: SmallVec::new(),
                signed_on: now,
                spoke: now,
                more: None,
            },
        );
        self.insert_name(member, &name);
        self.most_members = self.most_members.max(self.members.len());
        Ok(Applied::Arrived)
    }

    fn rename(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        name: Name,
    ) -> Result<Applied, Refusal> {
        let from = Arc::clone(self.person(member)?);
        self.free_name(member, name)?;
        self.remove_name(member, &from.name);
        let renamed = self.members.get_mut(member).ok_or(Refusal::NoMember)?;
        renamed.person = Arc::new(from.named(name));
        self.insert_name(member, &name);
        for seat in self.seats_of(member) {
            let from = Arc::clone(&from);
            self.announce(ordered, &seat, What::Renamed { from, to: name });
        }
        Ok(Applied::Renamed(from))
    }

    fn say(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        room: RoomId,
        least: Option<Rank>,
        words: &Words,
    ) -> Result<Applied, Refusal> {
        let by = Arc::clone(self.person(member)?);
        if self.seat(member, room).is_none() {
            return Err(Refusal::NotThere);
        }
        self.note_spoken(ordered);
        if least.is_some() {
            return Ok(Applied::SaidToRank(room, by));
        }
        let entry = self.publish(ordered, room, What::Said { by, words: words.clone() });
        if let (Some(entry), Some(room)) = (entry, self.rooms.get(room)) {
            self.history.keep(&room.name, &entry);
        }
        Ok(Applied::Said)
    }

    fn note_spoken(&mut self, ordered: &Ordered) {
        if let Some(member) = self.members.get_mut(ordered.event.member()) {
            member.spoke = ordered.seconds();
        }
    }

    fn join(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        name: &RoomName,
        _key: Option<&str>,
    ) -> Result<RoomId, Refusal> {
        let who = Arc::clone(self.person(member)?);
        let Limits { rooms, rooms_per_member, announce_members, .. } = self.settings.limits;
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
        let (id, ranks) = match known {
            Some(room) => (room, Ranks::default()),
            None if self.rooms.len() >= rooms => return Err(Refusal::TooManyRooms(rooms)),
            None => (self.open_room(name, ordered.unix_ms), Ranks::CREATOR),
        };
        let members = self.rooms.get(id).map_or(0, |room| room.members.len());
        let is_quiet = self.announcing == Announcing::Never || members > announce_members;
        let shown = if is_quiet { Shown::No } else { Shown::Yes };
        let seat = Seat { room: id, index: members as u32, ranks, shown };
        // Before the newcomer is in: it hears of itself from the answer.
        self.announce(ordered, &seat, What::Joined { who, arrival: Arrival::Now });
        if let (Some(room), Some(joiner)) = (self.rooms.get_mut(id), self.members.get_mut(member)) {
            joiner.seats.push(seat);
            room.members.push(member);
        }
        Ok(id)
    }

    fn open_room(&mut self, name: &RoomName, unix_ms: u64) -> RoomId {
        let id = self.rooms.insert(Room::new(name.clone(), unix_ms));
        let (hash, rooms) = (&self.hash, &self.rooms);
        self.room_names.insert_unique(hash.hash_one(name), id, |&id| {
            rooms.get(id).map_or(0, |room| hash.hash_one(&room.name))
        });
        id
    }

    /// Takes `member` out of the room; answers the place it had.
    fn leave(&mut self, member: MemberId, id: RoomId) -> Result<Seat, Refusal> {
        let seats = &mut self.members.get_mut(member).ok_or(Refusal::NoMember)?.seats;
        let at = seats.iter().position(|seat| seat.room == id).ok_or(Refusal::NotThere)?;
        let left = seats.remove(at);
        let index = left.index;
        let Some(room) = self.rooms.get_mut(id) else {
            return Ok(left);
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
        Ok(left)
    }

    /// Tells a room about a coming, a going or a change of name of somebody it knows to be there.
    fn announce(&mut self, ordered: &Ordered, seat: &Seat, what: What) {
        let is_empty = self.rooms.get(seat.room).is_none_or(|room| room.members.is_empty());
        if self.announcing == Announcing::Normal && seat.shown == Shown::Yes && !is_empty {
            self.publish(ordered, seat.room, what);
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

    /// The most members there have been at one time.
    pub(crate) fn most_members(&self) -> usize {
        self.most_members
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

    /// Those in `room` whose rank is `least` or higher.
    pub(crate) fn ranked(&self, room: RoomId, least: Rank) -> Vec<MemberId> {
        let members = self.rooms.get(room).map_or(&[][..], |room| &room.members);
        let has_rank = |&&member: &&MemberId| {
            self.seat(member, room).is_some_and(|seat| seat.ranks.at_least(least))
        };
        members.iter().filter(has_rank).copied().collect()
    }

    /// The member behind a connection.
    pub(crate) fn member(&self, member: MemberId) -> Option<&Member> {
        self.members.get(member)
    }

    /// Whether `member` is a server operator.
    pub(crate) fn is_operator(&self, member: MemberId) -> bool {
        let more = self.members.get(member).and_then(|member| member.more.as_ref());
        more.is_some_and(|more| more.operator.is_some())
    }

    /// Who `member` is.
    pub(crate) fn person(&self, member: MemberId) -> Result<&Arc<Person>, Refusal> {
        self.members.get(member).map(|member| &member.person).ok_or(Refusal::NoMember)
    }

    /// The name of `member`.
    pub(crate) fn name(&self, member: MemberId) -> Result<Name, Refusal> {
        self.person(member).map(|person| person.name)
    }

    /// Who bears `name`, in whatever case.
    pub(crate) fn find(&self, name: &Name) -> Option<MemberId> {
        let bears =
            |&id: &MemberId| self.members.get(id).is_some_and(|member| member.person.name == *name);
        self.names.find(self.hash.hash_one(name), bears).copied()
    }

    /// The room called `name`, in whatever case.
    pub(crate) fn find_room(&self, name: &RoomName) -> Option<RoomId> {
        let is = |&id: &RoomId| self.rooms.get(id).is_some_and(|room| room.name == *name);
        self.room_names.find(self.hash.hash_one(name), is).copied()
    }

    pub(crate) fn is_in(&self, member: MemberId, room: RoomId) -> bool {
        self.seat(member, room).is_some()
    }

    /// The place that `member` has in `room`, if it is there.
    pub(crate) fn seat(&self, member: MemberId, room: RoomId) -> Option<&Seat> {
        self.members.get(member)?.seats.iter().find(|seat| seat.room == room)
    }

    fn seat_mut(&mut self, member: MemberId, room: RoomId) -> Result<&mut Seat, Refusal> {
        let seats = &mut self.members.get_mut(member).ok_or(Refusal::NoMember)?.seats;
        seats.iter_mut().find(|seat| seat.room == room).ok_or(Refusal::NotThere)
    }

    fn seats_of(&self, member: MemberId) -> SmallVec<[Seat; 4]> {
        self.members.get(member).map_or(SmallVec::new(), |member| member.seats.as_slice().into())
    }

    fn rooms_of(&self, member: MemberId) -> SmallVec<[RoomId; 4]> {
        self.seats_of(member).iter().map(|seat| seat.room).collect()
    }

    /// The lowest guest's number above all that were given. People cannot take such names, so one
    /// that was not given is free.
    fn next_guest_name(&mut self) -> Name {
        self.guests += 1;
        Name::guest(self.guests)
    }

    /// `name`, if `member` may have it: nobody else does, or has one that looks like it.
    fn free_name(&self, member: MemberId, name: Name) -> Result<Name, Refusal> {
        if self.find(&name).is_some_and(|owner| owner != member) {
            return Err(Refusal::NameTaken(name));
        }
        match self.lookalikes.find(&name).filter(|&owner| owner != member) {
            Some(owner) => Err(Refusal::LooksLike(name, self.name(owner)?)),
            None => Ok(name),
        }
    }

    fn insert_name(&mut self, member: MemberId, name: &Name) {
        self.lookalikes.insert(name, member);
        let (hash, members) = (&self.hash, &self.members);
        self.names.insert_unique(hash.hash_one(name), member, |&id| {
            members.get(id).map_or(0, |member| hash.hash_one(member.person.name))
        });
    }

    fn remove_name(&mut self, member: MemberId, name: &Name) {
        self.lookalikes.remove(name);
        let hash = self.hash.hash_one(name);
        if let Ok(entry) = self.names.find_entry(hash, |&id| id == member) {
            entry.remove();
        }
    }
}
