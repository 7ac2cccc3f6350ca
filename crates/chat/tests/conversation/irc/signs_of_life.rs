//! Registration in every order and in time; PING for who is silent; floods.

use chat::{Limits, Settings};

use crate::harness::Chat;
use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn who_is_silent_is_asked_and_then_gone() {
    transcript(
        "
        eve: nc
        ada: irc
        ada >> JOIN #tea
        ada << ...
        -- 89 s
        ada >> PRIVMSG #tea :still here
        -- 89999 ms
        -- 1 ms
        ada << PING :Switchboard
        ada >> PONG :Switchboard
        -- 90 s
        ada << PING :Switchboard
        -- 59999 ms
        -- 1 ms
        ada << ERROR :Closing Link: localhost (Ping timeout: 150 seconds)
        ada << (closed)
        # People are asked nothing.
        -- 1000 s
        ",
    );
}

#[test]
fn who_talks_all_the_time_moves_no_timer() {
    let mut chat = Chat::with(settings());
    let ada = chat.connect();
    chat.send(ada, b"NICK ada\r\nUSER ada 0 * :Ada\r\n");
    let before = chat.turns();
    for _ in 0..600 {
        chat.send(ada, b"PING x\r\n");
        chat.sleep(1000);
    }
    let own = 600 * 2;
    assert!(chat.turns() - before - own <= 600 / 30, "{}", chat.turns() - before - own);
    assert!(!chat.read(ada).contains("PING :"));
}

#[test]
fn what_a_client_must_say_it_may_say_in_any_order() {
    let lines = ["PASS tea", "NICK ada", "USER ada 0 * :Ada", "CAP END"];
    let mut orders = vec![vec![]];
    for _ in 0..4 {
        orders = orders
            .iter()
            .flat_map(|order: &Vec<usize>| {
                let rest = (0..4).filter(|n| !order.contains(n));
                rest.map(|n| [&order[..], &[n]].concat()).collect::<Vec<_>>()
            })
            .collect();
    }
    assert_eq!(orders.len(), 24);
    for order in orders {
        let settings = Settings { password: Some("tea".into()), ..settings() };
        let mut chat = Chat::with(settings);
        let key = chat.connect();
        chat.send(key, b"CAP LS 302\r\n");
        for &n in &order {
            assert!(!chat.read(key).contains(" 001 "), "{order:?}");
            chat.send(key, format!("{}\r\n", lines[n]).as_bytes());
        }
        // A password counts if it comes before all else is there.
        let registered = chat.read(key).contains(" 001 ada ");
        assert_eq!(registered, order[3] != 0, "{order:?}");
        assert_eq!(chat.is_closed(key), order[3] == 0);
    }
}

#[test]
fn who_sends_and_sends_without_registering_is_closed() {
    transcript_with(
        Settings { limits: Limits { registration_lines: 3, ..settings().limits }, ..settings() },
        "
        ada: connect
        ada >> NICK ada
        ada >> NICK adb
        ada >> NICK adc
        ada >> NICK add
        ada << ERROR :Closing Link: localhost (More than 3 lines without registration)
        ada << (closed)
        ",
    );
}

#[test]
fn a_client_that_floods_is_slowed_down_without_a_word() {
    let mut chat = Chat::with(Settings { irc_lobby: false, ..Settings::default() });
    let ada = chat.connect();
    // What clients say as they come is not slowed down.
    let hello = "CAP LS 302\r\nCAP REQ :batch\r\nNICK ada\r\nUSER ada 0 * :Ada\r\nCAP END\r\n";
    chat.send(ada, hello.as_bytes());
    assert!(chat.read(ada).contains(" 001 "));
    chat.send(ada, "PING x\r\n".repeat(20).as_bytes());
    assert_eq!(chat.read(ada).lines().count(), 8);
    assert!(chat.person(ada).paused);
    chat.sleep(1000);
    assert_eq!(chat.read(ada).lines().count(), 2);
    chat.sleep(60_000);
    let got = chat.read(ada);
    assert!(got.lines().all(|line| line == ":Switchboard PONG Switchboard :x"), "{got}");
    assert_eq!(got.lines().count(), 10);
    assert!(!chat.person(ada).paused);
}
