//! How the server does, for its operator: figures of every loop, as JSON.
//!
//! Invariant: where nobody looks it costs a glance at a number each turn; and nobody waits for a loop
//! that is busy. While somebody looks, each loop puts its figures down a few times a second, and who
//! asks is told what lies there, with its age. No names, rooms or words are among it.

use std::time::Duration;

use service::Time;

use self::json::Object;
use crate::dialect::Dialect;
use crate::framing::Framing;
use crate::session::{Flush, Receiving, Session, Stage};
use crate::switchboard::Switchboard;
use crate::{Stats, TurnTimes};

mod json;

/// How often a loop puts its figures down while somebody looks. It goes through all its connections
/// for that: some 10 ns for each.
const EVERY: Duration = Duration::from_millis(250);

/// How old this loop's own figures may be when somebody asks: so however often that is done, going
/// through all connections takes a few hundredths of the loop's time at most.
const FRESH: Duration = Duration::from_millis(20);

/// For how long it goes on after somebody has looked: who asks once a minute finds figures of now,
/// not of then.
const LOOKS_FOR: Duration = Duration::from_secs(120);

/// What a loop tells of itself, at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    at: Time,
    stats: Stats,
    tally: Tally,
}

/// What is counted by looking at each connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Connections by what they speak.
    undecided: usize,
    plain: usize,
    irc: usize,
    irc_websocket: usize,
    web: usize,
    http: usize,
    /// Of all these, those that are being closed.
    closing: usize,
    /// Those for whom something lies here that they have not taken.
    behind: usize,
    /// Those that are not read from, because they do not read, or say too much.
    paused: usize,
    /// Bytes for one reader each: answers, private messages, what was said in rooms it has left.
    mailbox_bytes: usize,
    /// Bytes received that may not be taken yet.
    held_bytes: usize,
}

impl Tally {
    fn add(&mut self, session: &Session) {
        match &session.dialect {
            Dialect::Undecided => self.undecided += 1,
            Dialect::Plain(_) => self.plain += 1,
            Dialect::Irc(_) => match &session.framing {
                Framing::Bare(_) => self.irc += 1,
                Framing::WebSocket(_) => self.irc_websocket += 1,
            },
            Dialect::Web(_) => self.web += 1,
            Dialect::Http(_) => self.http += 1,
        }
        let is_closing = session.stage == Stage::Closing;
        self.closing += usize::from(is_closing);
        self.behind += usize::from(!is_closing && session.flush == Flush::Asked);
        self.paused += usize::from(!is_closing && session.receiving == Receiving::Paused);
        self.mailbox_bytes += session.outbox.mail_bytes();
        self.held_bytes += session.held.as_ref().map_or(0, |held| held.rest().len());
    }
}

impl Switchboard {
    /// A turn begins: if somebody looks, and the last figures are old, new ones are put down. (At the
    /// beginning what was offered in the turn before has been taken by those who take anything.)
    pub(crate) fn put_figures_down_if_watched(&mut self) {
        if self.common.is_watched(self.now.time) && self.figures_at <= self.now.time {
            self.put_figures_down();
        }
    }

    /// When it must have a turn to put its figures down.
    pub(crate) fn figures_due(&self) -> Option<Time> {
        self.common.is_watched(self.now.time).then_some(self.figures_at)
    }

    #[cold]
    #[inline(never)]
    fn put_figures_down(&mut self) {
        let at = self.now.time;
        let mut tally = Tally::default();
        self.sessions.iter().for_each(|(_, session)| tally.add(session));
        let figures = Figures { at, stats: self.stats(), tally };
        self.common.put_down(usize::from(self.trunk.number()), figures);
        self.figures_at = at + EVERY;
    }

    /// How the server does, as a JSON object: docs/status.md says what stands in it. This loop's
    /// figures are of now, or nearly so; those of the others as old as they say, and missing until they
    /// have had a turn.
    pub fn status(&mut self) -> String {
        let now = self.now.time;
        if !self.common.watch(now, now + LOOKS_FOR) {
            self.trunk.call_others();
        }
        if self.figures_at + FRESH <= now + EVERY {
            self.put_figures_down();
        }
        let vitals = self.settings.host.vitals();
        let loops: Vec<Option<Figures>> = self.common.figures().collect();
        let started = self.started.unwrap_or(now);
        let mut out = String::with_capacity(1024 * (loops.len() + 1));
        let mut all = Object::new(&mut out);
        all.text("name", &self.settings.name);
        all.text("version", &vitals.version);
        all.text("engine", &vitals.engine);
        all.number("unix_ms", self.now.unix_ms);
        all.number("uptime_ms", millis(now.since(started)));
        all.maybe("memory_bytes", vitals.memory_bytes);
        all.maybe("cpu_ms", vitals.cpu.map(millis));
        all.number("members", self.state.members() as u64);
        all.number("rooms", self.state.rooms.len() as u64);
        all.object("total", |object| write(object, &Figures::total(now, &loops)));
        all.list("loops", loops.iter().enumerate(), |object, (number, figures)| {
            object.number("loop", number as u64);
            object.maybe("age_ms", figures.map(|figures| millis(now.since(figures.at))));
            if let Some(figures) = figures {
                write(object, figures);
            }
            match vitals.loops.get(number) {
                Some(turns) => object.object("turns", |object| write_turns(object, turns)),
                None => object.null("turns"),
            }
        });
        all.end();
        out
    }
}

impl Figures {
    /// Those of all loops together.
    fn total(at: Time, loops: &[Option<Self>]) -> Self {
        let (mut stats, mut tally) = (Stats::default(), Tally::default());
        for one in loops.iter().flatten() {
            let of = &one.stats;
            stats.connections += of.connections;
            stats.log_bytes += of.log_bytes;
            for (sum, part) in [
                (&mut stats.opened, of.opened),
                (&mut stats.refused, of.refused),
                (&mut stats.requests, of.requests),
                (&mut stats.lines_in, of.lines_in),
                (&mut stats.lines_out, of.lines_out),
                (&mut stats.bytes_in, of.bytes_in),
                (&mut stats.bytes_out, of.bytes_out),
                (&mut stats.lines_too_long, of.lines_too_long),
                (&mut stats.lines_held, of.lines_held),
                (&mut stats.bytes_dropped, of.bytes_dropped),
                (&mut stats.slow_told, of.slow_told),
                (&mut stats.slow_closed, of.slow_closed),
            ] {
                *sum += part;
            }
            let of = &one.tally;
            for (sum, part) in [
                (&mut tally.undecided, of.undecided),
                (&mut tally.plain, of.plain),
                (&mut tally.irc, of.irc),
                (&mut tally.irc_websocket, of.irc_websocket),
                (&mut tally.web, of.web),
                (&mut tally.http, of.http),
                (&mut tally.closing, of.closing),
                (&mut tally.behind, of.behind),
                (&mut tally.paused, of.paused),
                (&mut tally.mailbox_bytes, of.mailbox_bytes),
                (&mut tally.held_bytes, of.held_bytes),
            ] {
                *sum += part;
            }
        }
        Self { at, stats, tally }
    }
}

fn write(object: &mut Object<'_>, figures: &Figures) {
    let Figures { stats, tally, .. } = figures;
    object.object("connections", |object| {
        object.number("now", stats.connections as u64);
        object.number("closing", tally.closing as u64);
        object.number("opened", stats.opened);
        object.number("refused", stats.refused);
        object.object("by_dialect", |object| {
            object.number("undecided", tally.undecided as u64);
            object.number("plain", tally.plain as u64);
            object.number("irc", tally.irc as u64);
            object.number("irc_websocket", tally.irc_websocket as u64);
            object.number("web", tally.web as u64);
            object.number("http", tally.http as u64);
        });
    });
    object.number("requests", stats.requests);
    object.object("lines", |object| {
        object.number("in", stats.lines_in);
        object.number("out", stats.lines_out);
        object.number("held", stats.lines_held);
        object.number("too_long", stats.lines_too_long);
    });
    object.object("bytes", |object| {
        object.number("in", stats.bytes_in);
        object.number("out", stats.bytes_out);
        object.number("dropped", stats.bytes_dropped);
    });
    object.object("queued_bytes", |object| {
        object.number("mailboxes", tally.mailbox_bytes as u64);
        object.number("logs", stats.log_bytes as u64);
        object.number("held", tally.held_bytes as u64);
    });
    object.object("readers", |object| {
        object.number("behind", tally.behind as u64);
        object.number("paused", tally.paused as u64);
        object.number("missed_lines", stats.slow_told);
        object.number("closed", stats.slow_closed);
    });
}

fn write_turns(object: &mut Object<'_>, turns: &TurnTimes) {
    object.number("count", turns.turns);
    object.number("recent", turns.recent);
    object.number("over_ms", millis(turns.over));
    object.number("median_ns", nanos(turns.median));
    object.number("p99_ns", nanos(turns.slow));
    object.number("longest_ns", nanos(turns.longest));
    object.number("busy_ns", nanos(turns.busy));
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
