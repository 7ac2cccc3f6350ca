//! Hostile heads of HTTP requests, as tables: what comes in, and how it is answered.
//!
//! Most rows are known ways to make two programs disagree about where a request ends (RFC 9112
//! section 11.2), or about what it asks for. Each is answered alike however it is cut, and however
//! much follows.

use wire::http::{Bad, Body, HeadLimits, Method, Parsed, Version, parse};

/// What becomes of the bytes at the front: no decision yet, a request of so many bytes, or a
/// refusal.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Waits,
    Taken(usize),
    Refused(u16),
}

fn fate(bytes: &[u8]) -> Fate {
    match parse(bytes, &HeadLimits::default()) {
        Parsed::Incomplete => Fate::Waits,
        Parsed::Whole { len, .. } => Fate::Taken(len),
        Parsed::Bad(bad) => {
            assert!(!bad.text().is_empty() && !bad.text().ends_with('.'));
            Fate::Refused(bad.status())
        }
    }
}

/// The fate of `bytes`, which must not depend on what follows, and must not have been decided
/// otherwise when less of them had come.
fn fate_in_pieces(bytes: &[u8]) -> Fate {
    let whole = fate(bytes);
    let more = [bytes, b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
    if whole != Fate::Waits {
        assert_eq!(fate(&more), whole, "more came");
    }
    for end in 0..bytes.len() {
        let piece = fate(&bytes[..end]);
        assert!(piece == Fate::Waits || piece == whole, "{piece:?} after {end} bytes");
    }
    whole
}

#[track_caller]
fn refused(status: u16, heads: &[&str]) {
    for head in heads {
        let fate = fate_in_pieces(head.as_bytes());
        assert_eq!(fate, Fate::Refused(status), "{head:?}");
    }
}

#[track_caller]
fn taken(heads: &[&str]) {
    for head in heads {
        let fate = fate_in_pieces(head.as_bytes());
        assert_eq!(fate, Fate::Taken(head.len()), "{head:?}");
    }
}

/// A request with these fields and a Host.
fn post(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

#[track_caller]
fn fields_refused(status: u16, fields: &[&str]) {
    for fields in fields {
        refused(status, &[&post(fields)]);
    }
}

#[test]
fn two_lengths_are_none() {
    fields_refused(
        400,
        &[
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "content-length: 0\r\ntransfer-encoding: chunked\r\n",
            "Content-Length: 5\r\nTransfer-Encoding:\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\ncontent-length: 0\r\n",
            "Content-Length: 5, 6\r\n",
            "Content-Length: 5, 5\r\n",
        ],
    );
}

#[test]
fn a_length_is_digits() {
    fields_refused(
        400,
        &[
            "Content-Length:\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: 5 5\r\n",
            "Content-Length: 5.0\r\n",
            "Content-Length: 1e1\r\n",
            "Content-Length: 1_0\r\n",
            "Content-Length: five\r\n",
            "Content-Length: \"5\"\r\n",
            "Content-Length: 5;\r\n",
            "Content-Length: \u{0665}\r\n",
        ],
    );
}

#[test]
fn a_coded_body_ends_with_its_chunks_or_nobody_knows_where() {
    fields_refused(
        400,
        &[
            "Transfer-Encoding:\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Transfer-Encoding: chunked, gzip\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked,\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunkedx\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding: chunked;a=b\r\n",
            "Transfer-Encoding: \u{b}chunked\r\n",
            "Transfer-Encoding: chu\tnked\r\n",
            "Transfer-Encoding: \u{ff43}hunked\r\n",
        ],
    );
    fields_refused(
        501,
        &[
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: identity, chunked\r\n",
            "Transfer-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n",
        ],
    );
    refused(400, &["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"]);
}

#[test]
fn a_line_ends_in_cr_lf_and_in_nothing_else() {
    refused(
        400,
        &[
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 5\r\n\r\n",
            "GET / HTTP/1.1\rHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX\r: y\r\n\r\n",
            "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
            "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ],
    );
    // One empty line is what some clients send behind a body (RFC 9112 section 2.2).
    taken(&["\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"]);
}

#[test]
fn a_field_stands_on_one_line_with_a_name_a_colon_and_a_value() {
    fields_refused(
        400,
        &[
            "X: y\r\n Content-Length: 5\r\n",
            "X: y\r\n\tfolded\r\n",
            " X: y\r\n",
            "X : y\r\n",
            "X\t: y\r\n",
            "Content-Length : 5\r\n",
            "Transfer-Encoding : chunked\r\n",
            "Transfer-Encoding\u{b}: chunked\r\n",
            "Transfer Encoding: chunked\r\n",
            ": y\r\n",
            "X\r\n",
            "X=y\r\n",
            "(X): y\r\n",
            "\"X\": y\r\n",
            "X\u{e9}: y\r\n",
            "X\0: y\r\n",
            "X: y\0z\r\n",
            "X: y\u{1}\r\n",
            "X: y\u{7f}\r\n",
            "X: \u{1b}[2J\r\n",
            "\u{feff}X: y\r\n",
        ],
    );
    refused(400, &["GET / HTTP/1.1\r\n Host: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\nHost: a\r\n\r\n"]);
    taken(&["GET / HTTP/1.1\r\nHost:a\r\nX:\r\nY: \t z \t\r\nZ: \u{e9}\r\n\r\n"]);
}

#[test]
fn there_is_one_host_and_it_could_be_one() {
    refused(
        400,
        &[
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nX-Host: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a;b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: ada@a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: []\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: [::1]80\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: [a'b]\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: \u{e9}\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: '\r\n\r\n",
            "GET http://a;b/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://ada@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nOrigin: http://b\r\n\r\n",
        ],
    );
    taken(&[
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: chat.example:8008\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: my_box-2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 192.0.2.1:8008\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8008\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::ffff:192.0.2.1]\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ]);
}

#[test]
fn a_request_line_is_three_words() {
    refused(
        400,
        &[
            "GET\r\nHost: a\r\n\r\n",
            "GET /\r\nHost: a\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
            " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1 HTTP/1.2\r\nHost: a\r\n\r\n",
            "GET / FTP/1.1\r\nHost: a\r\n\r\n",
            "GET / http/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
            "GET / HTTP/1\r\nHost: a\r\n\r\n",
            "GET / HTTP/+1.1\r\nHost: a\r\n\r\n",
            "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
            "G\u{e9}T / HTTP/1.1\r\nHost: a\r\n\r\n",
        ],
    );
    refused(
        505,
        &[
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
            "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\n",
            "\r\nGET / HTTP/3.0\r\nHost: a\r\n\r\n",
        ],
    );
}

#[test]
fn an_address_is_a_path_that_leads_nowhere_else() {
    for target in [
        "*",
        "index.html",
        "a:80",
        "?a",
        "ftp://a/",
        "http:/a",
        "http:///a",
        "/#tea",
        "/..",
        "/../etc/passwd",
        "/a/../b",
        "/a/./b",
        "/.",
        "/%2e%2e/etc/passwd",
        "/.%2E",
        "/a/%2e",
        "/a%2fb",
        "/a%2F..%2Fb",
        "/a%5cb",
        "/a\\b",
        "/%",
        "/%1",
        "/%zz",
        "/%+1",
        "/%00",
        "/%0a",
        "/%7f",
        "/%c2%85",
        "/%ff",
        "/%c0%ae%c0%ae/",
        "/%ed%a0%80",
        "/\u{e9}",
        "http://a/../b",
        "http://a/%2e%2e",
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        refused(400, &[&head]);
    }
    // No characters of an address (RFC 3986), but browsers send them.
    taken(&["GET /\"|?\"\\ HTTP/1.1\r\nHost: a\r\n\r\n"]);
}

#[test]
fn what_is_too_much_is_refused_before_it_has_come_whole() {
    let long = |bytes: usize| "x".repeat(bytes);
    refused(
        414,
        &[
            &format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(2048)),
            &format!("GET /{}", long(3000)),
            &format!("GET /?{} HTTP/1.1\r\nHost: a\r\n\r\n", long(2047)),
            &long(3000),
        ],
    );
    refused(
        431,
        &[
            &format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", long(16 * 1024)),
            &format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(64)),
            &format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "X: y\r\n".repeat(64)),
            &format!("GET / HTTP/1.1\r\n{}", "X\r\n".repeat(65)),
        ],
    );
    taken(&[
        &format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(2047)),
        &format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(63)),
    ]);
}

#[test]
fn a_head_may_be_as_long_as_the_limit_to_the_byte() {
    let limits = HeadLimits { head_bytes: 60, ..HeadLimits::default() };
    let head = |bytes: usize| {
        let fixed = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(bytes - fixed))
    };
    let whole = head(60);
    assert!(matches!(parse(whole.as_bytes(), &limits), Parsed::Whole { len: 60, .. }));
    assert!(matches!(parse(&whole.as_bytes()[..59], &limits), Parsed::Incomplete));
    let long = head(61);
    assert!(matches!(parse(long.as_bytes(), &limits), Parsed::Bad(Bad::TooLarge)));
    assert!(matches!(parse(&long.as_bytes()[..60], &limits), Parsed::Bad(Bad::TooLarge)));
}

#[test]
fn a_request_says_what_it_says() {
    let bytes = b"HEAD /read/%23caf%C3%A9?before=a%20b&x#no HTTP/1.1\r\n\r\n";
    assert_eq!(fate(bytes), Fate::Refused(400), "a fragment is not sent");

    let bytes = b"HEAD /read/%23caf%C3%A9?before=a%20b&x HTTP/1.1\r\nhOsT: Chat.Example:8008\r\n\
        X-Forwarded-For: 192.0.2.1\r\nAccept: */*\r\nx-forwarded-for:\t192.0.2.2 \r\n\
        Connection: , Upgrade ,\r\nContent-Length: 0\r\n\r\nGET";
    let Parsed::Whole { request, len } = parse(bytes, &HeadLimits::default()) else {
        panic!("a request");
    };
    assert_eq!(len, bytes.len() - 3);
    assert_eq!((request.method(), request.version()), (Method::Head, Version::Http11));
    assert_eq!((request.path(), request.query()), ("/read/#caf\u{e9}", Some("before=a%20b&x")));
    assert_eq!(request.host(), "Chat.Example:8008");
    assert_eq!(request.header("ACCEPT"), Some("*/*"));
    assert_eq!(request.header("cookie"), None);
    assert!(request.headers("X-Forwarded-For").eq(["192.0.2.1", "192.0.2.2"]));
    assert!(request.list("connection").eq(["Upgrade"]) && request.lists("connection", "upgrade"));
    assert_eq!(request.body(), Body::None);
}

#[test]
fn a_proxys_form_of_an_address_names_the_host() {
    for (target, path, query) in [
        ("http://b:81/x?y", "/x", Some("y")),
        ("HTTP://b:81", "/", None),
        ("https://b:81?y/z", "/", Some("y/z")),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let Parsed::Whole { request, .. } = parse(head.as_bytes(), &HeadLimits::default()) else {
            panic!("{target} is an address");
        };
        assert_eq!((request.path(), request.query(), request.host()), (path, query, "b:81"));
    }
}

#[test]
fn a_body_is_announced_as_what_it_is() {
    for (fields, body) in [
        ("", Body::None),
        ("Content-Length: 0\r\n", Body::None),
        ("Content-Length: 0012\r\n", Body::Length(12)),
        ("Content-Length: 99999999999999999999999\r\n", Body::Length(u64::MAX)),
        ("Transfer-Encoding: chunked\r\n", Body::Chunked),
        ("transfer-encoding:\tChunked \r\n", Body::Chunked),
    ] {
        let head = post(fields);
        let Parsed::Whole { request, .. } = parse(head.as_bytes(), &HeadLimits::default()) else {
            panic!("{fields:?} is a request");
        };
        assert_eq!((request.method(), request.body()), (Method::Other, body), "{fields:?}");
    }
}

#[test]
fn other_methods_may_ask_for_other_things() {
    taken(&[
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
        "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
    ]);
}
