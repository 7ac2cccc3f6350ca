//! How much is sent when.

use crate::Trouble;

/// How much is sent when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// A closed loop: so many messages at once, and as many again when all of them have arrived.
    /// It measures what a message costs; the server is never given more than it can do.
    ///
    /// [`Fanout`](crate::Fanout): lines in all, said by the senders in turn.
    /// [`Exchanges`](crate::Exchanges): questions on each connection.
    Window(usize),
    /// An open loop: so many messages a second in all, evenly, whatever comes back. Latency counts
    /// from when each was due.
    Rate(f64),
}

impl Pace {
    /// An error if nobody can keep it.
    pub(crate) fn check(self) -> Result<(), Trouble> {
        match self {
            Self::Window(0) => {
                Err(Trouble::Impossible("a window of 0 lets nothing through".into()))
            }
            Self::Rate(rate) if !(rate > 0.0 && rate <= 1e8) => Err(Trouble::Impossible(format!(
                "{rate} a second cannot be sent: over 0, and at most 100000000"
            ))),
            Self::Window(_) | Self::Rate(_) => Ok(()),
        }
    }
}
