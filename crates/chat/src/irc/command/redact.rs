//! REDACT: something that was said is taken back (IRCv3 `draft/message-redaction`).
//!
//! One may take back what one has said on this connection, and half-operators and above what
//! anybody has. It goes from the room's history, and clients that know of it are told; screens keep
//! what they show. What people tell each other alone is not kept, so it cannot be taken back.

use std::sync::Arc;

use service::Key;
use wire::irc::{Message, pieces};

use crate::event::{Applied, Event, Refusal, RoomId};
use crate::irc::capability::Capability;
use crate::irc::render::{self, MessageId};
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;

/// `REDACT #room id [:reason]`
pub(in crate::irc) fn redact(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.has(key, Capability::MessageRedaction) {
        return chat.refuse_unknown(key, message);
    }
    let (target, id) = (message.param(0).unwrap_or(""), message.param(1).unwrap_or(""));
    let room = chat.room_named(key, target).filter(|&room| chat.state.is_in(key, room));
    let Some(room) = room else {
        return refuse_target(chat, key, target);
    };
    let Some(seq) = MessageId::seq(&chat.scene, id) else {
        return refuse_id(chat, key, target, id);
    };
    let most = chat.settings.limits.reason_bytes;
    let reason = message.param(2).and_then(|reason| pieces(reason, most).next());
    let reason: Option<Arc<str>> = reason.map(Into::into);
    chat.propose(Event::Redacted { member: key, room, seq, reason });
}

fn refuse_target(chat: &mut Switchboard, key: Key, target: &str) {
    let target = pieces(target, 64).next().unwrap_or("*");
    chat.reply(key, |to| {
        let text =
            format_args!("You cannot delete messages from {target}: you are in no such room");
        to.refuse("REDACT", "INVALID_TARGET", &[target], text);
    });
}

fn refuse_id(chat: &mut Switchboard, key: Key, target: &str, id: &str) {
    let id = pieces(id, 64).next().unwrap_or("*");
    chat.reply(key, |to| {
        let text = "This message does not exist or is too old";
        to.refuse("REDACT", "UNKNOWN_MSGID", &[target, id], text);
    });
}

impl Switchboard {
    /// `key`, who wanted something taken back, is told what came of it.
    pub(in crate::irc) fn tell_redacted(
        &mut self,
        key: Key,
        ordered: &Ordered,
        room: RoomId,
        seq: u64,
        reason: Option<&str>,
        outcome: &Result<Applied, Refusal>,
    ) {
        let target = self.room_name(room);
        let id = MessageId::new(&self.scene, seq);
        match outcome {
            Ok(_) => {
                let scene = Arc::clone(&self.scene);
                self.echo(key, ordered, |line| render::redact(line, &scene, &target, seq, reason));
            }
            Err(Refusal::NoSuchMessage) => refuse_id(self, key, &target, id.as_str()),
            Err(Refusal::NotYours) => self.reply(key, |to| {
                let text = "You are not authorised to delete this message";
                to.refuse("REDACT", "REDACT_FORBIDDEN", &[&target, id.as_str()], text);
            }),
            Err(_) => refuse_target(self, key, &target),
        }
    }
}
