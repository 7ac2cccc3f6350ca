//! MONITOR, and extended-monitor.

use chat::{Limits, Settings};

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn comings_and_goings_of_those_watched_are_told() {
    transcript(
        "
        ada: irc
        ada >> MONITOR + bob,ada,eve
        ada << :Switchboard 730 ada :ada!~ada@localhost
        ada << :Switchboard 731 ada :bob,eve
        bob: irc
        ada << :Switchboard 730 ada :bob!~bob@localhost
        # People with nc are people too.
        eve: connect
        -- 1 s
        eve << ...
        eve >> /nick Eve
        eve << ...
        ada << :Switchboard 730 ada :Eve!nc@localhost
        ada >> MONITOR S
        ada << :Switchboard 730 ada :bob!~bob@localhost,ada!~ada@localhost,Eve!nc@localhost
        # A change of case is none.
        bob >> NICK BOB
        bob << ...
        bob >> NICK robert
        bob << ...
        ada << :Switchboard 731 ada :BOB
        bob >> NICK bob
        bob << ...
        ada << :Switchboard 730 ada :bob!~bob@localhost
        bob resets
        ada << :Switchboard 731 ada :bob
        ada >> MONITOR - EVE
        eve >> /quit
        eve << ...
        ada >> MONITOR L
        ada << :Switchboard 732 ada :bob,ada
        ada << :Switchboard 733 ada :End of MONITOR list
        ada >> MONITOR C
        ada >> MONITOR L
        ada << :Switchboard 733 ada :End of MONITOR list
        ada >> MONITOR X
        ada << :Switchboard 461 ada MONITOR :Not enough parameters: one of + - C L S
        # What is no name is nobody's.
        ada >> MONITOR + *!*@localhost
        ",
    );
}

#[test]
fn lists_are_bounded() {
    let limits = Limits { monitored: 2, ..Limits::default().unthrottled() };
    transcript_with(
        Settings { limits, ..settings() },
        "
        ada: irc
        ada >> MONITOR + a,b,c,A,d
        ada << :Switchboard 731 ada :a,b,A
        ada << :Switchboard 734 ada 2 c,d :Monitor list is full.
        ada >> MONITOR - a
        ada >> MONITOR + c
        ada << :Switchboard 731 ada :c
        ",
    );
}

#[test]
fn long_lists_take_several_lines() {
    let names: Vec<String> = (10..80).map(|n| format!("somebody{n}")).collect();
    let (one, other) = (names[..35].join(","), names[35..].join(","));
    transcript(&format!(
        "
        ada: irc
        ada >> MONITOR + {one}
        ada << :Switchboard 731 ada :{one}
        ada >> MONITOR + {other}
        ada << ...
        ada >> MONITOR L
        ada << :Switchboard 732 ada :somebody10,*
        ada << :Switchboard 732 ada :somebody*,somebody79
        ada << :Switchboard 733 ada :*
        "
    ));
}

#[test]
fn more_is_told_to_those_who_asked_for_more() {
    transcript(
        "
        ada: irc extended-monitor away-notify setname
        eve: irc extended-monitor
        kim: irc away-notify setname
        bob: irc
        ada >> MONITOR + bob
        eve >> MONITOR + bob
        kim >> MONITOR + bob
        ada << ...
        eve << ...
        kim << ...
        bob >> AWAY :x
        bob >> SETNAME :Robert
        bob >> AWAY
        bob << ...
        ada << :bob!~bob@localhost AWAY :x
        ada << :bob!~bob@localhost SETNAME :Robert
        ada << :bob!~bob@localhost AWAY
        # Who shares a room too hears of it once.
        ada >> JOIN #tea
        bob >> JOIN #tea
        kim >> JOIN #tea
        ada << ...
        bob << ...
        kim << ...
        bob >> AWAY :y
        bob << ...
        ada << :bob!~bob@localhost AWAY :y
        kim << :bob!~bob@localhost AWAY :y
        # Of oneself one does not.
        ada >> MONITOR + ada
        ada << ...
        ada >> AWAY :z
        ada << :Switchboard 306 ada :*
        kim << ...
        ",
    );
}

#[test]
fn who_watches_somebody_in_its_own_room_sees_them_go_there_too() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea
        ada << ...
        bob >> JOIN #tea
        bob << ...
        ada << ...
        ada >> MONITOR + bob
        ada << :Switchboard 730 ada :bob!~bob@localhost
        bob >> NICK robert
        bob << ...
        ada << :bob!~bob@localhost NICK :robert
        ada << :Switchboard 731 ada :bob
        ada >> MONITOR + robert
        ada << :Switchboard 730 ada :robert!~bob@localhost
        bob >> QUIT
        bob << ...
        ada << :robert!~bob@localhost QUIT :Quit
        ada << :Switchboard 731 ada :robert
        ",
    );
}

#[test]
fn who_is_closed_for_being_slow_goes_behind_what_was_too_much() {
    let mut settings = settings();
    settings.limits.mailbox_close_bytes = 20_000;
    let said = format!("PRIVMSG @#tea :{}", "x".repeat(400));
    let spoken = format!("eve >> {said}\nada << :eve!~eve@localhost {said}\n").repeat(45);
    let text = format!(
        "
        bob: irc
        ada: irc
        eve: irc
        bob >> JOIN #tea
        bob >> MODE #tea -n
        bob << ...
        ada >> JOIN #tea
        bob >> MODE #tea +o ada
        bob << ...
        ada << ...
        ada >> MONITOR + bob
        ada << ...
        bob stops reading
        {spoken}
        eve >> {said}
        eve >> {said}
        eve >> {said}
        eve >> {said}
        eve >> {said}
        eve >> {said}
        eve >> {said}
        eve >> {said}
        ada << ...
        bob reads again
        bob << ...
        eve << ...
        "
    );
    transcript_with(settings, &text);
}

#[test]
fn an_empty_notice_is_nothing() {
    transcript(
        "
        ada: irc
        bob: nc
        ada >> JOIN #lobby
        ada << ...
        bob << ...
        ada >> NOTICE #lobby :
        ",
    );
}
