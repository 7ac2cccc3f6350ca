//! Bytes to lines.
//!
//! Invariant: the lines that come out do not depend on the pieces that went in, and no more than
//! one line's limit is ever stored. Nothing is stored between lines: an idle session holds no
//! buffer.

use memchr::memchr2;

/// The framing of one stream: takes bytes in any pieces, gives whole lines.
///
/// A line ends with LF, CR LF or (telnet's Return) CR NUL. A line over the limit is refused whole,
/// once, with its true length; none of it is ever taken for a line of its own. An end of
/// transmission (04, Ctrl-D) where a line would begin is told as such.
///
/// ```
/// use wire::line::{Line, Lines};
///
/// let mut lines = Lines::default();
/// let mut input: &[u8] = b"one\r\ntwo\nthr";
/// assert_eq!(lines.next(&mut input, 80), Some(Line::Whole(b"one")));
/// assert_eq!(lines.next(&mut input, 80), Some(Line::Whole(b"two")));
/// assert_eq!(lines.next(&mut input, 80), None);
/// let mut input: &[u8] = b"ee\n";
/// assert_eq!(lines.next(&mut input, 80), Some(Line::Whole(b"three")));
/// ```
#[derive(Debug, Default)]
pub struct Lines(State);

/// What [`Lines::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end.
    Whole(&'a [u8]),
    /// A line over the limit, now ended. Its length in bytes, without its end.
    TooLong(u64),
    /// A byte 04 stood where a line would begin: the peer wants to leave. Linux telnet sends it
    /// for Ctrl-D.
    EndOfTransmission,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Between,
    /// The beginning of a line whose end has not come; or one that was completed and lent out, to be
    /// let go at the next call: that one alone ends with an LF. (Two variants with a vector each
    /// would make every idle session larger.)
    Partial(Vec<u8>),
    /// In a line that is over the limit: so many bytes so far, the last of them a CR or not.
    Over { len: u64, after_cr: bool },
    /// In a line to be passed over silently.
    Skipping { after_cr: bool },
}

const EOT: u8 = 0x04;

impl Lines {
    /// Takes the next line off the front of `input`; `None` when `input` is used up. Call it until
    /// then: what is lent is let go at the call that follows.
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        limit_bytes: usize,
    ) -> Option<Line<'a>> {
        loop {
            self.let_go();
            match std::mem::take(&mut self.0) {
                State::Between => {
                    if input.first() == Some(&EOT) {
                        *input = &input[1..];
                        return Some(Line::EndOfTransmission);
                    }
                    let Some(end) = line_end(input, false) else {
                        self.keep(Vec::new(), input, limit_bytes);
                        return None;
                    };
                    let line = without_cr(&input[..end]);
                    *input = &input[end + 1..];
                    return Some(if line.len() > limit_bytes {
                        Line::TooLong(line.len() as u64)
                    } else {
                        Line::Whole(line)
                    });
                }
                State::Partial(mut partial) => {
                    let Some(end) = line_end(input, partial.last() == Some(&b'\r')) else {
                        self.keep(partial, input, limit_bytes);
                        return None;
                    };
                    // A line that is too long is not copied together first.
                    let cr = match end {
                        0 => partial.last() == Some(&b'\r'),
                        _ => input[end - 1] == b'\r',
                    };
                    let len = partial.len() + end - usize::from(cr);
                    if len > limit_bytes {
                        *input = &input[end + 1..];
                        return Some(Line::TooLong(len as u64));
                    }
                    partial.extend_from_slice(&input[..end]);
                    partial.truncate(len);
                    *input = &input[end + 1..];
                    return Some(Line::Whole(self.lend(partial)));
                }
                State::Over { len, after_cr } => {
                    let Some(end) = line_end(input, after_cr) else {
                        let after_cr = input.last().map_or(after_cr, |&byte| byte == b'\r');
                        self.0 = State::Over { len: len + input.len() as u64, after_cr };
                        *input = &[];
                        return None;
                    };
                    let cr = if end == 0 { after_cr } else { input[end - 1] == b'\r' };
                    *input = &input[end + 1..];
                    return Some(Line::TooLong(len + end as u64 - u64::from(cr)));
                }
                State::Skipping { after_cr } => {
                    let Some(end) = line_end(input, after_cr) else {
                        let after_cr = input.last().map_or(after_cr, |&byte| byte == b'\r');
                        self.0 = State::Skipping { after_cr };
                        *input = &[];
                        return None;
                    };
                    *input = &input[end + 1..];
                }
            }
        }
    }

    /// The stream has ended: what had come of a last line counts as a line. An empty rest does
    /// not.
    pub fn end(&mut self) -> Option<Line<'_>> {
        self.let_go();
        match std::mem::take(&mut self.0) {
            State::Between | State::Skipping { .. } => None,
            State::Partial(mut partial) => {
                partial.truncate(without_cr(&partial).len());
                Some(Line::Whole(self.lend(partial)))
            }
            State::Over { len, after_cr } => Some(Line::TooLong(len - u64::from(after_cr))),
        }
    }

    /// Passes over the line that is being received, silently, up to its end.
    pub fn skip(&mut self) {
        self.0 = State::Skipping { after_cr: false };
    }

    /// Whether no line has begun.
    pub fn is_between(&self) -> bool {
        match &self.0 {
            State::Between => true,
            State::Partial(partial) => partial.last() == Some(&b'\n'),
            State::Over { .. } | State::Skipping { .. } => false,
        }
    }

    fn lend(&mut self, mut line: Vec<u8>) -> &[u8] {
        line.push(b'\n');
        self.0 = State::Partial(line);
        match &self.0 {
            State::Partial(line) => &line[..line.len() - 1],
            _ => unreachable!("just set"),
        }
    }

    /// Lets go of a line that was lent.
    fn let_go(&mut self) {
        if self.is_between() {
            self.0 = State::Between;
        }
    }

    /// Stores all of `input`, which holds no end of line, behind `partial`.
    fn keep(&mut self, mut partial: Vec<u8>, input: &mut &[u8], limit_bytes: usize) {
        let after_cr = input.last().or(partial.last()) == Some(&b'\r');
        let len = partial.len() + input.len();
        self.0 = if len - usize::from(after_cr) > limit_bytes {
            State::Over { len: len as u64, after_cr }
        } else if len == 0 {
            State::Between
        } else {
            partial.extend_from_slice(input);
            State::Partial(partial)
        };
        *input = &[];
    }
}

/// Where the byte stands that ends a line: an LF, or a NUL after a CR.
fn line_end(bytes: &[u8], mut after_cr: bool) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr2(b'\n', 0, &bytes[from..])?;
        if at > 0 {
            after_cr = bytes[at - 1] == b'\r';
        }
        if bytes[at] == b'\n' || after_cr {
            return Some(at);
        }
        from = at + 1;
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A line that owns its bytes, to compare.
    #[derive(Clone, Debug, PartialEq)]
    enum Got {
        Whole(Vec<u8>),
        TooLong(u64),
        Eot,
    }

    fn own(line: Line<'_>) -> Got {
        match line {
            Line::Whole(line) => Got::Whole(line.to_vec()),
            Line::TooLong(len) => Got::TooLong(len),
            Line::EndOfTransmission => Got::Eot,
        }
    }

    fn all<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> Vec<Got> {
        let mut lines = Lines::default();
        let mut got = Vec::new();
        for mut piece in pieces {
            while let Some(line) = lines.next(&mut piece, limit) {
                got.push(own(line));
            }
            assert!(piece.is_empty());
            if let State::Partial(partial) = &lines.0 {
                assert!(partial.len() <= limit + 1, "no more is kept than a line and a CR");
            }
        }
        got.extend(lines.end().map(own));
        got
    }

    fn whole(line: &[u8]) -> Got {
        Got::Whole(line.to_vec())
    }

    #[test]
    fn three_kinds_of_line_end() {
        assert_eq!(
            all([&b"a\nb\r\nc\r\0\nd\re\r\r\n\0f"[..]], 80),
            [whole(b"a"), whole(b"b"), whole(b"c"), whole(b""), whole(b"d\re\r"), whole(b"\0f")]
        );
    }

    #[test]
    fn the_limit_is_met_to_the_byte() {
        assert_eq!(all([&b"12345\r\n"[..]], 5), [whole(b"12345")]);
        assert_eq!(all([&b"123456\r\n12345\n"[..]], 5), [Got::TooLong(6), whole(b"12345")]);
        assert_eq!(all([&b"123456"[..]], 5), [Got::TooLong(6)]);
    }

    #[test]
    fn a_hundred_megabytes_without_an_end_are_one_refusal_and_no_memory() {
        let piece = vec![b'x'; 1 << 20];
        let mut lines = Lines::default();
        for _ in 0..100 {
            let mut piece = &piece[..];
            assert_eq!(lines.next(&mut piece, 4096), None);
            assert!(matches!(lines.0, State::Over { .. }));
        }
        let mut rest: &[u8] = b"\nafter\n";
        assert_eq!(lines.next(&mut rest, 4096), Some(Line::TooLong(100 << 20)));
        assert_eq!(lines.next(&mut rest, 4096), Some(Line::Whole(b"after")));
    }

    #[test]
    fn a_lone_end_of_transmission_is_told_and_one_inside_a_line_is_not() {
        assert_eq!(
            all([&b"a\x04\n\x04\x04b\n"[..]], 80),
            [whole(b"a\x04"), Got::Eot, Got::Eot, whole(b"b")]
        );
    }

    #[test]
    fn skipping_passes_over_the_rest_of_one_line() {
        let mut lines = Lines::default();
        assert_eq!(lines.next(&mut &b"begun"[..], 80), None);
        lines.skip();
        assert_eq!(lines.next(&mut &b" more"[..], 80), None);
        let mut rest: &[u8] = b" rest\nnext\n";
        assert_eq!(lines.next(&mut rest, 80), Some(Line::Whole(b"next")));
    }

    #[test]
    fn nothing_is_stored_between_lines() {
        let mut lines = Lines::default();
        assert_eq!(lines.next(&mut &b"hal"[..], 80), None);
        let mut rest: &[u8] = b"f\n";
        assert_eq!(lines.next(&mut rest, 80), Some(Line::Whole(b"half")));
        assert_eq!(lines.next(&mut rest, 80), None);
        assert!(matches!(lines.0, State::Between));
        assert_eq!(size_of::<Lines>(), 24);
    }

    /// Bytes of which many end lines.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            proptest::sample::select(&b"\n\r\0\x04"[..]),
            proptest::sample::select(&b"ab"[..]),
            any::<u8>(),
        ];
        proptest::collection::vec(byte, 0..200)
    }

    proptest! {
        #[test]
        fn any_splitting_gives_the_same_lines(
            bytes in bytes(),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..20),
            limit in 0usize..12,
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
            let in_pieces = all(pieces, limit);
            prop_assert_eq!(&in_pieces, &all([&bytes[..]], limit));
            prop_assert_eq!(&in_pieces, &all(bytes.chunks(1), limit));
            for line in in_pieces {
                if let Got::Whole(line) = line {
                    prop_assert!(line.len() <= limit);
                    prop_assert!(!line.contains(&b'\n'));
                }
            }
        }
    }
}
