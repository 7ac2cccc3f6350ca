//! `draft/chathistory` and `draft/event-playback`: what was said and happened in rooms.

use chat::Settings;

use crate::transcript::{settings, transcript, transcript_with};

/// Ada makes a room and says 1 to 5 there, a second apart, the first at 14:02:01 as 0-3; then Bob,
/// who has these capabilities, comes in.
fn with_five_lines(capabilities: &str, then: &str) -> String {
    let said: String = (1..=5).map(|n| format!("-- 1 s\nada >> PRIVMSG #tea :{n}\n")).collect();
    format!(
        "
        ada: irc
        ada >> JOIN #tea
        ada << ...
        {said}
        bob: irc {capabilities}
        bob >> JOIN #tea
        bob << ...
        ada << ...
        {then}
        "
    )
}

const ALL: &str = "draft/chathistory batch server-time message-tags";

/// The batch in which Bob gets these of the five lines, the number of the batch being `batch`.
fn batch(batch: u32, lines: &[u32]) -> String {
    let mut text = format!("bob << :Switchboard BATCH +b{batch:x} chathistory #tea\n");
    for n in lines {
        text += &format!(
            "bob << @batch=b{batch:x};time=2026-11-21T14:02:0{n}.000Z;msgid=0-{} \
             :ada!~ada@localhost PRIVMSG #tea :{n}\n",
            n + 2
        );
    }
    text + &format!("bob << :Switchboard BATCH -b{batch:x}\n")
}

#[test]
fn each_span_is_what_the_specification_says() {
    let mut then = String::new();
    for (index, (query, lines)) in [
        ("LATEST #tea * 10", &[1, 2, 3, 4, 5][..]),
        ("latest #TEA * 2", &[4, 5]),
        ("LATEST #tea msgid=0-5 10", &[4, 5]),
        ("LATEST #tea timestamp=2026-11-21T14:02:03.000Z 1", &[5]),
        ("BEFORE #tea msgid=0-5 10", &[1, 2]),
        ("BEFORE #tea timestamp=2026-11-21T14:02:03.500Z 2", &[2, 3]),
        ("AFTER #tea msgid=0-3 2", &[2, 3]),
        ("AFTER #tea timestamp=2026-11-21T14:02:04.000Z 2", &[5]),
        ("AROUND #tea msgid=0-5 1", &[3]),
        ("AROUND #tea msgid=0-5 3", &[2, 3, 4]),
        ("AROUND #tea timestamp=2026-11-21T14:02:01.000Z 3", &[1, 2, 3]),
        ("BETWEEN #tea msgid=0-3 msgid=0-7 10", &[2, 3, 4]),
        ("BETWEEN #tea msgid=0-3 msgid=0-7 2", &[2, 3]),
        ("BETWEEN #tea msgid=0-7 msgid=0-3 2", &[3, 4]),
        ("BETWEEN #tea timestamp=2026-11-21T14:02:05.000Z msgid=0-3 1", &[4]),
        ("BEFORE #tea msgid=0-1 10", &[]),
        ("AFTER #tea msgid=0-ffff 10", &[]),
        ("LATEST #tea * 100000", &[1, 2, 3, 4, 5]),
    ]
    .into_iter()
    .enumerate()
    {
        then += &format!("bob >> CHATHISTORY {query}\n{}", batch(index as u32 + 1, lines));
    }
    transcript(&with_five_lines(ALL, &then));
}

#[test]
fn a_labelled_query_has_its_label_on_the_batch() {
    transcript(&with_five_lines(
        "draft/chathistory batch labeled-response",
        "
        bob >> @label=x CHATHISTORY LATEST #tea * 1
        bob << @label=x :Switchboard BATCH +b1 chathistory #tea
        bob << @batch=b1 :ada!~ada@localhost PRIVMSG #tea :5
        bob << :Switchboard BATCH -b1
        ",
    ));
    transcript(&with_five_lines(
        "draft/chathistory",
        "
        bob >> CHATHISTORY LATEST #tea * 2
        bob << :ada!~ada@localhost PRIVMSG #tea :4
        bob << :ada!~ada@localhost PRIVMSG #tea :5
        ",
    ));
}

#[test]
fn what_cannot_be_answered_is_refused_for_its_reason() {
    transcript(&with_five_lines(
        ALL,
        "
        bob >> CHATHISTORY
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS * :Unknown command
        bob >> CHATHISTORY OLDEST #tea * 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS OLDEST :Unknown command
        bob >> CHATHISTORY LATEST #tea 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS LATEST :Insufficient parameters
        bob >> CHATHISTORY LATEST #tea * 1 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS LATEST :Too many parameters
        bob >> CHATHISTORY BEFORE #tea * 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS BEFORE * :*
        bob >> CHATHISTORY BEFORE #tea timestamp=yesterday 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS BEFORE timestamp=yesterday :*
        bob >> CHATHISTORY BEFORE #tea line=7 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_MSGREFTYPE BEFORE line=7 :*
        bob >> CHATHISTORY BEFORE #tea msgid=abc-7 1
        bob << :Switchboard FAIL CHATHISTORY MESSAGE_ERROR BEFORE #tea abc-7 :*
        bob >> CHATHISTORY BEFORE #tea msgid=0-7 0
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS BEFORE :Invalid limit
        bob >> CHATHISTORY BEFORE #tea msgid=0-7 -1
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS BEFORE :Invalid limit
        bob >> CHATHISTORY BETWEEN #tea msgid=0-7 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS BETWEEN :Insufficient parameters
        bob >> CHATHISTORY TARGETS * * 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_PARAMS TARGETS * :*
        # Who has not asked for it.
        ada >> CHATHISTORY LATEST #tea * 1
        ada << :Switchboard 421 ada CHATHISTORY :Unknown command
        ",
    ));
}

#[test]
fn a_room_that_one_is_not_in_looks_like_none() {
    transcript(
        "
        ada: irc
        bob: irc draft/chathistory batch
        ada >> JOIN #tea
        ada >> PRIVMSG #tea :secret
        ada << ...
        bob >> CHATHISTORY LATEST #tea * 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_TARGET LATEST #tea :*
        bob >> CHATHISTORY LATEST #none * 1
        bob << :Switchboard FAIL CHATHISTORY INVALID_TARGET LATEST #none :*
        bob >> CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2030-01-01T00:00:00.000Z 9
        bob << :Switchboard BATCH +b1 draft/chathistory-targets
        bob << :Switchboard BATCH -b1
        # What people tell each other alone is not kept.
        bob >> PRIVMSG ada :hello
        ada << :bob!~bob@localhost PRIVMSG ada :hello
        bob >> CHATHISTORY LATEST ada * 1
        bob << :Switchboard BATCH +b2 chathistory ada
        bob << :Switchboard BATCH -b2
        bob >> CHATHISTORY LATEST nobody * 1
        bob << :Switchboard BATCH +b3 chathistory nobody
        bob << :Switchboard BATCH -b3
        ",
    );
}

#[test]
fn targets_are_the_rooms_in_which_something_was_said_last_in_that_time() {
    transcript(
        "
        ada: irc draft/chathistory batch
        ada >> JOIN #a,#b,#c,#d
        ada >> PRIVMSG #a :1
        -- 1 s
        ada >> PRIVMSG #b :2
        -- 1 s
        ada >> PRIVMSG #c :3
        ada << ...
        ada >> CHATHISTORY TARGETS timestamp=2026-11-21T14:02:00.000Z timestamp=2030-01-01T00:00:00.000Z 9
        ada << :Switchboard BATCH +b1 draft/chathistory-targets
        ada << @batch=b1 :Switchboard CHATHISTORY TARGETS #b 2026-11-21T14:02:01.000Z
        ada << @batch=b1 :Switchboard CHATHISTORY TARGETS #c 2026-11-21T14:02:02.000Z
        ada << :Switchboard BATCH -b1
        ada >> CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2030-01-01T00:00:00.000Z 2
        ada << :Switchboard BATCH +b2 draft/chathistory-targets
        ada << @batch=b2 :Switchboard CHATHISTORY TARGETS #a 2026-11-21T14:02:00.000Z
        ada << @batch=b2 :Switchboard CHATHISTORY TARGETS #b 2026-11-21T14:02:01.000Z
        ada << :Switchboard BATCH -b2
        ada >> CHATHISTORY TARGETS timestamp=2030-01-01T00:00:00.000Z timestamp=2020-01-01T00:00:00.000Z 1
        ada << :Switchboard BATCH +b3 draft/chathistory-targets
        ada << @batch=b3 :Switchboard CHATHISTORY TARGETS #c 2026-11-21T14:02:02.000Z
        ada << :Switchboard BATCH -b3
        ",
    );
}

#[test]
fn what_happened_is_played_back_to_those_who_asked_for_it() {
    transcript(
        "
        ada: irc message-tags echo-message
        bob: irc draft/chathistory batch
        cyd: irc draft/chathistory batch draft/event-playback
        eve: nc
        cyd >> JOIN #lobby
        bob >> JOIN #lobby
        ada >> JOIN #lobby
        ada >> @+draft/react=x TAGMSG #lobby
        ada >> @+typing=active TAGMSG #lobby
        ada >> PRIVMSG #lobby :\x01VERSION\x01
        ada >> PRIVMSG #lobby :hi
        ada >> NICK Ada
        ada >> PART #lobby :bye
        eve >> ho
        eve >> /quit
        bob << ...
        ada << ...
        cyd << ...
        eve << ...
        bob >> CHATHISTORY LATEST #lobby * 10
        bob << :Switchboard BATCH +b1 chathistory #lobby
        bob << @batch=b1 :ada!~ada@localhost PRIVMSG #lobby :hi
        bob << @batch=b1 :eve!nc@localhost PRIVMSG #lobby :ho
        bob << :Switchboard BATCH -b1
        cyd >> CHATHISTORY LATEST #lobby * 8
        cyd << :Switchboard BATCH +b2 chathistory #lobby
        cyd << @batch=b2 :bob!~bob@localhost JOIN #lobby
        cyd << @batch=b2 :ada!~ada@localhost JOIN #lobby
        cyd << @batch=b2 :ada!~ada@localhost PRIVMSG #lobby :hi
        cyd << @batch=b2 :ada!~ada@localhost NICK :Ada
        cyd << @batch=b2 :Ada!~ada@localhost PART #lobby :bye
        cyd << @batch=b2 :eve!nc@localhost PRIVMSG #lobby :ho
        cyd << @batch=b2 :eve!nc@localhost QUIT :Quit
        cyd << :Switchboard BATCH -b2
        cyd >> CAP REQ message-tags
        cyd << ...
        cyd >> CHATHISTORY BETWEEN #lobby msgid=0-9 msgid=0-d 9
        cyd << :Switchboard BATCH +b3 chathistory #lobby
        cyd << @batch=b3;msgid=0-a;+draft/react=x :ada!~ada@localhost TAGMSG #lobby
        cyd << :Switchboard BATCH -b3
        ",
    );
}

#[test]
fn what_operators_do_is_played_back_and_who_is_away_is_not() {
    transcript(
        "
        ada: irc
        bob: irc
        cyd: irc draft/chathistory batch draft/event-playback away-notify setname
        ada >> JOIN #tea
        cyd >> JOIN #tea
        ada >> TOPIC #tea :green
        bob >> AWAY :tired
        bob >> JOIN #tea
        bob >> AWAY
        ada >> MODE #tea +v bob
        ada >> KICK #tea bob :sleep
        ada << ...
        bob << ...
        cyd << ...
        cyd >> CHATHISTORY LATEST #tea * 9
        cyd << :Switchboard BATCH +b1 chathistory #tea
        cyd << @batch=b1 :cyd!~cyd@localhost JOIN #tea
        cyd << @batch=b1 :ada!~ada@localhost TOPIC #tea :green
        cyd << @batch=b1 :bob!~bob@localhost JOIN #tea
        cyd << @batch=b1 :ada!~ada@localhost MODE #tea +v bob
        cyd << @batch=b1 :ada!~ada@localhost KICK #tea bob :sleep
        cyd << :Switchboard BATCH -b1
        ",
    );
}

#[test]
fn several_lines_are_a_batch_in_the_batch() {
    transcript(
        "
        ada: irc draft/multiline batch draft/chathistory labeled-response
        ada >> JOIN #tea
        ada << ...
        ada >> BATCH +1 draft/multiline #tea
        ada >> @batch=1 PRIVMSG #tea :one
        ada >> @batch=1 PRIVMSG #tea :two
        ada >> BATCH -1
        ada >> @label=l CHATHISTORY LATEST #tea * 1
        ada << @label=l :Switchboard BATCH +b1 chathistory #tea
        ada << @batch=b1 :ada!~ada@localhost BATCH +m3 draft/multiline #tea
        ada << @batch=m3 :ada!~ada@localhost PRIVMSG #tea :one
        ada << @batch=m3 :ada!~ada@localhost PRIVMSG #tea :two
        ada << @batch=b1 :Switchboard BATCH -m3
        ada << :Switchboard BATCH -b1
        ",
    );
}

#[test]
fn an_answer_that_would_not_fit_is_the_part_that_matters_most() {
    let mut settings = settings();
    // What two of the lines take, and a little.
    settings.limits.history_batch_bytes = 100;
    let expect = |batch: u32, lines: &[u32]| {
        let lines = lines
            .iter()
            .map(|n| format!("bob << @batch=b{batch:x} :ada!~ada@localhost PRIVMSG #tea :{n}\n"));
        format!(
            "bob << :Switchboard BATCH +b{batch:x} chathistory #tea\n{}\
             bob << :Switchboard BATCH -b{batch:x}\n",
            lines.collect::<String>()
        )
    };
    let mut then = String::new();
    for (index, (query, lines)) in [
        ("LATEST #tea * 9", [4, 5]),
        ("BEFORE #tea msgid=0-7 9", [3, 4]),
        ("AFTER #tea msgid=0-3 9", [2, 3]),
        ("AROUND #tea msgid=0-5 4", [2, 3]),
        ("BETWEEN #tea msgid=0-3 msgid=0-7 9", [2, 3]),
        ("BETWEEN #tea msgid=0-7 msgid=0-3 9", [3, 4]),
    ]
    .into_iter()
    .enumerate()
    {
        then += &format!("bob >> CHATHISTORY {query}\n{}", expect(index as u32 + 1, &lines));
    }
    transcript_with(settings, &with_five_lines("draft/chathistory batch", &then));
}

#[test]
fn who_comes_is_shown_the_last_lines_if_it_can_tell_that_they_are_old() {
    let mut settings = settings();
    settings.limits.replay_lines = 2;
    transcript_with(
        Settings { ..settings },
        "
        ada: irc
        ada >> JOIN #tea
        ada >> PRIVMSG #tea :1
        ada >> PRIVMSG #tea :2
        -- 1 s
        ada >> PRIVMSG #tea :3
        ada << ...
        bob: irc server-time batch
        cyd: irc server-time
        dan: irc message-tags batch
        fay: irc server-time batch draft/chathistory
        bob >> JOIN #tea
        bob << @time=2026-11-21T14:02:01.000Z :bob!~bob@localhost JOIN #tea
        bob << :Switchboard 353 bob = #tea :@ada bob
        bob << :Switchboard 366 bob #tea :End of /NAMES list
        bob << :Switchboard BATCH +b1 chathistory #tea
        bob << @batch=b1;time=2026-11-21T14:02:00.000Z :ada!~ada@localhost PRIVMSG #tea :2
        bob << @batch=b1;time=2026-11-21T14:02:01.000Z :ada!~ada@localhost PRIVMSG #tea :3
        bob << :Switchboard BATCH -b1
        bob >> PART #tea
        bob << ...
        cyd >> JOIN #tea
        cyd << @time=2026-11-21T14:02:01.000Z :cyd!~cyd@localhost JOIN #tea
        cyd << :Switchboard 353 cyd = #tea :@ada cyd
        cyd << :Switchboard 366 cyd #tea :End of /NAMES list
        cyd << @time=2026-11-21T14:02:00.000Z :ada!~ada@localhost PRIVMSG #tea :2
        cyd << @time=2026-11-21T14:02:01.000Z :ada!~ada@localhost PRIVMSG #tea :3
        cyd >> PART #tea
        cyd << ...
        dan >> JOIN #tea
        dan << @msgid=* :dan!~dan@localhost JOIN #tea
        dan << :Switchboard 353 dan = #tea :@ada dan
        dan << :Switchboard 366 dan #tea :End of /NAMES list
        dan >> PART #tea
        dan << ...
        fay >> JOIN #tea
        fay << @time=2026-11-21T14:02:01.000Z :fay!~fay@localhost JOIN #tea
        fay << :Switchboard 353 fay = #tea :@ada fay
        fay << :Switchboard 366 fay #tea :End of /NAMES list
        ada << ...
        ",
    );
}

#[test]
fn people_ask_for_what_was_said_and_get_no_comings_and_goings() {
    transcript(
        "
        ada: irc
        eve: nc
        ada >> JOIN #lobby
        ada >> PRIVMSG #lobby :one
        ada >> PART #lobby
        ada >> JOIN #lobby
        ada >> NICK Ada
        ada << ...
        eve << ...
        eve >> /history 5
        eve << -- last 1 line --
        eve << [14:02] <ada> one
        eve << -- now --
        ",
    );
}

#[test]
fn the_tokens_and_capabilities_are_there() {
    transcript(
        "
        kit: connect
        kit >> CAP LS 302
        kit << :Switchboard CAP * LS * :*draft/chathistory draft/event-playback *
        kit << ...
        kit >> NICK kit
        kit >> USER kit 0 * :Kit
        kit >> CAP END
        kit << :Switchboard 001 *
        kit << :Switchboard 002 *
        kit << :Switchboard 003 *
        kit << :Switchboard 004 *
        kit << :Switchboard 005 kit * CHATHISTORY=1000 *
        kit << :Switchboard 005 kit * MSGREFTYPES=msgid,timestamp *
        kit << ...
        ",
    );
}
