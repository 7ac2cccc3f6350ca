//! Where connections come from: an address, a path, or a socket that was handed over.
//!
//! Invariant: a listener's socket does not block, is not inherited by child processes, and hands
//! its options (no delay, keepalive, urgent data in line) down to what it accepts, as Linux does.

#![allow(
    unsafe_code,
    reason = "a descriptor that was handed over is a number: it is checked, and then owned"
)]

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketFlags};
use service::Peer;
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

use crate::options::Options;

/// Where to listen.
///
/// As text: `8008` or `*:8008` (every address, IPv6 and IPv4), `127.0.0.1:8008`, `[::1]:8008`,
/// `unix:/run/switchboard.sock`, `fd:3` (a listening socket that this process inherited).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Every address of this machine, IPv6 and IPv4 on one socket; IPv4 alone where the kernel
    /// has no IPv6.
    Any(u16),
    /// One address; `[::]` means IPv6 and IPv4.
    Inet(SocketAddr),
    /// A Unix socket at this path. A socket left there by a process that is gone is replaced; the
    /// file is removed when the engine is dropped.
    Unix(PathBuf),
    /// A listening socket with this number that the process inherited, for instance from systemd
    /// (`sd_listen_fds(3)`). It is closed with the engine.
    Inherited(RawFd),
}

impl FromStr for Listen {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        if let Some(Ok(number)) = text.strip_prefix("fd:").map(str::parse) {
            return Ok(Self::Inherited(number));
        }
        if let Ok(port) = text.strip_prefix("*:").unwrap_or(text).parse() {
            return Ok(Self::Any(port));
        }
        if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
            return Ok(Self::Inet((Ipv4Addr::LOCALHOST, port).into()));
        }
        text.parse().map(Self::Inet).map_err(|_| {
            let message = format!(
                "cannot listen on {text:?}; say 8008, 127.0.0.1:8008, [::1]:8008, unix:/path or fd:3"
            );
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(port) => write!(f, "*:{port}"),
            Self::Inet(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Inherited(number) => write!(f, "fd:{number}"),
        }
    }
}

/// Where an engine listens: what was asked for, with the port that the kernel chose if it was 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// What was asked for.
    pub listen: Listen,
    /// The address it came to; `None` for a Unix socket.
    pub local: Option<SocketAddr>,
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.local {
            Some(local) => local.fmt(f),
            None => self.listen.fmt(f),
        }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Socket,
    /// The file to remove.
    path: Option<PathBuf>,
}

/// How long a listener rests when the system is out of descriptors, if none of ours is closed.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What `accept` came to.
#[derive(Debug)]
pub(crate) enum Accepted {
    Connection(OwnedFd, Peer),
    /// Nobody is waiting.
    None,
    /// Somebody was waiting and is gone; there may be others.
    Gone,
    /// Descriptors or memory have run out: whoever waits keeps waiting.
    Exhausted(Errno),
}

impl Listener {
    /// Opens a listening socket.
    pub(crate) fn open(listen: &Listen, options: &Options) -> io::Result<Self> {
        match listen {
            Listen::Any(port) => match Self::inet((Ipv6Addr::UNSPECIFIED, *port).into(), options) {
                Err(error) if is_without_ipv6(&error) => {
                    Self::inet((Ipv4Addr::UNSPECIFIED, *port).into(), options)
                }
                result => result,
            },
            Listen::Inet(address) => Self::inet(*address, options),
            Listen::Unix(path) => Self::unix(path, options),
            Listen::Inherited(number) => Self::inherited(*number, options),
        }
    }

    fn inet(address: SocketAddr, options: &Options) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // Without it, a restart would have to wait out TIME_WAIT (socket(7)). It does not let two
        // processes listen at once.
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&address.into())?;
        Self::listening(socket, None, options)
    }

    fn unix(path: &Path, options: &Options) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        let address = SockAddr::unix(path)?;
        match socket.bind(&address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path) => {
                std::fs::remove_file(path)?;
                socket.bind(&address)?;
            }
            result => result?,
        }
        Self::listening(socket, Some(path.to_owned()), options)
    }

    fn inherited(number: RawFd, options: &Options) -> io::Result<Self> {
        let refuse = |why: &str| {
            let message = format!("descriptor {number} {why}");
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        };
        if number <= 2 {
            return refuse("is not an inherited socket: 0, 1 and 2 are the standard streams");
        }
        // SAFETY: the number is only asked whether it is open, and what it is.
        let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
        match rustix::net::sockopt::socket_acceptconn(borrowed) {
            Ok(true) => {}
            Ok(false) => return refuse("is a socket that does not listen"),
            Err(_) => return refuse("is not an open socket"),
        }
        rustix::io::ioctl_fioclex(borrowed)?;
        // SAFETY: it is open, and the operator has said that it is ours to own. Were it also
        // somebody else's in this process, that one's calls would fail with EBADF after our close:
        // an error, and one that naming the wrong number has earned.
        let socket = Socket::from(unsafe { OwnedFd::from_raw_fd(number) });
        Self::listening(socket, None, options)
    }

    fn listening(socket: Socket, path: Option<PathBuf>, options: &Options) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        if socket.local_addr()?.as_socket().is_some() {
            // Accepted sockets come with these options: one call here for four calls each there.
            socket.set_tcp_nodelay(true)?;
            socket.set_out_of_band_inline(true)?;
            if let Some(keepalive) = options.keepalive {
                let keepalive = TcpKeepalive::new()
                    .with_time(keepalive.idle)
                    .with_interval(keepalive.interval)
                    .with_retries(keepalive.retries);
                socket.set_tcp_keepalive(&keepalive)?;
            }
        }
        socket.listen(options.backlog)?;
        Ok(Self { socket, path })
    }

    /// Where it listens.
    pub(crate) fn listening_at(&self, listen: &Listen) -> io::Result<Listening> {
        let local = self.socket.local_addr()?.as_socket();
        Ok(Listening { listen: listen.clone(), local })
    }

    /// Takes the next connection that waits, without waiting for one.
    pub(crate) fn accept(&self) -> Accepted {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        match rustix::net::acceptfrom_with(&self.socket, flags) {
            Ok((socket, address)) => Accepted::Connection(socket, peer(address)),
            Err(errno) => Self::refused(errno),
        }
    }

    /// What an error of `accept` means. accept(2): errors of the network that are already pending
    /// on the new connection are told here, and concern that connection alone.
    pub(crate) fn refused(errno: Errno) -> Accepted {
        match errno {
            Errno::AGAIN => Accepted::None,
            Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => {
                Accepted::Exhausted(errno)
            }
            _ => Accepted::Gone,
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // If it is gone already, all the better.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The peer at `address`; IPv4 as IPv4, also where a dual-stack listener says `::ffff:192.0.2.1`.
pub(crate) fn peer(address: Option<SocketAddrAny>) -> Peer {
    let inet = address
        .filter(|address| address.address_family() != AddressFamily::UNIX)
        .and_then(|address| SocketAddr::try_from(address).ok());
    match inet {
        Some(address) => Peer::Inet(SocketAddr::new(address.ip().to_canonical(), address.port())),
        None => Peer::Unix,
    }
}

/// Whether the kernel has no IPv6, or it is switched off.
fn is_without_ipv6(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL))
}

/// Whether a socket file stands at `path` that nobody listens on.
fn is_abandoned(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let connected = std::os::unix::net::UnixStream::connect(path);
    is_socket && connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
