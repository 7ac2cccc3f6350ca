//! Rooms that are too big to be told of everybody, and more rooms than can be told of at once.

use chat::{Limits, Settings};

use crate::browser::{TEXT, frame, unframed, upgrade};
use crate::harness::{Chat, on_any_number_of_loops};
use crate::transcript::{settings, transcript_with};

#[test]
fn in_a_big_room_newcomers_are_told_of_when_they_speak() {
    let limits = Limits { announce_members: 1, ..settings().limits };
    transcript_with(
        Settings { limits, ..settings() },
        r##"
        ada: web
        bob: web
        ada << {"type":"joined",*"name":"bob"}
        kim: json
        kim >> {"type":"hello","name":"kim"}
        kim << {"type":"welcome",*
        kim << {"type":"room",*"members":[{"name":"kim"},{"name":"ada"},{"name":"bob"}],"count":3,"complete":true,*
        joe: json
        joe >> {"type":"hello","name":"joe"}
        joe << {"type":"welcome",*
        joe << {"type":"room",*"members":[{"name":"joe"},{"name":"ada"},{"name":"bob"}],"count":4,"complete":false,*
        kim >> {"type":"say","n":1,"room":"#lobby","text":"hi"}
        kim << {"type":"ack","n":1,*
        ada << {"type":"joined",*"name":"kim"}
        ada << {"type":"message",*"from":"kim",*
        bob << {"type":"joined",*"name":"kim"}
        bob << {"type":"message",*"from":"kim",*
        joe << {"type":"joined",*"name":"kim"}
        joe << {"type":"message",*"from":"kim",*
        # He goes as he came.
        joe resets
        kim resets
        ada << {"type":"quit",*"name":"kim",*
        bob << {"type":"quit",*"name":"kim",*
        "##,
    );
}

#[test]
fn who_comes_back_to_more_than_can_be_told_at_once_is_told_all_of_it_as_it_reads() {
    on_any_number_of_loops(|| {
        let limits = Limits { web_replay_lines: 40, ..settings().limits };
        let mut chat = Chat::with(Settings { limits, ..settings() });
        let bob = chat.join("bob");
        let rooms: Vec<String> = (0..30).map(|number| format!("#room-{number}")).collect();
        for room in &rooms {
            chat.say(bob, &format!("/join {room}"));
            for line in 0..40 {
                chat.say(bob, &format!("{line} {}", "x".repeat(500)));
            }
        }
        chat.read_bytes(bob);
        let ada = chat.connect();
        chat.send(ada, upgrade("switchboard.v1").as_bytes());
        chat.read_bytes(ada);
        chat.stop_reading(ada);
        let wanted: Vec<String> =
            rooms.iter().map(|room| format!(r#"{{"room":"{room}"}}"#)).collect();
        let hello = format!(r#"{{"type":"hello","name":"ada","rooms":[{}]}}"#, wanted.join(","));
        chat.send(ada, &frame(TEXT, hello.as_bytes()));
        chat.send(ada, &frame(TEXT, br#"{"type":"ping","n":1}"#));
        chat.sleep(5000);
        assert!(!chat.is_closed(ada), "what waits for her is bounded");
        chat.read_again(ada);
        chat.sleep(5000);
        let lines = unframed(&chat.read_bytes(ada));
        let told: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(r#"{"type":"room","room":""#)?.split('"').next())
            .collect();
        assert_eq!(told, rooms);
        let count = |line: &String| line.matches(r#"{"type":"message""#).count();
        assert!(
            lines.iter().filter(|line| line.contains(r#""room","room""#)).all(|l| count(l) == 40)
        );
        assert_eq!(lines.last().map(String::as_str), Some(r#"{"type":"ack","n":1}"#));
    });
}

#[test]
fn no_more_than_so_many_members_are_listed() {
    let limits = Limits { web_members: 2, ..settings().limits };
    transcript_with(
        Settings { limits, ..settings() },
        r##"
        ada: web
        bob: web
        kim: json
        kim >> {"type":"hello","name":"kim"}
        kim << {"type":"welcome",*
        kim << {"type":"room",*"members":[{"name":"kim"},{"name":"ada"},{"name":"bob"}],"count":3,"complete":true,*
        joe: json
        joe >> {"type":"hello","name":"joe"}
        joe << {"type":"welcome",*
        joe << {"type":"room",*"members":[{"name":"joe"},{"name":"ada"},{"name":"bob"}],"count":4,"complete":false,*
        ada << ...
        bob << ...
        kim << ...
        "##,
    );
}
