//! The hot paths, each with a fixed input: what is done before, and what of it is counted.
//!
//! Invariant: a path fails if what it does is not done: a count that fell because nothing was
//! delivered would be no gain.

use std::hint::black_box;

use chat::{Ban, Matches};
use service::Peer;
use wire::irc::Message;
use wire::line::{Line, Lines};

use crate::desk::{Desk, Dialect};
use crate::measured;

/// A path, and what it does.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    pub(crate) run: fn(),
}

/// All paths.
#[rustfmt::skip]
pub(crate) const PATHS: &[Path] = {
    use Dialect::{Bare, Irc, IrcTime, Plain};
    const fn path(name: &'static str, run: fn()) -> Path {
        Path { name, run }
    }
    &[
        path("frame",               frame),
        path("frame-in-pieces",     frame_in_pieces),
        path("parse-irc",           parse_irc),
        path("say-bare-10",         || say(Bare, 10, 64)),
        path("say-bare-100",        || say(Bare, 100, 64)),
        path("say-bare-1000",       || say(Bare, 1000, 64)),
        path("say-plain-100",       || say(Plain, 100, 64)),
        path("say-irc-10",          || say(Irc, 10, 64)),
        path("say-irc-100",         || say(Irc, 100, 64)),
        path("say-irc-1000",        || say(Irc, 1000, 64)),
        path("say-irc-time-10",     || say(IrcTime, 10, 64)),
        path("say-irc-time-100",    || say(IrcTime, 100, 64)),
        path("say-irc-time-1000",   || say(IrcTime, 1000, 64)),
        path("say-one-bare-1000",   || say(Bare, 1000, 1)),
        path("say-one-irc-1000",    || say(Irc, 1000, 1)),
        path("all-talk-bare",       || all_talk(Bare)),
        path("all-talk-irc",        || all_talk(Irc)),
        path("tell",                tell),
        path("register",            register),
        path("register-banned",     register_among_bans),
        path("join",                join),
        path("history-page",        history_page),
    ]
};

/// Turns counted, for paths whose turns are alike.
const TURNS: usize = 8;

/// 63 bytes, so that a line has 64.
const TEXT: &str = "The quick brown fox jumps over the lazy dog, and then sleeps...";

/// Bytes to lines: 1,000 lines in one piece.
fn frame() {
    let input = format!("{TEXT}\r\n").repeat(1000).into_bytes();
    let mut lines = 0;
    measured(|| lines = count_lines(&mut Lines::default(), &input));
    assert_eq!(lines, 1000);
}

/// The same in pieces that are no lines.
fn frame_in_pieces() {
    let input = format!("{TEXT}\r\n").repeat(1000).into_bytes();
    let mut lines = 0;
    measured(|| {
        let mut framing = Lines::default();
        lines = input.chunks(100).map(|piece| count_lines(&mut framing, piece)).sum();
    });
    assert_eq!(lines, 1000);
}

fn count_lines(lines: &mut Lines, mut piece: &[u8]) -> usize {
    let mut count = 0;
    while let Some(line) = lines.next(&mut piece, 4096) {
        count += usize::from(matches!(line, Line::Whole(line) if line.len() == TEXT.len()));
    }
    count
}

/// Lines to messages: 1,000 of them.
fn parse_irc() {
    let line = format!("@+typing=active;label=7 PRIVMSG #room :{TEXT}");
    measured(|| {
        for _ in 0..1000 {
            let message = Message::parse(black_box(&line)).expect("it is one");
            assert_eq!(message.trailing(), Some(TEXT));
            assert!(message.tags.get("label").is_some());
        }
    });
}

/// One member says so many lines a turn to so many others.
fn say(dialect: Dialect, receivers: usize, lines: usize) {
    let mut desk = Desk::with_members(dialect, receivers + 1);
    let said = desk.say(TEXT, lines);
    // First once, so that everybody knows who speaks, and what is made once is made.
    desk.turn(&[(0, &said)]);
    desk.read();
    desk.turn(&[(0, &said)]);
    let before = desk.read();
    measured(|| (0..TURNS).for_each(|_| desk.turn(&[(0, &said)])));
    assert!(before > (lines * receivers * TEXT.len()) as u64);
    assert_eq!(desk.read(), before * TURNS as u64);
}

/// 200 members say a line each, a turn, to all others.
fn all_talk(dialect: Dialect) {
    let mut desk = Desk::with_members(dialect, 200);
    let said = desk.say(TEXT, 1);
    let all: Vec<(usize, &[u8])> = (0..200).map(|member| (member, &*said)).collect();
    // In the first turn people are told who is there, since the room is too big to tell before.
    desk.turn(&all);
    desk.read();
    desk.turn(&all);
    let before = desk.read();
    measured(|| (0..TURNS).for_each(|_| desk.turn(&all)));
    assert!(before > (200 * 199 * TEXT.len()) as u64);
    assert_eq!(desk.read(), before * TURNS as u64);
}

/// One member says 64 lines a turn to one other alone.
fn tell() {
    let mut desk = Desk::with_members(Dialect::Irc, 100);
    let said = format!("PRIVMSG m7 :{TEXT}\r\n").repeat(64).into_bytes();
    desk.turn(&[(0, &said)]);
    let before = desk.read();
    measured(|| (0..TURNS).for_each(|_| desk.turn(&[(0, &said)])));
    assert_eq!(desk.read(), before * TURNS as u64);
}

/// 100 clients register, in one turn.
fn register() {
    register_at(Desk::new(Dialect::IrcTime));
}

/// The same on a server that has banned 10,000 hosts, none of which is theirs.
fn register_among_bans() {
    let ban = |number: usize| Ban {
        matches: Matches::Mask(format!("*!*@10.{}.{}.*", number / 256, number % 256)),
        until_unix_ms: None,
        set_unix_ms: 0,
        by: "root".into(),
        reason: "no".into(),
    };
    let peer = Peer::Inet("192.0.2.7:1024".parse().expect("it is one"));
    register_at(Desk::with_bans(Dialect::IrcTime, (0..10_000).map(ban).collect(), peer));
}

fn register_at(mut desk: Desk) {
    for _ in 0..100 {
        desk.connect();
    }
    let said: Vec<Vec<u8>> = (0..100).map(|member| desk.registration(member)).collect();
    let all: Vec<(usize, &[u8])> = said.iter().map(|said| &**said).enumerate().collect();
    desk.read();
    measured(|| desk.turn(&all));
    assert!(desk.read() > 100 * 500, "each is welcomed");
}

/// 500 clients come into one room, in one turn.
fn join() {
    let mut desk = Desk::new(Dialect::Irc);
    for _ in 0..500 {
        let member = desk.connect();
        let said = desk.registration(member);
        desk.turn(&[(member, &said)]);
    }
    let join = desk.join();
    let all: Vec<(usize, &[u8])> = (0..500).map(|member| (member, &*join)).collect();
    desk.read();
    measured(|| desk.turn(&all));
    assert!(desk.read() > 500 * 500, "each is told who is there");
}

/// A client asks for the last 100 lines of a room.
fn history_page() {
    let mut desk = Desk::with_members(Dialect::Irc, 2);
    let said = desk.say(TEXT, 1000);
    desk.turn(&[(0, b"CAP REQ :batch message-tags server-time draft/chathistory\r\n")]);
    desk.turn(&[(0, &said)]);
    desk.read();
    measured(|| desk.turn(&[(0, b"CHATHISTORY LATEST #room * 100\r\n")]));
    assert!(desk.read() > (100 * TEXT.len()) as u64);
}
