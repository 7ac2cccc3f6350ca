//! The service: connections in, rooms behind, and the turn that ties them together.
//!
//! Invariant: a call only notes what follows from it; what is to be sent is asked for at the end
//! of the turn, once for each reader, however much happened.
//!
//! Here stand the calls of [`Service`], top to bottom as a turn makes them, and the way of an event
//! from being proposed to its consequences. What people ask for and are answered is in
//! [`plain`](crate::plain), [`irc`](crate::irc) and [`web`](crate::web); how bytes become lines, and when they must wait, in
//! [`inbox`](crate::inbox).

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use service::{Batch, Key, KeySpace, Now, Origin, PerKey, Reason, Request, Service, Time, Via};
use smallvec::SmallVec;
use tracing::{debug, info};
use wire::name::RoomName;
use wire::text;

use crate::address::Address;
use crate::cloak::Cloaks;
use crate::common::Common;
use crate::dialect::{Dialect, Scene};
use crate::door::Door;
use crate::ending::Wherefore;
use crate::event::{Applied, Event, MemberId, Refusal, RoomId};
use crate::exchange::{Bounds, Exchange, Seat};
use crate::framing::Farewell;
use crate::http::Conversation;
use crate::irc::{Client, Response, Watches};
use crate::outbox::Place;
use crate::person::{Identity, Person};
use crate::plain::render::Lines;
use crate::questions::Questions;
use crate::room::modes::Rank;
use crate::session::{Counted, Flush, Receiving, Session, Stage};
use crate::state::State;
use crate::timer::{NEVER, Timers};
use crate::trunk::{Ordered, Trunk};
use crate::web::Ending;
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
    /// The same by the clock that is never set.
    pub(crate) started: Option<Time>,
    /// When it tells of itself next, if anybody looks.
    pub(crate) publish_at: Time,
    /// Batches named so far.
    pub(crate) batches: u64,
    /// What all those on this machine are behind their names.
    local: Arc<Identity>,
    /// The same of those who come by a browser.
    local_web: Arc<Identity>,
    pub(crate) cloaks: Cloaks,
    /// What all loops count together.
    pub(crate) common: Arc<Common>,
    pub(crate) questions: Questions,
    pub(crate) requests: VecDeque<(Key, Ask)>,
    settling: Settling,
    /// What was proposed meanwhile, and comes after it.
    proposed: VecDeque<Event>,
    /// Who is to be put out after that.
    pub(crate) to_put_out: Vec<(Key, Wherefore)>,
    pub(crate) stats: Stats,
    /// What may still be worked through in this turn, in bytes.
    pub(crate) turn_left: usize,
    pub(crate) phase: Phase,
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

/// Whether the consequences of events are being drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settling {
    No,
    /// Those of one event: others have to wait.
    Event,
    /// Who is to be put out after them is, one by one.
    Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// The engine has been asked to stop.
    Ending,
    /// Everyone has been told goodbye.
    Stopping,
}

impl Switchboard {
    /// A chat server with nobody in it, on one loop.
    pub fn new(settings: Settings) -> Self {
        let common = Arc::new(Common::new(settings.seed, 1));
        Self::with_trunk(settings, Trunk::default(), common, KeySpace::WHOLE)
    }

    /// The loop with this number of a chat server that runs on several: all are made before the first
    /// has a turn, with the same settings, but for the [`Host`](Settings::host), of which each has its
    /// own. Its engine hands out the keys of [`Exchange::key_space`].
    ///
    /// # Panics
    ///
    /// If there is no such loop, or it has been made already.
    pub fn in_loop(settings: Settings, exchange: Arc<Exchange>, number: usize) -> Self {
        let (space, common) = (exchange.key_space(number), exchange.common(settings.seed));
        let trunk = Trunk::shared(Seat::new(exchange, number, Bounds::of(&settings.limits)));
        Self::with_trunk(settings, trunk, common, space)
    }

    fn with_trunk(settings: Settings, trunk: Trunk, common: Arc<Common>, space: KeySpace) -> Self {
        let settings = Arc::new(cleaned(settings));
        Self {
            now: Now::default(),
            sessions: PerKey::in_space(space),
            state: State::new(Arc::clone(&settings)),
            trunk,
            timers: Timers::default(),
            scene: Arc::new(Scene {
                zone: settings.zone.clone(),
                server: server_name(&settings.name).into(),
                epoch: format!("{:x}", settings.seed & 0xff_ffff_ffff).into(),
            }),
            response: None,
            watches: Watches::new(settings.seed),
            started_unix_ms: None,
            started: None,
            publish_at: Time::ZERO,
            batches: 0,
            local: Arc::new(Identity {
                user: "nc".into(),
                host: "localhost".into(),
                real_name: "with nc or telnet".into(),
                ip: None,
                account: None,
            }),
            local_web: Arc::new(Identity {
                user: "web".into(),
                host: "localhost".into(),
                real_name: "with a browser".into(),
                ip: None,
                account: None,
            }),
            cloaks: Cloaks::new(&settings.cloak_key),
            common,
            questions: Questions::default(),
            requests: VecDeque::new(),
            settling: Settling::No,
            proposed: VecDeque::new(),
            to_put_out: Vec::new(),
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
            log_bytes: self.state.logs_bytes(),
            ..self.stats
        }
    }

    /// All that members share, as far as this loop has applied events, as text: for tests, and for
    /// finding out. Loops of one server that have applied the same events give the same account, to the
    /// last byte.
    pub fn account(&self) -> String {
        format!("{} events\n{}", self.trunk.last_seq(), self.state.account())
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
        self.started.get_or_insert(now.time);
        self.publish_if_watched();
        self.catch_up();
        self.turn_left = if self.trunk.is_full() { 0 } else { self.settings.limits.turn_bytes };
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
            Speaks::Web => Dialect::Undecided,
        };
        let ip = origin.peer.ip();
        let is_proxy = ip.is_some_and(|ip| {
            self.settings.trusted_proxies.iter().any(|network| network.contains(ip))
        });
        let remote_ip = ip.filter(|_| !origin.peer.is_local());
        let mut session = Session::new(remote_ip, speaks, dialect);
        let door = if is_proxy { Door::for_proxy(now) } else { Door::new(now) };
        if speaks == Speaks::Web && !self.settings.anonymous {
            session.dialect = Dialect::Http(Box::new(Conversation::new(now, door.forwarding())));
        }
        session.door = Some(Box::new(door));
        self.sessions.insert(key, session);
        // Of all loops.
        let connections = self.common.open();
        info!(connection = ?key, peer = %origin.peer, connections, "joined");
        // Who comes through a proxy counts as soon as it is known who that is.
        let address = Address::of(&origin.peer).filter(|_| !is_proxy);
        if !self.admit(key, address) {
            return;
        }
        if speaks == Speaks::Web {
            self.asks_only(key);
        }
        if self.settings.anonymous && !is_proxy {
            // Whatever is said is relayed.
            return self.let_in_as_person(key);
        }
        self.arm(key);
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        self.stats.bytes_in += bytes.len() as u64;
        if self.phase != Phase::Stopping {
            self.take_in(key, bytes);
        }
    }

    fn ended(&mut self, key: Key) {
        if self.phase != Phase::Stopping {
            self.end_input(key);
        }
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        let Some(mut session) = self.sessions.get_mut(key) else {
            return;
        };
        let mut is_being_answered = session.is_being_answered();
        if is_being_answered {
            self.go_on_answering(key);
            session = match self.sessions.get_mut(key) {
                Some(session) => session,
                None => return,
            };
            is_being_answered = session.is_being_answered();
        }
        let (outbox, view) = session.view(key, &self.scene);
        let filled = outbox.fill(&view, &mut self.state.rooms, batch);
        session.flush = if batch.is_empty() {
            Flush::Idle
        } else if !batch.is_full() && !is_being_answered {
            // That is all there was: no need to come back and hear so.
            batch.nothing_more();
            Flush::Idle
        } else {
            Flush::Asked
        };
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
        self.stats.bytes_out += batch.len() as u64;
        // Else there is nothing to resume.
        if session.receiving == Receiving::Paused || session.held.is_some() {
            self.update_receiving(key);
            self.note_read(key);
        }
    }

    fn closed(&mut self, key: Key, reason: Reason) {
        let Some(mut session) = self.sessions.remove(key) else {
            return;
        };
        self.timers.set(key, &mut session.deadline, NEVER);
        self.watches.clear(key);
        self.end_resumable(key, &session);
        self.common.end(session.stage == Stage::Closing);
        if let Some(address) = session.ip.map(Address::from)
            && session.counted == Counted::Yes
        {
            self.common.addresses().close(address);
        }
        info!(connection = ?key, %reason, connections = self.common.connections(), "left");
        self.depart(
            key,
            match reason {
                Reason::Reset => "Connection reset",
                _ => "Connection closed",
            },
        );
    }

    fn woken(&mut self) {
        self.catch_up();
        if self.phase != Phase::Stopping {
            self.take_answers();
        }
    }

    fn stopping(&mut self) {
        // The other loops stop too; and from here on it is told to nobody that somebody leaves.
        self.phase = Phase::Stopping;
        self.propose(Event::Ended { member: None });
        let keys: Vec<Key> = self.sessions.iter().map(|(key, _)| key).collect();
        info!(connections = keys.len(), "shutting down");
        for key in keys {
            self.set_deadline(key, NEVER);
            self.note_ending(key, Ending::Shutdown);
            self.say_goodbye(key, Farewell::Restart, "Server is shutting down...");
        }
    }

    fn finish(&mut self) -> Option<Time> {
        self.trunk.wake_others();
        self.offer();
        self.let_rest();
        let due = match self.timers.next() {
            // It waits for other loops. They are busy: it looks again soon.
            Some(next) if self.trunk.is_full() => Some(next.max(self.now.time + LOOK_AGAIN)),
            next => next,
        };
        due.into_iter().chain(self.publishes_at()).min()
    }

    fn request(&mut self) -> Option<Request> {
        let (key, ask) = match self.requests.pop_front() {
            Some(next) => next,
            None => self.late_request()?,
        };
        Some(match ask {
            Ask::Flush => Request::Flush(key),
            Ask::Close => Request::Close(key),
            Ask::Pause => Request::Pause(key),
            Ask::Resume => Request::Resume(key),
            Ask::Stop => Request::Stop,
        })
    }
}

/// How soon it is looked again whether other loops have caught up.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// From what somebody wants to what follows from it.
impl Switchboard {
    /// What is asked for when all else has been: who was found to be slow when it was sent something
    /// has left after the turn was over.
    #[cold]
    #[inline(never)]
    fn late_request(&mut self) -> Option<(Key, Ask)> {
        self.trunk.wake_others();
        self.offer();
        self.requests.pop_front()
    }

    /// What has happened in rooms is offered to those of their readers who have not been asked to
    /// take it yet.
    fn offer(&mut self) {
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
    }

    /// Rooms in which nothing has happened since the last turn let go of what their readers have taken
    /// meanwhile. (Nothing wakes the loop for this: it is done when next there is anything to do, be
    /// it for a timer.)
    fn let_rest(&mut self) {
        while let Some(quiet) = self.state.next_quiet() {
            let Some(room) = self.state.rooms.get(quiet.room) else {
                continue;
            };
            let readers = room.members.iter().filter_map(|&member| self.sessions.get(member));
            let least = readers.filter_map(|session| session.outbox.position(quiet.room)).min();
            let least = least.unwrap_or(room.log.end());
            self.state.rest_room(quiet, least);
        }
        self.state.end_turn();
    }

    /// Proposes `event`, and lets happen whatever now has its place in the order. What follows from
    /// one event is done before the next: an event that another leads to comes after it.
    pub(crate) fn propose(&mut self, event: Event) {
        if self.settling == Settling::Event {
            return self.proposed.push_back(event);
        }
        self.place(event);
        self.see_to_the_rest();
    }

    /// Lets happen what other loops have proposed.
    pub(crate) fn catch_up(&mut self) {
        self.trunk.catch_up();
        self.carry_out();
        self.see_to_the_rest();
    }

    fn place(&mut self, event: Event) {
        self.trunk.propose(self.now.unix_ms, event);
        self.carry_out();
        if self.trunk.is_full() {
            self.turn_left = 0;
        }
    }

    /// Applies what has its place in the order, and does what follows from it.
    fn carry_out(&mut self) {
        while let Some(ordered) = self.trunk.next() {
            let outcome = self.state.apply(&ordered);
            if let Some(session) = self.sessions.get_mut(ordered.event.member()) {
                session.outbox.note_own(ordered.seq);
            }
            // What others do is no answer to the command being obeyed.
            let others = ordered.by != self.trunk.number();
            let response = if others { self.response.take() } else { None };
            let before = std::mem::replace(&mut self.settling, Settling::Event);
            self.settle(&ordered, &outcome);
            self.settling = before;
            if others {
                self.response = response;
            }
            self.state.close_deserted();
        }
    }

    /// Goes on with what events have led to: events, and in the end that somebody is put out.
    fn see_to_the_rest(&mut self) {
        while let Some(event) = self.proposed.pop_front() {
            self.place(event);
        }
        if self.settling == Settling::No && !self.to_put_out.is_empty() {
            self.settling = Settling::Ends;
            while self.put_out_next() {}
            self.settling = Settling::No;
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
            (Ok(Applied::Departed(who)), Event::Departed { put_out, .. }) => {
                let rooms: Vec<_> =
                    self.sessions.get(member).map_or(Vec::new(), |s| s.outbox.rooms().collect());
                for room in rooms {
                    self.detach(member, room);
                }
                if let Some(put_out) = put_out {
                    self.tell_put_out(member, who.name, put_out);
                }
            }
            (Ok(Applied::Opered), Event::Opered { operator: Some(operator), .. }) => {
                self.tell_opered(member, operator);
            }
            (Ok(Applied::Rehosted(_)), Event::Rehosted { host, by, .. }) => {
                self.tell_rehosted(ordered, host, by);
            }
            (Ok(Applied::Wallops(by)), Event::Wallops { text, .. }) => self.tell_wallops(by, text),
            (Ok(Applied::Banned), Event::Banned { ban, .. }) => self.tell_banned(ordered, ban),
            (Ok(Applied::Unbanned(ban)), _) => self.tell_unbanned(ordered, &ban.matches),
            (_, Event::Reported { but, text }) => self.tell_operators(*but, text),
            (Ok(Applied::Configured(taken)), _) => self.go_by(ordered, taken),
            (_, Event::Ended { .. }) => self.end(member),
            (Ok(Applied::Said), Event::Said { words, .. }) if words.attached.is_some() => {
                self.note_sent(ordered, words);
            }
            (Ok(Applied::Told(to, by)), Event::Told { to: wanted, words, .. }) => {
                self.note_sent(ordered, words);
                // As they write their name, not as it was typed.
                let name = self.state.name(*to).unwrap_or(*wanted);
                self.tell_words(*to, ordered, by, None, name.as_str(), words);
            }
            (Ok(Applied::SaidToRank(room, by)), Event::Said { least: Some(least), words, .. }) => {
                self.note_sent(ordered, words);
                let group = format!("{}{}", least.sign(), self.room_name(*room));
                for reader in self.state.ranked(*room, *least) {
                    if reader != member {
                        self.tell_words(reader, ordered, by, Some(&group), &group, words);
                    }
                }
            }
            (Ok(Applied::Annotated(changed)), Event::Annotated { about, .. }) => {
                self.notify_annotated(ordered, *about, changed);
            }
            (Err(Refusal::Banned(words)), _) => {
                self.put_out_later(member, Wherefore::Banned(Arc::clone(words)));
            }
            // Who is shown has not asked for it, and may have left the room before.
            (Err(_), Event::Shown { .. }) => return,
            _ => {}
        }
        match self.sessions.get(member).map(|session| &session.dialect) {
            Some(Dialect::Irc(_)) => self.tell_irc(member, ordered, outcome),
            Some(Dialect::Web(_)) => self.tell_web(member, ordered, outcome),
            Some(Dialect::Plain(_) | Dialect::Undecided) => {
                self.tell_plain(member, ordered, outcome);
            }
            Some(Dialect::Http(_)) | None => {}
        }
    }

    /// `reader`, or a few in a room that `group` names, of which it is one, are told something by `by`.
    fn tell_words(
        &mut self,
        reader: MemberId,
        ordered: &Ordered,
        by: &Person,
        group: Option<&str>,
        target: &str,
        words: &Words,
    ) {
        match self.sessions.get(reader).map(|session| &session.dialect) {
            Some(Dialect::Irc(_)) => self.tell_irc_words(reader, ordered, by, target, words),
            Some(Dialect::Web(_)) => self.tell_web_words(reader, ordered, &by.name, target, words),
            Some(Dialect::Plain(_)) => {
                self.tell_plain_words(reader, ordered, &by.name, group, words);
            }
            Some(Dialect::Undecided | Dialect::Http(_)) | None => {}
        }
    }

    pub(crate) fn detach(&mut self, key: Key, id: RoomId) {
        if let (Some(session), Some(room)) = (self.sessions.get_mut(key), self.state.rooms.get(id))
        {
            let (outbox, view) = session.view(key, &self.scene);
            let limit_bytes = self.settings.limits.mailbox_close_bytes / 2;
            let now = Place::after(self.trunk.last_seq());
            outbox.detach(&view, id, &room.name, &room.log, limit_bytes, now);
            self.posted(key);
        }
    }

    /// What has happened in the room `id`, which `key` goes on reading, keeps the name `old` that it
    /// had. It is sent from the mailbox now, whether anything follows it there or not.
    pub(crate) fn take_along(&mut self, key: Key, id: RoomId, old: &RoomName) {
        if let (Some(session), Some(room)) = (self.sessions.get_mut(key), self.state.rooms.get(id))
        {
            let (outbox, view) = session.view(key, &self.scene);
            let limit_bytes = self.settings.limits.mailbox_close_bytes / 2;
            let now = Place::after(self.trunk.last_seq());
            outbox.take_along(&view, id, old, &room.log, limit_bytes, now);
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
                let (outbox, view) = session.view(key, &self.scene);
                outbox.take_along(&view, id, &room.name, &room.log, usize::MAX, now);
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
        let identity = self.identity_like(key, &self.local);
        self.propose(Event::Arrived { member: key, name: None, identity, away: None });
    }

    /// What stands behind the name of `key`, who has come by a browser, or a client like one.
    pub(crate) fn identity_on_the_web(&self, key: Key) -> Arc<Identity> {
        self.identity_like(key, &self.local_web)
    }

    /// What `local` is on this machine, from where `key` is.
    fn identity_like(&self, key: Key, local: &Arc<Identity>) -> Arc<Identity> {
        let ip = self.sessions.get(key).and_then(|session| session.ip);
        match ip {
            None => Arc::clone(local),
            Some(_) => {
                let host = self.host_of(key);
                Arc::new(Identity { host, ip, ..Identity::clone(local) })
            }
        }
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
        let ip = self.state.person(of).ok()?.identity.ip;
        Some(ip.map_or("localhost".to_owned(), |ip| ip.to_string()))
    }

    /// Tells `key` something about its connection, in whatever dialect.
    pub(crate) fn notify(&mut self, key: Key, what: impl fmt::Display) {
        match self.sessions.get(key).map(|session| &session.dialect) {
            Some(Dialect::Irc(_)) => self.reply(key, |to| to.notice(what)),
            Some(Dialect::Plain(_) | Dialect::Undecided | Dialect::Web(_)) => {
                self.tell(key, |to| to.line(what));
            }
            Some(Dialect::Http(_)) | None => {}
        }
    }

    /// Lets `write` say something to `key` alone, after all that has happened so far, if it reads
    /// plain lines.
    pub(crate) fn tell(&mut self, key: Key, write: impl FnOnce(&mut Lines<'_>)) {
        let newline = match self.sessions.get(key).map(|session| &session.dialect) {
            Some(dialect @ (Dialect::Plain(_) | Dialect::Undecided)) => dialect.newline(),
            Some(Dialect::Web(_)) => return self.tell_web_lines(key, write),
            Some(Dialect::Irc(_) | Dialect::Http(_)) | None => return,
        };
        let place = Place::after(self.trunk.last_seq());
        self.mail(key, place, |out| write(&mut Lines { out, newline }));
    }

    /// Lets `write` append to what is sent to `key` alone, at `place`.
    pub(crate) fn mail(&mut self, key: Key, place: Place, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(session) = self.sessions.get_mut(key)
            && session.stage != Stage::Closing
            && !session.framing.has_ended()
        {
            let envelope = session.framing.envelope();
            session.outbox.mail(place, |out| {
                let from = out.len();
                write(out);
                envelope.enclose(out, from);
            });
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
                Settling::No => return self.close_slow(key),
                Settling::Event | Settling::Ends => self.put_out_later(key, Wherefore::Slow),
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
        let known = self.state.members() + self.common.closing();
        self.common.connections().saturating_sub(known)
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
    use crate::Limits;

    /// What is sent to `key` now.
    fn read(chat: &mut Switchboard, key: Key) -> String {
        chat.finish();
        while chat.request().is_some() {}
        let (mut got, mut batch) = (Vec::new(), Batch::default());
        loop {
            chat.transmit(key, &mut batch);
            if batch.is_empty() {
                return String::from_utf8(got).expect("only UTF-8 is sent");
            }
            while !batch.is_empty() {
                let mut slices = [std::io::IoSlice::new(&[])];
                batch.slices(&mut slices);
                let count = slices[0].len();
                got.extend_from_slice(&slices[0][..count]);
                batch.advance(count);
            }
        }
    }

    #[test]
    fn what_others_do_in_the_middle_of_a_command_comes_before_it_and_is_no_answer_to_it() {
        let limits = Limits::default().unthrottled();
        let settings = Settings { limits, irc_lobby: false, ..Settings::default() };
        let exchange = Exchange::new(2);
        let mut other = Seat::new(Arc::clone(&exchange), 1, Bounds::of(&settings.limits));
        let mut chat = Switchboard::in_loop(settings, exchange, 0);
        let [ada, bob] = [Key::new(0, 1), Key::new(1, 1)];
        let identity = Arc::clone(&crate::person::Person::guest(1).identity);
        let name = Some(wire::name::Name::parse("bob").unwrap());
        other.propose(0, Event::Arrived { member: bob, name, identity, away: None });
        chat.begin(Now::default());
        chat.opened(ada, &Origin { peer: service::Peer::Unix, via: Via::Listener(0) });
        chat.received(ada, b"CAP REQ :labeled-response batch\r\nNICK ada\r\nUSER a 0 * :A\r\n");
        chat.received(ada, b"CAP END\r\nMODE ada +w\r\n");
        assert!(read(&mut chat, ada).contains(" 001 ada "));
        chat.begin(Now::default());
        // The turn has begun, and what it began with has been taken.
        for text in ["one", "two"] {
            other.propose(0, Event::Wallops { member: bob, text: text.into() });
        }
        let room = "#tea".parse().unwrap();
        other.propose(0, Event::Joined { member: bob, room, key: None });
        chat.received(ada, b"@label=7 JOIN #tea\r\n");
        let got = read(&mut chat, ada);
        let lines: Vec<&str> = got.lines().collect();
        assert_eq!(lines[0], ":bob!nc@localhost WALLOPS :one");
        assert_eq!(lines[1], ":bob!nc@localhost WALLOPS :two");
        assert!(lines[2].starts_with("@label=7 :") && lines[2].contains(" BATCH +"), "{got}");
        assert!(lines.last().is_some_and(|line| line.contains(" BATCH -")), "{got}");
        assert!(got.contains(" 353 ada = #tea :ada @bob") || got.contains(":@bob ada"), "{got}");
    }

    #[test]
    fn an_event_that_another_leads_to_waits_until_all_that_follows_from_that_one_is_done() {
        let mut chat = Switchboard::new(Settings::default());
        chat.begin(Now::default());
        // As while the consequences of an event are being drawn.
        chat.settling = Settling::Event;
        for text in ["one", "two"] {
            chat.propose(Event::Reported { but: None, text: text.into() });
        }
        assert_eq!((chat.trunk.last_seq(), chat.proposed.len()), (0, 2));
        chat.settling = Settling::No;
        chat.propose(Event::Reported { but: None, text: "three".into() });
        assert_eq!((chat.trunk.last_seq(), chat.proposed.len()), (3, 0));
    }

    #[test]
    fn who_is_banned_elsewhere_while_it_comes_in_does_not_stay() {
        let exchange = Exchange::new(2);
        let settings = Settings::default();
        let mut other = Seat::new(Arc::clone(&exchange), 1, Bounds::of(&settings.limits));
        let mut chat = Switchboard::in_loop(settings, exchange, 0);
        let [ada, bob] = [Key::new(0, 1), Key::new(1, 1)];
        let identity = Arc::clone(&crate::person::Person::guest(1).identity);
        other.propose(0, Event::Arrived { member: bob, name: None, identity, away: None });
        chat.begin(Now::default());
        let peer = service::Peer::Inet("192.0.2.7:1".parse().unwrap());
        chat.opened(ada, &Origin { peer, via: Via::Listener(0) });
        let ban = crate::Ban {
            matches: crate::Matches::Network("192.0.2.0/24".parse().unwrap()),
            until_unix_ms: None,
            set_unix_ms: 0,
            by: "bob".into(),
            reason: "no".into(),
        };
        other.propose(0, Event::Banned { member: bob, ban: Arc::new(ban) });
        // By her line she comes in; the ban stands before it in the order.
        chat.received(ada, b"hello\n");
        assert!(read(&mut chat, ada).ends_with("You are banned from this server: no\n"));
        assert_eq!(chat.state.members(), 1, "and nobody is left in her place");
        assert_eq!(chat.unregistered(), 0);
    }

    #[test]
    fn an_engine_may_run_it_on_a_thread_of_its_own() {
        fn runs_anywhere(_: impl Service + Send + 'static) {}
        runs_anywhere(Switchboard::new(Settings::default()));
    }
}
