//! A load generator: thousands of connections from one thread, every delivery counted.
//!
//! It knows how clients come in and speak ([`Protocol`]: plain lines, IRC, Redis and NATS, and what others add), and
//! nothing of the server: it measures any. Two shapes of load:
//!
//! - [`Fanout`]: members of a room, of whom some talk and all listen. Each line carries its sender,
//!   its number and its time ([`Stamp`]), so that loss, doubles, disorder and latency are seen where
//!   it arrives.
//! - [`Exchanges`]: connections that ask and are answered (echo, HTTP).
//!
//! Either runs in a closed loop (so many messages on their way, the next when they have come:
//! [`Pace::Window`]), which measures what a message costs; or in an open one (so many a second,
//! whatever comes back: [`Pace::Rate`]), which measures how long it takes. In an open loop latency
//! counts from the moment a message was due, so that a server that stands still for a second is not
//! excused for those that could not be sent meanwhile (coordinated omission).
//!
//! What it costs itself is part of every [`Outcome`]: a generator that is slower than the server
//! measures itself.
//!
//! ```no_run
//! use std::time::Duration;
//! use load::{Fanout, Irc, Pace, Plan};
//!
//! let irc = Irc { rooms: vec!["#room".into()], ..Irc::default() };
//! let mut room = Fanout::gather(Plan::new("127.0.0.1:6667".parse()?, irc), &mut ())?;
//! let outcome = room.run(Pace::Window(64), Duration::from_secs(5), None, &mut ())?;
//! println!("{} deliveries, {} lost", outcome.delivered, outcome.faults.lost);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod answers;
mod books;
mod checks;
mod ear;
mod entrance;
mod exchange;
mod fanout;
mod outcome;
mod pace;
mod process;
mod protocol;
pub mod report;
mod run;
mod stamp;
mod trouble;
pub mod waits;
mod wire;

pub use address::Address;
pub use checks::Faults;
pub use ear::Ear;
pub use exchange::{ExchangePlan, Exchanges, Question};
pub use fanout::{Entrance, Fanout, Plan};
pub use outcome::{Outcome, Sample, Watch};
pub use pace::Pace;
pub use process::{Process, own_cpu_nanos};
pub use protocol::{
    Audience, Client, Irc, IrcWebSocket, Lines, Nats, Protocol, Redis, Role, Step, Web, WebSocket,
};
pub use stamp::{MARK, PROBE, STAMP_BYTES, Stamp};
pub use trouble::{Hint, Trouble};
