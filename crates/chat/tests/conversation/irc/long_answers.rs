//! Answers that are larger than a mailbox: they come whole, in order, and cost no more than the
//! client takes.

use chat::{Limits, Settings};
use service::Key;

use crate::harness::Chat;

/// Mailboxes so small that few hundred lines are more than they take, and turns in which few are looked
/// at.
fn small() -> Limits {
    Limits {
        announce_members: usize::MAX,
        answer_looks: 100,
        mailbox_pause_bytes: 4096,
        mailbox_close_bytes: 16 * 1024,
        rooms_per_member: 500,
        ..Limits::default().unthrottled()
    }
}

/// A client called `ada` with these capabilities, among `others` in `#tea`, where everybody is told
/// of everybody.
fn crowd(others: usize, capabilities: &str) -> (Chat, Key) {
    let mut chat =
        Chat::with(Settings { limits: small(), irc_lobby: false, ..Settings::default() });
    for number in 0..others {
        let one = chat.connect();
        let line = format!("NICK n{number}\r\nUSER u 0 * :{:->50}\r\nJOIN #tea\r\n", "");
        chat.send(one, line.as_bytes());
        chat.read(one);
    }
    let ada = chat.connect();
    let line = format!("CAP REQ :{capabilities}\r\nNICK ada\r\nUSER a 0 * :Ada\r\nCAP END\r\n");
    chat.send(ada, line.as_bytes());
    chat.read(ada);
    (chat, ada)
}

/// What `key` gets, a little at a time, until nothing comes.
fn read_slowly(chat: &mut Chat, key: Key) -> Vec<String> {
    chat.sleep(2000);
    chat.read(key).lines().map(str::to_owned).collect()
}

#[test]
fn everybody_in_a_large_room_is_told_of_once() {
    for (command, number) in [("WHO #tea %tn,1", 354), ("NAMES #tea", 353), ("WHO n* %tn,1", 354)] {
        let (mut chat, ada) = crowd(600, "batch");
        chat.say(ada, &format!("{command}\r\nPING :after"));
        let lines = read_slowly(&mut chat, ada);
        let (pong, lines) = lines.split_last().expect("an answer");
        assert_eq!(pong, ":Switchboard PONG Switchboard :after", "{command}");
        let (_, told) = lines.split_last().expect("an end");
        let mut names = Vec::new();
        for line in told {
            assert!(line.contains(&format!(" {number} ada ")), "{line}");
            let rest = line.rsplit_once(':').map_or(line.as_str(), |(_, rest)| rest);
            match number {
                353 => {
                    names.extend(rest.split(' ').map(|name| name.trim_start_matches(['~', '@'])));
                }
                _ => names.extend(line.rsplit(' ').next()),
            }
        }
        names.sort_unstable();
        let mut all: Vec<String> = (0..600).map(|number| format!("n{number}")).collect();
        all.sort_unstable();
        assert_eq!(names, all, "{command}");
    }
}

#[test]
fn names_have_an_end_though_the_room_goes_meanwhile() {
    let mut chat =
        Chat::with(Settings { limits: small(), irc_lobby: false, ..Settings::default() });
    let ada = chat.connect();
    chat.send(ada, b"NICK ada\r\nUSER a 0 * :Ada\r\n");
    chat.read(ada);
    let mut crowd = Vec::new();
    for number in 0..600 {
        let one = chat.connect();
        chat.send(one, format!("NICK n{number}\r\nUSER u 0 * :U\r\nJOIN #Tea\r\n").as_bytes());
        crowd.push(one);
    }
    chat.stop_reading(ada);
    chat.say(ada, "NAMES #tea\r\nPING :after");
    crowd.into_iter().for_each(|one| chat.reset(one));
    chat.read_again(ada);
    let lines = read_slowly(&mut chat, ada);
    let (names, last) = lines.split_at(lines.len() - 2);
    assert!(!names.is_empty() && names.iter().all(|line| line.contains(" 353 ada = #Tea :")));
    assert_eq!(last[0], ":Switchboard 366 ada #Tea :End of /NAMES list");
    assert_eq!(last[1], ":Switchboard PONG Switchboard :after");
}

#[test]
fn who_does_not_read_is_owed_a_position() {
    let (mut chat, ada) = crowd(600, "batch");
    chat.stop_reading(ada);
    chat.say(ada, "WHO *\r\nWHO *\r\nWHO *\r\nLIST\r\nPING :after");
    // Much longer than what may wait for a client, and nobody is closed for it.
    chat.sleep(60_000);
    assert!(!chat.is_closed(ada) && chat.service().stats().slow_closed == 0);
    chat.read_again(ada);
    let lines = read_slowly(&mut chat, ada);
    let count = |number: &str| lines.iter().filter(|line| line.contains(number)).count();
    assert_eq!((count(" 352 "), count(" 315 "), count(" 323 ")), (3 * 601, 3, 1));
    assert_eq!(lines.last().map(String::as_str), Some(":Switchboard PONG Switchboard :after"));
}

#[test]
fn an_answer_looks_at_some_in_a_turn_and_at_all_in_the_end() {
    for (command, end) in [("WHO x*y", "x*y"), ("WHO #tea o", "#tea")] {
        let (mut chat, ada) = crowd(600, "batch");
        let before = chat.turns();
        chat.say(ada, &format!("{command}\r\nPING :after"));
        assert_eq!(chat.read(ada), "", "{command}");
        chat.sleep(1);
        assert!(chat.turns() - before >= 6, "{command}");
        chat.sleep(100);
        let end = format!(":Switchboard 315 ada {end} :End of WHO list\r\n");
        assert_eq!(chat.read(ada), format!("{end}:Switchboard PONG Switchboard :after\r\n"));
    }
}

#[test]
fn a_label_makes_one_batch_of_all_pieces() {
    let (mut chat, ada) = crowd(600, "batch labeled-response");
    chat.say(ada, "@label=x WHO #tea\r\n@label=y PING :after");
    let lines = read_slowly(&mut chat, ada);
    let batch = lines[0].strip_prefix("@label=x :Switchboard BATCH +").expect("the batch opens");
    let batch = batch.strip_suffix(" labeled-response").expect("as a response");
    let inside = format!("@batch={batch} :Switchboard 3");
    assert!(lines[1..602].iter().all(|line| line.starts_with(&inside)));
    assert_eq!(
        lines[602..],
        [
            format!(":Switchboard BATCH -{batch}"),
            "@label=y :Switchboard PONG Switchboard :after".to_owned(),
        ]
    );
}

#[test]
fn hundreds_of_rooms_are_listed() {
    let mut chat =
        Chat::with(Settings { limits: small(), irc_lobby: false, ..Settings::default() });
    let ada = chat.connect();
    chat.send(ada, b"NICK ada\r\nUSER a 0 * :Ada\r\n");
    for number in 0..400 {
        chat.say(ada, &format!("JOIN #a-room-with-rather-a-long-name-{number}"));
        chat.read(ada);
    }
    chat.say(ada, "LIST\r\nPING :after");
    let lines = read_slowly(&mut chat, ada);
    assert_eq!(lines.len(), 402);
    assert_eq!(lines[401], ":Switchboard PONG Switchboard :after");
    assert!(lines[..400].iter().all(|line| line.contains(" 322 ada #a-room")));
}

#[test]
fn who_has_finished_sending_still_gets_the_whole_answer() {
    let (mut chat, ada) = crowd(600, "batch");
    chat.turn(|service| {
        use service::Service;
        service.received(ada, b"WHO #tea\r\n");
        service.ended(ada);
    });
    let lines = read_slowly(&mut chat, ada);
    assert_eq!(lines.iter().filter(|line| line.contains(" 352 ")).count(), 600);
    assert!(lines.iter().any(|line| line.contains(" 315 ")) && chat.is_closed(ada));
}

#[test]
fn who_goes_takes_the_rest_along() {
    let (mut chat, ada) = crowd(600, "batch");
    chat.stop_reading(ada);
    chat.say(ada, "WHO #tea");
    chat.reset(ada);
    chat.sleep(1000);
    assert_eq!(chat.service().stats().connections, 600);
}
