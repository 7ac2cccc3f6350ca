//! HTTP/1: a page and its files, what can be seen of rooms without script, and the way to a WebSocket,
//! on which a dialect of the chat is spoken.
//!
//! Invariant: one request of a connection is answered at a time, in their order; what a peer sends
//! beyond that waits, within the bound on what is held of anybody. No body is ever read: a request that
//! has one is refused and the connection closed, so nothing that was smuggled past a proxy inside of a
//! body is taken for a request.
//!
//! [`conversation`] takes requests out of the stream and keeps the times; [`route`] finds out who
//! answers; [`answer`] is what is sent; [`upgrade`], [`read`], [`status`] and [`site`] are
//! what there is.

mod answer;
mod conversation;
mod forwarded;
mod read;
mod route;
mod site;
mod status;
mod upgrade;

pub(crate) use conversation::Conversation;
pub(crate) use forwarded::Forwarding;
pub use site::{Caching, File, Site};
