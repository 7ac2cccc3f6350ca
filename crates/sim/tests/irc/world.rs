//! A chat server in the simulator with people of all kinds in it, who act at random.
//!
//! Invariant: one witness is in every room, reads without faults, and asks to be told everything.

use std::time::Duration;

use chat::{Limits, Settings, Speaks, Switchboard};
use service::{Origin, Peer, Via};
use sim::{Faults, Random, Simulator};

use crate::client::IrcClient;
use crate::loops;
use crate::plain::PlainPerson;

pub(crate) const ROOMS: [&str; 4] = ["#lobby", "#a", "#b", SECRET];
/// The witness has made it invisible to who is not in it.
pub(crate) const SECRET: &str = "#covert";

/// What the witness asks for.
const WITNESS_CAPS: &str =
    "message-tags server-time echo-message batch labeled-response multi-prefix extended-join";
/// What clients ask for, if the server offers it.
const CAPS: [&str; 21] = [
    "message-tags",
    "server-time",
    "echo-message",
    "batch",
    "labeled-response",
    "multi-prefix",
    "extended-join",
    "userhost-in-names",
    "standard-replies",
    "away-notify",
    "chghost",
    "setname",
    "account-notify",
    "account-tag",
    "invite-notify",
    "cap-notify",
    "draft/chathistory",
    "draft/event-playback",
    "draft/message-redaction",
    "draft/multiline",
    "draft/read-marker",
];

/// Somebody, the witness apart.
#[derive(Debug)]
pub(crate) enum Kind {
    Irc(Box<IrcClient>),
    Plain(PlainPerson),
}

#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) kind: Kind,
    /// Has been told to stop reading.
    pub(crate) deaf: bool,
    /// Has been told to quit, finish or reset.
    pub(crate) left: bool,
    pub(crate) said: usize,
}

pub(crate) struct World {
    pub(crate) sim: Simulator<Switchboard>,
    pub(crate) witness: IrcClient,
    pub(crate) people: Vec<Person>,
    pub(crate) offered: Vec<&'static str>,
    pub(crate) pings: usize,
    /// Whether who joins is shown what was said before. A client that is not told of batches could
    /// not tell that from what is said now, so then all ask for them who ask for anything.
    pub(crate) replays: bool,
    /// Whether rooms keep so little that somebody may miss something.
    pub(crate) may_miss: bool,
    /// How long everything takes to come to rest.
    pub(crate) patience: Duration,
}

impl World {
    pub(crate) fn new(seed: u64, limits: Limits, faults: Faults) -> Self {
        // Who speaks late is taken for a person; so either what they speak is known from where they
        // connect, or there is time.
        let pinned = seed.is_multiple_of(2);
        let undecided = if pinned { limits.undecided } else { Duration::from_secs(3600) };
        let replays = !seed.is_multiple_of(5);
        let replay_lines = if replays { limits.replay_lines } else { 0 };
        let settings = Settings {
            limits: Limits { undecided, replay_lines, ..limits },
            seed,
            irc_lobby: !seed.is_multiple_of(3),
            listeners: vec![Speaks::Anything, if pinned { Speaks::Irc } else { Speaks::Anything }],
            ..Settings::default()
        };
        let mut sim = loops::server(settings, seed);
        let witness = sim.connect();
        sim.send(witness, b"CAP LS 302\r\n");
        sim.send(witness, format!("CAP REQ :{WITNESS_CAPS}\r\n").as_bytes());
        sim.send(witness, b"NICK witness\r\nUSER uw 0 * :Witness\r\nCAP END\r\n");
        sim.send(witness, b"JOIN #lobby,#a,#b,#covert\r\nMODE #covert +s\r\n");
        // The last of this may have to wait until other loops have taken the first.
        sim.advance(Duration::from_secs(1));
        let mut witness = IrcClient::new(usize::MAX, witness);
        witness.read(sim.received(witness.client));
        assert_eq!(witness.view.rooms.len(), ROOMS.len(), "the witness is everywhere");
        let told = String::from_utf8_lossy(sim.received(witness.client)).into_owned();
        assert!(told.contains(" MODE #covert +s"), "it is secret from the first");
        let is_offered = |cap: &&str| witness.offered.iter().any(|offered| offered == cap);
        let offered = CAPS.into_iter().filter(is_offered).collect();
        sim.set_faults(faults);
        Self {
            sim,
            witness,
            people: Vec::new(),
            offered,
            pings: 0,
            replays,
            may_miss: false,
            patience: Duration::from_secs(2),
        }
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        self.sim.random()
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.random().chance(probability)
    }

    /// Runs through `rounds` in which somebody acts, then lets everybody hear the rest.
    pub(crate) fn run(&mut self, rounds: usize) {
        self.arrive();
        for _ in 0..rounds {
            if self.chance(0.06) {
                self.arrive();
            }
            match self.chance(0.08) {
                true => self.witness_acts(),
                false => self.somebody_acts(),
            }
            for _ in 0..self.random().within(0..=2) {
                self.sim.step();
            }
            if self.chance(0.03) {
                self.rest();
            }
        }
        self.sim.set_faults(Faults::none());
        for person in &mut self.people {
            self.sim.resume_reading(person.client());
            person.deaf = false;
        }
        self.rest();
    }

    /// Everything comes to rest; whoever reads has had all there is, and asks who is there.
    pub(crate) fn rest(&mut self) {
        self.settle();
        for at in 0..self.people.len() {
            if !self.is_here(at) {
                continue;
            }
            let Kind::Irc(client) = &mut self.people[at].kind else { continue };
            for room in client.view.rooms.keys() {
                self.sim.send(client.client, format!("NAMES {room}\r\n").as_bytes());
            }
        }
        self.sim.send(self.witness.client, b"NAMES #lobby\r\nNAMES #a\r\nNAMES #b\r\n");
        self.settle();
        self.check_at_rest();
        loops::check_same(&self.sim);
        if self.chance(0.3) {
            self.check_secret();
        }
    }

    /// Everything that was sent has come, and has been read.
    pub(crate) fn settle(&mut self) {
        for _ in 0..8 {
            self.sim.advance(self.patience / 8);
            self.read();
        }
    }

    /// Everybody reads what has come, and answers what has to be answered.
    fn read(&mut self) {
        let irc = self.people.iter_mut().filter_map(|person| match &mut person.kind {
            Kind::Irc(client) => Some(&mut **client),
            Kind::Plain(_) => None,
        });
        for client in irc.chain([&mut self.witness]) {
            client.read(self.sim.received(client.client));
            for answer in client.answers.drain(..) {
                self.sim.send(client.client, format!("{answer}\r\n").as_bytes());
            }
        }
    }

    /// Whether somebody takes part, reads, and is owed everything.
    pub(crate) fn is_here(&self, at: usize) -> bool {
        let person = &self.people[at];
        !person.deaf && !person.left && self.sim.closed(person.client()).is_none()
    }

    fn arrive(&mut self) {
        let number = self.people.len();
        let kind = if self.chance(0.35) {
            // From an address of its own, so that its host tells who it is.
            let address = [10, 1, (number / 250) as u8, (number % 250) as u8 + 1];
            let peer = Peer::Inet((address, 2000).into());
            let client = self.sim.connect_from(Origin { peer, via: Via::Listener(0) });
            if self.chance(0.3) {
                self.sim.send(client, b"/plain\n");
            }
            Kind::Plain(PlainPerson { number, client })
        } else {
            let peer = Peer::Inet(([127, 0, 0, 1], 3000 + number as u16).into());
            let client = self.sim.connect_from(Origin { peer, via: Via::Listener(1) });
            self.register(number, client);
            let mut client = IrcClient::new(number, client);
            client.view.may_miss = self.may_miss;
            Kind::Irc(Box::new(client))
        };
        self.people.push(Person { kind, deaf: false, left: false, said: 0 });
    }

    /// CAP, NICK and USER in any order, in one piece or several.
    fn register(&mut self, number: usize, client: sim::Client) {
        let nick = self.nick(number);
        let mut lines = vec![format!("NICK {nick}"), format!("USER u{number} 0 * :Real {number}")];
        let mut caps = self.offered.clone();
        let often = *self.random().pick(&[0.0, 0.2, 0.5, 1.0]);
        caps.retain(|_| self.sim.random().chance(often));
        if self.replays && !caps.is_empty() && !caps.contains(&"batch") {
            caps.push("batch");
        }
        if !caps.is_empty() {
            lines.push(format!("CAP REQ :{}", caps.join(" ")));
        }
        if self.chance(0.5) {
            lines.push("CAP LS 302".into());
        }
        self.random().shuffle(&mut lines);
        if lines.len() > 2 {
            lines.push("CAP END".into());
        }
        let end = *self.random().pick(&["\r\n", "\n"]);
        for line in lines {
            self.sim.send(client, format!("{line}{end}").as_bytes());
            if self.chance(0.1) {
                self.sim.step();
            }
        }
    }
}

impl Person {
    pub(crate) fn client(&self) -> sim::Client {
        match &self.kind {
            Kind::Irc(client) => client.client,
            Kind::Plain(person) => person.client,
        }
    }
}
