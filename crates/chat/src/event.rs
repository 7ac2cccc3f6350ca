//! What happened: the only thing that changes what people share.
//!
//! Invariant: an event says all that applying it needs, so that whoever applies the same events in
//! the same order has the same rooms and names, with the same ids.

use std::sync::Arc;

use service::Key;
use wire::name::{Name, RoomName};

use crate::person::{Identity, Person};
use crate::room::modes::Rank;
use crate::words::Words;

/// Who: the key of the member's connection.
pub(crate) type MemberId = Key;

/// Which room, while it exists.
pub(crate) type RoomId = Key;

/// Something that a member wants to have happened; applying it may refuse.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A connection becomes a member, under the name it wants; or else it is given a guest's.
    Arrived {
        member: MemberId,
        name: Option<Name>,
        identity: Arc<Identity>,
    },
    /// Comes into a room, or makes it.
    Joined {
        member: MemberId,
        room: RoomName,
        key: Option<Arc<str>>,
    },
    /// A room is told of a member that came without being announced.
    Shown {
        member: MemberId,
        room: RoomId,
    },
    Left {
        member: MemberId,
        room: RoomId,
        reason: Option<Arc<str>>,
    },
    Renamed {
        member: MemberId,
        name: Name,
    },
    /// Something is said in a room; with a rank, to those who have it or more, and nobody else.
    Said {
        member: MemberId,
        room: RoomId,
        least: Option<Rank>,
        words: Words,
    },
    /// Something is said to one person.
    Told {
        member: MemberId,
        to: Name,
        words: Words,
    },
    /// Something said in a room, under this number, is taken back.
    Redacted {
        member: MemberId,
        room: RoomId,
        seq: u64,
        reason: Option<Arc<str>>,
    },
    /// A member becomes a server operator, under an operator's name; or is none any more.
    Opered {
        member: MemberId,
        operator: Option<Arc<str>>,
    },
    /// A member leaves all rooms and gives its name back.
    Departed {
        member: MemberId,
        reason: Arc<str>,
    },
}

impl Event {
    /// Whose event it is.
    pub(crate) fn member(&self) -> MemberId {
        match self {
            Self::Arrived { member, .. }
            | Self::Joined { member, .. }
            | Self::Shown { member, .. }
            | Self::Left { member, .. }
            | Self::Renamed { member, .. }
            | Self::Said { member, .. }
            | Self::Told { member, .. }
            | Self::Redacted { member, .. }
            | Self::Opered { member, .. }
            | Self::Departed { member, .. } => *member,
        }
    }
}

/// What applying an event has changed.
#[derive(Clone, Debug)]
pub(crate) enum Applied {
    Arrived,
    Joined(RoomId),
    Shown,
    Left(RoomId),
    /// Who it was before.
    Renamed(Arc<Person>),
    Said,
    /// To those in the room who have a rank.
    SaidToRank(RoomId, Arc<Person>),
    /// To whom, and from whom.
    Told(MemberId, Arc<Person>),
    Redacted,
    Opered,
    /// Who it was.
    Departed(Arc<Person>),
}

/// Why an event was not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The member has gone, or has never come.
    NoMember,
    NameTaken(Name),
    /// The name could be taken for another member's, which comes second.
    LooksLike(Name, Name),
    NoSuchPerson(Name),
    /// The member is in the room already.
    AlreadyThere(RoomId),
    /// The member is not in the room.
    NotThere,
    /// Nothing of that number is kept.
    NoSuchMessage,
    /// Somebody else has said it, and the member does not keep order there.
    NotYours,
    TooManyRooms(usize),
    TooManyOwnRooms(usize),
}
