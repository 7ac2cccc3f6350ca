//! What a client may ask for, as it asks for it.
//!
//! Invariant: what is a [`Request`] has all that it needs, of the right kinds; whether it may be had,
//! and is not too much, is for others. A line is bounded before it comes here.

use serde::Deserialize;
use wire::irc::pieces;

use super::message::{Code, Kind, TypingState};

/// One request. What stands in it beside this is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Request {
    /// First, and once: who is there, and where it wants to be.
    Hello(Hello),
    /// Says something in a room, or to a person.
    Say {
        room: Option<String>,
        to: Option<String>,
        text: String,
        kind: Option<Kind>,
    },
    /// A command as people with `nc` type it.
    Command {
        room: Option<String>,
        text: String,
    },
    Join(Wanted),
    Leave {
        room: String,
        reason: Option<String>,
    },
    Nick {
        name: String,
    },
    /// A page of what was said.
    History {
        room: String,
        before: Option<String>,
        after: Option<String>,
        count: Option<usize>,
    },
    /// What was said with this in it.
    Search {
        room: String,
        text: String,
        before: Option<String>,
    },
    Rooms,
    Members {
        room: String,
    },
    Typing {
        room: String,
        state: TypingState,
    },
    /// How far it has read.
    Read {
        room: String,
        id: String,
    },
    Ping,
}

/// The first request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Hello {
    pub(super) name: Option<String>,
    pub(super) token: Option<String>,
    pub(super) password: Option<String>,
    #[serde(default)]
    pub(super) rooms: Vec<Wanted>,
}

/// A room that a client wants to be in, and what it has had of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Wanted {
    pub(super) room: String,
    pub(super) after: Option<String>,
    pub(super) key: Option<String>,
}

/// What all requests have.
#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    n: Option<u64>,
}

/// What counts a request of which nothing else may be understood.
#[derive(Deserialize)]
struct Numbered {
    n: Option<u64>,
}

/// Why a line is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Of the request, if that much could be read.
    pub(super) n: Option<u64>,
    pub(super) code: Code,
    pub(super) text: String,
}

impl Request {
    /// What `type` may be.
    pub(super) const KINDS: [&'static str; 13] = [
        "hello", "say", "command", "join", "leave", "nick", "history", "search", "rooms",
        "members", "typing", "read", "ping",
    ];

    /// What its `type` is.
    #[cfg(test)]
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Say { .. } => "say",
            Self::Command { .. } => "command",
            Self::Join(_) => "join",
            Self::Leave { .. } => "leave",
            Self::Nick { .. } => "nick",
            Self::History { .. } => "history",
            Self::Search { .. } => "search",
            Self::Rooms => "rooms",
            Self::Members { .. } => "members",
            Self::Typing { .. } => "typing",
            Self::Read { .. } => "read",
            Self::Ping => "ping",
        }
    }

    /// Understands a line: the request, and the number that the client gave it.
    pub(super) fn parse(line: &[u8]) -> Result<(Option<u64>, Self), Fault> {
        let no_json = |_| Fault {
            n: None,
            code: Code::NotJson,
            text: "That was no JSON object. Nothing was done. Send one object in each message."
                .into(),
        };
        let text = std::str::from_utf8(line).map_err(|_| no_json(()))?;
        if !text.trim_start().starts_with('{') {
            return Err(no_json(()));
        }
        let envelope: Envelope =
            serde_json::from_str(text).map_err(|error| match error.is_data() {
                true => Fault::bad(number_of(text), &error),
                false => no_json(()),
            })?;
        let n = envelope.n;
        if !Self::KINDS.contains(&&*envelope.kind) {
            let kind = pieces(&envelope.kind, 64).next().unwrap_or("").to_owned();
            let text = format!("There is no request of the type {kind:?}. Nothing was done.");
            return Err(Fault { n, code: Code::UnknownType, text });
        }
        let request = serde_json::from_str(text).map_err(|error| Fault::bad(n, &error))?;
        Ok((n, request))
    }
}

/// The number of a request, if it has one that can be read.
fn number_of(text: &str) -> Option<u64> {
    serde_json::from_str(text).ok().and_then(|numbered: Numbered| numbered.n)
}

impl Fault {
    fn bad(n: Option<u64>, error: &serde_json::Error) -> Self {
        let why = error.to_string();
        let why = pieces(&why, 160).next().unwrap_or("");
        let text = format!("That request cannot be understood: {why}. Nothing was done.");
        Self { n, code: Code::BadRequest, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<(Option<u64>, Request), (Option<u64>, Code)> {
        Request::parse(line.as_bytes()).map_err(|fault| (fault.n, fault.code))
    }

    #[test]
    fn requests_are_understood() {
        let say = |text: &str| Request::Say {
            room: Some("#a".into()),
            to: None,
            text: text.into(),
            kind: None,
        };
        for (line, request) in [
            (r##"{"type":"say","n":1,"room":"#a","text":"x\ny"}"##, (Some(1), say("x\ny"))),
            (r##" {"later":[1,{}],"text":"\u00e9","room":"#a","type":"say"} "##, (None, say("é"))),
            (
                r#"{"type":"ping","n":9007199254740991}"#,
                (Some(9_007_199_254_740_991), Request::Ping),
            ),
            (r#"{"type":"hello","name":null}"#, (None, Request::Hello(Hello::default()))),
        ] {
            assert_eq!(parse(line), Ok(request), "{line}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_its_number_if_it_has_one() {
        for (line, n, code) in [
            ("", None, Code::NotJson),
            ("hello", None, Code::NotJson),
            ("{", None, Code::NotJson),
            (r#"{"type":"ping"} {"type":"ping"}"#, None, Code::NotJson),
            ("[\"ping\", 5]", None, Code::NotJson),
            ("3", None, Code::NotJson),
            (r#"{"n":1}"#, Some(1), Code::BadRequest),
            (r#"{"type":"ping","n":-1}"#, None, Code::BadRequest),
            (r#"{"type":"ping","n":1.5}"#, None, Code::BadRequest),
            (r#"{"type":"ping","n":"1"}"#, None, Code::BadRequest),
            (r#"{"type":7,"n":1}"#, Some(1), Code::BadRequest),
            (r#"{"type":null,"n":1}"#, Some(1), Code::BadRequest),
            (r#"{"type":"ping","n":1,"type":"ping"}"#, Some(1), Code::BadRequest),
            (r#"{"type":7,"n":1,"n":2}"#, None, Code::BadRequest),
            (r#"{"type":7}"#, None, Code::BadRequest),
            (r#"{"type":"PING","n":1}"#, Some(1), Code::UnknownType),
            (r#"{"type":"join","n":1}"#, Some(1), Code::BadRequest),
            (r##"{"type":"join","n":1,"room":["#a"]}"##, Some(1), Code::BadRequest),
            (r##"{"type":"join","n":1,"room":"#a","room":"#b"}"##, Some(1), Code::BadRequest),
            (
                r##"{"type":"say","n":1,"room":"#a","text":"x","kind":"shout"}"##,
                Some(1),
                Code::BadRequest,
            ),
        ] {
            assert_eq!(parse(line), Err((n, code)), "{line}");
        }
        assert_eq!(Request::parse(b"{\"type\":\"\xff\"}").unwrap_err().code, Code::NotJson);
        let deep = "[".repeat(16_000);
        assert_eq!(parse(&deep), Err((None, Code::NotJson)));
        let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(10_000));
        assert!(Request::parse(long.as_bytes()).unwrap_err().text.len() < 200);
    }

    #[test]
    fn each_kind_is_known_by_its_name() {
        for kind in Request::KINDS {
            let line = format!(
                r##"{{"type":"{kind}","room":"#a","text":"t","name":"n","id":"i","state":"done"}}"##
            );
            let (_, request) = parse(&line).unwrap_or_else(|why| panic!("{kind}: {why:?}"));
            assert_eq!(request.kind(), kind);
        }
    }
}
