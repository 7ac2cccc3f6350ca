//! Who is in a room, and which rooms there are.
//!
//! Invariant: a client is told of those in a room of whom the room has been told, and of itself: so
//! what it is told of comings and goings adds up. It is told how many there are in all.

use std::borrow::Cow;

use service::Key;
use wire::name::RoomName;
use wire::text;

use super::history::topic;
use super::message::{Code, Listed, Message, Present, Who};
use crate::event::{MemberId, RoomId};
use crate::plain::phrases::Quoted;
use crate::switchboard::Switchboard;

impl Switchboard {
    /// Who is in the room `id`, as `key` may know, who is there.
    pub(super) fn who(&self, key: Key, id: RoomId) -> Who<'_> {
        let limits = &self.settings.limits;
        let Some(room) = self.state.rooms.get(id) else {
            return Who { members: Vec::new(), count: 0, complete: true };
        };
        let (count, mut bytes_left) = (room.members.len(), limits.mailbox_close_bytes / 4);
        let shown = &room.members[..room.shown.min(limits.web_members)];
        let mut members: Vec<Present<'_>> = Vec::with_capacity(shown.len() + 1);
        // Oneself first, wherever one's place is.
        let others = shown.iter().filter(|&&member| member != key);
        for &member in [key].iter().chain(others) {
            let Some(present) = self.present(member, id) else {
                continue;
            };
            let away = present.away.as_ref().map_or(0, |away| away.len());
            let bytes = PRESENT_BYTES + present.name.len() + away;
            if bytes > bytes_left {
                break;
            }
            bytes_left -= bytes;
            members.push(present);
        }
        let complete = members.len() == count;
        Who { members, count, complete }
    }

    fn present(&self, member: MemberId, id: RoomId) -> Option<Present<'_>> {
        let (seat, known) = (self.state.seat(member, id)?, self.state.member(member)?);
        Some(Present {
            name: known.person.name.as_str(),
            rank: seat.ranks.signs(true).collect(),
            away: known.away().map(|away| text::clean(away)),
        })
    }

    /// `key` wants to know who is in `room`.
    pub(super) fn answer_web_members(&mut self, key: Key, room: &str) {
        let Some(id) = self.own_web_room(key, room) else {
            return;
        };
        let n = self.answers(key);
        let mut out = Vec::new();
        if let Some(room) = self.state.rooms.get(id) {
            let who = self.who(key, id);
            Message::Members { n, room: room.name.as_str(), who }.write(&mut out);
        }
        self.send_web_lines(key, &mut out);
    }

    /// `key` wants to know which rooms there are.
    pub(super) fn answer_web_rooms(&mut self, key: Key) {
        let n = self.answers(key);
        let mut out = Vec::new();
        let listed = self.listed_rooms(key);
        let count = listed.len();
        let first = listed.iter().take(self.settings.limits.listed_rooms);
        let rooms = first.map(|&(members, name, id)| {
            let topic = self.state.rooms.get(id).map_or(Cow::default(), topic);
            Listed { room: name.as_str(), members, topic }
        });
        Message::Rooms { n, rooms: rooms.collect(), count }.write(&mut out);
        self.send_web_lines(key, &mut out);
    }

    fn send_web_lines(&mut self, key: Key, lines: &mut Vec<u8>) {
        self.turn_left = self.turn_left.saturating_sub(lines.len());
        let place = crate::outbox::Place::after(self.trunk.last_seq());
        self.mail(key, place, |out| out.append(lines));
    }

    /// The room called `wanted`, in which `key` is; if it is not, it is told.
    pub(super) fn own_web_room(&mut self, key: Key, wanted: &str) -> Option<RoomId> {
        let own = self.state.own_room(key, wanted);
        if own.is_none() {
            match self.seen_web_room(key, wanted) {
                Some(_) => {
                    let shown = Quoted(wanted);
                    let text = format!("You are not in {shown}. Nothing was done. Join it first.");
                    self.refuse_web(key, Code::NotInRoom, &text);
                }
                None => self.refuse_no_web_room(key, wanted),
            }
        }
        own
    }

    /// The room called `wanted`, of which `key` may know.
    pub(super) fn seen_web_room(&self, key: Key, wanted: &str) -> Option<RoomId> {
        if let Some(room) = self.state.own_room(key, wanted) {
            return Some(room);
        }
        let room = self.state.find_room(&wanted.parse::<RoomName>().ok()?)?;
        self.state.may_see(key, room).then_some(room)
    }

    pub(super) fn refuse_no_web_room(&mut self, key: Key, wanted: &str) {
        let text = format!("There is no room {}. Nothing was done.", Quoted(wanted));
        self.refuse_web(key, Code::NoSuchRoom, &text);
    }
}

/// What somebody takes in a list beside the name.
const PRESENT_BYTES: usize = 32;
