//! WebSockets from outside, with tungstenite for a client: the handshake, frames in all shapes, and
//! what breaks the rules.

use std::time::Duration;

use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::on_every_engine;
use crate::support::{Client, Server, WebClient};

on_every_engine![
    irc_is_spoken_a_line_to_a_message,
    the_web_dialect_is_spoken_an_object_to_a_message,
    a_message_in_fragments_with_pings_between_is_one,
    a_message_may_come_a_byte_at_a_time,
    who_breaks_a_rule_is_told_which_and_nobody_else_notices,
    a_flood_of_pings_costs_no_memory,
    only_who_may_gets_a_websocket,
];

const CHAT: [&str; 1] = ["chat"];

const TEXT: OpCode = OpCode::Data(Data::Text);
const MORE: OpCode = OpCode::Data(Data::Continue);

fn irc_is_spoken_a_line_to_a_message(engine: &str) {
    let server = Server::start(engine, &CHAT);
    let mut nora = Client::netcat(&server, "nora");
    for (name, subprotocol, kind) in
        [("ada", "text.ircv3.net", Data::Text), ("bob", "binary.ircv3.net", Data::Binary)]
    {
        let mut web = WebClient::open(&server, subprotocol);
        for line in [format!("NICK {name}\r\n"), format!("USER {name} 0 * :{name}")] {
            web.send(Frame::message(line, OpCode::Data(kind), true));
        }
        web.expect(&format!(" 001 {name} :"));
        web.expect(&format!(":{name}!~{name}@localhost JOIN #lobby"));
        nora.sees_join(name, "#lobby");
        nora.types(&format!("hello {name}"));
        web.expect(&format!(":nora!nc@localhost PRIVMSG #lobby :hello {name}"));
        let whole = |message: &String| !message.contains(['\r', '\n']) && !message.is_empty();
        assert!(web.heard.iter().all(whole), "{:#?}", web.heard);
        let (code, reason) = web.close(1000, "bye");
        assert_eq!((code, reason.as_str()), (1000, ""));
        nora.sees_leaving(name);
    }
    server.stop();
}

fn the_web_dialect_is_spoken_an_object_to_a_message(engine: &str) {
    let server = Server::start(engine, &CHAT);
    let mut nora = Client::netcat(&server, "nora");
    let mut ada = WebClient::open(&server, "switchboard.v1");
    ada.say(r#"{"type":"hello","name":"ada"}"#);
    ada.expect(r#""type":"welcome""#);
    ada.expect(r##""room":"#lobby""##);
    nora.sees_join("ada", "#lobby");
    nora.types("hello ada");
    ada.expect(r#""text":"hello ada""#);

    ada.send(Frame::message(r##"{"type":"say","n":1,"room":"#lob"##, TEXT, false));
    ada.send(Frame::ping("still there?"));
    ada.expect_pong("still there?");
    ada.send(Frame::message(&b"by\",\"text\":\"caf\xc3"[..], MORE, false));
    ada.send(Frame::message(&b"\xa9?\"}"[..], MORE, true));
    ada.expect(r#""type":"ack""#);
    nora.sees(&["<ada> caf\u{e9}?"]);
    let slow = r##"{"type":"say","n":2,"room":"#lobby","text":"byte by byte"}"##;
    ada.send_byte_by_byte(&masked(0x81, slow.as_bytes()));
    nora.sees(&["<ada> byte by byte"]);
    ada.say("no object");
    ada.expect(r#""type":"error""#);

    for message in &ada.heard {
        let object: serde_json::Value = serde_json::from_str(message).expect("JSON");
        assert!(object["type"].is_string(), "{message}");
    }
    let (code, reason) = ada.close(1001, "");
    assert_eq!((code, reason.as_str()), (1001, ""));
    nora.sees_leaving("ada");

    let mut rude = WebClient::open(&server, "switchboard.v1");
    rude.say(r#"{"type":"hello","name":"rude"}"#);
    nora.sees_join("rude", "#lobby");
    rude.send_raw(&masked(0x82, b"{}"));
    assert_eq!(rude.end().0, 1003);
    nora.sees_leaving("rude");
    server.stop();
}

fn a_message_in_fragments_with_pings_between_is_one(engine: &str) {
    let server = Server::start(engine, &CHAT);
    let nora = Client::netcat(&server, "nora");
    let mut ada = WebClient::irc(&server, "ada");
    ada.send(Frame::message("PRIVMSG #lob", TEXT, false));
    ada.send(Frame::ping("one"));
    ada.expect_pong("one");
    // A character in two halves.
    ada.send(Frame::message(&b"by :caf\xc3"[..], MORE, false));
    ada.send(Frame::ping("two"));
    ada.send(Frame::message(&b"\xa9, or\ntea"[..], MORE, false));
    ada.send(Frame::message("", MORE, false));
    ada.send(Frame::message("?\r\n", MORE, true));
    ada.expect_pong("two");
    nora.sees(&["<ada> caf\u{e9}, or tea?"]);
    server.stop();
}

fn a_message_may_come_a_byte_at_a_time(engine: &str) {
    let server = Server::start(engine, &CHAT);
    let nora = Client::netcat(&server, "nora");
    let mut ada = WebClient::irc(&server, "ada");
    for text in ["short", &"long ".repeat(40)] {
        let line = format!("PRIVMSG #lobby :{text}");
        ada.send_byte_by_byte(&masked(0x81, line.as_bytes()));
        nora.sees(&[&format!("<ada> {}", text.trim_end())]);
    }
    server.stop();
}

fn who_breaks_a_rule_is_told_which_and_nobody_else_notices(engine: &str) {
    let server = Server::start(engine, &CHAT);
    let nora = Client::netcat(&server, "nora");
    let mut ada = WebClient::irc(&server, "ada");
    let flood = [&masked(0x01, b"x")[..], &masked(0x00, b"x").repeat(20)].concat();
    for (name, bytes, code) in [
        ("unmasked", b"\x81\x02hi".to_vec(), 1002),
        ("reserved-bit", masked(0xc1, b"hi"), 1002),
        ("reserved-kind", masked(0x83, b"hi"), 1002),
        ("continues", masked(0x80, b"hi"), 1002),
        ("long-ping", b"\x89\xfe\x00\x7e\0\0\0\0".to_vec(), 1002),
        ("bad-code", masked(0x88, b"\x03\xed"), 1002),
        ("binary", masked(0x82, b"hi"), 1003),
        ("not-utf-8", masked(0x81, b"PRIVMSG #lobby :\xff\nPRIVMSG #lobby :hi"), 1007),
        ("surrogate", masked(0x01, b"PRIVMSG #lobby :\xed\xa0"), 1007),
        ("flood", flood, 1008),
        // The header alone: what it announces is never waited for.
        ("large", b"\x81\xfe\x40\x01\0\0\0\0".to_vec(), 1009),
        ("huge", b"\x81\xff\x00\x00\x00\x01\0\0\0\0\0\0\0\0".to_vec(), 1009),
    ] {
        let mut rude = WebClient::irc(&server, name);
        nora.sees_join(name, "#lobby");
        rude.send_raw(&bytes);
        let (told, why) = rude.end();
        assert_eq!(told, code, "{name}: {why}");
        assert!(!why.is_empty(), "{name}");
        nora.sees_leaving(name);
    }
    ada.say("PRIVMSG #lobby :is anyone there?");
    nora.sees(&["<ada> is anyone there?"]);
    assert!(!nora.text().contains("> hi"), "{}", nora.text());
    server.stop();
}

fn a_flood_of_pings_costs_no_memory(engine: &str) {
    let server = Server::start(engine, &CHAT);
    let nora = Client::netcat(&server, "nora");
    let mut ada = WebClient::irc(&server, "ada");
    let before = server.resident_bytes();
    let mut rude = WebClient::irc(&server, "rude").into_peer();
    let pings = masked(0x89, &[b'x'; 125]).repeat(1000);
    for _ in 0..400 {
        if rude.send_what_it_takes(&pings, Duration::from_millis(200)) < pings.len() {
            break;
        }
    }
    ada.say("PRIVMSG #lobby :is anyone there?");
    nora.sees(&["<ada> is anyone there?"]);
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "grew by {grown} bytes");
    rude.reset();
    server.stop();
}

fn only_who_may_gets_a_websocket(engine: &str) {
    let arguments = ["chat", "--web-origin", "https://friends.example"];
    let server = Server::start(engine, &arguments);
    let own = format!("http://{}", server.address);
    let status =
        |fields: &[(&'static str, &str)]| WebClient::ask(&server, fields).err().unwrap_or(101);
    const PROTOCOL: (&str, &str) = ("Sec-WebSocket-Protocol", "text.ircv3.net");
    assert_eq!(status(&[PROTOCOL]), 101);
    assert_eq!(status(&[PROTOCOL, ("Origin", &own)]), 101);
    assert_eq!(status(&[PROTOCOL, ("Origin", "https://friends.example")]), 101);
    for origin in
        ["http://evil.example", "null", "https://friends.example.evil", "http://127.0.0.1"]
    {
        assert_eq!(status(&[PROTOCOL, ("Origin", origin)]), 403, "{origin}");
    }
    assert_eq!(status(&[]), 400, "no subprotocol");
    assert_eq!(status(&[("Sec-WebSocket-Protocol", "soup")]), 400);
    assert_eq!(status(&[PROTOCOL, ("Sec-WebSocket-Version", "8")]), 426);
    assert_eq!(status(&[PROTOCOL, ("Sec-WebSocket-Key", "short")]), 400);
    server.stop();
}

/// A frame with that first byte, behind a mask, as a client sends it.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(0x80 | len as u8),
        len => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
