//! What a completion engine can get wrong: full queues, no buffers, cancels that come too late.
//! The others have no such queues, and pass the same cases for the sake of what is promised.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use engine::{Choice, Options, RingOptions};
use service::{Key, Peer, Request};

use crate::support::{Fact, PATIENCE, Pattern, Scene, dice, options, patient, read_exactly};

on_every_engine![
    a_burst_larger_than_the_completion_queue_loses_nothing,
    with_a_single_receive_buffer_all_bytes_arrive_in_order,
    pausing_while_bytes_arrive_loses_none,
    aborting_while_bytes_arrive_leaves_nothing_behind,
    an_engine_can_be_dropped_in_the_middle_of_everything,
];

fn with_ring(choice: Choice, ring: RingOptions) -> Options {
    Options { ring, ..options(choice) }
}

fn a_burst_larger_than_the_completion_queue_loses_nothing(choice: Choice) {
    let ring = RingOptions { entries: 4, cq_entries: 4, ..RingOptions::default() };
    let mut scene = Scene::of(with_ring(choice, ring), |desk, fact| {
        if let Fact::Received(key, bytes) = fact {
            desk.send(*key, bytes);
        }
    });
    // All of them are there before the first turn, and all have said something.
    for burst in 1..=3 {
        let mut peers: Vec<TcpStream> = (0..50).map(|_| scene.connect()).collect();
        for (name, peer) in peers.iter_mut().enumerate() {
            peer.write_all(&Pattern::new(name as u64).next(100)).unwrap();
        }
        scene.until("all are opened", |service| service.opened().len() == burst * 50);
        scene.meanwhile(|| {
            for (name, peer) in peers.iter_mut().enumerate() {
                Pattern::new(name as u64).expect(&read_exactly(&*peer, 100));
            }
        });
        drop(peers);
        let ended = |service: &crate::support::Recorder| {
            service.count(|fact| matches!(fact, Fact::Ended(_))) == burst * 50
        };
        scene.until("all have ended", ended);
        for key in scene.service.opened() {
            scene.ask(Request::Close(key));
        }
        scene.until("all are closed", |service| service.alive() == 0);
    }
    if choice == Choice::Uring {
        assert!(scene.engine.counters().cq_overflows > 0, "the queue was too small");
    }
}

fn with_a_single_receive_buffer_all_bytes_arrive_in_order(choice: Choice) {
    let ring = RingOptions { buffers: 1, buffer_bytes: 64, ..RingOptions::default() };
    let mut scene = Scene::of(with_ring(choice, ring), |_, _| ());
    let peers: Vec<(Key, TcpStream)> = (0..20).map(|_| scene.meet()).collect();
    for (key, peer) in &peers {
        let bytes = Pattern::new(key.to_bits()).next(10_000);
        (&mut &*peer).write_all(&bytes).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
    }
    scene.until("all is received", |service| {
        service.count(|fact| matches!(fact, Fact::Ended(_))) == peers.len()
    });
    for (key, _) in &peers {
        let heard = scene.service.heard(*key);
        assert_eq!(heard.len(), 10_000);
        Pattern::new(key.to_bits()).expect(&heard);
        assert_eq!(scene.service.closed(*key), None);
    }
    if choice == Choice::Uring {
        assert!(scene.engine.counters().no_buffers > 0, "there was one buffer for all");
    }
}

fn pausing_while_bytes_arrive_loses_none(choice: Choice) {
    const TOTAL: usize = 3_000_000;
    let ring = RingOptions { buffers: 8, buffer_bytes: 512, ..RingOptions::default() };
    let mut scene = Scene::of(with_ring(choice, ring), |_, _| ());
    let (key, mut peer) = scene.meet();
    let mut dice = dice();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut pattern = Pattern::new(5);
            while pattern.made() < TOTAL as u64 {
                peer.write_all(&pattern.next(TOTAL / 300)).unwrap();
            }
            peer.shutdown(Shutdown::Write).unwrap();
        });
        let limit = engine::monotonic() + PATIENCE;
        while !scene.service.has_ended(key) {
            assert!(engine::monotonic() < limit, "{}", scene.service.story());
            // In one turn or over several, a cancel meets bytes that are on their way.
            for request in [Request::Pause(key), Request::Resume(key)] {
                scene.ask(request);
                for _ in 0..dice.below(3) {
                    scene.wake();
                    scene.turn();
                }
            }
            if !scene.service.has_ended(key) {
                scene.turn();
            }
        }
    });
    let heard = scene.service.heard(key);
    assert_eq!(heard.len(), TOTAL);
    Pattern::new(5).expect(&heard);
}

fn aborting_while_bytes_arrive_leaves_nothing_behind(choice: Choice) {
    let ring = RingOptions { buffers: 8, buffer_bytes: 512, ..RingOptions::default() };
    let mut chance = dice();
    let mut scene = Scene::of(with_ring(choice, ring), move |desk, fact| {
        if let Fact::Received(key, bytes) = fact {
            // Sends are on their way as well.
            desk.send(*key, bytes);
            if chance.below(4) == 0 {
                desk.abort(*key);
            }
        }
    });
    let place = scene.place;
    scene.meanwhile(|| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(move || {
                    for _ in 0..50 {
                        let mut peer = patient(place);
                        let mut pattern = Pattern::new(peer.local_addr().unwrap().port().into());
                        while peer.write_all(&pattern.next(700)).is_ok() {}
                    }
                });
            }
        });
    });
    scene.until("all are closed", |service| service.closed_count() == 200);
    for key in scene.service.opened() {
        let Peer::Inet(address) = scene.service.origin(key).peer else { unreachable!() };
        Pattern::new(address.port().into()).expect(&scene.service.heard(key));
    }
    // All buffers have come back.
    let (key, mut peer) = scene.meet();
    peer.write_all(&[b'.'; 100]).unwrap();
    scene.until("heard", |service| service.heard_bytes(key) > 0);
}

fn an_engine_can_be_dropped_in_the_middle_of_everything(choice: Choice) {
    for _ in 0..20 {
        let mut scene = Scene::new(choice);
        let mut peers = Vec::new();
        for _ in 0..5 {
            let (key, mut peer) = scene.meet();
            scene.service.desk.send_from(key, |batch| batch.copy(&[b'x'; 65536]));
            peer.write_all(&[b'y'; 10_000]).unwrap();
            peers.push((key, peer));
        }
        scene.ask(Request::Close(peers[0].0));
        scene.ask(Request::Abort(peers[1].0));
        scene.ask(Request::Pause(peers[2].0));
        scene.turn();
        let handle = scene.engine.handle();
        thread::spawn(move || {
            thread::sleep(Duration::from_micros(50));
            handle.wake();
        });
        drop(scene);
        for (_, peer) in &peers {
            assert!(crate::support::is_over(peer));
        }
    }
}
