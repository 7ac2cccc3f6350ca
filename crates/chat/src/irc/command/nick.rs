//! NICK: the name that others see.

use service::Key;
use wire::irc::Message;
use wire::name::{Name, NotAName};
use wire::text;

use crate::irc::numeric::*;
use crate::switchboard::Switchboard;

/// `NICK name`
pub(in crate::irc) fn nick(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.param(0).unwrap_or("");
    let name = match chat.settings.name(wanted) {
        Ok(name) => name,
        Err(NotAName::Empty) => {
            return chat.reply(key, |to| {
                to.numeric(ERR_NONICKNAMEGIVEN).trailing("No nickname given").end();
            });
        }
        Err(why) => {
            let shown = text::clean(wanted);
            let shown = wire::irc::pieces(&shown, 64).next().unwrap_or("*");
            return chat.reply(key, |to| {
                let line = to.numeric(ERR_ERRONEUSNICKNAME).param(shown);
                line.trailing(format_args!("Erroneous nickname: {why}")).end();
            });
        }
    };
    let own = chat.state.name(key).ok();
    if own.is_some_and(|own| own.as_str() == name.as_str()) {
        return;
    }
    if own.is_some() {
        if chat.take_name(key, name).is_err() {
            chat.reply(key, |to| {
                let line = to.numeric(ERR_NICKTOOFAST).param(name);
                line.trailing("That is too many nicknames in so short a time. Please wait.").end();
            });
        }
        return;
    }
    // A courtesy: what counts is who comes first.
    if chat.state.find(&name).is_some() {
        return chat.refuse_taken_name(key, &name);
    }
    if let Some(registration) = chat.client_mut(key).and_then(|c| c.registration.as_mut()) {
        registration.name = Some(name);
        chat.register(key);
    }
}

impl Switchboard {
    /// Somebody else has that name.
    pub(in crate::irc) fn refuse_taken_name(&mut self, key: Key, name: &Name) {
        self.reply(key, |to| {
            let line = to.numeric(ERR_NICKNAMEINUSE).param(name);
            line.trailing("Nickname is already in use").end();
        });
    }
}
