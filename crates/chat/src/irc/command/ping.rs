//! PING and PONG: signs of life, and marks in the stream of replies.

use service::Key;
use wire::irc::Message;

use crate::irc::client::Ping;
use crate::irc::numeric::*;
use crate::switchboard::Switchboard;

/// `PING token`: answered behind everything that was asked for before.
pub(in crate::irc) fn ping(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let token = message.param(0).unwrap_or("");
    chat.reply(key, |to| {
        if token.is_empty() {
            return to.numeric(ERR_NOORIGIN).trailing("No origin specified").end();
        }
        let server = to.scene.server.clone();
        to.server("PONG").param(server).trailing(token).end();
    });
}

/// `PONG token`
pub(in crate::irc) fn pong(chat: &mut Switchboard, key: Key, _message: &Message<'_>) {
    if let Some(client) = chat.client_mut(key) {
        client.ping = Ping::None;
    }
}
