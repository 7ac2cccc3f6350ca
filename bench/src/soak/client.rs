//! One member: its connection, how it speaks, and what it knows of itself.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

/// What a member speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Plain,
    Irc(&'static Capabilities),
}

/// What an IRC client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// As it is written, empty for none.
    pub(super) list: &'static str,
    /// Its own lines come back.
    pub(super) echo: bool,
    /// What it says has a label.
    pub(super) labels: bool,
    /// History comes marked as such.
    pub(super) batch: bool,
}

/// The kinds of IRC clients there are.
pub(super) static IRC_KINDS: [Capabilities; 5] = [
    Capabilities { list: "", echo: false, labels: false, batch: false },
    Capabilities { list: "server-time", echo: false, labels: false, batch: false },
    Capabilities {
        list: "server-time message-tags echo-message labeled-response batch draft/chathistory",
        echo: true,
        labels: true,
        batch: true,
    },
    Capabilities {
        list: "message-tags away-notify extended-join multi-prefix userhost-in-names setname",
        echo: false,
        labels: false,
        batch: false,
    },
    Capabilities {
        list: "server-time batch echo-message draft/chathistory draft/event-playback cap-notify",
        echo: true,
        labels: false,
        batch: true,
    },
];

/// What a member is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Talks, listens, comes and goes.
    Ordinary,
    /// Was the first in its room and stays: it keeps order there.
    Keeper,
    /// Says much in a bout.
    Flooder,
    /// Does not read in a bout.
    Staller,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// There is none, until then.
    Down {
        again_ms: u64,
    },
    /// It has not been answered to the end yet.
    Coming {
        since_ms: u64,
    },
    Up,
    /// It has said goodbye, and waits to be closed.
    Ending {
        since_ms: u64,
    },
}

/// What is certain once an answer has come.
#[derive(Clone, Debug)]
pub(super) enum Certain {
    /// It is a member, of the rooms that it asked for.
    Registered,
    Joined(usize),
    Left(usize),
    Renamed(String),
    /// A question has been answered, by a line with this in it.
    Answered(&'static str),
    Nothing,
}

/// A question whose answer shows that all before it has been dealt with.
#[derive(Clone, Debug)]
pub(super) struct Sync {
    pub(super) number: u64,
    pub(super) asked_ms: u64,
    pub(super) certain: Certain,
    /// Whether the line that answers a question has come.
    pub(super) seen: bool,
}

/// How surely somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Joining,
    Sure,
    Leaving,
}

/// A member's place in a room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Membership {
    pub(super) room: usize,
    pub(super) standing: Standing,
    /// The number of the last line said by anybody when it was sure: it gets all after that.
    pub(super) since: u64,
    /// Where in the room's order it reads on; nothing before its first line.
    pub(super) cursor: Option<u64>,
    /// Up to where it must have read when it is gone.
    pub(super) owed: u64,
    /// Lines that it was told it has missed, and not yet found missing.
    pub(super) missed: u64,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) dialect: Dialect,
    pub(super) purpose: Purpose,
    pub(super) stage: Stage,
    pub(super) name: String,
    /// Counts its names.
    pub(super) names: u32,
    pub(super) rooms: Vec<Membership>,
    /// Where it comes to when it comes.
    pub(super) home: usize,
    /// Where what a plain member types goes, if that is certain.
    pub(super) current: Option<usize>,
    pub(super) syncs: VecDeque<Sync>,
    pub(super) asked: u64,
    pub(super) spoke_ms: u64,
    /// Reads nothing until then.
    pub(super) stalled_ms: Option<u64>,
    /// Did not read in a bout, and may be told so, or closed.
    pub(super) is_forgiven: bool,
    /// It leaves then: it has had time to find out.
    pub(super) leaves_ms: Option<u64>,
    /// What is between the marks of an answer to /history.
    pub(super) in_history: bool,
    pub(super) is_away: bool,
    /// The last private line of each that wrote.
    pub(super) last_private: HashMap<usize, u64>,
    pub(super) input: Vec<u8>,
    pub(super) out: Vec<u8>,
    pub(super) last_line: String,
    socket: Option<TcpStream>,
}

impl Client {
    pub(super) fn new(dialect: Dialect, home: usize) -> Self {
        Self {
            dialect,
            purpose: Purpose::Ordinary,
            stage: Stage::Down { again_ms: u64::MAX },
            name: String::new(),
            names: 0,
            rooms: Vec::new(),
            home,
            current: None,
            syncs: VecDeque::new(),
            asked: 0,
            spoke_ms: 0,
            stalled_ms: None,
            is_forgiven: false,
            leaves_ms: None,
            in_history: false,
            is_away: false,
            last_private: HashMap::new(),
            input: Vec::new(),
            out: Vec::new(),
            last_line: String::new(),
            socket: None,
        }
    }

    pub(super) fn echoes(&self) -> bool {
        matches!(self.dialect, Dialect::Irc(capabilities) if capabilities.echo)
    }

    pub(super) fn is_up(&self) -> bool {
        self.stage == Stage::Up
    }

    /// Is there, certainly, and does what it should.
    pub(super) fn is_well(&self) -> bool {
        self.is_up() && self.stalled_ms.is_none() && !self.is_forgiven
    }

    pub(super) fn membership(&self, room: usize) -> Option<&Membership> {
        self.rooms.iter().find(|membership| membership.room == room)
    }

    pub(super) fn membership_mut(&mut self, room: usize) -> Option<&mut Membership> {
        self.rooms.iter_mut().find(|membership| membership.room == room)
    }

    pub(super) fn is_surely_in(&self, room: usize) -> bool {
        self.membership(room).is_some_and(|one| one.standing == Standing::Sure)
    }

    /// A name nobody else has or had.
    pub(super) fn next_name(&mut self, slot: usize) -> String {
        self.names += 1;
        format!("u{slot}x{}", self.names)
    }

    /// Opens a connection.
    pub(super) fn connect(&mut self, address: SocketAddr) -> io::Result<()> {
        let socket = connect(address, self.purpose == Purpose::Staller)?;
        self.socket = Some(socket);
        self.rooms.clear();
        self.syncs.clear();
        self.input.clear();
        self.out.clear();
        self.last_private.clear();
        self.last_line.clear();
        self.stalled_ms = None;
        self.is_forgiven = false;
        self.leaves_ms = None;
        self.in_history = false;
        self.is_away = false;
        self.current = None;
        Ok(())
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(AsFd::as_fd)
    }

    /// Appends a line, with the end that its dialect has.
    pub(super) fn line(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(match self.dialect {
            Dialect::Plain => b"\n",
            Dialect::Irc(_) => b"\r\n",
        });
    }

    /// Asks something that is answered when all before it is.
    pub(super) fn sync(&mut self, now_ms: u64, certain: Certain) {
        self.asked += 1;
        let number = self.asked;
        match self.dialect {
            Dialect::Plain => self.line(&format!("/k{number}")),
            Dialect::Irc(_) => self.line(&format!("PING :k{number}")),
        }
        self.syncs.push_back(Sync { number, asked_ms: now_ms, certain, seen: false });
    }

    /// Sends what it can; answers whether anything is left.
    pub(super) fn flush(&mut self) -> bool {
        let Some(socket) = &mut self.socket else {
            self.out.clear();
            return false;
        };
        while !self.out.is_empty() {
            match socket.write(&self.out) {
                Ok(count) => {
                    self.out.drain(..count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Why, the reading side finds out.
                Err(_) => self.out.clear(),
            }
        }
        false
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.socket {
            Some(socket) => socket.read(buffer),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(super) fn shut_down(&mut self) {
        if let Some(socket) = &self.socket {
            let _ = socket.shutdown(Shutdown::Write);
        }
    }

    /// Ends the connection here; with a reset, if so wanted.
    pub(super) fn drop_connection(&mut self, reset: bool) {
        if let Some(socket) = self.socket.take() {
            if reset {
                let _ = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
            }
            drop(socket);
        }
    }
}

/// A connection that never blocks; with buffers as small as may be, for one that will not read.
pub(super) fn connect(address: SocketAddr, is_small: bool) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if is_small {
        socket.set_recv_buffer_size(4096)?;
        socket.set_tcp_mss(536)?;
    }
    socket.connect(&address.into())?;
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
