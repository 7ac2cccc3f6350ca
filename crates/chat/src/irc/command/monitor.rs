//! MONITOR: names whose bearers' comings and goings a client is told of.

use service::Key;
use wire::irc::Message;
use wire::name::Name;

use crate::irc::numeric::*;
use crate::irc::reply::{Replies, packed};
use crate::switchboard::Switchboard;

/// `MONITOR + name{,name}`, `MONITOR - name{,name}`, `MONITOR C|L|S`
pub(in crate::irc) fn monitor(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let names = message.param(1).unwrap_or("").split(',').filter(|name| !name.is_empty());
    match message.param(0).unwrap_or("") {
        "+" => add(chat, key, names),
        "-" => {
            for name in names.filter_map(|name| Name::parse(name).ok()) {
                chat.watches.remove(key, &name);
            }
        }
        "C" | "c" => chat.watches.clear(key),
        "L" | "l" => {
            let names: Vec<String> = chat.watches.list(key).iter().map(Name::to_string).collect();
            chat.reply(key, |to| {
                write_names(to, RPL_MONLIST, names);
                to.numeric(RPL_ENDOFMONLIST).trailing("End of MONITOR list").end();
            });
        }
        "S" | "s" => {
            let names = chat.watches.list(key).to_vec();
            write_status(chat, key, &names);
        }
        _ => chat.reply(key, |to| {
            let line = to.numeric(ERR_NEEDMOREPARAMS).param("MONITOR");
            line.trailing("Not enough parameters: one of + - C L S").end();
        }),
    }
}

fn add<'a>(chat: &mut Switchboard, key: Key, names: impl Iterator<Item = &'a str>) {
    let most = chat.settings.limits.monitored;
    let (mut added, mut refused) = (Vec::new(), Vec::new());
    // What is no name is nobody's, now and ever: there is nothing to watch.
    for name in names.filter_map(|name| Name::parse(name).ok()) {
        if chat.watches.has(key, &name) {
            added.push(name);
        } else if chat.watches.list(key).len() >= most {
            refused.push(name.to_string());
        } else {
            chat.watches.add(key, name);
            added.push(name);
        }
    }
    write_status(chat, key, &added);
    chat.sync_watched(key, &added);
    if !refused.is_empty() {
        chat.reply(key, |to| {
            const TEXT: &str = "Monitor list is full.";
            let before = to.out.len();
            let most_bytes = to.numeric(ERR_MONLISTFULL).param(most).text_bytes_left();
            to.out.truncate(before);
            for names in packed(refused, ',', most_bytes.saturating_sub(TEXT.len() + 2)) {
                to.numeric(ERR_MONLISTFULL).param(most).param(names).trailing(TEXT).end();
            }
        });
    }
}

/// Which of `names` are there, and which are not.
fn write_status(chat: &mut Switchboard, key: Key, names: &[Name]) {
    let (mut online, mut offline) = (Vec::new(), Vec::new());
    for name in names {
        match chat.state.find(name).and_then(|member| chat.state.person(member).ok()) {
            Some(person) => online.push(person.mask().to_string()),
            None => offline.push(name.to_string()),
        }
    }
    chat.reply(key, |to| {
        write_names(to, RPL_MONONLINE, online);
        write_names(to, RPL_MONOFFLINE, offline);
    });
}

fn write_names(to: &mut Replies<'_>, number: u16, names: Vec<String>) {
    let most = to.numeric_text_bytes();
    for line in packed(names, ',', most) {
        to.numeric(number).trailing(line).end();
    }
}
