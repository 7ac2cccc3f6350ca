//! Which keys one engine of several hands out.
//!
//! Invariant: the spaces of one set have no key in common, and between them hold every key.

use crate::Key;

/// One of several sets that keys are divided into, so that engines that run side by side hand out
/// keys that are unique among them all.
///
/// The lowest bits of a key's index are its space's number; what is above them is its *place*,
/// counted from 0 in each space, which storage of one space is indexed by. The default is the one
/// space that holds all keys, where index and place are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct KeySpace {
    number: u32,
    bits: u32,
}

impl KeySpace {
    /// How many spaces there can be at most; each then holds 2^24 keys of a generation.
    pub const MOST: u32 = 256;

    /// The space that holds all keys.
    pub const WHOLE: Self = Self { number: 0, bits: 0 };

    /// Space `number`, counted from 0, of `spaces`.
    ///
    /// # Panics
    ///
    /// If there is no such space, or there are more than [`KeySpace::MOST`].
    pub const fn one_of(number: u32, spaces: u32) -> Self {
        assert!(spaces <= Self::MOST, "there are at most 256 key spaces");
        assert!(number < spaces, "a key space is one of as many as there are");
        Self { number, bits: spaces.next_power_of_two().trailing_zeros() }
    }

    /// Which of the spaces it is.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// How many bits of a key's index are its space's number.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Whether `key` is one of this space's.
    pub const fn contains(self, key: Key) -> bool {
        self.number_of(key) == self.number
    }

    /// The number of the space that `key` is of, among those that this one is one of.
    pub const fn number_of(self, key: Key) -> u32 {
        key.index() as u32 & ((1 << self.bits) - 1)
    }

    /// How many places there are.
    pub(crate) const fn places(self) -> u64 {
        1 << (u32::BITS - self.bits)
    }

    /// The key at `place`.
    pub(crate) const fn key(self, place: usize, generation: u32) -> Key {
        Key::new((place as u32) << self.bits | self.number, generation)
    }

    /// The place of `key`; for a key of another space a number no smaller than [`Self::places`]:
    /// the bits in which the spaces differ become the highest, so one comparison with a vector's
    /// length tells both that a key is of another space and that it is beyond the end.
    pub(crate) const fn place(self, key: Key) -> usize {
        (key.index() as u32 ^ self.number).rotate_right(self.bits) as usize
    }

    /// The first place whose key has this index, or one above it.
    pub(crate) const fn place_from(self, index: usize) -> usize {
        index.saturating_sub(self.number as usize).div_ceil(1 << self.bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn space() -> impl Strategy<Value = KeySpace> {
        (1..=KeySpace::MOST)
            .prop_flat_map(|spaces| (0..spaces, Just(spaces)))
            .prop_map(|(number, spaces)| KeySpace::one_of(number, spaces))
    }

    fn key() -> impl Strategy<Value = Key> {
        (any::<u32>(), 0..Key::GENERATIONS)
            .prop_map(|(index, generation)| Key::new(index, generation))
    }

    #[test]
    fn one_space_of_one_is_the_whole() {
        assert_eq!(KeySpace::one_of(0, 1), KeySpace::WHOLE);
        assert_eq!(KeySpace::default(), KeySpace::WHOLE);
        assert_eq!(KeySpace::WHOLE.places(), 1 << 32);
        assert_eq!(KeySpace::one_of(0, KeySpace::MOST).places(), 1 << 24);
        assert_eq!(KeySpace::one_of(2, 3).bits(), 2);
    }

    #[test]
    #[should_panic = "one of as many as there are"]
    fn a_space_beyond_the_last_is_refused() {
        let _ = KeySpace::one_of(3, 3);
    }

    proptest! {
        #[test]
        fn a_key_is_in_the_space_that_its_number_says_and_in_no_other(space in space(), key in key()) {
            prop_assert_eq!(space.contains(key), space.number_of(key) == space.number());
            prop_assert_eq!(space.contains(key), (space.place(key) as u64) < space.places());
        }

        #[test]
        fn a_place_and_its_key_name_each_other(space in space(), place: u32, generation in 0..Key::GENERATIONS) {
            let place = (u64::from(place) % space.places()) as usize;
            let key = space.key(place, generation);
            prop_assert!(space.contains(key));
            prop_assert_eq!(space.place(key), place);
            prop_assert_eq!(key.generation(), generation);
        }

        #[test]
        fn going_on_from_an_index_passes_over_no_key_and_repeats_none(space in space(), index: u32) {
            let (index, place) = (index as usize, space.place_from(index as usize));
            if (place as u64) < space.places() {
                prop_assert!(space.key(place, 0).index() >= index);
            }
            if let Some(before) = place.checked_sub(1) {
                prop_assert!(space.key(before, 0).index() < index);
            }
        }
    }
}
