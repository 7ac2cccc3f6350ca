//! A WebSocket client that is none of ours: tungstenite, on a socket of the test's.
//!
//! Invariant: what it takes for a frame, an answer or an end is as tungstenite reads RFC 6455; what
//! tungstenite would not send goes beside it, raw.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::HandshakeError;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::frame::Frame;
use tungstenite::{Error, Message, WebSocket};

use super::{PATIENCE, Peer, Server};

/// One end of a WebSocket, and the messages that have come from the other so far.
pub(crate) struct WebClient {
    socket: WebSocket<TcpStream>,
    pub(crate) heard: Vec<String>,
    /// Payloads of the pongs that have come.
    pub(crate) ponged: Vec<String>,
    comes: Comes,
}

/// What the messages of a subprotocol are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    Text,
    Binary,
}

impl WebClient {
    /// A WebSocket on which such a subprotocol is spoken.
    #[track_caller]
    pub(crate) fn open(server: &Server, subprotocol: &str) -> Self {
        let opened = Self::ask(server, &[("Sec-WebSocket-Protocol", subprotocol)]);
        let client =
            opened.unwrap_or_else(|status| panic!("{subprotocol} is answered with {status}"));
        let is_binary = subprotocol.starts_with("binary.");
        Self { comes: if is_binary { Comes::Binary } else { Comes::Text }, ..client }
    }

    /// An IRC client, in the lobby.
    #[track_caller]
    pub(crate) fn irc(server: &Server, name: &str) -> Self {
        let mut client = Self::open(server, "text.ircv3.net");
        client.say(&format!("NICK {name}"));
        client.say(&format!("USER {name} 0 * :{name}"));
        client.expect(&format!(" 366 {name} #lobby "));
        client
    }

    /// Asks for a WebSocket with these fields.
    ///
    /// # Errors
    ///
    /// The status that is answered, if there is none.
    #[track_caller]
    pub(crate) fn ask(server: &Server, fields: &[(&'static str, &str)]) -> Result<Self, u16> {
        let address = format!("ws://{}/ws", server.address);
        let mut request = address.into_client_request().expect("an address");
        for (name, value) in fields {
            let value = HeaderValue::from_str(value).expect("a value");
            request.headers_mut().insert(*name, value);
        }
        let stream = Peer::connect(server.address).stream;
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => {
                let (heard, ponged) = (Vec::new(), Vec::new());
                Ok(Self { socket, heard, ponged, comes: Comes::Text })
            }
            Err(HandshakeError::Failure(Error::Http(response))) => Err(response.status().into()),
            Err(error) => panic!("no handshake: {error}"),
        }
    }

    #[track_caller]
    pub(crate) fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("the server takes what it is sent");
    }

    #[track_caller]
    pub(crate) fn send(&mut self, frame: Frame) {
        self.socket.send(Message::Frame(frame)).expect("the server takes what it is sent");
    }

    /// Sends bytes as they are. The server may have gone before the last of them.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.socket.get_mut().write_all(bytes);
    }

    /// Sends bytes as they are, one at a time.
    pub(crate) fn send_byte_by_byte(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.send_raw(&[*byte]);
        }
    }

    /// Waits until a message has come with `needle` in it.
    #[track_caller]
    pub(crate) fn expect(&mut self, needle: &str) {
        let started = Instant::now();
        while !self.heard.iter().any(|message| message.contains(needle)) {
            assert!(started.elapsed() < PATIENCE, "{needle:?} does not come: {:#?}", self.heard);
            if let Some(end) = self.receive() {
                panic!("{needle:?} did not come, but {end:?}: {:#?}", self.heard);
            }
        }
    }

    /// Waits until a pong has come with this payload.
    #[track_caller]
    pub(crate) fn expect_pong(&mut self, payload: &str) {
        let started = Instant::now();
        while !self.ponged.iter().any(|pong| pong == payload) {
            assert!(started.elapsed() < PATIENCE, "no pong {payload:?}: {:?}", self.ponged);
            if let Some(end) = self.receive() {
                panic!("no pong {payload:?} came, but {end:?}");
            }
        }
    }

    /// The connection alone, for somebody who does not read.
    pub(crate) fn into_peer(self) -> Peer {
        Peer { stream: self.socket.into_inner(), received: Vec::new() }
    }

    /// Closes, and waits for the answer.
    #[track_caller]
    pub(crate) fn close(&mut self, code: u16, reason: &str) -> (u16, String) {
        let reason = reason.to_owned().into();
        let frame = tungstenite::protocol::CloseFrame { code: code.into(), reason };
        self.socket.close(Some(frame)).expect("the server takes what it is sent");
        self.end()
    }

    /// Waits until the server has closed: first the WebSocket, with a code and a reason, and then
    /// the connection, in order.
    #[track_caller]
    pub(crate) fn end(&mut self) -> (u16, String) {
        let started = Instant::now();
        let end = loop {
            assert!(started.elapsed() < PATIENCE, "no end comes: {:#?}", self.heard);
            if let Some(end) = self.receive() {
                break end;
            }
        };
        let _ = self.socket.flush();
        let _ = self.socket.get_mut().shutdown(Shutdown::Write);
        match self.socket.read() {
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => end,
            Ok(message) => panic!("{message:?} behind the end"),
            Err(error) => panic!("closed as {end:?}, and then: {error}"),
        }
    }

    /// Receives a frame; answers how the other side has closed, if that is what it was.
    #[track_caller]
    fn receive(&mut self) -> Option<(u16, String)> {
        match self.socket.read() {
            Ok(Message::Text(text)) if self.comes == Comes::Text => {
                self.heard.push(text.as_str().to_owned());
            }
            Ok(Message::Binary(bytes)) if self.comes == Comes::Binary => {
                self.heard.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                panic!("{message:?} is not {:?}", self.comes);
            }
            Ok(Message::Pong(payload)) => {
                self.ponged.push(String::from_utf8_lossy(&payload).into_owned());
            }
            Ok(Message::Ping(_) | Message::Frame(_)) => {}
            Ok(Message::Close(None)) => return Some((1005, String::new())),
            Ok(Message::Close(Some(frame))) => {
                return Some((frame.code.into(), frame.reason.as_str().to_owned()));
            }
            Err(error) => panic!("{error} after: {:#?}", self.heard),
        }
        None
    }
}
