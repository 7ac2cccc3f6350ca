//! Counters for logs and metrics.

use std::time::Duration;

/// What a [`Switchboard`](crate::Switchboard) counts: members and rooms are those of the server, all
/// else is this loop's. All but the first four only ever grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections of this loop now, those being closed included.
    pub connections: usize,
    /// Members now: connections that have been welcomed and have not left.
    pub members: usize,
    /// Rooms now.
    pub rooms: usize,
    /// What rooms keep for readers of this loop that are behind, in bytes, without what has been
    /// rendered of it; with it, up to a few lines a room that all have had.
    pub log_bytes: usize,
    /// Connections that were opened.
    pub opened: u64,
    /// Connections refused for a limit on their number or on their address.
    pub refused: u64,
    /// Requests of HTTP answered, WebSockets among them.
    pub requests: u64,
    /// Whole lines received.
    pub lines_in: u64,
    /// Lines from rooms handed to readers' connections.
    pub lines_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes handed to the engine to be sent.
    pub bytes_out: u64,
    /// Lines refused because they were too long.
    pub lines_too_long: u64,
    /// Lines held back because their author was too fast.
    pub lines_held: u64,
    /// Bytes passed over because more came than could be held back.
    pub bytes_dropped: u64,
    /// Times a reader missed lines because it was too slow.
    pub slow_told: u64,
    /// Readers closed because they were too slow.
    pub slow_closed: u64,
}

/// How long the turns of a loop took, as whoever runs it has measured. All but the first are about
/// the last few seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnTimes {
    /// Turns so far.
    pub turns: u64,
    /// Turns within [`TurnTimes::over`].
    pub recent: u64,
    /// What "recent" means.
    pub over: Duration,
    /// Half of the turns took no longer.
    pub median: Duration,
    /// 99 of 100 took no longer.
    pub slow: Duration,
    /// The longest one.
    pub longest: Duration,
    /// What they took together: of the rest of the time, the loop had nothing to do.
    pub busy: Duration,
}

/// What the program around the chat knows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Which version it is; empty: not known.
    pub version: String,
    /// Which engine serves; empty: not known.
    pub engine: String,
    /// Bytes of memory that are resident.
    pub memory_bytes: Option<u64>,
    /// Time that it has spent on all cores.
    pub cpu: Option<Duration>,
    /// How long turns take, by the number of the loop. What is missing is not known.
    pub loops: Vec<TurnTimes>,
}
