//! Changing what a source is watched for.

use std::io::ErrorKind;
use std::os::fd::AsRawFd;

use engine::{Interest, Selector};

use crate::support::{Line, event, look, nothing, refusing, wait};

on_every_selector![
    a_new_interest_replaces_the_old_wholly,
    changing_only_the_data_makes_no_system_call,
    the_last_of_many_changes_wins,
    modifying_what_is_not_registered_is_not_found,
    a_change_that_the_kernel_refuses_unregisters,
    a_change_between_event_and_wait_is_reported_under_the_new_data,
    a_parked_source_is_silent_and_tells_later_what_arose,
    a_parked_source_can_be_unregistered_and_registered,
];

fn a_new_interest_replaces_the_old_wholly<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    line.speak(b"!");
    selector.modify(line.fd(), Interest::WRITABLE, 1).unwrap();
    assert_eq!(wait(&mut selector), [event(1, Interest::WRITABLE)]);
    line.stuff();
    assert_eq!(look(&mut selector), [], "it is readable, and nobody asked for that");
    selector.modify(line.fd(), Interest::READABLE | Interest::WRITABLE, 1).unwrap();
    assert_eq!(wait(&mut selector), [event(1, Interest::READABLE)]);
}

fn changing_only_the_data_makes_no_system_call<P: Selector>() {
    let calls = [
        libc::SYS_epoll_ctl,
        libc::SYS_fcntl,
        libc::SYS_poll,
        libc::SYS_ppoll,
        libc::SYS_pselect6,
        libc::SYS_select,
    ];
    let line = Line::new();
    // No case of the library's knows this error.
    refusing(&calls, libc::EMULTIHOP, |refusal| {
        let mut selector = P::new().unwrap();
        selector.register(line.fd(), Interest::READABLE, 1).unwrap();
        refusal.apply();
        let refused = rustix::io::fcntl_getfd(&line.here).unwrap_err();
        assert_eq!(refused.raw_os_error(), libc::EMULTIHOP, "the filter is in force");
        selector.modify(line.fd(), Interest::READABLE, 2).unwrap();
        assert_eq!(selector.get(line.fd()).unwrap().data, 2);
    });
}

fn the_last_of_many_changes_wins<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 0).unwrap();
    let all = [Interest::WRITABLE, Interest::NONE, Interest::READABLE, Interest::ALL];
    for data in 1..=1000 {
        let interest = all[data as usize % all.len()];
        let now = selector.modify(line.fd(), interest, data).unwrap();
        assert_eq!((now.interest, now.data), (interest, data));
    }
    selector.modify(line.fd(), Interest::READABLE, 1001).unwrap();
    assert_eq!(look(&mut selector), []);
    line.speak(b"!");
    assert_eq!(wait(&mut selector), [event(1001, Interest::READABLE)]);
    assert_eq!(selector.len(), 1);
}

fn modifying_what_is_not_registered_is_not_found<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    for fd in [line.fd(), -1, i32::MAX] {
        let error = selector.modify(fd, Interest::READABLE, 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    assert!(selector.is_empty());
}

/// Only epoll asks the kernel when an interest changes; the others find out when they wait. Either
/// way nothing is left half changed.
fn a_change_that_the_kernel_refuses_unregisters<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::with_a_number_of_its_own();
    let fd = line.fd();
    selector.register(fd, Interest::READABLE, 1).unwrap();
    drop(line);
    match selector.modify(fd, Interest::WRITABLE, 2) {
        Ok(changed) => assert_eq!(selector.get(fd), Some(changed)),
        Err(error) => {
            assert_eq!(error.raw_os_error(), Some(libc::EBADF));
            assert_eq!(selector.get(fd), None);
            assert!(selector.is_empty());
        }
    }
    assert_eq!(look(&mut selector), []);
}

fn a_change_between_event_and_wait_is_reported_under_the_new_data<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    selector.register(line.fd(), Interest::READABLE, 1).unwrap();
    line.speak(b"!");
    assert_eq!(wait(&mut selector), [event(1, Interest::READABLE)]);
    selector.modify(line.fd(), Interest::READABLE, 2).unwrap();
    assert_eq!(wait(&mut selector), [event(2, Interest::READABLE)]);
    selector.modify(line.fd(), Interest::READABLE | Interest::WRITABLE, 3).unwrap();
    let both = Interest::READABLE | Interest::WRITABLE;
    assert_eq!(wait(&mut selector), [event(3, both)]);
}

fn a_parked_source_is_silent_and_tells_later_what_arose<P: Selector>() {
    let mut selector = P::new().unwrap();
    let lines = [Line::new(), Line::new()];
    for (data, line) in lines.iter().enumerate() {
        selector.register(line.fd(), Interest::READABLE, data as u64).unwrap();
        selector.modify(line.fd(), Interest::NONE, data as u64).unwrap();
    }
    let [talks, leaves] = &lines;
    talks.speak(b"!");
    // Not even a hang-up, which poll and epoll report unasked.
    leaves.there.shutdown(std::net::Shutdown::Both).unwrap();
    leaves.here.shutdown(std::net::Shutdown::Both).unwrap();
    nothing(&mut selector);
    assert_eq!(selector.len(), 2);
    for (data, line) in lines.iter().enumerate() {
        selector.modify(line.fd(), Interest::READABLE, data as u64).unwrap();
    }
    let expected = [event(0, Interest::READABLE), event(1, Interest::READABLE)];
    assert_eq!(wait(&mut selector), expected);
}

fn a_parked_source_can_be_unregistered_and_registered<P: Selector>() {
    let mut selector = P::new().unwrap();
    let line = Line::new();
    let fd = line.here.as_raw_fd();
    selector.register(fd, Interest::READABLE, 1).unwrap();
    selector.modify(fd, Interest::NONE, 2).unwrap();
    let error = selector.register(fd, Interest::READABLE, 3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    selector.unregister(fd).unwrap();
    selector.register(fd, Interest::WRITABLE, 4).unwrap();
    assert_eq!(wait(&mut selector), [event(4, Interest::WRITABLE)]);
}
