//! The header of a client's frame (RFC 6455 section 5.2).
//!
//! Invariant: a header that comes out is one that may be sent, whatever came before it; it is
//! judged with its second byte as far as it can be then.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::{CONTROL_BYTES, Fault};

/// What has come of a header.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Begun {
    /// Room for the longest: two bytes, a length of eight, a mask of four.
    bytes: [u8; 14],
    len: u8,
}

/// What a header says, as far as it can be judged without the messages before it.
pub(super) struct Header {
    pub(super) end: End,
    pub(super) opcode: OpCode,
    pub(super) mask: Mask,
    /// Of the payload, in bytes.
    pub(super) len: u64,
}

/// Whether a message ends with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Last,
    More,
}

impl Begun {
    /// Takes what comes of the header; answers it if it is whole then.
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Result<Option<Header>, Fault> {
        let Self { bytes, len } = self;
        let had = usize::from(*len);
        let wanted = if had < 2 { 2 } else { header_len(bytes[1]) };
        let (piece, rest) = input.split_at(input.len().min(wanted - had));
        *input = rest;
        let have = had + piece.len();
        bytes[had..have].copy_from_slice(piece);
        *len = have as u8;
        if have < wanted {
            return Ok(None);
        }
        if have == 2 {
            return check(bytes[0], bytes[1]).map(|()| None);
        }
        let mut cursor = Cursor::new(&bytes[..have]);
        let Ok(Some((header, len))) = FrameHeader::parse(&mut cursor) else {
            return Err(Fault::ReservedOperation);
        };
        if header.len(len) != have || len > i64::MAX as u64 {
            return Err(Fault::Length);
        }
        Ok(Some(Header {
            end: if header.is_final { End::Last } else { End::More },
            opcode: header.opcode,
            mask: Mask(header.mask.ok_or(Fault::Unmasked)?),
            len,
        }))
    }
}

/// How long a masked header is, with that for its second byte.
fn header_len(second: u8) -> usize {
    match second & 0x7F {
        127 => 14,
        126 => 8,
        _ => 6,
    }
}

/// Whether a header may begin with these two bytes.
fn check(first: u8, second: u8) -> Result<(), Fault> {
    let opcode = OpCode::from(first & 0x0F);
    let is_fragment = first & 0x80 == 0;
    let is_long = usize::from(second & 0x7F) > CONTROL_BYTES;
    if first & 0x70 != 0 {
        return Err(Fault::ReservedBit);
    }
    match opcode {
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
            Err(Fault::ReservedOperation)
        }
        OpCode::Control(_) if is_fragment || is_long => Err(Fault::Control),
        _ if second & 0x80 == 0 => Err(Fault::Unmasked),
        _ => Ok(()),
    }
}

/// A mask, turned so that the next byte is for its first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask([u8; 4]);

impl Mask {
    /// Takes the mask away from the next bytes.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let eight = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (eights, rest) = bytes.as_chunks_mut::<8>();
        for bytes in eights {
            *bytes = (u64::from_ne_bytes(*bytes) ^ eight).to_ne_bytes();
        }
        for (byte, mask) in rest.iter_mut().zip(self.0.iter().cycle()) {
            *byte ^= mask;
        }
        self.0.rotate_left(rest.len() % 4);
    }
}
