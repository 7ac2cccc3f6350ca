//! Who may do what in a room: one table.
//!
//! Invariant: what is asked of a room by anybody is an [`Act`], each act has one row, and whether it
//! may be done follows from the row, who asks, and the room's flags: nothing else. What is not a
//! question of standing (keys, limits, invitations) is not decided here.
//!
//! Two rules hold beside the table. Nobody removes or demotes somebody who stands above them, and
//! those below operators nobody who stands beside them ([`Standing::may_act_on`]). And anybody may
//! give up a rank of their own.
//!
//! Whoever makes a room is its operator. A founder is who has been made one: by a founder, or, as long
//! as the room has none, by an operator; operators may then do what takes a founder.
//!
//! The lobby is nobody's: nobody makes it, so nobody has a rank there, and only server operators keep
//! order in it. A room whose last operator has left has none from then on: nothing is granted to
//! those who stay, since whoever stays longest is not who should have it. Such a room is made anew
//! when everybody has left it.

use std::fmt;

use crate::room::modes::{Flag, Flags, Rank, Ranks};

/// What somebody may want to do in a room, or to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Know that it exists, what it is about, and who is there.
    See,
    /// Read its lists and its key.
    SeeRules,
    /// Say something there, to all or to those of a rank.
    Speak,
    /// The same, as somebody whom a ban is about.
    SpeakThoughBanned,
    /// Take back what others have said there.
    TakeBack,
    SetTopic,
    /// Tell somebody outside of it.
    Invite,
    /// Invite somebody so that what keeps others out does not keep them out.
    Admit,
    Remove,
    /// Change the list of bans.
    SetBans,
    /// Change the lists of exceptions.
    SetExceptions,
    /// Change a flag, the key, the limit or the forward.
    SetRules,
    /// Have those who may not come into another room come here.
    TakeForwards,
    /// Give a rank, or take it.
    SetRank(Rank),
    Rename,
    /// Say something of it for clients to show (METADATA).
    Describe,
}

/// How far somebody has come in a room, or must have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Outside,
    Member,
    Voice,
    HalfOperator,
    Operator,
    Admin,
    Founder,
}

/// Whether a server operator asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerOperator {
    Yes,
    No,
}

/// Who asks, as far as it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) level: Level,
    pub(crate) server_operator: ServerOperator,
}

/// Why something may not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) act: Act,
    pub(crate) needs: Level,
    /// The flag without which less would do.
    pub(crate) because: Option<Flag>,
}

/// One act.
struct Row {
    act: Act,
    /// What it takes.
    needs: Level,
    /// What it takes instead as long as the room has a flag, if that is more.
    raised: &'static [(Flag, Level)],
    /// Whether server operators may in any case. They do not speak where others may not, nor see
    /// secret rooms: who keeps order is seen doing it.
    operators: InAnyCase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InAnyCase {
    Yes,
    No,
}

/// All acts.
#[rustfmt::skip]
const TABLE: &[Row] = {
    use InAnyCase::{No, Yes};
    use Level::*;
    const fn row(
        act: Act, needs: Level, operators: InAnyCase, raised: &'static [(Flag, Level)],
    ) -> Row {
        Row { act, needs, raised, operators }
    }
    &[
        row(Act::See,                         Outside,      No,  &[(Flag::Secret, Member)]),
        row(Act::SeeRules,                    Member,       Yes, &[]),
        row(Act::Speak,                       Outside,      No,  &[(Flag::Secret, Member), (Flag::NoOutside, Member),
                                                                   (Flag::Moderated, Voice), (Flag::RegisteredSpeak, Voice)]),
        row(Act::SpeakThoughBanned,           Voice,        No,  &[]),
        row(Act::TakeBack,                    HalfOperator, Yes, &[]),
        row(Act::SetTopic,                    Member,       Yes, &[(Flag::ProtectedTopic, HalfOperator)]),
        row(Act::Invite,                      Member,       No,  &[(Flag::InviteOnly, Operator)]),
        row(Act::Admit,                       Operator,     Yes, &[]),
        row(Act::Remove,                      HalfOperator, Yes, &[]),
        row(Act::SetBans,                     HalfOperator, Yes, &[]),
        row(Act::SetExceptions,               Operator,     Yes, &[]),
        row(Act::SetRules,                    Operator,     Yes, &[]),
        row(Act::TakeForwards,                Operator,     Yes, &[]),
        row(Act::SetRank(Rank::Voice),        HalfOperator, Yes, &[]),
        row(Act::SetRank(Rank::HalfOperator), Operator,     Yes, &[]),
        row(Act::SetRank(Rank::Operator),     Operator,     Yes, &[]),
        row(Act::SetRank(Rank::Admin),        Founder,      Yes, &[]),
        row(Act::SetRank(Rank::Founder),      Founder,      Yes, &[]),
        row(Act::Rename,                      Founder,      Yes, &[]),
        row(Act::Describe,                    Operator,     Yes, &[]),
    ]
};

/// Whether it takes a founder, for whom operators stand as long as there is none.
pub(crate) fn needs_founder(act: Act) -> bool {
    TABLE.iter().any(|row| row.act == act && row.needs == Level::Founder)
}

/// Whether somebody of this standing may do this in a room with these flags.
pub(crate) fn allows(act: Act, standing: Standing, flags: Flags) -> Result<(), Denied> {
    let row = TABLE.iter().find(|row| row.act == act).expect("every act has a row (tested)");
    if standing.server_operator == ServerOperator::Yes && row.operators == InAnyCase::Yes {
        return Ok(());
    }
    if standing.level < row.needs {
        return Err(Denied { act, needs: row.needs, because: None });
    }
    match row.raised.iter().find(|(flag, needs)| flags.has(*flag) && standing.level < *needs) {
        Some((flag, needs)) => Err(Denied { act, needs: *needs, because: Some(*flag) }),
        None => Ok(()),
    }
}

impl Standing {
    /// Whether somebody at `other` may be removed or demoted by who stands here.
    pub(crate) fn may_act_on(self, other: Level) -> bool {
        let is_beside = other == self.level && self.level >= Level::Operator;
        self.server_operator == ServerOperator::Yes || other < self.level || is_beside
    }
}

impl Level {
    /// Where a member with these ranks stands.
    pub(crate) fn of(ranks: Ranks) -> Self {
        match ranks.highest() {
            None => Self::Member,
            Some(Rank::Voice) => Self::Voice,
            Some(Rank::HalfOperator) => Self::HalfOperator,
            Some(Rank::Operator) => Self::Operator,
            Some(Rank::Admin) => Self::Admin,
            Some(Rank::Founder) => Self::Founder,
        }
    }
}

/// Displays as what somebody is: `an operator`.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outside => "anybody",
            Self::Member => "a member",
            Self::Voice => "somebody with a voice",
            Self::HalfOperator => "a half-operator",
            Self::Operator => "an operator",
            Self::Admin => "an admin",
            Self::Founder => "a founder",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Level::*;

    const LEVELS: [Level; 7] = [Outside, Member, Voice, HalfOperator, Operator, Admin, Founder];

    fn plain(level: Level) -> Standing {
        Standing { level, server_operator: ServerOperator::No }
    }

    fn flags(set: &[Flag]) -> Flags {
        let mut flags = Flags::default();
        for (_, flag) in Flag::ALL {
            flags.set(flag, set.contains(&flag));
        }
        flags
    }

    /// Every act, and who may: without flags, then with each flag that changes it. The columns are
    /// outside, member, +voice, %half-operator, @operator, &admin, ~founder, and a server operator
    /// who is not in the room.
    #[test]
    fn the_whole_table() {
        let mut shown = String::from("\n");
        for row in TABLE {
            let mut line = |name: String, flags: Flags| {
                let mut may = String::new();
                for (level, sign) in LEVELS.into_iter().zip(['-', 'm', '+', '%', '@', '&', '~']) {
                    may.push(if allows(row.act, plain(level), flags).is_ok() { sign } else { '.' });
                }
                let operator = Standing { level: Outside, server_operator: ServerOperator::Yes };
                let operator = allows(row.act, operator, flags).is_ok();
                may.push_str(if operator { " op" } else { "" });
                shown.push_str(&format!("{name:<22} {may}\n"));
            };
            line(format!("{:?}", row.act), flags(&[]));
            for (letter, flag) in Flag::ALL {
                if row.raised.iter().any(|(raising, _)| *raising == flag) {
                    line(format!("  with +{letter}"), flags(&[flag]));
                }
            }
        }
        let expected = "
See                    -m+%@&~ op
  with +s              .m+%@&~
SeeRules               .m+%@&~ op
Speak                  -m+%@&~ op
  with +M              ..+%@&~
  with +m              ..+%@&~
  with +n              .m+%@&~
  with +s              .m+%@&~
SpeakThoughBanned      ..+%@&~
TakeBack               ...%@&~ op
SetTopic               .m+%@&~ op
  with +t              ...%@&~ op
Invite                 .m+%@&~
  with +i              ....@&~
Admit                  ....@&~ op
Remove                 ...%@&~ op
SetBans                ...%@&~ op
SetExceptions          ....@&~ op
SetRules               ....@&~ op
TakeForwards           ....@&~ op
SetRank(Voice)         ...%@&~ op
SetRank(HalfOperator)  ....@&~ op
SetRank(Operator)      ....@&~ op
SetRank(Admin)         ......~ op
SetRank(Founder)       ......~ op
Rename                 ......~ op
Describe               ....@&~ op
";
        assert_eq!(shown, expected, "{shown}");
    }

    /// Who stands in a row may remove or demote those in the columns: member to founder.
    #[test]
    fn nobody_acts_on_those_above_nor_below_operators_on_those_beside() {
        let mut shown = String::from("\n");
        for level in LEVELS {
            let may: String = LEVELS[1..]
                .iter()
                .zip(['m', '+', '%', '@', '&', '~'])
                .map(|(&other, sign)| if plain(level).may_act_on(other) { sign } else { '.' })
                .collect();
            shown.push_str(&format!("{:<13} {may}\n", format!("{level:?}")));
        }
        let expected = "
Outside       ......
Member        ......
Voice         m.....
HalfOperator  m+....
Operator      m+%@..
Admin         m+%@&.
Founder       m+%@&~
";
        assert_eq!(shown, expected, "{shown}");
        let operator = Standing { level: Outside, server_operator: ServerOperator::Yes };
        assert!(LEVELS.iter().all(|&level| operator.may_act_on(level)));
    }

    #[test]
    fn every_act_has_one_row_and_each_refusal_names_its_flag() {
        for (index, row) in TABLE.iter().enumerate() {
            assert!(TABLE[..index].iter().all(|other| other.act != row.act), "{:?}", row.act);
        }
        for (.., rank) in Rank::ALL {
            assert!(TABLE.iter().any(|row| row.act == Act::SetRank(rank)));
        }
        let denied = allows(Act::SetTopic, plain(Voice), flags(&[Flag::ProtectedTopic]));
        let because = Some(Flag::ProtectedTopic);
        assert_eq!(denied, Err(Denied { act: Act::SetTopic, needs: HalfOperator, because }));
    }
}
