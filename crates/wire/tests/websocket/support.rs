//! Frames as a client sends them, and what comes of them.

use wire::websocket::{Closed, Limits, Payload, Unframer};

pub(crate) const CONTINUE: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A frame, to be changed where it is to be wrong.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) last: bool,
    pub(crate) reserved: u8,
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

/// The last frame of a message, or its only one.
pub(crate) fn frame(opcode: u8, payload: impl AsRef<[u8]>) -> Frame {
    Frame { last: true, reserved: 0, opcode, payload: payload.as_ref().to_vec() }
}

/// A frame that others follow.
pub(crate) fn part(opcode: u8, payload: impl AsRef<[u8]>) -> Frame {
    Frame { last: false, ..frame(opcode, payload) }
}

pub(crate) fn text(payload: impl AsRef<[u8]>) -> Frame {
    frame(TEXT, payload)
}

pub(crate) fn close(code: u16, reason: impl AsRef<[u8]>) -> Frame {
    frame(CLOSE, [&code.to_be_bytes(), reason.as_ref()].concat())
}

/// A text in fragments of one byte.
pub(crate) fn bytewise(text: &[u8]) -> Vec<Frame> {
    fragmented(text, 1)
}

/// A text in fragments of so many bytes.
pub(crate) fn fragmented(text: &[u8], size: usize) -> Vec<Frame> {
    let mut frames: Vec<Frame> = text.chunks(size).map(|piece| part(CONTINUE, piece)).collect();
    if let Some(first) = frames.first_mut() {
        first.opcode = TEXT;
    }
    if let Some(last) = frames.last_mut() {
        last.last = true;
    }
    frames
}

impl Frame {
    /// The frame behind a mask, with the shortest length (RFC 6455 section 5.2).
    pub(crate) fn bytes(&self) -> Vec<u8> {
        const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
        let mut bytes = vec![u8::from(self.last) << 7 | self.reserved << 4 | self.opcode];
        match self.payload.len() {
            len @ 0..126 => bytes.push(0x80 | len as u8),
            len @ 126..65536 => {
                bytes.push(0x80 | 126);
                bytes.extend((len as u16).to_be_bytes());
            }
            len => {
                bytes.push(0x80 | 127);
                bytes.extend((len as u64).to_be_bytes());
            }
        }
        bytes.extend(MASK);
        bytes.extend(self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

/// What came of some frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// The lines that are whole.
    pub(crate) heard: Vec<Vec<u8>>,
    /// The payloads of the pongs that answered.
    pub(crate) ponged: Vec<Vec<u8>>,
    pub(crate) end: End,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum End {
    #[default]
    Open,
    /// The client closed, and was answered with the same code, or with none as it gave none.
    Closed(Option<u16>),
    /// The client was told this code.
    Failed(u16),
}

pub(crate) fn heard<T: AsRef<[u8]>>(lines: impl IntoIterator<Item = T>) -> Outcome {
    let heard = lines.into_iter().map(|line| line.as_ref().to_vec()).collect();
    Outcome { heard, ..Outcome::default() }
}

pub(crate) fn failed(code: u16) -> Outcome {
    Outcome { end: End::Failed(code), ..Outcome::default() }
}

pub(crate) fn closed(code: impl Into<Option<u16>>) -> Outcome {
    Outcome { end: End::Closed(code.into()), ..Outcome::default() }
}

impl Outcome {
    pub(crate) fn ponged<T: AsRef<[u8]>>(mut self, with: impl IntoIterator<Item = T>) -> Self {
        self.ponged = with.into_iter().map(|payload| payload.as_ref().to_vec()).collect();
        self
    }

    pub(crate) fn then(self, end: Outcome) -> Self {
        Self { end: end.end, ..self }
    }
}

/// Room for the largest messages of the suite.
pub(crate) const LARGE: Limits = Limits { message_bytes: 1 << 20, fragments: 100 };

/// What comes of frames that come in these pieces.
pub(crate) fn outcome<'a>(
    limits: Limits,
    payload: Payload,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let mut unframer = Unframer::new(limits, payload);
    let (mut lines, mut answer, mut end) = (Vec::new(), Vec::new(), None);
    for piece in pieces {
        let before = (lines.len(), answer.len());
        match (unframer.take(piece, &mut lines, &mut answer), &end) {
            (taken, None) => end = taken.err(),
            (taken, Some(_)) => {
                assert_eq!(taken, Ok(()), "the end is told once");
                assert_eq!((lines.len(), answer.len()), before, "nothing is taken after it");
            }
        }
    }
    let mut outcome = Outcome::default();
    // What stands behind the last line end has not become a line.
    outcome.heard.extend(lines.split(|&byte| byte == b'\n').map(<[u8]>::to_vec));
    outcome.heard.pop();
    let mut sent = None;
    for (opcode, payload) in answers(&answer) {
        assert_eq!(sent, None, "nothing follows a closing");
        match opcode {
            PONG => outcome.ponged.push(payload),
            CLOSE => sent = Some(payload),
            other => panic!("answered with a frame of kind {other}"),
        }
    }
    let code = sent.as_deref().and_then(|payload| payload.first_chunk().copied());
    let code = code.map(u16::from_be_bytes);
    outcome.end = match (&end, sent) {
        (None, None) => End::Open,
        (Some(Closed::ByPeer { code: told, .. }), Some(payload)) => {
            assert_eq!((told.map(u16::from), payload.len()), (code, 2 * code.iter().len()));
            End::Closed(code)
        }
        (Some(Closed::For(fault)), Some(payload)) => {
            assert_eq!(Some(fault.code().into()), code);
            assert_eq!(&payload[2..], fault.text().as_bytes());
            End::Failed(fault.code().into())
        }
        other => panic!("ended as {other:?}"),
    };
    outcome
}

/// What comes of frames, which is the same in any pieces.
#[track_caller]
pub(crate) fn outcome_of(limits: Limits, payload: Payload, frames: &[Frame]) -> Outcome {
    let frames: Vec<Vec<u8>> = frames.iter().map(Frame::bytes).collect();
    let whole = frames.concat();
    let outcome = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        // Not a closure over the iterator's own type: there are four of them.
        outcome(
            limits,
            payload,
            pieces.map(<[u8]>::to_vec).collect::<Vec<_>>().iter().map(|p| &p[..]),
        )
    };
    let in_one = outcome(&mut std::iter::once(&whole[..]));
    assert_eq!(outcome(&mut frames.iter().map(|frame| &frame[..])), in_one, "frame by frame");
    assert_eq!(outcome(&mut whole.chunks(997)), in_one, "in pieces of 997 bytes");
    assert_eq!(outcome(&mut whole.chunks(1)), in_one, "byte by byte");
    in_one
}

/// The frames of a server: none masked, none in fragments, each length the shortest.
fn answers(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [first, len, rest @ ..] = bytes {
        assert_eq!(first & 0xF0, 0x80, "last, and nothing reserved");
        assert!(*len <= 125, "a control frame, without a mask");
        let (payload, rest) = rest.split_at(usize::from(*len));
        frames.push((first & 0x0F, payload.to_vec()));
        bytes = rest;
    }
    assert!(bytes.is_empty());
    frames
}
