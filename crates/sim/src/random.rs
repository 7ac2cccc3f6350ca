//! Random numbers that are the same everywhere and for ever.
//!
//! Invariant: a seed gives the same numbers on every machine and with every version of this crate.
//! That is why it is written here: a library may better its algorithm, and every seed in every bug
//! report would then mean something else.

use std::ops::RangeInclusive;

/// Random numbers from a seed: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), which is tiny and
/// good enough for tests.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `range`, its ends included, all equally likely.
    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        let span = (range.end() - range.start()) as u64;
        // The high half of a product: no division, and a bias of 2^-64 or so.
        let offset = (u128::from(self.number()) * (u128::from(span) + 1)) >> 64;
        range.start() + offset as usize
    }

    /// An index into something of `len` places, which must not be empty.
    pub fn index(&mut self, len: usize) -> usize {
        self.within(0..=len - 1)
    }

    /// Yes with this probability. Asked for 0 or 1 it uses up no number.
    pub fn chance(&mut self, probability: f64) -> bool {
        if probability <= 0.0 {
            return false;
        }
        // 53 bits: as many as a double holds exactly.
        probability >= 1.0 || ((self.number() >> 11) as f64) < probability * (1u64 << 53) as f64
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }

    /// Puts `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.within(0..=last);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_seed_never_change() {
        let mut random = Random::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.number()).collect();
        // The first numbers that the reference implementation gives for this seed.
        assert_eq!(first, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn ranges_reach_their_ends_and_no_further() {
        let mut random = Random::new(1);
        let mut seen = [0; 3];
        for _ in 0..3000 {
            seen[random.within(5..=7) - 5] += 1;
        }
        assert!(seen.iter().all(|&count| (900..1100).contains(&count)), "{seen:?}");
        assert_eq!(random.within(9..=9), 9);
        assert_eq!((0..1000).filter(|_| random.chance(0.0)).count(), 0);
        assert_eq!((0..1000).filter(|_| random.chance(1.0)).count(), 1000);
        assert!((200..300).contains(&(0..1000).filter(|_| random.chance(0.25)).count()));
    }
}
