//! PASS and USER: who a connection is, and that it may.

use service::Key;
use wire::irc::Message;
use wire::text;

use crate::switchboard::Switchboard;

/// `PASS password`
pub(in crate::irc) fn pass(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if let Some(registration) = chat.client_mut(key).and_then(|c| c.registration.as_mut()) {
        registration.password = message.param(0).map(Into::into);
    }
}

/// `USER user 0 * :real name`
pub(in crate::irc) fn user(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let most = chat.settings.limits.real_name_bytes;
    if let Some(registration) = chat.client_mut(key).and_then(|c| c.registration.as_mut()) {
        registration.user = message.param(0).map(Into::into);
        // Modern clients put names of any length here; none has ever been told that it is too long.
        let real_name = text::clean(message.param(3).unwrap_or("")).into_owned();
        registration.real_name = wire::irc::pieces(&real_name, most).next().unwrap_or("").into();
        chat.register(key);
    }
}
