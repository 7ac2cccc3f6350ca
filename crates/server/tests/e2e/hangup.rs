//! SIGHUP: the configuration read again, and the end of the terminal.

use rustix::process::Signal;

use crate::support::{Ending, File, Peer, Server, Terminal};

/// Sends SIGHUP, and waits for the log to say `needle` once more than before.
#[track_caller]
fn hang_up(server: &Server, needle: &str) -> String {
    let log = &server.process.stderr;
    let before = log.text().len();
    server.process.signal(Signal::HUP);
    let is_said = |bytes: &[u8]| String::from_utf8_lossy(&bytes[before..]).contains(needle);
    assert!(log.wait_until(is_said), "no {needle:?} in\n{}", log.text());
    log.text()[before..].to_owned()
}

#[test]
fn a_good_file_is_taken_over_and_the_log_says_what_changed() {
    let motd = File::new("old\n");
    let file = File::new(&format!("motd = {:?}\nlog-level = \"info\"\n", motd.name()));
    let server = Server::start("auto", &["chat", "--config", file.name()]);
    let mut peer = server.connect();
    peer.expect("#lobby");

    let said = hang_up(&server, "no option has changed");
    assert_eq!(said.matches("configuration").count(), 1, "what came of it is enough: {said}");

    motd.write("new\n");
    let said = hang_up(&server, "the configuration was read again");
    assert!(said.contains("changed=\"motd\""), "{said}");

    file.write(&format!(
        "motd = {:?}\nlog-level = \"debug\"\ncontact = \"ada@example.org\"\n",
        motd.name()
    ));
    let said = hang_up(&server, "counts after a restart");
    assert!(said.contains("changed=\"log-level, contact\""), "{said}");
    assert!(said.contains("options=\"log-level\""), "{said}");
    // It stays told for as long as it is so.
    let said = hang_up(&server, "counts after a restart");
    assert!(said.contains("no option has changed"), "{said}");

    peer.send("still here?\n");
    let mut other = server.connect();
    other.expect("still here?");
    server.stop();
}

#[test]
fn a_broken_file_changes_nothing_and_every_problem_is_in_the_log() {
    let file = File::new("contact = \"ada\"\n");
    let server = Server::start("auto", &["chat", "--config", file.name()]);
    file.write("contact = \"bob\"\nroom-histroy = 5\nname = \"\"\n");
    let said = hang_up(&server, "nothing has changed");
    for wanted in [
        format!("{}:2:1: there is no option room-histroy", file.name()),
        format!("{}:3:8: name: the name is empty", file.name()),
    ] {
        assert!(said.contains(&wanted), "{wanted:?} is not in\n{said}");
    }
    // What was good then is compared with what is good again.
    file.write("contact = \"eve\"\n");
    let said = hang_up(&server, "the configuration was read again");
    assert!(said.contains("changed=\"contact\""), "{said}");
    server.stop();
}

/// A chat in a terminal, begun by `words`: its number as a process, and somebody who is in it.
fn in_terminal(words: &str) -> (Terminal, String, Peer) {
    let script = format!(
        "echo pid $$.; {words} exec {} chat --listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_switchboard")
    );
    let terminal = Terminal::start(&["sh", "-c", &script]);
    terminal.expect("Ctrl-C stops it");
    let screen = terminal.screen();
    let after = |lead: &str, end: &str| {
        let rest = screen.split(lead).nth(1).and_then(|rest| rest.split(end).next());
        rest.unwrap_or_else(|| panic!("no {lead:?} in\n{screen}")).to_owned()
    };
    let address = after("Listening on ", "\n").parse().expect("an address");
    let mut peer = Peer::connect(address);
    peer.expect("#lobby");
    (terminal, after("pid ", "."), peer)
}

#[test]
fn a_server_whose_terminal_is_closed_stops_and_says_good_bye() {
    let (terminal, _, mut peer) = in_terminal("");
    drop(terminal);
    assert_eq!(peer.drain(), Ending::Closed);
}

#[test]
fn a_server_under_nohup_outlives_its_terminal() {
    // nohup itself would send the output to a file.
    let (terminal, pid, mut peer) = in_terminal("trap '' HUP;");
    let kill = |signal: &str| {
        let status = std::process::Command::new("kill").args([signal, &pid]).status();
        assert!(status.expect("kill is there").success());
    };
    drop(terminal);
    kill("-HUP");
    peer.send("/who\n");
    peer.expect("guest-1");
    kill("-INT");
    assert_eq!(peer.drain(), Ending::Closed);
}
