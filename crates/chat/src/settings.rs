//! What an operator may choose, bounds apart.

use std::fmt;
use std::sync::Arc;

use crate::{Limits, RoomName};

/// What a [`Switchboard`](crate::Switchboard) is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the server calls itself in its welcome.
    pub name: String,
    /// Lines shown after the welcome. Cleaned like all text.
    pub motd: Vec<String>,
    /// The room that everyone comes to first; it stays when it is empty.
    pub lobby: RoomName,
    /// Lines of history each room keeps in memory, within the bytes that [`Limits`] allows. With
    /// 0 nothing is kept and nothing is shown to those who join.
    pub room_history: usize,
    /// Relay bare lines without names, times, commands or a welcome: what one says, everyone else
    /// gets, and nothing else.
    pub anonymous: bool,
    /// Makes hash tables unforeseeable to peers. The same seed and the same calls give the same
    /// output.
    pub seed: u64,
    /// All bounds.
    pub limits: Limits,
    /// The zone in which people are shown times.
    pub zone: Zone,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "Switchboard".into(),
            motd: Vec::new(),
            lobby: "#lobby".parse().expect("a room name"),
            room_history: 100,
            anonymous: false,
            seed: 0,
            limits: Limits::default(),
            zone: Zone::UTC,
        }
    }
}

/// How far local time is ahead of UTC, which may depend on the date: the chat has no clock and no
/// time zone data of its own.
#[derive(Clone)]
pub struct Zone(Offset);

#[derive(Clone)]
enum Offset {
    Fixed(i32),
    Varying(Arc<dyn Fn(u64) -> i32 + Send + Sync>),
}

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(Offset::Fixed(0));

    /// Always `minutes` ahead of UTC (behind it, if negative).
    pub const fn fixed(minutes: i32) -> Self {
        Self(Offset::Fixed(minutes))
    }

    /// As many minutes ahead of UTC as `offset` answers for a moment in milliseconds since
    /// 1970-01-01 UTC. It must answer at once, and the same each time.
    pub fn varying(offset: impl Fn(u64) -> i32 + Send + Sync + 'static) -> Self {
        Self(Offset::Varying(Arc::new(offset)))
    }

    /// Minutes that local time is ahead of UTC at `unix_ms`.
    pub fn offset_minutes(&self, unix_ms: u64) -> i32 {
        match &self.0 {
            Offset::Fixed(minutes) => *minutes,
            Offset::Varying(offset) => offset(unix_ms),
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Offset::Fixed(minutes) => write!(f, "Zone({minutes:+} min)"),
            Offset::Varying(_) => f.write_str("Zone(varying)"),
        }
    }
}
