//! LUSERS, MOTD, VERSION and the like: what is told of the server.

use std::sync::Arc;

use service::Key;
use wire::irc::{Message, pieces};
use wire::mask;
use wire::name::Name;

use crate::irc::numeric::*;
use crate::irc::registration::{VERSION, write_isupport};
use crate::moment::Timestamp;
use crate::switchboard::Switchboard;

/// `LUSERS [mask [server]]`
pub(in crate::irc) fn lusers(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if chat.is_server(key, message.param(1).unwrap_or("")) {
        write_lusers(chat, key);
    }
}

/// `MOTD [server]`
pub(in crate::irc) fn motd(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if chat.is_server(key, message.param(0).unwrap_or("")) {
        write_motd(chat, key);
    }
}

/// `VERSION [server]`
pub(in crate::irc) fn version(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.is_server(key, message.param(0).unwrap_or("")) {
        return;
    }
    let name = chat.settings.name.clone();
    chat.reply(key, |to| {
        let server = to.scene.server.clone();
        to.numeric(RPL_VERSION).param(VERSION).param(server).trailing(name).end();
    });
    write_isupport(chat, key);
}

/// `ISUPPORT`: before registration too, for those who asked for `draft/extended-isupport`.
pub(in crate::irc) fn isupport(chat: &mut Switchboard, key: Key, _message: &Message<'_>) {
    use crate::irc::capability::Capability;
    if chat.state.person(key).is_err() && !chat.has(key, Capability::ExtendedIsupport) {
        return chat.reply(key, |to| {
            to.numeric(ERR_NOTREGISTERED).trailing("You have not registered").end();
        });
    }
    write_isupport(chat, key);
}

/// `TIME [server]`
pub(in crate::irc) fn time(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.is_server(key, message.param(0).unwrap_or("")) {
        return;
    }
    let now = Timestamp(chat.now.unix_ms).text();
    chat.reply(key, |to| {
        let server = to.scene.server.clone();
        let now = str::from_utf8(&now).unwrap_or("");
        to.numeric(RPL_TIME).param(server).trailing(now).end();
    });
}

/// `INFO [server]`
pub(in crate::irc) fn info(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.is_server(key, message.param(0).unwrap_or("")) {
        return;
    }
    let name = chat.settings.name.clone();
    chat.reply(key, |to| {
        for line in [
            format!("{name} runs {VERSION}."),
            "One chat for everybody: nc, telnet and IRC clients meet in the same rooms.".into(),
            "HELP lists what may be asked for.".into(),
        ] {
            to.numeric(RPL_INFO).trailing(line).end();
        }
        to.numeric(RPL_ENDOFINFO).trailing("End of /INFO list.").end();
    });
}

/// `LINKS [[server] mask]`: there is one server, whatever machines it runs on.
pub(in crate::irc) fn links(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let (server, wanted) = match (message.param(0), message.param(1)) {
        (Some(server), Some(wanted)) => (server, wanted),
        (Some(wanted), None) => ("", wanted),
        _ => ("", "*"),
    };
    if !chat.is_server(key, server) {
        return;
    }
    let name = chat.settings.name.clone();
    chat.reply(key, |to| {
        let server = to.scene.server.clone();
        if mask::matches(wanted, &server) {
            let line = to.numeric(RPL_LINKS).param(&server).param(&server);
            line.trailing(format_args!("0 {name}")).end();
        }
        to.numeric(RPL_ENDOFLINKS).param(wanted).trailing("End of /LINKS list.").end();
    });
}

/// `ADMIN [server]`
pub(in crate::irc) fn admin(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.is_server(key, message.param(0).unwrap_or("")) {
        return;
    }
    let settings = Arc::clone(&chat.settings);
    chat.reply(key, |to| {
        let server = to.scene.server.clone();
        if settings.contact.is_empty() {
            let line = to.numeric(ERR_NOADMININFO).param(server);
            return line.trailing("No administrative info available").end();
        }
        to.numeric(RPL_ADMINME).param(&server).trailing("Administrative info").end();
        to.numeric(RPL_ADMINLOC1).trailing(&settings.name).end();
        to.numeric(RPL_ADMINLOC2).trailing(format_args!("Runs {VERSION}")).end();
        let most = to.numeric_text_bytes();
        for piece in pieces(&settings.contact, most) {
            to.numeric(RPL_ADMINEMAIL).trailing(piece).end();
        }
    });
}

/// `STATS letter [server]`: `u` tells how long the server has been up; others tell nothing.
pub(in crate::irc) fn stats(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.is_server(key, message.param(1).unwrap_or("")) {
        return;
    }
    let letter = message.param(0).and_then(|letters| letters.chars().next()).unwrap_or('*');
    let started = chat.started_unix_ms.unwrap_or(chat.now.unix_ms);
    let up = chat.now.unix_ms.saturating_sub(started) / 1000;
    if matches!(letter.to_ascii_lowercase(), 'k' | 'd' | 'r') {
        // Whom the server keeps out is for operators to know.
        if !chat.state.is_operator(key) {
            return chat.refuse_no_operator(key);
        }
        chat.write_bans(key, letter);
    }
    chat.reply(key, |to| {
        if letter == 'u' {
            let (days, hours) = (up / 86_400, up / 3600 % 24);
            let (minutes, seconds) = (up / 60 % 60, up % 60);
            to.numeric(RPL_STATSUPTIME)
                .trailing(format_args!("Server Up {days} days {hours}:{minutes:02}:{seconds:02}"))
                .end();
        }
        to.numeric(RPL_ENDOFSTATS).param(letter).trailing("End of /STATS report").end();
    });
}

impl Switchboard {
    /// Whether `wanted` is this server: nothing, its name, a mask of it, or somebody who is here;
    /// else says so. There are no others.
    pub(in crate::irc) fn is_server(&mut self, key: Key, wanted: &str) -> bool {
        let is_here = wanted.is_empty()
            || mask::matches(wanted, &self.scene.server)
            || Name::parse(wanted).is_ok_and(|name| self.state.find(&name).is_some());
        if !is_here {
            let wanted = pieces(wanted, 64).next().unwrap_or("*");
            self.reply(key, |to| {
                to.numeric(ERR_NOSUCHSERVER).param(wanted).trailing("No such server").end();
            });
        }
        is_here
    }
}

/// How many are there.
pub(in crate::irc) fn write_lusers(chat: &mut Switchboard, key: Key) {
    let (members, most) = (chat.state.members(), chat.state.most_members());
    let (rooms, counts) = (chat.state.visible_rooms(), chat.state.counts());
    let unknown = chat.unregistered();
    let (visible, invisible) = (members - counts.invisible, counts.invisible);
    chat.reply(key, |to| {
        to.numeric(RPL_LUSERCLIENT)
            .trailing(format_args!(
                "There are {visible} users and {invisible} invisible on 1 servers"
            ))
            .end();
        // What there is none of is not told (RFC 2812 section 5.1).
        for (number, count, what) in [
            (RPL_LUSEROP, counts.operators, "operator(s) online"),
            (RPL_LUSERUNKNOWN, unknown, "unknown connection(s)"),
        ] {
            if count > 0 {
                to.numeric(number).param(count).trailing(what).end();
            }
        }
        to.numeric(RPL_LUSERCHANNELS).param(rooms).trailing("channels formed").end();
        to.numeric(RPL_LUSERME)
            .trailing(format_args!("I have {members} clients and 0 servers"))
            .end();
        for (number, which) in [(RPL_LOCALUSERS, "local"), (RPL_GLOBALUSERS, "global")] {
            let line = to.numeric(number).param(members).param(most);
            line.trailing(format_args!("Current {which} users {members}, max {most}")).end();
        }
    });
}

/// The message of the day.
pub(in crate::irc) fn write_motd(chat: &mut Switchboard, key: Key) {
    let settings = Arc::clone(&chat.settings);
    chat.reply(key, |to| {
        if settings.motd.is_empty() {
            return to.numeric(ERR_NOMOTD).trailing("MOTD File is missing").end();
        }
        let server = to.scene.server.clone();
        let start = format_args!("- {server} Message of the day - ").to_string();
        to.numeric(RPL_MOTDSTART).trailing(start).end();
        for line in &settings.motd {
            // A long line is several: nothing is cut off.
            let most = to.numeric_text_bytes() - "- ".len();
            if line.is_empty() {
                to.numeric(RPL_MOTD).trailing("- ").end();
            }
            for piece in wire::irc::pieces(line, most) {
                to.numeric(RPL_MOTD).trailing(format_args!("- {piece}")).end();
            }
        }
        to.numeric(RPL_ENDOFMOTD).trailing("End of /MOTD command.").end();
    });
}
