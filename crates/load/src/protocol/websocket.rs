//! WebSocket clients (RFC 6455): the handshake, then one text message for each line.
//!
//! The handshake's request and key, and the headers of frames, are tungstenite's; what is between
//! them is only a walk over the bytes, so that thousands of messages cost little.

use std::io::Cursor;

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::generate_request;
use tungstenite::handshake::derive_accept_key;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

use super::{Audience, Client, Protocol, Role, Step};
use crate::Ear;

/// WebSocket text messages.
#[derive(Clone, Debug, Default)]
pub struct WebSocket {
    /// What the Host field says: a name or address, and the port.
    pub host: String,
    /// What is asked for, from the slash on.
    pub path: String,
    /// The first message of each client, if the server wants one.
    pub hello: Option<String>,
    /// Whether the server sends a line back to its author.
    pub audience: Audience,
}

impl Protocol for WebSocket {
    fn name(&self) -> String {
        "websocket".into()
    }

    fn audience(&self) -> Audience {
        self.audience
    }

    fn most_text_bytes(&self) -> usize {
        64 * 1024
    }

    fn client(&self, number: usize, _role: Role) -> Box<dyn Client> {
        let url = format!("ws://{}{}", self.host, self.path);
        Box::new(WebSocketClient::new(url, None, self.hello.clone(), number))
    }
}

pub(super) struct WebSocketClient {
    url: String,
    /// What is to be spoken on it, if the server wants to hear that.
    subprotocol: Option<&'static str>,
    /// What the server must answer to the key it was sent.
    accept: String,
    hello: Option<String>,
    /// Frames of clients are masked, against caches on the way that would take them for requests
    /// (RFC 6455, 10.3). There is nothing here to be hidden from: different is enough.
    mask: u32,
}

impl Client for WebSocketClient {
    fn greet(&mut self, out: &mut Vec<u8>) -> Step {
        let request = self.url.as_str().into_client_request().map(|mut request| {
            if let Some(subprotocol) = self.subprotocol {
                let name = HeaderName::from_static("sec-websocket-protocol");
                request.headers_mut().insert(name, HeaderValue::from_static(subprotocol));
            }
            request
        });
        let request = request.and_then(generate_request);
        // An address that makes no request is seen when the server refuses it.
        if let Ok((request, key)) = request {
            out.extend_from_slice(&request);
            self.accept = derive_accept_key(key.as_bytes());
        } else {
            out.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
        }
        Step::Waiting
    }

    fn join(&mut self, out: &mut Vec<u8>) -> Step {
        if let Some(hello) = self.hello.take() {
            self.say(hello.as_bytes(), out);
        }
        Step::Done
    }

    fn enter(&mut self, received: &[u8], _out: &mut Vec<u8>) -> Result<(usize, Step), String> {
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut fields);
        let head = match response.parse(received) {
            Ok(httparse::Status::Complete(head)) => head,
            Ok(httparse::Status::Partial) => return Ok((0, Step::Waiting)),
            Err(error) => return Err(format!("the server speaks no WebSocket: {error}")),
        };
        let status = response.code.unwrap_or(0);
        if status != 101 {
            return Err(format!("the server refused the WebSocket with status {status} (--path)"));
        }
        let accept = response
            .headers
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case("sec-websocket-accept"));
        if accept.is_none_or(|field| field.value.trim_ascii() != self.accept.as_bytes()) {
            return Err("the server's WebSocket handshake is not an answer to ours".into());
        }
        Ok((head, Step::Done))
    }

    fn say(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let frame = Frame::message(text.to_vec(), OpCode::Data(Data::Text), true);
        self.write(frame, out);
    }

    fn hear(
        &mut self,
        received: &[u8],
        ear: &mut Ear<'_>,
        out: &mut Vec<u8>,
    ) -> Result<usize, String> {
        self.each_message(received, out, |payload| ear.message(payload))
    }
}

impl WebSocketClient {
    /// A client of the server at `url`, which says `hello` first.
    pub(super) fn new(
        url: String,
        subprotocol: Option<&'static str>,
        hello: Option<String>,
        number: usize,
    ) -> Self {
        let mask = 0x9e37_79b9 ^ number as u32;
        Self { url, subprotocol, accept: String::new(), hello, mask }
    }

    /// Hands `take` each message that has come whole. Answers how many bytes those are.
    pub(super) fn each_message(
        &mut self,
        received: &[u8],
        out: &mut Vec<u8>,
        mut take: impl FnMut(&[u8]),
    ) -> Result<usize, String> {
        let mut cursor = Cursor::new(received);
        loop {
            let start = cursor.position() as usize;
            let header = FrameHeader::parse(&mut cursor).map_err(|error| error.to_string())?;
            let Some((header, len)) = header else { return Ok(start) };
            let begin = cursor.position() as usize;
            let end = begin.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
            let Some(payload) = received.get(begin..end) else { return Ok(start) };
            match header.opcode {
                OpCode::Data(_) => take(payload),
                OpCode::Control(Control::Ping) => self.write(Frame::pong(payload.to_vec()), out),
                OpCode::Control(Control::Close) => {
                    let why = String::from_utf8_lossy(payload.get(2..).unwrap_or(b"")).into_owned();
                    return Err(format!("the server closed the WebSocket: {why:?}"));
                }
                OpCode::Control(_) => {}
            }
            cursor.set_position(end as u64);
        }
    }

    fn write(&mut self, mut frame: Frame, out: &mut Vec<u8>) {
        self.mask = self.mask.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        frame.header_mut().mask = Some(self.mask.to_be_bytes());
        // A vector takes everything.
        let _ = frame.format(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::Hearing;

    fn frame(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let header = FrameHeader { opcode, ..FrameHeader::default() };
        let frame = Frame::from_payload(header, payload.to_vec().into());
        frame.format(&mut bytes).expect("it fits");
        bytes
    }

    #[test]
    fn the_handshake_must_answer_the_key() {
        let websocket =
            WebSocket { host: "127.0.0.1:1".into(), path: "/a".into(), ..Default::default() };
        let (mut client, mut out) = (websocket.client(0, Role::Receiver), Vec::new());
        assert_eq!(client.greet(&mut out), Step::Waiting);
        let request = String::from_utf8(std::mem::take(&mut out)).expect("text");
        assert!(request.starts_with("GET /a HTTP/1.1\r\n"), "{request}");
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let accept = derive_accept_key(key.expect("a key").as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        assert_eq!(client.enter(&answer.as_bytes()[..30], &mut out), Ok((0, Step::Waiting)));
        assert_eq!(client.enter(answer.as_bytes(), &mut out), Ok((answer.len(), Step::Done)));
        let other = answer.replace(&accept, "bm8=");
        assert!(client.enter(other.as_bytes(), &mut out).is_err());
        assert!(client.enter(b"HTTP/1.1 404 Not Found\r\n\r\n", &mut out).is_err());
    }

    #[test]
    fn messages_are_heard_frame_by_frame_and_a_ping_is_answered() {
        let (mut client, mut out) = (WebSocket::default().client(0, Role::Receiver), Vec::new());
        let mut bytes = frame(OpCode::Data(Data::Text), b"hello ^ there");
        // 94 bytes: the length in the header looks like a mark.
        bytes.extend(frame(OpCode::Data(Data::Text), &[b'x'; 94]));
        bytes.extend(frame(OpCode::Control(Control::Ping), b"1"));
        bytes.extend(&frame(OpCode::Data(Data::Text), b"^ cut in two")[..5]);
        let mut hearing = Hearing::Count;
        let mut ear = Ear::new(&mut hearing);
        let taken = client.hear(&bytes, &mut ear, &mut out).expect("frames");
        assert_eq!((taken, ear.heard), (bytes.len() - 5, 1));
        assert_eq!(out[..2], [0x8a, 0x81]);
        let close = frame(OpCode::Control(Control::Close), b"\x03\xe8slow");
        let closed = client.hear(&close, &mut ear, &mut out);
        assert!(closed.is_err_and(|why| why.contains("slow")));
    }

    #[test]
    fn what_is_said_is_a_masked_text_frame() {
        let (mut client, mut out) = (WebSocket::default().client(0, Role::Sender), Vec::new());
        client.say(b"hello", &mut out);
        let mut cursor = Cursor::new(out.as_slice());
        let (header, len) = FrameHeader::parse(&mut cursor).expect("a header").expect("all of it");
        assert_eq!((header.opcode, len), (OpCode::Data(Data::Text), 5));
        let mask = header.mask.expect("clients mask");
        let payload = &out[cursor.position() as usize..];
        let plain: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b).collect();
        assert_eq!(plain, b"hello");
    }
}
