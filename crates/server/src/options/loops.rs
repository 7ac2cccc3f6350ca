//! How many loops serve: a number, or as many as there are cores.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;
use std::thread;

/// How many loops a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loops {
    /// As many as this process may use cores, and no more than [`Loops::AUTO`].
    Auto,
    Exactly(usize),
}

impl Loops {
    /// The most that can be asked for: each has a thread, and holds all that the loops share.
    const MOST: usize = 64;

    /// The most that `auto` takes. What is shared is done once by each loop, so that the next one
    /// spares the others less and less.
    const AUTO: usize = 16;

    /// How many that is here.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Auto => thread::available_parallelism().map_or(1, NonZero::get).min(Self::AUTO),
            Self::Exactly(count) => count,
        }
    }
}

impl FromStr for Loops {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "auto" => Ok(Self::Auto),
            Ok(count @ 1..=Self::MOST) => Ok(Self::Exactly(count)),
            _ => Err(format!("{text:?} is neither auto nor a number from 1 to {}", Self::MOST)),
        }
    }
}

impl fmt::Display for Loops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Exactly(count) => count.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_read_what_they_write_and_refuse_the_rest() {
        for text in ["auto", "1", "2", "64"] {
            assert_eq!(text.parse::<Loops>().unwrap().to_string(), text);
        }
        for text in ["0", "65", "-1", "", "many", "1.5"] {
            assert!(text.parse::<Loops>().unwrap_err().contains("from 1 to 64"), "{text:?}");
        }
        assert!((1..=16).contains(&Loops::Auto.count()));
    }
}
