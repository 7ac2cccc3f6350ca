//! Non-blocking, multiplexed sockets: five engines behind one interface.
//!
//! An [`Engine`] accepts connections, receives and sends, and tells a [`Service`] what happened.
//! Which system call does the watching is a choice at start-up: a busy sweep, `select`, `poll`,
//! `epoll` or `io_uring`. This crate knows sockets, descriptors and the clock, and must never know
//! what the bytes mean: that is the service's.
//!
//! ```no_run
//! # struct Echo;
//! # impl service::Service for Echo {
//! #     fn opened(&mut self, _: service::Key, _: &service::Origin) {}
//! #     fn received(&mut self, _: service::Key, _: &[u8]) {}
//! #     fn ended(&mut self, _: service::Key) {}
//! #     fn transmit(&mut self, _: service::Key, _: &mut service::Batch) {}
//! #     fn closed(&mut self, _: service::Key, _: service::Reason) {}
//! #     fn request(&mut self) -> Option<service::Request> { None }
//! # }
//! use engine::{Choice, Engine, Options};
//!
//! let mut engine = Engine::new(Options { choice: Choice::Auto, ..Options::default() })?;
//! let listening = engine.listen(&"127.0.0.1:8800".parse()?)?;
//! println!("listening on {listening}, {}", engine.why());
//! engine.run(&mut Echo)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Those who want only the waiting, and their own loop around it, take a [`Selector`] from
//! [`selector`]: `select`, `poll`, `epoll` and the sweep under one classical interface.
//!
//! # Rooms of the house
//!
//! - [`Engine`] (engine.rs) chooses and falls back; options.rs has what can be chosen.
//! - reactor.rs is the turn of the four readiness engines, over any [`Selector`]; connection.rs is
//!   one socket of theirs, and the stages of a connection's life in any engine; reactor/ has how
//!   connections come about and how they end.
//! - uring.rs is the turn of the completion engine; uring/ has what it hands to the kernel, and
//!   what comes of it.
//! - listener.rs, outgoing.rs, waker.rs, side_by_side.rs, stopping.rs, shortage.rs (of
//!   descriptors), deadlines.rs and clock.rs serve both; descriptors.rs raises the process's limit.
//!
//! [`Service`]: service::Service

mod clock;
mod connection;
mod deadlines;
mod descriptors;
mod engine;
mod listener;
mod options;
mod outgoing;
mod reactor;
pub mod selector;
mod shortage;
mod side_by_side;
mod stopping;
mod uring;
mod waker;

pub use clock::monotonic;
pub use descriptors::raise_descriptor_limit;
pub use engine::{Ending, Engine, Offer, preferred, survey};
pub use listener::{Listen, Listening};
pub use options::{Choice, Counters, Keepalive, Options, RingOptions};
pub use selector::{Event, Interest, Registration, Selector};
pub use waker::Handle;
