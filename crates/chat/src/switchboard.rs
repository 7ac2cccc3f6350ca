//! The service: connections in, rooms behind, and the turn that ties them together.
//!
//! Invariant: a call only notes what follows from it; what is to be sent is asked for at the end
//! of the turn, once for each reader, however much happened.
//!
//! Here stand the calls of [`Service`], top to bottom as a turn makes them, and the way of an event
//! from being proposed to its consequences. What people ask for and are answered is in
//! [`plain`](crate::plain) and [`irc`](crate::irc); how bytes become lines, and when they must wait, in
//! [`inbox`](crate::inbox).

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use service::{Batch, Key, Now, Origin, PerKey, Reason, Request, Service, Time, Via};
use smallvec::SmallVec;
use tracing::{debug, info};
use wire::text;

use crate::address::{Address, Addresses};
use crate::bans::{Bans, Suspect, Told};
use crate::cloak::Cloaks;
use crate::dialect::{Dialect, Scene};
use crate::door::Door;
use crate::event::{Applied, Event, Refusal, RoomId};
use crate::irc::{Client, Response, Watches};
use crate::outbox::{Place, View};
use crate::person::Identity;
use crate::plain::render::Lines;
use crate::questions::Questions;
use crate::room::modes::Rank;
use crate::session::{Counted, Flush, Hears, Input, Receiving, Session, Stage};
use crate::state::State;
use crate::timer::{NEVER, Timers};
use crate::trunk::{Ordered, Trunk};
use crate::words::{Manner, Words};
use crate::{Settings, SlowReaders, Speaks, Stats};

/// The chat server, as a service that an engine runs.
#[derive(Debug)]
pub struct Switchboard {
    pub(crate) settings: Arc<Settings>,
    pub(crate) now: Now,
    pub(crate) sessions: PerKey<Session>,
    pub(crate) state: State,
    pub(crate) trunk: Trunk,
    pub(crate) timers: Timers,
    /// What all that is rendered has in common.
    pub(crate) scene: Arc<Scene>,
    /// The response being collected, if the command being obeyed has a label.
    pub(crate) response: Option<Response>,
    /// Whom IRC clients watch.
    pub(crate) watches: Watches,
    /// When it all began.
    pub(crate) started_unix_ms: Option<u64>,
    /// Batches named so far.
    pub(crate) batches: u64,
    /// What all those on this machine are behind their names.
    local: Arc<Identity>,
    pub(crate) cloaks: Cloaks,
    pub(crate) addresses: Addresses,
    /// Connections that are being closed.
    pub(crate) closing: usize,
    pub(crate) bans: Bans,
    pub(crate) questions: Questions,
    pub(crate) requests: VecDeque<(Key, Ask)>,
    /// Events whose consequences are being drawn: one may bring about another.
    settling: usize,
    /// Readers that have let too much lie, to be closed once that is done.
    slow: Vec<Key>,
    pub(crate) stats: Stats,
    /// What may still be worked through in this turn, in bytes.
    pub(crate) turn_left: usize,
    phase: Phase,
    /// Memory for what telnet leaves of what came in.
    pub(crate) typed: Vec<u8>,
}

/// What is asked of the engine for one connection: a [`Request`] in a quarter of its size, since
/// there may be one for everybody.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    Flush,
    Close,
    Pause,
    Resume,
    /// The whole engine.
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// Everyone has been told goodbye.
    Stopping,
}

impl Switchboard {
    /// A chat server with nobody in it.
    pub fn new(settings: Settings) -> Self {
        let settings = Arc::new(cleaned(settings));
        Self {
            now: Now::default(),
            sessions: PerKey::default(),
            state: State::new(Arc::clone(&settings)),
            trunk: Trunk::default(),
            timers: Timers::default(),
            scene: Arc::new(Scene {
                zone: settings.zone.clone(),
                server: server_name(&settings.name).into(),
                epoch: format!("{:x}", settings.seed & 0xff_ffff_ffff).into(),
            }),
            response: None,
            watches: Watches::new(settings.seed),
            started_unix_ms: None,
            batches: 0,
            local: Arc::new(Identity {
                user: "nc".into(),
                host: "localhost".into(),
                real_name: "with nc or telnet".into(),
                account: None,
            }),
            cloaks: Cloaks::new(&settings.cloak_key),
            closing: 0,
            addresses: Addresses::new(settings.seed),
            bans: Bans::new(settings.seed, &settings.bans),
            questions: Questions::default(),
            requests: VecDeque::new(),
            settling: 0,
            slow: Vec::new(),
            stats: Stats::default(),
            turn_left: settings.limits.turn_bytes,
            phase: Phase::Running,
            typed: Vec::new(),
            settings,
        }
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Counters, for logs and metrics.
    pub fn stats(&self) -> Stats {
        Stats {
            connections: self.sessions.len(),
            members: self.state.members(),
            rooms: self.state.rooms.len(),
            ..self.stats
        }
    }
}

/// What of the settings everybody reads has nothing in it that could trouble a terminal.
pub(crate) fn cleaned(settings: Settings) -> Settings {
    let clean = |text: &String| text::clean(text).into_owned();
    let (name, motd) = (clean(&settings.name), settings.motd.iter().map(clean).collect());
    Settings { name, motd, ..settings }
}

/// What the server is called in every reply to an IRC client: a word. Names for people may have
/// spaces.
fn server_name(name: &str) -> String {
    let word: String = name
        .chars()
        .map(|c| if c.is_whitespace() || c == ':' { '-' } else { c })
        .take(63)
        .collect();
    if word.is_empty() { "switchboard".into() } else { word }
}

impl Service for Switchboard {
    fn begin(&mut self, now: Now) {
        self.now = now;
        self.started_unix_ms.get_or_insert(now.unix_ms);
        self.turn_left = self.settings.limits.turn_bytes;
        // What does not get its turn now is still due, and comes first in the next.
        while self.turn_left > 0
            && let Some(key) = self.timers.due(now.time)
        {
            self.due(key);
        }
    }

    fn opened(&mut self, key: Key, origin: &Origin) {
        self.stats.opened += 1;
        let now = self.now.time;
        let speaks = match origin.via {
            Via::Listener(number) => self.settings.listeners.get(usize::from(number)),
            Via::Connect(_) => None,
        };
        let speaks = speaks.copied().unwrap_or_default();
        let dialect = match speaks {
            _ if self.settings.anonymous => Dialect::Undecided,
            Speaks::Anything | Speaks::Plain => Dialect::Undecided,
            Speaks::Irc => Dialect::Irc(Box::new(Client::new(now, None))),
        };
        let ip = origin.peer.ip();
        let is_proxy = ip.is_some_and(|ip| {
            self.settings.trusted_proxies.iter().any(|network| network.contains(ip))
        });
        let remote_ip = ip.filter(|_| !origin.peer.is_local());
        let mut session = Session::new(remote_ip, speaks, dialect);
        let door = if is_proxy { Door::for_proxy(now) } else { Door::new(now) };
        session.door = Some(Box::new(door));
        self.sessions.insert(key, session);
        info!(connection = ?key, peer = %origin.peer, connections = self.sessions.len(), "joined");
        // Who comes through a proxy counts as soon as it is known who that is.
        let address = Address::of(&origin.peer).filter(|_| !is_proxy);
        if !self.admit(key, address) {
            return;
        }
        if self.settings.anonymous && !is_proxy {
            // Whatever is said is relayed.
            return self.let_in_as_person(key);
        }
        self.arm(key);
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        if self.phase == Phase::Running {
            self.take_in(key, bytes);
        }
    }

    fn ended(&mut self, key: Key) {
        if self.phase == Phase::Stopping {
            return;
        }
        if let Some(session) = self.sessions.get_mut(key) {
            session.input = Input::Ended;
            if session.held.is_none() && session.hears != Hears::Nothing {
                self.wind_up(key);
            }
        }
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        self.go_on_answering(key);
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let view = View { me: key, dialect: &session.dialect, scene: &self.scene };
        let filled = session.outbox.fill(&view, &mut self.state.rooms, batch);
        session.flush = if batch.is_empty() { Flush::Idle } else { Flush::Asked };
        self.stats.lines_out += filled.lines;
        if filled.missed > 0 {
            self.stats.slow_told += 1;
            debug!(connection = ?key, missed = filled.missed, "slow reader");
            // A client that misses comings and goings shows what is not so.
            if self.settings.limits.slow_readers == SlowReaders::Close
                || matches!(session.dialect, Dialect::Irc(_))
            {
                batch.clear();
                self.close_slow(key);
                return self.transmit(key, batch);
            }
        }
        self.update_receiving(key);
        self.note_read(key);
    }

    fn closed(&mut self, key: Key, reason: Reason) {
        let Some(mut session) = self.sessions.remove(key) else {
            return;
        };
        self.timers.set(key, &mut session.deadline, NEVER);
        self.watches.clear(key);
        self.closing -= usize::from(session.stage == Stage::Closing);
        if let Some(address) = session.ip.map(Address::from)
            && session.counted == Counted::Yes
        {
            self.addresses.close(address);
        }
        info!(connection = ?key, %reason, connections = self.sessions.len(), "left");
        self.depart(
            key,
            match reason {
                Reason::Reset => "Connection reset",
                _ => "Connection closed",
            },
        );
    }

    fn woken(&mut self) {
        if self.phase == Phase::Running {
            self.take_answers();
        }
    }

    fn stopping(&mut self) {
        let keys: Vec<Key> = self.sessions.iter().map(|(key, _)| key).collect();
        info!(connections = keys.len(), "shutting down");
        for key in keys {
            self.set_deadline(key, NEVER);
            self.say_goodbye(key, "Server is shutting down...");
        }
        self.phase = Phase::Stopping;
        self.state.stop_announcing();
    }

    fn finish(&mut self) -> Option<Time> {
        while let Some(id) = self.state.next_dirty() {
            let Some(room) = self.state.rooms.get(id) else {
                continue;
            };
            let end = room.log.end();
            let mut least = end;
            for &member in &room.members {
                let Some(session) = self.sessions.get_mut(member) else {
                    continue;
                };
                let position = session.outbox.position(id).unwrap_or(end);
                least = least.min(position);
                if position < end && session.flush == Flush::Idle {
                    session.flush = Flush::Asked;
                    self.requests.push_back((member, Ask::Flush));
                }
            }
            self.state.settle_room(id, least);
        }
        self.timers.next()
    }

    fn request(&mut self) -> Option<Request> {
        let (key, ask) = self.requests.pop_front()?;
        Some(match ask {
            Ask::Flush => Request::Flush(key),
            Ask::Close => Request::Close(key),
            Ask::Pause => Request::Pause(key),
            Ask::Resume => Request::Resume(key),
            Ask::Stop => Request::Stop,
        })
    }
}

/// From what somebody wants to what follows from it.
impl Switchboard {
    /// Proposes `event`, and lets happen whatever now has its place in the order.
    pub(crate) fn propose(&mut self, event: Event) {
        self.trunk.propose(self.now.unix_ms, event);
        while let Some(ordered) = self.trunk.next() {
            let outcome = self.state.apply(&ordered);
            if let Some(session) = self.sessions.get_mut(ordered.event.member()) {
                session.outbox.note_own(ordered.seq);
            }
            self.settling += 1;
            self.settle(&ordered, &outcome);
            self.settling -= 1;
        }
        // Not before: that they leave is an event too, and comes behind all that this one leads to.
        while self.settling == 0
            && let Some(key) = self.slow.pop()
        {
            self.close_slow(key);
        }
    }

    /// What follows from an event for the connections of this server: who it is meant for begins or
    /// ends to read, or is told; and its author is answered, in the words of its dialect.
    fn settle(&mut self, ordered: &Ordered, outcome: &Result<Applied, Refusal>) {
        let member = ordered.event.member();
        self.tell_watchers(ordered, outcome);
        match (outcome, &ordered.event) {
            (Ok(Applied::Joined(room)), _) => {
                let end = self.state.rooms.get(*room).map_or(0, |room| room.log.end());
                if let Some(session) = self.sessions.get_mut(member) {
                    session.outbox.attach(*room, end);
                }
            }
            (Ok(Applied::Left(room)), _) => self.detach(member, *room),
            (Ok(Applied::Removed(target)), Event::Removed { room, .. }) => {
                self.put_out(*target, *room, member);
            }
            (Ok(Applied::Invited(target)), Event::Invited { room, .. }) => {
                self.tell_invited(ordered, *target, *room);
            }
            (Ok(Applied::RoomRenamed(old)), Event::RoomRenamed { room, reason, .. }) => {
                self.tell_room_renamed(ordered, *room, old, reason.as_deref());
            }
            (Ok(Applied::Departed(_)), _) => {
                let rooms: Vec<_> =
                    self.sessions.get(member).map_or(Vec::new(), |s| s.outbox.rooms().collect());
                for room in rooms {
                    self.detach(member, room);
                }
            }
            (Ok(Applied::Told(to, by)), Event::Told { to: wanted, words, .. }) => {
                // As they write their name, not as it was typed.
                let name = self.state.name(*to).unwrap_or(*wanted);
                self.tell_plain_words(*to, ordered, &by.name, None, words);
                self.tell_irc_words(*to, ordered, by, name.as_str(), words);
            }
            (Ok(Applied::SaidToRank(room, by)), Event::Said { least: Some(least), words, .. }) => {
                let group = format!("{}{}", least.sign(), self.room_name(*room));
                for reader in self.state.ranked(*room, *least) {
                    if reader != member {
                        self.tell_plain_words(reader, ordered, &by.name, Some(&group), words);
                        self.tell_irc_words(reader, ordered, by, &group, words);
                    }
                }
            }
            (Ok(Applied::Annotated(changed)), Event::Annotated { about, .. }) => {
                self.notify_annotated(ordered, *about, changed);
            }
            _ => {}
        }
        match self.sessions.get(member).map(|session| &session.dialect) {
            Some(Dialect::Irc(_)) => self.tell_irc(member, ordered, outcome),
            Some(Dialect::Plain(_) | Dialect::Undecided) => {
                self.tell_plain(member, ordered, outcome);
            }
            None => {}
        }
    }

    pub(crate) fn detach(&mut self, key: Key, id: RoomId) {
        if let (Some(session), Some(room)) = (self.sessions.get_mut(key), self.state.rooms.get(id))
        {
            let view = View { me: key, dialect: &session.dialect, scene: &self.scene };
            let limit_bytes = self.settings.limits.mailbox_close_bytes / 2;
            let now = Place::after(self.trunk.last_seq());
            session.outbox.detach(&view, id, &room.name, &room.log, limit_bytes, now);
            self.posted(key);
        }
    }

    /// What has happened and `key` has not been sent yet keeps the look it has now, whatever `key`
    /// asks for next. (Where it is too much for the mailbox, that is met as ever.)
    pub(crate) fn keep_the_look_of_what_waits(&mut self, key: Key) {
        let now = Place::after(self.trunk.last_seq());
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let rooms: SmallVec<[RoomId; 4]> = session.outbox.rooms().collect();
        for id in rooms {
            if let Some(room) = self.state.rooms.get(id)
                && session.outbox.position(id).is_some_and(|next| next >= room.log.first())
            {
                let view = View { me: key, dialect: &session.dialect, scene: &self.scene };
                session.outbox.take_along(&view, id, &room.name, &room.log, usize::MAX, now);
            }
        }
        self.posted(key);
    }

    /// `key` says something in a room, which is told first that `key` is there if it does not know.
    pub(crate) fn say_in(&mut self, key: Key, room: RoomId, least: Option<Rank>, words: Words) {
        if words.manner != Manner::Tags {
            self.show(key, room);
        }
        self.propose(Event::Said { member: key, room, least, words });
    }

    /// A connection becomes a member in the plain dialect, and comes to the lobby.
    pub(crate) fn arrive(&mut self, key: Key) {
        let ip = self.sessions.get(key).and_then(|session| session.ip);
        let identity = match ip {
            None => Arc::clone(&self.local),
            Some(_) => {
                Arc::new(Identity { host: self.host_of(key), ..Identity::clone(&self.local) })
            }
        };
        // What it will be called has nothing to do with it.
        let who = Suspect { name: "guest", identity: &identity, ip };
        if let Some(words) = self.ban_of(who) {
            return self.refuse_banned(key, &words);
        }
        self.propose(Event::Arrived { member: key, name: None, identity, away: None });
    }

    /// What somebody who is banned is told.
    pub(crate) fn ban_of(&self, who: Suspect<'_>) -> Option<String> {
        self.bans.of(who, self.now.unix_ms).map(|ban| Told(ban).to_string())
    }

    /// Where `key` comes from, as others may see it.
    pub(crate) fn host_of(&self, key: Key) -> Box<str> {
        self.cloaks.host(self.sessions.get(key).and_then(|session| session.ip))
    }

    /// The address of `of`, if it is `asker`'s to see: one's own, and for server operators
    /// everybody's. `localhost` for who is on this machine.
    pub(crate) fn shown_address(&self, asker: Key, of: Key) -> Option<String> {
        if asker != of && !self.state.is_operator(asker) {
            return None;
        }
        let ip = self.sessions.get(of)?.ip;
        Some(ip.map_or("localhost".to_owned(), |ip| ip.to_string()))
    }

    /// Tells `key` something about its connection, in whatever dialect.
    pub(crate) fn notify(&mut self, key: Key, what: impl fmt::Display) {
        match self.sessions.get(key).map(|session| &session.dialect) {
            Some(Dialect::Irc(_)) => self.reply(key, |to| to.notice(what)),
            Some(Dialect::Plain(_) | Dialect::Undecided) => self.tell(key, |to| to.line(what)),
            None => {}
        }
    }

    /// Lets `write` say something to `key` alone, after all that has happened so far, if it reads
    /// plain lines.
    pub(crate) fn tell(&mut self, key: Key, write: impl FnOnce(&mut Lines<'_>)) {
        let newline = match self.sessions.get(key).map(|session| &session.dialect) {
            Some(dialect @ (Dialect::Plain(_) | Dialect::Undecided)) => dialect.newline(),
            Some(Dialect::Irc(_)) | None => return,
        };
        let place = Place::after(self.trunk.last_seq());
        self.mail(key, place, |out| write(&mut Lines { out, newline }));
    }

    /// Lets `write` append to what is sent to `key` alone, at `place`.
    pub(crate) fn mail(&mut self, key: Key, place: Place, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(session) = self.sessions.get_mut(key)
            && session.stage != Stage::Closing
        {
            session.outbox.mail(place, write);
            self.posted(key);
        }
    }

    /// Something was put into the mailbox of `key`.
    pub(crate) fn posted(&mut self, key: Key) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let waiting = session.outbox.mail_bytes();
        if waiting > 0 && session.flush == Flush::Idle {
            session.flush = Flush::Asked;
            self.requests.push_back((key, Ask::Flush));
        }
        let limits = &self.settings.limits;
        if waiting > limits.mailbox_close_bytes
            && session.stage != Stage::Closing
            && (waiting > limits.operator_mailbox_close_bytes || !self.state.is_operator(key))
        {
            match self.settling {
                0 => return self.close_slow(key),
                _ if self.slow.contains(&key) => {}
                _ => self.slow.push(key),
            }
        }
        self.update_receiving(key);
    }

    /// What `key` is owed has been sent: what it sent meanwhile may be taken.
    fn note_read(&mut self, key: Key) {
        let (now, mark) = (self.now.time, self.settings.limits.mailbox_pause_bytes);
        if let Some(session) = self.sessions.get_mut(key)
            && session.outbox.mail_bytes() <= mark
            && !session.is_being_answered()
            && let Some(held) = session.held.as_mut()
            && std::mem::replace(&mut held.for_reading, false)
        {
            held.until = now;
            self.arm(key);
        }
    }

    /// Asks the engine to receive from `key`, or not to, if that has changed.
    pub(crate) fn update_receiving(&mut self, key: Key) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let mark = self.settings.limits.mailbox_pause_bytes;
        let waiting = session.outbox.mail_bytes();
        let wanted = match session.receiving {
            _ if session.stage == Stage::Closing => return,
            _ if session.held.is_some() || waiting > mark => Receiving::Paused,
            // Once paused, half the mark must be reached: no switching back and forth.
            Receiving::Paused if waiting > mark / 2 => Receiving::Paused,
            Receiving::Paused | Receiving::Resumed => Receiving::Resumed,
        };
        if wanted != session.receiving {
            session.receiving = wanted;
            let ask = match wanted {
                Receiving::Paused => Ask::Pause,
                Receiving::Resumed => Ask::Resume,
            };
            self.requests.push_back((key, ask));
        }
    }

    /// Connections that are not members yet.
    pub(crate) fn unregistered(&self) -> usize {
        self.sessions.len().saturating_sub(self.state.members() + self.closing)
    }

    pub(crate) fn set_deadline(&mut self, key: Key, deadline: Time) {
        if let Some(session) = self.sessions.get_mut(key) {
            self.timers.set(key, &mut session.deadline, deadline);
        }
    }

    /// Changes where what `key` types goes.
    pub(crate) fn set_current(&mut self, key: Key, room: Option<crate::event::RoomId>) {
        if let Some(session) = self.sessions.get_mut(key)
            && let Dialect::Plain(reader) = &mut session.dialect
        {
            reader.current = room;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_may_run_it_on_a_thread_of_its_own() {
        fn runs_anywhere(_: impl Service + Send + 'static) {}
        runs_anywhere(Switchboard::new(Settings::default()));
    }
}
