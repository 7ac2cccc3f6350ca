//! What all servers have in common: an engine, listeners, signals, hints, and the log.
//!
//! Invariant: hints are printed once every listener stands, so that whoever waits for them can
//! connect. What a service does with its connections is the service's.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use engine::{Ending, Engine, Listen, Listening, Options};
use service::{Batch, Key, Now, Origin, Reason, Request, Service, Time};
use tracing::{info, warn};

use crate::exit::{Exit, Failure};
use crate::join_hints::hints;
use crate::options::{CommandName, Loaded, Settings, Source};

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
    let settings = &loaded.settings;
    let failed = |error: io::Error| Failure::new(Exit::Failed, error);
    match engine::raise_descriptor_limit() {
        Ok(limit) => info!(limit, "descriptors"),
        Err(error) => warn!(%error, "the limit on descriptors stays as it is"),
    }
    let mut engine = Engine::new(Options {
        choice: settings.engine,
        idle_backoff: settings.idle_backoff,
        watch_urgent: urgent == Urgent::Watched,
        ..Options::default()
    })
    .map_err(failed)?;
    info!(engine = %engine.kind(), why = engine.why(), "engine");

    let mut listening = Vec::new();
    for listen in listeners(loaded) {
        let one =
            listen_at(&mut engine, &listen).map_err(|error| refused(command, &listen, &error))?;
        info!(address = %one, "listening");
        listening.push(one);
    }
    engine.handle_signals().map_err(failed)?;
    say(&hints(command, &listening));

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

/// Listens there; if somebody has the place, asks again for a second. The kernel takes its time to
/// close the sockets of a killed process that used io_uring: some 30 ms with hundreds of them (seen
/// in 6.18), which whoever restarts it at once would meet.
fn listen_at(engine: &mut Engine, listen: &Listen) -> io::Result<Listening> {
    let until = Instant::now() + Duration::from_secs(1);
    loop {
        match engine.listen(listen) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// Prints for people. If nobody reads standard output, the server runs all the same.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Where to listen: what systemd handed over, and what was asked for. The default counts only if
/// nothing was handed over.
fn listeners(loaded: &Loaded) -> Vec<Listen> {
    let handed = handed_over(
        std::process::id(),
        std::env::var("LISTEN_PID").ok().as_deref(),
        std::env::var("LISTEN_FDS").ok().as_deref(),
    );
    let is_default = *loaded.source("listen") == Source::Default;
    let Settings { listen, .. } = &loaded.settings;
    if !handed.is_empty() && is_default {
        return handed;
    }
    handed.into_iter().chain(listen.iter().cloned()).collect()
}

/// The sockets that systemd opened for this process (`sd_listen_fds(3)`): descriptors from 3 on.
fn handed_over(me: u32, pid: Option<&str>, count: Option<&str>) -> Vec<Listen> {
    let is_for_us = pid.and_then(|pid| pid.parse().ok()) == Some(me);
    let count: i32 = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    if is_for_us { (3..3 + count.clamp(0, 1024)).map(Listen::Inherited).collect() } else { vec![] }
}

/// Says why a listener could not be had, and what to do.
fn refused(command: CommandName, listen: &Listen, error: &io::Error) -> Failure {
    let port = match listen {
        Listen::Any(port) => Some(*port),
        Listen::Inet(address) => Some(address.port()),
        Listen::Unix(_) | Listen::Inherited(_) => None,
    };
    let advice = match (error.kind(), port) {
        (io::ErrorKind::AddrInUse, Some(port)) => format!(
            "\n  Another program has this port, perhaps another switchboard. See which one:\n    \
               ss -tanp 'sport = :{port}'\n  \
             or take another port:\n    \
               switchboard {command} --listen {}",
            port.checked_add(1).unwrap_or(0),
        ),
        (io::ErrorKind::AddrInUse, None) => {
            "\n  A program listens there, or the file is not a socket.".to_owned()
        }
        (io::ErrorKind::PermissionDenied, Some(port)) if port < 1024 => format!(
            "\n  Ports below 1024 are for the administrator. Take another one:\n    \
               switchboard {command} --listen {}",
            port + 8000,
        ),
        (io::ErrorKind::AddrNotAvailable, _) => {
            "\n  This machine does not have that address; `ip address` shows those it has.".into()
        }
        _ => String::new(),
    };
    Failure::new(Exit::Failed, format_args!("{error}{advice}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_taken_over_only_if_they_are_meant_for_this_process() {
        let two = vec![Listen::Inherited(3), Listen::Inherited(4)];
        assert_eq!(handed_over(77, Some("77"), Some("2")), two);
        for (pid, count) in [
            (Some("78"), Some("2")),
            (None, Some("2")),
            (Some("77"), None),
            (Some("77"), Some("-1")),
            (Some("77"), Some("many")),
        ] {
            assert_eq!(handed_over(77, pid, count), [], "{pid:?} {count:?}");
        }
    }
}
