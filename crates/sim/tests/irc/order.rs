//! The one order, as a witness has read it, and what of it each other member must have read.
//!
//! Invariant: what a member is shown of the witness's rooms follows from what the witness was shown
//! and from nothing else: who is in which room at each point, and so who must have seen what.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::Heard;
use crate::message::folded;

/// What one member must have read.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// All that happened in its rooms, without what it said itself.
    pub(crate) happened: Vec<Heard>,
    /// The same, with it.
    pub(crate) with_own: Vec<Heard>,
    /// Whether the witness has seen it go.
    pub(crate) has_quit: bool,
    /// The rooms it is in at the end.
    pub(crate) rooms: BTreeSet<String>,
}

/// What everybody must have read, by who they are: `~u` and a number for IRC clients, each of which
/// calls its user so; the host for the others, each of which comes from an address of its own.
pub(crate) fn expected(witness: &[Heard]) -> BTreeMap<String, Expected> {
    let mut everybody: BTreeMap<String, Expected> = BTreeMap::new();
    // Who bears which name now.
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for event in witness {
        let who = identity(event);
        let room = folded(event.params.first().map_or("", String::as_str));
        let nick = folded(event.nick());
        let bearer = names.get(&nick);
        assert!(bearer.is_none_or(|bearer| *bearer == who), "{nick} is {bearer:?}: {event:?}");
        let seen_in = match event.command.as_str() {
            "JOIN" => {
                names.insert(nick, who.clone());
                let member = everybody.entry(who.clone()).or_default();
                assert!(!member.has_quit, "back without a new connection: {event:?}");
                member.rooms.insert(room.clone());
                vec![room.clone()]
            }
            "NICK" | "QUIT" => {
                everybody.get(&who).map_or(Vec::new(), |m| m.rooms.iter().cloned().collect())
            }
            _ => vec![room.clone()],
        };
        for (name, member) in &mut everybody {
            let is_own = *name == who;
            if !member.rooms.iter().any(|room| seen_in.contains(room)) {
                continue;
            }
            if is_own && event.command == "QUIT" {
                continue;
            }
            member.with_own.push(event.clone());
            if !(is_own && matches!(event.command.as_str(), "PRIVMSG" | "NOTICE")) {
                member.happened.push(event.clone());
            }
        }
        match event.command.as_str() {
            "PART" => leave(&mut everybody, &mut names, &who, &room),
            "KICK" => {
                let victim = names.get(&folded(&event.params[1])).cloned();
                leave(&mut everybody, &mut names, &victim.expect("somebody there"), &room);
            }
            "QUIT" => {
                let member = everybody.get_mut(&who).expect("somebody seen");
                member.rooms.clear();
                member.has_quit = true;
                names.retain(|_, bearer| *bearer != who);
            }
            "NICK" => {
                names.retain(|_, bearer| *bearer != who);
                let before = names.insert(folded(&event.params[0]), who);
                assert_eq!(before, None, "two of one name: {event:?}");
            }
            _ => {}
        }
    }
    everybody
}

fn leave(
    everybody: &mut BTreeMap<String, Expected>,
    names: &mut BTreeMap<String, String>,
    who: &str,
    room: &str,
) {
    let member = everybody.get_mut(who).expect("somebody seen");
    assert!(member.rooms.remove(room), "{who} was not in {room}");
    if member.rooms.is_empty() {
        // The witness does not see what happens to its name now.
        names.retain(|_, bearer| bearer != who);
    }
}

/// Who is behind something, whatever name they bore.
fn identity(event: &Heard) -> String {
    let (user, host) = event.behind().split_once('@').expect("user and host");
    if user.starts_with("~u") { user.to_owned() } else { host.to_owned() }
}

/// What identifies something said by `#room:number:count`, which stands first in its text.
pub(crate) fn tag_of(text: &str) -> Option<&str> {
    let tag = text.trim_start_matches("\u{1}ACTION ").split([' ', '\t', '\u{1}']).next()?;
    (tag.starts_with('#') && tag.split(':').count() == 3).then_some(tag)
}
