//! Bytes that show where they stand, and dice that can be thrown again.

use std::fmt;

/// An endless sequence of bytes in which no two places look alike for long: lost, doubled or
/// exchanged bytes show at once. Both ends make it for themselves.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    dice: Dice,
    made: u64,
}

impl Pattern {
    pub(crate) fn new(name: u64) -> Self {
        Self { dice: Dice(name ^ 0xD1B5_4A32_D192_ED03), made: 0 }
    }

    /// The next `count` bytes.
    pub(crate) fn next(&mut self, count: usize) -> Vec<u8> {
        self.made += count as u64;
        (0..count).map(|_| self.dice.throw() as u8).collect()
    }

    /// Checks that `bytes` are what comes next.
    pub(crate) fn expect(&mut self, bytes: &[u8]) {
        let at = self.made;
        let next = self.next(bytes.len());
        if let Some(wrong) = next.iter().zip(bytes).position(|(a, b)| a != b) {
            panic!("byte {} is not the one that was sent", at + wrong as u64);
        }
    }

    /// How many bytes were made.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }
}

/// Random numbers from a seed (splitmix64).
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.throw() % bound as u64) as usize
    }

    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dice({:#x})", self.0)
    }
}

/// Dice with a seed that is printed, so that a failure can be thrown again by setting `SEED`.
pub(crate) fn dice() -> Dice {
    let given = std::env::var("SEED").ok().map(|seed| seed.parse().expect("SEED is a number"));
    let seed = given.unwrap_or_else(|| engine::monotonic().as_nanos());
    eprintln!("SEED={seed}");
    Dice(seed)
}
