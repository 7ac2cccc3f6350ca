//! A message of IRC as a client takes it apart: written anew for the tests, so that what the server
//! writes is not judged by the code that wrote it.
//!
//! Invariant: what is accepted here keeps every bound and rule that clients rely on.

/// The longest line without its tags, the end included (RFC 2812 section 2.3).
const LINE_BYTES: usize = 512;

/// The longest tags of a message from a server, with the `@` and the space (IRCv3 message-tags).
const TAGS_BYTES: usize = 8191;

/// One line from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) tags: Vec<(String, String)>,
    /// Who or what it comes from, without the colon.
    pub(crate) source: String,
    pub(crate) command: String,
    pub(crate) params: Vec<String>,
}

impl Message {
    /// Takes a line, its end included, apart.
    ///
    /// # Panics
    ///
    /// If it is not one that a server may send.
    pub(crate) fn parse(line: &[u8]) -> Self {
        let text = std::str::from_utf8(line).unwrap_or_else(|_| panic!("not UTF-8: {line:?}"));
        let body = text.strip_suffix("\r\n").unwrap_or_else(|| panic!("no CR LF: {text:?}"));
        assert!(!body.contains(['\r', '\n', '\0']), "CR, LF or NUL within: {text:?}");
        let (tags, rest) = match body.strip_prefix('@') {
            Some(tagged) => {
                let (tags, rest) = tagged.split_once(' ').expect("something after the tags");
                assert!(tags.len() + 2 <= TAGS_BYTES, "too many tags: {text:?}");
                let pair = |tag: &str| {
                    let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
                    assert!(!key.is_empty(), "a tag without a name: {text:?}");
                    (key.to_owned(), unescape(value))
                };
                (tags.split(';').map(pair).collect(), rest)
            }
            None => (Vec::new(), body),
        };
        for (at, (key, _)) in tags.iter().enumerate() {
            assert!(tags[..at].iter().all(|(other, _)| other != key), "a tag twice: {text:?}");
        }
        assert!(rest.len() + 2 <= LINE_BYTES, "{} bytes: {text:?}", rest.len() + 2);
        let (source, rest) = match rest.strip_prefix(':') {
            Some(sourced) => sourced.split_once(' ').expect("a command after the source"),
            None => ("", rest),
        };
        let (middle, trailing) = match rest.split_once(" :") {
            Some((middle, trailing)) => (middle, Some(trailing)),
            None => (rest, None),
        };
        let mut words = middle.split(' ').map(str::to_owned);
        let command = words.next().expect("the first piece of a text");
        let is_numeric = command.len() == 3 && command.bytes().all(|byte| byte.is_ascii_digit());
        let is_word = command.bytes().all(|byte| byte.is_ascii_uppercase());
        assert!(!command.is_empty() && (is_numeric || is_word), "what command? {text:?}");
        let params: Vec<String> = words.chain(trailing.map(str::to_owned)).collect();
        let (last, others) = params.split_last().map_or(("", &[][..]), |(l, o)| (l.as_str(), o));
        let middles = if trailing.is_some() { others } else { &params[..] };
        assert!(middles.iter().all(|it| !it.is_empty()), "an empty parameter: {text:?}");
        assert!(trailing.is_some() || !last.starts_with(':'), "{text:?}");
        Self { tags, source: source.to_owned(), command, params }
    }

    /// The value of a tag.
    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(other, _)| other == key).map(|(_, value)| value.as_str())
    }

    /// A parameter, or nothing.
    pub(crate) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// The source up to the `!`.
    pub(crate) fn nick(&self) -> &str {
        self.source.split('!').next().expect("the first piece of a text")
    }
}

/// As in IRCv3 message-tags.
fn unescape(value: &str) -> String {
    let mut plain = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(':') => plain.push(';'),
                Some('s') => plain.push(' '),
                Some('r') => plain.push('\r'),
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            c => plain.push(c),
        }
    }
    plain
}

/// How names of people and rooms are compared: CASEMAPPING=ascii.
pub(crate) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}
