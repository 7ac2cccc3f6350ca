//! `switchboard hello`: tutorial 9.

use crate::on_every_engine;
use crate::support::{Ending, Server, python, run, tool, unique_path};

on_every_engine![
    curl_gets_the_page,
    curl_gets_the_head_alone,
    one_connection_serves_many_requests,
    pipelined_requests_are_answered_in_order,
    a_chosen_body_is_served_whole,
    what_is_not_http_gets_400_and_the_end,
    a_post_gets_405,
    http_1_0_is_answered_and_closed,
];

fn curl(server: &Server, flags: &[&str]) -> String {
    let url = format!("http://127.0.0.1:{}/", server.port());
    run(tool("curl").args(["-sS", "--max-time", "30"]).args(flags).arg(url))
}

fn curl_gets_the_page(engine: &str) {
    let server = Server::start(engine, &["hello"]);
    let answer = curl(&server, &["-i"]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a blank line");
    assert_eq!(body, "Hello, world!");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-length: 13") && head.contains("content-type: text/plain"));
    let date = head.lines().find_map(|line| line.strip_prefix("date: ")).expect("a date");
    assert!(
        date.ends_with(" gmt") && date.len() == "sun, 06 nov 1994 08:49:37 gmt".len(),
        "{date}"
    );
    server.stop();
}

fn curl_gets_the_head_alone(engine: &str) {
    let server = Server::start(engine, &["hello"]);
    let answer = curl(&server, &["--head"]).to_ascii_lowercase();
    assert!(answer.contains("content-length: 13") && answer.ends_with("\r\n\r\n"), "{answer}");
    server.stop();
}

fn one_connection_serves_many_requests(engine: &str) {
    let server = Server::start(engine, &["hello"]);
    let url = format!("http://127.0.0.1:{}/[1-20]", server.port());
    let answer = run(tool("curl").args(["-sS", "--max-time", "30", "-w", "%{num_connects}", &url]));
    let rest: String = (1..20).map(|_| "Hello, world!0").collect();
    assert_eq!(answer, format!("Hello, world!1{rest}"));
    server.stop();
}

fn pipelined_requests_are_answered_in_order(engine: &str) {
    let server = Server::start(engine, &["hello"]);
    let said = python(
        &server,
        "s = socket.create_connection(('127.0.0.1', port))\n\
         s.settimeout(30)\n\
         s.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\nHEAD / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' * 100)\n\
         s.shutdown(socket.SHUT_WR)\n\
         got = b''\n\
         while True:\n    \
             piece = s.recv(65536)\n    \
             if not piece: break\n    \
             got += piece\n\
         print(got.count(b'HTTP/1.1 200 OK'), got.count(b'Hello, world!HTTP/1.1'), got[-4:])\n",
    );
    assert_eq!(said, "200 100 b'\\r\\n\\r\\n'\n");
    server.stop();
}

fn a_chosen_body_is_served_whole(engine: &str) {
    let path = unique_path(".html");
    std::fs::write(&path, "0123456789".repeat(200_000)).expect("a file can be written");
    let name = path.to_str().expect("a name in UTF-8");
    let server = Server::start(engine, &["hello", "--file", name, "--content-type", "text/html"]);
    let answer = curl(&server, &["-w", "%{content_type}"]);
    std::fs::remove_file(&path).expect("it is ours");
    assert_eq!(answer.len(), 2_000_000 + "text/html".len());
    assert!(answer.ends_with("789text/html"));
    server.stop();
}

fn what_is_not_http_gets_400_and_the_end(engine: &str) {
    let server = Server::start(engine, &["hello"]);
    let mut peer = server.connect();
    peer.send("hello there\r\n\r\n");
    assert_eq!(peer.drain(), Ending::Closed);
    assert!(peer.text().starts_with("HTTP/1.1 400 "), "{}", peer.text());
    server.stop();
}

fn a_post_gets_405(engine: &str) {
    let server = Server::start(engine, &["hello"]);
    let answer = curl(&server, &["-i", "--data", "x=1"]);
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("allow: get, head"), "{answer}");
    server.stop();
}

fn http_1_0_is_answered_and_closed(engine: &str) {
    let server = Server::start(engine, &["hello", "--body", "It works"]);
    let mut nc = server.nc(&[]);
    nc.write(b"GET / HTTP/1.0\r\n\r\n");
    nc.expect("\r\n\r\nIt works");
    let mut peer = server.connect();
    peer.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(peer.drain(), Ending::Closed);
    server.stop();
}
