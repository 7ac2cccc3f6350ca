//! What one connection alone is sent, and what follows from how much of it waits.
//!
//! Invariant: whoever is sent something is asked to take it, once; and whose mail waits beyond a bound
//! is not received from until it has read, or, beyond another, is put out.
//!
//! The mailbox itself is in [`outbox`](crate::outbox).

use std::fmt;

use service::Key;
use smallvec::SmallVec;
use wire::name::RoomName;

use super::consequences::Settling;
use super::{Ask, Switchboard};
use crate::dialect::Dialect;
use crate::ending::Wherefore;
use crate::event::RoomId;
use crate::outbox::Place;
use crate::plain::render::Lines;
use crate::session::{Flush, Receiving, Stage};

impl Switchboard {
    /// Tells `key` something about its connection, in whatever dialect.
    pub(crate) fn notify(&mut self, key: Key, what: impl fmt::Display) {
        match self.sessions.get(key).map(|session| &session.dialect) {
            Some(Dialect::Irc(_)) => self.reply(key, |to| to.notice(what)),
            Some(Dialect::Plain(_) | Dialect::Undecided | Dialect::Web(_)) => {
                self.tell(key, |to| to.line(what));
            }
            Some(Dialect::Http(_)) | None => {}
        }
    }

    /// Lets `write` say something to `key` alone, after all that has happened so far, if it reads
    /// plain lines.
    pub(crate) fn tell(&mut self, key: Key, write: impl FnOnce(&mut Lines<'_>)) {
        let newline = match self.sessions.get(key).map(|session| &session.dialect) {
            Some(dialect @ (Dialect::Plain(_) | Dialect::Undecided)) => dialect.newline(),
            Some(Dialect::Web(_)) => return self.tell_web_lines(key, write),
            Some(Dialect::Irc(_) | Dialect::Http(_)) | None => return,
        };
        let place = Place::after(self.trunk.last_seq());
        self.mail(key, place, |out| write(&mut Lines { out, newline }));
    }

    /// Lets `write` append to what is sent to `key` alone, at `place`.
    pub(crate) fn mail(&mut self, key: Key, place: Place, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(session) = self.sessions.get_mut(key)
            && session.stage != Stage::Closing
            && !session.framing.has_ended()
        {
            let envelope = session.framing.envelope();
            session.outbox.mail(place, |out| {
                let from = out.len();
                write(out);
                envelope.enclose(out, from);
            });
            self.posted(key);
        }
    }

    /// Something was put into the mailbox of `key`.
    pub(crate) fn posted(&mut self, key: Key) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let waiting = session.outbox.mail_bytes();
        if waiting > 0 && session.flush == Flush::Idle {
            session.flush = Flush::Asked;
            self.requests.push_back((key, Ask::Flush));
        }
        let limits = &self.settings.limits;
        if waiting > limits.mailbox_close_bytes
            && session.stage != Stage::Closing
            && (waiting > limits.operator_mailbox_close_bytes || !self.state.is_operator(key))
        {
            match self.settling {
                Settling::No => return self.close_slow(key),
                Settling::Event | Settling::Ends => self.put_out_later(key, Wherefore::Slow),
            }
        }
        self.update_receiving(key);
    }

    /// Asks the engine to receive from `key`, or not to, if that has changed.
    pub(crate) fn update_receiving(&mut self, key: Key) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let mark = self.settings.limits.mailbox_pause_bytes;
        let waiting = session.outbox.mail_bytes();
        let wanted = match session.receiving {
            _ if session.stage == Stage::Closing => return,
            _ if session.held.is_some() || waiting > mark => Receiving::Paused,
            // Once paused, half the mark must be reached: no switching back and forth.
            Receiving::Paused if waiting > mark / 2 => Receiving::Paused,
            Receiving::Paused | Receiving::Resumed => Receiving::Resumed,
        };
        if wanted != session.receiving {
            session.receiving = wanted;
            let ask = match wanted {
                Receiving::Paused => Ask::Pause,
                Receiving::Resumed => Ask::Resume,
            };
            self.requests.push_back((key, ask));
        }
    }

    /// What `key` is owed has been sent: what it sent meanwhile may be taken.
    pub(super) fn note_read(&mut self, key: Key) {
        let (now, mark) = (self.now.time, self.settings.limits.mailbox_pause_bytes);
        if let Some(session) = self.sessions.get_mut(key)
            && session.outbox.mail_bytes() <= mark
            && !session.is_being_answered()
            && let Some(held) = session.held.as_mut()
            && std::mem::replace(&mut held.for_reading, false)
        {
            held.until = now;
            self.arm(key);
        }
    }
}

/// What a reader of a room has not had of it yet, and takes along in its mailbox.
impl Switchboard {
    pub(crate) fn detach(&mut self, key: Key, id: RoomId) {
        if let (Some(session), Some(room)) = (self.sessions.get_mut(key), self.state.rooms.get(id))
        {
            let (outbox, view) = session.view(key, &self.scene);
            let limit_bytes = self.settings.limits.mailbox_close_bytes / 2;
            let now = Place::after(self.trunk.last_seq());
            outbox.detach(&view, id, &room.name, &room.log, limit_bytes, now);
            self.posted(key);
        }
    }

    /// What has happened in the room `id`, which `key` goes on reading, keeps the name `old` that it
    /// had. It is sent from the mailbox now, whether anything follows it there or not.
    pub(crate) fn take_along(&mut self, key: Key, id: RoomId, old: &RoomName) {
        if let (Some(session), Some(room)) = (self.sessions.get_mut(key), self.state.rooms.get(id))
        {
            let (outbox, view) = session.view(key, &self.scene);
            let limit_bytes = self.settings.limits.mailbox_close_bytes / 2;
            let now = Place::after(self.trunk.last_seq());
            outbox.take_along(&view, id, old, &room.log, limit_bytes, now);
            self.posted(key);
        }
    }

    /// What has happened and `key` has not been sent yet keeps the look it has now, whatever `key`
    /// asks for next. (Where it is too much for the mailbox, that is met as ever.)
    pub(crate) fn keep_the_look_of_what_waits(&mut self, key: Key) {
        let now = Place::after(self.trunk.last_seq());
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let rooms: SmallVec<[RoomId; 4]> = session.outbox.rooms().collect();
        for id in rooms {
            if let Some(room) = self.state.rooms.get(id)
                && session.outbox.position(id).is_some_and(|next| next >= room.log.first())
            {
                let (outbox, view) = session.view(key, &self.scene);
                outbox.take_along(&view, id, &room.name, &room.log, usize::MAX, now);
            }
        }
        self.posted(key);
    }
}
