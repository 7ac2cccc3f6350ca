//! MODE of a person: what it chooses for itself.

use service::Key;
use wire::irc::Message;
use wire::name::Name;

use crate::event::Event;
use crate::irc::numeric::*;
use crate::person::modes::{UserMode, UserModes};
use crate::switchboard::Switchboard;

/// `MODE nick [+modes-modes]`
pub(in crate::irc) fn user_mode(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.param(0).unwrap_or("");
    match Name::parse(wanted).ok().and_then(|name| chat.state.find(&name)) {
        Some(member) if member == key => {}
        Some(_) => {
            return chat.reply(key, |to| {
                let line = to.numeric(ERR_USERSDONTMATCH);
                line.trailing("Cannot see or change the modes of others").end();
            });
        }
        None => return chat.refuse_no_person(key, wanted),
    }
    let Some(change) = message.param(1).filter(|change| !change.is_empty()) else {
        let modes = chat.state.modes(key);
        return chat.reply(key, |to| {
            to.numeric(RPL_UMODEIS).param(format_args!("+{modes}")).end();
        });
    };
    let (mut set, mut clear) = (UserModes::default(), UserModes::default());
    let (mut on, mut is_unknown) = (true, false);
    for letter in change.chars() {
        match (letter, UserMode::of(letter)) {
            ('+' | '-', _) => on = letter == '+',
            // Given by OPER alone: asking for it is not refused, it just has no effect (RFC 2812
            // section 3.1.5).
            (_, Some(UserMode::Operator)) if on => {}
            (_, Some(mode)) => {
                set = set.with(mode, on);
                clear = clear.with(mode, !on);
            }
            (_, None) => is_unknown = true,
        }
    }
    if is_unknown {
        chat.reply(key, |to| to.numeric(ERR_UMODEUNKNOWNFLAG).trailing("Unknown MODE flag").end());
    }
    if !set.is_empty() || !clear.is_empty() {
        chat.propose(Event::Marked { member: key, set, clear });
    }
}
