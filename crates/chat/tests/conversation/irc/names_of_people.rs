//! Which names people may have, where more than ASCII is allowed.

use chat::{Charset, Settings};

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn names_are_ascii_unless_set_otherwise() {
    transcript(
        "
        ada: irc
        ada >> NICK adé
        ada << :Switchboard 432 ada adé :Erroneous nickname: *
        ",
    );
}

#[test]
fn wider_names_are_of_one_script_and_look_like_nobody_elses() {
    transcript_with(
        Settings { names: Charset::Unicode, ..settings() },
        "
        ace: irc
        zoe: irc
        eve: nc
        zoe >> NICK zoë
        zoe << :zoe!~zoe@localhost NICK :zoë
        zoe >> PRIVMSG zoë :me
        zoe << :zoë!~zoe@localhost PRIVMSG zoë :me
        # In Cyrillic letters.
        zoe >> NICK асе
        zoe << :Switchboard 433 zoë асе :Nickname is already in use
        eve >> /nick асе
        eve << \"асе\" looks like \"ace\", who is here; you are still eve.
        # In two scripts at once.
        zoe >> NICK zoе
        zoe << :Switchboard 432 zoë zoе :Erroneous nickname: *
        ace >> QUIT
        ace << ...
        zoe >> NICK асе
        zoe << :zoë!~zoe@localhost NICK :асе
        ",
    );
}
