//! Whom the server does not let in.
//!
//! Invariant: a ban takes force at its place in the order, on every loop: who arrives behind it does
//! not come in; whom of those who are here it meets is for each loop to see.

use std::sync::Arc;

use super::State;
use crate::event::{Applied, MemberId, Refusal};
use crate::trunk::Ordered;
use crate::{Ban, Matches};

impl State {
    pub(super) fn ban(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        ban: &Arc<Ban>,
    ) -> Result<Applied, Refusal> {
        self.person(member)?;
        self.bans.forget_ended(ordered.unix_ms);
        let most = self.settings.limits.bans;
        if self.bans.len() >= most {
            return Err(Refusal::TooManyBans(most));
        }
        self.bans.set(Ban::clone(ban));
        Ok(Applied::Banned)
    }

    pub(super) fn unban(
        &mut self,
        member: MemberId,
        matches: &Matches,
    ) -> Result<Applied, Refusal> {
        self.person(member)?;
        self.bans.remove(matches).map(Applied::Unbanned).ok_or(Refusal::NoSuchBan)
    }
}
