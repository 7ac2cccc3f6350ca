//! A room: a log, those who read it, and the rules they have given it.

pub(crate) mod modes;

use std::sync::Arc;

use smallvec::SmallVec;
use wire::name::RoomName;

use crate::event::MemberId;
use crate::log::Log;
use modes::{Flags, Rules};

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: RoomName,
    /// In no order that means anything: who leaves is replaced by the last.
    pub(crate) members: Vec<MemberId>,
    pub(crate) log: Log,
    /// Something happened in this turn that `finish` must look at.
    pub(crate) dirty: bool,
    pub(crate) flags: Flags,
    /// What few rooms have.
    pub(crate) rules: Option<Box<Rules>>,
    pub(crate) topic: Option<Box<Topic>>,
    pub(crate) created_unix_ms: u64,
    /// Who may come in although the room is closed to others: by invitation, until they have come.
    pub(crate) invited: SmallVec<[MemberId; 0]>,
}

/// What a room is about.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) text: Arc<str>,
    /// Who set it: `name!user@host` at the time.
    pub(crate) by: Box<str>,
    pub(crate) set_unix_ms: u64,
}

impl Room {
    pub(crate) fn new(name: RoomName, created_unix_ms: u64) -> Self {
        Self {
            name,
            members: Vec::new(),
            log: Log::default(),
            dirty: false,
            flags: Flags::default(),
            rules: None,
            topic: None,
            created_unix_ms,
            invited: SmallVec::new(),
        }
    }

    /// The rules, made if there were none.
    pub(crate) fn rules_mut(&mut self) -> &mut Rules {
        self.rules.get_or_insert_default()
    }
}
