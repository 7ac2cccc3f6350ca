//! What is said: a text that names itself, so that whoever receives it knows whether it is whole.
//!
//! Invariant: a text follows from its number, its author and its place alone, so it can be made
//! again and compared.

use std::fmt::Write;

use super::dice::mix;

/// What every text begins with, and nothing else that the server sends.
pub(super) const MARK: &str = "@@";

/// Where something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the room of this number.
    Room(usize),
    /// To one person.
    Private,
}

/// What a text says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) id: u64,
    pub(super) author: usize,
    pub(super) place: Place,
    /// Bytes behind what is told here.
    pub(super) padding: usize,
}

impl Said {
    /// The text.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.padding + 48);
        let _ = match self.place {
            Place::Room(room) => write!(text, "{MARK}{}.{}.{room}.", self.id, self.author),
            Place::Private => write!(text, "{MARK}{}.{}.p.", self.id, self.author),
        };
        let _ = write!(text, "{}.", self.padding);
        let mut bits = 0;
        for at in 0..self.padding {
            if at % 12 == 0 {
                bits = mix(self.id.wrapping_mul(1000) + at as u64);
            }
            text.push(char::from(b'a' + (bits & 15) as u8));
            bits >>= 5;
        }
        text
    }

    /// Understands a text; nothing if it is not as it was said.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(MARK)?.splitn(5, '.');
        let id = parts.next()?.parse().ok()?;
        let author = parts.next()?.parse().ok()?;
        let place = match parts.next()? {
            "p" => Place::Private,
            room => Place::Room(room.parse().ok()?),
        };
        let padding = parts.next()?.parse().ok().filter(|&padding| padding <= 400)?;
        let said = Self { id, author, place, padding };
        (said.text() == text).then_some(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_understood_only_if_it_is_whole() {
        for (id, place) in [(7, Place::Room(3)), (8, Place::Private)] {
            let said = Said { id, author: 5, place, padding: 40 };
            let text = said.text();
            assert_eq!(Said::parse(&text), Some(said));
            assert_eq!(Said::parse(&text[..text.len() - 1]), None);
            assert_eq!(Said::parse(&format!("{text}x")), None);
        }
    }
}
