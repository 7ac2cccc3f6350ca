//! What is said of members and rooms for clients to show.
//!
//! Invariant: a member says it of itself, and operators of their room; nobody else does.

use super::State;
use crate::authority::Act;
use crate::event::{Applied, MemberId, Refusal, RoomId};
use crate::metadata::{About, Edit, Metadata, Unchanged};

impl State {
    pub(super) fn annotate(
        &mut self,
        member: MemberId,
        about: About,
        edit: &Edit,
    ) -> Result<Applied, Refusal> {
        let most = self.settings.limits.metadata_keys;
        let metadata = match about {
            About::Oneself => {
                let member = self.members.get_mut(member).ok_or(Refusal::NoMember)?;
                &mut member.more.get_or_insert_default().metadata
            }
            About::Room(room) => {
                if !self.is_in(member, room) {
                    return Err(Refusal::NotThere);
                }
                if self.ask(member, room, Act::Describe).is_err() {
                    return Err(Refusal::Unannotated(Unchanged::NotAllowed));
                }
                &mut self.rooms.get_mut(room).ok_or(Refusal::NotThere)?.metadata
            }
        };
        metadata.edit(edit, most).map(Applied::Annotated).map_err(Refusal::Unannotated)
    }

    /// What `member` says of itself.
    pub(crate) fn metadata_of(&self, member: MemberId) -> Option<&Metadata> {
        Some(&self.members.get(member)?.more.as_ref()?.metadata)
    }

    /// What is said of `room`.
    pub(crate) fn metadata_of_room(&self, room: RoomId) -> Option<&Metadata> {
        self.rooms.get(room).map(|room| &room.metadata)
    }
}
