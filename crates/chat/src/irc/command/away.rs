//! AWAY and SETNAME: what somebody says of itself.

use std::sync::Arc;

use service::Key;
use wire::irc::{Message, pieces};
use wire::text;

use crate::event::Event;
use crate::irc::capability::Capability;
use crate::irc::numeric::*;
use crate::switchboard::Switchboard;

/// `AWAY [:text]`: before registration too, for those who asked for `draft/pre-away`.
pub(in crate::irc) fn away(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let most = chat.settings.limits.away_bytes;
    let text = message.param(0).unwrap_or("");
    let text: Option<Arc<str>> = match text {
        "" => None,
        // Not there, for no reason that anybody was told.
        "*" => Some("Away".into()),
        text => pieces(text, most).next().map(Into::into),
    };
    if chat.state.person(key).is_ok() {
        return chat.propose(Event::Away { member: key, text });
    }
    if !chat.has(key, Capability::PreAway) {
        return chat.reply(key, |to| {
            to.numeric(ERR_NOTREGISTERED).trailing("You have not registered").end();
        });
    }
    let is_away = text.is_some();
    if let Some(registration) = chat.client_mut(key).and_then(|c| c.registration.as_mut()) {
        registration.away = text;
        chat.answer_irc_away(key, is_away);
    }
}

/// `SETNAME :real name`
pub(in crate::irc) fn setname(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let most = chat.settings.limits.real_name_bytes;
    let name = text::clean(message.param(0).unwrap_or("")).into_owned();
    let name = name.trim();
    if name.is_empty() || name.len() > most {
        let why = match name {
            "" => "A real name has something that shows in it.".to_owned(),
            name => format!("That is {} bytes; the limit is {most}.", name.len()),
        };
        return chat.reply(key, |to| {
            to.fail("SETNAME", "INVALID_REALNAME", &[], format_args!("{why} Nothing was changed."));
        });
    }
    chat.propose(Event::Described { member: key, real_name: name.into() });
}
