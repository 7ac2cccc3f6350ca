//! Starting and stopping: hints, ports that are taken, sockets handed over, signals.

use std::net::TcpListener;
use std::os::fd::AsRawFd;

use rustix::process::Signal;

use crate::on_every_engine;
use crate::support::{Ending, Process, Server, program, tool};

on_every_engine![a_second_signal_ends_at_once, sigterm_stops_as_sigint_does];

/// A peer that has been sent much more than it will read, so that a graceful stop takes its time.
fn clogged(server: &Server) -> crate::support::Peer {
    let mut peer = server.connect();
    peer.send_what_it_takes(&vec![b'x'; 64 << 20], std::time::Duration::from_millis(300));
    peer
}

fn a_second_signal_ends_at_once(engine: &str) {
    let mut server = Server::start(engine, &["echo"]);
    let _peer = clogged(&server);
    server.process.signal(Signal::INT);
    server.process.stderr.expect("the log", "stopping");
    server.process.signal(Signal::INT);
    assert_eq!(server.process.exit_code(), 130, "{}", server.process.stderr.text());
}

fn sigterm_stops_as_sigint_does(engine: &str) {
    let mut server = Server::start(engine, &["echo"]);
    let mut peer = server.connect();
    peer.send("x");
    peer.expect("x");
    server.process.signal(Signal::TERM);
    assert_eq!(peer.drain(), Ending::Closed);
    assert_eq!(server.process.exit_code(), 0, "{}", server.process.stderr.text());
}

#[test]
fn the_hints_say_how_to_join_with_each_tool() {
    let server = Server::start("auto", &["chat"]);
    let port = server.port();
    server.process.expect(&format!("nc 127.0.0.1 {port}\n"));
    server.process.expect("Ctrl-C stops it");
    assert!(!server.process.stdout.text().contains("NOT ENCRYPTED"));
    server.stop();

    let mut open = Process::start(program().args(["chat", "--listen", "0"]));
    open.expect("Listening on [::]:");
    open.expect("nc localhost ");
    open.expect("telnet HOST ");
    open.expect("ncat HOST ");
    open.expect("irssi -c HOST -p ");
    open.expect("NOT ENCRYPTED");
    open.signal(Signal::INT);
    assert_eq!(open.exit_code(), 0);
}

#[test]
fn a_listener_with_one_way_of_speaking_shows_only_what_works_there() {
    let arguments = ["chat", "--listen", "irc://[::1]:0", "--listen", "plain://127.0.0.1:0"];
    let mut server = Process::start(program().args(arguments));
    server.expect("Ctrl-C stops it");
    let said = server.stdout.text();
    let port = |lead: &str| {
        let listening = said.lines().find_map(|line| line.strip_prefix(lead));
        listening.unwrap_or_else(|| panic!("no {lead:?} in\n{said}")).to_owned()
    };
    let (irc, plain) = (port("Listening on [::1]:"), port("Listening on 127.0.0.1:"));
    assert!(said.contains(&format!("irssi -c ::1 -p {irc}\n")), "{said}");
    assert!(!said.contains(&format!("nc ::1 {irc}")), "{said}");
    assert!(said.contains(&format!("nc 127.0.0.1 {plain}\n")), "{said}");
    assert!(!said.contains(&format!("-p {plain}")), "{said}");
    // And each speaks what it is said to, whatever comes.
    let connect = |host: &str, port: &str| {
        let address = format!("{host}:{port}").parse().expect("an address");
        crate::support::Peer::connect(address)
    };
    let mut peer = connect("[::1]", &irc);
    peer.send("hello\r\nNICK ada\r\nUSER ada 0 * :Ada\r\n");
    peer.expect(" 451 ");
    peer.expect(" 001 ada ");
    let mut peer = connect("127.0.0.1", &plain);
    peer.send("hello\n");
    peer.expect("Welcome to ");
    server.signal(Signal::INT);
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn what_cannot_be_listened_at_is_named_with_what_to_do() {
    let refused = |arguments: &[&str]| {
        let mut process = Process::start(program().args(arguments));
        let code = process.exit_code();
        (code, process.stderr.text())
    };
    for (arguments, needed) in [
        (&["chat", "--listen", "http://8008"][..], "none of irc://, plain://, web:// and any://"),
        (&["echo", "--listen", "irc://8800"], "only the chat can choose what it speaks"),
        (&["hello", "--listen", "any://8080"], "only the chat can choose what it speaks"),
        (&["chat", "--anonymous", "--listen", "irc://0"], "exclude each other"),
        (&["sink", "--listen", "8008", "--listen", "[::]:8008"], "are the same place"),
    ] {
        let (code, said) = refused(arguments);
        assert_eq!(code, 2, "{said}");
        assert!(said.starts_with("switchboard: --listen: ") && said.contains(needed), "{said}");
    }

    // An address that every address includes: seen only when the second one is tried.
    let port = TcpListener::bind("[::]:0").and_then(|free| free.local_addr()).expect("a free port");
    let port = port.port().to_string();
    let (code, said) =
        refused(&["echo", "--listen", &port, "--listen", &format!("127.0.0.1:{port}")]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&format!("it listens on [::]:{port}")), "{said}");
}

#[test]
fn dual_stack_takes_ipv4_and_ipv6() {
    let mut server = Process::start(program().args(["echo", "--listen", "0"]));
    server.expect("Listening on [::]:");
    server.expect("from this machine");
    let text = server.stdout.text();
    let port = text.lines().next().and_then(|line| line.rsplit(':').next()).expect("a port");
    for host in ["127.0.0.1", "::1"] {
        let mut nc = Process::start(tool("nc.openbsd").args(["-N", host, port]));
        nc.type_line(host);
        nc.expect(host);
    }
    server.signal(Signal::INT);
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound");
    let mut second = Process::start(program().args(["chat", "--listen", &address.to_string()]));
    assert_eq!(second.exit_code(), 1);
    let said = second.stderr.text();
    for needed in
        [address.to_string(), "ss -tanp".into(), format!("--listen {}", address.port() + 1)]
    {
        assert!(said.contains(&needed), "{needed:?} is not in\n{said}");
    }
}

#[test]
fn sockets_handed_over_by_systemd_are_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let fd = listener.as_raw_fd();
    // systemd's part is played by a shell: descriptor 3, and the process's own number.
    let script = format!(
        "import os; os.dup2({fd}, 3); os.set_inheritable(3, True); \
         os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); \
         os.execv({:?}, ['switchboard', 'echo'])",
        env!("CARGO_BIN_EXE_switchboard")
    );
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).expect("an open socket");
    let mut server = Process::start(tool("python3").args(["-c", &script]));
    server.expect(&format!("Listening on {address}\n"));
    drop(listener);
    let mut nc =
        Process::start(tool("nc.openbsd").args(["-N", "127.0.0.1", &address.port().to_string()]));
    nc.type_line("handed over");
    nc.expect("handed over\n");
    server.signal(Signal::TERM);
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn an_engine_that_does_not_exist_is_a_usage_error_that_lists_those_that_do() {
    let mut process = Process::start(program().args(["echo", "--engine", "kqueue"]));
    assert_eq!(process.exit_code(), 2);
    let said = process.stderr.text();
    assert!(said.contains("--engine") && said.contains("epoll"), "{said}");
}
