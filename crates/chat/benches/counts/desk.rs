//! A chat without sockets, for counting: the calls of a turn as an engine makes them, in virtual
//! time, with peers that take whatever they are sent.
//!
//! Invariant: the same calls give the same bytes, so what is counted is the chat's work and nothing
//! of the kernel's.

use std::time::Duration;

use chat::{Ban, Limits, Settings, Switchboard};
use service::{Batch, Key, Now, Origin, Peer, Request, Service, Time, Via};

/// What the members speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Lines and nothing else, as in the tutorials' room (`--anonymous`).
    Bare,
    /// Lines for people: with times and names.
    Plain,
    /// IRC without any extension.
    Irc,
    /// IRC with the capability server-time.
    IrcTime,
}

/// The room that everybody is in.
const ROOM: &str = "#room";

/// A chat, and those who are in it.
pub(crate) struct Desk {
    chat: Switchboard,
    dialect: Dialect,
    members: Vec<Key>,
    batch: Batch,
    elapsed: Duration,
    /// Bytes handed out so far.
    sent: u64,
    /// Where all of them come from.
    peer: Peer,
}

impl Desk {
    /// A chat with nobody in it, in which limits that are for people do not count.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self::with_bans(dialect, Vec::new(), Peer::Unix)
    }

    /// The same with these bans, whose members come from `peer`.
    pub(crate) fn with_bans(dialect: Dialect, bans: Vec<Ban>, peer: Peer) -> Self {
        let settings = Settings {
            bans,
            anonymous: dialect == Dialect::Bare,
            irc_lobby: false,
            limits: Limits::default().unthrottled(),
            ..Settings::default()
        };
        Self {
            chat: Switchboard::new(settings),
            dialect,
            members: Vec::new(),
            batch: Batch::default(),
            elapsed: Duration::ZERO,
            sent: 0,
            peer,
        }
    }

    /// A chat with so many members in one room, who have read all that they were told on the way.
    pub(crate) fn with_members(dialect: Dialect, count: usize) -> Self {
        let mut desk = Self::new(dialect);
        for _ in 0..count {
            let member = desk.connect();
            let said = [desk.registration(member), desk.join()].concat();
            desk.turn(&[(member, &said)]);
        }
        desk.read();
        desk
    }

    /// One more connection; answers its number.
    pub(crate) fn connect(&mut self) -> usize {
        let number = self.members.len();
        let key = Key::new(number as u32, 0);
        self.members.push(key);
        self.begin();
        self.chat.opened(key, &Origin { peer: self.peer, via: Via::Listener(0) });
        self.end();
        number
    }

    /// What `member` says first, to be let in.
    pub(crate) fn registration(&self, member: usize) -> Vec<u8> {
        let user = format!("NICK m{member}\r\nUSER m{member} 0 * :m{member}\r\n");
        match self.dialect {
            Dialect::Bare => String::new(),
            Dialect::Plain => "hello\n".to_owned(),
            Dialect::Irc => user,
            Dialect::IrcTime => format!("CAP REQ :server-time\r\n{user}CAP END\r\n"),
        }
        .into_bytes()
    }

    /// What brings into the room.
    pub(crate) fn join(&self) -> Vec<u8> {
        match self.dialect {
            Dialect::Bare => String::new(),
            Dialect::Plain => format!("/join {ROOM}\n"),
            Dialect::Irc | Dialect::IrcTime => format!("JOIN {ROOM}\r\n"),
        }
        .into_bytes()
    }

    /// What says `text` in the room, so many times.
    pub(crate) fn say(&self, text: &str, times: usize) -> Vec<u8> {
        let line = match self.dialect {
            Dialect::Bare | Dialect::Plain => format!("{text}\n"),
            Dialect::Irc | Dialect::IrcTime => format!("PRIVMSG {ROOM} :{text}\r\n"),
        };
        line.repeat(times).into_bytes()
    }

    /// A turn in which these members are heard.
    pub(crate) fn turn(&mut self, heard: &[(usize, &[u8])]) {
        self.begin();
        for &(member, bytes) in heard {
            if !bytes.is_empty() {
                self.chat.received(self.members[member], bytes);
            }
        }
        self.end();
    }

    /// Bytes handed out since this was last asked.
    pub(crate) fn read(&mut self) -> u64 {
        std::mem::take(&mut self.sent)
    }

    fn begin(&mut self) {
        // 2026-11-21 14:02:00 UTC.
        const START_MS: u64 = 1_795_269_720_000;
        self.elapsed += Duration::from_millis(1);
        let time = Time::from_nanos(1_000_000_000) + self.elapsed;
        self.chat.begin(Now { time, unix_ms: START_MS + self.elapsed.as_millis() as u64 });
    }

    fn end(&mut self) {
        self.chat.finish();
        while let Some(request) = self.chat.request() {
            if let Request::Flush(key) = request {
                self.flush(key);
            }
        }
    }

    fn flush(&mut self, key: Key) {
        loop {
            self.chat.transmit(key, &mut self.batch);
            if self.batch.is_empty() {
                return;
            }
            self.sent += self.batch.len() as u64;
            self.batch.clear();
        }
    }
}
