//! How much is sent when.

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
