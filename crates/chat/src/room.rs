//! A room: a log and those who read it.

use wire::name::RoomName;

use crate::event::MemberId;
use crate::log::Log;

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: RoomName,
    /// In no order that means anything: who leaves is replaced by the last.
    pub(crate) members: Vec<MemberId>,
    pub(crate) log: Log,
    /// Something happened in this turn that `finish` must look at.
    pub(crate) dirty: bool,
}

impl Room {
    pub(crate) fn new(name: RoomName) -> Self {
        Self { name, members: Vec::new(), log: Log::default(), dirty: false }
    }
}
