//! Cuts a long text so that each piece fits a line.
//!
//! Invariant: the pieces, put together, are the text; none is longer than asked, and none is
//! empty. No character is cut in two.

use unicode_normalization::char::is_combining_mark;

/// The pieces of `text`, none longer than `max_bytes` (taken to be 4 at least, so that any
/// character fits). An empty text has none.
///
/// Cut behind a space if there is one in the second half of what fits; else between two characters,
/// and before one that others build upon rather than inside a letter with its accents or an emoji
/// made of several.
///
/// ```
/// let pieces: Vec<&str> = wire::irc::pieces("to be or not to be", 8).collect();
/// assert_eq!(pieces, ["to be ", "or not ", "to be"]);
/// ```
pub fn pieces(text: &str, max_bytes: usize) -> impl Iterator<Item = &str> {
    let max_bytes = max_bytes.max(LONGEST_CHARACTER_BYTES);
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(cut(rest, max_bytes));
        rest = after;
        Some(piece)
    })
}

/// What UTF-8 takes for one character at most (RFC 3629).
const LONGEST_CHARACTER_BYTES: usize = 4;

/// Where to end the first piece.
fn cut(text: &str, max_bytes: usize) -> usize {
    if text.len() <= max_bytes {
        return text.len();
    }
    let boundary = (0..=max_bytes).rev().find(|&at| text.is_char_boundary(at));
    let fits = &text[..boundary.expect("0 is one")];
    let half = max_bytes / 2;
    if let Some(space) = memchr::memrchr(b' ', fits.as_bytes()).filter(|&at| at >= half) {
        return space + 1;
    }
    // Somebody may pile up more marks than fit: then between any two characters.
    let mut ends = fits.char_indices().rev().map(|(start, _)| start).take_while(|&at| at >= half);
    let whole = std::iter::once(fits.len()).chain(&mut ends).find(|&at| !joins_at(text, at));
    whole.filter(|&at| at > 0).unwrap_or(fits.len())
}

/// Whether the characters before and behind `at` show as one.
fn joins_at(text: &str, at: usize) -> bool {
    const ZERO_WIDTH_JOINER: char = '\u{200d}';
    let builds_upon = |c: char| {
        c == ZERO_WIDTH_JOINER
            || is_combining_mark(c)
            // Shades of skin, and the letters that make a region's flag.
            || matches!(c, '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
    };
    text[..at].ends_with(ZERO_WIDTH_JOINER) || text[at..].starts_with(builds_upon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str, max_bytes: usize) -> Vec<&str> {
        pieces(text, max_bytes).collect()
    }

    #[test]
    fn a_text_that_fits_is_one_piece() {
        assert_eq!(all("", 10), [""; 0]);
        assert_eq!(all("ten bytes.", 10), ["ten bytes."]);
        assert_eq!(all(" ", 10), [" "]);
    }

    #[test]
    fn cuts_are_made_behind_a_space_that_is_near() {
        assert_eq!(all("hello, world", 8), ["hello, ", "world"]);
        assert_eq!(all("a bcdefghijkl", 8), ["a bcdefg", "hijkl"], "that would be a short piece");
        assert_eq!(all("abcdefgh ijk", 8), ["abcdefgh", " ijk"]);
    }

    #[test]
    fn what_shows_as_one_stays_together() {
        assert_eq!(all("abcdefe\u{301}", 8), ["abcdef", "e\u{301}"]);
        let family = "👨\u{200d}👩";
        assert_eq!(all(&format!("abcde{family}"), 11), ["abcde", family]);
    }

    #[test]
    fn any_bound_lets_a_character_through() {
        assert_eq!(all("éé👍a", 0), ["éé", "👍", "a"]);
        let piled = format!("a{}", "\u{301}".repeat(100));
        assert_eq!(all(&piled, 20).len(), 11);
    }

    proptest! {
        #[test]
        fn pieces_lose_nothing_and_keep_to_the_bound(
            text in "([a-z]{1,9}[ ]{1,2}|.|e\u{301}|👨\u{200d}👩|\u{301}){0,60}",
            max_bytes in 0usize..60,
        ) {
            let pieces = all(&text, max_bytes);
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
            prop_assert!(pieces.iter().all(|piece| piece.len() <= max_bytes.max(4)));
            prop_assert_eq!(pieces.concat(), text);
        }
    }
}
