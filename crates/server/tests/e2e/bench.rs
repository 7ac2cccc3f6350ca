//! `switchboard bench` from outside: what it says of servers that do all right, and of one that does
//! not. Nothing here looks at how fast anything is.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::{Process, Server, program, run, unique_path};

/// The figures of a short measurement of `what` at `address`.
fn figures(what: &str, address: &str, arguments: &[&str]) -> Value {
    let said = run(program()
        .args(["bench", what, address, "--json", "-", "--duration", "200ms"])
        .args(arguments));
    serde_json::from_str(&said).expect("JSON, and nothing else")
}

fn count(figures: &Value, name: &str) -> u64 {
    figures[name].as_u64().unwrap_or_else(|| panic!("no number {name} in {figures:#}"))
}

/// All that was said has arrived as it was said.
fn assert_whole(figures: &Value) {
    assert!(count(figures, "delivered") > 0, "{figures:#}");
    assert_eq!(count(figures, "delivered"), count(figures, "expected"), "{figures:#}");
    for fault in ["lost", "doubled", "disordered", "damaged", "foreign"] {
        assert_eq!(count(figures, fault), 0, "{fault} in {figures:#}");
    }
}

#[test]
fn a_room_loses_nothing_in_any_dialect() {
    let server = Server::start("auto", &["chat", "--no-throttle", "--log-level", "warn"]);
    let address = server.address.to_string();
    let pid = server.process.pid().to_string();
    for protocol in ["plain", "irc", "irc-time"] {
        let arguments = ["--protocol", protocol, "--receivers", "40", "--pid", &pid];
        let figures = figures("fanout", &address, &arguments);
        assert_whole(&figures);
        assert_eq!(count(&figures, "delivered"), 40 * count(&figures, "said"));
        assert!(figures["server"]["cpu_nanos"].as_u64() > Some(0), "{figures:#}");
        assert!(figures["server"]["memory_bytes"].as_u64() > Some(0), "{figures:#}");
        assert!(count(&figures["latency_nanos"], "count") > 0, "{figures:#}");
        assert_eq!(figures["pace"]["loop"], "closed");
    }
    server.stop();
}

#[test]
fn an_open_loop_says_as_much_as_it_was_told_to() {
    let server = Server::start("auto", &["chat", "--no-throttle", "--log-level", "warn"]);
    let arguments = ["--protocol", "irc", "--receivers", "20", "--rate", "500"];
    let figures = figures("fanout", &server.address.to_string(), &arguments);
    assert_whole(&figures);
    // 500 a second for a fifth of a second.
    assert_eq!(count(&figures, "said") + count(&figures, "unsaid"), 100);
    assert_eq!(figures["pace"]["loop"], "open");
    assert!(figures["load_lateness_nanos"].is_object(), "{figures:#}");
    server.stop();
}

#[test]
fn a_room_in_which_all_talk_is_heard_by_all_others() {
    let server = Server::start("auto", &["chat", "--no-throttle", "--log-level", "warn"]);
    let arguments = ["--protocol", "irc", "--receivers", "29", "--senders", "30", "--window", "60"];
    let figures = figures("fanout", &server.address.to_string(), &arguments);
    assert_whole(&figures);
    assert_eq!(count(&figures, "delivered"), 29 * count(&figures, "said"));
    server.stop();
}

#[test]
fn echo_and_hello_answer_every_question() {
    let server = Server::start("auto", &["echo"]);
    let address = server.address.to_string();
    assert_whole(&figures("echo", &address, &["--connections", "10", "--size", "1000"]));
    assert_whole(&figures("echo", &address, &["--connections", "10", "--window", "5"]));
    server.stop();
    let server = Server::start("auto", &["hello"]);
    let address = server.address.to_string();
    for more in [&["--window", "16"][..], &["--rate", "400"]] {
        let arguments = [&["--connections", "10"], more].concat();
        assert_whole(&figures("http", &address, &arguments));
    }
    server.stop();
}

#[test]
fn idle_members_cost_memory_and_still_hear() {
    let server = Server::start("auto", &["chat", "--no-throttle", "--log-level", "warn"]);
    let pid = server.process.pid().to_string();
    let arguments = ["--protocol", "irc", "--connections", "200", "--rooms", "4", "--pid", &pid];
    let figures = figures("idle", &server.address.to_string(), &arguments);
    assert_eq!(count(&figures, "delivered"), 200);
    assert_eq!(count(&figures, "lost"), 0);
    assert_eq!(count(&figures["idle"], "members"), 201);
    assert!(figures["idle"]["memory_bytes_each"].is_number(), "{figures:#}");
    server.stop();
}

/// A chat that drops every tenth line that is said after the first hundred.
fn lossy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let members: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let said = Arc::new(Mutex::new(0u32));
    // Threads of this test's process: they end with it.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (members, said) = (Arc::clone(&members), Arc::clone(&said));
            let own = stream.local_addr().ok().zip(stream.peer_addr().ok());
            members.lock().unwrap().push(stream.try_clone().expect("another handle"));
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let mut said = said.lock().unwrap();
                    *said += 1;
                    // The lines that only try whether all hear come first.
                    if line.contains('^') && *said % 10 == 0 {
                        continue;
                    }
                    for member in members.lock().unwrap().iter_mut() {
                        let is_own = member.local_addr().ok().zip(member.peer_addr().ok()) == own;
                        if !is_own {
                            let _ = member.write_all(format!("{line}\n").as_bytes());
                        }
                    }
                }
            });
        }
    });
    address
}

#[test]
fn what_a_server_drops_is_counted_as_lost() {
    let figures = figures("fanout", &lossy(), &["--receivers", "3", "--window", "20"]);
    let (said, lost) = (count(&figures, "said"), count(&figures, "lost"));
    // A tenth of the lines, at each of the three.
    assert!(lost >= 3 && lost.is_multiple_of(3), "{figures:#}");
    assert!((said / 10 * 3..=(said / 10 + 1) * 3).contains(&lost), "{figures:#}");
    assert_eq!(count(&figures, "delivered") + lost, count(&figures, "expected"));
    assert_eq!(count(&figures, "doubled"), 0);
}

#[test]
fn what_cannot_be_measured_is_said_with_what_to_do() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("it is bound").to_string();
    drop(free);
    let hello = Server::start("auto", &["hello"]);
    let page = hello.address.to_string();
    for (arguments, code, needed) in [
        (&["fanout", &address][..], 1, "nothing listens at"),
        (&["echo", &address], 1, "nothing listens at"),
        (&["echo", "localhost"], 2, "Say HOST:PORT"),
        (&["fanout", &address, "--pid", "4194305"], 2, "cannot read the books of process 4194305"),
        (&["fanout", &address, "--size", "10"], 2, "a line of 10 bytes cannot be said"),
        (&["fanout", &address, "--senders", "500"], 2, "at least 499 receivers"),
        (&["fanout", &address, "--receivers", "99999999"], 1, "ulimit -Hn"),
        (&["fanout", &address, "--rate", "5", "--window", "5"], 2, "cannot be used with"),
        (&["fanout", &page, "--protocol", "irc"], 1, "its last words: \"400 Bad Request\""),
        (&["fanout", &page, "--protocol", "websocket"], 1, "refused the WebSocket with status"),
    ] {
        let mut process = Process::start(program().arg("bench").args(arguments));
        let got = process.exit_code();
        let said = process.stderr.text();
        assert_eq!(got, code, "{arguments:?}: {said}");
        assert!(said.contains(needed), "{arguments:?}: {needed:?} is not in\n{said}");
    }
    hello.stop();
}

#[test]
fn the_report_is_a_page_with_its_plots() {
    let server = Server::start("auto", &["chat", "--no-throttle", "--log-level", "warn"]);
    let path = unique_path(".html");
    let address = server.address.to_string();
    let said = run(program()
        .args(["bench", "fanout", &address, "--duration", "600ms", "--html"])
        .arg(&path)
        .args(["--pid", &server.process.pid().to_string()]));
    assert!(said.contains("deliveries ") && said.contains("server CPU"), "{said}");
    let page = std::fs::read_to_string(&path).expect("it was written");
    std::fs::remove_file(&path).expect("it is there");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    // Deliveries, CPU, memory, latency; and nothing that would have to be fetched.
    assert_eq!(page.matches("<svg").count(), 4, "{page}");
    assert!(!page.contains("<script") && !page.contains("src="), "{page}");
    server.stop();
}

#[test]
fn every_way_of_waiting_has_its_row_and_the_plot_its_line() {
    let path = unique_path(".svg");
    let said = run(program()
        .args(["bench", "engines", "--watched", "10,50", "--ready", "1,all", "--duration", "1ms"])
        .args(["--json", "-", "--svg"])
        .arg(&path));
    let figures: Value = serde_json::from_str(&said).expect("JSON, and nothing else");
    let tables = figures["tables"].as_array().expect("tables");
    assert_eq!(tables.len(), 4);
    for table in tables {
        let rows = table["rows"].as_array().expect("rows");
        for row in rows {
            let nanos = row["nanos"].as_array().expect("figures");
            assert_eq!(nanos.len(), 2);
            // io_uring may be forbidden here; the others are there wherever this program runs.
            let is_there = row["name"] == "uring" || nanos.iter().all(|it| it.as_f64() > Some(0.0));
            assert!(is_there, "{table:#}");
        }
    }
    let plot = std::fs::read_to_string(&path).expect("it was written");
    std::fs::remove_file(&path).expect("it is there");
    assert!(plot.starts_with("<svg") && plot.contains("sweep") && plot.contains("epoll"), "{plot}");
}
