//! What one member has not been sent yet.
//!
//! Invariant: a reader gets everything meant for it once, in the one order: as if each had a queue
//! of its own into which everything was put when it happened. Only that there is no queue: a room
//! is read through a cursor, and what is meant for one reader alone lies in its mailbox.

mod mailbox;

use std::io::Write;

use service::{Batch, Slab};
use smallvec::SmallVec;
use wire::irc::Line;
use wire::name::RoomName;

use crate::dialect::{Dialect, Rendering, Rendition, Scene};
use crate::event::{MemberId, RoomId};
use crate::framing::Framing;
use crate::log::Log;
use crate::room::Room;
use crate::web::Message;

use mailbox::Mailbox;
pub(crate) use mailbox::Place;

/// A mailbox and a cursor for each room.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    mailbox: Option<Box<Mailbox>>,
    cursors: SmallVec<[Cursor; 1]>,
    /// The number of the last event of the member's own: which it is not told of.
    last_own: u64,
}

#[derive(Clone, Copy, Debug)]
struct Cursor {
    room: RoomId,
    /// The position of the entry to read next.
    next: u64,
}

/// What a reader looks through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) me: MemberId,
    pub(crate) dialect: &'a Dialect,
    pub(crate) framing: &'a Framing,
    pub(crate) scene: &'a Scene,
}

impl View<'_> {
    /// How entries of `room` are rendered for this reader.
    fn rendition(&self, room: RoomId) -> Rendition {
        self.dialect.rendition(room, self.framing)
    }
}

/// What [`Outbox::fill`] has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    /// Entries put into the batch.
    pub(crate) lines: u64,
    /// Entries that are no longer kept.
    pub(crate) missed: u64,
}

impl Outbox {
    /// Begins to read `room` from `position` on.
    pub(crate) fn attach(&mut self, room: RoomId, position: u64) {
        debug_assert!(self.position(room).is_none());
        self.cursors.push(Cursor { room, next: position });
    }

    /// Where in `room` this reader stands, if it reads there.
    pub(crate) fn position(&self, room: RoomId) -> Option<u64> {
        self.cursors.iter().find(|cursor| cursor.room == room).map(|cursor| cursor.next)
    }

    /// The room joined last, of those still read.
    pub(crate) fn latest_room(&self) -> Option<RoomId> {
        self.cursors.last().map(|cursor| cursor.room)
    }

    /// The rooms read, in the order in which they were joined.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = RoomId> + '_ {
        self.cursors.iter().map(|cursor| cursor.room)
    }

    /// Ends reading `room`, at the place `now`. What was published there and has not been sent yet
    /// moves to the mailbox, to its place: it still arrives, the latest `limit_bytes` of it.
    pub(crate) fn detach(
        &mut self,
        view: &View<'_>,
        id: RoomId,
        name: &RoomName,
        log: &Log,
        limit_bytes: usize,
        now: Place,
    ) {
        let Some(index) = self.cursors.iter().position(|cursor| cursor.room == id) else {
            return;
        };
        let cursor = self.cursors.remove(index);
        let (mut from, mut bytes) = (log.end(), 0);
        while from > cursor.next
            && let Some(entry) = log.get(from - 1)
            && bytes + entry.cost() <= limit_bytes
        {
            bytes += entry.cost();
            from -= 1;
        }
        let mut moved = Mailbox::default();
        let rendering = Rendering { room: name, scene: view.scene };
        let missed = from - cursor.next;
        if missed > 0 {
            // At a place of its own: the first line that is left may be one that another room
            // has brought already.
            let place = log.get(from).map_or(now, |entry| Place::before(entry.seq));
            moved.push(place, |out| write_missed(missed, name, view, out));
        }
        for position in from..log.end() {
            let Some(entry) = log.get(position) else {
                continue;
            };
            moved.push(Place::event(entry.seq), |out| {
                if entry.author != view.me {
                    rendering.render(view.rendition(id), entry, out);
                }
            });
        }
        self.mailbox = match self.mailbox.take() {
            Some(mailbox) => Some(Box::new(mailbox.merge(moved))),
            None if moved.is_empty() => None,
            None => Some(Box::new(moved)),
        };
    }

    /// The room `id`, which this reader goes on reading, was called `old` up to here: what has not
    /// been sent yet moves to the mailbox, where it keeps that name.
    pub(crate) fn take_along(
        &mut self,
        view: &View<'_>,
        id: RoomId,
        old: &RoomName,
        log: &Log,
        limit_bytes: usize,
        now: Place,
    ) {
        if let Some(index) = self.cursors.iter().position(|cursor| cursor.room == id) {
            self.detach(view, id, old, log, limit_bytes, now);
            self.cursors.insert(index, Cursor { room: id, next: log.end() });
        }
    }

    /// Forgets everything: nothing that happened is of interest to this reader any more.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Notes that the event with this number is the member's own.
    pub(crate) fn note_own(&mut self, seq: u64) {
        self.last_own = seq;
    }

    /// Lets `write` append something for this reader alone, at `place`, which is not before that
    /// of anything in the mailbox.
    pub(crate) fn mail(&mut self, place: Place, write: impl FnOnce(&mut Vec<u8>)) {
        self.mailbox.get_or_insert_default().push(place, write);
    }

    /// Bytes in the mailbox.
    pub(crate) fn mail_bytes(&self) -> usize {
        self.mailbox.as_ref().map_or(0, |mailbox| mailbox.len())
    }

    /// Puts what comes next into `batch`, in order, until that is full or nothing is left.
    pub(crate) fn fill(
        &mut self,
        view: &View<'_>,
        rooms: &mut Slab<Room>,
        batch: &mut Batch,
    ) -> Filled {
        let mut filled = Filled::default();
        for cursor in &mut self.cursors {
            let Some(room) = rooms.get_mut(cursor.room) else {
                continue;
            };
            let missed = room.log.first().saturating_sub(cursor.next);
            if missed > 0 {
                batch.append(|out| write_missed(missed, &room.name, view, out));
                cursor.next += missed;
                filled.missed += missed;
            }
        }
        while !batch.is_full() {
            let mail = self.mailbox.as_ref().map_or(Place::NEVER, |mailbox| mailbox.head());
            let (index, least, then) = self.heads(rooms, mail);
            if least == Place::NEVER {
                break;
            }
            if mail == least {
                if let Some(mailbox) = &mut self.mailbox
                    && mailbox.take(batch, view.framing.envelope())
                {
                    self.mailbox = None;
                }
                // An event in the mailbox may stand in rooms that are still read, too.
                self.pass_over(rooms, least);
                continue;
            }
            let cursor = &mut self.cursors[index];
            let Some(room) = rooms.get_mut(cursor.room) else {
                break;
            };
            let log = &mut room.log;
            let own = |log: &Log, position| log.get(position).is_some_and(|e| e.author == view.me);
            let mut to = if then == least {
                cursor.next + 1
            } else if then == Place::NEVER {
                log.end()
            } else {
                log.position_of(then.0.div_ceil(2))
            };
            if least <= Place::event(self.last_own) {
                // Somewhere ahead the member's own words stand: up to there, and over them.
                if own(log, cursor.next) {
                    self.pass_over(rooms, least);
                    continue;
                }
                to = (cursor.next + 1..to).find(|&at| own(log, at)).unwrap_or(to);
            }
            let rendering = Rendering { room: &room.name, scene: view.scene };
            let rendition = view.rendition(cursor.room);
            let from = cursor.next;
            cursor.next = log.deliver(rendition, &rendering, from, to, batch);
            filled.lines += cursor.next - from;
            if then == Place::NEVER && cursor.next == log.end() {
                // Nobody else has anything, and this was all: as it is for most readers of most lines.
                break;
            }
            if then == least {
                self.pass_over(rooms, least);
            }
        }
        filled
    }

    /// Which cursor stands at the least place, that place (which may be the mail's), and the least
    /// of the other sources.
    fn heads(&self, rooms: &Slab<Room>, mail: Place) -> (usize, Place, Place) {
        let (mut index, mut least, mut then) = (usize::MAX, mail, Place::NEVER);
        for (at, cursor) in self.cursors.iter().enumerate() {
            let entry = rooms.get(cursor.room).and_then(|room| room.log.get(cursor.next));
            let place = entry.map_or(Place::NEVER, |entry| Place::event(entry.seq));
            if place < least {
                (index, then, least) = (at, least, place);
            } else {
                then = then.min(place);
            }
        }
        (index, least, then)
    }

    /// Moves every cursor that stands at `place` on: an event that reaches a reader through several
    /// rooms arrives once.
    fn pass_over(&mut self, rooms: &Slab<Room>, place: Place) {
        for cursor in &mut self.cursors {
            let entry = rooms.get(cursor.room).and_then(|room| room.log.get(cursor.next));
            if entry.is_some_and(|entry| Place::event(entry.seq) == place) {
                cursor.next += 1;
            }
        }
    }
}

fn write_missed(missed: u64, room: &RoomName, view: &View<'_>, out: &mut Vec<u8>) {
    let lines = crate::plain::phrases::Count(missed, "line");
    let what = format_args!("You missed {lines} in {room}: your connection was too slow.");
    if let Dialect::Irc(_) = view.dialect {
        let from = out.len();
        let line = Line::new(out).source(&view.scene.server).command("NOTICE");
        line.param("*").trailing(what).end();
        return view.framing.envelope().enclose(out, from);
    }
    if let Dialect::Web(_) = view.dialect {
        let (from, room) = (out.len(), room.as_str());
        Message::Missed { room, count: missed }.write(out);
        return view.framing.envelope().enclose(out, from);
    }
    write!(out, "*** {what}").expect("a vector takes all");
    out.extend_from_slice(view.dialect.newline().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Entry, What};
    use crate::person::Person;
    use crate::plain::render::{Form, Reader};
    use crate::words::{Manner, Words};
    use proptest::prelude::*;
    use service::Key;
    use wire::name::RoomName;

    const ROOMS: usize = 3;

    #[derive(Clone, Debug)]
    enum Step {
        /// Somebody speaks in these rooms at once (as a change of name does); 0 is the reader.
        Publish {
            rooms: [bool; ROOMS],
            author: u32,
            len: usize,
        },
        Join(usize),
        Leave(usize),
        Mail {
            len: usize,
        },
        /// The reader takes one batch, in which so much is taken already.
        Fill {
            used: usize,
        },
        /// Everybody has taken what the reader has taken.
        Release(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let len = prop_oneof![4 => 1usize..40, 1 => 300usize..2000, 1 => Just(40_000)];
        prop_oneof![
            6 => (any::<[bool; ROOMS]>(), 0u32..3, len.clone())
                .prop_map(|(rooms, author, len)| Step::Publish { rooms, author, len }),
            1 => (0..ROOMS).prop_map(Step::Join),
            1 => (0..ROOMS).prop_map(Step::Leave),
            2 => len.prop_map(|len| Step::Mail { len }),
            2 => prop_oneof![Just(0), 0..Batch::FULL_BYTES].prop_map(|used| Step::Fill { used }),
            1 => (0..ROOMS).prop_map(Step::Release),
        ]
    }

    /// An outbox beside the queue it stands for.
    struct Both {
        rooms: Slab<Room>,
        ids: Vec<RoomId>,
        outbox: Outbox,
        seq: u64,
        /// All that the reader is owed, when it happened.
        queue: Vec<u8>,
        got: Vec<u8>,
    }

    const ME: MemberId = Key::new(0, 0);

    impl Both {
        fn new() -> Self {
            let mut rooms = Slab::default();
            let name = |n| format!("#{n}").parse::<RoomName>().unwrap();
            let ids = (0..ROOMS).map(|n| rooms.insert(Room::new(name(n), 0, 0))).collect();
            let outbox = Outbox::default();
            Self { rooms, ids, outbox, seq: 0, queue: Vec::new(), got: Vec::new() }
        }

        fn with_view<T>(&mut self, f: impl FnOnce(&mut Self, &View<'_>) -> T) -> T {
            let reader = Reader { form: Form::Bare, ..Reader::default() };
            let dialect = Dialect::Plain(reader);
            f(
                self,
                &View {
                    me: ME,
                    dialect: &dialect,
                    framing: &Framing::default(),
                    scene: &Scene::bare(),
                },
            )
        }

        fn take(&mut self, step: &Step) {
            match *step {
                Step::Publish { rooms, author, len } => self.publish(rooms, author, len),
                Step::Join(n) => {
                    let id = self.ids[n];
                    if self.outbox.position(id).is_none() {
                        self.outbox.attach(id, self.rooms.get(id).unwrap().log.end());
                    }
                }
                Step::Leave(n) => self.with_view(|both, view| {
                    let id = both.ids[n];
                    let now = Place::after(both.seq);
                    let Room { name, log, .. } = both.rooms.get(id).unwrap();
                    both.outbox.detach(view, id, name, log, usize::MAX, now);
                }),
                Step::Mail { len } => {
                    let text = format!("mail after {}{}\n", self.seq, "m".repeat(len));
                    self.queue.extend_from_slice(text.as_bytes());
                    let place = Place::after(self.seq);
                    self.outbox.mail(place, |out| out.extend_from_slice(text.as_bytes()));
                }
                Step::Fill { used } => {
                    self.fill(used);
                }
                Step::Release(n) => {
                    let id = self.ids[n];
                    if let Some(position) = self.outbox.position(id) {
                        self.rooms.get_mut(id).unwrap().log.release(position);
                    }
                }
            }
        }

        fn publish(&mut self, rooms: [bool; ROOMS], author: u32, len: usize) {
            self.seq += 1;
            let author = Key::new(author, 0);
            let text = format!("event {}{}", self.seq, "e".repeat(len));
            let mut reaches = false;
            for (n, _) in rooms.iter().enumerate().filter(|(_, chosen)| **chosen) {
                let id = self.ids[n];
                let by = Person::guest(1);
                let what = What::Said { by, words: Words::plain(Manner::Say, &text) };
                let entry = Entry { seq: self.seq, unix_ms: 0, author, what };
                self.rooms.get_mut(id).unwrap().log.append(entry, usize::MAX);
                reaches |= self.outbox.position(id).is_some();
            }
            if author == ME {
                self.outbox.note_own(self.seq);
            } else if reaches {
                self.queue.extend_from_slice(text.as_bytes());
                self.queue.push(b'\n');
            }
        }

        /// Takes a batch; answers whether there was anything.
        fn fill(&mut self, used: usize) -> bool {
            let mut batch = Batch::default();
            let padding = vec![b' '; used];
            batch.copy(&padding);
            let filled =
                self.with_view(|both, view| both.outbox.fill(view, &mut both.rooms, &mut batch));
            assert_eq!(filled.missed, 0);
            let any = batch.len() > used;
            let start = self.got.len();
            while !batch.is_empty() {
                let mut slices = [std::io::IoSlice::new(&[])];
                batch.slices(&mut slices);
                let count = slices[0].len();
                self.got.extend_from_slice(&slices[0]);
                batch.advance(count);
            }
            self.got.drain(start..start + used);
            any
        }
    }

    proptest! {
        #[test]
        fn it_merges_as_one_queue_for_each_member_would(
            steps in proptest::collection::vec(step(), 0..120),
        ) {
            let mut both = Both::new();
            for step in &steps {
                both.take(step);
                let got = String::from_utf8_lossy(&both.got).into_owned();
                prop_assert!(both.queue.starts_with(&both.got), "got {got:?}");
            }
            while both.fill(0) {}
            prop_assert_eq!(both.got, both.queue);
        }
    }

    #[test]
    fn who_gets_a_bit_of_each_of_many_rooms_keeps_no_more_of_them_than_that() {
        let mut both = Both::new();
        let ids = both.ids.clone();
        for &id in &ids {
            both.outbox.attach(id, 0);
        }
        for n in 0..600 {
            let mut rooms = [false; ROOMS];
            rooms[n % ROOMS] = true;
            both.publish(rooms, 2, 600);
        }
        let dialect = Dialect::Plain(Reader { form: Form::Bare, ..Reader::default() });
        let view =
            View { me: ME, dialect: &dialect, framing: &Framing::default(), scene: &Scene::bare() };
        // Once with nobody else there; and once after others, who each read one room, have made
        // runs of it that they share.
        for other_readers in [false, true] {
            if other_readers {
                for &id in &ids {
                    let mut other = Outbox::default();
                    other.attach(id, 0);
                    let mut batch = Batch::default();
                    other.fill(&view, &mut both.rooms, &mut batch);
                    assert!(batch.len() >= Batch::FULL_BYTES);
                }
            }
            let mut reader = Outbox::default();
            for &id in &ids {
                reader.attach(id, 0);
            }
            let mut batch = Batch::default();
            let filled = reader.fill(&view, &mut both.rooms, &mut batch);
            assert!(filled.lines > 100 && batch.is_full());
            // Towards its end little more has room in it, of which a bit is a good part.
            let mut slices = vec![std::io::IoSlice::new(&[]); 256];
            let pieces = batch.slices(&mut slices);
            assert!(pieces <= 10, "nearly all is copied: {pieces} pieces");
        }
    }

    #[test]
    fn readers_at_the_same_place_share_one_frame() {
        let mut both = Both::new();
        let mut others: Vec<Outbox> = (0..3).map(|_| Outbox::default()).collect();
        let id = both.ids[0];
        for outbox in &mut others {
            outbox.attach(id, 0);
        }
        for _ in 0..64 {
            both.publish([true, false, false], 2, 50);
        }
        let reader = Reader::default();
        let dialect = Dialect::Plain(reader);
        let view =
            View { me: ME, dialect: &dialect, framing: &Framing::default(), scene: &Scene::bare() };
        let addresses: Vec<*const u8> = others
            .iter_mut()
            .map(|outbox| {
                let mut batch = Batch::default();
                assert_eq!(outbox.fill(&view, &mut both.rooms, &mut batch).lines, 64);
                batch.as_slice().expect("one frame").as_ptr()
            })
            .collect();
        assert!(addresses.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
