//! The chat as the people in it see it: each test is a conversation.

mod browser;
mod desk;
mod door;
mod harness;
mod hostile;
mod http;
mod irc;
mod loops;
mod order;
mod slow;
mod status;
mod transcript;
mod web;
mod websocket;

use chat::{Limits, Rate, Settings};
use harness::Chat;
use slow::loud;

const HELP: &str = "/nick NAME to be known, /help for the rest, /quit or Ctrl-D to leave.";

#[test]
fn who_is_silent_for_a_second_is_welcomed() {
    let mut chat = Chat::new();
    let ada = chat.connect();
    chat.sleep(999);
    chat.sees(ada, &[]);
    chat.sleep(1);
    chat.sees(
        ada,
        &["Welcome to Switchboard (you are the first here).", "You are guest-1 in #lobby.", HELP],
    );
}

#[test]
fn the_first_line_is_said_after_the_welcome() {
    let mut chat = Chat::new();
    let ada = chat.join("ada");
    let bob = chat.connect();
    chat.say(bob, "hello all");
    chat.sees(bob, &["Welcome to Switchboard (2 here).", "You are guest-2 in #lobby.", HELP]);
    chat.sees(ada, &["[14:02] * guest-2 has joined", "[14:02] <guest-2> hello all"]);
}

#[test]
fn a_conversation() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    chat.say(ada, "lunch?");
    chat.say(bob, "yes");
    chat.say(ada, "/me is hungry");
    chat.say(bob, "//etc is a directory");
    chat.sees(ada, &["[14:02] <bob> yes", "[14:02] <bob> /etc is a directory"]);
    chat.sees(bob, &["[14:02] <ada> lunch?", "[14:02] * ada is hungry"]);
    let eve = chat.connect();
    chat.sleep(60_000);
    chat.sees(
        eve,
        &[
            "Welcome to Switchboard (3 here).",
            "You are guest-3 in #lobby.",
            HELP,
            "-- last 4 lines --",
            "[14:02] <ada> lunch?",
            "[14:02] <bob> yes",
            "[14:02] * ada is hungry",
            "[14:02] <bob> /etc is a directory",
            "-- now --",
        ],
    );
    chat.say(ada, "/quit");
    assert!(chat.is_closed(ada));
    chat.sees(eve, &["[14:03] * ada has left"]);
    chat.reset(bob);
    chat.sees(eve, &["[14:03] * bob has left"]);
}

#[test]
fn a_pipe_that_only_posts_is_heard_and_ends_at_once() {
    for bytes in [&b"build broke\n"[..], b"build broke", b"build broke\r\n"] {
        let mut chat = Chat::new();
        let ada = chat.join("ada");
        let pipe = chat.connect();
        chat.turn(|service| {
            use service::Service;
            service.received(pipe, bytes);
            service.ended(pipe);
        });
        assert!(chat.is_closed(pipe));
        chat.sees(
            ada,
            &[
                "[14:02] * guest-2 has joined",
                "[14:02] <guest-2> build broke",
                "[14:02] * guest-2 has left",
            ],
        );
        assert!(chat.read(pipe).starts_with("Welcome"));
    }
}

#[test]
fn a_connection_that_says_nothing_at_all_is_nobody() {
    let mut chat = Chat::new();
    let ada = chat.join("ada");
    let scan = chat.connect();
    chat.end(scan);
    assert!(chat.is_closed(scan));
    chat.sees(scan, &[]);
    chat.sees(ada, &[]);
}

#[test]
fn a_script_is_spared_the_welcome_and_the_times() {
    let mut chat = Chat::new();
    let ada = chat.join("ada");
    chat.say(ada, "before");
    let script = chat.connect();
    chat.say(script, "/plain");
    chat.say(script, "deployed");
    chat.say(ada, "thanks");
    chat.say(ada, "/msg guest-2 well done");
    chat.sees(script, &["<ada> thanks", "<ada to you> well done"]);
    chat.sees(ada, &["[14:02] * guest-2 has joined", "[14:02] <guest-2> deployed"]);
}

#[test]
fn names_are_taken_once_in_whatever_case() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("Ada"), chat.join("bob"));
    chat.say(bob, "/nick aDA");
    chat.say(bob, "/nick guest-1");
    chat.say(bob, "/nick 1st");
    chat.say(bob, "/nick nickserv");
    chat.say(bob, "/nick");
    chat.sees(
        bob,
        &[
            "\"aDA\" is taken; you are still bob.",
            "\"guest-1\" will not do: that name is reserved. You are still bob.",
            "\"1st\" will not do: a name cannot have '1' there. You are still bob.",
            "\"nickserv\" will not do: that name is reserved. You are still bob.",
            "Usage: /nick NAME. Nothing was sent.",
        ],
    );
    chat.sees(ada, &[]);
    chat.say(ada, "/nick ADA");
    chat.sees(ada, &["You are ADA now."]);
    chat.sees(bob, &["[14:02] * Ada is now ADA"]);
    chat.say(ada, "/quit");
    chat.sleep(30_000);
    chat.read(bob);
    chat.say(bob, "/nick ada");
    chat.sees(bob, &["You are ada now."]);
}

#[test]
fn names_change_five_times_and_then_more_slowly() {
    let mut chat = Chat::new();
    let ada = chat.connect();
    for n in 0..5 {
        chat.say(ada, &format!("/nick a{n}"));
        chat.sleep(500);
    }
    chat.read(ada);
    chat.say(ada, "/nick a5");
    chat.sees(
        ada,
        &["That is too many names in so short a time. You are still a4. Try again in 1.5 s."],
    );
    chat.sleep(1500);
    chat.say(ada, "/nick a5");
    chat.sees(ada, &["You are a5 now."]);
}

#[test]
fn rooms_are_made_by_joining_and_gone_when_empty() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    chat.say(ada, "/join #dev");
    chat.sees(ada, &["You are in #dev now (1 here). What you type goes there."]);
    chat.say(bob, "/join #DEV");
    chat.sees(bob, &["You are in #dev now (2 here). What you type goes there."]);
    chat.say(ada, "tests?");
    chat.say(ada, "/msg #lobby lunch?");
    chat.sees(ada, &["[14:02] * bob has joined"]);
    chat.sees(bob, &["[14:02] <ada> tests?", "[14:02] #lobby <ada> lunch?"]);
    chat.say(bob, "/join #lobby");
    chat.sees(bob, &["You are talking in #lobby now."]);
    chat.say(ada, "green");
    chat.sees(bob, &["[14:02] #dev <ada> green"]);
    chat.say(bob, "/rooms");
    chat.sees(bob, &["  #dev (2, you are in it)", "  #lobby (2, you are in it)"]);
    chat.sleep(5000);
    chat.say(bob, "/part #dev");
    chat.sees(bob, &["You have left #dev. You are talking in #lobby."]);
    chat.sees(ada, &["[14:02] * bob has left"]);
    chat.say(ada, "/part");
    chat.sees(ada, &["You have left #dev. You are talking in #lobby."]);
    chat.say(bob, "/rooms");
    chat.sees(bob, &["  #lobby (2, you are in it)"]);
    // A room of the same name is another room.
    chat.say(bob, "/join #dev");
    chat.sees(bob, &["You are in #dev now (1 here). What you type goes there."]);
    chat.sleep(5000);
    chat.say(bob, "/part");
    chat.say(bob, "/part");
    chat.say(bob, "to nobody");
    chat.sees(
        bob,
        &[
            "You have left #dev. You are talking in #lobby.",
            "You have left #lobby. /join #ROOM to talk again.",
            "You are in no room. Nothing was sent. /join #ROOM first.",
        ],
    );
}

#[test]
fn what_happens_in_several_shared_rooms_is_told_once() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    for room in ["#a", "#b"] {
        chat.say(ada, &format!("/join {room}"));
        chat.say(bob, &format!("/join {room}"));
    }
    chat.sleep(10_000);
    chat.read(ada);
    chat.read(bob);
    chat.say(bob, "/nick rob");
    chat.say(bob, "/quit");
    let told = chat.read(ada);
    assert_eq!(told.matches("bob is now rob").count(), 1, "{told}");
    assert_eq!(told.matches("rob has left").count(), 1, "{told}");
}

#[test]
fn one_person_is_written_to_alone() {
    let mut chat = Chat::new();
    let (ada, bob, eve) = (chat.join("ada"), chat.join("bob"), chat.join("eve"));
    chat.say(ada, "/msg BOB psst");
    chat.say(ada, "/msg ada psst");
    chat.say(ada, "/msg carol psst");
    chat.say(ada, "/msg bob");
    chat.say(ada, "/msg #nowhere psst");
    chat.sees(bob, &["[14:02] <ada to you> psst"]);
    chat.sees(eve, &[]);
    chat.sees(
        ada,
        &[
            "That is you. Nothing was sent.",
            "There is no \"carol\" here. Nothing was sent. /who lists people.",
            "Usage: /msg NAME TEXT. Nothing was sent.",
            "There is no room #nowhere. Nothing was sent. /rooms lists them.",
        ],
    );
    chat.sleep(5000);
    chat.say(eve, "/join #dev");
    chat.say(ada, "/msg #dev psst");
    chat.sees(ada, &["You are not in #dev. Nothing was sent. /join #dev first."]);
}

#[test]
fn who_and_history_answer_who_asks() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("Bob"));
    chat.join("carol");
    for n in 0..4 {
        chat.say(bob, &format!("line {n}"));
    }
    chat.read(ada);
    chat.say(ada, "/who");
    chat.sees(ada, &["#lobby (3): ada, Bob, carol"]);
    chat.say(ada, "/history 2");
    chat.sees(
        ada,
        &["-- last 2 lines --", "[14:02] <Bob> line 2", "[14:02] <Bob> line 3", "-- now --"],
    );
    chat.say(ada, "/history much");
    chat.say(ada, "/foo bar");
    chat.sees(
        ada,
        &[
            "\"much\" is no number of lines. Usage: /history 50",
            "No such command: /foo. Nothing was sent. Try /help.",
        ],
    );
    chat.sleep(86_400_000);
    chat.say(ada, "/history 0");
    chat.sees(ada, &["\"0\" is no number of lines. Usage: /history 50"]);
    chat.say(ada, "/history 1");
    chat.sees(ada, &["-- last 1 line --", "[2026-11-21 14:02] <Bob> line 3", "-- now --"]);
    chat.say(ada, "/help");
    assert_eq!(chat.read(ada).lines().count(), 17);
}

#[test]
fn hostile_text_reaches_nobodys_terminal() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    chat.say(ada, "\x1b[31mred\x1b]0;title\x07 \u{202e}txt\u{2069}\u{9b}2J\x07");
    chat.say(ada, "\x1b[2J\u{202e}");
    chat.say(ada, "/me \x1b[2Jwaves");
    chat.say(ada, "/nick \x1b[31mx");
    chat.say(ada, "/\x1b[2Jfoo");
    chat.say(ada, "/msg bob \x1b[2Jpsst");
    chat.sees(bob, &["[14:02] <ada> red txt", "[14:02] * ada waves", "[14:02] <ada to you> psst"]);
    let answers = chat.read(ada);
    assert!(!answers.contains('\x1b'), "{answers:?}");
    let eve = chat.connect();
    chat.sleep(1000);
    assert!(!chat.read(eve).contains('\x1b'), "history is cleaned too");
}

#[test]
fn bytes_that_are_no_utf8_are_replaced_and_that_is_said_once() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    chat.send(ada, b"caf\xe9\n");
    chat.send(ada, b"caf\xe9\n");
    chat.sees(ada, &["What was not UTF-8 in that line is shown as \u{fffd}. (Told once.)"]);
    chat.sees(bob, &["[14:02] <ada> caf\u{fffd}", "[14:02] <ada> caf\u{fffd}"]);
}

#[test]
fn a_line_too_long_is_refused_whole_whatever_the_pieces() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    let line = [vec![b'x'; 9120], b"\nshort\n".to_vec()].concat();
    for piece in line.chunks(1000) {
        chat.send(ada, piece);
    }
    chat.sees(ada, &["That line is 9,120 bytes; the limit is 4,096. Nothing was sent."]);
    chat.sees(bob, &["[14:02] <ada> short"]);
    chat.say(ada, &"y".repeat(4096));
    assert_eq!(chat.read(bob).len(), 4096 + "[14:02] <ada> \n".len());
}

#[test]
fn empty_lines_are_nothing() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    chat.send(ada, b"\n\r\n   \n\t\n\x1b[m\n/me \x1b[m\n/msg bob \x1b[m\n");
    chat.sees(ada, &[]);
    chat.sees(bob, &[]);
}

#[test]
fn telnet_is_understood() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    chat.send(ada, b"hello\r\n");
    // Ctrl-C: interrupt, and a timing mark that must be answered.
    chat.send(ada, &[0xff, 0xf4, 0xff, 0xfd, 0x06]);
    chat.say(bob, "hi");
    assert_eq!(
        chat.read_bytes(ada),
        b"\xff\xfc\x06To leave, type /quit or press Ctrl-D.\r\n[14:02] <bob> hi\r\n"
    );
    // A terminal that sends each key.
    for key in [&b"b"[..], b"y", b"x", b"\x7f", b"e", b"\r\0"] {
        chat.send(ada, key);
    }
    chat.sees(bob, &["[14:02] <ada> hello", "[14:02] <ada> bye"]);
    chat.send(ada, b"\x04");
    assert!(chat.is_closed(ada));
    chat.sees(bob, &["[14:02] * ada has left"]);
}

#[test]
fn who_is_too_fast_is_held_back_and_loses_nothing() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    let lines: String = (0..100).map(|n| format!("line {n}\n")).collect();
    chat.send(ada, lines.as_bytes());
    assert!(chat.person(ada).paused);
    chat.sees(ada, &["Slow down: the next line waits 0.5 s, those behind it longer."]);
    let got = chat.read(bob);
    assert_eq!(got.lines().count(), 8, "{got}");
    chat.sleep(1000);
    chat.sees(bob, &["[14:02] <ada> line 8", "[14:02] <ada> line 9"]);
    chat.sees(ada, &[]);
    chat.sleep(45_000);
    let got = chat.read(bob);
    assert_eq!(got.lines().count(), 90);
    assert!(got.ends_with("<ada> line 99\n"));
    assert!(!chat.person(ada).paused);
    assert_eq!(chat.service().stats().bytes_dropped, 0);
}

#[test]
fn what_comes_while_lines_are_held_waits_behind_them_in_bounded_memory() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    let line = "x".repeat(999);
    for _ in 0..200 {
        chat.say(ada, &line);
    }
    chat.sleep(60_000);
    // 8 at once, and what fits into 80 KiB after that; of the line cut there nothing is said.
    assert_eq!(chat.read(bob).lines().count(), 8 + 81);
    let told = chat.read(ada);
    assert!(told.contains("Too much at once: the last 110,080 bytes were not read."), "{told}");
    chat.say(ada, "after");
    chat.sees(bob, &["[14:03] <ada> after"]);
}

#[test]
fn a_pipe_that_is_too_fast_is_heard_to_its_end() {
    let mut chat = Chat::new();
    let ada = chat.join("ada");
    let pipe = chat.connect();
    let lines: String = (0..20).map(|n| format!("{n}\n")).collect();
    chat.send(pipe, lines.as_bytes());
    chat.send(pipe, b"the end");
    chat.end(pipe);
    assert!(!chat.is_closed(pipe));
    chat.sleep(10_000);
    assert!(chat.is_closed(pipe));
    let got = chat.read(ada);
    assert_eq!(got.lines().count(), 1 + 21 + 1, "{got}");
    assert!(got.ends_with("<guest-2> the end\n[14:02] * guest-2 has left\n"), "{got}");
}

#[test]
fn too_many_from_one_address_are_told_why() {
    let mut chat = Chat::new();
    let people: Vec<_> = (0..16).map(|_| chat.connect_from_address("192.0.2.1")).collect();
    chat.sleep(1000);
    let refused = chat.connect_from_address("192.0.2.1");
    chat.sleep(1000);
    chat.sees(
        refused,
        &["Your address has 16 connections here, which is the limit. Close one first."],
    );
    assert!(chat.is_closed(refused));
    let other = chat.connect_from_address("192.0.2.2");
    assert!(!chat.is_closed(other));
    for key in people {
        chat.reset(key);
    }
    for _ in 0..15 {
        let key = chat.connect_from_address("192.0.2.1");
        chat.send(key, b"hello\n");
        assert!(!chat.is_closed(key));
        chat.reset(key);
    }
    let refused = chat.connect_from_address("192.0.2.1");
    chat.send(refused, b"NICK ada\r\n");
    let told = chat.read(refused);
    assert!(
        told.contains(".ip (Your address has connected more than 32 times in 10 minutes"),
        "{told}"
    );
    for _ in 0..100 {
        let local = chat.connect_from_address("127.0.0.1");
        assert!(!chat.is_closed(local));
    }
}

#[test]
fn a_full_server_says_so() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let mut chat = Chat::with(Settings { limits, ..Settings::default() });
    let (ada, _) = (chat.connect(), chat.connect());
    let late = chat.connect();
    chat.sleep(1000);
    chat.sees(late, &["The server is full. Please try again later."]);
    assert!(chat.is_closed(late));
    // So many are heard, and no more.
    let late: Vec<_> = (0..65).map(|_| chat.connect()).collect();
    chat.sees(late[64], &["ERROR :The server is full. Please try again later."]);
    assert!(late.iter().filter(|key| chat.is_closed(**key)).count() == 1);
    for key in &late[..64] {
        chat.send(*key, b"NICK ada\r\n");
        assert!(chat.is_closed(*key));
    }
    chat.reset(ada);
    let next = chat.connect();
    assert!(!chat.is_closed(next));
}

#[test]
fn everybody_is_told_of_the_end() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.connect());
    chat.stop();
    chat.sees(ada, &["*** Server is shutting down..."]);
    // What has not spoken may be an IRC client.
    chat.sees(bob, &["ERROR :Server is shutting down..."]);
    assert!(chat.is_closed(ada) && chat.is_closed(bob));
}

#[test]
fn without_names_bare_lines_are_relayed_to_all_others() {
    let mut chat = Chat::with(Settings { anonymous: true, ..Settings::default() });
    let (ada, bob, eve) = (chat.connect(), chat.connect(), chat.connect());
    chat.sleep(5000);
    chat.send(ada, b"  hello \r\n\r\n/quit\n");
    chat.send(bob, b"half a ");
    chat.send(bob, b"line\n");
    chat.sees(ada, &["half a line"]);
    chat.sees(bob, &["hello", "/quit"]);
    chat.sees(eve, &["hello", "/quit", "half a line"]);
    chat.reset(ada);
    chat.sees(bob, &[]);
}

#[test]
fn what_was_said_before_leaving_still_arrives() {
    let mut chat = Chat::new();
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    chat.turn(|service| {
        use service::Service;
        service.received(ada, b"before\n");
        service.received(bob, b"/quit\n");
        service.received(ada, b"after\n");
    });
    chat.sees(bob, &["[14:02] <ada> before"]);
}

#[test]
fn a_big_room_is_not_told_who_comes_and_goes() {
    let limits = Limits { announce_members: 3, ..Limits::default().unthrottled() };
    let mut chat = Chat::with(Settings { limits, ..Settings::default() });
    let ada = chat.join("ada");
    let people: Vec<_> = (0..10).map(|_| chat.connect()).collect();
    chat.sleep(1000);
    assert_eq!(chat.read(ada).lines().count(), 3);
    for person in people {
        chat.reset(person);
    }
    assert_eq!(chat.read(ada).lines().count(), 3);
}

#[test]
fn rooms_are_bounded() {
    let limits = Limits { rooms: 4, rooms_per_member: 3, ..Limits::default().unthrottled() };
    let mut chat = Chat::with(Settings { limits, ..Settings::default() });
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    for room in ["#a", "#b", "#c"] {
        chat.say(ada, &format!("/join {room}"));
    }
    let told = chat.read(ada);
    assert!(
        told.ends_with("You are in 3 rooms, which is the limit. /part from one first.\n"),
        "{told}"
    );
    chat.say(bob, "/join #c");
    chat.read(bob);
    chat.say(bob, "/join #d");
    chat.sees(bob, &["There are 4 rooms already, which is the limit: #d was not made."]);
    chat.say(bob, "/part #a");
    chat.sees(bob, &["You are not in #a. Nothing was sent. /join #a first."]);
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let run = || {
        let mut chat = Chat::with(Settings { seed: 7, ..Settings::default() });
        let people: Vec<_> = ["ada", "bob", "eve"].iter().map(|name| chat.join(name)).collect();
        for (n, &person) in people.iter().enumerate() {
            chat.say(person, &format!("/join #room-{n}"));
            chat.say(person, "hello");
            chat.say(person, "/rooms");
            chat.say(person, "/who #lobby");
        }
        people.iter().map(|&person| chat.read(person)).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_rate_of_zero_is_no_limit() {
    assert_eq!(Limits::default().unthrottled().lines, Rate::UNLIMITED);
    let mut chat = Chat::with(loud());
    let (ada, bob) = (chat.join("ada"), chat.join("bob"));
    chat.send(ada, &b"x\n".repeat(10_000));
    chat.sleep(0);
    // More than one turn's work, done in turns that follow at once.
    assert_eq!(chat.read(bob).lines().count(), 10_000);
}
