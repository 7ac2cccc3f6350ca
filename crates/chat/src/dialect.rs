//! The languages peers speak.
//!
//! Invariant: the core has members, rooms and events; what they look like in bytes is decided in
//! [`plain`](crate::plain), [`irc`] and [`web`].

use wire::name::RoomName;

use crate::Zone;
use crate::event::RoomId;
use crate::framing::{Envelope, Framing};
use crate::http::Conversation;
use crate::irc::{self, Client};
use crate::log::Entry;
use crate::plain::render::{self as plain, Newline};
use crate::web;

/// What a connection speaks.
#[derive(Debug)]
pub(crate) enum Dialect {
    /// Not known yet: nothing has been said on either side.
    Undecided,
    /// Lines for people, and pipes.
    Plain(plain::Reader),
    /// IRC (RFC 1459, RFC 2812, IRCv3).
    Irc(Box<Client>),
    /// HTTP: requests and their answers. One of them may make a WebSocket of the connection, on which
    /// another dialect is spoken.
    Http(Box<Conversation>),
    /// JSON: `switchboard.v1`.
    Web(Box<web::Client>),
}

/// One way of rendering an entry: readers with the same rendition get the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rendition {
    /// As lines for people.
    Plain(plain::Style),
    /// As messages of IRC, each in such an envelope.
    Irc(irc::Class, Envelope),
    /// As messages of `switchboard.v1`, likewise.
    Web(Envelope),
}

impl Dialect {
    /// How entries of `room` are rendered for this reader.
    pub(crate) fn rendition(&self, room: RoomId, framing: &Framing) -> Rendition {
        match self {
            // These are in no room; what they may still turn out to speak is as good as any.
            Self::Undecided | Self::Http(_) => {
                Rendition::Plain(plain::Reader::default().style(room))
            }
            Self::Plain(reader) => Rendition::Plain(reader.style(room)),
            Self::Irc(client) => Rendition::Irc(client.class(), framing.envelope()),
            Self::Web(_) => Rendition::Web(framing.envelope()),
        }
    }

    /// Whether requests are what comes.
    pub(crate) fn is_http(&self) -> bool {
        matches!(self, Self::Http(_))
    }

    /// What ends a line for this reader, if it is one for people.
    pub(crate) fn newline(&self) -> Newline {
        match self {
            Self::Plain(reader) => reader.newline,
            Self::Undecided | Self::Irc(_) | Self::Http(_) | Self::Web(_) => Newline::default(),
        }
    }
}

/// What all renderings need beside the entry.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// The zone in which people are shown times.
    pub(crate) zone: Zone,
    /// What the server calls itself to IRC clients: a word.
    pub(crate) server: Box<str>,
    /// Begins the ids of all messages of this run: sequence numbers begin anew with each.
    pub(crate) epoch: Box<str>,
}

impl Scene {
    /// For tests.
    #[cfg(test)]
    pub(crate) fn bare() -> Self {
        Self { zone: Zone::UTC, server: "switchboard".into(), epoch: "0".into() }
    }
}

/// What rendering needs beside the entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rendering<'a> {
    pub(crate) room: &'a RoomName,
    pub(crate) scene: &'a Scene,
}

impl Rendering<'_> {
    /// Appends `entry` to `out`. For people it is cleaned.
    pub(crate) fn render(&self, rendition: Rendition, entry: &Entry, out: &mut Vec<u8>) {
        match rendition {
            Rendition::Plain(style) => plain::render(style, self, entry, out),
            Rendition::Irc(class, envelope) => {
                let from = out.len();
                irc::render::render(class, self, entry, out);
                envelope.enclose(out, from);
            }
            Rendition::Web(envelope) => {
                let from = out.len();
                web::render::render(self, entry, out);
                envelope.enclose(out, from);
            }
        }
    }
}
