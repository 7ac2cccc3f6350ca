//! The service: connections in, rooms behind, and the turn that ties them together.
//!
//! Invariant: a call only notes what follows from it; what is to be sent is asked for at the end
//! of the turn, once for each reader, however much happened.
//!
//! Here stand the calls of [`Service`], top to bottom as a turn makes them. The way of an event from
//! being proposed to its consequences is in [`consequences`], what one connection alone is sent in
//! [`mail`]; how bytes become lines, and when they must wait, in [`inbox`](crate::inbox); what people
//! ask for and are answered in [`plain`](crate::plain), [`irc`](crate::irc) and [`web`](crate::web).

mod consequences;
pub(crate) mod identity;
mod mail;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use service::{Batch, Key, KeySpace, Now, Origin, PerKey, Reason, Request, Service, Time, Via};
use tracing::{debug, info};

use crate::address::{Address, TooMany};
use crate::cloak::Cloaks;
use crate::common::Common;
use crate::dialect::{Dialect, Scene};
use crate::door::Door;
use crate::ending::Wherefore;
use crate::event::Event;
use crate::exchange::{Bounds, Exchange, Seat};
use crate::framing::Farewell;
use crate::http::Conversation;
use crate::irc::{Client, Response, Watches};
use crate::limits::REFUSED_HEARD;
use crate::person::Identity;
use crate::questions::Questions;
use crate::session::{Flush, Receiving, Session, Stage};
use crate::state::State;
use crate::timer::{NEVER, Timers};
use crate::trunk::Trunk;
use crate::web::Ending;
use crate::{Settings, SlowReaders, Speaks, Stats};
use consequences::Settling;

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
    /// When its figures are put down next, if anybody looks.
    pub(crate) figures_at: Time,
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
        let settings = Arc::new(settings.cleaned());
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
            figures_at: Time::ZERO,
            batches: 0,
            local: Arc::new(Identity::local("nc", "with nc or telnet")),
            local_web: Arc::new(Identity::local("web", "with a browser")),
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

    /// Connections that are not members yet.
    pub(crate) fn unregistered(&self) -> usize {
        let known = self.state.members() + self.common.closing();
        self.common.connections().saturating_sub(known)
    }

    /// All that members share, as far as this loop has applied events, as text: for tests, and for
    /// finding out. Loops of one server that have applied the same events give the same account, to the
    /// last byte.
    pub fn account(&self) -> String {
        format!("{} events\n{}", self.trunk.last_seq(), self.state.account())
    }
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
        self.put_figures_down_if_watched();
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
        let mut door = if is_proxy { Door::for_proxy(now) } else { Door::new(now) };
        if speaks == Speaks::Web && !self.settings.anonymous {
            session.dialect = Dialect::Http(Box::new(Conversation::new(now, door.forwarding())));
        }
        // Of all loops.
        let connections = self.common.open();
        let is_too_many = connections > self.settings.limits.connections;
        if is_too_many {
            door.refusal = Some(TooMany::Server);
        }
        session.door = Some(Box::new(door));
        self.sessions.insert(key, session);
        info!(connection = ?key, peer = %origin.peer, connections, "joined");
        if is_too_many && connections - self.settings.limits.connections > REFUSED_HEARD {
            return self.refuse(key, TooMany::Server);
        }
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
        self.count_out_ended(key, &session);
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
            self.disarm(key);
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
        due.into_iter().chain(self.figures_due()).min()
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

/// The end of a turn.
impl Switchboard {
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

    /// What is asked for when all else has been: who was found to be slow when it was sent something
    /// has left after the turn was over.
    #[cold]
    #[inline(never)]
    fn late_request(&mut self) -> Option<(Key, Ask)> {
        self.trunk.wake_others();
        self.offer();
        self.requests.pop_front()
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
