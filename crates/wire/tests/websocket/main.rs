//! The receiving side of a WebSocket against what may be sent to it.
//!
//! - `autobahn`: the cases of the Autobahn testsuite, by their numbers.
//! - `hostile`: what that leaves out, and what is particular here: messages that are lines.
//!
//! Whatever is tried is tried whole, byte by byte and frame by frame, and must be the same.

mod autobahn;
mod hostile;
mod support;
