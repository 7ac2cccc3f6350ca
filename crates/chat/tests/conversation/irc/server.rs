//! What is told of the server: LUSERS, VERSION, TIME, INFO, LINKS, ADMIN, STATS, MOTD, ISUPPORT,
//! HELP.

use chat::Settings;

use crate::desk::with_operator;
use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn how_many_are_there() {
    transcript(
        "
        ada: irc
        kit: connect
        eve: nc
        ada >> LUSERS
        ada << :Switchboard 251 ada :There are 3 users and 0 invisible on 1 servers
        ada << :Switchboard 254 ada 1 :channels formed
        ada << :Switchboard 255 ada :I have 3 clients and 0 servers
        ada << :Switchboard 265 ada 3 3 :Current local users 3, max 3
        ada << :Switchboard 266 ada 3 3 :Current global users 3, max 3
        kit << ...
        bob: connect
        bob >> NICK bob
        ada >> LUSERS
        ada << :Switchboard 251 ada :There are 3 users and 0 invisible on 1 servers
        ada << :Switchboard 253 ada 1 :unknown connection(s)
        ada << ...
        bob >> QUIT
        bob << ...
        ada >> LUSERS * other.example
        ada << :Switchboard 402 ada other.example :No such server
        ada >> LUSERS * switch*
        ada << :Switchboard 251 ada *
        ada << :Switchboard 254 ada *
        ada << ...
        ",
    );
}

#[test]
fn operators_are_known_as_such() {
    transcript_with(
        with_operator(settings()).0,
        "
        eve: connect 192.0.2.7
        eve >> NICK eve
        eve >> USER eve 0 * :Eve
        eve >> MODE eve +i
        eve << ...
        ada: irc
        bob: irc
        ada >> OPER root tea
        -- host answers
        ada << ...
        bob >> WHOIS ada
        bob << :Switchboard 311 bob ada *
        bob << :Switchboard 312 bob ada *
        bob << :Switchboard 313 bob ada :is an IRC operator
        bob << ...
        bob >> LUSERS
        bob << :Switchboard 251 bob :There are 2 users and 1 invisible on 1 servers
        bob << :Switchboard 252 bob 1 :operator(s) online
        bob << ...
        bob >> WHO * o
        bob << :Switchboard 352 bob * ~ada localhost Switchboard ada H* :0 ada the tester
        bob << :Switchboard 315 bob * :End of WHO list
        bob >> USERHOST ada
        bob << :Switchboard 302 bob :ada*=+~ada@localhost
        # They find everybody, and see where they come from.
        ada >> WHO e* %in
        ada << :Switchboard 354 ada 192.0.2.7 eve
        ada << :Switchboard 315 ada e* :*
        ada >> WHOIS eve
        ada << :Switchboard 311 ada eve ~eve *
        ada << :Switchboard 312 ada eve *
        ada << :Switchboard 338 ada eve ~eve@192.0.2.7 192.0.2.7 :Actual user@host, Actual IP
        ada << ...
        # An operator may lay it down.
        ada >> MODE ada -o
        ada << :ada!~ada@localhost MODE ada -o
        ada >> WHO e*
        ada << :Switchboard 315 ada e* :*
        bob >> LUSERS
        bob << :Switchboard 251 bob *
        bob << :Switchboard 254 bob *
        bob << ...
        ",
    );
}

#[test]
fn which_program_it_is() {
    transcript(
        "
        ada: irc
        ada >> VERSION
        ada << :Switchboard 351 ada switchboard-* Switchboard :Switchboard
        ada << :Switchboard 005 ada * :are supported by this server
        ada << ...
        ada >> VERSION other
        ada << :Switchboard 402 ada other :No such server
        ada >> INFO
        ada << :Switchboard 371 ada :*
        ada << :Switchboard 371 ada :*
        ada << :Switchboard 371 ada :*
        ada << :Switchboard 374 ada :End of /INFO list.
        ada >> INFO ada
        ada << ...
        ada >> TIME
        ada << :Switchboard 391 ada Switchboard :2026-11-21T14:02:00.000Z
        ada >> LINKS
        ada << :Switchboard 364 ada Switchboard Switchboard :0 Switchboard
        ada << :Switchboard 365 ada * :End of /LINKS list.
        ada >> LINKS other*
        ada << :Switchboard 365 ada other* :End of /LINKS list.
        ada >> ADMIN
        ada << :Switchboard 423 ada Switchboard :No administrative info available
        -- 60 s
        ada << ...
        ada >> STATS u
        ada << :Switchboard 242 ada :Server Up 0 days 0:01:00
        ada << :Switchboard 219 ada u :End of /STATS report
        ada >> STATS l
        ada << :Switchboard 219 ada l :End of /STATS report
        ada >> STATS
        ada << :Switchboard 219 ada * :End of /STATS report
        ada >> MOTD other.example
        ada << :Switchboard 402 ada other.example :No such server
        ",
    );
}

#[test]
fn whom_to_write_to() {
    transcript_with(
        Settings { contact: "ada@example.org".into(), ..settings() },
        "
        ada: irc
        ada >> ADMIN switchboard
        ada << :Switchboard 256 ada Switchboard :Administrative info
        ada << :Switchboard 257 ada :Switchboard
        ada << :Switchboard 258 ada :Runs switchboard-*
        ada << :Switchboard 259 ada :ada@example.org
        ",
    );
}

#[test]
fn what_is_supported_is_told_before_registration_to_those_who_ask() {
    transcript_with(
        Settings { icon: "https://example.org/icon?size=1".into(), ..settings() },
        r"
        ada: connect
        ada >> NICK ada
        ada >> ISUPPORT
        ada << :Switchboard 451 ada :You have not registered
        ada >> CAP REQ :batch draft/extended-isupport
        ada << ...
        ada >> ISUPPORT
        ada << :Switchboard BATCH +* draft/isupport
        ada << @batch=* :Switchboard 005 ada AWAYLEN=390 BOT=B CASEMAPPING=ascii * :are supported by this server
        ada << @batch=* :Switchboard 005 ada * :are supported by this server
        ada << @batch=* :Switchboard 005 ada * WHOX draft/ICON=https://example.org/icon?size\x3D1 :are supported by this server
        ada << :Switchboard BATCH -*
        ",
    );
}

#[test]
fn every_command_has_its_page() {
    transcript(
        "
        ada: irc
        ada >> HELP
        ada << :Switchboard 704 ada index :What may be asked for. HELP COMMAND tells more.
        ada << :Switchboard 705 ada index :ADMIN AWAY *
        ada << ...
        ada >> HELPOP whois
        ada << :Switchboard 704 ada WHOIS :WHOIS [server] nick{,nick}
        ada << :Switchboard 705 ada WHOIS :who somebody is
        ada << :Switchboard 706 ada WHOIS :End of help
        ada >> HELP frobnicate
        ada << :Switchboard 524 ada frobnicate :No help for that: HELP lists what there is
        ",
    );
}

#[test]
fn names_come_unasked_only_to_those_who_want_them() {
    transcript(
        "
        ada: irc no-implicit-names
        ada >> JOIN #tea
        ada << :ada!~ada@localhost JOIN #tea
        ada >> NAMES #tea
        ada << :Switchboard 353 ada = #tea :*ada
        ada << :Switchboard 366 ada #tea :End of /NAMES list
        ",
    );
}
