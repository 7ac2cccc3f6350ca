//! Closing a connection in order or at once, and holding one back.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use engine::{Choice, Options};
use service::{Key, Reason, Request};

use crate::support::{
    A_WHILE, Fact, Pattern, Scene, is_over, options, patient, read_all, read_exactly,
};

on_every_engine![
    closing_sends_everything_to_a_reader_that_takes_its_time,
    last_words_arrive_though_the_peer_keeps_sending,
    who_does_not_take_the_last_words_is_timed_out,
    closing_with_nothing_to_send_ends_the_stream,
    a_peer_that_never_closes_its_side_is_closed_regardless,
    nothing_is_received_once_closing,
    aborting_drops_what_was_not_sent,
    aborting_while_closing_closes_once,
    who_is_paused_is_not_received_from_until_resumed,
    requests_for_closed_connections_are_ignored,
    a_connection_can_be_closed_as_it_opens,
];

fn closing_sends_everything_to_a_reader_that_takes_its_time(choice: Choice) {
    const TOTAL: u64 = 6_000_000;
    let mut scene = Scene::new(choice);
    let (key, mut peer) = scene.meet();
    let mut pattern = Pattern::new(1);
    scene.service.desk.send_from(key, move |batch| {
        let count = (TOTAL - pattern.made()).min(50_000);
        batch.copy(&pattern.next(count as usize));
    });
    scene.ask(Request::Close(key));
    scene.meanwhile(|| {
        let mut pattern = Pattern::new(1);
        let mut bytes = vec![0; 300_000];
        loop {
            match peer.read(&mut bytes).expect("an end in order") {
                0 => break,
                count => pattern.expect(&bytes[..count]),
            }
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(pattern.made(), TOTAL);
        drop(peer);
    });
    scene.until("closed", |service| service.closed(key).is_some());
    assert_eq!(scene.service.closed(key), Some(Reason::Closed));
}

/// Closing a socket with bytes unread answers with a reset, and drops what the peer has not taken.
fn last_words_arrive_though_the_peer_keeps_sending(choice: Choice) {
    const WORDS: usize = 1_000_000;
    let mut scene = Scene::reacting(choice, |desk, fact| {
        if let Fact::Opened(key, _) = fact {
            desk.send(*key, &Pattern::new(4).next(WORDS));
            desk.close(*key);
        }
    });
    let place = scene.place;
    scene.meanwhile(|| {
        let mut peer = patient(place);
        let mut chatter = peer.try_clone().unwrap();
        peer.write_all(b"talks ").unwrap();
        let is_read = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_read.load(Ordering::Relaxed) && chatter.write_all(&[b'.'; 1000]).is_ok() {
                    thread::sleep(Duration::from_millis(1));
                }
            });
            // Some more is sent before anything is read.
            thread::sleep(A_WHILE);
            let mut pattern = Pattern::new(4);
            let mut bytes = [0; 20_000];
            while let Ok(count @ 1..) = peer.read(&mut bytes) {
                pattern.expect(&bytes[..count]);
            }
            is_read.store(true, Ordering::Relaxed);
            assert_eq!(pattern.made(), WORDS as u64, "all of it arrived");
        });
    });
    scene.until("closed", |service| service.closed_count() == 1);
    assert_eq!(scene.service.closed(scene.service.newest()), Some(Reason::Closed));
}

fn who_does_not_take_the_last_words_is_timed_out(choice: Choice) {
    let options = Options { close_limit: Duration::from_millis(60), ..options(choice) };
    let mut scene = Scene::of(options, |_, _| ());
    let (key, peer) = scene.meet();
    scene.service.desk.send_from(key, |batch| batch.copy(&[b'x'; 65536]));
    let asked = engine::monotonic();
    scene.ask(Request::Close(key));
    scene.until("closed", |service| service.closed(key).is_some());
    assert_eq!(scene.service.closed(key), Some(Reason::TimedOut));
    assert!(engine::monotonic().since(asked) >= Duration::from_millis(60), "it had its time");
    assert!(is_over(&peer));
}

fn closing_with_nothing_to_send_ends_the_stream(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, peer) = scene.meet();
    scene.ask(Request::Close(key));
    assert_eq!(scene.meanwhile(|| read_all(&peer)), b"");
    drop(peer);
    scene.until("closed", |service| service.closed(key) == Some(Reason::Closed));
}

fn a_peer_that_never_closes_its_side_is_closed_regardless(choice: Choice) {
    let options = Options { linger_limit: Duration::from_millis(30), ..options(choice) };
    let mut scene = Scene::of(options, |_, _| ());
    let (key, peer) = scene.meet();
    scene.send(key, b"bye");
    scene.ask(Request::Close(key));
    scene.until("closed", |service| service.closed(key) == Some(Reason::Closed));
    assert_eq!(read_all(&peer), b"bye");
}

fn nothing_is_received_once_closing(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, mut peer) = scene.meet();
    scene.ask(Request::Close(key));
    scene.turn();
    peer.write_all(b"too late").unwrap();
    drop(peer);
    scene.until("closed", |service| service.closed(key) == Some(Reason::Closed));
    assert_eq!(scene.service.heard(key), b"");
    assert!(!scene.service.has_ended(key), "nor is its end told");
}

fn aborting_drops_what_was_not_sent(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, peer) = scene.meet();
    scene.service.desk.send_from(key, |batch| batch.copy(&[b'x'; 65536]));
    scene.wake();
    scene.turn();
    scene.go_on(A_WHILE);
    scene.ask(Request::Abort(key));
    scene.until("closed", |service| service.closed(key).is_some());
    assert_eq!(scene.service.closed(key), Some(Reason::Aborted));
    assert!(is_over(&peer));
}

fn aborting_while_closing_closes_once(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, _peer) = scene.meet();
    scene.service.desk.send_from(key, |batch| batch.copy(&[b'x'; 65536]));
    for request in [Request::Close(key), Request::Close(key), Request::Abort(key)] {
        scene.ask(request);
    }
    scene.ask(Request::Abort(key));
    scene.until("closed", |service| service.closed(key).is_some());
    assert_eq!(scene.service.closed(key), Some(Reason::Aborted));
    scene.go_on(A_WHILE);
}

fn who_is_paused_is_not_received_from_until_resumed(choice: Choice) {
    let mut scene = Scene::reacting(choice, |desk, fact| {
        if let Fact::Received(key, _) = fact {
            desk.send(*key, b".");
        }
    });
    let (key, mut peer) = scene.meet();
    let (other, mut talker) = scene.meet();
    scene.ask(Request::Pause(key));
    scene.turn();
    scene.go_on(A_WHILE);
    peer.write_all(b"patience").unwrap();
    for said in 1..=20 {
        talker.write_all(b"x").unwrap();
        scene.until("the other is heard", |service| service.heard_bytes(other) == said);
    }
    assert_eq!(scene.service.heard(key), b"");
    // Sending goes on.
    scene.send(key, b"wait");
    assert_eq!(scene.meanwhile(|| read_exactly(&peer, 4)), b"wait");
    assert_eq!(scene.service.heard(key), b"");
    scene.ask(Request::Resume(key));
    scene.until("heard", |service| service.heard(key) == b"patience");
}

fn requests_for_closed_connections_are_ignored(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (old, peer) = scene.meet();
    scene.ask(Request::Abort(old));
    scene.until("closed", |service| service.closed(old).is_some());
    drop(peer);
    let (key, mut peer) = scene.meet();
    assert_eq!(key.index(), old.index(), "the place is used again, under another key");
    let never = Key::new(77, 0);
    for key in [old, never] {
        for request in [
            Request::Flush(key),
            Request::Pause(key),
            Request::Resume(key),
            Request::Close(key),
            Request::Abort(key),
        ] {
            scene.ask(request);
        }
    }
    scene.turn();
    peer.write_all(b"still here").unwrap();
    scene.until("heard", |service| service.heard(key) == b"still here");
    assert_eq!(scene.service.closed(key), None);
}

fn a_connection_can_be_closed_as_it_opens(choice: Choice) {
    let mut scene = Scene::reacting(choice, |desk, fact| {
        if let Fact::Opened(key, _) = fact {
            desk.send(*key, b"full house");
            desk.close(*key);
        }
    });
    let place = scene.place;
    for _ in 0..20 {
        assert_eq!(scene.meanwhile(|| read_all(patient(place))), b"full house");
    }
    scene.until("all closed", |service| service.closed_count() == 20);
}
