//! Long answers, a piece at a time.
//!
//! Invariant: of an answer no more is written than the client is about to take. What is left of it
//! costs a position, however long it is; and while there is something left nothing more that the
//! client sends is obeyed, so that every reply comes behind those before it. And of members and rooms no
//! more than [`Limits::answer_looks`](crate::Limits::answer_looks) are looked at in one turn, whether
//! there is something to tell of them or not.

use std::collections::VecDeque;
use std::time::Duration;

use service::{Key, Time};

use super::command::list::Listing;
use super::command::names::Names;
use super::command::who::Who;
use super::reply::Replies;
use crate::dialect::Dialect;
use crate::event::{MemberId, RoomId};
use crate::session::{Session, Stage};
use crate::state::{Shown, State};
use crate::switchboard::Switchboard;

use crate::inbox::LOOK_AGAIN;

/// What is still to be answered to one client.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    answers: VecDeque<Answer>,
    waits: Waits,
    /// The batch that all this belongs to, if the command had a label: to be closed at the end.
    pub(super) batch: Option<Box<str>>,
}

/// What the next piece waits for.
#[derive(Clone, Copy, Debug, Default)]
enum Waits {
    #[default]
    Nothing,
    /// For the client to take what was written: it is looked again at this time, at the latest.
    Reader(Time),
    /// For a turn after the one in which enough was looked at: from this time on.
    Turn(Time),
}

/// How many members or rooms may still be looked at in this turn.
#[derive(Debug)]
pub(in crate::irc) struct Looks(usize);

impl Looks {
    /// Takes one, if there is one left.
    pub(in crate::irc) fn take(&mut self) -> bool {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// An answer that may be long.
#[derive(Debug)]
pub(crate) enum Answer {
    List(Listing),
    Names(Names),
    Who(Box<Who>),
}

/// Whether an answer has been written to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Done,
    /// There is more when the client has taken this.
    More,
    /// There is more to look at, in the next turn.
    Later,
}

impl Answer {
    /// Writes until `most` bytes are written, `looks` are used up, or all is told.
    fn write(
        &mut self,
        chat: &Switchboard,
        key: Key,
        most: usize,
        looks: &mut Looks,
        to: &mut Replies<'_>,
    ) -> Progress {
        match self {
            Self::List(listing) => listing.write(chat, key, most, looks, to),
            Self::Names(names) => names.write(chat, key, most, looks, to),
            Self::Who(who) => who.write(chat, key, most, looks, to),
        }
    }
}

impl Switchboard {
    /// Answers `key` with something that may be long: what is there room for now, and the rest
    /// when that has been taken.
    pub(super) fn answer_at_length(&mut self, key: Key, answer: Answer) {
        if let Some(client) = self.client_mut(key) {
            client.pending.get_or_insert_default().answers.push_back(answer);
            self.go_on(key);
        }
    }

    /// There may be room for more of a long answer to `key`.
    pub(crate) fn go_on_answering(&mut self, key: Key) {
        let pending = match self.sessions.get(key).map(|session| &session.dialect) {
            Some(Dialect::Irc(client)) => client.pending.as_ref(),
            Some(Dialect::Http(_)) => return self.go_on_sending(key),
            Some(Dialect::Undecided | Dialect::Plain(_) | Dialect::Web(_)) | None => return,
        };
        let Some(pending) = pending else {
            return;
        };
        let batch = pending.batch.clone();
        if let Some(batch) = &batch {
            self.resume_response(key, batch);
        }
        self.go_on(key);
        if batch.is_some() {
            self.end_response();
        }
    }

    /// It is time to look again whether `key` can be answered further.
    pub(crate) fn look_at_answers(&mut self, key: Key) {
        if let Some(pending) = self.client_mut(key).and_then(|client| client.pending.as_mut()) {
            pending.waits = Waits::Nothing;
            self.go_on_answering(key);
        }
    }

    /// How many bytes of answers wait for `key`.
    pub(super) fn owed(&self, key: Key) -> usize {
        let collected = self.response.as_ref().filter(|response| response.key == key);
        self.sessions.get(key).map_or(0, |session| session.outbox.mail_bytes())
            + collected.map_or(0, |response| response.bytes.len())
    }

    fn go_on(&mut self, key: Key) {
        // Half the mark, so that what is added does not stop the client from being read from.
        let mark = self.settings.limits.mailbox_pause_bytes / 2;
        let mut looks = Looks(self.settings.limits.answer_looks);
        loop {
            let waiting = self.owed(key);
            let is_closing =
                self.sessions.get(key).is_none_or(|session| session.stage == Stage::Closing);
            let Some(client) = self.client_mut(key) else {
                return;
            };
            let Some(pending) = &mut client.pending else {
                return;
            };
            if matches!(pending.waits, Waits::Turn(_)) && !is_closing {
                return;
            }
            let Some(mut answer) = pending.answers.pop_front().filter(|_| !is_closing) else {
                if pending.batch.is_none() || is_closing {
                    client.pending = None;
                }
                return;
            };
            let mut bytes = Vec::new();
            let progress = match waiting < mark {
                true => self.with_replies(key, &mut bytes, |to| {
                    answer.write(self, key, mark - waiting, &mut looks, to)
                }),
                false => Some(Progress::More),
            };
            self.reply(key, |to| to.out.extend_from_slice(&bytes));
            let now = self.now.time;
            let waits = match progress {
                Some(Progress::More) => Waits::Reader(now + LOOK_AGAIN),
                // What is due now would be done in this turn.
                Some(Progress::Later) => Waits::Turn(now + Duration::from_nanos(1)),
                Some(Progress::Done) | None => continue,
            };
            if let Some(pending) = self.client_mut(key).and_then(|c| c.pending.as_mut()) {
                pending.answers.push_front(answer);
                pending.waits = waits;
                self.arm(key);
            }
            return;
        }
    }
}

impl Pending {
    /// Whether nothing is left to write, except for the end of the batch.
    pub(super) fn is_written(&self) -> bool {
        self.answers.is_empty()
    }

    /// When it is to be looked again whether there can be more of it.
    pub(crate) fn until(&self) -> Option<Time> {
        match self.waits {
            Waits::Nothing => None,
            Waits::Reader(until) | Waits::Turn(until) => Some(until),
        }
    }
}

impl Session {
    /// Whether it is still being answered.
    pub(crate) fn is_being_answered(&self) -> bool {
        // Asked for every reader of every line: the many first, without a table of jumps.
        if let Dialect::Plain(_) = self.dialect {
            return false;
        }
        if let Dialect::Irc(client) = &self.dialect {
            return client.pending.is_some();
        }
        match &self.dialect {
            Dialect::Http(conversation) => conversation.is_answering(),
            Dialect::Web(client) => client.is_joining(),
            Dialect::Undecided | Dialect::Plain(_) | Dialect::Irc(_) => false,
        }
    }
}

/// Goes through the members of a room, or through everybody, in several steps. Who comes or goes
/// meanwhile may be met or not; who stays is met once.
#[derive(Debug)]
pub(crate) enum Walk {
    /// Those who were there when it began: not many.
    Few { members: Box<[MemberId]>, next: usize },
    /// By their places in the table of all members, from `next` on.
    All { room: Option<RoomId>, next: usize },
}

impl Walk {
    /// Up to so many members are noted at the beginning (4 KiB); for more than that it is cheaper
    /// to look at everybody.
    const FEW: usize = 512;

    /// Through everybody.
    pub(crate) fn everybody() -> Self {
        Self::All { room: None, next: 0 }
    }

    /// To `member` alone.
    pub(crate) fn one(member: MemberId) -> Self {
        Self::Few { members: [member].into(), next: 0 }
    }

    /// To nobody.
    pub(crate) fn nobody() -> Self {
        Self::Few { members: [].into(), next: 0 }
    }

    /// Through `room`; if there are few, the highest in rank first.
    pub(crate) fn room(state: &State, id: RoomId) -> Self {
        let members = state.rooms.get(id).map_or(&[][..], |room| &room.members);
        Self::members(state, id, members)
    }

    /// Through those in `room` of whom it has been told: if these are few it costs no more than they
    /// do, however many there are. `asker` is met in any case.
    pub(crate) fn shown(state: &State, id: RoomId, asker: MemberId) -> Self {
        let Some(room) = state.rooms.get(id) else {
            return Self::nobody();
        };
        let shown = &room.members[..room.shown];
        match state.seat(asker, id).map(|seat| seat.shown) {
            Some(Shown::No) => Self::members(state, id, &[shown, &[asker]].concat()),
            Some(Shown::Yes) | None => Self::members(state, id, shown),
        }
    }

    fn members(state: &State, id: RoomId, members: &[MemberId]) -> Self {
        if members.len() > Self::FEW {
            return Self::All { room: Some(id), next: 0 };
        }
        let mut members: Box<[MemberId]> = members.into();
        members.sort_by_key(|&member| {
            std::cmp::Reverse(state.seat(member, id).and_then(|seat| seat.ranks.highest()))
        });
        Self::Few { members, next: 0 }
    }

    /// The next step.
    pub(in crate::irc) fn next(&mut self, state: &State, looks: &mut Looks) -> Step {
        match self {
            Self::Few { members, next } => {
                *next += 1;
                members.get(*next - 1).map_or(Step::End, |member| Step::To(*member))
            }
            Self::All { room, next } => {
                for (id, member) in state.members_from(*next) {
                    if !looks.take() {
                        return Step::Later;
                    }
                    *next = id.index() + 1;
                    if room.is_none_or(|room| member.seats.iter().any(|seat| seat.room == room)) {
                        return Step::To(id);
                    }
                }
                Step::End
            }
        }
    }
}

/// Where a [`Walk`] has come to.
#[derive(Clone, Copy, Debug)]
pub(in crate::irc) enum Step {
    To(MemberId),
    /// Enough was looked at in this turn.
    Later,
    End,
}
