//! What an operator is shown of a running server.

use std::sync::Arc;
use std::time::Duration;

use chat::{
    Answer, Ban, Caching, File, Host, Limits, Settings, Site, Status, Ticket, TurnTimes, Vitals,
};
use serde_json::{Value, json};

use crate::browser::{self, ask};
use crate::harness::{Chat, on_any_number_of_loops, on_loops};

fn unthrottled() -> Settings {
    Settings { limits: Limits::default().unthrottled(), ..Settings::default() }
}

/// The status, once every loop has told of itself.
fn status(chat: &mut Chat) -> Value {
    chat.status();
    chat.sleep(500);
    chat.status()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// A few lines that all have had may still be kept in a log.
#[track_caller]
fn nothing_waits(queued: &Value) {
    assert_eq!((&queued["mailboxes"], &queued["held"]), (&json!(0), &json!(0)));
    assert!(number(&queued["logs"]) < 2000, "{queued}");
}

#[test]
fn the_figures_are_those_of_the_conversation() {
    on_any_number_of_loops(|| {
        let mut chat = Chat::with(unthrottled());
        let (ada, bob) = (chat.join("ada"), chat.join("bob"));
        let eve = chat.connect();
        chat.send(eve, b"NICK eve\r\nUSER eve 0 * :Eve\r\n");
        chat.sleep(1000);
        let before = status(&mut chat);
        let kit = chat.connect();
        for key in [ada, bob, eve, kit] {
            chat.read_bytes(key);
        }
        // Two lines, which three read; one for one alone; and one that nobody gets.
        chat.send(ada, b"hello\nworld\n");
        chat.send(eve, b"PRIVMSG ada :psst\r\n");
        chat.send(bob, &[&[b'x'; 5000][..], b"\n"].concat());
        let after = status(&mut chat);
        let got: usize = [ada, bob, eve, kit].map(|key| chat.read_bytes(key).len()).iter().sum();

        let [before, after] = [&before["total"], &after["total"]];
        let more =
            |group: &str, name: &str| number(&after[group][name]) - number(&before[group][name]);
        assert_eq!(
            after["connections"],
            json!({ "now": 4, "closing": 0, "opened": 4, "refused": 0,
                    "by_dialect": { "undecided": 1, "plain": 2, "irc": 1, "irc_websocket": 0,
                                    "web": 0, "http": 0 } })
        );
        assert_eq!((more("lines", "in"), more("lines", "too_long")), (3, 1));
        assert_eq!(more("lines", "out"), 2 * 2, "to bob and to eve");
        assert_eq!(more("bytes", "in"), 12 + 19 + 5001);
        assert_eq!(more("bytes", "out"), got as u64);
        nothing_waits(&after["queued_bytes"]);
        assert_eq!(
            after["readers"],
            json!({ "behind": 0, "paused": 0, "missed_lines": 0, "closed": 0 })
        );
        let whole = chat.status();
        assert_eq!((number(&whole["members"]), number(&whole["rooms"])), (3, 1));
        assert_eq!(whole["loops"].as_array().map(Vec::len), Some(chat.services().count()));
        for name in ["now", "closing", "opened"] {
            let of = |one: &Value| number(&one["connections"][name]);
            let sum: u64 = whole["loops"].as_array().unwrap().iter().map(of).sum();
            assert_eq!(sum, of(&whole["total"]), "{name}");
        }
    });
}

#[test]
fn a_reader_that_takes_nothing_is_seen_with_what_waits_for_it() {
    on_any_number_of_loops(|| {
        let mut chat = Chat::with(unthrottled());
        let (ada, eve) = (chat.join("ada"), chat.join("eve"));
        chat.stop_reading(eve);
        let line = "x".repeat(1000);
        for _ in 0..150 {
            chat.say(ada, &line);
        }
        let told = status(&mut chat);
        let told = &told["total"];
        assert_eq!(told["readers"]["behind"], 1, "{told}");
        assert!(number(&told["queued_bytes"]["logs"]) > 50_000, "{told}");
        for _ in 0..100 {
            chat.say(ada, &format!("/msg eve {line}"));
        }
        let told = status(&mut chat);
        let told = &told["total"];
        assert!(number(&told["queued_bytes"]["mailboxes"]) > 100_000, "{told}");
        assert_eq!(told["readers"]["paused"], 1, "{told}");
        chat.read_again(eve);
        // What was kept for her goes when it has been looked at a few times whether she has it.
        chat.sleep(60_000);
        let told = status(&mut chat);
        let told = &told["total"];
        nothing_waits(&told["queued_bytes"]);
        assert_eq!(
            (&told["readers"]["behind"], &told["readers"]["paused"]),
            (&json!(0), &json!(0))
        );
    });
}

#[test]
fn who_asks_over_and_over_is_told_the_same_for_a_moment() {
    let mut chat = Chat::new();
    chat.status();
    let _kit = chat.connect();
    let there = |chat: &mut Chat| number(&chat.status()["total"]["connections"]["now"]);
    assert_eq!(there(&mut chat), 0);
    chat.sleep(20);
    assert_eq!(there(&mut chat), 1);
}

#[test]
fn what_was_said_too_fast_is_among_what_waits() {
    let mut chat = Chat::new();
    let ada = chat.join("ada");
    chat.send(ada, &b"again\n".repeat(20));
    let told = chat.status();
    assert_eq!(told["total"]["queued_bytes"]["held"], 12 * 6, "{told}");
    assert_eq!(told["total"]["lines"]["held"], 1);
}

#[test]
fn loops_tell_of_themselves_while_somebody_looks_and_not_longer() {
    on_loops(2, || {
        let mut chat = Chat::with(unthrottled());
        let _people = (chat.join("ada"), chat.join("bob"));
        let turns = chat.turns();
        chat.sleep(60_000);
        assert!(chat.turns() - turns < 10, "where nobody looks nothing happens");

        let told = chat.status();
        let ages = |told: &Value| {
            let loops = told["loops"].as_array().expect("a list");
            loops.iter().map(|one| one["age_ms"].as_u64()).collect::<Vec<_>>()
        };
        assert_eq!(ages(&told), [Some(0), None], "it has not been asked yet");
        assert_eq!(told["loops"][1]["connections"], Value::Null);
        for _ in 0..10 {
            chat.sleep(1000);
            let told = chat.status();
            assert!(ages(&told)[1].is_some_and(|age| age <= 250), "{told}");
        }
        // Nobody looks any more.
        chat.sleep(120_000);
        let turns = chat.turns();
        chat.sleep(600_000);
        assert!(chat.turns() - turns < 10, "{}", chat.turns() - turns);
        let told = chat.status();
        assert!(ages(&told)[1].is_some_and(|age| age > 500_000), "it says how old it is: {told}");
        chat.sleep(0);
        assert_eq!(ages(&chat.status()), [Some(0), Some(0)]);
    });
}

/// A program that knows how long turns take.
#[derive(Debug)]
struct Program;

impl Host for Program {
    fn verify(&self, _: Ticket, _: String, _: String) {}
    fn keep_bans(&self, _: Vec<Ban>) {}
    fn reread(&self, _: Ticket) {}
    fn answers(&self) -> Vec<Answer> {
        Vec::new()
    }
    fn vitals(&self) -> Vitals {
        let turns = TurnTimes {
            turns: 1000,
            recent: 50,
            over: Duration::from_secs(5),
            median: Duration::from_nanos(8_200),
            slow: Duration::from_micros(90),
            longest: Duration::from_millis(2),
            busy: Duration::from_millis(3),
        };
        Vitals {
            version: "1.2.3".into(),
            engine: "poll".into(),
            memory_bytes: Some(7 << 20),
            cpu: Some(Duration::from_millis(1500)),
            loops: vec![turns],
        }
    }
}

#[test]
fn what_the_program_knows_stands_beside_it() {
    let name = "Tea \"kitchen\"".into();
    let mut chat = Chat::with(Settings { name, host: Arc::new(Program), ..Settings::default() });
    chat.sleep(5000);
    let told = chat.status();
    assert_eq!((&told["name"], &told["version"]), (&json!("Tea \"kitchen\""), &json!("1.2.3")));
    assert_eq!(told["engine"], "poll");
    assert_eq!((&told["memory_bytes"], &told["cpu_ms"]), (&json!(7 << 20), &json!(1500)));
    assert_eq!(told["uptime_ms"], 5000);
    assert_eq!(
        told["loops"][0]["turns"],
        json!({ "count": 1000, "recent": 50, "over_ms": 5000, "median_ns": 8200, "p99_ns": 90_000,
                "longest_ns": 2_000_000, "busy_ns": 3_000_000 })
    );
}

#[test]
fn what_is_not_known_is_said_to_be_null() {
    let told = Chat::new().status();
    assert_eq!((&told["memory_bytes"], &told["cpu_ms"]), (&Value::Null, &Value::Null));
    assert_eq!(told["loops"][0]["turns"], Value::Null);
}

/// A server whose operator has a page, for `status`, behind a proxy at 192.0.2.1 and one at 127.0.0.1.
fn with_page(status: Status) -> Chat {
    let page = File {
        path: "/status".into(),
        media_type: "text/html; charset=utf-8".into(),
        etag: "\"1\"".into(),
        bytes: b"the page".to_vec().into(),
        gzip: Some(b"(zipped)".to_vec().into()),
        caching: Caching::Ask,
    };
    let proxies = vec!["192.0.2.1".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    let site = Site { files: vec![page] };
    Chat::with(Settings { status, site, trusted_proxies: proxies, ..unthrottled() })
}

/// What somebody at `from` gets who asks for `path`; with more fields than a host.
fn get(chat: &mut Chat, from: &str, path: &str, more: &str) -> browser::Answer {
    let key = if from == "unix" { chat.connect() } else { chat.connect_from_address(from) };
    let host = if more.contains("Host:") { "" } else { "Host: localhost:8008\n" };
    let answer = ask(chat, key, &format!("GET {path} HTTP/1.1\n{host}{more}"));
    chat.reset(key);
    answer
}

/// Whether the page and its figures are there for somebody at `from`; if not, they are as if they did
/// not exist.
#[track_caller]
fn is_there(chat: &mut Chat, from: &str, more: &str) -> bool {
    let nothing = get(chat, from, "/nothing", more);
    assert_eq!(nothing.status, 404);
    let there = ["/status", "/status.json"].map(|path| {
        let answer = get(chat, from, path, more);
        if answer.status != 200 {
            assert_eq!((answer.status, answer.text()), (404, nothing.text()));
            for name in ["content-type", "cache-control", "connection", "etag"] {
                assert_eq!(answer.field(name), nothing.field(name), "{path}: {name}");
            }
        }
        answer.status == 200
    });
    assert_eq!(there[0], there[1], "both or none");
    there[0]
}

#[test]
fn who_is_on_this_machine_is_shown_how_the_server_does() {
    on_any_number_of_loops(|| {
        let mut chat = with_page(Status::default());
        let ada = chat.connect();
        let figures = ask(&mut chat, ada, "GET /status.json HTTP/1.1\nHost: localhost");
        assert_eq!(
            (figures.status, figures.field("content-type")),
            (200, Some("application/json"))
        );
        assert_eq!(figures.field("cache-control"), Some("no-store"));
        let told: Value = serde_json::from_str(figures.text()).expect("it is JSON");
        assert_eq!(told["total"]["connections"]["by_dialect"]["http"], 1, "{told}");
        assert_eq!(told["total"]["requests"], 0, "this one is not answered yet");
        let page =
            ask(&mut chat, ada, "GET /status HTTP/1.1\nHost: localhost\nIf-None-Match: \"1\"");
        assert_eq!((page.status, page.text()), (200, "the page"));
        assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!((page.field("cache-control"), page.field("etag")), (Some("no-store"), None));
        let packed =
            ask(&mut chat, ada, "GET /status HTTP/1.1\nHost: localhost\nAccept-Encoding: gzip");
        assert_eq!((packed.text(), packed.field("content-encoding")), ("(zipped)", Some("gzip")));
        let head = ask(&mut chat, ada, "HEAD /status.json HTTP/1.1\nHost: localhost");
        assert_eq!(head.status, 200);
        chat.sleep(20);
        let told = ask(&mut chat, ada, "GET /status.json HTTP/1.1\nHost: localhost");
        let told: Value = serde_json::from_str(told.text()).expect("it is JSON");
        assert_eq!(told["total"]["requests"], 4);
    });
}

#[test]
fn others_cannot_tell_that_there_is_a_status_unless_it_is_for_anyone() {
    for (status, here, elsewhere) in
        [(Status::Loopback, true, false), (Status::Anyone, true, true), (Status::Off, false, false)]
    {
        let mut chat = with_page(status);
        for (from, seen) in [("unix", here), ("192.0.2.7", elsewhere), ("8.8.8.8", elsewhere)] {
            assert_eq!(is_there(&mut chat, from, ""), seen, "{status:?}, {from}");
        }
        assert_eq!(get(&mut chat, "unix", "/status/more", "").status, 404);
    }
    // Without a page there are figures all the same.
    let mut chat = Chat::with(unthrottled());
    assert_eq!(get(&mut chat, "127.0.0.1", "/status", "").status, 404);
    assert_eq!(get(&mut chat, "127.0.0.1", "/status.json", "").status, 200);
}

#[test]
fn who_comes_through_a_proxy_is_where_a_trusted_one_says() {
    let mut chat = with_page(Status::Loopback);
    for (from, more, seen) in [
        ("192.0.2.1", "X-Forwarded-For: 198.51.100.7", false),
        ("192.0.2.1", "X-Forwarded-For: 127.0.0.1", true),
        ("192.0.2.1", "", false),
        ("127.0.0.1", "X-Forwarded-For: 198.51.100.7", false),
        ("127.0.0.1", "X-Forwarded-For: 198.51.100.7, 127.0.0.1", false),
        ("127.0.0.1", "X-Forwarded-For: 127.0.0.1", true),
        ("127.0.0.1", "X-Forwarded-For: ::1, 127.0.0.1", true),
        ("127.0.0.1", "X-Forwarded-For: unknown", false),
        ("127.0.0.1", "X-Forwarded-For:", false),
        ("127.0.0.1", "Via: 1.1 proxy", false),
        ("127.0.0.1", "", true),
        // It is not trusted: it may say what it likes.
        ("192.0.2.7", "X-Forwarded-For: 127.0.0.1", false),
        ("unix", "X-Forwarded-For: 127.0.0.1", false),
        ("unix", "X-Real-IP: 127.0.0.1", false),
        ("unix", "Forwarded: for=127.0.0.1", false),
        ("unix", "", true),
    ] {
        assert_eq!(is_there(&mut chat, from, more), seen, "{from}, {more}");
    }
    let mut chat = with_page(Status::Loopback);
    for (brought, seen) in [("198.51.100.7", false), ("127.0.0.1", true)] {
        let key = chat.connect_from_address("192.0.2.1");
        chat.send(key, format!("PROXY TCP4 {brought} 192.0.2.1 4000 8008\r\n").as_bytes());
        let answer = ask(&mut chat, key, "GET /status.json HTTP/1.1\nHost: localhost");
        assert_eq!(answer.status == 200, seen, "{brought}");
    }
}

#[test]
fn a_page_whose_own_name_leads_here_is_shown_nothing() {
    let mut chat = with_page(Status::Loopback);
    for (host, seen) in [
        ("evil.example", false),
        ("evil.example:8008", false),
        ("localhost.evil.example", false),
        ("localhost", true),
        ("127.0.0.1:8008", true),
        ("[::1]:8008", true),
    ] {
        assert_eq!(is_there(&mut chat, "unix", &format!("Host: {host}")), seen, "{host}");
    }
    assert!(is_there(&mut with_page(Status::Anyone), "unix", "Host: chat.example"));
}
