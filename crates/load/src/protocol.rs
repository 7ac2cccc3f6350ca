//! How clients come in, how they say a line, and how a delivery is known when it arrives.
//!
//! Invariant: a client never waits, and holds no socket: it is given the bytes that came, answers
//! how many of them it has dealt with (the rest comes again, with more behind it), and appends what
//! it has to say to a buffer.
//!
//! Whoever adds a protocol writes a [`Protocol`] and its [`Client`]; nothing else changes.

mod irc;
mod irc_websocket;
mod lines;
mod nats;
mod redis;
mod web;
mod websocket;

use crate::Ear;

pub use irc::Irc;
pub use irc_websocket::IrcWebSocket;
pub use lines::Lines;
pub use nats::Nats;
pub use redis::Redis;
pub use web::Web;
pub use websocket::WebSocket;

/// A way of speaking, with all that its clients have in common.
pub trait Protocol {
    /// Its name, for reports.
    fn name(&self) -> String;

    /// Who hears what a sender says.
    fn audience(&self) -> Audience {
        Audience::Others
    }

    /// The longest text that one line or message of this protocol can carry for certain.
    fn most_text_bytes(&self) -> usize;

    /// The client with this number (senders come first, from 0).
    fn client(&self, number: usize, role: Role) -> Box<dyn Client>;
}

impl Protocol for Box<dyn Protocol> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn audience(&self) -> Audience {
        (**self).audience()
    }

    fn most_text_bytes(&self) -> usize {
        (**self).most_text_bytes()
    }

    fn client(&self, number: usize, role: Role) -> Box<dyn Client> {
        (**self).client(number, role)
    }
}

/// Who hears what a sender says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// Everyone in the room but its author: chat rooms.
    #[default]
    Others,
    /// Everyone, the author too.
    Everyone,
    /// Receivers only: publishers do not subscribe.
    Receivers,
}

/// What a client is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It talks, and hears as far as [`Audience`] says.
    Sender,
    /// It listens.
    Receiver,
}

/// Whether a part of coming in is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The server's answer is still to come.
    Waiting,
    /// It is over.
    Done,
}

/// One client: what it says, and what it makes of what it is told.
///
/// It is greeted, then joins, then says and hears. An `Err` is what the server refused or said
/// wrongly, in words for whoever measures; it ends the measurement.
pub trait Client {
    /// The connection stands: appends what a client says first (its name, a handshake).
    fn greet(&mut self, out: &mut Vec<u8>) -> Step;

    /// It has been let in: appends what brings it into the room.
    fn join(&mut self, out: &mut Vec<u8>) -> Step;

    /// Takes what came while greeting or joining was [`Step::Waiting`], as far as that is not over.
    /// Answers how many bytes it has dealt with, and whether the step is over.
    ///
    /// # Errors
    ///
    /// What the server refused.
    fn enter(&mut self, received: &[u8], out: &mut Vec<u8>) -> Result<(usize, Step), String>;

    /// Appends what says `text` in the room.
    fn say(&mut self, text: &[u8], out: &mut Vec<u8>);

    /// Takes what came since; gives deliveries to `ear`, and appends answers that are owed (to a
    /// PING). Answers how many bytes it has dealt with.
    ///
    /// # Errors
    ///
    /// What is not of this protocol.
    fn hear(
        &mut self,
        received: &[u8],
        ear: &mut Ear<'_>,
        out: &mut Vec<u8>,
    ) -> Result<usize, String>;
}

/// How many bytes of `received` are whole lines.
pub(crate) fn whole_lines(received: &[u8]) -> usize {
    memchr::memrchr(b'\n', received).map_or(0, |end| end + 1)
}
