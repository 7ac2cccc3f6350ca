//! What members say of themselves, and operators of rooms, beyond names: keys with values (IRCv3
//! `draft/metadata-3`).
//!
//! Invariant: keys are small and well formed, and so many at most; what they mean is for clients to
//! know.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Limits;
use crate::event::RoomId;

/// What is said of one member, or of one room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata(BTreeMap<Key, Arc<str>>);

/// What something is said about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The member that says it.
    Oneself,
    Room(RoomId),
}

/// What is to be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Set(Key, Arc<str>),
    Unset(Key),
    /// All keys go.
    Clear,
}

/// What has become different: keys with their new values, or without one.
pub(crate) type Changed = Vec<(Key, Option<Arc<str>>)>;

/// Why nothing has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unchanged {
    /// It is not for this member to say.
    NotAllowed,
    /// There are so many keys already.
    Full,
    NotSet,
}

/// The name of something that is said: `a-z`, `0-9` and `_./-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(Arc<str>);

impl Key {
    /// `text` as a key, if it is one.
    pub(crate) fn parse(text: &str, limits: &Limits) -> Option<Self> {
        let may_be = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_./-".contains(&byte)
        };
        let is_key =
            !text.is_empty() && text.len() <= limits.metadata_key_bytes && text.bytes().all(may_be);
        is_key.then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Metadata {
    /// Makes an edit, if there may be `most` keys.
    pub(crate) fn edit(&mut self, edit: &Edit, most: usize) -> Result<Changed, Unchanged> {
        match edit {
            Edit::Set(key, value) => {
                if self.0.len() >= most && !self.0.contains_key(key) {
                    return Err(Unchanged::Full);
                }
                self.0.insert(key.clone(), Arc::clone(value));
                Ok(vec![(key.clone(), Some(Arc::clone(value)))])
            }
            Edit::Unset(key) => {
                self.0.remove(key).ok_or(Unchanged::NotSet)?;
                Ok(vec![(key.clone(), None)])
            }
            Edit::Clear => {
                Ok(std::mem::take(&mut self.0).into_keys().map(|key| (key, None)).collect())
            }
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<str>> {
        self.0.get(key)
    }

    /// All keys in order, with their values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Arc<str>)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_specification_says() {
        let limits = Limits::default();
        let is_key = |text: &str| Key::parse(text, &limits).is_some();
        assert!(["a", "display-name", "example.com/x_1"].into_iter().all(is_key));
        assert!(!["", "A", "é", "a b", "a$", "*"].into_iter().any(is_key));
        assert!(is_key(&"k".repeat(limits.metadata_key_bytes)));
        assert!(!is_key(&"k".repeat(limits.metadata_key_bytes + 1)));
    }

    #[test]
    fn there_are_so_many_keys_at_most() {
        let key = |text| Key::parse(text, &Limits::default()).unwrap();
        let set = |text| Edit::Set(key(text), "x".into());
        let mut metadata = Metadata::default();
        assert!(metadata.edit(&set("a"), 1).is_ok());
        assert!(metadata.edit(&set("a"), 1).is_ok(), "one that is there may change");
        assert_eq!(metadata.edit(&set("b"), 1), Err(Unchanged::Full));
        assert_eq!(metadata.edit(&Edit::Unset(key("b")), 1), Err(Unchanged::NotSet));
        assert_eq!(metadata.edit(&Edit::Clear, 1), Ok(vec![(key("a"), None)]));
        assert_eq!(metadata.edit(&Edit::Clear, 1), Ok(vec![]));
    }
}
