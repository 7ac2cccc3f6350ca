//! What somebody says: text, how it is meant, and what IRC clients hang on it.

use std::sync::Arc;

/// Something said, to a room or to one person.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) manner: Manner,
    /// Lines of text; usually one. No CR, no NUL, none empty at the end.
    pub(crate) text: Arc<str>,
    /// Client-only tags as IRC writes them, with their plus signs, without the `@`.
    pub(crate) tags: Option<Arc<str>>,
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
        Self { manner, text: text.into(), tags: None }
    }

    /// Whether it is of interest to a person who reads lines.
    pub(crate) fn is_readable(&self) -> bool {
        matches!(self.manner, Manner::Say | Manner::Act | Manner::Notice)
    }

    /// What keeping it costs beside the entry, in bytes.
    pub(crate) fn cost(&self) -> usize {
        self.text.len() + self.tags.as_ref().map_or(0, |tags| tags.len())
    }
}
