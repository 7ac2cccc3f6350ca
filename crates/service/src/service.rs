//! The trait that every service implements, and the contract both sides keep.
//!
//! Invariant: a service is told completed facts ("these bytes came"), never conditions
//! ("readable"), and what it sends is asked for, never pushed.

use crate::{Batch, Key, Now, Origin, Reason, Request, Time};

/// What an engine tells a service, and what it asks of it.
///
/// # A turn
///
/// An engine works in turns, and all calls of a turn come in this order:
///
/// 1. [`begin`](Self::begin): the clock moves, here and nowhere else.
/// 2. Any number of [`opened`](Self::opened), [`received`](Self::received),
///    [`urgent`](Self::urgent), [`ended`](Self::ended), [`closed`](Self::closed),
///    [`connect_failed`](Self::connect_failed), [`woken`](Self::woken) and at most one
///    [`stopping`](Self::stopping), and [`transmit`](Self::transmit) for connections whose
///    earlier batch has been sent.
/// 3. [`finish`](Self::finish): the service settles what the turn amounted to and names its next
///    deadline.
/// 4. [`request`](Self::request) until it answers `None`, and [`transmit`](Self::transmit) for
///    each connection a [`Request::Flush`] or [`Request::Close`] named; requests made while that
///    goes on are taken before the turn ends.
///
/// So a turn reads everything, decides, and only then writes, once per peer.
///
/// # What a service may rely on
///
/// - For each key: `opened` first, `closed` last, each exactly once. After `closed` the key is
///   never heard of again; its index may come back with another generation.
/// - `received` carries bytes in the order they were sent, never none of them, and nothing after
///   `ended`. The slice is lent for the call.
/// - `ended` comes at most once: the peer has finished sending, and can still read.
/// - At most one batch per key is out at a time. A partial send stays with the engine: the
///   service never sees one.
/// - A request that names a key already closed is ignored.
///
/// # What a service must keep
///
/// - No call blocks, sleeps, or makes a system call. A turn is as long as its slowest call.
/// - `finish` names a deadline no earlier than it needs: the engine starts a turn when it has
///   passed. A deadline in the past starts the next turn at once.
/// - Output is bounded by the service: the engine holds one batch per connection and no more.
pub trait Service {
    /// A turn starts. Time and date are what they are until the next call of this method.
    fn begin(&mut self, now: Now) {
        let _ = now;
    }

    /// A connection exists: accepted by a listener, or made by [`Request::Connect`].
    fn opened(&mut self, key: Key, origin: &Origin);

    /// Bytes arrived. Never empty; lent for the call.
    fn received(&mut self, key: Key, bytes: &[u8]);

    /// The peer has sent TCP urgent data, which stands in line with the rest (`SO_OOBINLINE`).
    ///
    /// Told only by engines that were asked to watch for it, at least once and possibly again
    /// until the urgent byte has been received.
    fn urgent(&mut self, key: Key) {
        let _ = key;
    }

    /// The peer has finished sending (`shutdown(SHUT_WR)`, or `echo hi | nc -N`). It may still
    /// be reading: answer, then ask for [`Request::Close`].
    fn ended(&mut self, key: Key);

    /// Fill `batch`, which is empty, with what `key` is to be sent next.
    ///
    /// Leaving it empty means that there is nothing to send: the engine will not ask again until
    /// [`Request::Flush`] or [`Request::Close`] names the key. A batch that was filled is sent
    /// whole, in as many pieces as the socket wants, and then `transmit` is called again. Stop
    /// filling when [`Batch::is_full`]; a batch filled beyond is sent all the same.
    ///
    /// A service that knows there is nothing behind it may say so with [`Batch::nothing_more`]. That
    /// call of `transmit` may then be left out, so what is to be sent later needs a new
    /// [`Request::Flush`], even one that is made while the batch is out.
    fn transmit(&mut self, key: Key, batch: &mut Batch);

    /// The connection is over and its socket closed. The last call for this key.
    fn closed(&mut self, key: Key, reason: Reason);

    /// [`Request::Connect`] with this `token` has failed: there is no connection.
    fn connect_failed(&mut self, token: u64, reason: Reason) {
        let _ = (token, reason);
    }

    /// Somebody used the engine's waker since the last turn. Several wakes may come as one.
    fn woken(&mut self) {}

    /// The engine is going to stop: a signal came, or it was asked to.
    ///
    /// Told once. Nothing more will be accepted. What the service has to say to its peers it
    /// queues now; each connection is then closed as by [`Request::Close`], within the engine's
    /// time limit for stopping.
    fn stopping(&mut self) {}

    /// All of the turn's facts have been told. Answers the next deadline, if there is one.
    ///
    /// An engine's first turn does not wait for anything to happen, so a deadline that counts from
    /// the start is named in time.
    fn finish(&mut self) -> Option<Time> {
        None
    }

    /// The next thing asked of the engine, or `None`.
    fn request(&mut self) -> Option<Request>;
}
