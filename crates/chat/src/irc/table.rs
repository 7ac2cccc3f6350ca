//! What an IRC client may ask for, as one table.
//!
//! Invariant: what is in the table is all there is: parsing, refusals and costs come from it.

use service::Key;
use wire::irc::Message;

use super::command::*;
use crate::switchboard::Switchboard;

/// One command.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Without so many parameters, none of them empty, it is refused (461).
    pub(crate) least: usize,
    pub(crate) when: When,
    pub(crate) cost: Cost,
    pub(crate) run: fn(&mut Switchboard, Key, &Message<'_>),
}

/// When it may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At any time.
    Always,
    /// Once registered (else 451).
    Registered,
    /// Before that only (else 462).
    Unregistered,
}

/// What it costs of what a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Nothing.
    Free,
    /// A line.
    Line,
    /// [`Limits::heavy_command`](crate::Limits::heavy_command) lines: its answer is long.
    Heavy,
}

/// All commands, in the order of their names.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = {
    use Cost::*;
    use When::*;
    const fn row(
        name: &'static str, least: usize, when: When, cost: Cost,
        run: fn(&mut Switchboard, Key, &Message<'_>),
    ) -> Row {
        Row { name, least, when, cost, run }
    }
    &[
        row("CAP",     1, Always,       Free,  cap::cap),
        row("JOIN",    1, Registered,   Line,  join::join),
        row("LUSERS",  0, Registered,   Line,  server::lusers),
        row("MOTD",    0, Registered,   Heavy, server::motd),
        row("NAMES",   0, Registered,   Heavy, names::names),
        row("NICK",    0, Always,       Line,  nick::nick),
        row("NOTICE",  0, Registered,   Line,  message::notice),
        row("PART",    1, Registered,   Line,  join::part),
        row("PASS",    1, Unregistered, Free,  registration::pass),
        row("PING",    0, Registered,   Line,  ping::ping),
        row("PONG",    0, Always,       Free,  ping::pong),
        row("PRIVMSG", 0, Registered,   Line,  message::privmsg),
        row("QUIT",    0, Always,       Free,  quit::quit),
        row("TAGMSG",  1, Registered,   Line,  message::tagmsg),
        row("USER",    4, Unregistered, Free,  registration::user),
    ]
};

impl Row {
    /// The command with this name, in whatever case.
    pub(crate) fn of(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|row| row.name.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(TABLE.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(TABLE.iter().all(|row| row.name.bytes().all(|byte| byte.is_ascii_uppercase())));
    }
}
