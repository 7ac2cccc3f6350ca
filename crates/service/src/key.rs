//! The name of a connection.
//!
//! Invariant: no two connections of one engine ever bear equal keys, though they may bear the
//! same index (or the same descriptor number, which a key is not).

use std::fmt;

/// A connection's name: a small index, reused, and a generation that tells one use of the index
/// from the next.
///
/// Every ecosystem that named connections by descriptor alone has shipped the bug in which an
/// event meant for a closed connection reached the newcomer with its number. A key packs into 56
/// bits, so that an engine can add 8 bits of its own to the 64 the kernel carries for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// Generations count modulo this: 2^24.
    pub const GENERATIONS: u32 = 1 << 24;

    /// A key of these parts; the generation is taken modulo [`Key::GENERATIONS`].
    pub const fn new(index: u32, generation: u32) -> Self {
        Self { index, generation: generation % Self::GENERATIONS }
    }

    /// A small number, good as an index into a vector: one that was free at `opened`. Of engines
    /// that run side by side, each counts in steps of its own ([`KeySpace`](crate::KeySpace)).
    pub const fn index(self) -> usize {
        self.index as usize
    }

    /// Which use of the index this is.
    pub const fn generation(self) -> u32 {
        self.generation
    }

    /// The key in the low 56 bits: index below, generation above.
    pub const fn to_bits(self) -> u64 {
        self.index as u64 | (self.generation as u64) << 32
    }

    /// The inverse of [`Key::to_bits`]; the upper 8 bits are passed over.
    pub const fn from_bits(bits: u64) -> Self {
        Self::new(bits as u32, (bits >> 32) as u32)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_round_trip_and_leave_the_top_byte_alone() {
        for key in [Key::new(0, 0), Key::new(u32::MAX, Key::GENERATIONS - 1), Key::new(7, 9)] {
            assert_eq!(key.to_bits() >> 56, 0);
            assert_eq!(Key::from_bits(key.to_bits()), key);
            assert_eq!(Key::from_bits(key.to_bits() | 0xAB << 56), key);
        }
    }
}
