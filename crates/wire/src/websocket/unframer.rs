//! From frames to lines.
//!
//! Invariant: what comes out does not depend on the pieces that went in; each message that is whole
//! has become one line, with its end; and nothing of a message is kept but the beginning of a
//! character and how many line ends wait to be seen inside of it.
//!
//! What is wrong is refused at its first byte, as far as it is known then: a length before what it
//! is the length of, a byte that is no UTF-8 before the frame's end (RFC 6455 sections 5 and 7).

use std::io::Cursor;

use memchr::memchr2;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::framing::{self, CONTROL_BYTES};
use super::utf8::{NotUtf8, Utf8};
use super::{CloseCode, Payload};

/// How much one message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A message's payload, all its fragments together, in bytes. Met: [`Fault::TooLong`].
    pub message_bytes: u32,
    /// The frames of one message. Met: [`Fault::TooManyFragments`].
    pub fragments: u16,
}

impl Default for Limits {
    /// 16 KiB, 16 fragments: browsers send each message in one frame.
    fn default() -> Self {
        Self { message_bytes: 16 * 1024, fragments: 16 }
    }
}

/// The receiving side of one WebSocket: takes bytes in any pieces, gives lines.
///
/// A message becomes a line that ends in LF. Line ends that stand at its end are dropped, as those
/// who speak IRC to a WebSocket send them or not; those inside become a space each, and so does a
/// 04 (Ctrl-D) at the beginning: a message is never two lines, nor the end of the stream.
///
/// ```
/// use wire::websocket::{Limits, Payload, Unframer};
///
/// let mut unframer = Unframer::new(Limits::default(), Payload::Text);
/// let (mut lines, mut answer) = (Vec::new(), Vec::new());
/// // "hi" behind a mask of zeros, then a ping.
/// let frames = b"\x81\x82\0\0\0\0hi\x89\x81\0\0\0\0?";
/// assert_eq!(unframer.take(frames, &mut lines, &mut answer), Ok(()));
/// assert_eq!((&lines[..], &answer[..]), (&b"hi\n"[..], &b"\x8a\x01?"[..]));
/// ```
#[derive(Debug)]
pub struct Unframer {
    limits: Limits,
    payload: Payload,
    state: State,
    message: Option<Message>,
}

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
    /// A control frame of more than [`CONTROL_BYTES`] bytes, or in fragments.
    Control,
    /// A fragment that continues nothing.
    NothingToContinue,
    /// A message begins before the last has ended.
    NotContinued,
    /// A closing with a code that is not to be sent, or with half of one.
    CloseCode,
    /// Text that is not UTF-8.
    NotUtf8,
    /// A message of the other kind than is spoken: see [`Payload`].
    Kind,
    /// A message over [`Limits::message_bytes`].
    TooLong,
    /// A message of more than [`Limits::fragments`] frames.
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
    fn answer(&self, out: &mut Vec<u8>) {
        match self {
            Self::ByPeer { code: None, .. } => framing::control(out, Control::Close, &[]),
            Self::ByPeer { code: Some(code), .. } => {
                framing::control(out, Control::Close, &[&u16::from(code).to_be_bytes()]);
            }
            Self::For(fault) => framing::close(out, fault.code(), fault.text()),
        }
    }
}

#[derive(Debug)]
enum State {
    /// In the header of a frame, of which so many bytes have come.
    Header([u8; HEADER_BYTES], u8),
    /// In the payload of a message's frame.
    Data { left: u32, mask: Mask, end: End },
    /// In the payload of a control frame, which is kept until it is whole.
    Control { kind: Control, left: u8, mask: Mask, payload: Vec<u8> },
    /// Nothing more is taken.
    Closed,
}

/// The longest header: two bytes, a length of eight, a mask of four.
const HEADER_BYTES: usize = 14;

const NO_HEADER: State = State::Header([0; HEADER_BYTES], 0);

/// Whether a message ends with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Last,
    More,
}

/// A message that has begun.
#[derive(Clone, Copy, Debug, Default)]
struct Message {
    /// Its payload up to the end of the present frame.
    bytes: u32,
    fragments: u16,
    utf8: Utf8,
    /// Line ends that came last: spaces if something follows, and else nothing.
    held: u32,
}

impl Unframer {
    /// For a WebSocket whose messages are of that kind.
    pub fn new(limits: Limits, payload: Payload) -> Self {
        Self { limits, payload, state: NO_HEADER, message: None }
    }

    /// Takes bytes; appends lines to `lines`, and to `answer` what is to be sent, raw: pongs, and
    /// the closing that answers one or that a fault leads to. An answer is never longer than what
    /// it answers, but for that closing.
    ///
    /// # Errors
    ///
    /// If the WebSocket has ended with these bytes. The lines before that count; what has come of a
    /// message that is not whole does not. Nothing is taken after it, and it is told once.
    pub fn take(
        &mut self,
        mut input: &[u8],
        lines: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> Result<(), Closed> {
        while !input.is_empty() {
            let taken = match &mut self.state {
                State::Header(bytes, len) => match take_header(bytes, len, &mut input) {
                    Ok(Some(header)) => self.begin(&header, lines, answer),
                    Ok(None) => Ok(()),
                    Err(fault) => Err(Closed::For(fault)),
                },
                State::Data { .. } => self.take_data(&mut input, lines).map_err(Closed::For),
                State::Control { left, mask, payload, .. } => {
                    let (piece, rest) = input.split_at(input.len().min(usize::from(*left)));
                    let start = payload.len();
                    payload.extend_from_slice(piece);
                    mask.apply(&mut payload[start..]);
                    *left -= piece.len() as u8;
                    input = rest;
                    self.end_control(answer)
                }
                State::Closed => return Ok(()),
            };
            if let Err(closed) = taken {
                (self.state, self.message) = (State::Closed, None);
                closed.answer(answer);
                return Err(closed);
            }
        }
        Ok(())
    }

    /// What is kept beside the machine itself, in bytes.
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) fn kept_bytes(&self) -> usize {
        match &self.state {
            State::Control { payload, .. } => payload.capacity(),
            _ => 0,
        }
    }

    /// A header is whole.
    fn begin(
        &mut self,
        header: &Header,
        lines: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> Result<(), Closed> {
        let Header { end, opcode, mask, len } = *header;
        let data = match opcode {
            OpCode::Control(kind) => {
                let left = len as u8;
                let payload = Vec::with_capacity(usize::from(left));
                self.state = State::Control { kind, left, mask, payload };
                return self.end_control(answer);
            }
            OpCode::Data(data) => data,
        };
        let left = self.continue_message(data, len).map_err(Closed::For)?;
        self.state = State::Data { left, mask, end };
        self.end_data(lines).map_err(Closed::For)
    }

    /// A frame of so many bytes belongs to the message that has begun, or begins one.
    fn continue_message(&mut self, data: Data, len: u64) -> Result<u32, Fault> {
        let message = match (data, &mut self.message) {
            (Data::Continue, Some(message)) => message,
            (Data::Continue, None) => return Err(Fault::NothingToContinue),
            (_, Some(_)) => return Err(Fault::NotContinued),
            (Data::Text, none) if self.payload == Payload::Text => none.insert(Message::default()),
            (Data::Binary, none) if self.payload == Payload::Binary => {
                none.insert(Message::default())
            }
            (Data::Text | Data::Binary, None) => return Err(Fault::Kind),
            (Data::Reserved(_), None) => return Err(Fault::ReservedOperation),
        };
        if message.fragments >= self.limits.fragments {
            return Err(Fault::TooManyFragments);
        }
        message.fragments += 1;
        let most = self.limits.message_bytes - message.bytes;
        let len = u32::try_from(len).ok().filter(|len| *len <= most).ok_or(Fault::TooLong)?;
        message.bytes += len;
        Ok(len)
    }

    /// Takes what there is of a frame's payload.
    fn take_data(&mut self, input: &mut &[u8], lines: &mut Vec<u8>) -> Result<(), Fault> {
        if let (State::Data { left, mask, .. }, Some(message)) =
            (&mut self.state, &mut self.message)
        {
            let (piece, rest) = input.split_at(input.len().min(*left as usize));
            *input = rest;
            let start = lines.len();
            lines.extend_from_slice(piece);
            mask.apply(&mut lines[start..]);
            if self.payload == Payload::Text
                && let Err(NotUtf8) = message.utf8.take(&lines[start..])
            {
                // There may be line ends in it.
                lines.truncate(start);
                return Err(Fault::NotUtf8);
            }
            if message.bytes == *left && lines.get(start) == Some(&END_OF_TRANSMISSION) {
                lines[start] = b' ';
            }
            message.held = without_line_ends(lines, start, message.held);
            *left -= piece.len() as u32;
        }
        self.end_data(lines)
    }

    /// Ends the frame, and its message, if they end here.
    fn end_data(&mut self, lines: &mut Vec<u8>) -> Result<(), Fault> {
        let State::Data { left: 0, end, .. } = self.state else {
            return Ok(());
        };
        self.state = NO_HEADER;
        if end == End::Last
            && let Some(message) = self.message.take()
        {
            if !message.utf8.is_whole() {
                return Err(Fault::NotUtf8);
            }
            lines.push(b'\n');
        }
        Ok(())
    }

    /// Does what a control frame asks for, if it is whole.
    fn end_control(&mut self, answer: &mut Vec<u8>) -> Result<(), Closed> {
        let State::Control { kind, left: 0, ref payload, .. } = self.state else {
            return Ok(());
        };
        match kind {
            Control::Ping => framing::control(answer, Control::Pong, &[payload]),
            Control::Pong | Control::Reserved(_) => {}
            Control::Close => return Err(closing(payload)),
        }
        self.state = NO_HEADER;
        Ok(())
    }
}

/// What a peer's closing says.
fn closing(payload: &[u8]) -> Closed {
    let (code, reason) = match *payload {
        [] => return Closed::ByPeer { code: None, reason: "".into() },
        [_] => return Closed::For(Fault::CloseCode),
        [high, low, ref reason @ ..] => (u16::from_be_bytes([high, low]), reason),
    };
    if !may_be_sent(code) {
        return Closed::For(Fault::CloseCode);
    }
    match str::from_utf8(reason) {
        Ok(reason) => Closed::ByPeer { code: Some(code.into()), reason: reason.into() },
        Err(_) => Closed::For(Fault::NotUtf8),
    }
}

/// Whether a code may stand in a closing (RFC 6455 section 7.4, and the registry that goes with
/// it).
fn may_be_sent(code: u16) -> bool {
    const BAD_GATEWAY: u16 = 1014;
    code == BAD_GATEWAY || CloseCode::from(code).is_allowed()
}

/// What a header says, as far as it can be judged without the messages before it.
struct Header {
    end: End,
    opcode: OpCode,
    mask: Mask,
    len: u64,
}

/// Takes what there is of a header. It is refused with its second byte, if that can be said then.
fn take_header(
    bytes: &mut [u8; HEADER_BYTES],
    len: &mut u8,
    input: &mut &[u8],
) -> Result<Option<Header>, Fault> {
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
struct Mask([u8; 4]);

impl Mask {
    fn apply(&mut self, bytes: &mut [u8]) {
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

const END_OF_TRANSMISSION: u8 = 0x04;

/// Makes line ends in `lines` from `start` on spaces, but takes those that stand last, and `held`,
/// which stood last before, for spaces if something follows. Answers how many are held now.
fn without_line_ends(lines: &mut Vec<u8>, start: usize, held: u32) -> u32 {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let piece = &mut lines[start..];
    if held == 0 && memchr2(b'\r', b'\n', piece).is_none() {
        return 0;
    }
    let ends = piece.iter().rev().take_while(|byte| is_end(byte)).count();
    let kept = piece.len() - ends;
    if kept == 0 {
        lines.truncate(start);
        return held + ends as u32;
    }
    for byte in piece[..kept].iter_mut().filter(|byte| is_end(byte)) {
        *byte = b' ';
    }
    lines.truncate(start + kept);
    lines.splice(start..start, std::iter::repeat_n(b' ', held as usize));
    ends as u32
}
