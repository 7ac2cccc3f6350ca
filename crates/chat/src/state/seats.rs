//! Who is in which room, at which rank.
//!
//! Invariant: a seat and the room's list of members agree: each says where the other has its place.

use std::sync::Arc;

use smallvec::SmallVec;
use wire::name::RoomName;

use super::{Announcing, Member, Seat, Shown, State};
use crate::Limits;
use crate::event::{MemberId, Refusal, RoomId};
use crate::log::{Arrival, What};
use crate::room::modes::{Rank, Ranks};
use crate::trunk::Ordered;

impl State {
    /// `member` comes into the room called `name`, or is sent on to the one where that has those go
    /// whom it does not let in: once, and if it may come in there.
    pub(super) fn join(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        name: &RoomName,
        key: Option<&str>,
    ) -> Result<RoomId, Refusal> {
        let who = Arc::clone(self.person(member)?);
        let away = self.members.get(member).and_then(Member::away).cloned();
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
            Some(room) => (self.door(member, room, key)?, Ranks::default()),
            None if self.rooms.len() >= rooms => return Err(Refusal::TooManyRooms(rooms)),
            None => (self.open_room(name, ordered), Ranks::CREATOR),
        };
        self.use_invitation(member, id);
        let members = self.rooms.get(id).map_or(0, |room| room.members.len());
        let is_quiet = self.announcing == Announcing::Never || members > announce_members;
        let shown = if is_quiet { Shown::No } else { Shown::Yes };
        let seat = Seat { room: id, index: members as u32, ranks, shown };
        // Before the newcomer is in: it hears of itself from the answer.
        self.announce(ordered, &seat, What::Joined { who, arrival: Arrival::Now, away });
        if let (Some(room), Some(joiner)) = (self.rooms.get_mut(id), self.members.get_mut(member)) {
            joiner.seats.push(Seat { shown: Shown::No, ..seat });
            room.members.push(member);
        }
        if shown == Shown::Yes {
            self.note_shown(member, id)?;
        }
        Ok(id)
    }

    /// The room has been told of `member`. Answers whether it had not before.
    pub(super) fn note_shown(&mut self, member: MemberId, id: RoomId) -> Result<bool, Refusal> {
        let seat = self.seat_mut(member, id)?;
        let index = seat.index;
        if std::mem::replace(&mut seat.shown, Shown::Yes) == Shown::Yes {
            return Ok(false);
        }
        let shown = self.rooms.get(id).map_or(0, |room| room.shown);
        self.swap_places(id, index as usize, shown);
        if let Some(room) = self.rooms.get_mut(id) {
            room.shown += 1;
        }
        Ok(true)
    }

    /// Two members change places in the list of `room`, whose order means nothing else than who is
    /// shown.
    fn swap_places(&mut self, id: RoomId, one: usize, other: usize) {
        let Some(room) = self.rooms.get_mut(id) else {
            return;
        };
        room.members.swap(one, other);
        for index in [one, other] {
            let moved = room.members[index];
            if let Some(member) = self.members.get_mut(moved)
                && let Some(seat) = member.seats.iter_mut().find(|seat| seat.room == id)
            {
                seat.index = index as u32;
            }
        }
    }

    /// Takes `member` out of the room; answers the place it had.
    pub(super) fn leave(&mut self, member: MemberId, id: RoomId) -> Result<Seat, Refusal> {
        let seat = *self.seat_mut(member, id)?;
        let mut index = seat.index as usize;
        if let Some(room) = self.rooms.get_mut(id) {
            if seat.shown == Shown::Yes {
                room.shown -= 1;
                let last_shown = room.shown;
                self.swap_places(id, index, last_shown);
                index = last_shown;
            }
            let last = self.rooms.get(id).map_or(0, |room| room.members.len() - 1);
            self.swap_places(id, index, last);
        }
        let seats = &mut self.members.get_mut(member).ok_or(Refusal::NoMember)?.seats;
        seats.retain(|seat| seat.room != id);
        let Some(room) = self.rooms.get_mut(id) else {
            return Ok(seat);
        };
        room.members.pop();
        if room.members.is_empty() {
            self.desert(id);
        }
        Ok(seat)
    }

    /// Those in `room` whose rank is `least` or higher.
    pub(crate) fn ranked(&self, room: RoomId, least: Rank) -> Vec<MemberId> {
        let members = self.rooms.get(room).map_or(&[][..], |room| &room.members);
        let has_rank = |&&member: &&MemberId| {
            self.seat(member, room).is_some_and(|seat| seat.ranks.at_least(least))
        };
        members.iter().filter(has_rank).copied().collect()
    }

    pub(crate) fn is_in(&self, member: MemberId, room: RoomId) -> bool {
        self.seat(member, room).is_some()
    }

    /// The place that `member` has in `room`, if it is there.
    pub(crate) fn seat(&self, member: MemberId, room: RoomId) -> Option<&Seat> {
        self.members.get(member)?.seats.iter().find(|seat| seat.room == room)
    }

    pub(super) fn seat_mut(
        &mut self,
        member: MemberId,
        room: RoomId,
    ) -> Result<&mut Seat, Refusal> {
        let seats = &mut self.members.get_mut(member).ok_or(Refusal::NoMember)?.seats;
        seats.iter_mut().find(|seat| seat.room == room).ok_or(Refusal::NotThere)
    }

    pub(super) fn seats_of(&self, member: MemberId) -> SmallVec<[Seat; 4]> {
        self.members.get(member).map_or(SmallVec::new(), |member| member.seats.as_slice().into())
    }

    pub(super) fn rooms_of(&self, member: MemberId) -> SmallVec<[RoomId; 4]> {
        self.seats_of(member).iter().map(|seat| seat.room).collect()
    }
}
