//! Counters for logs and metrics.

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
    /// Whole lines received.
    pub lines_in: u64,
    /// Lines from rooms handed to readers' connections.
    pub lines_out: u64,
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
