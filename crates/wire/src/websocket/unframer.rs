//! From frames to lines.
//!
//! Invariant: what comes out does not depend on the pieces that went in; each message that is whole
//! has become one line, with its end; and nothing of a message is kept but the beginning of a
//! character and how many line ends wait to be seen inside of it.
//!
//! What is wrong is refused at its first byte, as far as it is known then: a length before what it
//! is the length of, a byte that is no UTF-8 before the frame's end (RFC 6455 sections 5 and 7).

use memchr::memchr2;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::header::{Begun, End, Header, Mask};
use super::utf8::{NotUtf8, Utf8};
use super::{Closed, Fault, Payload, framing};

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

#[derive(Debug)]
enum State {
    /// In the header of a frame, or before it.
    Header(Begun),
    /// In the payload of a message's frame.
    Data { left: u32, mask: Mask, end: End },
    /// In the payload of a control frame, which is kept until it is whole.
    Control { kind: Control, left: u8, mask: Mask, payload: Vec<u8> },
    /// Nothing more is taken.
    Closed,
}

impl Default for State {
    fn default() -> Self {
        Self::Header(Begun::default())
    }
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
        Self { limits, payload, state: State::default(), message: None }
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
                State::Header(begun) => match begun.take(&mut input) {
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
        self.state = State::default();
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
            Control::Close => return Err(Closed::by_peer(payload)),
        }
        self.state = State::default();
        Ok(())
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
