//! AWAY and SETNAME, away-notify, draft/pre-away, and `/away` beside them.

use chat::{Limits, Settings};

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn who_writes_to_somebody_away_is_told() {
    transcript(
        "
        ada: irc
        bob: irc
        bob >> AWAY :at lunch
        bob << :Switchboard 306 bob :You have been marked as being away
        ada >> PRIVMSG bob :hungry?
        ada << :Switchboard 301 ada bob :at lunch
        bob << :ada!~ada@localhost PRIVMSG bob :hungry?
        # No program is told: it might answer.
        ada >> NOTICE bob :psst
        bob << :ada!~ada@localhost NOTICE bob :psst
        ada >> WHOIS bob
        ada << :Switchboard 311 ada bob ~bob localhost * :bob the tester
        ada << :Switchboard 312 ada bob Switchboard :Switchboard
        ada << :Switchboard 301 ada bob :at lunch
        ada << ...
        ada >> USERHOST bob
        ada << :Switchboard 302 ada :bob=-~bob@localhost
        bob >> AWAY :
        bob << :Switchboard 305 bob :You are no longer marked as being away
        ada >> PRIVMSG bob :back?
        bob << :ada!~ada@localhost PRIVMSG bob :back?
        # To oneself it is no news.
        bob >> AWAY gone
        bob << :Switchboard 306 bob :*
        bob >> PRIVMSG bob :note
        bob << :bob!~bob@localhost PRIVMSG bob :note
        ",
    );
}

#[test]
fn rooms_hear_of_it_if_they_want_to() {
    transcript(
        "
        ada: irc away-notify
        bob: irc
        eve: irc
        ada >> JOIN #tea
        eve >> JOIN #tea
        bob >> JOIN #tea
        ada << ...
        bob << ...
        eve << ...
        bob >> AWAY :at lunch
        bob << :Switchboard 306 bob :*
        ada << :bob!~bob@localhost AWAY :at lunch
        # The same again is no news.
        bob >> AWAY :at lunch
        bob << :Switchboard 306 bob :*
        bob >> PART #tea
        bob >> JOIN #tea
        bob << ...
        ada << :bob!~bob@localhost PART #tea
        ada << :bob!~bob@localhost JOIN #tea
        ada << :bob!~bob@localhost AWAY :at lunch
        eve << :bob!~bob@localhost PART #tea
        eve << :bob!~bob@localhost JOIN #tea
        bob >> AWAY
        bob << :Switchboard 305 bob :*
        ada << :bob!~bob@localhost AWAY
        # One does not hear of oneself.
        ada >> AWAY :too
        ada << :Switchboard 306 ada :*
        ",
    );
}

#[test]
fn one_hears_of_it_once_whatever_rooms_one_shares() {
    transcript(
        "
        ada: irc away-notify
        bob: irc
        ada >> JOIN #a,#b
        bob >> JOIN #a,#b
        ada << ...
        bob << ...
        bob >> AWAY :x
        bob << ...
        ada << :bob!~bob@localhost AWAY :x
        ",
    );
}

#[test]
fn a_crowded_room_does_not_hear_of_those_it_was_not_told_of() {
    let limits = Limits { announce_members: 1, ..Limits::default().unthrottled() };
    transcript_with(
        Settings { limits, ..settings() },
        "
        ada: irc away-notify
        bob: irc
        eve: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> JOIN #tea
        ada << ...
        bob << ...
        eve << ...
        eve >> AWAY :x
        eve << ...
        bob >> AWAY :y
        bob << ...
        ada << :bob!~bob@localhost AWAY :y
        # When she speaks she is there, and it shows that she is away.
        eve >> PRIVMSG #tea :hello
        bob << :eve!~eve@localhost JOIN #tea
        bob << :eve!~eve@localhost PRIVMSG #tea :hello
        ada << :eve!~eve@localhost JOIN #tea
        ada << :eve!~eve@localhost AWAY :x
        ada << :eve!~eve@localhost PRIVMSG #tea :hello
        ",
    );
}

#[test]
fn one_may_arrive_away() {
    transcript(
        "
        ada: irc
        bob: connect
        bob >> NICK bob
        bob >> AWAY :too early
        bob << :Switchboard 451 bob :You have not registered
        bob >> CAP REQ :draft/pre-away
        bob << ...
        bob >> AWAY *
        bob << :Switchboard 306 bob :*
        bob >> USER bob 0 * :Bob
        bob >> CAP END
        bob << :Switchboard 001 bob :*
        bob << ...
        ada >> PRIVMSG bob :hi
        ada << :Switchboard 301 ada bob :Away
        bob << :ada!~ada@localhost PRIVMSG bob :hi
        ",
    );
}

#[test]
fn a_reason_that_is_too_long_is_told_as_far_as_it_fits() {
    let (long, fits) = ("x".repeat(400), "x".repeat(390));
    transcript(&format!(
        "
        ada: irc
        bob: irc
        bob >> AWAY :{long}
        bob << ...
        ada >> PRIVMSG bob :hi
        ada << :Switchboard 301 ada bob :{fits}
        bob << ...
        "
    ));
}

#[test]
fn people_with_nc_are_away_too() {
    transcript(
        "
        ada: irc away-notify
        eve: nc
        kim: nc
        ada >> JOIN #lobby
        ada << ...
        eve << ...
        kim << ...
        eve >> /away out for tea
        eve << You are away: out for tea. /away alone when you are back.
        ada << :eve!nc@localhost AWAY :out for tea
        ada >> PRIVMSG eve :tea?
        ada << :Switchboard 301 ada eve :out for tea
        eve << [14:02] <ada to you> tea?
        kim >> /msg eve where are you?
        kim << eve is away: out for tea
        eve << [14:02] <kim to you> where are you?
        kim >> /who
        kim << #lobby (3): ada, eve (away), kim
        eve >> /away
        eve << You are back.
        ada << :eve!nc@localhost AWAY
        # Nothing uncleaned reaches a terminal.
        ada >> AWAY :\x1b[31mred
        ada << ...
        kim >> /msg ada hi
        kim << ada is away: red
        ada << ...
        ",
    );
}

#[test]
fn real_names_change_where_they_are_seen() {
    let long = "x".repeat(151);
    transcript(&format!(
        "
        ada: irc setname standard-replies
        bob: irc setname
        eve: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> JOIN #tea
        ada << ...
        bob << ...
        eve << ...
        ada >> SETNAME :Ada Lovelace
        ada << :ada!~ada@localhost SETNAME :Ada Lovelace
        bob << :ada!~ada@localhost SETNAME :Ada Lovelace
        bob >> WHOIS ada
        bob << :Switchboard 311 bob ada ~ada localhost * :Ada Lovelace
        bob << ...
        # Without the capability it is done without a word.
        eve >> SETNAME :Eve
        ada << :eve!~eve@localhost SETNAME :Eve
        bob << :eve!~eve@localhost SETNAME :Eve
        ada >> SETNAME :{long}
        ada << :Switchboard FAIL SETNAME INVALID_REALNAME :That is 151 bytes; the limit is 150. Nothing was changed.
        eve >> SETNAME :\x02\x02
        eve << :Switchboard NOTICE eve :SETNAME: A real name has something that shows in it. Nothing was changed.
        ",
    ));
}
