//! What curl and Python get on the port of the chat, as a browser would.

use crate::on_every_engine;
use crate::support::{Server, python, run, tool};

on_every_engine![
    curl_gets_the_page_and_what_was_said,
    what_curl_has_it_is_not_sent_again,
    what_is_sent_is_refused,
    one_connection_serves_many_requests,
    many_requests_in_one_piece_are_answered_in_order,
];

fn curl(server: &Server, path: &str, flags: &[&str]) -> String {
    let url = format!("http://127.0.0.1:{}{path}", server.port());
    run(tool("curl").args(["-sS", "--max-time", "30"]).args(flags).arg(url))
}

fn curl_gets_the_page_and_what_was_said(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let mut nc = server.nc(&[]);
    nc.write(b"/nick ada\n");
    nc.expect("You are ada now.");
    nc.write(b"is <b>this</b> text?\n/history\n");
    nc.expect("<ada> is <b>this</b> text?");
    assert!(curl(&server, "/", &[]).contains("<!doctype html>"));
    assert_eq!(curl(&server, "/healthz", &["-w", "%{http_code}"]), "ok\n200");
    let read = curl(&server, "/read", &[]);
    assert!(read.contains("&lt;ada&gt; is &lt;b&gt;this&lt;/b&gt; text?"), "{read}");
    assert!(curl(&server, "/nowhere", &["-w", "%{http_code}"]).ends_with("404"));
    let head = curl(&server, "/healthz", &["--head"]).to_ascii_lowercase();
    assert!(head.contains("\r\ncontent-length: 3\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(head.contains("\r\nx-content-type-options: nosniff\r\n"), "{head}");
    assert_eq!(curl(&server, "/healthz", &["--http1.0", "-w", "%{http_code}"]), "ok\n200");
    server.stop();
}

fn what_curl_has_it_is_not_sent_again(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let whole = curl(&server, "/", &[]);
    let packed = curl(&server, "/", &["--compressed", "-w", "%{size_download}"]);
    let size: usize = packed.strip_prefix(&whole).and_then(|rest| rest.parse().ok()).unwrap_or(0);
    assert!(0 < size && size < whole.len(), "{size} of {}", whole.len());
    let head = curl(&server, "/", &["--head"]);
    let etag = head.lines().find_map(|line| line.strip_prefix("ETag: ")).expect("an entity tag");
    let condition = format!("If-None-Match: {}", etag.trim_end());
    assert_eq!(curl(&server, "/", &["-H", &condition, "-w", "%{http_code}"]), "304");
    server.stop();
}

fn what_is_sent_is_refused(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let post = curl(&server, "/", &["-d", "hello", "-w", "%{http_code}"]);
    assert!(post.ends_with("405"), "{post}");
    let body = curl(&server, "/", &["-X", "GET", "-d", "hello", "-w", "%{http_code}"]);
    assert!(body.ends_with("413"), "{body}");
    server.stop();
}

fn one_connection_serves_many_requests(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let answer = curl(&server, "/healthz?[1-20]", &["-w", "%{num_connects}"]);
    let rest: String = (1..20).map(|_| "ok\n0").collect();
    assert_eq!(answer, format!("ok\n1{rest}"));
    server.stop();
}

fn many_requests_in_one_piece_are_answered_in_order(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let said = python(
        &server,
        "s = socket.create_connection(('127.0.0.1', port))\n\
         s.settimeout(30)\n\
         a = b'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'\n\
         b = b'HEAD /nowhere HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'\n\
         s.sendall((a + b) * 100)\n\
         s.shutdown(socket.SHUT_WR)\n\
         got = b''\n\
         while True:\n    \
             piece = s.recv(65536)\n    \
             if not piece: break\n    \
             got += piece\n\
         print(got.count(b'HTTP/1.1 200 OK'), got.count(b'ok\\nHTTP/1.1 404'), got[-4:])\n",
    );
    assert_eq!(said, "100 100 b'\\r\\n\\r\\n'\n");
    server.stop();
}
