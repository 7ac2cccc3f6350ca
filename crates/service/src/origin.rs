//! Where a connection comes from.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Where a connection comes from, told once, at `opened`. An engine does not keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who is at the other end.
    pub peer: Peer,
    /// How the connection came about.
    pub via: Via,
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// An address and port. An IPv4 peer of a dual-stack listener is given as IPv4.
    Inet(SocketAddr),
    /// A process on this machine, over a Unix socket: these rarely have names.
    Unix,
}

impl Peer {
    /// Whether the peer is on this machine: a Unix socket, or a loopback address.
    pub fn is_local(&self) -> bool {
        self.ip().is_none_or(|ip| ip.is_loopback())
    }

    /// The peer's address, if it has one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Inet(address) => Some(address.ip()),
            Self::Unix => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// How a connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Accepted by the listener with this number: the first one that the engine was given is 0.
    Listener(u16),
    /// Made by [`Request::Connect`](crate::Request::Connect) with this token.
    Connect(u64),
}

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address and port.
    Inet(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}
