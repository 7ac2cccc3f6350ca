//! What nobody should send and somebody will: every service, every engine.
//!
//! What counts: a clear answer or a clean close, nobody else notices, the process lives, and its
//! memory stays bounded.

use std::time::{Duration, Instant};

use crate::on_every_engine;
use crate::support::{Ending, PATIENCE, Peer, Server, ServerOptions};

on_every_engine![
    random_bytes_end_nothing,
    a_tls_hello_ends_nothing,
    half_a_request_ends_nothing,
    a_hundred_megabytes_without_a_newline_cost_no_memory,
    a_line_without_an_end_costs_no_time,
    clients_that_are_killed_are_forgotten,
    running_out_of_descriptors_pauses_and_recovers,
];

const SERVICES: [&str; 4] = ["chat", "echo", "hello", "sink"];

/// What a service may grow by while it is sent rubbish: far over what the bounds of one connection
/// add up to, far under what is sent.
const GROWTH_BYTES: u64 = 32 << 20;

/// The beginning of what a browser sends to a port it believes to speak TLS.
const TLS_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x8f\x1c\x0d\x0a\x00\x20";

/// A polite client of the service, which must be served whatever others do.
struct Witness(Peer);

impl Witness {
    fn of(service: &str, server: &Server) -> Self {
        let mut peer = server.connect();
        if service == "chat" {
            peer.send("/nick witness\r\n");
            peer.expect("witness");
        }
        Self(peer)
    }

    /// Whether it is still served.
    #[track_caller]
    fn asks(&mut self, service: &str, server: &Server) {
        let peer = &mut self.0;
        peer.received.clear();
        match service {
            "chat" => {
                peer.send("/who\r\n");
                peer.expect("witness");
            }
            "echo" => {
                peer.send("anyone there?");
                peer.expect("anyone there?");
            }
            "hello" => {
                peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                peer.expect("Hello, world!");
            }
            _ => {
                peer.send("anyone there?\n");
                assert_eq!(peer.drain(), Ending::Closed);
                server.process.expect("anyone there?\n");
            }
        }
    }
}

/// Lets `rude` loose on each service, with a witness beside it.
#[track_caller]
fn on_every_service(engine: &str, rude: impl Fn(&str, &Server)) {
    for service in SERVICES {
        let server = Server::start(engine, &[service]);
        let mut witness = Witness::of(service, &server);
        let before = server.resident_bytes();
        rude(service, &server);
        witness.asks(service, &server);
        let grown = server.resident_bytes().saturating_sub(before);
        assert!(grown < GROWTH_BYTES, "{service} grew by {grown} bytes");
        server.stop();
    }
}

fn random_bytes_end_nothing(engine: &str) {
    // `SEED=` repeats a run.
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_nanos() as u64)
    });
    println!("SEED={seed}");
    on_every_service(engine, |_, server| {
        let mut state = seed | 1;
        for _ in 0..20 {
            // xorshift64*: any bytes will do, the same for the same seed.
            let bytes: Vec<u8> = (0..20_000)
                .map(|_| {
                    state ^= state >> 12;
                    state ^= state << 25;
                    state ^= state >> 27;
                    (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 56) as u8
                })
                .collect();
            let mut peer = server.connect();
            peer.send_what_it_takes(&bytes, Duration::from_millis(200));
            peer.finish_sending();
        }
    });
}

fn a_tls_hello_ends_nothing(engine: &str) {
    on_every_service(engine, |service, server| {
        let mut peer = server.connect();
        peer.send(TLS_HELLO);
        if service == "hello" {
            peer.drain();
            assert!(peer.text().starts_with("HTTP/1.1 400 "), "{}", peer.text());
        } else {
            peer.finish_sending();
            peer.drain();
        }
    });
}

fn half_a_request_ends_nothing(engine: &str) {
    on_every_service(engine, |_, server| {
        let halves = ["GET / HT", "GET / HTTP/1.1\r\nHost: x\r\n", "/nick", "\x7f\r", "\0"];
        for half in halves {
            let mut peer = server.connect();
            peer.send(half);
            peer.finish_sending();
            // An answer or none, but an end.
            peer.drain();
        }
        // And some who just stay, and say no more.
        for half in halves {
            let mut peer = server.connect();
            peer.send(half);
            std::mem::forget(peer);
        }
    });
}

fn a_hundred_megabytes_without_a_newline_cost_no_memory(engine: &str) {
    on_every_service(engine, |service, server| {
        let mut peer = server.connect();
        let piece = vec![b'a'; 1 << 20];
        // An echo answers, and who does not read its answers is not heard for ever: that is its
        // answer. Everyone else takes all of it, or has closed.
        let reader = (service == "echo").then(|| {
            let mut half = peer.stream.try_clone().expect("a descriptor");
            std::thread::spawn(move || std::io::copy(&mut half, &mut std::io::sink()))
        });
        for _ in 0..100 {
            if peer.send_what_it_takes(&piece, Duration::from_secs(5)) < piece.len() {
                break;
            }
        }
        peer.finish_sending();
        match reader {
            Some(reader) => assert_eq!(reader.join().unwrap().expect("an end"), 100 << 20),
            None => drop(peer.drain()),
        }
    });
}

/// Some servers go round and round over what is longer than a line and has no end yet.
fn a_line_without_an_end_costs_no_time(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let mut witness = Witness::of("chat", &server);
    let openings = ["", "NICK ada\r\nUSER ada 0 * :ada\r\n", "/plain\n"];
    let peers = openings.map(|opening| {
        let mut peer = server.connect();
        peer.send(format!("{opening}{}", "a".repeat(600)));
        peer
    });
    // Past the second after which who is silent is taken for a person.
    std::thread::sleep(Duration::from_millis(1200));
    let before = server.cpu_ticks();
    std::thread::sleep(Duration::from_millis(500));
    let used = server.cpu_ticks() - before;
    assert!(used * 4 < rustix::param::clock_ticks_per_second(), "{used} ticks: it spins");
    witness.asks("chat", &server);
    drop(peers);
    server.stop();
}

fn clients_that_are_killed_are_forgotten(engine: &str) {
    on_every_service(engine, |_, server| {
        for _ in 0..50 {
            let mut peer = server.connect();
            peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nand then");
            peer.reset();
        }
        let mut nc = server.nc(&[]);
        nc.write(b"half a li");
        nc.signal(rustix::process::Signal::KILL);
        assert!(!nc.wait().success());
    });
}

fn running_out_of_descriptors_pauses_and_recovers(engine: &str) {
    let options = ServerOptions { arguments: &["echo"], engine, descriptors: Some(40) };
    let server = Server::start_with(&options);
    let mut first = server.connect();
    first.send("x");
    first.expect("x");
    // More than there are descriptors for: the kernel accepts them, the server cannot yet.
    let crowd: Vec<Peer> = (0..80).map(|_| server.connect()).collect();
    first.send("those inside are served");
    first.expect("those inside are served");
    let before = server.cpu_ticks();
    std::thread::sleep(Duration::from_millis(500));
    let used = server.cpu_ticks() - before;
    assert!(used * 4 < rustix::param::clock_ticks_per_second(), "{used} ticks: it spins");
    drop(crowd);
    let mut last = server.connect();
    last.send("those outside come in");
    last.expect("those outside come in");
    // However often it has tried meanwhile: two lines, of its beginning and of its end.
    let log = server.process.stderr.clone();
    let begun = Instant::now();
    while !log.text().contains("accepting again") {
        assert!(begun.elapsed() < PATIENCE, "{}", log.text());
        let mut peer = server.connect();
        peer.send("is it over?");
        peer.expect("is it over?");
        std::thread::sleep(Duration::from_millis(100));
    }
    for said in ["accepting no one until a descriptor is free", "accepting again"] {
        assert_eq!(log.text().matches(said).count(), 1, "{}", log.text());
    }
    server.stop();
}
