//! What happened: the only thing that changes what people share.
//!
//! Invariant: an event says all that applying it needs, so that whoever applies the same events in
//! the same order has the same rooms and names, with the same ids.

use std::sync::Arc;

use service::Key;
use wire::name::{Name, RoomName};

use crate::authority::Denied;
use crate::metadata::{About, Changed, Edit, Unchanged};
use crate::person::modes::UserModes;
use crate::person::{Identity, Person};
use crate::room::change::Change;
use crate::room::modes::Rank;
use crate::settings::Taken;
use crate::words::Words;
use crate::{Ban, Matches, Settings};

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
        /// Why it does not answer, if it has said so already.
        away: Option<Arc<str>>,
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
    /// Says what a room is about; with an empty text, that nothing says so any more.
    TopicSet {
        member: MemberId,
        room: RoomId,
        text: Arc<str>,
    },
    /// Changes what a room allows and whom it ranks: each change that may be made is.
    ModesSet {
        member: MemberId,
        room: RoomId,
        changes: Vec<Change>,
    },
    /// Puts somebody out of a room.
    Removed {
        member: MemberId,
        room: RoomId,
        who: Name,
        reason: Arc<str>,
    },
    /// Asks somebody into a room.
    Invited {
        member: MemberId,
        room: RoomId,
        who: Name,
    },
    /// A room, with all that is in it, gets another name.
    RoomRenamed {
        member: MemberId,
        room: RoomId,
        name: RoomName,
        reason: Option<Arc<str>>,
    },
    /// Something is said about oneself, or about a room, for clients to show.
    Annotated {
        member: MemberId,
        about: About,
        edit: Edit,
    },
    /// A member becomes a server operator, under an operator's name; or is none any more.
    Opered {
        member: MemberId,
        operator: Option<Arc<str>>,
    },
    /// Will not answer for a while, for this reason; or is back.
    Away {
        member: MemberId,
        text: Option<Arc<str>>,
    },
    /// User modes are set and cleared.
    Marked {
        member: MemberId,
        set: UserModes,
        clear: UserModes,
    },
    /// Says what its real name is.
    Described {
        member: MemberId,
        real_name: Arc<str>,
    },
    /// Is seen to come from elsewhere, because a server operator has said so.
    Rehosted {
        member: MemberId,
        host: Arc<str>,
        by: Name,
    },
    /// A member leaves all rooms and gives its name back; perhaps because it was put out.
    Departed {
        member: MemberId,
        reason: Arc<str>,
        put_out: Option<Arc<PutOut>>,
    },

    /// Something is said to all who want to hear of the server.
    Wallops {
        member: MemberId,
        text: Arc<str>,
    },
    /// The server does not let somebody in from here on.
    Banned {
        member: MemberId,
        ban: Arc<Ban>,
    },
    /// A ban is lifted.
    Unbanned {
        member: MemberId,
        matches: Matches,
    },
    /// Server operators are told something; all but one, perhaps.
    Reported {
        but: Option<MemberId>,
        text: Arc<str>,
    },
    /// The configuration was read again, because a member said so or by itself.
    Configured {
        asker: Option<MemberId>,
        settings: Arc<Settings>,
    },
    /// The server ends, because a member said so or by itself.
    Ended {
        member: Option<MemberId>,
    },
}

/// Why a member is put out of the server.
#[derive(Debug)]
pub(crate) enum PutOut {
    /// A server operator has said so.
    Killed { by: Arc<Person>, reason: Box<str> },
    /// It goes on over another connection.
    Resumed,
}

/// Whose those events are that are nobody's.
pub(crate) const NOBODY: MemberId = Key::new(u32::MAX, Key::GENERATIONS - 1);

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
            | Self::TopicSet { member, .. }
            | Self::ModesSet { member, .. }
            | Self::Removed { member, .. }
            | Self::Invited { member, .. }
            | Self::RoomRenamed { member, .. }
            | Self::Annotated { member, .. }
            | Self::Opered { member, .. }
            | Self::Away { member, .. }
            | Self::Marked { member, .. }
            | Self::Described { member, .. }
            | Self::Rehosted { member, .. }
            | Self::Departed { member, .. }
            | Self::Wallops { member, .. }
            | Self::Banned { member, .. }
            | Self::Unbanned { member, .. } => *member,
            Self::Configured { asker: member, .. } | Self::Ended { member } => {
                member.unwrap_or(NOBODY)
            }
            Self::Reported { .. } => NOBODY,
        }
    }
}

impl Event {
    /// What it holds beside itself, in bytes.
    pub(crate) fn cost(&self) -> usize {
        let len = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        match self {
            Self::Said { words, .. } | Self::Told { words, .. } => words.cost(),
            Self::Left { reason: text, .. }
            | Self::Redacted { reason: text, .. }
            | Self::RoomRenamed { reason: text, .. }
            | Self::Away { text, .. }
            | Self::Arrived { away: text, .. }
            | Self::Joined { key: text, .. }
            | Self::Opered { operator: text, .. } => len(text),
            Self::TopicSet { text, .. }
            | Self::Removed { reason: text, .. }
            | Self::Departed { reason: text, .. }
            | Self::Described { real_name: text, .. }
            | Self::Wallops { text, .. }
            | Self::Rehosted { host: text, .. }
            | Self::Reported { text, .. } => text.len(),
            Self::ModesSet { changes, .. } => changes.iter().map(Change::cost).sum(),
            Self::Annotated { edit: Edit::Set(_, value), .. } => value.len(),
            Self::Banned { ban, .. } => size_of::<Ban>() + ban.reason.len(),
            Self::Configured { .. } => size_of::<Settings>(),
            Self::Annotated { .. }
            | Self::Shown { .. }
            | Self::Renamed { .. }
            | Self::Invited { .. }
            | Self::Marked { .. }
            | Self::Unbanned { .. }
            | Self::Ended { .. } => 0,
        }
    }

    /// Whether it is about keeping order in a room.
    pub(crate) fn is_moderation(&self) -> bool {
        matches!(
            self,
            Self::TopicSet { .. }
                | Self::ModesSet { .. }
                | Self::Removed { .. }
                | Self::Invited { .. }
                | Self::RoomRenamed { .. }
        )
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
    TopicSet,
    /// What has changed; and what has not, for which reason.
    ModesSet {
        done: Arc<[Change]>,
        refused: Vec<(Change, Refusal)>,
    },
    /// Who was put out.
    Removed(MemberId),
    /// Who was asked.
    Invited(MemberId),
    /// What the room was called before.
    RoomRenamed(RoomName),
    Annotated(Changed),
    Opered,
    Away,
    /// What has changed.
    Marked {
        set: UserModes,
        cleared: UserModes,
    },
    Described,
    /// Who it was before.
    Rehosted(Arc<Person>),
    /// Who it was.
    Departed(Arc<Person>),
    /// Who said it.
    Wallops(Arc<Person>),
    Banned,
    /// The ban there was.
    Unbanned(Ban),
    Reported,
    Configured(Taken),
    Ended,
}

impl Applied {
    /// Whether it concerns the member itself: what it says of itself, and how it is seen.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Self::Away | Self::Marked { .. } | Self::Described | Self::Rehosted(_))
    }
}

/// Why an event was not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server does not let it in; it is told so, in these words.
    Banned(Arc<str>),
    /// The member has gone, or has never come.
    NoMember,
    NameTaken(Name),
    /// The name could be taken for another member's, which comes second.
    LooksLike(Name, Name),
    NoSuchPerson(Name),
    /// That person hears only from those who are logged in to an account.
    OnlyRegistered(Name),
    /// The member is in the room already.
    AlreadyThere(RoomId),
    /// The member is not in the room.
    NotThere,
    Unannotated(Unchanged),
    /// Nothing of that number is kept.
    NoSuchMessage,
    /// Somebody else has said it, and the member does not keep order there.
    NotYours,
    /// What is wanted takes a higher standing in the room.
    Denied(Denied),
    /// It takes a higher one than this member of the room has.
    Outranked(Name),
    /// This member is not in the room.
    NotHere(Name),
    /// This member is in the room already.
    IsHere(Name),
    /// The room does not let the member in.
    Closed(Closed),
    /// The room does not let the member speak.
    Silenced(Silenced),
    /// The room's lists have so many masks, which is the limit.
    TooManyMasks(usize),
    /// There is no such room to send people to.
    NoForward(RoomName),
    /// There is, but the member is not who says so there.
    ForwardDenied(RoomName),
    /// Another room has that name.
    RoomTaken(RoomName),
    /// The lobby keeps its name.
    LobbyStays,
    /// The room has had another name until a moment ago.
    RenamedAlready,
    TooManyRooms(usize),
    TooManyOwnRooms(usize),
    TooManyBans(usize),
    NoSuchBan,
}

/// Why a room does not let somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    Banned,
    InviteOnly,
    /// The key was not said, or another.
    Key,
    /// It has as many members as it is to have.
    Full,
    /// It is for those logged in to an account.
    Registered,
}

/// Why a room does not let somebody speak who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silenced {
    Banned,
    /// Only those with a voice speak.
    Moderated,
    /// Those without a voice must be logged in to an account.
    Registered,
    /// It was a question between clients, or an answer to one.
    NoCtcp,
}

impl Refusal {
    /// Whether both are told in the same words.
    pub(crate) fn reads_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Denied(one), Self::Denied(other)) => one.needs == other.needs,
            (one, other) => one == other,
        }
    }
}
