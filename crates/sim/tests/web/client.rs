//! A client of `switchboard.v1` as `docs/web-protocol.md` tells to write one: it forgets nothing when its
//! connection is cut off, says again what had no answer, and fetches what it has not had.
//!
//! Invariant: each message is judged by what came before it: numbers grow, nothing comes twice, and who is
//! said to come or go was not there, or was.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sim::Client;

use crate::socket::{Came, UPGRADE, frame, read};
use crate::witness::number_of;

/// One person's client, over all its connections.
#[derive(Debug)]
pub(crate) struct WebClient {
    pub(crate) number: usize,
    /// Its connection, unless it is cut off.
    pub(crate) line: Option<Line>,
    pub(crate) name: String,
    token: Option<String>,
    n: u64,
    pub(crate) rooms: BTreeMap<String, Room>,
    /// What it has said and had no answer for, by number.
    pub(crate) unsent: BTreeMap<u64, (String, String)>,
    /// What the server has accepted, and what it has refused: texts.
    pub(crate) accepted: BTreeMap<String, u64>,
    pub(crate) refused: BTreeSet<String>,
    pub(crate) gaps: usize,
    /// What it has to send.
    pub(crate) out: Vec<u8>,
    journal: Vec<String>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) client: Client,
    read: usize,
    shaken: bool,
    welcomed: bool,
    /// The last number of something that happened.
    last: u64,
    pub(crate) closed: bool,
    /// Numbers of requests that were not answered yet.
    asked: BTreeSet<u64>,
}

/// What it knows of a room.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// By names in small letters: the name, and signs.
    pub(crate) members: BTreeMap<String, (String, String)>,
    /// What was said, by number: from whom, and what.
    pub(crate) said: BTreeMap<u64, (String, String)>,
    /// From which number on it should know everything; and what it knows is missing.
    pub(crate) since: u64,
    pub(crate) missing: Vec<(u64, u64)>,
    /// Up to here it has all, and the id of that.
    whole: Option<(u64, String)>,
    /// What it is fetching: up to this number, with its id.
    hole: Option<(u64, String)>,
}

impl WebClient {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            number,
            line: None,
            name: String::new(),
            token: None,
            n: 0,
            rooms: BTreeMap::new(),
            unsent: BTreeMap::new(),
            accepted: BTreeMap::new(),
            refused: BTreeSet::new(),
            gaps: 0,
            out: Vec::new(),
            journal: Vec::new(),
        }
    }

    /// It has a connection, and says hello.
    pub(crate) fn connect(&mut self, client: Client) {
        self.line = Some(Line {
            client,
            read: 0,
            shaken: false,
            welcomed: false,
            last: 0,
            closed: false,
            asked: BTreeSet::new(),
        });
        self.out = UPGRADE.to_vec();
        let room = |(name, room): (&String, &Room)| {
            let after = room.whole.as_ref().map(|(_, id)| id);
            json!({ "room": name, "after": after })
        };
        let rooms: Vec<Value> = self.rooms.iter().map(room).collect();
        let (n, name) = (self.n + 1, format!("w{}", self.number));
        let hello = match &self.token {
            None => json!({ "type": "hello", "n": n, "name": name }),
            Some(token) => json!({ "type": "hello", "n": n, "token": token, "rooms": rooms }),
        };
        self.n = n;
        if let Some(line) = &mut self.line {
            line.asked.insert(n);
        }
        self.send(&hello);
    }

    /// Whether it may say something: whoever has no token yet could not say it again.
    pub(crate) fn is_welcomed(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.welcomed && !line.closed)
    }

    /// The connection is cut off.
    pub(crate) fn cut(&mut self) {
        self.line = None;
        self.out.clear();
        for room in self.rooms.values_mut() {
            room.hole = None;
        }
    }

    pub(crate) fn say(&mut self, room: &str, text: String) {
        self.n += 1;
        let request = json!({ "type": "say", "n": self.n, "room": room, "text": text });
        self.unsent.insert(self.n, (room.to_owned(), text));
        if self.is_welcomed() {
            self.send(&request);
        }
    }

    /// Sends a request that is to be answered.
    pub(crate) fn ask(&mut self, mut request: Value) {
        self.n += 1;
        request["n"] = self.n.into();
        if let Some(line) = &mut self.line {
            line.asked.insert(self.n);
        }
        self.send(&request);
    }

    fn send(&mut self, request: &Value) {
        let text = request.to_string();
        self.journal.push(format!(">> {text}"));
        self.out.extend(frame(&text));
    }

    /// Whether nothing is waited for.
    pub(crate) fn is_settled(&self) -> bool {
        let is_answered = |line: &Line| line.asked.is_empty();
        self.is_welcomed() && self.unsent.is_empty() && self.line.as_ref().is_some_and(is_answered)
    }

    /// Everything was asked and answered.
    pub(crate) fn check_settled(&self) {
        let line = self.line.as_ref().expect("it is there");
        assert!(line.welcomed && !line.closed, "{} has not come in", self.number);
        assert!(line.asked.is_empty(), "{}: never answered: {:?}", self.number, line.asked);
        assert!(self.unsent.is_empty(), "{}: never answered: {:?}", self.number, self.unsent);
    }

    /// Reads on, in all that it has received.
    pub(crate) fn read(&mut self, received: &[u8]) {
        let Some(line) = &mut self.line else { return };
        let (came, taken) = read(&received[line.read..], &mut line.shaken);
        line.read += taken;
        for came in came {
            match came {
                Came::Closed => self.line.as_mut().expect("it has one").closed = true,
                Came::Text(text) => {
                    self.journal.push(format!("<< {text}"));
                    let message: Value = serde_json::from_str(&text).expect("JSON");
                    self.take(&message);
                }
            }
        }
    }

    fn take(&mut self, message: &Value) {
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let kind = text("type");
        let own = self.name.to_ascii_lowercase();
        let line = self.line.as_mut().expect("it has one");
        assert!(!line.closed, "something after the last frame: {message}");
        assert!(line.welcomed || matches!(&*kind, "welcome" | "closing"), "early: {message}");
        let n = message["n"].as_u64();
        // What is told of the past has numbers of its own.
        if let Some(seq) = message["seq"].as_u64()
            && message["duplicate"] != true
        {
            let is_next = seq > line.last || (kind == "ack" && seq == line.last);
            assert!(is_next, "twice, or out of the one order: {message}");
            line.last = seq;
        }
        if let Some(n) = n {
            let is_answer = line.asked.remove(&n) || self.unsent.contains_key(&n);
            assert!(is_answer, "an answer to nothing: {message}");
        }
        match &*kind {
            "welcome" => {
                line.welcomed = true;
                assert_eq!(message["resumed"], self.token.is_some(), "{message}");
                assert!(message["said"].as_u64().expect("a number") <= self.n, "{message}");
                self.token = Some(text("token"));
                self.name = text("name");
                // What had no answer may have been heard or not.
                for (n, (room, text)) in self.unsent.clone() {
                    self.send(&json!({ "type": "say", "n": n, "room": room, "text": text }));
                }
            }
            "ack" => {
                if let Some((_, said)) = n.and_then(|n| self.unsent.remove(&n)) {
                    let seq = message["seq"].as_u64().unwrap_or_default();
                    let room = self.rooms.get_mut(&*said_in(&said));
                    if let Some(room) = room.filter(|_| message["duplicate"] != true) {
                        let own = (self.name.clone(), said.clone());
                        room.take_live(seq, text("id"), own);
                    }
                    assert_eq!(self.accepted.insert(said, seq), None, "twice: {message}");
                }
            }
            "error" => {
                if let Some((_, said)) = n.and_then(|n| self.unsent.remove(&n)) {
                    self.refused.insert(said);
                }
            }
            "room" => self.take_room(message),
            "message" => {
                let room = self.room(message);
                let (seq, id) = (number_of(&text("id")), text("id"));
                assert_eq!(Some(seq), message["seq"].as_u64(), "{message}");
                assert!(!room.said.contains_key(&seq), "it has that already: {message}");
                room.take_live(seq, id, (text("from"), text("text")));
            }
            "history" => self.take_history(message),
            "joined" => {
                let entry = (text("name"), String::new());
                let before = self.room(message).members.insert(entry.0.to_ascii_lowercase(), entry);
                assert_eq!(before, None, "it was there: {message}");
            }
            "left" | "removed" => {
                let name = text("name").to_ascii_lowercase();
                let before = self.room(message).members.remove(&name);
                assert!(before.is_some(), "it was not there: {message}");
                if name == own {
                    self.rooms.remove(&text("room"));
                }
            }
            "quit" => {
                let name = text("name").to_ascii_lowercase();
                assert_ne!(name, own, "its own going");
                let gone = |room: &mut Room| room.members.remove(&name).is_some();
                let times = self.rooms.values_mut().filter_map(|room| gone(room).then_some(()));
                assert!(times.count() > 0, "nobody it knew: {message}");
            }
            "renamed" => {
                let (from, to) = (text("from").to_ascii_lowercase(), text("to"));
                let mut seen = from == own;
                for room in self.rooms.values_mut() {
                    if let Some((_, rank)) = room.members.remove(&from) {
                        seen = true;
                        let entry = (to.clone(), rank);
                        let before = room.members.insert(to.to_ascii_lowercase(), entry);
                        assert_eq!(before, None, "two of one name: {message}");
                    }
                }
                assert!(seen, "nobody it knew: {message}");
                if from == own {
                    self.name = to;
                }
            }
            "modes" => {
                for change in message["ranks"].as_array().into_iter().flatten() {
                    let name = change["name"].as_str().expect("a name").to_ascii_lowercase();
                    let sign = change["rank"].as_str().expect("a sign");
                    let (_, signs) = self.room(message).members.get_mut(&name).expect("a member");
                    *signs = signs.replace(sign, "");
                    if change["given"] == true {
                        signs.push_str(sign);
                    }
                }
            }
            "closing" => line.closed = true,
            "topic" | "presence" | "typing" | "info" | "private" | "members" | "rooms"
            | "found" => {}
            _ => panic!("what is this? {message}"),
        }
    }

    /// The room that a message is about, in which the client must be.
    fn room(&mut self, message: &Value) -> &mut Room {
        let name = message["room"].as_str().expect("a room");
        let journal = &self.journal;
        self.rooms.get_mut(name).unwrap_or_else(|| {
            let from = journal.len().saturating_sub(20);
            panic!("it is not there: {message}\n{}", journal[from..].join("\n"))
        })
    }

    /// What there is of a room: all who are there, and what it has not had, or the end of that.
    fn take_room(&mut self, message: &Value) {
        let name = message["room"].as_str().expect("a room").to_owned();
        let is_new = !self.rooms.contains_key(&name);
        let room = self.rooms.entry(name.clone()).or_default();
        let member = |entry: &Value| {
            let name = entry["name"].as_str().expect("a name");
            let rank = entry["rank"].as_str().unwrap_or_default();
            (name.to_ascii_lowercase(), (name.to_owned(), rank.to_owned()))
        };
        let members = message["members"].as_array().expect("members");
        room.members = members.iter().map(member).collect();
        assert_eq!(room.members.len(), members.len(), "one is listed twice: {message}");
        assert_eq!(message["complete"], true, "{message}");
        assert_eq!(message["count"], members.len(), "{message}");
        let page = page(message);
        let first = page.first().map(|(seq, id, _)| (*seq, id.clone()));
        let before = room.whole.clone();
        let end = page.last().map(|(seq, id, _)| (*seq, id.clone()));
        room.add(page);
        if is_new || before.is_none() {
            room.since = match (&first, message["more"] == true) {
                (Some((seq, _)), true) => *seq,
                _ if is_new => 0,
                _ => room.since,
            };
            room.whole = end.or(before);
            return;
        }
        let Some((whole, id)) = before else { return };
        if message["gap"] == true {
            self.gaps += 1;
            let next = first.as_ref().map_or(u64::MAX, |(seq, _)| *seq);
            room.missing.push((whole, next));
            room.whole = end.or(Some((whole, id)));
        } else if message["more"] == true {
            let hole = first.expect("there are more before it");
            room.hole = Some(hole.clone());
            let ask = json!({ "type": "history", "room": name, "after": id, "before": hole.1 });
            self.ask(ask);
        } else {
            room.whole = end.or(Some((whole, id)));
        }
    }

    /// A piece of what was missing.
    fn take_history(&mut self, message: &Value) {
        let name = message["room"].as_str().expect("a room").to_owned();
        let Some(room) = self.rooms.get_mut(&name) else { return };
        let page = page(message);
        let start = page.first().map(|(seq, ..)| *seq);
        let end = page.last().map(|(seq, id, _)| (*seq, id.clone()));
        room.add(page);
        let Some((_, before)) = room.hole.clone() else { return };
        if message["gap"] == true {
            self.gaps += 1;
            let from = room.whole.as_ref().map_or(0, |(seq, _)| *seq);
            let to = start.unwrap_or_else(|| number_of(&before));
            room.missing.push((from, to));
        }
        if message["more"] == true {
            let (whole, after) = end.expect("there are more behind it");
            room.whole = Some((whole, after.clone()));
            let ask = json!({ "type": "history", "room": name, "after": after, "before": before });
            self.ask(ask);
        } else {
            // Now it has all that it has.
            room.hole = None;
            let (&last, _) = room.said.last_key_value().expect("what lay behind the hole");
            room.whole = Some((last, id_like(&before, last)));
        }
    }
}

impl Room {
    /// Something is said while it is there.
    fn take_live(&mut self, seq: u64, id: String, said: (String, String)) {
        self.said.insert(seq, said);
        if self.hole.is_none() {
            self.whole = Some((seq, id));
        }
    }

    /// What was said before.
    fn add(&mut self, page: Vec<(u64, String, (String, String))>) {
        for (seq, _, said) in page {
            let known = self.said.entry(seq).or_insert_with(|| said.clone());
            assert_eq!(*known, said, "one number, two messages");
        }
    }
}

/// The messages of an answer, which stand in their order.
fn page(message: &Value) -> Vec<(u64, String, (String, String))> {
    let messages = message["messages"].as_array().expect("messages");
    let one = |said: &Value| {
        let text = |name: &str| said[name].as_str().expect("text").to_owned();
        let id = text("id");
        (number_of(&id), id, (text("from"), text("text")))
    };
    let page: Vec<_> = messages.iter().map(one).collect();
    assert!(page.windows(2).all(|pair| pair[0].0 < pair[1].0), "out of order: {message}");
    page
}

/// The id of another number of the same run.
fn id_like(id: &str, seq: u64) -> String {
    let (epoch, _) = id.rsplit_once('-').expect("an epoch");
    format!("{epoch}-{seq:x}")
}

/// The room in which something is said, which stands first in it.
fn said_in(text: &str) -> String {
    text.split(':').next().unwrap_or_default().to_owned()
}

impl Drop for WebClient {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let from = self.journal.len().saturating_sub(40);
            eprintln!("{} ({}):\n{}", self.number, self.name, self.journal[from..].join("\n"));
        }
    }
}
