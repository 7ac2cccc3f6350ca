//! The kinds of values an option can have: how each is written, read and shown.
//!
//! Invariant: what `show` writes, `parse` reads back to the same value. One kind, one parser:
//! flags, environment and file all come through here. Which option has which kind is the table's
//! business.

use std::fmt::Display;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// How values of the type `T` are written. The error says what is wrong and what would be right;
/// the caller adds the place.
pub(crate) trait Kind<T> {
    /// Reads `text`.
    fn parse(text: &str) -> Result<T, String>;

    /// Writes `value` the way `parse` reads it.
    fn show(value: &T) -> String;
}

/// How a kind stands in a TOML file: bare for numbers and switches, else quoted.
pub(crate) trait Toml {
    const QUOTED: bool = true;
}

impl Toml for Switch {
    const QUOTED: bool = false;
}
impl Toml for Count {
    const QUOTED: bool = false;
}
impl<const LEAST: u64, const MOST: u64, K: Toml> Toml for Within<LEAST, MOST, K> {
    const QUOTED: bool = K::QUOTED;
}
impl Toml for Bytes {}
impl Toml for Span {}
impl<K> Toml for OrOff<K> {}
impl Toml for Text {}
impl Toml for File {}
impl Toml for Named {}

/// `true` or `false`, and what people write instead.
pub(crate) struct Switch;

impl Kind<bool> for Switch {
    fn parse(text: &str) -> Result<bool, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(format!("{text:?} is neither true nor false")),
        }
    }

    fn show(value: &bool) -> String {
        value.to_string()
    }
}

/// A whole number.
pub(crate) struct Count;

impl<T: TryFrom<u64> + Display> Kind<T> for Count {
    fn parse(text: &str) -> Result<T, String> {
        let number: u64 = text
            .replace('_', "")
            .parse()
            .map_err(|_| format!("{text:?} is not a whole number; write for example 100"))?;
        number.try_into().map_err(|_| format!("{text} is too large"))
    }

    fn show(value: &T) -> String {
        value.to_string()
    }
}

/// A number of bytes: `4096`, `64k`, `1M`. A thousand is 1,024 here.
pub(crate) struct Bytes;

impl Bytes {
    const UNITS: [(&str, u64); 4] = [("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10), ("", 1)];
}

impl<T: TryFrom<u64> + TryInto<u64> + Copy> Kind<T> for Bytes {
    fn parse(text: &str) -> Result<T, String> {
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match &lower[digits.len()..] {
            "b" => "",
            "kb" | "kib" => "k",
            "mb" | "mib" => "m",
            "gb" | "gib" => "g",
            unit => unit,
        };
        let wrong = || format!("{text:?} is not a size; write for example 4096, 64k or 1m");
        let number: u64 = digits.trim().replace('_', "").parse().map_err(|_| wrong())?;
        let (_, factor) =
            Self::UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        number
            .checked_mul(factor)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| format!("{text} is too large"))
    }

    fn show(value: &T) -> String {
        let Ok(bytes) = (*value).try_into() else { return String::new() };
        let (unit, factor) = Self::UNITS
            .into_iter()
            .find(|(_, factor)| bytes >= *factor && bytes % factor == 0)
            .unwrap_or(("", 1));
        format!("{}{unit}", bytes / factor)
    }
}

/// A number or size that must be at least `LEAST` and at most `MOST`.
pub(crate) struct Within<const LEAST: u64, const MOST: u64, K>(PhantomData<K>);

impl<const LEAST: u64, const MOST: u64, T, K> Kind<T> for Within<LEAST, MOST, K>
where
    T: TryInto<u64> + Copy,
    K: Kind<T> + Kind<u64>,
{
    fn parse(text: &str) -> Result<T, String> {
        let value: T = K::parse(text)?;
        let number = value.try_into().unwrap_or(u64::MAX);
        if number < LEAST {
            Err(format!("{text} is too little; the least is {}", K::show(&LEAST)))
        } else if number > MOST {
            Err(format!("{text} is too much; the most is {}", K::show(&MOST)))
        } else {
            Ok(value)
        }
    }

    fn show(value: &T) -> String {
        K::show(value)
    }
}

/// A length of time: `250ms`, `5s`, `2m`, `1h30m`. The unit must be there.
pub(crate) struct Span;

impl Span {
    const UNITS: [(&str, u64); 7] = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];

    /// One number with its unit, in nanoseconds, and the rest of the text.
    fn part(text: &str) -> Option<(f64, &str)> {
        let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(number_end);
        let unit_end =
            rest.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(unit_end);
        let (_, nanos) = Self::UNITS.into_iter().find(|(name, _)| *name == unit)?;
        Some((number.parse::<f64>().ok()? * nanos as f64, rest.trim_start()))
    }
}

impl Kind<Duration> for Span {
    fn parse(text: &str) -> Result<Duration, String> {
        let lower = text.trim().to_ascii_lowercase();
        if lower == "0" {
            return Ok(Duration::ZERO);
        }
        if !lower.is_empty() && lower.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("{text:?} has no unit; write {lower}s, {lower}ms or {lower}m"));
        }
        let mut rest = lower.as_str();
        let mut nanos = 0.0;
        while !rest.is_empty() {
            let (part, after) = Self::part(rest).ok_or_else(|| {
                format!("{text:?} is not a length of time; write for example 250ms, 5s or 2m")
            })?;
            nanos += part;
            rest = after;
        }
        if lower.is_empty() {
            return Err("a length of time is wanted; write for example 250ms, 5s or 2m".into());
        }
        if nanos > u64::MAX as f64 {
            return Err(format!("{text} is too long"));
        }
        Ok(Duration::from_nanos(nanos.round() as u64))
    }

    fn show(value: &Duration) -> String {
        let mut nanos = value.as_nanos();
        if nanos == 0 {
            return "0s".into();
        }
        let mut text = String::new();
        for (unit, factor) in Self::UNITS {
            let count = nanos / u128::from(factor);
            if count > 0 {
                text += &format!("{count}{unit}");
                nanos %= u128::from(factor);
            }
        }
        text
    }
}

/// A value that may be absent: `off`, or what `K` reads.
pub(crate) struct OrOff<K>(PhantomData<K>);

impl<T, K: Kind<T>> Kind<Option<T>> for OrOff<K> {
    fn parse(text: &str) -> Result<Option<T>, String> {
        match text {
            "off" | "none" => Ok(None),
            _ => K::parse(text).map(Some).map_err(|error| format!("{error}, or off")),
        }
    }

    fn show(value: &Option<T>) -> String {
        value.as_ref().map_or_else(|| "off".into(), K::show)
    }
}

/// Any text in one line.
pub(crate) struct Text;

impl Kind<String> for Text {
    fn parse(text: &str) -> Result<String, String> {
        match text.chars().find(|c| c.is_control() && *c != '\t') {
            Some(c) => Err(format!("the character {c:?} may not stand here")),
            None => Ok(text.to_owned()),
        }
    }

    fn show(value: &String) -> String {
        value.clone()
    }
}

/// The path of a file; empty for none.
pub(crate) struct File;

impl Kind<Option<PathBuf>> for File {
    fn parse(text: &str) -> Result<Option<PathBuf>, String> {
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }

    fn show(value: &Option<PathBuf>) -> String {
        value.as_ref().map_or_else(String::new, |path| path.to_string_lossy().into_owned())
    }
}

/// Anything that reads and writes itself, and whose error says what is allowed.
pub(crate) struct Named;

impl<T: FromStr<Err: Display> + Display> Kind<T> for Named {
    fn parse(text: &str) -> Result<T, String> {
        text.parse().map_err(|error: T::Err| error.to_string())
    }

    fn show(value: &T) -> String {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Result<Duration, String> {
        Span::parse(text)
    }

    fn bytes(text: &str) -> Result<u32, String> {
        Bytes::parse(text)
    }

    #[test]
    fn spans_are_read_in_every_unit() {
        for (text, nanos) in [
            ("0", 0),
            ("0s", 0),
            ("1ns", 1),
            ("5us", 5_000),
            ("250ms", 250_000_000),
            ("5s", 5_000_000_000),
            ("1.5s", 1_500_000_000),
            ("2m", 120_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1m 30S", 90_000_000_000),
            ("1d", 86_400_000_000_000),
        ] {
            assert_eq!(span(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn a_wrong_span_says_what_is_right() {
        assert_eq!(span("5").unwrap_err(), "\"5\" has no unit; write 5s, 5ms or 5m");
        for text in ["", "s", "5x", "5 s", "-5s", "1..5s", "5s,", "1e3s", "5s3", "99999999999999d"]
        {
            assert!(span(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn sizes_count_in_1024() {
        for (text, count) in [
            ("0", 0),
            ("4096", 4096),
            ("4_096", 4096),
            ("64k", 65_536),
            ("64 KiB", 65_536),
            ("64kB", 65_536),
            ("1M", 1 << 20),
            ("3g", 3 << 30),
            ("7b", 7),
        ] {
            assert_eq!(bytes(text), Ok(count), "{text}");
        }
        for text in ["", "k", "4q", "-1", "1.5k", "4g", "99999999999999999999"] {
            assert!(bytes(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read_back() {
        for nanos in [0, 1, 999, 1_000, 1_500_000, 90_000_000_000, 86_400_000_000_001] {
            let value = Duration::from_nanos(nanos);
            assert_eq!(span(&Span::show(&value)), Ok(value));
        }
        for value in [0, 1, 1023, 1024, 1025, 65_536, 1 << 20, (1 << 20) + 1] {
            assert_eq!(bytes(&Bytes::show(&value)), Ok(value));
        }
        for value in [None, Some(Duration::from_secs(5))] {
            assert_eq!(OrOff::<Span>::parse(&OrOff::<Span>::show(&value)), Ok(value));
        }
    }

    #[test]
    fn text_stays_in_one_line() {
        assert!(Text::parse("Grüße, tab\tincluded").is_ok());
        assert!(Text::parse("two\nlines").is_err());
        assert!(Text::parse("\x1b[2J").is_err());
    }
}
