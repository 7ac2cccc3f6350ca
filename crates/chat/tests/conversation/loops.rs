//! What holds for a server on several loops, beyond that nobody can tell.

use chat::{Limits, Settings};

use crate::harness::{Chat, on_any_number_of_loops, on_loops};
use crate::transcript::{settings, transcript_with};

#[test]
fn the_bounds_on_connections_hold_for_all_loops_together() {
    on_any_number_of_loops(|| {
        let limits = Limits { connections: 6, address_connections: 3, ..Limits::default() };
        let mut chat = Chat::with(Settings { limits, ..Settings::default() });
        let from_one: Vec<_> = (0..4).map(|_| chat.connect_from_address("192.0.2.1")).collect();
        for &key in &from_one {
            chat.send(key, b"hello\n");
        }
        for &key in &from_one[..3] {
            assert!(!chat.is_closed(key));
        }
        assert!(chat.read(from_one[3]).contains("Your address has 3 connections here"));
        assert!(chat.is_closed(from_one[3]));
        // One of another loop makes room.
        chat.reset(from_one[1]);
        let again = chat.connect_from_address("192.0.2.1");
        chat.send(again, b"hello\n");
        assert!(!chat.is_closed(again));
        let others: Vec<_> =
            (2..6).map(|n| chat.connect_from_address(&format!("192.0.2.{n}"))).collect();
        chat.sleep(1000);
        let closed: Vec<_> = others.into_iter().map(|key| chat.is_closed(key)).collect();
        assert_eq!(closed, [false, false, false, true], "three were there");
    });
}

#[test]
fn all_loops_hold_the_same_and_what_is_for_nobody_of_theirs_is_not_kept() {
    on_loops(3, || {
        let limits = Limits::default().unthrottled();
        let mut chat = Chat::with(Settings { limits, ..Settings::default() });
        let [ada, bob, eve] = ["ada", "bob", "eve"].map(|name| chat.join(name));
        chat.say(ada, "/join #tea");
        chat.say(ada, "/nick Ada");
        chat.say(bob, "/msg eve hello");
        let kept = |chat: &Chat| -> Vec<usize> {
            chat.services().map(|service| service.stats().log_bytes).collect()
        };
        let before = kept(&chat);
        for _ in 0..10 {
            chat.say(ada, "nobody else is here");
        }
        let accounts: Vec<String> = chat.services().map(|service| service.account()).collect();
        assert!(accounts.iter().all(|account| *account == accounts[0]), "{accounts:#?}");
        assert!(accounts[0].contains("nobody else is here"), "it is history, for all");
        let after = kept(&chat);
        let more = before.iter().zip(&after).filter(|(before, after)| before < after).count();
        assert!(more <= 1, "only the loop of who is there keeps anything: {before:?}, {after:?}");
        for key in [bob, eve] {
            assert!(!chat.read(key).contains("nobody else"));
        }
    });
}

#[test]
fn a_word_to_several_loops_comes_in_one_order() {
    on_any_number_of_loops(|| {
        let limits = Limits::default().unthrottled();
        let mut chat = Chat::with(Settings { limits, ..Settings::default() });
        let people = ["ada", "bob", "eve", "kim"].map(|name| chat.join(name));
        for round in 0..5 {
            for key in people {
                chat.say(key, &format!("round {round}"));
            }
        }
        let said = |text: String| -> Vec<String> {
            text.lines().map(|line| line[8..].to_owned()).collect()
        };
        let read = people.map(|key| said(chat.read(key)));
        for (at, name) in ["ada", "bob", "eve", "kim"].into_iter().enumerate() {
            let own = format!("<{name}>");
            let others = |lines: &[String]| -> Vec<String> {
                lines.iter().filter(|line| !line.starts_with(&own)).cloned().collect()
            };
            assert_eq!(read[at].len(), 15);
            let next = &read[(at + 1) % 4];
            let next_own = format!("<{}>", ["ada", "bob", "eve", "kim"][(at + 1) % 4]);
            let mine: Vec<String> =
                read[at].iter().filter(|line| !line.starts_with(&next_own)).cloned().collect();
            assert_eq!(others(next), mine);
        }
    });
}

#[test]
fn who_is_there_is_counted_for_all_loops() {
    transcript_with(
        settings(),
        "
        eve: nc
        kit: connect
        ada: irc
        bob: irc
        ada >> LUSERS
        ada << :Switchboard 251 ada :There are 3 users and 0 invisible on 1 servers
        ada << :Switchboard 253 ada 1 :unknown connection(s)
        ada << :Switchboard 254 ada 1 :channels formed
        ada << :Switchboard 255 ada :I have 3 clients and 0 servers
        ada << :Switchboard 265 ada 3 3 :*
        ada << :Switchboard 266 ada 3 3 :*
        kit << ...
        eve << ...
        ",
    );
}

#[test]
fn a_loop_that_is_told_to_stop_takes_the_others_with_it() {
    on_loops(3, || {
        let mut chat = Chat::with(Settings::default());
        let people = ["ada", "bob", "eve"].map(|name| chat.join(name));
        chat.stop();
        for key in people {
            assert_eq!(
                chat.read(key),
                "*** Server is shutting down...\n",
                "and not that others left"
            );
            assert!(chat.is_closed(key));
        }
    });
}
