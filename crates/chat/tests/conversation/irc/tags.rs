//! `message-tags`, `server-time` and message ids; what clients tell each other in tags alone
//! (`+typing`, `+draft/react`, `+draft/reply`).

use crate::transcript::transcript;

#[test]
fn each_is_sent_the_tags_it_asked_for() {
    transcript(
        "
        ada: irc message-tags
        bob: irc message-tags server-time
        cyd: irc
        dan: irc server-time
        eve: nc
        ada >> JOIN #lobby
        bob >> JOIN #lobby
        cyd >> JOIN #lobby
        dan >> JOIN #lobby
        ada << ...
        bob << ...
        cyd << ...
        dan << ...
        eve << ...
        ada >> @+draft/reply=0-1;time=1970-01-01T00:00:00.000Z;msgid=mine;+x= PRIVMSG #lobby :hi
        bob << @time=2026-11-21T14:02:11.000Z;msgid=0-c;+draft/reply=0-1;+x :ada!~ada@localhost PRIVMSG #lobby :hi
        cyd << :ada!~ada@localhost PRIVMSG #lobby :hi
        dan << @time=2026-11-21T14:02:11.000Z :ada!~ada@localhost PRIVMSG #lobby :hi
        eve << [14:02] <ada> hi
        # Whoever did not ask for tags cannot send any.
        dan >> @+draft/reply=0-1 PRIVMSG #lobby :hi
        ada << @msgid=0-d :dan!~dan@localhost PRIVMSG #lobby :hi
        bob << @time=2026-11-21T14:02:11.000Z;msgid=0-d :dan!~dan@localhost PRIVMSG #lobby :hi
        cyd << :dan!~dan@localhost PRIVMSG #lobby :hi
        eve << [14:02] <dan> hi
        ",
    );
}

#[test]
fn tags_alone_reach_those_who_asked_for_tags() {
    transcript(
        "
        ada: irc message-tags
        bob: irc message-tags echo-message
        cyd: irc server-time
        eve: nc
        ada >> JOIN #lobby
        bob >> JOIN #lobby
        cyd >> JOIN #lobby
        ada << ...
        bob << ...
        cyd << ...
        eve << ...
        ada >> @+typing=active;secret=1 TAGMSG #lobby
        bob << @msgid=*;+typing=active :ada!~ada@localhost TAGMSG #lobby
        bob >> @+draft/react=\u{1f44b};+draft/reply=0-5 TAGMSG #lobby
        ada << @msgid=*;+draft/react=\u{1f44b};+draft/reply=0-5 :bob!~bob@localhost TAGMSG #lobby
        bob << @msgid=*;+draft/react=\u{1f44b};+draft/reply=0-5 :bob!~bob@localhost TAGMSG #lobby
        ada >> @+typing=done TAGMSG bob,cyd,eve
        bob << @msgid=*;+typing=done :ada!~ada@localhost TAGMSG bob
        bob >> @+typing=done TAGMSG ~#lobby
        bob << @msgid=*;+typing=done :bob!~bob@localhost TAGMSG ~#lobby
        ada >> TAGMSG bob
        bob << @msgid=* :ada!~ada@localhost TAGMSG bob
        ada >> TAGMSG
        ada << :Switchboard 461 ada TAGMSG :Not enough parameters
        ada >> @+x TAGMSG nobody
        ada << :Switchboard 401 ada nobody :No such nick/channel
        cyd >> @+typing=active TAGMSG #lobby
        cyd << :Switchboard 421 cyd TAGMSG :Unknown command
        ",
    );
}

#[test]
fn tags_may_be_as_long_as_the_specification_says_and_no_longer() {
    let value = "a".repeat(4096 - "@+x= ".len());
    transcript(&format!(
        "
        ada: irc message-tags
        bob: irc message-tags server-time
        ada >> @+x={value} PRIVMSG bob :hi
        bob << @time=2026-11-21T14:02:00.000Z;msgid=0-3;+x={value} :ada!~ada@localhost PRIVMSG bob :hi
        ada >> @+x={value}a PRIVMSG bob :hi
        ada << :Switchboard 417 ada :Input line was too long
        ada >> @+x={value}a TAGMSG bob
        ada << :Switchboard 417 ada :Input line was too long
        "
    ));
}

#[test]
fn whatever_happens_has_a_time_and_an_id() {
    transcript(
        "
        ada: irc server-time message-tags
        bob: irc
        ada >> JOIN #tea
        ada << @time=2026-11-21T14:02:00.000Z;msgid=0-3 :ada!~ada@localhost JOIN #tea
        ada << ...
        bob >> JOIN #tea
        bob << ...
        ada << @time=2026-11-21T14:02:00.000Z;msgid=0-4 :bob!~bob@localhost JOIN #tea
        -- 1500 ms
        bob >> NICK rob
        bob << ...
        ada << @time=2026-11-21T14:02:01.500Z;msgid=0-5 :bob!~bob@localhost NICK :rob
        bob >> PRIVMSG ada :hi
        ada << @time=2026-11-21T14:02:01.500Z;msgid=0-6 :rob!~bob@localhost PRIVMSG ada :hi
        bob >> PART #tea
        bob << ...
        ada << @time=2026-11-21T14:02:01.500Z;msgid=0-7 :rob!~bob@localhost PART #tea
        bob >> JOIN #tea
        bob << ...
        ada << ...
        bob >> QUIT
        bob << ...
        ada << @time=2026-11-21T14:02:01.500Z;msgid=0-9 :rob!~bob@localhost QUIT :Quit
        ada >> NICK Ada
        ada << @time=2026-11-21T14:02:01.500Z;msgid=0-a :ada!~ada@localhost NICK :Ada
        ",
    );
}
