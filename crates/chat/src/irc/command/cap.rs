//! CAP: which extensions a client wants (IRCv3 capability negotiation, version 302).

use service::Key;
use wire::irc::Message;

use crate::irc::capability::Capability;
use crate::irc::numeric::*;
use crate::irc::registration::{Hint, Negotiation};
use crate::switchboard::Switchboard;

/// `CAP LS|LIST|REQ|END ...`
pub(in crate::irc) fn cap(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let verb = message.param(0).unwrap_or("").to_ascii_uppercase();
    match verb.as_str() {
        "LS" => {
            let version = message.param(1).and_then(|version| version.parse().ok()).unwrap_or(301);
            hold_registration(chat, key);
            if let Some(client) = chat.client_mut(key) {
                client.cap_version = client.cap_version.max(version);
                if version >= 302 {
                    // It comes with the version (cap-notify).
                    client.capabilities.set(Capability::CapNotify, true);
                }
            }
            list(chat, key, "LS", |_| true);
        }
        "LIST" => {
            let own = chat.client(key).map(|client| client.capabilities).unwrap_or_default();
            list(chat, key, "LIST", |capability| own.has(capability));
        }
        "REQ" => {
            hold_registration(chat, key);
            request(chat, key, message.param(1).unwrap_or(""));
        }
        "END" => {
            if let Some(registration) = chat.client_mut(key).and_then(|c| c.registration.as_mut()) {
                registration.negotiation = Negotiation::None;
            }
            chat.register(key);
        }
        _ => chat.reply(key, |to| {
            to.numeric(ERR_INVALIDCAPCMD).param(&verb).trailing("Invalid CAP command").end();
        }),
    }
}

/// Who has begun to negotiate is not registered before it has ended.
fn hold_registration(chat: &mut Switchboard, key: Key) {
    if let Some(registration) = chat.client_mut(key).and_then(|c| c.registration.as_mut()) {
        registration.negotiation = Negotiation::Open;
        registration.hint = Hint::Unneeded;
    }
}

/// Lists capabilities, in as many lines as it takes; all but the last are marked, for those who
/// know version 302. Values are for these, too.
fn list(chat: &mut Switchboard, key: Key, verb: &str, wanted: impl Fn(Capability) -> bool) {
    let modern = chat.client(key).is_some_and(|client| client.cap_version >= 302);
    let mut words: Vec<String> = Vec::new();
    for (name, value, capability) in Capability::ALL.iter().copied() {
        if wanted(capability) {
            let own = capability.value(&chat.settings.limits);
            words.push(match own.as_deref().unwrap_or(value) {
                value if modern && verb == "LS" && !value.is_empty() => format!("{name}={value}"),
                _ => name.to_owned(),
            });
        }
    }
    let text = words.join(" ");
    chat.reply(key, |to| {
        let me = to.me;
        let before = to.out.len();
        let most = to.server("CAP").param(me).param(verb).param("*").text_bytes_left();
        to.out.truncate(before);
        let mut lines = wire::irc::pieces(&text, most).peekable();
        if lines.peek().is_none() {
            return to.server("CAP").param(me).param(verb).trailing("").end();
        }
        while let Some(line) = lines.next() {
            let begun = to.server("CAP").param(me).param(verb);
            let more = lines.peek().is_some() && modern;
            let begun = if more { begun.param("*") } else { begun };
            begun.trailing(line.trim_end()).end();
        }
    });
}

/// Gives or takes what is asked for, all of it or nothing.
fn request(chat: &mut Switchboard, key: Key, wanted: &str) {
    let Some(before) = chat.client(key).map(|client| (client.capabilities, client.cap_version))
    else {
        return;
    };
    let (mut capabilities, version) = before;
    let all_known = wanted.split_ascii_whitespace().all(|word| {
        let (name, on) = word.strip_prefix('-').map_or((word, true), |name| (name, false));
        let Some(capability) = Capability::of(name) else {
            return false;
        };
        // Who knows version 302 cannot be without cap-notify.
        if capability == Capability::CapNotify && !on && version >= 302 {
            return false;
        }
        capabilities.set(capability, on);
        true
    });
    let verb = if all_known { "ACK" } else { "NAK" };
    if all_known && capabilities.class() != before.0.class() {
        chat.keep_the_look_of_what_waits(key);
    }
    chat.reply(key, |to| {
        let me = to.me;
        to.server("CAP").param(me).param(verb).trailing(wanted).end();
    });
    if all_known && let Some(client) = chat.client_mut(key) {
        client.capabilities = capabilities;
    }
}
