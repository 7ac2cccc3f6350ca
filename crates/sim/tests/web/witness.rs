//! What was said, as an IRC client has read it that is in every room.
//!
//! Invariant: each thing that was said stands here once, under its number in the one order.

use std::collections::BTreeMap;

use sim::Client;

use crate::world::ROOMS;

/// Something said in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) room: String,
    pub(crate) from: String,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct Witness {
    pub(crate) client: Client,
    read: usize,
    pub(crate) said: BTreeMap<u64, Said>,
    /// Who is in which room, as NAMES has it: name, and signs.
    pub(crate) names: BTreeMap<String, BTreeMap<String, String>>,
}

/// What it says first.
pub(crate) fn hello() -> String {
    format!(
        "CAP REQ :message-tags multi-prefix echo-message\r\nNICK witness\r\nUSER w 0 * :W\r\nCAP END\r\n\
         JOIN {}\r\n",
        ROOMS.join(",")
    )
}

impl Witness {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, read: 0, said: BTreeMap::new(), names: BTreeMap::new() }
    }

    /// Reads on, in all that it has received.
    pub(crate) fn read(&mut self, received: &[u8]) {
        while let Some(end) = received[self.read..].iter().position(|&byte| byte == b'\n') {
            let line = std::str::from_utf8(&received[self.read..self.read + end]).expect("UTF-8");
            self.read += end + 1;
            self.take(line.trim_end());
        }
    }

    fn take(&mut self, line: &str) {
        assert!(!line.starts_with("ERROR"), "the witness is sent away: {line}");
        let (tags, rest) = match line.strip_prefix('@') {
            Some(rest) => rest.split_once(' ').expect("something behind the tags"),
            None => ("", line),
        };
        let id = tags.split(';').find_map(|tag| tag.strip_prefix("msgid="));
        let (head, text) = rest.split_once(" :").unwrap_or((rest, ""));
        let words: Vec<&str> = head.split(' ').collect();
        match words[..] {
            [source, "PRIVMSG", room] if room.starts_with('#') => {
                let seq = number_of(id.expect("an id"));
                let nick = source[1..].split('!').next().unwrap_or("");
                let text = text.trim_start_matches("\u{1}ACTION ").trim_end_matches('\u{1}');
                let said = Said { room: room.into(), from: nick.into(), text: text.into() };
                assert_eq!(self.said.insert(seq, said), None, "one number, two messages");
            }
            [_, "353", _, _, room] => {
                let names = self.names.entry(room.to_owned()).or_default();
                for entry in text.split(' ').filter(|entry| !entry.is_empty()) {
                    let name = entry.trim_start_matches(['~', '&', '@', '%', '+']);
                    let signs = &entry[..entry.len() - name.len()];
                    names.insert(name.to_owned(), signs.to_owned());
                }
            }
            _ => {}
        }
    }
}

/// The number in the one order that an id has.
pub(crate) fn number_of(id: &str) -> u64 {
    let (_, number) = id.rsplit_once('-').expect("an epoch, and a number");
    u64::from_str_radix(number, 16).expect("a number")
}
