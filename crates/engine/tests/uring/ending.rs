//! How connections and the engine end: by a peer, by the service, in the midst of anything.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use engine::{Options, RingOptions};
use service::{Address, Frame, Reason, Request};

use crate::scene::*;

/// A pause races with bytes that come; whichever wins, each byte comes once and in order, and no
/// buffer is lost: with two in all, a lost one would be missed soon.
#[test]
fn a_cancel_that_races_with_bytes_loses_neither_bytes_nor_buffers() {
    let ring = RingOptions { buffers: 2, buffer_bytes: 64, ..RingOptions::default() };
    let mut scene = Scene::with_ring(Manner::Keep, ring);
    let (mut client, key) = scene.client();
    let sent = pattern(400 * 50, 11);
    for (round, piece) in sent.chunks(50).enumerate() {
        scene.service.mail.ask(Request::Pause(key));
        if round % 3 == 0 {
            scene.turn();
        }
        client.write_all(piece).unwrap();
        if round % 2 == 0 {
            scene.turn();
        }
        scene.service.mail.ask(Request::Resume(key));
        if round % 5 == 0 {
            scene.service.mail.ask(Request::Pause(key));
            scene.service.mail.ask(Request::Resume(key));
        }
        scene.turn();
    }
    scene.until(|service| service.bytes(key).len() == sent.len());
    assert!(scene.service.bytes(key) == sent);
}

#[test]
fn an_abort_races_with_everything_and_closes_once() {
    let ring = RingOptions { buffers: 2, buffer_bytes: 64, ..RingOptions::default() };
    let mut scene = Scene::with_ring(Manner::Echo, ring);
    for round in 0..300 {
        let (mut client, key) = scene.client();
        client.write_all(&[1; 300]).unwrap();
        scene.turns(round % 3);
        scene.service.mail.ask(Request::Abort(key));
        client.write_all(&[2; 300]).ok();
        scene.until(|service| service.closed.len() == round + 1);
        assert_eq!(scene.service.closed[round], (key, Reason::Aborted));
    }
}

#[test]
fn an_abort_takes_back_a_send_that_is_stuck() {
    let mut scene = Scene::new(Manner::Keep, Options::default());
    let (client, key) = scene.client();
    scene.service.frames.insert(key, vec![Frame::from(pattern(32 << 20, 1))]);
    scene.service.mail.ask(Request::Flush(key));
    scene.turns(5);
    scene.service.mail.ask(Request::Abort(key));
    scene.until(|service| !service.closed.is_empty());
    assert_eq!(scene.service.closed, [(key, Reason::Aborted)]);
    drop(client);
}

#[test]
fn half_a_connection_can_still_be_answered() {
    let mut scene = Scene::new(Manner::Keep, Options::default());
    let (mut client, key) = scene.client();
    client.write_all(b"hi").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    scene.until(|service| service.ended == [key]);
    scene.turns(5);
    assert_eq!(scene.service.bytes(key), b"hi");
    scene.service.mail.send(key, b"answer");
    scene.service.mail.close(key);
    let mut got = Vec::new();
    scene.until(|_| read_some(&mut client, &mut got));
    assert_eq!(got, b"answer");
    scene.until(|service| service.closed == [(key, Reason::Closed)]);
}

#[test]
fn a_reset_is_told_as_one() {
    let mut scene = Scene::new(Manner::Keep, Options::default());
    let (client, key) = scene.client();
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    scene.until(|service| !service.closed.is_empty());
    assert_eq!(scene.service.closed, [(key, Reason::Reset)]);
}

/// Bytes and what follows them may both be there by the time that the engine looks.
#[test]
fn neither_an_end_nor_a_reset_is_missed_behind_bytes() {
    let mut scene = Scene::new(Manner::Keep, Options::default());
    for round in 0..40 {
        let (mut client, key) = scene.client();
        scene.turns(round % 3);
        client.write_all(b"bytes").unwrap();
        if round % 2 == 0 {
            drop(client);
            scene.until(|service| service.ended.contains(&key));
            assert_eq!(scene.service.bytes(key), b"bytes");
        } else {
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
            scene.until(|service| service.closed.contains(&(key, Reason::Reset)));
        }
    }
}

#[test]
fn last_words_arrive_although_the_peer_is_still_talking() {
    let mut scene = Scene::new(Manner::Keep, Options::default());
    for _ in 0..30 {
        let (mut client, key) = scene.client();
        let closed = scene.service.closed.len();
        let words = pattern(100_000, 5);
        scene.service.mail.send(key, &words);
        scene.service.mail.close(key);
        let mut got = Vec::new();
        let mut has_ended = false;
        scene.until(|_| {
            if !has_ended {
                client.write_all(b"blah").ok();
                has_ended = read_some(&mut client, &mut got);
            }
            has_ended
        });
        assert!(got == words);
        drop(client);
        scene.until(|service| service.closed.len() > closed);
        assert_eq!(scene.service.closed[closed], (key, Reason::Closed));
    }
}

#[test]
fn a_peer_that_does_not_take_its_last_bytes_is_timed_out() {
    let options = Options { close_limit: Duration::from_millis(50), ..Options::default() };
    let mut scene = Scene::new(Manner::Keep, options);
    let (client, key) = scene.client();
    scene.service.frames.insert(key, vec![Frame::from(pattern(32 << 20, 1))]);
    scene.service.mail.close(key);
    scene.until(|service| !service.closed.is_empty());
    assert_eq!(scene.service.closed, [(key, Reason::TimedOut)]);
    drop(client);
}

#[test]
fn a_peer_that_never_closes_is_closed() {
    let options = Options { linger_limit: Duration::from_millis(50), ..Options::default() };
    let mut scene = Scene::new(Manner::Keep, options);
    let (client, key) = scene.client();
    scene.service.mail.send(key, b"bye");
    scene.service.mail.close(key);
    scene.until(|service| !service.closed.is_empty());
    assert_eq!(scene.service.closed, [(key, Reason::Closed)]);
    drop(client);
}

#[test]
fn a_handle_stops_the_engine_and_everybody_is_told() {
    let (to_test, from_engine) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let mut scene = Scene::new(Manner::Echo, Options::default());
        to_test.send((scene.engine.handle(), scene.address)).unwrap();
        let ending = scene.engine.run(&mut scene.service).unwrap();
        (ending, scene.service.closed)
    });
    let (handle, address) = from_engine.recv().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"hello").unwrap();
    let mut got = [0; 5];
    client.read_exact(&mut got).unwrap();
    handle.stop();
    // The engine says goodbye, and waits for us to.
    assert_eq!(client.read(&mut got).unwrap(), 0);
    drop(client);
    let (ending, closed) = thread.join().unwrap();
    assert_eq!(ending, engine::Ending::Stopped);
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].1, Reason::Stopped);
}

#[test]
fn stopping_ends_within_its_limit_and_frees_the_port() {
    let options = Options { stop_limit: Duration::from_millis(50), ..Options::default() };
    let mut scene = Scene::new(Manner::Keep, options);
    let clients: Vec<_> = (0..5).map(|_| scene.client()).collect();
    let stuck = clients[0].1;
    scene.service.frames.insert(stuck, vec![Frame::from(pattern(32 << 20, 1))]);
    scene.service.mail.ask(Request::Flush(stuck));
    scene.service.mail.ask(Request::Stop);
    let ending = scene.engine.run(&mut scene.service).unwrap();
    assert_eq!(ending, engine::Ending::Stopped);
    assert_eq!(scene.service.closed.len(), 5);
    assert!(scene.service.closed.iter().all(|(_, reason)| *reason == Reason::Stopped));
    assert!(TcpStream::connect(scene.address).is_err(), "nobody listens any more");
}

#[test]
fn an_engine_may_be_dropped_with_anything_in_flight() {
    let large = Frame::from(pattern(8 << 20, 1));
    for round in 0..20 {
        let ring = RingOptions { buffers: 2, buffer_bytes: 64, ..RingOptions::default() };
        let mut scene = Scene::with_ring(Manner::Keep, ring);
        let mut clients: Vec<_> = (0..10).map(|_| scene.client()).collect();
        for (client, key) in &mut clients {
            client.write_all(&[7; 1000]).unwrap();
            scene.service.frames.insert(*key, vec![large.clone()]);
            scene.service.mail.ask(Request::Flush(*key));
        }
        let nowhere = "192.0.2.1:9".parse().unwrap();
        scene.service.mail.ask(Request::Connect { to: Address::Inet(nowhere), token: 1 });
        // From "nothing has been handed down yet" to "everything is in the kernel".
        scene.turns(round % 4);
        let late = scene.connect();
        let address = scene.address;
        drop(scene);
        assert!(TcpStream::connect(address).is_err(), "the listener is gone with its engine");
        for (mut client, _) in clients {
            client.set_nonblocking(false).unwrap();
            let mut rest = Vec::new();
            // An end or a reset, whichever; but the connection is over.
            let _ = client.read_to_end(&mut rest);
        }
        drop(late);
    }
}

#[test]
fn an_engine_that_never_ran_may_be_dropped() {
    drop(Scene::new(Manner::Keep, Options::default()));
}
