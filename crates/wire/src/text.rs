//! What may reach another person's terminal.
//!
//! Invariant: what [`clean`] answers holds no control character but tab, no piece of an escape
//! sequence, nothing that turns the order of letters round, and no line break of any kind; and
//! cleaning it again changes nothing.
//!
//! It is done where text leaves, for every reader and for history too, not where it comes in: a
//! way in that forgets to clean has driven readers' terminals elsewhere (GHSA-4225-c933-76f3).

use std::borrow::Cow;

use crate::bytes;

/// `text` without anything that a terminal would obey. Borrowed if there is nothing to clean.
///
/// Dropped are: C0 but tab, DEL, C1 (U+0080 to U+009F); whole escape sequences, so that no `[31m`
/// stays behind, and IRC colours with their digits; overrides, embeddings and isolates of text
/// direction (U+202A to U+202E, U+2066 to U+206F); U+FEFF and the interlinear marks U+FFF9 to
/// U+FFFB. Line and paragraph separators (U+2028, U+2029) become a space.
///
/// Kept are the marks U+200E and U+200F, which right-to-left writing needs and which cannot
/// reorder what stands further off, and joiners, which emoji and several scripts need.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_plainly_clean(text.as_bytes()) || !text.chars().any(is_forbidden) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\x1b' => skip_escape(&mut rest),
            '\u{9b}' => skip_control_sequence(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_control_string(&mut rest),
            '\x03' => skip_irc_colour(&mut rest),
            '\u{2028}' | '\u{2029}' => cleaned.push(' '),
            c if is_forbidden(c) => {}
            c => cleaned.push(c),
        }
    }
    Cow::Owned(cleaned)
}

/// Whether nothing of `text` would be left to see once it is [cleaned](clean).
pub fn shows_nothing(text: &str) -> bool {
    match text.as_bytes().first() {
        None => true,
        // Nothing stands before it that could take it along.
        Some(first) if first.is_ascii_graphic() => false,
        Some(_) => clean(text).trim().is_empty(),
    }
}

/// `line` as text, with U+FFFD for what is not UTF-8. Borrowed if all of it is.
///
/// The same as [`String::from_utf8_lossy`], which looks at each character for itself; nearly
/// everything that people send is right, and most of it ASCII.
pub fn decoded(line: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(line),
    }
}

/// Whether [`clean`] drops or replaces this character wherever it stands.
pub fn is_forbidden(c: char) -> bool {
    matches!(c,
        '\0'..='\x08' | '\n'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Whether this character shows nothing of its own: not allowed in names. All that [`clean`]
/// drops, and what has no width.
pub fn is_invisible(c: char) -> bool {
    is_forbidden(c)
        || matches!(c,
            '\t' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2065}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Whether no byte could belong to a forbidden character.
///
/// U+0080 to U+009F begin with C2, U+2028 to U+206F with E2, U+FEFF and U+FFF9 with EF: most
/// writing systems need none of the three.
fn is_plainly_clean(text: &[u8]) -> bool {
    let suspicious = |byte: u8| {
        (byte < 0x20) & (byte != b'\t')
            | (byte == 0x7f)
            | (byte == 0xc2)
            | (byte == 0xe2)
            | (byte == 0xef)
    };
    !bytes::any(text, suspicious)
}

/// Passes over what follows an ESC and belongs to it (ECMA-35, ECMA-48).
fn skip_escape(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    match ahead.next() {
        Some('[') => {
            *rest = ahead;
            skip_control_sequence(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            *rest = ahead;
            skip_control_string(rest);
        }
        Some(' '..='/') => {
            skip_while(rest, |c| matches!(c, ' '..='/'));
            skip_one(rest, |c| matches!(c, '0'..='~'));
        }
        _ => skip_one(rest, |c| matches!(c, '0'..='~')),
    }
}

/// Passes over parameters, intermediates and the final byte of a control sequence.
fn skip_control_sequence(rest: &mut std::str::Chars<'_>) {
    skip_while(rest, |c| matches!(c, '0'..='?'));
    skip_while(rest, |c| matches!(c, ' '..='/'));
    skip_one(rest, |c| matches!(c, '@'..='~'));
}

/// Passes over a control string (a window title, say) and what ends it. One that nothing ends
/// takes the rest of the line with it, as it would on a terminal.
fn skip_control_string(rest: &mut std::str::Chars<'_>) {
    while let Some(c) = rest.next() {
        match c {
            '\x07' | '\u{9c}' => return,
            '\x1b' if rest.as_str().starts_with('\\') => {
                rest.next();
                return;
            }
            _ => {}
        }
    }
}

/// Passes over the digits of a colour, `4` or `04,12`, after a Ctrl-C.
fn skip_irc_colour(rest: &mut std::str::Chars<'_>) {
    let digits = |rest: &mut std::str::Chars<'_>| {
        let before = rest.as_str().len();
        skip_one(rest, |c| c.is_ascii_digit());
        skip_one(rest, |c| c.is_ascii_digit());
        before - rest.as_str().len()
    };
    let mut ahead = rest.clone();
    if digits(&mut ahead) == 0 {
        return;
    }
    *rest = ahead.clone();
    if ahead.next() == Some(',') && digits(&mut ahead) > 0 {
        *rest = ahead;
    }
}

fn skip_while(rest: &mut std::str::Chars<'_>, belongs: impl Fn(char) -> bool) {
    while rest.clone().next().is_some_and(&belongs) {
        rest.next();
    }
}

fn skip_one(rest: &mut std::str::Chars<'_>, belongs: impl Fn(char) -> bool) {
    if rest.clone().next().is_some_and(belongs) {
        rest.next();
    }
}

/// A line as its author saw it: a backspace or DEL takes the character before it away, a Ctrl-U
/// all of them.
///
/// A terminal does this itself before it sends; but a client that sends each key as it is typed
/// leaves it to us.
pub fn edited(line: &[u8]) -> Cow<'_, [u8]> {
    const ERASE_LINE: u8 = 0x15;
    if memchr::memchr3(0x08, 0x7f, ERASE_LINE, line).is_none() {
        return Cow::Borrowed(line);
    }
    let mut edited = Vec::with_capacity(line.len());
    for &byte in line {
        match byte {
            0x08 | 0x7f => while edited.pop().is_some_and(|byte| (0x80..0xc0).contains(&byte)) {},
            ERASE_LINE => edited.clear(),
            _ => edited.push(byte),
        }
    }
    Cow::Owned(edited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_to_clean_is_borrowed() {
        for text in
            ["", "hello, world", "tab\there", "café", "привет", "日本語", "“quoted” — ok", "👨‍👩‍👧"]
        {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn escape_sequences_go_as_a_whole() {
        for (dirty, cleaned) in [
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b[1;38;5;196mred", "red"),
            ("\u{9b}31mred", "red"),
            ("\x1b]0;new title\x07text", "text"),
            ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\u{9d}0;title\u{9c}text", "text"),
            ("\x1bP1$qm\x1b\\text", "text"),
            ("\x1b(Btext", "text"),
            ("\x1bctext", "text"),
            ("\x1b[2J\x1b[Htext", "text"),
            ("\x1b\x1b[31mtext", "text"),
            ("\x1b[\x1b[31mtext", "text"),
            ("\x1b", ""),
            ("\x1b[", ""),
            ("\x1b]unended", ""),
            ("a\x1bé", "aé"),
            ("\x0304,12colour\x03 and \x02bold\x02", "colour and bold"),
            ("\x03,5", ",5"),
        ] {
            assert_eq!(clean(dirty), cleaned, "{dirty:?}");
        }
    }

    #[test]
    fn what_turns_or_breaks_a_line_goes() {
        assert_eq!(clean("a\u{202e}b\u{202c}\u{2066}c\u{2069}"), "abc");
        assert_eq!(clean("a\u{2028}b\u{2029}c"), "a b c");
        assert_eq!(clean("a\rb\nc\0d\x7fe\u{85}f\u{feff}"), "abcdef");
        assert_eq!(clean("a\u{200f}b"), "a\u{200f}b");
    }

    #[test]
    fn backspace_takes_a_whole_character() {
        assert_eq!(&*edited(b"plain"), b"plain");
        assert_eq!(&*edited(b"cax\x08t"), b"cat");
        assert_eq!(&*edited("caf\u{e9}\x7fe".as_bytes()), b"cafe");
        assert_eq!(&*edited(b"\x08\x08a"), b"a");
        assert_eq!(&*edited(b"wrong\x15right"), b"right");
    }

    /// Text rich in what must be cleaned.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[ -~]{0,3}",
            proptest::sample::select(&[
                "\x1b", "[", "]", "31m", "\x07", "\\", "\u{9b}", "\u{9c}", "\u{9d}", "\x03", "04",
                ",", "\u{202e}", "\u{2028}", "\u{2069}", "\u{feff}", "\t", "\r", "\0", "\x7f", "é",
                "€",
            ])
            .prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_shows_nothing_is_empty_when_it_is_cleaned(text in hostile()) {
            prop_assert_eq!(shows_nothing(&text), clean(&text).trim().is_empty());
        }

        #[test]
        fn cleaned_text_holds_nothing_forbidden(text in hostile()) {
            prop_assert!(!clean(&text).chars().any(is_forbidden));
        }

        #[test]
        fn cleaning_again_changes_nothing(text in hostile()) {
            let once = clean(&text).into_owned();
            prop_assert_eq!(clean(&once), once.as_str());
        }

        #[test]
        fn text_without_controls_is_untouched(text in "[^\\p{C}\u{2028}\u{2029}]*") {
            prop_assert_eq!(clean(&text), text.as_str());
        }

        #[test]
        fn editing_any_bytes_leaves_no_editing_keys(line in any::<Vec<u8>>()) {
            let edited = edited(&line);
            prop_assert!(memchr::memchr3(0x08, 0x7f, 0x15, &edited).is_none());
        }
    }
}
