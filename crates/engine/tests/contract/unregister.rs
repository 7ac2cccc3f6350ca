//! Taking sources away from a selector, in and out of order.

use std::io::ErrorKind;
use std::os::fd::AsRawFd;

use engine::{Interest, Selector};

use crate::support::{Line, at_number, event, look, nothing, wait};

on_every_selector![
    unregistering_a_second_time_is_not_found,
    unregistering_what_was_closed_succeeds,
    what_was_closed_is_not_reported_and_harms_no_other,
    unregistering_a_reused_number_leaves_the_newcomer_alone,
    a_reused_number_in_one_batch_of_events_is_told_apart,
    a_duplicate_that_lives_on_is_not_reported_under_the_old_registration,
    nothing_is_reported_after_unregistering,
    the_socket_stays_usable_after_unregistering,
];

fn unregistering_a_second_time_is_not_found<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    selector.unregister(line.fd()).unwrap();
    for fd in [line.fd(), -1, i32::MAX] {
        assert_eq!(selector.unregister(fd).unwrap_err().kind(), ErrorKind::NotFound);
    }
}

fn unregistering_what_was_closed_succeeds<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::with_a_number_of_its_own();
    let fd = line.fd();
    let registration = selector.register(fd, Interest::READABLE, 1).unwrap();
    drop(line);
    assert_eq!(selector.unregister(fd).unwrap(), registration);
    assert_eq!(selector.get(fd), None);

    // Also when a wait has come between.
    let (line, other) = (Line::with_a_number_of_its_own(), Line::new());
    let fd = line.fd();
    selector.register(fd, Interest::READABLE, 1).unwrap();
    selector.register(other.fd(), Interest::WRITABLE, 2).unwrap();
    drop(line);
    wait(&mut selector);
    selector.unregister(fd).unwrap();
}

/// select(2) fails as a whole for one bad number: whose it is has to be found out.
fn what_was_closed_is_not_reported_and_harms_no_other<P: Selector>() {
    let mut selector = P::new().unwrap();
    let (mut gone, line) = (Vec::new(), Line::new());
    for data in 10..20 {
        let line = Line::with_a_number_of_its_own();
        selector.register(line.fd(), Interest::ALL, data).unwrap();
        gone.push(line);
    }
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    drop(gone);
    nothing(&mut selector);
    line.speak(b"!");
    assert_eq!(wait(&mut selector), [event(1, Interest::READABLE)]);
}

fn unregistering_a_reused_number_leaves_the_newcomer_alone<P: Selector>() {
    let (mut selector, mut others) = (P::new().unwrap(), P::new().unwrap());
    let old = Line::with_a_number_of_its_own();
    let fd = old.fd();
    selector.register(fd, Interest::READABLE, 1).unwrap();
    drop(old.here);
    let newcomer = Line::new();
    let _reused = at_number(&newcomer.here, fd);
    others.register(fd, Interest::READABLE, 2).unwrap();
    selector.unregister(fd).unwrap();
    newcomer.speak(b"!");
    assert_eq!(wait(&mut others), [event(2, Interest::READABLE)]);
    assert_eq!(look(&mut selector), []);
    selector.register(fd, Interest::READABLE, 3).unwrap();
    assert_eq!(wait(&mut selector), [event(3, Interest::READABLE)]);
    assert_eq!(newcomer.hear(16), b"!");
}

/// The first of two events leads to closing the second's source and to registering a newcomer with
/// its number: the newcomer is silent, and the old event does not bear its data.
fn a_reused_number_in_one_batch_of_events_is_told_apart<P: Selector>() {
    let mut selector = P::new().unwrap();
    let (first, second) = (Line::new(), Line::with_a_number_of_its_own());
    selector.register(first.fd(), Interest::READABLE, 1).unwrap();
    selector.register(second.fd(), Interest::READABLE, 2).unwrap();
    first.speak(b"!");
    second.speak(b"!");
    let batch = wait(&mut selector);
    assert_eq!(batch, [event(1, Interest::READABLE), event(2, Interest::READABLE)]);

    first.hear(16);
    let fd = second.fd();
    selector.unregister(fd).unwrap();
    drop(second);
    let newcomer = Line::new();
    let _reused = at_number(&newcomer.here, fd);
    selector.register(fd, Interest::READABLE, 3).unwrap();
    assert!(batch.iter().all(|event| event.data != 3));
    assert_eq!(look(&mut selector), [], "the newcomer has nothing to read");
    newcomer.speak(b"!");
    assert_eq!(wait(&mut selector), [event(3, Interest::READABLE)]);
}

/// epoll watches open files, not numbers: a duplicate keeps the old entry in the kernel's set,
/// where nothing can name it any more.
fn a_duplicate_that_lives_on_is_not_reported_under_the_old_registration<P: Selector>() {
    let mut selector = P::new().unwrap();
    let Line { here, there } = Line::with_a_number_of_its_own();
    let other = Line::new();
    selector.register(other.fd(), Interest::READABLE, 2).unwrap();

    let fd = here.as_raw_fd();
    let duplicate = here.try_clone().unwrap();
    selector.register(fd, Interest::READABLE, 1).unwrap();
    drop(here);
    selector.unregister(fd).unwrap();
    rustix::io::write(&there, b"!").unwrap();
    assert_eq!(look(&mut selector), []);
    nothing(&mut selector);

    // And the selector works as before, for others and for the duplicate itself.
    other.speak(b"!");
    assert_eq!(wait(&mut selector), [event(2, Interest::READABLE)]);
    selector.register(duplicate.as_raw_fd(), Interest::READABLE, 3).unwrap();
    let both = [event(2, Interest::READABLE), event(3, Interest::READABLE)];
    assert_eq!(wait(&mut selector), both);
}

fn nothing_is_reported_after_unregistering<P: Selector>() {
    let mut selector = P::new().unwrap();
    let (ready, idle) = (Line::new(), Line::new());
    selector.register(ready.fd(), Interest::READABLE, 1).unwrap();
    selector.register(idle.fd(), Interest::READABLE, 2).unwrap();
    ready.speak(b"!");
    assert_eq!(wait(&mut selector), [event(1, Interest::READABLE)]);
    selector.unregister(ready.fd()).unwrap();
    selector.unregister(idle.fd()).unwrap();
    idle.speak(b"!");
    assert_eq!(look(&mut selector), []);
}

fn the_socket_stays_usable_after_unregistering<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    selector.unregister(line.fd()).unwrap();
    drop(selector);
    line.speak(b"still there");
    assert_eq!(line.hear(64), b"still there");
}
