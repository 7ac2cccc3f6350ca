//! What clients are told of who comes, goes, and is ranked how adds up to what NAMES says.

use std::collections::{BTreeMap, BTreeSet};

use chat::Settings;
use proptest::prelude::*;
use service::Key;

use crate::harness::Chat;
use crate::transcript::settings;

/// Rooms and people are few, so that they meet.
const ROOMS: [&str; 3] = ["#a", "#b", "#c"];
const NAMES: [&str; 5] = ["ada", "bob", "eve", "sue", "kim"];

/// Who does what, to which room and whom.
#[derive(Clone, Debug)]
struct Step {
    who: usize,
    what: usize,
    room: &'static str,
    other: &'static str,
    /// Done in the same turn as the one after it, if that is the same person's.
    together: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let rooms = prop::sample::select(&ROOMS[..]);
    let names = prop::sample::select(&NAMES[..]);
    (0..4usize, 0..26usize, rooms, names, any::<bool>())
        .prop_map(|(who, what, room, other, together)| Step { who, what, room, other, together })
}

impl Step {
    /// What is typed for it: by IRC clients, or by a person with netcat.
    fn line(&self, irc: bool) -> String {
        let Self { room, other, .. } = self;
        let mode = |change: &str| match irc {
            true => format!("MODE {room} {change}"),
            false => format!("/mode {room} {change}"),
        };
        match self.what {
            0..=5 if irc => format!("JOIN {room} word"),
            0..=5 => format!("/join {room} word"),
            6 if irc => format!("PART {room}"),
            6 => format!("/part {room}"),
            7..=8 if irc => format!("KICK {room} {other} :out"),
            7..=8 => format!("/kick {room} {other} out"),
            9 if irc => format!("NICK {other}"),
            9 => format!("/nick {other}"),
            10..=11 => mode(&format!("+o {other}")),
            12 => mode(&format!("+qa {other} {other}")),
            13 => mode(&format!("+hv-o {other} {other} {other}")),
            14 => mode(&format!("-qv {other} {other}")),
            15 => mode("+isk word"),
            16 => mode("-isk"),
            17 => mode(&format!("+be {other} m:{other}")),
            18 => mode(&format!("-bm+l {other} 2")),
            19 => mode("-l+t"),
            20 => mode(&format!("+imf {}", ROOMS[0])),
            21..=22 if irc => format!("RENAME {room} {}", ROOMS[other.len() % 2 + 1]),
            23 if irc => format!("INVITE {other} {room}"),
            23 => format!("/invite {other} {room}"),
            24 if irc => format!("TOPIC {room} :{other}"),
            24 => format!("/topic {room} {other}"),
            _ if irc => format!("PRIVMSG {room} :hello"),
            _ => "hello".into(),
        }
    }
}

/// What one client believes.
#[derive(Default)]
struct Belief {
    me: String,
    rooms: BTreeMap<String, BTreeMap<String, BTreeSet<char>>>,
    /// The rooms whose names are being listed anew.
    listing: BTreeSet<String>,
}

impl Belief {
    fn hear(&mut self, line: &str) {
        let line = line.strip_prefix(':').unwrap_or_else(|| panic!("no source: {line}"));
        let words: Vec<&str> = line.split(' ').collect();
        let who = words[0].split('!').next().unwrap().to_owned();
        let word = |at: usize| words.get(at).copied().unwrap_or("").trim_start_matches(':');
        let room = word(2).to_owned();
        match words[1] {
            "JOIN" if who == self.me => {
                let known = self.rooms.insert(room.clone(), BTreeMap::new());
                assert!(known.is_none(), "{} joined {room} twice: {line}", self.me);
            }
            "JOIN" => {
                let names = self.room(&room, line);
                assert!(names.insert(who, BTreeSet::new()).is_none(), "joined twice: {line}");
            }
            "353" => {
                let room = word(4).to_owned();
                if self.listing.insert(room.clone()) {
                    self.room(&room, line).clear();
                }
                for name in words[5..].iter().map(|name| name.trim_start_matches(':')) {
                    let bare = name.trim_start_matches(|c| "~&@%+".contains(c));
                    let ranks = name[..name.len() - bare.len()].chars().collect();
                    self.room(&room, line).insert(bare.to_owned(), ranks);
                }
            }
            "366" => {
                self.listing.remove(word(3));
            }
            "PART" if who == self.me => {
                assert!(self.rooms.remove(&room).is_some(), "left twice: {line}");
            }
            "PART" => {
                assert!(self.room(&room, line).remove(&who).is_some(), "was not there: {line}");
            }
            "KICK" => {
                let target = word(3);
                assert!(self.room(&room, line).remove(target).is_some(), "not there: {line}");
                if target == self.me {
                    self.rooms.remove(&room);
                }
            }
            "NICK" => {
                if who == self.me {
                    room.clone_into(&mut self.me);
                }
                for names in self.rooms.values_mut() {
                    if let Some(ranks) = names.remove(&who) {
                        names.insert(room.clone(), ranks);
                    }
                }
            }
            "RENAME" => {
                let names = self.rooms.remove(&room).unwrap_or_else(|| panic!("{line}"));
                assert!(self.rooms.insert(word(3).to_owned(), names).is_none(), "{line}");
            }
            "MODE" => {
                let (mut on, mut params) = (true, words[4..].iter());
                for letter in word(3).chars() {
                    match letter {
                        '+' | '-' => on = letter == '+',
                        'q' | 'a' | 'o' | 'h' | 'v' => {
                            let name = *params.next().expect("whom");
                            let sign = "~&@%+".as_bytes()["qaohv".find(letter).unwrap()] as char;
                            let names = self.room(&room, line);
                            let ranks =
                                names.get_mut(name).unwrap_or_else(|| panic!("who? {line}"));
                            let changed = if on { ranks.insert(sign) } else { ranks.remove(&sign) };
                            assert!(changed, "it was so already: {line}");
                        }
                        'b' | 'e' | 'k' | 'I' => _ = params.next(),
                        'l' | 'f' if on => _ = params.next(),
                        _ => {}
                    }
                }
            }
            "PRIVMSG" | "TOPIC" => _ = self.room(&room, line),
            _ => {}
        }
    }

    fn room(&mut self, room: &str, line: &str) -> &mut BTreeMap<String, BTreeSet<char>> {
        let me = &self.me;
        self.rooms.get_mut(room).unwrap_or_else(|| panic!("{me} is not there but got {line}"))
    }
}

fn enter(chat: &mut Chat, name: &str, capabilities: &str) -> Key {
    let key = chat.connect();
    let sent = format!(
        "CAP REQ :multi-prefix {capabilities}\r\nNICK {name}\r\nUSER u 0 * :r\r\nCAP END\r\n"
    );
    chat.send(key, sent.as_bytes());
    assert!(chat.read(key).contains(" 001 "));
    key
}

fn play(steps: &[Step]) {
    let mut settings: Settings = settings();
    settings.limits.rename_room = std::time::Duration::ZERO;
    let mut chat = Chat::with(settings);
    let mut people: Vec<(Key, Option<Belief>)> = Vec::new();
    for (name, capabilities) in
        [("ada", "draft/channel-rename"), ("bob", ""), ("eve", "draft/channel-rename")]
    {
        let key = enter(&mut chat, name, capabilities);
        people.push((key, Some(Belief { me: name.into(), ..Belief::default() })));
    }
    people.push((chat.join("sue"), None));
    let mut sent = String::new();
    for (at, step) in steps.iter().enumerate() {
        let (key, belief) = &people[step.who];
        let end = if belief.is_some() { "\r\n" } else { "\n" };
        sent += &(step.line(belief.is_some()) + end);
        if !step.together || steps.get(at + 1).is_none_or(|next| next.who != step.who) {
            chat.send(*key, std::mem::take(&mut sent).as_bytes());
        }
    }
    for (key, belief) in &mut people {
        let heard = chat.read(*key);
        let Some(belief) = belief else {
            continue;
        };
        heard.lines().for_each(|line| belief.hear(line));
        let believed = belief.rooms.clone();
        for room in believed.keys() {
            chat.send(*key, format!("NAMES {room}\r\n").as_bytes());
        }
        chat.read(*key).lines().for_each(|line| belief.hear(line));
        assert_eq!(believed, belief.rooms, "what {} believed, and what is", belief.me);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_clients_are_told_adds_up(steps in prop::collection::vec(step(), 1..120)) {
        play(&steps);
    }
}
