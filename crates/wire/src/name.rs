//! Names of people and of rooms.
//!
//! Invariant: a [`Name`] or [`RoomName`] that exists keeps the rules, so it can be printed
//! anywhere and compared without another look.
//!
//! Names of people are ASCII by default. Servers that allowed more spent years on lookalikes
//! (`ChɑnServ`) and on the corner cases of "skeletons" (ergochat/ergo#178, #519, #1718). Where people
//! do not write in ASCII, [`Charset::Unicode`] lets names be of any one script, and
//! [`Name::skeleton`] says which look alike. Rooms may be called what people like, without anything
//! invisible.

mod lookalike;
mod wide;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::text;

pub use lookalike::Skeleton;

/// A person's name: 1 to 32 bytes, kept inline.
///
/// Begins with a letter or one of ``[]\`_^{|}``; goes on with those, digits and `-`: what IRC
/// clients accept. The letters are those of ASCII, or of one script and in normal form C; which of
/// them may be chosen is a setting, and all may be spoken of. Two names that differ in case only are
/// the same name (`==`, hash), and each shows as it was typed.
#[derive(Clone, Copy)]
pub struct Name {
    len: u8,
    bytes: [u8; Name::MAX_BYTES],
}

/// Which letters names may be chosen from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Those of ASCII: what every client can show and every keyboard type.
    #[default]
    Ascii,
    /// Those of any one script. To be refused by whoever keeps the names, if the
    /// [skeleton](Name::skeleton) is that of another's name.
    Unicode,
}

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAName {
    /// There is no text.
    Empty,
    /// Longer than the limit, in bytes.
    TooLong {
        /// The longest that would do.
        limit: usize,
    },
    /// This character may not stand there.
    Character(char),
    /// The letters or digits are not all of one script.
    MixedScripts,
    /// The name is the server's own, one that people take for its services, or a guest's; or it
    /// looks like one of those.
    Reserved,
    /// A room name begins with `#`.
    NoHash,
}

impl Name {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 32;

    /// What guests are called, before their number. Nobody can take such a name by hand, nor one
    /// that differs from it in the dash only.
    pub const GUEST_PREFIX: &'static str = "guest-";

    /// The name that a person asked for, of ASCII.
    ///
    /// # Errors
    ///
    /// The first rule that `text` breaks. `limit_bytes` over [`Name::MAX_BYTES`] counts as that.
    pub fn chosen(text: &str, limit_bytes: usize) -> Result<Self, NotAName> {
        Self::chosen_from(text, limit_bytes, Charset::Ascii)
    }

    /// The name that a person asked for.
    ///
    /// # Errors
    ///
    /// The first rule that `text` breaks. `limit_bytes` over [`Name::MAX_BYTES`] counts as that.
    pub fn chosen_from(text: &str, limit_bytes: usize, charset: Charset) -> Result<Self, NotAName> {
        let limit = limit_bytes.min(Self::MAX_BYTES);
        if charset == Charset::Ascii {
            check_ascii(text)?;
        }
        let name = Self::parse(text)?;
        if name.as_str().len() > limit {
            return Err(NotAName::TooLong { limit });
        }
        if lookalike::is_reserved(name.as_str()) {
            return Err(NotAName::Reserved);
        }
        Ok(name)
    }

    /// The name that `text` spells, whoever bears it: of any script, reserved ones and guests'
    /// included.
    ///
    /// # Errors
    ///
    /// The first rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, NotAName> {
        let wide;
        let name = if text.is_ascii() {
            check_ascii(text)?;
            text
        } else {
            wide = wide::normalized(text)?;
            &wide
        };
        if name.len() > Self::MAX_BYTES {
            return Err(NotAName::TooLong { limit: Self::MAX_BYTES });
        }
        Ok(Self::inline(name))
    }

    /// The name of the guest with this number.
    pub fn guest(number: u64) -> Self {
        Self::inline(&format!("{}{number}", Self::GUEST_PREFIX))
    }

    fn inline(text: &str) -> Self {
        let mut bytes = [0; Self::MAX_BYTES];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self { len: text.len() as u8, bytes }
    }

    /// The name as it was typed.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("a name is UTF-8")
    }

    /// What the name looks like, to keep people from being taken for each other. To be asked for
    /// beside `==`, not in its place.
    pub fn skeleton(&self) -> Skeleton {
        Skeleton::of(self)
    }
}

/// Checks all rules for a name of ASCII but its length.
fn check_ascii(text: &str) -> Result<(), NotAName> {
    if text.is_empty() {
        return Err(NotAName::Empty);
    }
    match text.char_indices().find(|&at| !is_ascii_allowed(at)) {
        Some((_, c)) => Err(NotAName::Character(c)),
        None => Ok(()),
    }
}

/// Whether this is a character of ASCII that may stand at this place in a name.
fn is_ascii_allowed((place, c): (usize, char)) -> bool {
    c.is_ascii_alphabetic()
        || "[]\\`_^{|}".contains(c)
        || (place > 0 && (c.is_ascii_digit() || c == '-'))
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.as_str(), other.as_str());
        one.eq_ignore_ascii_case(other) || wide::is_same(one, other)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let name = self.as_str();
        if name.is_ascii() {
            hash_folded(name, state);
        } else {
            wide::folded(name).for_each(|c| state.write_u32(c.into()));
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A room's name: `#` and 1 to 63 bytes more.
///
/// Any character may follow but white space, a comma (lists of rooms), a colon or anything
/// invisible. Two names that differ in ASCII case only are the same name.
#[derive(Clone)]
pub struct RoomName(Box<str>);

impl RoomName {
    /// The longest room name, in bytes, with its `#`.
    pub const MAX_BYTES: usize = 64;

    /// The room name that a person asked for.
    ///
    /// # Errors
    ///
    /// The first rule that `text` breaks. `limit_bytes` over [`RoomName::MAX_BYTES`] counts as
    /// that.
    pub fn chosen(text: &str, limit_bytes: usize) -> Result<Self, NotAName> {
        let limit = limit_bytes.min(Self::MAX_BYTES);
        let Some(rest) = text.strip_prefix('#') else {
            return Err(NotAName::NoHash);
        };
        if rest.is_empty() {
            return Err(NotAName::Empty);
        }
        let bad = |c: char| c.is_whitespace() || c == ',' || c == ':' || text::is_invisible(c);
        if let Some(c) = rest.chars().find(|&c| bad(c)) {
            return Err(NotAName::Character(c));
        }
        if text.len() > limit {
            return Err(NotAName::TooLong { limit });
        }
        Ok(Self(text.into()))
    }

    /// The name as it was typed, with its `#`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` spells this name.
    pub fn is(&self, text: &str) -> bool {
        // Mostly as it was written before: that is seen at a glance.
        *self.0 == *text || self.0.eq_ignore_ascii_case(text)
    }
}

impl FromStr for RoomName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        Self::chosen(text, Self::MAX_BYTES)
    }
}

impl PartialEq for RoomName {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for RoomName {}

impl Hash for RoomName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_folded(&self.0, state);
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Feeds `text` to `state` in ASCII lower case: equal names, equal hashes.
pub fn hash_folded(text: &str, state: &mut impl Hasher) {
    let mut folded = [0; RoomName::MAX_BYTES];
    for piece in text.as_bytes().chunks(folded.len()) {
        let folded = &mut folded[..piece.len()];
        folded.copy_from_slice(piece);
        folded.make_ascii_lowercase();
        state.write(folded);
    }
    state.write_u8(0xFF);
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name needs at least one character"),
            Self::TooLong { limit } => write!(f, "a name has at most {limit} bytes"),
            Self::Character(' ') => f.write_str("a name has no space"),
            Self::Character(c) if text::is_invisible(*c) => {
                f.write_str("a name has nothing invisible in it")
            }
            Self::Character(c) => write!(f, "a name cannot have '{c}' there"),
            Self::MixedScripts => f.write_str("a name keeps to the letters of one script"),
            Self::Reserved => f.write_str("that name is reserved"),
            Self::NoHash => f.write_str("a room's name begins with #"),
        }
    }
}

impl std::error::Error for NotAName {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::hash::DefaultHasher;

    fn hash(value: &impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn what_irc_clients_accept_is_a_name() {
        for good in ["ada", "A", "_x_", "[bot]", "x-1", "a2345678901234567890123456789012"] {
            assert_eq!(Name::chosen(good, 32).map(|name| name.to_string()), Ok(good.to_string()));
        }
    }

    #[test]
    fn what_is_no_name_is_refused_for_its_reason() {
        use NotAName::*;
        let long = "a23456789012345678901234567890123";
        for (bad, why) in [
            ("", Empty),
            ("1st", Character('1')),
            ("-x", Character('-')),
            ("a b", Character(' ')),
            ("adа", Character('а')), // Cyrillic
            ("a\u{200b}", Character('\u{200b}')),
            ("a\x1b[31m", Character('\x1b')),
            ("NickServ", Reserved),
            ("Guest-7", Reserved),
            ("#room", Character('#')),
            (long, TooLong { limit: 32 }),
        ] {
            assert_eq!(Name::chosen(bad, 32).unwrap_err(), why, "{bad:?}");
        }
        assert_eq!(Name::chosen("abcd", 3).unwrap_err(), TooLong { limit: 3 });
        assert_eq!(size_of::<Name>(), 33);
    }

    #[test]
    fn case_makes_no_difference_but_is_kept() {
        let (one, other) = (Name::chosen("Ada", 32).unwrap(), Name::chosen("aDA", 32).unwrap());
        assert_eq!(one, other);
        assert_eq!(hash(&one), hash(&other));
        assert_eq!((one.as_str(), other.as_str()), ("Ada", "aDA"));
        let (one, other): (RoomName, RoomName) = ("#Dev".parse().unwrap(), "#dEV".parse().unwrap());
        assert_eq!(one, other);
        assert_eq!(hash(&one), hash(&other));
    }

    #[test]
    fn rooms_may_be_called_what_people_like() {
        for good in ["#dev", "#café", "#学习", "#a", "##"] {
            assert!(good.parse::<RoomName>().is_ok(), "{good}");
        }
        use NotAName::*;
        for (bad, why) in [
            ("dev", NoHash),
            ("#", Empty),
            ("#a b", Character(' ')),
            ("#a,b", Character(',')),
            ("#a\u{202e}b", Character('\u{202e}')),
            ("#a\u{200b}b", Character('\u{200b}')),
        ] {
            assert_eq!(bad.parse::<RoomName>().unwrap_err(), why, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_clean_name_or_none(text in any::<String>()) {
            if let Ok(name) = Name::chosen(&text, 32) {
                prop_assert_eq!(name.as_str(), &text);
                prop_assert_eq!(text::clean(&text), text.as_str());
            }
            let room = format!("#{text}");
            if let Ok(name) = room.parse::<RoomName>() {
                prop_assert_eq!(name.as_str(), &room);
                prop_assert_eq!(text::clean(&room), room.as_str());
            }
        }
    }
}
