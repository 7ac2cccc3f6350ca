//! What the server answers, request by request, without faults. (Under faults: crate `sim`.)

use sim::{Client, Simulator};

use super::*;

/// A server and one client.
struct Talk {
    sim: Simulator<Hello>,
    client: Client,
}

impl Talk {
    fn new() -> Self {
        Self::with(HelloOptions::default())
    }

    fn with(options: HelloOptions) -> Self {
        let mut sim = Simulator::faultless(Hello::new(options));
        let client = sim.connect();
        sim.run_until_quiet();
        Self { sim, client }
    }

    /// What comes back for `bytes`.
    fn answer(&mut self, bytes: impl AsRef<[u8]>) -> String {
        self.sim.send(self.client, bytes.as_ref());
        self.sim.run_until_quiet();
        String::from_utf8(self.sim.take_received(self.client)).unwrap()
    }

    fn is_open(&self) -> bool {
        self.sim.closed(self.client).is_none()
    }
}

/// The status of the one response to `bytes`, and whether the connection stayed open.
fn status(bytes: impl AsRef<[u8]>) -> (String, bool) {
    let mut talk = Talk::new();
    let answer = talk.answer(bytes);
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    let status = answer["HTTP/1.1 ".len()..].split(' ').next().unwrap().to_owned();
    let is_open = talk.is_open();
    assert_eq!(is_open, !answer.contains("\r\nConnection: close\r\n"), "{answer}");
    (status, is_open)
}

fn assert_refused(expected: &str, bytes: impl AsRef<[u8]>) {
    assert_eq!(status(bytes.as_ref()), (expected.to_owned(), false), "{}", {
        bytes.as_ref()[..bytes.as_ref().len().min(200)].escape_ascii()
    });
}

fn assert_served(bytes: impl AsRef<[u8]>) {
    assert_eq!(status(bytes), ("200".to_owned(), true));
}

/// A GET of HTTP/1.1 with these further fields.
fn get(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n")
}

const PAGE: &str = "HTTP/1.1 200 OK\r\nDate: Fri, 15 Jan 2027 08:16:40 GMT\r\n\
                    Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";

#[test]
fn the_page_is_whole_to_the_byte() {
    let mut talk = Talk::new();
    assert_eq!(talk.answer(get("")), PAGE);
    assert!(talk.is_open());
}

#[test]
fn the_date_is_that_of_the_turn() {
    let mut talk = Talk::new();
    talk.answer(get(""));
    talk.sim.advance(Duration::from_secs(61));
    assert!(talk.answer(get("")).contains("\r\nDate: Fri, 15 Jan 2027 08:17:41 GMT\r\n"));
}

#[test]
fn head_is_answered_like_get_without_the_body() {
    let mut talk = Talk::new();
    let answer = talk.answer("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(answer, PAGE.strip_suffix("Hello, world!").unwrap());
    let answer = talk.answer("HEAD / HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n") && answer.ends_with("\r\n\r\n"));
}

#[test]
fn a_large_body_arrives_whole_and_any_number_of_times() {
    let body: Vec<u8> = (0..300_000u32).map(|n| n as u8 | 1).map(|n| n & 0x7f).collect();
    let mut talk = Talk::with(HelloOptions { body: body.clone(), ..HelloOptions::default() });
    let answer = talk.answer(get("").repeat(3));
    let mut rest = answer.as_bytes();
    for _ in 0..3 {
        let head_end = rest.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        assert_eq!(rest[head_end..][..body.len()], body);
        rest = &rest[head_end + body.len()..];
    }
    assert_eq!(rest, b"");
}

#[test]
fn pipelined_requests_are_answered_in_order_and_together() {
    let mut talk = Talk::new();
    let key = talk.sim.key(talk.client).unwrap();
    let hello = talk.sim.service_mut();
    hello.received(key, get("").repeat(16).as_bytes());
    hello.finish();
    assert_eq!(hello.request(), Some(Request::Flush(key)));
    assert_eq!(hello.request(), None);
    let mut batch = Batch::default();
    hello.transmit(key, &mut batch);
    assert_eq!(batch.len(), 16 * PAGE.len());
}

#[test]
fn any_cut_of_a_request_gives_the_same_answer() {
    let requests = "GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                    3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n\
                    GET /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\
                    \r\nGET /c HTTP/1.0\r\n\r\n";
    let whole = Talk::new().answer(requests);
    assert_eq!(whole.matches("HTTP/1.1 200 OK").count(), 3);
    for cut in 0..requests.len() {
        let mut talk = Talk::new();
        let first = talk.answer(&requests[..cut]);
        assert_eq!(first + &talk.answer(&requests[cut..]), whole, "cut at {cut}");
    }
    let mut talk = Talk::new();
    let by_byte: String = requests.bytes().map(|byte| talk.answer([byte])).collect();
    assert_eq!(by_byte, whole);
}

#[test]
fn the_connection_stays_or_closes_as_the_versions_have_it() {
    let persists = |request: &str| {
        let mut talk = Talk::new();
        let answer = talk.answer(request);
        let said = if answer.contains("\r\nConnection: keep-alive\r\n") {
            "keep-alive"
        } else if answer.contains("\r\nConnection: close\r\n") {
            "close"
        } else {
            ""
        };
        (said, talk.is_open())
    };
    assert_eq!(persists(&get("")), ("", true));
    assert_eq!(persists(&get("Connection: keep-alive\r\n")), ("", true));
    assert_eq!(persists(&get("Connection: foo, Close\r\n")), ("close", false));
    assert_eq!(persists(&get("Connection: close, keep-alive\r\n")), ("close", false));
    assert_eq!(persists("GET / HTTP/1.0\r\n\r\n"), ("close", false));
    assert_eq!(persists("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), ("keep-alive", true));
}

#[test]
fn what_follows_the_last_request_is_not_looked_at() {
    let mut talk = Talk::new();
    let answer = talk.answer(get("Connection: close\r\n") + &get(""));
    assert_eq!(answer.matches("HTTP/1.1").count(), 1);
}

#[test]
fn a_head_by_hand_may_end_its_lines_with_lf() {
    assert_served("GET / HTTP/1.1\nHost: x\n\n");
    assert_served("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
}

#[test]
fn malformed_requests_are_refused() {
    assert_refused("400", "hello\r\n\r\n");
    assert_refused("400", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03");
    assert_refused("400", "GET / HTTP/1.1\r\n\r\n");
    assert_refused("400", get("Host: y\r\n"));
    assert_refused("400", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
    assert_refused("400", get("A: b\r\n c\r\n"));
    assert_refused("400", get("A : b\r\n"));
    assert_refused("400", get("A: \0\r\n"));
    assert_refused("400", "GET x HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_refused("400", "GET * HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_served("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_served("GET / HTTP/1.1\r\nHost:\r\n\r\n");
}

#[test]
fn lengths_that_can_be_read_two_ways_are_refused() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    assert_refused("400", get(&format!("Content-Length: 0\r\n{chunked}")));
    assert_refused("400", get(&format!("{chunked}{chunked}")));
    assert_refused("400", get("Transfer-Encoding: chunked, chunked\r\n"));
    assert_refused("400", get("Transfer-Encoding: \r\n"));
    assert_refused("400", get("Content-Length: 1\r\nContent-Length: 2\r\n"));
    for length in ["", "+1", "-1", "1,1", "0x1", "1 1", "\u{661}"] {
        assert_refused("400", get(&format!("Content-Length: {length}\r\n")));
    }
    assert_refused("400", format!("GET / HTTP/1.0\r\n{chunked}\r\n"));
    assert_refused("501", get("Transfer-Encoding: gzip, chunked\r\n"));
    assert_refused("501", get("Transfer-Encoding: xchunked\r\n"));
}

#[test]
fn chunks_end_where_they_say_or_are_refused() {
    let body = |body: &str| get("Transfer-Encoding: chunked\r\n") + body;
    assert_served(body("0\r\n\r\n"));
    assert_served(body("00a ;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n").replace(" ;", ";"));
    for broken in [
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "1\n",
        "1 \r\n",
        "1;\n\r\n",
        "1\r\nab",
        "1\r\na\n",
        "0\r\n\n",
        "0\r\nT: x\n\r\n",
        "0\r\nT: x\r\r\n",
        "00000000000000001\r\n",
    ] {
        assert_refused("400", body(broken));
    }
}

#[test]
fn a_body_is_not_taken_for_the_next_request() {
    let mut talk = Talk::new();
    let inner = get("");
    let answer = talk.answer(get(&format!("Content-Length: {}\r\n", inner.len())) + &inner);
    assert_eq!(answer, PAGE);
}

#[test]
fn other_methods_versions_and_expectations_are_refused_by_name() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "BREW", "get"] {
        let mut talk = Talk::new();
        let answer = talk.answer(format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{answer}");
        assert!(answer.contains("\r\nAllow: GET, HEAD\r\n"), "{answer}");
    }
    assert_refused("505", "GET / HTTP/2.0\r\nHost: x\r\n\r\n");
    assert_refused("505", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_refused("417", get("Expect: wonders\r\n"));
}

#[test]
fn a_body_that_waits_for_a_word_gets_it() {
    let mut talk = Talk::new();
    let head = get("Expect: 100-continue\r\nContent-Length: 2\r\n");
    assert_eq!(talk.answer(&head), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(talk.answer("ab"), PAGE);
    assert_eq!(talk.answer(head + "ab"), PAGE);
}

#[test]
fn heads_and_bodies_have_their_bounds() {
    let cookie = |len: usize| get(&format!("Cookie: {}\r\n", "x".repeat(len)));
    assert_served(cookie(request::HEAD_BYTES - 100));
    assert_refused("431", cookie(request::HEAD_BYTES));
    assert_refused("431", get(&"a: b\r\n".repeat(64)));
    assert_served(get(&"a: b\r\n".repeat(63)));
    assert_refused("414", format!("GET /{} HTTP/1.1\r\n", "x".repeat(request::HEAD_BYTES)));
    let body = |len: u64| get(&format!("Content-Length: {len}\r\n"));
    assert_served(body(65_536) + &"x".repeat(65_536));
    assert_refused("413", body(65_537));
    assert_refused("413", body(u64::MAX));
    let chunk = |size: &str| get("Transfer-Encoding: chunked\r\n") + size;
    assert_refused("413", chunk("10001\r\n"));
    assert_refused("413", chunk("0\r\n") + &"T: x\r\n".repeat(20_000));
    assert_refused("413", chunk(&format!("1;{}", "x".repeat(70_000))));
}

#[test]
fn an_endless_head_is_refused_however_it_comes() {
    for piece in ["x", "x\n", "GET /", "a: b\r\n"] {
        let mut talk = Talk::new();
        let mut answer = talk.answer("GET / HTTP/1.1\r\n");
        for _ in 0..request::HEAD_BYTES {
            answer += &talk.answer(piece);
        }
        assert_eq!(answer.matches("HTTP/1.1 4").count(), 1, "{answer}");
        assert!(!talk.is_open());
    }
}

#[test]
fn a_slow_request_gets_a_408_even_if_it_drips() {
    for begun in ["GET / HTTP/1.1\r\n", &get("Content-Length: 100\r\n")] {
        let mut talk = Talk::new();
        let mut answer = talk.answer(begun);
        for _ in 0..9 {
            talk.sim.advance(Duration::from_secs(1));
            answer += &talk.answer("x");
        }
        assert_eq!(answer, "");
        talk.sim.advance(Duration::from_secs(3));
        assert!(talk.answer("").starts_with("HTTP/1.1 408 Request Timeout\r\n"));
        assert_eq!(talk.sim.closed(talk.client), Some(Reason::Closed));
    }
}

#[test]
fn a_head_request_that_comes_to_nothing_gets_no_body_either() {
    let mut talk = Talk::new();
    talk.answer("HEAD / HTTP/1.1\r\n");
    talk.sim.end(talk.client);
    assert!(talk.answer("").ends_with("\r\n\r\n"));
}

#[test]
fn an_idle_connection_is_closed_without_a_word_and_a_busy_one_is_not() {
    let mut talk = Talk::new();
    for _ in 0..10 {
        talk.sim.advance(Duration::from_secs(60));
        assert_eq!(talk.answer(get("")).len(), PAGE.len());
    }
    talk.sim.advance(IDLE_LIMIT + Duration::from_secs(3));
    assert_eq!(talk.answer(""), "");
    assert_eq!(talk.sim.closed(talk.client), Some(Reason::Closed));
}

#[test]
fn the_end_of_input_is_answered_and_then_closed() {
    let mut talk = Talk::new();
    talk.sim.end(talk.client);
    assert_eq!(talk.answer(""), "");
    assert_eq!(talk.sim.closed(talk.client), Some(Reason::Closed));

    let mut talk = Talk::new();
    talk.sim.send(talk.client, get("").as_bytes());
    talk.sim.send(talk.client, b"GET");
    talk.sim.end(talk.client);
    let answer = talk.answer("");
    assert!(answer.starts_with(PAGE) && answer.contains("HTTP/1.1 400 Bad Request"), "{answer}");
    assert!(!talk.is_open());
}

#[test]
fn who_does_not_read_is_not_read_from_and_costs_little() {
    let options = HelloOptions { body: vec![b'x'; 2_000], ..HelloOptions::default() };
    let mut talk = Talk::with(options);
    talk.sim.stop_reading(talk.client);
    for _ in 0..100 {
        assert_eq!(talk.answer(get("").repeat(100)), "");
    }
    let key = talk.sim.key(talk.client).unwrap();
    let connection = talk.sim.service().connections.get(key).unwrap();
    // One piece may arrive before the pause is heard of: 64 KiB of requests.
    assert!(connection.owed_replies < OWED_REPLIES + 3_000, "{}", connection.owed_replies);
    assert!(connection.owed.len() <= 1);
    talk.sim.resume_reading(talk.client);
    talk.sim.run_until_quiet();
    let received = talk.sim.received(talk.client).len();
    assert!(received > 10_000 * 2_000 && received < 10_000 * 2_200);
}

#[test]
fn an_idle_connection_holds_no_buffer() {
    let mut talk = Talk::new();
    for piece in ["GET / HT", "TP/1.1\r\nHost: x\r\n\r\n", &get("").repeat(100)] {
        talk.answer(piece);
    }
    let key = talk.sim.key(talk.client).unwrap();
    let connection = talk.sim.service().connections.get(key).unwrap();
    assert_eq!(connection.stored.capacity(), 0);
    assert!(connection.owed.capacity() <= 16);
    assert!(size_of::<Connection>() <= 128, "{}", size_of::<Connection>());
}
