//! What a person at a terminal sees: a prompt, and what the peer says without what it could do.
//!
//! Invariant: with cleaning, no control character of the peer's but tab and line feed passes,
//! wherever the network cut its bytes. Without it, every byte passes as it is.

use wire::text::clean;

/// Between the peer's bytes and standard output.
pub(super) struct Display {
    is_cleaning: bool,
    prompt: Prompt,
    /// What has come since the last line's end: cleaned when the line is complete, or when nothing
    /// more comes for the moment.
    held: Vec<u8>,
    at_line_start: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Prompt {
    Never,
    /// To be shown when nothing more comes for the moment.
    Due,
    Shown,
}

impl Display {
    const PROMPT: &str = ">>: ";

    /// Takes the prompt, and what was typed after it, off the line: return, and erase to the end
    /// (ECMA-48 EL). What was typed is still in the terminal's own line; Ctrl-R shows it again.
    const ERASE: &str = "\r\x1b[K";

    /// A line longer than this is shown in pieces.
    const HELD_BYTES: usize = 16 * 1024;

    pub(super) fn new(is_cleaning: bool, with_prompt: bool) -> Self {
        let prompt = if with_prompt { Prompt::Due } else { Prompt::Never };
        Self { is_cleaning, prompt, held: Vec::new(), at_line_start: true }
    }

    /// Takes what the peer sent; what is ready to be seen goes to `out`.
    pub(super) fn show(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if !self.is_cleaning {
            out.extend_from_slice(bytes);
            return;
        }
        self.held.extend_from_slice(bytes);
        let whole = match self.held.iter().rposition(|&byte| byte == b'\n') {
            Some(end) => end + 1,
            None if self.held.len() < Self::HELD_BYTES => return,
            None => complete(&self.held),
        };
        self.release(whole, out);
    }

    /// Nothing more comes for the moment: shows what was held back, and the prompt if it is due.
    pub(super) fn pause(&mut self, out: &mut Vec<u8>) {
        self.release(complete(&self.held), out);
        if self.prompt == Prompt::Due {
            if !self.at_line_start {
                out.push(b'\n');
                self.at_line_start = true;
            }
            out.extend_from_slice(Self::PROMPT.as_bytes());
            self.prompt = Prompt::Shown;
        }
    }

    /// Nothing more will come: shows what was held back, complete or not.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        self.release(self.held.len(), out);
        if self.prompt != Prompt::Never && !self.at_line_start {
            out.push(b'\n');
            self.at_line_start = true;
        }
    }

    /// Whether [`flush`](Self::flush) has something to show.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether [`pause`](Self::pause) has something to do.
    pub(super) fn is_waiting_for_pause(&self) -> bool {
        complete(&self.held) > 0 || self.prompt == Prompt::Due
    }

    /// The person has pressed Enter: the cursor stands at the start of a line.
    pub(super) fn answered(&mut self) {
        if self.prompt != Prompt::Never {
            self.prompt = Prompt::Due;
            self.at_line_start = true;
        }
    }

    /// Cleans the first `count` bytes that were held, and shows them.
    fn release(&mut self, count: usize, out: &mut Vec<u8>) {
        if count == 0 {
            return;
        }
        if self.prompt == Prompt::Shown {
            out.extend_from_slice(Self::ERASE.as_bytes());
            self.prompt = Prompt::Due;
        }
        let text = String::from_utf8_lossy(&self.held[..count]);
        for line in text.split_inclusive('\n') {
            let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
            out.extend_from_slice(clean(line).as_bytes());
            out.extend_from_slice(end.as_bytes());
        }
        self.at_line_start = text.ends_with('\n');
        drop(text);
        self.held.drain(..count);
    }
}

/// How many of `bytes` do not belong to a character whose rest is still to come.
fn complete(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => {
            // An error further up does not hide an unfinished character at the end.
            let tail = bytes.len().saturating_sub(3);
            let unfinished = (tail..bytes.len()).find(|&start| {
                std::str::from_utf8(&bytes[start..])
                    .is_err_and(|error| error.error_len().is_none() && error.valid_up_to() == 0)
            });
            unfinished.unwrap_or(bytes.len())
        }
        Ok(_) => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is seen of `pieces`, with a pause after each.
    fn seen(display: &mut Display, pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        for piece in pieces {
            display.show(piece, &mut out);
            display.pause(&mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_pipe_gets_every_byte() {
        let mut display = Display::new(false, false);
        let mut out = Vec::new();
        display.show(b"\x1b[2J\xff\x00\r\n", &mut out);
        assert_eq!(out, b"\x1b[2J\xff\x00\r\n");
        assert!(!display.is_holding() && !display.is_waiting_for_pause());
    }

    #[test]
    fn no_escape_reaches_a_terminal_however_it_is_cut() {
        let evil = "\x1b]0;title\x07a\x1b[2Jb\u{9b}31mc\r\nd\te\x08\n".as_bytes();
        for cut in 0..=evil.len() {
            let mut display = Display::new(true, false);
            let text = seen(&mut display, &[&evil[..cut], &evil[cut..]]);
            let is_harmless = |c: char| c == '\n' || c == '\t' || !c.is_control();
            assert!(text.chars().all(is_harmless), "cut at {cut}: {text:?}");
            assert!(text.ends_with("d\te\n"), "cut at {cut}: {text:?}");
        }
    }

    #[test]
    fn a_character_that_is_cut_arrives_whole() {
        for text in ["é", "€", "😀"] {
            for cut in 0..=text.len() {
                let mut display = Display::new(true, false);
                let bytes = text.as_bytes();
                assert_eq!(
                    seen(&mut display, &[b"\xff", &bytes[..cut], &bytes[cut..]]),
                    format!("\u{fffd}{text}")
                );
            }
        }
    }

    #[test]
    fn the_prompt_gives_way_to_what_comes_and_returns() {
        let mut display = Display::new(true, true);
        assert_eq!(seen(&mut display, &[b""]), ">>: ");
        display.answered();
        assert_eq!(seen(&mut display, &[b"HELLO\n"]), "HELLO\n>>: ");
        assert_eq!(seen(&mut display, &[b"unasked"]), "\r\x1b[Kunasked\n>>: ");
    }
}
