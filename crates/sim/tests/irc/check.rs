//! What must be so: at every rest, and in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use crate::client::{Heard, IrcClient};
use crate::message::folded;
use crate::order::{Expected, expected, tag_of};
use crate::plain::{PlainPerson, Read};
use crate::world::{Kind, World};

impl World {
    /// Everything sent has arrived: names are one each, and nothing asked is unanswered.
    pub(crate) fn check_at_rest(&self) {
        let mut names = BTreeMap::new();
        let here = (0..self.people.len()).filter(|&at| self.is_here(at));
        for client in here.filter_map(|at| self.irc(at)).chain([&self.witness]) {
            client.check_settled();
            if let Some(nick) = &client.nick {
                let before = names.insert(folded(nick), client.number);
                assert_eq!(before, None, "{} and another are both {nick}", client.number);
            }
        }
    }

    fn irc(&self, at: usize) -> Option<&IrcClient> {
        match &self.people[at].kind {
            Kind::Irc(client) => Some(client),
            Kind::Plain(_) => None,
        }
    }

    /// A message with an id is the same for all who have read it, then or later.
    pub(crate) fn check_ids(&self) {
        let mut ids = BTreeMap::new();
        let clients = (0..self.people.len()).filter_map(|at| self.irc(at));
        for (id, what) in clients.flat_map(|client| &client.ids) {
            let known = ids.entry(id).or_insert(what);
            assert_eq!(known, &what, "one id, two messages: {id}");
        }
    }

    /// Everybody has read what follows from what the witness has.
    pub(crate) fn check_what_was_read(&self) {
        assert!(!self.witness.over, "the witness hears everything");
        self.check_ids();
        let everybody = expected(&self.witness.heard);
        let mut private = BTreeSet::new();
        for at in 0..self.people.len() {
            let is_here = self.is_here(at);
            let told = match &self.people[at].kind {
                Kind::Irc(client) => {
                    check_irc(client, everybody.get(&format!("~u{at}")), is_here);
                    client.private.clone()
                }
                Kind::Plain(person) => {
                    let read = Read::of(self.sim.received(person.client));
                    check_plain(person, &read, &self.witness.heard, &everybody, is_here);
                    read.private
                }
            };
            for tag in told.iter().filter(|tag| tag.starts_with("private:")) {
                let tag = tag.split(' ').next().unwrap_or(tag).to_owned();
                assert!(private.insert(tag.clone()), "{tag} was private and came twice");
            }
        }
    }
}

fn check_irc(client: &IrcClient, expected: Option<&Expected>, is_here: bool) {
    let nothing = Expected::default();
    let expected = expected.unwrap_or(&nothing);
    let due = match client.has("echo-message") {
        true => &expected.with_own,
        false => &expected.happened,
    };
    let how_much = HowMuch::of(is_here, client.missed);
    check_same(client.number, &client.heard, due, how_much);
    if is_here && client.nick.is_some() {
        let rooms: BTreeSet<_> = client.view.rooms.keys().cloned().collect();
        assert_eq!(rooms, expected.rooms, "the rooms of {}", client.number);
    } else if !is_here {
        let gone = expected.has_quit || expected.rooms.is_empty();
        assert!(gone, "{} has gone, and nobody has seen that", client.number);
    }
}

/// What somebody must have read of what there was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HowMuch {
    All,
    /// They have gone.
    Beginning,
    /// They were told that they have missed something.
    Some,
}

impl HowMuch {
    fn of(is_here: bool, missed: bool) -> Self {
        match (missed, is_here) {
            (true, _) => Self::Some,
            (false, true) => Self::All,
            (false, false) => Self::Beginning,
        }
    }
}

/// Held against what the witness read.
fn check_same<T: PartialEq + Debug>(number: usize, read: &[T], due: &[T], how_much: HowMuch) {
    if how_much == HowMuch::Some {
        let mut rest = due.iter();
        for read in read {
            assert!(rest.any(|due| due == read), "{number} read also {read:?}");
        }
        return;
    }
    for (at, (read, due)) in read.iter().zip(due).enumerate() {
        assert_eq!(read, due, "what {number} read (left) at {at}, and what it should have");
    }
    assert!(read.len() <= due.len(), "{number} read also {:?}", &read[due.len()..]);
    let lacking = &due[read.len()..];
    let may_lack = how_much == HowMuch::Beginning;
    assert!(lacking.is_empty() || may_lack, "{number} lacks {lacking:?}");
}

fn check_plain(
    person: &PlainPerson,
    read: &Read,
    witness: &[Heard],
    everybody: &BTreeMap<String, Expected>,
    is_here: bool,
) {
    let said = |event: &Heard| {
        let is_said = matches!(event.command.as_str(), "PRIVMSG" | "NOTICE");
        is_said.then(|| tag_of(&event.params[1]).map(str::to_owned)).flatten()
    };
    let is_own = |event: &Heard| {
        let number = said(event).and_then(|tag| tag.split(':').nth(1)?.parse().ok());
        number == Some(person.number)
    };
    let Some(own) = witness.iter().find(|event| is_own(event)) else {
        // Nothing tells who it is: it has read some of the one order.
        let mut order = witness.iter().filter_map(said);
        for tag in &read.said {
            assert!(order.any(|other| other == *tag), "{tag} twice, or out of order");
        }
        return;
    };
    let host = own.behind().split_once('@').expect("a host").1;
    let due = &everybody[host].happened;
    let tags: Vec<String> = due.iter().filter_map(said).collect();
    let how_much = HowMuch::of(is_here, read.missed);
    check_same(person.number, &read.said, &tags, how_much);
    let moved: Vec<String> = due
        .iter()
        .filter(|event| !event.behind().ends_with(host))
        .filter_map(|event| match event.command.as_str() {
            "JOIN" => Some(format!("{} has joined", event.nick())),
            "PART" | "QUIT" => Some(format!("{} has left", event.nick())),
            "NICK" => Some(format!("{} is now {}", event.nick(), event.params[0])),
            _ => None,
        })
        .collect();
    let is_move = |text: &&String| {
        [" has joined", " has left", " is now "].iter().any(|word| text.contains(word))
    };
    let seen: Vec<String> = read.moved.iter().filter(is_move).cloned().collect();
    check_same(person.number, &seen, &moved, how_much);
}
