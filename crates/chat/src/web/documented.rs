//! What `docs/web-protocol.md` says is there, is there, and looks like that; and what is there, it says.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::message::{
    Bounds, Code, Ending, Kind, Listed, Message, Placed, Present, RankChange, TypingState, Who,
};
use super::request::Request;
use crate::dialect::Scene;
use crate::irc::render::{MessageId, Stamp};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/web-protocol.md");
    std::fs::read_to_string(path).expect("docs/web-protocol.md")
}

/// The section with this heading.
fn section(heading: &str) -> String {
    let page = page();
    let begin = page.split(&format!("\n## {heading}\n")).nth(1).expect("a section");
    begin.split("\n## ").next().unwrap_or("").to_owned()
}

/// The lines of JSON in a section, by their `type`.
fn examples(heading: &str) -> Vec<(String, Value)> {
    let section = section(heading);
    let lines = section.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
            (value["type"].as_str().expect("a type").to_owned(), value)
        })
        .collect()
}

#[test]
fn every_request_on_the_page_is_understood_and_every_one_stands_there() {
    let examples = examples("Requests");
    for (kind, value) in &examples {
        let line = value.to_string();
        let request = Request::parse(line.as_bytes());
        let (n, request) = request.unwrap_or_else(|why| panic!("{line}: {why:?}"));
        assert_eq!(request.kind(), kind);
        assert_eq!(n, value["n"].as_u64());
        // Nothing there is passed over: the request says all of it, too.
        let understood = format!("{request:?}").to_lowercase();
        for (name, value) in value.as_object().expect("an object") {
            let value = value.as_str().unwrap_or("").replace('\n', "\\n").to_lowercase();
            assert!(name == "type" || name == "n" || understood.contains(&value), "{line}: {name}");
        }
    }
    for kind in Request::KINDS {
        assert!(examples.iter().any(|(other, _)| other == kind), "{kind} is not on the page");
    }
}

#[test]
fn every_message_is_on_the_page_with_all_its_fields_and_no_others() {
    let examples = examples("Messages");
    // All fields that the examples of a type have.
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, value) in &examples {
        named.entry(kind.clone()).or_default().extend(fields("", value));
    }
    let mut written: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in all() {
        let mut line = Vec::new();
        message.write(&mut line);
        let value: Value = serde_json::from_slice(&line).expect("JSON");
        let kind = value["type"].as_str().expect("a type").to_owned();
        written.entry(kind).or_default().extend(fields("", &value));
    }
    for fields in named.values_mut().chain(written.values_mut()) {
        fields.sort();
        fields.dedup();
    }
    for (kind, fields) in &written {
        assert_eq!(named.get(kind), Some(fields), "of {kind}: the page (left), the program");
    }
    assert_eq!(named.len(), written.len(), "{:?}", named.keys());
}

#[test]
fn every_code_stands_on_the_page_and_no_other() {
    let codes = section("Codes");
    let named: Vec<&str> = codes
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .flat_map(|line| line.split('|').next().unwrap_or("").split('`'))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    let text = |value: Value| value.as_str().expect("a word").to_owned();
    let code = |code: Code| text(serde_json::to_value(code).expect("a word"));
    let ending = |ending: Ending| text(serde_json::to_value(ending).expect("a word"));
    let all: Vec<String> =
        Code::ALL.into_iter().map(code).chain(Ending::ALL.into_iter().map(ending)).collect();
    for code in &all {
        assert!(named.contains(&code.as_str()), "{code} is not on the page");
    }
    for named in named {
        assert!(all.iter().any(|code| code == named), "{named} is no code");
    }
}

/// The names of all fields in a value, those within it behind a dot.
fn fields(before: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let one = |(name, value): (&String, &Value)| {
                let name = format!("{before}.{name}");
                let within = fields(&name, value);
                [name].into_iter().chain(within).collect::<Vec<_>>()
            };
            object.iter().flat_map(one).collect()
        }
        Value::Array(array) => array.iter().flat_map(|value| fields(before, value)).collect(),
        _ => Vec::new(),
    }
}

/// A message of each kind, with all that it can have.
fn all() -> Vec<Message<'static>> {
    let scene = Scene::bare();
    let id = || MessageId::new(&scene, 1);
    let stamp = Stamp { seq: 1, unix_ms: 2 };
    let (room, name, text) = ("#tea", "ada", || "text".into());
    let who = || Who {
        members: vec![Present { name, rank: "@".into(), away: Some(text()) }],
        count: 1,
        complete: true,
    };
    let said =
        || Message::Said { id: id(), stamp, room, from: name, kind: Kind::Say, text: text() };
    let all = vec![
        Message::Welcome {
            protocol: super::PROTOCOL,
            server: "Switchboard",
            name,
            token: "",
            resumed: true,
            said: 0,
            epoch: "",
            lobby: room,
            motd: &[],
            commands: Vec::new(),
            limits: Bounds {
                text_bytes: 1,
                lines: 1,
                name_bytes: 1,
                room_name_bytes: 1,
                topic_bytes: 1,
                rooms: 1,
                history: 1,
            },
        },
        Message::Room {
            room,
            topic: text(),
            who: who(),
            messages: vec![said()],
            more: true,
            gap: true,
            redacted: vec![id()],
            read: Some(id()),
        },
        said(),
        Message::Private { id: id(), stamp, from: name, to: name, kind: Kind::Act, text: text() },
        Message::Joined { stamp, room, name, away: Some(text()) },
        Message::Left { stamp, room, name, reason: Some(text()) },
        Message::Quit { stamp, name, reason: text() },
        Message::Renamed { stamp, from: name, to: name },
        Message::Topic { stamp, room, by: name, text: text() },
        Message::Modes {
            stamp,
            room,
            by: name,
            text: String::new(),
            ranks: vec![RankChange { name, rank: '@', given: true }],
        },
        Message::Removed { stamp, room, by: name, name, reason: text() },
        Message::Redacted { stamp, room, id: id(), by: name },
        Message::Presence { stamp, name, away: Some(text()) },
        Message::Typing { room, name, state: TypingState::Active },
        Message::RoomRenamed { stamp, from: room, to: room, by: name },
        Message::Ack { n: 1, said: Some(Placed { id: id(), stamp }), duplicate: true },
        Message::Error { n: Some(1), code: Code::Closed, room: Some(room), text: text() },
        Message::Info { room: Some(room), text: text() },
        Message::History { n: Some(1), room, messages: Vec::new(), more: true, gap: true },
        Message::Found { n: Some(1), room, messages: Vec::new(), more: true, next: Some(id()) },
        Message::Rooms {
            n: Some(1),
            rooms: vec![Listed { room, members: 1, topic: text() }],
            count: 1,
        },
        Message::Members { n: Some(1), room, who: who() },
        Message::Missed { room, count: 1 },
        Message::Closing { code: Ending::Slow, text: text() },
    ];
    // Whoever adds a message adds it above.
    for message in &all {
        match message {
            Message::Welcome { .. }
            | Message::Room { .. }
            | Message::Said { .. }
            | Message::Private { .. }
            | Message::Joined { .. }
            | Message::Left { .. }
            | Message::Quit { .. }
            | Message::Renamed { .. }
            | Message::Topic { .. }
            | Message::Modes { .. }
            | Message::Removed { .. }
            | Message::Redacted { .. }
            | Message::Presence { .. }
            | Message::Typing { .. }
            | Message::RoomRenamed { .. }
            | Message::Ack { .. }
            | Message::Error { .. }
            | Message::Info { .. }
            | Message::History { .. }
            | Message::Found { .. }
            | Message::Rooms { .. }
            | Message::Members { .. }
            | Message::Missed { .. }
            | Message::Closing { .. } => {}
        }
    }
    all
}
