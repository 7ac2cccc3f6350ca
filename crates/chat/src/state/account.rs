//! All that is shared, written down.
//!
//! Invariant: it says nothing that is a loop's own (what its readers have not had yet), and leaves out
//! nothing else: two loops that have applied the same events give the same account.

use std::fmt::Write;

use super::State;
use crate::history::{Query, Scope, Span};
use crate::room::Room;

impl State {
    /// A line for each member, room, thing said, and so on.
    pub(crate) fn account(&self) -> String {
        let mut out = String::new();
        let mut line = |what: std::fmt::Arguments<'_>| {
            writeln!(out, "{what}").expect("a string takes all");
        };
        for (key, member) in self.members.iter() {
            line(format_args!("member {key:?} {member:?}"));
            line(format_args!("found {:?}", self.find(&member.person.name)));
        }
        let all = Query { scope: Scope::Everything, span: Span::Latest(None), count: usize::MAX };
        for (id, room) in self.rooms.iter() {
            // What is this loop's own is left out.
            let Room {
                log: _,
                dirty: _,
                settled: _,
                name,
                members,
                shown,
                flags,
                rules,
                topic,
                metadata,
                created_unix_ms,
                created_seq,
            } = room;
            line(format_args!("room {id:?} {name:?} {members:?} {shown} {flags:?} {rules:?}"));
            line(format_args!("about {topic:?} {metadata:?} {created_unix_ms} {created_seq}"));
            line(format_args!("found {:?}", self.find_room(name)));
            for entry in self.past(id, &all) {
                line(format_args!("past {entry:?}"));
            }
        }
        line(format_args!("next room {:?}, lobby {:?}", self.rooms.next_key(), self.lobby));
        line(format_args!("{} guests, {} members at most", self.guests, self.most_members));
        line(format_args!("{:?} {:?}", self.counts, self.announcing));
        line(format_args!("{:?}", self.former));
        for ban in self.bans.in_force(0) {
            line(format_args!("{ban:?}"));
        }
        line(format_args!("{:?}", self.settings.limits));
        out
    }
}
