//! Who reads slowly, or not at all: what it costs whom, and what it is told.

use chat::{Limits, Settings, SlowReaders};

use crate::harness::{Chat, on_any_number_of_loops};

pub(crate) fn loud() -> Settings {
    let limits = Limits { room_log_bytes: 20_000, ..Limits::default().unthrottled() };
    Settings { limits, ..Settings::default() }
}

#[test]
fn a_slow_reader_is_told_what_it_missed_and_delays_nobody() {
    let mut chat = Chat::with(loud());
    let (ada, bob, eve) = (chat.join("ada"), chat.join("bob"), chat.join("eve"));
    chat.stop_reading(eve);
    let line = "x".repeat(100);
    for _ in 0..2000 {
        chat.say(ada, &line);
        assert_eq!(chat.read(bob).lines().count(), 1);
    }
    chat.read_again(eve);
    let got = chat.read(eve);
    let told: Vec<&str> = got.lines().filter(|line| line.starts_with("***")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let missed: usize = told[0]
        .strip_prefix("*** You missed ")
        .and_then(|rest| rest.strip_suffix(" lines in #lobby: your connection was too slow."))
        .map(|count| count.replace(',', "").parse().unwrap())
        .expect("a count");
    assert_eq!(missed + got.lines().count() - 1, 2000);
    assert!(missed > 1000);
    chat.say(ada, "there?");
    chat.sees(eve, &["[14:02] <ada> there?"]);
    assert_eq!(chat.service().stats().slow_told, 1);
}

#[test]
fn what_a_burst_took_is_given_back_when_all_have_read_it() {
    on_any_number_of_loops(|| {
        let limits = Limits::default().unthrottled();
        let mut chat = Chat::with(Settings { limits, ..Settings::default() });
        let (ada, bob, eve) = (chat.join("ada"), chat.join("bob"), chat.join("eve"));
        let kept = |chat: &Chat| -> usize {
            chat.services().map(|service| service.stats().log_bytes).sum()
        };
        let burst = format!("{}\n", "x".repeat(100)).repeat(500);
        // All read at once, and something else happens, of which the room is not told.
        (0..4).for_each(|_| chat.send(ada, burst.as_bytes()));
        assert_eq!(chat.read(bob).lines().count(), 2000);
        assert_eq!(chat.read(eve).lines().count(), 2000);
        [ada, bob, eve].into_iter().for_each(|key| chat.say(key, ""));
        assert_eq!(kept(&chat), 0);
        // One of them is slow, and takes no more than a first batch: as soon as there has been time for it.
        chat.stop_reading(eve);
        (0..4).for_each(|_| chat.send(ada, burst.as_bytes()));
        assert_eq!(chat.read(bob).lines().filter(|line| line.contains("xxx")).count(), 2000);
        for _ in 0..50 {
            [ada, bob, eve].into_iter().for_each(|key| chat.say(key, ""));
        }
        assert!(kept(&chat) > 50_000, "it is there for eve");
        chat.read_again(eve);
        assert_eq!(chat.read(eve).lines().filter(|line| line.contains("xxx")).count(), 2000);
        for _ in 0..150 {
            [ada, bob, eve].into_iter().for_each(|key| chat.say(key, ""));
        }
        assert_eq!(kept(&chat), 0);
    });
}

#[test]
fn a_slow_reader_is_closed_if_that_is_the_policy() {
    let mut settings = loud();
    settings.limits.slow_readers = SlowReaders::Close;
    let mut chat = Chat::with(settings);
    let (ada, eve) = (chat.join("ada"), chat.join("eve"));
    chat.stop_reading(eve);
    for _ in 0..2000 {
        chat.say(ada, &"x".repeat(100));
    }
    chat.read_again(eve);
    let got = chat.read(eve);
    assert!(got.ends_with("*** You are disconnected: your connection was too slow.\n"), "{got}");
    assert!(chat.is_closed(eve));
    chat.sees(ada, &["[14:02] * eve has left"]);
}

#[test]
fn all_rooms_together_keep_no_more_than_their_bound_for_a_slow_reader() {
    let mut settings = loud();
    settings.limits.room_log_bytes = 40_000;
    settings.limits.logs_bytes = 50_000;
    let mut chat = Chat::with(settings);
    let (ada, eve) = (chat.join("ada"), chat.join("eve"));
    let rooms = ["#a", "#b", "#c", "#d", "#e"];
    for room in rooms {
        chat.say(ada, &format!("/join {room}"));
        chat.say(eve, &format!("/join {room}"));
    }
    chat.read(eve);
    chat.stop_reading(eve);
    let line = "x".repeat(100);
    for _ in 0..1000 {
        for room in rooms {
            chat.say(ada, &format!("/msg {room} {line}"));
        }
    }
    chat.read_again(eve);
    let got = chat.read(eve);
    assert!(got.len() < 60_000, "{}", got.len());
    for room in rooms {
        let lines = got.lines().filter(|line| line.contains(&format!("{room} <ada>"))).count();
        // In #e, the current room, lines do not say so.
        assert!(lines > 10 || room == "#e", "{room} {lines}");
        assert!(got.contains(&format!("lines in {room}: your connection was too slow")), "{room}");
    }
}

#[test]
fn who_does_not_read_answers_is_not_read_from() {
    let mut chat = Chat::with(loud());
    let ada = chat.join("ada");
    chat.stop_reading(ada);
    let asking = "/help\n".repeat(10_000);
    chat.send(ada, asking.as_bytes());
    assert!(chat.person(ada).paused);
    assert!(!chat.is_closed(ada));
    chat.read_again(ada);
    chat.sleep(60_000);
    assert!(!chat.person(ada).paused);
    assert_eq!(chat.read(ada).lines().count(), 17 * 10_000);
}

#[test]
fn who_lets_messages_pile_up_is_closed() {
    let mut chat = Chat::with(loud());
    let (ada, eve) = (chat.join("ada"), chat.join("eve"));
    chat.stop_reading(eve);
    for _ in 0..100 {
        chat.say(ada, &format!("/msg eve {}", "x".repeat(4000)));
    }
    let missing = chat.read(ada);
    assert!(missing.contains("* eve has left"), "{missing}");
    assert!(missing.contains("There is no \"eve\" here."), "{missing}");
    chat.read_again(eve);
    assert!(chat.is_closed(eve));
    assert!(chat.read(eve).ends_with("*** You are disconnected: your connection was too slow.\n"));
}
