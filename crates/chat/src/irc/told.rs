//! What an IRC client is told of what it did: itself, as it happened to everybody, and what follows.
//!
//! Invariant: whatever a client has done to a room it hears of in the room's order, as others do;
//! and each refusal has the number that the RFCs give it.

use service::Key;
use wire::irc::Line;
use wire::name::RoomName;

use super::capability::Capability;
use super::numeric::*;
use super::render::{self, Stamp};
use crate::event::{Applied, Event, MemberId, Refusal, RoomId};
use crate::outbox::Place;
use crate::person::Person;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;
use crate::words::{Manner, Words};

impl Switchboard {
    /// `key`, whose event this was, is told what came of it.
    pub(crate) fn tell_irc(
        &mut self,
        key: Key,
        ordered: &Ordered,
        outcome: &Result<Applied, Refusal>,
    ) {
        match (&ordered.event, outcome) {
            (_, Ok(Applied::Arrived)) => self.welcome(key),
            (Event::Joined { room: wanted, .. }, Ok(Applied::Joined(room))) => {
                self.tell_irc_joined(key, ordered, wanted, *room);
            }
            (Event::Left { reason, .. }, Ok(Applied::Left(room))) => {
                let name = self.room_name(*room);
                self.echo(key, ordered, |line| {
                    let line = line.command("PART").param(&name);
                    match reason {
                        Some(reason) => line.trailing(reason).end(),
                        None => line.end(),
                    }
                });
            }
            (Event::Renamed { name, .. }, Ok(Applied::Renamed(from))) => {
                let from = std::sync::Arc::clone(from);
                self.echo_as(key, ordered, &from, |line| line.command("NICK").trailing(name).end());
            }
            (Event::Said { room, least: None, words, .. }, Ok(Applied::Said)) => {
                if self.has(key, Capability::EchoMessage) {
                    let target = self.room_name(*room);
                    self.echo_words(key, ordered, &target, words);
                }
            }
            (Event::Said { room, least: Some(rank), words, .. }, Ok(Applied::SaidToRank(..))) => {
                let target = format!("{}{}", rank.sign(), self.room_name(*room));
                self.echo_words(key, ordered, &target, words);
            }
            (Event::Told { to: wanted, words, .. }, Ok(Applied::Told(to, _))) => {
                let target = self.state.name(*to).unwrap_or(*wanted).to_string();
                self.echo_words(key, ordered, &target, words);
                self.tell_irc_absent(key, *to, words);
            }
            (Event::Redacted { room, seq, reason, .. }, outcome) => {
                self.tell_redacted(key, ordered, *room, *seq, reason.as_deref(), outcome);
            }
            (event, Ok(applied)) if event.is_moderation() => {
                self.tell_irc_moderated(key, ordered, applied);
            }
            (_, Ok(applied)) if applied.is_own() => self.tell_irc_own(key, ordered, applied),
            (Event::Annotated { about, edit, .. }, outcome) => {
                self.tell_annotated(key, *about, edit, outcome);
            }
            (event, Err(refusal)) => self.refuse_irc(key, event, refusal),
            (_, Ok(_)) => {}
        }
    }

    /// The newcomer sees that it has come, what the room is about, and who is there.
    fn tell_irc_joined(&mut self, key: Key, ordered: &Ordered, wanted: &RoomName, id: RoomId) {
        let (Some(room), Ok(person)) = (self.state.rooms.get(id), self.state.person(key)) else {
            return;
        };
        let (name, person) = (room.name.clone(), person.clone());
        let class = self.client(key).map(|client| client.class());
        if name != *wanted {
            self.tell_irc_forwarded(key, ordered, wanted, &name);
        }
        self.echo(key, ordered, |line| {
            if let Some(class) = class {
                render::join(line, class, &name, &person);
            }
        });
        self.write_topic(key, id);
        self.write_read_marker(key, &name);
        if !self.has(key, Capability::NoImplicitNames) {
            self.write_names(key, id);
        }
        self.sync_on_joining(key, id);
        self.replay(key, id);
    }

    /// What `key` has done, as others see it.
    pub(super) fn echo(&mut self, key: Key, ordered: &Ordered, write: impl FnOnce(Line<'_>)) {
        if let Ok(person) = self.state.person(key) {
            let person = std::sync::Arc::clone(person);
            self.echo_as(key, ordered, &person, write);
        }
    }

    /// The same, as the one that it was before.
    pub(super) fn echo_as(
        &mut self,
        key: Key,
        ordered: &Ordered,
        person: &Person,
        write: impl FnOnce(Line<'_>),
    ) {
        let Some(class) = self.client(key).map(|client| client.class()) else {
            return;
        };
        let stamp = ordered.stamp();
        self.reply_at(key, Place::event(ordered.seq), |to| {
            write(render::begin(class, to.scene, stamp, person, to.out));
        });
    }

    /// What `key` has said, if it asked to hear itself.
    fn echo_words(&mut self, key: Key, ordered: &Ordered, target: &str, words: &Words) {
        let Some(client) = self.client(key) else {
            return;
        };
        let class = client.class();
        if !client.capabilities.has(Capability::EchoMessage) {
            return;
        }
        let Ok(person) = self.state.person(key).cloned() else {
            return;
        };
        let stamp = ordered.stamp();
        self.reply_at(key, Place::event(ordered.seq), |to| {
            render::say(class, to.scene, stamp, &person, target, words, to.out);
        });
    }

    /// Somebody has said something to `key` alone; or to a few in a room, of which it is one.
    pub(crate) fn tell_irc_words(
        &mut self,
        key: MemberId,
        ordered: &Ordered,
        by: &Person,
        target: &str,
        words: &Words,
    ) {
        let Some(class) = self.client(key).map(|client| client.class()) else {
            return;
        };
        let scene = std::sync::Arc::clone(&self.scene);
        // Not an answer, even if it is to oneself.
        self.mail(key, Place::event(ordered.seq), |out| {
            render::say(class, &scene, ordered.stamp(), by, target, words, out);
        });
    }

    pub(super) fn refuse_irc(&mut self, key: Key, event: &Event, refusal: &Refusal) {
        let room = match event {
            Event::Joined { room, .. } => room.to_string(),
            Event::Left { room, .. } | Event::Said { room, .. } => self.room_name(*room),
            Event::TopicSet { room, .. }
            | Event::ModesSet { room, .. }
            | Event::Removed { room, .. }
            | Event::Invited { room, .. }
            | Event::RoomRenamed { room, .. } => self.room_name(*room),
            _ => String::new(),
        };
        let is_quiet = matches!(
            event,
            Event::Said { words, .. } | Event::Told { words, .. }
                if matches!(words.manner, Manner::Notice | Manner::CtcpReply)
        );
        match refusal {
            _ if is_quiet => {}
            // Who is there already is not told again.
            Refusal::NoMember | Refusal::AlreadyThere(_) => {}
            // It is told so when it is put out.
            Refusal::Banned(_) => {}
            // Of REDACT and METADATA, which answer themselves.
            Refusal::NoSuchMessage | Refusal::NotYours | Refusal::Unannotated(_) => {}
            Refusal::NameTaken(name) | Refusal::LooksLike(name, _) => {
                if let Some(registration) =
                    self.client_mut(key).and_then(|client| client.registration.as_mut())
                {
                    registration.name = None;
                }
                self.refuse_taken_name(key, name);
            }
            Refusal::NoSuchPerson(name) => self.refuse_no_person(key, name.as_str()),
            Refusal::OnlyRegistered(name) => self.reply(key, |to| {
                let line = to.numeric(ERR_NEEDREGGEDNICK).param(name);
                line.trailing("You must be logged in to an account to write to this person").end();
            }),
            Refusal::NotThere => self.reply(key, |to| match event {
                Event::Said { .. } => {
                    let line = to.numeric(ERR_CANNOTSENDTOCHAN).param(&room);
                    line.trailing("Cannot send to channel: you are not in it").end();
                }
                _ => {
                    let line = to.numeric(ERR_NOTONCHANNEL).param(&room);
                    line.trailing("You're not on that channel").end();
                }
            }),
            Refusal::Denied(_)
            | Refusal::Outranked(_)
            | Refusal::NotHere(_)
            | Refusal::IsHere(_)
            | Refusal::Closed(_)
            | Refusal::Silenced(_)
            | Refusal::TooManyMasks(_)
            | Refusal::NoForward(_)
            | Refusal::ForwardDenied(_)
            | Refusal::RoomTaken(_)
            | Refusal::LobbyStays
            | Refusal::RenamedAlready => self.refuse_irc_moderation(key, &room, event, refusal),
            // Somebody else was faster.
            Refusal::TooManyBans(_) => self.reply(key, |to| to.notice("There are too many bans.")),
            Refusal::NoSuchBan => self.reply(key, |to| to.notice("There is no such ban.")),
            Refusal::TooManyRooms(most) => self.reply(key, |to| {
                let line = to.numeric(ERR_TOOMANYCHANNELS).param(&room);
                line.trailing(format_args!(
                    "There are {most} channels already, which is the limit"
                ))
                .end();
            }),
            Refusal::TooManyOwnRooms(most) => self.reply(key, |to| {
                let line = to.numeric(ERR_TOOMANYCHANNELS).param(&room);
                line.trailing(format_args!("You have joined {most} channels, which is the limit"))
                    .end();
            }),
        }
    }
}

impl Ordered {
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { seq: self.seq, unix_ms: self.unix_ms }
    }
}
