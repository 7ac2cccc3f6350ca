//! Changes of what a room allows and whom it ranks, and how they are asked for in letters.
//!
//! Invariant: a [`Change`] that exists can be asked of any room: its parameter is there and is of its
//! kind. Whether it may be made is for the state to decide.

use std::fmt;

use wire::name::{Name, RoomName};

use super::masks::{List, Pattern, Reach};
use super::modes::{Flag, Rank, Value};
use crate::Limits;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Flag(Flag, Turn),
    Key(Option<Box<str>>),
    Limit(Option<u32>),
    Forward(Option<RoomName>),
    Listed(List, Pattern, Turn),
    Ranked(Rank, Name, Turn),
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    On,
    Off,
}

impl Turn {
    fn of(is_on: bool) -> Self {
        if is_on { Self::On } else { Self::Off }
    }

    /// How it is written before the letters.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::On => '+',
            Self::Off => '-',
        }
    }
}

impl Change {
    pub(crate) fn turn(&self) -> Turn {
        match self {
            Self::Flag(_, turn) | Self::Listed(.., turn) | Self::Ranked(.., turn) => *turn,
            Self::Key(key) => Turn::of(key.is_some()),
            Self::Limit(limit) => Turn::of(limit.is_some()),
            Self::Forward(forward) => Turn::of(forward.is_some()),
        }
    }

    pub(crate) fn letter(&self) -> char {
        match self {
            Self::Flag(flag, _) => flag.letter(),
            Self::Key(_) => Value::Key.letter(),
            Self::Limit(_) => Value::Limit.letter(),
            Self::Forward(_) => Value::Forward.letter(),
            Self::Listed(list, ..) => list.letter(),
            Self::Ranked(rank, ..) => rank.letter(),
        }
    }

    /// What stands behind the letters for it, if anything does. A key that is taken away has one,
    /// too (it is a mode of IRC's type B), but is not told again.
    pub(crate) fn param(&self) -> Option<Param<'_>> {
        Some(match self {
            Self::Key(Some(key)) => Param::Text(key),
            Self::Key(None) => Param::Text("*"),
            Self::Limit(Some(limit)) => Param::Number(*limit),
            Self::Forward(Some(room)) => Param::Text(room.as_str()),
            Self::Listed(_, pattern, _) => Param::Pattern(pattern),
            Self::Ranked(_, name, _) => Param::Text(name.as_str()),
            Self::Flag(..) | Self::Limit(None) | Self::Forward(None) => return None,
        })
    }

    /// What keeping it costs, in bytes.
    pub(crate) fn cost(&self) -> usize {
        let text = match self {
            Self::Key(Some(key)) => key.len(),
            Self::Forward(Some(room)) => room.as_str().len(),
            Self::Listed(_, pattern, _) => pattern.mask.as_str().len(),
            _ => 0,
        };
        size_of::<Self>() + text
    }
}

/// A parameter, as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Param<'a> {
    Text(&'a str),
    Number(u32),
    Pattern(&'a Pattern),
}

impl fmt::Display for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Pattern(pattern) => pattern.fmt(f),
        }
    }
}

/// Displays changes as they are written: `+o-l+b ada eve!*@*`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a>(pub(crate) &'a [Change]);

impl Written<'_> {
    /// The letters, without what stands behind them.
    pub(crate) fn letters(&self) -> String {
        let mut letters = String::new();
        let mut turn = None;
        for change in self.0 {
            if turn != Some(change.turn()) {
                turn = Some(change.turn());
                letters.push(change.turn().sign());
            }
            letters.push(change.letter());
        }
        letters
    }

    /// What stands behind the letters.
    pub(crate) fn params(&self) -> impl Iterator<Item = Param<'_>> {
        self.0.iter().filter_map(Change::param)
    }
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.letters())?;
        self.params().try_for_each(|param| write!(f, " {param}"))
    }
}

/// What one letter asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// This change.
    For(Change),
    /// To be shown this list.
    ToSee(List),
    /// Nothing that there is.
    Wrong(Wrong),
}

/// Why letters and their parameters are no changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// There is no such mode.
    Unknown(char),
    /// It needs a parameter.
    Missing(char),
    /// Its parameter will not do: as far as it can be shown, and why.
    Invalid(char, String, String),
    /// Those from here on would be more than [`Limits::modes`] with parameters.
    TooMany(usize),
}

/// Understands `+o-l+b` and what stands behind it. Letters after which a list is wanted and nothing
/// stands ask to see it.
pub(crate) fn parse(letters: &str, params: &[&str], limits: &Limits) -> Vec<Asked> {
    let mut params = params.iter().copied();
    let mut turn = Turn::On;
    let mut asked = Vec::new();
    let mut taken = 0;
    for letter in letters.chars() {
        match letter {
            '+' => turn = Turn::On,
            '-' => turn = Turn::Off,
            _ => {
                let mut next = || {
                    let next = params.next();
                    taken += usize::from(next.is_some());
                    next
                };
                let one = one(letter, turn, &mut next, limits);
                if taken > limits.modes {
                    asked.push(Asked::Wrong(Wrong::TooMany(limits.modes)));
                    return asked;
                }
                // Asked to see a list twice, somebody sees it once.
                if !matches!(one, Asked::ToSee(_)) || !asked.contains(&one) {
                    asked.push(one);
                }
            }
        }
    }
    asked
}

fn one<'a>(
    letter: char,
    turn: Turn,
    next: &mut impl FnMut() -> Option<&'a str>,
    limits: &Limits,
) -> Asked {
    let invalid = |param: &str, why: String| {
        let is_word = !param.is_empty() && !param.starts_with(':') && !param.contains(' ');
        let shown = wire::irc::pieces(param, 64).next().filter(|_| is_word).unwrap_or("*");
        Asked::Wrong(Wrong::Invalid(letter, shown.into(), why))
    };
    if let Some(flag) = Flag::of(letter) {
        return Asked::For(Change::Flag(flag, turn));
    }
    if let Some(list) = List::of(letter) {
        let Some(text) = next() else {
            return Asked::ToSee(list);
        };
        return match Pattern::parse(text) {
            Ok(Pattern { reach: Reach::Speech, .. }) if list == List::Invite => {
                invalid(text, "nobody is invited to speak only".into())
            }
            Ok(pattern) => Asked::For(Change::Listed(list, pattern, turn)),
            Err(why) => invalid(text, why.to_string()),
        };
    }
    if let Some(rank) = Rank::of(letter) {
        return match next() {
            None => Asked::Wrong(Wrong::Missing(letter)),
            Some(name) => match Name::parse(name) {
                Ok(name) => Asked::For(Change::Ranked(rank, name, turn)),
                Err(why) => invalid(name, why.to_string()),
            },
        };
    }
    match (Value::of(letter), turn) {
        (None, _) => Asked::Wrong(Wrong::Unknown(letter)),
        (Some(Value::Key), Turn::Off) => {
            // Clients say which, or say nothing: there is only one.
            let _ = next();
            Asked::For(Change::Key(None))
        }
        (Some(Value::Limit), Turn::Off) => Asked::For(Change::Limit(None)),
        (Some(Value::Forward), Turn::Off) => Asked::For(Change::Forward(None)),
        (Some(value), Turn::On) => match (next(), value) {
            (None, _) => Asked::Wrong(Wrong::Missing(letter)),
            (Some(key), Value::Key) => match check_key(key, limits.key_bytes) {
                Ok(()) => Asked::For(Change::Key(Some(key.into()))),
                // What was meant as a secret is not repeated.
                Err(why) => invalid("", why),
            },
            (Some(number), Value::Limit) => match number.parse() {
                Ok(limit @ 1..) => Asked::For(Change::Limit(Some(limit))),
                _ => invalid(number, "a limit is a whole number from 1 up".into()),
            },
            (Some(room), Value::Forward) => match RoomName::chosen(room, limits.room_name_bytes) {
                Ok(room) => Asked::For(Change::Forward(Some(room))),
                Err(why) => invalid(room, why.to_string()),
            },
        },
    }
}

/// Whether `key` can be said in a JOIN, where commas stand between keys.
fn check_key(key: &str, most: usize) -> Result<(), String> {
    let bad = |c: char| c.is_whitespace() || c == ',' || wire::text::is_invisible(c);
    if key.is_empty() || key.starts_with(':') || key.contains(bad) {
        return Err("a key is one word without commas".into());
    }
    if key.len() > most {
        return Err(format!("a key has at most {most} bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn changes(text: &str) -> Vec<Asked> {
        let mut words = text.split(' ');
        let letters = words.next().unwrap_or("");
        parse(letters, &words.collect::<Vec<_>>(), &Limits::default())
    }

    fn written(text: &str) -> String {
        let changes: Vec<Change> = changes(text)
            .into_iter()
            .filter_map(|asked| match asked {
                Asked::For(change) => Some(change),
                _ => None,
            })
            .collect();
        Written(&changes).to_string()
    }

    #[test]
    fn letters_are_understood_and_written_again() {
        assert_eq!(written("+o-l+b ada eve"), "+o-l+b ada eve!*@*");
        assert_eq!(written("im"), "+im");
        assert_eq!(written("-k word"), "-k *");
        assert_eq!(written("-k"), "-k *");
        assert_eq!(written("+kf-i word #tea"), "+kf-i word #tea");
        assert_eq!(written("+b m:eve"), "+b m:eve!*@*");
        assert_eq!(changes("bb"), [Asked::ToSee(List::Ban)]);
        assert_eq!(changes("+-"), []);
    }

    #[test]
    fn what_is_wrong_is_named() {
        use Wrong::*;
        let wrong = |text: &str| match changes(text).pop() {
            Some(Asked::Wrong(wrong)) => wrong,
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong("+Z"), Unknown('Z'));
        assert_eq!(wrong("+o"), Missing('o'));
        assert_eq!(wrong("+k"), Missing('k'));
        for text in
            ["+l 0", "+l x", "+l -1", "+k a,b", "+f tea", "+I m:eve", "+o 1", "+b a\u{202e}"]
        {
            assert!(matches!(wrong(text), Invalid(..)), "{text}");
        }
        let many = format!("+{}{}", "v".repeat(13), " ada".repeat(13));
        assert_eq!(changes(&many).len(), 13);
        assert_eq!(wrong(&many), TooMany(12));
        let room = format!("+f #{}", "x".repeat(100));
        assert!(matches!(wrong(&room), Invalid(_, shown, _) if shown.len() == 64));
        assert!(matches!(wrong("+k :secret"), Invalid(_, shown, _) if shown == "*"));
    }

    proptest! {
        #[test]
        fn any_letters_are_changes_or_named(
            letters in any::<String>(), params in proptest::collection::vec(any::<String>(), 0..15),
        ) {
            let params: Vec<&str> = params.iter().map(String::as_str).collect();
            for asked in parse(&letters, &params, &Limits::default()) {
                if let Asked::For(change) = asked {
                    for param in Written(&[change]).params() {
                        let param = param.to_string();
                        prop_assert!(!param.is_empty() && !param.starts_with(':'));
                        prop_assert!(!param.contains([' ', '\r', '\n', '\0']));
                    }
                }
            }
        }
    }
}
