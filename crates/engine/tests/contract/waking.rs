//! Reaching an engine from other threads.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use engine::{Choice, Handle};
use service::Address;

use crate::support::{A_WHILE, Fact, Recorder, Scene};

on_every_engine![
    a_wake_before_the_wait_is_not_lost,
    a_wake_during_the_wait_ends_it,
    many_wakes_may_come_as_one_and_then_it_is_quiet,
    wakes_from_two_threads_in_turn_are_both_heard,
    every_clone_of_a_handle_reaches_the_engine,
    what_another_thread_asks_takes_effect_in_a_wait_already_begun,
    a_handle_may_outlive_its_engine,
];
once![handles_may_be_shared_between_threads];

fn woken(service: &Recorder) -> usize {
    service.count(|fact| *fact == Fact::Woken)
}

fn a_wake_before_the_wait_is_not_lost(choice: Choice) {
    let mut scene = Scene::new(choice);
    scene.wake();
    scene.turn();
    assert_eq!(scene.service.facts, [(1, Fact::Woken)], "a wake is told as that and nothing else");
}

fn a_wake_during_the_wait_ends_it(choice: Choice) {
    let mut scene = Scene::new(choice);
    // The first turn of an engine does not wait.
    scene.turn();
    let handle = scene.engine.handle();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(A_WHILE);
            handle.wake();
        });
        scene.turn();
    });
    assert_eq!(woken(&scene.service), 1);
}

fn many_wakes_may_come_as_one_and_then_it_is_quiet(choice: Choice) {
    let mut scene = Scene::new(choice);
    for _ in 0..1000 {
        scene.wake();
    }
    scene.turn();
    let deadline = engine::monotonic() + A_WHILE;
    scene.service.desk.deadline = Some(deadline);
    // It names the deadline in the turn of one last wake.
    scene.wake();
    scene.turn();
    scene.turn();
    assert!(scene.service.desk.now.time >= deadline);
    assert_eq!(woken(&scene.service), 2);
}

fn wakes_from_two_threads_in_turn_are_both_heard(choice: Choice) {
    let mut scene = Scene::new(choice);
    scene.turn();
    for round in 1..=50 {
        for half in 0..2 {
            let handle = scene.engine.handle();
            thread::spawn(move || handle.wake());
            scene.turn();
            assert_eq!(woken(&scene.service), round * 2 - 1 + half);
        }
    }
}

fn every_clone_of_a_handle_reaches_the_engine(choice: Choice) {
    let mut scene = Scene::new(choice);
    let first = scene.engine.handle();
    let second = scene.engine.handle();
    let third = second.clone();
    drop(second);
    for (told, handle) in [&first, &third].into_iter().enumerate() {
        handle.wake();
        scene.turn();
        assert_eq!(woken(&scene.service), told + 1);
    }
}

fn what_another_thread_asks_takes_effect_in_a_wait_already_begun(choice: Choice) {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = elsewhere.local_addr().unwrap();
    let (asks, asked) = mpsc::channel();
    let mut scene = Scene::reacting(choice, move |desk, fact| {
        if *fact == Fact::Woken {
            asked.try_iter().for_each(|address| desk.connect(address, 1));
        }
    });
    let handle = scene.engine.handle();
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(A_WHILE);
            asks.send(Address::Inet(place)).unwrap();
            handle.wake();
        });
        scene.until("connected", |service| service.opened().len() == 1);
    });
}

fn a_handle_may_outlive_its_engine(choice: Choice) {
    let scene = Scene::new(choice);
    let handle = scene.engine.handle();
    drop(scene);
    handle.wake();
    handle.stop();
}

fn handles_may_be_shared_between_threads() {
    fn is_for_all_threads<T: Clone + Send + Sync + 'static>() {}
    is_for_all_threads::<Handle>();
    // And the engine listens to all of them, whoever holds them.
    let mut scene = Scene::new(Choice::Poll);
    let handle = scene.engine.handle();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| handle.wake());
        }
    });
    scene.turn();
    assert_eq!(woken(&scene.service), 1);
}
