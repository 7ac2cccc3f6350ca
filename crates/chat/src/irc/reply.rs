//! How an IRC client is answered.
//!
//! Invariant: everything that one command has in answer is one response. If the command had a
//! label (IRCv3 `labeled-response`) the response has it too: as one message, as a batch, or as an
//! ACK if there is nothing to say.

use std::fmt::Display;

use service::Key;
use wire::irc::{Line, Message};
use wire::name::Name;

use super::capability::{Capabilities, Capability};
use super::client::Client;
use super::numeric::ERR_UNKNOWNCOMMAND;
use crate::dialect::{Dialect, Scene};
use crate::outbox::Place;
use crate::switchboard::Switchboard;

/// What is being answered to one client, collected until the command is done.
#[derive(Debug)]
pub(crate) struct Response {
    pub(super) key: Key,
    mark: Mark,
    pub(super) bytes: Vec<u8>,
}

/// By what the client knows what belongs to a response.
#[derive(Debug)]
enum Mark {
    /// The label that its command had.
    Label(Box<str>),
    /// The batch that was opened for the first piece of it.
    Batch(Box<str>),
}

impl Response {
    /// It will be given later.
    pub(crate) fn into_label(self) -> Box<str> {
        match self.mark {
            Mark::Label(word) | Mark::Batch(word) => word,
        }
    }
}

/// Writes messages to one client.
#[derive(Debug)]
pub(crate) struct Replies<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) scene: &'a Scene,
    pub(crate) capabilities: Capabilities,
    /// Who is answered: its name, or `*` as long as it has none.
    pub(crate) me: &'a str,
}

impl Replies<'_> {
    /// Begins a reply with this number, addressed to the client.
    pub(crate) fn numeric(&mut self, number: u16) -> Line<'_> {
        Line::new(self.out).source(&self.scene.server).numeric(number).param(self.me)
    }

    /// How many bytes of text a reply without other parameters may have.
    pub(crate) fn numeric_text_bytes(&mut self) -> usize {
        let before = self.out.len();
        let left = self.numeric(1).text_bytes_left();
        self.out.truncate(before);
        left
    }

    /// Begins a message of the server's own.
    pub(crate) fn server(&mut self, command: &'static str) -> Line<'_> {
        Line::new(self.out).source(&self.scene.server).command(command)
    }

    /// A word from the server to the client, for the person to read.
    pub(crate) fn notice(&mut self, text: impl Display) {
        let me = self.me;
        self.server("NOTICE").param(me).trailing(text).end();
    }

    /// An error of an extension that the client has asked for, and whose specification defines it.
    pub(crate) fn refuse(
        &mut self,
        command: &str,
        code: &str,
        context: &[&str],
        text: impl Display,
    ) {
        let line = self.server("FAIL").param(command).param(code);
        context.iter().fold(line, |line, param| line.param(param)).trailing(text).end();
    }

    /// An error that has no number: `FAIL` (IRCv3 `standard-replies`) with its command, code and
    /// the parameters that it is about, or a notice for those who do not know it.
    pub(crate) fn fail(&mut self, command: &str, code: &str, context: &[&str], text: impl Display) {
        if self.capabilities.has(Capability::StandardReplies) {
            self.refuse(command, code, context, text);
        } else {
            self.notice(format_args!("{command}: {text}"));
        }
    }
}

impl Switchboard {
    /// What `key` has as an IRC client.
    pub(crate) fn client(&self, key: Key) -> Option<&Client> {
        match &self.sessions.get(key)?.dialect {
            Dialect::Irc(client) => Some(client),
            Dialect::Undecided | Dialect::Plain(_) | Dialect::Http(_) | Dialect::Web(_) => None,
        }
    }

    /// The same, to change.
    pub(crate) fn client_mut(&mut self, key: Key) -> Option<&mut Client> {
        match &mut self.sessions.get_mut(key)?.dialect {
            Dialect::Irc(client) => Some(client),
            Dialect::Undecided | Dialect::Plain(_) | Dialect::Http(_) | Dialect::Web(_) => None,
        }
    }

    /// Lets `write` answer `key`, after all that has happened so far.
    pub(crate) fn reply(&mut self, key: Key, write: impl FnOnce(&mut Replies<'_>)) {
        let place = Place::after(self.trunk.last_seq());
        self.reply_at(key, place, write);
    }

    /// Lets `write` tell `key` something at `place`: in answer to its command, if it is its own
    /// that is being obeyed.
    pub(crate) fn reply_at(
        &mut self,
        key: Key,
        place: Place,
        write: impl FnOnce(&mut Replies<'_>),
    ) {
        let Some((capabilities, name)) = self.addressee(key) else {
            return;
        };
        let scene = std::sync::Arc::clone(&self.scene);
        let me = name.as_ref().map_or("*", |name| name.as_str());
        let writes =
            |out: &mut Vec<u8>| write(&mut Replies { out, scene: &scene, capabilities, me });
        match &mut self.response {
            Some(response) if response.key == key => writes(&mut response.bytes),
            _ => self.mail(key, place, writes),
        }
    }

    /// Lets `write` write to `out` as to `key`, looking at whatever is there; `None` if that is no
    /// IRC client.
    pub(super) fn with_replies<T>(
        &self,
        key: Key,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Replies<'_>) -> T,
    ) -> Option<T> {
        let (capabilities, name) = self.addressee(key)?;
        let me = name.as_ref().map_or("*", |name| name.as_str());
        Some(write(&mut Replies { out, scene: &self.scene, capabilities, me }))
    }

    /// What `key` has asked for as an IRC client, and its name if it has one.
    fn addressee(&self, key: Key) -> Option<(Capabilities, Option<Name>)> {
        let client = self.client(key)?;
        let name = self.state.name(key).ok().or_else(|| client.registration.as_ref()?.name);
        Some((client.capabilities, name))
    }

    /// What follows for `key` is in answer to a command with this label.
    pub(crate) fn begin_response(&mut self, key: Key, label: &str) {
        debug_assert!(self.response.is_none());
        self.response = Some(Response { key, mark: Mark::Label(label.into()), bytes: Vec::new() });
    }

    /// What follows for `key` belongs to the batch of an answer that has begun.
    pub(super) fn resume_response(&mut self, key: Key, batch: &str) {
        debug_assert!(self.response.is_none());
        self.response = Some(Response { key, mark: Mark::Batch(batch.into()), bytes: Vec::new() });
    }

    /// The command is done, or a piece of its answer: what it has in response goes out, if it had a
    /// label.
    pub(crate) fn end_response(&mut self) {
        let Some(Response { key, mark, bytes }) = self.response.take() else {
            return;
        };
        let pending = self.client(key).and_then(|client| client.pending.as_ref());
        let goes_on = pending.is_some_and(|pending| !pending.is_written());
        let is_one = is_one_batch(&bytes) || memchr::memchr_iter(b'\n', &bytes).count() <= 1;
        if let (Mark::Label(label), true, false) = (&mark, is_one, goes_on) {
            return self.reply(key, |to| match bytes.is_empty() {
                true => {
                    let server = &to.scene.server;
                    Line::new(to.out).tag("label", label).source(server).command("ACK").end();
                }
                false => with_tag(&bytes, "label", label, to.out),
            });
        }
        let (label, name) = match mark {
            Mark::Label(label) => (Some(label), self.next_batch()),
            Mark::Batch(name) => (None, name.into()),
        };
        self.reply(key, |to| {
            if let Some(label) = &label {
                let line = Line::new(to.out).tag("label", label).source(&to.scene.server);
                let line = line.command("BATCH").param(format_args!("+{name}"));
                line.param("labeled-response").end();
            }
            in_batch(&bytes, &name, to.out);
            if !goes_on {
                to.server("BATCH").param(format_args!("-{name}")).end();
            }
        });
        if let Some(client) = self.client_mut(key)
            && let Some(pending) = &mut client.pending
        {
            match goes_on {
                true => pending.batch = Some(name.into()),
                false => client.pending = None,
            }
        }
    }

    /// What `write` writes is one batch of this type, for those who know batches.
    pub(super) fn reply_batch(
        &mut self,
        key: Key,
        kind: &str,
        about: Option<&str>,
        write: impl FnOnce(&mut Replies<'_>),
    ) {
        let name = self.has(key, Capability::Batch).then(|| self.next_batch());
        self.reply(key, |to| {
            let Some(name) = name else {
                return write(to);
            };
            let line = to.server("BATCH").param(format_args!("+{name}")).param(kind);
            about.into_iter().fold(line, |line, about| line.param(about)).end();
            let mut bytes = Vec::new();
            write(&mut Replies { out: &mut bytes, ..*to });
            in_batch(&bytes, &name, to.out);
            to.server("BATCH").param(format_args!("-{name}")).end();
        });
    }

    /// What `what` answers to `key` is one response with this label, if there is one; else it is
    /// part of whatever is being answered.
    pub(super) fn respond(
        &mut self,
        key: Key,
        label: Option<Box<str>>,
        what: impl FnOnce(&mut Self),
    ) {
        let Some(label) = label else {
            return what(self);
        };
        let other = self.response.take();
        self.begin_response(key, &label);
        what(self);
        self.end_response();
        self.response = other;
    }

    /// Whether `key` is an IRC client that has asked for `capability`.
    pub(crate) fn has(&self, key: Key, capability: Capability) -> bool {
        self.client(key).is_some_and(|client| client.capabilities.has(capability))
    }

    /// There is no such command, or none for those who have not asked for its extension.
    pub(super) fn refuse_unknown(&mut self, key: Key, message: &Message<'_>) {
        self.reply(key, |to| {
            let line = to.numeric(ERR_UNKNOWNCOMMAND).param(message.command);
            line.trailing("Unknown command").end();
        });
    }

    /// A name for a batch that no other batch has.
    pub(crate) fn next_batch(&mut self) -> String {
        self.batches += 1;
        format!("b{:x}", self.batches)
    }
}

/// Whether the messages in `bytes` are one batch, which can have a label itself.
fn is_one_batch(bytes: &[u8]) -> bool {
    let mut open = None;
    let mut messages = bytes.split_inclusive(|&byte| byte == b'\n').peekable();
    while let Some(line) = messages.next() {
        let message =
            str::from_utf8(line).ok().and_then(|line| Message::parse(line.trim_end()).ok());
        let reference = message.filter(|m| m.command == "BATCH").and_then(|m| m.param(0));
        match (open, reference.and_then(|reference| reference.split_at_checked(1))) {
            (None, Some(("+", name))) => open = Some(name),
            (None, _) => return false,
            (Some(outer), Some(("-", name))) if outer == name => return messages.peek().is_none(),
            (Some(_), _) => {}
        }
    }
    false
}

/// Appends `messages`, as part of the batch called `name`. Those that are in a batch of their own
/// stay in that; what begins and ends it is part of this one.
fn in_batch(messages: &[u8], name: &str, out: &mut Vec<u8>) {
    for message in messages.split_inclusive(|&byte| byte == b'\n') {
        with_tag(message, "batch", name, out);
    }
}

/// `words` with `between` between them, in as few lines of at most `most` bytes as there can be.
pub(super) fn packed(
    words: impl IntoIterator<Item = String>,
    between: char,
    most: usize,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + between.len_utf8() + word.len() <= most => {
                line.push(between);
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Appends the message in `line` with one more tag; one that is in a batch already stays as it is.
fn with_tag(line: &[u8], key: &str, value: &str, out: &mut Vec<u8>) {
    let (tags, rest) = match line.strip_prefix(b"@") {
        Some(tagged) => match memchr::memchr(b' ', tagged) {
            Some(end) => (Some(&tagged[..end]), &tagged[end + 1..]),
            None => (None, line),
        },
        None => (None, line),
    };
    let in_batch =
        |tags: &[u8]| tags.split(|&byte| byte == b';').any(|tag| tag.starts_with(b"batch="));
    if key == "batch" && tags.is_some_and(in_batch) {
        return out.extend_from_slice(line);
    }
    let from = out.len();
    Line::new(out).tag(key, value).command("X").end();
    out.truncate(out.len() - " X\r\n".len());
    if let Some(tags) = tags {
        out.push(b';');
        out.extend_from_slice(tags);
    }
    debug_assert!(out[from] == b'@');
    out.push(b' ');
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_joins_those_that_are_there() {
        let tagged = |line: &str| {
            let mut out = Vec::new();
            with_tag(line.as_bytes(), "batch", "b1", &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(tagged(":s 001 ada :Hi\r\n"), "@batch=b1 :s 001 ada :Hi\r\n");
        assert_eq!(tagged("@time=x :s 001 ada :Hi\r\n"), "@batch=b1;time=x :s 001 ada :Hi\r\n");
        assert_eq!(tagged("@batch=b0 :s PING :x\r\n"), "@batch=b0 :s PING :x\r\n");
    }
}
