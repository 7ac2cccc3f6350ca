//! What can go wrong, said so that somebody knows what to do.

use std::fmt;
use std::io;

use crate::{Address, Outcome};

/// Why a measurement could not be made.
#[derive(Debug)]
pub enum Trouble {
    /// No connection came about.
    Unreachable {
        /// Where.
        to: Address,
        /// What the kernel said.
        error: io::Error,
    },
    /// The load cannot hold as many connections.
    Descriptors {
        /// Descriptors it needs.
        wanted: u64,
        /// The hard limit.
        limit: u64,
    },
    /// The server closed a connection.
    Closed {
        /// What was going on.
        during: String,
        /// The server's last words, if it had any that were not deliveries.
        last_words: String,
    },
    /// The server said something that is not of the protocol, or refused.
    Refused {
        /// What was going on.
        during: String,
        /// What it said, or what was wrong with it.
        why: String,
    },
    /// What was waited for did not come.
    Silence {
        /// What was waited for.
        waiting_for: String,
        /// What may be the reason.
        hint: Hint,
    },
    /// A process's books cannot be read any more.
    Books {
        /// Which one's.
        pid: u32,
        /// What the kernel said.
        error: io::Error,
    },
    /// Somebody wanted it stopped.
    Stopped,
    /// It had begun, and could not be brought to its end.
    CutShort {
        /// Why.
        why: Box<Trouble>,
        /// What was found until then.
        so_far: Box<Outcome>,
    },
    /// The plan cannot be carried out.
    Impossible(String),
    /// The machine refused.
    Io(io::Error),
}

/// What may be the reason that nothing comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Members of a room.
    Room,
    /// Connections are not accepted.
    Backlog,
    /// Questions are not answered.
    Answers,
}

impl Hint {
    fn text(self) -> &'static str {
        match self {
            Self::Room => {
                "Does the server speak this protocol (--protocol)? Does it hold back those who are \
                 fast or many? Switchboard does unless it has --no-throttle"
            }
            Self::Backlog => {
                "Does the server take so many connections, at once and from one address (its limits, \
                 its descriptors, its queue of those who wait)?"
            }
            Self::Answers => {
                "Is it a server of this kind? `echo` wants lines back as they were sent"
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { to, error } => match error.kind() {
                io::ErrorKind::ConnectionRefused => write!(
                    f,
                    "nothing listens at {to}: start the server first, and look at its port"
                ),
                io::ErrorKind::AddrNotAvailable => write!(
                    f,
                    "this machine has no free port left for one more connection to {to}: ask for \
                     fewer, or widen net.ipv4.ip_local_port_range"
                ),
                io::ErrorKind::NotFound => write!(f, "there is no socket at {to}"),
                _ => write!(f, "cannot connect to {to}: {error}"),
            },
            Self::Descriptors { wanted, limit } => write!(
                f,
                "{wanted} descriptors are needed here and {limit} are allowed: raise the hard limit \
                 (ulimit -Hn {wanted}, as root) or ask for fewer connections; the server needs as \
                 many"
            ),
            Self::Closed { during, last_words } => {
                write!(f, "the server closed a connection while {during}")?;
                if !last_words.is_empty() {
                    write!(f, "; its last words: {last_words:?}")?;
                }
                if looks_like_flood(last_words) {
                    f.write_str(FLOOD)?;
                }
                Ok(())
            }
            Self::Refused { during, why } => {
                write!(f, "{why} (while {during})")?;
                if looks_like_flood(why) {
                    f.write_str(FLOOD)?;
                }
                Ok(())
            }
            Self::Silence { waiting_for, hint } => write!(f, "{waiting_for}. {}", hint.text()),
            Self::Books { pid, error } => {
                write!(
                    f,
                    "the books of process {pid} cannot be read any more ({error}): has it ended?"
                )
            }
            Self::Stopped => f.write_str("it was stopped"),
            Self::CutShort { why, .. } => why.fmt(f),
            Self::Impossible(why) => f.write_str(why),
            Self::Io(error) => error.fmt(f),
        }
    }
}

const FLOOD: &str = ". That is its limit against floods: lift it for the measurement (Switchboard: \
                     --no-throttle)";

fn looks_like_flood(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    ["flood", "throttl", "too many", "too fast", "slow down", "sendq", "recvq"]
        .iter()
        .any(|word| words.contains(word))
}

impl std::error::Error for Trouble {}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rustix::io::Errno> for Trouble {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

/// For callers whose errors are all of one type.
impl From<Trouble> for io::Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Io(error) => error,
            other => Self::other(other.to_string()),
        }
    }
}
