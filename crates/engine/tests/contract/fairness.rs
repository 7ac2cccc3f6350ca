//! One peer, whatever it does or fails to do, delays no other.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::thread;

use engine::Choice;
use service::{Batch, Key, Request};

use crate::support::{A_WHILE, Fact, Scene, options, read_exactly};

on_every_engine![
    a_firehose_does_not_drown_a_hundred_quiet_peers,
    a_peer_that_is_paused_at_its_first_bytes_is_heard_for_one_share_and_later_whole,
    a_reader_that_never_reads_costs_one_batch_and_harms_no_other,
    a_reader_that_reads_fast_leaves_the_others_their_turns,
];

fn a_firehose_does_not_drown_a_hundred_quiet_peers(choice: Choice) {
    let mut scene = Scene::new(choice);
    let mut quiet: Vec<(Key, TcpStream)> = (0..100).map(|_| scene.meet()).collect();
    let (loud, hose) = scene.meet();
    thread::scope(|scope| {
        let mut water = hose.try_clone().unwrap();
        scope.spawn(move || while water.write_all(&[b'w'; 65536]).is_ok() {});
        scene.until("it runs", |service| service.heard_bytes(loud) > 1_000_000);
        for round in 1..=10 {
            let before = scene.service.turns();
            for (_, peer) in &mut quiet {
                peer.write_all(b"q").unwrap();
            }
            while quiet.iter().any(|(key, _)| scene.service.heard_bytes(*key) < round) {
                scene.turn();
                assert!(scene.service.turns() - before <= 4, "all were ready before this turn");
            }
            // Only numbers matter, and memory is not without end.
            scene.service.facts.retain(|(_, fact)| match fact {
                Fact::Received(key, _) => *key != loud || round == 1,
                _ => true,
            });
        }
        hose.shutdown(Shutdown::Both).unwrap();
    });

    let most = options(choice).receive_buffer_bytes;
    for turn in 0..=scene.service.turns() {
        let pieces = scene.service.facts.iter().map(|(at, fact)| match fact {
            Fact::Received(key, bytes) if *at == turn && *key == loud => bytes.len(),
            _ => 0,
        });
        assert!(pieces.sum::<usize>() <= most, "in turn {turn}");
    }
}

fn a_peer_that_is_paused_at_its_first_bytes_is_heard_for_one_share_and_later_whole(choice: Choice) {
    let mut is_first = true;
    let mut scene = Scene::reacting(choice, move |desk, fact| {
        if let Fact::Received(key, _) = fact
            && std::mem::take(&mut is_first)
        {
            desk.ask(Request::Pause(*key));
        }
    });
    let (key, mut hose) = scene.meet();
    // Some of it would wait in the socket in any case; a ring of buffers could hold all of it.
    let water: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
    let expected = water.clone();
    let writer = thread::spawn(move || {
        hose.write_all(&water).unwrap();
        hose.shutdown(Shutdown::Write).unwrap();
        hose
    });
    scene.until("the first of it", |service| service.heard_bytes(key) > 0);
    scene.go_on(A_WHILE);
    let share = options(choice).receive_buffer_bytes;
    let heard = scene.service.heard_bytes(key);
    assert!(heard <= share, "{heard} bytes came, though it was paused after the first");
    assert!(!scene.service.has_ended(key), "the end comes after the bytes");
    scene.ask(Request::Resume(key));
    scene.until("all of it", |service| service.has_ended(key));
    assert!(scene.service.heard(key) == expected, "each byte once, and in order");
    drop(writer.join().unwrap());
}

fn a_reader_that_never_reads_costs_one_batch_and_harms_no_other(choice: Choice) {
    let mut scene = Scene::reacting(choice, |desk, fact| {
        if let Fact::Received(key, bytes) = fact {
            desk.send(*key, bytes);
        }
    });
    let (stalled, _never_read) = scene.meet();
    scene.service.desk.send_from(stalled, |batch| batch.copy(&[b'x'; Batch::FULL_BYTES]));
    scene.wake();
    scene.turn();
    // Until the kernel's buffers are full, and the engine's one batch.
    let mut taken = u64::MAX;
    while taken != scene.service.bytes_taken(stalled) {
        taken = scene.service.bytes_taken(stalled);
        scene.go_on(A_WHILE * 3);
    }
    let handed_over = scene.engine.counters().bytes_out;
    assert!(taken - handed_over <= Batch::FULL_BYTES as u64, "one batch is held, no more");
    let asked = scene.service.times_asked(stalled);

    let mut talkers: Vec<(Key, TcpStream)> = (0..20).map(|_| scene.meet()).collect();
    for _ in 0..20 {
        scene.meanwhile(|| {
            for (_, peer) in &mut talkers {
                peer.write_all(b"is anything missing?").unwrap();
            }
            for (_, peer) in &mut talkers {
                assert_eq!(read_exactly(&*peer, 20), b"is anything missing?");
            }
        });
    }
    assert_eq!(scene.service.times_asked(stalled), asked, "not asked while a batch is out");
    assert_eq!(scene.service.closed(stalled), None);
}

/// The endless supply for one reader is cut into turns, and asking for it again and again does not
/// give it more of them.
fn a_reader_that_reads_fast_leaves_the_others_their_turns(choice: Choice) {
    let mut scene = Scene::reacting(choice, |desk, fact| {
        if let Fact::Received(key, bytes) = fact {
            desk.send(*key, bytes);
        }
    });
    let (greedy, drain) = scene.meet();
    let (other, mut peer) = scene.meet();
    scene.service.desk.send_from(greedy, |batch| batch.copy(&[b'x'; Batch::FULL_BYTES]));
    thread::scope(|scope| {
        let reader = drain.try_clone().unwrap();
        scope.spawn(move || crate::support::is_over(reader));
        for said in 1..=50 {
            peer.write_all(b"!").unwrap();
            let before = scene.service.turns();
            while scene.service.heard_bytes(other) < said {
                let asked = scene.service.times_asked(greedy);
                scene.service.desk.ask(service::Request::Flush(greedy));
                scene.wake();
                scene.turn();
                let asked = scene.service.times_asked(greedy) - asked;
                assert!(asked <= 16, "asked {asked} times in one turn");
                assert!(scene.service.turns() - before <= 4);
            }
        }
        drain.shutdown(Shutdown::Both).unwrap();
    });
}
