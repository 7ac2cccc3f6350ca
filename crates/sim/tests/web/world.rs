//! A chat server in the simulator: clients that are cut off, people with netcat, and a witness.

use std::collections::BTreeMap;
use std::time::Duration;

use chat::{Limits, Settings, Speaks, Switchboard};
use serde_json::json;
use service::{Origin, Peer, Via};
use sim::{Client, Faults, Random, Simulator};

use crate::client::WebClient;
use crate::loops;
use crate::witness::{self, Witness};

pub(crate) const ROOMS: [&str; 3] = ["#lobby", "#a", "#b"];
const CLIENTS: usize = 4;

pub(crate) struct World {
    sim: Simulator<Switchboard>,
    witness: Witness,
    clients: Vec<WebClient>,
    plain: Vec<Client>,
    said: usize,
    /// How long everything takes to come to rest.
    pub(crate) patience: Duration,
}

impl World {
    pub(crate) fn new(seed: u64, limits: Limits, room_history: usize, faults: Faults) -> Self {
        // Who speaks late is not taken for a person.
        let limits = Limits { undecided: Duration::from_secs(1_000_000), ..limits };
        let listeners = vec![Speaks::Anything, Speaks::Web, Speaks::Plain];
        let settings = Settings { limits, seed, room_history, listeners, ..Settings::default() };
        let mut sim = loops::server(settings, seed);
        let witness = sim.connect();
        sim.send(witness, witness::hello().as_bytes());
        sim.run_until_quiet();
        let plain = (0..2).map(|_| connect(&mut sim, 2)).collect();
        sim.set_faults(faults);
        let clients = (0..CLIENTS).map(WebClient::new).collect();
        let (witness, patience) = (Witness::new(witness), Duration::from_secs(2));
        Self { sim, witness, clients, plain, said: 0, patience }
    }

    fn random(&mut self) -> &mut Random {
        self.sim.random()
    }

    /// Runs through `rounds` in which somebody acts, then lets everybody come back and hear the rest.
    pub(crate) fn run(&mut self, rounds: usize) {
        for _ in 0..rounds {
            match self.random().within(0..=9) {
                0..=6 => self.client_acts(),
                7 | 8 => self.plain_acts(),
                _ => self.witness_acts(),
            }
            for _ in 0..self.random().within(0..=2) {
                self.sim.step();
            }
            if self.random().chance(0.3) {
                self.read();
            }
            if self.random().chance(0.02) {
                self.settle();
            }
        }
        self.sim.set_faults(Faults::none());
        for at in 0..CLIENTS {
            self.reconnect(at);
        }
        // What was missed comes page by page.
        for _ in 0..20 {
            self.settle();
            if self.clients.iter().all(WebClient::is_settled) {
                break;
            }
        }
        for client in &self.clients {
            client.check_settled();
        }
        let names: String = ROOMS.map(|room| format!("NAMES {room}\r\n")).concat();
        self.witness.names.clear();
        self.sim.send(self.witness.client, names.as_bytes());
        self.settle();
        loops::check_same(&self.sim);
    }

    /// Everything that was sent has come, and has been read.
    fn settle(&mut self) {
        for _ in 0..12 {
            self.sim.advance(self.patience / 8);
            self.read();
        }
    }

    fn read(&mut self) {
        self.witness.read(self.sim.received(self.witness.client));
        for client in &mut self.clients {
            if let Some(line) = &client.line {
                let connection = line.client;
                client.read(self.sim.received(connection));
            }
            Self::send(&mut self.sim, client);
        }
    }

    fn send(sim: &mut Simulator<Switchboard>, client: &mut WebClient) {
        if let Some(line) = &client.line
            && !client.out.is_empty()
        {
            sim.send(line.client, &std::mem::take(&mut client.out));
        }
    }

    /// It has a connection that is not closed.
    fn reconnect(&mut self, at: usize) {
        let client = &mut self.clients[at];
        if client.line.as_ref().is_some_and(|line| line.closed) {
            client.cut();
        }
        if client.line.is_none() {
            client.connect(connect(&mut self.sim, 1));
            Self::send(&mut self.sim, client);
        }
        if let Some(line) = &self.clients[at].line {
            self.sim.resume_reading(line.client);
        }
    }

    fn client_acts(&mut self) {
        let at = self.random().index(CLIENTS);
        let what = self.random().within(0..=99);
        let room = *self.random().pick(&ROOMS);
        let Some(connection) = self.clients[at].line.as_ref().map(|line| line.client) else {
            if what < 40 {
                self.reconnect(at);
            }
            return;
        };
        let text = format!("{room}:{at}:{}", self.said);
        let name = *self.random().pick(&["ada", "Ada", "bob", "w0", "w1"]);
        let client = &mut self.clients[at];
        let is_in = client.rooms.contains_key(room);
        let what = if client.is_welcomed() { what } else { what.max(80) };
        match what {
            0..=49 => {
                self.said += 1;
                client.say(room, text);
            }
            50..=59 if !is_in => client.ask(json!({ "type": "join", "room": room })),
            60..=64 if is_in => client.ask(json!({ "type": "leave", "room": room })),
            65..=69 => client.ask(json!({ "type": "nick", "name": name })),
            70..=73 => client.ask(json!({ "type": "typing", "room": room, "state": "active" })),
            74..=75 => client.ask(json!({ "type": "command", "room": room, "text": "/who" })),
            76..=77 => client.ask(json!({ "type": "members", "room": room })),
            78..=79 => client.ask(json!({ "type": "ping" })),
            80..=82 => self.sim.stop_reading(connection),
            83..=87 => self.sim.resume_reading(connection),
            // Cut off: with the server's knowledge, or without.
            88..=92 => {
                client.cut();
                self.sim.reset(connection);
            }
            93..=95 => {
                client.cut();
                self.sim.end(connection);
            }
            96..=98 => client.cut(),
            _ => {}
        }
        Self::send(&mut self.sim, &mut self.clients[at]);
    }

    fn plain_acts(&mut self) {
        let (at, room) = (self.random().index(2), *self.random().pick(&ROOMS));
        self.said += 1;
        let line = match self.random().within(0..=9) {
            0..=5 => format!("/msg {room} {room}:p{at}:{}", self.said),
            6 | 7 => format!("/join {room}"),
            8 => format!("/part {room}"),
            _ => format!("/nick p{at}-{}", self.said),
        };
        self.sim.send(self.plain[at], format!("{line}\n").as_bytes());
    }

    /// The witness made two of the rooms.
    fn witness_acts(&mut self) {
        let room = *self.random().pick(&ROOMS[1..]);
        let at = self.random().index(CLIENTS);
        let name = self.clients[at].name.clone();
        if name.is_empty() {
            return;
        }
        let line = match self.random().within(0..=5) {
            0 | 1 => format!("MODE {room} +v {name}"),
            2 => format!("MODE {room} -v {name}"),
            3 => format!("MODE {room} +h {name}"),
            4 => format!("TOPIC {room} :about {name}"),
            _ => format!("KICK {room} {name} :out"),
        };
        self.sim.send(self.witness.client, format!("{line}\r\n").as_bytes());
    }

    pub(crate) fn gaps(&self) -> usize {
        self.clients.iter().map(|client| client.gaps).sum()
    }

    /// What each has built up is what there is.
    pub(crate) fn check_what_is_known(&self) {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for said in self.witness.said.values() {
            *times.entry(&said.text).or_default() += 1;
        }
        for (text, count) in &times {
            assert_eq!(*count, 1, "{text} was said {count} times");
        }
        for client in &self.clients {
            for (text, seq) in &client.accepted {
                assert!(times.contains_key(text.as_str()), "{text} was accepted and not said");
                let known = self.witness.said.get(seq).map(|said| &said.text);
                assert!(*seq == 0 || known == Some(text), "{text} is not {seq}");
            }
            for text in &client.refused {
                assert!(!times.contains_key(text.as_str()), "{text} was refused and said");
            }
            for (name, room) in &client.rooms {
                self.check_room(client, name, room);
            }
        }
    }

    fn check_room(&self, client: &WebClient, name: &str, room: &crate::client::Room) {
        for (seq, said) in &self.witness.said {
            let is_due = said.room == name && *seq >= room.since;
            let is_missing = |(from, to): &(u64, u64)| from < seq && seq < to;
            let known = room.said.get(seq);
            let due = (said.from.clone(), said.text.clone());
            match known {
                Some(known) => assert_eq!(*known, due, "{}: {name} {seq}", client.number),
                None => {
                    let may_lack = !is_due || room.missing.iter().any(is_missing);
                    assert!(may_lack, "{} lacks {seq} of {name}: {said:?}", client.number);
                }
            }
        }
        for seq in room.said.keys() {
            assert!(self.witness.said.contains_key(seq), "{}: made up {seq}", client.number);
        }
        let sorted = |signs: &str| {
            let mut signs: Vec<char> = signs.chars().collect();
            signs.sort_unstable();
            signs
        };
        let believed: BTreeMap<&str, Vec<char>> =
            room.members.values().map(|(name, signs)| (name.as_str(), sorted(signs))).collect();
        let there: BTreeMap<&str, Vec<char>> =
            self.witness.names[name].iter().map(|(name, s)| (name.as_str(), sorted(s))).collect();
        assert_eq!(believed, there, "who is in {name}, as {} believes, and is", client.number);
    }
}

fn connect(sim: &mut Simulator<Switchboard>, listener: u16) -> Client {
    let peer = Peer::Inet(([127, 0, 0, 1], 2000).into());
    sim.connect_from(Origin { peer, via: Via::Listener(listener) })
}
