//! The near ends: what an engine knows of a connection.
//!
//! Invariant: at most one batch is out, and a service that left its batch empty is not asked again
//! until it asks to be.

use service::{Batch, Reason, Time};

pub(crate) struct Connection {
    /// The number of the client at the other end.
    pub(crate) client: usize,
    pub(crate) output: Output,
    pub(crate) input: Input,
    pub(crate) life: Life,
}

pub(crate) enum Output {
    /// The service left its last batch empty, or was not asked yet.
    Quiet,
    /// A batch is out.
    Out(Batch),
    /// The batch has been sent: the service is to be asked again.
    Sent,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Open,
    /// Paused; this many bytes were under way and may still arrive, and perhaps the end behind them.
    Paused {
        late: usize,
        end: End,
    },
    Ended,
}

impl Input {
    /// Whether the end may be told, when all bytes have been.
    pub(crate) fn may_end(self) -> bool {
        matches!(self, Self::Open | Self::Paused { end: End::UnderWay, .. })
    }
}

/// Where the end of a paused client's input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It comes after the pause.
    Later,
    UnderWay,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Open,
    /// Closing: what there is to send is being sent.
    Draining {
        until: Time,
    },
    /// Closing: all was sent, the client is given a moment to take it.
    Lingering {
        until: Time,
    },
    /// To be told next turn.
    Over(Reason),
}
