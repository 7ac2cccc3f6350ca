//! Writes a message as a line.
//!
//! Invariant: what is written is one line that [`Message::parse`](super::Message::parse) reads back
//! as the same message, whatever the pieces hold. A piece that would tell another story is
//! replaced, in one of two ways: in a text, CR, LF and NUL become spaces; where a single word must
//! stand, one that could not be read back as that word becomes `*`.
//!
//! How long a line gets is for the caller to see to: [`Line::text_bytes_left`] says what fits.

use std::fmt::Display;
use std::io::Write;

use super::tags::escape;
use super::{LINE_BYTES, is_command};
use crate::bytes;

/// One message, being written to the end of a vector of bytes. Allocates nothing else.
///
/// The parts come in the order they have on the line: tags, source, command, parameters, and at
/// most one trailing parameter as the last. Debug builds panic on any other order; else what is out
/// of order still leaves one line.
///
/// ```
/// use wire::irc::Line;
///
/// let mut out = Vec::new();
/// Line::new(&mut out).source("irc.example.org").numeric(1).param("ada").trailing("Welcome!").end();
/// Line::new(&mut out).tag("account", "ada").source("ada").command("AWAY").trailing("a\r\nb").end();
/// assert_eq!(
///     str::from_utf8(&out).unwrap(),
///     ":irc.example.org 001 ada :Welcome!\r\n@account=ada :ada AWAY :a  b\r\n"
/// );
/// ```
#[derive(Debug)]
#[must_use = "a line without its end is no line"]
pub struct Line<'o> {
    out: &'o mut Vec<u8>,
    /// Where the rest of the line begins, behind the tags.
    rest: usize,
    stage: Stage,
}

/// What has been written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Nothing,
    Tags,
    Source,
    Command,
    Trailing,
}

impl<'o> Line<'o> {
    /// Begins a line at the end of `out`.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        let rest = out.len();
        Self { out, rest, stage: Stage::Nothing }
    }

    /// A tag and its value, which is escaped. An empty value is left out.
    ///
    /// Keys are the program's own or come from a parsed tag: one that could not be read back is
    /// written as `*`.
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.begin_tag();
        let from = self.out.len();
        self.out.extend_from_slice(key.as_bytes());
        self.word_since(from, |key| key.iter().any(|byte| b";=".contains(byte)));
        if !value.is_empty() {
            self.out.push(b'=');
            escape(value, self.out);
        }
        self
    }

    /// Tags that are escaped already, with `;` between them, as they came in:
    /// `+typing=active;+react=x`. Nothing, if that is empty.
    pub fn raw_tags(mut self, raw: &str) -> Self {
        if raw.is_empty() {
            return self;
        }
        self.begin_tag();
        let from = self.out.len();
        self.out.extend_from_slice(raw.as_bytes());
        self.word_since(from, |_| false);
        self
    }

    fn begin_tag(&mut self) {
        debug_assert!(self.stage <= Stage::Tags, "tags come first");
        self.out.push(if self.stage == Stage::Nothing { b'@' } else { b';' });
        self.stage = Stage::Tags;
    }

    /// Who the message comes from.
    pub fn source(self, source: &str) -> Self {
        self.source_parts(&[source])
    }

    /// Who the message comes from, in parts that belong together:
    /// `[nick, "!", user, "@", host]`. What [`Line::source_fmt`] does, without formatting.
    pub fn source_parts(mut self, parts: &[&str]) -> Self {
        debug_assert!(self.stage <= Stage::Tags, "the source follows the tags");
        self.end_tags();
        self.out.push(b':');
        let from = self.out.len();
        parts.iter().for_each(|part| self.out.extend_from_slice(part.as_bytes()));
        self.word_since(from, |_| false);
        self.stage = Stage::Source;
        self
    }

    /// Who the message comes from: `format_args!("{nick}!{user}@{host}")`, say.
    pub fn source_fmt(mut self, source: impl Display) -> Self {
        debug_assert!(self.stage <= Stage::Tags, "the source follows the tags");
        self.end_tags();
        self.out.push(b':');
        let from = self.out.len();
        self.write(source);
        self.word_since(from, |_| false);
        self.stage = Stage::Source;
        self
    }

    /// The command, in letters: one of the program's own.
    pub fn command(mut self, command: &'static str) -> Self {
        debug_assert!(is_command(command), "{command:?} is no command");
        self.begin_command();
        self.out.extend_from_slice(command.as_bytes());
        self
    }

    /// The command as a number under 1000, written in three digits.
    pub fn numeric(mut self, numeric: u16) -> Self {
        debug_assert!(numeric < 1000, "{numeric} has more than three digits");
        self.begin_command();
        let digit = |value: u16| b'0' + (value % 10) as u8;
        self.out.extend_from_slice(&[digit(numeric / 100), digit(numeric / 10), digit(numeric)]);
        self
    }

    fn begin_command(&mut self) {
        debug_assert!(self.stage <= Stage::Source, "there is one command");
        match self.stage {
            Stage::Source => self.out.push(b' '),
            _ => self.end_tags(),
        }
        self.stage = Stage::Command;
    }

    fn end_tags(&mut self) {
        if self.stage == Stage::Tags {
            self.out.push(b' ');
            self.rest = self.out.len();
        }
    }

    /// A parameter of one word. One that is empty, begins with `:`, or has a space, CR, LF or NUL in
    /// it could not be read back as one, and is written as `*`: so what a peer sent may be repeated
    /// to it. (An IPv6 address that begins with a colon wants a `0` before it.)
    pub fn param(mut self, param: impl Display) -> Self {
        debug_assert!(self.stage == Stage::Command, "parameters follow the command");
        self.out.push(b' ');
        self.word(param);
        self
    }

    /// The same as [`Line::param`], without formatting.
    pub fn param_str(mut self, param: &str) -> Self {
        debug_assert!(self.stage == Stage::Command, "parameters follow the command");
        self.out.push(b' ');
        self.word_str(param);
        self
    }

    /// The last parameter, which may be any text, the empty one too. Written with a colon always:
    /// there are clients that take a last parameter without one for something else.
    pub fn trailing(mut self, text: impl Display) -> Self {
        debug_assert!(self.stage == Stage::Command, "one trailing parameter ends the line");
        self.out.extend_from_slice(b" :");
        let from = self.out.len();
        self.write(text);
        self.text_since(from)
    }

    /// The same as [`Line::trailing`], from parts that belong together, without formatting.
    pub fn trailing_parts(self, parts: &[&str]) -> Self {
        debug_assert!(self.stage == Stage::Command, "one trailing parameter ends the line");
        self.out.extend_from_slice(b" :");
        let from = self.out.len();
        parts.iter().for_each(|part| self.out.extend_from_slice(part.as_bytes()));
        self.text_since(from)
    }

    /// What was written since `from` is the text that ends the line.
    fn text_since(mut self, from: usize) -> Self {
        let mut unseen = from;
        while let Some(at) = memchr::memchr3(0, b'\r', b'\n', &self.out[unseen..]) {
            self.out[unseen + at] = b' ';
            unseen += at + 1;
        }
        self.stage = Stage::Trailing;
        self
    }

    /// How many bytes of text a [`Line::trailing`] may still have so that the line without its tags
    /// keeps to [`LINE_BYTES`].
    pub fn text_bytes_left(&self) -> usize {
        LINE_BYTES.saturating_sub(self.rest_bytes() + " :\r\n".len())
    }

    /// How many bytes the line has so far without its tags.
    pub fn rest_bytes(&self) -> usize {
        match self.stage {
            Stage::Nothing | Stage::Tags => 0,
            _ => self.out.len() - self.rest,
        }
    }

    /// Ends the line. Whoever may have too much for one line splits it before
    /// ([`Line::text_bytes_left`], [`pieces()`](super::pieces())); what is over all the same (a word of the peer's own
    /// that it is given back in an error) is cut off, since a client may take what is over for a line
    /// of its own.
    pub fn end(self) {
        debug_assert!(self.stage >= Stage::Command, "a line has a command");
        let most = self.rest + LINE_BYTES - b"\r\n".len();
        if self.out.len() > most {
            let is_whole = |&end: &usize| self.out[end] & 0b1100_0000 != 0b1000_0000;
            let end = (self.rest..=most).rev().find(is_whole).unwrap_or(most);
            self.out.truncate(end);
        }
        self.out.extend_from_slice(b"\r\n");
    }

    /// Writes what must be read back as one word.
    fn word(&mut self, word: impl Display) {
        let from = self.out.len();
        self.write(word);
        self.word_since(from, |word| word[0] == b':');
    }

    /// The same, without formatting.
    fn word_str(&mut self, word: &str) {
        let from = self.out.len();
        self.out.extend_from_slice(word.as_bytes());
        self.word_since(from, |word| word[0] == b':');
    }

    /// Replaces what was written since `from` if it is no word, or `bad` says so.
    fn word_since(&mut self, from: usize, bad: impl Fn(&[u8]) -> bool) {
        let word = &self.out[from..];
        let breaks = |byte: u8| (byte == b' ') | (byte == b'\r') | (byte == b'\n') | (byte == 0);
        if word.is_empty() || bytes::any(word, breaks) || bad(word) {
            self.out.truncate(from);
            self.out.push(b'*');
        }
    }

    fn write(&mut self, value: impl Display) {
        // Writing to a vector cannot fail, and a value that will not be shown is shown in part.
        let _ = write!(self.out, "{value}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::Message;
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(Line<'_>) -> Line<'_>) -> String {
        let mut out = b"before".to_vec();
        write(Line::new(&mut out)).end();
        String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
    }

    #[test]
    fn all_parts_stand_in_their_places() {
        let line = written(|line| {
            line.tag("time", "12:00")
                .tag("empty", "")
                .raw_tags("")
                .raw_tags("+a=b;+c")
                .source_fmt(format_args!("{}!{}@{}", "ada", "~a", "host"))
                .command("MODE")
                .param("#sea")
                .param(7)
                .trailing("")
        });
        assert_eq!(line, "@time=12:00;empty;+a=b;+c :ada!~a@host MODE #sea 7 :\r\n");
        assert_eq!(written(|line| line.command("PING")), "PING\r\n");
        assert_eq!(written(|line| line.numeric(5)), "005\r\n");
        assert_eq!(written(|line| line.tag("a", "").numeric(433)), "@a 433\r\n");
    }

    #[test]
    fn what_could_not_be_read_back_as_one_word_is_a_star() {
        for bad in ["", " ", "a b", "a\r", "a\nQUIT", "a\0"] {
            let line = written(|line| line.source(bad).numeric(403).param(bad).trailing("No"));
            assert_eq!(line, ":* 403 * :No\r\n", "{bad:?}");
        }
        let line = written(|line| line.source(":a").numeric(403).param(":a").param(":"));
        assert_eq!(line, "::a 403 * *\r\n");
        assert_eq!(written(|line| line.numeric(403).param("a:b")), "403 a:b\r\n");
        assert_eq!(written(|line| line.raw_tags("+a=b c").numeric(1)), "@* 001\r\n");
        assert_eq!(written(|line| line.tag("a;b", "c").tag("", "").numeric(1)), "@*=c;* 001\r\n");
    }

    #[test]
    fn parts_are_written_as_the_whole_would_be() {
        for parts in [["ada", "!", "~a@b"], ["", ":x", ""], ["a", " b", "\r\n"], ["", "", ""]] {
            let whole = parts.concat();
            assert_eq!(
                written(|line| line.source_parts(&parts).command("A").trailing_parts(&parts)),
                written(|line| line.source_fmt(&whole).command("A").trailing(&whole)),
            );
            assert_eq!(
                written(|line| line.command("A").param_str(&whole)),
                written(|line| line.command("A").param(&whole)),
            );
        }
    }

    #[test]
    fn a_text_stays_one_line() {
        let line = written(|line| line.command("A").trailing("x\r\nQUIT\0\n"));
        assert_eq!(line, "A :x  QUIT  \r\n");
    }

    #[test]
    fn what_is_left_for_text_fills_the_line_to_the_byte() {
        let mut out = Vec::new();
        let line = Line::new(&mut out).tag("a", "b").source("ada").command("PRIVMSG").param("#sea");
        let left = line.text_bytes_left();
        line.trailing("x".repeat(left)).end();
        assert_eq!(out.len() - "@a=b ".len(), LINE_BYTES);
        let mut out = Vec::new();
        let line = Line::new(&mut out).command("A").param("x".repeat(600));
        assert_eq!(line.text_bytes_left(), 0);
    }

    #[test]
    fn a_line_never_outgrows_its_bound_whatever_it_is_given() {
        for bytes in [400, 480, 490, 2000] {
            let mut out = Vec::new();
            let word = format!("x{}", "\u{e9}".repeat(bytes / 2));
            let line = Line::new(&mut out).tag("time", "now").source("server").command("PONG");
            line.param("server").trailing(&word).end();
            let line = String::from_utf8(out).expect("cut between characters");
            let rest = line.strip_prefix("@time=now ").expect("the tags are not counted");
            assert!(rest.len() <= LINE_BYTES && rest.ends_with("\r\n"), "{}", rest.len());
            assert!(rest.len() >= LINE_BYTES - 1 || rest.contains(&word), "no more than needed");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(
            tags in proptest::collection::vec(("[+a-z/.-]{1,8}", "[^\0]{0,12}"), 0..4),
            source in proptest::option::of("[^ \r\n\0]{1,9}"),
            command in proptest::sample::select(&["PRIVMSG", "Join", "x", "FAIL", "001", "005"][..]),
            params in proptest::collection::vec("[^: \r\n\0][^ \r\n\0]{0,9}", 0..14),
            trailing in proptest::option::of("[^\r\n\0]{0,30}"),
        ) {
            let text = written(|mut line| {
                for (key, value) in &tags {
                    line = line.tag(key, value);
                }
                if let Some(source) = &source {
                    line = line.source(source);
                }
                line = line.command(command);
                for param in &params {
                    line = line.param(param);
                }
                match &trailing {
                    Some(trailing) => line.trailing(trailing),
                    None => line,
                }
            });
            let message = Message::parse(text.strip_suffix("\r\n").unwrap()).unwrap();
            let read: Vec<_> =
                message.tags.iter().map(|(key, value)| (key.to_owned(), value.into_owned())).collect();
            prop_assert_eq!(read, tags);
            prop_assert_eq!(message.source, source.as_deref());
            prop_assert_eq!(message.command, command);
            let all: Vec<&str> = params.iter().chain(&trailing).map(String::as_str).collect();
            prop_assert_eq!(message.params(), all);
        }

        #[test]
        fn whatever_is_written_is_one_message(
            key in any::<String>(), value in any::<String>(), raw in any::<String>(),
            source in any::<String>(), param in any::<String>(), trailing in any::<String>(),
        ) {
            let text = written(|line| {
                line.tag(&key, &value).raw_tags(&raw).source(&source).command("PRIVMSG")
                    .param(&param).trailing(&trailing)
            });
            let line = text.strip_suffix("\r\n").unwrap();
            let message = Message::parse(line).unwrap();
            prop_assert_eq!(message.command, "PRIVMSG");
            prop_assert_eq!(message.params().len(), 2);
            prop_assert!(message.source.is_some());
            prop_assert_eq!(message.param(1).unwrap(), trailing.replace(['\r', '\n', '\0'], " "));
        }
    }
}
