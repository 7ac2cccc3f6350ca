//! What comes from the server, held against what must.

use std::io;

use rustix::event::epoll;

use super::client::{Certain, Dialect, Purpose, Stage, Standing};
use super::room::{Moved, Verdict};
use super::words::{MARK, Place, Said};
use super::{Phase, Soak};

impl Soak {
    /// Something came for `slot`, or its connection ended.
    pub(super) fn take(&mut self, slot: usize, buffer: &mut [u8]) {
        let client = &mut self.clients[slot];
        match client.read(buffer) {
            Ok(0) => self.gone(slot, "closed"),
            Ok(count) => {
                let mut input = std::mem::take(&mut client.input);
                input.extend_from_slice(&buffer[..count]);
                let mut begin = 0;
                while let Some(len) = input[begin..].iter().position(|&byte| byte == b'\n') {
                    let line = &input[begin..begin + len];
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    match str::from_utf8(line) {
                        Ok(line) => self.take_line(slot, line),
                        Err(_) => {
                            self.fault(format!("{} got bytes that are no text", self.who(slot)));
                        }
                    }
                    begin += len + 1;
                }
                input.drain(..begin);
                self.clients[slot].input = input;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.gone(slot, "cut off"),
        }
    }

    /// Who that is, for people.
    pub(super) fn who(&self, slot: usize) -> String {
        let client = &self.clients[slot];
        let dialect = match client.dialect {
            Dialect::Plain => "plain".to_owned(),
            Dialect::Irc(capabilities) => format!("irc [{}]", capabilities.list),
        };
        format!("{} ({dialect}, {:?}, {:?})", client.name, client.purpose, client.stage)
    }

    /// The connection of `slot` ended, which it wanted, or deserved, or not.
    fn gone(&mut self, slot: usize, how: &str) {
        match self.clients[slot].stage {
            Stage::Ending { .. } => {
                if how == "cut off" && !self.clients[slot].is_forgiven {
                    self.fault(format!("{} was cut off while it left", self.who(slot)));
                }
                let places: Vec<usize> =
                    self.clients[slot].rooms.iter().map(|membership| membership.room).collect();
                for room in places {
                    self.check_owed(slot, room, "when it was closed");
                }
            }
            _ if self.clients[slot].is_forgiven => self.excuse_lines_of(slot),
            _ => {
                let last = self.clients[slot].last_line.clone();
                self.fault(format!("{} was {how} by the server: {last:?}", self.who(slot)));
                self.excuse_lines_of(slot);
            }
        }
        self.clients[slot].drop_connection(false);
        self.forget(slot);
    }

    /// `slot` has no connection any more: it is in no room, and comes again in a while.
    pub(super) fn forget(&mut self, slot: usize) {
        let client = &mut self.clients[slot];
        for membership in client.rooms.drain(..) {
            self.rooms[membership.room].members.retain(|&member| member != slot);
        }
        client.syncs.clear();
        client.out.clear();
        let again_ms = if self.phase == Phase::Silent {
            u64::MAX
        } else {
            self.now_ms + self.dice.below(3000) as u64
        };
        self.clients[slot].stage = Stage::Down { again_ms };
    }

    fn take_line(&mut self, slot: usize, line: &str) {
        match self.clients[slot].dialect {
            Dialect::Plain => self.take_plain(slot, line),
            Dialect::Irc(_) => self.take_irc(slot, line),
        }
        let client = &mut self.clients[slot];
        client.last_line.clear();
        client.last_line.push_str(line);
    }

    fn take_plain(&mut self, slot: usize, line: &str) {
        if let Some(at) = line.find(MARK) {
            let (before, text) = line.split_at(at);
            if self.clients[slot].in_history {
                return self.check_past(slot, text);
            }
            let Some((tag, name)) = before.trim_end().rsplit_once('<') else {
                // A topic, or a reason.
                return;
            };
            let name = name.trim_end_matches('>');
            let tag = tag.trim();
            return match name.strip_suffix(" to you") {
                Some(name) => self.take_private(slot, name, text),
                None => self.take_said(slot, name, (!tag.is_empty()).then_some(tag), text),
            };
        }
        if let Some(rest) = line.strip_prefix("No such command: /k") {
            let number = rest.split('.').next().and_then(|number| number.parse().ok());
            return self.take_sync(slot, number);
        }
        if line.starts_with("-- last ") {
            self.clients[slot].in_history = true;
        } else if line == "-- now --" {
            self.clients[slot].in_history = false;
        } else if line.starts_with("*** You missed ") {
            self.take_missed(slot, line);
        } else {
            self.note_answer(slot, line);
        }
    }

    fn take_irc(&mut self, slot: usize, line: &str) {
        let (tags, rest) = match line.strip_prefix('@').and_then(|line| line.split_once(' ')) {
            Some((tags, rest)) => (tags, rest),
            None => ("", line),
        };
        if let Some(token) = rest.strip_prefix("PING ") {
            self.tally.pings += 1;
            self.clients[slot].line(&format!("PONG {token}"));
            return self.unsent.push(slot);
        }
        let (source, rest) = match rest.strip_prefix(':').and_then(|rest| rest.split_once(' ')) {
            Some((source, rest)) => (source, rest),
            None => ("", rest),
        };
        let name = source.split('!').next().unwrap_or("");
        if let Some(rest) = rest.strip_prefix("PRIVMSG ") {
            let Some((target, text)) = rest.split_once(" :") else {
                return self.fault(format!("{} cannot read {line:?}", self.who(slot)));
            };
            if !text.starts_with(MARK) {
                return;
            }
            if tags.split(';').any(|tag| tag.starts_with("batch=")) {
                return self.check_past(slot, text);
            }
            self.check_label(slot, tags, name, text);
            if target.starts_with('#') {
                self.take_said(slot, name, Some(target), text);
            } else if name != self.clients[slot].name {
                self.take_private(slot, name, text);
            }
        } else if rest.starts_with("PONG ") {
            let number = rest.rsplit_once(":k").and_then(|(_, number)| number.parse().ok());
            self.take_sync(slot, number);
        } else if rest.starts_with("NOTICE ") && rest.contains(":You missed ") {
            self.take_missed(slot, rest);
        } else if rest.starts_with("ERROR ") && rest.contains("too slow") {
            self.tally.closed_slow += 1;
            if !self.clients[slot].is_forgiven {
                self.fault(format!("{} did read, and was told {line:?}", self.who(slot)));
            }
        } else if rest.starts_with("433 ") {
            self.fault(format!("{}: {line}", self.who(slot)));
        } else {
            self.note_answer(slot, rest);
        }
    }

    /// What a client said itself under a label comes back with it.
    fn check_label(&mut self, slot: usize, tags: &str, name: &str, text: &str) {
        let client = &self.clients[slot];
        let Dialect::Irc(capabilities) = client.dialect else {
            return;
        };
        if !capabilities.labels || name != client.name {
            return;
        }
        let id = text[MARK.len()..].split('.').next().unwrap_or("");
        let wanted = tags.split(';').any(|tag| tag.strip_prefix("label=L") == Some(id));
        if !wanted {
            self.fault(format!("{} got its own line without its label: {tags}", self.who(slot)));
        }
    }

    /// A line of history: it is whole, and was said here.
    fn check_past(&mut self, slot: usize, text: &str) {
        self.tally.history += 1;
        match Said::parse(text) {
            Some(said) if said.id <= self.last_id => {}
            _ => self.fault(format!("{} got in history {text:?}", self.who(slot))),
        }
    }

    /// Understands what was said; a fault if it is not whole, or not by whom it says.
    fn understand(&mut self, slot: usize, name: &str, text: &str) -> Option<Said> {
        let said = Said::parse(text).filter(|said| {
            said.id <= self.last_id
                && name.strip_prefix('u').and_then(|name| name.split('x').next()?.parse().ok())
                    == Some(said.author)
        });
        if said.is_none() {
            self.fault(format!("{} got from {name:?} {text:?}", self.who(slot)));
        }
        said
    }

    fn take_said(&mut self, slot: usize, name: &str, tag: Option<&str>, text: &str) {
        let Some(said) = self.understand(slot, name, text) else {
            return;
        };
        let Place::Room(number) = said.place else {
            return self.fault(format!("{} got a private line in a room", self.who(slot)));
        };
        let Some(room) = self.rooms.get_mut(number) else {
            return self.fault(format!("{} got a line of no room: {text}", self.who(slot)));
        };
        if tag.is_some_and(|tag| tag != room.name) {
            let who = self.who(slot);
            return self.fault(format!("{who} got in {tag:?} what was said elsewhere: {text}"));
        }
        let author_echoes = self.clients[said.author].echoes();
        let client = &self.clients[slot];
        let Some(membership) = client.membership(number) else {
            return self
                .fault(format!("{} got a line of {number}, where it is not", self.who(slot)));
        };
        if membership.standing == Standing::Joining {
            return;
        }
        let reader = client.reader(slot, membership);
        if said.author == slot && !reader.echoes {
            return self.fault(format!("{} got its own line back", self.who(slot)));
        }
        self.tally.received += 1;
        let verdict = room.hear(&reader, said.id, author_echoes, self.now_ms);
        let (cursor, moved) = match verdict {
            Verdict::Next { cursor, moved } => (cursor, moved),
            Verdict::Missing { cursor, moved, count, first } => {
                let end = room.end();
                let membership =
                    self.clients[slot].membership_mut(number).expect("looked up above");
                if membership.missed < count {
                    self.fault(format!(
                        "{} lost {count} in room {number}, the first {first}, before {} at {cursor} \
                         of {end}",
                        self.who(slot),
                        said.id
                    ));
                } else {
                    membership.missed -= count;
                }
                (cursor, moved)
            }
            Verdict::TwiceOrLate => {
                return self.fault(format!(
                    "{} got twice or too late, in room {number}: {}",
                    self.who(slot),
                    said.id
                ));
            }
            Verdict::Unknown => {
                return self.fault(format!(
                    "{} got again, in room {number}, what all had: {}",
                    self.who(slot),
                    said.id
                ));
            }
        };
        if let Some(Moved { from, to }) = moved {
            for &member in &self.rooms[number].members {
                if let Some(membership) = self.clients[member].membership_mut(number)
                    && let Some(place) = &mut membership.cursor
                    && (to + 1..=from).contains(place)
                {
                    *place += 1;
                }
            }
        }
        if let Some(membership) = self.clients[slot].membership_mut(number) {
            membership.cursor = Some(cursor);
        }
    }

    fn take_private(&mut self, slot: usize, name: &str, text: &str) {
        let Some(said) = self.understand(slot, name, text) else {
            return;
        };
        match self.privates.remove(&said.id) {
            Some(private) if private.to == slot => {}
            _ => {
                let who = self.who(slot);
                return self.fault(format!("{who} got twice, or not for it: {text}"));
            }
        }
        self.tally.private_received += 1;
        let last = self.clients[slot].last_private.insert(said.author, said.id);
        if last.is_some_and(|last| last > said.id) {
            self.fault(format!("{} got private lines out of order: {text}", self.who(slot)));
        }
    }

    /// "You missed 7 lines in #room: your connection was too slow."
    fn take_missed(&mut self, slot: usize, line: &str) {
        let count = line.split("You missed ").nth(1).and_then(|rest| {
            let (count, rest) = rest.split_once(" line")?;
            let room = rest.split("#soak").nth(1)?.split(':').next()?.parse::<usize>().ok()?;
            Some((count.replace(',', "").parse::<u64>().ok()?, room))
        });
        let client = &mut self.clients[slot];
        match count {
            Some((count, room)) if client.is_forgiven => {
                self.tally.told_slow += 1;
                if let Some(membership) = client.membership_mut(room) {
                    membership.missed += count;
                }
            }
            _ => self.fault(format!("{} did read, and was told {line:?}", self.who(slot))),
        }
    }

    fn note_answer(&mut self, slot: usize, line: &str) {
        let is_answer = |wanted: &str| {
            !wanted.is_empty() && (line.starts_with(wanted) || line.contains(wanted))
        };
        if let Some(sync) = self.clients[slot]
            .syncs
            .iter_mut()
            .find(|sync| !sync.seen && matches!(sync.certain, Certain::Answered(_)))
            && let Certain::Answered(wanted) = sync.certain
        {
            sync.seen = is_answer(wanted);
        }
    }

    /// All that `slot` asked for up to here has been dealt with.
    fn take_sync(&mut self, slot: usize, number: Option<u64>) {
        let client = &mut self.clients[slot];
        let sync = match client.syncs.pop_front() {
            Some(sync) if Some(sync.number) == number => sync,
            other => {
                let wanted = other.map(|sync| sync.number);
                return self.fault(format!(
                    "{} got answer {number:?} and waited for {wanted:?}",
                    self.who(slot)
                ));
            }
        };
        match sync.certain {
            Certain::Registered => {
                client.stage = Stage::Up;
                self.tally.welcomed += 1;
                for membership in &mut client.rooms {
                    membership.standing = Standing::Sure;
                    membership.since = self.last_id;
                }
            }
            Certain::Joined(room) => {
                if let Some(membership) = client.membership_mut(room) {
                    membership.standing = Standing::Sure;
                    membership.since = self.last_id;
                }
            }
            Certain::Left(room) => {
                self.check_owed(slot, room, "when it had left");
                self.clients[slot].rooms.retain(|membership| membership.room != room);
                self.rooms[room].members.retain(|&member| member != slot);
            }
            Certain::Renamed(name) => client.name = name,
            Certain::Answered(wanted) if !sync.seen => {
                self.fault(format!("{} was not answered: {wanted:?}", self.who(slot)));
            }
            Certain::Answered(_) | Certain::Nothing => {}
        }
    }

    /// Watches `slot` for what comes, or for nothing.
    pub(super) fn watch(&mut self, slot: usize, flags: epoll::EventFlags) {
        if let Some(fd) = self.clients[slot].fd() {
            let _ = epoll::modify(&self.epoll, fd, epoll::EventData::new_u64(slot as u64), flags);
        }
    }

    /// Whether `slot` talks in a bout, or is one who does not read then.
    pub(super) fn is_of_bout(&self, slot: usize) -> bool {
        matches!(self.clients[slot].purpose, Purpose::Flooder | Purpose::Staller)
    }
}
