//! What happened: the only thing that changes what people share.
//!
//! Invariant: an event says all that applying it needs, so that whoever applies the same events in
//! the same order has the same rooms and names, with the same ids.

use std::sync::Arc;

use service::Key;
use wire::name::{Name, RoomName};

/// Who: the key of the member's connection.
pub(crate) type MemberId = Key;

/// Which room, while it exists.
pub(crate) type RoomId = Key;

/// Something that a member wants to have happened; applying it may refuse.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A connection becomes a member, and is given a guest's name.
    Arrived {
        member: MemberId,
    },
    Joined {
        member: MemberId,
        room: RoomName,
    },
    Left {
        member: MemberId,
        room: RoomId,
    },
    Renamed {
        member: MemberId,
        name: Name,
    },
    /// Something is said in a room.
    Said {
        member: MemberId,
        room: RoomId,
        manner: Manner,
        text: Arc<str>,
    },
    /// Something is said to one person.
    Told {
        member: MemberId,
        to: Name,
        text: Arc<str>,
    },
    /// A member leaves all rooms and gives its name back.
    Departed {
        member: MemberId,
    },
}

/// How something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Say,
    /// As an action: `* ada waves`.
    Act,
}

impl Event {
    /// Whose event it is.
    pub(crate) fn member(&self) -> MemberId {
        match self {
            Self::Arrived { member }
            | Self::Joined { member, .. }
            | Self::Left { member, .. }
            | Self::Renamed { member, .. }
            | Self::Said { member, .. }
            | Self::Told { member, .. }
            | Self::Departed { member } => *member,
        }
    }
}

/// What applying an event has changed.
#[derive(Clone, Debug)]
pub(crate) enum Applied {
    Arrived,
    Joined(RoomId),
    Left(RoomId),
    Renamed,
    Said,
    /// To whom, and from whom.
    Told(MemberId, Name),
    Departed,
}

/// Why an event was not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The member has gone, or has never come.
    NoMember,
    NameTaken(Name),
    NoSuchPerson(Name),
    /// One does not write to oneself.
    Yourself,
    /// The member is in the room already.
    AlreadyThere(RoomId),
    /// The member is not in the room.
    NotThere,
    TooManyRooms(usize),
    TooManyOwnRooms(usize),
}
