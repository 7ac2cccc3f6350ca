//! WHOIS, WHOWAS, ISON and USERHOST.

use chat::{Limits, Settings};

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn who_somebody_is() {
    transcript(
        "
        ada: irc
        bob: irc
        bob >> JOIN #tea
        bob >> JOIN #den
        bob >> MODE #den +s
        bob << ...
        -- 9 s
        ada << ...
        bob << ...
        ada >> WHOIS BOB
        ada << :Switchboard 311 ada bob ~bob localhost * :bob the tester
        ada << :Switchboard 319 ada bob :*#tea
        ada << :Switchboard 312 ada bob Switchboard :Switchboard
        ada << :Switchboard 317 ada bob 9 1795269720 :seconds idle, signon time
        ada << :Switchboard 318 ada BOB :End of /WHOIS list.
        ada >> WHOIS nobody
        ada << :Switchboard 401 ada nobody :No such nick/channel
        ada << :Switchboard 318 ada nobody :End of /WHOIS list.
        ada >> WHOIS
        ada << :Switchboard 431 ada :No nickname given
        # The server may be asked by its name, or by that of the person.
        ada >> WHOIS Switchboard nobody
        ada << :Switchboard 401 ada nobody :No such nick/channel
        ada << ...
        ada >> WHOIS bob nobody
        ada << :Switchboard 401 ada nobody :No such nick/channel
        ada << ...
        ada >> WHOIS other.example bob
        ada << :Switchboard 402 ada other.example :No such server
        # Several at once.
        ada >> WHOIS nobody,bob
        ada << :Switchboard 401 ada nobody :No such nick/channel
        ada << :Switchboard 311 ada bob *
        ada << :Switchboard 319 ada bob *
        ada << :Switchboard 312 ada bob *
        ada << :Switchboard 317 ada bob *
        ada << :Switchboard 318 ada nobody,bob :End of /WHOIS list.
        ada >> WHOIS a,b,c,d,e
        ada << :Switchboard 401 ada a *
        ada << :Switchboard 401 ada b *
        ada << :Switchboard 401 ada c *
        ada << :Switchboard 401 ada d *
        ada << :Switchboard 407 ada e :Too many targets: 4 at a time
        ada << :Switchboard 318 ada a,b,c,d,e :*
        # Who is there too sees the secret room.
        bob >> INVITE ada #den
        ada << ...
        bob << ...
        ada >> JOIN #den
        ada << ...
        bob << ...
        ada >> WHOIS bob
        ada << :Switchboard 311 ada bob *
        ada << :Switchboard 319 ada bob :*#tea *#den
        ada << ...
        ",
    );
}

#[test]
fn an_address_is_shown_to_oneself_alone() {
    transcript(
        "
        ada: connect 192.0.2.7
        ada >> NICK ada
        ada >> USER ada 0 * :Ada
        ada << ...
        bob: irc
        ada >> WHOIS ada
        ada << :Switchboard 311 ada ada ~ada * * :Ada
        ada << :Switchboard 312 ada ada *
        ada << :Switchboard 338 ada ada ~ada@192.0.2.7 192.0.2.7 :Actual user@host, Actual IP
        ada << :Switchboard 317 ada ada *
        ada << ...
        bob >> WHOIS ada
        bob << :Switchboard 311 bob ada ~ada * * :Ada
        bob << :Switchboard 312 bob ada *
        bob << :Switchboard 317 bob ada *
        bob << :Switchboard 318 bob ada :*
        ",
    );
}

#[test]
fn who_had_a_name_is_remembered() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> WHOWAS bob
        ada << :Switchboard 406 ada bob :There was no such nickname
        ada << :Switchboard 369 ada bob :End of WHOWAS
        bob >> NICK robert
        bob << ...
        ada >> WHOWAS bob
        ada << :Switchboard 314 ada bob ~bob localhost * :bob the tester
        ada << :Switchboard 312 ada bob Switchboard :2026-11-21T14:02:00.000Z
        ada << :Switchboard 369 ada bob :End of WHOWAS
        -- 1 s
        bob >> NICK bob
        bob << ...
        # He is remembered before his connection is closed.
        bob >> QUIT
        bob << ...
        ada << ...
        ada >> WHOWAS BOB
        ada << :Switchboard 314 ada bob *
        ada << :Switchboard 312 ada bob Switchboard :2026-11-21T14:02:01.000Z
        ada << :Switchboard 314 ada bob *
        ada << :Switchboard 312 ada bob Switchboard :2026-11-21T14:02:00.000Z
        ada << :Switchboard 369 ada BOB :End of WHOWAS
        ada >> WHOWAS bob 1
        ada << :Switchboard 314 ada bob *
        ada << :Switchboard 312 ada bob Switchboard :2026-11-21T14:02:01.000Z
        ada << :Switchboard 369 ada bob :End of WHOWAS
        ada >> WHOWAS rob* -1
        ada << :Switchboard 314 ada robert *
        ada << ...
        ada >> WHOWAS
        ada << :Switchboard 431 ada :No nickname given
        ",
    );
}

#[test]
fn only_so_many_are_remembered() {
    let limits = Limits { past_members: 1, ..Limits::default().unthrottled() };
    transcript_with(
        Settings { limits, ..settings() },
        "
        ada: irc
        bob: irc
        bob >> NICK b1
        bob >> NICK b2
        bob << ...
        ada >> WHOWAS bob
        ada << :Switchboard 406 ada bob :*
        ada << ...
        ada >> WHOWAS b1
        ada << :Switchboard 314 ada b1 *
        ada << ...
        ",
    );
}

#[test]
fn who_is_on() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> ISON bob nobody :EVE ada
        ada << :Switchboard 303 ada :bob eve ada
        ada >> ISON nobody
        ada << :Switchboard 303 ada :
        ada >> USERHOST bob eve nobody
        ada << :Switchboard 302 ada :bob=+~bob@localhost eve=+nc@localhost
        ada >> USERHOST a b c d e bob
        ada << :Switchboard 302 ada :
        ",
    );
}
