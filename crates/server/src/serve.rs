//! What all servers have in common: engines, listeners, signals, hints, and the log.
//!
//! Invariant: hints are printed once every listener stands, so that whoever waits for them can
//! connect. What a service does with its connections is the service's.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chat::Speaks;
use engine::{Choice, Ending, Engine, Options};
use service::{Batch, Key, KeySpace, Now, Origin, Reason, Request, Service, Time};
use tracing::{info, warn};

use crate::exit::{Exit, Failure};
use crate::join_hints::hints;
use crate::listeners;
use crate::loops;
use crate::options::{CommandName, Loaded, Loops, Problem};

/// Whether the service wants to know of TCP urgent data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgent {
    Watched,
    Ignored,
}

/// Whether the services of several loops know each other's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// No two loops give the same key.
    Unique,
    /// Each loop counts for itself.
    Alike,
}

/// Runs services of the kind that `make` makes, one in each loop, until a signal stops them or one
/// of them does; answers them as they were then.
pub(crate) fn serve<S: Service + Send>(
    command: CommandName,
    loaded: &Loaded,
    urgent: Urgent,
    make: impl FnMut() -> S,
) -> Result<(Exit, Vec<S>), Failure> {
    let engines = engines(command, loaded, urgent, Keys::Alike)?;
    let connections = Arc::new(AtomicUsize::new(0));
    let logged = std::iter::repeat_with(make)
        .map(|service| Logged { service, connections: Arc::clone(&connections) });
    let mut services: Vec<_> = logged.take(engines.len()).collect();
    let exit = run(engines, command, loaded, &mut services)?;
    Ok((exit, services.into_iter().map(|logged| logged.service).collect()))
}

/// Says if more loops were asked for than this server can have.
pub(crate) fn check_loops(command: CommandName, loaded: &Loaded) -> Result<(), Vec<Problem>> {
    match (loaded.settings.loops, only_one(command, loaded)) {
        (Loops::Exactly(2..), Some(why)) => {
            Err(vec![loaded.problem("loops", format_args!("must be 1: {why}"))])
        }
        _ => Ok(()),
    }
}

/// Why the server cannot have several loops.
fn only_one(command: CommandName, loaded: &Loaded) -> Option<&'static str> {
    match command {
        CommandName::Sink => Some("what comes is said in one order, on one standard output"),
        CommandName::Echo if loaded.settings.echo.exit_when_idle.is_some() => {
            Some("with --exit-when-idle, a loop would end a server whose others are busy")
        }
        CommandName::Chat | CommandName::Echo | CommandName::Hello => None,
    }
}

/// As many engines as there are to be loops, of the kind that was chosen; they have no listeners
/// yet.
pub(crate) fn engines(
    command: CommandName,
    loaded: &Loaded,
    urgent: Urgent,
    keys: Keys,
) -> Result<Vec<Engine>, Failure> {
    match engine::raise_descriptor_limit() {
        Ok(limit) => info!(limit, "descriptors"),
        Err(error) => warn!(%error, "the limit on descriptors stays as it is"),
    }
    let count = match only_one(command, loaded) {
        Some(_) => 1,
        None => loaded.settings.loops.count(),
    };
    let make = |number: usize, choice: Choice| {
        let keys = match keys {
            Keys::Unique => KeySpace::one_of(number as u32, count as u32),
            Keys::Alike => KeySpace::WHOLE,
        };
        Engine::new(Options {
            choice,
            idle_backoff: loaded.settings.idle_backoff,
            spin: loaded.settings.spin,
            watch_urgent: urgent == Urgent::Watched,
            keys,
            ..Options::default()
        })
    };
    let first = make(0, loaded.settings.engine).map_err(failed)?;
    info!(engine = %first.kind(), why = first.why(), loops = count, "engine");
    let kind = first.kind();
    let mut engines = vec![first];
    for number in 1..count {
        engines.push(make(number, kind).map_err(|error| {
            let advice = "ask for fewer with --loops, or for another engine with --engine";
            failed(io::Error::new(
                error.kind(),
                format!("there is no engine for loop {number} of {count}: {error}; {advice}"),
            ))
        })?);
    }
    Ok(engines)
}

/// Listens, says how to get there, and runs `services` on `engines` as [`serve`] does.
pub(crate) fn run<S: Service + Send>(
    mut engines: Vec<Engine>,
    command: CommandName,
    loaded: &Loaded,
    services: &mut [S],
) -> Result<Exit, Failure> {
    // One listens for all.
    let mut ready = listeners::open(&mut engines[0], command, &listeners::wanted(loaded))?;
    if loaded.settings.chat.anonymous {
        // It relays lines as they come: no client but those for lines gets anywhere.
        ready.iter_mut().for_each(|one| one.speaks = Speaks::Plain);
    }
    let hints = hints(command, &ready);
    let ready = || match command {
        // Its standard output is for what it was sent, and may go into a file or a pipe.
        CommandName::Sink => write(io::stderr().lock(), &hints),
        CommandName::Chat | CommandName::Echo | CommandName::Hello => say(&hints),
    };
    match loops::run(engines, services, ready).map_err(failed)? {
        Ending::Stopped => Ok(Exit::Fine),
        Ending::Forced => {
            warn!("a second signal: connections were cut off");
            Ok(Exit::Forced)
        }
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::new(Exit::Failed, error)
}

/// Prints for people. If nobody reads standard output, the server runs all the same.
pub(crate) fn say(text: &str) {
    write(io::stdout().lock(), text);
}

fn write(mut out: impl Write, text: &str) {
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A service whose connections are logged: where they come from and why they end. For services
/// that have no log of their own.
struct Logged<S> {
    service: S,
    /// How many there are, of all loops.
    connections: Arc<AtomicUsize>,
}

impl<S: Service> Service for Logged<S> {
    fn opened(&mut self, key: Key, origin: &Origin) {
        let connections = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        info!(connection = ?key, peer = %origin.peer, connections, "opened");
        self.service.opened(key, origin);
    }

    fn closed(&mut self, key: Key, reason: Reason) {
        let connections = self.connections.fetch_sub(1, Ordering::Relaxed) - 1;
        info!(connection = ?key, %reason, connections, "closed");
        self.service.closed(key, reason);
    }

    fn stopping(&mut self) {
        info!(connections = self.connections.load(Ordering::Relaxed), "stopping");
        self.service.stopping();
    }

    fn begin(&mut self, now: Now) {
        self.service.begin(now);
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        self.service.received(key, bytes);
    }

    fn urgent(&mut self, key: Key) {
        self.service.urgent(key);
    }

    fn ended(&mut self, key: Key) {
        self.service.ended(key);
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        self.service.transmit(key, batch);
    }

    fn connect_failed(&mut self, token: u64, reason: Reason) {
        self.service.connect_failed(token, reason);
    }

    fn woken(&mut self) {
        self.service.woken();
    }

    fn finish(&mut self) -> Option<Time> {
        self.service.finish()
    }

    fn request(&mut self) -> Option<Request> {
        self.service.request()
    }
}
