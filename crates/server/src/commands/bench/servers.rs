//! `switchboard bench fanout`, `echo`, `http` and `idle`: load for a server, and what came of it.

use std::time::{Duration, Instant};

use load::report::{self, Report, Unit};
use load::{
    Address, Audience, ExchangePlan, Exchanges, Irc, IrcWebSocket, Lines, Nats, Outcome, Pace,
    Plan, Protocol, Question, Redis, Trouble, Web, WebSocket,
};

use super::show::{Progress, Reports};
use super::stop::Stop;
use super::{Echo, Fanout, Hearers, Http, Idle, Room, Run, Speech};
use crate::exit::{Exit, Failure};

/// How long nothing may come of what is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::new(exit_of(&trouble), trouble)
    }
}

fn exit_of(trouble: &Trouble) -> Exit {
    match trouble {
        Trouble::Impossible(_) => Exit::Usage,
        Trouble::Stopped => Exit::Forced,
        Trouble::CutShort { why, .. } => exit_of(why),
        _ => Exit::Failed,
    }
}

pub(super) fn fanout(arguments: &Fanout, stop: &Stop) -> Result<Exit, Failure> {
    let Fanout { room, receivers, senders, window, run } = arguments;
    let reports = Reports::open(&run.common.output)?;
    let pace = run.pace(*window);
    let plan = Plan { receivers: *receivers, senders: *senders, ..room.plan(1) };
    let protocol = plan.protocol.name();
    let duration = run.common.duration;
    let mut progress = Progress::new(duration, stop);
    let mut gathered = load::Fanout::gather(plan, &mut progress)?;
    warmed_up(gathered.run(pace, warm_up(duration), None, &mut progress))?;
    progress.phase("measuring");
    let (outcome, cut) = Cut::from(gathered.run(pace, duration, run.common.pid, &mut progress))?;
    drop(progress);
    let mut settings = vec![
        ("at", room.to.to_string()),
        ("protocol", protocol),
        ("receivers", receivers.to_string()),
        ("senders", senders.to_string()),
        ("bytes a line", room.size.to_string()),
    ];
    settings.extend(run.settings(pace));
    let (kind, unit, incomplete) = ("fanout", Unit::Delivery, cut.why());
    let report = Report { kind, settings, pace, unit, outcome, incomplete, idle: None };
    cut.tell(reports, &report)
}

pub(super) fn echo(arguments: &Echo, stop: &Stop) -> Result<Exit, Failure> {
    let Echo { to, connections, size, window, run } = arguments;
    let more = ("bytes a line", size.to_string());
    exchanges("echo", to, *connections, Question::Echo { size: *size }, more, *window, run, stop)
}

pub(super) fn http(arguments: &Http, stop: &Stop) -> Result<Exit, Failure> {
    let Http { to, connections, path, host, window, run } = arguments;
    let more = ("path", path.clone());
    let question = Question::Http { host: host.clone(), path: path.clone() };
    exchanges("http", to, *connections, question, more, *window, run, stop)
}

#[expect(
    clippy::too_many_arguments,
    reason = "what two commands have in common, and where they differ"
)]
fn exchanges(
    kind: &'static str,
    to: &Address,
    connections: usize,
    question: Question,
    more: (&'static str, String),
    window: usize,
    run: &Run,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let reports = Reports::open(&run.common.output)?;
    let pace = run.pace(window);
    let duration = run.common.duration;
    let plan = ExchangePlan { to: to.clone(), question, connections, patience: PATIENCE };
    let mut progress = Progress::new(duration, stop);
    let mut asking = Exchanges::connect(plan, &mut progress)?;
    warmed_up(asking.run(pace, warm_up(duration), None, &mut progress))?;
    progress.phase("measuring");
    let (outcome, cut) = Cut::from(asking.run(pace, duration, run.common.pid, &mut progress))?;
    drop(progress);
    let mut settings = vec![("at", to.to_string()), ("connections", connections.to_string()), more];
    settings.extend(run.settings(pace));
    let (unit, incomplete) = (Unit::Answer, cut.why());
    let report = Report { kind, settings, pace, unit, outcome, incomplete, idle: None };
    cut.tell(reports, &report)
}

pub(super) fn idle(arguments: &Idle, stop: &Stop) -> Result<Exit, Failure> {
    let Idle { room, connections, rooms, run } = arguments;
    check_rooms(room.protocol, *rooms, *connections)?;
    let reports = Reports::open(&run.output)?;
    let plan = |receivers| Plan { receivers, ..room.plan(*rooms) };
    let protocol = plan(1).protocol.name();
    let mut progress = Progress::new(run.duration, stop);
    // What a server needs once, whoever comes, is no member's.
    drop(load::Fanout::gather(plan(rooms + 10), &mut progress)?);
    std::thread::sleep(Duration::from_millis(500));
    let read = |what: fn(load::Process) -> std::io::Result<u64>| {
        run.pid.map(what).transpose().map_err(Trouble::from)
    };
    let (memory, proportional) = (
        read(load::Process::memory_bytes)?,
        read(load::Process::proportional_bytes).ok().flatten(),
    );
    let mut gathered = load::Fanout::gather(plan(*connections), &mut progress)?;
    let cpu = read(load::Process::cpu_nanos)?;
    let gathered_memory = read(load::Process::memory_bytes)?;
    let begun = Instant::now();
    let listened = gathered.listen(run.duration, &mut progress);
    // A server that has ended meanwhile has no books.
    let read = |what| read(what).ok().flatten();
    let spent = read(load::Process::cpu_nanos);
    let each = |before: Option<u64>, after: Option<u64>| {
        Some((after? as f64 - before? as f64) / gathered.members() as f64)
    };
    let idle = report::Idle {
        members: gathered.members(),
        held: begun.elapsed(),
        memory_bytes_each: each(memory, read(load::Process::memory_bytes).or(gathered_memory)),
        proportional_bytes_each: each(proportional, read(load::Process::proportional_bytes)),
        cpu_nanos: spent.zip(cpu).map(|(after, before)| after.saturating_sub(before)),
    };
    let pace = Pace::Window(1);
    let (outcome, cut) = match listened {
        // One round, however short.
        Ok(()) => Cut::from(gathered.run(pace, Duration::from_nanos(1), run.pid, &mut progress))?,
        Err(why) => (Outcome::nothing(), Cut(Some(why))),
    };
    drop(progress);
    let settings = vec![
        ("at", room.to.to_string()),
        ("protocol", protocol),
        ("connections", connections.to_string()),
        ("rooms", rooms.to_string()),
    ];
    let (kind, unit, incomplete) = ("idle", Unit::Delivery, cut.why());
    let report = Report { kind, settings, pace, unit, outcome, incomplete, idle: Some(idle) };
    cut.tell(reports, &report)
}

/// Only IRC clients say which room they want to be in.
fn check_rooms(protocol: Speech, rooms: usize, connections: usize) -> Result<(), Failure> {
    let refuse = |why: &str| Err(Failure::new(Exit::Usage, format_args!("--rooms {rooms}: {why}")));
    if rooms > 1 && !matches!(protocol, Speech::Irc | Speech::IrcTime | Speech::IrcWebsocket) {
        refuse("only IRC clients are spread over rooms (--protocol irc)")
    } else if rooms > connections {
        refuse("there are more rooms than members (--connections)")
    } else {
        Ok(())
    }
}

/// Whether a measurement was cut short, and by what.
struct Cut(Option<Trouble>);

impl Cut {
    /// What was measured, to the end or not.
    fn from(measured: Result<Outcome, Trouble>) -> Result<(Outcome, Self), Trouble> {
        match measured {
            Ok(outcome) => Ok((outcome, Self(None))),
            Err(Trouble::CutShort { why, so_far }) => Ok((*so_far, Self(Some(*why)))),
            Err(trouble) => Err(trouble),
        }
    }

    fn why(&self) -> Option<String> {
        self.0.as_ref().map(Trouble::to_string)
    }

    /// Tells what was found, and ends as that came about.
    fn tell(self, reports: Reports, report: &Report) -> Result<Exit, Failure> {
        reports.tell(&report.text(), &report.json(), || report.html())?;
        match self.0 {
            None => Ok(Exit::Fine),
            Some(why) => {
                Err(Failure::new(exit_of(&why), format_args!("cut short, so not complete: {why}")))
            }
        }
    }
}

/// How long it goes on before it is measured.
fn warm_up(duration: Duration) -> Duration {
    (duration / 5).min(Duration::from_secs(5))
}

/// A warm-up has no figures that anybody wants.
fn warmed_up(run: Result<Outcome, Trouble>) -> Result<(), Failure> {
    match run {
        Ok(_) => Ok(()),
        Err(why @ Trouble::CutShort { .. }) => Err(Failure::new(
            exit_of(&why),
            format_args!("while warming up, before anything was measured: {why}"),
        )),
        Err(why) => Err(why.into()),
    }
}

impl Room {
    /// A plan for members of this room, or of so many like it.
    fn plan(&self, rooms: usize) -> Plan {
        let hello = self.hello.as_ref().map_or(String::new(), |line| format!("{line}\n"));
        let audience = match self.audience {
            Hearers::Others => Audience::Others,
            Hearers::Everyone => Audience::Everyone,
        };
        let protocol: Box<dyn Protocol> = match self.protocol {
            Speech::Plain => Box::new(Lines { hello, audience }),
            Speech::Irc | Speech::IrcTime => Box::new(self.irc(rooms)),
            Speech::IrcWebsocket => Box::new(IrcWebSocket {
                host: self.to.to_string(),
                path: self.path.clone().unwrap_or_else(|| "/ws".into()),
                irc: self.irc(rooms),
            }),
            Speech::Websocket => Box::new(WebSocket {
                host: self.to.to_string(),
                path: self.path.clone().unwrap_or_else(|| "/".into()),
                hello: self.hello.clone(),
                audience,
            }),
            Speech::Web => Box::new(Web { host: self.to.to_string(), room: self.room.clone() }),
            Speech::Redis => Box::new(Redis { channel: self.room.clone() }),
            Speech::Nats => Box::new(Nats { subject: self.room.clone() }),
        };
        let (size, checked) = (self.size, self.check);
        Plan { size, checked, patience: PATIENCE, ..Plan::new(self.to.clone(), protocol) }
    }
}

impl Room {
    fn irc(&self, rooms: usize) -> Irc {
        Irc {
            rooms: match rooms {
                1 => vec![self.room.clone()],
                _ => (0..rooms).map(|number| format!("{}{number}", self.room)).collect(),
            },
            server_time: self.protocol == Speech::IrcTime,
            nick: nick(),
        }
    }
}

/// The first letters of nicknames, so that two generators at one server seldom have the same.
fn nick() -> String {
    let pid = std::process::id();
    let letter = |number: u32| char::from(b'a' + (number % 26) as u8);
    [letter(pid), letter(pid / 26), letter(pid / 676)].into_iter().collect()
}

impl Run {
    fn settings(&self, pace: Pace) -> [(&'static str, String); 2] {
        let pace = match pace {
            Pace::Window(window) => ("window", window.to_string()),
            Pace::Rate(rate) => ("a second", rate.to_string()),
        };
        [pace, ("for", report::nanos_text(self.common.duration.as_nanos() as f64))]
    }
}
