//! Which engine: chosen by name, or by asking the machine.
//!
//! Invariant: once an engine exists its kind does not change; what was tried and refused on the
//! way is in its [`why`](Engine::why).

use std::io;

use service::Service;

use crate::listener::{Listen, Listener, Listening};
use crate::options::{Choice, Counters, Options};
use crate::reactor::Reactor;
use crate::selector::{Epoll, Poll, Select, Selector, Sweep};
use crate::side_by_side::Siblings;
use crate::uring::Uring;
use crate::waker::Handle;

/// Accepts, receives and sends for one [`Service`], on one thread, one turn after another.
pub struct Engine {
    driver: Driver,
    options: Options,
    kind: Choice,
    why: String,
}

/// The five of them; the two models of the kernel's behind one set of calls.
enum Driver {
    Sweep(Box<Reactor<Sweep>>),
    Select(Box<Reactor<Select>>),
    Poll(Box<Reactor<Poll>>),
    Epoll(Box<Reactor<Epoll>>),
    Uring(Box<Uring>),
}

/// How an engine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to stop, and every connection was closed, at the latest when the time limit
    /// for it was reached.
    Stopped,
    /// A second signal came while it was stopping, or [`Handle::stop_now`]: what was left was
    /// dropped.
    Forced,
}

/// Calls the same method on whichever engine it is.
macro_rules! drive {
    ($driver:expr, $engine:ident => $call:expr) => {
        match $driver {
            Driver::Sweep($engine) => $call,
            Driver::Select($engine) => $call,
            Driver::Poll($engine) => $call,
            Driver::Epoll($engine) => $call,
            Driver::Uring($engine) => $call,
        }
    };
}

impl Engine {
    /// An engine of the kind that `options` names. With [`Choice::Auto`] it is the best that can
    /// be made here: what the kernel, or a container's policy, refuses is passed over.
    ///
    /// # Errors
    ///
    /// If the engine that was named cannot be made here, saying why; with `Auto`, if none can.
    pub fn new(options: Options) -> io::Result<Self> {
        let choice = options.choice;
        if choice != Choice::Auto {
            let (driver, what) = Driver::new(choice, &options).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot use the {choice} engine: {error}"))
            })?;
            let why = format!("{choice} was asked for: {what}");
            return Ok(Self { driver, options, kind: choice, why });
        }
        let mut refusals = String::new();
        for kind in BEST_FIRST {
            match Driver::new(kind, &options) {
                Ok((driver, what)) => {
                    let why = format!("{kind} is the best that works here: {what}{refusals}");
                    return Ok(Self { driver, options, kind, why });
                }
                Err(error) => refusals.push_str(&format!("; no {kind}: {error}")),
            }
        }
        Err(io::Error::new(io::ErrorKind::Unsupported, format!("no engine works here{refusals}")))
    }

    /// Which engine this is; never [`Choice::Auto`].
    pub fn kind(&self) -> Choice {
        self.kind
    }

    /// Why it is this one, with what was refused before it: one line for the log.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Accepts connections there from now on. The first listener is number 0
    /// ([`Via::Listener`](service::Via::Listener)), the next 1, and so on.
    ///
    /// # Errors
    ///
    /// What `socket`, `bind` or `listen` answered; the address is named.
    pub fn listen(&mut self, listen: &Listen) -> io::Result<Listening> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}"))
        };
        let listener = Listener::open(listen, &self.options).map_err(named)?;
        let listening = listener.listening_at(listen).map_err(named)?;
        drive!(&mut self.driver, engine => engine.listen(listener)).map_err(named)?;
        Ok(listening)
    }

    /// Takes SIGINT and SIGTERM as ordinary inputs of the loop: the first stops the engine
    /// gracefully, a second one at once. Signals belong to the process: call this on one engine. Once
    /// it is gone they do nothing, until another engine takes them.
    ///
    /// # Errors
    ///
    /// If the handlers cannot be installed.
    pub fn handle_signals(&mut self) -> io::Result<()> {
        drive!(&mut self.driver, engine => engine.handle_signals())
    }

    /// Has these engines work side by side, each on a thread of its own, as if they were one:
    ///
    /// - Whom one of them accepts is served by the one that has the fewest connections. The others
    ///   need no listeners; [`Via::Listener`](service::Via::Listener) is told as the one that
    ///   accepted numbers them.
    /// - When one begins to stop, all do; when one ends at once, all do.
    ///
    /// # Panics
    ///
    /// If they are not all of one kind: sockets are not made alike for all.
    pub fn side_by_side(engines: &mut [Self]) {
        let handles: Vec<Handle> = engines.iter().map(Self::handle).collect();
        for number in 0..engines.len() {
            let is_alike = engines[number].kind == engines[0].kind;
            assert!(is_alike, "engines that work side by side are of one kind");
            let mut others = handles.clone();
            others.remove(number);
            drive!(&mut engines[number].driver, engine => engine.join(Siblings::new(others)));
        }
    }

    /// A way to reach this engine from other threads.
    pub fn handle(&self) -> Handle {
        drive!(&self.driver, engine => engine.handle())
    }

    /// What this engine has counted so far.
    pub fn counters(&self) -> Counters {
        drive!(&self.driver, engine => engine.counters())
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        drive!(&self.driver, engine => engine.connections())
    }

    /// One turn: wait until something happens or the service's deadline has passed, tell the
    /// service, and do what it asks. Answers how the engine ended, once it has.
    ///
    /// # Errors
    ///
    /// Only what makes going on impossible (`ENOMEM` while waiting).
    pub fn turn<S: Service>(&mut self, service: &mut S) -> io::Result<Option<Ending>> {
        drive!(&mut self.driver, engine => engine.turn(service))
    }

    /// Turns until the engine has ended.
    ///
    /// # Errors
    ///
    /// As [`turn`](Self::turn).
    pub fn run<S: Service>(&mut self, service: &mut S) -> io::Result<Ending> {
        drive!(&mut self.driver, engine => loop {
            if let Some(ending) = engine.turn(service)? {
                return Ok(ending);
            }
        })
    }
}

/// What `auto` tries, in this order.
const BEST_FIRST: [Choice; 5] =
    [Choice::Uring, Choice::Epoll, Choice::Poll, Choice::Select, Choice::Sweep];

impl Driver {
    /// An engine of this kind, and the calls that it works with.
    fn new(kind: Choice, options: &Options) -> io::Result<(Self, String)> {
        fn reactor<P: Selector>(options: &Options) -> io::Result<(Box<Reactor<P>>, String)> {
            let selector = P::new()?;
            let what = selector.name().to_owned();
            Ok((Box::new(Reactor::new(selector, options.clone())?), what))
        }
        Ok(match kind {
            Choice::Sweep => reactor(options).map(|(it, what)| (Self::Sweep(it), what))?,
            Choice::Select => reactor(options).map(|(it, what)| (Self::Select(it), what))?,
            Choice::Poll => reactor(options).map(|(it, what)| (Self::Poll(it), what))?,
            Choice::Epoll => reactor(options).map(|(it, what)| (Self::Epoll(it), what))?,
            Choice::Uring => {
                let uring = Uring::new(options.clone())?;
                let what = uring.what();
                (Self::Uring(Box::new(uring)), what)
            }
            Choice::Auto => unreachable!("auto is resolved before"),
        })
    }
}

/// What this machine says of an engine.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Which engine.
    pub choice: Choice,
    /// The calls it would work with here, or why it cannot.
    pub available: Result<String, String>,
}

/// Tries every engine and answers what came of it.
pub fn survey() -> Vec<Offer> {
    let available = |choice| {
        Driver::new(choice, &Options::default())
            .map(|(_, what)| what)
            .map_err(|error| error.to_string())
    };
    Choice::ALL.map(|choice| Offer { choice, available: available(choice) }).into()
}

/// The engine that [`Choice::Auto`] would take here, and why.
///
/// # Errors
///
/// If no engine works here.
pub fn preferred() -> io::Result<(Choice, String)> {
    Engine::new(Options::default()).map(|engine| (engine.kind, engine.why))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An engine may be made on one thread and run on another.
    #[test]
    fn an_engine_can_be_moved_to_another_thread() {
        for choice in Choice::ALL {
            let options = Options { choice, ..Options::default() };
            let mut engine = Engine::new(options).expect("every engine works where tests are run");
            engine.handle().stop();
            let running = std::thread::spawn(move || engine.run(&mut Nobody));
            assert_eq!(running.join().expect("it does not panic").unwrap(), Ending::Stopped);
        }
    }

    struct Nobody;

    impl Service for Nobody {
        fn opened(&mut self, _: service::Key, _: &service::Origin) {}
        fn received(&mut self, _: service::Key, _: &[u8]) {}
        fn ended(&mut self, _: service::Key) {}
        fn transmit(&mut self, _: service::Key, _: &mut service::Batch) {}
        fn closed(&mut self, _: service::Key, _: service::Reason) {}
        fn request(&mut self) -> Option<service::Request> {
            None
        }
    }
}
