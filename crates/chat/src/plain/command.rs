//! What a member may ask for, as one table.
//!
//! Invariant: what is in the table is all there is: help, parsing and refusals come from it.

/// A line as a person typed it, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    /// Say this in the current room.
    Say(&'a str),
    /// Do this, with what stood behind the command's name.
    Do(Verb, &'a str),
    /// Do this to the first word, with what stood behind it.
    DoTo(Verb, &'a str, &'a str),
}

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Nick,
    Join,
    Part,
    Msg,
    Me,
    Away,
    Who,
    Rooms,
    History,
    Topic,
    Invite,
    Kick,
    Mode,
    Plain,
    Help,
    Quit,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misuse<'a> {
    /// There is no such command.
    Unknown(&'a str),
    /// Something is missing.
    Incomplete(&'static Row),
}

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    verb: Verb,
    /// Its name, then others it goes by.
    names: &'static [&'static str],
    pub(crate) usage: &'static str,
    pub(crate) help: &'static str,
    needs: Needs,
    weight: Weight,
}

/// What must stand behind a command's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Nothing must.
    Nothing,
    /// Something.
    Something,
    /// A word, and something behind it.
    WordAndText,
}

/// How much work the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Light,
    Heavy,
}

/// All commands, in the order in which help lists them.
#[rustfmt::skip]
pub(crate) const TABLE: [Row; 16] = {
    use Needs::{Nothing, Something, WordAndText};
    use Weight::{Heavy, Light};
    const fn row(
        verb: Verb, names: &'static [&'static str], usage: &'static str, needs: Needs,
        weight: Weight, help: &'static str,
    ) -> Row {
        Row { verb, names, usage, help, needs, weight }
    }
    [
        row(Verb::Nick,    &["nick", "name"],      "/nick NAME",      Something,   Light, "be known as NAME"),
        row(Verb::Join,    &["join", "j"],         "/join #ROOM",     Something,   Light, "enter a room, or make it; what you type goes there"),
        row(Verb::Part,    &["part", "leave"],     "/part [#ROOM]",   Nothing,     Light, "leave a room"),
        row(Verb::Msg,     &["msg", "m", "query"], "/msg NAME TEXT",  WordAndText, Light, "tell one person, or another room of yours"),
        row(Verb::Me,      &["me"],                "/me TEXT",        Something,   Light, "say what you do: * ada waves"),
        row(Verb::Away,    &["away"],              "/away [TEXT]",    Nothing,     Light, "tell who writes to you that you are away; alone: that you are back"),
        row(Verb::Who,     &["who", "names", "w"], "/who [#ROOM]",    Nothing,     Heavy, "who is in a room"),
        row(Verb::Rooms,   &["rooms", "list"],     "/rooms",          Nothing,     Heavy, "which rooms there are"),
        row(Verb::History, &["history"],           "/history [N]",    Nothing,     Heavy, "the last N lines of this room"),
        row(Verb::Topic,   &["topic"],             "/topic [TEXT]",   Nothing,     Light, "what this room is about; TEXT says so, - that nothing does"),
        row(Verb::Invite,  &["invite"],            "/invite NAME",    Something,   Light, "ask somebody into this room"),
        row(Verb::Kick,    &["kick"],              "/kick NAME",      Something,   Light, "remove somebody from this room, if you keep order there"),
        row(Verb::Mode,    &["mode"],              "/mode [CHANGES]", Nothing,     Light, "what this room allows; changes as in IRC: +m, +o NAME"),
        row(Verb::Plain,   &["plain"],             "/plain",          Nothing,     Light, "no times, for scripts; as the first line: no welcome"),
        row(Verb::Help,    &["help", "h", "?"],    "/help",           Nothing,     Light, "this list"),
        row(Verb::Quit,    &["quit", "exit", "q"], "/quit",           Nothing,     Light, "leave (or Ctrl-D)"),
    ]
};

/// The names of all commands, without others that they go by.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|row| row.names[0])
}

impl<'a> Command<'a> {
    /// Understands a line. Two slashes stand for a line that begins with one.
    pub(crate) fn parse(line: &'a str) -> Result<Self, Misuse<'a>> {
        let Some(command) = line.strip_prefix('/') else {
            return Ok(Self::Say(line));
        };
        if command.starts_with('/') {
            return Ok(Self::Say(command));
        }
        let (name, rest) = first_word(command);
        let row = TABLE
            .iter()
            .find(|row| row.names.iter().any(|other| other.eq_ignore_ascii_case(name)))
            .ok_or(Misuse::Unknown(name))?;
        match row.needs {
            Needs::Nothing => Ok(Self::Do(row.verb, rest)),
            Needs::Something if rest.is_empty() => Err(Misuse::Incomplete(row)),
            Needs::Something => Ok(Self::Do(row.verb, rest)),
            Needs::WordAndText => match first_word(rest) {
                (_, "") => Err(Misuse::Incomplete(row)),
                (word, text) => Ok(Self::DoTo(row.verb, word, text)),
            },
        }
    }

    pub(crate) fn weight(&self) -> Weight {
        match self {
            Self::Say(_) => Weight::Light,
            Self::Do(verb, _) | Self::DoTo(verb, ..) => {
                TABLE.iter().find(|row| row.verb == *verb).map_or(Weight::Light, |row| row.weight)
            }
        }
    }
}

/// The first word, and what stands behind it.
pub(super) fn first_word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        use Command::*;
        for (line, command) in [
            ("hello", Say("hello")),
            ("  hello", Say("  hello")),
            ("//etc", Say("/etc")),
            ("/nick ada", Do(Verb::Nick, "ada")),
            ("/NICK   ada ", Do(Verb::Nick, "ada")),
            ("/j #dev", Do(Verb::Join, "#dev")),
            ("/part", Do(Verb::Part, "")),
            ("/msg bob  hi there", DoTo(Verb::Msg, "bob", "hi there")),
            ("/?", Do(Verb::Help, "")),
        ] {
            assert_eq!(Command::parse(line), Ok(command), "{line}");
        }
        assert_eq!(Command::parse("/foo bar"), Err(Misuse::Unknown("foo")));
        assert_eq!(Command::parse("/"), Err(Misuse::Unknown("")));
        assert!(matches!(Command::parse("/nick"), Err(Misuse::Incomplete(_))));
        assert!(matches!(Command::parse("/msg bob "), Err(Misuse::Incomplete(_))));
    }

    #[test]
    fn no_two_commands_share_a_name_and_usage_begins_with_it() {
        let mut names: Vec<_> = TABLE.iter().flat_map(|row| row.names).collect();
        names.sort();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        for row in &TABLE {
            assert!(row.usage[1..].starts_with(row.names[0]));
        }
    }
}
