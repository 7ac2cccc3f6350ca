//! What members are answered when what they wanted has been applied or refused.
//!
//! Invariant: an answer says what has happened, and if nothing has, that nothing was sent and what
//! to do; it never shows an address, and nothing of a peer's in it is uncleaned.

use std::sync::Arc;

use service::Key;
use wire::name::Name;
use wire::text;

use super::phrases::Count;
use super::render::{self as plain, Form};
use crate::event::{Applied, Event, MemberId, Refusal, RoomId};
use crate::moment::Moment;
use crate::outbox::Place;
use crate::session::Stage;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;
use crate::words::Words;

impl Switchboard {
    /// `key`, whose event this was, is told what came of it.
    pub(crate) fn tell_plain(
        &mut self,
        key: Key,
        ordered: &Ordered,
        outcome: &Result<Applied, Refusal>,
    ) {
        match outcome {
            Ok(applied) if ordered.event.is_moderation() => {
                self.answer_moderated(key, &ordered.event, applied);
            }
            Ok(Applied::Arrived) => {
                let room = self.settings.lobby.clone();
                self.propose(Event::Joined { member: key, room, key: None });
            }
            Ok(Applied::Joined(room)) => {
                if let (Event::Joined { room: wanted, .. }, Some(joined)) =
                    (&ordered.event, self.state.rooms.get(*room))
                    && *wanted != joined.name
                {
                    let joined = joined.name.to_string();
                    self.answer_forwarded(key, wanted.as_str(), &joined);
                }
                self.set_current(key, Some(*room));
                self.answer_joined(key, *room);
            }
            Ok(Applied::Left(room)) => self.answer_left(key, *room),
            Ok(Applied::Renamed(_)) => self.answer_renamed(key),
            Ok(Applied::Away) => self.answer_away(key),
            Ok(Applied::Told(member, _)) => self.answer_absent(key, *member),
            Ok(_) => {}
            Err(refusal) => self.answer_refused(key, &ordered.event, refusal),
        }
    }

    /// `key` has joined `room`: its first, with a welcome, or one more.
    fn answer_joined(&mut self, key: Key, room: RoomId) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let first = session.stage == Stage::New;
        if first {
            session.stage = Stage::Member;
        }
        let Some(reader) = self.reader(key) else {
            return;
        };
        let Some(joined) = self.state.rooms.get(room) else {
            return;
        };
        let (name, members) = (joined.name.clone(), joined.members.len() as u64);
        if reader.form == Form::Full && first {
            let (settings, own) = (Arc::clone(&self.settings), self.name_of(key));
            self.tell(key, |to| {
                let server = &settings.name;
                match members {
                    1 => to.line(format_args!("Welcome to {server} (you are the first here).")),
                    n => to.line(format_args!("Welcome to {server} ({} here).", Count(n, ""))),
                }
                // Each fits a terminal of 80 columns.
                to.line(format_args!("You are {own} in {name}."));
                to.line("/nick NAME to be known, /help for the rest, /quit or Ctrl-D to leave.");
                settings.motd.iter().for_each(|line| to.line(line));
            });
        } else if !first {
            let members = Count(members, "");
            self.tell(key, |to| {
                to.line(format_args!(
                    "You are in {name} now ({members} here). What you type goes there."
                ));
            });
        }
        if reader.form == Form::Full {
            if self.state.rooms.get(room).is_some_and(|room| room.topic.is_some()) {
                self.answer_topic(key, room);
            }
            self.show_history(key, room, self.settings.limits.replay_lines);
        }
    }

    /// `key` has left `room`.
    fn answer_left(&mut self, key: Key, room: RoomId) {
        let left = self.room_name(room);
        let goes = self.leave_current(key, room).map(|room| self.room_name(room));
        self.tell(key, |to| match goes {
            Some(room) => to.line(format_args!("You have left {left}. You are talking in {room}.")),
            None => to.line(format_args!("You have left {left}. /join #ROOM to talk again.")),
        });
    }

    /// `key` has left `room`, or has been put out of it; answers where it talks from here on.
    pub(super) fn leave_current(&mut self, key: Key, room: RoomId) -> Option<RoomId> {
        let mut current = self.current(key);
        if current == Some(room) {
            current = self.sessions.get(key).and_then(|session| session.outbox.latest_room());
            self.set_current(key, current);
        }
        current
    }

    /// `key` has another name.
    fn answer_renamed(&mut self, key: Key) {
        let own = self.name_of(key);
        self.tell(key, |to| to.line(format_args!("You are {own} now.")));
    }

    /// `key` is away now, or back.
    pub(crate) fn answer_away(&mut self, key: Key) {
        let text = self.absence(key).map(|(_, text)| text);
        self.tell(key, |to| match text {
            Some(text) => to.line(format_args!(
                "You are away: {}. /away alone when you are back.",
                text::clean(&text)
            )),
            None => to.line("You are back."),
        });
    }

    /// `key` has told something to somebody who may be away.
    pub(crate) fn answer_absent(&mut self, key: Key, member: MemberId) {
        let Some((name, text)) = self.absence(member) else {
            return;
        };
        if self.asker(key).is_some_and(|reader| reader.form == Form::Full) {
            self.tell(key, |to| to.line(format_args!("{name} is away: {}", text::clean(&text))));
        }
    }

    /// Somebody said something to `key` alone, or to the few in a room that `group` names.
    pub(crate) fn tell_plain_words(
        &mut self,
        key: MemberId,
        ordered: &Ordered,
        from: &Name,
        group: Option<&str>,
        words: &Words,
    ) {
        let now = Moment::local(ordered.unix_ms, &self.scene.zone);
        if let Some(reader) = self.reader(key) {
            self.mail(key, Place::event(ordered.seq), |out| {
                plain::render_told(&reader, from.as_str(), group, words, now, out);
            });
        }
    }

    /// What `key` wanted has not happened.
    pub(crate) fn answer_refused(&mut self, key: Key, event: &Event, refusal: &Refusal) {
        let own = self.name_of(key);
        let room = self.room_of_refused(event).unwrap_or_default();
        let is_shut = matches!(refusal, Refusal::Closed(_) | Refusal::Silenced(_));
        if event.is_moderation() || is_shut {
            return self.answer_refused_moderation(key, &room, refusal);
        }
        if let Refusal::AlreadyThere(room) = refusal {
            self.set_current(key, Some(*room));
        }
        self.tell(key, |to| match refusal {
            Refusal::NoMember => {}
            // It is told so when it is put out.
            Refusal::Banned(_) => {}
            // Of IRC clients only.
            Refusal::NoSuchMessage | Refusal::NotYours | Refusal::Unannotated(_) => {}
            Refusal::NameTaken(name) => {
                to.line(format_args!("\"{name}\" is taken; you are still {own}."));
            }
            Refusal::LooksLike(name, other) => to.line(format_args!(
                "\"{name}\" looks like \"{other}\", who is here; you are still {own}."
            )),
            Refusal::NoSuchPerson(name) => to.line(format_args!(
                "There is no \"{name}\" here. Nothing was sent. /who lists people."
            )),
            Refusal::OnlyRegistered(name) => to.line(format_args!(
                "{name} hears only from people with an account. Nothing was sent."
            )),
            Refusal::AlreadyThere(_) => to.line(format_args!("You are talking in {room} now.")),
            Refusal::NotThere => to
                .line(format_args!("You are not in {room}. Nothing was sent. /join {room} first.")),
            // Answered above.
            Refusal::Closed(_)
            | Refusal::Silenced(_)
            | Refusal::Denied(_)
            | Refusal::Outranked(_)
            | Refusal::NotHere(_)
            | Refusal::IsHere(_)
            | Refusal::TooManyMasks(_)
            | Refusal::NoForward(_)
            | Refusal::ForwardDenied(_)
            | Refusal::RoomTaken(_)
            | Refusal::LobbyStays
            | Refusal::RenamedAlready => {}
            Refusal::TooManyRooms(most) => to.line(format_args!(
                "There are {} already, which is the limit: {room} was not made.",
                Count(*most as u64, "room")
            )),
            Refusal::TooManyOwnRooms(most) => to.line(format_args!(
                "You are in {}, which is the limit. /part from one first.",
                Count(*most as u64, "room")
            )),
            // Bans are not set in lines for people.
            Refusal::TooManyBans(_) | Refusal::NoSuchBan => {}
        });
    }
}
