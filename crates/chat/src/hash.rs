//! Hashing that peers cannot foresee and that is the same in every run with the same seed.

use std::hash::{BuildHasher, DefaultHasher, Hasher};

/// Makes hashers that begin with a secret. No output ever depends on the order in a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl BuildHasher for Seeded {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}
