//! What members do now and then, beside talking: they come and go in all ways, ask, keep order,
//! stall.

use rustix::event::epoll;

use super::act::{BREATH_MS, TRIES, join_line, membership};
use super::client::{Certain, Dialect, Stage, Standing};
use super::words::{MARK, Place, Said};
use super::{Private, Soak};

/// Kinds of doing.
pub(super) const KINDS: usize = 14;

/// Something that is done now and then.
type Doing = fn(&mut Soak);

/// What is done, and how often in a second by 10,000 members.
const DOINGS: [(Doing, f64); KINDS] = [
    (Soak::quit, 1.0),
    (Soak::half_close, 0.5),
    (Soak::reset, 0.5),
    (Soak::drop_unannounced, 0.5),
    (Soak::hop_in, 1.0),
    (Soak::hop_out, 1.0),
    (Soak::rename, 1.0),
    (Soak::tell_somebody, 5.0),
    (Soak::ask, 3.0),
    (Soak::keep_order, 1.0),
    (Soak::stall, 0.2),
    (Soak::stray, 1.0),
    (Soak::visit, 0.5),
    (Soak::go_away, 0.5),
];

impl Soak {
    /// Does what is due after some seconds; less for fewer members, but not too little for a short run.
    pub(super) fn follow_whims(&mut self, seconds: f64) {
        let share = (self.clients.len() as f64 / 10_000.0).max(0.2);
        for (number, (act, rate)) in DOINGS.iter().enumerate() {
            self.due[number] += rate * share * seconds;
            while self.due[number] >= 1.0 {
                self.due[number] -= 1.0;
                act(self);
            }
        }
    }

    /// From here on, `slot` waits for its connection to be closed.
    fn begin_ending(&mut self, slot: usize) {
        let client = &mut self.clients[slot];
        client.stage = Stage::Ending { since_ms: self.now_ms };
        for membership in &mut client.rooms {
            membership.owed = self.rooms[membership.room].end();
        }
        self.tally.left += 1;
    }

    fn quit(&mut self) {
        if let Some(slot) = self.somebody() {
            self.quit_as(slot);
        }
    }

    pub(super) fn quit_as(&mut self, slot: usize) {
        self.begin_ending(slot);
        let client = &mut self.clients[slot];
        let line = match client.dialect {
            Dialect::Plain => "/quit",
            Dialect::Irc(_) => "QUIT :soaked",
        };
        client.line(line);
        self.send(slot);
    }

    fn half_close(&mut self) {
        if let Some(slot) = self.somebody() {
            // With a last word, which everybody else must get.
            if let Some(room) = self.clients[slot].rooms.first().map(|membership| membership.room)
                && self.clients[slot].is_surely_in(room)
            {
                self.say(slot, room, 20);
            }
            self.begin_ending(slot);
            self.clients[slot].shut_down();
        }
    }

    fn reset(&mut self) {
        self.cut(true);
    }

    fn drop_unannounced(&mut self) {
        self.cut(false);
    }

    fn cut(&mut self, reset: bool) {
        if let Some(slot) = self.somebody() {
            self.excuse_lines_of(slot);
            self.clients[slot].drop_connection(reset);
            self.forget(slot);
            self.tally.reset += 1;
        }
    }

    fn hop_in(&mut self) {
        let room = self.some_room();
        let (now, since) = (self.now_ms, self.last_id);
        if let Some(slot) = self.somebody()
            && self.clients[slot].membership(room).is_none()
            && self.clients[slot].rooms.len() < 8
        {
            let client = &mut self.clients[slot];
            let line = join_line(client.dialect, &self.rooms[room].name);
            client.line(&line);
            client.rooms.push(membership(room, since));
            client.current = Some(room);
            client.sync(now, Certain::Joined(room));
            self.rooms[room].members.push(slot);
            self.tally.hopped += 1;
            self.send(slot);
        }
    }

    fn hop_out(&mut self) {
        for _ in 0..TRIES {
            let Some(slot) = self.somebody() else {
                continue;
            };
            let client = &mut self.clients[slot];
            let home = client.home;
            let now = self.now_ms;
            let Some(membership) = client.rooms.iter_mut().find(|one| one.room != home) else {
                continue;
            };
            let room = membership.room;
            membership.standing = Standing::Leaving;
            membership.owed = self.rooms[room].end();
            client.current = None;
            let name = &self.rooms[room].name;
            let line = match client.dialect {
                Dialect::Plain => format!("/part {name}"),
                Dialect::Irc(_) => format!("PART {name} :elsewhere"),
            };
            client.line(&line);
            client.sync(now, Certain::Left(room));
            self.tally.hopped += 1;
            return self.send(slot);
        }
    }

    fn rename(&mut self) {
        if let Some(slot) = self.somebody() {
            let client = &mut self.clients[slot];
            let name = client.next_name(slot);
            let line = match client.dialect {
                Dialect::Plain => format!("/nick {name}"),
                Dialect::Irc(_) => format!("NICK {name}"),
            };
            client.line(&line);
            client.sync(self.now_ms, Certain::Renamed(name));
            self.tally.renamed += 1;
            self.send(slot);
        }
    }

    fn tell_somebody(&mut self) {
        let (Some(from), Some(to)) = (self.somebody(), self.somebody()) else {
            return;
        };
        if from == to {
            return;
        }
        self.last_id += 1;
        let id = self.last_id;
        let padding = 8 + self.dice.below(100);
        let text = Said { id, author: from, place: Place::Private, padding }.text();
        let (name, names) = (self.clients[to].name.clone(), self.clients[to].names);
        let client = &mut self.clients[from];
        let line = match client.dialect {
            Dialect::Plain => format!("/msg {name} {text}"),
            Dialect::Irc(capabilities) if capabilities.labels => {
                format!("@label=L{id} PRIVMSG {name} :{text}")
            }
            Dialect::Irc(_) => format!("PRIVMSG {name} :{text}"),
        };
        client.line(&line);
        let said_ms = self.now_ms;
        self.privates.insert(id, Private { from, to, name: names, said_ms, may_be_lost: false });
        self.tally.private_said += 1;
        self.send(from);
    }

    fn ask(&mut self) {
        let Some(slot) = self.somebody() else {
            return;
        };
        let other = self.somebody().unwrap_or(slot);
        let (other, own) = (self.clients[other].name.clone(), self.clients[slot].name.clone());
        let Some(room) = self.clients[slot].rooms.first().map(|membership| membership.room) else {
            return;
        };
        let room = self.rooms[room].name.clone();
        let which = self.dice.below(10);
        let client = &mut self.clients[slot];
        let (line, answer) = match (client.dialect, which) {
            (Dialect::Plain, 0..3) => ("/history 15".to_owned(), ""),
            (Dialect::Plain, 3..5) => ("/who".to_owned(), "#soak"),
            (Dialect::Plain, 5) => ("/rooms".to_owned(), "  #"),
            (Dialect::Plain, 6) => ("/help".to_owned(), "/nick NAME"),
            (Dialect::Plain, 7) => (format!("/topic {room}"), "#soak"),
            (Dialect::Plain, 8) => (format!("/mode {room}"), "has mode"),
            (Dialect::Plain, _) => ("/nonsense".to_owned(), "No such command: /nonsense"),
            (Dialect::Irc(capabilities), 0..3) if capabilities.batch => {
                (format!("CHATHISTORY LATEST {room} * 20"), "BATCH ")
            }
            (Dialect::Irc(_), 0 | 1) => (format!("WHO {room}"), "315 "),
            (Dialect::Irc(_), 2 | 3) => (format!("NAMES {room}"), "366 "),
            (Dialect::Irc(_), 4) => ("LIST".to_owned(), "323 "),
            (Dialect::Irc(_), 5) => (format!("WHOIS {other}"), "318 "),
            (Dialect::Irc(_), 6) => (format!("MODE {room} b"), "368 "),
            (Dialect::Irc(_), 7) => (format!("MONITOR + {other}"), "73"),
            (Dialect::Irc(_), 8) => (format!("WHOWAS {own}"), "369 "),
            (Dialect::Irc(_), _) => ("LUSERS".to_owned(), "251 "),
        };
        client.line(&line);
        let certain = if answer.is_empty() { Certain::Nothing } else { Certain::Answered(answer) };
        client.sync(self.now_ms, certain);
        self.tally.asked += 1;
        self.send(slot);
    }

    /// The operator of some room changes what it allows and what it is about.
    fn keep_order(&mut self) {
        let number = self.dice.below(self.rooms.len());
        let Some(slot) = self.rooms[number].keeper else {
            return;
        };
        if !self.clients[slot].is_well() || self.clients[slot].spoke_ms + BREATH_MS > self.now_ms {
            return;
        }
        let member = self.rooms[number].members[self.dice.below(self.rooms[number].members.len())];
        let member = self.clients[member].name.clone();
        let (name, which) = (self.rooms[number].name.clone(), self.dice.below(5));
        let about = format!("about {}", self.dice.below(1000));
        let client = &mut self.clients[slot];
        let (command, rest) = match which {
            0 | 1 => ("topic", about),
            2 => ("mode", format!("+v {member}")),
            3 => ("mode", format!("-v {member}")),
            _ => ("mode", format!("+b-b {about}!*@* {about}!*@*").replace("about ", "about")),
        };
        let line = match client.dialect {
            Dialect::Plain => format!("/{command} {name} {rest}"),
            Dialect::Irc(_) if command == "topic" => format!("TOPIC {name} :{rest}"),
            Dialect::Irc(_) => format!("MODE {name} {rest}"),
        };
        client.line(&line);
        client.sync(self.now_ms, Certain::Nothing);
        self.send(slot);
    }

    /// Somebody does not read for a while, and then goes on.
    fn stall(&mut self) {
        let while_ms = 2000 + self.dice.below(40_000) as u64;
        if let Some(slot) = self.somebody() {
            let client = &mut self.clients[slot];
            client.sync(self.now_ms, Certain::Nothing);
            client.stalled_ms = Some(self.now_ms + while_ms);
            self.watch(slot, epoll::EventFlags::empty());
            self.tally.stalled += 1;
            self.send(slot);
        }
    }

    fn stray(&mut self) {
        let base = self.clients.len();
        let opened = self.strays.open(self.address, &self.epoll, base, &mut self.dice, self.now_ms);
        match opened {
            Ok(()) => self.tally.strays += 1,
            Err(error) => self.fault(format!("a stray cannot connect: {error}")),
        }
    }

    /// Somebody makes a room, says something there and leaves it, which ends it.
    fn visit(&mut self) {
        let number = self.dice.below(1_000_000);
        if let Some(slot) = self.somebody() {
            let client = &mut self.clients[slot];
            // What it says there nobody else may get: it would be a line of no room.
            let lines = match client.dialect {
                Dialect::Plain => [
                    format!("/join #visit{number}"),
                    format!("{MARK}nobody hears this"),
                    format!("/topic #visit{number} nothing"),
                    format!("/part #visit{number}"),
                ],
                Dialect::Irc(_) => [
                    format!("JOIN #visit{number}"),
                    format!("NOTICE #visit{number} :{MARK}nobody hears this"),
                    format!("MODE #visit{number} +kb word nobody!*@*"),
                    format!("PART #visit{number}"),
                ],
            };
            lines.iter().for_each(|line| client.line(line));
            client.current = None;
            client.sync(self.now_ms, Certain::Nothing);
            self.send(slot);
            // Some lines of what it may say at once are used up.
            self.clients[slot].spoke_ms = self.now_ms + 3000;
        }
    }

    fn go_away(&mut self) {
        if let Some(slot) = self.somebody() {
            let client = &mut self.clients[slot];
            let line = match (client.dialect, client.is_away) {
                (Dialect::Plain, false) => "/away out for a walk",
                (Dialect::Plain, true) => "/away",
                (Dialect::Irc(_), false) => "AWAY :out for a walk",
                (Dialect::Irc(_), true) => "AWAY",
            };
            client.is_away = !client.is_away;
            client.line(line);
            client.sync(self.now_ms, Certain::Nothing);
            self.send(slot);
        }
    }
}
