//! The languages peers speak.
//!
//! Invariant: the core has members, rooms and events; what they look like in bytes is decided
//! here and below.

pub(crate) mod foreign;
pub(crate) mod plain;

use crate::Zone;
use crate::event::RoomId;
use crate::log::Entry;
use wire::name::RoomName;

/// What a connection speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dialect {
    /// Not known yet: nothing has been said on either side.
    Undecided,
    /// Lines for people, and pipes.
    Plain(plain::Reader),
}

/// One way of rendering an entry: readers with the same rendition get the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rendition {
    /// As lines for people.
    Plain(plain::Style),
}

impl Dialect {
    /// How entries of `room` are rendered for this reader.
    pub(crate) fn rendition(&self, room: RoomId) -> Rendition {
        match self {
            // Who is undecided is in no room; what it will most likely speak is as good as any.
            Self::Undecided => Rendition::Plain(plain::Reader::default().style(room)),
            Self::Plain(reader) => Rendition::Plain(reader.style(room)),
        }
    }
}

/// What rendering needs beside the entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rendering<'a> {
    pub(crate) room: &'a RoomName,
    pub(crate) zone: &'a Zone,
}

impl Rendering<'_> {
    /// Appends `entry` to `out`, cleaned for other people's terminals.
    pub(crate) fn render(&self, rendition: Rendition, entry: &Entry, out: &mut Vec<u8>) {
        match rendition {
            Rendition::Plain(style) => plain::render(style, self, entry, out),
        }
    }
}
