//! What rooms are told: entries into their logs, and what is kept of them.
//!
//! Invariant: what all logs hold together is counted, and a room to which something was published is
//! marked until its turn has ended.

use std::sync::Arc;

use super::{Announcing, Seat, Shown, State};
use crate::Limits;
use crate::authority::Act;
use crate::event::{Applied, MemberId, Refusal, RoomId};
use crate::history::{Found, Query, Search};
use crate::log::{Entry, What};
use crate::room::modes::Rank;
use crate::trunk::Ordered;
use crate::words::Words;

impl State {
    pub(super) fn say(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        room: RoomId,
        least: Option<Rank>,
        words: &Words,
    ) -> Result<Applied, Refusal> {
        let by = Arc::clone(self.person(member)?);
        self.may_speak(member, room, words)?;
        self.note_spoken(ordered);
        if least.is_some() {
            return Ok(Applied::SaidToRank(room, by));
        }
        self.publish(ordered, room, What::Said { by, words: words.clone() });
        Ok(Applied::Said)
    }

    /// Takes back what was said in a room under the number `seq`: its author may, and who keeps
    /// order there.
    pub(super) fn redact(
        &mut self,
        ordered: &Ordered,
        member: MemberId,
        id: RoomId,
        seq: u64,
        reason: Option<Arc<str>>,
    ) -> Result<Applied, Refusal> {
        let by = Arc::clone(self.person(member)?);
        if !self.is_in(member, id) {
            return Err(Refusal::NotThere);
        }
        let entry = self.history.find(id, seq);
        let said = entry.filter(|entry| matches!(entry.what, What::Said { .. }));
        let author = said.ok_or(Refusal::NoSuchMessage)?.author;
        if author != member && self.ask(member, id, Act::TakeBack).is_err() {
            return Err(Refusal::NotYours);
        }
        self.history.take_back(id, seq);
        self.publish(ordered, id, What::Redacted { by, seq, reason });
        Ok(Applied::Redacted)
    }

    pub(super) fn note_spoken(&mut self, ordered: &Ordered) {
        if let Some(member) = self.members.get_mut(ordered.event.member()) {
            member.spoke = ordered.seconds();
        }
    }

    /// Tells a room about a coming, a going or a change of name of somebody it knows to be there.
    pub(super) fn announce(&mut self, ordered: &Ordered, seat: &Seat, what: What) {
        let is_empty = self.rooms.get(seat.room).is_none_or(|room| room.members.is_empty());
        if self.announcing == Announcing::Normal && seat.shown == Shown::Yes && !is_empty {
            self.publish(ordered, seat.room, what);
        }
    }

    /// Tells a room, and keeps it for those who come later.
    pub(super) fn publish(&mut self, ordered: &Ordered, id: RoomId, what: What) {
        let limit_bytes = self.log_share();
        let Some(room) = self.rooms.get_mut(id) else {
            return;
        };
        let author = ordered.event.member();
        let entry = Entry { seq: ordered.seq, unix_ms: ordered.unix_ms, author, what };
        self.history.keep(id, &entry);
        let before = room.log.bytes();
        room.log.append(entry, limit_bytes);
        self.logs_bytes = self.logs_bytes + room.log.bytes() - before;
        self.mark_dirty(id);
    }

    /// What one room may keep now.
    pub(super) fn log_share(&self) -> usize {
        let Limits { room_log_bytes, logs_bytes, line_bytes, .. } = self.settings.limits;
        if self.logs_bytes <= logs_bytes {
            return room_log_bytes;
        }
        (logs_bytes / self.rooms.len()).clamp(line_bytes.min(room_log_bytes), room_log_bytes)
    }

    pub(super) fn mark_dirty(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(id)
            && !std::mem::replace(&mut room.dirty, true)
        {
            self.dirty.push(id);
        }
    }

    /// What all logs hold.
    pub(crate) fn logs_bytes(&self) -> usize {
        self.logs_bytes
    }

    /// The next room in which something happened, no longer marked.
    pub(crate) fn next_dirty(&mut self) -> Option<RoomId> {
        let id = self.dirty.pop()?;
        if let Some(room) = self.rooms.get_mut(id) {
            room.dirty = false;
        }
        Some(id)
    }

    /// What `query` asks for of what was said and what happened in `room`.
    pub(crate) fn past(&self, room: RoomId, query: &Query) -> Vec<Entry> {
        self.history.query(room, query)
    }

    /// The last `count` things said in `room`, oldest first.
    pub(crate) fn history(&self, room: RoomId, count: usize) -> Vec<Entry> {
        self.history.last(room, count)
    }

    /// What was said in `room` with something in it.
    pub(crate) fn search(&self, room: RoomId, search: &Search<'_>) -> Found {
        self.history.search(room, search)
    }

    /// The number of the event behind which all is kept that was said in `room`.
    pub(crate) fn kept_since(&self, room: RoomId) -> u64 {
        let created = self.rooms.get(room).map_or(u64::MAX, |room| room.created_seq);
        let keeps_nothing = self.settings.room_history == 0;
        if keeps_nothing { u64::MAX } else { created.max(self.history.gone(room)) }
    }

    /// What was taken back in `room` behind the event with this number.
    pub(crate) fn redacted_since(&self, room: RoomId, seq: u64) -> Vec<u64> {
        self.history.redacted_since(room, seq)
    }
}
