//! Who was there: names that are no longer borne, and by whom they last were.
//!
//! Invariant: the latest come first, and there are no more than the limit.

use std::collections::VecDeque;
use std::sync::Arc;

use wire::mask;

use crate::person::Person;

/// Those who have left the server or their name.
#[derive(Debug)]
pub(crate) struct Former {
    people: VecDeque<Was>,
    most: usize,
}

/// Somebody as they were.
#[derive(Clone, Debug)]
pub(crate) struct Was {
    pub(crate) person: Arc<Person>,
    /// When they left, or took another name.
    pub(crate) until_unix_ms: u64,
}

impl Former {
    pub(crate) fn new(most: usize) -> Self {
        Self { people: VecDeque::new(), most }
    }

    /// From here on no more than `most` are remembered.
    pub(crate) fn set_most(&mut self, most: usize) {
        self.most = most;
        self.people.truncate(most);
    }

    /// `person` is no longer there under this name.
    pub(crate) fn note(&mut self, person: Arc<Person>, until_unix_ms: u64) {
        self.people.push_front(Was { person, until_unix_ms });
        self.people.truncate(self.most);
    }

    /// The last `count` of those whose name `wanted` is, or whom it stands for as a mask, the
    /// latest first.
    pub(crate) fn of(&self, wanted: &str, count: usize) -> impl Iterator<Item = &Was> {
        let meant = move |was: &&Was| mask::matches(wanted, was.person.name.as_str());
        self.people.iter().filter(meant).take(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept() {
        let mut former = Former::new(3);
        for number in 1..=5 {
            former.note(Person::guest(number), number);
        }
        let until = |former: &Former, wanted, count| {
            former.of(wanted, count).map(|was| was.until_unix_ms).collect::<Vec<_>>()
        };
        assert_eq!(until(&former, "guest-*", 9), [5, 4, 3]);
        assert_eq!(until(&former, "GUEST-4", 9), [4]);
        assert!(until(&former, "guest-2", 9).is_empty());
        assert_eq!(until(&former, "*", 2), [5, 4]);
        former.set_most(1);
        assert_eq!(until(&former, "*", 9), [5]);
        former.set_most(2);
        former.note(Person::guest(6), 6);
        former.note(Person::guest(7), 7);
        assert_eq!(until(&former, "*", 9), [7, 6]);
    }
}
