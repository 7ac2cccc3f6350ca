//! Who is there, under what name, in which rooms: all that members share.
//!
//! Invariant: it changes through [`State::apply`] alone, which decides by what it holds and by
//! nothing else: the same events in the same order give the same rooms and names everywhere.
//!
//! Here stands `apply`, an arm for each event; what the longer ones do is told by noun, in the files
//! below: names, seats, rooms, and what rooms are told.

mod account;
mod annotate;
mod bans;
mod doors;
mod moderation;
mod modes;
mod names;
pub(crate) mod people;
mod publish;
mod rooms;
mod seats;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use service::{PerKey, Slab};
use smallvec::SmallVec;
use wire::name::Name;

use crate::Settings;
use crate::bans::Bans;
use crate::event::{Applied, Event, MemberId, Refusal, RoomId};
use crate::former::Former;
use crate::hash::Seeded;
use crate::history::{History, InMemory};
use crate::log::{Arrival, What};
use crate::lookalikes::Lookalikes;
use crate::metadata::Metadata;
use crate::person::Person;
use crate::person::modes::{UserMode, UserModes};
use crate::room::Room;
use crate::room::modes::Ranks;
use crate::trunk::Ordered;
use people::Counts;
use rooms::Quiet;

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
    /// Those of this turn that have been settled, and those of the turn before.
    busy: [Vec<RoomId>; 2],
    /// Rooms that are busy no more but have not been read by all, by the turn of the next look at them.
    unread: BinaryHeap<Reverse<(u64, Quiet)>>,
    /// The number of this turn.
    turn: u64,
    /// Guests named so far.
    guests: u64,
    most_members: usize,
    counts: Counts,
    former: Former,
    history: Box<dyn History>,
    pub(crate) bans: Bans,
    /// Rooms that everybody left with the last event.
    deserted: SmallVec<[RoomId; 2]>,
    /// How many rooms are secret.
    secret_rooms: usize,
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
    pub(crate) modes: UserModes,
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
    /// The rooms that it was asked into and has not come to, the latest last.
    pub(crate) invitations: Vec<Invitation>,
    /// What it says of itself to clients.
    pub(crate) metadata: Metadata,
}

/// Somebody was asked into a room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invitation {
    pub(crate) room: RoomId,
    pub(crate) opens: Opens,
}

/// What an invitation is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opens {
    /// Whatever keeps others out does not keep out who has it.
    Doors,
    /// Nothing: it came from somebody who could not let them in.
    Nothing,
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
        let lobby = rooms.insert(Room::new(settings.lobby.clone(), 0, 0));
        let mut room_names = HashTable::new();
        room_names.insert_unique(hash.hash_one(&settings.lobby), lobby, |_| 0);
        let announcing = if settings.anonymous { Announcing::Never } else { Announcing::Normal };
        let former = Former::new(settings.limits.past_members);
        let bans = Bans::new(settings.seed, &settings.bans);
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
            busy: Default::default(),
            unread: BinaryHeap::new(),
            turn: 1,
            guests: 0,
            most_members: 0,
            counts: Counts::default(),
            former,
            history,
            bans,
            deserted: SmallVec::new(),
            secret_rooms: 0,
            logs_bytes: 0,
            announcing,
        }
    }

    /// What it goes by, as far as events have come.
    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Applies an event, or refuses it.
    pub(crate) fn apply(&mut self, ordered: &Ordered) -> Result<Applied, Refusal> {
        match &ordered.event {
            Event::Arrived { member, name, identity, away } => {
                self.arrive(ordered, *member, name.as_ref(), identity, away.as_ref())
            }
            Event::Joined { member, room, key } => {
                self.join(ordered, *member, room, key.as_deref()).map(Applied::Joined)
            }
            Event::Shown { member, room } => {
                let who = Arc::clone(self.person(*member)?);
                let away = self.members.get(*member).and_then(Member::away).cloned();
                if self.note_shown(*member, *room)? {
                    self.publish(
                        ordered,
                        *room,
                        What::Joined { who, arrival: Arrival::Late, away },
                    );
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
                let name = *to;
                let to = self.find(to).ok_or(Refusal::NoSuchPerson(*to))?;
                if self.modes(to).has(UserMode::RegisteredOnly)
                    && from.identity.account.is_none()
                    && to != *member
                    && !self.is_operator(*member)
                {
                    return Err(Refusal::OnlyRegistered(name));
                }
                self.note_spoken(ordered);
                Ok(Applied::Told(to, from))
            }
            Event::Redacted { member, room, seq, reason } => {
                self.redact(ordered, *member, *room, *seq, reason.clone())
            }
            Event::TopicSet { member, room, text } => self.set_topic(ordered, *member, *room, text),
            Event::ModesSet { member, room, changes } => {
                self.set_modes(ordered, *member, *room, changes)
            }
            Event::Removed { member, room, who, reason } => {
                self.remove(ordered, *member, *room, who, reason)
            }
            Event::Invited { member, room, who } => self.invite(*member, *room, who),
            Event::RoomRenamed { member, room, name, .. } => {
                self.rename_room(ordered, *member, *room, name)
            }
            Event::Opered { member, operator } => self.oper(*member, operator.as_ref()),
            Event::Away { member, text } => self.go_away(ordered, *member, text.as_ref()),
            Event::Marked { member, set, clear } => {
                // Nobody makes itself a server operator.
                self.change_modes(*member, set.with(UserMode::Operator, false), *clear)
            }
            Event::Described { member, real_name } => self.describe(ordered, *member, real_name),
            Event::Rehosted { member, host, .. } => self.rehost(ordered, *member, host),
            Event::Annotated { member, about, edit } => self.annotate(*member, *about, edit),
            Event::Departed { member, reason, .. } => {
                let who = Arc::clone(self.person(*member)?);
                for room in self.rooms_of(*member) {
                    let seat = self.leave(*member, room)?;
                    let (who, reason) = (Arc::clone(&who), Arc::clone(reason));
                    self.announce(ordered, &seat, What::Departed { who, reason });
                }
                self.remove_name(*member, &who.name);
                self.counts.change(self.modes(*member), UserModes::default());
                self.members.remove(*member);
                self.former.note(Arc::clone(&who), ordered.unix_ms);
                Ok(Applied::Departed(who))
            }
            Event::Wallops { member, .. } => self.person(*member).cloned().map(Applied::Wallops),
            Event::Banned { member, ban } => self.ban(ordered, *member, ban),
            Event::Unbanned { member, matches } => self.unban(*member, matches),
            Event::Reported { .. } => Ok(Applied::Reported),
            Event::Configured { settings, .. } => {
                let (settings, taken) = self.settings.take_over(settings);
                self.settings = Arc::new(settings);
                self.former.set_most(self.settings.limits.past_members);
                Ok(Applied::Configured(taken))
            }
            Event::Ended { .. } => {
                // Everybody leaves: nobody is told of each.
                self.announcing = Announcing::Never;
                Ok(Applied::Ended)
            }
        }
    }

    /// The member behind a connection.
    pub(crate) fn member(&self, member: MemberId) -> Option<&Member> {
        self.members.get(member)
    }

    /// Who `member` is.
    pub(crate) fn person(&self, member: MemberId) -> Result<&Arc<Person>, Refusal> {
        self.members.get(member).map(|member| &member.person).ok_or(Refusal::NoMember)
    }

    /// The name of `member`.
    pub(crate) fn name(&self, member: MemberId) -> Result<Name, Refusal> {
        self.person(member).map(|person| person.name)
    }
}
