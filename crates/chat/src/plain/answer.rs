//! What members ask for, and what they are answered.
//!
//! Invariant: an answer says what has happened, and if nothing has, that nothing was sent and what
//! to do; it never shows an address, and nothing of a peer's in it is uncleaned.
//!
//! What changes something shared is proposed as an event, and answered when that has been applied
//! or refused (`answer_…`); the rest is answered at once.

use std::fmt;
use std::sync::Arc;

use service::Key;
use wire::name::{Name, RoomName};
use wire::text;

use super::command::{Command, Misuse, TABLE, Verb, first_word};
use super::phrases::{Count, Quoted, Seconds, Shown};
use super::render::{self as plain, Form, Reader};
use crate::dialect::{Dialect, Rendering};
use crate::event::{Applied, Event, MemberId, Refusal, RoomId};
use crate::log::Entry;
use crate::moment::Moment;
use crate::outbox::Place;
use crate::session::Stage;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;
use crate::words::{Manner, Words};

/// How many lines of history are shown to who does not say.
const USUAL_HISTORY_LINES: usize = 20;

impl Switchboard {
    /// Does what `key` asks for.
    pub(crate) fn obey(&mut self, key: Key, command: Command<'_>) {
        match command {
            Command::Say(text) => self.say(key, Manner::Say, text),
            Command::Do(Verb::Me, text) => self.say(key, Manner::Act, text),
            Command::Do(Verb::Nick, name) => self.rename(key, name),
            Command::Do(Verb::Join, room) => self.join(key, room),
            Command::Do(Verb::Part, room) => self.part(key, room),
            Command::DoTo(_, to, text) => self.send(key, to, text),
            Command::Do(Verb::Away, text) => self.go_away(key, text),
            Command::Do(Verb::Who, room) => self.answer_who(key, room),
            Command::Do(Verb::Rooms, _) => self.answer_rooms(key),
            Command::Do(Verb::History, count) => self.answer_history(key, count),
            Command::Do(Verb::Topic, rest) => self.plain_topic(key, rest),
            Command::Do(Verb::Invite, rest) => self.plain_invite(key, rest),
            Command::Do(Verb::Kick, rest) => self.plain_kick(key, rest),
            Command::Do(Verb::Mode, rest) => self.plain_mode(key, rest),
            Command::Do(Verb::Plain, _) => self.answer_plain(key),
            Command::Do(Verb::Help | Verb::Msg, _) => self.answer_help(key),
            Command::Do(Verb::Quit, _) => self.leave(key, "Quit"),
        }
    }

    fn say(&mut self, key: Key, manner: Manner, text: &str) {
        if text::shows_nothing(text) {
            return;
        }
        match self.current(key) {
            Some(room) => {
                self.say_in(key, room, None, Words::plain(manner, text));
            }
            None => self.tell(key, |to| {
                to.line("You are in no room. Nothing was sent. /join #ROOM first.");
            }),
        }
    }

    fn rename(&mut self, key: Key, wanted: &str) {
        let name = match self.settings.name(wanted) {
            Ok(name) => name,
            Err(why) => {
                let (wanted, own) = (Quoted(wanted), self.name_of(key));
                return self.tell(key, |to| {
                    to.line(format_args!("{wanted} will not do: {why}. You are still {own}."));
                });
            }
        };
        let (now, rate) = (self.now.time, self.settings.limits.name_changes);
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let opens = session.names.opens(rate);
        if opens > now {
            let (wait, own) = (Seconds(opens.since(now)), self.name_of(key));
            return self.tell(key, |to| {
                to.line(format_args!(
                    "That is too many names in so short a time. You are still {own}. Try again in \
                     {wait}."
                ));
            });
        }
        session.names.pass(rate, now, 1);
        self.propose(Event::Renamed { member: key, name });
    }

    fn join(&mut self, key: Key, wanted: &str) {
        // A word behind the room is its key.
        let (wanted, word) = match first_word(wanted) {
            (room, word) if !word.contains(char::is_whitespace) => (room, word),
            _ => (wanted, ""),
        };
        match RoomName::chosen(wanted, self.settings.limits.room_name_bytes) {
            Ok(room) => {
                let word = (!word.is_empty()).then(|| word.into());
                self.propose(Event::Joined { member: key, room, key: word });
            }
            Err(why) => self.answer_no_room_name(key, wanted, why),
        }
    }

    fn answer_no_room_name(&mut self, key: Key, wanted: &str, why: impl fmt::Display) {
        let wanted = Quoted(wanted);
        self.tell(key, |to| {
            to.line(format_args!(
                "{wanted} will not do: {why}. Usage: /join #ROOM. /rooms lists them."
            ));
        });
    }

    fn part(&mut self, key: Key, wanted: &str) {
        if let Some(room) = self.room_meant(key, wanted) {
            self.propose(Event::Left { member: key, room, reason: None });
        }
    }

    fn send(&mut self, key: Key, to: &str, text: &str) {
        if text::shows_nothing(text) {
            return;
        }
        let words = Words::plain(Manner::Say, text);
        if to.starts_with('#') {
            if let Some(room) = self.room_meant(key, to) {
                self.say_in(key, room, None, words);
            }
            return;
        }
        match self.name_meant(to) {
            Some(to) if self.state.find(&to) == Some(key) => {
                self.tell(key, |to| to.line("That is you. Nothing was sent."));
            }
            Some(to) => self.propose(Event::Told { member: key, to, words }),
            None => self.answer_nobody(key, to),
        }
    }

    fn go_away(&mut self, key: Key, text: &str) {
        let most = self.settings.limits.away_bytes;
        let is_away = self.state.member(key).is_some_and(|member| member.away().is_some());
        // Alone it says that one is back; who is here already wants to go.
        let text = match text {
            "" if is_away => None,
            "" => Some("Away"),
            text => wire::irc::pieces(text, most).next(),
        };
        self.propose(Event::Away { member: key, text: text.map(Into::into) });
    }

    fn answer_nobody(&mut self, key: Key, name: &str) {
        let name = Quoted(name);
        self.tell(key, |to| {
            to.line(format_args!("There is no {name} here. Nothing was sent. /who lists people."));
        });
    }

    /// From here on without times; said first, also without a welcome.
    fn answer_plain(&mut self, key: Key) {
        if let Some(session) = self.sessions.get_mut(key)
            && let Dialect::Plain(reader) = &mut session.dialect
        {
            reader.form = Form::Script;
        }
    }

    fn answer_help(&mut self, key: Key) {
        self.tell(key, |to| {
            for row in &TABLE {
                to.line(format_args!("  {:<16} {}", row.usage, row.help));
            }
            to.line("What else you type is said in the room; //text says /text.");
        });
    }

    fn answer_who(&mut self, key: Key, wanted: &str) {
        let Some(id) = self.room_meant(key, wanted) else {
            return;
        };
        let Some(room) = self.state.rooms.get(id) else {
            return;
        };
        let mut names: Vec<(Name, &str)> = room
            .members
            .iter()
            .filter_map(|&member| self.state.member(member))
            .map(|member| {
                (member.person.name, if member.away().is_some() { " (away)" } else { "" })
            })
            .collect();
        let (count, most) = (names.len(), self.settings.limits.who_names);
        let by_name = |(one, _): &(Name, &str), (other, _): &(Name, &str)| {
            let lower = |byte: u8| byte.to_ascii_lowercase();
            one.as_str().bytes().map(lower).cmp(other.as_str().bytes().map(lower))
        };
        if count > most {
            // The first `most` in order, without putting all the others in order too.
            names.select_nth_unstable_by(most, by_name);
            names.truncate(most);
        }
        names.sort_unstable_by(by_name);
        let names: Vec<String> = names.iter().map(|(name, away)| format!("{name}{away}")).collect();
        let (names, name) = (names.join(", "), room.name.clone());
        let more = count.saturating_sub(most);
        let count = Count(count as u64, "");
        self.tell(key, |to| match more {
            0 => to.line(format_args!("{name} ({count}): {names}")),
            more => to.line(format_args!(
                "{name} ({count}): {names} and {} more",
                Count(more as u64, "")
            )),
        });
    }

    /// The rooms that `key` may know of, and how many are in each: the largest first.
    pub(crate) fn listed_rooms(&self, key: Key) -> Vec<(usize, &RoomName, RoomId)> {
        let mut rooms: Vec<(usize, &RoomName, RoomId)> = self
            .state
            .rooms
            .iter()
            .filter(|&(id, _)| self.state.may_list(key, id))
            .map(|(id, room)| (room.members.len(), &room.name, id))
            .collect();
        rooms.sort_unstable_by(|(count, name, _), (other_count, other, _)| {
            other_count.cmp(count).then_with(|| name.as_str().cmp(other.as_str()))
        });
        rooms
    }

    fn answer_rooms(&mut self, key: Key) {
        let rooms = self.listed_rooms(key);
        let most = self.settings.limits.listed_rooms;
        let more = rooms.len().saturating_sub(most);
        let lines: Vec<String> = rooms
            .iter()
            .take(most)
            .map(|&(count, name, id)| {
                let own = if self.state.is_in(key, id) { ", you are in it" } else { "" };
                format!("  {name} ({}{own})", Count(count as u64, ""))
            })
            .collect();
        self.tell(key, |to| {
            lines.iter().for_each(|line| to.line(line));
            if more > 0 {
                to.line(format_args!("  and {} more", Count(more as u64, "")));
            }
        });
    }

    fn answer_history(&mut self, key: Key, count: &str) {
        let count = match count.parse() {
            Ok(count @ 1..) => count,
            Err(_) if count.is_empty() => USUAL_HISTORY_LINES,
            Ok(0) | Err(_) => {
                let count = Quoted(count);
                return self.tell(key, |to| {
                    to.line(format_args!("{count} is no number of lines. Usage: /history 50"));
                });
            }
        };
        let Some(room) = self.current(key) else {
            return self.tell(key, |to| to.line("You are in no room. /join #ROOM first."));
        };
        if !self.show_history(key, room, count) {
            self.tell(key, |to| to.line("Nothing is kept of what was said here."));
        }
    }

    /// Shows up to `count` of the last lines of `room`; answers whether there were any.
    fn show_history(&mut self, key: Key, room: RoomId, count: usize) -> bool {
        let limits = &self.settings.limits;
        let entries = self.state.history(room, count.min(limits.history_lines));
        let mut room_left = limits.history_answer_bytes;
        let fits = |entry: &&Entry| {
            let cost = entry.cost();
            let fits = cost <= room_left;
            room_left = room_left.saturating_sub(cost);
            fits
        };
        let fitting = entries.iter().rev().take_while(fits).count();
        let entries = &entries[entries.len() - fitting..];
        let (Some(reader), Some(room)) = (self.asker(key), self.state.rooms.get(room)) else {
            return true;
        };
        if entries.is_empty() {
            return false;
        }
        let scene = Arc::clone(&self.scene);
        let name = room.name.clone();
        let today = Moment::local(self.now.unix_ms, &scene.zone);
        self.tell(key, |to| {
            to.line(format_args!("-- last {} --", Count(entries.len() as u64, "line")));
            let rendering = Rendering { room: &name, scene: &scene };
            for entry in entries {
                plain::render_past(&reader, &rendering, entry, today, to.out);
            }
            to.line("-- now --");
        });
        true
    }

    /// Something that is no command was asked for.
    pub(crate) fn answer_misuse(&mut self, key: Key, misuse: Misuse<'_>) {
        self.tell(key, |to| match misuse {
            Misuse::Unknown(name) => to.line(format_args!(
                "No such command: /{}. Nothing was sent. Try /help.",
                Shown(name)
            )),
            Misuse::Incomplete(row) => {
                to.line(format_args!("Usage: {}. Nothing was sent.", row.usage));
            }
        });
    }
}

/// Answers to what was applied or refused.
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
        let room = match event {
            Event::Joined { room, .. } => room.to_string(),
            Event::Left { room, .. }
            | Event::Said { room, .. }
            | Event::TopicSet { room, .. }
            | Event::ModesSet { room, .. }
            | Event::Removed { room, .. }
            | Event::Invited { room, .. }
            | Event::RoomRenamed { room, .. } => self.room_name(*room),
            _ => String::new(),
        };
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

/// Who and what is meant.
impl Switchboard {
    pub(super) fn reader(&self, key: Key) -> Option<Reader> {
        match self.sessions.get(key)?.dialect {
            Dialect::Undecided | Dialect::Irc(_) | Dialect::Http(_) | Dialect::Web(_) => None,
            Dialect::Plain(reader) => Some(reader),
        }
    }

    /// The same of whoever is answered as such a reader is.
    fn asker(&self, key: Key) -> Option<Reader> {
        self.reader(key).or_else(|| self.web_reader(key))
    }

    fn current(&self, key: Key) -> Option<RoomId> {
        match &self.sessions.get(key)?.dialect {
            Dialect::Plain(reader) => reader.current,
            Dialect::Web(_) => self.web_reader(key)?.current,
            Dialect::Undecided | Dialect::Irc(_) | Dialect::Http(_) => None,
        }
    }

    /// Changes where what `key` types goes.
    pub(super) fn set_current(&mut self, key: Key, room: Option<RoomId>) {
        if let Some(session) = self.sessions.get_mut(key)
            && let Dialect::Plain(reader) = &mut session.dialect
        {
            reader.current = room;
        }
    }

    pub(crate) fn name_of(&self, key: Key) -> String {
        self.state.name(key).map_or("nobody".into(), |name| name.to_string())
    }

    pub(crate) fn room_name(&self, room: RoomId) -> String {
        self.state.rooms.get(room).map_or("that room".into(), |room| room.name.to_string())
    }

    /// The member's name that `wanted` spells, guests' names included.
    fn name_meant(&self, wanted: &str) -> Option<Name> {
        Name::parse(wanted).ok().filter(|name| self.state.find(name).is_some())
    }

    /// The room called `wanted`, or the current one if nothing is; if there is none, says so.
    pub(super) fn room_meant(&mut self, key: Key, wanted: &str) -> Option<RoomId> {
        if wanted.is_empty() {
            let current = self.current(key);
            if current.is_none() {
                self.tell(key, |to| to.line("You are in no room. /join #ROOM first."));
            }
            return current;
        }
        let room = match RoomName::chosen(wanted, RoomName::MAX_BYTES) {
            Ok(name) => self.state.find_room(&name).filter(|&room| self.state.may_see(key, room)),
            Err(why) => {
                self.answer_no_room_name(key, wanted, why);
                return None;
            }
        };
        if room.is_none() {
            let wanted = Shown(wanted);
            self.tell(key, |to| {
                to.line(format_args!(
                    "There is no room {wanted}. Nothing was sent. /rooms lists them."
                ));
            });
        }
        room
    }
}
