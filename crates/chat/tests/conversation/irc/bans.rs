//! KLINE, DLINE, ZLINE, RLINE and what lifts them; the server's password.

use chat::{Ban, Limits, Matches, Settings};

use crate::desk::with_operator;
use crate::harness::Chat;
use crate::transcript::{settings, transcript_with};

const ROOT: &str = "
        ada: irc
        ada >> OPER root tea
        -- host answers
        ada << ...
";

#[track_caller]
fn with_root(settings: Settings, text: &str) {
    transcript_with(with_operator(settings).0, &format!("{ROOT}{text}"));
}

#[test]
fn an_address_is_banned_at_once_and_when_it_comes_back() {
    with_root(
        settings(),
        "
        bob: connect 192.0.2.7
        bob >> NICK bob
        bob >> USER bob 0 * :Bob
        bob << ...
        eve: connect 192.0.2.8
        eve >> hello
        eve << ...
        kit: connect 192.0.2.9
        lou: connect 192.0.3.1
        lou >> NICK lou
        ada >> DLINE 1h 192.0.2.0/24 :spam from here
        ada << :Switchboard NOTICE ada :*** ada has banned 192.0.2.0/24 until 2026-11-21 15:02 UTC: spam from here
        bob << :Switchboard 465 bob :You are banned from this server: spam from here (until 2026-11-21 15:02 UTC)
        bob << ERROR :Closing Link: *.ip (You are banned from this server: spam from here (until 2026-11-21 15:02 UTC))
        bob << (closed)
        eve << You are banned from this server: spam from here (until 2026-11-21 15:02 UTC)
        eve << (closed)
        kit << ERROR :You are banned from this server: *
        kit << (closed)
        bea: connect 192.0.2.77
        bea << ERROR :You are banned from this server: spam from here (until 2026-11-21 15:02 UTC)
        bea << (closed)
        lou >> USER lou 0 * :Lou
        lou << :Switchboard 001 lou :*
        lou << ...
        ada >> UNZLINE 192.0.2.0/24
        ada << :Switchboard NOTICE ada :*** ada has lifted the ban on 192.0.2.0/24
        max: connect 192.0.2.78
        max >> hi
        max << Welcome *
        max << ...
        ada >> ZLINE 1 192.0.2.78
        ada << :Switchboard NOTICE ada :*** ada has banned 192.0.2.78/32 until 2026-11-21 14:03 UTC: No reason given
        max << You are banned *
        -- 60 s
        mia: connect 192.0.2.78
        mia >> hi
        mia << Welcome *
        mia << ...
        lou << ...
        ",
    );
}

#[test]
fn masks_and_real_names_are_banned_when_somebody_registers() {
    with_root(
        settings(),
        "
        ada >> KLINE *@192.0.2.* :no
        ada << :Switchboard NOTICE ada :*** ada has banned *@192.0.2.*: no
        ada >> RLINE *spam?bot* :no bots
        ada << :Switchboard NOTICE ada :*** ada has banned *spam?bot*: no bots
        bob: connect 192.0.2.7
        bob >> NICK bob
        bob >> USER bob 0 * :Bob
        bob << :Switchboard 465 * :You are banned from this server: no
        bob << ERROR :Closing Link: *.ip (You are banned from this server: no)
        bob << (closed)
        eve: connect 192.0.2.8
        eve >> hello
        eve << You are banned from this server: no
        eve << (closed)
        kit: connect
        kit >> NICK kit
        kit >> USER kit 0 * :A Spam Bot here
        kit << :Switchboard 465 * :You are banned from this server: no bots
        kit << ERROR :*
        kit << (closed)
        ada >> UNKLINE *@192.0.2.*
        ada << :Switchboard NOTICE ada :*** ada has lifted the ban on *@192.0.2.*
        ada >> UNRLINE *spam?bot*
        ada << :Switchboard NOTICE ada :*** ada has lifted the ban on *spam?bot*
        max: connect 192.0.2.7
        max >> hello
        max << Welcome *
        max << ...
        ",
    );
}

#[test]
fn who_becomes_somebody_banned_is_put_out() {
    with_root(
        settings(),
        "
        bob: irc
        eve: irc
        kit: irc
        lou: nc
        ada >> KLINE evil!*@* :not that name
        ada >> RLINE *spam?bot* :no bots
        ada << ...
        bob >> NICK Evil
        bob << :Switchboard 465 bob :You are banned from this server: not that name
        bob << ERROR :Closing Link: localhost (You are banned from this server: not that name)
        bob << (closed)
        eve >> SETNAME :A spam bot
        eve << :Switchboard 465 eve :You are banned from this server: no bots
        eve << ERROR :*
        eve << (closed)
        lou >> /nick evil
        lou << You are banned from this server: not that name
        lou << (closed)
        kit >> NICK good
        kit << :kit!*
        # An operator stays.
        ada >> NICK evil
        ada << :ada!*
        ",
    );
}

#[test]
fn a_ban_on_a_user_meets_it_with_the_sign_that_nobody_has_checked_it() {
    with_root(
        settings(),
        "
        ada >> KLINE bob@* :no
        ada << :Switchboard NOTICE ada :*** ada has banned bob@*: no
        bob: connect 192.0.2.7
        bob >> NICK bob
        bob >> USER bob 0 * :Bob
        bob << :Switchboard 465 * :You are banned from this server: no
        bob << ERROR :*
        bob << (closed)
        eve: connect 192.0.2.7
        eve >> NICK eve
        eve >> USER bobby 0 * :Eve
        eve << :Switchboard 001 eve :*
        eve << ...
        ",
    );
}

#[test]
fn a_mask_with_a_network_is_a_ban_on_the_network() {
    with_root(
        settings(),
        "
        ada >> KLINE *@192.0.2.0/24 :spam
        ada << :Switchboard NOTICE ada :*** ada has banned 192.0.2.0/24: spam
        bob: connect 192.0.2.7
        bob << ERROR :You are banned from this server: spam
        bob << (closed)
        ada >> UNKLINE *@192.0.2.0/24
        ada << :Switchboard NOTICE ada :*** ada has lifted the ban on 192.0.2.0/24
        # Else it would be a mask that nobody meets.
        ada >> KLINE bob@192.0.2.0/24 :spam
        ada << :Switchboard NOTICE ada :KLINE: a network is banned whoever comes from it: *@192.0.2.0/24. Nothing was done.
        ",
    );
}

#[test]
fn operators_see_the_bans_and_others_do_not() {
    with_root(
        settings(),
        "
        ada >> KLINE 60 *@evil :a
        ada >> ZLINE 192.0.2.0/24 :b
        ada >> RLINE bad?bot :c
        ada << ...
        ada >> STATS k
        ada << :Switchboard 216 ada k *@evil ada :a (until 2026-11-21 15:02 UTC)
        ada << :Switchboard 219 ada k :End of /STATS report
        ada >> STATS D
        ada << :Switchboard 216 ada D 192.0.2.0/24 ada :b (for ever)
        ada << :Switchboard 219 ada D :End of /STATS report
        ada >> STATS r
        ada << :Switchboard 216 ada r bad?bot ada :c (for ever)
        ada << :Switchboard 219 ada r :End of /STATS report
        -- 1 ms
        bob: irc
        bob >> STATS k
        bob << :Switchboard 481 bob :*
        ",
    );
}

#[test]
fn a_cloak_names_the_network() {
    let (settings, _) = with_operator(settings());
    let mut chat = Chat::with(settings);
    let ada = chat.connect();
    chat.send(ada, b"NICK ada\r\nUSER ada 0 * :Ada\r\nOPER root tea\r\n");
    chat.wake();
    let register = |chat: &mut Chat, name: &str, from: &str| {
        let key = chat.connect_from_address(from);
        chat.send(key, format!("NICK {name}\r\nUSER x 0 * :x\r\n").as_bytes());
        key
    };
    let bob = register(&mut chat, "bob", "192.0.2.7");
    let got = chat.read(bob);
    let host = got.lines().next().unwrap().rsplit_once('@').unwrap().1.to_owned();
    assert!(!got.contains("192.0.2.7") && host.ends_with(".ip"), "{got}");
    let (_, network) = host.split_once('.').unwrap();
    chat.send(ada, format!("KLINE *@*.{network} :all of you\r\n").as_bytes());
    assert!(chat.is_closed(bob));
    let near = register(&mut chat, "near", "192.0.2.200");
    assert!(chat.is_closed(near));
    let far = register(&mut chat, "far", "192.0.9.200");
    assert!(!chat.is_closed(far));
}

#[test]
fn what_is_no_ban_is_refused_and_nobody_bans_herself() {
    with_root(
        Settings { limits: Limits { bans: 1, ..settings().limits }, ..settings() },
        "
        bob: irc
        bob >> KLINE a@b :no
        bob << :Switchboard 481 bob :*
        ada >> KLINE
        ada << :Switchboard 461 ada KLINE :Not enough parameters
        ada >> KLINE bob :no
        ada << :Switchboard NOTICE ada :KLINE: user@host is wanted, with * and ?. Nothing was done.
        ada >> DLINE bob :no
        ada << :Switchboard NOTICE ada :DLINE: *
        ada >> KLINE *@* :oops
        ada << :Switchboard NOTICE ada :KLINE: That ban would meet you. Nothing was done.
        # Who is on this machine has no address and no cloak: it would meet all others.
        ada >> DLINE 0.0.0.0/0 :oops
        ada << :Switchboard NOTICE ada :DLINE: That ban would meet everyone. Nothing was done.
        ada >> ZLINE 0::/0 :oops
        ada << :Switchboard NOTICE ada :ZLINE: That ban would meet everyone. Nothing was done.
        ada >> DLINE 2000::/3 :oops
        ada << :Switchboard NOTICE ada :DLINE: That ban would meet everyone. Nothing was done.
        ada >> KLINE *@*.ip :oops
        ada << :Switchboard NOTICE ada :KLINE: That ban would meet everyone. Nothing was done.
        ada >> KLINE *@*.*.* :oops
        ada << :Switchboard NOTICE ada :KLINE: That ban would meet everyone. Nothing was done.
        ada >> UNKLINE a@b
        ada << :Switchboard NOTICE ada :UNKLINE: There is no such ban. Nothing was done.
        ada >> KLINE a@b :disk full
        ada << :Switchboard NOTICE ada :*** ada has banned a@b: disk full
        -- host answers
        ada << :Switchboard NOTICE ada :*** The bans are in force, but they are not kept: no space left
        ada >> KLINE c@d
        ada << :Switchboard NOTICE ada :KLINE: There are 1 bans, which is the limit. Nothing was done.
        ",
    );
}

#[test]
fn bans_are_handed_over_to_be_kept_and_hold_from_the_start() {
    let (settings, desk) = with_operator(settings());
    let mut chat = Chat::with(settings.clone());
    let ada = chat.connect();
    chat.send(ada, b"NICK ada\r\nUSER ada 0 * :Ada\r\nOPER root tea\r\n");
    chat.wake();
    chat.send(ada, b"DLINE 192.0.2.0/24 :a\r\nKLINE 60 *@*.example.org :b\r\n");
    let kept: Vec<Ban> = desk.kept.lock().unwrap().clone();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0].matches, Matches::Network("192.0.2.0/24".parse().unwrap()));
    assert_eq!(kept[1].matches, Matches::Mask("*!*@*.example.org".into()));
    assert_eq!((&*kept[1].by, kept[0].until_unix_ms), ("ada", None));
    let mut next = Chat::with(Settings { bans: kept, ..settings });
    let bob = next.connect_from_address("192.0.2.1");
    assert!(next.is_closed(bob));
}

#[test]
fn a_server_with_a_password_asks_everybody_for_it() {
    transcript_with(
        Settings { password: Some("tea time".into()), ..settings() },
        "
        ada: connect
        ada >> PASS :tea time
        ada >> NICK ada
        ada >> USER ada 0 * :Ada
        ada << :Switchboard 001 ada :*
        ada << ...
        bob: connect
        bob >> NICK bob
        bob >> PASS tea
        bob >> USER bob 0 * :Bob
        bob << :Switchboard 464 bob :Password incorrect
        bob << ERROR :Closing Link: localhost (Password incorrect)
        bob << (closed)
        eve: connect
        -- 1 s
        eve << This server asks for a password. Password:
        eve >> coffee
        eve << That is not the password. Password:
        eve >> tea time
        eve << Welcome to Switchboard (you are the first here).
        eve << ...
        kit: connect
        -- 1 s
        kit >> a
        kit >> b
        kit >> c
        kit << This server asks for a password. Password:
        kit << That is not the password. Password:
        kit << That is not the password. Password:
        kit << That is not the password. You are not let in.
        kit << (closed)
        lou: connect
        -- 1 s
        lou << This server asks for a password. Password:
        -- 30 s
        lou << No password came in 30 s. You are not let in.
        lou << (closed)
        # A client that was only late.
        max: connect
        -- 1 s
        max << This server asks for a password. Password:
        max >> PASS :tea time
        max >> NICK max
        max >> USER max 0 * :Max
        max << :Switchboard 001 max :*
        max << ...
        # A pipe says it first.
        mia: connect
        mia >> tea time
        mia >> hello
        mia ends
        mia << This server asks for a password. Password:
        mia << Welcome *
        mia << ...
        eve << [14:02] * guest-2 has joined
        eve << [14:02] <guest-2> hello
        eve << [14:02] * guest-2 has left
        ",
    );
}
