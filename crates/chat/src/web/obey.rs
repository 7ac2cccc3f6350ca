//! A request: understood, weighed, and obeyed.
//!
//! Invariant: a request with a number is answered once with that number: with what it asked for, with
//! an `ack`, or with an `error` that says that it was not done.

use std::sync::Arc;

use service::Key;
use wire::irc::pieces;
use wire::name::Name;
use wire::text;

use super::client::{Answered, Greeting, Obeying};
use super::message::{Code, Ending, Kind, Message, Placed, TypingState, cleaned};
use super::request::Request;
use super::resume::{Before, Sent};
use crate::event::Event;
use crate::irc::render::MessageId;
use crate::plain::command::{Command, Verb, Weight};
use crate::plain::phrases::{Count, Quoted};
use crate::switchboard::Switchboard;
use crate::switchboard::identity::Kept;
use crate::words::{Attached, Manner, Words};

impl Switchboard {
    /// Takes a line, without its end, from a client.
    pub(crate) fn take_web_line(&mut self, key: Key, line: &[u8]) {
        let (n, request) = match Request::parse(line) {
            Ok(asked) => asked,
            Err(fault) => {
                self.charge(key, 1);
                let room = None;
                let text = fault.text.into();
                let error = Message::Error { n: fault.n, code: fault.code, room, text };
                return self.send_web(key, &error);
            }
        };
        let Some(client) = self.web_mut(key) else {
            return;
        };
        client.obeying = Some(Box::new(Obeying::new(n)));
        let is_member = client.greeting == Greeting::Welcomed;
        let lines = self.web_cost(key, &request);
        self.charge(key, lines);
        match request {
            Request::Hello(hello) => self.greet(key, n, hello),
            _ if !is_member => {
                let text = "Say hello first. Nothing was done.";
                self.refuse_web(key, Code::HelloFirst, text);
            }
            request => self.obey_web(key, n, request),
        }
        self.send_told(key);
        let obeyed = self.web_mut(key).and_then(|client| client.obeying.take());
        if let Some(Obeying { n: Some(n), answered: Answered::No, .. }) = obeyed.as_deref() {
            self.send_web(key, &Message::Ack { n: *n, said: None, duplicate: false });
        }
    }

    /// A line is over its bound.
    pub(crate) fn refuse_long_web_line(&mut self, key: Key) {
        self.stats.lines_too_long += 1;
        self.charge(key, 1);
        let most = Count(self.settings.limits.socket_message_bytes.into(), "byte");
        let text = format!("A request has at most {most}. Nothing was done.");
        self.refuse_web(key, Code::TooLong, &text);
    }

    fn obey_web(&mut self, key: Key, n: Option<u64>, request: Request) {
        match request {
            // Obeyed already.
            Request::Hello(_) => {}
            Request::Say { room: Some(room), to: None, text, kind } => {
                self.say_web(key, n, Target::Room(&room), &text, kind);
            }
            Request::Say { room: None, to: Some(to), text, kind } => {
                self.say_web(key, n, Target::Person(&to), &text, kind);
            }
            Request::Say { .. } => {
                let text = "Something is said in a room, or to somebody. Nothing was sent.";
                self.refuse_web(key, Code::BadRequest, text);
            }
            Request::Command { room, text } => self.obey_web_command(key, room.as_deref(), &text),
            Request::Join(wanted) => self.join_web(key, wanted),
            Request::Leave { room, reason } => {
                if let Some(room) = self.own_web_room(key, &room) {
                    let most = self.settings.limits.reason_bytes;
                    let reason = reason.as_deref().and_then(|reason| pieces(reason, most).next());
                    let reason = reason.filter(|reason| !reason.is_empty());
                    let reason = reason.map(|reason| one_line(reason).into());
                    self.propose(Event::Left { member: key, room, reason });
                }
            }
            Request::Nick { name } => self.rename_web(key, &name),
            Request::History { room, before, after, count } => {
                let span = (before.as_deref(), after.as_deref());
                self.answer_web_history(key, &room, span, count);
            }
            Request::Search { room, text, before } => {
                self.answer_web_search(key, &room, &text, before.as_deref());
            }
            Request::Rooms => self.answer_web_rooms(key),
            Request::Members { room } => self.answer_web_members(key, &room),
            Request::Typing { room, state } => self.type_web(key, &room, state),
            Request::Read { room, id } => self.note_web_read(key, &room, &id),
            // It is answered as all are that have no other answer.
            Request::Ping => {}
        }
    }

    /// How many lines a request costs `key` now.
    fn web_cost(&mut self, key: Key, request: &Request) -> u32 {
        let heavy = self.settings.limits.heavy_command;
        match request {
            Request::Read { .. } | Request::Ping => 0,
            Request::Hello(_)
            | Request::Join(_)
            | Request::Leave { .. }
            | Request::Nick { .. }
            | Request::Typing { .. } => 1,
            Request::Say { text, .. } => {
                let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
                lines.min(self.settings.limits.multiline_lines) as u32
            }
            Request::Command { text, .. } => match Command::parse(text) {
                Ok(command) if command.weight() == Weight::Heavy => heavy,
                _ => 1,
            },
            Request::Search { .. } | Request::Rooms => heavy,
            // As clients of IRC ask for history: when they come back, for many rooms.
            Request::History { .. } | Request::Members { .. } => {
                let (now, rate) = (self.now.time, self.settings.limits.history_budget);
                match self.web_mut(key).map(|client| &mut client.history) {
                    Some(gate) if gate.opens(rate) <= now => {
                        gate.pass(rate, now, 1);
                        0
                    }
                    _ => heavy,
                }
            }
        }
    }

    /// `key` says something: once, however often it asks for it under this number.
    fn say_web(
        &mut self,
        key: Key,
        n: Option<u64>,
        target: Target<'_>,
        text: &str,
        kind: Option<Kind>,
    ) {
        let sent = n.zip(self.web(key).and_then(|client| client.token));
        let sent = sent.map(|(n, token)| Sent { token, n });
        if let Some(sent) = sent {
            let most = self.settings.limits.resumable_says;
            let before = self.common.resumes().before(sent, most);
            let said = match before {
                Before::NotSaid => None,
                Before::Said(stamp) => {
                    Some(Some(Placed { id: MessageId::new(&self.scene, stamp.seq), stamp }))
                }
                Before::Forgotten => Some(None),
            };
            if let Some(said) = said {
                self.answers(key);
                return self.send_web(key, &Message::Ack { n: sent.n, said, duplicate: true });
            }
        }
        let text = match self.sayable(text) {
            Ok(text) => text,
            Err((code, why)) => return self.refuse_web(key, code, &why),
        };
        let manner = kind.unwrap_or(Kind::Say).manner();
        let attached = sent.map(|sent| Attached { sent: Some(sent), ..Attached::default() }.into());
        let words = Words { manner, text: text.into(), attached };
        match target {
            Target::Room(name) => match self.seen_web_room(key, name) {
                Some(room) => self.say_in(key, room, None, words),
                None => self.refuse_no_web_room(key, name),
            },
            Target::Person(name) => {
                let to = Name::parse(name).ok();
                let found = to.and_then(|to| Some((to, self.state.find(&to)?)));
                match found {
                    Some((_, member)) if member == key => {
                        let text = "That is you. Nothing was sent.";
                        self.refuse_web(key, Code::NotAllowed, text);
                    }
                    Some((to, _)) => self.propose(Event::Told { member: key, to, words }),
                    None => {
                        let text = format!("There is no {} here. Nothing was sent.", Quoted(name));
                        self.refuse_web(key, Code::NoSuchPerson, &text);
                    }
                }
            }
        }
    }

    /// `text` as it is said: lines of it, none empty at the end.
    fn sayable(&self, text: &str) -> Result<String, (Code, String)> {
        let limits = &self.settings.limits;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = cleaned(text.trim_end());
        let text = text.trim_end();
        let lines = text.split('\n').count();
        let (most_lines, most_bytes) = (limits.multiline_lines, limits.line_bytes);
        if text.split('\n').all(text::shows_nothing) {
            return Err((Code::Empty, "There is nothing to say in that. Nothing was sent.".into()));
        }
        if lines > most_lines {
            let lines = Count(lines as u64, "line");
            let why = format!("That is {lines}; the limit is {most_lines}. Nothing was sent.");
            return Err((Code::TooLong, why));
        }
        if text.len() > most_bytes {
            let (bytes, most) = (Count(text.len() as u64, "byte"), Count(most_bytes as u64, ""));
            let why = format!("That is {bytes}; the limit is {most}. Nothing was sent.");
            return Err((Code::TooLong, why));
        }
        Ok(text.to_owned())
    }

    /// `key` has typed a command, as people with `nc` do.
    fn obey_web_command(&mut self, key: Key, room: Option<&str>, text: &str) {
        if let Some(room) = room {
            // What people with `nc` may ask of the room that they are talking in is for its members.
            let Some(room) = self.own_web_room(key, room) else {
                return;
            };
            if let Some(obeying) = self.web_mut(key).and_then(|client| client.obeying.as_mut()) {
                obeying.room = Some(room);
            }
        }
        let text = one_line(text);
        let text = text.trim_end();
        let most = self.settings.limits.line_bytes;
        if text.len() > most {
            let (bytes, most) = (Count(text.len() as u64, "byte"), Count(most as u64, ""));
            let why = format!("That is {bytes}; the limit is {most}. Nothing was done.");
            return self.refuse_web(key, Code::TooLong, &why);
        }
        match Command::parse(text) {
            Ok(Command::Say(text)) if text::shows_nothing(text) => {
                let text = "There is nothing to say in that. Nothing was sent.";
                self.refuse_web(key, Code::Empty, text);
            }
            Ok(command) => {
                if let Command::Do(Verb::Quit, _) = command {
                    self.note_ending(key, Ending::Quit);
                }
                self.obey(key, command);
            }
            Err(misuse) => {
                let why = self.in_plain_words(key, |chat| chat.answer_misuse(key, misuse));
                self.refuse_web(key, Code::BadCommand, &why);
            }
        }
    }

    fn rename_web(&mut self, key: Key, wanted: &str) {
        if let Err((kept, why)) = self.take_wanted_name(key, wanted) {
            let code = match kept {
                Kept::Unfit => Code::BadName,
                Kept::TooSoon => Code::TooFast,
            };
            self.refuse_web(key, code, &why);
        }
    }

    /// `key` is writing something, or no longer. Clients of IRC are told by a tag.
    fn type_web(&mut self, key: Key, room: &str, state: TypingState) {
        let Some(room) = self.own_web_room(key, room) else {
            return;
        };
        let tags = format!("+typing={}", state.as_str()).into();
        let attached = Some(Arc::new(Attached { tags, ..Attached::default() }));
        let words = Words { manner: Manner::Tags, text: "".into(), attached };
        self.say_in(key, room, None, words);
    }
}

/// To whom something is said.
#[derive(Clone, Copy, Debug)]
enum Target<'a> {
    Room(&'a str),
    Person(&'a str),
}

/// `text` without line breaks.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}
