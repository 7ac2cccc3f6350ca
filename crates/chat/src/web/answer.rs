//! What a client is told of what it did, and of what concerns it alone.
//!
//! Invariant: a client hears of its own events at their place in the one order: of what it said as an
//! `ack`, of what it changed as others do, and of what was refused as an `error`.

use service::Key;

use super::message::{Code, Message, Placed, cleaned};
use super::render;
use crate::dialect::Rendering;
use crate::event::{Applied, Event, MemberId, Refusal, RoomId};
use crate::irc::render::MessageId;
use crate::log::{Entry, What};
use crate::outbox::Place;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;
use crate::words::{Manner, Words};
use wire::name::{Name, RoomName};

impl Switchboard {
    /// `key`, whose event this was, is told what came of it.
    pub(crate) fn tell_web(
        &mut self,
        key: Key,
        ordered: &Ordered,
        outcome: &Result<Applied, Refusal>,
    ) {
        match (&ordered.event, outcome) {
            (_, Ok(Applied::Arrived)) => self.welcome_web(key, ordered),
            (Event::Arrived { .. }, Err(refusal)) => match refusal {
                Refusal::NameTaken(_) | Refusal::LooksLike(..) => {
                    self.arrive_as_guest(key, refusal);
                }
                _ => {}
            },
            (Event::Joined { room: wanted, .. }, Ok(Applied::Joined(room))) => {
                self.tell_web_joined(key, ordered, wanted, *room);
            }
            (Event::Joined { .. }, Err(Refusal::AlreadyThere(room))) => {
                let had = self.web_mut(key).and_then(|client| client.had.take());
                let place = Place::after(self.trunk.last_seq());
                self.send_room(key, *room, place, had.as_deref());
            }
            (Event::Left { reason, .. }, Ok(Applied::Left(room))) => {
                if let Ok(who) = self.state.person(key).cloned() {
                    let what = What::Left { who, reason: reason.clone() };
                    self.echo_web(key, ordered, *room, what);
                }
            }
            (Event::Renamed { name, .. }, Ok(Applied::Renamed(from))) => {
                if let Some(token) = self.web(key).and_then(|client| client.token) {
                    self.common.resumes().name(token, *name);
                }
                let (from, to) = (from.name.as_str(), name.as_str());
                let message = Message::Renamed { stamp: ordered.stamp(), from, to };
                self.send_web_at(key, Place::event(ordered.seq), &message);
            }
            (Event::Said { words, .. }, Ok(Applied::Said)) => {
                if words.manner != Manner::Tags {
                    self.acknowledge(key, ordered);
                }
            }
            (
                Event::Said { room, least: Some(least), words, .. },
                Ok(Applied::SaidToRank(_, by)),
            ) => {
                let group = format!("{}{}", least.sign(), self.room_name(*room));
                let from = by.name;
                self.tell_web_words(key, ordered, &from, &group, words);
                self.acknowledge(key, ordered);
            }
            (Event::Told { to: wanted, words, .. }, Ok(Applied::Told(to, by))) => {
                let (from, name) = (by.name, self.state.name(*to).unwrap_or(*wanted));
                self.tell_web_words(key, ordered, &from, name.as_str(), words);
                self.acknowledge(key, ordered);
                self.answer_absent(key, *to);
            }
            (Event::TopicSet { room, text, .. }, Ok(Applied::TopicSet)) => {
                if let Ok(by) = self.state.person(key).cloned() {
                    let what = What::Topic { by, text: text.clone() };
                    self.echo_web(key, ordered, *room, what);
                }
            }
            (Event::ModesSet { room, .. }, Ok(Applied::ModesSet { done, refused })) => {
                if let Ok(by) = self.state.person(key).cloned()
                    && !done.is_empty()
                {
                    let what = What::Modes { by, changes: done.clone() };
                    self.echo_web(key, ordered, *room, what);
                }
                if let (true, Some((_, refusal)), Ok(applied)) =
                    (done.is_empty(), refused.first(), outcome)
                {
                    let event = &ordered.event;
                    let tell = |chat: &mut Self| chat.answer_moderated(key, event, applied);
                    let why = self.in_plain_words(key, tell);
                    self.refuse_web(key, code_of(refusal), &why);
                } else if let Ok(applied) = outcome
                    && (done.is_empty() || !refused.is_empty())
                {
                    self.answer_moderated(key, &ordered.event, applied);
                }
            }
            (Event::Removed { room, reason, .. }, Ok(Applied::Removed(target))) => {
                if let (Ok(by), Ok(who)) =
                    (self.state.person(key).cloned(), self.state.name(*target))
                {
                    let what = What::Removed { by, who, reason: reason.clone() };
                    self.echo_web(key, ordered, *room, what);
                }
            }
            (event @ Event::Invited { .. }, Ok(applied)) => {
                self.answer_moderated(key, event, applied);
            }
            (Event::Away { text, .. }, Ok(Applied::Away)) => {
                let Ok(name) = self.state.name(key) else {
                    return;
                };
                let away = text.as_deref().map(wire::text::clean);
                let (stamp, name) = (ordered.stamp(), name.as_str());
                let message = Message::Presence { stamp, name, away };
                self.send_web_at(key, Place::event(ordered.seq), &message);
                self.answer_away(key);
            }
            (event, Err(refusal)) => self.refuse_web_event(key, event, refusal),
            (_, Ok(_)) => {}
        }
    }

    /// The newcomer sees what there is of the room.
    fn tell_web_joined(&mut self, key: Key, ordered: &Ordered, wanted: &RoomName, id: RoomId) {
        let had = self.web_mut(key).and_then(|client| client.had.take());
        let name = self.state.rooms.get(id).map(|room| room.name.clone());
        if let Some(name) = name.filter(|name| name != wanted) {
            self.answer_forwarded(key, wanted.as_str(), name.as_str());
        }
        self.send_room(key, id, Place::event(ordered.seq), had.as_deref());
    }

    /// What `key` has done in a room, as others see it.
    fn echo_web(&mut self, key: Key, ordered: &Ordered, room: RoomId, what: What) {
        let Some(room) = self.state.rooms.get(room) else {
            return;
        };
        let (seq, unix_ms) = (ordered.seq, ordered.unix_ms);
        let entry = Entry { seq, unix_ms, author: key, what };
        let mut out = Vec::new();
        render::render(&Rendering { room: &room.name, scene: &self.scene }, &entry, &mut out);
        self.mail(key, Place::event(seq), |all| all.append(&mut out));
    }

    /// What `key` has said has its place.
    fn acknowledge(&mut self, key: Key, ordered: &Ordered) {
        let said = Placed { id: MessageId::new(&self.scene, ordered.seq), stamp: ordered.stamp() };
        if let Some(n) = self.answers(key) {
            let ack = Message::Ack { n, said: Some(said), duplicate: false };
            self.send_web_at(key, Place::event(ordered.seq), &ack);
        }
    }

    /// What was said has its place in the order: whoever said it, counting, need not say it again.
    /// Noted by all loops, so that it is by the one where its author goes on.
    pub(crate) fn note_sent(&mut self, ordered: &Ordered, words: &Words) {
        if let Some(sent) = words.attached.as_ref().and_then(|attached| attached.sent) {
            let most = self.settings.limits.resumable_says;
            self.common.resumes().note_said(sent, ordered.stamp(), most);
        }
    }

    /// Somebody has said something to `key` alone; or to a few in a room, of which it is one.
    pub(crate) fn tell_web_words(
        &mut self,
        key: MemberId,
        ordered: &Ordered,
        by: &Name,
        target: &str,
        words: &Words,
    ) {
        if self.web(key).is_none() {
            return;
        }
        let scene = std::sync::Arc::clone(&self.scene);
        if let Some(message) = render::private(&scene, ordered, by.as_str(), target, words) {
            self.send_web_at(key, Place::event(ordered.seq), &message);
        }
    }

    /// Something that concerns `key` has happened, which no message of its own tells.
    pub(crate) fn tell_web_event(&mut self, key: MemberId, ordered: &Ordered, text: &str) {
        let message = Message::Info { room: None, text: cleaned(text) };
        self.send_web_at(key, Place::event(ordered.seq), &message);
    }

    /// The room that `reader` is in has another name.
    pub(crate) fn tell_web_room_renamed(
        &mut self,
        reader: MemberId,
        ordered: &Ordered,
        by: &Name,
        (old, new): (&RoomName, &RoomName),
    ) {
        if let Some(token) = self.web(reader).and_then(|client| client.token) {
            self.common.resumes().rename_room(token, old, new);
        }
        let (stamp, from, to, by) = (ordered.stamp(), old.as_str(), new.as_str(), by.as_str());
        let message = Message::RoomRenamed { stamp, from, to, by };
        self.send_web_at(reader, Place::event(ordered.seq), &message);
    }

    /// What `key` wanted has not happened.
    fn refuse_web_event(&mut self, key: Key, event: &Event, refusal: &Refusal) {
        // It is told so when it is put out.
        if let Refusal::NoMember | Refusal::Banned(_) = refusal {
            return;
        }
        let room = self.room_of_refused(event);
        let why = self.in_plain_words(key, |chat| chat.answer_refused(key, event, refusal));
        let passes = matches!(event, Event::Said { words, .. } if words.passes());
        let is_asked =
            |client: &super::Client| client.obeying.as_ref().is_some_and(|o| o.n.is_some());
        // That somebody is typing is told in passing: whoever may not is not told so each time.
        if passes && !self.web(key).is_some_and(is_asked) {
            return;
        }
        self.refuse_web_room(key, code_of(refusal), room.as_deref(), &why);
    }
}

/// What an event's refusal is to clients.
fn code_of(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::NameTaken(_) | Refusal::LooksLike(..) => Code::NameTaken,
        Refusal::NoSuchPerson(_) | Refusal::NotHere(_) => Code::NoSuchPerson,
        Refusal::NotThere => Code::NotInRoom,
        Refusal::NoSuchMessage => Code::NoSuchMessage,
        Refusal::NotYours
        | Refusal::Denied(_)
        | Refusal::Outranked(_)
        | Refusal::OnlyRegistered(_)
        | Refusal::ForwardDenied(_)
        | Refusal::LobbyStays => Code::NotAllowed,
        Refusal::Closed(_) => Code::Closed,
        Refusal::Silenced(_) => Code::Silenced,
        Refusal::TooManyMasks(_)
        | Refusal::TooManyRooms(_)
        | Refusal::TooManyOwnRooms(_)
        | Refusal::TooManyBans(_) => Code::TooMany,
        Refusal::NoForward(_) => Code::NoSuchRoom,
        Refusal::RenamedAlready => Code::TooFast,
        Refusal::Banned(_)
        | Refusal::NoMember
        | Refusal::AlreadyThere(_)
        | Refusal::Unannotated(_)
        | Refusal::IsHere(_)
        | Refusal::RoomTaken(_)
        | Refusal::NoSuchBan => Code::Refused,
    }
}
