//! What goes out: lines in frames, pings, closings.
//!
//! Invariant: each frame is a whole message, unmasked, as a server's must be (RFC 6455 section
//! 5.1), with the shortest header that tells its length.

use memchr::{memchr_iter, memrchr};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::{CloseCode, Payload};

/// What a control frame may carry, in bytes (RFC 6455 section 5.5).
pub const CONTROL_BYTES: usize = 125;

/// How long the reason in a closing may be, in bytes: what its code leaves.
pub const REASON_BYTES: usize = CONTROL_BYTES - 2;

/// Makes a frame of each line in `out` from the byte `from` on, in place. The end of the line, LF
/// or CR LF, is dropped; what stands behind the last one is a line, too.
///
/// ```
/// use wire::websocket::{Payload, frame_lines};
///
/// let mut out = b"before".to_vec();
/// out.extend_from_slice(b"hi\r\nyou\n");
/// frame_lines(&mut out, "before".len(), Payload::Text);
/// assert_eq!(out, b"before\x81\x02hi\x81\x03you");
/// ```
pub fn frame_lines(out: &mut Vec<u8>, from: usize, payload: Payload) {
    let header = FrameHeader {
        opcode: OpCode::Data(match payload {
            Payload::Text => Data::Text,
            Payload::Binary => Data::Binary,
        }),
        ..FrameHeader::default()
    };
    let lines_end = out.len();
    let mut end = from;
    let mut frames_end = from;
    for line in memchr_iter(b'\n', &out[from..]).map(|at| from + at + 1).chain([lines_end]) {
        if line > end {
            let len = line_len(&out[end..line]);
            frames_end += header.len(len as u64) + len;
            end = line;
        }
    }
    // A header is at least as long as the end of a line: going backwards, no frame is written over
    // a line that has not been moved.
    out.resize(frames_end, 0);
    let mut frame = frames_end;
    while end > from {
        let start = memrchr(b'\n', &out[from..end - 1]).map_or(from, |at| from + at + 1);
        let len = line_len(&out[start..end]);
        frame -= len;
        out.copy_within(start..start + len, frame);
        let header_len = header.len(len as u64);
        frame -= header_len;
        write_header(&header, len, &mut out[frame..frame + header_len]);
        end = start;
    }
    debug_assert_eq!(frame, from);
}

/// The length of a line without its end.
fn line_len(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

/// Appends a ping to `out`; what answers it carries the same payload, of which at most
/// [`CONTROL_BYTES`] are taken.
pub fn ping(out: &mut Vec<u8>, payload: &[u8]) {
    control(out, Control::Ping, &[payload]);
}

/// Appends a closing to `out`, with a reason of which at most [`REASON_BYTES`] are taken, whole
/// characters. No data may follow it.
pub fn close(out: &mut Vec<u8>, code: CloseCode, reason: &str) {
    debug_assert!(code.is_allowed(), "{code} is not sent");
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let reason = &reason[..end];
    control(out, Control::Close, &[&u16::from(code).to_be_bytes(), reason.as_bytes()]);
}

/// Appends a control frame with a payload in parts, cut where it is too long.
pub(super) fn control(out: &mut Vec<u8>, kind: Control, payload: &[&[u8]]) {
    let header = FrameHeader { opcode: OpCode::Control(kind), ..FrameHeader::default() };
    let bytes = payload.iter().flat_map(|part| part.iter().copied()).take(CONTROL_BYTES);
    let len = bytes.clone().count();
    let start = out.len();
    out.resize(start + header.len(len as u64), 0);
    write_header(&header, len, &mut out[start..]);
    out.extend(bytes);
}

/// Writes a header for so many bytes of payload; `out` is as long as it.
fn write_header(header: &FrameHeader, len: usize, mut out: &mut [u8]) {
    let written = header.format(len as u64, &mut out);
    debug_assert!(written.is_ok() && out.is_empty(), "a header has the length that it tells");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(lines: &[u8], payload: Payload) -> Vec<u8> {
        let mut out = [b"before\n", lines].concat();
        frame_lines(&mut out, 7, payload);
        assert_eq!(&out[..7], b"before\n");
        out.split_off(7)
    }

    /// One frame with that payload, as it stands in the RFC (section 5.2).
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            len @ 0..126 => frame.push(len as u8),
            len @ 126..65536 => {
                frame.push(126);
                frame.extend((len as u16).to_be_bytes());
            }
            len => {
                frame.push(127);
                frame.extend((len as u64).to_be_bytes());
            }
        }
        frame.extend(payload);
        frame
    }

    #[test]
    fn lines_of_every_length_become_frames_with_the_shortest_header() {
        for len in [0, 1, 2, 124, 125, 126, 127, 65_535, 65_536, 70_000] {
            let line = vec![b'x'; len];
            for end in ["\n", "\r\n"] {
                let lines = [&line[..], end.as_bytes()].concat().repeat(3);
                assert_eq!(framed(&lines, Payload::Text), frame(0x81, &line).repeat(3), "{len}");
            }
            assert_eq!(framed(&[&line[..], b"\n"].concat(), Payload::Binary), frame(0x82, &line));
        }
    }

    #[test]
    fn nothing_becomes_nothing() {
        assert_eq!(framed(b"", Payload::Text), b"");
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        let mut out = Vec::new();
        close(&mut out, CloseCode::Restart, &"ж".repeat(62));
        assert_eq!(out[..4], [0x88, 2 + 122, 0x03, 0xf4]);
        assert_eq!(str::from_utf8(&out[4..]), Ok("ж".repeat(61).as_str()));
        out.clear();
        close(&mut out, CloseCode::Away, &"x".repeat(123));
        assert_eq!(out.len(), 2 + CONTROL_BYTES);
    }

    #[test]
    fn a_ping_carries_what_fits() {
        let mut out = Vec::new();
        ping(&mut out, b"now");
        assert_eq!(out, b"\x89\x03now");
        out.clear();
        ping(&mut out, &[b'x'; 200]);
        assert_eq!(out, frame(0x89, &[b'x'; 125]));
    }

    proptest! {
        #[test]
        fn every_line_becomes_the_frame_that_it_is_alone(
            lines in proptest::collection::vec((0usize..300, "\r?\n"), 0..8),
            rest in 0usize..3,
        ) {
            let (mut text, mut frames) = (Vec::new(), Vec::new());
            for (at, (len, end)) in lines.iter().enumerate() {
                let line = vec![b'a' + at as u8; *len];
                text.extend([&line[..], end.as_bytes()].concat());
                frames.extend(frame(0x81, &line));
            }
            if rest > 0 {
                text.extend(vec![b'z'; rest]);
                frames.extend(frame(0x81, &vec![b'z'; rest]));
            }
            prop_assert_eq!(framed(&text, Payload::Text), frames);
        }
    }
}
