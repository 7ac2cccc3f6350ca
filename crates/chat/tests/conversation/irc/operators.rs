//! OPER, KILL, WALLOPS, REHASH, DIE: server operators.

use std::time::Duration;

use chat::{Answer, Limits, Rate, Settings};
use service::Service;

use crate::desk::with_operator;
use crate::harness::Chat;
use crate::harness::on_any_number_of_loops;
use crate::transcript::{hold, settings, transcript, transcript_with};

#[test]
fn what_follows_oper_waits_for_its_answer_and_keeps_its_order() {
    transcript_with(
        with_operator(settings()).0,
        "
        ada: irc labeled-response batch
        ada >> @label=1 OPER root tea
        ada >> PING a
        ada >> @label=2 PING b
        bob: irc
        -- host answers
        ada << @label=1 :Switchboard BATCH +* labeled-response
        ada << @batch=* :Switchboard MODE ada +o
        ada << @batch=* :Switchboard 381 ada :You are now an IRC operator
        ada << :Switchboard BATCH -*
        ada << :Switchboard PONG Switchboard :a
        ada << @label=2 :Switchboard PONG Switchboard :b
        bob >> OPER root coffee
        bob >> QUIT
        -- host answers
        bob << :Switchboard 464 bob :Password incorrect
        bob << ERROR :Closing Link: localhost (Quit)
        ",
    );
}

#[test]
fn who_ends_while_it_waits_is_answered_first() {
    let mut chat = Chat::with(with_operator(settings()).0);
    let ada = chat.connect();
    chat.send(ada, b"NICK ada\r\nUSER ada 0 * :Ada\r\nOPER root tea\r\nPING x\r\n");
    chat.end(ada);
    assert!(!chat.is_closed(ada));
    chat.turn(Service::woken);
    let got = chat.read(ada);
    assert!(got.contains(" 381 ") && got.contains(" PONG ") && chat.is_closed(ada), "{got}");
    // Who is gone when the answer comes is nobody.
    let bob = chat.connect();
    chat.send(bob, b"NICK bob\r\nUSER bob 0 * :Bob\r\nOPER root tea\r\n");
    chat.reset(bob);
    chat.turn(Service::woken);
    assert_eq!(chat.service().stats().connections, 0);
}

#[test]
fn an_operator_is_tried_once_in_ten_seconds_and_not_told_what_was_wrong() {
    transcript_with(
        with_operator(settings()).0,
        "
        ada: irc
        ada >> OPER root
        ada << :Switchboard 461 ada OPER :Not enough parameters
        ada >> OPER nobody tea
        -- host answers
        ada << :Switchboard 464 ada :Password incorrect
        ada >> OPER root tea
        ada << :Switchboard 263 ada OPER :Please wait a while and try again.
        -- 10 s
        ada >> OPER root coffee
        -- host answers
        ada << :Switchboard 464 ada :Password incorrect
        ada >> KILL ada
        ada << :Switchboard 481 ada :Permission Denied- You're not an IRC operator
        ",
    );
    transcript(
        "
        ada: irc
        ada >> OPER root tea
        ada << :Switchboard 491 ada :There are no operators here
        eve: connect
        eve >> OPER root tea
        -- 1 s
        eve << Welcome to Switchboard (*
        eve << ...
        kit: connect
        kit >> NICK kit
        kit >> OPER root tea
        kit << :Switchboard 451 kit :You have not registered
        kit >> DIE
        kit << :Switchboard 451 kit :You have not registered
        ada << ...
        ",
    );
}

#[test]
fn who_guesses_passwords_is_not_let_in_for_a_while() {
    let (settings, _) = with_operator(settings());
    let limits = Limits { refusals: 3, ..settings.limits.clone() };
    transcript_with(
        Settings { limits, ..settings },
        "
        eve: connect 192.0.2.7
        eve >> NICK eve
        eve >> USER eve 0 * :Eve
        eve << ...
        eve >> OPER root a
        -- host answers
        -- 10 s
        eve >> OPER root b
        -- host answers
        -- 10 s
        eve >> OPER root c
        -- host answers
        eve << ...
        eva: connect 192.0.2.7
        eva >> NICK eva
        eva << ERROR :Closing Link: *.ip (Your address was refused several times. Please wait 5 min before you try again.)
        eva << (closed)
        ",
    );
}

#[test]
fn kill_puts_somebody_out() {
    transcript_with(
        with_operator(settings()).0,
        "
        eve: nc
        ada: irc
        ada >> OPER root tea
        -- host answers
        ada << ...
        bob: irc
        bob >> JOIN #tea
        ada >> JOIN #tea
        bob << ...
        ada << ...
        ada >> KILL nobody :why
        ada << :Switchboard 401 ada nobody :No such nick/channel
        ada >> KILL Switchboard
        ada << :Switchboard 483 ada :You can't kill a server!
        ada >> KILL bob :spamming
        bob << :ada!~ada@localhost KILL bob :spamming
        bob << ERROR :Closing Link: localhost (Killed (ada (spamming)))
        bob << (closed)
        ada << :bob!~bob@localhost QUIT :Killed (ada (spamming))
        ada << :Switchboard NOTICE ada :*** ada has put out bob: spamming
        ada >> KILL eve
        ada << :Switchboard NOTICE ada :*** ada has put out eve: No reason given
        eve << ada, who runs this server, has put you out: No reason given
        eve << (closed)
        ada >> KILL ada :enough
        ada << :ada!~ada@localhost KILL ada :enough
        ada << ERROR :Closing Link: localhost (Killed (ada (enough)))
        ada << (closed)
        ",
    );
}

#[test]
fn what_an_operator_writes_reaches_people_cleaned() {
    transcript_with(
        with_operator(settings()).0,
        "
        ada: irc
        ada >> OPER root tea
        -- host answers
        ada << ...
        eve: nc
        kit: nc
        ada << ...
        eve << ...
        ada >> KILL eve :a\u{1b}[31mred\u{2}b
        ada << :Switchboard NOTICE ada :*** ada has put out eve: a\u{1b}[31mred\u{2}b
        ada << ...
        eve << ada, who runs this server, has put you out: aredb
        eve << (closed)
        kit << ...
        ada >> KLINE kit!*@* :c\u{1b}[32mgreen\u{1}d
        kit << You are banned from this server: cgreend
        kit << (closed)
        ada << ...
        ",
    );
}

#[test]
fn operators_hear_wallops_and_others_may_not_say_it() {
    transcript_with(
        with_operator(settings()).0,
        "
        ada: irc
        bob: irc
        ada >> OPER root tea
        -- host answers
        ada << ...
        ada >> WALLOPS :All hands!
        ada << :ada!~ada@localhost WALLOPS :All hands!
        kit: irc
        kit >> MODE kit +w
        kit << :kit!~kit@localhost MODE kit +w
        ada >> WALLOPS :More hands!
        ada << :ada!~ada@localhost WALLOPS :More hands!
        kit << :ada!~ada@localhost WALLOPS :More hands!
        bob >> WALLOPS :hi
        bob << :Switchboard 481 bob :Permission Denied- You're not an IRC operator
        ",
    );
}

#[test]
fn where_somebody_is_seen_to_come_from_may_be_changed() {
    transcript_with(
        with_operator(settings()).0,
        "
        ada: irc
        bob: irc chghost
        kit: irc
        bob >> JOIN #tea
        kit >> JOIN #tea
        bob << ...
        kit << ...
        bob >> CHGHOST bob x
        bob << :Switchboard 481 bob :*
        ada >> OPER root tea
        -- host answers
        ada << ...
        ada >> CHGHOST bob bob.example.org
        ada << :Switchboard NOTICE ada :*** ada has given bob the host bob.example.org
        bob << :bob!~bob@localhost CHGHOST ~bob bob.example.org
        kit << ...
        bob >> PRIVMSG ada :hi
        ada << :bob!~bob@bob.example.org PRIVMSG ada :hi
        ada >> CHGHOST bob a!b
        ada << :Switchboard NOTICE ada :CHGHOST: A host has *
        ada >> CHGHOST nobody a
        ada << :Switchboard 401 ada nobody :*
        ",
    );
}

#[test]
fn who_is_operator_no_more_may_no_more() {
    transcript_with(
        with_operator(settings()).0,
        "
        ada: irc
        bob: connect 192.0.2.7
        bob >> NICK bob
        bob >> USER bob 0 * :Bob
        bob << ...
        ada >> WHOIS bob
        ada << :Switchboard 311 ada bob ~bob *.ip * :Bob
        ada << ...
        ada >> OPER root tea
        -- host answers
        ada << ...
        ada >> WHOIS bob
        ada << :Switchboard 311 ada bob ~bob *.ip * :Bob
        ada << :Switchboard 312 ada bob *
        ada << :Switchboard 338 ada bob ~bob@192.0.2.7 192.0.2.7 :*
        ada << ...
        ada >> MODE ada -o
        ada << :ada!~ada@localhost MODE ada -o
        ada >> KILL bob
        ada << :Switchboard 481 ada :*
        ",
    );
}

#[test]
fn the_configuration_is_read_again_all_or_nothing() {
    on_any_number_of_loops(read_the_configuration_again);
}

fn read_the_configuration_again() {
    let (settings, desk) = with_operator(settings());
    let new = Settings {
        name: "Other".into(),
        motd: vec!["Be kind.".into()],
        password: Some("key".into()),
        contact: "root@example.org".into(),
        ..settings.clone()
    };
    *desk.configuration.lock().unwrap() = Some(Ok(Box::new(new.clone())));
    let mut text = "
        ada: irc
        bob: irc
        bob >> REHASH
        bob << :Switchboard 481 bob :*
        ada >> OPER root tea
        -- host answers
        ada << ...
        ada >> REHASH
        ada << :Switchboard 382 ada configuration :Rehashing
        -- host answers
        ada << :Switchboard NOTICE ada :*** Changed, from now on: motd, the password, contact
        ada << :Switchboard NOTICE ada :*** Needs a restart: name
        ada >> MOTD
        ada << :Switchboard 375 ada :*
        ada << :Switchboard 372 ada :- Be kind.
        ada << :Switchboard 376 ada :*
        eve: connect
        eve >> NICK eve
        eve >> USER eve 0 * :Eve
        eve << :Switchboard 464 eve :Password incorrect
        eve << ERROR :Closing Link: localhost (Password incorrect)
        eve << (closed)
        ada >> REHASH
        ada << :Switchboard 382 ada configuration :Rehashing
        -- host answers
        ada << :Switchboard NOTICE ada :*** The configuration was not taken over:
        ada << :Switchboard NOTICE ada :*** line 3: no such key
        "
    .to_owned();
    // A signal asks for nobody: all operators hear of it.
    desk.answer(Answer::Reread { ticket: None, settings: Ok(Box::new(settings.clone())) });
    text = text.replacen(
        "bob: irc\n",
        "bob: irc
        -- host answers
        ",
        1,
    );
    hold(settings, &text);
}

#[test]
fn die_ends_the_server() {
    transcript_with(
        with_operator(settings()).0,
        "
        ada: irc
        bob: nc
        ada >> DIE
        ada << :Switchboard 481 ada :*
        ada >> OPER root tea
        -- host answers
        ada << ...
        ada >> DIE
        ada << :Switchboard NOTICE ada :*** ada ends this server
        ada << ERROR :Closing Link: localhost (Server is shutting down...)
        bob << *** Server is shutting down...
        bob << (closed)
        ",
    );
}

#[test]
fn what_is_asked_often_has_a_budget_beside_the_lines() {
    let limits = Limits {
        lines: Rate { burst: 1, every: Duration::from_secs(1000) },
        history_budget: Rate { burst: 3, every: Duration::from_secs(1000) },
        ..settings().limits
    };
    let mut chat = Chat::with(Settings { limits, ..settings() });
    let ada = chat.connect();
    chat.send(
        ada,
        b"CAP REQ :batch draft/chathistory\r\nNICK ada\r\nUSER ada 0 * :Ada\r\nCAP END\r\n",
    );
    chat.read(ada);
    for _ in 0..4 {
        chat.send(ada, b"CHATHISTORY LATEST #none * 10\r\n");
    }
    assert_eq!(chat.read(ada).lines().count(), 4, "the fourth costs lines");
    chat.send(ada, b"CHATHISTORY LATEST #none * 10\r\nCHATHISTORY LATEST #none * 10\r\n");
    chat.sleep(100);
    assert_eq!(chat.read(ada), "", "it waits, and is told no plain line");
}
