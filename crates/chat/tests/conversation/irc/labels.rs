//! `labeled-response` and `echo-message`: one response for each label, and one's own words.

use crate::transcript::transcript;

#[test]
fn a_label_makes_one_response_of_whatever_comes() {
    transcript(
        "
        ada: irc labeled-response batch echo-message
        ada >> @label=1 PONG x
        ada << @label=1 :Switchboard ACK
        ada >> @label=2 PING x
        ada << @label=2 :Switchboard PONG Switchboard :x
        ada >> @label=3 JOIN #tea
        ada << @label=3 :Switchboard BATCH +b1 labeled-response
        ada << @batch=b1 :ada!~ada@localhost JOIN #tea
        ada << @batch=b1 :Switchboard 353 ada = #tea :@ada
        ada << @batch=b1 :Switchboard 366 ada #tea :End of /NAMES list
        ada << :Switchboard BATCH -b1
        ada >> @label=4 PRIVMSG #tea :hello
        ada << @label=4 :ada!~ada@localhost PRIVMSG #tea :hello
        ada >> @label=5 FROBNICATE
        ada << @label=5 :Switchboard 421 ada FROBNICATE :Unknown command
        ada >> @label=6 NOTICE nobody :hello
        ada << @label=6 :Switchboard ACK
        ada >> @label=a\\:b\\s\\\\ PONG x
        ada << @label=a\\:b\\s\\\\ :Switchboard ACK
        ",
    );
}

#[test]
fn a_label_is_one_only_for_those_who_asked_and_within_its_bound() {
    let longest = "x".repeat(64);
    transcript(&format!(
        "
        ada: irc batch message-tags
        bob: irc labeled-response
        cyd: irc labeled-response batch
        ada >> @label=1 PING x
        ada << :Switchboard PONG Switchboard :x
        bob >> @label=1 PING x
        bob << :Switchboard PONG Switchboard :x
        cyd >> @label={longest} PING x
        cyd << @label={longest} :Switchboard PONG Switchboard :x
        cyd >> @label={longest}x PING x
        cyd << :Switchboard PONG Switchboard :x
        cyd >> @label= PING x
        cyd << :Switchboard PONG Switchboard :x
        "
    ));
}

#[test]
fn what_is_said_to_several_is_echoed_in_one_response_and_to_them_without_a_label() {
    transcript(
        "
        ada: irc labeled-response batch echo-message
        bob: irc labeled-response batch echo-message message-tags
        ada >> @label=1 PRIVMSG bob,bob,nobody :hi
        bob << @msgid=* :ada!~ada@localhost PRIVMSG bob :hi
        bob << @msgid=* :ada!~ada@localhost PRIVMSG bob :hi
        ada << @label=1 :Switchboard BATCH +b1 labeled-response
        ada << @batch=b1 :ada!~ada@localhost PRIVMSG bob :hi
        ada << @batch=b1 :ada!~ada@localhost PRIVMSG bob :hi
        ada << @batch=b1 :Switchboard 401 ada nobody :No such nick/channel
        ada << :Switchboard BATCH -b1
        ",
    );
}

#[test]
fn who_talks_to_itself_gets_the_message_and_the_labelled_echo() {
    transcript(
        "
        ada: irc labeled-response batch echo-message
        bob: irc labeled-response batch
        ada >> @label=1 PRIVMSG ada :hi
        ada << :ada!~ada@localhost PRIVMSG ada :hi
        ada << @label=1 :ada!~ada@localhost PRIVMSG ada :hi
        ada >> @label=2 NOTICE ada :hi
        ada << :ada!~ada@localhost NOTICE ada :hi
        ada << @label=2 :ada!~ada@localhost NOTICE ada :hi
        ada >> PRIVMSG ada :hi
        ada << :ada!~ada@localhost PRIVMSG ada :hi
        ada << :ada!~ada@localhost PRIVMSG ada :hi
        bob >> @label=3 PRIVMSG bob :hi
        bob << :bob!~bob@localhost PRIVMSG bob :hi
        bob << @label=3 :Switchboard ACK
        ",
    );
}

#[test]
fn an_echo_has_the_id_and_time_that_others_see() {
    transcript(
        "
        ada: irc echo-message message-tags server-time
        bob: irc message-tags server-time
        ada >> JOIN #tea
        ada << ...
        bob >> JOIN #tea
        ada << ...
        bob << ...
        ada >> @+draft/reply=x;y=z PRIVMSG #tea :hi
        ada << @time=2026-11-21T14:02:00.000Z;msgid=0-5;+draft/reply=x :ada!~ada@localhost PRIVMSG #tea :hi
        bob << @time=2026-11-21T14:02:00.000Z;msgid=0-5;+draft/reply=x :ada!~ada@localhost PRIVMSG #tea :hi
        ada >> PRIVMSG #tea :\x01ACTION waves\x01
        ada << @time=2026-11-21T14:02:00.000Z;msgid=0-6 :ada!~ada@localhost PRIVMSG #tea :\x01ACTION waves\x01
        bob << @time=2026-11-21T14:02:00.000Z;msgid=0-6 :ada!~ada@localhost PRIVMSG #tea :\x01ACTION waves\x01
        ",
    );
}
