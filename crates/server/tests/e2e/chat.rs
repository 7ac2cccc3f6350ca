//! `switchboard chat`, as people meet it: `nc`, `ncat`, `telnet` on a real terminal, pipes.

use std::time::Duration;

use rustix::process::Signal;

use crate::on_every_engine;
use crate::support::{Ending, Peer, Server, Terminal, python, run, tool, unique_path};

on_every_engine![
    two_ncs_and_a_telnet_talk,
    a_pipe_posts_and_ends,
    everyone_is_told_that_the_server_stops,
    a_second_signal_ends_at_once,
    a_reader_that_stalls_costs_the_others_nothing,
    python_joins_and_leaves,
    ncat_talks_and_leaves_with_the_end_of_its_input,
];

/// `nc`, joined and called `name`.
fn nc_called(server: &Server, name: &str) -> crate::support::Process {
    let mut nc = server.nc(&[]);
    nc.type_line(&format!("/nick {name}"));
    nc.expect(&format!("You are {name} now."));
    nc
}

fn two_ncs_and_a_telnet_talk(engine: &str) {
    let server = Server::start(engine, &["chat", "--name", "test.house"]);
    let mut ada = nc_called(&server, "ada");
    ada.expect("Welcome to test.house");
    let mut bob = nc_called(&server, "bob");
    let telnet = Terminal::start(&["telnet", "127.0.0.1", &server.port()]);
    // Nothing is typed: after a moment's silence the welcome comes by itself.
    telnet.expect("Welcome to test.house");
    telnet.type_line("/nick tom");
    ada.expect(" is now tom\n");

    ada.type_line("lunch, anyone? Grüße");
    bob.expect("<ada> lunch, anyone? Grüße\n");
    telnet.expect("<ada> lunch, anyone? Grüße");
    telnet.type_line("yes");
    ada.expect("<tom> yes\n");
    bob.expect("<tom> yes\n");

    // Ctrl-C makes telnet discard everything until the server answers its timing mark. (What is
    // said before that is lost to it, and nobody can help it.)
    telnet.press("C-c");
    telnet.expect("To leave, type /quit");
    bob.type_line("still there?");
    telnet.expect("<bob> still there?");
    // Ctrl-D is a byte of telnet's, and means to leave.
    telnet.press("C-d");
    telnet.expect("Connection closed by foreign host.");
    ada.expect("* tom has left\n");

    // Nobody is shown their own line, or anyone's address.
    assert!(!ada.stdout.text().contains("<ada>"), "{}", ada.stdout.text());
    for nc in [&ada, &bob] {
        assert!(!nc.stdout.text().contains("127.0.0.1"), "{}", nc.stdout.text());
    }
    server.stop();
}

fn a_pipe_posts_and_ends(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let ada = nc_called(&server, "ada");
    let port = server.port();
    run(tool("sh").args(["-c", &format!("echo build broke | nc.openbsd -N 127.0.0.1 {port}")]));
    ada.expect("> build broke\n");
    // Without a newline at the end, it is a line all the same.
    run(tool("sh").args(["-c", &format!("printf no-newline | ncat 127.0.0.1 {port}")]));
    ada.expect("> no-newline\n");
    server.stop();
}

fn everyone_is_told_that_the_server_stops(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let ada = nc_called(&server, "ada");
    let mut peer = server.connect();
    peer.send("hello\n");
    ada.expect("> hello\n");
    let telnet = Terminal::start(&["telnet", "127.0.0.1", &server.port()]);
    telnet.expect("Welcome");
    server.stop();
    ada.expect("*** Server is shutting down");
    telnet.expect("*** Server is shutting down");
    assert_eq!(peer.drain(), Ending::Closed);
    assert!(peer.has("*** Server is shutting down"), "{}", peer.text());
}

fn a_second_signal_ends_at_once(engine: &str) {
    let mut server = Server::start(engine, &["chat", "--no-throttle"]);
    // A reader with much to read, who does not, keeps a graceful stop waiting.
    let mut reader = server.connect();
    reader.send("hello\n");
    let mut talker = server.connect();
    let mut listener = server.connect();
    listener.send("hello\n");
    let filling = "x".repeat(4000);
    for round in 0..500 {
        talker.send(format!("{filling}\n{filling}\n{filling}\nround {round}\n"));
        listener.expect(&format!("> round {round}\n"));
        listener.received.clear();
    }
    server.process.signal(Signal::INT);
    server.process.stderr.expect("the log", "shutting down");
    server.process.signal(Signal::INT);
    assert_eq!(server.process.exit_code(), 130, "{}", server.process.stderr.text());
}

fn a_reader_that_stalls_costs_the_others_nothing(engine: &str) {
    const TALKERS: usize = 20;
    const ROUNDS: usize = 120;
    let server = Server::start(engine, &["chat", "--no-throttle", "--room-history", "0"]);
    let mut talkers: Vec<Peer> = (0..TALKERS)
        .map(|number| {
            let mut peer = server.connect();
            peer.send(format!("/nick talker{number}\n"));
            peer.expect(&format!("You are talker{number} now."));
            peer
        })
        .collect();
    let mut stalled = server.connect();
    stalled.send("/nick stalled\n");
    stalled.expect("You are stalled now.");
    let before = server.resident_bytes();

    // More than a room keeps and the kernel's buffers hold.
    let filling = "x".repeat(3000);
    for round in 0..ROUNDS {
        for (number, talker) in talkers.iter_mut().enumerate() {
            talker.send(format!("{round}:{number} {filling}\n"));
        }
        for (number, talker) in talkers.iter_mut().enumerate() {
            for other in (0..TALKERS).filter(|&other| other != number) {
                talker.expect(&format!("<talker{other}> {round}:{other} x"));
            }
            talker.expect("x\n");
            talker.received.drain(..);
        }
    }
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "it grew by {grown} bytes for one reader that stalls");

    // It has missed something, is told so, and goes on with the others.
    talkers[0].send("the end\n");
    stalled.expect("<talker0> the end");
    assert!(stalled.has("missed"), "{:?}", &stalled.text()[..200]);
    server.stop();
}

fn python_joins_and_leaves(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let ada = nc_called(&server, "ada");
    let said = python(
        &server,
        "s = socket.create_connection(('127.0.0.1', port))\n\
         s.settimeout(30)\n\
         for byte in b'/nick py\\r\\nhello from python\\r\\n': s.send(bytes([byte]))\n\
         s.sendall(b'/quit\\r\\n')\n\
         got = b''\n\
         while True:\n    \
             piece = s.recv(4096)\n    \
             if not piece: break\n    \
             got += piece\n\
         print(b'You are py now.' in got)\n",
    );
    assert_eq!(said, "True\n");
    ada.expect("<py> hello from python\n");
    ada.expect("* py has left\n");
    server.stop();
}

fn ncat_talks_and_leaves_with_the_end_of_its_input(engine: &str) {
    let server = Server::start(engine, &["chat"]);
    let mut ada = nc_called(&server, "ada");
    let mut ncat = server.ncat(&["-C"]);
    ncat.type_line("from ncat");
    ada.expect("> from ncat\n");
    ada.type_line("to ncat");
    ncat.expect("<ada> to ncat");
    ncat.close_stdin();
    assert_eq!(ncat.exit_code(), 0);
    ada.expect(" has left\n");
    server.stop();
}

#[test]
fn without_names_bare_lines_are_relayed() {
    let server = Server::start("auto", &["chat", "--anonymous"]);
    let mut one = server.connect();
    let mut two = server.connect();
    let mut heard = false;
    // There is no welcome to wait for: what is said before two has joined does not reach it.
    for _ in 0..300 {
        one.send("  hello there \r\n");
        two.stream.set_read_timeout(Some(Duration::from_millis(100))).expect("not zero");
        let mut piece = [0; 100];
        if std::io::Read::read(&mut two.stream, &mut piece).is_ok_and(|count| count > 0) {
            assert!(piece.starts_with(b"hello there\n"), "{piece:?}");
            heard = true;
            break;
        }
    }
    assert!(heard, "nothing came");
    assert!(one.received.is_empty());
    server.stop();
}

#[test]
fn a_line_that_is_too_long_is_refused_whole() {
    let server = Server::start("auto", &["chat", "--line-bytes", "100"]);
    let ada = nc_called(&server, "ada");
    let mut peer = server.connect();
    peer.send("x".repeat(101) + "\nafter\n");
    peer.expect("That line is 101 bytes; the limit is 100. Nothing was sent.");
    ada.expect("> after\n");
    assert!(!ada.stdout.text().contains("xxx"));
    server.stop();
}

#[test]
fn what_would_drive_a_terminal_is_cleaned_for_everyone() {
    let server = Server::start("auto", &["chat"]);
    let ada = nc_called(&server, "ada");
    let mut peer = server.connect();
    peer.send(b"/nick eve\n\x1b]0;owned\x07\x1b[31mred\xff\xc2\x9b2J \xe2\x80\xaelast\n");
    ada.expect("last\n");
    let heard = ada.stdout.text();
    let is_harmless = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
    assert!(heard.chars().all(is_harmless), "{heard:?}");
    // History is cleaned as well.
    let mut late = server.connect();
    late.send("/history 5\n");
    late.expect("last\n");
    assert!(late.text().chars().all(is_harmless), "{:?}", late.text());
    server.stop();
}

#[test]
fn the_message_of_the_day_comes_with_the_welcome() {
    let path = unique_path(".txt");
    std::fs::write(&path, "Tea at four.\nBe kind.\n").expect("a file can be written");
    let server = Server::start("auto", &["chat", "--motd", path.to_str().expect("UTF-8")]);
    std::fs::remove_file(&path).expect("it is ours");
    let mut peer = server.connect();
    peer.send("hello\n");
    peer.expect("Tea at four.\nBe kind.\n");
    server.stop();
}

#[test]
fn nothing_that_was_said_is_in_the_log() {
    let server = Server::start("auto", &["chat", "--log-level", "trace"]);
    let ada = nc_called(&server, "ada");
    let mut peer = server.connect();
    peer.send("/nick bob\nmy secret word\n/msg ada another secret\n");
    ada.expect("another secret");
    peer.send("/quit\n");
    assert_eq!(peer.drain(), Ending::Closed);
    let log = server.process.stderr.clone();
    server.stop();
    assert!(log.text().contains("joined") && !log.text().contains("secret"), "{}", log.text());
}
