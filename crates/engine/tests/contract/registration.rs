//! Registering sources with a selector.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;

use engine::{Interest, Registration, Selector};
use rustix::io::Errno;

use crate::support::{Line, at_number, event, look, wait};

on_every_selector![
    a_registration_carries_what_was_given,
    an_empty_interest_is_refused,
    a_descriptor_that_is_not_open_is_refused,
    registering_twice_is_refused_and_leaves_the_first,
    a_refused_registration_leaves_no_trace,
    a_regular_file_is_always_ready,
    one_descriptor_in_two_selectors_is_reported_by_both,
    registering_again_reports_what_is_so_now,
    a_socket_that_came_back_under_its_number_can_be_registered,
];

fn a_registration_carries_what_was_given<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    let interest = Interest::READABLE | Interest::PRIORITY;
    let data = 0xFEDC_BA98_7654_3210;
    let given = selector.register(line.fd(), interest, data).unwrap();
    assert_eq!(given, Registration { fd: line.fd(), interest, data });
    line.speak(b"!");
    assert_eq!(wait(&mut selector), [event(data, Interest::READABLE)]);
}

fn an_empty_interest_is_refused<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    let error = selector.register(line.fd(), Interest::NONE, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

fn a_descriptor_that_is_not_open_is_refused<P: Selector>() {
    let mut selector = P::new().unwrap();
    for negative in [-1, i32::MIN] {
        let error = selector.register(negative, Interest::READABLE, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{negative}");
    }
    // No limit on descriptors is as high as this.
    let error = selector.register(i32::MAX - 1, Interest::READABLE, 0).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(Errno::BADF.raw_os_error()));
}

fn registering_twice_is_refused_and_leaves_the_first<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    let error = selector.register(line.fd(), Interest::WRITABLE, 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    line.speak(b"!");
    assert_eq!(wait(&mut selector), [event(1, Interest::READABLE)]);
    assert_eq!(selector.len(), 1);
}

fn a_refused_registration_leaves_no_trace<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::NONE, 0).unwrap_err();
    selector.register(i32::MAX - 1, Interest::READABLE, 0).unwrap_err();
    assert_eq!(selector.get(line.fd()), None);
    assert_eq!(selector.get(i32::MAX - 1), None);
    assert_eq!(selector.registrations().count(), 0);
    assert!(selector.is_empty());
    assert_eq!(look(&mut selector), []);
    selector.register(line.fd(), Interest::WRITABLE, 7).unwrap();
    assert_eq!(wait(&mut selector), [event(7, Interest::WRITABLE)]);
}

fn a_regular_file_is_always_ready<P: Selector>() {
    let mut selector = P::new().unwrap();
    let file = File::open(std::env::current_exe().unwrap()).unwrap();
    let both = Interest::READABLE | Interest::WRITABLE;
    selector.register(file.as_raw_fd(), both, 1).unwrap();
    assert_eq!(wait(&mut selector), [event(1, both)]);
    selector.modify(file.as_raw_fd(), Interest::READABLE, 2).unwrap();
    assert_eq!(wait(&mut selector), [event(2, Interest::READABLE)]);
    selector.modify(file.as_raw_fd(), Interest::NONE, 3).unwrap();
    assert_eq!(look(&mut selector), []);
    selector.modify(file.as_raw_fd(), Interest::READABLE, 4).unwrap();

    // It does not drown out a socket.
    let line = Line::new();
    selector.register(line.fd(), Interest::WRITABLE, 5).unwrap();
    let expected = [event(4, Interest::READABLE), event(5, Interest::WRITABLE)];
    assert_eq!(wait(&mut selector), expected);
    selector.unregister(file.as_raw_fd()).unwrap();
    assert_eq!(wait(&mut selector), expected[1..]);
}

fn one_descriptor_in_two_selectors_is_reported_by_both<P: Selector>() {
    let (mut one, mut other) = (P::new().unwrap(), P::new().unwrap());
    let line = Line::new();
    one.register(line.fd(), Interest::READABLE, 1).unwrap();
    other.register(line.fd(), Interest::READABLE, 2).unwrap();
    line.speak(b"!");
    for _ in 0..2 {
        assert_eq!(wait(&mut one), [event(1, Interest::READABLE)]);
        assert_eq!(wait(&mut other), [event(2, Interest::READABLE)]);
    }
    one.unregister(line.fd()).unwrap();
    assert_eq!(look(&mut one), []);
    assert_eq!(wait(&mut other), [event(2, Interest::READABLE)]);
}

fn registering_again_reports_what_is_so_now<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    line.speak(b"!");
    assert_eq!(wait(&mut selector), [event(1, Interest::READABLE)]);
    selector.unregister(line.fd()).unwrap();
    line.hear(16);
    selector.register(line.fd(), Interest::READABLE, 2).unwrap();
    assert_eq!(look(&mut selector), [], "what was so before it was registered again");
    line.speak(b"!");
    assert_eq!(wait(&mut selector), [event(2, Interest::READABLE)]);
}

/// A kernel that remembers open files instead of numbers may think that it knows this one.
fn a_socket_that_came_back_under_its_number_can_be_registered<P: Selector>() {
    let mut selector = P::new().unwrap();
    let Line { here, there } = Line::with_a_number_of_its_own();
    let fd = here.as_raw_fd();
    let kept = here.try_clone().unwrap();
    selector.register(fd, Interest::READABLE, 1).unwrap();
    drop(here);
    selector.unregister(fd).unwrap();
    let _again = at_number(&kept, fd);
    selector.register(fd, Interest::READABLE, 2).unwrap();
    rustix::io::write(&there, b"!").unwrap();
    assert_eq!(wait(&mut selector), [event(2, Interest::READABLE)]);
}
