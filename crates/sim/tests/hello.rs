//! The web server under faults.

use service::Reason;
use sim::{Client, Faults, Random, Simulator, for_each_seed};
use tutorials::{Hello, HelloOptions};

/// A response, as a client reads it.
#[derive(Debug, PartialEq)]
struct Response {
    status: u16,
    date: String,
    closes: bool,
}

/// Reads the responses to `heads` (whether each request was a HEAD), and what is left.
fn responses<'a>(mut bytes: &'a [u8], heads: &[bool], body: &[u8]) -> (Vec<Response>, &'a [u8]) {
    let mut responses = Vec::new();
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut response = httparse::Response::new(&mut headers);
        let Ok(httparse::Status::Complete(head_len)) = response.parse(bytes) else {
            assert!(response.parse(bytes).is_ok(), "malformed: {}", bytes.escape_ascii());
            return (responses, bytes);
        };
        let field = |name: &str| {
            let value = response.headers.iter().find(|field| field.name == name)?.value;
            Some(String::from_utf8(value.to_vec()).unwrap())
        };
        let status = response.code.unwrap();
        let length: usize = field("Content-Length").unwrap().parse().unwrap();
        let is_head = heads.get(responses.len()) == Some(&true);
        // A request refused before its method had come may have been going to be a HEAD.
        let is_cut_off = status != 200 && bytes.len() > head_len;
        let body_len = if is_head && !is_cut_off { 0 } else { length };
        if bytes.len() < head_len + body_len {
            return (responses, bytes);
        }
        if status == 200 {
            assert_eq!(length, body.len());
            assert!(is_head || &bytes[head_len..][..length] == body);
        }
        let closes = field("Connection").is_some_and(|value| value == "close");
        responses.push(Response { status, date: field("Date").unwrap(), closes });
        bytes = &bytes[head_len + body_len..];
    }
}

struct Browser {
    client: Client,
    /// Whether each request was a HEAD.
    asked: Vec<bool>,
}

fn browse(seed: u64, faults: Faults, body: &[u8]) -> (Simulator<Hello>, Vec<Browser>) {
    let hello = Hello::new(HelloOptions { body: body.to_vec(), ..HelloOptions::default() });
    let mut sim = Simulator::with_faults(hello, seed, faults);
    let mut browsers: Vec<Browser> = Vec::new();
    for _ in 0..12 {
        if browsers.is_empty() || sim.random().chance(0.2) {
            browsers.push(Browser { client: sim.connect(), asked: Vec::new() });
        }
        let at = sim.random().index(browsers.len());
        // Now and then more than the server is ready to owe.
        let most = if sim.random().chance(0.03) { 600 } else { 8 };
        for _ in 0..sim.random().within(1..=most) {
            let (head, request) = *sim.random().pick(&[
                (false, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                (true, "HEAD /there HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"),
                (false, "\r\nGET / HTTP/1.0\nConnection: keep-alive\n\n"),
                (false, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nGET / HTT"),
                (
                    false,
                    "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                     4;x\r\n\r\n\r\n\r\n1\r\n0\r\n0\r\nA: b\r\n\r\n",
                ),
            ]);
            let browser = &mut browsers[at];
            if !sim.has_finished_sending(browser.client) {
                sim.send(browser.client, request.as_bytes());
                browser.asked.push(head);
            }
        }
        for _ in 0..sim.random().within(0..=3) {
            sim.step();
        }
    }
    (sim, browsers)
}

#[test]
fn every_request_is_answered_once_and_whole() {
    for_each_seed("every_request_is_answered_once_and_whole", 100, |seed| {
        let mut random = Random::new(seed);
        let faults = Faults::random(&mut random);
        let faults = faults.with_obedient_clients().with_time_standing_still();
        let body = vec![b'b'; *random.pick(&[0, 13, 512, 513])];
        let (mut sim, browsers) = browse(seed, faults, &body);
        sim.run_until_quiet();
        for Browser { client, asked } in browsers {
            let (responses, left) = responses(sim.received(client), &asked, &body);
            assert_eq!(left, b"");
            if sim.closed(client).is_none() {
                assert_eq!(responses.len(), asked.len());
            }
            assert!(responses.iter().all(|response| response.status == 200));
        }
    });
}

#[test]
fn whatever_clients_and_clocks_do_responses_are_well_formed() {
    for_each_seed("whatever_clients_and_clocks_do_responses_are_well_formed", 150, |seed| {
        let faults = Faults::random(&mut Random::new(seed));
        let (mut sim, browsers) = browse(seed, faults, b"Hello, world!");
        for browser in &browsers {
            sim.end(browser.client);
        }
        sim.run_until_quiet();
        for Browser { client, asked } in browsers {
            let (responses, left) = responses(sim.received(client), &asked, b"Hello, world!");
            assert!(responses.len() <= asked.len() + 1);
            assert!(responses.iter().all(|response| response.date.ends_with(" GMT")));
            for (index, response) in responses.iter().enumerate() {
                let last = index + 1 == responses.len();
                assert!(last || !response.closes, "nothing follows the last response");
            }
            if sim.closed(client) == Some(Reason::Closed) && sim.saw_end(client) {
                assert_eq!(left, b"", "a response is whole");
            }
        }
    });
}

#[test]
fn noise_is_refused_and_hurts_nobody_else() {
    for_each_seed("noise_is_refused_and_hurts_nobody_else", 150, |seed| {
        let faults = Faults::random(&mut Random::new(seed));
        let faults = faults.with_obedient_clients().with_time_standing_still();
        let hello = Hello::new(HelloOptions::default());
        let mut sim = Simulator::with_faults(hello, seed, faults);
        let (noisy, quiet) = (sim.connect(), sim.connect());
        for _ in 0..100 {
            let pieces: [&[u8]; 10] = [
                b"GET / HTTP/1.1\r\n",
                b"Host: x\r\n",
                b"\r\n",
                b"Content-Length: 99999999999999999999\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"\n",
                b"\0\xff",
                b"7fffffffffffffff\r\n",
                b": \r\n",
                b"\x16\x03\x01",
            ];
            let piece = *sim.random().pick(&pieces);
            sim.send(noisy, piece);
            sim.step();
        }
        sim.send(quiet, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        sim.run_until_quiet();
        assert_eq!(responses(sim.received(quiet), &[], b"Hello, world!").0.len(), 1);
        let (refused, left) = responses(sim.received(noisy), &[], b"Hello, world!");
        assert_eq!(left, b"");
        for (index, response) in refused.iter().enumerate() {
            assert_eq!(response.closes, response.status != 200);
            assert!(index + 1 == refused.len() || !response.closes);
        }
    });
}
