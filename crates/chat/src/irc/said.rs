//! How something said looks to IRC clients.
//!
//! Invariant: nothing is cut off. What does not fit one message, or has several lines, is one
//! `draft/multiline` batch for those who asked for such batches, and several messages for others;
//! either way it has one id, on what comes first.

use memchr::memchr;
use wire::irc::{LINE_BYTES, Line, pieces};

use super::capability::{Capability, Class};
use super::render::{Stamp, tag, tag_again};
use crate::dialect::Scene;
use crate::person::Person;
use crate::words::{Manner, Words};

/// Client-only tags up to so many bytes stand on each of several messages; longer ones on the first
/// alone, so that a hundred short lines do not carry a hundred times 4 KiB to a reader.
const REPEATED_TAGS_BYTES: usize = 256;

/// Appends something said to `target`, which is a room, a person, or those of a rank in a room.
pub(crate) fn say(
    class: Class,
    scene: &Scene,
    stamp: Stamp,
    by: &Person,
    target: &str,
    words: &Words,
    out: &mut Vec<u8>,
) {
    let form = match words.manner {
        Manner::Say => Form { command: "PRIVMSG", before: "", after: "" },
        Manner::Act => Form { command: "PRIVMSG", before: "\x01ACTION ", after: "\x01" },
        Manner::Notice => Form { command: "NOTICE", before: "", after: "" },
        Manner::Ctcp => Form { command: "PRIVMSG", before: "\x01", after: "\x01" },
        Manner::CtcpReply => Form { command: "NOTICE", before: "\x01", after: "\x01" },
        Manner::Tags => {
            if class.has(Capability::MessageTags) {
                let line = tag(Line::new(out), class, scene, stamp, by, words.tags());
                line.source_parts(&by.mask_parts()).command("TAGMSG").param_str(target).end();
            }
            return;
        }
    };
    let begun = out.len();
    let line = tag(Line::new(out), class, scene, stamp, by, words.tags());
    let line = line.source_parts(&by.mask_parts()).command(form.command).param_str(target);
    let most = line.text_bytes_left().saturating_sub(form.before.len() + form.after.len());
    let text = &*words.text;
    if text.len() <= most && words.joints().is_empty() && memchr(b'\n', text.as_bytes()).is_none() {
        return line.trailing_parts(&[form.before, text, form.after]).end();
    }
    out.truncate(begun);
    let several = Several { class, scene, stamp, by, target, words, form, most };
    if class.has(Capability::Multiline) && matches!(words.manner, Manner::Say | Manner::Notice) {
        several.as_batch(out);
    } else {
        several.as_messages(out);
    }
}

/// What stands around a text.
#[derive(Clone, Copy, Debug)]
struct Form {
    command: &'static str,
    before: &'static str,
    after: &'static str,
}

/// Something said that takes several messages.
struct Several<'a> {
    class: Class,
    scene: &'a Scene,
    stamp: Stamp,
    by: &'a Person,
    target: &'a str,
    words: &'a Words,
    form: Form,
    /// Bytes of text in one message.
    most: usize,
}

/// How a piece of text stands to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    Line,
    /// On the same line.
    Within,
}

impl Several<'_> {
    /// As one batch, blank lines included.
    fn as_batch(&self, out: &mut Vec<u8>) {
        let Self { class, scene, stamp, by, target, words, form, most } = *self;
        // Named by its number, so that all readers of a class share it.
        let name = format!("m{:x}", stamp.seq);
        let line = tag(Line::new(out), class, scene, stamp, by, words.tags());
        let line = line.source_parts(&by.mask_parts()).command("BATCH");
        line.param(format_args!("+{name}")).param_str("draft/multiline").param_str(target).end();
        each_piece(words, most, |piece, begins| {
            let line = Line::new(out).tag("batch", &name);
            let line = match begins {
                Begins::Line => line,
                Begins::Within => line.tag("draft/multiline-concat", ""),
            };
            let line = line.source_parts(&by.mask_parts()).command(form.command);
            line.param_str(target).trailing_parts(&[piece]).end();
        });
        let line = Line::new(out).source(&scene.server).command("BATCH");
        line.param(format_args!("-{name}")).end();
    }

    /// As messages of their own. Blank lines would be none.
    fn as_messages(&self, out: &mut Vec<u8>) {
        let Self { class, scene, stamp, by, target, words, form, most } = *self;
        let tags = words.tags();
        let tags_again = if tags.len() <= REPEATED_TAGS_BYTES { tags } else { "" };
        let mut is_first = true;
        each_piece(words, most, |piece, _| {
            if piece.is_empty() {
                return;
            }
            let line = Line::new(out);
            let line = if std::mem::take(&mut is_first) {
                tag(line, class, scene, stamp, by, tags)
            } else {
                tag_again(line, class, stamp, by, tags_again)
            };
            let line = line.source_parts(&by.mask_parts()).command(form.command);
            line.param_str(target).trailing_parts(&[form.before, piece, form.after]).end();
        });
    }
}

/// Hands `take` the pieces, of at most `most` bytes, that the text comes in: its lines, cut where
/// their author has cut them, and again where one is still too long.
fn each_piece(words: &Words, most: usize, mut take: impl FnMut(&str, Begins)) {
    let text = &*words.text;
    let mut joints = words.joints().iter().map(|&at| at as usize).peekable();
    let mut from = 0;
    for line in text.split('\n') {
        let end = from + line.len();
        let mut begins = Begins::Line;
        if line.is_empty() {
            take("", begins);
        }
        while from < end {
            let to = joints.next_if(|&at| at < end).unwrap_or(end);
            for piece in pieces(&text[from..to], most.min(LINE_BYTES)) {
                take(piece, begins);
                begins = Begins::Within;
            }
            from = to;
        }
        from = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Attached;
    use proptest::prelude::*;

    fn all(text: &str, joints: &[u32], most: usize) -> Vec<(String, Begins)> {
        let attached = Attached { joints: joints.into(), ..Attached::default() };
        let words = Words { attached: Some(attached.into()), ..Words::plain(Manner::Say, text) };
        let mut pieces = Vec::new();
        each_piece(&words, most, |piece, begins| pieces.push((piece.to_owned(), begins)));
        pieces
    }

    #[test]
    fn lines_are_cut_where_their_author_cut_them() {
        use Begins::*;
        let cut = |text, joints: &[u32]| all(text, joints, 400);
        let piece = |text: &str, begins| (text.to_owned(), begins);
        assert_eq!(cut("a\n\nb", &[]), [piece("a", Line), piece("", Line), piece("b", Line)]);
        assert_eq!(
            cut("x\nhow is everyone?\ny", &[9]),
            [
                piece("x", Line),
                piece("how is ", Line),
                piece("everyone?", Within),
                piece("y", Line)
            ]
        );
    }

    proptest! {
        #[test]
        fn pieces_put_together_are_the_text(
            lines in proptest::collection::vec(proptest::collection::vec("[a-z ]{1,9}", 0..4), 1..6),
            most in 4usize..12,
        ) {
            let (mut text, mut joints) = (String::new(), Vec::new());
            for (index, line) in lines.iter().enumerate() {
                text.push_str(if index > 0 { "\n" } else { "" });
                for (place, part) in line.iter().enumerate() {
                    if place > 0 {
                        joints.push(text.len() as u32);
                    }
                    text.push_str(part);
                }
            }
            let mut whole = String::new();
            for (index, (piece, begins)) in all(&text, &joints, most).iter().enumerate() {
                prop_assert!(piece.len() <= most);
                whole.push_str(if index > 0 && *begins == Begins::Line { "\n" } else { "" });
                whole.push_str(piece);
            }
            prop_assert_eq!(whole, text);
        }
    }
}
