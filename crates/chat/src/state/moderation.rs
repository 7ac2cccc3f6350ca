//! Keeping order in a room: its topic and its name, who is asked in and who is put out.
//!
//! Invariant: whether somebody may is asked of the [table](crate::authority) and of nothing else.

use std::sync::Arc;

use wire::name::{Name, RoomName};

use super::{Invitation, Opens, State};
use crate::authority::{self, Act, Level, ServerOperator, Standing};
use crate::event::{Applied, MemberId, Refusal, RoomId};
use crate::log::What;
use crate::room::modes::Flags;
use crate::room::{Room, Topic};
use crate::trunk::Ordered;

impl State {
    /// How far `member` has come in `room`.
    pub(crate) fn standing(&self, member: MemberId, room: RoomId) -> Standing {
        let is_operator = self.is_operator(member);
        Standing {
            level: self.level(member, room),
            server_operator: if is_operator { ServerOperator::Yes } else { ServerOperator::No },
        }
    }

    pub(super) fn level(&self, member: MemberId, room: RoomId) -> Level {
        self.seat(member, room).map_or(Level::Outside, |seat| Level::of(seat.ranks))
    }

    /// Whether `member` may do this in `room`, and if not, why.
    pub(crate) fn ask(&self, member: MemberId, room: RoomId, act: Act) -> Result<(), Refusal> {
        let flags = self.rooms.get(room).ok_or(Refusal::NotThere)?.flags;
        self.ask_with(member, room, act, flags)
    }

    /// The same, as if the room had these flags.
    pub(super) fn ask_with(
        &self,
        member: MemberId,
        room: RoomId,
        act: Act,
        flags: Flags,
    ) -> Result<(), Refusal> {
        let mut standing = self.standing(member, room);
        if standing.level >= Level::Operator && authority::needs_founder(act) {
            // As long as a room has no founder its operators stand for one.
            let is_founder = |&&other: &&MemberId| self.level(other, room) == Level::Founder;
            let members = self.rooms.get(room).map_or(&[][..], |room| &room.members);
            if members.iter().find(is_founder).is_none() {
                standing.level = Level::Founder;
            }
        }
        authority::allows(act, standing, flags).map_err(|denied| match standing.level {
            Level::Outside => Refusal::NotThere,
            _ => Refusal::Denied(denied),
        })
    }

    /// The same for what is done to somebody else there, whom it takes more to do it to the higher
    /// they stand. Answers who that is.
    pub(crate) fn ask_about(
        &self,
        member: MemberId,
        room: RoomId,
        act: Act,
        who: &Name,
    ) -> Result<MemberId, Refusal> {
        self.ask(member, room, act)?;
        let target = self.find(who).ok_or(Refusal::NoSuchPerson(*who))?;
        if !self.is_in(target, room) {
            return Err(Refusal::NotHere(*who));
        }
        let other = self.level(target, room);
        if target != member && !self.standing(member, room).may_act_on(other) {
            return Err(Refusal::Outranked(*who));
        }
        Ok(target)
    }

    pub(super) fn set_topic(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        room: RoomId,
        text: &Arc<str>,
    ) -> Result<Applied, Refusal> {
        let by = Arc::clone(self.person(member)?);
        self.ask(member, room, Act::SetTopic)?;
        if let Some(room) = self.rooms.get_mut(room) {
            room.topic = (!text.is_empty()).then(|| {
                let by = by.mask().to_string().into();
                Box::new(Topic { text: Arc::clone(text), by, set_unix_ms: ordered.unix_ms })
            });
        }
        self.publish(ordered, room, What::Topic { by, text: Arc::clone(text) });
        Ok(Applied::TopicSet)
    }

    /// Somebody is put out. Who is put out still reads of it: the room's readers are told after the
    /// seat is gone, and before the reader is.
    pub(super) fn remove(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        room: RoomId,
        who: &Name,
        reason: &Arc<str>,
    ) -> Result<Applied, Refusal> {
        let by = Arc::clone(self.person(member)?);
        let target = self.ask_about(member, room, Act::Remove, who)?;
        let who = self.name(target)?;
        self.leave(target, room)?;
        self.publish(ordered, room, What::Removed { by, who, reason: Arc::clone(reason) });
        Ok(Applied::Removed(target))
    }

    pub(super) fn invite(
        &mut self,
        member: MemberId,
        room: RoomId,
        who: &Name,
    ) -> Result<Applied, Refusal> {
        let target = self.find(who).ok_or(Refusal::NoSuchPerson(*who))?;
        let opens = match self.ask(member, room, Act::Admit) {
            Ok(()) => Opens::Doors,
            Err(_) => {
                self.ask(member, room, Act::Invite)?;
                Opens::Nothing
            }
        };
        if self.is_in(target, room) {
            return Err(Refusal::IsHere(*who));
        }
        let most = self.settings.limits.invitations;
        let target_member = self.members.get_mut(target).ok_or(Refusal::NoMember)?;
        let all = &mut target_member.more.get_or_insert_default().invitations;
        let had = all.iter().position(|one| one.room == room).map(|at| all.remove(at).opens);
        // What somebody else has opened stays open.
        let opens = if had == Some(Opens::Doors) { Opens::Doors } else { opens };
        if all.len() >= most.max(1) {
            all.remove(0);
        }
        all.push(Invitation { room, opens });
        Ok(Applied::Invited(target))
    }

    pub(super) fn rename_room(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        id: RoomId,
        name: &RoomName,
    ) -> Result<Applied, Refusal> {
        self.person(member)?;
        self.ask(member, id, Act::Rename)?;
        let is_called_that =
            self.rooms.get(id).is_some_and(|room| room.name.as_str() == name.as_str());
        if is_called_that || self.find_room(name).is_some_and(|other| other != id) {
            return Err(Refusal::RoomTaken(name.clone()));
        }
        if id == self.lobby {
            return Err(Refusal::LobbyStays);
        }
        let pause = self.settings.limits.rename_room.as_millis() as u64;
        let rules = self.rooms.get_mut(id).ok_or(Refusal::NotThere)?.rules_mut();
        let last = rules.renamed_unix_ms;
        if last > 0 && ordered.unix_ms.saturating_sub(last) < pause {
            return Err(Refusal::RenamedAlready);
        }
        rules.renamed_unix_ms = ordered.unix_ms;
        let old = self.name_room(id, name.clone()).ok_or(Refusal::NotThere)?;
        self.forward_anew(&old, name);
        Ok(Applied::RoomRenamed(old))
    }

    /// Rooms that forward to `old` forward to `new`: its operators allowed it for that room, and not
    /// for whatever somebody makes of the old name.
    fn forward_anew(&mut self, old: &RoomName, new: &RoomName) {
        let goes_there = |room: &Room| {
            room.rules.as_ref().is_some_and(|rules| rules.forward.as_ref() == Some(old))
        };
        let those = self.rooms.iter().filter(|(_, room)| goes_there(room));
        let those: Vec<RoomId> = those.map(|(id, _)| id).collect();
        for id in those {
            if let Some(room) = self.rooms.get_mut(id) {
                room.rules_mut().forward = Some(new.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::event::Event;
    use crate::person::Person;
    use crate::room::change::{Change, Turn};
    use crate::room::modes::Flag;
    use crate::trunk::Trunk;

    struct Hall {
        state: State,
        trunk: Trunk,
    }

    impl Hall {
        fn apply(&mut self, event: Event) -> Result<Applied, Refusal> {
            self.trunk.propose(1_000, event);
            let ordered = self.trunk.next().expect("what was proposed");
            self.state.apply(&ordered)
        }

        /// The rank of server operator, a room that somebody else has made, and its maker.
        fn new() -> (Self, MemberId, MemberId, RoomId) {
            let state = State::new(Arc::new(Settings::default()));
            let mut hall = Self { state, trunk: Trunk::default() };
            let [operator, ada] = [1, 2].map(|number| MemberId::new(number, 1));
            for member in [operator, ada] {
                let identity = Arc::clone(&Person::guest(1).identity);
                hall.apply(Event::Arrived { member, name: None, identity, away: None }).unwrap();
            }
            hall.apply(Event::Opered { member: operator, operator: Some("root".into()) }).unwrap();
            let room = "#tea".parse().unwrap();
            let joined = hall.apply(Event::Joined { member: ada, room, key: None });
            let Ok(Applied::Joined(room)) = joined else { panic!("{joined:?}") };
            (hall, operator, ada, room)
        }
    }

    #[test]
    fn a_server_operator_keeps_order_where_it_is_not() {
        let (mut hall, operator, ada, room) = Hall::new();
        let changes = vec![Change::Flag(Flag::Moderated, Turn::On)];
        let set = hall.apply(Event::ModesSet { member: operator, room, changes });
        assert!(matches!(set, Ok(Applied::ModesSet { done, .. }) if done.len() == 1));
        let text = "quiet, please".into();
        assert!(hall.apply(Event::TopicSet { member: operator, room, text }).is_ok());
        let who = hall.state.name(ada).unwrap();
        let reason = "rest".into();
        let removed = hall.apply(Event::Removed { member: operator, room, who, reason });
        assert!(matches!(removed, Ok(Applied::Removed(target)) if target == ada), "the founder");
    }

    #[test]
    fn the_lobby_is_kept_by_server_operators_alone_and_keeps_its_name() {
        let (mut hall, operator, ada, _) = Hall::new();
        let name = hall.state.settings.lobby.clone();
        let lobby = hall.state.find_room(&name).unwrap();
        for member in [ada, operator] {
            let joined = Event::Joined { member, room: name.clone(), key: None };
            assert!(hall.apply(joined).is_ok());
            assert_eq!(hall.state.level(member, lobby), Level::Member);
        }
        let changes = vec![Change::Flag(Flag::Moderated, Turn::On)];
        for (member, count) in [(ada, 0), (operator, 1)] {
            let changes = changes.clone();
            let set = hall.apply(Event::ModesSet { member, room: lobby, changes });
            assert!(matches!(set, Ok(Applied::ModesSet { done, .. }) if done.len() == count));
        }
        let new: RoomName = "#hall".parse().unwrap();
        let renamed = Event::RoomRenamed { member: operator, room: lobby, name: new, reason: None };
        assert!(matches!(hall.apply(renamed), Err(Refusal::LobbyStays)));
    }

    #[test]
    fn of_a_secret_room_a_server_operator_knows_no_more_than_others() {
        let (mut hall, operator, ada, room) = Hall::new();
        let changes = vec![Change::Flag(Flag::Secret, Turn::On)];
        hall.apply(Event::ModesSet { member: ada, room, changes }).unwrap();
        assert!(hall.state.may_see(ada, room) && !hall.state.may_see(operator, room));
    }
}
