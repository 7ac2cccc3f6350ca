//! Waiting, and what comes of it.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use engine::{Interest, Selector, monotonic};
use rustix::event::{EventfdFlags, eventfd};
use service::Time;

use crate::support::{A_WHILE, Line, dice, event, look, wait};

on_every_selector![
    only_what_is_ready_and_watched_is_reported,
    reading_and_writing_come_in_one_event,
    with_no_sources_a_wait_is_as_long_as_asked,
    a_deadline_in_the_past_asks_once,
    a_wait_never_ends_early,
    a_deadline_beyond_all_bounds_waits,
    a_wait_without_a_deadline_ends_with_an_event,
    each_word_wakes_exactly_its_reader,
    thousands_are_watched_and_half_of_them_reported,
    events_are_replaced_by_each_wait,
    sources_may_change_between_any_two_waits,
    what_is_not_read_is_reported_again,
];

fn only_what_is_ready_and_watched_is_reported<P: Selector>() {
    let mut selector = P::new().unwrap();
    let lines: Vec<Line> = (0..4).map(|_| Line::new()).collect();
    let interests = [Interest::READABLE, Interest::WRITABLE, Interest::ALL, Interest::PRIORITY];
    for (data, (line, interest)) in lines.iter().zip(interests).enumerate() {
        selector.register(line.fd(), interest, data as u64).unwrap();
    }
    assert_eq!(wait(&mut selector), [event(1, Interest::WRITABLE), event(2, Interest::WRITABLE)]);
    for line in &lines {
        line.speak(b"!");
        line.stuff();
    }
    assert_eq!(wait(&mut selector), [event(0, Interest::READABLE), event(2, Interest::READABLE)]);
}

fn reading_and_writing_come_in_one_event<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    line.speak(b"!");
    let both = Interest::READABLE | Interest::WRITABLE;
    selector.register(line.fd(), both, 1).unwrap();
    assert_eq!(wait(&mut selector), [event(1, both)]);
}

fn with_no_sources_a_wait_is_as_long_as_asked<P: Selector>() {
    let mut selector = P::new().unwrap();
    assert_eq!(look(&mut selector), []);
    let mut events = Vec::new();
    let deadline = monotonic() + A_WHILE;
    selector.select(&mut events, Some(deadline)).unwrap();
    assert!(monotonic() >= deadline && events.is_empty());
}

fn a_deadline_in_the_past_asks_once<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    for past in [Time::ZERO, monotonic() - Duration::from_secs(1), monotonic()] {
        let mut events = Vec::new();
        selector.select(&mut events, Some(past)).unwrap();
        assert_eq!(events, []);
    }
    line.speak(b"!");
    for past in [Time::ZERO, monotonic() - Duration::from_secs(1), monotonic()] {
        let mut events = Vec::new();
        selector.select(&mut events, Some(past)).unwrap();
        assert_eq!(events, [event(1, Interest::READABLE)]);
    }
}

fn a_wait_never_ends_early<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    for backoff in [None, Some(Duration::from_millis(1))] {
        selector.set_idle_backoff(backoff);
        for nanos in [1, 999, 100_000, 100_000, 900_000, 3_100_000, 3_100_000, 1_000_000] {
            let mut events = Vec::new();
            let deadline = monotonic() + Duration::from_nanos(nanos);
            selector.select(&mut events, Some(deadline)).unwrap();
            assert!(monotonic() >= deadline, "{nanos} ns were asked for");
            assert_eq!(events, []);
        }
    }
}

fn a_deadline_beyond_all_bounds_waits<P: Selector>() {
    let far = [u64::MAX, i64::MAX as u64, u64::from(u32::MAX) * 1_000_000_000];
    for deadline in far.map(Time::from_nanos) {
        wait_for_a_word::<P>(Some(deadline));
    }
}

fn a_wait_without_a_deadline_ends_with_an_event<P: Selector>() {
    wait_for_a_word::<P>(None);
}

/// Waits while another thread lets a while pass and speaks.
fn wait_for_a_word<P: Selector>(deadline: Option<Time>) {
    let mut selector = P::new().unwrap();
    selector.set_idle_backoff(Some(Duration::from_millis(1)));
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    let spoken_after = monotonic() + A_WHILE;
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(A_WHILE);
            line.speak(b"!");
        });
        let mut events = Vec::new();
        selector.select(&mut events, deadline).unwrap();
        assert_eq!(events, [event(1, Interest::READABLE)]);
        assert!(monotonic() >= spoken_after);
    });
}

fn each_word_wakes_exactly_its_reader<P: Selector>() {
    let mut dice = dice();
    for count in [12, 100] {
        let mut selector = P::new().unwrap();
        let lines: Vec<Line> = (0..count).map(|_| Line::new()).collect();
        for (data, line) in lines.iter().enumerate() {
            selector.register(line.fd(), Interest::READABLE, data as u64).unwrap();
        }
        let mut order: Vec<usize> = (0..count).collect();
        dice.shuffle(&mut order);
        for one in order {
            lines[one].speak(b"!");
            assert_eq!(wait(&mut selector), [event(one as u64, Interest::READABLE)]);
            assert_eq!(lines[one].hear(16), b"!");
        }
        assert_eq!(look(&mut selector), []);
    }
}

/// Far more than one internal batch of any selector, and more than the 1,024 of C's `fd_set`.
fn thousands_are_watched_and_half_of_them_reported<P: Selector>() {
    const COUNT: usize = 3000;
    // Tests that run as threads of one process share its descriptors.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    engine::raise_descriptor_limit().unwrap();
    let mut selector = P::new().unwrap();
    let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
    let sources: Vec<OwnedFd> = (0..COUNT).map(|_| eventfd(0, flags).unwrap()).collect();
    for (data, source) in sources.iter().enumerate() {
        selector.register(source.as_raw_fd(), Interest::READABLE, data as u64).unwrap();
    }
    assert_eq!(look(&mut selector), []);
    for source in sources.iter().step_by(2) {
        rustix::io::write(source, &1u64.to_ne_bytes()).unwrap();
    }
    let mut reported = vec![false; COUNT];
    while reported.iter().filter(|&&is| is).count() < COUNT / 2 {
        for event in wait(&mut selector) {
            let data = event.data as usize;
            assert_eq!(event.ready, Interest::READABLE);
            assert!(!std::mem::replace(&mut reported[data], true), "{data} was read already");
            rustix::io::read(&sources[data], &mut [0; 8]).unwrap();
        }
    }
    assert!(reported.iter().step_by(2).all(|&is| is));
    assert_eq!(look(&mut selector), []);
    for source in &sources {
        selector.unregister(source.as_raw_fd()).unwrap();
    }
}

fn events_are_replaced_by_each_wait<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::WRITABLE, 1).unwrap();
    let mut events = vec![event(99, Interest::ALL); 3];
    for _ in 0..3 {
        selector.select(&mut events, None).unwrap();
        assert_eq!(events, [event(1, Interest::WRITABLE)]);
    }
    line.stuff();
    selector.select(&mut events, Some(Time::ZERO)).unwrap();
    assert_eq!(events, []);
}

fn sources_may_change_between_any_two_waits<P: Selector>() {
    let mut dice = dice();
    let mut selector = P::new().unwrap();
    let lines: Vec<Line> = (0..40).map(|_| Line::new()).collect();
    // What each is watched for, as this test has it.
    let mut model: Vec<Option<Interest>> = vec![None; lines.len()];
    let interests = [Interest::NONE, Interest::READABLE, Interest::WRITABLE, Interest::ALL];
    lines.iter().step_by(3).for_each(|line| line.speak(b"!"));
    for step in 0..2000 {
        let one = dice.below(lines.len());
        let (fd, data) = (lines[one].fd(), one as u64);
        let interest = interests[dice.below(interests.len())];
        match (model[one], dice.below(3)) {
            (None, _) if interest.is_none() => continue,
            (None, _) => drop(selector.register(fd, interest, data).unwrap()),
            (Some(_), 0) => {
                selector.unregister(fd).unwrap();
                model[one] = None;
                continue;
            }
            (Some(_), _) => drop(selector.modify(fd, interest, data).unwrap()),
        }
        model[one] = Some(interest);
        if step % 7 == 0 {
            let ready = |one: usize| match one % 3 {
                0 => Interest::READABLE | Interest::WRITABLE,
                _ => Interest::WRITABLE,
            };
            let expected = model.iter().enumerate().filter_map(|(one, interest)| {
                let ready = ready(one).and((*interest)?);
                (!ready.is_none()).then(|| event(one as u64, ready))
            });
            assert_eq!(look(&mut selector), expected.collect::<Vec<_>>());
        }
    }
}

fn what_is_not_read_is_reported_again<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    line.speak(b"three");
    for _ in 0..5 {
        assert_eq!(wait(&mut selector), [event(1, Interest::READABLE)]);
        assert_eq!(line.hear(1).len(), 1);
    }
    assert_eq!(look(&mut selector), [], "everything was read");
}
