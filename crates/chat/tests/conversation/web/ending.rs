use chat::{Limits, Settings, SlowReaders};

use crate::browser::{TEXT, frame, unframed, upgrade};
use crate::harness::{Chat, on_any_number_of_loops};
use crate::transcript::{settings, transcript};

#[test]
fn who_sends_too_much_at_once_is_closed_by_the_frame() {
    let long = "x".repeat(17_000);
    let text = r##"
        ada: web
        bob: web
        ada << ...
        ada >> {"type":"say","n":1,"room":"#lobby","text":"LONG"}
        ada << {"type":"closing","code":"closed",*
        ada << (close 1009 *)
        ada << (closed)
        bob << {"type":"quit",*"name":"ada",*
        "##;
    transcript(&text.replace("LONG", &long));
}

#[test]
fn a_server_that_ends_says_so_to_everybody() {
    on_any_number_of_loops(|| {
        let mut chat = Chat::with(settings());
        let ada = chat.connect();
        chat.send(ada, upgrade("switchboard.v1").as_bytes());
        chat.read_bytes(ada);
        chat.send(ada, &frame(TEXT, br#"{"type":"hello","name":"ada"}"#));
        chat.read_bytes(ada);
        chat.stop();
        let text = "Server is shutting down...";
        let closing = format!(r#"{{"type":"closing","code":"shutdown","text":"{text}"}}"#);
        let got = unframed(&chat.read_bytes(ada));
        assert_eq!(got, [closing, format!("(close 1012 {text})")]);
        assert!(chat.is_closed(ada));
    });
}

fn somebody_who_does_not_read(slow_readers: SlowReaders) -> (Chat, Vec<String>) {
    let limits = Limits { room_log_bytes: 4096, slow_readers, ..settings().limits };
    let mut chat = Chat::with(Settings { limits, ..settings() });
    let (ada, bob) = (chat.connect(), chat.join("bob"));
    chat.send(ada, upgrade("switchboard.v1").as_bytes());
    chat.send(ada, &frame(TEXT, br#"{"type":"hello","name":"ada"}"#));
    chat.read_bytes(ada);
    chat.stop_reading(ada);
    // What was handed out before lies in the connection.
    for number in 0..2000 {
        chat.say(bob, &format!("line {number} {}", "x".repeat(100)));
    }
    chat.read_again(ada);
    let lines = unframed(&chat.read_bytes(ada));
    (chat, lines)
}

#[test]
fn who_did_not_read_is_told_how_much_was_missed_and_goes_on() {
    let (_, lines) = somebody_who_does_not_read(SlowReaders::Tell);
    let at = lines.iter().position(|line| line.starts_with(r#"{"type":"missed""#));
    let at = at.expect("it is told");
    let count = lines[at].strip_prefix(r##"{"type":"missed","room":"#lobby","count":"##);
    let count: usize = count.unwrap().trim_end_matches('}').parse().unwrap();
    let messages = lines.iter().filter(|line| line.starts_with(r#"{"type":"message""#)).count();
    assert_eq!(messages + count, 2000, "each is there, or counted");
    assert!(lines.last().unwrap().contains("line 1999 "));
}

#[test]
fn or_is_closed_where_the_operator_wants_that() {
    let (_, lines) = somebody_who_does_not_read(SlowReaders::Close);
    let (last, rest) = lines.split_last().expect("something");
    assert!(last.starts_with("(close 1008 "), "{last}");
    assert!(rest.last().unwrap().starts_with(r#"{"type":"closing","code":"slow","#));
}
