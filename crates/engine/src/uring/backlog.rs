//! What came for a connection beyond its share of a turn.
//!
//! Invariant: what has fallen behind is told in its order, before anything that came later; and
//! while something is behind, nothing more is received for its connection.
//!
//! A readiness engine receives once from each connection that is ready. A multishot receive goes
//! on for as long as bytes come and buffers are free, so one fast peer can fill every buffer there
//! is before the service has had the chance to say [`Pause`](service::Request::Pause). What is over
//! the share is copied here, so that the buffers are free for the others. There is never more of it
//! than all buffers hold.

use rustix::io::Errno;
use service::{Key, Service};

use super::Uring;
use crate::connection::{Receiving, Stage, reason};

/// Bytes that have not been told, and how they end.
#[derive(Default)]
pub(super) struct Backlog {
    bytes: Vec<u8>,
    /// How many of them have been told.
    told: usize,
    end: Option<End>,
}

/// What came after the bytes.
#[derive(Clone, Copy)]
enum End {
    Finished,
    Failed(Errno),
}

/// How much of its share a connection has had, and in which turn (modulo 2^32).
#[derive(Clone, Copy, Default)]
pub(super) struct Share {
    turn: u32,
    bytes: u32,
}

impl Share {
    /// Takes `count` bytes of the share in `turn`, if there is so much left of `limit`.
    fn take(&mut self, turn: u32, count: u32, limit: usize) -> bool {
        if self.turn != turn {
            *self = Self { turn, bytes: 0 };
        }
        let bytes = self.bytes.saturating_add(count);
        let fits = bytes as usize <= limit;
        if fits {
            self.bytes = bytes;
        }
        fits
    }
}

impl Uring {
    /// Whether what was received for `key`, `count` bytes or their end, may be told now.
    pub(super) fn may_tell(&mut self, key: Key, count: u32) -> bool {
        let turn = self.counters.turns as u32;
        let limit = self.options.receive_buffer_bytes;
        let Some(connection) = self.connections.get_mut(key) else { return false };
        match connection.stage {
            Stage::Open => {
                connection.backlog.is_none()
                    && connection.receiving != Receiving::Paused
                    && connection.share.take(turn, count, limit)
            }
            // Nothing is told any more, and nothing has to wait.
            Stage::Connecting | Stage::Draining | Stage::Lingering | Stage::Over => true,
        }
    }

    /// Puts `bytes` behind.
    pub(super) fn fall_behind(&mut self, key: Key, bytes: &[u8]) {
        self.backlog(key).bytes.extend_from_slice(bytes);
    }

    /// Puts the end of what is received behind: the peer has finished, or an error.
    pub(super) fn end_behind(&mut self, key: Key, error: Option<Errno>) {
        self.backlog(key).end = Some(error.map_or(End::Finished, End::Failed));
    }

    fn backlog(&mut self, key: Key) -> &mut Backlog {
        let connection = self.connections.get_mut(key).expect("an open connection");
        if connection.backlog.is_none() && connection.receiving == Receiving::Open {
            self.behind.push(key);
        }
        connection.backlog.get_or_insert_default()
    }

    /// Tells a share of what fell behind, each connection its own.
    pub(super) fn tell_behind<S: Service>(&mut self, service: &mut S) {
        for key in std::mem::take(&mut self.behind) {
            self.tell_backlog(service, key);
        }
    }

    fn tell_backlog<S: Service>(&mut self, service: &mut S, key: Key) {
        let turn = self.counters.turns as u32;
        let limit = self.options.receive_buffer_bytes.max(1);
        let Some(connection) = self.connections.get_mut(key) else { return };
        let Some(backlog) = &mut connection.backlog else { return };
        if connection.receiving != Receiving::Open {
            // Resuming puts it in line again.
            return;
        }
        let rest = &backlog.bytes[backlog.told..];
        let piece = &rest[..rest.len().min(limit)];
        if !piece.is_empty() {
            connection.share.take(turn, piece.len() as u32, limit);
            service.received(key, piece);
            backlog.told += piece.len();
        }
        if backlog.told < backlog.bytes.len() {
            return self.behind.push(key);
        }
        let end = backlog.end;
        connection.backlog = None;
        match end {
            Some(End::Finished) => self.receive_ended(service, key),
            Some(End::Failed(errno)) => self.end(key, reason(errno)),
            None => {}
        }
        self.adjust_receive(key);
    }

    /// Has what fell behind told again, after a pause.
    pub(super) fn resume_backlog(&mut self, key: Key) {
        let has_backlog = self.connections.get(key).is_some_and(|it| it.backlog.is_some());
        if has_backlog && !self.behind.contains(&key) {
            self.behind.push(key);
        }
    }

    /// Drops what fell behind, of a connection that is being closed. How it ended still counts.
    pub(super) fn drop_backlog(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        match connection.backlog.take().and_then(|backlog| backlog.end) {
            Some(End::Finished) => connection.receiving = Receiving::Ended,
            Some(End::Failed(errno)) => self.end(key, reason(errno)),
            None => {}
        }
    }
}
