//! Whether a secret room can be told from one that does not exist by those who are not in it.
//!
//! Invariant: they ask for both in every way there is, and the answers differ in the name alone.

use crate::world::{Kind, SECRET, World};

/// A room that nobody is ever in. Its name is as long.
const NOWHERE: &str = "#nowhat";

const QUESTIONS: [&str; 22] = [
    "NAMES #",
    "PRIVMSG # :x",
    "PRIVMSG @# :x",
    "NOTICE # :x",
    "TAGMSG #",
    "MODE #",
    "MODE # b",
    "MODE # +b",
    "MODE # +i",
    "MODE # +o kim",
    "TOPIC #",
    "TOPIC # :x",
    "KICK # kim :x",
    "INVITE kim #",
    "PART # :x",
    "WHO #",
    "WHO # %cn",
    "WHOIS #",
    "LIST #",
    "RENAME # #another",
    "CHATHISTORY LATEST # * 5",
    "REDACT # x",
];

impl World {
    /// Everybody who is here and not in the secret room tries to find out about it.
    pub(crate) fn check_secret(&mut self) {
        let asking: Vec<usize> = (0..self.people.len()).filter(|&at| self.may_ask(at)).collect();
        let mut marks = Vec::new();
        for at in asking {
            let Kind::Irc(client) = &mut self.people[at].kind else { continue };
            marks.push((at, client.journal.len()));
            for question in QUESTIONS {
                for room in [SECRET, NOWHERE] {
                    let line = question.replacen('#', room, 1);
                    client.note_sent(&line);
                    self.sim.send(client.client, format!("{line}\r\n").as_bytes());
                }
            }
        }
        self.settle();
        for (at, mark) in marks {
            let Kind::Irc(client) = &self.people[at].kind else { continue };
            let told = |room: &str| -> Vec<String> {
                let lines = client.journal[mark..].iter().filter(|line| line.starts_with("<<"));
                let lines = lines.filter(|line| line.contains(room));
                lines.map(|line| line.replace(room, "#")).collect()
            };
            assert_eq!(told(SECRET), told(NOWHERE), "{at} can tell that {SECRET} exists");
        }
    }

    fn may_ask(&self, at: usize) -> bool {
        match &self.people[at].kind {
            Kind::Irc(client) => {
                self.is_here(at) && client.nick.is_some() && !client.view.is_in(SECRET)
            }
            Kind::Plain(_) => false,
        }
    }
}
