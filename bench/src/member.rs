//! Members of a room: how they come in and how they speak, in each dialect.
//!
//! Invariant: a member that has come in has read all that it was told on the way.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use clap::ValueEnum;

use crate::server::Server;

/// What the members speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// Lines for people.
    Plain,
    /// IRC without any extension.
    Irc,
    /// IRC with the capability server-time: each line says when it was said.
    IrcTime,
}

impl Dialect {
    /// As the command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Irc => "irc",
            Self::IrcTime => "irc-time",
        }
    }

    /// Arguments for a server whose members speak this: without limits that are for people.
    pub(crate) fn server_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &["--no-throttle", "--log-level", "warn"],
            Self::Irc | Self::IrcTime => {
                &["--no-throttle", "--log-level", "warn", "--irc-lobby", "no"]
            }
        }
    }

    /// What a client called `nick` says first, to be let in: to the server, not to a room.
    fn registration(self, nick: &str) -> String {
        let user = format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n");
        match self {
            Self::Plain => "/plain\n".to_owned(),
            Self::Irc => user,
            Self::IrcTime => format!("CAP REQ :server-time\r\n{user}CAP END\r\n"),
        }
    }

    /// What brings into a room.
    pub(crate) fn join(self, room: &str) -> String {
        match self {
            Self::Plain => format!("/join {room}\n"),
            Self::Irc | Self::IrcTime => format!("JOIN {room}\r\n"),
        }
    }

    /// What the answer to that ends with.
    fn joined(self) -> &'static str {
        match self {
            Self::Plain => "\n",
            Self::Irc | Self::IrcTime => " :End of /NAMES list",
        }
    }

    /// What says `text` in a room; a plain one in the one that was joined last.
    pub(crate) fn say(self, room: &str, text: &str) -> String {
        match self {
            Self::Plain => format!("{text}\n"),
            Self::Irc | Self::IrcTime => format!("PRIVMSG {room} :{text}\r\n"),
        }
    }
}

/// Connects, and sends what a client called `nick` says first.
pub(crate) fn connect(server: &Server, dialect: Dialect, nick: &str) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(server.address)?;
    socket.set_nodelay(true)?;
    socket.write_all(dialect.registration(nick).as_bytes())?;
    if dialect != Dialect::Plain {
        // 422 or 376 is the last word of the welcome.
        read_until(&mut socket, |got| got.contains(" 422 ") || got.contains(" 376 "))?;
    }
    Ok(socket)
}

/// Comes into a room, and reads all that follows.
pub(crate) fn join(socket: &mut TcpStream, dialect: Dialect, room: &str) -> io::Result<()> {
    socket.write_all(dialect.join(room).as_bytes())?;
    wait_joined(socket, dialect)
}

/// Reads until the newcomer has been told all about the room that it is in now.
pub(crate) fn wait_joined(socket: &mut TcpStream, dialect: Dialect) -> io::Result<()> {
    read_until(socket, |got| got.contains(dialect.joined()))
}

/// Reads until `text` has come at the end of a line; answers the length of that line.
pub(crate) fn read_line_with(socket: &mut TcpStream, text: &str) -> io::Result<usize> {
    let mut len = 0;
    read_until(socket, |got| {
        let is_whole = got.trim_end().ends_with(text) && got.ends_with('\n');
        len = got.lines().last().map_or(0, str::len);
        // The lines of IRC end in two bytes, of which `lines` knows.
        len += if got.ends_with("\r\n") { 2 } else { 1 };
        is_whole
    })?;
    Ok(len)
}

/// Reads until `is_enough`, some seconds at most.
fn read_until(socket: &mut TcpStream, mut is_enough: impl FnMut(&str) -> bool) -> io::Result<()> {
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let (mut got, mut buffer) = (String::new(), [0; 16_384]);
    while !is_enough(&got) {
        match socket.read(&mut buffer)? {
            0 => return Err(io::Error::other(format!("the server closed after: {got}"))),
            count => got.push_str(&String::from_utf8_lossy(&buffer[..count])),
        }
    }
    Ok(())
}
