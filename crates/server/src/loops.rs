//! One service in several loops: a thread for each, with an engine of its own.
//!
//! Invariant: loops begin and end together. Whichever ends first, and however it does (a signal, the
//! service's wish, an error), has all the others stop: nobody is left in a chat of which a part has
//! gone.

use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::panic::resume_unwind;
use std::thread;

use engine::{Counters, Ending, Engine, Handle};
use service::Service;
use signal_hook::consts::{SIGINT, SIGTERM};
use tracing::{error, info};

/// What the thread of a loop is called, and so what its lines in the log begin with.
fn name(number: usize) -> String {
    format!("loop-{number}")
}

/// Runs each service on its engine until all have ended; answers how. Calls `ready` once signals are
/// heard.
pub(crate) fn run<S: Service + Send>(
    mut engines: Vec<Engine>,
    services: &mut [S],
    ready: impl FnOnce(),
) -> io::Result<Ending> {
    if let ([engine], [service]) = (&mut engines[..], &mut *services) {
        engine.handle_signals()?;
        ready();
        let ended = engine.run(service);
        tell(engine.counters());
        return ended;
    }
    Engine::side_by_side(&mut engines);
    let handles: Vec<Handle> = engines.iter().map(Engine::handle).collect();
    watch_signals(handles.clone())?;
    ready();
    let handles = &handles;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (number, (engine, service)) in engines.into_iter().zip(services).enumerate() {
            let work = move || run_one(number, engine, service, handles);
            let thread = thread::Builder::new().name(name(number)).spawn_scoped(scope, work);
            // The ones that have begun see to their end when all engines are to stop.
            threads.push(thread.inspect_err(|_| stop(handles))?);
        }
        let mut all = Ok(Ending::Stopped);
        for thread in threads {
            let ended = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
            all = match (all, ended) {
                (Err(error), _) | (Ok(_), Err(error)) => Err(error),
                (Ok(Ending::Forced), _) | (_, Ok(Ending::Forced)) => Ok(Ending::Forced),
                (Ok(Ending::Stopped), Ok(Ending::Stopped)) => Ok(Ending::Stopped),
            };
        }
        all
    })
}

/// Runs one loop; has the others stop when it has ended, also by a panic.
fn run_one<S: Service>(
    number: usize,
    mut engine: Engine,
    service: &mut S,
    handles: &[Handle],
) -> io::Result<Ending> {
    struct StopAll<'a>(&'a [Handle]);
    impl Drop for StopAll<'_> {
        fn drop(&mut self) {
            stop(self.0);
        }
    }
    let _stop_all = StopAll(handles);
    let ended = engine.run(service);
    tell(engine.counters());
    ended.map_err(|error| {
        error!(%error, "a loop cannot go on: all stop");
        let name = name(number);
        io::Error::new(error.kind(), format!("{name} could not go on: {error}; all were stopped"))
    })
}

fn stop(handles: &[Handle]) {
    handles.iter().for_each(Handle::stop);
}

fn tell(counters: Counters) {
    info!(
        accepted = counters.accepted,
        bytes_in = counters.bytes_in,
        bytes_out = counters.bytes_out,
        turns = counters.turns,
        "stopped"
    );
}

/// From here on SIGINT and SIGTERM do not end the process: the first has all engines stop
/// gracefully; a further one, or one that comes when they are stopping already, at once. One engine
/// alone hears signals itself, but of several none may be left that could.
fn watch_signals(handles: Vec<Handle>) -> io::Result<()> {
    let (mut ours, handlers) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM] {
        signal_hook::low_level::pipe::register(signal, handlers.try_clone()?)?;
    }
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut was_asked = false;
        let mut signals = [0; 16];
        loop {
            let count = match ours.read(&mut signals) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            for _ in 0..count {
                if was_asked || handles.iter().any(Handle::is_stopping) {
                    handles.iter().for_each(Handle::stop_now);
                } else {
                    stop(&handles);
                }
                was_asked = true;
            }
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use engine::{Choice, Options};
    use service::{Batch, Key, Origin, Reason, Request};

    use super::*;

    /// Says or does one thing in its first turn.
    enum Actor {
        Waits,
        Stops,
        Panics,
    }

    impl Service for Actor {
        fn opened(&mut self, _: Key, _: &Origin) {}
        fn received(&mut self, _: Key, _: &[u8]) {}
        fn ended(&mut self, _: Key) {}
        fn transmit(&mut self, _: Key, _: &mut Batch) {}
        fn closed(&mut self, _: Key, _: Reason) {}
        fn request(&mut self) -> Option<Request> {
            match std::mem::replace(self, Self::Waits) {
                Self::Waits => None,
                Self::Stops => Some(Request::Stop),
                Self::Panics => panic!("on purpose"),
            }
        }
    }

    fn engines(count: usize) -> Vec<Engine> {
        let options = Options { choice: Choice::Poll, ..Options::default() };
        (0..count).map(|_| Engine::new(options.clone()).unwrap()).collect()
    }

    #[test]
    fn whichever_loop_stops_all_do() {
        for which in 0..3 {
            let mut services = [Actor::Waits, Actor::Waits, Actor::Waits];
            services[which] = Actor::Stops;
            assert_eq!(run(engines(3), &mut services, || ()).unwrap(), Ending::Stopped);
        }
    }

    #[test]
    fn a_loop_that_panics_takes_the_others_along() {
        let mut services = [Actor::Waits, Actor::Panics];
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(engines(2), &mut services, || ())
        }));
        assert!(ran.is_err());
    }
}
