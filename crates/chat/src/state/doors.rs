//! Who may come into a room, and who may speak there.
//!
//! Invariant: what a room's rules say holds for everybody alike; an invitation by somebody who may
//! let people in opens a room once.

use super::{Opens, State};
use crate::authority::Act;
use crate::event::{Closed, MemberId, Refusal, RoomId, Silenced};
use crate::room::modes::Flag;
use crate::words::{Manner, Words};

impl State {
    /// Where `member` comes in who wants to come into `room`: there, or in the one it forwards to.
    pub(super) fn door(
        &self,
        member: MemberId,
        room: RoomId,
        key: Option<&str>,
    ) -> Result<RoomId, Refusal> {
        let Err(closed) = self.may_enter(member, room, key) else {
            return Ok(room);
        };
        let forward = self.rooms.get(room).and_then(|room| room.rules.as_ref()?.forward.as_ref());
        let forward = forward.and_then(|name| self.find_room(name));
        match forward {
            Some(other)
                if !self.is_in(member, other) && self.may_enter(member, other, None).is_ok() =>
            {
                Ok(other)
            }
            _ => Err(Refusal::Closed(closed)),
        }
    }

    fn may_enter(&self, member: MemberId, id: RoomId, key: Option<&str>) -> Result<(), Closed> {
        let (Some(room), Ok(person)) = (self.rooms.get(id), self.person(member)) else {
            return Ok(());
        };
        if self.invitation(member, id) == Some(Opens::Doors) {
            return Ok(());
        }
        let rules = room.rules.as_deref();
        let lists = rules.map(|rules| &rules.lists);
        if lists.is_some_and(|lists| lists.keep_out(person)) {
            return Err(Closed::Banned);
        }
        if room.flags.has(Flag::InviteOnly) && !lists.is_some_and(|lists| lists.invite(person)) {
            return Err(Closed::InviteOnly);
        }
        if rules.is_some_and(|rules| rules.key.as_deref().is_some_and(|own| Some(own) != key)) {
            return Err(Closed::Key);
        }
        let limit = rules.and_then(|rules| rules.limit);
        if limit.is_some_and(|limit| room.members.len() >= limit as usize) {
            return Err(Closed::Full);
        }
        if room.flags.has(Flag::RegisteredOnly) && person.identity.account.is_none() {
            return Err(Closed::Registered);
        }
        Ok(())
    }

    /// Whether anybody may know of the room `id` and come in, but for those whom it has banned.
    pub(crate) fn is_open_to_anybody(&self, id: RoomId) -> bool {
        let Some(room) = self.rooms.get(id) else {
            return false;
        };
        let rules = room.rules.as_deref();
        let is_closed = [Flag::Secret, Flag::Private, Flag::InviteOnly, Flag::RegisteredOnly]
            .iter()
            .any(|flag| room.flags.has(*flag));
        let has_key = rules.is_some_and(|rules| rules.key.is_some());
        let limit = rules.and_then(|rules| rules.limit);
        let is_full = limit.is_some_and(|limit| room.members.len() >= limit as usize);
        !(is_closed || has_key || is_full)
    }

    /// Whether `member` may say this in `room`.
    pub(super) fn may_speak(
        &self,
        member: MemberId,
        id: RoomId,
        words: &Words,
    ) -> Result<(), Refusal> {
        let (person, room) = (self.person(member)?, self.rooms.get(id).ok_or(Refusal::NotThere)?);
        let mut flags = room.flags;
        if person.identity.account.is_some() {
            flags.set(Flag::RegisteredSpeak, false);
        }
        self.ask_with(member, id, Act::Speak, flags).map_err(|refusal| match refusal {
            Refusal::Denied(denied) => Refusal::Silenced(match denied.because {
                Some(Flag::RegisteredSpeak) => Silenced::Registered,
                _ => Silenced::Moderated,
            }),
            refusal => refusal,
        })?;
        let is_ctcp = matches!(words.manner, Manner::Ctcp | Manner::CtcpReply);
        if is_ctcp && flags.has(Flag::NoCtcp) {
            return Err(Refusal::Silenced(Silenced::NoCtcp));
        }
        let is_silenced = room.rules.as_ref().is_some_and(|rules| rules.lists.silence(person));
        if is_silenced && self.ask(member, id, Act::SpeakThoughBanned).is_err() {
            return Err(Refusal::Silenced(Silenced::Banned));
        }
        Ok(())
    }

    /// What the invitation is good for that `member` has to `room`, if it has one.
    fn invitation(&self, member: MemberId, room: RoomId) -> Option<Opens> {
        let more = self.members.get(member)?.more.as_ref()?;
        more.invitations.iter().find(|one| one.room == room).map(|one| one.opens)
    }

    /// `member` has come to `room`: an invitation that it had has served.
    pub(super) fn use_invitation(&mut self, member: MemberId, room: RoomId) {
        if let Some(more) = self.members.get_mut(member).and_then(|member| member.more.as_mut()) {
            more.invitations.retain(|one| one.room != room);
        }
    }

    /// The rooms that `member` was asked into and that are still there.
    pub(crate) fn invitations(&self, member: MemberId) -> impl Iterator<Item = RoomId> {
        let more = self.members.get(member).and_then(|member| member.more.as_ref());
        let all = more.map_or(&[][..], |more| &more.invitations);
        all.iter().map(|one| one.room).filter(|&room| self.rooms.get(room).is_some())
    }
}
