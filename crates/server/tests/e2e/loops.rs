//! Several loops in one server.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::process::Signal;

use crate::on_every_engine;
use crate::support::{Ending, File, PATIENCE, Peer, Process, Server, program, run, unique_path};

on_every_engine![
    an_echo_serves_everyone_from_any_loop,
    people_on_two_loops_are_in_one_chat,
    people_on_three_loops_are_in_one_chat,
    operators_reach_everyone_on_every_loop,
    a_stalled_reader_holds_up_nobody_on_another_loop,
    a_thousand_are_spread_and_all_hear_a_line,
    a_signal_stops_all_loops_and_a_second_one_ends_them,
];

fn an_echo_serves_everyone_from_any_loop(engine: &str) {
    let path = unique_path(".sock");
    let socket = format!("unix:{}", path.display());
    let server = Server::start(engine, &["echo", "--loops", "3", "--listen", &socket]);
    let mut peers: Vec<Peer> = (0..30).map(|_| server.connect()).collect();
    for round in 0..3 {
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.send(format!("{number} in round {round}\n"));
        }
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.expect(&format!("{number} in round {round}\n"));
        }
    }
    let mut unix: Vec<_> =
        (0..6).map(|_| UnixStream::connect(&path).expect("it listens")).collect();
    for peer in &mut unix {
        peer.set_read_timeout(Some(PATIENCE)).expect("a limit");
        peer.write_all(b"here, too").expect("it takes it");
        let mut answer = [0; 9];
        peer.read_exact(&mut answer).expect("it answers");
        assert_eq!(&answer, b"here, too");
    }
    let log = server.process.stderr.clone();
    server.stop();
    let log = log.text();
    for number in 0..3 {
        let name = format!("loop-{number}");
        let opened = log.lines().filter(|line| line.contains(&name) && line.contains("opened"));
        assert_eq!(opened.count(), 12, "{name}:\n{log}");
    }
    // They are counted together.
    assert!(log.contains("connections=36") && !log.contains("connections=37"), "{log}");
    for peer in &mut peers {
        assert_eq!(peer.drain(), Ending::Closed);
    }
    assert!(!path.exists());
}

fn a_signal_stops_all_loops_and_a_second_one_ends_them(engine: &str) {
    // Connections that are not closed by their peers are waited for.
    let mut server = Server::start(engine, &["echo", "--loops", "2"]);
    let mut peers: Vec<Peer> = (0..4).map(|_| server.connect()).collect();
    for peer in &mut peers {
        peer.send("hello\n");
        peer.expect("hello\n");
    }
    server.process.signal(Signal::INT);
    for peer in &mut peers {
        assert_eq!(peer.drain(), Ending::Closed);
    }
    server.process.signal(Signal::TERM);
    assert_eq!(server.process.exit_code(), 130, "{}", server.process.stderr.text());
    let log = server.process.stderr.text();
    for number in 0..2 {
        let name = format!("loop-{number}");
        for word in ["stopping", "stopped"] {
            let is_said = |line: &str| line.contains(&name) && line.contains(word);
            assert!(log.lines().any(is_said), "{name} {word}:\n{log}");
        }
    }
}

/// Lines for people, in a chat.
fn person(server: &Server, name: &str) -> Peer {
    let mut peer = server.connect();
    peer.send(format!("/nick {name}\n"));
    peer.expect(&format!("You are {name} now."));
    peer
}

/// An IRC client in the lobby.
fn client(server: &Server, name: &str) -> Peer {
    let mut peer = server.connect();
    peer.send(format!("NICK {name}\r\nUSER {name} 0 * :{name}\r\n"));
    peer.expect(" 366 ");
    peer
}

fn people_on_two_loops_are_in_one_chat(engine: &str) {
    are_in_one_chat(engine, "2");
}

fn people_on_three_loops_are_in_one_chat(engine: &str) {
    are_in_one_chat(engine, "3");
}

/// Six who come one after the other, so that each loop has as many: persons and clients by turns
/// on each.
fn are_in_one_chat(engine: &str, loops: &str) {
    let server = Server::start(engine, &["chat", "--no-throttle", "--loops", loops]);
    let mut ada = person(&server, "ada");
    let mut bob = person(&server, "bob");
    let mut cleo = person(&server, "cleo");
    let mut dora = client(&server, "dora");
    let mut emil = client(&server, "emil");
    let mut fred = client(&server, "fred");

    // What one says, all others hear, in the order in which it was said.
    for round in 0..20 {
        ada.send(format!("line {round}\n"));
        bob.expect(&format!("<ada> line {round}\n"));
        emil.send(format!("PRIVMSG #lobby :answer {round}\r\n"));
        for person in [&mut ada, &mut bob, &mut cleo] {
            person.expect(&format!("<emil> answer {round}\n"));
        }
        for client in [&mut dora, &mut fred] {
            client.expect(&format!(" PRIVMSG #lobby :answer {round}\r\n"));
        }
    }
    for peer in [&bob, &cleo, &dora, &fred] {
        let text = peer.text();
        let said: Vec<&str> = text
            .lines()
            .filter_map(|line| line.find("line ").or(line.find("answer ")).map(|at| &line[at..]))
            .collect();
        let wanted = (0..20).flat_map(|n| [format!("line {n}"), format!("answer {n}")]);
        assert!(said.iter().copied().eq(wanted), "{said:?}");
    }
    let log = &server.process.stderr;
    let is_counted = |log: &[u8]| String::from_utf8_lossy(log).contains("connections=6");
    assert!(log.wait_until(is_counted), "they are counted together: {}", log.text());

    // Names are anybody's once, whichever loop asks.
    bob.send("/nick ada\n");
    bob.expect("\"ada\" is taken");
    fred.send("NICK cleo\r\n");
    fred.expect(" 433 fred cleo ");
    ada.send("/nick Augusta\n");
    for person in [&mut bob, &mut cleo] {
        person.expect("* ada is now Augusta\n");
    }
    bob.send("/nick ada\n");
    bob.expect("You are ada now.");

    // Private words, a room of one's own, its topic and its operator.
    dora.send("PRIVMSG cleo :just you\r\n");
    cleo.expect("<dora to you> just you\n");
    dora.send("JOIN #tea\r\nTOPIC #tea :black\r\nMODE #tea +v dora\r\n");
    dora.expect(" MODE #tea +v dora");
    emil.send("JOIN #tea\r\n");
    emil.expect(" 332 emil #tea :black\r\n");
    dora.expect(":emil!");
    dora.send("KICK #tea emil :no sugar\r\n");
    emil.expect(" KICK #tea emil :no sugar\r\n");
    emil.send("LUSERS\r\n");
    emil.expect("There are 6 users");

    fred.send("QUIT :gone home\r\n");
    assert_eq!(fred.drain(), Ending::Closed);
    bob.expect("* fred has left");
    emil.expect(":fred!");
    let log = server.process.stderr.clone();
    server.stop();
    for peer in [&mut ada, &mut bob, &mut cleo, &mut dora, &mut emil] {
        assert_eq!(peer.drain(), Ending::Closed);
        assert!(peer.has("shutting down"), "{}", peer.text());
    }
    let (log, loops): (String, usize) = (log.text(), loops.parse().expect("a number"));
    for number in 0..loops {
        let name = format!("loop-{number}");
        let joined = log.lines().filter(|line| line.contains(&name) && line.contains("joined"));
        assert_eq!(joined.count(), 6 / loops, "{log}");
    }
}

fn operators_reach_everyone_on_every_loop(engine: &str) {
    let mut hash = Process::start(program().arg("hash-password"));
    hash.type_line("correct horse");
    assert_eq!(hash.exit_code(), 0);
    let motd = File::new("old\n");
    let operator = format!("root:{}", hash.stdout.text().trim_end());
    let folder = unique_path(".data");
    let data = folder.to_str().expect("a name in UTF-8");
    let server = Server::start(
        engine,
        &[
            "chat",
            "--no-throttle",
            "--loops",
            "3",
            "--operator",
            &operator,
            "--data",
            data,
            "--motd",
            motd.name(),
        ],
    );
    let mut others: Vec<Peer> = (0..3).map(|n| client(&server, &format!("other{n}"))).collect();
    // With loops 0, 1 and 2; whoever it is that asks, it reaches all.
    for number in 0..3 {
        let mut root = client(&server, &format!("boss{number}"));
        root.send("OPER root :correct horse\r\n");
        root.expect(" 381 ");
        root.send(format!("WALLOPS :{number} is here\r\n"));
        root.send(format!("KILL other{number} :enough of {number}\r\n"));
        let mut other = others.remove(0);
        assert_eq!(other.drain(), Ending::Closed);
        assert!(other.has(&format!("enough of {number}")), "{}", other.text());
        // Those who come next come to the loop of whoever has gone.
        others.push(client(&server, &format!("other{}", number + 3)));
        root.send("QUIT\r\n");
        assert_eq!(root.drain(), Ending::Closed);
    }
    let mut root = client(&server, "boss");
    root.send("OPER root :correct horse\r\n");
    root.expect(" 381 ");

    motd.write("new\n");
    server.process.signal(Signal::HUP);
    root.expect("Changed, from now on: motd");
    for other in &mut others {
        reads_motd(other, "new");
    }
    motd.write("newer\n");
    root.send("REHASH\r\n");
    root.expect(" 382 ");
    root.expect("Changed, from now on: motd");
    for other in &mut others {
        reads_motd(other, "newer");
    }

    root.send("KLINE other5!*@* :not you\r\n");
    let mut banned = others.remove(2);
    assert_eq!(banned.drain(), Ending::Closed);
    assert!(banned.has("not you"), "{}", banned.text());
    for _ in 0..3 {
        let mut again = server.connect();
        again.send("NICK other5\r\nUSER x 0 * :x\r\n");
        assert_eq!(again.drain(), Ending::Closed);
        assert!(again.has("not you"), "{}", again.text());
    }

    root.send("DIE\r\n");
    for other in others.iter_mut().chain([&mut root]) {
        assert_eq!(other.drain(), Ending::Closed);
        assert!(other.has("shutting down"), "{}", other.text());
    }
    let mut process = server.process;
    assert_eq!(process.exit_code(), 0, "{}", process.stderr.text());
    let kept = std::fs::read_to_string(folder.join("bans.toml")).expect("bans are kept");
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert!(kept.contains("other5"), "{kept}");
}

/// Waits until the message of the day is this one: what one loop has told of, another may do in the
/// next moment.
fn reads_motd(peer: &mut Peer, motd: &str) {
    let started = Instant::now();
    while !peer.has(&format!(":- {motd}\r\n")) {
        assert!(started.elapsed() < PATIENCE, "{motd:?} did not come:\n{}", peer.text());
        peer.received.clear();
        peer.send("MOTD\r\n");
        peer.expect(" 376 ");
    }
}

fn a_stalled_reader_holds_up_nobody_on_another_loop(engine: &str) {
    let arguments = ["chat", "--no-throttle", "--room-history", "0", "--loops", "2"];
    let server = Server::start(engine, &arguments);
    let mut talker = person(&server, "talker");
    let mut stalled = person(&server, "stalled");
    let mut beside = person(&server, "beside");
    let mut far = person(&server, "far");
    let before = server.resident_bytes();
    let filling = "x".repeat(3000);
    for round in 0..2000 {
        talker.send(format!("{round} {filling}\n"));
        for peer in [&mut beside, &mut far] {
            peer.expect(&format!("<talker> {round} x"));
            peer.expect("x\n");
            peer.received.clear();
        }
    }
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "it grew by {grown} bytes for one reader that stalls");
    talker.send("the end\n");
    stalled.expect("<talker> the end");
    assert!(stalled.has("missed"), "{:?}", &stalled.text()[..200]);
    server.stop();
}

fn a_thousand_are_spread_and_all_hear_a_line(engine: &str) {
    engine::raise_descriptor_limit().expect("the soft limit may be raised to the hard");
    let members = if engine == "sweep" { 200 } else { 1000 };
    let arguments = ["chat", "--no-throttle", "--log-level", "warn", "--loops", "3"];
    let server = Server::start(engine, &arguments);
    let mut room: Vec<Peer> = (0..members)
        .map(|_| {
            let mut peer = server.connect();
            peer.send("/plain\n/who\n");
            peer
        })
        .collect();
    for peer in &mut room {
        peer.expect("#lobby (");
    }
    // From somebody on each loop.
    for speaker in 0..3 {
        room[speaker].send(format!("can everyone hear {speaker}?\n"));
        for (number, peer) in room.iter_mut().enumerate() {
            if number != speaker {
                peer.expect(&format!("> can everyone hear {speaker}?\n"));
            }
        }
    }
    room[0].received.clear();
    room[0].send("/who\n");
    room[0].expect(if members == 1000 { "#lobby (1,000): " } else { "#lobby (200): " });
    server.stop();
}

#[test]
fn what_must_be_in_one_loop_says_why() {
    for (arguments, why) in [
        (vec!["sink", "--loops", "2"], "one order"),
        (vec!["echo", "--exit-when-idle", "1s", "--loops", "3"], "exit-when-idle"),
        (vec!["hello", "--loops", "0"], "from 1 to 64"),
    ] {
        let output = program().args(&arguments).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("--loops: ") && said.contains(why), "{arguments:?}: {said}");
    }
    // As many as make sense there.
    let shown = run(program().args(["sink", "--loops", "auto", "--print-config"]));
    assert!(shown.contains("loops = \"auto\""), "{shown}");
}
