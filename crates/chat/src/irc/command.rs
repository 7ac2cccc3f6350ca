//! One file for each command, or for a few that belong together.
//!
//! Each takes the [`Switchboard`](crate::switchboard::Switchboard), whose client asked, and the message; the
//! [`table`](super::table) has seen to it that it may be asked for and has what it needs.

pub(super) mod away;
pub(super) mod ban;
pub(super) mod batch;
pub(super) mod cap;
pub(super) mod chathistory;
pub(super) mod help;
pub(super) mod invite;
pub(super) mod join;
pub(super) mod kick;
pub(super) mod list;
pub(super) mod markread;
pub(super) mod message;
pub(super) mod metadata;
pub(super) mod mode;
pub(super) mod monitor;
pub(super) mod names;
pub(super) mod nick;
pub(super) mod operator;
pub(super) mod ping;
pub(super) mod quit;
pub(super) mod redact;
pub(super) mod registration;
pub(super) mod rename;
pub(super) mod server;
pub(super) mod topic;
pub(super) mod user_mode;
pub(super) mod who;
pub(super) mod whois;
