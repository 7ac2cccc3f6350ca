//! A line of an IRC client: understood, weighed, and obeyed.
//!
//! Invariant: a line is obeyed whole, or refused whole with the reason; nothing in it is cut.

use service::Key;
use wire::irc::{Bounds, Message, NotAMessage, check_lengths};
use wire::text;

use super::capability::Capability;
use super::numeric::*;
use super::table::{Cost, Row, When};
use crate::session::Stage;
use crate::switchboard::Switchboard;

impl Switchboard {
    /// Takes a line, without its end, from a client.
    pub(crate) fn take_irc_line(&mut self, key: Key, line: &[u8]) {
        let now = self.now.time;
        if let Some(client) = self.client_mut(key) {
            client.heard = now;
        }
        if check_lengths(line, Bounds::CLIENT).is_err() {
            return self.refuse_long_irc_line(key);
        }
        let Ok(line) = str::from_utf8(line) else {
            self.charge(key, 1);
            let text = "Only UTF-8 is spoken here. Nothing was done; set your client to UTF-8.";
            return self.reply(key, |to| to.fail("*", "INVALID_UTF8", &[], text));
        };
        let message = match Message::parse(line) {
            Ok(message) => message,
            Err(NotAMessage::Empty) => return,
            Err(_) => {
                self.charge(key, 1);
                let word = text::clean(line.split(' ').next().unwrap_or("")).into_owned();
                return self.reply(key, |to| {
                    to.numeric(ERR_UNKNOWNCOMMAND).param(word).trailing("Unknown command").end();
                });
            }
        };
        let labels = self.client(key).is_some_and(|client| {
            let has = |capability| client.capabilities.has(capability);
            has(Capability::LabeledResponse) && has(Capability::Batch)
        });
        let label = message.tags.get("label").filter(|label| labels && !label.is_empty());
        match label {
            // A label has at most 64 bytes: one that is longer is none.
            Some(label) if label.len() <= 64 => {
                self.begin_response(key, &label);
                self.obey_irc(key, &message);
                self.end_response();
            }
            _ => self.obey_irc(key, &message),
        }
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
        let is_registered = self.client(key).is_some_and(|client| client.registration.is_none());
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
        self.charge(
            key,
            match row.cost {
                // Who registers may take its time later.
                _ if !is_registered => 0,
                Cost::Free => 0,
                Cost::Line => 1,
                Cost::Heavy => self.settings.limits.heavy_command,
            },
        );
        match row.when {
            When::Registered if !is_registered => {
                return self.reply(key, |to| {
                    to.numeric(ERR_NOTREGISTERED).trailing("You have not registered").end();
                });
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
        (row.run)(self, key, message);
    }

    /// Whether `key` still takes part.
    pub(super) fn is_closing(&self, key: Key) -> bool {
        self.sessions.get(key).is_none_or(|session| session.stage == Stage::Closing)
    }
}
