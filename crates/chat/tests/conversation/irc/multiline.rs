//! `draft/multiline`: messages of several lines, and lines too long for one message.

use std::time::Duration;

use crate::transcript::{settings, transcript, transcript_with};
use chat::Settings;

#[test]
fn several_lines_are_one_message() {
    transcript(
        "
        ada: irc draft/multiline batch message-tags echo-message labeled-response server-time
        bob: irc draft/multiline batch message-tags
        cyd: irc message-tags
        dan: irc
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
        ada >> @label=1;+x=y BATCH +123 draft/multiline #lobby
        ada >> @batch=123 PRIVMSG #lobby hello
        ada >> @batch=123 PRIVMSG #lobby :
        ada >> @batch=123 privmsg #LOBBY :how is
        ada >> @batch=123;draft/multiline-concat PRIVMSG #lobby : everyone?
        ada >> BATCH -123
        ada << @label=1;time=*;msgid=0-c;+x=y :ada!~ada@localhost BATCH +mc draft/multiline #lobby
        ada << @batch=mc :ada!~ada@localhost PRIVMSG #lobby :hello
        ada << @batch=mc :ada!~ada@localhost PRIVMSG #lobby :
        ada << @batch=mc :ada!~ada@localhost PRIVMSG #lobby :how is
        ada << @batch=mc;draft/multiline-concat :ada!~ada@localhost PRIVMSG #lobby : everyone?
        ada << :Switchboard BATCH -mc
        bob << @msgid=0-c;+x=y :ada!~ada@localhost BATCH +mc draft/multiline #lobby
        bob << @batch=mc :ada!~ada@localhost PRIVMSG #lobby :hello
        bob << @batch=mc :ada!~ada@localhost PRIVMSG #lobby :
        bob << @batch=mc :ada!~ada@localhost PRIVMSG #lobby :how is
        bob << @batch=mc;draft/multiline-concat :ada!~ada@localhost PRIVMSG #lobby : everyone?
        bob << :Switchboard BATCH -mc
        cyd << @msgid=0-c;+x=y :ada!~ada@localhost PRIVMSG #lobby :hello
        cyd << @+x=y :ada!~ada@localhost PRIVMSG #lobby :how is
        cyd << @+x=y :ada!~ada@localhost PRIVMSG #lobby : everyone?
        dan << :ada!~ada@localhost PRIVMSG #lobby :hello
        dan << :ada!~ada@localhost PRIVMSG #lobby :how is
        dan << :ada!~ada@localhost PRIVMSG #lobby : everyone?
        eve << [14:02] <ada> hello
        eve << [14:02] <ada>
        eve << [14:02] <ada> how is everyone?
        ",
    );
}

#[test]
fn one_person_can_be_told_several_lines() {
    transcript(
        "
        ada: irc draft/multiline batch echo-message labeled-response
        bob: irc draft/multiline batch
        eve: nc
        ada >> BATCH +1 draft/multiline bob
        ada >> @batch=1 NOTICE bob :one
        ada >> @batch=1 NOTICE Bob :two
        ada >> @label=9 BATCH -1
        bob << :ada!~ada@localhost BATCH +m6 draft/multiline bob
        bob << @batch=m6 :ada!~ada@localhost NOTICE bob :one
        bob << @batch=m6 :ada!~ada@localhost NOTICE bob :two
        bob << :Switchboard BATCH -m6
        ada << @label=9 :ada!~ada@localhost BATCH +m6 draft/multiline bob
        ada << @batch=m6 :ada!~ada@localhost NOTICE bob :one
        ada << @batch=m6 :ada!~ada@localhost NOTICE bob :two
        ada << :Switchboard BATCH -m6
        ada >> @label=1 BATCH +2 draft/multiline eve
        ada >> @batch=2 PRIVMSG eve :one
        ada >> @batch=2 PRIVMSG eve :two
        ada >> @label=2 BATCH -2
        ada << @label=1 :ada!~ada@localhost BATCH +m7 draft/multiline eve
        ada << @batch=m7 :ada!~ada@localhost PRIVMSG eve :one
        ada << @batch=m7 :ada!~ada@localhost PRIVMSG eve :two
        ada << :Switchboard BATCH -m7
        ada << @label=2 :Switchboard ACK
        eve << [14:02] <ada to you> one
        eve << [14:02] <ada to you> two
        # A single line is an ordinary message.
        ada >> BATCH +3 draft/multiline bob
        ada >> @batch=3 PRIVMSG bob :one
        ada >> BATCH -3
        bob << :ada!~ada@localhost PRIVMSG bob :one
        ada << :ada!~ada@localhost PRIVMSG bob :one
        ada >> @label=4 BATCH +4 draft/multiline nobody
        ada >> @batch=4 PRIVMSG nobody :one
        ada >> BATCH -4
        ada << @label=4 :Switchboard 401 ada nobody :No such nick/channel
        ",
    );
}

#[test]
fn what_a_person_types_in_one_long_line_is_cut_for_clients() {
    let (line, cut) = ("word ".repeat(100), "word ".repeat(94));
    transcript(&format!(
        "
        ada: irc
        bob: irc draft/multiline batch
        eve: nc
        ada >> JOIN #lobby
        bob >> JOIN #lobby
        ada << ...
        bob << ...
        eve << ...
        eve >> {line}
        ada << :eve!nc@localhost PRIVMSG #lobby :{cut}word
        ada << :eve!nc@localhost PRIVMSG #lobby :word word word word word
        bob << :eve!nc@localhost BATCH +m8 draft/multiline #lobby
        bob << @batch=m8 :eve!nc@localhost PRIVMSG #lobby :{cut}word
        bob << @batch=m8;draft/multiline-concat :eve!nc@localhost PRIVMSG #lobby :word word word word word
        bob << :Switchboard BATCH -m8
        "
    ));
}

#[test]
fn what_is_no_message_of_several_lines_is_refused_once_and_said_by_nobody() {
    transcript(
        "
        ada: irc draft/multiline batch labeled-response
        bob: irc
        # Another target.
        ada >> @label=1 BATCH +1 draft/multiline #foo
        ada >> @batch=1 PRIVMSG bob :hi
        ada << @label=1 :Switchboard FAIL BATCH MULTILINE_INVALID_TARGET #foo bob :*
        ada >> @batch=1 PRIVMSG #foo :hi
        ada >> BATCH -1
        # Both kinds.
        ada >> BATCH +2 draft/multiline bob
        ada >> @batch=2 PRIVMSG bob :hi
        ada >> @batch=2 NOTICE bob :hi
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :A message is all PRIVMSG or all NOTICE. *
        ada >> BATCH -2
        # Something else.
        ada >> BATCH +3 draft/multiline bob
        ada >> @batch=3 TAGMSG bob
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :Only PRIVMSG and NOTICE *
        ada >> BATCH -3
        # A blank line that continues another, and blank lines only.
        ada >> BATCH +4 draft/multiline bob
        ada >> @batch=4 PRIVMSG bob :hi
        ada >> @batch=4;draft/multiline-concat PRIVMSG bob :
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :A blank line continues nothing. *
        ada >> @label=4 BATCH -4
        ada << @label=4 :Switchboard ACK
        ada >> BATCH +5 draft/multiline bob
        ada >> @batch=5 PRIVMSG bob :
        ada >> @batch=5 PRIVMSG bob :
        ada >> BATCH -5
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :There is nothing but blank lines. *
        # Questions from client to client cannot hide in it.
        ada >> BATCH +6 draft/multiline bob
        ada >> @batch=6 PRIVMSG bob :\x01VERSION\x01
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :CTCP *
        ada >> BATCH -6
        # No such batch.
        ada >> @batch=7 PRIVMSG bob :hi
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :There is no such batch. *
        ada >> BATCH -7
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :There is no such batch. *
        # Another is begun: the first is gone, the second goes on.
        ada >> BATCH +8 draft/multiline bob
        ada >> BATCH +9 draft/multiline bob
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :Another batch was begun before its end. *
        ada >> @batch=9 PRIVMSG bob :fine
        # What is not part of it is obeyed meanwhile.
        ada >> PING x
        ada << :Switchboard PONG Switchboard :x
        ada >> BATCH -9
        bob << :ada!~ada@localhost PRIVMSG bob :fine
        # A batch in a batch.
        ada >> BATCH +a draft/multiline bob
        ada >> @batch=a BATCH +b draft/multiline bob
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :Only PRIVMSG and NOTICE *
        ada >> BATCH -a
        # Names, kinds, and what is no batch at all.
        ada >> BATCH +a!b draft/multiline bob
        ada << :Switchboard FAIL BATCH INVALID_REFTAG a!b :*
        ada >> BATCH + draft/multiline bob
        ada << :Switchboard FAIL BATCH INVALID_REFTAG * :*
        ada >> BATCH x
        ada << :Switchboard FAIL BATCH INVALID_REFTAG * :*
        ada >> BATCH +c netjoin bob
        ada << :Switchboard FAIL BATCH UNKNOWN_TYPE c netjoin :*
        ada >> @batch=c PRIVMSG bob :hi
        ada >> BATCH -c
        ada >> BATCH +d draft/multiline
        ada << :Switchboard FAIL BATCH MULTILINE_INVALID :A batch needs a target. *
        ada >> BATCH
        ada << :Switchboard 461 ada BATCH :Not enough parameters
        bob >> BATCH +1 draft/multiline ada
        bob << :Switchboard 421 bob BATCH :Unknown command
        # Who has not asked for it says what it says.
        bob >> @batch=1 PRIVMSG ada :hi
        ada << :bob!~bob@localhost PRIVMSG ada :hi
        ",
    );
}

#[test]
fn it_has_so_many_lines_and_bytes_and_so_much_time() {
    let mut settings = settings();
    (settings.limits.multiline_lines, settings.limits.multiline_bytes) = (2, 10);
    settings.limits.multiline_time = Duration::from_secs(30);
    settings.limits.registration = Duration::from_secs(600);
    transcript_with(
        Settings { ..settings },
        "
        ada: irc draft/multiline batch
        bob: irc
        kit: connect
        kit >> CAP LS 302
        kit << :Switchboard CAP * LS * :* draft/multiline=max-bytes=10,max-lines=2 *
        kit << ...
        ada >> BATCH +1 draft/multiline bob
        ada >> @batch=1 PRIVMSG bob :12345
        ada >> @batch=1 PRIVMSG bob :7890
        ada >> BATCH -1
        bob << :ada!~ada@localhost PRIVMSG bob :12345
        bob << :ada!~ada@localhost PRIVMSG bob :7890
        ada >> BATCH +2 draft/multiline bob
        ada >> @batch=2 PRIVMSG bob :12345
        ada >> @batch=2 PRIVMSG bob :78901
        ada << :Switchboard FAIL BATCH MULTILINE_MAX_BYTES 10 :*
        ada >> BATCH -2
        ada >> BATCH +3 draft/multiline bob
        ada >> @batch=3 PRIVMSG bob :1
        ada >> @batch=3 PRIVMSG bob :2
        ada >> @batch=3;draft/multiline-concat PRIVMSG bob :3
        ada << :Switchboard FAIL BATCH MULTILINE_MAX_LINES 2 :*
        ada >> BATCH -3
        ada >> BATCH +4 draft/multiline bob
        ada >> @batch=4 PRIVMSG bob :1
        -- 30 s
        ada >> @batch=4 PRIVMSG bob :2
        -- 1 s
        ada >> BATCH -4
        ada << :Switchboard FAIL BATCH TIMEOUT 4 :*
        ada >> BATCH +5 draft/multiline bob
        -- 31 s
        ada >> @batch=5 PRIVMSG bob :1
        ada << :Switchboard FAIL BATCH TIMEOUT 5 :*
        ",
    );
}

#[test]
fn each_line_counts_against_flooding() {
    let settings = Settings { irc_lobby: false, ..Settings::default() };
    let lines = "ada >> @batch=1 PRIVMSG bob :x\n".repeat(10);
    transcript_with(
        settings,
        &format!(
            "
            ada: irc draft/multiline batch
            bob: irc draft/multiline batch
            -- 10 s
            ada >> BATCH +1 draft/multiline bob
            {lines}
            ada >> BATCH -1
            ada >> PING x
            bob >> PING y
            bob << :Switchboard PONG Switchboard :y
            -- 3 s
            bob << :ada!~ada@localhost BATCH +m3 draft/multiline bob
            bob << ...
            ada << :Switchboard PONG Switchboard :x
            "
        ),
    );
}
