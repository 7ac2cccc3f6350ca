//! A room as the driver knows it: what has been said there, and in which order the server put it.
//!
//! Invariant: `order` has every line that anybody has received, in the one order in which everybody
//! must. The order is the server's to choose; those who receive a line show where it stands, and all
//! others are held to that. Two authors who have only heard each other, or somebody who has just
//! come, do not show it.

use std::collections::{BTreeMap, VecDeque};

/// Something said that nobody has received yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) author: usize,
    pub(super) said_ms: u64,
    /// Its author's connection was cut off behind it: it may have been lost on the way.
    pub(super) may_be_lost: bool,
}

/// Something that somebody has received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) id: u64,
    pub(super) author: usize,
    pub(super) heard_ms: u64,
    /// Of those who received it, the two who were there first, in that order.
    witnesses: [Option<Witness>; 2],
}

/// Somebody who received a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Witness {
    slot: usize,
    since: u64,
}

impl Heard {
    fn add(&mut self, witness: Witness) {
        let [first, second] = &mut self.witnesses;
        if first.is_some_and(|first| first.slot == witness.slot) {
            return;
        }
        if first.is_none_or(|first| witness.since < first.since) {
            (*first, *second) = (Some(witness), *first);
        } else if second.is_none_or(|second| witness.since < second.since) {
            *second = Some(witness);
        }
    }

    /// Whether the line `id` may stand before this one: nobody has received this one who would have
    /// had to receive the other before. Its author does not, unless it hears itself; and those not
    /// who have come since it was said.
    fn may_follow(&self, id: u64, author: usize, author_echoes: bool) -> bool {
        self.witnesses
            .iter()
            .flatten()
            .all(|witness| (witness.slot == author && !author_echoes) || witness.since >= id)
    }
}

/// What became of one more line for one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the reader's next.
    Next { cursor: u64, moved: Option<Moved> },
    /// Lines that it should have had before are missing.
    Missing { cursor: u64, moved: Option<Moved>, count: u64, first: u64 },
    /// It stands before what the reader has had already.
    TwiceOrLate,
    /// Nobody said it, or so long ago that everybody has had it.
    Unknown,
}

/// A line has come to stand before others: a cursor behind `to`, and not behind `from`, goes on by
/// one, since whoever it is of will not receive that line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) from: u64,
    pub(super) to: u64,
}

#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) name: String,
    /// Who is in it, or is coming or going.
    pub(super) members: Vec<usize>,
    pub(super) keeper: Option<usize>,
    pub(super) waiting: BTreeMap<u64, Waiting>,
    /// The place of the first line in `order`.
    pub(super) base: u64,
    pub(super) order: VecDeque<Heard>,
    /// Lines said in it so far.
    pub(super) said: u64,
}

/// Whoever reads a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader {
    pub(super) slot: usize,
    pub(super) echoes: bool,
    /// It gets all that was said under higher numbers.
    pub(super) since: u64,
    pub(super) cursor: Option<u64>,
}

impl Reader {
    /// Whether it must get this line.
    fn is_owed(&self, line: &Heard) -> bool {
        (line.author != self.slot || self.echoes) && (self.cursor.is_some() || line.id > self.since)
    }
}

impl Room {
    pub(super) fn end(&self) -> u64 {
        self.base + self.order.len() as u64
    }

    fn index(&self, place: u64) -> usize {
        (place.saturating_sub(self.base) as usize).min(self.order.len())
    }

    /// The lines that `reader` must have had before `end`, and has not.
    pub(super) fn missing(&self, reader: &Reader, end: u64) -> impl Iterator<Item = &Heard> {
        let from = self.index(reader.cursor.unwrap_or(self.base));
        let to = self.index(end).max(from);
        let reader = *reader;
        self.order.range(from..to).filter(move |line| reader.is_owed(line))
    }

    /// `reader` has received the line `id`.
    pub(super) fn hear(
        &mut self,
        reader: &Reader,
        id: u64,
        author_echoes: bool,
        now_ms: u64,
    ) -> Verdict {
        let from = self.index(reader.cursor.unwrap_or(self.base));
        let (was, author);
        if let Some(offset) = self.order.range(from..).position(|line| line.id == id) {
            was = from + offset;
            author = self.order[was].author;
        } else if self.order.range(..from).any(|line| line.id == id) {
            return Verdict::TwiceOrLate;
        } else if let Some(said) = self.waiting.remove(&id) {
            was = self.order.len();
            author = said.author;
            self.order.push_back(Heard { id, author, heard_ms: now_ms, witnesses: [None; 2] });
        } else {
            return Verdict::Unknown;
        }
        // What the reader must have had before stands behind this line, if nobody knows better.
        let (mut at, mut moved) = (was, None);
        if let Some(first) = self.order.range(from..was).position(|line| reader.is_owed(line))
            && self
                .order
                .range(from + first..was)
                .all(|line| line.may_follow(id, author, author_echoes))
            && let Some(line) = self.order.remove(was)
        {
            at = from + first;
            self.order.insert(at, line);
            moved = Some(Moved { from: self.base + was as u64, to: self.base + at as u64 });
        }
        self.order[at].add(Witness { slot: reader.slot, since: reader.since });
        let place = self.base + at as u64;
        let mut missing = self.missing(reader, place);
        let first = missing.next().map(|line| line.id);
        let count = missing.count() as u64 + 1;
        let cursor = place + 1;
        match first {
            None => Verdict::Next { cursor, moved },
            Some(first) => Verdict::Missing { cursor, moved, count, first },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> Room {
        let mut room = Room::default();
        for (id, author) in [(1, 10), (2, 11), (3, 12)] {
            room.waiting.insert(id, Waiting { author, said_ms: 0, may_be_lost: false });
        }
        room
    }

    fn reader(slot: usize, cursor: Option<u64>) -> Reader {
        Reader { slot, echoes: false, since: 0, cursor }
    }

    fn next(cursor: u64) -> Option<u64> {
        Some(cursor)
    }

    /// The cursor after a line that was the next.
    fn hear(room: &mut Room, reader: &Reader, id: u64) -> Option<u64> {
        match room.hear(reader, id, false, 0) {
            Verdict::Next { cursor, .. } => Some(cursor),
            _ => None,
        }
    }

    /// How many are missing, and the first of them.
    fn missing(verdict: Verdict) -> Option<(u64, u64)> {
        match verdict {
            Verdict::Missing { count, first, .. } => Some((count, first)),
            _ => None,
        }
    }

    #[test]
    fn who_receives_first_shows_the_order_and_others_are_held_to_it() {
        let mut room = room();
        assert_eq!(hear(&mut room, &reader(20, None), 2), next(1));
        assert_eq!(hear(&mut room, &reader(20, Some(1)), 1), next(2));
        assert_eq!(hear(&mut room, &reader(21, None), 2), next(1));
        assert_eq!(hear(&mut room, &reader(21, Some(1)), 1), next(2));
        assert_eq!(missing(room.hear(&reader(22, None), 1, false, 0)), Some((1, 2)));
        assert_eq!(room.hear(&reader(22, Some(2)), 2, false, 0), Verdict::TwiceOrLate);
    }

    #[test]
    fn an_author_who_does_not_hear_itself_does_not_fix_the_place_of_its_own_line() {
        let mut room = room();
        // 10 said 1 and hears 2, which stands behind or before 1: that is not known yet.
        assert_eq!(hear(&mut room, &reader(10, None), 2), next(1));
        assert_eq!(hear(&mut room, &reader(20, None), 1), next(1));
        assert_eq!(hear(&mut room, &reader(20, Some(1)), 2), next(2));
    }

    #[test]
    fn two_authors_who_have_heard_each_other_leave_the_order_to_a_third() {
        for order in [[1, 2], [2, 1]] {
            let mut room = room();
            assert_eq!(hear(&mut room, &reader(11, None), 1), next(1));
            // Behind its own line, as far as is known.
            assert_eq!(hear(&mut room, &reader(10, None), 2), next(2));
            assert_eq!(hear(&mut room, &reader(20, None), order[0]), next(1));
            assert_eq!(hear(&mut room, &reader(20, Some(1)), order[1]), next(2));
            // From here on it is settled.
            assert_eq!(
                missing(room.hear(&reader(21, None), order[1], false, 0)),
                Some((1, order[0]))
            );
        }
    }

    #[test]
    fn who_came_later_does_not_show_what_was_before() {
        let mut room = room();
        // 30 came after 1 and 2 were said: it was told of 3 alone, and of 4 behind it.
        room.waiting.insert(4, Waiting { author: 12, said_ms: 0, may_be_lost: false });
        let late = |cursor| Reader { slot: 30, echoes: false, since: 2, cursor };
        assert_eq!(hear(&mut room, &late(None), 3), next(1));
        assert_eq!(hear(&mut room, &late(Some(1)), 4), next(2));
        assert_eq!(hear(&mut room, &reader(20, None), 1), next(1));
        assert_eq!(hear(&mut room, &reader(20, Some(1)), 2), next(2));
        assert_eq!(hear(&mut room, &reader(20, Some(2)), 3), next(3));
        assert_eq!(missing(room.hear(&reader(21, Some(0)), 3, false, 0)), Some((2, 1)));
    }

    #[test]
    fn what_nobody_said_and_what_is_missing_is_found() {
        let mut room = room();
        assert_eq!(room.hear(&reader(20, None), 9, false, 0), Verdict::Unknown);
        assert_eq!(hear(&mut room, &reader(20, None), 1), next(1));
        assert_eq!(hear(&mut room, &reader(20, Some(1)), 3), next(2));
        assert_eq!(missing(room.hear(&reader(21, Some(0)), 3, false, 0)), Some((1, 1)));
        // Who came after 1 was said need not have it.
        let late = Reader { slot: 22, echoes: false, since: 1, cursor: None };
        assert_eq!(room.missing(&late, room.end()).count(), 1);
        // Nor its author.
        assert_eq!(room.missing(&reader(10, Some(0)), room.end()).count(), 1);
    }
}
