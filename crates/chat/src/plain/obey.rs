//! What members ask for, obeyed.
//!
//! Invariant: what changes something shared is proposed as an event, and is answered when that has
//! been applied or refused, in [`answer`](super::answer); the rest is answered at once. Whoever is not
//! obeyed is told that nothing was sent, and what to do.

use std::fmt;

use service::Key;
use wire::name::RoomName;
use wire::text;

use super::command::{Command, Misuse, TABLE, Verb, first_word};
use super::phrases::{Quoted, Shown};
use super::render::Form;
use crate::dialect::Dialect;
use crate::event::Event;
use crate::switchboard::Switchboard;
use crate::words::{Manner, Words};

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
        if let Err((_, why)) = self.take_wanted_name(key, wanted) {
            self.tell(key, |to| to.line(why));
        }
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

    pub(super) fn answer_no_room_name(&mut self, key: Key, wanted: &str, why: impl fmt::Display) {
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
