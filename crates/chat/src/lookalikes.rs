//! Whose name looks like whose.
//!
//! Invariant: no two members have names that could be taken for each other. It matters only where
//! names may have more than ASCII; elsewhere nothing is kept.

use std::collections::HashMap;

use wire::name::{Charset, Name, Skeleton};

use crate::event::MemberId;
use crate::hash::Seeded;

/// The members by what their names look like.
#[derive(Debug)]
pub(crate) struct Lookalikes {
    charset: Charset,
    members: HashMap<Skeleton, MemberId, Seeded>,
}

impl Lookalikes {
    pub(crate) fn new(charset: Charset, hash: Seeded) -> Self {
        Self { charset, members: HashMap::with_hasher(hash) }
    }

    /// Who bears a name that looks like `name`.
    pub(crate) fn find(&self, name: &Name) -> Option<MemberId> {
        match self.charset {
            Charset::Ascii => None,
            Charset::Unicode => self.members.get(&name.skeleton()).copied(),
        }
    }

    /// `member` bears `name` from now on.
    pub(crate) fn insert(&mut self, name: &Name, member: MemberId) {
        if self.charset == Charset::Unicode {
            self.members.insert(name.skeleton(), member);
        }
    }

    /// Nobody bears `name` any more.
    pub(crate) fn remove(&mut self, name: &Name) {
        if self.charset == Charset::Unicode {
            self.members.remove(&name.skeleton());
        }
    }
}
