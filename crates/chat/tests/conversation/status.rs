//! What an operator is shown of a running server.

use std::sync::Arc;
use std::time::Duration;

use chat::{Answer, Ban, Host, Limits, Settings, Ticket, TurnTimes, Vitals};
use serde_json::{Value, json};

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
                    "by_dialect": { "undecided": 1, "plain": 2, "irc": 1, "web": 0, "http": 0 } })
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
