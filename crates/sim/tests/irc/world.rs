//! A chat server in the simulator with people of all kinds in it, who act at random.
//!
//! Invariant: one witness is in every room, reads without faults, and asks to be told everything.

use std::time::Duration;

use chat::{Limits, Settings, Speaks, Switchboard};
use service::{Origin, Peer, Via};
use sim::{Faults, Random, Simulator};

use crate::client::IrcClient;
use crate::plain::PlainPerson;

pub(crate) const ROOMS: [&str; 3] = ["#lobby", "#a", "#b"];
const NICKS: [&str; 8] = ["ada", "Ada", "bob", "eve", "EVE", "kim", "guest-1", "x\u{e9}"];

/// What the witness asks for.
const WITNESS_CAPS: &str =
    "message-tags server-time echo-message batch labeled-response multi-prefix extended-join";
/// What clients ask for, if the server offers it.
const CAPS: [&str; 16] = [
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
];
/// Those that a client may change its mind about while it is talking, without its knowledge of its
/// rooms becoming less than it was.
const PASSING_CAPS: [&str; 5] =
    ["server-time", "extended-join", "userhost-in-names", "standard-replies", "invite-notify"];

/// What people say beside what identifies it.
const NOISE: [&str; 8] = [
    "",
    " plain words",
    " caf\u{e9} \u{1f642}",
    " \u{2}bold\u{2} \u{3}04,02red\u{f}",
    " \x1b[2J\x1b]0;title\x07",
    " \u{202e}drow\u{2066} \u{9b}31m",
    "\ttab : colons :",
    " end ",
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
    said: usize,
}

pub(crate) struct World {
    pub(crate) sim: Simulator<Switchboard>,
    pub(crate) witness: IrcClient,
    pub(crate) people: Vec<Person>,
    offered: Vec<&'static str>,
    pings: usize,
}

impl World {
    pub(crate) fn new(seed: u64, limits: Limits, faults: Faults) -> Self {
        // Who speaks late is taken for a person; so either what they speak is known from where they
        // connect, or there is time.
        let pinned = seed.is_multiple_of(2);
        let undecided = if pinned { limits.undecided } else { Duration::from_secs(3600) };
        let settings = Settings {
            limits: Limits { undecided, ..limits },
            seed,
            irc_lobby: !seed.is_multiple_of(3),
            listeners: vec![Speaks::Anything, if pinned { Speaks::Irc } else { Speaks::Anything }],
            ..Settings::default()
        };
        let mut sim = Simulator::with_faults(Switchboard::new(settings), seed, Faults::none());
        let witness = sim.connect();
        sim.send(witness, b"CAP LS 302\r\n");
        sim.send(witness, format!("CAP REQ :{WITNESS_CAPS}\r\n").as_bytes());
        sim.send(witness, b"NICK witness\r\nUSER uw 0 * :Witness\r\nCAP END\r\n");
        sim.send(witness, b"JOIN #lobby,#a,#b\r\n");
        sim.run_until_quiet();
        let mut witness = IrcClient::new(usize::MAX, witness);
        witness.read(sim.received(witness.client));
        assert_eq!(witness.view.rooms.len(), ROOMS.len(), "the witness is everywhere");
        let is_offered = |cap: &&str| witness.offered.iter().any(|offered| offered == cap);
        let offered = CAPS.into_iter().filter(is_offered).collect();
        sim.set_faults(faults);
        Self { sim, witness, people: Vec::new(), offered, pings: 0 }
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
        for _ in 0..8 {
            self.sim.advance(Duration::from_millis(300));
            self.read();
        }
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
        self.sim.run_until_quiet();
        self.read();
        self.check_at_rest();
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
            Kind::Irc(Box::new(IrcClient::new(number, client)))
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

    fn nick(&mut self, number: usize) -> String {
        match self.chance(0.5) {
            true => (*self.random().pick(&NICKS)).to_owned(),
            false => format!("u{number}"),
        }
    }

    /// The witness is the operator of most rooms, and plays with that.
    fn witness_acts(&mut self) {
        let room = *self.random().pick(&ROOMS);
        let nick = *self.random().pick(&NICKS);
        let known = self.witness.view.rooms[room].members.values();
        let known: Vec<String> = known.map(|member| member.nick.clone()).collect();
        let other = match self.chance(0.8) {
            true => self.random().pick(&known).clone(),
            false => nick.to_owned(),
        };
        let sign = *self.random().pick(&["+", "-"]);
        let letter = *self.random().pick(&["o", "v", "h", "a", "b"]);
        let flag = *self.random().pick(&["-s", "+s", "-i", "+m", "-m", "-m", "+t", "-t", "-sim"]);
        let line = match self.random().within(0..=9) {
            0..=4 => format!("MODE {room} {sign}{letter} {other}"),
            5..=6 => format!("MODE {room} {flag}"),
            7 if other != "witness" => format!("KICK {room} {other} :out"),
            8 => format!("TOPIC {room} :about {other}{}", self.random().pick(&NOISE)),
            _ => format!("INVITE {other} {room}"),
        };
        self.sim.send(self.witness.client, format!("{line}\r\n").as_bytes());
    }

    fn somebody_acts(&mut self) {
        let at = self.anybody();
        if self.people[at].left {
            return;
        }
        let client = self.people[at].client();
        match self.random().within(0..=99) {
            0..=2 => {
                self.sim.stop_reading(client);
                self.people[at].deaf = true;
            }
            3..=7 => {
                let other = self.anybody();
                self.sim.resume_reading(self.people[other].client());
                self.people[other].deaf = false;
            }
            8 => self.leaves(at, |sim| sim.end(client)),
            9 => self.leaves(at, |sim| sim.reset(client)),
            10 => self.leaves(at, |sim| sim.hang_up(client)),
            11 => {
                let quit = if matches!(self.people[at].kind, Kind::Irc(_)) {
                    "QUIT :bye"
                } else {
                    "/quit"
                };
                self.leaves(at, |sim| sim.send(client, format!("{quit}\r\n").as_bytes()));
            }
            _ if matches!(self.people[at].kind, Kind::Irc(_)) => self.irc_acts(at),
            _ => self.plain_acts(at),
        }
    }

    fn anybody(&mut self) -> usize {
        let count = self.people.len();
        self.random().index(count)
    }

    fn leaves(&mut self, at: usize, how: impl FnOnce(&mut Simulator<Switchboard>)) {
        how(&mut self.sim);
        self.people[at].left = true;
    }

    /// What identifies the next thing that somebody says in `room`, and something around it.
    fn words(&mut self, at: usize, room: &str) -> String {
        let person = &mut self.people[at];
        let tag = format!("{}:{at}:{}", room.to_ascii_lowercase(), person.said);
        person.said += 1;
        let noise = *self.random().pick(&NOISE);
        match self.chance(0.05) {
            true => format!("{tag}{noise}{}", " long".repeat(80)),
            false => format!("{tag}{noise}"),
        }
    }

    fn plain_acts(&mut self, at: usize) {
        let room = *self.random().pick(&ROOMS);
        let line = match self.random().within(0..=9) {
            0..=4 => format!("/msg {room} {}", self.words(at, room)),
            5 | 6 => format!("/join {room}"),
            7 => format!("/part {room}"),
            8 => format!("/nick {}", self.nick(at)),
            _ => format!("/msg {} private:{}", self.nick(at), self.words(at, "to")),
        };
        self.sim.send(self.people[at].client(), format!("{line}\n").as_bytes());
    }

    fn irc_acts(&mut self, at: usize) {
        let room = *self.random().pick(&["#lobby", "#a", "#b", "#B", "#a,#b"]);
        let other = self.nick(at);
        let what = self.random().within(0..=99);
        let spoken = self.words(at, ROOMS[what % 3]);
        let to = if what.is_multiple_of(7) {
            ROOMS[what % 3].to_ascii_uppercase()
        } else {
            ROOMS[what % 3].into()
        };
        let (pings, cap) = (self.pings, *self.random().pick(&PASSING_CAPS));
        let sign = *self.random().pick(&["", "-"]);
        let Kind::Irc(client) = &mut self.people[at].kind else { return };
        client.read(self.sim.received(client.client));
        if client.nick.is_none() {
            if std::mem::take(&mut client.needs_nick) {
                self.sim.send(client.client, format!("NICK u{at}\r\n").as_bytes());
            }
            return;
        }
        let line = match what {
            0..=29 => format!("PRIVMSG {to} :{spoken}"),
            30..=35 => format!("NOTICE {to} :{spoken}"),
            36..=39 => format!("PRIVMSG {to} :\u{1}ACTION {spoken}\u{1}"),
            40..=54 => format!("JOIN {room}"),
            55..=61 => format!("PART {room} :gone"),
            62..=67 => format!("NICK {other}"),
            68..=72 => format!("PRIVMSG {other} :private:{spoken}"),
            73..=79 => {
                self.pings += 1;
                client.pings(format!("p{pings}"));
                format!("PING :p{pings}")
            }
            80..=82 => format!("NAMES {room}"),
            83 => "NAMES #none".into(),
            84 if self.offered.contains(&cap) => format!("CAP REQ :{sign}{cap}"),
            85 => format!("@+typing=active TAGMSG {to}"),
            86 => format!("TOPIC {to} :about {other}"),
            87 => format!("MODE {to} {}o {other}", if sign.is_empty() { "+" } else { sign }),
            88 => format!("KICK {to} {other}"),
            89 => format!("INVITE {other} {to}"),
            90 => format!("AWAY {}", if sign.is_empty() { ":tea" } else { "" }),
            91 => format!("PRIVMSG @{to} :private:{spoken}"),
            92 => format!("PRIVMSG {to} :{}", "too long ".repeat(60)),
            93 => format!("SETNAME :Another {pings}"),
            94 => "JOIN 0".into(),
            95 => format!("WHO {to}"),
            96 => format!("WHOIS {other}"),
            _ => ["LIST", "LUSERS", "NOSUCH", "PRIVMSG", "MOTD"][what % 5].into(),
        };
        // A line that is over its bound is passed over, with what stands in its tags.
        let line = match (what != 92).then(|| client.label()).flatten() {
            Some(label) => match line.strip_prefix('@') {
                Some(tagged) => format!("@label={label};{tagged}"),
                None => format!("@label={label} {line}"),
            },
            None => line,
        };
        client.note_sent(&line);
        self.sim.send(client.client, format!("{line}\r\n").as_bytes());
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
