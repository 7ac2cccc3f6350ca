//! WebSockets (RFC 6455): the handshake, and frames to lines and back.
//!
//! Invariant: one message is one line, whatever frames and pieces it comes in, and whatever is in
//! it. No message is ever kept here: what has come of one is handed on at once, and
//! [`crate::line::Lines`] puts it together and has the bound.
//!
//! A WebSocket is taken for what telnet is: a filter between bytes and lines. On the way in,
//! [`Unframer`] takes frames away and answers pings and closings; on the way out, [`frame_lines`]
//! puts each line into a frame. No extension is spoken, so a frame's reserved bits are zero.
//!
//! The key of the handshake, the headers of frames, and the names of operations and of codes are
//! tungstenite's.

mod closed;
mod framing;
mod handshake;
mod header;
mod unframer;
mod utf8;

pub use self::closed::{Closed, Fault};
pub use self::framing::{CONTROL_BYTES, REASON_BYTES, close, frame_lines, ping};
pub use self::handshake::{Accept, Refusal, handshake};
pub use self::unframer::{Limits, Unframer};
/// Why a WebSocket is closed (RFC 6455 section 7.4), by name.
pub use tungstenite::protocol::frame::coding::CloseCode;

/// What the messages of a WebSocket are made of, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payload {
    /// Text: UTF-8, which is checked as it comes.
    Text,
    /// Any bytes.
    Binary,
}
