//! What all servers have in common: an engine, listeners, signals, hints, and the log.
//!
//! Invariant: hints are printed once every listener stands, so that whoever waits for them can
//! connect. What a service does with its connections is the service's.

use std::io::{self, Write};

use chat::Speaks;
use engine::{Ending, Engine, Options};
use service::{Batch, Key, Now, Origin, Reason, Request, Service, Time};
use tracing::{info, warn};

use crate::exit::{Exit, Failure};
use crate::join_hints::hints;
use crate::listeners;
use crate::options::{CommandName, Loaded};

/// Whether the service wants to know of TCP urgent data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgent {
    Watched,
    Ignored,
}

/// Runs `service` until a signal stops it or it stops itself.
pub(crate) fn serve<S: Service>(
    command: CommandName,
    loaded: &Loaded,
    urgent: Urgent,
    service: &mut S,
) -> Result<Exit, Failure> {
    run(engine(loaded, urgent)?, command, loaded, service)
}

/// The engine that was chosen; it has no listeners yet.
pub(crate) fn engine(loaded: &Loaded, urgent: Urgent) -> Result<Engine, Failure> {
    match engine::raise_descriptor_limit() {
        Ok(limit) => info!(limit, "descriptors"),
        Err(error) => warn!(%error, "the limit on descriptors stays as it is"),
    }
    let engine = Engine::new(Options {
        choice: loaded.settings.engine,
        idle_backoff: loaded.settings.idle_backoff,
        watch_urgent: urgent == Urgent::Watched,
        ..Options::default()
    })
    .map_err(failed)?;
    info!(engine = %engine.kind(), why = engine.why(), "engine");
    Ok(engine)
}

/// Listens, says how to get there, and runs `service` on `engine` as [`serve`] does.
pub(crate) fn run<S: Service>(
    mut engine: Engine,
    command: CommandName,
    loaded: &Loaded,
    service: &mut S,
) -> Result<Exit, Failure> {
    let mut ready = listeners::open(&mut engine, command, &listeners::wanted(loaded))?;
    if loaded.settings.chat.anonymous {
        // It relays lines as they come: no client but those for lines gets anywhere.
        ready.iter_mut().for_each(|one| one.speaks = Speaks::Plain);
    }
    engine.handle_signals().map_err(failed)?;
    let hints = hints(command, &ready);
    match command {
        // Its standard output is for what it was sent, and may go into a file or a pipe.
        CommandName::Sink => write(io::stderr().lock(), &hints),
        CommandName::Chat | CommandName::Echo | CommandName::Hello => say(&hints),
    }

    let ending = engine.run(service).map_err(failed)?;
    let counters = engine.counters();
    info!(
        accepted = counters.accepted,
        bytes_in = counters.bytes_in,
        bytes_out = counters.bytes_out,
        turns = counters.turns,
        "stopped"
    );
    match ending {
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
pub(crate) struct Logged<S> {
    pub(crate) service: S,
    connections: usize,
}

impl<S: Service> Logged<S> {
    pub(crate) fn new(service: S) -> Self {
        Self { service, connections: 0 }
    }
}

impl<S: Service> Service for Logged<S> {
    fn opened(&mut self, key: Key, origin: &Origin) {
        self.connections += 1;
        info!(connection = ?key, peer = %origin.peer, connections = self.connections, "opened");
        self.service.opened(key, origin);
    }

    fn closed(&mut self, key: Key, reason: Reason) {
        self.connections -= 1;
        info!(connection = ?key, %reason, connections = self.connections, "closed");
        self.service.closed(key, reason);
    }

    fn stopping(&mut self) {
        info!(connections = self.connections, "stopping");
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
