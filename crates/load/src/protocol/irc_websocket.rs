//! IRC clients over WebSockets (IRCv3 `websocket`): a line to a message.

use super::irc::answer_ping;
use super::websocket::WebSocketClient;
use super::{Client, Irc, Protocol, Role, Step};
use crate::Ear;

/// IRC in messages of text.
#[derive(Clone, Debug)]
pub struct IrcWebSocket {
    /// What the Host field says: a name or address, and the port.
    pub host: String,
    /// What is asked for, from the slash on.
    pub path: String,
    /// Who the members are, and where.
    pub irc: Irc,
}

impl Protocol for IrcWebSocket {
    fn name(&self) -> String {
        format!("{}-websocket", self.irc.name())
    }

    fn most_text_bytes(&self) -> usize {
        self.irc.most_text_bytes()
    }

    fn client(&self, number: usize, role: Role) -> Box<dyn Client> {
        let url = format!("ws://{}{}", self.host, self.path);
        Box::new(IrcWebSocketClient {
            socket: WebSocketClient::new(url, Some("text.ircv3.net"), None, number),
            irc: self.irc.client(number, role),
            stage: Stage::Shaking,
            lines: Vec::new(),
        })
    }
}

struct IrcWebSocketClient {
    socket: WebSocketClient,
    irc: Box<dyn Client>,
    stage: Stage,
    /// Memory for lines on their way into messages.
    lines: Vec<u8>,
}

/// What is waited for.
enum Stage {
    /// The answer to the handshake.
    Shaking,
    /// What IRC waits for.
    Entering,
}

impl IrcWebSocketClient {
    /// Lets the client of IRC say something: each of its lines is a message.
    fn say_lines<T>(
        &mut self,
        out: &mut Vec<u8>,
        say: impl FnOnce(&mut dyn Client, &mut Vec<u8>) -> T,
    ) -> T {
        self.lines.clear();
        let result = say(self.irc.as_mut(), &mut self.lines);
        for line in self.lines.split_inclusive(|&byte| byte == b'\n') {
            self.socket.say(line.trim_ascii_end(), out);
        }
        result
    }
}

impl Client for IrcWebSocketClient {
    fn greet(&mut self, out: &mut Vec<u8>) -> Step {
        self.socket.greet(out)
    }

    fn join(&mut self, out: &mut Vec<u8>) -> Step {
        self.say_lines(out, |irc, lines| irc.join(lines))
    }

    fn enter(&mut self, received: &[u8], out: &mut Vec<u8>) -> Result<(usize, Step), String> {
        if let Stage::Shaking = self.stage {
            let (taken, step) = self.socket.enter(received, out)?;
            if step == Step::Waiting {
                return Ok((taken, step));
            }
            self.stage = Stage::Entering;
            return Ok((taken, self.say_lines(out, |irc, lines| irc.greet(lines))));
        }
        let mut came = Vec::new();
        let taken = self.socket.each_message(received, out, |message| {
            came.extend_from_slice(message);
            came.push(b'\n');
        })?;
        let (_, step) = self.say_lines(out, |irc, lines| irc.enter(&came, lines))?;
        Ok((taken, step))
    }

    fn say(&mut self, text: &[u8], out: &mut Vec<u8>) {
        self.say_lines(out, |irc, lines| irc.say(text, lines));
    }

    fn hear(
        &mut self,
        received: &[u8],
        ear: &mut Ear<'_>,
        out: &mut Vec<u8>,
    ) -> Result<usize, String> {
        let mut pongs = Vec::new();
        let taken = self.socket.each_message(received, out, |message| {
            ear.message(message);
            if message.starts_with(b"PING") {
                answer_ping(message, &mut pongs);
            }
        })?;
        if !pongs.is_empty() {
            self.say_lines(out, |_, lines| lines.append(&mut pongs));
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tungstenite::handshake::derive_accept_key;
    use tungstenite::protocol::frame::coding::{Data, OpCode};
    use tungstenite::protocol::frame::{Frame, FrameHeader};

    use super::*;
    use crate::ear::Hearing;

    fn text(line: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let frame = Frame::message(line.to_owned(), OpCode::Data(Data::Text), true);
        frame.format(&mut bytes).expect("it fits");
        bytes
    }

    /// The messages in `out`, which is empty then.
    fn said(out: &mut Vec<u8>) -> Vec<String> {
        let (mut cursor, mut said) = (Cursor::new(std::mem::take(out)), Vec::new());
        while let Some((header, len)) = FrameHeader::parse(&mut cursor).expect("a header") {
            let begin = cursor.position() as usize;
            let end = begin + len as usize;
            let mask = header.mask.expect("clients mask");
            let payload = cursor.get_ref()[begin..end].iter().zip(mask.iter().cycle());
            said.push(payload.map(|(byte, mask)| char::from(byte ^ mask)).collect());
            cursor.set_position(end as u64);
        }
        said
    }

    #[test]
    fn irc_is_spoken_a_line_to_a_message() {
        let (host, path) = ("127.0.0.1:1".into(), "/ws".into());
        let websocket = IrcWebSocket { host, path, irc: Irc::default() };
        assert_eq!(websocket.name(), "irc-websocket");
        let (mut client, mut out) = (websocket.client(3, Role::Sender), Vec::new());
        client.greet(&mut out);
        let request = String::from_utf8(std::mem::take(&mut out)).expect("text");
        let offer = request.to_ascii_lowercase();
        assert!(offer.contains("sec-websocket-protocol: text.ircv3.net\r\n"), "{request}");
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let accept = derive_accept_key(key.expect("a key").as_bytes());
        let head = format!("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
        let entered = client.enter(head.as_bytes(), &mut out);
        assert_eq!(entered, Ok((head.len(), Step::Waiting)));
        assert_eq!(said(&mut out), ["NICK m3", "USER m3 0 * :m3"]);
        let begin = [text(":s 001 m3 :hi"), text("PING x")].concat();
        assert_eq!(client.enter(&begin, &mut out), Ok((begin.len(), Step::Waiting)));
        assert_eq!(said(&mut out), ["PONG x"]);
        let end = text(":s 422 m3 :none");
        assert_eq!(client.enter(&end, &mut out), Ok((end.len(), Step::Done)));
        assert_eq!(client.join(&mut out), Step::Waiting);
        client.say(b"hello", &mut out);
        assert_eq!(said(&mut out), ["JOIN #bench", "PRIVMSG #bench :hello"]);
        let mut hearing = Hearing::Count;
        let mut ear = Ear::new(&mut hearing);
        client.hear(&text("PING y"), &mut ear, &mut out).expect("frames");
        assert_eq!(said(&mut out), ["PONG y"]);
    }
}
