//! How connections end, and how the engine does.
//!
//! Invariant: a socket is closed at once, its key when the service has been told.

use std::os::fd::AsRawFd;

use service::{Key, Reason, Service};

use super::Reactor;
use super::newcomers::Accepting;
use crate::clock;
use crate::connection::{Receiving, Stage};
use crate::engine::Ending;
use crate::selector::Selector;
use crate::stopping::Phase;

impl<P: Selector> Reactor<P> {
    pub(super) fn close<S: Service>(&mut self, service: &mut S, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.stage != Stage::Open {
            return;
        }
        connection.stage = Stage::Draining;
        self.drain_deadlines.push(self.now + self.options.close_limit, key);
        self.list(key);
        self.flush_wanted(service, key);
    }

    /// Everything was sent to a connection that is to be closed.
    pub(super) fn drained(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.receiving == Receiving::Ended || connection.shutdown().is_err() {
            return self.end(key, Reason::Closed);
        }
        // Closing now would answer whatever the peer still sends with a reset, and a reset can
        // overtake our last words.
        connection.stage = Stage::Lingering;
        self.linger_deadlines.push(self.now + self.options.linger_limit, key);
        self.list(key);
    }

    /// Closes those whose time has run out.
    pub(super) fn expire(&mut self) {
        while let Some(key) = self.drain_deadlines.pop_due(self.now) {
            if self.connections.get(key).is_some_and(|it| it.stage == Stage::Draining) {
                self.end(key, Reason::TimedOut);
            }
        }
        while let Some(key) = self.linger_deadlines.pop_due(self.now) {
            if self.connections.get(key).is_some_and(|it| it.stage == Stage::Lingering) {
                self.end(key, Reason::Closed);
            }
        }
    }

    /// Tells of connections that are over, and of attempts that came to nothing.
    pub(super) fn tell_ended<S: Service>(&mut self, service: &mut S) {
        for (token, reason) in self.failed.drain(..) {
            service.connect_failed(token, reason);
        }
        for (key, reason) in std::mem::take(&mut self.over) {
            if self.connections.remove(key).is_some() {
                service.closed(key, reason);
            }
        }
    }

    /// The connection is over, for this reason. The service is told when it is its turn.
    pub(super) fn end(&mut self, key: Key, reason: Reason) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if matches!(connection.stage, Stage::Over | Stage::Connecting) {
            return;
        }
        let reason = match reason {
            Reason::Closed if !self.phase.is_running() => Reason::Stopped,
            reason => reason,
        };
        self.forget(key);
        self.over.push((key, reason));
    }

    /// Stops watching a connection and closes its socket.
    pub(super) fn forget(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if !std::mem::take(&mut connection.registered).is_none() {
            let result = self.selector.unregister(connection.fd());
            debug_assert!(result.is_ok());
        }
        connection.close();
        if let Accepting::Paused(until) = &mut self.accepting {
            *until = self.now;
        }
    }

    /// Other threads have something to say.
    pub(super) fn hear<S: Service>(&mut self, service: &mut S) {
        let heard = self.waker.hear();
        if heard.woken {
            service.woken();
        }
        if heard.stop {
            self.stop(service, false);
        }
        if heard.stop_now {
            // As by a signal, and a second one.
            self.stop(service, true);
            self.stop(service, true);
        }
    }

    pub(super) fn stop<S: Service>(&mut self, service: &mut S, by_signal: bool) {
        if self.phase.stop(by_signal, self.now, self.options.stop_limit) {
            self.waker.begin_to_stop();
            self.siblings.stop();
            for listener in self.listeners.drain(..) {
                let _ = self.selector.unregister(listener.as_raw_fd());
            }
            service.stopping();
        } else if self.phase == Phase::Ended(Ending::Forced) {
            self.siblings.stop_now();
        }
    }

    /// Closes every connection that is not being closed yet.
    pub(super) fn close_all<S: Service>(&mut self, service: &mut S) {
        let keys: Vec<Key> = self.connections.keys().collect();
        for key in keys {
            self.close(service, key);
        }
        self.abandon_connecting();
        self.serve_requests(service);
    }

    /// Whether the engine has ended with this turn. If it has, every connection has been closed.
    pub(super) fn ending<S: Service>(&mut self, service: &mut S) -> Option<Ending> {
        let ending = match self.phase {
            Phase::Running => return None,
            Phase::Stopping(_) if self.connections.is_empty() && self.failed.is_empty() => {
                Ending::Stopped
            }
            Phase::Stopping(until) if self.now < until => return None,
            Phase::Stopping(_) => Ending::Stopped,
            Phase::Ended(ending) => ending,
        };
        self.phase = Phase::Ended(ending);
        self.abandon_connecting();
        let keys: Vec<Key> = self.connections.keys().collect();
        for key in keys {
            self.end(key, Reason::Stopped);
        }
        if !self.over.is_empty() || !self.failed.is_empty() {
            // This turn has finished: what is left to be told is told in one more.
            service.begin(clock::now());
            self.tell_ended(service);
            service.finish();
        }
        Some(ending)
    }
}
