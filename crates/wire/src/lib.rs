//! Bytes to types and back: what the dialects of Switchboard are made of.
//!
//! Everything here is a function of its input and a few bytes of state: no socket, clock,
//! randomness or thread, and no knowledge of rooms or members. Bytes from a peer are never
//! trusted: every state machine takes its input in any pieces, in bounded memory, and cannot
//! fail, only answer that something is not acceptable.
//!
//! - [`mod@line`]: bytes to lines, each whole or refused whole.
//! - [`http`]: the heads of HTTP requests and responses.
//! - [`irc`]: lines of IRC to messages and back, their tags and their bounds.
//! - [`mask`]: `*` and `?`, and whom a ban is about.
//! - [`proxy`]: what a proxy says about whom it brings.
//! - [`sniff`]: which language a peer speaks.
//! - [`telnet`]: takes telnet's commands out of a stream and answers them.
//! - [`websocket`]: frames to lines and back.
//! - [`text`]: what may reach another person's terminal, and what may not.
//! - [`name`]: names of people and rooms that cannot be wrong.
//!
//! What must hold for any bytes is in `fuzz.rs`, for the fuzzer and the tests.

mod bytes;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod http;
pub mod irc;
pub mod line;
pub mod mask;
pub mod name;
pub mod proxy;
pub mod sniff;
pub mod telnet;
pub mod text;
pub mod websocket;
