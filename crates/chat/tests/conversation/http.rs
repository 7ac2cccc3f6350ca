//! Browsers and other programs that ask for pages, on the port where people chat.

use std::time::Duration;

use chat::{Caching, File, Settings, Site, Speaks};
use proptest::prelude::*;
use service::Key;

use crate::browser::{Answer, ask};
use crate::harness::Chat;
use crate::transcript::settings;

/// A page, something large, and something that never changes.
fn site() -> Site {
    let file = |path: &str, media_type: &str, bytes: &[u8], gzip: Option<&[u8]>| File {
        path: path.into(),
        media_type: media_type.into(),
        etag: format!("\"{}\"", bytes.len()),
        bytes: bytes.to_vec().into(),
        gzip: gzip.map(|gzip| gzip.to_vec().into()),
        caching: if path.contains("v1") { Caching::Forever } else { Caching::Ask },
    };
    let files = vec![
        file("/", "text/html; charset=utf-8", b"<!doctype html>the page", Some(b"(zipped)")),
        file("/large", "image/png", &large(), None),
        file("/v1/page.js", "text/javascript", b"'use strict'", None),
    ];
    Site { files }
}

/// More than waits for anybody at a time.
fn large() -> Vec<u8> {
    (0..200_000u32).map(|n| n as u8).collect()
}

fn with_site() -> Chat {
    Chat::with(Settings { site: site(), ..settings() })
}

#[test]
fn the_page_is_there_with_its_files() {
    let mut chat = with_site();
    let browser = chat.connect();
    let page = ask(&mut chat, browser, "GET / HTTP/1.1\nHost: chat.example:8008");
    assert_eq!((page.status, page.text()), (200, "<!doctype html>the page"));
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.field("cache-control"), Some("no-cache"));
    assert_eq!(page.field("vary"), Some("Accept-Encoding"));
    assert_eq!(page.field("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.field("referrer-policy"), Some("no-referrer"));
    assert!(page.field("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert!(!chat.is_closed(browser), "there is more to ask for");
    let script = ask(&mut chat, browser, "GET /v1/page.js HTTP/1.1\nHost: a");
    assert_eq!(script.text(), "'use strict'");
    assert!(script.field("cache-control").unwrap().contains("immutable"));
    let none = ask(&mut chat, browser, "GET /page HTTP/1.1\nHost: a");
    assert_eq!(none.status, 404);
    assert!(!chat.is_closed(browser));
}

#[test]
fn what_a_browser_has_is_not_sent_again_and_what_it_can_unpack_is_sent_packed() {
    let mut chat = with_site();
    let browser = chat.connect();
    let packed = ask(&mut chat, browser, "GET / HTTP/1.1\nHost: a\nAccept-Encoding: br, gzip");
    assert_eq!((packed.text(), packed.field("content-encoding")), ("(zipped)", Some("gzip")));
    let etag = packed.field("etag").unwrap().to_owned();
    let same = ask(&mut chat, browser, &format!("GET / HTTP/1.1\nHost: a\nIf-None-Match: {etag}"));
    assert_eq!((same.status, same.body.len(), same.field("etag")), (304, 0, Some(&*etag)));
    let other = ask(&mut chat, browser, "GET / HTTP/1.1\nHost: a\nIf-None-Match: \"1\"");
    assert_eq!(other.status, 200);
}

#[test]
fn a_head_is_told_what_would_be_sent_and_not_sent_it() {
    let mut chat = with_site();
    let browser = chat.connect();
    let head = ask(&mut chat, browser, "HEAD /large HTTP/1.1\nHost: a");
    assert_eq!((head.status, head.field("content-length")), (200, Some("200000")));
    let head = ask(&mut chat, browser, "HEAD /nowhere HTTP/1.1\nHost: a");
    assert_eq!((head.status, head.body.len()), (404, 0));
}

#[test]
fn what_is_large_is_sent_as_it_is_taken_and_the_next_request_waits() {
    let mut chat = with_site();
    let browser = chat.connect();
    chat.stop_reading(browser);
    let ask = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    chat.send(browser, format!("{ask}{ask}GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    chat.sleep(1000);
    assert!(chat.person(browser).paused);
    chat.read_again(browser);
    chat.sleep(1000);
    let got = chat.read_bytes(browser);
    let (one, rest) = Answer::parse(&got, "GET");
    let (two, rest) = Answer::parse(rest, "GET");
    let (three, rest) = Answer::parse(rest, "GET");
    assert!(one.body == large() && two.body == large(), "each whole");
    assert_eq!((three.text(), rest), ("ok\n", &b""[..]));
    assert!(!chat.person(browser).paused);
}

#[test]
fn who_does_not_take_an_answer_is_closed() {
    let mut chat = with_site();
    let browser = chat.connect();
    chat.stop_reading(browser);
    chat.send(browser, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    chat.sleep(30_000);
    chat.read_again(browser);
    assert!(chat.is_closed(browser));
    assert!(chat.read_bytes(browser).len() < 150_000);
}

#[test]
fn without_a_page_it_is_said_how_to_join() {
    let mut chat = Chat::with(settings());
    let browser = chat.connect();
    let answer = ask(&mut chat, browser, "GET / HTTP/1.1\nHost: a");
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("nc HOST PORT"));
}

#[test]
fn a_connection_is_kept_for_another_request_and_then_closed() {
    let mut chat = with_site();
    let browser = chat.connect();
    ask(&mut chat, browser, "GET /healthz HTTP/1.1\nHost: a");
    chat.sleep(14_999);
    assert_eq!(ask(&mut chat, browser, "GET /healthz HTTP/1.1\nHost: a").text(), "ok\n");
    chat.sleep(14_999);
    assert!(!chat.is_closed(browser));
    chat.sleep(1);
    assert!(chat.is_closed(browser));
    assert!(chat.read_bytes(browser).is_empty(), "nothing was asked for");
}

#[test]
fn who_wants_it_closed_has_it_closed() {
    let mut chat = with_site();
    for lines in [
        "GET /large HTTP/1.1\nHost: a\nConnection: close",
        "GET /large HTTP/1.0",
        "HEAD / HTTP/1.1\nHost: a\nConnection: close",
    ] {
        let browser = chat.connect();
        let answer = ask(&mut chat, browser, lines);
        assert_eq!((answer.status, answer.field("connection")), (200, Some("close")));
        assert!(chat.is_closed(browser), "{lines}");
    }
    let browser = chat.connect();
    ask(&mut chat, browser, "GET / HTTP/1.0\nConnection: keep-alive");
    assert!(!chat.is_closed(browser));
}

#[test]
fn what_is_asked_by_one_who_then_ends_is_answered() {
    let mut chat = with_site();
    let browser = chat.connect();
    chat.send(browser, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    chat.end(browser);
    chat.sleep(1000);
    assert_eq!(Answer::parse(&chat.read_bytes(browser), "GET").0.body, large());
    assert!(chat.is_closed(browser));
}

/// A head that comes a byte every `ms`, from somewhere: what that comes to, and when.
fn slowly(settings: Settings, head: &[u8], ms: u64) -> (Chat, Key, u64) {
    let mut chat = Chat::with(settings);
    let slow = chat.connect();
    let mut at = 0;
    for byte in head.iter().cycle() {
        chat.send(slow, &[*byte]);
        chat.sleep(ms);
        at += ms;
        if chat.is_closed(slow) {
            break;
        }
    }
    (chat, slow, at)
}

#[test]
fn a_head_that_does_not_come_in_time_is_waited_for_no_longer() {
    let pinned = Settings { listeners: vec![Speaks::Web], ..settings() };
    for settings in [settings(), pinned] {
        let witness_sees_nothing = |chat: &mut Chat| assert_eq!(chat.service().stats().members, 0);
        for head in [
            &b"GET / HTTP/1.1\r\nHost: a\r\nX-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"[..],
            b"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            let (mut chat, slow, at) = slowly(settings.clone(), head, 200);
            let answer = Answer::parse(&chat.read_bytes(slow), "GET").0;
            assert_eq!((answer.status, at), (408, 10_000));
            witness_sees_nothing(&mut chat);
        }
    }
}

#[test]
fn who_says_nothing_where_only_http_is_spoken_is_closed_without_a_word() {
    let mut chat = Chat::with(Settings { listeners: vec![Speaks::Web], ..settings() });
    let silent = chat.connect();
    chat.sleep(9_999);
    assert!(!chat.is_closed(silent));
    chat.sleep(1);
    assert!(chat.is_closed(silent) && chat.read_bytes(silent).is_empty());
    assert_eq!(chat.service().stats().members, 0);
    let person = chat.connect();
    chat.send(person, b"hello\n\n");
    assert_eq!(Answer::parse(&chat.read_bytes(person), "GET").0.status, 400);
}

#[test]
fn what_is_too_large_or_malformed_is_refused_and_nothing_behind_it_is_read() {
    let behind = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let long = "x".repeat(3000);
    let fields = "X-A: b\r\n".repeat(65);
    let large = format!("X-A: {}\r\n", "b".repeat(17_000));
    for (status, request) in [
        (400, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\nHost: a\n\n".to_owned()),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".into()),
        (
            400,
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                .into(),
        ),
        (405, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned()),
        (413, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned()),
        (413, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into()),
        (414, format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")),
        (414, format!("GET /{long}{long} HTTP/1.1\r\nHost: a\r\n\r\n")),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\n{large}\r\n")),
        (505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n".to_owned()),
    ] {
        let mut chat = with_site();
        let bad = chat.connect();
        chat.send(bad, format!("{request}{behind}").as_bytes());
        let got = chat.read_bytes(bad);
        let (answer, rest) = Answer::parse(&got, "GET");
        let shown = &request[..request.len().min(80)];
        assert_eq!((answer.status, answer.field("connection")), (status, Some("close")), "{shown}");
        assert!(rest.is_empty() && chat.is_closed(bad), "{shown}");
    }
}

#[test]
fn other_methods_are_told_which_there_are() {
    let mut chat = with_site();
    let browser = chat.connect();
    for method in ["POST", "OPTIONS", "DELETE"] {
        let answer = ask(&mut chat, browser, &format!("{method} / HTTP/1.1\nHost: a"));
        assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD")));
    }
    assert!(!chat.is_closed(browser), "without a body nothing is in doubt");
}

#[test]
fn what_was_said_can_be_read_without_script_and_as_text() {
    let mut chat = Chat::with(settings());
    let ada = chat.join("ada");
    chat.say(ada, "<script>alert('hi')</script> & more");
    chat.say(ada, "\u{202e}backwards\x1b[31m");
    chat.say(ada, "/join #tea");
    let browser = chat.connect();
    let page = ask(&mut chat, browser, "GET /read HTTP/1.1\nHost: a");
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.field("cache-control"), Some("no-store"));
    let said =
        "[14:02] &lt;ada&gt; &lt;script&gt;alert(&#39;hi&#39;)&lt;/script&gt; &amp; more</li>";
    assert!(page.text().contains(said), "{}", page.text());
    assert!(!page.text().contains(['\x1b', '\u{202e}']));
    assert!(page.text().contains("<a href=\"/read/%23tea\">#tea</a>"));
    let tea = ask(&mut chat, browser, "GET /read/tea HTTP/1.1\nHost: a");
    assert!(tea.text().contains("<h1>#tea</h1>"));
    assert_eq!(ask(&mut chat, browser, "GET /read/%23Tea HTTP/1.1\nHost: a").status, 200);
}

#[test]
fn a_room_that_is_not_open_to_everybody_is_not_there() {
    let mut chat = Chat::with(settings());
    let ada = chat.join("ada");
    chat.say(ada, "/join #tea");
    let answer = |chat: &mut Chat, room: &str| {
        let browser = chat.connect();
        let answer = ask(chat, browser, &format!("GET /read/{room} HTTP/1.1\nHost: a"));
        (answer.status, answer.text().to_owned())
    };
    assert_eq!(answer(&mut chat, "tea").0, 200);
    let none = answer(&mut chat, "nowhere");
    assert_eq!(none.0, 404);
    let irc = chat.connect();
    chat.send(irc, b"NICK op\r\nUSER op 0 * :Op\r\n");
    for (number, modes) in ["+s", "+p", "+i", "+k key", "+R", "+l 1"].iter().enumerate() {
        let room = format!("closed{number}");
        chat.send(irc, format!("JOIN #{room}\r\nMODE #{room} {modes}\r\n").as_bytes());
        assert_eq!(answer(&mut chat, &room), none, "{modes}");
        assert!(!answer(&mut chat, "tea").1.contains(&room), "{modes}");
    }
    let mut chat = Chat::with(Settings { password: Some("tea".into()), ..settings() });
    let browser = chat.connect();
    assert_eq!(ask(&mut chat, browser, "GET /read HTTP/1.1\nHost: a").status, 404);
}

#[test]
fn asking_for_pages_is_not_coming_to_chat() {
    let limits = settings().limits;
    let limits = chat::Limits { address_new: 3, address_connections: 2, ..limits };
    let mut chat = Chat::with(Settings { limits, ..settings() });
    for _ in 0..10 {
        let browser = chat.connect_from_address("192.0.2.7");
        assert_eq!(ask(&mut chat, browser, "GET / HTTP/1.0").status, 200);
    }
    let ada = chat.connect_from_address("192.0.2.7");
    chat.send(ada, b"hello\n");
    assert!(!chat.is_closed(ada));
    let open = chat.connect_from_address("192.0.2.7");
    chat.send(open, b"hello\n");
    let third = chat.connect_from_address("192.0.2.7");
    chat.send(third, b"hello\n");
    assert!(chat.is_closed(third), "at one time it has its bound as ever");
    let browser = chat.connect_from_address("192.0.2.7");
    assert_eq!(ask(&mut chat, browser, "GET / HTTP/1.0").status, 200, "which is none for pages");
}

const UPGRADE: &str = "GET /ws HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n\
     Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\
     Sec-WebSocket-Protocol: switchboard.v1";

#[test]
fn a_class_behind_one_address_gets_the_page() {
    let limits = chat::Limits::default();
    let mut chat = Chat::with(Settings { site: site(), limits, ..settings() });
    let class = "192.0.2.7";
    let mut lines = Vec::new();
    for visitor in 1..=16 {
        for _ in 0..6 {
            let browser = chat.connect_from_address(class);
            let page = ask(&mut chat, browser, "GET / HTTP/1.1\nHost: a");
            assert_eq!(page.status, 200, "visitor {visitor}");
        }
        let line = chat.connect_from_address(class);
        assert_eq!(ask(&mut chat, line, UPGRADE).status, 101, "visitor {visitor}");
        lines.push(line);
    }
    let late = chat.connect_from_address(class);
    assert_eq!(ask(&mut chat, late, "GET / HTTP/1.1\nHost: a").status, 200);
    // Its page tries again and again, and finds out why it is refused.
    for _ in 0..40 {
        let line = chat.connect_from_address(class);
        let refused = ask(&mut chat, line, UPGRADE);
        assert_eq!((refused.status, refused.field("retry-after")), (429, Some("30")));
        let why = ask(&mut chat, late, "GET /ws HTTP/1.1\nHost: a");
        assert_eq!((why.status, why.text()), (429, refused.text()));
        assert!(why.text().contains("16 connections here"), "{}", why.text());
    }
    chat.reset(lines[3]);
    assert_eq!(ask(&mut chat, late, UPGRADE).status, 101, "none of that is held against it");
}

#[test]
fn the_connection_that_is_idle_longest_makes_place_for_another_from_its_address() {
    let limits = chat::Limits { address_visitors: 3, ..settings().limits };
    let mut chat = Chat::with(Settings { site: site(), limits, ..settings() });
    let page = "GET / HTTP/1.1\nHost: a";
    let other = chat.connect_from_address("192.0.2.8");
    ask(&mut chat, other, page);
    let [one, two, three] = [(); 3].map(|()| chat.connect_from_address("192.0.2.7"));
    for key in [one, two, three, one] {
        ask(&mut chat, key, page);
    }
    let four = chat.connect_from_address("192.0.2.7");
    assert!(chat.is_closed(two) && chat.read_bytes(two).is_empty());
    assert_eq!(ask(&mut chat, four, page).status, 200);
    // What is being asked for, or sent, is not cut off.
    chat.send(one, b"GET / HT");
    chat.stop_reading(three);
    chat.send(three, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    let five = chat.connect_from_address("192.0.2.7");
    assert!(chat.is_closed(four) && !chat.is_closed(one) && !chat.is_closed(three));
    let six = chat.connect_from_address("192.0.2.7");
    let refused = ask(&mut chat, six, page);
    assert_eq!((refused.status, refused.field("retry-after")), (429, Some("15")));
    assert!(refused.text().contains("only ask for pages"), "{}", refused.text());
    assert!(chat.is_closed(six));
    assert_eq!(ask(&mut chat, five, page).status, 200);
    chat.send(one, b"TP/1.1\r\nHost: a\r\n\r\n");
    assert!(chat.read(one).starts_with("HTTP/1.1 200"));
    assert!(!chat.is_closed(other), "it is of another address");
    // Who chats is not counted with them.
    let ada = chat.connect_from_address("192.0.2.7");
    chat.send(ada, b"hello\n");
    assert!(!chat.is_closed(ada));
}

#[test]
fn a_browser_is_told_by_a_full_server_when_to_try_again() {
    for speaks in [Speaks::Anything, Speaks::Web] {
        let limits = chat::Limits { connections: 1, ..settings().limits };
        let listeners = vec![speaks];
        let mut chat = Chat::with(Settings { site: site(), limits, listeners, ..settings() });
        let first = chat.connect();
        let browser = chat.connect();
        let full = ask(&mut chat, browser, "GET / HTTP/1.1\nHost: a");
        assert_eq!(
            (full.status, full.text()),
            (503, "The server is full. Please try again later.\n")
        );
        assert_eq!(full.field("retry-after"), full.field("refresh"));
        assert!(full.field("refresh").is_some() && chat.is_closed(browser), "{speaks:?}");
        assert_eq!(ask(&mut chat, first, "GET / HTTP/1.1\nHost: a").status, 200);
    }
}

#[test]
fn who_is_banned_gets_no_page_through_a_proxy_either() {
    let ban = chat::Ban {
        matches: chat::Matches::Network("198.51.100.0/24".parse().unwrap()),
        until_unix_ms: None,
        set_unix_ms: 0,
        by: "root".into(),
        reason: "spam".into(),
    };
    let trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()];
    let mut chat = Chat::with(Settings { bans: vec![ban], trusted_proxies, ..settings() });
    let proxy = chat.connect_from_address("192.0.2.1");
    let status = |chat: &mut Chat, from: &str| {
        ask(chat, proxy, &format!("GET / HTTP/1.1\nHost: a\nX-Forwarded-For: {from}")).status
    };
    assert_eq!(status(&mut chat, "203.0.113.9"), 200);
    assert_eq!(status(&mut chat, "198.51.100.7"), 403);
    assert_eq!(status(&mut chat, "203.0.113.9, 198.51.100.7, 192.0.2.8"), 403);
    assert_eq!(status(&mut chat, "198.51.100.7, 203.0.113.9"), 200, "it may be made up");
    let stranger = chat.connect_from_address("203.0.113.1");
    let lines = "GET / HTTP/1.1\nHost: a\nX-Forwarded-For: 198.51.100.7";
    assert_eq!(ask(&mut chat, stranger, lines).status, 200, "who would believe that one");
}

#[test]
fn where_something_else_is_spoken_http_is_not() {
    for (speaks, begin) in [(Speaks::Irc, "ERROR :"), (Speaks::Plain, "HTTP/1.1 501")] {
        let mut chat = Chat::with(Settings { listeners: vec![speaks], ..settings() });
        let browser = chat.connect();
        chat.send(browser, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(chat.read(browser).starts_with(begin));
        assert!(chat.is_closed(browser));
    }
}

proptest! {
    #[test]
    fn it_does_not_matter_in_which_pieces_requests_come(
        which in proptest::collection::vec(0usize..7, 1..5),
        cuts in proptest::collection::vec(1usize..80, 0..40),
    ) {
        let requests = [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nHEAD /v1/page.js HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /nowhere HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
        ];
        let bytes: String = which.iter().map(|one| requests[*one]).collect();
        let outcome = |cuts: &[usize]| {
            let mut chat = with_site();
            let browser = chat.connect();
            let mut rest = bytes.as_bytes();
            for &cut in cuts {
                let piece = rest.split_off(..cut.min(rest.len())).unwrap_or(rest);
                if !piece.is_empty() && !chat.is_closed(browser) {
                    chat.send(browser, piece);
                }
            }
            if !rest.is_empty() && !chat.is_closed(browser) {
                chat.send(browser, rest);
            }
            chat.sleep(Duration::from_secs(5).as_millis() as u64);
            let got = chat.read_bytes(browser);
            let closed = chat.is_closed(browser);
            // An empty line that comes alone is a person's Return, who is welcomed before it is known.
            let begin = got.windows(5).position(|bytes| bytes == b"HTTP/").unwrap_or(0);
            // The date may be another.
            let date = |line: &&[u8]| !line.starts_with(b"Date: ");
            let got: Vec<Vec<u8>> =
                got[begin..].split(|byte| *byte == b'\n').filter(date).map(<[u8]>::to_vec).collect();
            (got, closed)
        };
        prop_assert_eq!(outcome(&cuts), outcome(&[]));
    }
}
