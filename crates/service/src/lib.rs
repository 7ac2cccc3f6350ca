//! The waist of Switchboard: what a service is told by its engine, and what it may ask of it.
//!
//! An *engine* moves bytes between sockets and memory; a *service* decides what the bytes mean.
//! This crate is all that the two know of each other. It has no dependencies, makes no system
//! call, and must never know of a socket, a descriptor, a thread or a clock: that is why the same
//! service runs unchanged over `select`, `poll`, `epoll`, `io_uring`, a busy sweep, and inside a
//! simulator.
//!
//! Start with [`Service`]; its documentation is the contract. A service with one outgoing queue
//! per connection needs nothing but [`Mailboxes`]:
//!
//! ```
//! use service::{Batch, Key, Mailboxes, Now, Origin, Reason, Request, Service, Time};
//!
//! /// Sends back what it gets.
//! #[derive(Default)]
//! struct Echo {
//!     mail: Mailboxes,
//! }
//!
//! impl Service for Echo {
//!     fn opened(&mut self, key: Key, _origin: &Origin) {
//!         self.mail.open(key);
//!     }
//!     fn received(&mut self, key: Key, bytes: &[u8]) {
//!         self.mail.send(key, bytes);
//!     }
//!     fn ended(&mut self, key: Key) {
//!         self.mail.close(key);
//!     }
//!     fn transmit(&mut self, key: Key, batch: &mut Batch) {
//!         self.mail.transmit(key, batch);
//!     }
//!     fn closed(&mut self, key: Key, _reason: Reason) {
//!         self.mail.remove(key);
//!     }
//!     fn request(&mut self) -> Option<Request> {
//!         self.mail.request()
//!     }
//! }
//! ```

mod batch;
mod key;
mod key_space;
mod mailbox;
mod origin;
mod per_key;
mod reason;
mod request;
mod service;
mod slab;
mod time;

pub use batch::{Batch, Frame};
pub use key::Key;
pub use key_space::KeySpace;
pub use mailbox::Mailboxes;
pub use origin::{Address, Origin, Peer, Via};
pub use per_key::PerKey;
pub use reason::Reason;
pub use request::Request;
pub use service::Service;
pub use slab::Slab;
pub use time::{Now, Time};
