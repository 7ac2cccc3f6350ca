//! What changes about a member beside its name and its rooms: whether it is away, what it says of
//! itself, where it is seen to come from; and who may find whom.

use std::sync::Arc;

use service::Key;

use super::State;
use crate::event::{Applied, MemberId, Refusal};
use crate::former::Was;
use crate::log::What;
use crate::person::modes::{UserMode, UserModes};
use crate::person::{Identity, Person, PersonKind};
use crate::state::Member;
use crate::trunk::Ordered;

/// How many members are of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) invisible: usize,
    pub(crate) operators: usize,
}

impl Counts {
    /// A member that had the modes `before` has `after`.
    pub(super) fn change(&mut self, before: UserModes, after: UserModes) {
        let count = |count: &mut usize, mode| {
            *count = *count + usize::from(after.has(mode)) - usize::from(before.has(mode));
        };
        count(&mut self.invisible, UserMode::Invisible);
        count(&mut self.operators, UserMode::Operator);
    }
}

/// Called by [`State::apply`] alone.
impl State {
    pub(super) fn go_away(
        &mut self,
        ordered: &Ordered,
        id: MemberId,
        text: Option<&Arc<str>>,
    ) -> Result<Applied, Refusal> {
        let member = self.members.get_mut(id).ok_or(Refusal::NoMember)?;
        if member.away() == text {
            return Ok(Applied::Away);
        }
        match text {
            Some(text) => member.more.get_or_insert_default().away = Some(Arc::clone(text)),
            None => {
                if let Some(more) = &mut member.more {
                    more.away = None;
                }
            }
        }
        let who = Arc::clone(&member.person);
        self.announce_everywhere(ordered, id, || What::Away {
            who: Arc::clone(&who),
            text: text.cloned(),
        });
        Ok(Applied::Away)
    }

    pub(super) fn oper(
        &mut self,
        id: MemberId,
        operator: Option<&Arc<str>>,
    ) -> Result<Applied, Refusal> {
        let mode = UserModes::default().with(UserMode::Operator, true);
        let (set, clear) = match operator {
            Some(_) => (mode, UserModes::default()),
            None => (UserModes::default(), mode),
        };
        self.change_modes(id, set, clear)?;
        if let Some(member) = self.members.get_mut(id).filter(|_| operator.is_some()) {
            member.more.get_or_insert_default().operator = operator.cloned();
        }
        Ok(Applied::Opered)
    }

    pub(super) fn change_modes(
        &mut self,
        id: MemberId,
        set: UserModes,
        clear: UserModes,
    ) -> Result<Applied, Refusal> {
        let member = self.members.get_mut(id).ok_or(Refusal::NoMember)?;
        let before = member.modes;
        let after = before.and(set).without(clear);
        member.modes = after;
        if !after.has(UserMode::Operator)
            && let Some(more) = &mut member.more
        {
            more.operator = None;
        }
        let kind = if after.has(UserMode::Bot) { PersonKind::Bot } else { PersonKind::Human };
        if member.person.kind != kind {
            member.person = Arc::new(Person { kind, ..Person::clone(&member.person) });
        }
        self.counts.change(before, after);
        Ok(Applied::Marked { set: after.without(before), cleared: before.without(after) })
    }

    pub(super) fn describe(
        &mut self,
        ordered: &Ordered,
        id: MemberId,
        real_name: &str,
    ) -> Result<Applied, Refusal> {
        let Person { name, identity, .. } = &**self.person(id)?;
        let identity = Identity { real_name: real_name.into(), ..Identity::clone(identity) };
        self.check_bans(ordered, id, name.as_str(), &identity)?;
        let identity = Arc::new(identity);
        let member = self.members.get_mut(id).ok_or(Refusal::NoMember)?;
        let who = Arc::new(Person { identity, ..Person::clone(&member.person) });
        member.person = Arc::clone(&who);
        self.announce_everywhere(ordered, id, || What::Described { who: Arc::clone(&who) });
        Ok(Applied::Described)
    }

    pub(super) fn rehost(
        &mut self,
        ordered: &Ordered,
        id: MemberId,
        host: &str,
    ) -> Result<Applied, Refusal> {
        let member = self.members.get_mut(id).ok_or(Refusal::NoMember)?;
        let identity = Identity { host: host.into(), ..Identity::clone(&member.person.identity) };
        let identity = Arc::new(identity);
        let to = Arc::new(Person { identity, ..Person::clone(&member.person) });
        let from = std::mem::replace(&mut member.person, Arc::clone(&to));
        self.announce_everywhere(ordered, id, || What::Rehosted {
            from: Arc::clone(&from),
            to: Arc::clone(&to),
        });
        Ok(Applied::Rehosted(from))
    }

    /// Tells the rooms that know `member` to be there.
    fn announce_everywhere(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        what: impl Fn() -> What,
    ) {
        for seat in self.seats_of(member) {
            self.announce(ordered, &seat, what());
        }
    }
}

impl Member {
    /// Why it does not answer, if it said that it would not.
    pub(crate) fn away(&self) -> Option<&Arc<str>> {
        self.more.as_ref()?.away.as_ref()
    }
}

/// Who is there, and who may find whom.
impl State {
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// The modes that `member` has.
    pub(crate) fn modes(&self, member: MemberId) -> UserModes {
        self.members.get(member).map_or(UserModes::default(), |member| member.modes)
    }

    /// Whether `member` runs the server.
    pub(crate) fn is_operator(&self, member: MemberId) -> bool {
        self.modes(member).has(UserMode::Operator)
    }

    /// Whether `asker` finds `member` without knowing its name.
    pub(crate) fn may_find(&self, asker: MemberId, member: MemberId) -> bool {
        !self.modes(member).has(UserMode::Invisible)
            || asker == member
            || self.is_operator(asker)
            || self.share_a_room(asker, member)
    }

    /// Whether both are in some room.
    pub(crate) fn share_a_room(&self, one: MemberId, other: MemberId) -> bool {
        let seats = self.members.get(one).map_or(&[][..], |member| &member.seats);
        seats.iter().any(|seat| self.is_in(other, seat.room))
    }

    /// The members whose places are `place` or later, in the order of these. Places do not change,
    /// so that who goes through all in several steps meets everybody who stays, once.
    pub(crate) fn members_from(&self, place: usize) -> impl Iterator<Item = (Key, &Member)> {
        self.members.iter_from(place)
    }

    /// The last `count` who were called `wanted`, which may be a mask, the latest first.
    pub(crate) fn former(&self, wanted: &str, count: usize) -> impl Iterator<Item = &Was> {
        self.former.of(wanted, count)
    }
}
