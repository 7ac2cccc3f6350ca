//! Lines of IRC to messages and back (RFC 1459 and 2812 section 2.3, modern.ircdocs.horse, IRCv3
//! message-tags).
//!
//! Invariant: whatever is read or written is one message. A [`Message`] borrows from a line without
//! CR, LF or NUL, and nothing given to a [`Line`] can put one of those into a line. What a [`Line`]
//! writes is read back as the same message.
//!
//! Which commands there are, what their parameters mean and who may send them is for others to say.

mod pieces;
mod render;
mod tags;

use std::fmt;

use smallvec::SmallVec;

pub use pieces::pieces;
pub use render::Line;
pub use tags::Tags;

/// The longest message without its tags, in bytes, CR LF counted (RFC 1459 section 2.3).
pub const LINE_BYTES: usize = 512;

/// The longest section of tags of any message, in bytes, with its `@` and the space behind it
/// (IRCv3 message-tags): what a client sent and what the server added.
pub const TAGS_BYTES: usize = 8191;

/// The longest section of tags that a client may send, in bytes, with its `@` and the space behind
/// it. The specification counts 4,094 without those two.
pub const CLIENT_TAGS_BYTES: usize = 4096;

/// The most parameters of one message (RFC 1459 section 2.3): the last takes all that is left.
pub const MAX_PARAMS: usize = 15;

/// A message, borrowed from the line that it stands on.
///
/// ```
/// use wire::irc::Message;
///
/// let message = Message::parse("@+typing=active :ada PRIVMSG #sea :Ahoy, all hands!").unwrap();
/// assert_eq!(message.tags.get("+typing").as_deref(), Some("active"));
/// assert_eq!(message.source, Some("ada"));
/// assert_eq!(message.command, "PRIVMSG");
/// assert_eq!(message.params(), ["#sea", "Ahoy, all hands!"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The tags, not looked at yet.
    pub tags: Tags<'a>,
    /// Who the message says it comes from: servers believe no client's word on it. Never empty.
    pub source: Option<&'a str>,
    /// Letters in the case they came in, or three digits.
    pub command: &'a str,
    params: Params<'a>,
}

/// Nearly all messages of clients have at most this many.
type Params<'a> = SmallVec<[&'a str; 4]>;

/// Why a line is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAMessage {
    /// There is nothing but spaces. RFC 1459 lets that pass in silence.
    Empty,
    /// There are tags or a source, and nothing behind them.
    NoCommand,
    /// The command is neither letters nor three digits.
    BadCommand,
    /// There is a NUL in the line.
    ContainsNul,
    /// There is a CR or an LF in the line.
    ContainsLineBreak,
}

impl<'a> Message<'a> {
    /// Reads a line without its CR LF. Several spaces count as one, and those at both ends as none,
    /// but for the last parameter behind a colon, which is as it stands. How long the line may be
    /// is for [`check_lengths`] to say.
    ///
    /// # Errors
    ///
    /// What keeps `line` from being a message.
    pub fn parse(line: &'a str) -> Result<Self, NotAMessage> {
        if let Some(at) = memchr::memchr3(0, b'\r', b'\n', line.as_bytes()) {
            return Err(match line.as_bytes()[at] {
                0 => NotAMessage::ContainsNul,
                _ => NotAMessage::ContainsLineBreak,
            });
        }
        let mut rest = without_spaces(line);
        if rest.is_empty() {
            return Err(NotAMessage::Empty);
        }
        let mut tags = Tags::default();
        if let Some(section) = rest.strip_prefix('@') {
            let (raw, after) = word(section);
            (tags, rest) = (Tags::from_raw(raw), after);
        }
        let mut source = None;
        if let Some(section) = rest.strip_prefix(':') {
            let (name, after) = word(section);
            (source, rest) = (Some(name).filter(|name| !name.is_empty()), after);
        }
        let (command, mut rest) = word(rest);
        if command.is_empty() {
            return Err(NotAMessage::NoCommand);
        }
        if !is_command(command) {
            return Err(NotAMessage::BadCommand);
        }
        let mut params = Params::new();
        while !rest.is_empty() {
            if let Some(trailing) = rest.strip_prefix(':') {
                params.push(trailing);
                break;
            }
            if params.len() == MAX_PARAMS - 1 {
                params.push(rest);
                break;
            }
            let (param, after) = word(rest);
            params.push(param);
            rest = after;
        }
        Ok(Self { tags, source, command, params })
    }

    /// The parameter at this place, counted from 0.
    pub fn param(&self, place: usize) -> Option<&'a str> {
        self.params.get(place).copied()
    }

    /// All parameters, at most [`MAX_PARAMS`].
    pub fn params(&self) -> &[&'a str] {
        &self.params
    }

    /// The last parameter, with a colon before it or without: there is no difference.
    pub fn trailing(&self) -> Option<&'a str> {
        self.params.last().copied()
    }
}

/// What may be a command: letters, or three digits.
fn is_command(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_alphabetic)
        || bytes.len() == 3 && bytes.iter().all(u8::is_ascii_digit)
}

/// What stands up to the next space, and what stands behind that and any more.
fn word(text: &str) -> (&str, &str) {
    match memchr::memchr(b' ', text.as_bytes()) {
        Some(end) => (&text[..end], without_spaces(&text[end..])),
        None => (text, ""),
    }
}

fn without_spaces(text: &str) -> &str {
    text.trim_start_matches(' ')
}

/// How long the parts of a line may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The section of tags with its `@` and the space behind it.
    pub tags: usize,
    /// All the rest, CR LF counted.
    pub rest: usize,
}

impl Bounds {
    /// What a client may send.
    pub const CLIENT: Self = Self { tags: CLIENT_TAGS_BYTES, rest: LINE_BYTES };

    /// What a server may send.
    pub const SERVER: Self = Self { tags: TAGS_BYTES, rest: LINE_BYTES };

    /// The longest line that keeps both, without its CR LF: what to receive lines with.
    pub const fn line_bytes(self) -> usize {
        self.tags + self.rest - 2
    }
}

/// Which part of a line is too long. Both are answered with 417 (ERR_INPUTTOOLONG).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLong {
    /// The section of tags.
    Tags,
    /// What follows the tags, or the whole line if it has none.
    Rest,
}

/// Whether the parts of `line`, which has no CR LF any more, keep to `bounds`.
///
/// # Errors
///
/// The first part that is too long.
pub fn check_lengths(line: &[u8], bounds: Bounds) -> Result<(), TooLong> {
    // One space belongs to the tags; any more count with the rest.
    let tags = match line.first() {
        Some(b'@') => memchr::memchr(b' ', line).map_or(line.len(), |space| space + 1),
        _ => 0,
    };
    if tags > bounds.tags {
        return Err(TooLong::Tags);
    }
    if line.len() - tags + 2 > bounds.rest {
        return Err(TooLong::Rest);
    }
    Ok(())
}

impl fmt::Display for NotAMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the line is empty",
            Self::NoCommand => "the line has no command",
            Self::BadCommand => "a command is letters or three digits",
            Self::ContainsNul => "the line has a NUL in it",
            Self::ContainsLineBreak => "the line has a CR or LF in it",
        })
    }
}

impl std::error::Error for NotAMessage {}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tags => "the tags of the line are too long",
            Self::Rest => "the line is too long",
        })
    }
}

impl std::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spaces_make_no_difference_outside_the_last_parameter() {
        let message = Message::parse("  @a=b   :ada   privmsg  #sea   x  : two  words ").unwrap();
        assert_eq!(message.tags.get("a").as_deref(), Some("b"));
        assert_eq!(message.source, Some("ada"));
        assert_eq!(message.command, "privmsg");
        assert_eq!(message.params(), ["#sea", "x", " two  words "]);
        assert_eq!(message.trailing(), Some(" two  words "));
        assert_eq!(message.param(1), Some("x"));
        assert_eq!(message.param(3), None);
        assert_eq!(Message::parse("QUIT   ").unwrap().params(), [""; 0]);
        assert_eq!(Message::parse("QUIT :").unwrap().params(), [""]);
        assert_eq!(Message::parse("A b:c :d").unwrap().params(), ["b:c", "d"]);
    }

    #[test]
    fn the_fifteenth_parameter_takes_the_rest() {
        let line = format!("MODE {} fifteen and more :so", ["x"; 14].join(" "));
        let message = Message::parse(&line).unwrap();
        assert_eq!(message.params().len(), MAX_PARAMS);
        assert_eq!(message.trailing(), Some("fifteen and more :so"));
        let line = format!("MODE {} :fifteen and more", ["x"; 14].join("  "));
        assert_eq!(Message::parse(&line).unwrap().trailing(), Some("fifteen and more"));
    }

    #[test]
    fn what_is_no_message_is_refused_for_its_reason() {
        use NotAMessage::*;
        for (line, why) in [
            ("", Empty),
            ("   ", Empty),
            (":ada", NoCommand),
            (":ada  ", NoCommand),
            ("@a=b", NoCommand),
            ("@a :b ", NoCommand),
            ("HEL1O", BadCommand),
            ("01", BadCommand),
            ("0001", BadCommand),
            ("/join", BadCommand),
            ("é", BadCommand),
            ("PING a\0b", ContainsNul),
            ("PING a\rb", ContainsLineBreak),
            ("PING a\nb", ContainsLineBreak),
        ] {
            assert_eq!(Message::parse(line), Err(why), "{line:?}");
        }
        for line in ["001", "ping", "@ PING", ": PING"] {
            assert!(Message::parse(line).is_ok(), "{line:?}");
        }
        assert_eq!(Message::parse(": PING").unwrap().source, None);
    }

    #[test]
    fn lengths_are_met_to_the_byte_and_the_long_part_is_named() {
        let rest = |bytes: usize| "x".repeat(bytes - 2);
        let tags = |bytes: usize| format!("@{} ", "t".repeat(bytes - 2));
        let check = |line: String| check_lengths(line.as_bytes(), Bounds::CLIENT);
        assert_eq!(check(rest(512)), Ok(()));
        assert_eq!(check(rest(513)), Err(TooLong::Rest));
        assert_eq!(check(tags(4096) + &rest(512)), Ok(()));
        assert_eq!(check(tags(4096) + &rest(513)), Err(TooLong::Rest));
        assert_eq!(check(tags(4097) + "PING"), Err(TooLong::Tags));
        assert_eq!(check("@".to_owned() + &"t".repeat(4096)), Err(TooLong::Tags));
        assert_eq!(check_lengths((tags(8191) + "PING").as_bytes(), Bounds::SERVER), Ok(()));
        assert_eq!((tags(4096) + &rest(512)).len(), Bounds::CLIENT.line_bytes());
    }

    proptest! {
        #[test]
        fn any_text_is_a_message_or_none(line in "[@:; =\\\\a-c0-9+\0\r\né]{0,60}") {
            if let Ok(message) = Message::parse(&line) {
                prop_assert!(is_command(message.command));
                prop_assert!(message.params().len() <= MAX_PARAMS);
                prop_assert!(message.source != Some(""));
                for (key, _) in message.tags.iter() {
                    prop_assert!(!key.is_empty() && message.tags.get(key).is_some());
                }
                let (_, middles) = message.params().split_last().unwrap_or((&"", &[]));
                for middle in middles {
                    prop_assert!(!middle.is_empty());
                    prop_assert!(!middle.starts_with(':') && !middle.contains(' '));
                }
            }
        }

        #[test]
        fn parsing_never_panics(line in any::<String>()) {
            let _ = Message::parse(&line);
            let _ = check_lengths(line.as_bytes(), Bounds::CLIENT);
        }
    }
}
