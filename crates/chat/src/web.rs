//! The dialect of the page, and of whoever else would rather have JSON: `switchboard.v1`, as
//! `docs/web-protocol.md` describes it.
//!
//! Invariant: a request is one line with one JSON object, and so is whatever is sent; what carries the
//! lines (WebSocket frames) is known elsewhere. The rules are those of all dialects: what is asked for
//! becomes the same events.
//!
//! From the top: [`obey`] takes a line and has it understood by [`request`]; [`hello`] is how a
//! connection becomes a member, perhaps one that was there before ([`resume`]); [`history`] is what was
//! said; [`answer`] tells what came of one's own events, [`render`] what happens in rooms; all of it
//! in the words of [`message`].

mod answer;
mod client;
#[cfg(test)]
mod documented;
mod hello;
mod history;
mod list;
pub(crate) mod message;
mod obey;
pub(crate) mod render;
mod request;
pub(crate) mod resume;

pub(crate) use client::Client;
pub(crate) use hello::PROTOCOL;
pub(crate) use message::{Ending, Message};
