use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn plain_lines_and_irc_meet_in_one_room() {
    transcript(
        "
        ada: irc
        eve: nc
        ada >> JOIN #lobby
        ada << ...
        eve << [14:02] * ada has joined
        eve >> hello ada
        ada << :eve!nc@localhost PRIVMSG #lobby :hello ada
        ada >> PRIVMSG #lobby :\x01ACTION waves\x01
        eve << [14:02] * ada waves
        ada >> PRIVMSG eve :psst
        eve << [14:02] <ada to you> psst
        eve >> /msg ada what?
        ada << :eve!nc@localhost PRIVMSG ada :what?
        eve >> /nick Eve
        eve << You are Eve now.
        ada << :eve!nc@localhost NICK :Eve
        ada >> QUIT :bye
        ada << ERROR :Closing Link: localhost (Quit: bye)
        ada << (closed)
        eve << [14:02] * ada has left
        ",
    );
}

#[test]
fn what_is_said_to_somebody_has_their_name_as_they_write_it() {
    transcript(
        "
        ada: irc echo-message
        bob: irc
        ada >> PRIVMSG BOB :hi
        ada << :ada!~ada@localhost PRIVMSG bob :hi
        bob << :ada!~ada@localhost PRIVMSG bob :hi
        ",
    );
}

#[test]
fn what_cannot_be_delivered_is_refused() {
    transcript(
        "
        ada: irc
        ada >> PRIVMSG
        ada << :Switchboard 411 ada :No recipient given (PRIVMSG)
        ada >> PRIVMSG bob
        ada << :Switchboard 412 ada :No text to send
        ada >> PRIVMSG bob :hi
        ada << :Switchboard 401 ada bob :No such nick/channel
        ada >> NOTICE bob :hi
        ada >> PRIVMSG #none :hi
        ada << :Switchboard 403 ada #none :No such channel
        ada >> PING
        ada << :Switchboard 409 ada :No origin specified
        ada >> PING x
        ada << :Switchboard PONG Switchboard :x
        ",
    );
}

#[test]
fn in_a_crowded_room_who_speaks_is_there_for_those_who_hear_it() {
    let mut settings = settings();
    settings.limits.announce_members = 1;
    transcript_with(
        settings,
        "
        ada: irc
        bob: irc
        eve: irc
        kit: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> JOIN #tea
        kit >> JOIN #tea
        ada << ...
        bob << ...
        eve << ...
        kit << ...
        eve >> PRIVMSG @#tea :operators?
        ada << :eve!~eve@localhost JOIN #tea
        ada << :eve!~eve@localhost PRIVMSG @#tea :operators?
        bob << :eve!~eve@localhost JOIN #tea
        kit >> PRIVMSG #tea :\x01VERSION\x01
        ada << :kit!~kit@localhost JOIN #tea
        ada << :kit!~kit@localhost PRIVMSG #tea :\x01VERSION\x01
        ada << ...
        bob << ...
        eve << ...
        kit << ...
        ",
    );
}
