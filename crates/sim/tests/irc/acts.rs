//! What people do: anything that they can, at random.
//!
//! Invariant: what is said has something in it that nobody else says, so that it is known again.

use chat::Switchboard;
use sim::Simulator;

use crate::world::{Kind, ROOMS, SECRET, World};

const NICKS: [&str; 8] = ["ada", "Ada", "bob", "eve", "EVE", "kim", "guest-1", "x\u{e9}"];

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

impl World {
    pub(crate) fn nick(&mut self, number: usize) -> String {
        match self.chance(0.5) {
            true => (*self.random().pick(&NICKS)).to_owned(),
            false => format!("u{number}"),
        }
    }

    /// The witness is the operator of most rooms, and plays with that.
    pub(crate) fn witness_acts(&mut self) {
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
        let flags = ["-s", "+s", "-i", "+m", "-m", "-m", "+t", "-t", "-sim"];
        let flag = if room == SECRET { "-im" } else { *self.random().pick(&flags) };
        let line = match self.random().within(0..=9) {
            0..=4 if other != "witness" => format!("MODE {room} {sign}{letter} {other}"),
            5..=6 => format!("MODE {room} {flag}"),
            7 if other != "witness" => format!("KICK {room} {other} :out"),
            8 => format!("TOPIC {room} :about {other}{}", self.random().pick(&NOISE)),
            _ => format!("INVITE {other} {room}"),
        };
        self.sim.send(self.witness.client, format!("{line}\r\n").as_bytes());
    }

    pub(crate) fn somebody_acts(&mut self) {
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
        let room = *self.random().pick(&["#lobby", "#a", "#b", "#B", SECRET, "#a,#b"]);
        let other = self.nick(at);
        let what = self.random().within(0..=99);
        let spoken = self.words(at, ROOMS[what % 4]);
        let whispered = self.words(at, "to");
        let to = if what.is_multiple_of(7) {
            ROOMS[what % 4].to_ascii_uppercase()
        } else {
            ROOMS[what % 4].into()
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
            68..=72 => format!("PRIVMSG {other} :private:{whispered}"),
            73..=79 => {
                self.pings += 1;
                client.pings(format!("p{pings}"));
                format!("PING :p{pings}")
            }
            80..=82 => format!("NAMES {room}"),
            83 => "NAMES #none".into(),
            84 if self.offered.contains(&cap) && (client.has("batch") || !self.replays) => {
                format!("CAP REQ :{sign}{cap}")
            }
            85 => format!("@+typing=active TAGMSG {to}"),
            86 => format!("TOPIC {to} :about {other}"),
            87 => format!("MODE {to} {}o {other}", if sign.is_empty() { "+" } else { sign }),
            88 => format!("KICK {to} {other}"),
            89 => format!("INVITE {other} {to}"),
            90 => format!("AWAY {}", if sign.is_empty() { ":tea" } else { "" }),
            91 => format!("PRIVMSG @{to} :private@{whispered}"),
            92 => format!("PRIVMSG {to} :{}", "too long ".repeat(60)),
            93 => format!("SETNAME :Another {pings}"),
            94 => "JOIN 0".into(),
            95 => format!("WHO {to}"),
            96 => format!("WHOIS {other}"),
            97 if client.has("batch") => {
                let (id, _) = client.ids.last().cloned().unwrap_or_default();
                [
                    format!("CHATHISTORY LATEST {to} * 20"),
                    format!("CHATHISTORY BEFORE {to} msgid={id} 5"),
                    "CHATHISTORY TARGETS timestamp=2000-01-01T00:00:00.000Z \
                     timestamp=2100-01-01T00:00:00.000Z 10"
                        .into(),
                    format!("REDACT {to} {id} :sorry"),
                    format!("MARKREAD {to}"),
                ][at % 5]
                    .clone()
            }
            98 | 99 if client.has("draft/multiline") && client.has("batch") => {
                let lines = [&spoken, "", "second line", "third"];
                let lines = lines.map(|line| format!("@batch=x PRIVMSG {to} :{line}\r\n"));
                format!("BATCH +x draft/multiline {to}\r\n{}BATCH -x", lines.concat())
            }
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
