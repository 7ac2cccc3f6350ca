//! The handshake, from the server's side (RFC 6455 section 4.2).
//!
//! Invariant: what is accepted was asked for by something that speaks WebSocket, version 13: no
//! form and no script of a page can send the fields that it takes.
//!
//! Whether the page may connect ([`Request::origin`]), and which subprotocol is spoken, is for the
//! caller to say.

use tungstenite::handshake::derive_accept_key;

use crate::http::{Body, Method, Request, Version};

/// A handshake that may be accepted.
#[derive(Clone, Debug)]
pub struct Accept<'a> {
    key: &'a str,
    offered: Vec<&'a str>,
}

/// Why a request does not become a WebSocket. What it is answered with is [`Refusal::status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The method is not GET (405).
    Method,
    /// It does not ask for a WebSocket (426): somebody has opened the address in a browser.
    NoUpgrade,
    /// It asks for another version than 13 (426).
    Version,
    /// It is malformed: what is wrong with it (400).
    Bad(&'static str),
}

impl Refusal {
    /// The status to answer with.
    pub fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::NoUpgrade | Self::Version => 426,
            Self::Bad(_) => 400,
        }
    }

    /// The fields that must stand in the answer (RFC 9110 sections 10.2.1 and 15.5.22; RFC 6455
    /// section 4.4).
    pub fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Method => &[("Allow", "GET")],
            Self::NoUpgrade | Self::Version => &[
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"),
            ],
            Self::Bad(_) => &[],
        }
    }

    /// What is wrong, as a sentence without its full stop.
    pub fn text(self) -> &'static str {
        match self {
            Self::Method => "A WebSocket is asked for with GET",
            Self::NoUpgrade => "This address is for WebSockets",
            Self::Version => "Only version 13 of WebSocket is spoken here",
            Self::Bad(what) => what,
        }
    }
}

/// Whether a request asks for a WebSocket as it should.
///
/// # Errors
///
/// If it does not: how to answer it.
pub fn handshake<'a>(request: &Request<'a>) -> Result<Accept<'a>, Refusal> {
    if request.method() != Method::Get {
        return Err(Refusal::Method);
    }
    if !request.lists("upgrade", "websocket") || !request.lists("connection", "upgrade") {
        return Err(Refusal::NoUpgrade);
    }
    if request.version() != Version::Http11 {
        return Err(Refusal::Bad("A WebSocket is asked for with HTTP/1.1"));
    }
    if request.body() != Body::None {
        return Err(Refusal::Bad("A request for a WebSocket has no body"));
    }
    match one(request, "sec-websocket-version") {
        Ok(Some("13")) => {}
        Ok(Some(_)) => return Err(Refusal::Version),
        Ok(None) => return Err(Refusal::Bad("No Sec-WebSocket-Version")),
        Err(More) => return Err(Refusal::Bad("More than one Sec-WebSocket-Version")),
    }
    let key = match one(request, "sec-websocket-key") {
        Ok(Some(key)) if is_key(key) => key,
        Ok(Some(_)) => return Err(Refusal::Bad("Sec-WebSocket-Key is not 16 bytes in base64")),
        Ok(None) => return Err(Refusal::Bad("No Sec-WebSocket-Key")),
        Err(More) => return Err(Refusal::Bad("More than one Sec-WebSocket-Key")),
    };
    Ok(Accept { key, offered: request.list("sec-websocket-protocol").collect() })
}

/// There is more than one.
struct More;

fn one<'a>(request: &Request<'a>, name: &str) -> Result<Option<&'a str>, More> {
    let mut values = request.headers(name);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(More),
        (value, None) => Ok(value),
    }
}

/// Whether it is 16 bytes in base64: 22 digits, and two signs that fill it up.
fn is_key(key: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.strip_suffix("==").is_some_and(|digits| digits.bytes().all(is_digit))
}

impl<'a> Accept<'a> {
    /// The subprotocols that the client would speak, as it wants them most.
    pub fn offered(&self) -> &[&'a str] {
        &self.offered
    }

    /// The first of what the client offers that is among `known`.
    pub fn first_of<'k>(&self, known: &[&'k str]) -> Option<&'k str> {
        self.offered.iter().find_map(|offer| known.iter().find(|one| *one == offer).copied())
    }

    /// Appends the head that ends the handshake to `out`; frames follow it. The subprotocol is to
    /// be one that was offered: a client closes if it is not.
    pub fn write_head(&self, subprotocol: &str, out: &mut Vec<u8>) {
        debug_assert!(self.offered.contains(&subprotocol), "{subprotocol} was not offered");
        for part in [
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: ",
            &derive_accept_key(self.key.as_bytes()),
            "\r\nSec-WebSocket-Protocol: ",
            subprotocol,
            "\r\n\r\n",
        ] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{HeadLimits, Parsed, parse};

    /// The example of RFC 6455 section 1.3.
    const GOOD: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n";

    fn asked(text: &str) -> Result<Accept<'_>, Refusal> {
        match parse(text.as_bytes(), &HeadLimits::default()) {
            Parsed::Whole { request, .. } => handshake(&request),
            other => panic!("{text:?} is {other:?}"),
        }
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let accept = asked(GOOD).expect("a handshake");
        assert_eq!(accept.offered(), ["chat", "superchat"]);
        assert_eq!(accept.first_of(&["superchat", "chat"]), Some("chat"));
        assert_eq!(accept.first_of(&["talk"]), None);
        let mut out = Vec::new();
        accept.write_head("superchat", &mut out);
        assert_eq!(
            str::from_utf8(&out),
            Ok("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
                Sec-WebSocket-Protocol: superchat\r\n\r\n")
        );
    }

    #[test]
    fn fields_may_be_written_otherwise() {
        for (from, to) in [
            ("Upgrade: websocket", "upgrade: h2c, WebSocket"),
            ("Connection: Upgrade", "CONNECTION: keep-alive,\tupgrade"),
            ("Sec-WebSocket-Key: ", "sec-websocket-key:\t "),
            ("Sec-WebSocket-Protocol: chat, superchat", "Sec-WebSocket-Extensions: x; y=1"),
        ] {
            assert!(GOOD.contains(from));
            let text = GOOD.replace(from, to);
            assert!(asked(&text).is_ok(), "{to}");
        }
        let twice = "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat";
        let text = GOOD.replace("Sec-WebSocket-Protocol: chat, superchat", twice);
        assert_eq!(asked(&text).expect("a handshake").offered(), ["chat", "superchat"]);
    }

    #[test]
    fn what_is_no_handshake_is_refused_with_its_status() {
        const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
        const VERSION: &str = "Sec-WebSocket-Version: 13";
        for (from, to, status) in [
            ("GET ", "HEAD ", 405),
            ("GET ", "POST ", 405),
            ("Upgrade: websocket", "X: y", 426),
            ("Upgrade: websocket", "Upgrade: websockets", 426),
            ("Connection: Upgrade", "Connection: keep-alive", 426),
            ("HTTP/1.1", "HTTP/1.0", 400),
            ("Origin: http://example.com", "Content-Length: 5", 400),
            ("Origin: http://example.com", "Transfer-Encoding: chunked", 400),
            (VERSION, "Sec-WebSocket-Version: 8", 426),
            (VERSION, "Sec-WebSocket-Version: 13, 8", 426),
            (VERSION, "Sec-WebSocket-Version: 013", 426),
            (VERSION, "Sec-WebSocket-Version:", 426),
            (VERSION, "X: y", 400),
            (VERSION, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13", 400),
            (KEY, "X: y", 400),
            (KEY, "Sec-WebSocket-Key:", 400),
            (KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ", 400),
            (KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=", 400),
            (KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=", 400),
            (KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j_-==", 400),
            (KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: x", 400),
        ] {
            assert!(GOOD.contains(from));
            let refusal = asked(&GOOD.replacen(from, to, 1)).map(|_| ()).expect_err(to);
            assert_eq!(refusal.status(), status, "{to}: {}", refusal.text());
        }
    }

    #[test]
    fn a_refusal_says_what_would_be_accepted() {
        assert_eq!(Refusal::Method.fields(), [("Allow", "GET")]);
        let fields = Refusal::Version.fields();
        assert!(fields.contains(&("Sec-WebSocket-Version", "13")));
        assert!(fields.contains(&("Upgrade", "websocket")));
    }
}
