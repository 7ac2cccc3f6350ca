//! Requests that nobody should send, over real sockets: each is answered once, the connection is
//! closed, and what stands behind it is never taken for another request.

use std::time::Duration;

use crate::on_every_engine;
use crate::support::{Client, Ending, PATIENCE, Server};

on_every_engine![
    what_can_be_read_in_two_ways_is_refused_once,
    what_is_too_much_is_refused_before_it_has_come,
    a_head_that_does_not_come_whole_is_not_waited_for,
    requests_that_follow_each_other_are_answered_in_order,
];

const CHAT: [&str; 1] = ["chat"];

fn what_can_be_read_in_two_ways_is_refused_once(engine: &str) {
    let server = Server::start(engine, &CHAT);
    let nora = Client::netcat(&server, "nora");
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n/nick smuggled\nhello\n";
    for (head, status) in [
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nContent-Length: 0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
        ("GET /%2e%2e/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        // Nothing is wrong with these, but bodies are not read here.
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n", 405),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            405,
        ),
    ] {
        let mut rude = server.connect();
        rude.send(format!("{head}{smuggled}"));
        assert_eq!(rude.drain(), Ending::Closed, "{head:?}");
        let text = rude.text();
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{head:?}: {text}");
        assert_eq!(text.matches("\r\nContent-Security-Policy: ").count(), 1, "{head:?}: {text}");
        assert!(text.contains("\r\nConnection: close\r\n"), "{head:?}: {text}");
    }
    assert!(!nora.text().contains("smuggled"), "{}", nora.text());
    server.stop();
}

fn what_is_too_much_is_refused_before_it_has_come(engine: &str) {
    let server = Server::start(engine, &CHAT);
    for (head, status) in [
        (format!("GET /{} HTTP/1.1\r\n", "x".repeat(3000)), 414),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "y".repeat(20_000)), 431),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "X: y\r\n".repeat(100)), 431),
    ] {
        let mut rude = server.connect();
        rude.send(&head);
        assert_eq!(rude.drain(), Ending::Closed);
        let text = rude.text();
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
    }
    server.stop();
}

fn a_head_that_does_not_come_whole_is_not_waited_for(engine: &str) {
    let server = Server::start(engine, &["chat", "--http-head", "300ms"]);
    let mut silent = server.connect();
    silent.send("GET / HTTP/1.1\r\nHost: a\r\n");
    let mut slow = server.connect();
    slow.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
    // A sign of life now and then is no head.
    slow.stream
        .set_read_timeout(Some(Duration::from_millis(10)))
        .expect("a limit that is not zero");
    for _ in 0..3000 {
        if slow.stream.peek(&mut [0]).is_ok() {
            break;
        }
        slow.send("y");
    }
    slow.stream.set_read_timeout(Some(PATIENCE)).expect("a limit that is not zero");
    for mut peer in [silent, slow] {
        assert_eq!(peer.drain(), Ending::Closed, "{}", peer.text());
        assert!(peer.text().starts_with("HTTP/1.1 408 "), "{}", peer.text());
    }
    server.stop();
}

fn requests_that_follow_each_other_are_answered_in_order(engine: &str) {
    let server = Server::start(engine, &CHAT);
    let mut peer = server.connect();
    let paths = ["/healthz", "/nowhere", "/healthz"];
    for byte in paths.map(|path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).concat().bytes()
    {
        peer.send([byte]);
    }
    peer.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(peer.drain(), Ending::Closed);
    let text = peer.text();
    let statuses: Vec<&str> = text.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "404", "200", "200"], "{text}");
    server.stop();
}
