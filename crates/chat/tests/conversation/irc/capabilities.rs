//! What a client has asked for shapes what comes after the answer, and nothing before it.

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn what_was_on_its_way_when_a_client_asked_for_more_looks_as_it_did() {
    transcript(
        "
        ada: irc message-tags extended-join
        bob: irc
        ada >> JOIN #a,#b
        ada << ...
        ada stops reading
        bob >> JOIN #a,#b
        bob << ...
        bob >> PRIVMSG #b :one
        bob >> NICK Bob
        ada >> CAP REQ :-message-tags server-time -extended-join
        bob << ...
        bob >> PRIVMSG #a :two
        bob >> PART #b
        bob << ...
        ada reads again
        ada << @msgid=* :bob!~bob@localhost JOIN #a * :bob the tester
        ada << @msgid=* :bob!~bob@localhost JOIN #b * :bob the tester
        ada << @msgid=* :bob!~bob@localhost PRIVMSG #b :one
        ada << @msgid=* :bob!~bob@localhost NICK :Bob
        ada << :Switchboard CAP ada ACK :-message-tags server-time -extended-join
        ada << @time=* :Bob!~bob@localhost PRIVMSG #a :two
        ada << @time=* :Bob!~bob@localhost PART #b
        ",
    );
}

#[test]
fn who_leaves_a_room_far_behind_is_told_so_in_its_language() {
    let mut settings = settings();
    settings.limits.mailbox_close_bytes = 2048;
    transcript_with(
        settings,
        "
        ada: irc
        bob: irc
        ada >> JOIN #a
        bob >> JOIN #a
        ada << ...
        bob << ...
        ada stops reading
        bob >> PRIVMSG #a :1
        bob >> PRIVMSG #a :2
        bob >> PRIVMSG #a :3
        bob >> PRIVMSG #a :4
        bob >> PRIVMSG #a :5
        bob >> PRIVMSG #a :6
        bob >> PRIVMSG #a :7
        bob >> PRIVMSG #a :8
        bob >> PRIVMSG #a :9
        bob >> PRIVMSG #a :10
        bob >> PRIVMSG #a :11
        bob >> PRIVMSG #a :12
        bob >> PRIVMSG #a :13
        bob >> PRIVMSG #a :14
        bob >> PRIVMSG #a :15
        bob >> PRIVMSG #a :16
        bob >> PRIVMSG #a :17
        bob >> PRIVMSG #a :18
        bob >> PRIVMSG #a :19
        bob >> PRIVMSG #a :20
        bob >> PRIVMSG #a :21
        bob >> PRIVMSG #a :22
        bob >> PRIVMSG #a :23
        bob >> PRIVMSG #a :24
        ada >> PART #a
        ada reads again
        ada << :bob!~bob@localhost PRIVMSG #a :1
        ada << :Switchboard NOTICE * :You missed * lines in #a: your connection was too slow.
        ada << ...
        bob << ...
        ",
    );
}
