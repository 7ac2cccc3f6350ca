//! What reaches a waiting engine from outside its sockets: other threads, and signals.
//!
//! Invariant: what was said before or during a wait ends it, and is heard once.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{EventfdFlags, eventfd};
use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::side_by_side::{Intake, Newcomer};

/// A way to reach an engine from any thread. Clones reach the same one.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    event: OwnedFd,
    woken: AtomicBool,
    stop: AtomicBool,
    stop_now: AtomicBool,
    is_stopping: AtomicBool,
    intake: Intake,
}

impl Handle {
    /// Has the service told that it was [`woken`](service::Service::woken), in the next turn.
    /// Several wakes before that come as one.
    pub fn wake(&self) {
        // Whoever found it unsaid makes the descriptor readable, and that wake is not heard yet.
        if !self.shared.woken.swap(true, Ordering::AcqRel) {
            self.shared.signal();
        }
    }

    /// Has the engine stop, gracefully, as after a first SIGINT.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.signal();
    }

    /// Has the engine stop at once, as after a second SIGINT: what is left is dropped.
    pub fn stop_now(&self) {
        self.shared.stop_now.store(true, Ordering::Release);
        self.shared.signal();
    }

    /// Whether the engine has begun to stop, for whatever cause, or is gone.
    pub fn is_stopping(&self) -> bool {
        self.shared.is_stopping.load(Ordering::Acquire)
    }

    /// Where the engine is handed newcomers.
    pub(crate) fn intake(&self) -> &Intake {
        &self.shared.intake
    }

    /// Has the engine look who was handed to it.
    pub(crate) fn look(&self) {
        self.shared.signal();
    }
}

impl Shared {
    /// Makes the descriptor readable, or leaves it so.
    fn signal(&self) {
        // It fails only when the count is at its highest, and then it is readable already.
        let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
    }
}

/// The engine's side: one descriptor to watch for other threads, one for signals.
#[derive(Debug)]
pub(crate) struct Waker {
    shared: Arc<Shared>,
    signals: Option<Signals>,
    /// Who was handed over and waits to be told of.
    newcomers: VecDeque<Newcomer>,
    /// The connections that others were last told of; `None`: that is no longer so.
    noted: Option<usize>,
}

/// SIGINT and SIGTERM as bytes. While this exists, each handler holds the other end of `ours`.
#[derive(Debug)]
struct Signals {
    ours: UnixStream,
    handlers: Vec<SigId>,
}

impl Signals {
    fn handle() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        // If the second cannot be installed the first goes again.
        let mut own = Self { ours, handlers: Vec::new() };
        for signal in [SIGINT, SIGTERM] {
            let handler = signal_hook::low_level::pipe::register(signal, theirs.try_clone()?)?;
            own.handlers.push(handler);
        }
        Ok(own)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for handler in self.handlers.drain(..) {
            signal_hook::low_level::unregister(handler);
        }
    }
}

/// What the waker had heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) woken: bool,
    pub(crate) stop: bool,
    pub(crate) stop_now: bool,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let shared = Shared {
            event,
            woken: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            stop_now: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
            intake: Intake::default(),
        };
        let newcomers = VecDeque::new();
        Ok(Self { shared: Arc::new(shared), signals: None, newcomers, noted: None })
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle { shared: Arc::clone(&self.shared) }
    }

    /// The descriptor that is readable while something was said and not heard.
    pub(crate) fn event_fd(&self) -> BorrowedFd<'_> {
        self.shared.event.as_fd()
    }

    /// Hears what was said, and makes the descriptor unreadable.
    pub(crate) fn hear(&mut self) -> Heard {
        // The descriptor first: what is said after this makes it readable again.
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.shared.event, &mut count);
        self.shared.intake.take(&mut self.newcomers);
        if !self.newcomers.is_empty() {
            self.noted = None;
        }
        Heard {
            woken: self.shared.woken.swap(false, Ordering::AcqRel),
            stop: self.shared.stop.swap(false, Ordering::AcqRel),
            stop_now: self.shared.stop_now.swap(false, Ordering::AcqRel),
        }
    }

    /// The next of those who were handed over.
    pub(crate) fn next_newcomer(&mut self) -> Option<Newcomer> {
        self.newcomers.pop_front()
    }

    /// Whether somebody was handed over and waits.
    pub(crate) fn has_newcomers(&self) -> bool {
        !self.newcomers.is_empty()
    }

    /// Lets other engines know how many connections this one has.
    pub(crate) fn note(&mut self, connections: usize) {
        let connections = connections + self.newcomers.len();
        if self.noted != Some(connections) {
            self.noted = Some(connections);
            self.shared.intake.note(connections);
        }
    }

    /// The engine stops: nobody is handed to it any more, and who was is closed.
    pub(crate) fn begin_to_stop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::Release);
        self.shared.intake.close();
        self.newcomers.clear();
    }

    /// From here on SIGINT and SIGTERM do not end the process but make the
    /// descriptor that this answers readable.
    pub(crate) fn handle_signals(&mut self) -> io::Result<RawFd> {
        let signals = match self.signals.take() {
            Some(signals) => signals,
            None => Signals::handle()?,
        };
        Ok(self.signals.insert(signals).ours.as_raw_fd())
    }

    /// How many signals came since this was last asked; signals that come at once may count as
    /// one.
    pub(crate) fn hear_signals(&mut self) -> usize {
        let mut bytes = [0; 16];
        match &self.signals {
            Some(signals) => rustix::io::read(&signals.ours, &mut bytes).unwrap_or(0),
            None => 0,
        }
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        // Handles may outlive the engine.
        self.begin_to_stop();
    }
}
