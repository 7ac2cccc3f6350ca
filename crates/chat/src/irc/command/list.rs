//! LIST: which rooms there are.

use service::Key;
use wire::irc::{Message, pieces};
use wire::mask;

use crate::event::RoomId;
use crate::irc::numeric::*;
use crate::irc::pending::{Answer, Looks, Progress};
use crate::irc::reply::Replies;
use crate::room::Room;
use crate::switchboard::Switchboard;

/// What LIST understands, for the token ELIST: creation time, masks, masks of what is not wanted,
/// the topic's time, numbers of users.
pub(in crate::irc) const ELIST: &str = "CMNTU";

/// `LIST [condition{,condition}]`: rooms that meet all of the conditions. Those that are names or
/// masks are one together: a room is to be like any of them.
pub(in crate::irc) fn list(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let mut conditions = Vec::new();
    let mut wanted = Vec::new();
    for part in message.param(0).unwrap_or("").split(',').filter(|part| !part.is_empty()) {
        match Condition::parse(part, chat.now.unix_ms) {
            Some(condition) => conditions.push(condition),
            None => wanted.push(part.into()),
        }
    }
    chat.answer_at_length(key, Answer::List(Listing { conditions, wanted, next: 0 }));
}

/// The answer to one LIST, to be written.
#[derive(Debug)]
pub(in crate::irc) struct Listing {
    conditions: Vec<Condition>,
    /// Masks of which one must be like the room's name, unless there are none.
    wanted: Vec<Box<str>>,
    /// The place of the next room in the table of all rooms.
    next: usize,
}

/// What a room must be like.
#[derive(Debug)]
enum Condition {
    NotLike(Box<str>),
    MoreUsers(usize),
    FewerUsers(usize),
    /// Made at this moment or later; or before it.
    MadeSince(u64),
    MadeBefore(u64),
    TopicSince(u64),
    TopicBefore(u64),
}

impl Condition {
    /// `None`: not a condition, so the name or mask of a room.
    fn parse(text: &str, now_ms: u64) -> Option<Self> {
        if let Some(mask) = text.strip_prefix('!') {
            return Some(Self::NotLike(mask.into()));
        }
        let (what, number) = text.split_at(text.find(|c: char| c.is_ascii_digit())?);
        let number: u64 = number.parse().ok()?;
        let users = usize::try_from(number).unwrap_or(usize::MAX);
        // So many minutes ago.
        let then = now_ms.saturating_sub(number.saturating_mul(60_000));
        match what {
            ">" => Some(Self::MoreUsers(users)),
            "<" => Some(Self::FewerUsers(users)),
            "C>" | "c>" => Some(Self::MadeBefore(then)),
            "C<" | "c<" => Some(Self::MadeSince(then)),
            "T>" | "t>" => Some(Self::TopicBefore(then)),
            "T<" | "t<" => Some(Self::TopicSince(then)),
            _ => None,
        }
    }

    fn is_met(&self, room: &Room) -> bool {
        let users = room.members.len();
        let topic = room.topic.as_ref().map(|topic| topic.set_unix_ms);
        match self {
            Self::NotLike(mask) => !mask::matches(mask, room.name.as_str()),
            Self::MoreUsers(least) => users > *least,
            Self::FewerUsers(most) => users < *most,
            Self::MadeSince(then) => room.created_unix_ms > *then,
            Self::MadeBefore(then) => room.created_unix_ms < *then,
            Self::TopicSince(then) => topic.is_some_and(|set| set > *then),
            Self::TopicBefore(then) => topic.is_some_and(|set| set < *then),
        }
    }
}

impl Listing {
    pub(in crate::irc) fn write(
        &mut self,
        chat: &Switchboard,
        key: Key,
        most: usize,
        looks: &mut Looks,
        to: &mut Replies<'_>,
    ) -> Progress {
        for (id, room) in chat.state.rooms.iter_from(self.next) {
            if to.out.len() >= most {
                return Progress::More;
            }
            if !looks.take() {
                return Progress::Later;
            }
            self.next = id.index() + 1;
            if !self.tells(chat, key, id, room) {
                continue;
            }
            let line = to.numeric(RPL_LIST).param(&room.name).param(room.members.len());
            let topic = room.topic.as_ref().map_or("", |topic| &topic.text);
            let topic = pieces(topic, line.text_bytes_left()).next().unwrap_or("");
            line.trailing(topic).end();
        }
        to.numeric(RPL_LISTEND).trailing("End of /LIST").end();
        Progress::Done
    }

    /// Whether `key` is told of this room. One in which nobody is (the lobby may be) is none.
    fn tells(&self, chat: &Switchboard, key: Key, id: RoomId, room: &Room) -> bool {
        let name = room.name.as_str();
        !room.members.is_empty()
            && chat.state.may_list(key, id)
            && (self.wanted.is_empty() || self.wanted.iter().any(|mask| mask::matches(mask, name)))
            && self.conditions.iter().all(|condition| condition.is_met(room))
    }
}
