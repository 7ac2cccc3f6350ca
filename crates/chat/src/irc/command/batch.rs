//! BATCH: a message of several lines (IRCv3 `draft/multiline`).

use service::Key;
use wire::irc::Message;

use super::message::{client_tags, say_to};
use crate::switchboard::Switchboard;

/// `BATCH +reference draft/multiline target`, then its lines, then `BATCH -reference`
pub(in crate::irc) fn batch(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.sends_multiline(key) {
        return chat.refuse_unknown(key, message);
    }
    let reference = message.param(0).unwrap_or("");
    if let Some(reference) = reference.strip_prefix('+') {
        let tags = client_tags(chat, key, message);
        chat.begin_incoming(key, reference, message, &tags);
    } else if let Some(reference) = reference.strip_prefix('-') {
        if let Some((target, words, label)) = chat.end_incoming(key, reference) {
            chat.respond(key, label, |chat| say_to(chat, key, &target, words));
        }
    } else {
        chat.reply(key, |to| {
            let text = "A batch begins with BATCH +REFERENCE and ends with BATCH -REFERENCE";
            to.refuse("BATCH", "INVALID_REFTAG", &["*"], text);
        });
    }
}
