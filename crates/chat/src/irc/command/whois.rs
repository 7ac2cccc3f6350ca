//! WHOIS, WHOWAS, ISON and USERHOST: about people whose names are known.

use std::sync::Arc;

use service::Key;
use wire::irc::{Message, pieces};
use wire::name::Name;

use crate::event::MemberId;
use crate::irc::numeric::*;
use crate::irc::registration::all_signs;
use crate::irc::reply::packed;
use crate::moment::Timestamp;
use crate::person::PersonKind;
use crate::person::modes::UserMode;
use crate::switchboard::Switchboard;

/// `WHOIS [server] nick{,nick}`
pub(in crate::irc) fn whois(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let first = message.param(0).unwrap_or("");
    let nicks = match message.param(1).filter(|nicks| !nicks.is_empty()) {
        Some(nicks) => {
            if !chat.is_server(key, first) {
                return;
            }
            nicks
        }
        None => first,
    };
    if nicks.is_empty() {
        return chat.reply(key, |to| {
            to.numeric(ERR_NONICKNAMEGIVEN).trailing("No nickname given").end();
        });
    }
    let most = chat.settings.limits.targets;
    for (count, wanted) in nicks.split(',').filter(|wanted| !wanted.is_empty()).enumerate() {
        if count >= most {
            chat.reply(key, |to| {
                let line = to.numeric(ERR_TOOMANYTARGETS).param(wanted);
                line.trailing(format_args!("Too many targets: {most} at a time")).end();
            });
            break;
        }
        match Name::parse(wanted).ok().and_then(|name| chat.state.find(&name)) {
            Some(member) => write_whois(chat, key, member),
            None => chat.refuse_no_person(key, wanted),
        }
    }
    chat.reply(key, |to| {
        to.numeric(RPL_ENDOFWHOIS).param(nicks).trailing("End of /WHOIS list.").end();
    });
}

fn write_whois(chat: &mut Switchboard, key: Key, id: MemberId) {
    let Some(member) = chat.state.member(id) else {
        return;
    };
    let (person, modes) = (Arc::clone(&member.person), member.modes);
    let (signed_on, spoke) = (member.signed_on, member.spoke);
    let away = member.away().cloned();
    let idle = (chat.now.unix_ms / 1000).saturating_sub(u64::from(spoke));
    let ip = chat.shown_address(key, id);
    let (name, network) = (person.name, chat.settings.name.clone());
    let rooms = rooms_to_tell(chat, key, id);
    chat.reply(key, |to| {
        let server = to.scene.server.clone();
        let identity = &person.identity;
        let line = to.numeric(RPL_WHOISUSER).param(name).param(&identity.user);
        line.param(&identity.host).param("*").trailing(&identity.real_name).end();
        let all = all_signs(to);
        let rooms = rooms
            .iter()
            .map(|(room, ranks)| ranks.signs(all).chain(room.chars()).collect::<String>());
        let most = to.numeric_text_bytes() - name.as_str().len() - 1;
        for rooms in packed(rooms, ' ', most) {
            to.numeric(RPL_WHOISCHANNELS).param(name).trailing(rooms).end();
        }
        to.numeric(RPL_WHOISSERVER).param(name).param(&server).trailing(&network).end();
        if let Some(text) = &away {
            let line = to.numeric(RPL_AWAY).param(name);
            let fits = pieces(text, line.text_bytes_left()).next().unwrap_or("");
            line.trailing(fits).end();
        }
        if modes.has(UserMode::Operator) {
            to.numeric(RPL_WHOISOPERATOR).param(name).trailing("is an IRC operator").end();
        }
        if person.kind == PersonKind::Bot {
            to.numeric(RPL_WHOISBOT).param(name).trailing("is a bot").end();
        }
        if let Some(ip) = ip {
            let ip = if ip.starts_with(':') { format!("0{ip}") } else { ip };
            let line = to.numeric(RPL_WHOISACTUALLY).param(name);
            let line = line.param(format_args!("{}@{ip}", identity.user)).param(&ip);
            line.trailing("Actual user@host, Actual IP").end();
        }
        let line = to.numeric(RPL_WHOISIDLE).param(name).param(idle).param(signed_on);
        line.trailing("seconds idle, signon time").end();
    });
    chat.write_whois_metadata(key, id);
}

/// The rooms of `id` that `key` may know it to be in, with its ranks there. Where somebody is who
/// does not want to be found is told to those only who are there too.
fn rooms_to_tell(
    chat: &Switchboard,
    key: Key,
    id: MemberId,
) -> Vec<(String, crate::room::modes::Ranks)> {
    let Some(member) = chat.state.member(id) else {
        return Vec::new();
    };
    let is_invisible = member.modes.has(UserMode::Invisible);
    let mut rooms = Vec::new();
    for seat in &member.seats {
        let Some(room) = chat.state.rooms.get(seat.room) else {
            continue;
        };
        let is_told = match is_invisible {
            true => chat.state.is_in(key, seat.room),
            false => chat.state.may_list(key, seat.room),
        };
        if is_told {
            rooms.push((room.name.to_string(), seat.ranks));
        }
    }
    rooms
}

/// `WHOWAS nick [count [server]]`
pub(in crate::irc) fn whowas(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.param(0).unwrap_or("");
    if wanted.is_empty() {
        return chat.reply(key, |to| {
            to.numeric(ERR_NONICKNAMEGIVEN).trailing("No nickname given").end();
        });
    }
    let count = message.param(1).and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    let found: Vec<_> = chat.state.former(wanted, count.unwrap_or(usize::MAX)).cloned().collect();
    // The latest, as many as there is room for.
    let most = chat.settings.limits.mailbox_pause_bytes / 2;
    chat.reply(key, |to| {
        let server = to.scene.server.clone();
        let start = to.out.len();
        if found.is_empty() {
            let line = to.numeric(ERR_WASNOSUCHNICK).param(wanted);
            line.trailing("There was no such nickname").end();
        }
        for was in &found {
            if to.out.len() - start > most {
                break;
            }
            let (name, identity) = (was.person.name, &was.person.identity);
            let line = to.numeric(RPL_WHOWASUSER).param(name).param(&identity.user);
            line.param(&identity.host).param("*").trailing(&identity.real_name).end();
            let until = Timestamp(was.until_unix_ms).text();
            let line = to.numeric(RPL_WHOISSERVER).param(name).param(&server);
            line.trailing(str::from_utf8(&until).unwrap_or("")).end();
        }
        to.numeric(RPL_ENDOFWHOWAS).param(wanted).trailing("End of WHOWAS").end();
    });
}

/// `ISON nick{ nick}`: which of these are there.
pub(in crate::irc) fn ison(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.params().iter().flat_map(|param| param.split(' '));
    let there: Vec<String> = wanted
        .filter_map(|name| chat.state.find(&Name::parse(name).ok()?))
        .filter_map(|member| chat.state.name(member).ok())
        .map(|name| name.to_string())
        .collect();
    write_words(chat, key, RPL_ISON, there);
}

/// How many names USERHOST answers (RFC 2812 section 4.8): those behind are passed over.
const USERHOSTS: usize = 5;

/// `USERHOST nick{ nick}`: `nick[*]=+user@host`, with a minus for those who are away.
pub(in crate::irc) fn userhost(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.params().iter().flat_map(|param| param.split(' ')).take(USERHOSTS);
    let mut found = Vec::new();
    for member in wanted.filter_map(|name| chat.state.find(&Name::parse(name).ok()?)) {
        if let Some(member) = chat.state.member(member) {
            let (name, identity) = (member.person.name, &member.person.identity);
            let star = if member.modes.has(UserMode::Operator) { "*" } else { "" };
            let here = if member.away().is_some() { '-' } else { '+' };
            found.push(format!("{name}{star}={here}{}@{}", identity.user, identity.host));
        }
    }
    write_words(chat, key, RPL_USERHOST, found);
}

/// One line with all `words`, or several if there must be.
fn write_words(chat: &mut Switchboard, key: Key, number: u16, words: Vec<String>) {
    chat.reply(key, |to| {
        let most = to.numeric_text_bytes();
        if words.is_empty() {
            return to.numeric(number).trailing("").end();
        }
        for line in packed(words, ' ', most) {
            to.numeric(number).trailing(line).end();
        }
    });
}
