//! Messages of several lines that a client is sending: `BATCH` from client to server (IRCv3
//! `draft/multiline`, client-initiated batches).
//!
//! Invariant: what was collected is said whole and once, when the client has ended its batch, or not
//! at all, with the reason told once. A client has one such batch open at a time, of bounded size.

use service::{Key, Time};
use wire::irc::Message;

use super::capability::Capability;
use crate::limits::Limits;
use crate::switchboard::Switchboard;
use crate::words::{Attached, Manner, Words};

/// A batch that a client has begun and not ended.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// What the client calls it.
    reference: Box<str>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Collecting(Collected),
    /// It has been refused: what else comes of it is passed over.
    Refused,
}

/// What has come so far.
#[derive(Debug)]
pub(super) struct Collected {
    target: Box<str>,
    tags: Box<str>,
    /// That of the command that began it, if it had one.
    label: Option<Box<str>>,
    /// PRIVMSG or NOTICE, once a line has come.
    manner: Option<Manner>,
    text: String,
    joints: Vec<u32>,
    lines: usize,
    opened: Time,
}

/// Why a batch is refused: the code of its `FAIL BATCH`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    Timeout(Box<str>),
    MaxBytes(usize),
    MaxLines(usize),
    /// The target of the batch, and the other one.
    Target(Box<str>, Box<str>),
    Invalid(&'static str),
}

/// The most bytes of a reference.
const REFERENCE_BYTES: usize = 64;

/// A batch is ended with these, for those who speak it.
impl Switchboard {
    /// Whether `key` may send batches at all.
    pub(super) fn sends_multiline(&self, key: Key) -> bool {
        self.client(key).is_some_and(|client| client.class().has(Capability::Multiline))
    }

    /// `BATCH +reference draft/multiline target`
    pub(super) fn begin_incoming(
        &mut self,
        key: Key,
        reference: &str,
        message: &Message<'_>,
        tags: &str,
    ) {
        let unfinished = self.client_mut(key).and_then(|client| client.incoming.take());
        if let Some(Stage::Collecting(unfinished)) = unfinished.map(|incoming| incoming.stage) {
            self.fail_batch(
                key,
                unfinished.label,
                &Refusal::Invalid("Another batch was begun before its end"),
            );
        }
        let may_be = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if reference.is_empty()
            || reference.len() > REFERENCE_BYTES
            || !reference.bytes().all(may_be)
        {
            let shown = wire::irc::pieces(reference, REFERENCE_BYTES).next().unwrap_or("*");
            return self.reply(key, |to| {
                let text = "A reference has letters, digits and hyphens, and at most 64 of them";
                to.refuse("BATCH", "INVALID_REFTAG", &[shown], text);
            });
        }
        let kind = message.param(1).unwrap_or("");
        let target = message.param(2).unwrap_or("");
        let stage = if kind != "draft/multiline" {
            let kind = wire::irc::pieces(kind, 64).next().unwrap_or("*");
            self.reply(key, |to| {
                to.refuse("BATCH", "UNKNOWN_TYPE", &[reference, kind], "Unknown type of batch");
            });
            Stage::Refused
        } else if target.is_empty() {
            self.fail_batch(key, None, &Refusal::Invalid("A batch needs a target"));
            Stage::Refused
        } else {
            // It is answered when it has ended.
            let label = self.response.take().map(super::reply::Response::into_label);
            Stage::Collecting(Collected {
                target: target.into(),
                tags: tags.into(),
                label,
                manner: None,
                text: String::new(),
                joints: Vec::new(),
                lines: 0,
                opened: self.now.time,
            })
        };
        let incoming = Box::new(Incoming { reference: reference.into(), stage });
        if let Some(client) = self.client_mut(key) {
            client.incoming = Some(incoming);
        }
    }

    /// A message that says it is part of a batch.
    pub(super) fn take_batch_line(&mut self, key: Key, message: &Message<'_>, reference: &str) {
        let (now, limits) = (self.now.time, self.settings.limits.clone());
        let Some(incoming) = self.client_mut(key).and_then(|client| client.incoming.as_mut())
        else {
            return self.fail_batch(key, None, &Refusal::Invalid("There is no such batch"));
        };
        if *incoming.reference != *reference {
            return self.refuse_incoming(key, &Refusal::Invalid("There is no such batch"));
        }
        let taken = match &mut incoming.stage {
            Stage::Refused => return,
            Stage::Collecting(collected) => {
                collected.take(&incoming.reference, message, now, &limits)
            }
        };
        if let Err(refusal) = taken {
            self.refuse_incoming(key, &refusal);
        }
    }

    /// `BATCH -reference`: what was collected, and the label that the answer has.
    pub(super) fn end_incoming(
        &mut self,
        key: Key,
        reference: &str,
    ) -> Option<(Box<str>, Words, Option<Box<str>>)> {
        let (now, limits) = (self.now.time, self.settings.limits.clone());
        let is_open = self
            .client(key)
            .and_then(|client| client.incoming.as_ref())
            .is_some_and(|incoming| *incoming.reference == *reference);
        if !is_open {
            self.refuse_incoming(key, &Refusal::Invalid("There is no such batch"));
            return None;
        }
        let incoming = self.client_mut(key)?.incoming.take()?;
        let Stage::Collecting(collected) = incoming.stage else {
            return None;
        };
        let refusal = if collected.is_late(now, &limits) {
            Refusal::Timeout(incoming.reference)
        } else if collected.text.bytes().all(|byte| byte == b'\n') {
            Refusal::Invalid("There is nothing but blank lines")
        } else {
            let (tags, joints) = (collected.tags, collected.joints.into());
            let attached = Attached { tags, joints, sent: None };
            let words = Words {
                manner: collected.manner.unwrap_or(Manner::Say),
                text: collected.text.into(),
                attached: (attached != Attached::default()).then(|| attached.into()),
            };
            return Some((collected.target, words, collected.label));
        };
        self.fail_batch(key, collected.label, &refusal);
        None
    }

    /// Refuses what is being collected, if anything is.
    fn refuse_incoming(&mut self, key: Key, refusal: &Refusal) {
        let incoming = self.client_mut(key).and_then(|client| client.incoming.as_mut());
        let label =
            match incoming.map(|incoming| std::mem::replace(&mut incoming.stage, Stage::Refused)) {
                Some(Stage::Collecting(collected)) => collected.label,
                Some(Stage::Refused) | None => None,
            };
        self.fail_batch(key, label, refusal);
    }

    fn fail_batch(&mut self, key: Key, label: Option<Box<str>>, refusal: &Refusal) {
        self.respond(key, label, |chat| {
            chat.reply(key, |to| match refusal {
                Refusal::Timeout(reference) => {
                    to.refuse(
                        "BATCH",
                        "TIMEOUT",
                        &[reference],
                        "The batch took too long. Nothing was sent",
                    );
                }
                Refusal::MaxBytes(most) => to.refuse(
                    "BATCH",
                    "MULTILINE_MAX_BYTES",
                    &[&most.to_string()],
                    format_args!("A message has at most {most} bytes. Nothing was sent"),
                ),
                Refusal::MaxLines(most) => to.refuse(
                    "BATCH",
                    "MULTILINE_MAX_LINES",
                    &[&most.to_string()],
                    format_args!("A message has at most {most} lines. Nothing was sent"),
                ),
                Refusal::Target(target, other) => to.refuse(
                    "BATCH",
                    "MULTILINE_INVALID_TARGET",
                    &[target, other],
                    "All lines of a message have its target. Nothing was sent",
                ),
                Refusal::Invalid(why) => {
                    to.refuse(
                        "BATCH",
                        "MULTILINE_INVALID",
                        &[],
                        format_args!("{why}. Nothing was sent"),
                    );
                }
            });
        });
    }
}

impl Collected {
    fn is_late(&self, now: Time, limits: &Limits) -> bool {
        now.since(self.opened) > limits.multiline_time
    }

    /// Adds what `message` says.
    fn take(
        &mut self,
        reference: &str,
        message: &Message<'_>,
        now: Time,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        if self.is_late(now, limits) {
            return Err(Refusal::Timeout(reference.into()));
        }
        let manner = match () {
            () if message.command.eq_ignore_ascii_case("PRIVMSG") => Manner::Say,
            () if message.command.eq_ignore_ascii_case("NOTICE") => Manner::Notice,
            () => return Err(Refusal::Invalid("Only PRIVMSG and NOTICE can be part of a message")),
        };
        if *self.manner.get_or_insert(manner) != manner {
            return Err(Refusal::Invalid("A message is all PRIVMSG or all NOTICE"));
        }
        let target = message.param(0).unwrap_or("");
        if !target.eq_ignore_ascii_case(&self.target) {
            return Err(Refusal::Target(self.target.clone(), target.into()));
        }
        let line = message.param(1).unwrap_or("");
        // A question from client to client is one message, and must be seen to be one.
        if line.starts_with('\x01') {
            return Err(Refusal::Invalid("CTCP cannot be part of a message of several lines"));
        }
        let continues = message.tags.get("draft/multiline-concat").is_some() && self.lines > 0;
        if continues && line.is_empty() {
            return Err(Refusal::Invalid("A blank line continues nothing"));
        }
        self.lines += 1;
        if self.lines > limits.multiline_lines {
            return Err(Refusal::MaxLines(limits.multiline_lines));
        }
        if self.lines > 1 && !continues {
            self.text.push('\n');
        } else if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.joints.push(self.text.len() as u32);
        }
        self.text.push_str(line);
        if self.text.len() > limits.multiline_bytes {
            return Err(Refusal::MaxBytes(limits.multiline_bytes));
        }
        Ok(())
    }
}
