//! PRIVMSG, NOTICE and TAGMSG: what people say.

use service::Key;
use wire::irc::Message;
use wire::name::Name;

use crate::event::Event;
use crate::irc::capability::Capability;
use crate::irc::numeric::*;
use crate::room::modes::Rank;
use crate::switchboard::Switchboard;
use crate::words::{Attached, Manner, Words};

/// `PRIVMSG target{,target} :text`
pub(in crate::irc) fn privmsg(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let text = message.param(1).unwrap_or("");
    let (manner, text) = match ctcp(text) {
        Some(text) => match text.strip_prefix("ACTION ") {
            Some(act) => (Manner::Act, act),
            None => (Manner::Ctcp, text),
        },
        None => (Manner::Say, text),
    };
    say(chat, key, message, manner, text);
}

/// `NOTICE target{,target} :text`. An error is answered with nothing (RFC 1459 section 4.4.2).
pub(in crate::irc) fn notice(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let text = message.param(1).unwrap_or("");
    match ctcp(text) {
        Some(text) => say(chat, key, message, Manner::CtcpReply, text),
        None => say(chat, key, message, Manner::Notice, text),
    }
}

/// `TAGMSG target{,target}`
pub(in crate::irc) fn tagmsg(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.has(key, Capability::MessageTags) {
        return chat.refuse_unknown(key, message);
    }
    say(chat, key, message, Manner::Tags, "");
}

/// What stands between the bytes 01 that make a text a question between clients.
fn ctcp(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('\x01')?;
    Some(inside.strip_suffix('\x01').unwrap_or(inside))
}

fn say(chat: &mut Switchboard, key: Key, message: &Message<'_>, manner: Manner, text: &str) {
    let targets = message.param(0).unwrap_or("");
    let is_quiet = matches!(manner, Manner::Notice | Manner::CtcpReply);
    if targets.is_empty() || (text.is_empty() && matches!(manner, Manner::Say | Manner::Notice)) {
        return match is_quiet {
            true => {}
            false if targets.is_empty() => chat.reply(key, |to| {
                let line = to.numeric(ERR_NORECIPIENT);
                line.trailing(format_args!("No recipient given ({})", message.command)).end();
            }),
            false => chat.reply(key, |to| {
                to.numeric(ERR_NOTEXTTOSEND).trailing("No text to send").end();
            }),
        };
    }
    let tags = client_tags(chat, key, message);
    let attached = (!tags.is_empty()).then(|| Attached { tags, ..Attached::default() }.into());
    let words = Words { manner, text: text.into(), attached };
    let most = chat.settings.limits.targets;
    for (count, target) in targets.split(',').filter(|target| !target.is_empty()).enumerate() {
        if count >= most {
            return chat.reply(key, |to| {
                let line = to.numeric(ERR_TOOMANYTARGETS).param(target);
                line.trailing(format_args!("Too many targets: {most} at a time")).end();
            });
        }
        // The line is the price of the first.
        chat.charge(key, u32::from(count > 0));
        say_to(chat, key, target, words.clone());
        if chat.is_closing(key) {
            return;
        }
    }
}

pub(super) fn say_to(chat: &mut Switchboard, key: Key, target: &str, words: Words) {
    let is_quiet = matches!(words.manner, Manner::Notice | Manner::CtcpReply);
    let (least, name) = rank_prefix(target);
    if name.starts_with('#') {
        if least.is_some() {
            // It is looked at who has that rank, and each gets a copy.
            chat.charge(key, chat.settings.limits.heavy_command.saturating_sub(1));
        }
        return match chat.room_named(key, name) {
            Some(room) => chat.say_in(key, room, least, words),
            None if is_quiet => {}
            None => chat.refuse_no_room(key, name),
        };
    }
    match Name::parse(target) {
        Ok(to) if chat.state.find(&to).is_some() => {
            chat.propose(Event::Told { member: key, to, words });
        }
        _ if is_quiet => {}
        _ => chat.refuse_no_person(key, target),
    }
}

/// The signs before a room's name: what is said goes to those of the lowest rank named, and above.
fn rank_prefix(target: &str) -> (Option<Rank>, &str) {
    let name = target.trim_start_matches(|c| Rank::of_sign(c).is_some());
    let signs = &target[..target.len() - name.len()];
    (signs.chars().filter_map(Rank::of_sign).min(), name)
}

/// The client-only tags of a message of `key` as they were written: none, if it has not asked for
/// tags.
pub(super) fn client_tags(chat: &Switchboard, key: Key, message: &Message<'_>) -> Box<str> {
    let mut text = String::new();
    if !chat.has(key, Capability::MessageTags) {
        return text.into();
    }
    for (key, value) in message.tags.client_only() {
        if !text.is_empty() {
            text.push(';');
        }
        text.push_str(key);
        if !value.is_empty() {
            text.push('=');
            text.push_str(value);
        }
    }
    text.into()
}

impl Switchboard {
    /// There is nobody of that name.
    pub(in crate::irc) fn refuse_no_person(&mut self, key: Key, wanted: &str) {
        let wanted = wire::irc::pieces(wanted, 64).next().unwrap_or("*");
        self.reply(key, |to| {
            to.numeric(ERR_NOSUCHNICK).param(wanted).trailing("No such nick/channel").end();
        });
    }
}
