//! What was said and what happened in rooms, for those who come later or ask.
//!
//! Invariant: what is kept for a room is what was applied there, in that order; and however much
//! happens in it, that does not push out what was said.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use service::PerKey;

use crate::event::RoomId;
use crate::log::{Entry, What};
use crate::words::Manner;
use crate::{Limits, Settings};

/// Where what was said is kept. In memory for now; a store on disk keeps the same calls.
pub(crate) trait History: fmt::Debug + Send {
    /// Keeps something said in `room`, or something that happened there.
    fn keep(&mut self, room: RoomId, entry: &Entry);

    /// The last `count` things said in `room` that are kept, oldest first.
    fn last(&self, room: RoomId, count: usize) -> Vec<Entry>;

    /// What `query` asks for of `room`, oldest first.
    fn query(&self, room: RoomId, query: &Query) -> Vec<Entry>;

    /// What was said, or happened, in `room` under this number, if it is kept.
    fn find(&self, room: RoomId, seq: u64) -> Option<Entry>;

    /// What was said in `room` with something in it.
    fn search(&self, room: RoomId, search: &Search<'_>) -> Found;

    /// The number of the last that was said in `room` and is not kept any more; 0: nothing.
    fn gone(&self, room: RoomId) -> u64;

    /// What was taken back in `room` behind this number, as far as that is kept.
    fn redacted_since(&self, room: RoomId, seq: u64) -> Vec<u64>;

    /// Forgets what was said in `room` under this number.
    fn take_back(&mut self, room: RoomId, seq: u64);

    /// The room is gone.
    fn forget(&mut self, room: RoomId);
}

/// A part of a room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) scope: Scope,
    pub(crate) span: Span,
    /// At most so many entries.
    pub(crate) count: usize,
}

/// What is looked for in what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Search<'a> {
    /// In small letters; found in whatever letters it stands.
    pub(crate) text: &'a str,
    /// Only before the entry with this number.
    pub(crate) before: Option<u64>,
    /// At most so many entries.
    pub(crate) count: usize,
    /// So many bytes of text are looked through, and the entry that they end in.
    pub(crate) bytes: usize,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// The latest first.
    pub(crate) entries: Vec<Entry>,
    /// Before which entry to look on, if not all was looked through.
    pub(crate) next: Option<u64>,
    /// How many bytes of text were.
    pub(crate) looked_through: usize,
}

/// Of what kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Said,
    /// Comings and goings as well.
    Everything,
}

/// From where to where, the ends not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// The last ones; only those after this point, if there is one.
    Latest(Option<Point>),
    /// The last ones before it.
    Before(Point),
    /// The first ones after it.
    After(Point),
    /// Some on both sides, with what stands there.
    Around(Point),
    /// The first ones behind the first point towards the second, whichever comes first in time.
    Between(Point, Point),
}

/// A place in a room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// That of the entry with this number, kept or not.
    Seq(u64),
    /// A moment, in milliseconds since 1970-01-01.
    Time(u64),
}

/// Which of several entries matter most, if not all fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefer {
    First,
    Last,
    Middle,
}

impl Point {
    fn is_after(self, entry: &Entry) -> bool {
        match self {
            Self::Seq(seq) => entry.seq < seq,
            Self::Time(unix_ms) => entry.unix_ms < unix_ms,
        }
    }

    fn is_before(self, entry: &Entry) -> bool {
        match self {
            Self::Seq(seq) => entry.seq > seq,
            Self::Time(unix_ms) => entry.unix_ms > unix_ms,
        }
    }
}

impl Span {
    /// What of `all`, which stand in their order, it takes in, at most `count`; and which of them
    /// matter most. Clocks may be set back: moments are compared one by one.
    fn select<'e>(self, all: &[&'e Entry], count: usize) -> Vec<&'e Entry> {
        let first = |mut some: Vec<&'e Entry>| {
            some.truncate(count);
            some
        };
        let last = |mut some: Vec<&'e Entry>| some.split_off(some.len().saturating_sub(count));
        let between = |from: Option<Point>, to: Option<Point>| -> Vec<&'e Entry> {
            let wanted = |entry: &&&Entry| {
                from.is_none_or(|from| from.is_before(entry))
                    && to.is_none_or(|to| to.is_after(entry))
            };
            all.iter().filter(wanted).copied().collect()
        };
        match self {
            Self::Latest(from) => last(between(from, None)),
            Self::Before(to) => last(between(None, Some(to))),
            Self::After(from) => first(between(Some(from), None)),
            Self::Between(one, other) => {
                let forwards = between(Some(one), Some(other));
                if forwards.is_empty() {
                    last(between(Some(other), Some(one)))
                } else {
                    first(forwards)
                }
            }
            Self::Around(point) => {
                let at = all.iter().position(|entry| !point.is_after(entry)).unwrap_or(all.len());
                let begin = at.saturating_sub(count / 2).min(all.len().saturating_sub(count));
                all.iter().skip(begin).take(count).copied().collect()
            }
        }
    }

    /// Which of the entries that it takes in matter most: `entries` is not empty.
    pub(crate) fn prefers(self, entries: &[Entry]) -> Prefer {
        match self {
            Self::Latest(_) | Self::Before(_) => Prefer::Last,
            Self::After(_) => Prefer::First,
            Self::Around(_) => Prefer::Middle,
            Self::Between(from, _) if entries.iter().all(|entry| from.is_before(entry)) => {
                Prefer::First
            }
            Self::Between(..) => Prefer::Last,
        }
    }
}

/// History that ends with the process.
#[derive(Debug)]
pub(crate) struct InMemory {
    said: Shelf,
    /// What happened, in a quarter of the room for what was said.
    events: Shelf,
}

/// What rooms have of one kind, and its bounds.
#[derive(Debug)]
struct Shelf {
    rooms: PerKey<Past>,
    lines: usize,
    room_bytes: usize,
    total_limit_bytes: usize,
    total_bytes: usize,
    cost: fn(&Entry) -> usize,
}

#[derive(Debug, Default)]
struct Past {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The number of the last entry that was let go; 0: none was.
    gone: u64,
}

/// Somebody who has left is kept by what tells of it, and costs about so many bytes.
const PERSON_BYTES: usize = 256;

impl InMemory {
    pub(crate) fn new(settings: &Settings) -> Self {
        let Limits { history_room_bytes, histories_bytes, .. } = settings.limits;
        let shelf = |share: usize, cost| Shelf {
            rooms: PerKey::default(),
            // Where nothing has a name, nothing is shown again.
            lines: if settings.anonymous { 0 } else { settings.room_history },
            room_bytes: history_room_bytes / share,
            total_limit_bytes: histories_bytes / share,
            total_bytes: 0,
            cost,
        };
        Self { said: shelf(1, Entry::cost), events: shelf(4, |entry| entry.cost() + PERSON_BYTES) }
    }
}

impl History for InMemory {
    fn keep(&mut self, room: RoomId, entry: &Entry) {
        match &entry.what {
            What::Said { words, .. } => match words.manner {
                Manner::Say | Manner::Act | Manner::Notice => self.said.keep(room, entry),
                Manner::Tags if !words.passes() => self.events.keep(room, entry),
                // Questions from client to client, and that somebody is typing, mean nothing later.
                Manner::Ctcp | Manner::CtcpReply | Manner::Tags => {}
            },
            // How somebody is to be seen counts as long as it is so.
            What::Away { .. } | What::Described { .. } | What::Rehosted { .. } => {}
            What::Joined { who, arrival, away: Some(_) } => {
                let what = What::Joined { who: Arc::clone(who), arrival: *arrival, away: None };
                self.events.keep(room, &Entry { what, ..*entry });
            }
            _ => self.events.keep(room, entry),
        }
    }

    fn last(&self, room: RoomId, count: usize) -> Vec<Entry> {
        let said = self.said.entries(room);
        said.clone().skip(said.count().saturating_sub(count)).cloned().collect()
    }

    fn query(&self, room: RoomId, query: &Query) -> Vec<Entry> {
        let mut all: Vec<&Entry> = self.said.entries(room).collect();
        if query.scope == Scope::Everything {
            all.extend(self.events.entries(room));
            all.sort_by_key(|entry| entry.seq);
        }
        query.span.select(&all, query.count).into_iter().cloned().collect()
    }

    fn find(&self, room: RoomId, seq: u64) -> Option<Entry> {
        let mut all = self.said.entries(room).chain(self.events.entries(room));
        all.find(|entry| entry.seq == seq).cloned()
    }

    fn search(&self, room: RoomId, search: &Search<'_>) -> Found {
        let mut found = Found::default();
        let past = self.said.rooms.get(room);
        let entries = past.into_iter().flat_map(|past| {
            let end = search.before.map_or(past.entries.len(), |before| {
                past.entries.partition_point(|entry| entry.seq < before)
            });
            past.entries.range(..end).rev()
        });
        let mut last = None;
        for entry in entries {
            if found.looked_through >= search.bytes || found.entries.len() >= search.count {
                found.next = last;
                break;
            }
            if let What::Said { words, .. } = &entry.what {
                found.looked_through += words.text.len();
                if words.text.to_lowercase().contains(search.text) {
                    found.entries.push(entry.clone());
                }
            }
            last = Some(entry.seq);
        }
        found
    }

    fn gone(&self, room: RoomId) -> u64 {
        self.said.rooms.get(room).map_or(0, |past| past.gone)
    }

    fn redacted_since(&self, room: RoomId, seq: u64) -> Vec<u64> {
        let Some(past) = self.events.rooms.get(room) else {
            return Vec::new();
        };
        let begin = past.entries.partition_point(|entry| entry.seq <= seq);
        let redacted = past.entries.range(begin..).filter_map(|entry| match entry.what {
            What::Redacted { seq, .. } => Some(seq),
            _ => None,
        });
        redacted.collect()
    }

    fn take_back(&mut self, room: RoomId, seq: u64) {
        self.said.take_back(room, seq);
        self.events.take_back(room, seq);
    }

    fn forget(&mut self, room: RoomId) {
        self.said.forget(room);
        self.events.forget(room);
    }
}

impl Shelf {
    fn entries(&self, room: RoomId) -> impl Iterator<Item = &Entry> + Clone {
        self.rooms.get(room).into_iter().flat_map(|past| past.entries.iter())
    }

    fn keep(&mut self, room: RoomId, entry: &Entry) {
        if self.lines == 0 {
            return;
        }
        let cost = (self.cost)(entry);
        let over = self.total_bytes + cost > self.total_limit_bytes;
        let share = self.total_limit_bytes / self.rooms.len().max(1);
        let limit_bytes = if over { share.min(self.room_bytes) } else { self.room_bytes };
        if self.rooms.get(room).is_none() {
            self.rooms.insert(room, Past::default());
        }
        let Some(past) = self.rooms.get_mut(room) else {
            return;
        };
        past.entries.push_back(entry.clone());
        past.bytes += cost;
        self.total_bytes += cost;
        while past.entries.len() > self.lines || past.bytes > limit_bytes {
            let Some(oldest) = past.entries.pop_front() else {
                break;
            };
            past.bytes -= (self.cost)(&oldest);
            past.gone = oldest.seq;
            self.total_bytes -= (self.cost)(&oldest);
        }
    }

    fn take_back(&mut self, room: RoomId, seq: u64) {
        if let Some(past) = self.rooms.get_mut(room)
            && let Ok(at) = past.entries.binary_search_by_key(&seq, |entry| entry.seq)
            && let Some(entry) = past.entries.remove(at)
        {
            past.bytes -= (self.cost)(&entry);
            self.total_bytes -= (self.cost)(&entry);
        }
    }

    fn forget(&mut self, room: RoomId) {
        if let Some(past) = self.rooms.remove(room) {
            self.total_bytes -= past.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Arrival;
    use crate::person::Person;
    use crate::words::Words;
    use service::Key;

    fn said(seq: u64, len: usize) -> Entry {
        let (by, words) = (Person::guest(1), Words::plain(Manner::Say, &"x".repeat(len)));
        let author = Key::new(0, 0);
        Entry { seq, unix_ms: seq, author, what: What::Said { by, words } }
    }

    fn joined(seq: u64) -> Entry {
        let what = What::Joined { who: Person::guest(2), arrival: Arrival::Now, away: None };
        Entry { what, ..said(seq, 1) }
    }

    const A: RoomId = Key::new(0, 1);

    fn seqs(history: &InMemory, room: RoomId) -> Vec<u64> {
        history.last(room, 1000).iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn the_last_lines_are_kept_within_both_bounds() {
        let cost = said(0, 100).cost();
        let limits =
            Limits { history_room_bytes: 4 * cost, histories_bytes: 6 * cost, ..Limits::default() };
        let mut history =
            InMemory::new(&Settings { room_history: 3, limits, ..Settings::default() });
        let [a, b, c] = [A, Key::new(1, 1), Key::new(2, 1)];
        for seq in 1..=5 {
            history.keep(a, &said(seq, 100));
        }
        assert_eq!(seqs(&history, A), [3, 4, 5]);
        assert_eq!(history.last(a, 2).len(), 2);
        // By bytes: one that takes the place of three.
        history.keep(b, &said(6, 100));
        history.keep(b, &said(7, 4 * cost));
        assert!(history.said.total_bytes <= 6 * cost);
        for seq in 8..=10 {
            history.keep(b, &said(seq, 100));
            history.keep(c, &said(seq + 10, 100));
        }
        // All together are over: each of the three has its share, once it says something.
        history.keep(a, &said(30, 100));
        assert_eq!(seqs(&history, A), [5, 30]);
        history.forget(a);
        history.forget(b);
        history.forget(c);
        assert_eq!((history.said.total_bytes, seqs(&history, A).len()), (0, 0));
    }

    #[test]
    fn what_happens_pushes_nothing_out_that_was_said() {
        let settings = Settings { room_history: 3, ..Settings::default() };
        let mut history = InMemory::new(&settings);
        history.keep(A, &said(1, 10));
        for seq in 2..100 {
            history.keep(A, &joined(seq));
        }
        assert_eq!(seqs(&history, A), [1]);
        let all = Query { scope: Scope::Everything, span: Span::Latest(None), count: 10 };
        let all = history.query(A, &all);
        assert_eq!(all.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 97, 98, 99]);
        history.take_back(A, 1);
        assert!(history.find(A, 1).is_none() && history.find(A, 98).is_some());
        history.forget(A);
        assert_eq!((history.said.total_bytes, history.events.total_bytes), (0, 0));
    }

    #[test]
    fn spans_take_in_what_they_say() {
        use Point::*;
        use Span::*;
        let entries: Vec<Entry> = (1..=9).map(|seq| said(10 * seq, 1)).collect();
        let all: Vec<&Entry> = entries.iter().collect();
        let select = |span: Span, count| -> Vec<u64> {
            span.select(&all, count).iter().map(|entry| entry.seq / 10).collect()
        };
        assert_eq!(select(Latest(None), 2), [8, 9]);
        assert_eq!(select(Latest(Some(Seq(70))), 5), [8, 9]);
        assert_eq!(select(Before(Seq(50)), 2), [3, 4]);
        assert_eq!(select(Before(Time(50)), 9), [1, 2, 3, 4]);
        assert_eq!(select(After(Seq(50)), 2), [6, 7]);
        assert_eq!(select(After(Seq(55)), 2), [6, 7]);
        assert_eq!(select(Around(Seq(50)), 3), [4, 5, 6]);
        assert_eq!(select(Around(Seq(55)), 2), [5, 6]);
        assert_eq!(select(Around(Seq(10)), 3), [1, 2, 3]);
        assert_eq!(select(Around(Seq(99)), 3), [7, 8, 9]);
        assert_eq!(select(Between(Seq(30), Seq(70)), 2), [4, 5]);
        assert_eq!(select(Between(Seq(70), Seq(30)), 2), [5, 6]);
        assert_eq!(select(Between(Time(70), Seq(30)), 9), [4, 5, 6]);
        assert_eq!(select(Between(Seq(30), Seq(40)), 2), [0; 0]);
        assert_eq!(select(Before(Seq(0)), 2), [0; 0]);
        assert_eq!(select(Latest(None), 0), [0; 0]);
    }
}
