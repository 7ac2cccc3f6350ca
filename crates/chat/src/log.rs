//! What was published in a room and has not been taken by all of its readers.
//!
//! Invariant: entries stand in the order of their numbers; each is rendered once for all readers
//! of a kind, when the first of them wants it; and what is kept is bounded, whatever readers do.
//!
//! A position is the count of entries before it since the room was made. A reader that stands
//! before [`Log::first`] has missed what lies between.

use std::collections::VecDeque;
use std::sync::Arc;

use service::{Batch, Frame};
use wire::name::Name;

use crate::dialect::{Rendering, Rendition};
use crate::event::MemberId;
use crate::person::Person;
use crate::room::change::Change;
use crate::words::Words;

/// The log of one room.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The position of the first entry kept.
    first: u64,
    entries: VecDeque<Entry>,
    /// What the entries take, without what was rendered.
    bytes: usize,
    rendered: Vec<Rendered>,
    /// The position from which on entries have not been offered to anyone yet.
    fresh: u64,
}

/// Something that happened in a room.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) unix_ms: u64,
    /// Who is not told, because it was their doing.
    pub(crate) author: MemberId,
    pub(crate) what: What,
}

/// What happened, with everybody as they were.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Said {
        by: Arc<Person>,
        words: Words,
    },
    Joined {
        who: Arc<Person>,
        arrival: Arrival,
        /// Why the newcomer does not answer, if it said that it would not.
        away: Option<Arc<str>>,
    },
    Left {
        who: Arc<Person>,
        reason: Option<Arc<str>>,
    },
    /// Left the server, and with it the room.
    Departed {
        who: Arc<Person>,
        reason: Arc<str>,
    },
    Renamed {
        from: Arc<Person>,
        to: Name,
    },
    /// What was said under this number is taken back.
    Redacted {
        by: Arc<Person>,
        seq: u64,
        reason: Option<Arc<str>>,
    },
    /// Empty: there is none any more.
    Topic {
        by: Arc<Person>,
        text: Arc<str>,
    },
    Modes {
        by: Arc<Person>,
        changes: Arc<[Change]>,
    },
    /// Put out of the room.
    Removed {
        by: Arc<Person>,
        who: Name,
        reason: Arc<str>,
    },
    /// Will not answer for a while; or is back.
    Away {
        who: Arc<Person>,
        text: Option<Arc<str>>,
    },
    /// Has said what its real name is.
    Described {
        who: Arc<Person>,
    },
    /// Is seen to come from elsewhere, or as another user.
    Rehosted {
        from: Arc<Person>,
        to: Arc<Person>,
    },
}

/// When a room is told that somebody has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// As it happens.
    Now,
    /// When there is a reason to: the room was too big to be told of each.
    Late,
}

impl Entry {
    /// What keeping it costs, in bytes.
    pub(crate) fn cost(&self) -> usize {
        let text = match &self.what {
            What::Said { words, .. } => words.cost(),
            What::Left { reason, .. } | What::Redacted { reason, .. } => {
                reason.as_ref().map_or(0, |reason| reason.len())
            }
            What::Departed { reason, .. } => reason.len(),
            What::Topic { text, .. } => text.len(),
            What::Modes { changes, .. } => changes.iter().map(Change::cost).sum(),
            What::Removed { reason, .. } => reason.len(),
            What::Joined { away: text, .. } | What::Away { text, .. } => {
                text.as_ref().map_or(0, |text| text.len())
            }
            What::Renamed { .. } | What::Described { .. } | What::Rehosted { .. } => 0,
        };
        size_of::<Self>() + text
    }
}

impl Log {
    /// The position of the first entry kept.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The position after the last entry.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The entry at `position`, if it is kept.
    pub(crate) fn get(&self, position: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(position.checked_sub(self.first)?).ok()?)
    }

    /// The first position whose entry has at least the number `seq`.
    pub(crate) fn position_of(&self, seq: u64) -> u64 {
        self.first + self.entries.partition_point(|entry| entry.seq < seq) as u64
    }

    /// What the entries take, without what was rendered.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends `entry`, and lets go of the oldest ones over `limit_bytes`: of those that readers
    /// have been offered. What has come since stays whatever it takes, which the bound on a turn's
    /// work keeps small; else a burst would reach nobody.
    pub(crate) fn append(&mut self, entry: Entry, limit_bytes: usize) {
        debug_assert!(self.entries.back().is_none_or(|last| last.seq < entry.seq));
        self.bytes += entry.cost();
        self.entries.push_back(entry);
        let rendered: usize = self.rendered.iter().map(Rendered::len).sum();
        let mut over = (self.bytes + rendered).saturating_sub(limit_bytes);
        let mut first = self.first;
        while over > 0 && first < self.fresh {
            let entry = &self.entries[(first - self.first) as usize];
            let rendered: usize = self.rendered.iter().map(|kind| kind.len_at(first)).sum();
            over = over.saturating_sub(entry.cost() + rendered);
            first += 1;
        }
        self.release(first);
    }

    /// The turn ends: all that was appended will now be offered to readers. They go on from other
    /// places than in the turn before, so the runs of that one have served.
    pub(crate) fn offer(&mut self) {
        self.fresh = self.end();
        for rendered in &mut self.rendered {
            rendered.runs = [const { None }; 4];
        }
    }

    /// Lets go of what lies before `position`: everyone has had it, or there is no room for it.
    pub(crate) fn release(&mut self, position: u64) {
        while self.first < position
            && let Some(entry) = self.entries.pop_front()
        {
            self.bytes -= entry.cost();
            self.first += 1;
        }
        for rendered in &mut self.rendered {
            rendered.release(self.first);
        }
    }

    /// Whether it holds more memory than a room keeps that is at rest.
    pub(crate) fn is_swollen(&self) -> bool {
        self.entries.capacity() > Self::KEPT_ENTRIES
            || self.rendered.iter().any(|kind| kind.text.capacity() > Rendered::KEPT_BYTES)
    }

    /// Nothing is being published, and everybody has had what lies before `position`: that is let
    /// go, and if it was all, so is the memory that it took. Answers whether it was all.
    pub(crate) fn rest(&mut self, position: u64) -> bool {
        self.release(position);
        if !self.entries.is_empty() {
            return false;
        }
        self.entries.shrink_to(Self::KEPT_ENTRIES);
        self.rendered.iter_mut().for_each(Rendered::rest);
        true
    }

    /// A room at rest keeps no more memory than for so many entries, whether it holds any or not.
    const KEPT_ENTRIES: usize = 8;

    /// A part of a run is shared if it is at least this fraction of it, and else copied. So what
    /// waits to be sent keeps no more than this many times itself in memory.
    const SHARED_FRACTION: usize = 8;

    /// Puts the entries from `from` up to `to` into `batch`, as far as its room allows but at least
    /// one. Answers the position after them.
    ///
    /// What is more than a few lines is a part of a frame that all readers share: who has spoken
    /// in the middle of it gets two parts, and its own words are in neither. What is little beside
    /// all that stands there (for who reads other rooms too, and gets a bit of each in turn) is
    /// copied: a share in it would keep all of it for as long as this reader is slow.
    pub(crate) fn deliver(
        &mut self,
        rendition: Rendition,
        rendering: &Rendering<'_>,
        from: u64,
        to: u64,
        batch: &mut Batch,
    ) -> u64 {
        debug_assert!(self.first <= from && from < to && to <= self.end());
        let place = match self.rendered.iter().position(|kind| kind.rendition == rendition) {
            Some(place) => place,
            None => {
                self.rendered.push(Rendered::new(rendition, from));
                self.rendered.len() - 1
            }
        };
        let rendered = &mut self.rendered[place];
        let room = batch.room();
        rendered.render(&self.entries, self.first, rendering, from, to, room);
        let to = rendered.up_to(from, to, room);
        let bytes = rendered.bytes(from, to);
        if bytes.len() <= Batch::COPY_BYTES {
            batch.copy(bytes);
            return to;
        }
        let end = self.end();
        let rendered = &mut self.rendered[place];
        if rendered.run_at(from).is_none() {
            // Others will want what stands behind `to`, even if this reader does not.
            rendered.render(&self.entries, self.first, rendering, from, end, room);
            let run_end = rendered.up_to(from, end, room);
            let bytes = rendered.bytes(from, to);
            if bytes.len() * Self::SHARED_FRACTION < rendered.bytes(from, run_end).len() {
                batch.copy(bytes);
                return to;
            }
            rendered.share(from, run_end);
        }
        let Part { run, start, end, to } = rendered.part(from, to);
        if (end - start) * Self::SHARED_FRACTION < run.len() {
            batch.copy(&run[start..end]);
        } else {
            batch.push_part(run, start, end);
        }
        to
    }
}

/// Entries as one kind of reader sees them, end to end.
#[derive(Debug)]
struct Rendered {
    rendition: Rendition,
    /// The position of the first entry rendered.
    first: u64,
    /// Where each entry ends, counted from where `text` once began.
    ends: VecDeque<u64>,
    /// Where the first entry begins, counted likewise.
    start: u64,
    /// The rendered entries, behind `gone` bytes of ones let go.
    text: Vec<u8>,
    gone: usize,
    /// The runs last handed out: readers that stand near each other want parts of the same one.
    runs: [Option<Run>; 4],
    next_run: usize,
}

#[derive(Clone, Debug)]
struct Run {
    from: u64,
    to: u64,
    frame: Frame,
}

/// What of a run a reader gets.
struct Part<'r> {
    run: &'r Frame,
    /// From this byte of it,
    start: usize,
    /// to this.
    end: usize,
    /// The position after it.
    to: u64,
}

impl Rendered {
    fn new(rendition: Rendition, first: u64) -> Self {
        Self {
            rendition,
            first,
            ends: VecDeque::new(),
            start: 0,
            text: Vec::new(),
            gone: 0,
            runs: [const { None }; 4],
            next_run: 0,
        }
    }

    /// Forgets what was rendered, and begins with the entry at `first`.
    fn begin_at(&mut self, first: u64) {
        (self.first, self.start, self.gone) = (first, 0, 0);
        self.ends.clear();
        self.text.clear();
        self.runs = [const { None }; 4];
    }

    fn end(&self) -> u64 {
        self.first + self.ends.len() as u64
    }

    fn len(&self) -> usize {
        self.text.len()
    }

    /// Where the entry at `position` begins in the count of `ends`.
    fn begins(&self, position: u64) -> u64 {
        match position - self.first {
            0 => self.start,
            n => self.ends[n as usize - 1],
        }
    }

    fn len_at(&self, position: u64) -> usize {
        if position < self.first || position >= self.end() {
            return 0;
        }
        (self.begins(position + 1) - self.begins(position)) as usize
    }

    /// Renders what is missing between `from` and `to`, until `enough` bytes lie there.
    fn render(
        &mut self,
        entries: &VecDeque<Entry>,
        first: u64,
        rendering: &Rendering<'_>,
        from: u64,
        to: u64,
        enough: usize,
    ) {
        if from < self.first || self.ends.is_empty() {
            // A reader further behind than all before it: begin again from there. The place where
            // rendering begins only ever moves back so, until it is let go.
            self.begin_at(from);
        }
        let begin = self.end();
        for position in begin..to {
            if position > from && (self.begins(position) - self.begins(from)) as usize >= enough {
                return;
            }
            let entry = &entries[(position - first) as usize];
            let before = self.text.len();
            rendering.render(self.rendition, entry, &mut self.text);
            let end = self.begins(position) + (self.text.len() - before) as u64;
            self.ends.push_back(end);
        }
    }

    /// How far from `from` towards `to` one gets within `room` bytes; at least one entry.
    fn up_to(&self, from: u64, to: u64, room: usize) -> u64 {
        let to = to.min(self.end());
        let limit = self.begins(from) + room as u64;
        if self.begins(to) <= limit {
            return to;
        }
        let fitting = self.ends.partition_point(|&end| end <= limit) as u64;
        (self.first + fitting).clamp(from + 1, to)
    }

    fn bytes(&self, from: u64, to: u64) -> &[u8] {
        let place = |at: u64| (at - self.start) as usize + self.gone;
        &self.text[place(self.begins(from))..place(self.begins(to))]
    }

    /// The run that the entry at `position` is in.
    fn run_at(&self, position: u64) -> Option<&Run> {
        self.runs.iter().flatten().find(|run| run.from <= position && position < run.to)
    }

    /// Makes a run of the entries from `from` to `to`.
    fn share(&mut self, from: u64, to: u64) {
        let frame = Frame::from(self.bytes(from, to));
        self.runs[self.next_run] = Some(Run { from, to, frame });
        self.next_run = (self.next_run + 1) % self.runs.len();
    }

    /// The entries from `from`, which is in a run, towards `to` as far as that goes.
    fn part(&self, from: u64, to: u64) -> Part<'_> {
        let run = self.run_at(from).expect("it is in one");
        let (to, begin) = (to.min(run.to), self.begins(run.from));
        let place = |at: u64| (self.begins(at) - begin) as usize;
        Part { run: &run.frame, start: place(from), end: place(to), to }
    }

    fn release(&mut self, first: u64) {
        while self.first < first
            && let Some(end) = self.ends.pop_front()
        {
            self.gone += (end - self.start) as usize;
            self.start = end;
            self.first += 1;
        }
        for run in &mut self.runs {
            if run.as_ref().is_some_and(|run| run.from < first) {
                *run = None;
            }
        }
        if self.ends.is_empty() {
            self.first = self.first.max(first);
            self.gone = 0;
            self.text.clear();
        } else if self.gone > self.text.len() / 2 {
            self.text.drain(..self.gone);
            self.gone = 0;
        }
    }

    fn rest(&mut self) {
        self.text.shrink_to(Self::KEPT_BYTES);
        self.ends.shrink_to(Log::KEPT_ENTRIES);
    }

    /// A room at rest keeps no more memory than for so many bytes, whether there are any or not.
    const KEPT_BYTES: usize = 1024;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, Scene};
    use crate::framing::Framing;
    use crate::words::Manner;

    #[test]
    fn what_a_burst_took_is_given_back_once_all_have_had_it() {
        let mut log = Log::default();
        let words = Words::plain(Manner::Say, &"x".repeat(100));
        let what = What::Said { by: Person::guest(1), words };
        let author = service::Key::new(1, 0);
        for seq in 1..=5000 {
            log.append(Entry { seq, unix_ms: 0, author, what: what.clone() }, usize::MAX);
        }
        log.offer();
        let (room, scene) = ("#tea".parse().unwrap(), Scene::bare());
        let rendering = Rendering { room: &room, scene: &scene };
        let mut batch = Batch::full_with(1 << 20);
        let end = log.deliver(
            Dialect::Undecided.rendition(author, &Framing::default()),
            &rendering,
            0,
            5000,
            &mut batch,
        );
        assert_eq!(end, 5000);
        assert!(!log.rest(4999), "one is left");
        assert!(log.is_swollen());
        assert!(log.rest(5000));
        assert!(!log.is_swollen());
        assert_eq!(log.bytes(), 0);
        assert!(batch.len() > 500_000, "what is on its way is not touched");
    }
}
