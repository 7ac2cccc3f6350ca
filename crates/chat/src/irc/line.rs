//! A line of an IRC client: understood, weighed, and obeyed.
//!
//! Invariant: a line is obeyed whole, or refused whole with the reason; nothing in it is cut.

use std::borrow::Cow;
use std::sync::Arc;

use service::Key;
use wire::irc::{Bounds, Message, NotAMessage, check_lengths};
use wire::text;

use super::capability::Capability;
use super::client::Ping;
use super::numeric::*;
use super::table::{Cost, Row, When};
use crate::session::Stage;
use crate::switchboard::Switchboard;

impl Switchboard {
    /// Takes a line, without its end, from a client.
    pub(crate) fn take_irc_line(&mut self, key: Key, line: &[u8]) {
        let now = self.now.time;
        if let Some(client) = self.client_mut(key) {
            (client.heard, client.ping) = (now, Ping::None);
            if let Some(registration) = &mut client.registration {
                registration.lines += 1;
                let lines = registration.lines;
                let most = self.settings.limits.registration_lines;
                if lines > most {
                    let text =
                        format_args!("More than {most} lines without registration").to_string();
                    return self.close_saying(key, text);
                }
            }
        }
        if check_lengths(line, Bounds::CLIENT).is_err() {
            return self.refuse_long_irc_line(key);
        }
        let text = text::decoded(line);
        let message = match Message::parse(&text) {
            Ok(message) => message,
            Err(NotAMessage::Empty) => return,
            Err(_) => return self.refuse_unknown_irc_line(key, &text),
        };
        self.with_label(key, &message, |chat| match text {
            // Who comes or goes is not kept from it by the letters of a name or a last word.
            Cow::Owned(_) if chat.is_registered(key) && !is_quit(&message) => {
                chat.refuse_not_utf8(key, &message);
            }
            _ => chat.obey_irc(key, &message),
        });
    }

    /// Lets `obey` do what `message` wants; if that has a label, what is answered has it, too.
    fn with_label(&mut self, key: Key, message: &Message<'_>, obey: impl FnOnce(&mut Self)) {
        let labels = self.client(key).is_some_and(|client| {
            let has = |capability| client.capabilities.has(capability);
            has(Capability::LabeledResponse) && has(Capability::Batch)
        });
        let label = message.tags.get("label").filter(|label| labels && !label.is_empty());
        match label {
            // A label has at most 64 bytes: one that is longer is none.
            Some(label) if label.len() <= 64 => {
                self.begin_response(key, &label);
                obey(self);
                self.end_response();
            }
            _ => obey(self),
        }
    }

    /// What should be a command has signs in it that no command has.
    fn refuse_unknown_irc_line(&mut self, key: Key, line: &str) {
        self.charge(key, 1);
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let mut word = words.next().unwrap_or("");
        let tags = if word.starts_with('@') { word } else { "" };
        while let Some(next) = words.next().filter(|_| word.starts_with(['@', ':'])) {
            word = next;
        }
        let word = text::clean(word).into_owned();
        let labelled = format!("{tags} X");
        let refuse = |chat: &mut Self| {
            chat.reply(key, |to| {
                to.numeric(ERR_UNKNOWNCOMMAND).param(word).trailing("Unknown command").end();
            });
        };
        match Message::parse(&labelled) {
            Ok(message) => self.with_label(key, &message, refuse),
            Err(_) => refuse(self),
        }
    }

    fn refuse_not_utf8(&mut self, key: Key, message: &Message<'_>) {
        self.charge(key, 1);
        let text = "Only UTF-8 is spoken here. Nothing was done; set your client to UTF-8.";
        let command = Row::of(message.command).map_or("*", |row| row.name);
        self.reply(key, |to| to.fail(command, "INVALID_UTF8", &[], text));
    }

    fn is_registered(&self, key: Key) -> bool {
        self.client(key).is_some_and(|client| client.registration.is_none())
    }

    /// A line is over one of its bounds.
    pub(crate) fn refuse_long_irc_line(&mut self, key: Key) {
        self.stats.lines_too_long += 1;
        self.charge(key, 1);
        self.reply(key, |to| {
            to.numeric(ERR_INPUTTOOLONG).trailing("Input line was too long").end();
        });
    }

    fn obey_irc(&mut self, key: Key, message: &Message<'_>) {
        let is_registered = self.is_registered(key);
        let Some(row) = Row::of(message.command) else {
            self.charge(key, 1);
            let (number, text) = match is_registered {
                true => (ERR_UNKNOWNCOMMAND, "Unknown command"),
                false => (ERR_NOTREGISTERED, "You have not registered"),
            };
            return self.reply(key, |to| {
                let line = to.numeric(number);
                let line = if is_registered { line.param(message.command) } else { line };
                line.trailing(text).end();
            });
        };
        // Who registers may take its time later.
        if is_registered {
            let lines = self.cost(key, row.cost);
            self.charge(key, lines);
        }
        match row.when {
            When::Registered if !is_registered => {
                return self.reply(key, |to| {
                    to.numeric(ERR_NOTREGISTERED).trailing("You have not registered").end();
                });
            }
            When::Operator if !is_registered => {
                return self.reply(key, |to| {
                    to.numeric(ERR_NOTREGISTERED).trailing("You have not registered").end();
                });
            }
            When::Operator if !self.state.is_operator(key) => {
                return self.refuse_no_operator(key);
            }
            When::Unregistered if is_registered => {
                return self.reply(key, |to| {
                    to.numeric(ERR_ALREADYREGISTERED).trailing("You may not reregister").end();
                });
            }
            _ => {}
        }
        let given = message.params();
        if given.len() < row.least || given[..row.least].iter().any(|param| param.is_empty()) {
            return self.reply(key, |to| {
                let line = to.numeric(ERR_NEEDMOREPARAMS).param(row.name);
                line.trailing("Not enough parameters").end();
            });
        }
        if let Some(reference) = message.tags.get("batch")
            && self.sends_multiline(key)
        {
            return self.take_batch_line(key, message, &reference);
        }
        (row.run)(self, key, message);
    }

    /// That is for server operators.
    pub(super) fn refuse_no_operator(&mut self, key: Key) {
        self.reply(key, |to| {
            let text = "Permission Denied- You're not an IRC operator";
            to.numeric(ERR_NOPRIVILEGES).trailing(text).end();
        });
    }

    /// How many lines a command costs `key` now.
    fn cost(&mut self, key: Key, cost: Cost) -> u32 {
        let heavy = match cost {
            Cost::Free => return 0,
            Cost::Line => return 1,
            Cost::Heavy | Cost::Who | Cost::History => self.settings.limits.heavy_command,
        };
        let (now, settings) = (self.now.time, Arc::clone(&self.settings));
        let limits = &settings.limits;
        let Some(client) = self.client_mut(key) else {
            return 0;
        };
        let (gate, budget) = match cost {
            Cost::Free | Cost::Line | Cost::Heavy => return heavy,
            Cost::Who => (&mut client.who, limits.who_budget),
            Cost::History => (&mut client.history, limits.history_budget),
        };
        if gate.opens(budget) > now {
            return heavy;
        }
        gate.pass(budget, now, 1);
        0
    }

    /// Whether `key` still takes part.
    pub(super) fn is_closing(&self, key: Key) -> bool {
        self.sessions.get(key).is_none_or(|session| session.stage == Stage::Closing)
    }
}

fn is_quit(message: &Message<'_>) -> bool {
    message.command.eq_ignore_ascii_case("QUIT")
}
