//! What is known of one client beside its session: boxed, as of IRC clients.

use std::collections::VecDeque;

use service::{Key, Time};

use super::message::{Code, Ending, Message};
use super::request::Wanted;
use super::resume::Token;
use crate::dialect::Dialect;
use crate::event::RoomId;
use crate::gate::Gate;
use crate::outbox::Place;
use crate::plain::render::{Form, Lines, Newline, Reader};
use crate::switchboard::Switchboard;

/// One connection that speaks `switchboard.v1`.
#[derive(Debug)]
pub(crate) struct Client {
    pub(super) greeting: Greeting,
    /// By what it will be known again, once it has said hello.
    pub(super) token: Option<Token>,
    /// How much it may ask for history beside its other requests.
    pub(super) history: Gate,
    /// Rooms it has said hello for and is not in yet.
    pub(super) joining: VecDeque<Wanted>,
    /// What it has had of the room that it is coming into.
    pub(super) had: Option<Box<str>>,
    /// The request being obeyed.
    pub(super) obeying: Option<Box<Obeying>>,
    /// What is told in plain words meanwhile, which is to be part of something else.
    overheard: Option<Vec<u8>>,
    /// Why it is put out, if it is.
    pub(super) ending: Ending,
}

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// It has connected then, and has given so many wrong passwords.
    Awaited {
        since: Time,
        wrong_passwords: u32,
    },
    /// It has said hello, and is being let in: as a newcomer, or as who was there before.
    Heard(Resumed),
    Welcomed,
}

/// Whether a client goes on from an earlier connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resumed {
    Yes,
    No,
}

/// A request that is being obeyed.
#[derive(Debug)]
pub(super) struct Obeying {
    pub(super) n: Option<u64>,
    /// The room it is about, for commands that do not name one.
    pub(super) room: Option<RoomId>,
    pub(super) answered: Answered,
    /// What it was told in plain words.
    told: Vec<u8>,
}

/// Whether a request has had its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Yes,
    No,
}

impl Client {
    /// A client that has connected.
    pub(crate) fn new(now: Time) -> Self {
        Self {
            greeting: Greeting::Awaited { since: now, wrong_passwords: 0 },
            token: None,
            history: Gate::default(),
            joining: VecDeque::new(),
            had: None,
            obeying: None,
            overheard: None,
            ending: Ending::default(),
        }
    }

    /// Since when it is waited for its hello, if it is.
    pub(crate) fn awaited_since(&self) -> Option<Time> {
        match self.greeting {
            Greeting::Awaited { since, .. } => Some(since),
            Greeting::Heard(_) | Greeting::Welcomed => None,
        }
    }

    /// Whether it is still coming into rooms.
    pub(crate) fn is_joining(&self) -> bool {
        !self.joining.is_empty()
    }

    /// Why it is put out, if it is.
    pub(crate) fn ending(&self) -> Ending {
        self.ending
    }
}

impl Obeying {
    pub(super) fn new(n: Option<u64>) -> Self {
        Self { n, room: None, answered: Answered::No, told: Vec::new() }
    }
}

impl Switchboard {
    /// What `key` has as a client of this dialect.
    pub(crate) fn web(&self, key: Key) -> Option<&Client> {
        match &self.sessions.get(key)?.dialect {
            Dialect::Web(client) => Some(client),
            Dialect::Undecided | Dialect::Plain(_) | Dialect::Irc(_) | Dialect::Http(_) => None,
        }
    }

    /// The same, to change.
    pub(crate) fn web_mut(&mut self, key: Key) -> Option<&mut Client> {
        match &mut self.sessions.get_mut(key)?.dialect {
            Dialect::Web(client) => Some(client),
            Dialect::Undecided | Dialect::Plain(_) | Dialect::Irc(_) | Dialect::Http(_) => None,
        }
    }

    /// Tells `key` something, after all that has happened so far.
    pub(crate) fn send_web(&mut self, key: Key, message: &Message<'_>) {
        self.send_web_at(key, Place::after(self.trunk.last_seq()), message);
    }

    /// The same, at `place`.
    pub(super) fn send_web_at(&mut self, key: Key, place: Place, message: &Message<'_>) {
        self.mail(key, place, |out| message.write(out));
    }

    /// `key` is told that its request was not done, and why; or, if none is being obeyed, that
    /// something else was not.
    pub(super) fn refuse_web(&mut self, key: Key, code: Code, text: &str) {
        self.refuse_web_room(key, code, None, text);
    }

    /// The same, of something that is about a room.
    pub(super) fn refuse_web_room(&mut self, key: Key, code: Code, room: Option<&str>, text: &str) {
        let n = self.answers(key);
        self.send_web(key, &Message::Error { n, code, room, text: text.into() });
    }

    /// What is told to `key` now answers its request: under which number, if it has one.
    pub(super) fn answers(&mut self, key: Key) -> Option<u64> {
        let obeying = self.web_mut(key)?.obeying.as_mut()?;
        match std::mem::replace(&mut obeying.answered, Answered::Yes) {
            Answered::No => obeying.n,
            Answered::Yes => None,
        }
    }

    /// Lets `write` tell `key` something in plain words: at once, or, while a request is being
    /// obeyed, together with what else is told then.
    pub(crate) fn tell_web_lines(&mut self, key: Key, write: impl FnOnce(&mut Lines<'_>)) {
        let newline = Newline::Lf;
        let Some(client) = self.web_mut(key) else {
            return;
        };
        if let Some(out) = &mut client.overheard {
            return write(&mut Lines { out, newline });
        }
        if let Some(obeying) = &mut client.obeying {
            return write(&mut Lines { out: &mut obeying.told, newline });
        }
        let mut out = Vec::new();
        write(&mut Lines { out: &mut out, newline });
        self.send_web_info(key, None, &out);
    }

    /// What was told in plain words while a request of `key` was obeyed is sent.
    pub(super) fn send_told(&mut self, key: Key) {
        let Some(obeying) = self.web_mut(key).and_then(|client| client.obeying.as_mut()) else {
            return;
        };
        let (told, room) = (std::mem::take(&mut obeying.told), obeying.room);
        let room = room.and_then(|room| self.state.rooms.get(room));
        let room = room.map(|room| room.name.clone());
        self.send_web_info(key, room.as_ref().map(|room| room.as_str()), &told);
    }

    fn send_web_info(&mut self, key: Key, room: Option<&str>, lines: &[u8]) {
        let text = String::from_utf8_lossy(lines);
        let text = text.trim_end_matches('\n');
        if !text.is_empty() {
            self.send_web(key, &Message::Info { room, text: text.into() });
        }
    }

    /// What `tell` would tell `key` in plain words.
    pub(super) fn in_plain_words(&mut self, key: Key, tell: impl FnOnce(&mut Self)) -> String {
        if let Some(client) = self.web_mut(key) {
            client.overheard = Some(Vec::new());
        }
        tell(self);
        let lines = self.web_mut(key).and_then(|client| client.overheard.take());
        let text = String::from_utf8(lines.unwrap_or_default()).unwrap_or_default();
        text.trim_end_matches('\n').to_owned()
    }

    /// How `key` would read, were it a person with `nc` who has typed the command being obeyed.
    pub(crate) fn web_reader(&self, key: Key) -> Option<Reader> {
        let obeying = self.web(key)?.obeying.as_ref()?;
        Some(Reader { current: obeying.room, newline: Newline::Lf, form: Form::Full })
    }

    /// `key` is about to be put out for this reason.
    pub(crate) fn note_ending(&mut self, key: Key, ending: Ending) {
        if let Some(client) = self.web_mut(key) {
            client.ending = ending;
        }
    }
}
