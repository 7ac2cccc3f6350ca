//! Masks: texts in which `*` stands for any characters and `?` for one.
//!
//! Invariant: a [`Mask`] that exists has three parts, fits in [`Mask::MAX_BYTES`], and can stand as
//! one word on a line of IRC. Matching takes at most as many steps as the mask has bytes times the
//! text, whatever the two are made of, and allocates nothing.
//!
//! There are no escapes. A backslash is part of many names, and neither names nor addresses have
//! a `*` or `?` in them that somebody could want to name.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::name::hash_folded;
use crate::text;

/// Whom a ban or an exception is about: `nick!user@host` with wildcards.
///
/// Two masks that differ in ASCII case only are the same, and each shows as it was typed.
///
/// ```
/// use wire::mask::Mask;
///
/// let mask = Mask::normalize("*@203.0.113.*").unwrap();
/// assert_eq!(mask.as_str(), "*!*@203.0.113.*");
/// assert!(mask.matches("Ada", "ada", "203.0.113.7"));
/// ```
#[derive(Clone)]
pub struct Mask {
    /// All of it: `nick!user@host`.
    text: Box<str>,
    /// Where the `!` stands, and where the `@`.
    bang: u8,
    at: u8,
}

/// Why a text is no mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAMask {
    /// There is no text.
    Empty,
    /// Longer than [`Mask::MAX_BYTES`] with all its parts.
    TooLong,
    /// This character cannot stand there: it is a space, is invisible, or is a colon that begins
    /// the mask.
    Character(char),
}

impl Mask {
    /// The longest mask, in bytes, with all its parts: room for the longest name, a user and an
    /// address or cloak.
    pub const MAX_BYTES: usize = 128;

    /// The mask that somebody meant: what is missing is `*`, and several `*` are one.
    ///
    /// - `ada` is `ada!*@*`, `ada!a` is `ada!a@*`, and `a@b` is `*!a@b`.
    /// - With a dot or a colon in it, which no name has, it is a host: `192.0.2.*` is
    ///   `*!*@192.0.2.*`.
    ///
    /// # Errors
    ///
    /// What keeps `text` from being a mask.
    pub fn normalize(text: &str) -> Result<Self, NotAMask> {
        if text.is_empty() {
            return Err(NotAMask::Empty);
        }
        let bad = |c: char| c.is_whitespace() || text::is_invisible(c);
        if let Some(c) = text.chars().find(|&c| bad(c)) {
            return Err(NotAMask::Character(c));
        }
        let (nick, user, host) = match text.split_once('!') {
            Some((nick, rest)) => {
                let (user, host) = rest.rsplit_once('@').unwrap_or((rest, ""));
                (nick, user, host)
            }
            None => match text.rsplit_once('@') {
                Some((user, host)) => ("", user, host),
                None if text.contains(['.', ':']) => ("", "", text),
                None => (text, "", ""),
            },
        };
        if nick.starts_with(':') {
            return Err(NotAMask::Character(':'));
        }
        let mut whole = String::with_capacity(text.len().min(Self::MAX_BYTES) + "*!*@*".len());
        push_part(&mut whole, nick);
        let bang = whole.len();
        whole.push('!');
        push_part(&mut whole, user);
        let at = whole.len();
        whole.push('@');
        push_part(&mut whole, host);
        if whole.len() > Self::MAX_BYTES {
            return Err(NotAMask::TooLong);
        }
        Ok(Self { text: whole.into(), bang: bang as u8, at: at as u8 })
    }

    /// Whether somebody is meant. None of the three has a `!` or `@` in it.
    pub fn matches(&self, nick: &str, user: &str, host: &str) -> bool {
        // Part by part is the same as the whole at once, as `!` and `@` are in one place each; and
        // it is done without putting the three together.
        matches(self.host(), host) && matches(self.nick(), nick) && matches(self.user(), user)
    }

    /// All of it: `nick!user@host`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before `!`.
    pub fn nick(&self) -> &str {
        &self.text[..usize::from(self.bang)]
    }

    /// The part between `!` and `@`.
    pub fn user(&self) -> &str {
        &self.text[usize::from(self.bang) + 1..usize::from(self.at)]
    }

    /// The part behind `@`.
    pub fn host(&self) -> &str {
        &self.text[usize::from(self.at) + 1..]
    }
}

/// Appends `part` with several `*` as one, or `*` if there is nothing.
fn push_part(whole: &mut String, part: &str) {
    if part.is_empty() {
        whole.push('*');
    }
    let mut after_star = false;
    for c in part.chars() {
        if c != '*' || !after_star {
            whole.push(c);
        }
        after_star = c == '*';
    }
}

/// Whether `mask` stands for `text`: `*` for any characters or none, `?` for one character, and
/// any other for itself, in either ASCII case.
pub fn matches(mask: &str, text: &str) -> bool {
    let (mask, text) = (mask.as_bytes(), text.as_bytes());
    let (mut in_mask, mut in_text) = (0, 0);
    // Behind the last `*`, and up to where in the text it reaches. Earlier ones need no second
    // look: if the rest can be found at all, it can be found behind their first match.
    let mut last_star: Option<(usize, usize)> = None;
    loop {
        match (mask.get(in_mask), text.get(in_text)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                in_mask += 1;
                if in_mask == mask.len() {
                    return true;
                }
                last_star = Some((in_mask, in_text));
            }
            (Some(b'?'), Some(_)) => {
                in_mask += 1;
                in_text = next_character(text, in_text);
            }
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {
                in_mask += 1;
                in_text += 1;
            }
            // If the text is too short now, it is so behind a longer `*` too.
            (Some(_), None) => return false,
            (_, Some(_)) => {
                let Some((behind, reach)) = last_star else {
                    return false;
                };
                let reach = next_character(text, reach);
                last_star = Some((behind, reach));
                (in_mask, in_text) = (behind, reach);
            }
        }
    }
}

/// Where the character ends that begins at `start` in UTF-8.
fn next_character(text: &[u8], start: usize) -> usize {
    let continues = |byte: &&u8| **byte & 0xC0 == 0x80;
    start + 1 + text[start + 1..].iter().take_while(continues).count()
}

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Eq for Mask {}

impl Hash for Mask {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_folded(&self.text, state);
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for NotAMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a mask needs at least one character"),
            Self::TooLong => write!(f, "a mask has at most {} bytes", Mask::MAX_BYTES),
            Self::Character(' ') => f.write_str("a mask has no space"),
            Self::Character(c) if text::is_invisible(*c) || c.is_whitespace() => {
                f.write_str("a mask has nothing invisible in it")
            }
            Self::Character(c) => write!(f, "a mask cannot have '{c}' there"),
        }
    }
}

impl std::error::Error for NotAMask {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_missing_is_anything() {
        for (typed, whole) in [
            ("ada", "ada!*@*"),
            ("ada*", "ada*!*@*"),
            ("a!b", "a!b@*"),
            ("a@b", "*!a@b"),
            ("a!b@c", "a!b@c"),
            ("*", "*!*@*"),
            ("***!**@*****", "*!*@*"),
            ("a**?*!x", "a*?*!x@*"),
            ("@b", "*!*@b"),
            ("a!", "a!*@*"),
            ("!", "*!*@*"),
            ("a!@c", "a!*@c"),
            ("192.0.2.*", "*!*@192.0.2.*"),
            ("2001:db8::*", "*!*@2001:db8::*"),
            ("a!b!c@d@e", "a!b!c@d@e"),
            ("a\\b", "a\\b!*@*"),
        ] {
            let mask = Mask::normalize(typed).unwrap();
            assert_eq!(mask.as_str(), whole, "{typed:?}");
            assert_eq!(format!("{}!{}@{}", mask.nick(), mask.user(), mask.host()), whole);
        }
    }

    #[test]
    fn what_is_no_mask_is_refused_for_its_reason() {
        use NotAMask::*;
        for (bad, why) in [
            ("", Empty),
            ("a b", Character(' ')),
            ("a\u{202e}", Character('\u{202e}')),
            ("a\r\n", Character('\r')),
            (":a!b@c", Character(':')),
        ] {
            assert_eq!(Mask::normalize(bad).unwrap_err(), why, "{bad:?}");
        }
        let longest = "a".repeat(Mask::MAX_BYTES - "!*@*".len());
        assert!(Mask::normalize(&longest).is_ok());
        assert_eq!(Mask::normalize(&format!("{longest}a")).unwrap_err(), TooLong);
        assert!(Mask::normalize(&format!("a!b@{}", "*".repeat(4000))).is_ok(), "many are one");
    }

    #[test]
    fn somebody_is_meant_if_all_parts_match() {
        let mask = Mask::normalize("A?a*!*@*.example.org").unwrap();
        assert!(mask.matches("ada", "u", "x.example.ORG"));
        assert!(mask.matches("Aéa_", "", ".example.org"));
        assert!(!mask.matches("aa", "u", "x.example.org"));
        assert!(!mask.matches("ada", "u", "example.org"));
        assert_eq!(mask, Mask::normalize("a?A*!*@*.example.ORG").unwrap());
    }

    #[test]
    fn a_mask_made_to_be_slow_is_not() {
        let mask = "*a".repeat(60) + "b";
        assert!(!matches(&mask, &"a".repeat(10_000)));
    }

    /// What a mask means, from its definition. Exponential.
    fn naive(mask: &[char], text: &[char]) -> bool {
        match (mask.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => {
                naive(&mask[1..], text) || (!text.is_empty() && naive(mask, &text[1..]))
            }
            (Some('?'), Some(_)) => naive(&mask[1..], &text[1..]),
            (Some(one), Some(other)) => {
                one.eq_ignore_ascii_case(other) && naive(&mask[1..], &text[1..])
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_the_definition_says(mask in "[*?abBéã]{0,10}", text in "[abéã]{0,12}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&mask, &text), naive(&chars(&mask), &chars(&text)));
        }

        #[test]
        fn parts_match_as_the_whole_does(
            mask in "[*?ab!@]{1,8}", nick in "[ab]{1,3}", user in "[ab]{0,3}", host in "[ab.]{1,3}",
        ) {
            let mask = Mask::normalize(&mask).unwrap();
            let whole = format!("{nick}!{user}@{host}");
            prop_assert_eq!(mask.matches(&nick, &user, &host), matches(mask.as_str(), &whole));
        }

        #[test]
        fn any_text_is_a_mask_or_none(text in any::<String>()) {
            if let Ok(mask) = Mask::normalize(&text) {
                prop_assert!(mask.as_str().len() <= Mask::MAX_BYTES);
                prop_assert!(!mask.as_str().contains("**") && !mask.as_str().starts_with(':'));
                prop_assert_eq!(&Mask::normalize(mask.as_str()).unwrap(), &mask, "as it was");
            }
        }
    }
}
