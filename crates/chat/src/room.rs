//! A room: a log, those who read it, and the rules they have given it.

pub(crate) mod change;
pub(crate) mod masks;
pub(crate) mod modes;

use std::sync::Arc;

use wire::name::RoomName;

use crate::event::MemberId;
use crate::log::Log;
use crate::metadata::Metadata;
use modes::{Flags, Rules, Value};

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: RoomName,
    /// Those first of whom the room has been told; apart from that in no order that means anything.
    pub(crate) members: Vec<MemberId>,
    /// How many of them the room has been told of.
    pub(crate) shown: usize,
    pub(crate) log: Log,
    /// Something happened in this turn that `finish` must look at.
    pub(crate) dirty: bool,
    /// The turn in which that was last so; 0: in none.
    pub(crate) settled: u64,
    pub(crate) flags: Flags,
    /// What few rooms have.
    pub(crate) rules: Option<Box<Rules>>,
    pub(crate) topic: Option<Box<Topic>>,
    /// What is said of it for clients to show.
    pub(crate) metadata: Metadata,
    pub(crate) created_unix_ms: u64,
    /// The number of the event that made it; 0: it was there from the start.
    pub(crate) created_seq: u64,
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
    pub(crate) fn new(name: RoomName, created_unix_ms: u64, created_seq: u64) -> Self {
        Self {
            name,
            members: Vec::new(),
            shown: 0,
            log: Log::default(),
            dirty: false,
            settled: 0,
            flags: Flags::default(),
            rules: None,
            topic: None,
            metadata: Metadata::default(),
            created_unix_ms,
            created_seq,
        }
    }

    /// The rules, made if there were none.
    pub(crate) fn rules_mut(&mut self) -> &mut Rules {
        self.rules.get_or_insert_default()
    }

    /// What it allows, in letters and what stands behind them. The key and where those go who may
    /// not come in are for members.
    pub(crate) fn modes(&self, is_inside: bool) -> (String, Vec<String>) {
        let mut letters = format!("+{}", self.flags);
        let mut params = Vec::new();
        if let Some(rules) = &self.rules {
            let limit = rules.limit.map(|limit| limit.to_string());
            let forward = rules.forward.as_ref().filter(|_| is_inside);
            let key = rules.key.as_ref().map(|key| if is_inside { key } else { "*" });
            let values = [
                (Value::Key, key),
                (Value::Limit, limit.as_deref()),
                (Value::Forward, forward.map(RoomName::as_str)),
            ];
            for (value, param) in values {
                if let Some(param) = param {
                    letters.push(value.letter());
                    params.push(param.to_owned());
                }
            }
        }
        (letters, params)
    }
}
