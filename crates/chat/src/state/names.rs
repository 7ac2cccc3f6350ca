//! Who is there, and by which name they go.
//!
//! Invariant: a name has one bearer, in whatever case it is written; what becomes of a name's rooms
//! is for others.

use std::hash::BuildHasher;
use std::sync::Arc;

use smallvec::SmallVec;
use wire::name::Name;

use super::{Member, More, State};
use crate::bans::{Suspect, Told};
use crate::event::{Applied, MemberId, Refusal};
use crate::log::What;
use crate::person::modes::UserModes;
use crate::person::{Identity, Person, PersonKind};
use crate::trunk::Ordered;

impl State {
    pub(super) fn arrive(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        name: Option<&Name>,
        identity: &Arc<Identity>,
        away: Option<&Arc<str>>,
    ) -> Result<Applied, Refusal> {
        // A guest's number has nothing to do with it.
        let called = name.map_or("guest", Name::as_str);
        let who = Suspect { name: called, identity };
        if let Some(ban) = self.bans.of(who, ordered.unix_ms) {
            return Err(Refusal::Banned(Told(ban).to_string().into()));
        }
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
                modes: UserModes::default(),
                more: away
                    .map(|away| Box::new(More { away: Some(Arc::clone(away)), ..More::default() })),
            },
        );
        self.insert_name(member, &name);
        self.most_members = self.most_members.max(self.members.len());
        Ok(Applied::Arrived)
    }

    pub(super) fn rename(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        name: Name,
    ) -> Result<Applied, Refusal> {
        let from = Arc::clone(self.person(member)?);
        self.check_bans(ordered, member, name.as_str(), &from.identity)?;
        self.free_name(member, name)?;
        self.remove_name(member, &from.name);
        let renamed = self.members.get_mut(member).ok_or(Refusal::NoMember)?;
        renamed.person = Arc::new(from.named(name));
        self.insert_name(member, &name);
        if from.name != name {
            self.former.note(Arc::clone(&from), ordered.unix_ms);
        }
        for seat in self.seats_of(member) {
            let from = Arc::clone(&from);
            self.announce(ordered, &seat, What::Renamed { from, to: name });
        }
        Ok(Applied::Renamed(from))
    }

    /// An error if a ban meets who `member` would be: it is put out then, as if it had come so. Server
    /// operators are not.
    pub(super) fn check_bans(
        &self,
        ordered: &Ordered,
        member: MemberId,
        name: &str,
        identity: &Identity,
    ) -> Result<(), Refusal> {
        match self.bans.of(Suspect { name, identity }, ordered.unix_ms) {
            Some(ban) if !self.is_operator(member) => {
                Err(Refusal::Banned(Told(ban).to_string().into()))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn members(&self) -> usize {
        self.members.len()
    }

    /// The most members there have been at one time.
    pub(crate) fn most_members(&self) -> usize {
        self.most_members
    }

    /// Who bears `name`, in whatever case.
    pub(crate) fn find(&self, name: &Name) -> Option<MemberId> {
        let bears =
            |&id: &MemberId| self.members.get(id).is_some_and(|member| member.person.name == *name);
        self.names.find(self.hash.hash_one(name), bears).copied()
    }

    /// The lowest guest's number above all that were given. People cannot take such names, so one
    /// that was not given is free.
    pub(super) fn next_guest_name(&mut self) -> Name {
        self.guests += 1;
        Name::guest(self.guests)
    }

    /// `name`, if `member` may have it: nobody else does, or has one that looks like it.
    pub(super) fn free_name(&self, member: MemberId, name: Name) -> Result<Name, Refusal> {
        if self.find(&name).is_some_and(|owner| owner != member) {
            return Err(Refusal::NameTaken(name));
        }
        match self.lookalikes.find(&name).filter(|&owner| owner != member) {
            Some(owner) => Err(Refusal::LooksLike(name, self.name(owner)?)),
            None => Ok(name),
        }
    }

    pub(super) fn insert_name(&mut self, member: MemberId, name: &Name) {
        self.lookalikes.insert(name, member);
        let (hash, members) = (&self.hash, &self.members);
        self.names.insert_unique(hash.hash_one(name), member, |&id| {
            members.get(id).map_or(0, |member| hash.hash_one(member.person.name))
        });
    }

    pub(super) fn remove_name(&mut self, member: MemberId, name: &Name) {
        self.lookalikes.remove(name);
        let hash = self.hash.hash_one(name);
        if let Ok(entry) = self.names.find_entry(hash, |&id| id == member) {
            entry.remove();
        }
    }
}
