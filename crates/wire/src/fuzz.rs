//! What must hold for any bytes: the bodies of the fuzz targets (`scripts/fuzz`).
//!
//! Invariant: each function takes any bytes, and panics only if this crate is wrong. The tests run
//! each on some random bytes, so that none of them rots between two runs of the fuzzer.
//!
//! Compiled for tests and for the targets alone.

mod web;

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use crate::irc::{self, Bounds, Message};
use crate::line::{self, Lines};
use crate::mask::{self, Mask};
use crate::name::{Charset, Name, RoomName};
use crate::proxy::{self, Proxy};
use crate::sniff;
use crate::telnet::Telnet;
use crate::text;

pub use self::web::{http, websocket};

/// A check of any bytes; it panics if something does not hold.
pub type Check = fn(&[u8]);

/// All of them. Each has a target of the same name.
pub const ALL: [(&str, Check); 10] = [
    ("http", http),
    ("irc_message", irc_message),
    ("lines", lines),
    ("mask", mask),
    ("name", name),
    ("proxy", proxy),
    ("sniff", sniff),
    ("telnet", telnet),
    ("text", text),
    ("websocket", websocket),
];

/// What is read is written as it was, and read back the same; texts are cut without loss.
pub fn irc_message(bytes: &[u8]) {
    if irc::check_lengths(bytes, Bounds::CLIENT).is_ok() {
        assert!(bytes.len() <= Bounds::CLIENT.line_bytes());
    }
    let text = String::from_utf8_lossy(bytes);
    let longest = usize::from(bytes.first().copied().unwrap_or(0));
    let pieces: Vec<&str> = irc::pieces(&text, longest).collect();
    assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= longest.max(4)));
    assert_eq!(pieces.concat(), text);

    let Ok(message) = Message::parse(&text) else {
        return;
    };
    let raw = written(&message, |line| line.raw_tags(message.tags.as_raw()));
    let read = Message::parse(line_of(&raw)).expect("what is written can be read");
    assert_eq!(read.tags, message.tags);
    assert_eq!(read.source, message.source);
    let is_number = message.command.parse::<u16>().is_ok();
    assert_eq!(read.command, if is_number { message.command } else { "X" });
    assert_eq!(read.params(), message.params());
    let escaped = written(&message, |mut line| {
        for (key, value) in message.tags.iter() {
            line = line.tag(key, &value);
        }
        line
    });
    let read = Message::parse(line_of(&escaped)).expect("what is written can be read");
    assert!(read.tags.iter().eq(message.tags.iter()));
    assert_eq!(read.params(), message.params());
    assert!(message.tags.client_only().all(|(key, _)| message.tags.get(key).is_some()));
}

fn written(message: &Message<'_>, tags: impl FnOnce(irc::Line<'_>) -> irc::Line<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut line = tags(irc::Line::new(&mut out));
    if let Some(source) = message.source {
        line = line.source(source);
    }
    line = match message.command.parse() {
        Ok(numeric) => line.numeric(numeric),
        // Commands that are written are the program's own.
        Err(_) => line.command("X"),
    };
    if let Some((trailing, middles)) = message.params().split_last() {
        for middle in middles {
            line = line.param(middle);
        }
        line = line.trailing(trailing);
    }
    line.end();
    out
}

fn line_of(written: &[u8]) -> &str {
    let line = written.strip_suffix(b"\r\n").expect("a line ends in CR LF");
    str::from_utf8(line).expect("what is written of text is text")
}

/// Lines do not depend on the pieces they came in, and keep to the limit.
pub fn lines(bytes: &[u8]) {
    let (limit, bytes) = bytes.split_first().map_or((0, bytes), |(&limit, rest)| (limit, rest));
    let limit = usize::from(limit);
    let of = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut all: Vec<Result<Vec<u8>, String>> = Vec::new();
        let mut lines = Lines::default();
        let own = |line: line::Line<'_>| match line {
            line::Line::Whole(line) => {
                assert!(line.len() <= limit && !line.contains(&b'\n'));
                Ok(line.to_vec())
            }
            other => Err(format!("{other:?}")),
        };
        for mut piece in pieces {
            while let Some(line) = lines.next(&mut piece, limit) {
                all.push(own(line));
            }
            assert!(piece.is_empty());
        }
        all.extend(lines.end().map(own));
        all
    };
    let whole = of(&mut std::iter::once(bytes));
    assert_eq!(of(&mut bytes.chunks(1)), whole);
    assert_eq!(of(&mut pieces_of(bytes)), whole);
}

/// Cuts bytes into pieces of the lengths that the bytes themselves say.
fn pieces_of(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = usize::from(bytes.first()? & 0xF) + 1;
        let (piece, rest) = bytes.split_at(length.min(bytes.len()));
        bytes = rest;
        Some(piece)
    })
}

/// Matching is what the definition of masks says.
pub fn mask(bytes: &[u8]) {
    let both = String::from_utf8_lossy(bytes);
    let (mask, text) = both.split_once('\n').unwrap_or((&both, ""));
    assert_eq!(mask::matches(mask, text), matches_by_definition(mask, text), "{mask:?} {text:?}");

    let Ok(mask) = Mask::normalize(mask) else {
        return;
    };
    assert!(mask.as_str().len() <= Mask::MAX_BYTES && !mask.as_str().contains("**"));
    let again = Mask::normalize(mask.as_str()).expect("a mask is one");
    assert_eq!(again.as_str(), mask.as_str());
    let mut parts = text.split(['!', '@']);
    let mut part = || parts.next().unwrap_or("");
    let (nick, user, host) = (part(), part(), part());
    let whole = format!("{nick}!{user}@{host}");
    assert_eq!(mask.matches(nick, user, host), mask::matches(mask.as_str(), &whole));
}

/// For each end of the mask, whether it stands for each end of the text.
fn matches_by_definition(mask: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut ends = vec![true; text.len() + 1];
    ends[1..].fill(false);
    for sign in mask.chars() {
        let before = ends.clone();
        for end in 0..ends.len() {
            let one = |c: char| sign == '?' || sign.eq_ignore_ascii_case(&c);
            ends[end] = match sign {
                '*' => before[end] || (end > 0 && ends[end - 1]),
                _ => end > 0 && before[end - 1] && one(text[end - 1]),
            };
        }
    }
    ends[text.len()]
}

/// A name that exists keeps the rules, and is itself again.
pub fn name(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let narrow = Name::chosen(&text, Name::MAX_BYTES);
    let wide = Name::chosen_from(&text, Name::MAX_BYTES, Charset::Unicode);
    if let Ok(narrow) = narrow {
        assert!(narrow.as_str() == text && text.is_ascii());
        assert_eq!(wide, Ok(narrow));
    }
    if let Ok(wide) = wide {
        assert_eq!(Name::parse(&text).expect("what may be chosen is a name"), wide);
    }
    if let Ok(name) = Name::parse(&text) {
        let shown = name.as_str();
        assert!(!shown.is_empty() && shown.len() <= Name::MAX_BYTES);
        assert!(!shown.contains(|c: char| text::is_invisible(c) || c.is_whitespace()));
        assert!(!shown.contains(['!', '@', '*', '?', '#', ',', ':', '.', '$', '~', '&', '+', '%']));
        let again = Name::parse(shown).expect("a name is one");
        assert_eq!(again.as_str(), shown);
        assert_eq!(again.skeleton(), name.skeleton());
        let other_case = Name::parse(&shown.to_ascii_uppercase()).expect("so is a loud one");
        assert_eq!(other_case, name);
        let hash = |name: Name| BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
        assert_eq!(hash(other_case), hash(name), "equal names are found in the same place");
    }
    if let Ok(room) = text.parse::<RoomName>() {
        assert!(room.as_str() == text && text.len() <= RoomName::MAX_BYTES);
        assert_eq!(text::clean(&text), text);
    }
}

/// What was decided on some bytes is not changed by more, and nothing is waited for without end.
pub fn proxy(bytes: &[u8]) {
    let mut decided = None;
    for end in 0..=bytes.len().min(300) {
        let now = proxy::parse(&bytes[..end]);
        assert_eq!(now == Proxy::NotProxy, !proxy::starts_like(&bytes[..end]));
        match (now, decided) {
            (Proxy::Incomplete, None) => assert!(end < proxy::V2_BYTES),
            (_, None) => decided = Some(now),
            (_, Some(before)) => assert_eq!(now, before),
        }
        if let Proxy::Header { len, .. } = now {
            assert!(len <= end);
        }
    }
    let whole = proxy::parse(bytes);
    assert!(decided.is_none_or(|before| before == whole));
    assert!(whole != Proxy::Incomplete || bytes.len() < proxy::V2_BYTES);
}

/// What the first bytes tell is not changed by more, and only a command begins IRC.
pub fn sniff(bytes: &[u8]) {
    let mut told = None;
    for end in 0..=bytes.len().min(64) {
        let now = sniff::first_bytes(&bytes[..end]);
        assert!(told.is_none() || now == told);
        told = now;
    }
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or(bytes);
    if sniff::first_line(line) == sniff::Language::Irc {
        let text = String::from_utf8_lossy(line);
        assert!(Message::parse(&text).is_ok_and(|message| !message.params().is_empty()));
    }
}

/// What was typed does not depend on the pieces it came in, and answers are bounded by questions.
pub fn telnet(bytes: &[u8]) {
    let of = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut telnet, mut typed, mut answer) = (Telnet::default(), Vec::new(), Vec::new());
        let mut scratch = Vec::new();
        for piece in pieces {
            typed.extend_from_slice(telnet.strip(piece, &mut scratch, &mut answer));
        }
        (typed, answer, telnet.is_spoken(), telnet.take_interrupted())
    };
    let whole = of(&mut std::iter::once(bytes));
    assert_eq!(of(&mut bytes.chunks(1)), whole);
    assert_eq!(of(&mut pieces_of(bytes)), whole);
    assert!(whole.0.len() <= bytes.len());
    assert!(whole.1.len() * 2 <= bytes.len() * 7, "seven bytes for an \"are you there\"");
}

/// What is cleaned holds nothing that a terminal obeys, and is clean.
pub fn text(bytes: &[u8]) {
    let edited = text::edited(bytes);
    assert!(edited.len() <= bytes.len());
    let text = String::from_utf8_lossy(&edited);
    let clean = text::clean(&text);
    assert!(!clean.contains(text::is_forbidden));
    assert_eq!(text::clean(&clean), clean);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_has_a_target() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/fuzz_targets");
        let targets: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("the targets' folder")
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(targets, ALL.iter().map(|(name, _)| (*name).to_owned()).collect());
    }

    /// Bytes of which many mean something to one or the other.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            proptest::sample::select(&b"\r\n\0\x04\x16\x1b\xff\xfa\xf0 :@!*?;=\\+#"[..]),
            proptest::sample::select(&b"aA1lI0"[..]),
            any::<u8>(),
        ];
        let word = proptest::sample::select(vec![
            "PROXY TCP4 1.2.3.4 ",
            "\r\n\r\n\0\r\nQUIT\n",
            "@a=b;+c=\\s ",
            ":ada!a@b ",
            "PRIVMSG ",
            "CAP LS",
            "NICK ",
            "guest-",
            "ада",
            "e\u{301}",
            "GET / HTTP/1.1",
            "GET / HTTP/1.1\r\nHost: a\r\n",
            "Content-Length: 1\r\n",
            "Transfer-Encoding: chunked\r\n",
            "\r\n\r\n",
        ]);
        let piece = prop_oneof![
            proptest::collection::vec(byte, 0..8),
            word.prop_map(|word| word.as_bytes().to_vec()),
            frame(),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    /// A frame of a WebSocket that may be sent, with something in it that means something there.
    fn frame() -> impl Strategy<Value = Vec<u8>> {
        let first =
            proptest::sample::select(&b"\x81\x81\x82\x01\x02\x00\x00\x80\x80\x89\x8a\x88"[..]);
        let payload = prop_oneof![
            "[ab\r\n\u{4}\0é€𝄞]{0,12}".prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..4),
            proptest::sample::select(&[b"\x03\xe8", b"\x03\xed", b"\x13\x88"][..])
                .prop_map(|code| code.to_vec()),
        ];
        (first, any::<[u8; 4]>(), payload).prop_map(|(first, mask, payload)| {
            let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
            let header = [first, 0x80 | payload.len() as u8];
            header.into_iter().chain(mask).chain(masked).collect()
        })
    }

    proptest! {
        #[test]
        fn all_hold_for_any_bytes(bytes in bytes()) {
            for (_, holds) in ALL {
                holds(&bytes);
            }
        }
    }
}
