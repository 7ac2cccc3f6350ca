//! Deadlines, and the clock they are measured on.

use std::io::Write;
use std::time::Duration;

use engine::{Choice, Options};
use rustix::time::{ClockId, clock_gettime};
use service::Time;

use crate::support::{Fact, PATIENCE, Scene, options, read_exactly};

on_every_engine![
    a_deadline_is_never_early,
    a_deadline_in_the_past_starts_the_next_turn_at_once,
    a_first_turn_does_not_wait,
    what_happens_before_the_deadline_ends_the_wait,
    without_a_deadline_an_idle_engine_takes_no_turn,
    time_is_the_monotonic_clock,
    without_a_pause_between_rounds_it_works_too,
    an_engine_that_looks_before_it_sleeps_misses_nothing,
];

fn a_deadline_is_never_early(choice: Choice) {
    let backoffs = [None, Some(Duration::from_millis(1))];
    let spins = [None, Some(Duration::ZERO), Some(Duration::from_micros(200))];
    for (idle_backoff, spin) in backoffs.into_iter().flat_map(|b| spins.map(|spin| (b, spin))) {
        let mut scene = Scene::of(Options { idle_backoff, spin, ..options(choice) }, |_, _| ());
        for nanos in [1, 999, 100_000, 100_000, 900_000, 3_100_000, 3_100_000, 1_000_000] {
            let deadline = engine::monotonic() + Duration::from_nanos(nanos);
            scene.service.desk.deadline = Some(deadline);
            scene.wake();
            scene.turn();
            scene.turn();
            assert!(scene.service.desk.now.time >= deadline, "{nanos} ns were asked for");
        }
        assert!(scene.service.facts.iter().all(|(_, fact)| *fact == Fact::Woken));
    }
}

fn a_first_turn_does_not_wait(choice: Choice) {
    let mut scene = Scene::new(choice);
    let deadline = engine::monotonic() + Duration::from_millis(50);
    scene.service.desk.deadline = Some(deadline);
    // It has nothing to tell, but it asks for the first deadline, which the second turn keeps.
    scene.turn();
    scene.turn();
    let now = scene.service.desk.now.time;
    assert!(deadline <= now && now < deadline + PATIENCE, "nobody named an earlier one");
    assert_eq!(scene.service.facts, []);
}

fn a_deadline_in_the_past_starts_the_next_turn_at_once(choice: Choice) {
    let mut scene = Scene::new(choice);
    scene.wake();
    let mut expected = 0;
    for past in [Time::ZERO, Time::from_nanos(1), engine::monotonic()] {
        scene.service.desk.deadline = Some(past);
        // The deadline before ends this wait, or the wake the first.
        scene.turn();
        expected += 1;
        assert_eq!(scene.service.turns(), expected);
    }
    // Waiting out the test's own limit would have taken longer than this.
    let begun = scene.service.desk.now.time;
    scene.turn();
    assert!(scene.service.desk.now.time.since(begun) < crate::support::PATIENCE);
    // What is ready is told in such turns, too.
    let (key, mut peer) = scene.meet();
    peer.write_all(b"!").unwrap();
    for _ in 0..1000 {
        scene.service.desk.deadline = Some(Time::ZERO);
        scene.turn();
        if scene.service.heard(key) == b"!" {
            return;
        }
    }
    panic!("a thousand turns that do not wait, and nothing was heard");
}

fn what_happens_before_the_deadline_ends_the_wait(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, mut peer) = scene.meet();
    let far = engine::monotonic() + Duration::from_secs(3600);
    scene.service.desk.deadline = Some(far);
    scene.wake();
    scene.turn();
    peer.write_all(b"!").unwrap();
    scene.until("heard", |service| service.heard(key) == b"!");
    assert!(scene.service.desk.now.time < far);
}

fn without_a_deadline_an_idle_engine_takes_no_turn(choice: Choice) {
    let mut scene = Scene::new(choice);
    let _peers: Vec<_> = (0..5).map(|_| scene.meet()).collect();
    scene.rest();
}

fn time_is_the_monotonic_clock(choice: Choice) {
    let clock = || {
        let now = clock_gettime(ClockId::Monotonic);
        Time::from_nanos(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
    };
    let mut scene = Scene::new(choice);
    for _ in 0..10 {
        let before = clock();
        scene.wake();
        scene.turn();
        let now = scene.service.desk.now;
        assert!((before..=clock()).contains(&now.time));
        let date = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        // The date may be some milliseconds stale, and the machine slow.
        let stale = date.as_millis() as u64 - now.unix_ms.min(date.as_millis() as u64);
        assert!(now.unix_ms <= date.as_millis() as u64 && stale < 10_000, "{stale} ms");
    }
}

fn without_a_pause_between_rounds_it_works_too(choice: Choice) {
    let options = Options { idle_backoff: None, ..options(choice) };
    let mut scene = Scene::of(options, |desk, fact| {
        if let Fact::Received(key, bytes) = fact {
            desk.send(*key, bytes);
        }
    });
    let (_, mut peer) = scene.meet();
    peer.write_all(b"round and round").unwrap();
    assert_eq!(scene.meanwhile(|| read_exactly(&peer, 15)), b"round and round");
}

fn an_engine_that_looks_before_it_sleeps_misses_nothing(choice: Choice) {
    // Of what comes at once, some finds it looking and some asleep.
    for spin in [Duration::from_micros(50), Duration::from_secs(3600)] {
        let options = Options { spin: Some(spin), ..options(choice) };
        let mut scene = Scene::of(options, |desk, fact| {
            if let Fact::Received(key, bytes) = fact {
                desk.send(*key, bytes);
            }
        });
        let (_, mut peer) = scene.meet();
        for pause in [0, 1, 40, 60, 5000].map(Duration::from_micros) {
            std::thread::sleep(pause);
            peer.write_all(b"round and round").unwrap();
            assert_eq!(scene.meanwhile(|| read_exactly(&peer, 15)), b"round and round");
        }
        let handle = scene.engine.handle();
        let before = scene.service.turns();
        handle.wake();
        scene.turn();
        assert_eq!(scene.service.turns(), before + 1, "a wake ends the looking, too");
    }
}
