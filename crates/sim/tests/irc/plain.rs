//! Somebody with netcat in the same rooms, and what they have read.
//!
//! Invariant: of what was said they have read what an IRC client in their place would have, in the
//! same order and once; and nothing that would be unsafe to show.

use sim::Client;

use crate::order::tag_of;

#[derive(Debug)]
pub(crate) struct PlainPerson {
    pub(crate) number: usize,
    pub(crate) client: Client,
}

/// What a plain reader has read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// What was said in rooms, by its tags.
    pub(crate) said: Vec<String>,
    /// What was said to them alone, by its tags.
    pub(crate) private: Vec<String>,
    /// Who came, went, and took another name, as it was told.
    pub(crate) moved: Vec<String>,
    /// Whether something was skipped because they read too slowly.
    pub(crate) missed: bool,
}

impl Read {
    pub(crate) fn of(received: &[u8]) -> Self {
        let mut read = Self::default();
        let mut in_history = false;
        for line in lines(received) {
            match line.as_str() {
                "-- now --" => in_history = false,
                line if line.starts_with("-- last ") => in_history = true,
                _ => {}
            }
            read.missed |= line.starts_with("*** You missed ");
            if in_history {
                continue;
            }
            if let Some((_, after)) = line.split_once(" to you> ") {
                read.private.extend(after.split(' ').next().map(str::to_owned));
                continue;
            }
            let words = line.split_once("> ").or_else(|| line.split_once("- "));
            let words = words.map(|(_, words)| words);
            let act = line.split_once("* ").and_then(|(_, act)| act.split_once(' '));
            let act = act.map(|(_, words)| words);
            if let Some(tag) = words.and_then(tag_of).or_else(|| act.and_then(tag_of)) {
                read.said.push(tag.to_owned());
            } else if let Some((_, moved)) = line.split_once("* ") {
                read.moved.push(moved.to_owned());
            }
        }
        read
    }
}

/// All whole lines, which must be clean.
fn lines(bytes: &[u8]) -> Vec<String> {
    let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let text = std::str::from_utf8(&bytes[..end]).expect("only UTF-8 is sent");
    let unclean = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(unclean), "something unclean in {text:?}");
    text.lines().map(str::to_owned).collect()
}
