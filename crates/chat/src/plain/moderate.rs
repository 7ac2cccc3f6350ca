//! Keeping order in a room by plain lines: /topic, /kick, /invite, /mode, and how each is answered.
//!
//! Invariant: these do what their namesakes of IRC do, and a refusal says what it would take.

use std::fmt;

use service::Key;
use wire::name::Name;
use wire::text;

use super::command::first_word;
use super::phrases::{Count, Quoted, Shown};
use super::render as plain;
use crate::authority::Act;
use crate::event::{Applied, Closed, Event, MemberId, Refusal, RoomId, Silenced};
use crate::moment::Moment;
use crate::outbox::Place;
use crate::room::change::{Asked, Change, Written, Wrong, parse};
use crate::room::masks::List;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;

impl Switchboard {
    /// `/topic [#ROOM] [TEXT]`; a dash for TEXT removes it.
    pub(super) fn plain_topic(&mut self, key: Key, rest: &str) {
        let Some((room, text)) = self.room_first(key, rest) else {
            return;
        };
        if text.is_empty() {
            return self.answer_topic(key, room);
        }
        let text = if text == "-" { "" } else { text };
        let most = self.settings.limits.topic_bytes;
        if text.len() > most {
            let bytes = Count(text.len() as u64, "byte");
            return self.tell(key, |to| {
                to.line(format_args!(
                    "That topic has {bytes}; the limit is {most}. Nothing was changed."
                ));
            });
        }
        if self.state.ask(key, room, Act::SetTopic).is_ok() {
            self.show(key, room);
        }
        self.propose(Event::TopicSet { member: key, room, text: text.into() });
    }

    /// What `room` is about.
    pub(super) fn answer_topic(&mut self, key: Key, room: RoomId) {
        let name = self.room_name(room);
        let topic = self.state.rooms.get(room).and_then(|room| room.topic.clone());
        self.tell(key, |to| match topic {
            Some(topic) => to.line(format_args!("{name}: {}", text::clean(&topic.text))),
            None => to.line(format_args!("{name} has no topic. /topic TEXT to set one.")),
        });
    }

    /// `/kick [#ROOM] NAME [REASON]`
    pub(super) fn plain_kick(&mut self, key: Key, rest: &str) {
        let Some((room, rest)) = self.room_first(key, rest) else {
            return;
        };
        let (who, reason) = first_word(rest);
        let Ok(name) = Name::parse(who) else {
            return self.answer_not_done_nobody(key, who);
        };
        let own = self.state.name(key).map(|name| name.to_string()).unwrap_or_default();
        let most = self.settings.limits.reason_bytes;
        let reason = wire::irc::pieces(reason, most).next().unwrap_or(&own);
        self.remove(key, room, name, reason);
    }

    /// `/invite NAME [#ROOM]`
    pub(super) fn plain_invite(&mut self, key: Key, rest: &str) {
        let (who, wanted) = first_word(rest);
        let Some(room) = self.room_meant(key, wanted) else {
            return;
        };
        match Name::parse(who) {
            Ok(who) => self.propose(Event::Invited { member: key, room, who }),
            Err(_) => self.answer_not_done_nobody(key, who),
        }
    }

    /// `/mode [#ROOM] [+MODES-MODES PARAMETERS]`
    pub(super) fn plain_mode(&mut self, key: Key, rest: &str) {
        let Some((room, rest)) = self.room_first(key, rest) else {
            return;
        };
        let (letters, rest) = first_word(rest);
        if letters.is_empty() {
            return self.answer_modes(key, room);
        }
        let params: Vec<&str> = rest.split_whitespace().collect();
        let mut changes = Vec::new();
        for asked in parse(letters, &params, &self.settings.limits) {
            match asked {
                Asked::For(change) => changes.push(change),
                Asked::ToSee(list) => self.answer_list(key, room, list),
                Asked::Wrong(wrong) => self.answer_wrong_mode(key, &wrong),
            }
        }
        if !changes.is_empty() {
            self.change_modes(key, room, changes);
        }
    }

    fn answer_modes(&mut self, key: Key, id: RoomId) {
        let is_inside = self.state.ask(key, id, Act::SeeRules).is_ok();
        let Some(room) = self.state.rooms.get(id) else {
            return;
        };
        let (modes, params) = room.modes(is_inside);
        let name = room.name.clone();
        let modes = [modes].into_iter().chain(params).collect::<Vec<_>>().join(" ");
        self.tell(key, |to| to.line(format_args!("{name} has mode {modes}")));
    }

    fn answer_list(&mut self, key: Key, id: RoomId, list: List) {
        let name = self.room_name(id);
        if self.state.ask(key, id, Act::SeeRules).is_err() {
            return self.tell(key, |to| to.line(format_args!("You are not in {name}.")));
        }
        let rules = self.state.rooms.get(id).and_then(|room| room.rules.as_ref());
        let entries = rules.map_or(Vec::new(), |rules| rules.lists.get(list).to_vec());
        let what = match list {
            List::Ban => "bans nobody",
            List::Except => "has no exceptions from bans",
            List::Invite => "invites nobody for good",
        };
        self.tell(key, |to| {
            if entries.is_empty() {
                to.line(format_args!("{name} {what}."));
            }
            for entry in &entries {
                let letter = list.letter();
                to.line(format_args!("  +{letter} {}  by {}", entry.pattern, entry.by));
            }
        });
    }

    fn answer_wrong_mode(&mut self, key: Key, wrong: &Wrong) {
        self.tell(key, |to| match wrong {
            Wrong::Unknown(letter) => {
                let letter = letter.to_string();
                let letter = text::clean(&letter);
                to.line(format_args!("There is no mode \"{letter}\". Nothing was done for it."));
            }
            Wrong::Missing(letter) => {
                to.line(format_args!("Mode {letter} needs a word behind it. Nothing was done."));
            }
            Wrong::Invalid(letter, shown, why) => to.line(format_args!(
                "{} will not do for mode {letter}: {}. Nothing was done for it.",
                Quoted(shown),
                text::clean(why)
            )),
            Wrong::TooMany(most) => to.line(format_args!(
                "At most {most} changes with a word behind them at a time. Those after were not \
                 made."
            )),
        });
    }

    /// The room that `rest` begins with, or else the current one; and what stands behind.
    fn room_first<'a>(&mut self, key: Key, rest: &'a str) -> Option<(RoomId, &'a str)> {
        match first_word(rest) {
            (room, behind) if room.starts_with('#') => Some((self.room_meant(key, room)?, behind)),
            _ => Some((self.room_meant(key, "")?, rest)),
        }
    }

    fn answer_not_done_nobody(&mut self, key: Key, name: &str) {
        let name = Quoted(name);
        self.tell(key, |to| {
            to.line(format_args!("There is no {name} here. Nothing was done. /who lists people."));
        });
    }

    /// `key`, who kept order, is told what came of it.
    pub(crate) fn answer_moderated(&mut self, key: Key, event: &Event, applied: &Applied) {
        match (event, applied) {
            (Event::TopicSet { room, .. }, _) => self.answer_topic(key, *room),
            (Event::ModesSet { room, .. }, Applied::ModesSet { done, refused }) => {
                let name = self.room_name(*room);
                let mut said: Vec<&Refusal> = Vec::new();
                for (_, refusal) in refused {
                    if !said.iter().any(|other| other.reads_like(refusal)) {
                        said.push(refusal);
                        self.answer_refused_moderation(key, &name, refusal);
                    }
                }
                let done = Written(done).to_string();
                self.tell(key, |to| match done.is_empty() {
                    false => to.line(format_args!("{name} has {} now.", text::clean(&done))),
                    true if refused.is_empty() => {
                        to.line("It was so already. Nothing was changed.");
                    }
                    true => {}
                });
            }
            (Event::Removed { room, .. }, Applied::Removed(target)) if *target != key => {
                let (name, room) = (self.name_of(*target), self.room_name(*room));
                self.tell(key, |to| to.line(format_args!("You have removed {name} from {room}.")));
            }
            (Event::Invited { room, .. }, Applied::Invited(target)) => {
                let (name, room) = (self.name_of(*target), self.room_name(*room));
                self.tell(key, |to| to.line(format_args!("{name} is asked into {room}.")));
            }
            _ => {}
        }
    }

    /// `target` has been put out of `room`: it is told where it is now.
    pub(crate) fn answer_put_out(&mut self, target: MemberId, room: RoomId, by: MemberId) {
        if self.reader(target).is_none() {
            return;
        }
        let (left, by) = (self.room_name(room), self.name_of(by));
        let goes = self.leave_current(target, room).map(|room| self.room_name(room));
        self.tell(target, |to| match goes {
            Some(room) => to
                .line(format_args!("{by} has removed you from {left}. You are talking in {room}.")),
            None => to
                .line(format_args!("{by} has removed you from {left}. /join #ROOM to talk again.")),
        });
    }

    /// `key` has come to `room`, as it wanted to come to another.
    pub(crate) fn answer_forwarded(&mut self, key: Key, wanted: &str, room: &str) {
        self.tell(key, |to| {
            to.line(format_args!("{wanted} does not let you in, and sends you on to {room}."));
        });
    }

    /// Something that concerns `key`, which a room's log does not say.
    pub(crate) fn tell_plain_event(
        &mut self,
        key: Key,
        ordered: &Ordered,
        text: impl FnOnce() -> String,
    ) {
        let now = Moment::local(ordered.unix_ms, &self.scene.zone);
        if let Some(reader) = self.reader(key) {
            self.mail(key, Place::event(ordered.seq), |out| {
                plain::render_event(&reader, &text(), now, out);
            });
        } else if self.web(key).is_some() {
            self.tell_web_event(key, ordered, &text());
        }
    }

    /// What `key` wanted of `room`, or in it, has not happened.
    pub(super) fn answer_refused_moderation(&mut self, key: Key, room: &str, refusal: &Refusal) {
        let is_lobby = *room == *self.settings.lobby.as_str();
        self.tell(key, |to| {
            let mut line = |words: fmt::Arguments<'_>| to.line(words);
            match refusal {
                Refusal::NotThere => line(format_args!(
                    "You are not in {room}. Nothing was done. /join {room} first."
                )),
                Refusal::Denied(_) if is_lobby => line(format_args!(
                    "Only server operators keep order in {room}. Nothing was done."
                )),
                Refusal::Denied(denied) => line(format_args!(
                    "That takes {} of {room}, or above. Nothing was done.",
                    denied.needs
                )),
                Refusal::Outranked(name) => line(format_args!(
                    "{name} ranks too high in {room} for you to do that. Nothing was done."
                )),
                Refusal::NoSuchPerson(name) => line(format_args!(
                    "There is no \"{name}\" here. Nothing was done. /who lists people."
                )),
                Refusal::NotHere(name) => {
                    line(format_args!("{name} is not in {room}. Nothing was done."));
                }
                Refusal::IsHere(name) => line(format_args!("{name} is in {room} already.")),
                Refusal::Closed(closed) => line(format_args!(
                    "{room} does not let you in: {}.",
                    match closed {
                        Closed::Banned => "you are banned there",
                        Closed::InviteOnly =>
                            "who comes must be invited. Ask somebody inside to /invite you",
                        Closed::Key => "it has a key. /join #ROOM KEY, if you know it",
                        Closed::Full => "it is full. Try again later",
                        Closed::Registered =>
                            "it is for those logged in to an account, which nobody is here",
                    }
                )),
                Refusal::Silenced(silenced) => line(format_args!(
                    "{room} does not let you speak: {}. Nothing was sent.",
                    match silenced {
                        Silenced::Banned => "you are banned or muted there",
                        Silenced::Moderated => "only those with a voice may, for now",
                        Silenced::Registered =>
                            "only those with a voice or an account may, for now",
                        Silenced::NoCtcp => "it takes no questions between programs",
                    }
                )),
                Refusal::TooManyMasks(most) => line(format_args!(
                    "{room} has {} on its lists, which is the limit. Nothing was added.",
                    Count(*most as u64, "mask")
                )),
                Refusal::NoForward(name) => line(format_args!(
                    "There is no room {} to send people to. Nothing was done.",
                    Shown(name.as_str())
                )),
                Refusal::ForwardDenied(name) => line(format_args!(
                    "You must be an operator of {name}, or above, to have people sent there. \
                     Nothing was done."
                )),
                Refusal::RoomTaken(name) => {
                    line(format_args!("There is a room {name} already. Nothing was done."));
                }
                Refusal::LobbyStays => {
                    line(format_args!("{room} keeps its name: everybody comes here first."));
                }
                Refusal::RenamedAlready => line(format_args!(
                    "{room} has had another name until a moment ago. Nothing was done. Please wait."
                )),
                _ => {}
            }
        });
    }
}

/// What a change of modes is to people: a line for each rank given or taken, and one for the rest.
pub(crate) fn changes_in_words(changes: &[Change]) -> String {
    use crate::room::change::Turn;
    let mut lines: Vec<String> = Vec::new();
    let mut others = Vec::new();
    for change in changes {
        let Change::Ranked(rank, name, turn) = change else {
            others.push(change.clone());
            continue;
        };
        lines.push(match (turn, rank.in_words()) {
            (Turn::On, "a voice") => format!("gave {name} a voice"),
            (Turn::Off, "a voice") => format!("took the voice from {name}"),
            (Turn::On, rank) => format!("made {name} {rank}"),
            (Turn::Off, rank) => format!("no longer has {name} as {rank}"),
        });
    }
    if !others.is_empty() {
        lines.push(format!("set mode {}", Written(&others)));
    }
    lines.join("\n")
}
