//! QUIT: goodbye.

use service::Key;
use wire::irc::{Message, pieces};

use crate::switchboard::Switchboard;

/// `QUIT [:reason]`
pub(in crate::irc) fn quit(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let most = chat.settings.limits.reason_bytes;
    let reason = pieces(message.param(0).unwrap_or(""), most).next().unwrap_or("");
    // So that nobody can pretend to have been disconnected.
    let reason = if reason.is_empty() { "Quit".into() } else { format!("Quit: {reason}") };
    chat.leave(key, &reason);
}
