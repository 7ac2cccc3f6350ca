//! What connections say first, in whatever pieces, and what they are taken for.

use chat::{Limits, Settings, Speaks};
use proptest::prelude::*;
use service::Key;

use crate::harness::Chat;
use crate::transcript::{settings, transcript, transcript_with};

const ADA: &[u8] = b"NICK ada\r\nUSER ada 0 * :Ada\r\n";

fn pinned(speaks: Speaks) -> Settings {
    Settings { listeners: vec![speaks], ..settings() }
}

fn behind_proxies() -> Settings {
    Settings { trusted_proxies: vec!["192.0.2.0/24".parse().unwrap()], ..settings() }
}

/// Somebody connects, sends this, and is closed; what it got.
#[track_caller]
fn turned_away(chat: &mut Chat, bytes: &[u8]) -> Vec<u8> {
    let machine = chat.connect();
    chat.send(machine, bytes);
    assert!(chat.is_closed(machine));
    chat.read_bytes(machine)
}

#[test]
fn machines_that_speak_something_else_are_told_and_not_read_out() {
    let mut chat = Chat::new();
    let ada = chat.join("ada");
    let got = turned_away(&mut chat, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    assert_eq!(got, [21, 3, 3, 0, 2, 2, 40], "a fatal alert: handshake failure");
    let got = turned_away(&mut chat, b"SSH-2.0-OpenSSH_9.2p1\r\n");
    assert!(got.starts_with(b"This is a chat, not SSH."));
    chat.sees(ada, &[]);
}

#[test]
fn a_browser_that_speaks_late_is_answered_and_not_read_out() {
    let mut chat = Chat::new();
    let ada = chat.join("ada");
    let browser = chat.connect();
    chat.sleep(1000);
    chat.read(browser);
    chat.send(browser, b"GET / HTTP/1.0\r\nCookie: secret\r\n\r\n");
    assert!(chat.read(browser).starts_with("HTTP/1.1 200"));
    assert!(chat.is_closed(browser));
    let joined = "[14:02] * guest-2 has joined";
    chat.sees(ada, &[joined, "[14:02] * guest-2 has left"]);
}

/// What a conversation that begins with `bytes`, in these pieces, sees within three seconds.
fn outcome(settings: Settings, bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, String, bool) {
    let mut chat = Chat::with(settings);
    let witness = chat.join("witness");
    let key = chat.connect_from_address("192.0.2.7");
    let (mut rest, mut at) = (bytes, 0);
    for &cut in cuts {
        if cut > at && cut < bytes.len() && !chat.is_closed(key) {
            chat.send(key, &rest[..cut - at]);
            (rest, at) = (&rest[cut - at..], cut);
        }
    }
    if !chat.is_closed(key) {
        chat.send(key, rest);
    }
    chat.sleep(3000);
    (chat.read_bytes(key), chat.read(witness), chat.is_closed(key))
}

proptest! {
    #[test]
    fn it_does_not_matter_in_which_pieces_it_comes(
        which in 0usize..14,
        mut cuts in proptest::collection::vec(0usize..60, 0..60),
    ) {
        cuts.sort_unstable();
        let first: [&[u8]; 14] = [
            ADA,
            b"CAP LS 302\r\nNICK ada\r\nUSER ada 0 * :Ada\r\nCAP END\r\n",
            b"nick ada\nuser ada 0 * :\xff\xf4\xff\xfb\x01\n",
            b"hello\nworld\n",
            b"\nhello\n",
            b"/plain\nhello\n",
            b"\r\n\nNICK ada\nhello\n",
            b"\r\n/plain\nhello\n",
            b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01\x02\x00",
            b"PROXY TCP4 198.51.100.7 192.0.2.9 5000 8008\r\nNICK ada\r\nUSER ada 0 * :Ada\r\n",
            b"PROXY TCP4 198.51.100.7 192.0.2.9 5000 8008\r\nhello\n",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\xc0\0\x02\x09\x13\x88\x1f\x48hello\n",
            b"\xff\xfb\x1fhello\r\0bye\r\n",
        ];
        let whole = outcome(behind_proxies(), first[which], &[]);
        prop_assert_eq!(outcome(behind_proxies(), first[which], &cuts), whole);
    }
}

#[test]
fn a_client_that_was_only_late_is_a_client() {
    transcript(
        "
        eve: nc
        ada: connect
        -- 2 s
        ada << Welcome to Switchboard (2 here).
        ada << You are guest-2 in #lobby.
        ada << /nick NAME to be known, *
        ada >> CAP LS 302
        ada << :Switchboard CAP * LS * :*
        ada << ...
        ada >> NICK ada
        ada >> USER ada 0 * :Ada
        ada >> CAP END
        ada << :Switchboard 001 ada :*
        ada << ...
        eve << [14:02] * guest-2 has joined
        eve << [14:02] * guest-2 has left
        eve >> /msg ada are you there?
        ada << :eve!nc@localhost PRIVMSG ada :are you there?
        ",
    );
}

#[test]
fn a_request_that_is_none_is_refused_and_not_read_out() {
    let mut chat = Chat::new();
    let ada = chat.join("ada");
    let status = |chat: &mut Chat, pieces: &[&[u8]]| {
        let browser = chat.connect();
        for piece in pieces {
            chat.send(browser, piece);
        }
        let got = chat.read(browser);
        let at = got.find("HTTP/1.1 ").unwrap_or_else(|| panic!("no answer in {got:?}"));
        got[at + 9..at + 12].to_owned()
    };
    let fields = b"Host: a\r\n\r\n";
    assert_eq!(status(&mut chat, &[b"get / HTTP/1.1\r\n", fields]), "400");
    assert_eq!(status(&mut chat, &[b"Head /x HTTP/1.0\r\n", fields]), "400");
    for empty in [&b"\r\n"[..], b"\r\n\r\n"] {
        assert_eq!(
            status(
                &mut chat,
                &[empty, b"GET / HTTP/1.1\r\n", fields].concat()[..]
                    .chunks(999)
                    .collect::<Vec<_>>()
            ),
            "200"
        );
        assert_eq!(
            status(&mut chat, &[&[empty, b"GE"].concat(), b"T / HTTP/1.1\r\n", fields]),
            "200"
        );
    }
    chat.sees(ada, &[]);
    // A person is welcomed who presses Return, and was none.
    assert_eq!(status(&mut chat, &[b"\r\n", b"GET / HTTP/1.1\r\n", fields]), "200");
    chat.sees(ada, &["[14:02] * guest-2 has joined", "[14:02] * guest-2 has left"]);
}

#[test]
fn who_presses_return_is_a_person_whatever_follows() {
    transcript(
        "
        eve: nc
        ada: connect
        ada >>
        ada << Welcome to Switchboard (2 here).
        ada << ...
        ada >> NICK ada
        ada >> GET / HTTP/1.1
        eve << [14:02] * guest-2 has joined
        eve << [14:02] <guest-2> NICK ada
        eve << [14:02] <guest-2> GET / HTTP/1.1
        ",
    );
}

#[test]
fn what_looks_like_irc_later_is_text() {
    transcript(
        "
        eve: nc
        bob: nc
        bob >> NICK ada
        bob >> PRIVMSG #x :y
        eve << [14:02] <bob> NICK ada
        eve << [14:02] <bob> PRIVMSG #x :y
        ",
    );
}

#[test]
fn a_person_taken_for_a_client_is_told_what_to_do() {
    transcript(
        "
        ada: connect
        ada >> nick ada
        -- 4999 ms
        ada >> hello?
        ada << :Switchboard 421 ada hello? :Unknown command
        -- 1 ms
        ada << :Switchboard NOTICE ada :*** This connection speaks IRC, because it began with \"nick\". A person? Connect again and press Return first, or wait to be welcomed.
        -- 25 s
        ada << ERROR :Closing Link: localhost (Registration timed out: 30 s)
        ada << (closed)
        bob: connect
        bob >> CAP LS
        bob << :Switchboard CAP * LS :*
        -- 29 s
        bob >> CAP LIST
        bob << :Switchboard CAP * LIST :
        -- 1 s
        bob << ERROR :Closing Link: localhost (Registration timed out: 30 s)
        bob << (closed)
        ",
    );
}

#[test]
fn a_listener_for_irc_answers_whatever_comes_in_irc() {
    transcript_with(
        pinned(Speaks::Irc),
        "
        ada: connect
        -- 2 s
        ada >> hello
        ada << :Switchboard 451 * :You have not registered
        -- 3 s
        ada << :Switchboard NOTICE * :*** This connection speaks IRC, as all do at this port. *
        ada >> NICK ada
        ada >> USER ada 0 * :Ada
        ada << :Switchboard 001 ada :*
        ada << ...
        bob: connect
        bob >> POST / HTTP/1.1
        bob << ERROR :Closing Link: localhost (This is an IRC server, not a web server.)
        bob << (closed)
        kit: connect
        -- 30 s
        kit << :Switchboard NOTICE * :*
        kit << ERROR :Closing Link: localhost (Registration timed out: 30 s)
        kit << (closed)
        ",
    );
}

#[test]
fn a_listener_for_people_never_speaks_irc() {
    transcript_with(
        pinned(Speaks::Plain),
        "
        eve: nc
        ada: connect
        ada >> NICK ada
        ada << Welcome to Switchboard (2 here).
        ada << You are guest-2 in #lobby.
        ada << /nick NAME to be known, *
        ada << This port is for people with nc or telnet: that line of IRC was not sent. *
        ada >> USER ada 0 * :Ada
        ada << This port is for people with nc or telnet: *
        ada >> hello
        ada >> NICK ada
        eve << [14:02] * guest-2 has joined
        eve << [14:02] <guest-2> hello
        eve << [14:02] <guest-2> NICK ada
        ",
    );
}

#[test]
fn who_a_trusted_proxy_brings_counts_as_who_it_is() {
    let limits = Limits { address_connections: 1, ..settings().limits };
    transcript_with(
        Settings { limits, ..behind_proxies() },
        "
        ada: connect 192.0.2.1
        ada >> PROXY TCP4 198.51.100.7 192.0.2.9 5000 8008
        ada >> NICK ada
        ada >> USER ada 0 * :Ada
        ada << :Switchboard 001 ada :Welcome to Switchboard, ada!~ada@*.ip
        ada << ...
        bob: connect 192.0.2.1
        bob >> PROXY TCP4 198.51.100.7 192.0.2.9 5001 8008
        bob >> NICK bob
        bob << ERROR :Closing Link: *.ip (Your address has 1 connections here, which is the limit. Close one first.)
        bob << (closed)
        # Who is brought from this machine is exempt.
        kit: connect 192.0.2.1
        kit >> PROXY TCP4 127.0.0.1 192.0.2.9 5002 8008
        kit >> NICK kit
        kit >> USER kit 0 * :Kit
        kit << :Switchboard 001 kit :Welcome to Switchboard, kit!~kit@localhost
        kit << ...
        lou: connect 192.0.2.1
        lou >> PROXY TCP4 here there
        lou << ERROR :Bad PROXY header: *
        lou << (closed)
        # A trusted machine may come by itself.
        eve: connect 192.0.2.2
        -- 1 s
        eve << Welcome to Switchboard (*
        eve << ...
        ",
    );
    let mut chat = Chat::with(behind_proxies());
    let half = chat.connect_from_address("192.0.2.1");
    chat.send(half, b"PROXY TC");
    chat.sleep(4999);
    chat.sees(half, &[]);
    chat.sleep(1);
    chat.sees(half, &["ERROR :The rest of the PROXY header did not come."]);
}

#[test]
fn who_is_no_trusted_proxy_brings_nobody() {
    let mut chat = Chat::with(behind_proxies());
    let words = "A PROXY header is taken from trusted proxies only, and first.";
    for header in [&b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x21"] {
        let liar = chat.connect_from_address("203.0.113.1");
        chat.send(liar, header);
        chat.sees(liar, &[&format!("ERROR :{words}")]);
        assert!(chat.is_closed(liar));
    }
    let late = chat.connect_from_address("192.0.2.1");
    chat.sleep(1000);
    chat.read(late);
    chat.send(late, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n");
    chat.sees(late, &[words]);
    // One that was brought cannot bring another.
    let nested = chat.connect_from_address("192.0.2.1");
    chat.send(
        nested,
        b"PROXY TCP4 198.51.100.7 192.0.2.9 1 2\r\nPROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
    );
    chat.sees(nested, &[&format!("ERROR :{words}")]);
}

#[test]
fn bytes_without_an_end_of_line_cost_a_bounded_memory_and_no_turns() {
    for speaks in [Speaks::Anything, Speaks::Plain, Speaks::Irc] {
        let mut chat = Chat::with(pinned(speaks));
        let key = chat.connect();
        chat.send(key, &[b'z'; 600]);
        let before = chat.turns();
        chat.sleep(600_000);
        assert!(chat.turns() - before < 10, "{speaks:?}: {} turns", chat.turns() - before);
        let noise = chat.connect();
        for _ in 0..100 {
            chat.send(noise, &[b'z'; 4096]);
        }
        chat.sleep(600_000);
        assert_eq!(chat.is_closed(noise), speaks == Speaks::Irc);
    }
}

#[test]
fn the_last_words_of_who_ends_count_as_a_line() {
    let mut chat = Chat::new();
    let eve = chat.join("eve");
    let pipe = chat.connect();
    chat.send(pipe, b"build ");
    chat.send(pipe, b"broke");
    chat.end(pipe);
    assert!(chat.is_closed(pipe));
    assert!(chat.read(eve).contains("<guest-2> build broke\n"));
    // An IRC client that has finished sending has all its lines obeyed, and is answered.
    let client = chat.connect();
    chat.send(client, &[ADA, b"PRIVMSG eve :hi\r\nPING x"].concat());
    chat.end(client);
    let got = chat.read(client);
    assert!(got.contains(" 001 ada ") && got.contains(" PONG "), "{got}");
    assert!(got.ends_with("ERROR :Closing Link: localhost (Connection closed)\r\n"), "{got}");
    assert!(chat.is_closed(client));
    assert!(chat.read(eve).contains("<ada to you> hi\n"));
    let header = Chat::with(behind_proxies());
    let mut chat = header;
    let half: Key = chat.connect_from_address("192.0.2.1");
    chat.send(half, b"PROXY TCP4 1.2");
    chat.end(half);
    assert!(chat.is_closed(half));
}
