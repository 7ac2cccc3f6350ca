//! Small services, one a file: the shortest way to learn [`Service`](service::Service).
//!
//! Switchboard begins where nine small programs end that many people learnt `select` from. The
//! services here grow out of them: they do what the originals did, over any engine, without what
//! the originals got wrong. Read them in this order.
//!
//! | service | grows out of | what is new in it |
//! |---|---|---|
//! | [`Echo`] | 2, the non-blocking server that answers "my server"; 4 and 5, the upper-casing echo on `select` and on `selectors`; 6, the echo with a queue per client; 8, the same with a time limit on waiting | outgoing queues through [`Mailboxes`](service::Mailboxes), one deadline, stopping the engine |
//! | [`Sink`] | 7, the receiver of one message that says "no data coming" | a deadline per connection, closing one, bounded input |
//! | [`Hello`] | 9, HTTP on `epoll` | a parser, replies rendered only when the socket wants them, every bound a public server needs |
//!
//! Tutorial 1, the chat room, became the crate `chat`. Tutorial 3, the client of 2, became
//! `switchboard connect`.
//!
//! A service here never knows of a socket, a clock or a thread: time comes in through
//! [`begin`](service::Service::begin), and what is to be sent is asked for.

mod deadlines;
mod echo;
mod hello;
mod sink;

pub use echo::{Echo, EchoOptions};
pub use hello::{Hello, HelloOptions};
pub use sink::{Sink, SinkOptions};
