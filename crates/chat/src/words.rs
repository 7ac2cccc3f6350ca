//! What somebody says: text, how it is meant, and what clients hang on it.

use std::sync::Arc;

use crate::web::resume::Sent;

/// Something said, to a room or to one person.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) manner: Manner,
    /// Lines of text; usually one. No CR, no NUL, none empty at the end.
    pub(crate) text: Arc<str>,
    /// What few have.
    pub(crate) attached: Option<Arc<Attached>>,
}

/// What clients hang on what they say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Attached {
    /// Client-only tags as IRC writes them, with their plus signs, without the `@`.
    pub(crate) tags: Box<str>,
    /// Where in the text, in bytes, the author has cut lines that were too long for one message: in
    /// order, each within a line. Whoever must cut them again cuts there.
    pub(crate) joints: Box<[u32]>,
    /// How its author counts it, so that it can be said once only.
    pub(crate) sent: Option<Sent>,
}

/// How something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Say,
    /// As an action: `* ada waves`.
    Act,
    /// So that no program answers it: IRC's NOTICE.
    Notice,
    /// A question from client to client (CTCP), without the bytes 01 around it.
    Ctcp,
    /// The answer to one.
    CtcpReply,
    /// Nothing but tags: IRC's TAGMSG.
    Tags,
}

impl Words {
    /// `text`, simply said.
    pub(crate) fn plain(manner: Manner, text: &str) -> Self {
        Self { manner, text: text.into(), attached: None }
    }

    /// Whether it is of interest to a person who reads lines.
    pub(crate) fn is_readable(&self) -> bool {
        matches!(self.manner, Manner::Say | Manner::Act | Manner::Notice)
    }

    /// Whether it says no more than that somebody is typing: of no interest a moment later.
    pub(crate) fn passes(&self) -> bool {
        let mut tags = self.tags().split(';');
        self.manner == Manner::Tags && tags.all(|tag| tag.starts_with("+typing"))
    }

    /// What keeping it costs beside the entry, in bytes.
    pub(crate) fn cost(&self) -> usize {
        let attached = self.attached.as_ref().map_or(0, |attached| {
            size_of::<Attached>() + attached.tags.len() + size_of_val(&*attached.joints)
        });
        self.text.len() + attached
    }

    /// Client-only tags; empty if there are none.
    pub(crate) fn tags(&self) -> &str {
        self.attached.as_ref().map_or("", |attached| &attached.tags)
    }

    /// Where long lines were cut.
    pub(crate) fn joints(&self) -> &[u32] {
        self.attached.as_ref().map_or(&[], |attached| &attached.joints)
    }
}
