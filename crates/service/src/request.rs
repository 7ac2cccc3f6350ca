//! What a service may ask of its engine.

use crate::{Address, Key};

/// What a service asks of its engine, taken through [`Service::request`](crate::Service::request).
///
/// A request that names a closed key is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// There may be something to send: call `transmit` for this key, at the latest when its
    /// present batch has been sent.
    Flush(Key),
    /// Send what there is (`transmit` until it leaves its batch empty), tell the peer that
    /// nothing more comes, give it a moment to take it, then close. Nothing more is received.
    Close(Key),
    /// Close at once; what was not sent is dropped.
    Abort(Key),
    /// Stop receiving: the peer is held back by its own full buffers. What the engine has already
    /// received may still be told, a turn's share at the most; the end of what the peer sends, too.
    Pause(Key),
    /// Receive again.
    Resume(Key),
    /// Make a connection: `opened` with [`Via::Connect`](crate::Via::Connect), or
    /// `connect_failed`, will follow.
    Connect {
        /// Where to.
        to: Address,
        /// The service's own name for this attempt.
        token: u64,
    },
    /// Stop the engine, gracefully: `stopping` will follow.
    Stop,
}
