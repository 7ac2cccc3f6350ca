//! What a selector knows of its sources.

use engine::{Interest, Registration, Selector};

use crate::support::Line;

on_every_selector![
    looking_up_answers_what_was_registered_and_nothing_else,
    the_registrations_are_live_and_counted,
];

fn looking_up_answers_what_was_registered_and_nothing_else<P: Selector>() {
    let mut selector = P::new().unwrap();
    let (line, other) = (Line::new(), Line::new());
    let registration = selector.register(line.fd(), Interest::READABLE, 5).unwrap();
    assert_eq!(selector.get(line.fd()), Some(registration));
    assert_eq!(selector.get(other.fd()), None);
    assert_eq!(selector.get(-1), None);
    assert_eq!(selector.get(i32::MAX), None);
    assert_eq!(selector.unregister(line.fd()).unwrap(), registration);
    assert_eq!(selector.get(line.fd()), None);
}

fn the_registrations_are_live_and_counted<P: Selector>() {
    let mut selector = P::new().unwrap();
    assert!(selector.is_empty());
    assert_eq!(selector.registrations().count(), 0);

    let lines: Vec<Line> = (0..5).map(|_| Line::new()).collect();
    let mut expected = Vec::new();
    for (data, line) in lines.iter().enumerate() {
        let source = selector.register(line.fd(), Interest::READABLE, data as u64).unwrap();
        expected.push(source);
        expected.sort_by_key(|source: &Registration| source.fd);
        assert_eq!(selector.registrations().collect::<Vec<_>>(), expected);
        assert_eq!(selector.len(), expected.len());
    }
    let parked = selector.modify(lines[2].fd(), Interest::NONE, 9).unwrap();
    let place = expected.iter().position(|source| source.fd == parked.fd).unwrap();
    expected[place] = parked;
    assert_eq!(selector.registrations().collect::<Vec<_>>(), expected);
    for line in &lines {
        selector.unregister(line.fd()).unwrap();
        expected.retain(|source| source.fd != line.fd());
        assert_eq!(selector.registrations().collect::<Vec<_>>(), expected);
        assert_eq!(selector.len(), expected.len());
    }
    assert!(selector.is_empty());
}
