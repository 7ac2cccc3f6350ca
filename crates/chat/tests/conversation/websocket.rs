//! IRC over WebSockets: a line to a message, in both directions, and otherwise IRC.

use chat::{Limits, Settings};
use proptest::prelude::*;
use service::Key;

use crate::browser::{Answer, CLOSE, PING, TEXT, ask, frame, part, unframed, upgrade};
use crate::harness::Chat;
use crate::transcript::{settings, transcript, transcript_with};

/// Somebody connects and makes a WebSocket of that.
#[track_caller]
fn open(chat: &mut Chat, subprotocols: &str) -> Key {
    let key = chat.connect();
    chat.send(key, upgrade(subprotocols).as_bytes());
    let got = chat.read_bytes(key);
    assert_eq!(Answer::parse(&got, "GET").0.status, 101, "{}", got.escape_ascii());
    key
}

#[test]
fn irc_over_a_websocket_is_irc() {
    transcript(
        "
        web: websocket
        web >> NICK web
        web >> USER web 0 * :Web
        web << :Switchboard 001 web :*
        web << ...
        ada: irc
        eve: nc
        web >> JOIN #tea
        web << :web!~web@localhost JOIN #tea
        web << ...
        ada >> JOIN #tea
        ada << ...
        web << :ada!~ada@localhost JOIN #tea
        eve >> /join #tea
        eve << ...
        ada << ...
        web << :eve!nc@localhost JOIN #tea
        web >> PRIVMSG #tea :hello
        ada << :web!~web@localhost PRIVMSG #tea :hello
        eve << [14:02] <web> hello
        ada >> PRIVMSG web :psst
        web << :ada!~ada@localhost PRIVMSG web :psst
        eve >> hi all
        web << :eve!nc@localhost PRIVMSG #tea :hi all
        ada << :eve!nc@localhost PRIVMSG #tea :hi all
        web >> QUIT :bye
        web << ERROR :Closing Link: *
        web << (close 1000 Quit: bye)
        web << (closed)
        ada << :web!~web@localhost QUIT :Quit: bye
        eve << [14:02] * web has left
        ",
    );
}

#[test]
fn a_websocket_that_is_silent_is_asked_and_then_closed() {
    transcript(
        "
        web: websocket
        web >> NICK web
        web >> USER web 0 * :Web
        web << ...
        -- 29 s
        -- 999 ms
        web << ...
        -- 1 ms
        web << (ping)
        -- 29 s
        web >> (ping)
        web << (pong x)
        -- 30 s
        web << (ping)
        -- 30 s
        web << PING :Switchboard
        web << ERROR :Closing Link: localhost (Ping timeout: 60 seconds)
        web << (close 1000 Ping timeout: 60 seconds)
        web << (closed)
        ",
    );
}

#[test]
fn who_closes_has_said_what_it_said_before() {
    transcript(
        "
        ada: irc
        ada >> JOIN #tea
        ada << ...
        web: websocket
        web >> NICK web
        web >> USER web 0 * :Web
        web >> JOIN #tea
        web << ...
        ada << ...
        web >> PRIVMSG #tea :one more
        web >> (close)
        web << ERROR :*
        web << (close 1000)
        web << (closed)
        ada << :web!~web@localhost PRIVMSG #tea :one more
        ada << :web!~web@localhost QUIT :Connection closed
        ",
    );
}

#[test]
fn what_is_held_back_is_said_before_the_end() {
    let settings = Settings { irc_lobby: false, ..Settings::default() };
    transcript_with(
        settings,
        "
        ada: irc
        ada >> JOIN #tea
        ada << ...
        web: websocket
        web >> NICK web
        web >> USER web 0 * :Web
        web >> JOIN #tea
        web << ...
        ada << ...
        web >> PRIVMSG #tea :1
        web >> PRIVMSG #tea :2
        web >> PRIVMSG #tea :3
        web >> PRIVMSG #tea :4
        web >> PRIVMSG #tea :5
        web >> PRIVMSG #tea :6
        web >> PRIVMSG #tea :7
        web >> PRIVMSG #tea :8
        web >> PRIVMSG #tea :9
        web >> (close)
        ada << :web!~web@localhost PRIVMSG #tea :1
        ada << ...
        -- 2 s
        ada << *8
        ada << *9
        ada << :web!~web@localhost QUIT :*
        web << ERROR :*
        web << (close 1000)
        web << (closed)
        ",
    );
}

#[test]
fn the_end_of_the_server_is_a_code_that_says_come_back() {
    let mut chat = Chat::with(settings());
    let web = open(&mut chat, "text.ircv3.net");
    chat.send(web, &frame(TEXT, b"NICK web"));
    chat.send(web, &frame(TEXT, b"USER web 0 * :Web"));
    chat.read_bytes(web);
    chat.stop();
    let lines = unframed(&chat.read_bytes(web));
    assert_eq!(lines.last().unwrap(), "(close 1012 Server is shutting down...)");
    assert!(lines[lines.len() - 2].starts_with("ERROR :Closing Link: "));
}

#[test]
fn the_best_of_what_is_offered_is_spoken() {
    let mut chat = Chat::with(settings());
    for (offer, chosen) in [
        ("text.ircv3.net", "text.ircv3.net"),
        ("binary.ircv3.net, text.ircv3.net", "binary.ircv3.net"),
        ("soup, binary.ircv3.net", "binary.ircv3.net"),
    ] {
        let key = chat.connect();
        chat.send(key, upgrade(offer).as_bytes());
        let answer = Answer::parse(&chat.read_bytes(key), "GET").0;
        assert_eq!((answer.status, answer.field("sec-websocket-protocol")), (101, Some(chosen)));
        // The example of RFC 6455 section 1.3.
        assert_eq!(answer.field("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        chat.send(key, &frame(TEXT + u8::from(chosen.starts_with('b')), b"NICK web"));
        chat.send(key, &frame(TEXT + u8::from(chosen.starts_with('b')), b"USER web 0 * :Web"));
        let kind = if chosen.starts_with('b') { 0x82 } else { 0x81 };
        assert_eq!(chat.read_bytes(key).first(), Some(&kind));
    }
    let key = chat.connect();
    chat.send(key, upgrade("soup").as_bytes());
    let answer = Answer::parse(&chat.read_bytes(key), "GET").0;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("text.ircv3.net, binary.ircv3.net"));
}

#[test]
fn who_opens_the_address_of_websockets_is_told_what_it_is() {
    let mut chat = Chat::with(settings());
    let browser = chat.connect();
    let answer = ask(&mut chat, browser, "GET /ws HTTP/1.1\nHost: a");
    assert_eq!((answer.status, answer.field("upgrade")), (426, Some("websocket")));
    let answer = ask(&mut chat, browser, "POST /ws HTTP/1.1\nHost: a");
    assert_eq!(answer.status, 405);
    let other = upgrade("text.ircv3.net").replace("Version: 13", "Version: 8");
    let answer = ask(&mut chat, browser, other.trim_end());
    assert_eq!((answer.status, answer.field("sec-websocket-version")), (426, Some("13")));
}

#[test]
fn a_page_of_another_site_gets_no_websocket_unless_that_site_is_named() {
    let web_origins = vec!["https://friend.example".into()];
    let mut chat = Chat::with(Settings { web_origins, ..settings() });
    for (origin, status) in [
        ("http://chat.example:8008", 101),
        ("https://friend.example", 101),
        ("https://chat.example:8008", 101),
        ("http://chat.example", 403),
        ("https://friend.example.evil.example", 403),
        ("https://evil.example", 403),
        ("null", 403),
    ] {
        let key = chat.connect();
        let request = upgrade("text.ircv3.net");
        let with = request.replace("Upgrade: ", &format!("Origin: {origin}\r\nUpgrade: "));
        chat.send(key, with.as_bytes());
        let answer = Answer::parse(&chat.read_bytes(key), "GET").0;
        assert_eq!(answer.status, status, "{origin}");
        assert!(status == 101 || answer.text().contains("--web-origin"));
    }
}

#[test]
fn what_breaks_the_rules_is_closed_with_the_code_for_that_and_nobody_else_notices() {
    let long = vec![b'x'; 16 * 1024 + 1];
    let flood: Vec<u8> = (0..20).flat_map(|n| part(u8::from(n == 0), b"x")).collect();
    for (code, bytes) in [
        (1002, b"\x81\x02hi".to_vec()),
        (1002, part(0xC1, b"hi")),
        (1002, part(0x83, b"hi")),
        (1002, part(0x80, b"hi")),
        (1002, part(0x09, b"hi")),
        (1003, frame(2, b"hi")),
        (1007, frame(TEXT, b"\xff")),
        (1009, frame(TEXT, &long)),
        (1008, flood),
    ] {
        let mut chat = Chat::with(settings());
        let ada = chat.join("ada");
        let web = open(&mut chat, "text.ircv3.net");
        chat.send(web, &bytes);
        let lines = unframed(&chat.read_bytes(web));
        assert!(lines.last().unwrap().starts_with(&format!("(close {code} ")), "{lines:?}");
        assert!(chat.is_closed(web));
        chat.sees(ada, &[]);
    }
}

#[test]
fn a_line_that_is_too_long_is_refused_as_ever() {
    let mut chat = Chat::with(settings());
    let web = open(&mut chat, "text.ircv3.net");
    chat.send(web, &frame(TEXT, &[b'x'; 10_000]));
    chat.send(web, &frame(TEXT, b"CAP LS"));
    let lines = unframed(&chat.read_bytes(web));
    assert!(lines[0].contains(" 417 "), "{lines:?}");
    assert!(lines[1].contains(" CAP * LS "), "{lines:?}");
}

#[test]
fn who_sends_frames_with_its_request_is_heard() {
    let mut chat = Chat::with(settings());
    let key = chat.connect();
    let mut bytes = upgrade("text.ircv3.net").into_bytes();
    bytes.extend(frame(TEXT, b"NICK web\r\n"));
    bytes.extend(frame(TEXT, b"USER web 0 * :Web"));
    chat.send(key, &bytes);
    let got = chat.read_bytes(key);
    let (answer, frames) = Answer::parse(&got, "GET");
    assert_eq!(answer.status, 101);
    assert!(unframed(frames)[0].contains(" 001 web "));
}

#[test]
fn a_slow_reader_gets_whole_frames_to_the_last() {
    let limits = Limits { room_log_bytes: 20_000, ..settings().limits };
    let mut chat = Chat::with(Settings { limits, ..settings() });
    let ada = chat.join("ada");
    let web = open(&mut chat, "text.ircv3.net");
    chat.send(web, &frame(TEXT, b"NICK web"));
    chat.send(web, &frame(TEXT, b"USER web 0 * :Web"));
    chat.send(web, &frame(TEXT, b"JOIN #lobby"));
    chat.stop_reading(web);
    for _ in 0..60 {
        for _ in 0..10 {
            chat.send(web, &frame(TEXT, b"HELP"));
        }
        chat.say(ada, &"x".repeat(3000));
        chat.say(ada, &format!("/msg web {}", "y".repeat(400)));
    }
    chat.read_again(web);
    chat.sleep(1000);
    let lines = unframed(&chat.read_bytes(web));
    let last = lines.last().unwrap();
    assert_eq!(last, "(close 1008 You are disconnected: your connection was too slow.)");
}

#[test]
fn who_comes_to_chat_counts_where_a_trusted_proxy_says_it_comes_from() {
    let limits = Limits { address_connections: 1, ..settings().limits };
    let trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()];
    let mut chat = Chat::with(Settings { limits, trusted_proxies, ..settings() });
    let mut status = |from: &str| {
        let key = chat.connect_from_address("192.0.2.1");
        let request = upgrade("text.ircv3.net");
        let with = request.replace("Upgrade: ", &format!("X-Forwarded-For: {from}\r\nUpgrade: "));
        chat.send(key, with.as_bytes());
        Answer::parse(&chat.read_bytes(key), "GET").0.status
    };
    assert_eq!(status("198.51.100.7"), 101);
    assert_eq!(status("198.51.100.8"), 101);
    assert_eq!(status("198.51.100.7"), 429, "one too many");
    assert_eq!(status("198.51.100.7, 198.51.100.9"), 101);
}

#[test]
fn a_message_that_has_not_come_whole_is_not_said() {
    let mut chat = Chat::with(settings());
    let ada = chat.join("ada");
    let web = open(&mut chat, "text.ircv3.net");
    for line in [&b"NICK web"[..], b"USER web 0 * :Web", b"JOIN #lobby"] {
        chat.send(web, &frame(TEXT, line));
    }
    chat.read(ada);
    chat.send(web, &part(TEXT, b"PRIVMSG #lobby :half a"));
    chat.end(web);
    chat.sees(ada, &["[14:02] * web has left"]);
}

proptest! {
    #[test]
    fn it_does_not_matter_in_which_pieces_frames_come(
        which in proptest::collection::vec(0usize..6, 0..8),
        cuts in proptest::collection::vec(1usize..60, 0..60),
    ) {
        let mut bytes = upgrade("text.ircv3.net").into_bytes();
        bytes.extend(frame(TEXT, b"NICK web"));
        bytes.extend(frame(TEXT, b"USER web 0 * :Web"));
        for one in which {
            bytes.extend(match one {
                0 => frame(TEXT, b"JOIN #lobby\r\n"),
                1 => frame(PING, b"?"),
                2 => [part(TEXT, b"PRIVMSG #lob"), frame(PING, b"!"), part(0x80, b"by :hi")].concat(),
                3 => frame(TEXT, "PRIVMSG #lobby :\u{1f600}\n\u{e9}".as_bytes()),
                4 => frame(CLOSE, &1001u16.to_be_bytes()),
                _ => b"\x81\x02hi".to_vec(),
            });
        }
        let outcome = |cuts: &[usize]| {
            let mut chat = Chat::with(settings());
            let ada = chat.join("ada");
            let web = chat.connect();
            let mut rest = &bytes[..];
            for &cut in cuts {
                let piece = rest.split_off(..cut.min(rest.len())).unwrap_or(rest);
                if !piece.is_empty() && !chat.is_closed(web) {
                    chat.send(web, piece);
                }
            }
            if !rest.is_empty() && !chat.is_closed(web) {
                chat.send(web, rest);
            }
            chat.sleep(500);
            let got = chat.read_bytes(web);
            let (_, frames) = Answer::parse(&got, "GET");
            // Pongs do not wait for what is said in the same turn.
            let (pongs, lines): (Vec<String>, Vec<String>) =
                unframed(frames).into_iter().partition(|line| line.starts_with("(pong"));
            (lines, pongs, chat.read(ada), chat.is_closed(web))
        };
        prop_assert_eq!(outcome(&cuts), outcome(&[]));
    }
}
