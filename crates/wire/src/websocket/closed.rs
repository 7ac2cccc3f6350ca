//! How a WebSocket ends, and what is said to that (RFC 6455 sections 5.5.1 and 7).
//!
//! Invariant: each end is answered with one closing, whose code is one that may be sent.

use tungstenite::protocol::frame::coding::Control;

use super::{CloseCode, framing};

/// Why a WebSocket has ended. The closing to send is in the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The peer has closed it. No code is 1005, "no status", in the terms of RFC 6455.
    ByPeer {
        /// What it was closed for.
        code: Option<CloseCode>,
        /// What the peer said to that: text, but not cleaned.
        reason: Box<str>,
    },
    /// The peer has broken a rule.
    For(Fault),
}

/// A rule that a peer has broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A frame of a client's is not masked.
    Unmasked,
    /// A reserved bit is set, though no extension is spoken.
    ReservedBit,
    /// An operation that does not exist.
    ReservedOperation,
    /// A length that is not written as short as it could be, or has its highest bit set.
    Length,
    /// A control frame of more than [`CONTROL_BYTES`](super::CONTROL_BYTES) bytes, or in fragments.
    Control,
    /// A fragment that continues nothing.
    NothingToContinue,
    /// A message begins before the last has ended.
    NotContinued,
    /// A closing with a code that is not to be sent, or with half of one.
    CloseCode,
    /// Text that is not UTF-8.
    NotUtf8,
    /// A message of the other kind than is spoken: see [`Payload`](super::Payload).
    Kind,
    /// A message over [`Limits::message_bytes`](super::Limits::message_bytes).
    TooLong,
    /// A message of more than [`Limits::fragments`](super::Limits::fragments) frames.
    TooManyFragments,
}

impl Fault {
    /// What the peer is told.
    pub fn code(self) -> CloseCode {
        match self {
            Self::NotUtf8 => CloseCode::Invalid,
            Self::Kind => CloseCode::Unsupported,
            Self::TooLong => CloseCode::Size,
            Self::TooManyFragments => CloseCode::Policy,
            _ => CloseCode::Protocol,
        }
    }

    /// What is wrong, as a sentence without its full stop.
    pub fn text(self) -> &'static str {
        match self {
            Self::Unmasked => "A frame is not masked",
            Self::ReservedBit => "A reserved bit is set",
            Self::ReservedOperation => "A frame is of no known kind",
            Self::Length => "A frame's length is malformed",
            Self::Control => "A control frame is too long, or in fragments",
            Self::NothingToContinue => "A frame continues no message",
            Self::NotContinued => "A message begins before the last has ended",
            Self::CloseCode => "A closing has a code that is not to be sent",
            Self::NotUtf8 => "A text is not UTF-8",
            Self::Kind => "A message is of the other kind (text, binary) than is spoken here",
            Self::TooLong => "A message is too long",
            Self::TooManyFragments => "A message is in too many fragments",
        }
    }
}

impl Closed {
    /// What a peer's closing says.
    pub(super) fn by_peer(payload: &[u8]) -> Self {
        let (code, reason) = match *payload {
            [] => return Self::ByPeer { code: None, reason: "".into() },
            [_] => return Self::For(Fault::CloseCode),
            [high, low, ref reason @ ..] => (u16::from_be_bytes([high, low]), reason),
        };
        if !may_be_sent(code) {
            return Self::For(Fault::CloseCode);
        }
        match str::from_utf8(reason) {
            Ok(reason) => Self::ByPeer { code: Some(code.into()), reason: reason.into() },
            Err(_) => Self::For(Fault::NotUtf8),
        }
    }

    /// The code of it: the peer's, or the fault's.
    pub fn code(&self) -> Option<CloseCode> {
        match self {
            Self::ByPeer { code, .. } => *code,
            Self::For(fault) => Some(fault.code()),
        }
    }

    /// The reason: what the peer said, or what is wrong.
    pub fn reason(&self) -> &str {
        match self {
            Self::ByPeer { reason, .. } => reason,
            Self::For(fault) => fault.text(),
        }
    }

    /// The closing that is sent: one with the same code answers the peer's (RFC 6455 section
    /// 5.5.1).
    pub(super) fn answer(&self, out: &mut Vec<u8>) {
        match self {
            Self::ByPeer { code: None, .. } => framing::control(out, Control::Close, &[]),
            Self::ByPeer { code: Some(code), .. } => {
                framing::control(out, Control::Close, &[&u16::from(code).to_be_bytes()]);
            }
            Self::For(fault) => framing::close(out, fault.code(), fault.text()),
        }
    }
}

/// Whether a code may stand in a closing (RFC 6455 section 7.4, and the registry that goes with
/// it).
fn may_be_sent(code: u16) -> bool {
    const BAD_GATEWAY: u16 = 1014;
    code == BAD_GATEWAY || CloseCode::from(code).is_allowed()
}
