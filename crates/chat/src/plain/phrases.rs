//! Numbers, times and what peers typed, as they stand in sentences for people.
//!
//! Invariant: nothing of a peer's in them is uncleaned, and none of it is long.

use std::fmt;
use std::time::Duration;

use wire::text;

/// A number with its digits in groups, and what it counts: `1,234 lines`. Nothing behind the number
/// if what it counts is empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u64, pub(crate) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, what) = *self;
        let digits = count.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        match (what, count) {
            ("", _) => Ok(()),
            (_, 1) => write!(f, " {what}"),
            _ => write!(f, " {what}s"),
        }
    }
}

/// A time to wait: `0.5 s`, rounded up to tenths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0.as_millis().div_ceil(100);
        match tenths % 10 {
            0 => write!(f, "{} s", tenths / 10),
            tenth => write!(f, "{}.{tenth} s", tenths / 10),
        }
    }
}

/// Something a peer typed, cleaned, and cut if it is long.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

/// The same in quotes.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 64;
        let text = text::clean(self.0);
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{}...", &text[..end]),
            None => f.write_str(&text),
        }
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Shown(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (count, text) in
            [(0, "0 lines"), (1, "1 line"), (999, "999 lines"), (1000, "1,000 lines")]
        {
            assert_eq!(Count(count, "line").to_string(), text);
        }
        assert_eq!(Count(12_345_678, "").to_string(), "12,345,678");
        for (ms, text) in [(500, "0.5 s"), (2000, "2 s"), (2001, "2.1 s"), (1, "0.1 s")] {
            assert_eq!(Seconds(Duration::from_millis(ms)).to_string(), text);
        }
    }

    #[test]
    fn what_is_shown_is_cleaned_and_cut() {
        assert_eq!(Quoted("\x1b[31mx").to_string(), "\"x\"");
        assert_eq!(Shown(&"é".repeat(100)).to_string(), format!("{}...", "é".repeat(64)));
    }
}
