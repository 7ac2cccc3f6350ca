//! What peers do, and what the service is told of it.

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use engine::{Choice, Options};
use rustix::net::SendFlags;
use service::{Reason, Request};

use crate::support::{Fact, Scene, abort, is_over, options, read_all, read_exactly, refuses};

on_every_engine![
    two_connections_in_one_turn_both_come_out,
    a_turn_accepts_no_more_than_its_share,
    what_is_sent_is_received_and_answered,
    a_peer_that_has_finished_is_told_and_still_answered,
    all_data_comes_before_the_end,
    a_peer_that_closes_has_finished,
    a_peer_that_has_finished_leaves_the_engine_at_rest,
    a_reset_is_told_as_one,
    sending_to_a_peer_that_is_gone_closes_the_connection,
    urgent_data_is_told_and_stands_in_line,
    a_reset_is_no_urgent_data,
    urgent_data_nobody_watches_for_is_plain_data,
    dropping_the_engine_closes_every_socket,
    a_peer_that_came_and_went_before_the_first_turn_is_opened_and_ended,
];

fn two_connections_in_one_turn_both_come_out(choice: Choice) {
    let mut scene = Scene::new(choice);
    let peers = [scene.connect(), scene.connect()];
    scene.until("both are opened", |service| service.opened().len() == 2);
    let places = scene.service.opened().into_iter().map(|key| scene.service.origin(key).peer);
    let expected = peers.iter().map(|peer| service::Peer::Inet(peer.local_addr().unwrap()));
    assert!(places.eq(expected), "each comes with its own address, first come, first served");
}

fn a_turn_accepts_no_more_than_its_share(choice: Choice) {
    let options = Options { accepts_per_turn: 2, ..options(choice) };
    let mut scene = Scene::of(options, |_, _| ());
    let _peers: Vec<TcpStream> = (0..7).map(|_| scene.connect()).collect();
    scene.until("all are opened", |service| service.opened().len() == 7);
    for turn in 0..=scene.service.turns() {
        let in_turn = scene.service.facts.iter().filter(|(at, _)| *at == turn);
        let opened = in_turn.filter(|(_, fact)| matches!(fact, Fact::Opened(..)));
        assert!(opened.count() <= 2, "in turn {turn}");
    }
    assert_eq!(scene.engine.counters().accepted, 7);
    assert_eq!(scene.engine.connections(), 7);
}

fn what_is_sent_is_received_and_answered(choice: Choice) {
    let mut scene = Scene::reacting(choice, |desk, fact| {
        if let Fact::Received(key, bytes) = fact {
            desk.send(*key, &bytes.to_ascii_uppercase());
        }
    });
    let place = scene.place;
    let answer = scene.meanwhile(|| {
        let mut peer = crate::support::patient(place);
        let mut answers = Vec::new();
        for word in [&b"hello"[..], b"", b"who is there"] {
            peer.write_all(word).unwrap();
            answers.push(read_exactly(&peer, word.len()));
        }
        answers.concat()
    });
    assert_eq!(answer, b"HELLOWHO IS THERE");
}

fn a_peer_that_has_finished_is_told_and_still_answered(choice: Choice) {
    let mut scene = Scene::reacting(choice, |desk, fact| {
        if let Fact::Ended(key) = fact {
            desk.send(*key, b"an answer");
            desk.close(*key);
        }
    });
    let (key, mut peer) = scene.meet();
    peer.write_all(b"a question").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let answer = scene.meanwhile(|| read_all(&peer));
    assert_eq!(answer, b"an answer");
    assert_eq!(scene.service.heard(key), b"a question");
    scene.until("closed", |service| service.closed(key) == Some(Reason::Closed));
}

fn all_data_comes_before_the_end(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, mut peer) = scene.meet();
    // Paused, so that everything and the end lie ready before any of it is received.
    scene.ask(Request::Pause(key));
    scene.turn();
    let words = vec![b'w'; 100_000];
    peer.write_all(&words).unwrap();
    drop(peer);
    scene.ask(Request::Resume(key));
    scene.until("ended", |service| service.has_ended(key));
    assert_eq!(scene.service.heard(key).len(), words.len());
}

fn a_peer_that_closes_has_finished(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, peer) = scene.meet();
    drop(peer);
    scene.until("ended", |service| service.has_ended(key));
    assert_eq!(scene.service.closed(key), None, "closing is the service's affair");
    scene.ask(Request::Close(key));
    scene.until("closed", |service| service.closed(key).is_some());
    assert_eq!(scene.service.closed(key), Some(Reason::Closed));
}

/// A half-closed socket stays readable for ever: an engine that watched on would spin.
fn a_peer_that_has_finished_leaves_the_engine_at_rest(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, peer) = scene.meet();
    peer.shutdown(Shutdown::Write).unwrap();
    scene.until("ended", |service| service.has_ended(key));
    scene.rest();
}

fn a_reset_is_told_as_one(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, peer) = scene.meet();
    abort(peer);
    scene.until("closed", |service| service.closed(key).is_some());
    assert_eq!(scene.service.closed(key), Some(Reason::Reset));
    assert_eq!(scene.service.heard(key), b"");
    assert_eq!(scene.engine.connections(), 0);
    let before = scene.service.facts.len();
    scene.rest();
    let new = &scene.service.facts[before..];
    assert!(new.iter().all(|(_, fact)| *fact == Fact::Woken), "quiet, once it was told");
}

fn sending_to_a_peer_that_is_gone_closes_the_connection(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, peer) = scene.meet();
    scene.ask(Request::Pause(key));
    scene.turn();
    drop(peer);
    // The first answer is a reset, and what is sent after it finds nobody. SIGPIPE ends no one.
    while scene.service.closed(key).is_none() {
        scene.send(key, b"is anybody there?");
        scene.turn();
    }
    let reason = scene.service.closed(key);
    assert!(matches!(reason, Some(Reason::Reset | Reason::HungUp)), "{reason:?}");
}

fn urgent_data_is_told_and_stands_in_line(choice: Choice) {
    let options = Options { watch_urgent: true, ..options(choice) };
    let mut scene = Scene::of(options, |_, _| ());
    let (key, mut peer) = scene.meet();
    peer.write_all(b"one ").unwrap();
    scene.until("received", |service| service.heard(key) == b"one ");
    assert!(!scene.service.was_told(&Fact::Urgent(key)));
    rustix::net::send(&peer, b"!", SendFlags::OOB).unwrap();
    scene.until("urgent", |service| service.was_told(&Fact::Urgent(key)));
    peer.write_all(b" two").unwrap();
    scene.until("all received", |service| service.heard_bytes(key) == 9);
    assert_eq!(scene.service.heard(key), b"one ! two");
    let times = scene.service.count(|fact| *fact == Fact::Urgent(key));
    peer.write_all(b" three").unwrap();
    scene.until("more received", |service| service.heard_bytes(key) == 15);
    let again = scene.service.count(|fact| *fact == Fact::Urgent(key));
    assert_eq!(again, times, "not again, once the urgent byte was received");
}

fn a_reset_is_no_urgent_data(choice: Choice) {
    let options = Options { watch_urgent: true, ..options(choice) };
    let mut scene = Scene::of(options, |_, _| ());
    for leave in [abort, drop] {
        let (key, peer) = scene.meet();
        leave(peer);
        let is_gone = |service: &crate::support::Recorder| {
            service.closed(key).is_some() || service.has_ended(key)
        };
        scene.until("gone", is_gone);
        assert!(!scene.service.was_told(&Fact::Urgent(key)));
    }
}

fn urgent_data_nobody_watches_for_is_plain_data(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, mut peer) = scene.meet();
    peer.write_all(b"one ").unwrap();
    rustix::net::send(&peer, b"!", SendFlags::OOB).unwrap();
    peer.write_all(b" two").unwrap();
    scene.until("all received", |service| service.heard_bytes(key) == 9);
    assert_eq!(scene.service.heard(key), b"one ! two");
    assert!(!scene.service.was_told(&Fact::Urgent(key)));
}

fn dropping_the_engine_closes_every_socket(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (_, idle) = scene.meet();
    let (stuffed, full) = scene.meet();
    scene.service.desk.send_from(stuffed, |batch| batch.copy(&[0; 65536]));
    scene.wake();
    scene.turn();
    let place = scene.place;
    drop(scene);
    assert!(is_over(&idle));
    assert!(is_over(&full));
    refuses(place);
}

fn a_peer_that_came_and_went_before_the_first_turn_is_opened_and_ended(choice: Choice) {
    let mut scene = Scene::new(choice);
    let mut hasty = scene.connect();
    hasty.write_all(b"bye").unwrap();
    drop(hasty);
    abort(scene.connect());
    let (key, _peer) = scene.meet();
    scene.until("the hasty one has ended", |service| {
        service.opened().iter().any(|&key| service.has_ended(key) && service.heard(key) == b"bye")
    });
    assert!(!scene.service.has_ended(key) && scene.service.closed(key).is_none());
}
