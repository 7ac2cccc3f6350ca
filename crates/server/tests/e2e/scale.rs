//! Thousands of people in one room: a line reaches all of them, whatever watches their sockets.

use std::io::Write;

use crate::support::{Peer, Server};

/// Fills the lobby with `members` and says one line to all. Prints what a silent member costs.
fn a_line_reaches_all(engine: &str, members: usize) {
    let limit = engine::raise_descriptor_limit().expect("the soft limit may be raised to the hard");
    assert!(
        limit >= members as u64 + 100,
        "this test holds {members} connections, and the hard limit on descriptors is {limit}: \
         raise it (ulimit -Hn) and run the test again"
    );
    let server = Server::start(engine, &["chat", "--no-throttle", "--log-level", "warn"]);
    let mut speaker = server.connect();
    // A reader that wants no greeting and no times, so that what each gets is known to the byte.
    speaker.send("/plain\n/nick ada\n");
    speaker.expect("You are ada now.\n");
    let before = server.resident_bytes();
    let mut room: Vec<Peer> = (0..members)
        .map(|_| {
            let mut peer = server.connect();
            peer.send("/plain\n/who\n");
            peer
        })
        .collect();
    for peer in &mut room {
        // The answer to `/who` shows that the server has taken this one in.
        peer.expect("#lobby (");
        peer.received.clear();
    }
    let each = (server.resident_bytes() - before) / members as u64;
    println!("{engine}: {members} members of one room, {each} bytes of server memory for each");

    speaker.send("can everyone hear me?\n");
    for peer in &mut room {
        peer.expect("<ada> can everyone hear me?\n");
    }
    // And the other way: what the last in says, the first hears.
    let mut last = room.pop().expect("there are thousands");
    last.stream.write_all(b"I can\n").expect("the server takes what it is sent");
    speaker.expect("> I can\n");
    room[0].expect("> I can\n");
    drop(last);
    server.stop();
}

#[test]
fn ten_thousand_hear_a_line_under_epoll() {
    a_line_reaches_all("epoll", 10_000);
}

#[test]
fn ten_thousand_hear_a_line_under_uring() {
    a_line_reaches_all("uring", 10_000);
}

#[test]
fn five_thousand_hear_a_line_under_poll() {
    a_line_reaches_all("poll", 5_000);
}

#[test]
fn five_thousand_hear_a_line_under_select() {
    a_line_reaches_all("select", 5_000);
}

#[test]
fn five_hundred_hear_a_line_under_the_sweep() {
    a_line_reaches_all("sweep", 500);
}
