//! Where an engine is in its life: running, stopping, ended.
//!
//! Invariant: the phases only go forward.

use std::time::Duration;

use service::Time;

use crate::engine::Ending;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// The service was told; connections are being closed, until this time at the latest.
    Stopping(Time),
    Ended(Ending),
}

impl Phase {
    /// A signal came, or somebody asked to stop: the first begins to stop, gracefully, and a
    /// further *signal* ends at once. Answers whether stopping begins with this.
    pub(crate) fn stop(&mut self, by_signal: bool, now: Time, limit: Duration) -> bool {
        match *self {
            Self::Running => {
                *self = Self::Stopping(now + limit);
                true
            }
            Self::Stopping(_) if by_signal => {
                *self = Self::Ended(Ending::Forced);
                false
            }
            Self::Stopping(_) | Self::Ended(_) => false,
        }
    }

    /// When stopping has to be over.
    pub(crate) fn deadline(self) -> Option<Time> {
        match self {
            Self::Stopping(until) => Some(until),
            Self::Running | Self::Ended(_) => None,
        }
    }

    pub(crate) fn is_running(self) -> bool {
        self == Self::Running
    }
}
