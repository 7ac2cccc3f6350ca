//! What is meant for one reader alone, and where it stands in the one order.
//!
//! Invariant: what lies here stands in order, and what stands at one place is in one piece.

use std::collections::VecDeque;

use service::Batch;

use crate::framing::Envelope;

/// A log with one reader.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    items: VecDeque<Item>,
    bytes: Vec<u8>,
    /// Bytes at the front that were sent.
    taken: usize,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    place: Place,
    len: usize,
}

/// A place in the one order: events have the even ones, what is said in answer after an event and
/// before the next the odd one between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(pub(super) u64);

impl Place {
    /// After everything.
    pub(super) const NEVER: Self = Self(u64::MAX);

    /// The place of the event with this number.
    pub(crate) fn event(seq: u64) -> Self {
        Self(seq * 2)
    }

    /// The place of an answer given when the event with this number was the last.
    pub(crate) fn after(seq: u64) -> Self {
        Self(seq * 2 + 1)
    }

    /// The place right before the event with this number.
    pub(super) fn before(seq: u64) -> Self {
        Self(seq * 2 - 1)
    }

    fn is_event(self) -> bool {
        self.0.is_multiple_of(2)
    }
}

impl Mailbox {
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    pub(super) fn head(&self) -> Place {
        self.items.front().map_or(Place::NEVER, |item| item.place)
    }

    pub(super) fn push(&mut self, place: Place, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.bytes.len();
        write(&mut self.bytes);
        let len = self.bytes.len() - before;
        match self.items.back_mut() {
            Some(last) if last.place == place => last.len += len,
            last if len > 0 => {
                debug_assert!(last.is_none_or(|last| last.place < place));
                self.items.push_back(Item { place, len });
            }
            _ => {}
        }
    }

    /// Moves what fits of the first item into `batch`; answers whether the mailbox is empty now.
    pub(super) fn take(&mut self, batch: &mut Batch, envelope: Envelope) -> bool {
        let Some(item) = self.items.front_mut() else {
            return true;
        };
        let bytes = &self.bytes[self.taken..self.taken + item.len];
        let count = envelope.fitting(bytes, batch.room());
        batch.copy(&bytes[..count]);
        self.taken += count;
        item.len -= count;
        if item.len == 0 {
            self.items.pop_front();
        }
        if self.taken > self.bytes.len() / 2 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.items.is_empty()
    }

    /// Both, in order. An event that stands in both is taken once; of what else stands at the same
    /// place, both are.
    pub(super) fn merge(self, other: Self) -> Self {
        let mut merged =
            Self { bytes: Vec::with_capacity(self.len() + other.len()), ..Self::default() };
        let (mut at, mut other_at) = (self.taken, other.taken);
        let mut others = other.items.iter().peekable();
        for item in &self.items {
            while let Some(earlier) = others.next_if(|other| other.place < item.place) {
                let bytes = &other.bytes[other_at..other_at + earlier.len];
                merged.push(earlier.place, |out| out.extend_from_slice(bytes));
                other_at += earlier.len;
            }
            let bytes = &self.bytes[at..at + item.len];
            merged.push(item.place, |out| out.extend_from_slice(bytes));
            at += item.len;
            if let Some(same) = others.next_if(|other| other.place == item.place) {
                let bytes = &other.bytes[other_at..other_at + same.len];
                if !same.place.is_event() {
                    merged.push(same.place, |out| out.extend_from_slice(bytes));
                }
                other_at += same.len;
            }
        }
        for later in others {
            let bytes = &other.bytes[other_at..other_at + later.len];
            merged.push(later.place, |out| out.extend_from_slice(bytes));
            other_at += later.len;
        }
        merged
    }
}
