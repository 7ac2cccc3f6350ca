//! HELP and HELPOP: what may be asked for.

use service::Key;
use wire::irc::{Message, pieces};

use crate::irc::numeric::*;
use crate::irc::reply::packed;
use crate::irc::table::{Row, TABLE};
use crate::switchboard::Switchboard;

/// `HELP [command]`
pub(in crate::irc) fn help(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.param(0).unwrap_or("");
    if wanted.is_empty() {
        return write_index(chat, key);
    }
    let Some(row) = Row::of(wanted) else {
        let wanted = pieces(wanted, 64).next().unwrap_or("*");
        return chat.reply(key, |to| {
            let line = to.numeric(ERR_HELPNOTFOUND).param(wanted);
            line.trailing("No help for that: HELP lists what there is").end();
        });
    };
    let (usage, text) = row.help.split_once(": ").unwrap_or((row.name, row.help));
    chat.reply(key, |to| {
        to.numeric(RPL_HELPSTART).param(row.name).trailing(usage).end();
        to.numeric(RPL_HELPTXT).param(row.name).trailing(text).end();
        to.numeric(RPL_ENDOFHELP).param(row.name).trailing("End of help").end();
    });
}

/// The names of all commands.
fn write_index(chat: &mut Switchboard, key: Key) {
    const SUBJECT: &str = "index";
    const LINE_BYTES: usize = 60;
    chat.reply(key, |to| {
        let line = to.numeric(RPL_HELPSTART).param(SUBJECT);
        line.trailing("What may be asked for. HELP COMMAND tells more.").end();
        let names = TABLE.iter().map(|row| row.name.to_owned());
        for names in packed(names, ' ', LINE_BYTES) {
            to.numeric(RPL_HELPTXT).param(SUBJECT).trailing(names).end();
        }
        to.numeric(RPL_ENDOFHELP).param(SUBJECT).trailing("End of help").end();
    });
}
