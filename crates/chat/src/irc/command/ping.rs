//! PING and PONG: signs of life, and marks in the stream of replies.

use service::Key;
use wire::irc::Message;

use crate::irc::client::Ping;
use crate::irc::numeric::*;
use crate::switchboard::Switchboard;

/// `PING token`: answered behind everything that was asked for before. A token that does not fit the
/// answer is refused: one that came back cut would be another.
pub(in crate::irc) fn ping(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let token = message.param(0).unwrap_or("");
    chat.reply(key, |to| {
        if token.is_empty() {
            return to.numeric(ERR_NOORIGIN).trailing("No origin specified").end();
        }
        let (start, server) = (to.out.len(), to.scene.server.clone());
        let line = to.server("PONG").param(server);
        if token.len() <= line.text_bytes_left() {
            return line.trailing(token).end();
        }
        to.out.truncate(start);
        to.numeric(ERR_INPUTTOOLONG).trailing("Input line was too long").end();
    });
}

/// `PONG token`
pub(in crate::irc) fn pong(_chat: &mut Switchboard, _key: Key, _message: &Message<'_>) {
    // Any line is a sign of life.
}

impl Switchboard {
    /// Nothing has come from `key` for a while.
    pub(crate) fn ask_for_sign_of_life(&mut self, key: Key) {
        if let Some(client) = self.client_mut(key) {
            client.ping = Ping::Sent;
        }
        let server = self.scene.server.clone();
        let place = crate::outbox::Place::after(self.trunk.last_seq());
        self.mail(key, place, |out| {
            wire::irc::Line::new(out).command("PING").trailing(server).end();
        });
    }
}
