//! `switchboard connect`: the client of tutorials 3, 4 and 7, over each of the selectors.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::support::{Process, Server, Terminal, program, run, tool, unique_path};

/// Makes of each function that takes a selector four tests: io_uring is no selector.
macro_rules! on_every_selector {
    ($($test:ident),* $(,)?) => {
        on_every_selector!(@each [sweep select poll epoll] [$($test)*]);
    };
    (@each [$($selector:ident)*] $tests:tt) => {
        $(on_every_selector!(@one $selector $tests);)*
    };
    (@one $selector:ident [$($test:ident)*]) => {
        mod $selector {
            $(#[test] fn $test() { super::$test(stringify!($selector)); })*
        }
    };
}

on_every_selector![
    a_pipe_is_sent_and_the_answer_drained,
    a_file_is_sent_whole,
    a_line_is_repeated_on_a_timer,
    an_answer_is_seen_while_input_is_open,
    a_reader_that_does_not_read_holds_nothing_but_itself_up,
];

fn connect(selector: &str, server: &Server) -> Command {
    let mut command = program();
    command.args(["connect", "--engine", selector, &server.address.to_string()]);
    command
}

fn a_pipe_is_sent_and_the_answer_drained(selector: &str) {
    let server = Server::start("auto", &["echo", "--upper"]);
    let mut client = Process::start(&mut connect(selector, &server));
    client.write(b"one\n\ntwo");
    client.close_stdin();
    assert_eq!(client.exit_code(), 0);
    assert_eq!(client.stdout.text(), "ONE\n\nTWO");
    server.stop();
}

fn a_file_is_sent_whole(selector: &str) {
    let server = Server::start("auto", &["echo"]);
    let path = unique_path(".bin");
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n ^ (n >> 8)) as u8).collect();
    std::fs::write(&path, &bytes).expect("a file can be written");
    let output = connect(selector, &server)
        .stdin(std::fs::File::open(&path).expect("it was written"))
        .output()
        .expect("it starts");
    std::fs::remove_file(&path).expect("it is ours");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == bytes, "{} bytes came back", output.stdout.len());
    // Nothing at all is a file, too: it is always at its end.
    let output = connect(selector, &server).stdin(Stdio::null()).output().expect("it starts");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    server.stop();
}

fn a_line_is_repeated_on_a_timer(selector: &str) {
    let server = Server::start("auto", &["echo", "--reply", "my server"]);
    let mut command = connect(selector, &server);
    command.args(["--send", "my client:{pid}", "--every", "20ms", "--count", "5"]);
    assert_eq!(run(&mut command), "my server\n".repeat(5));
    server.stop();

    let server = Server::start("auto", &["echo"]);
    let mut client = Process::start(connect(selector, &server).args(["--send", "{pid}"]));
    let pid = client.pid();
    assert_eq!(client.exit_code(), 0);
    assert_eq!(client.stdout.text(), format!("{pid}\n"));
    server.stop();
}

fn an_answer_is_seen_while_input_is_open(selector: &str) {
    let server = Server::start("auto", &["echo", "--upper"]);
    let mut client = Process::start(&mut connect(selector, &server));
    client.type_line("first");
    client.expect("FIRST\n");
    client.type_line("second");
    client.expect("SECOND\n");
    server.stop();
    // The server has gone, though our input is still open.
    assert_eq!(client.exit_code(), 0);
}

fn a_reader_that_does_not_read_holds_nothing_but_itself_up(selector: &str) {
    let server = Server::start("auto", &["echo"]);
    let client = format!(
        "{} connect --engine {selector} {}",
        env!("CARGO_BIN_EXE_switchboard"),
        server.address
    );
    // The reader starts late: what comes back waits in bounded buffers, and nothing is lost.
    let pipe = format!("seq 1 300000 | {client} | (sleep 0.5; cmp - <(seq 1 300000)) && echo same");
    assert_eq!(run(tool("bash").args(["-c", &pipe])), "same\n");
    // A reader that leaves ends it, and not with an error message.
    let leave = format!("yes | {client} | head -n 1; echo ${{PIPESTATUS[1]}}");
    assert_eq!(run(tool("bash").args(["-c", &leave])), "y\n141\n");
    server.stop();
}

#[test]
fn a_pipe_gets_every_byte_and_a_terminal_none_that_could_drive_it() {
    let evil = "\x1b[31mred\x1b]0;title\x07\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let serve = |listener: &TcpListener| {
        let (mut stream, _) = listener.accept().expect("somebody comes");
        stream.write_all(evil.as_bytes()).expect("it is taken");
    };
    let mut client = Process::start(program().args(["connect", &address]));
    serve(&listener);
    assert_eq!(client.exit_code(), 0);
    assert_eq!(client.stdout.text(), evil);

    let terminal = Terminal::start(&[env!("CARGO_BIN_EXE_switchboard"), "connect", &address]);
    serve(&listener);
    terminal.expect("red\n");
    assert!(!terminal.screen().contains("31m"), "{}", terminal.screen());
}

#[test]
fn a_dialogue_has_a_prompt_and_sends_no_empty_lines() {
    let server = Server::start("auto", &["echo", "--upper", "--suffix", "_SB"]);
    let address = server.address.to_string();
    let terminal = Terminal::start(&[env!("CARGO_BIN_EXE_switchboard"), "connect", &address]);
    terminal.expect(">>:");
    terminal.press("Enter");
    terminal.type_line("hello");
    terminal.expect("HELLO_SB\n>>:");
    // An empty line that had been sent would have been answered with the suffix alone.
    assert!(!terminal.screen().contains("\n_SB"), "{}", terminal.screen());
    terminal.press("C-d");
    terminal.expect("exit code 0");
    server.stop();
}

#[test]
fn what_was_typed_when_something_came_can_be_seen_again_and_is_sent_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let terminal = Terminal::start(&[env!("CARGO_BIN_EXE_switchboard"), "connect", &address]);
    let (mut peer, _) = listener.accept().expect("it connects");
    terminal.expect(">>:");
    terminal.type_text("half a li");
    terminal.expect(">>: half a li");
    peer.write_all(b"news\n").expect("it is taken");
    terminal.expect("news\n>>:");
    assert!(!terminal.screen().contains("half a li"), "{}", terminal.screen());
    terminal.press("C-r");
    terminal.expect("half a li");
    terminal.type_line("ne");
    let mut line = String::new();
    BufReader::new(peer).read_line(&mut line).expect("it is sent");
    assert_eq!(line, "half a line\n");
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let code = |arguments: &[&str]| {
        let mut client = Process::start(program().arg("connect").args(arguments));
        client.close_stdin();
        let code = client.exit_code();
        (code, client.stderr.text())
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();

    // Nothing answers, and nothing closes.
    let (exit, said) = code(&[&address, "--timeout", "100ms"]);
    assert_eq!(exit, 4, "{said}");

    // Reset while our input is still open.
    let mut client = Process::start(program().args(["connect", &address]));
    let _abandoned = listener.accept().expect("the first one");
    let (stream, _) = listener.accept().expect("the second one");
    client.type_line("unread");
    let linger = Some(std::time::Duration::ZERO);
    rustix::net::sockopt::set_socket_linger(&stream, linger).expect("an open socket");
    drop(stream);
    assert_eq!(client.exit_code(), 3, "{}", client.stderr.text());

    drop(listener);
    let (exit, said) = code(&[&address]);
    assert_eq!(exit, 1, "{said}");
    assert!(said.contains("cannot connect to"), "{said}");
    for wrong in [
        &["localhost"][..],
        &[&address, "--every", "5"],
        &[&address, "--engine", "uring"],
        &["localhost:http:"],
    ] {
        let (exit, said) = code(wrong);
        assert_eq!(exit, 2, "{wrong:?}: {said}");
    }
}

#[test]
fn a_unix_socket_is_as_good() {
    let path = unique_path(".sock");
    let listen = format!("unix:{}", path.display());
    let server = Server::start("auto", &["echo", "--upper", "--listen", &listen]);
    let said = run(program().args(["connect", &listen, "--send", "hello"]));
    assert_eq!(said, "HELLO\n");
    let mut nc = Process::start(tool("nc.openbsd").arg("-N").arg("-U").arg(&path));
    nc.type_line("from nc");
    nc.expect("FROM NC\n");
    server.stop();
    assert!(!path.exists(), "the socket's file is removed");
}
