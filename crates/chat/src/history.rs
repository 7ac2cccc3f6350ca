//! What was said in rooms, for those who come later or ask.
//!
//! Invariant: what is kept for a room is what was applied there, in that order.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use wire::name::RoomName;

use crate::hash::Seeded;
use crate::log::Entry;
use crate::{Limits, Settings};

/// Where what was said is kept. In memory for now; a store on disk keeps the same calls.
pub(crate) trait History: fmt::Debug + Send {
    /// Keeps something said in `room`.
    fn keep(&mut self, room: &RoomName, entry: &Entry);

    /// The last `count` things said in `room` that are kept, oldest first.
    fn last(&self, room: &RoomName, count: usize) -> Vec<Entry>;

    /// The room is gone.
    fn forget(&mut self, room: &RoomName);
}

/// History that ends with the process.
#[derive(Debug)]
pub(crate) struct InMemory {
    rooms: HashMap<RoomName, Past, Seeded>,
    lines: usize,
    room_bytes: usize,
    total_limit_bytes: usize,
    total_bytes: usize,
}

#[derive(Debug, Default)]
struct Past {
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl InMemory {
    pub(crate) fn new(settings: &Settings) -> Self {
        let Limits { history_room_bytes, histories_bytes, .. } = settings.limits;
        Self {
            rooms: HashMap::with_hasher(Seeded(settings.seed)),
            // Where nothing has a name, nothing is shown again.
            lines: if settings.anonymous { 0 } else { settings.room_history },
            room_bytes: history_room_bytes,
            total_limit_bytes: histories_bytes,
            total_bytes: 0,
        }
    }
}

impl History for InMemory {
    fn keep(&mut self, room: &RoomName, entry: &Entry) {
        if self.lines == 0 {
            return;
        }
        if !self.rooms.contains_key(room) {
            self.rooms.insert(room.clone(), Past::default());
        }
        let share = self.total_limit_bytes / self.rooms.len();
        let over = self.total_bytes + entry.cost() > self.total_limit_bytes;
        let limit_bytes = if over { share.min(self.room_bytes) } else { self.room_bytes };
        let past = self.rooms.get_mut(room).expect("inserted above");
        past.entries.push_back(entry.clone());
        past.bytes += entry.cost();
        self.total_bytes += entry.cost();
        while past.entries.len() > self.lines || past.bytes > limit_bytes {
            let Some(oldest) = past.entries.pop_front() else {
                break;
            };
            past.bytes -= oldest.cost();
            self.total_bytes -= oldest.cost();
        }
    }

    fn last(&self, room: &RoomName, count: usize) -> Vec<Entry> {
        let Some(past) = self.rooms.get(room) else {
            return Vec::new();
        };
        let skip = past.entries.len().saturating_sub(count);
        past.entries.iter().skip(skip).cloned().collect()
    }

    fn forget(&mut self, room: &RoomName) {
        if let Some(past) = self.rooms.remove(room) {
            self.total_bytes -= past.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::What;
    use crate::person::Person;
    use crate::words::{Manner, Words};

    fn said(seq: u64, len: usize) -> Entry {
        let (by, words) = (Person::guest(1), Words::plain(Manner::Say, &"x".repeat(len)));
        let author = service::Key::new(0, 0);
        Entry { seq, unix_ms: 0, author, what: What::Said { by, words } }
    }

    fn seqs(history: &InMemory, room: &str) -> Vec<u64> {
        history.last(&room.parse().unwrap(), 1000).iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn the_last_lines_are_kept_within_both_bounds() {
        let cost = said(0, 100).cost();
        let limits =
            Limits { history_room_bytes: 4 * cost, histories_bytes: 6 * cost, ..Limits::default() };
        let mut history =
            InMemory::new(&Settings { room_history: 3, limits, ..Settings::default() });
        let [a, b, c] = ["#a", "#b", "#c"].map(|name| name.parse::<RoomName>().unwrap());
        for seq in 1..=5 {
            history.keep(&a, &said(seq, 100));
        }
        assert_eq!(seqs(&history, "#a"), [3, 4, 5]);
        assert_eq!(history.last(&a, 2).len(), 2);
        // By bytes: one that takes the place of three.
        history.keep(&b, &said(6, 100));
        history.keep(&b, &said(7, 4 * cost));
        assert!(history.total_bytes <= 6 * cost);
        for seq in 8..=10 {
            history.keep(&b, &said(seq, 100));
            history.keep(&c, &said(seq + 10, 100));
        }
        // All together are over: each of the three has its share, once it says something.
        history.keep(&a, &said(30, 100));
        assert_eq!(seqs(&history, "#a"), [5, 30]);
        history.forget(&a);
        history.forget(&b);
        history.forget(&c);
        assert_eq!((history.total_bytes, seqs(&history, "#a").len()), (0, 0));
    }
}
