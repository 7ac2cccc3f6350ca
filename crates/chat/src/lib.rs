//! The chat itself: rooms, names, and the dialects people speak to them.
//!
//! [`Switchboard`] is a [`service::Service`]: it is told what happened and asked what to send. It
//! has no socket, clock, thread or randomness of its own, so that it runs the same under every
//! engine and in the simulator, and the same calls always give the same output.
//!
//! The path of a line, top to bottom: `switchboard` (received) → `door` (which language it is, once)
//! → `inbox` (frames a line) → `plain`, `irc` or `web` (what is wanted; obeys) → an `event` proposed
//! (`switchboard::consequences`) to the `trunk`, which gives it its place in the one order → `state`
//! (applies it: the only place where rules are decided) → `room` and its `log` → `switchboard`
//! (finish: one flush per reader) → `outbox` (what this reader has not had) → `dialect` (renders it,
//! once for all readers of a kind).
//!
//! ```
//! use chat::{Settings, Switchboard};
//!
//! let service = Switchboard::new(Settings { name: "chat.example".into(), ..Settings::default() });
//! assert_eq!(service.stats().connections, 0);
//! ```

mod address;
mod authority;
mod ban;
mod bans;
mod cloak;
mod common;
mod counting;
mod deadline;
mod dialect;
mod door;
mod ending;
mod event;
mod exchange;
mod former;
mod framing;
mod gate;
mod hash;
mod history;
mod host;
mod http;
mod inbox;
mod irc;
mod limits;
mod log;
mod lookalikes;
mod metadata;
mod moderation;
mod moment;
mod outbox;
mod person;
mod plain;
mod questions;
#[cfg(test)]
mod races;
mod room;
mod session;
mod settings;
mod state;
mod stats;
mod status;
mod switchboard;
mod timer;
mod trunk;
mod web;
mod words;

pub use ban::{Ban, Matches, Network};
pub use exchange::Exchange;
pub use host::{Answer, Host, NoHost, Ticket};
pub use http::{Caching, File, Site};
pub use limits::{Limits, Rate, SlowReaders};
pub use settings::{Operator, Settings, Speaks, Status, Zone};
pub use stats::{Stats, TurnTimes, Vitals};
pub use switchboard::Switchboard;
pub use wire::name::{Charset, Name, NotAName, RoomName};
