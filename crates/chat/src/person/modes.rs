//! What a member chooses for itself, or has been given: IRC's user modes as types.
//!
//! Invariant: a mode that exists has exactly one letter.

use std::fmt;

/// A set of [`UserMode`]s. Newcomers have none: who is in a room is seen there, and nobody who has
/// not asked to be is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UserModes(u8);

/// Something that holds for a member, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum UserMode {
    /// `B`: is a program.
    Bot,
    /// `R`: hears from those only, beside rooms, who are logged in to an account.
    RegisteredOnly,
    /// `i`: is not found by those who share no room and do not know the name.
    Invisible,
    /// `o`: runs the server. Given by `OPER` alone; may be laid down.
    Operator,
    /// `w`: hears what operators say to all who want to.
    Wallops,
}

impl UserMode {
    /// All, with their letters, in the order of these.
    pub(crate) const ALL: [(char, Self); 5] = [
        ('B', Self::Bot),
        ('R', Self::RegisteredOnly),
        ('i', Self::Invisible),
        ('o', Self::Operator),
        ('w', Self::Wallops),
    ];

    /// The mode with this letter.
    pub(crate) fn of(letter: char) -> Option<Self> {
        Self::ALL.iter().find(|(other, _)| *other == letter).map(|(_, mode)| *mode)
    }
}

impl UserModes {
    pub(crate) fn has(self, mode: UserMode) -> bool {
        self.0 & 1 << mode as u8 != 0
    }

    /// The same with `mode`, or without.
    #[must_use]
    pub(crate) fn with(self, mode: UserMode, on: bool) -> Self {
        Self(if on { self.0 | 1 << mode as u8 } else { self.0 & !(1 << mode as u8) })
    }

    /// Those of this that are not in `other`.
    #[must_use]
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those of either.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for UserModes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = UserMode::ALL.iter().filter(|(_, mode)| self.has(*mode));
        set.map(|(letter, _)| *letter).try_for_each(|letter| fmt::Write::write_char(f, letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_show_as_their_letters() {
        let some = UserModes::default().with(UserMode::Wallops, true).with(UserMode::Bot, true);
        assert_eq!(some.to_string(), "Bw");
        assert_eq!(some.with(UserMode::Bot, false).to_string(), "w");
        let other = UserModes::default().with(UserMode::Wallops, true);
        assert_eq!(some.without(other).to_string(), "B");
        assert_eq!(other.without(some), UserModes::default());
        for (letter, mode) in UserMode::ALL {
            assert_eq!(UserMode::of(letter), Some(mode));
        }
    }
}
