//! What a room allows, and whom it ranks over others: IRC's channel modes as types.
//!
//! Invariant: a mode that exists has exactly one letter, and its kind (a flag, a rank, a list, a
//! value) is decided by its type.

use std::fmt;

use wire::name::RoomName;

use super::masks::Lists;

/// A set of [`Flag`]s. A new room has `n` and `t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(u16);

/// Something that holds for a room, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Flag {
    /// `C`: no questions between clients (CTCP), actions apart.
    NoCtcp,
    /// `M`: only those logged in to an account, and those with a voice, may speak.
    RegisteredSpeak,
    /// `R`: only those logged in to an account may come in.
    RegisteredOnly,
    /// `i`: only those invited may come in.
    InviteOnly,
    /// `m`: only those with a voice or more may speak.
    Moderated,
    /// `n`: only members may speak.
    NoOutside,
    /// `p`: not listed.
    Private,
    /// `s`: not shown anywhere to those outside.
    Secret,
    /// `t`: only half-operators or more may set the topic.
    ProtectedTopic,
}

impl Flag {
    /// All, with their letters, in the order of these.
    pub(crate) const ALL: [(char, Self); 9] = [
        ('C', Self::NoCtcp),
        ('M', Self::RegisteredSpeak),
        ('R', Self::RegisteredOnly),
        ('i', Self::InviteOnly),
        ('m', Self::Moderated),
        ('n', Self::NoOutside),
        ('p', Self::Private),
        ('s', Self::Secret),
        ('t', Self::ProtectedTopic),
    ];

    /// The flag with this letter.
    pub(crate) fn of(letter: char) -> Option<Self> {
        Self::ALL.iter().find(|(other, _)| *other == letter).map(|(_, flag)| *flag)
    }

    /// Its letter.
    pub(crate) fn letter(self) -> char {
        Self::ALL[self as usize].0
    }
}

impl Default for Flags {
    fn default() -> Self {
        let mut flags = Self(0);
        flags.set(Flag::NoOutside, true);
        flags.set(Flag::ProtectedTopic, true);
        flags
    }
}

impl Flags {
    pub(crate) fn has(self, flag: Flag) -> bool {
        self.0 & 1 << flag as u8 != 0
    }

    /// Sets or clears `flag`; answers whether that changed anything.
    pub(crate) fn set(&mut self, flag: Flag, on: bool) -> bool {
        let before = *self;
        self.0 = if on { self.0 | 1 << flag as u8 } else { self.0 & !(1 << flag as u8) };
        *self != before
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = Flag::ALL.iter().filter(|(_, flag)| self.has(*flag));
        set.map(|(letter, _)| *letter).try_for_each(|letter| fmt::Write::write_char(f, letter))
    }
}

/// How far somebody stands above others in a room. Somebody may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Rank {
    /// `+v`, shown as `+`: may speak where others may not.
    Voice,
    /// `+h`, `%`: keeps order: removes, silences, sets the topic.
    HalfOperator,
    /// `+o`, `@`: sets modes, and makes others operators.
    Operator,
    /// `+a`, `&`: an operator whom operators cannot remove.
    Admin,
    /// `+q`, `~`: made the room.
    Founder,
}

impl Rank {
    /// All, the highest first, with their letters and the signs shown before names.
    pub(crate) const ALL: [(char, char, Self); 5] = [
        ('q', '~', Self::Founder),
        ('a', '&', Self::Admin),
        ('o', '@', Self::Operator),
        ('h', '%', Self::HalfOperator),
        ('v', '+', Self::Voice),
    ];

    /// The rank with this letter.
    pub(crate) fn of(letter: char) -> Option<Self> {
        Self::ALL.iter().find(|(other, ..)| *other == letter).map(|(.., rank)| *rank)
    }

    /// Its letter.
    pub(crate) fn letter(self) -> char {
        Self::ALL.iter().find(|(.., rank)| *rank == self).map_or('v', |(letter, ..)| *letter)
    }

    /// What somebody is who has it: `an operator`.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Voice => "a voice",
            Self::HalfOperator => "a half-operator",
            Self::Operator => "an operator",
            Self::Admin => "an admin",
            Self::Founder => "a founder",
        }
    }

    /// The sign shown before names.
    pub(crate) fn sign(self) -> char {
        Self::ALL.iter().find(|(.., rank)| *rank == self).map_or('+', |(_, sign, _)| *sign)
    }

    /// The rank with this sign.
    pub(crate) fn of_sign(sign: char) -> Option<Self> {
        Self::ALL.iter().find(|(_, other, _)| *other == sign).map(|(.., rank)| *rank)
    }
}

/// A set of [`Rank`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranks(u8);

impl Ranks {
    /// What whoever makes a room is given: what clients and programs have always looked for.
    pub(crate) const CREATOR: Self = Self(1 << Rank::Operator as u8);

    pub(crate) fn has(self, rank: Rank) -> bool {
        self.0 & 1 << rank as u8 != 0
    }

    /// The highest; `None`: none at all.
    pub(crate) fn highest(self) -> Option<Rank> {
        Rank::ALL.iter().map(|(.., rank)| *rank).find(|rank| self.has(*rank))
    }

    /// Whether the highest is `rank` or above.
    pub(crate) fn at_least(self, rank: Rank) -> bool {
        self.highest() >= Some(rank)
    }

    /// Gives or takes `rank`; answers whether that changed anything.
    pub(crate) fn set(&mut self, rank: Rank, on: bool) -> bool {
        let before = *self;
        self.0 = if on { self.0 | 1 << rank as u8 } else { self.0 & !(1 << rank as u8) };
        *self != before
    }

    /// The signs shown before a name: all of them, or the highest only.
    pub(crate) fn signs(self, all: bool) -> impl Iterator<Item = char> {
        let most = if all { Rank::ALL.len() } else { 1 };
        let held = Rank::ALL.iter().filter(move |(.., rank)| self.has(*rank));
        held.map(|(_, sign, _)| *sign).take(most)
    }
}

/// A mode that has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `k`: the word that who comes in must say.
    Key,
    /// `l`: how many members there may be.
    Limit,
    /// `f`: where those go who may not come in.
    Forward,
}

impl Value {
    /// All, with their letters.
    pub(crate) const ALL: [(char, Self); 3] =
        [('k', Self::Key), ('l', Self::Limit), ('f', Self::Forward)];

    /// The value with this letter.
    pub(crate) fn of(letter: char) -> Option<Self> {
        Self::ALL.iter().find(|(other, _)| *other == letter).map(|(_, value)| *value)
    }

    /// Its letter.
    pub(crate) fn letter(self) -> char {
        Self::ALL.iter().find(|(_, value)| *value == self).map_or('?', |(letter, _)| *letter)
    }
}

/// What few rooms have: values and lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) key: Option<Box<str>>,
    pub(crate) limit: Option<u32>,
    pub(crate) forward: Option<RoomName>,
    pub(crate) lists: Lists,
    /// When the room last got another name; 0: never.
    pub(crate) renamed_unix_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_ordered_and_shown_by_their_signs() {
        let mut ranks = Ranks::default();
        assert!(!ranks.at_least(Rank::Voice));
        assert!(ranks.set(Rank::Voice, true) && !ranks.set(Rank::Voice, true));
        assert!(ranks.set(Rank::Operator, true));
        assert!(ranks.at_least(Rank::HalfOperator) && !ranks.at_least(Rank::Admin));
        assert_eq!(ranks.signs(true).collect::<String>(), "@+");
        assert_eq!(ranks.signs(false).collect::<String>(), "@");
        assert_eq!(Ranks::CREATOR.signs(true).collect::<String>(), "@");
    }

    #[test]
    fn flags_show_as_their_letters() {
        let mut flags = Flags::default();
        assert_eq!(flags.to_string(), "nt");
        assert!(flags.set(Flag::Secret, true));
        assert_eq!(flags.to_string(), "nst");
        for (letter, flag) in Flag::ALL {
            assert_eq!((Flag::of(letter), flag.letter()), (Some(flag), letter));
        }
    }
}
