//! How connections end, and how the engine does.
//!
//! Invariant: stop, join, close. What is over has its operations cancelled; their last words are
//! waited for; only then the socket is closed, the slot freed and the service told.

use std::time::Duration;

use service::{Batch, Key, Origin, Reason, Request, Service};

use super::Uring;
use super::connection::Receive;
use super::operation::{Kind, Operation};
use super::ring::Wait;
use crate::clock::monotonic;
use crate::connection::{Receiving, Stage, shutdown};
use crate::engine::Ending;
use crate::stopping::Phase;

/// How long the kernel may take over its last words when the engine ends. It takes microseconds;
/// should it ever take longer, what it could still touch is never freed.
const LAST_WORDS_LIMIT: Duration = Duration::from_secs(1);

impl Uring {
    /// Sends what there is, tells the peer, and gives it a moment.
    pub(super) fn close<S: Service>(&mut self, service: &mut S, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.stage != Stage::Open {
            return;
        }
        connection.stage = Stage::Draining;
        self.drain_deadlines.push(self.now + self.options.close_limit, key);
        self.drop_backlog(key);
        self.adjust_receive(key);
        self.flush(service, key);
    }

    /// Everything was sent to a connection that is to be closed.
    pub(super) fn drained(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let has_ended = connection.receiving == Receiving::Ended;
        if has_ended || shutdown(connection.socket()).is_err() {
            return self.end(key, Reason::Closed);
        }
        // Closing now would answer whatever the peer still sends with a reset, and a reset can
        // overtake our last words.
        connection.stage = Stage::Lingering;
        self.linger_deadlines.push(self.now + self.options.linger_limit, key);
    }

    /// Ends those whose time has run out.
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

    /// The connection is over, for this reason: what the kernel does for it is cancelled.
    pub(super) fn end(&mut self, key: Key, reason: Reason) {
        let is_running = self.phase.is_running();
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.stage == Stage::Over {
            return;
        }
        connection.stage = Stage::Over;
        connection.backlog = None;
        connection.reason = Some(match reason {
            Reason::Closed if !is_running => Reason::Stopped,
            reason => reason,
        });
        let has_alert = connection.has_alert;
        let is_sending = connection.sending.is_some();
        self.is_hurried |= connection.is_trying;
        self.adjust_receive(key);
        if has_alert {
            self.cancel(Kind::Alert, key);
        }
        if is_sending {
            self.cancel(Kind::Send, key);
        }
        self.settle(key);
    }

    /// Closes a connection that is over, once the kernel has let go of it.
    pub(super) fn settle(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.stage == Stage::Over && !connection.is_in_flight() && connection.close() {
            self.over.push(key);
            self.descriptor_freed();
        }
    }

    /// Tells the service of connections that are over, and of attempts that came to nothing.
    pub(super) fn tell_ended<S: Service>(&mut self, service: &mut S) {
        for (token, reason) in self.failed.drain(..) {
            service.connect_failed(token, reason);
        }
        for key in std::mem::take(&mut self.over) {
            if let Some(connection) = self.connections.remove(key) {
                service.closed(key, connection.reason.expect("it is over for a reason"));
            }
        }
    }

    /// Repeats the cancels that found nothing to cancel although it is still there: the kernel
    /// does not find an operation while it is between two of its queues.
    pub(super) fn repeat_missed_cancels(&mut self) {
        let mut missed = std::mem::take(&mut self.missed);
        for Operation { kind, key, .. } in missed.drain(..) {
            let connection = self.connections.get(key);
            let is_still_there = match kind {
                Kind::Receive => connection.is_some_and(|it| it.receive == Receive::Ending),
                Kind::Send => {
                    connection.is_some_and(|it| it.stage == Stage::Over && it.sending.is_some())
                }
                Kind::Alert => connection.is_some_and(|it| it.stage == Stage::Over && it.has_alert),
                Kind::Accept => self.is_ending_accept(key),
                Kind::Connect => !self.phase.is_running() && self.attempts.get(key).is_some(),
                Kind::Watch | Kind::Try => false,
            };
            if is_still_there {
                self.cancel(kind, key);
            }
        }
        self.missed = missed;
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
            self.close_listeners();
            self.abandon_connecting();
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
        self.serve_requests(service);
    }

    /// Ends everything if the time for stopping is over, or a second signal has come.
    pub(super) fn end_if_due<S: Service>(&mut self, service: &mut S) {
        match self.phase {
            Phase::Stopping(until) if until <= self.now => {
                self.end_everything(service, Ending::Stopped);
            }
            Phase::Ended(ending) => self.end_everything(service, ending),
            Phase::Running | Phase::Stopping(_) => {}
        }
    }

    /// Whether the engine has ended with this turn. If it has, every connection has been closed.
    pub(super) fn ending<S: Service>(&mut self, service: &mut S) -> Option<Ending> {
        if matches!(self.phase, Phase::Stopping(_)) && self.is_deserted() {
            // Nobody is there to be told of: only the engine's own watches end.
            self.end_everything(service, Ending::Stopped);
        }
        match self.phase {
            Phase::Ended(ending) => Some(ending),
            Phase::Running | Phase::Stopping(_) => None,
        }
    }

    fn is_deserted(&self) -> bool {
        self.connections.is_empty()
            && self.attempts.is_empty()
            && self.failed.is_empty()
            && self.acceptors.iter().all(Option::is_none)
    }

    /// Whether the kernel may still touch memory of ours.
    fn is_in_flight(&self) -> bool {
        self.ring.in_flight() > 0 || !self.group.is_empty()
    }

    /// Cancels all there is, and waits for the kernel's last words.
    fn end_everything<S: Service>(&mut self, service: &mut S, ending: Ending) {
        self.phase = Phase::Ended(ending);
        self.close_listeners();
        let keys: Vec<Key> = self.connections.keys().collect();
        for &key in &keys {
            self.end(key, Reason::Stopped);
        }
        let until = monotonic() + LAST_WORDS_LIMIT;
        while self.is_in_flight() && monotonic() < until {
            self.cancel_everything();
            let wait = if self.ring.in_flight() > 0 { Wait::Until(until) } else { Wait::Not };
            if self.ring.enter(wait).is_err() {
                break;
            }
            self.settle_group();
            self.tell_completions(service);
        }
        self.tell_ended(service);
        // Whoever the kernel has not let go of by now stays in memory; but for the service it is
        // over.
        for key in keys {
            if self.connections.get(key).is_some() {
                service.closed(key, Reason::Stopped);
            }
        }
    }
}

impl Drop for Uring {
    fn drop(&mut self) {
        if self.ring.is_enabled() && self.is_in_flight() {
            self.end_everything(&mut Nobody, Ending::Forced);
        }
        if self.ring.is_enabled() && self.is_in_flight() {
            // The ring belongs to another thread, or the kernel did not answer in time. It will
            // end everything by itself once the ring's descriptor is closed, at a time that we
            // are not told of: whatever it may touch until then has to stay for good.
            tracing::error!("the kernel has not let go of an engine's memory: it is not freed");
            std::mem::forget(std::mem::take(&mut self.connections));
            std::mem::forget(std::mem::take(&mut self.attempts));
            self.group.leak();
        } else {
            // SAFETY: nothing is in flight (a ring that was never enabled has handed nothing
            // down), and the engine is gone after this.
            unsafe { self.buffers.release(&self.ring) };
        }
    }
}

/// Who is told what happens while an engine is dropped.
struct Nobody;

impl Service for Nobody {
    fn opened(&mut self, _: Key, _: &Origin) {}
    fn received(&mut self, _: Key, _: &[u8]) {}
    fn ended(&mut self, _: Key) {}
    fn transmit(&mut self, _: Key, _: &mut Batch) {}
    fn closed(&mut self, _: Key, _: Reason) {}
    fn request(&mut self) -> Option<Request> {
        None
    }
}
