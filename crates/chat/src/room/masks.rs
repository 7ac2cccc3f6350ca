//! Lists of masks: whom a room keeps out, silences, excepts and invites.
//!
//! Invariant: masks on a list are whole (`name!user@host`), no two are the same, and what they are
//! matched with is what others see of somebody: never an address.

use std::fmt;

use wire::mask::{Mask, NotAMask};

use crate::person::Person;

/// A list of masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum List {
    /// `b`: may not come in nor speak.
    Ban,
    /// `e`: may, although a ban says otherwise.
    Except,
    /// `I`: may come in without an invitation.
    Invite,
}

impl List {
    /// All, with their letters.
    pub(crate) const ALL: [(char, Self); 3] =
        [('b', Self::Ban), ('e', Self::Except), ('I', Self::Invite)];

    /// The list with this letter.
    pub(crate) fn of(letter: char) -> Option<Self> {
        Self::ALL.iter().find(|(other, _)| *other == letter).map(|(_, list)| *list)
    }

    /// Its letter.
    pub(crate) fn letter(self) -> char {
        Self::ALL[self as usize].0
    }
}

/// Whom a ban or an exception is about, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) reach: Reach,
    pub(crate) mask: Mask,
}

/// How far a ban or an exception goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Coming in and speaking.
    All,
    /// Speaking only: shown with `m:` before the mask.
    Speech,
}

impl Pattern {
    /// What stands before a mask that is about speaking only.
    const SPEECH: &'static str = "m:";

    /// Understands what somebody typed.
    pub(crate) fn parse(text: &str) -> Result<Self, NotAMask> {
        let (reach, mask) = match text.strip_prefix(Self::SPEECH) {
            Some(mask) => (Reach::Speech, mask),
            None => (Reach::All, text),
        };
        Ok(Self { reach, mask: Mask::normalize(mask)? })
    }

    /// Whether it is about this person.
    pub(crate) fn meets(&self, person: &Person) -> bool {
        let identity = &person.identity;
        self.mask.matches(person.name.as_str(), &identity.user, &identity.host)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lead = if self.reach == Reach::Speech { Self::SPEECH } else { "" };
        write!(f, "{lead}{}", self.mask)
    }
}

/// A mask on a list.
#[derive(Clone, Debug)]
pub(crate) struct ListEntry {
    pub(crate) pattern: Pattern,
    /// Who set it: `name!user@host` at the time.
    pub(crate) by: Box<str>,
    pub(crate) set_unix_ms: u64,
}

/// The lists of one room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists([Vec<ListEntry>; 3]);

impl Lists {
    pub(crate) fn get(&self, list: List) -> &[ListEntry] {
        &self.0[list as usize]
    }

    /// How many masks there are on all of them.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Adds `entry`, unless the same mask is there; answers whether that changed anything.
    pub(crate) fn add(&mut self, list: List, entry: ListEntry) -> bool {
        let has = self.has(list, &entry.pattern);
        if !has {
            self.0[list as usize].push(entry);
        }
        !has
    }

    /// Takes the entry with this mask away, and answers the mask as it stood there.
    pub(crate) fn remove(&mut self, list: List, pattern: &Pattern) -> Option<Pattern> {
        let entries = &mut self.0[list as usize];
        let at = entries.iter().position(|entry| entry.pattern == *pattern)?;
        Some(entries.remove(at).pattern)
    }

    pub(crate) fn has(&self, list: List, pattern: &Pattern) -> bool {
        self.get(list).iter().any(|entry| entry.pattern == *pattern)
    }

    /// Whether a ban keeps `person` from coming in.
    pub(crate) fn keep_out(&self, person: &Person) -> bool {
        let all = |list| {
            let about = |entry: &ListEntry| {
                entry.pattern.reach == Reach::All && entry.pattern.meets(person)
            };
            self.get(list).iter().any(about)
        };
        all(List::Ban) && !all(List::Except)
    }

    /// Whether a ban keeps `person` from speaking.
    pub(crate) fn silence(&self, person: &Person) -> bool {
        let any = |list| self.get(list).iter().any(|entry| entry.pattern.meets(person));
        any(List::Ban) && !any(List::Except)
    }

    /// Whether `person` is invited for good.
    pub(crate) fn invite(&self, person: &Person) -> bool {
        self.get(List::Invite).iter().any(|entry| entry.pattern.meets(person))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(masks: &[(List, &str)]) -> Lists {
        let mut lists = Lists::default();
        for (list, mask) in masks {
            let pattern = Pattern::parse(mask).unwrap();
            lists.add(*list, ListEntry { pattern, by: "ada".into(), set_unix_ms: 0 });
        }
        lists
    }

    #[test]
    fn a_mute_silences_and_lets_in_and_an_exception_overrides() {
        let guest = Person::guest(7);
        let check = |masks: &[(List, &str)]| {
            let lists = lists(masks);
            (lists.keep_out(&guest), lists.silence(&guest))
        };
        use List::{Ban, Except};
        assert_eq!(check(&[]), (false, false));
        assert_eq!(check(&[(Ban, "GUEST-*")]), (true, true));
        assert_eq!(check(&[(Ban, "m:guest-*")]), (false, true));
        assert_eq!(check(&[(Ban, "*"), (Except, "*!nc@*")]), (false, false));
        assert_eq!(check(&[(Ban, "*"), (Except, "m:*!nc@*")]), (true, false));
        assert_eq!(check(&[(Ban, "guest-8")]), (false, false));
    }

    #[test]
    fn the_same_mask_is_on_a_list_once_however_it_is_written() {
        let mut lists = lists(&[(List::Ban, "eve"), (List::Ban, "EVE!*@*"), (List::Ban, "m:eve")]);
        assert_eq!(lists.len(), 2);
        let removed = lists.remove(List::Ban, &Pattern::parse("Eve").unwrap());
        assert_eq!(removed.map(|pattern| pattern.to_string()), Some("eve!*@*".into()));
        assert_eq!(lists.get(List::Ban)[0].pattern.to_string(), "m:eve!*@*");
    }
}
