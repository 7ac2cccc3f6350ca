//! What the members do.

use std::io;

use rustix::event::epoll;

use super::client::{Certain, Dialect, Membership, Purpose, Stage, Standing};
use super::room::Waiting;
use super::words::{Place, Said};
use super::{Phase, ROOM_HISTORY, Soak, TICK_MS};

/// The warm-up has so much more coming and going, that what is bounded fills.
const WARM_UP_CHURN: f64 = 5.0;

/// Tries to find somebody who fits.
pub(super) const TRIES: usize = 20;

/// Between two lines of one member: it is never slowed down for talking.
pub(super) const BREATH_MS: u64 = 1500;

/// Who has not read in a bout has so long to read what it is told of that, before it leaves.
const FINDING_OUT_MS: u64 = 5000;

impl Soak {
    pub(super) fn tick(&mut self) {
        self.strays.tick(self.now_ms);
        match self.phase {
            Phase::Coming => {}
            Phase::Filling => self.fill(),
            Phase::WarmUp => self.live(WARM_UP_CHURN),
            Phase::Counting => self.live(1.0),
            Phase::Silent => self.end_bout(),
        }
        self.come();
        self.wake();
        let mut unsent = std::mem::take(&mut self.unsent);
        unsent.sort_unstable();
        unsent.dedup();
        unsent.retain(|&slot| self.clients[slot].flush());
        self.unsent.append(&mut unsent);
    }

    fn live(&mut self, churn: f64) {
        let seconds = TICK_MS as f64 / 1000.0;
        self.follow_whims(churn * self.options.churn * seconds);
        self.talk(self.options.rate * seconds);
        self.bout(seconds);
    }

    /// Those who are due come, some at a time.
    fn come(&mut self) {
        if self.phase == Phase::Silent {
            return;
        }
        let mut left = 10;
        for slot in 0..self.clients.len() {
            let Stage::Down { again_ms } = self.clients[slot].stage else {
                continue;
            };
            if again_ms > self.now_ms || left == 0 {
                continue;
            }
            left -= 1;
            if let Err(error) = self.bring(slot) {
                self.fault(format!("{slot} cannot connect: {error}"));
                self.clients[slot].stage = Stage::Down { again_ms: self.now_ms + 5000 };
            }
        }
    }

    fn bring(&mut self, slot: usize) -> io::Result<()> {
        let extra = (!self.is_of_bout(slot) && self.dice.percent(50)).then(|| self.some_room());
        let (now, since) = (self.now_ms, self.last_id);
        let client = &mut self.clients[slot];
        client.connect(self.address)?;
        client.stage = Stage::Coming { since_ms: now };
        client.name = client.next_name(slot);
        let name = client.name.clone();
        let mut homes = vec![client.home];
        homes.extend(extra.filter(|&extra| extra != client.home));
        match client.dialect {
            Dialect::Plain => {
                client.line("/plain");
                client.line(&format!("/nick {name}"));
            }
            Dialect::Irc(capabilities) => {
                if !capabilities.list.is_empty() {
                    client.line(&format!("CAP REQ :{}", capabilities.list));
                }
                client.line(&format!("NICK {name}"));
                client.line(&format!("USER {name} 0 * :soaking"));
                if !capabilities.list.is_empty() {
                    client.line("CAP END");
                }
            }
        }
        for &room in &homes {
            let line = join_line(client.dialect, &self.rooms[room].name);
            client.line(&line);
            client.rooms.push(membership(room, since));
            client.current = Some(room);
            self.rooms[room].members.push(slot);
        }
        if client.dialect == Dialect::Plain {
            client.line("/part #lobby");
        }
        client.sync(now, Certain::Registered);
        let data = epoll::EventData::new_u64(slot as u64);
        if let Some(fd) = client.fd() {
            epoll::add(&self.epoll, fd, data, epoll::EventFlags::IN)?;
        }
        self.unsent.push(slot);
        Ok(())
    }

    /// A room that anybody may come to.
    pub(super) fn some_room(&mut self) -> usize {
        let rooms = self.flood - self.medium;
        if rooms == 0 { 0 } else { self.medium + self.dice.below(rooms) }
    }

    /// Somebody ordinary who is there and does not stall.
    pub(super) fn somebody(&mut self) -> Option<usize> {
        for _ in 0..TRIES {
            let slot = self.dice.below(self.clients.len());
            let client = &self.clients[slot];
            if client.is_well()
                && client.purpose == Purpose::Ordinary
                && client.syncs.is_empty()
                && client.spoke_ms + BREATH_MS <= self.now_ms
            {
                return Some(slot);
            }
        }
        None
    }

    /// Sends what has been written for `slot`.
    pub(super) fn send(&mut self, slot: usize) {
        self.clients[slot].spoke_ms = self.now_ms;
        if self.clients[slot].flush() {
            self.unsent.push(slot);
        }
    }

    /// `slot` says something in `room`, where it surely is.
    pub(super) fn say(&mut self, slot: usize, number: usize, padding: usize) {
        self.last_id += 1;
        let id = self.last_id;
        let text = Said { id, author: slot, place: Place::Room(number), padding }.text();
        let client = &mut self.clients[slot];
        let room = &mut self.rooms[number];
        let line = match client.dialect {
            Dialect::Plain if client.current == Some(number) => text,
            Dialect::Plain => format!("/msg {} {text}", room.name),
            Dialect::Irc(capabilities) if capabilities.labels => {
                format!("@label=L{id} PRIVMSG {} :{text}", room.name)
            }
            Dialect::Irc(_) => format!("PRIVMSG {} :{text}", room.name),
        };
        client.line(&line);
        let said_ms = self.now_ms;
        room.waiting.insert(id, Waiting { author: slot, said_ms, may_be_lost: false });
        room.said += 1;
        self.tally.said += 1;
        self.send(slot);
    }

    /// Somebody in `room` who may speak there now.
    fn speaker(&mut self, number: usize) -> Option<usize> {
        let count = self.rooms[number].members.len();
        for _ in 0..TRIES.min(count) {
            let slot = self.rooms[number].members[self.dice.below(count)];
            let client = &self.clients[slot];
            if client.is_well()
                && client.purpose != Purpose::Staller
                && client.is_surely_in(number)
                && client.spoke_ms + BREATH_MS <= self.now_ms
            {
                return Some(slot);
            }
        }
        None
    }

    fn talk(&mut self, lines: f64) {
        // What is left over of a line is left to chance.
        let whole = lines as usize;
        let chance = ((lines - whole as f64) * 1000.0) as usize;
        let count = whole + usize::from(self.dice.below(1000) < chance);
        for _ in 0..count {
            let room = match self.dice.below(100) {
                0..2 => 0,
                2..40 if self.small > self.medium => {
                    self.medium + self.dice.below(self.small - self.medium)
                }
                _ => self.small + self.dice.below((self.flood - self.small).max(1)),
            };
            let padding = 8 + self.dice.below(120);
            if let Some(slot) = self.speaker(room) {
                self.say(slot, room, padding);
            }
        }
    }

    /// Every room gets as much history as it may have.
    fn fill(&mut self) {
        let mut left = (self.options.rate * 10.0 * TICK_MS as f64 / 1000.0).ceil() as usize;
        for _ in 0..self.rooms.len() {
            let room = self.dice.below(self.rooms.len());
            if left == 0 {
                return;
            }
            if self.rooms[room].said >= ROOM_HISTORY {
                continue;
            }
            if let Some(slot) = self.speaker(room) {
                left -= 1;
                let padding = 8 + self.dice.below(120);
                self.say(slot, room, padding);
            }
        }
    }

    /// In a bout, some say much, and some do not read it.
    fn bout(&mut self, seconds: f64) {
        if self.options.bouts == 0 {
            return;
        }
        if self.bout_until_ms.is_none() && self.now_ms >= self.next_bout_ms {
            let until = self.now_ms + self.options.bout * 1000;
            self.bout_until_ms = Some(until);
            self.next_bout_ms = self.now_ms + self.options.bouts.max(self.options.bout + 20) * 1000;
            self.tally.bouts += 1;
            for slot in 0..self.clients.len() {
                let client = &mut self.clients[slot];
                if client.purpose == Purpose::Staller && client.is_up() {
                    client.sync(self.now_ms, Certain::Nothing);
                    client.is_forgiven = true;
                    client.stalled_ms = Some(until);
                    self.watch(slot, epoll::EventFlags::empty());
                    self.send(slot);
                }
            }
        }
        if let Some(until) = self.bout_until_ms {
            if self.now_ms >= until {
                return self.end_bout();
            }
            let flooders = self.rooms[self.flood].members.len() as f64;
            let lines = flooders * self.options.bout_rate * seconds;
            let count = lines as usize
                + usize::from(self.dice.below(1000) < (lines.fract() * 1000.0) as usize);
            for _ in 0..count {
                self.flood_once();
            }
        }
    }

    fn flood_once(&mut self) {
        let room = self.flood;
        // As evenly as may be: nobody is slowed down.
        let breath_ms = (970.0 / self.options.bout_rate) as u64;
        let members = self.rooms[room].members.len();
        if members == 0 {
            return;
        }
        for _ in 0..TRIES {
            let slot = self.rooms[room].members[self.dice.below(members)];
            let client = &self.clients[slot];
            if client.purpose != Purpose::Staller
                && client.is_well()
                && client.is_surely_in(room)
                && client.spoke_ms + breath_ms <= self.now_ms
            {
                return self.say(slot, room, 330);
            }
        }
    }

    fn end_bout(&mut self) {
        self.bout_until_ms = None;
    }

    /// Those whose stall is over read on; who was to be told or closed finds out, and leaves.
    fn wake(&mut self) {
        let (now, is_over) = (self.now_ms, self.phase == Phase::Silent);
        for slot in 0..self.clients.len() {
            let client = &mut self.clients[slot];
            if client.stalled_ms.is_some_and(|until| until <= now || is_over) {
                client.stalled_ms = None;
                client.leaves_ms = client.is_forgiven.then_some(now + FINDING_OUT_MS);
                self.watch(slot, epoll::EventFlags::IN);
            } else if client.is_up() && client.leaves_ms.is_some_and(|at| at <= now) {
                self.quit_as(slot);
            }
        }
    }
}

pub(super) fn join_line(dialect: Dialect, room: &str) -> String {
    match dialect {
        Dialect::Plain => format!("/join {room}"),
        Dialect::Irc(_) => format!("JOIN {room}"),
    }
}

pub(super) fn membership(room: usize, since: u64) -> Membership {
    Membership { room, standing: Standing::Joining, since, cursor: None, owed: 0, missed: 0 }
}
