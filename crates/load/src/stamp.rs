//! What a said line carries: who said it, which one it is, and when.
//!
//! Invariant: a stamp has the same length whatever it says, and stands at the end of its line, so
//! that it is found from the end, whatever a server puts before it.

/// Bytes of a stamp: the mark, 3 digits of the run, 4 of the sender, 6 of the number, 8 of the time.
pub const STAMP_BYTES: usize = 1 + 3 + 4 + 6 + 8;

/// Begins the stamp of a line that is measured. No server says it of its own accord, so that lines
/// can be counted by it.
pub const MARK: u8 = b'^';

/// Begins the stamp of a line that only tries whether everybody hears: not measured.
pub const PROBE: u8 = b'`';

/// What fills a line up to its size.
pub(crate) const FILLING: u8 = b'x';

/// The digits: 64 that mean nothing special to any protocol here.
const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-";

/// What is no digit, in [`VALUES`].
const NONE: u8 = 0xff;

/// The value of each byte as a digit.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 64 {
        values[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Who said a line, which one it is, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Which run of a generator it is of: 18 bits, so that what an earlier run said and a server
    /// repeats is not taken for this one's.
    pub run: u32,
    /// The sender's number: 24 bits.
    pub sender: u32,
    /// How many lines this sender has said before: 36 bits.
    pub sequence: u64,
    /// When it was said or, in an open loop, when it was due: nanoseconds since the generator
    /// began, 48 bits (three days).
    pub at_nanos: u64,
}

impl Stamp {
    /// Appends the stamp behind `mark`. Bits over a field's length are cut off.
    pub fn write(&self, mark: u8, out: &mut Vec<u8>) {
        let mut bytes = [mark; STAMP_BYTES];
        write_digits(u64::from(self.run), &mut bytes[1..4]);
        write_digits(u64::from(self.sender), &mut bytes[4..8]);
        write_digits(self.sequence, &mut bytes[8..14]);
        write_digits(self.at_nanos, &mut bytes[14..22]);
        out.extend_from_slice(&bytes);
    }

    /// Appends a text of `bytes` bytes that ends with the stamp, filled up in front. A text cannot
    /// be shorter than its stamp.
    pub fn write_text(&self, mark: u8, bytes: usize, out: &mut Vec<u8>) {
        out.resize(out.len() + bytes.saturating_sub(STAMP_BYTES), FILLING);
        self.write(mark, out);
    }

    /// Reads the stamp that `text` ends with; `None` if it does not end with one behind `mark`.
    pub fn read(mark: u8, text: &[u8]) -> Option<Self> {
        let bytes: &[u8; STAMP_BYTES] = text.last_chunk()?;
        if bytes[0] != mark {
            return None;
        }
        Some(Self {
            run: read_digits(&bytes[1..4])? as u32,
            sender: read_digits(&bytes[4..8])? as u32,
            sequence: read_digits(&bytes[8..14])?,
            at_nanos: read_digits(&bytes[14..22])?,
        })
    }
}

fn write_digits(mut value: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(value & 63) as usize];
        value >>= 6;
    }
}

fn read_digits(digits: &[u8]) -> Option<u64> {
    let (mut value, mut seen) = (0, 0);
    for &digit in digits {
        let digit = VALUES[usize::from(digit)];
        seen |= digit;
        value = value << 6 | u64::from(digit);
    }
    // Digits are below 64: the two upper bits show only where there was none.
    (seen < 64).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again_whatever_stands_before_it(
            run in 0u32..1 << 18, sender in 0u32..1 << 24, sequence in 0u64..1 << 36,
            at_nanos in 0u64..1 << 48, before in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let stamp = Stamp { run, sender, sequence, at_nanos };
            let mut text = before;
            stamp.write(MARK, &mut text);
            prop_assert_eq!(Stamp::read(MARK, &text), Some(stamp));
            prop_assert_eq!(Stamp::read(PROBE, &text), None);
        }

        #[test]
        fn a_text_has_the_wanted_length_and_its_mark_once(
            bytes in STAMP_BYTES..600, sequence in 0u64..1 << 36, at_nanos in 0u64..1 << 48,
        ) {
            let mut text = Vec::new();
            let stamp = Stamp { run: 262_143, sender: 16_777_215, sequence, at_nanos };
            stamp.write_text(MARK, bytes, &mut text);
            prop_assert_eq!(text.len(), bytes);
            prop_assert_eq!(memchr::memchr_iter(MARK, &text).count(), 1);
            prop_assert!(text.iter().all(|byte| byte.is_ascii_graphic()));
        }

        #[test]
        fn any_bytes_can_be_looked_at(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(stamp) = Stamp::read(MARK, &text) {
                let mut again = Vec::new();
                stamp.write(MARK, &mut again);
                prop_assert!(text.ends_with(&again));
            }
        }

        #[test]
        fn a_digit_that_was_damaged_is_no_stamp(at in 1..STAMP_BYTES, by in 0u8..=255) {
            prop_assume!(!DIGITS.contains(&by));
            let mut text = Vec::new();
            Stamp { run: 1, sender: 2, sequence: 3, at_nanos: 4 }.write(MARK, &mut text);
            text[at] = by;
            prop_assert_eq!(Stamp::read(MARK, &text), None);
        }
    }
}
