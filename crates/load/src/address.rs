//! Where a server is.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::str::FromStr;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

/// Where a server is: a TCP address or a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Over TCP.
    Tcp(SocketAddr),
    /// The path of a Unix stream socket.
    Unix(String),
}

impl FromStr for Address {
    type Err = String;

    /// Reads `HOST:PORT`, `[IPV6]:PORT` or `unix:/path`; of a name's addresses the first is taken.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(path.to_owned()));
        }
        if !text.contains(':') {
            return Err(format!("where is {text:?}? Say HOST:PORT, for example {text}:8008"));
        }
        let mut addresses =
            text.to_socket_addrs().map_err(|error| format!("cannot find {text}: {error}"))?;
        addresses.next().map(Self::Tcp).ok_or_else(|| format!("{text} has no address"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

impl Address {
    /// A socket that does not block and is on its way there: it is connected when it is writable
    /// and has no error.
    pub(crate) fn call(&self) -> io::Result<OwnedFd> {
        let family = match self {
            Self::Tcp(SocketAddr::V4(_)) => AddressFamily::INET,
            Self::Tcp(SocketAddr::V6(_)) => AddressFamily::INET6,
            Self::Unix(_) => AddressFamily::UNIX,
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        let called = match self {
            Self::Tcp(address) => {
                rustix::net::sockopt::set_tcp_nodelay(&socket, true)?;
                connect(&socket, address)
            }
            Self::Unix(path) => connect(&socket, &SocketAddrUnix::new(path.as_str())?),
        };
        match called {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(socket),
            Err(error) => Err(error.into()),
        }
    }
}
