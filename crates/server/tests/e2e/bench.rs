//! `switchboard bench` from outside: what it says of servers that do all right, and of one that does
//! not. Nothing here looks at how fast anything is.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Process, Server, program, run, tool, unique_path};

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
    for protocol in ["plain", "irc", "irc-time", "irc-websocket"] {
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

/// What a made-up chat does with a line.
enum Verdict {
    Hand,
    Drop,
    /// It ends, all connections with it.
    End,
}

/// A chat that asks about every line, counted from 1.
fn relay(verdict: impl FnMut(u32, &str) -> Verdict + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let members: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let said = Arc::new(Mutex::new((0u32, verdict)));
    // Threads of this test's process: they end with it.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (members, said) = (Arc::clone(&members), Arc::clone(&said));
            let own = stream.local_addr().ok().zip(stream.peer_addr().ok());
            let _ = stream.write_all(b"-- now --\n");
            members.lock().unwrap().push(stream.try_clone().expect("another handle"));
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let mut said = said.lock().unwrap();
                    said.0 += 1;
                    let number = said.0;
                    let mut members = members.lock().unwrap();
                    match said.1(number, &line) {
                        Verdict::Hand => {}
                        Verdict::Drop => continue,
                        Verdict::End => {
                            let over = std::net::Shutdown::Both;
                            members.drain(..).for_each(|it| it.shutdown(over).unwrap_or(()));
                        }
                    }
                    for member in members.iter_mut() {
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
    // The lines that only try whether all hear come first.
    let lossy = relay(|number, line| match line.contains('^') && number % 10 == 0 {
        true => Verdict::Drop,
        false => Verdict::Hand,
    });
    let figures = figures("fanout", &lossy, &["--receivers", "3", "--window", "20"]);
    let (said, lost) = (count(&figures, "said"), count(&figures, "lost"));
    // A tenth of the lines, at each of the three.
    assert!(lost >= 3 && lost.is_multiple_of(3), "{figures:#}");
    assert!((said / 10 * 3..=(said / 10 + 1) * 3).contains(&lost), "{figures:#}");
    assert_eq!(count(&figures, "delivered") + lost, count(&figures, "expected"));
    assert_eq!(count(&figures, "doubled"), 0);
}

/// A second of warm-up and five of measuring, 500 lines a second; the figures are JSON.
fn open_loop(address: &str) -> Process {
    Process::start(program().args(["bench", "fanout", address, "--receivers", "3"]).args([
        "--rate",
        "500",
        "--duration",
        "5s",
        "--json",
        "-",
    ]))
}

/// The warm-up's 500 lines, and so many of those that are measured.
const MEASURED: u32 = 500 + 100;

fn assert_cut_short(process: &mut Process, code: i32, why: &str) {
    let got = process.exit_code();
    let said = process.stderr.text();
    assert_eq!(got, code, "{said}");
    assert!(said.contains(&format!("cut short, so not complete: {why}")), "{said}");
    assert!(!said.contains("-- now --"), "these are no last words: {said}");
    let figures: Value = serde_json::from_str(&process.stdout.text()).expect("JSON all the same");
    let incomplete = figures["incomplete"].as_str().expect("it is not complete");
    assert!(incomplete.starts_with(why), "{incomplete}");
    assert!(count(&figures, "delivered") >= 200, "{figures:#}");
    assert!(count(&figures, "delivered") <= count(&figures, "expected"), "{figures:#}");
    // What was on its way is not lost.
    assert_eq!(count(&figures, "lost"), 0, "{figures:#}");
}

#[test]
fn what_was_found_by_ctrl_c_is_told() {
    let (sender, seen) = std::sync::mpsc::channel();
    let mut measured = 0;
    let address = relay(move |_, line| {
        measured += u32::from(line.contains('^'));
        if measured == MEASURED {
            let _ = sender.send(());
        }
        Verdict::Hand
    });
    let mut process = open_loop(&address);
    seen.recv().expect("as many are said");
    process.signal(Signal::INT);
    assert_cut_short(&mut process, 130, "it was stopped");
}

#[test]
fn what_was_found_until_the_server_died_is_told() {
    let mut measured = 0;
    let address = relay(move |_, line| {
        measured += u32::from(line.contains('^'));
        if measured == MEASURED { Verdict::End } else { Verdict::Hand }
    });
    assert_cut_short(&mut open_loop(&address), 1, "the server closed a connection");
}

#[test]
fn a_process_that_does_nothing_is_not_the_server() {
    let server = Server::start("auto", &["echo"]);
    let idler = Process::start(tool("sleep").arg("60"));
    let address = server.address.to_string();
    let arguments = ["bench", "echo", &address, "--duration", "100ms", "--connections", "2"];
    let pid = idler.pid().to_string();
    let said = run(program().args(arguments).args(["--pid", &pid]));
    assert!(said.contains("none at all: is --pid the process that serves?"), "{said}");
    assert!(said.contains("Closed loop, 1 on their way at once on each connection"), "{said}");
    server.stop();
}

#[test]
fn where_a_report_goes_is_tried_before_anything_is_measured() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("it is bound").to_string();
    drop(free);
    for flag in ["--html", "--json"] {
        let mut process =
            Process::start(program().args(["bench", "echo", &address, flag, "/nowhere/at/all"]));
        assert_eq!(process.exit_code(), 1);
        let said = process.stderr.text();
        assert!(said.contains("cannot write /nowhere/at/all"), "{said}");
    }
    // Of a measurement that came to nothing, nothing is left; and what was there stays.
    let (new, old) = (unique_path(".html"), unique_path(".html"));
    std::fs::write(&old, "an older report").expect("it can be written");
    for path in [&new, &old] {
        let mut process =
            Process::start(program().args(["bench", "echo", &address, "--html"]).arg(path));
        assert_eq!(process.exit_code(), 1);
        assert!(process.stderr.text().contains("nothing listens at"));
    }
    assert!(!new.exists());
    assert_eq!(std::fs::read_to_string(&old).expect("it is there"), "an older report");
    std::fs::remove_file(&old).expect("it is there");
}

#[test]
fn figures_that_could_not_be_written_are_a_failure() {
    let server = Server::start("auto", &["echo"]);
    let address = server.address.to_string();
    let arguments = ["bench", "echo", &address, "--duration", "10ms", "--connections", "1"];
    for flag in ["--html", "--json"] {
        let mut process = Process::start(program().args(arguments).args([flag, "/dev/full"]));
        assert_eq!(process.exit_code(), 1);
        let said = process.stderr.text();
        assert!(said.contains("cannot write /dev/full: No space left"), "{said}");
    }
    let mut shell = tool("sh");
    let program = program();
    let mut process = Process::start(
        shell
            .args(["-c", "exec \"$@\" > /dev/full", "sh"])
            .arg(program.get_program())
            .args(arguments),
    );
    assert_eq!(process.exit_code(), 1);
    let said = process.stderr.text();
    assert!(said.contains("cannot write to standard output: No space left"), "{said}");
    server.stop();
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
        (&["fanout", &address, "--duration", "0"], 2, "nothing is measured in no time"),
        (&["fanout", &address, "--window", "0"], 2, "\"0\" is no number over 0"),
        (&["fanout", &address, "--rate", "0"], 2, "\"0\" is no number over 0, and at most"),
        (&["echo", &address, "--window", "0"], 2, "\"0\" is no number over 0"),
        (&["http", &address, "--connections", "0"], 2, "\"0\" is no number over 0"),
        (&["idle", &address, "--protocol", "irc", "--rooms", "0"], 2, "no number over 0"),
        (&["idle", &address, "--rooms", "2"], 2, "--rooms 2: only IRC clients are spread"),
        (&["engines", "--duration", "0s"], 2, "nothing is measured in no time"),
        (&["engines", "--watched", "10", "--ready", "20"], 2, "no more than 10 are watched"),
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
fn a_table_has_the_columns_in_which_so_many_can_be_ready() {
    let said = run(program()
        .args(["bench", "engines", "--watched", "10,30", "--ready", "20", "--duration", "1ms"])
        .args(["--json", "-"]));
    let figures: Value = serde_json::from_str(&said).expect("JSON, and nothing else");
    for table in figures["tables"].as_array().expect("tables") {
        assert_eq!(table["watched"], serde_json::json!([30]));
        assert_eq!(table["ready"], 20);
    }
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
