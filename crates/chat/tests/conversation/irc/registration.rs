use crate::transcript::{settings, transcript, transcript_with};
use chat::Settings;

#[test]
fn a_client_registers_and_comes_to_the_lobby() {
    let motd = vec!["Be kind.".to_owned()];
    transcript_with(
        Settings { irc_lobby: true, motd, ..settings() },
        "
        eve: nc
        ada: connect
        ada >> NICK ada
        ada >> USER ada 0 * :Ada Lovelace
        ada << :Switchboard 001 ada :Welcome to Switchboard, ada!~ada@localhost
        ada << :Switchboard 002 ada :Your host is Switchboard, running switchboard-*
        ada << :Switchboard 003 ada :*
        ada << :Switchboard 004 ada Switchboard switchboard-* * * *
        ada << :Switchboard 005 ada AWAYLEN=390 * :are supported by this server
        ada << :Switchboard 005 ada * :are supported by this server
        ada << :Switchboard 005 ada *WHOX :are supported by this server
        ada << :Switchboard 251 ada :There are 2 users and 0 invisible on 1 servers
        ada << :Switchboard 254 ada 1 :channels formed
        ada << :Switchboard 255 ada :I have 2 clients and 0 servers
        ada << :Switchboard 265 ada 2 2 :Current local users 2, max 2
        ada << :Switchboard 266 ada 2 2 :Current global users 2, max 2
        ada << :Switchboard 375 ada :- Switchboard Message of the day -
        ada << :Switchboard 372 ada :- Be kind.
        ada << :Switchboard 376 ada :End of /MOTD command.
        ada << :ada!~ada@localhost JOIN #lobby
        ada << :Switchboard 353 ada = #lobby :eve ada
        ada << :Switchboard 366 ada #lobby :End of /NAMES list
        eve << [14:02] * ada has joined
        ",
    );
}

#[test]
fn capabilities_hold_registration_up() {
    transcript(
        "
        ada: connect
        ada >> CAP LS 302
        ada << :Switchboard CAP * LS * :*server-time*
        ada << ...
        ada >> NICK ada
        ada >> USER ada 0 * :Ada
        ada >> CAP REQ :server-time no-such-thing
        ada << :Switchboard CAP ada NAK :server-time no-such-thing
        ada >> CAP REQ :server-time batch
        ada << :Switchboard CAP ada ACK :server-time batch
        ada >> CAP LIST
        ada << :Switchboard CAP ada LIST :batch cap-notify server-time
        ada >> CAP WHAT
        ada << :Switchboard 410 ada WHAT :Invalid CAP command
        ada >> JOIN #tea
        ada << :Switchboard 451 ada :You have not registered
        ada >> CAP END
        ada << :Switchboard 001 ada :*
        ada << ...
        ada >> USER ada 0 * :Ada
        ada << :Switchboard 462 ada :You may not reregister
        ",
    );
}

#[test]
fn names_that_will_not_do_are_refused_for_their_reason() {
    transcript(
        "
        ada: irc
        bob: connect
        bob >> NICK ADA
        bob << :Switchboard 433 * ADA :Nickname is already in use
        bob >> NICK 1bob
        bob << :Switchboard 432 * 1bob :Erroneous nickname: *
        bob >> NICK
        bob << :Switchboard 431 * :No nickname given
        bob >> USER bob
        bob << :Switchboard 461 * USER :Not enough parameters
        bob >> USER bob 0 * :Bob
        bob >> NICK bob
        bob << :Switchboard 001 bob :*
        bob << ...
        bob >> FROBNICATE
        bob << :Switchboard 421 bob FROBNICATE :Unknown command
        bob >> MOTD
        bob << :Switchboard 422 bob :MOTD File is missing
        ",
    );
}
