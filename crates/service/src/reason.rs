//! Why a connection is over.

use std::fmt;

/// Why a connection is over, as the kernel or the service had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The service asked for [`Request::Close`](crate::Request::Close), and everything it had to
    /// send was handed to the kernel.
    Closed,
    /// The service asked for [`Request::Abort`](crate::Request::Abort).
    Aborted,
    /// The peer reset the connection (`ECONNRESET`): it died, or closed without reading all.
    Reset,
    /// The peer had gone when something was sent to it (`EPIPE`).
    HungUp,
    /// The peer stopped answering (`ETIMEDOUT`), or did not take its last bytes within the
    /// engine's time limit for closing.
    TimedOut,
    /// The engine stopped.
    Stopped,
    /// Nobody listens there (`ECONNREFUSED`); only for connections that were being made.
    Refused,
    /// Any other error, by its number (`errno`).
    Failed(i32),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Aborted => f.write_str("aborted"),
            Self::Reset => f.write_str("reset by peer"),
            Self::HungUp => f.write_str("peer hung up"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Stopped => f.write_str("server stopped"),
            Self::Refused => f.write_str("connection refused"),
            Self::Failed(errno) => std::io::Error::from_raw_os_error(*errno).fmt(f),
        }
    }
}
