//! `draft/message-redaction`: taking back what was said.

use crate::transcript::transcript;

#[test]
fn what_is_taken_back_is_gone_from_the_room_and_told_to_those_who_know_of_it() {
    transcript(
        "
        ada: irc message-tags draft/message-redaction
        bob: irc message-tags draft/message-redaction draft/chathistory draft/event-playback batch
        cyd: irc message-tags
        eve: nc
        bob >> JOIN #lobby
        cyd >> JOIN #lobby
        ada >> JOIN #lobby
        ada << ...
        bob << ...
        cyd << ...
        eve << ...
        ada >> PRIVMSG #lobby :oops
        bob << @msgid=0-a :ada!~ada@localhost PRIVMSG #lobby :oops
        cyd << @msgid=0-a :ada!~ada@localhost PRIVMSG #lobby :oops
        eve << [14:02] <ada> oops
        ada >> REDACT #LOBBY 0-a :not for here
        ada << @msgid=0-b :ada!~ada@localhost REDACT #lobby 0-a :not for here
        bob << @msgid=0-b :ada!~ada@localhost REDACT #lobby 0-a :not for here
        ada >> REDACT #lobby 0-a
        ada << :Switchboard FAIL REDACT UNKNOWN_MSGID #lobby 0-a :*
        eve >> /history
        eve << Nothing is kept of what was said here.
        bob >> CHATHISTORY LATEST #lobby * 1
        bob << :Switchboard BATCH +b1 chathistory #lobby
        bob << @batch=b1;msgid=0-b :ada!~ada@localhost REDACT #lobby 0-a :not for here
        bob << :Switchboard BATCH -b1
        # Tags alone, too; and several lines at once.
        ada >> @+draft/react=x TAGMSG #lobby
        bob << @msgid=0-d;+draft/react=x :ada!~ada@localhost TAGMSG #lobby
        cyd << @msgid=0-d;+draft/react=x :ada!~ada@localhost TAGMSG #lobby
        ada >> REDACT #lobby 0-d
        ada << @msgid=0-e :ada!~ada@localhost REDACT #lobby 0-d
        bob << @msgid=0-e :ada!~ada@localhost REDACT #lobby 0-d
        ",
    );
}

#[test]
fn only_the_author_and_who_keeps_order_may_take_something_back() {
    transcript(
        "
        ada: irc message-tags draft/message-redaction labeled-response batch
        bob: irc message-tags draft/message-redaction
        ada >> JOIN #tea
        ada << ...
        bob >> JOIN #tea
        ada << ...
        bob << ...
        ada >> PRIVMSG #tea :mine
        bob << @msgid=0-5 :ada!~ada@localhost PRIVMSG #tea :mine
        bob >> REDACT #tea 0-5
        bob << :Switchboard FAIL REDACT REDACT_FORBIDDEN #tea 0-5 :*
        bob >> PRIVMSG #tea :spam
        ada << @msgid=0-7 :bob!~bob@localhost PRIVMSG #tea :spam
        ada >> @label=1 REDACT #tea 0-7 :spam
        ada << @label=1;msgid=0-8 :ada!~ada@localhost REDACT #tea 0-7 :spam
        bob << @msgid=0-8 :ada!~ada@localhost REDACT #tea 0-7 :spam
        # A name is no proof: who comes back is somebody else.
        ada >> NICK amy
        ada << ...
        bob >> NICK ada
        bob << ...
        ada << ...
        bob >> REDACT #tea 0-5
        bob << :Switchboard FAIL REDACT REDACT_FORBIDDEN #tea 0-5 :*
        ",
    );
}

#[test]
fn what_cannot_be_taken_back_is_refused_for_its_reason() {
    transcript(
        "
        ada: irc
        bob: irc message-tags draft/message-redaction
        ada >> JOIN #tea
        ada >> PRIVMSG #tea :hi
        ada << ...
        bob >> REDACT #tea 0-4
        bob << :Switchboard FAIL REDACT INVALID_TARGET #tea :*
        bob >> REDACT #none 0-4
        bob << :Switchboard FAIL REDACT INVALID_TARGET #none :*
        bob >> REDACT ada 0-4
        bob << :Switchboard FAIL REDACT INVALID_TARGET ada :*
        bob >> REDACT #tea
        bob << :Switchboard 461 bob REDACT :Not enough parameters
        bob >> JOIN #tea
        ada << ...
        bob << ...
        # No such id; an id of another run; what is no id; and what was not said.
        bob >> REDACT #tea 0-ffff
        bob << :Switchboard FAIL REDACT UNKNOWN_MSGID #tea 0-ffff :*
        bob >> REDACT #tea abc-4
        bob << :Switchboard FAIL REDACT UNKNOWN_MSGID #tea abc-4 :*
        bob >> REDACT #tea +4
        bob << :Switchboard FAIL REDACT UNKNOWN_MSGID #tea +4 :*
        bob >> REDACT #tea 0-3
        bob << :Switchboard FAIL REDACT UNKNOWN_MSGID #tea 0-3 :*
        ada >> REDACT #tea 0-4
        ada << :Switchboard 421 ada REDACT :Unknown command
        ",
    );
}
