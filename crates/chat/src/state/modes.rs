//! Changes of what a room allows and whom it ranks.
//!
//! Invariant: of several changes each is decided on its own, in their order, and what is told of is
//! what has changed.

use std::sync::Arc;

use wire::name::Name;

use super::State;
use crate::authority::Act;
use crate::event::{Applied, MemberId, Refusal, RoomId};
use crate::log::What;
use crate::room::change::{Change, Turn};
use crate::room::masks::{List, ListEntry, Pattern};
use crate::room::modes::{Flag, Rank};
use crate::trunk::Ordered;

impl State {
    pub(super) fn set_modes(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        room: RoomId,
        changes: &[Change],
    ) -> Result<Applied, Refusal> {
        let by = Arc::clone(self.person(member)?);
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        for change in changes {
            match self.change(ordered, member, room, change) {
                Ok(Some(changed)) => done.push(changed),
                Ok(None) => {}
                Err(refusal) => refused.push((change.clone(), refusal)),
            }
        }
        let changes: Arc<[Change]> = done.into();
        if !changes.is_empty() {
            self.publish(ordered, room, What::Modes { by, changes: Arc::clone(&changes) });
        }
        Ok(Applied::ModesSet { done: changes, refused })
    }

    /// Makes one change, and answers what has changed: nothing, if it was so already.
    fn change(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        id: RoomId,
        change: &Change,
    ) -> Result<Option<Change>, Refusal> {
        match change {
            Change::Ranked(rank, who, turn) => {
                return self.change_rank(member, id, *rank, who, *turn);
            }
            Change::Listed(list, pattern, turn) => {
                return self.change_list(ordered, member, id, *list, pattern, *turn);
            }
            _ => self.ask(member, id, Act::SetRules)?,
        }
        if let Change::Forward(Some(name)) = change {
            // Else anybody could send people where they are not wanted, or find out what there is.
            let other = self.find_room(name).filter(|&other| self.may_see(member, other));
            let other = other.filter(|&other| other != id);
            let other = other.ok_or_else(|| Refusal::NoForward(name.clone()))?;
            self.ask(member, other, Act::TakeForwards)
                .map_err(|_| Refusal::ForwardDenied(name.clone()))?;
        }
        let room = self.rooms.get_mut(id).ok_or(Refusal::NotThere)?;
        let has_changed = match change {
            Change::Flag(flag, turn) => {
                let has_changed = room.flags.set(*flag, *turn == Turn::On);
                if has_changed && *flag == Flag::Secret {
                    match turn {
                        Turn::On => self.secret_rooms += 1,
                        Turn::Off => self.secret_rooms -= 1,
                    }
                }
                has_changed
            }
            Change::Key(key) => std::mem::replace(&mut room.rules_mut().key, key.clone()) != *key,
            Change::Limit(limit) => {
                std::mem::replace(&mut room.rules_mut().limit, *limit) != *limit
            }
            Change::Forward(name) => {
                std::mem::replace(&mut room.rules_mut().forward, name.clone()) != *name
            }
            Change::Listed(..) | Change::Ranked(..) => false,
        };
        Ok(has_changed.then(|| change.clone()))
    }

    fn change_rank(
        &mut self,
        member: MemberId,
        room: RoomId,
        rank: Rank,
        who: &Name,
        turn: Turn,
    ) -> Result<Option<Change>, Refusal> {
        let gives_up = turn == Turn::Off && self.find(who) == Some(member);
        let target = match turn {
            Turn::Off if gives_up && self.is_in(member, room) => member,
            Turn::Off => self.ask_about(member, room, Act::SetRank(rank), who)?,
            Turn::On => {
                self.ask(member, room, Act::SetRank(rank))?;
                self.find(who).ok_or(Refusal::NoSuchPerson(*who))?
            }
        };
        let name = self.name(target)?;
        let seat = self.seat_mut(target, room).map_err(|_| Refusal::NotHere(name))?;
        let has_changed = seat.ranks.set(rank, turn == Turn::On);
        Ok(has_changed.then_some(Change::Ranked(rank, name, turn)))
    }

    fn change_list(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        id: RoomId,
        list: List,
        pattern: &Pattern,
        turn: Turn,
    ) -> Result<Option<Change>, Refusal> {
        self.ask(
            member,
            id,
            match list {
                List::Ban => Act::SetBans,
                List::Except | List::Invite => Act::SetExceptions,
            },
        )?;
        let by = self.person(member)?.mask().to_string().into();
        let most = self.settings.limits.room_masks;
        let room = self.rooms.get_mut(id).ok_or(Refusal::NotThere)?;
        let lists = &mut room.rules_mut().lists;
        let changed = match turn {
            Turn::Off => lists.remove(list, pattern),
            Turn::On if lists.has(list, pattern) => None,
            Turn::On if lists.len() >= most => return Err(Refusal::TooManyMasks(most)),
            Turn::On => {
                let (pattern, set_unix_ms) = (pattern.clone(), ordered.unix_ms);
                let entry = ListEntry { pattern: pattern.clone(), by, set_unix_ms };
                lists.add(list, entry).then_some(pattern)
            }
        };
        Ok(changed.map(|pattern| Change::Listed(list, pattern, turn)))
    }
}
