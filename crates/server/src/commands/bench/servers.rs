//! `switchboard bench fanout`, `echo`, `http` and `idle`: load for a server, and what came of it.

use std::time::Duration;

use load::report::{self, Report, Unit};
use load::{
    Address, Audience, ExchangePlan, Exchanges, Irc, Lines, Nats, Pace, Plan, Protocol, Question,
    Redis, Trouble, WebSocket,
};

use super::show::{Progress, tell};
use super::{Common, Echo, Fanout, Hearers, Http, Idle, Room, Run, Speech};
use crate::exit::{Exit, Failure};

/// How long nothing may come of what is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let exit = match trouble {
            Trouble::Impossible(_) => Exit::Usage,
            _ => Exit::Failed,
        };
        Self::new(exit, trouble)
    }
}

pub(super) fn fanout(arguments: &Fanout) -> Result<Exit, Failure> {
    let Fanout { room, receivers, senders, window, run } = arguments;
    let pace = run.pace(*window);
    let plan = Plan { receivers: *receivers, senders: *senders, ..room.plan(1) };
    let protocol = plan.protocol.name();
    let duration = run.common.duration;
    let mut progress = Progress::new(duration);
    let mut gathered = load::Fanout::gather(plan, &mut progress)?;
    gathered.run(pace, duration / 5, None, &mut progress)?;
    progress.phase("measuring");
    let outcome = gathered.run(pace, duration, run.common.pid, &mut progress)?;
    drop(progress);
    let mut settings = vec![
        ("at", room.to.to_string()),
        ("protocol", protocol),
        ("receivers", receivers.to_string()),
        ("senders", senders.to_string()),
        ("bytes a line", room.size.to_string()),
    ];
    settings.extend(run.settings(pace));
    let report =
        Report { kind: "fanout", settings, pace, unit: Unit::Delivery, outcome, idle: None };
    report.tell(&run.common)
}

pub(super) fn echo(arguments: &Echo) -> Result<Exit, Failure> {
    let Echo { to, connections, size, window, run } = arguments;
    let more = ("bytes a line", size.to_string());
    exchanges("echo", to, *connections, Question::Echo { size: *size }, more, *window, run)
}

pub(super) fn http(arguments: &Http) -> Result<Exit, Failure> {
    let Http { to, connections, path, host, window, run } = arguments;
    let more = ("path", path.clone());
    let question = Question::Http { host: host.clone(), path: path.clone() };
    exchanges("http", to, *connections, question, more, *window, run)
}

fn exchanges(
    kind: &'static str,
    to: &Address,
    connections: usize,
    question: Question,
    more: (&'static str, String),
    window: usize,
    run: &Run,
) -> Result<Exit, Failure> {
    let pace = run.pace(window);
    let duration = run.common.duration;
    let plan = ExchangePlan { to: to.clone(), question, connections, patience: PATIENCE };
    let mut progress = Progress::new(duration);
    let mut asking = Exchanges::connect(plan, &mut progress)?;
    asking.run(pace, duration / 5, None, &mut progress)?;
    progress.phase("measuring");
    let outcome = asking.run(pace, duration, run.common.pid, &mut progress)?;
    drop(progress);
    let mut settings = vec![("at", to.to_string()), ("connections", connections.to_string()), more];
    settings.extend(run.settings(pace));
    let report = Report { kind, settings, pace, unit: Unit::Answer, outcome, idle: None };
    report.tell(&run.common)
}

pub(super) fn idle(arguments: &Idle) -> Result<Exit, Failure> {
    let Idle { room, connections, rooms, run } = arguments;
    let plan = |receivers| Plan { receivers, ..room.plan((*rooms).max(1)) };
    let protocol = plan(1).protocol.name();
    let mut progress = Progress::new(run.duration);
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
    gathered.listen(run.duration)?;
    let spent = read(load::Process::cpu_nanos)?;
    let each = |before: Option<u64>, after: Option<u64>| {
        Some((after? as f64 - before? as f64) / gathered.members() as f64)
    };
    let idle = report::Idle {
        members: gathered.members(),
        held: run.duration,
        memory_bytes_each: each(memory, read(load::Process::memory_bytes)?),
        proportional_bytes_each: each(
            proportional,
            read(load::Process::proportional_bytes).ok().flatten(),
        ),
        cpu_nanos: spent.zip(cpu).map(|(after, before)| after.saturating_sub(before)),
    };
    let pace = Pace::Window(1);
    // One round, however short.
    let outcome = gathered.run(pace, Duration::from_nanos(1), run.pid, &mut progress)?;
    drop(progress);
    let settings = vec![
        ("at", room.to.to_string()),
        ("protocol", protocol),
        ("connections", connections.to_string()),
        ("rooms", rooms.to_string()),
    ];
    let report =
        Report { kind: "idle", settings, pace, unit: Unit::Delivery, outcome, idle: Some(idle) };
    report.tell(run)
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
            Speech::Irc | Speech::IrcTime => Box::new(Irc {
                rooms: match rooms {
                    1 => vec![self.room.clone()],
                    _ => (0..rooms).map(|number| format!("{}{number}", self.room)).collect(),
                },
                server_time: self.protocol == Speech::IrcTime,
                nick: nick(),
            }),
            Speech::Websocket => Box::new(WebSocket {
                host: self.to.to_string(),
                path: self.path.clone(),
                hello: self.hello.clone(),
                audience,
            }),
            Speech::Redis => Box::new(Redis { channel: self.room.clone() }),
            Speech::Nats => Box::new(Nats { subject: self.room.clone() }),
        };
        let (size, checked) = (self.size, self.check);
        Plan { size, checked, patience: PATIENCE, ..Plan::new(self.to.clone(), protocol) }
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

/// Reports go where the arguments say.
trait Tell {
    fn tell(&self, run: &Common) -> Result<Exit, Failure>;
}

impl Tell for Report {
    fn tell(&self, run: &Common) -> Result<Exit, Failure> {
        tell(&run.output, &self.text(), &self.json(), || self.html())
    }
}
