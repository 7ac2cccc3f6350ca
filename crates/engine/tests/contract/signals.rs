//! Signals, in processes of their own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use engine::{Choice, Ending, Options};
use nix::sys::pthread::{pthread_kill, pthread_self};
use rustix::process::{Signal, getpid, kill_process};
use service::Reason;

use crate::support::{A_WHILE, Fact, Scene, options, read_all};

on_every_engine![;
    alone:
    a_first_signal_stops_gracefully,
    a_second_signal_ends_at_once,
    a_signal_during_the_wait_is_heard,
    a_signal_without_action_does_not_end_a_wait,
    two_engines_in_a_row_both_hear_signals,
];

fn a_first_signal_stops_gracefully(choice: Choice) {
    for signal in [Signal::INT, Signal::TERM] {
        let mut peer_key = None;
        let mut scene = Scene::reacting(choice, move |desk, fact| match fact {
            Fact::Opened(key, _) => peer_key = Some(*key),
            Fact::Stopping => desk.send(peer_key.expect("somebody is there"), b"good night"),
            _ => {}
        });
        scene.engine.handle_signals().unwrap();
        let (key, peer) = scene.meet();
        kill_process(getpid(), signal).unwrap();
        let ending = thread::scope(|scope| {
            let reader = scope.spawn(move || read_all(peer));
            let ending = scene.end();
            assert_eq!(reader.join().unwrap(), b"good night");
            ending
        });
        assert_eq!(ending, Ending::Stopped);
        assert_eq!(scene.service.closed(key), Some(Reason::Stopped));
        assert_eq!(scene.service.count(|fact| *fact == Fact::Stopping), 1);
    }
}

fn a_second_signal_ends_at_once(choice: Choice) {
    let patience = Duration::from_secs(3600);
    let mut scene = Scene::of(
        Options { stop_limit: patience, close_limit: patience, ..options(choice) },
        |_, _| (),
    );
    scene.engine.handle_signals().unwrap();
    let (key, _never_read) = scene.meet();
    scene.service.desk.send_from(key, |batch| batch.copy(&[b'x'; 65536]));
    scene.wake();
    scene.turn();
    kill_process(getpid(), Signal::INT).unwrap();
    scene.until("told", |service| service.was_told(&Fact::Stopping));
    kill_process(getpid(), Signal::TERM).unwrap();
    assert_eq!(scene.end(), Ending::Forced);
    assert_eq!(scene.service.closed(key), Some(Reason::Stopped));
}

fn a_signal_during_the_wait_is_heard(choice: Choice) {
    let mut scene = Scene::new(choice);
    scene.engine.handle_signals().unwrap();
    scene.engine.handle_signals().expect("asking twice does no harm");
    let me = pthread_self();
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(A_WHILE);
            pthread_kill(me, nix::sys::signal::Signal::SIGTERM).unwrap();
        });
        assert_eq!(scene.end(), Ending::Stopped);
    });
}

fn a_signal_without_action_does_not_end_a_wait(choice: Choice) {
    let caught = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&caught)).unwrap();
    let mut scene = Scene::new(choice);
    let (key, _peer) = scene.meet();
    let deadline = engine::monotonic() + A_WHILE * 2;
    scene.service.desk.deadline = Some(deadline);
    scene.wake();
    scene.turn();
    let (facts, turns) = (scene.service.facts.len(), scene.service.turns());
    let me = pthread_self();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..10 {
                thread::sleep(A_WHILE / 10);
                pthread_kill(me, nix::sys::signal::Signal::SIGUSR1).unwrap();
            }
        });
        while scene.service.desk.now.time < deadline {
            assert_eq!(scene.turn(), None);
        }
    });
    assert!(caught.load(std::sync::atomic::Ordering::Relaxed), "the signals came");
    assert_eq!(scene.service.turns() - turns, 1, "one wait, as long as asked");
    assert_eq!(scene.service.facts.len(), facts, "nothing was told");
    assert_eq!(scene.service.closed(key), None);
}

fn two_engines_in_a_row_both_hear_signals(choice: Choice) {
    for _ in 0..2 {
        let mut scene = Scene::new(choice);
        scene.engine.handle_signals().unwrap();
        kill_process(getpid(), Signal::INT).unwrap();
        assert_eq!(scene.end(), Ending::Stopped);
    }
}
