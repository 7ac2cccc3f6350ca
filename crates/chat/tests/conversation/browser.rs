//! What a browser does beside the conversation: requests, their answers, and frames.
//!
//! Written against RFC 9112 and RFC 6455, and not with what the server has for them.

use service::Key;

use crate::harness::Chat;

/// The answer to one request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters.
    fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter().filter(|(known, _)| known == name);
        let field = fields.next().map(|(_, value)| value.as_str());
        assert!(fields.next().is_none(), "{name} stands there once");
        field
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("text")
    }

    /// The first answer in `bytes`, to a request of this method, and what follows it.
    #[track_caller]
    pub(crate) fn parse<'a>(bytes: &'a [u8], method: &str) -> (Self, &'a [u8]) {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {}", bytes.escape_ascii()));
        let head = str::from_utf8(&bytes[..end]).expect("a head is text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.and_then(|rest| rest.split(' ').next()?.parse().ok());
        let fields = lines
            .map(|line| line.split_once(": ").expect("a field"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut answer = Self { status: status.expect("a status"), fields, body: Vec::new() };
        let has_body = method != "HEAD" && !matches!(answer.status, 101 | 304);
        let len = match answer.field("content-length") {
            Some(len) if has_body => len.parse().expect("a length"),
            _ => 0,
        };
        let (body, rest) = bytes[end + 4..].split_at(len);
        answer.body = body.to_vec();
        (answer, rest)
    }
}

/// `key` sends a request with these lines, and gets its answer.
#[track_caller]
pub(crate) fn ask(chat: &mut Chat, key: Key, lines: &str) -> Answer {
    let lines: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    chat.send(key, format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes());
    chat.sleep(0);
    let got = chat.read_bytes(key);
    let method = lines[0].split(' ').next().unwrap_or("");
    let (answer, rest) = Answer::parse(&got, method);
    assert!(rest.is_empty(), "behind it stands: {}", rest.escape_ascii());
    answer
}

/// A request for a WebSocket.
pub(crate) fn upgrade(subprotocols: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: chat.example:8008\r\nConnection: keep-alive, Upgrade\r\nUpgrade: \
         websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \
         dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {subprotocols}\r\n\r\n"
    )
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;

/// A client's frame: whole, and masked.
pub(crate) fn frame(operation: u8, payload: &[u8]) -> Vec<u8> {
    part(0x80 | operation, payload)
}

/// A frame that begins with this byte.
pub(crate) fn part(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ ..=125 => frame.push(0x80 | len as u8),
        len => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(len).expect("a short one").to_be_bytes());
        }
    }
    let mask = [0x12, 0xFF, 0x00, 0x0A];
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A server's frames as lines: the text of each, and what others are in brackets.
#[track_caller]
pub(crate) fn unframed(mut bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        let (len, rest) = match second {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => {
                let (len, rest) = rest.split_at(8);
                (u64::from_be_bytes(len.try_into().expect("eight")) as usize, rest)
            }
            len => (usize::from(*len), rest),
        };
        assert!(*second < 128, "no server masks");
        let (payload, rest) = rest.split_at(len);
        let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).expect("UTF-8");
        lines.push(match first {
            0x81 | 0x82 => text(payload),
            0x88 => {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                format!("(close {code} {})", text(&payload[2..])).replace(" )", ")")
            }
            0x89 => format!("(ping {})", text(payload)).replace(" )", ")"),
            0x8A => format!("(pong {})", text(payload)).replace(" )", ")"),
            other => panic!("a frame that begins with {other:#x}"),
        });
        bytes = rest;
    }
    assert!(bytes.is_empty());
    lines
}
