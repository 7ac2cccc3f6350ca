//! What must hold for any bytes that browsers, and those who only say that they are, may send.
//!
//! Invariant: as in [`super`]. For WebSockets there are two judges: what the pieces were must not
//! matter, and tungstenite must have read the same messages.

use std::io::{self, Cursor, Read, Write};

use tungstenite::Message;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};

use super::pieces_of;
use crate::http::{self, Body, HeadLimits, Method, Parsed};
use crate::line::{Line, Lines};
use crate::websocket::{self, Closed, Fault, Limits, Payload, Unframer, frame_lines};

/// What is decided of some bytes is not changed by more; and nobody who reads a head more
/// generously sees another length or host in it.
pub fn http(bytes: &[u8]) {
    // Small, so that the fuzzer meets them.
    let limits = HeadLimits { head_bytes: 700, headers: 12, target_bytes: 80 };
    let mut decided = None;
    for end in (0..=bytes.len()).filter(|end| *end < 800 || *end == bytes.len()) {
        let now = match http::parse(&bytes[..end], &limits) {
            Parsed::Incomplete => {
                assert!(decided.is_none() && end < limits.head_bytes);
                continue;
            }
            Parsed::Whole { len, .. } => {
                assert!(len <= end && len <= limits.head_bytes);
                Ok(len)
            }
            Parsed::Bad(bad) => Err(bad),
        };
        assert_eq!(now, *decided.get_or_insert(now));
    }
    let Parsed::Whole { request, len } = http::parse(bytes, &limits) else {
        return;
    };
    let head = &bytes[..len];
    assert!(request.path().len() <= limits.target_bytes);
    assert!(!request.path().contains(char::is_control));
    if request.method() != Method::Other {
        assert!(request.path().starts_with('/'));
        assert!(request.path().split('/').all(|segment| !matches!(segment, "." | "..")));
    }
    let hosts = generous(head, b"host");
    let lengths = generous(head, b"content-length");
    let codings = generous(head, b"transfer-encoding");
    assert!(hosts <= 1 && lengths + codings <= 1 + codings.saturating_sub(1));
    match request.body() {
        Body::None => assert_eq!(codings, 0),
        Body::Length(length) => assert!(length > 0 && (lengths, codings) == (1, 0)),
        Body::Chunked => assert!(lengths == 0 && codings > 0),
    }
    assert!(
        request.keep_alive() || request.lists("connection", "close") || {
            request.version() == http::Version::Http10
        }
    );
    let _ = (request.origin(), request.accepts_gzip(), request.has("\"1\""));
    if let Ok(accept) = websocket::handshake(&request) {
        assert_eq!((request.method(), request.body()), (Method::Get, Body::None));
        if let Some(first) = accept.offered().first() {
            assert!(accept.first_of(&[first]).is_some());
        }
    }
}

/// How many fields of that name somebody would see who takes every CR and LF for the end of a line,
/// and does not mind spaces around names.
fn generous(head: &[u8], name: &[u8]) -> usize {
    head.split(|byte| matches!(byte, b'\r' | b'\n'))
        .filter_map(|line| line.split(|&byte| byte == b':').next())
        .filter(|found| found.trim_ascii().eq_ignore_ascii_case(name))
        .count()
}

/// Lines, answers and the end do not depend on the pieces that frames came in; each message is one
/// line; what comes out is bounded by what went in; and tungstenite has read the same.
pub fn websocket(bytes: &[u8]) {
    let (kind, bytes) = bytes.split_first().map_or((0, bytes), |(&kind, rest)| (kind, rest));
    let payload = if kind & 1 == 0 { Payload::Text } else { Payload::Binary };
    let limits = Limits { message_bytes: u32::from(kind), fragments: 4 };
    let of = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut unframer = Unframer::new(limits, payload);
        let (mut lines, mut answer, mut closed) = (Vec::new(), Vec::new(), None);
        for piece in pieces {
            let before = (lines.len(), answer.len());
            let taken = unframer.take(piece, &mut lines, &mut answer);
            assert!(unframer.kept_bytes() <= websocket::CONTROL_BYTES);
            if closed.is_some() {
                assert_eq!((taken, before), (Ok(()), (lines.len(), answer.len())));
            } else {
                closed = taken.err();
            }
        }
        // What has come of the last message is not a line.
        let whole = lines.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        lines.truncate(whole);
        (lines, answer, closed)
    };
    let whole = of(&mut std::iter::once(bytes));
    assert_eq!(of(&mut bytes.chunks(1)), whole);
    assert_eq!(of(&mut pieces_of(bytes)), whole);
    let (lines, answer, closed) = whole;
    assert!(lines.len() <= bytes.len());
    assert!(answer.len() <= bytes.len() + 2 + websocket::CONTROL_BYTES);

    let heard = messages(bytes, Role::Server, limits.message_bytes);
    let lines = one_line_each(&lines);
    let told: Vec<Vec<u8>> = heard.iter().map(|message| as_line(message)).collect();
    assert!(told.starts_with(&lines), "{told:?} {lines:?}");
    // What tungstenite is more generous about.
    let stricter =
        matches!(closed, Some(Closed::For(Fault::Length | Fault::TooManyFragments | Fault::Kind)));
    assert!(stricter || told.len() == lines.len(), "{told:?} {lines:?} {closed:?}");

    let mut framed = bytes.to_vec();
    frame_lines(&mut framed, 0, Payload::Binary);
    let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    lines.pop_if(|last| last.is_empty());
    let ended = lines.iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    assert!(messages(&framed, Role::Client, u32::MAX).iter().eq(ended));
}

/// The lines, as they are taken out of a stream: no message is more or less than one.
fn one_line_each(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let ends = bytes.iter().filter(|&&byte| byte == b'\n').count();
    let (mut lines, mut all) = (Lines::default(), Vec::new());
    while let Some(line) = lines.next(&mut bytes, 256) {
        match line {
            Line::Whole(line) => all.push(line.to_vec()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(all.len(), ends);
    all
}

/// What a message looks like as a line.
fn as_line(message: &[u8]) -> Vec<u8> {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let kept = message.iter().rposition(|byte| !is_end(byte)).map_or(0, |last| last + 1);
    let shown = |(at, &byte): (usize, &u8)| match byte {
        b'\r' | b'\n' => b' ',
        0x04 if at == 0 => b' ',
        byte => byte,
    };
    message[..kept].iter().enumerate().map(shown).collect()
}

/// The messages that tungstenite reads before it meets the end, or something wrong.
fn messages(bytes: &[u8], role: Role, message_bytes: u32) -> Vec<Vec<u8>> {
    // It makes room for a frame as soon as it knows its length. Control frames count, too.
    let frame_bytes = message_bytes.max(websocket::CONTROL_BYTES as u32);
    let config = WebSocketConfig::default()
        .read_buffer_size(256)
        .max_message_size(Some(message_bytes as usize))
        .max_frame_size(Some(frame_bytes as usize));
    let mut socket = WebSocket::from_raw_socket(OneWay(Cursor::new(bytes)), role, Some(config));
    std::iter::from_fn(|| socket.read().ok())
        .filter_map(|message| match message {
            Message::Text(text) => Some(text.as_bytes().to_vec()),
            Message::Binary(bytes) => Some(bytes.to_vec()),
            _ => None,
        })
        .collect()
}

/// Bytes to be read; what is written to it is lost.
struct OneWay<'a>(Cursor<&'a [u8]>);

impl Read for OneWay<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for OneWay<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
