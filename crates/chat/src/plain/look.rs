//! What members look up: who is here, which rooms there are, what was said.
//!
//! Invariant: nobody is shown a room, or what was said there, that they may not know of; and an answer
//! is bounded, and says how many more there are.

use std::sync::Arc;

use service::Key;
use wire::name::{Name, RoomName};

use super::phrases::{Count, Quoted};
use super::render as plain;
use crate::dialect::Rendering;
use crate::event::RoomId;
use crate::log::Entry;
use crate::moment::Moment;
use crate::switchboard::Switchboard;

/// How many lines of history are shown to who does not say.
const USUAL_HISTORY_LINES: usize = 20;

impl Switchboard {
    pub(super) fn answer_who(&mut self, key: Key, wanted: &str) {
        let Some(id) = self.room_meant(key, wanted) else {
            return;
        };
        let Some(room) = self.state.rooms.get(id) else {
            return;
        };
        let mut names: Vec<(Name, &str)> = room
            .members
            .iter()
            .filter_map(|&member| self.state.member(member))
            .map(|member| {
                (member.person.name, if member.away().is_some() { " (away)" } else { "" })
            })
            .collect();
        let (count, most) = (names.len(), self.settings.limits.who_names);
        let by_name = |(one, _): &(Name, &str), (other, _): &(Name, &str)| {
            let lower = |byte: u8| byte.to_ascii_lowercase();
            one.as_str().bytes().map(lower).cmp(other.as_str().bytes().map(lower))
        };
        if count > most {
            // The first `most` in order, without putting all the others in order too.
            names.select_nth_unstable_by(most, by_name);
            names.truncate(most);
        }
        names.sort_unstable_by(by_name);
        let names: Vec<String> = names.iter().map(|(name, away)| format!("{name}{away}")).collect();
        let (names, name) = (names.join(", "), room.name.clone());
        let more = count.saturating_sub(most);
        let count = Count(count as u64, "");
        self.tell(key, |to| match more {
            0 => to.line(format_args!("{name} ({count}): {names}")),
            more => to.line(format_args!(
                "{name} ({count}): {names} and {} more",
                Count(more as u64, "")
            )),
        });
    }

    /// The rooms that `key` may know of, and how many are in each: the largest first.
    pub(crate) fn listed_rooms(&self, key: Key) -> Vec<(usize, &RoomName, RoomId)> {
        let mut rooms: Vec<(usize, &RoomName, RoomId)> = self
            .state
            .rooms
            .iter()
            .filter(|&(id, _)| self.state.may_list(key, id))
            .map(|(id, room)| (room.members.len(), &room.name, id))
            .collect();
        rooms.sort_unstable_by(|(count, name, _), (other_count, other, _)| {
            other_count.cmp(count).then_with(|| name.as_str().cmp(other.as_str()))
        });
        rooms
    }

    pub(super) fn answer_rooms(&mut self, key: Key) {
        let rooms = self.listed_rooms(key);
        let most = self.settings.limits.listed_rooms;
        let more = rooms.len().saturating_sub(most);
        let lines: Vec<String> = rooms
            .iter()
            .take(most)
            .map(|&(count, name, id)| {
                let own = if self.state.is_in(key, id) { ", you are in it" } else { "" };
                format!("  {name} ({}{own})", Count(count as u64, ""))
            })
            .collect();
        self.tell(key, |to| {
            lines.iter().for_each(|line| to.line(line));
            if more > 0 {
                to.line(format_args!("  and {} more", Count(more as u64, "")));
            }
        });
    }

    pub(super) fn answer_history(&mut self, key: Key, count: &str) {
        let count = match count.parse() {
            Ok(count @ 1..) => count,
            Err(_) if count.is_empty() => USUAL_HISTORY_LINES,
            Ok(0) | Err(_) => {
                let count = Quoted(count);
                return self.tell(key, |to| {
                    to.line(format_args!("{count} is no number of lines. Usage: /history 50"));
                });
            }
        };
        let Some(room) = self.current(key) else {
            return self.tell(key, |to| to.line("You are in no room. /join #ROOM first."));
        };
        if !self.show_history(key, room, count) {
            self.tell(key, |to| to.line("Nothing is kept of what was said here."));
        }
    }

    /// Shows up to `count` of the last lines of `room`; answers whether there were any.
    pub(super) fn show_history(&mut self, key: Key, room: RoomId, count: usize) -> bool {
        let limits = &self.settings.limits;
        let entries = self.state.history(room, count.min(limits.history_lines));
        let mut room_left = limits.history_answer_bytes;
        let fits = |entry: &&Entry| {
            let cost = entry.cost();
            let fits = cost <= room_left;
            room_left = room_left.saturating_sub(cost);
            fits
        };
        let fitting = entries.iter().rev().take_while(fits).count();
        let entries = &entries[entries.len() - fitting..];
        let (Some(reader), Some(room)) = (self.asker(key), self.state.rooms.get(room)) else {
            return true;
        };
        if entries.is_empty() {
            return false;
        }
        let scene = Arc::clone(&self.scene);
        let name = room.name.clone();
        let today = Moment::local(self.now.unix_ms, &scene.zone);
        self.tell(key, |to| {
            to.line(format_args!("-- last {} --", Count(entries.len() as u64, "line")));
            let rendering = Rendering { room: &name, scene: &scene };
            for entry in entries {
                plain::render_past(&reader, &rendering, entry, today, to.out);
            }
            to.line("-- now --");
        });
        true
    }
}
