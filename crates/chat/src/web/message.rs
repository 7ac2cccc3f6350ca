//! What a client is told, as it is told.
//!
//! Invariant: a message is written as one line, with nothing in it that could end a line or harm who
//! shows it as text.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};
use wire::text;

use crate::irc::render::{MessageId, Stamp};
use crate::words::Manner;

/// One message to a client.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum Message<'a> {
    /// It is a member now.
    Welcome {
        protocol: &'static str,
        server: &'a str,
        name: &'a str,
        token: &'a str,
        resumed: bool,
        /// The highest `n` of a `say` that was accepted.
        said: u64,
        epoch: &'a str,
        lobby: &'a str,
        motd: &'a [String],
        commands: Vec<String>,
        limits: Bounds,
    },
    /// It is in a room: what there is of it.
    Room {
        room: &'a str,
        topic: Cow<'a, str>,
        #[serde(flatten)]
        who: Who<'a>,
        messages: Vec<Message<'a>>,
        /// Whether earlier ones are kept; if it has said what it has had, of those behind that.
        more: bool,
        /// Whether some of what was said behind what it has had is not kept any more.
        gap: bool,
        /// What was taken back since.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        redacted: Vec<MessageId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        read: Option<MessageId>,
    },
    #[serde(rename = "message")]
    Said {
        id: MessageId,
        #[serde(flatten)]
        stamp: Stamp,
        room: &'a str,
        from: &'a str,
        kind: Kind,
        text: Cow<'a, str>,
    },
    Private {
        id: MessageId,
        #[serde(flatten)]
        stamp: Stamp,
        from: &'a str,
        to: &'a str,
        kind: Kind,
        text: Cow<'a, str>,
    },
    Joined {
        #[serde(flatten)]
        stamp: Stamp,
        room: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        away: Option<Cow<'a, str>>,
    },
    Left {
        #[serde(flatten)]
        stamp: Stamp,
        room: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Cow<'a, str>>,
    },
    Quit {
        #[serde(flatten)]
        stamp: Stamp,
        name: &'a str,
        reason: Cow<'a, str>,
    },
    Renamed {
        #[serde(flatten)]
        stamp: Stamp,
        from: &'a str,
        to: &'a str,
    },
    Topic {
        #[serde(flatten)]
        stamp: Stamp,
        room: &'a str,
        by: &'a str,
        text: Cow<'a, str>,
    },
    Modes {
        #[serde(flatten)]
        stamp: Stamp,
        room: &'a str,
        by: &'a str,
        text: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ranks: Vec<RankChange<'a>>,
    },
    Removed {
        #[serde(flatten)]
        stamp: Stamp,
        room: &'a str,
        by: &'a str,
        name: &'a str,
        reason: Cow<'a, str>,
    },
    Redacted {
        #[serde(flatten)]
        stamp: Stamp,
        room: &'a str,
        id: MessageId,
        by: &'a str,
    },
    Presence {
        #[serde(flatten)]
        stamp: Stamp,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        away: Option<Cow<'a, str>>,
    },
    Typing {
        room: &'a str,
        name: &'a str,
        state: TypingState,
    },
    RoomRenamed {
        #[serde(flatten)]
        stamp: Stamp,
        from: &'a str,
        to: &'a str,
        by: &'a str,
    },
    Ack {
        n: u64,
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        said: Option<Placed>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
    },
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        n: Option<u64>,
        code: Code,
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<&'a str>,
        text: Cow<'a, str>,
    },
    Info {
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<&'a str>,
        text: Cow<'a, str>,
    },
    History {
        #[serde(skip_serializing_if = "Option::is_none")]
        n: Option<u64>,
        room: &'a str,
        messages: Vec<Message<'a>>,
        more: bool,
        /// Whether some of what was said behind the first point is not kept any more.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        gap: bool,
    },
    Found {
        #[serde(skip_serializing_if = "Option::is_none")]
        n: Option<u64>,
        room: &'a str,
        messages: Vec<Message<'a>>,
        more: bool,
        /// From where to look on.
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<MessageId>,
    },
    Rooms {
        #[serde(skip_serializing_if = "Option::is_none")]
        n: Option<u64>,
        rooms: Vec<Listed<'a>>,
        /// How many there are, of which these are the largest.
        count: usize,
    },
    Members {
        #[serde(skip_serializing_if = "Option::is_none")]
        n: Option<u64>,
        room: &'a str,
        #[serde(flatten)]
        who: Who<'a>,
    },
    /// It was too slow.
    Missed {
        room: &'a str,
        count: u64,
    },
    /// The last word.
    Closing {
        code: Ending,
        text: Cow<'a, str>,
    },
}

/// What a client is told that it may send.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bounds {
    pub(crate) text_bytes: usize,
    pub(crate) lines: usize,
    pub(crate) name_bytes: usize,
    pub(crate) room_name_bytes: usize,
    pub(crate) topic_bytes: usize,
    pub(crate) rooms: usize,
    pub(crate) history: usize,
}

/// Who is in a room.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Who<'a> {
    pub(crate) members: Vec<Present<'a>>,
    /// How many there are in all.
    pub(crate) count: usize,
    /// Whether all of them are among `members`.
    pub(crate) complete: bool,
}

/// Somebody in a room.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Present<'a> {
    pub(crate) name: &'a str,
    /// The signs of its ranks, the highest first.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) rank: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) away: Option<Cow<'a, str>>,
}

/// A rank was given, or taken.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RankChange<'a> {
    pub(crate) name: &'a str,
    /// Its sign.
    pub(crate) rank: char,
    pub(crate) given: bool,
}

/// A room in a list of rooms.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Listed<'a> {
    pub(crate) room: &'a str,
    pub(crate) members: usize,
    pub(crate) topic: Cow<'a, str>,
}

/// Under which id and number something has its place that was said.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Placed {
    pub(crate) id: MessageId,
    #[serde(flatten)]
    pub(crate) stamp: Stamp,
}

/// How something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Say,
    Act,
    Notice,
}

/// Whether somebody is writing something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TypingState {
    Active,
    Paused,
    Done,
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Code {
    /// The line was no JSON object.
    NotJson,
    UnknownType,
    /// Something is missing, or of the wrong kind.
    BadRequest,
    TooLong,
    /// Nobody is a member before it has said hello.
    HelloFirst,
    HelloTwice,
    /// The server asks for a password, which was not given or is another.
    Password,
    /// There is nothing to say.
    Empty,
    NoSuchRoom,
    NoSuchPerson,
    /// The id is none, or of a run of the server that is over.
    NoSuchMessage,
    NotInRoom,
    BadName,
    NameTaken,
    TooFast,
    /// It takes a higher standing.
    NotAllowed,
    /// The room does not let the client in.
    Closed,
    /// The room does not let it speak.
    Silenced,
    /// It is as many as there may be.
    TooMany,
    /// There is no such command, or something is missing in it.
    BadCommand,
    /// Something else stands in the way.
    Refused,
}

impl Code {
    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 21] = [
        Self::NotJson,
        Self::UnknownType,
        Self::BadRequest,
        Self::TooLong,
        Self::HelloFirst,
        Self::HelloTwice,
        Self::Password,
        Self::Empty,
        Self::NoSuchRoom,
        Self::NoSuchPerson,
        Self::NoSuchMessage,
        Self::NotInRoom,
        Self::BadName,
        Self::NameTaken,
        Self::TooFast,
        Self::NotAllowed,
        Self::Closed,
        Self::Silenced,
        Self::TooMany,
        Self::BadCommand,
        Self::Refused,
    ];
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ending {
    /// For a reason that the text gives.
    #[default]
    Closed,
    /// By the client's own wish.
    Quit,
    Shutdown,
    /// It did not read what it was sent.
    Slow,
    /// A server operator has put it out.
    PutOut,
    Banned,
    /// It has not said hello, or not the password.
    NotWelcome,
    /// Another connection has taken over with its token.
    ResumedElsewhere,
}

impl Ending {
    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 8] = [
        Self::Closed,
        Self::Quit,
        Self::Shutdown,
        Self::Slow,
        Self::PutOut,
        Self::Banned,
        Self::NotWelcome,
        Self::ResumedElsewhere,
    ];
}

impl Message<'_> {
    /// Appends it as a line.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(&mut *out, self).expect("a vector takes all, and JSON all of this");
        out.push(b'\n');
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Kind {
    /// How it is meant, if it is meant for people.
    pub(crate) fn of(manner: Manner) -> Option<Self> {
        match manner {
            Manner::Say => Some(Self::Say),
            Manner::Act => Some(Self::Act),
            Manner::Notice => Some(Self::Notice),
            Manner::Ctcp | Manner::CtcpReply | Manner::Tags => None,
        }
    }

    pub(super) fn manner(self) -> Manner {
        match self {
            Self::Say => Manner::Say,
            Self::Act => Manner::Act,
            Self::Notice => Manner::Notice,
        }
    }
}

impl TypingState {
    /// As IRC's tag `+typing` has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Done => "done",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Done].into_iter().find(|state| state.as_str() == text)
    }
}

/// Text of one line or several, without what could harm who shows it.
pub(crate) fn cleaned(words: &str) -> Cow<'_, str> {
    if !words.contains('\n') {
        return text::clean(words);
    }
    let lines: Vec<Cow<'_, str>> = words.split('\n').map(text::clean).collect();
    Cow::Owned(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_is_in_it() {
        let mut out = Vec::new();
        let words = "a\nb\r\u{2028}\"\\\u{1b}[31mred\u{202e}<script>\0";
        Message::Info { room: None, text: cleaned(words) }.write(&mut out);
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        assert_eq!(text, "{\"type\":\"info\",\"text\":\"a\\nb \\\"\\\\red<script>\"}\n");
    }
}
