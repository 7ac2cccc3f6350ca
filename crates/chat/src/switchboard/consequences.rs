//! From what somebody wants to what follows from it: an event is proposed, has its place in the one
//! order, is applied, and has its consequences for the connections of this loop.
//!
//! Invariant: what an event leads to is done before the next is applied; an event that it leads to
//! comes after that, and who is to be put out for it is put out last.
//!
//! What an event changes is decided in [`state`](crate::state); how people are told of it stands in
//! [`plain`](crate::plain), [`irc`](crate::irc) and [`web`](crate::web).

use std::sync::Arc;

use super::Switchboard;
use crate::dialect::Dialect;
use crate::ending::Wherefore;
use crate::event::{Applied, Event, MemberId, Refusal};
use crate::person::Person;
use crate::trunk::Ordered;
use crate::words::Words;

/// Whether the consequences of events are being drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settling {
    No,
    /// Those of one event: others have to wait.
    Event,
    /// Who is to be put out after them is, one by one.
    Ends,
}

impl Switchboard {
    /// Proposes `event`, and lets happen whatever now has its place in the order. What follows from
    /// one event is done before the next: an event that another leads to comes after it.
    pub(crate) fn propose(&mut self, event: Event) {
        if self.settling == Settling::Event {
            return self.proposed.push_back(event);
        }
        self.place(event);
        self.see_to_the_rest();
    }

    /// Lets happen what other loops have proposed.
    pub(crate) fn catch_up(&mut self) {
        self.trunk.catch_up();
        self.carry_out();
        self.see_to_the_rest();
    }

    fn place(&mut self, event: Event) {
        self.trunk.propose(self.now.unix_ms, event);
        self.carry_out();
        if self.trunk.is_full() {
            self.turn_left = 0;
        }
    }

    /// Applies what has its place in the order, and does what follows from it.
    fn carry_out(&mut self) {
        while let Some(ordered) = self.trunk.next() {
            let outcome = self.state.apply(&ordered);
            if let Some(session) = self.sessions.get_mut(ordered.event.member()) {
                session.outbox.note_own(ordered.seq);
            }
            // What others do is no answer to the command being obeyed.
            let others = ordered.by != self.trunk.number();
            let response = if others { self.response.take() } else { None };
            let before = std::mem::replace(&mut self.settling, Settling::Event);
            self.settle(&ordered, &outcome);
            self.settling = before;
            if others {
                self.response = response;
            }
            self.state.close_deserted();
        }
    }

    /// Goes on with what events have led to: events, and in the end that somebody is put out.
    fn see_to_the_rest(&mut self) {
        while let Some(event) = self.proposed.pop_front() {
            self.place(event);
        }
        if self.settling == Settling::No && !self.to_put_out.is_empty() {
            self.settling = Settling::Ends;
            while self.put_out_next() {}
            self.settling = Settling::No;
        }
    }

    /// What follows from an event for the connections of this server: who it is meant for begins or
    /// ends to read, or is told; and its author is answered, in the words of its dialect.
    fn settle(&mut self, ordered: &Ordered, outcome: &Result<Applied, Refusal>) {
        let member = ordered.event.member();
        self.tell_watchers(ordered, outcome);
        match (outcome, &ordered.event) {
            (Ok(Applied::Joined(room)), _) => {
                let end = self.state.rooms.get(*room).map_or(0, |room| room.log.end());
                if let Some(session) = self.sessions.get_mut(member) {
                    session.outbox.attach(*room, end);
                }
            }
            (Ok(Applied::Left(room)), _) => self.detach(member, *room),
            (Ok(Applied::Removed(target)), Event::Removed { room, .. }) => {
                self.put_out(*target, *room, member);
            }
            (Ok(Applied::Invited(target)), Event::Invited { room, .. }) => {
                self.tell_invited(ordered, *target, *room);
            }
            (Ok(Applied::RoomRenamed(old)), Event::RoomRenamed { room, reason, .. }) => {
                self.tell_room_renamed(ordered, *room, old, reason.as_deref());
            }
            (Ok(Applied::Departed(who)), Event::Departed { put_out, .. }) => {
                let rooms: Vec<_> =
                    self.sessions.get(member).map_or(Vec::new(), |s| s.outbox.rooms().collect());
                for room in rooms {
                    self.detach(member, room);
                }
                if let Some(put_out) = put_out {
                    self.tell_put_out(member, who.name, put_out);
                }
            }
            (Ok(Applied::Opered), Event::Opered { operator: Some(operator), .. }) => {
                self.tell_opered(member, operator);
            }
            (Ok(Applied::Rehosted(_)), Event::Rehosted { host, by, .. }) => {
                self.tell_rehosted(ordered, host, by);
            }
            (Ok(Applied::Wallops(by)), Event::Wallops { text, .. }) => self.tell_wallops(by, text),
            (Ok(Applied::Banned), Event::Banned { ban, .. }) => self.tell_banned(ordered, ban),
            (Ok(Applied::Unbanned(ban)), _) => self.tell_unbanned(ordered, &ban.matches),
            (_, Event::Reported { but, text }) => self.tell_operators(*but, text),
            (Ok(Applied::Configured(taken)), _) => self.go_by(ordered, taken),
            (_, Event::Ended { .. }) => self.end(member),
            (Ok(Applied::Said), Event::Said { words, .. }) if words.attached.is_some() => {
                self.note_sent(ordered, words);
            }
            (Ok(Applied::Told(to, by)), Event::Told { to: wanted, words, .. }) => {
                self.note_sent(ordered, words);
                // As they write their name, not as it was typed.
                let name = self.state.name(*to).unwrap_or(*wanted);
                self.tell_words(*to, ordered, by, None, name.as_str(), words);
            }
            (Ok(Applied::SaidToRank(room, by)), Event::Said { least: Some(least), words, .. }) => {
                self.note_sent(ordered, words);
                let group = format!("{}{}", least.sign(), self.room_name(*room));
                for reader in self.state.ranked(*room, *least) {
                    if reader != member {
                        self.tell_words(reader, ordered, by, Some(&group), &group, words);
                    }
                }
            }
            (Ok(Applied::Annotated(changed)), Event::Annotated { about, .. }) => {
                self.notify_annotated(ordered, *about, changed);
            }
            (Err(Refusal::Banned(words)), _) => {
                self.put_out_later(member, Wherefore::Banned(Arc::clone(words)));
            }
            // Who is shown has not asked for it, and may have left the room before.
            (Err(_), Event::Shown { .. }) => return,
            _ => {}
        }
        match self.sessions.get(member).map(|session| &session.dialect) {
            Some(Dialect::Irc(_)) => self.tell_irc(member, ordered, outcome),
            Some(Dialect::Web(_)) => self.tell_web(member, ordered, outcome),
            Some(Dialect::Plain(_) | Dialect::Undecided) => {
                self.tell_plain(member, ordered, outcome);
            }
            Some(Dialect::Http(_)) | None => {}
        }
    }

    /// `reader`, or a few in a room that `group` names, of which it is one, are told something by `by`.
    fn tell_words(
        &mut self,
        reader: MemberId,
        ordered: &Ordered,
        by: &Person,
        group: Option<&str>,
        target: &str,
        words: &Words,
    ) {
        match self.sessions.get(reader).map(|session| &session.dialect) {
            Some(Dialect::Irc(_)) => self.tell_irc_words(reader, ordered, by, target, words),
            Some(Dialect::Web(_)) => self.tell_web_words(reader, ordered, &by.name, target, words),
            Some(Dialect::Plain(_)) => {
                self.tell_plain_words(reader, ordered, &by.name, group, words);
            }
            Some(Dialect::Undecided | Dialect::Http(_)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use service::{Now, Service};

    use super::*;
    use crate::Settings;

    #[test]
    fn an_event_that_another_leads_to_waits_until_all_that_follows_from_that_one_is_done() {
        let mut chat = Switchboard::new(Settings::default());
        chat.begin(Now::default());
        // As while the consequences of an event are being drawn.
        chat.settling = Settling::Event;
        for text in ["one", "two"] {
            chat.propose(Event::Reported { but: None, text: text.into() });
        }
        assert_eq!((chat.trunk.last_seq(), chat.proposed.len()), (0, 2));
        chat.settling = Settling::No;
        chat.propose(Event::Reported { but: None, text: "three".into() });
        assert_eq!((chat.trunk.last_seq(), chat.proposed.len()), (3, 0));
    }
}
