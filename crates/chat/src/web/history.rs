//! What was said in a room: on coming in, page by page, and looked through.
//!
//! Invariant: only who is in a room reads what was said there; an answer is bounded in lines and in
//! bytes, and so is the work of looking for something.

use service::Key;

use super::message::{Code, Message};
use super::render;
use crate::dialect::Rendering;
use crate::event::RoomId;
use crate::history::{Point, Prefer, Query, Scope, Search, Span};
use crate::irc::render::MessageId;
use crate::log::{Entry, What};
use crate::outbox::Place;
use crate::room::Room;
use crate::switchboard::Switchboard;

impl Switchboard {
    /// Tells `key`, who has come into the room `id`, what there is of it, behind what it `had`.
    pub(super) fn send_room(&mut self, key: Key, id: RoomId, place: Place, had: Option<&str>) {
        let Some(room) = self.state.rooms.get(id) else {
            return;
        };
        let limits = &self.settings.limits;
        let after = had.and_then(|had| MessageId::seq(&self.scene, had));
        let gap = had.is_some() && after.is_none_or(|seq| seq < self.state.kept_since(id));
        let count = limits.web_replay_lines;
        let span = Span::Latest(after.map(Point::Seq));
        let (entries, more) = self.page(id, span, count);
        let name = room.name.clone();
        let rendering = Rendering { room: &name, scene: &self.scene };
        let token = self.web(key).and_then(|client| client.token);
        let read = token.and_then(|token| self.common.resumes().read(token, &name));
        let redacted = after.map_or(Vec::new(), |after| self.state.redacted_since(id, after));
        let mut out = Vec::new();
        Message::Room {
            room: name.as_str(),
            topic: topic(room),
            who: self.who(key, id),
            messages: messages(&rendering, &entries),
            more,
            gap,
            redacted: redacted.into_iter().map(|seq| MessageId::new(&self.scene, seq)).collect(),
            read: read.map(|seq| MessageId::new(&self.scene, seq)),
        }
        .write(&mut out);
        self.turn_left = self.turn_left.saturating_sub(out.len());
        self.mail(key, place, |all| all.append(&mut out));
    }

    /// `key` wants to see what was said in `room`.
    pub(super) fn answer_web_history(
        &mut self,
        key: Key,
        room: &str,
        (before, after): (Option<&str>, Option<&str>),
        count: Option<usize>,
    ) {
        let Some(id) = self.own_web_room(key, room) else {
            return;
        };
        let Ok(before) = self.point(key, before) else {
            return;
        };
        let Ok(after) = self.point(key, after) else {
            return;
        };
        let span = match (after, before) {
            (None, None) => Span::Latest(None),
            (None, Some(before)) => Span::Before(before),
            (Some(after), None) => Span::After(after),
            (Some(after), Some(before)) => Span::Between(after, before),
        };
        let most = self.settings.limits.web_history_lines;
        let (entries, more) = self.page(id, span, count.unwrap_or(most / 2).clamp(1, most));
        let kept_since = self.state.kept_since(id);
        let gap = matches!(after, Some(Point::Seq(seq)) if seq < kept_since);
        let n = self.answers(key);
        self.send_past(key, id, &entries, |room, messages| Message::History {
            n,
            room,
            messages,
            more,
            gap,
        });
    }

    /// `key` wants to see what was said in `room` with `text` in it.
    pub(super) fn answer_web_search(
        &mut self,
        key: Key,
        room: &str,
        text: &str,
        before: Option<&str>,
    ) {
        let Some(id) = self.own_web_room(key, room) else {
            return;
        };
        let Ok(before) = self.point(key, before) else {
            return;
        };
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            let text = "There is nothing to look for. Nothing was done.";
            return self.refuse_web(key, Code::Empty, text);
        }
        let limits = &self.settings.limits;
        let before = match before {
            Some(Point::Seq(seq)) => Some(seq),
            Some(Point::Time(_)) | None => None,
        };
        let (count, bytes) = (limits.web_found_lines, limits.web_search_bytes);
        let found = self.state.search(id, &Search { text: &text, before, count, bytes });
        self.turn_left = self.turn_left.saturating_sub(found.looked_through);
        let fitting = fitting(&found.entries, self.most_bytes(), Prefer::First);
        let cut = found.entries.get(fitting.len()).is_some();
        let next = match fitting.last() {
            Some(last) if cut => Some(last.seq),
            _ => found.next,
        };
        let next = next.map(|seq| MessageId::new(&self.scene, seq));
        let (n, more) = (self.answers(key), next.is_some());
        self.send_past(key, id, fitting, |room, messages| Message::Found {
            n,
            room,
            messages,
            more,
            next,
        });
    }

    /// At most `count` entries of `span` that fit an answer, and whether there are more in the
    /// direction it looks in.
    fn page(&self, id: RoomId, span: Span, count: usize) -> (Vec<Entry>, bool) {
        let mut entries =
            self.state.past(id, &Query { scope: Scope::Said, span, count: count + 1 });
        if entries.is_empty() {
            return (entries, false);
        }
        let prefer = span.prefers(&entries);
        let mut more = entries.len() > count;
        if more {
            match prefer {
                Prefer::First | Prefer::Middle => entries.truncate(count),
                Prefer::Last => drop(entries.drain(..entries.len() - count)),
            }
        }
        let (fits, all) = (fitting(&entries, self.most_bytes(), prefer).len(), entries.len());
        more |= fits < all;
        match prefer {
            Prefer::First | Prefer::Middle => entries.truncate(fits),
            Prefer::Last => drop(entries.drain(..all - fits)),
        }
        (entries, more)
    }

    /// What entries of one answer may cost: what stands around them is little beside that.
    fn most_bytes(&self) -> usize {
        let limits = &self.settings.limits;
        limits.history_answer_bytes.min(limits.mailbox_close_bytes / 4)
    }

    /// Tells `key` some of what was said in the room `id`.
    fn send_past(
        &mut self,
        key: Key,
        id: RoomId,
        entries: &[Entry],
        answer: impl for<'a> FnOnce(&'a str, Vec<Message<'a>>) -> Message<'a>,
    ) {
        let Some(room) = self.state.rooms.get(id) else {
            return;
        };
        let rendering = Rendering { room: &room.name, scene: &self.scene };
        let mut out = Vec::new();
        answer(room.name.as_str(), messages(&rendering, entries)).write(&mut out);
        self.turn_left = self.turn_left.saturating_sub(out.len());
        self.mail(key, Place::after(self.trunk.last_seq()), |all| all.append(&mut out));
    }

    /// The place in the order that an id stands for; if it is none, `key` is told.
    fn point(&mut self, key: Key, id: Option<&str>) -> Result<Option<Point>, ()> {
        let Some(id) = id else {
            return Ok(None);
        };
        match MessageId::seq(&self.scene, id) {
            Some(seq) => Ok(Some(Point::Seq(seq))),
            None => {
                self.refuse_web_id(key);
                Err(())
            }
        }
    }

    /// What `key` has given as the id of a message is none of this run of the server's.
    pub(super) fn refuse_web_id(&mut self, key: Key) {
        let text = "That is no id of this run of the server. Nothing was done. Ask without it.";
        self.refuse_web(key, Code::NoSuchMessage, text);
    }

    /// `key` has read in `room` up to this message.
    pub(super) fn note_web_read(&mut self, key: Key, room: &str, id: &str) {
        let Some(room) = self.own_web_room(key, room) else {
            return;
        };
        // Nobody has read what is still to come.
        let seq = MessageId::seq(&self.scene, id).filter(|&seq| seq <= self.trunk.last_seq());
        let (Some(seq), Some(room)) = (seq, self.state.rooms.get(room)) else {
            return self.refuse_web_id(key);
        };
        let most = self.settings.limits.read_markers;
        if let Some(token) = self.web(key).and_then(|client| client.token)
            && !self.common.resumes().note_read(token, room.name.as_str(), seq, most)
        {
            let text = format!("For {most} rooms it is kept how far you have read, for no more.");
            self.refuse_web(key, Code::TooMany, &text);
        }
    }
}

/// Those of `entries` that fit, from the beginning or from the end.
fn fitting(entries: &[Entry], most_bytes: usize, prefer: Prefer) -> &[Entry] {
    let mut cost = 0;
    let mut fits = |entry: &&Entry| {
        let more = entry.cost();
        let fits = cost + more <= most_bytes;
        cost += if fits { more } else { 0 };
        fits
    };
    match prefer {
        Prefer::First | Prefer::Middle => {
            let count = entries.iter().take_while(&mut fits).count();
            &entries[..count]
        }
        Prefer::Last => {
            let count = entries.iter().rev().take_while(&mut fits).count();
            &entries[entries.len() - count..]
        }
    }
}

fn messages<'a>(rendering: &Rendering<'a>, entries: &'a [Entry]) -> Vec<Message<'a>> {
    let said = entries.iter().filter(|entry| matches!(entry.what, What::Said { .. }));
    said.filter_map(|entry| render::message(rendering, entry)).collect()
}

/// What a room is about; empty: nothing says so.
pub(super) fn topic(room: &Room) -> std::borrow::Cow<'_, str> {
    room.topic.as_ref().map_or("".into(), |topic| wire::text::clean(&topic.text))
}
