//! Who somebody is, as others see them.
//!
//! Invariant: it never changes: who takes another name, or is seen to come from elsewhere, is
//! another `Person` from then on, so that what was said keeps the author it had.

pub(crate) mod modes;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use wire::name::Name;

/// A member's name and what stands behind it.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: Name,
    pub(crate) kind: PersonKind,
    pub(crate) identity: Arc<Identity>,
}

/// What a member says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PersonKind {
    #[default]
    Human,
    /// Has said that it is a program (IRC user mode `B`).
    Bot,
}

/// What stands behind a name; shared by all who are alike in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The way in, or what an IRC client says of its user, behind a `~`: nobody vouches for it.
    pub(crate) user: Box<str>,
    /// Where they come from, as others may see it: never an address.
    pub(crate) host: Box<str>,
    pub(crate) real_name: Box<str>,
    /// Where they come from, which server operators may see; `None`: this machine.
    pub(crate) ip: Option<IpAddr>,
    /// The account they have logged in to. There are none yet.
    pub(crate) account: Option<Name>,
}

impl Identity {
    /// Of whoever comes this way from this machine.
    pub(crate) fn local(user: &str, real_name: &str) -> Self {
        let (user, real_name) = (user.into(), real_name.into());
        Self { user, host: "localhost".into(), real_name, ip: None, account: None }
    }
}

impl Person {
    /// `name!user@host`, as IRC writes it.
    pub(crate) fn mask(&self) -> Mask<'_> {
        Mask(self)
    }

    /// The same in parts, for where writing it must be fast.
    pub(crate) fn mask_parts(&self) -> [&str; 5] {
        [self.name.as_str(), "!", &self.identity.user, "@", &self.identity.host]
    }

    /// Somebody, for tests.
    #[cfg(test)]
    pub(crate) fn guest(number: u64) -> Arc<Self> {
        let identity = Identity::local("nc", "");
        let (name, kind) = (Name::guest(number), PersonKind::Human);
        Arc::new(Self { name, kind, identity: Arc::new(identity) })
    }

    /// The same person under another name.
    pub(crate) fn named(&self, name: Name) -> Self {
        Self { name, ..self.clone() }
    }
}

/// Displays as `name!user@host`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask<'a>(&'a Person);

impl fmt::Display for Mask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.mask_parts().iter().try_for_each(|part| f.write_str(part))
    }
}
