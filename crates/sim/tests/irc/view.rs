//! What a client believes: who is in the rooms it is in, under what names, with what ranks.
//!
//! Invariant: it is built as every IRC client builds it, from NAMES once and from what happens
//! after that. So whoever is said to come must not have been there, and whoever goes must have.

use std::collections::BTreeMap;

use crate::message::{Message, folded};

/// The rooms a client is in, by their folded names.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) rooms: BTreeMap<String, Room>,
    /// Whether the client may have missed something, of which it hears later than of what followed:
    /// then nothing is known for certain.
    pub(crate) may_miss: bool,
}

/// One of them.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Those there, by folded names.
    pub(crate) members: BTreeMap<String, Member>,
    /// Whether a whole list has come since the client joined.
    pub(crate) named: bool,
    /// The list that is coming.
    naming: Vec<(String, String)>,
    pub(crate) topic: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) nick: String,
    /// Letters of ranks.
    pub(crate) ranks: String,
}

/// The ranks that there are, highest first: as 005 has them in PREFIX, and which other modes take
/// parameters, as in CHANMODES.
#[derive(Clone, Debug, Default)]
pub(crate) struct Modes {
    pub(crate) letters: String,
    pub(crate) signs: String,
    /// A, B, C and D.
    pub(crate) kinds: [String; 4],
}

impl Modes {
    /// Takes a token of 005.
    pub(crate) fn learn(&mut self, token: &str) {
        if let Some((letters, signs)) =
            token.strip_prefix("PREFIX=(").and_then(|rest| rest.split_once(')'))
        {
            assert_eq!(letters.len(), signs.len(), "{token}");
            (self.letters, self.signs) = (letters.to_owned(), signs.to_owned());
        }
        if let Some(kinds) = token.strip_prefix("CHANMODES=") {
            let mut kinds = kinds.split(',').map(str::to_owned);
            self.kinds = std::array::from_fn(|_| kinds.next().expect("four kinds"));
        }
    }

    /// `@+ada!~ada@host` to the letters of ranks, and the nick.
    pub(crate) fn take_signs(&self, entry: &str) -> (String, String) {
        let name = entry.trim_start_matches(|c| self.signs.contains(c));
        let letter = |sign| self.letters.chars().nth(self.signs.find(sign).expect("a sign"));
        let ranks = entry[..entry.len() - name.len()].chars().filter_map(letter).collect();
        (ranks, name.split('!').next().expect("a first piece").to_owned())
    }
}

impl View {
    /// The room, in which the client must be.
    pub(crate) fn room(&mut self, name: &str, line: &Message) -> &mut Room {
        self.rooms
            .get_mut(&folded(name))
            .unwrap_or_else(|| panic!("told of {name}, in which it is not: {line:?}"))
    }

    pub(crate) fn is_in(&self, name: &str) -> bool {
        self.rooms.contains_key(&folded(name))
    }

    pub(crate) fn joined(&mut self, own: &str, room: &str, line: &Message) {
        let nick = line.nick();
        if nick == own {
            let me = Member { nick: own.to_owned(), ranks: String::new() };
            let fresh = Room { members: [(folded(own), me)].into(), ..Room::default() };
            assert!(self.rooms.insert(folded(room), fresh).is_none(), "joined twice: {line:?}");
            return;
        }
        let member = Member { nick: nick.to_owned(), ranks: String::new() };
        let room = self.room(room, line);
        let before = room.members.insert(folded(nick), member);
        assert!(before.is_none() || !room.named, "two of one name: {before:?}, {line:?}");
    }

    /// `nick` is no longer in the room; nor is the client there any more, if it is its own.
    pub(crate) fn left(&mut self, own: &str, room: &str, nick: &str, line: &Message) {
        if nick == own {
            self.room(room, line);
            self.rooms.remove(&folded(room));
            return;
        }
        let room = self.room(room, line);
        assert!(room.members.remove(&folded(nick)).is_some() || !room.named, "unseen: {line:?}");
    }

    pub(crate) fn quit(&mut self, line: &Message) {
        let nick = folded(line.nick());
        let mut seen = false;
        for room in self.rooms.values_mut() {
            seen |= room.members.remove(&nick).is_some() || !room.named;
        }
        assert!(seen, "somebody unseen, or twice: {line:?}");
    }

    pub(crate) fn renamed(&mut self, own: &str, line: &Message) {
        let (from, to) = (line.nick(), line.param(0));
        let mut seen = from == own;
        for room in self.rooms.values_mut() {
            let Some(member) = room.members.remove(&folded(from)) else {
                seen |= !room.named;
                continue;
            };
            seen = true;
            let renamed = Member { nick: to.to_owned(), ..member };
            let before = room.members.insert(folded(to), renamed);
            assert!(before.is_none() || !room.named, "two of one name: {before:?}, {line:?}");
        }
        assert!(seen, "somebody unseen: {line:?}");
    }

    /// A line of a list of names.
    pub(crate) fn names(&mut self, modes: &Modes, line: &Message) {
        if let Some(room) = self.rooms.get_mut(&folded(line.param(2))) {
            let entries = line.param(3).split(' ').filter(|entry| !entry.is_empty());
            room.naming.extend(entries.map(|entry| modes.take_signs(entry)));
        }
    }

    /// A list of names is complete: it must be what the client believes already.
    pub(crate) fn names_end(&mut self, own: &str, all_signs: bool, line: &Message) {
        let Some(room) = self.rooms.get_mut(&folded(line.param(1))) else {
            return;
        };
        let mut listed = BTreeMap::new();
        for (ranks, nick) in std::mem::take(&mut room.naming) {
            let member = Member { nick: nick.clone(), ranks };
            assert!(listed.insert(folded(&nick), member).is_none(), "{nick} twice: {line:?}");
        }
        assert!(listed.contains_key(&folded(own)), "{own} is not in its own room: {line:?}");
        if !room.named {
            (room.members, room.named) = (listed, !self.may_miss);
            return;
        }
        let nicks = |members: &BTreeMap<String, Member>| -> Vec<String> {
            members.values().map(|member| member.nick.clone()).collect()
        };
        let believed = nicks(&room.members);
        assert_eq!(nicks(&listed), believed, "NAMES (left) are not who was seen in {line:?}");
        if all_signs {
            let ranks = |members: &BTreeMap<String, Member>| -> Vec<(String, Vec<char>)> {
                let sorted = |member: &Member| {
                    let mut ranks: Vec<char> = member.ranks.chars().collect();
                    ranks.sort_unstable();
                    (member.nick.clone(), ranks)
                };
                members.values().map(sorted).collect()
            };
            let believed = ranks(&room.members);
            assert_eq!(ranks(&listed), believed, "ranks in NAMES (left), and as seen: {line:?}");
        }
    }

    /// `MODE #room +o-v ada bob`
    pub(crate) fn modes_changed(&mut self, modes: &Modes, line: &Message) {
        let room = self.room(line.param(0), line);
        let (mut on, mut params) = (true, line.params[2..].iter());
        for letter in line.param(1).chars() {
            match letter {
                '+' => on = true,
                '-' => on = false,
                rank if modes.letters.contains(rank) => {
                    let nick = params.next().unwrap_or_else(|| panic!("whom? {line:?}"));
                    let member = room.members.get_mut(&folded(nick));
                    let Some(member) = member else {
                        assert!(!room.named, "a rank for somebody unseen: {line:?}");
                        continue;
                    };
                    member.ranks.retain(|other| other != rank);
                    if on {
                        member.ranks.push(rank);
                    }
                }
                other => {
                    let takes = modes.kinds[0].contains(other)
                        || modes.kinds[1].contains(other)
                        || (on && modes.kinds[2].contains(other));
                    let known = takes || modes.kinds[2..].iter().any(|kind| kind.contains(other));
                    assert!(known, "a mode that 005 does not tell: {line:?}");
                    assert!(!takes || params.next().is_some(), "with what? {line:?}");
                }
            }
        }
        assert_eq!(params.next(), None, "more than the modes take: {line:?}");
    }
}
