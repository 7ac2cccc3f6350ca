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
            lines: settings.room_history,
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
