//! `/status`, from outside: asked for with curl.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::on_every_engine;
use crate::support::{PATIENCE, Peer, Server, run, tool};

on_every_engine![
    an_operator_sees_how_the_server_does,
    several_loops_are_seen_each_and_together,
    where_it_is_off_there_is_nothing,
];

/// What curl gets there, with the status behind it.
fn curl(server: &Server, path: &str) -> String {
    let url = format!("http://127.0.0.1:{}{path}", server.port());
    run(tool("curl").args(["-sS", "--max-time", "30", "-w", "\n%{http_code}"]).arg(url))
}

/// The figures, once `are_right` says so: those of other loops are a little old.
#[track_caller]
fn figures(server: &Server, are_right: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let answer = curl(server, "/status.json");
        let (told, status) = answer.rsplit_once('\n').expect("a status");
        assert_eq!(status, "200", "{told}");
        let told = serde_json::from_str(told).unwrap_or_else(|error| panic!("{error}: {told}"));
        if are_right(&told) {
            return told;
        }
        assert!(began.elapsed() < PATIENCE, "{told:#}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Somebody with nc, and an IRC client, who has heard what the other said.
fn conversation(server: &Server) -> [Peer; 2] {
    let [mut ada, mut bob] = [server.connect(), server.connect()];
    ada.send("/nick ada\n");
    ada.expect("You are ada now.");
    bob.send("NICK bob\r\nUSER bob 0 * :Bob\r\n");
    bob.expect(" 366 bob #lobby ");
    ada.send("hello\n");
    bob.expect("PRIVMSG #lobby :hello");
    [ada, bob]
}

/// Whether one of each is there, and the line was heard.
fn has_heard(told: &Value) -> bool {
    let total = &told["total"];
    let dialects = &total["connections"]["by_dialect"];
    dialects["plain"] == 1 && dialects["irc"] == 1 && total["lines"]["out"].as_u64() >= Some(1)
}

fn an_operator_sees_how_the_server_does(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let _people = conversation(&server);
    let told = figures(&server, |_| true);
    assert!(has_heard(&told), "a single loop tells of now: {told:#}");
    assert_eq!((&told["name"], &told["engine"]), (&"Switchboard".into(), &engine.into()));
    assert_eq!((&told["members"], &told["rooms"]), (&2.into(), &1.into()));
    assert!(told["memory_bytes"].as_u64() > Some(1_000_000), "{told:#}");
    assert!(told["cpu_ms"].is_u64() && told["total"]["bytes"]["out"].as_u64() > Some(100));
    // Turns are told once their second is over.
    let told = figures(&server, |told| told["loops"][0]["turns"]["recent"].as_u64() > Some(0));
    let turns = &told["loops"][0]["turns"];
    let nanos = |name: &str| turns[name].as_u64().unwrap_or_else(|| panic!("{name}: {turns}"));
    assert!(0 < nanos("median_ns") && nanos("median_ns") <= nanos("p99_ns"), "{turns}");
    assert!(nanos("p99_ns") <= nanos("longest_ns"), "{turns}");
    assert!(nanos("longest_ns") <= nanos("busy_ns"), "{turns}");
    server.stop();
}

fn several_loops_are_seen_each_and_together(engine: &str) {
    let server = Server::start(engine, &["chat", "--loops", "2"]);
    let _people = conversation(&server);
    let told = figures(&server, |told| has_heard(told) && told["loops"][1]["age_ms"].is_u64());
    let loops = told["loops"].as_array().expect("a list");
    assert_eq!(loops.len(), 2);
    let there = |one: &Value| one["connections"]["now"].as_u64().expect("a number");
    assert_eq!(loops.iter().map(there).sum::<u64>(), there(&told["total"]), "{told:#}");
    assert!(loops.iter().all(|one| there(one) >= 1), "each serves somebody: {told:#}");
    figures(&server, |told| {
        let turned = |one: &Value| one["turns"]["count"].as_u64() > Some(0);
        told["loops"].as_array().expect("a list").iter().all(turned)
    });
    server.stop();
}

fn where_it_is_off_there_is_nothing(engine: &str) {
    let server = Server::start(engine, &["chat", "--status", "off"]);
    let nothing = curl(&server, "/nothing");
    assert!(nothing.ends_with("\n404"), "{nothing}");
    assert_eq!([curl(&server, "/status"), curl(&server, "/status.json")], [&*nothing, &*nothing]);
    server.stop();
}
