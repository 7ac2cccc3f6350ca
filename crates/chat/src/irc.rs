//! The dialect for IRC clients, as modern.ircdocs.horse describes it, RFC 1459 and RFC 2812 where
//! that is silent, and IRCv3.
//!
//! From the top: [`line`](mod@line) takes a line and finds its command in the [`table`]; each command has a
//! file below [`command`]; [`reply`] is how it answers, [`numeric`] with what; [`registration`] is
//! how a connection becomes a member; [`render`] is how what happens looks to a client, given its
//! [`capability`] classes; [`told`] says to whom what happened is answered.

pub(crate) mod capability;
mod client;
mod command;
#[cfg(test)]
mod documented;
mod line;
mod moderated;
mod multiline;
pub(crate) mod numeric;
mod pending;
mod personal;
mod registration;
pub(crate) mod render;
mod reply;
mod said;
mod table;
mod told;
mod watches;

pub(crate) use capability::Class;
pub(crate) use client::{Client, Ping};
pub(crate) use registration::Hint;
pub(crate) use reply::Response;
pub(crate) use watches::Watches;
