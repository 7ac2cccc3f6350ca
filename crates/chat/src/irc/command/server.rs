//! LUSERS and MOTD: what is told of the server.

use std::sync::Arc;

use service::Key;
use wire::irc::Message;

use crate::irc::numeric::*;
use crate::switchboard::Switchboard;

/// `LUSERS`
pub(in crate::irc) fn lusers(chat: &mut Switchboard, key: Key, _message: &Message<'_>) {
    write_lusers(chat, key);
}

/// `MOTD`
pub(in crate::irc) fn motd(chat: &mut Switchboard, key: Key, _message: &Message<'_>) {
    write_motd(chat, key);
}

/// How many are there.
pub(in crate::irc) fn write_lusers(chat: &mut Switchboard, key: Key) {
    let (members, most) = (chat.state.members(), chat.state.most_members());
    let rooms = chat.state.visible_rooms();
    chat.reply(key, |to| {
        to.numeric(RPL_LUSERCLIENT)
            .trailing(format_args!("There are {members} users and 0 invisible on 1 servers"))
            .end();
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
