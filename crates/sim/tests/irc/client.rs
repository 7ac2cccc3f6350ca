//! An IRC client: what it has asked for, what it has been told, and whether that is what a client
//! may rely on.
//!
//! Invariant: each line is judged by what was told before it on the same connection, and by
//! nothing else: as by a client, which has nothing else.

use std::collections::{BTreeSet, HashMap, VecDeque};

use sim::Client;

use crate::message::{Message, folded};
use crate::view::{Modes, View};
use crate::world::SECRET;

/// One connection, and all that the person behind it knows.
#[derive(Debug)]
pub(crate) struct IrcClient {
    pub(crate) number: usize,
    pub(crate) client: Client,
    /// Bytes of what was received that have been read.
    read: usize,
    caps: BTreeSet<String>,
    /// Its name, once it is registered.
    pub(crate) nick: Option<String>,
    /// It was told that it needs another name.
    pub(crate) needs_nick: bool,
    pub(crate) view: View,
    pub(crate) modes: Modes,
    /// What happened in its rooms, in order.
    pub(crate) heard: Vec<Heard>,
    /// What was said to it alone.
    pub(crate) private: Vec<String>,
    /// Ids of messages and what they were, for those who are told ids.
    pub(crate) ids: Vec<(String, Heard)>,
    last_id: u64,
    labels: VecDeque<String>,
    labels_sent: usize,
    /// Those open.
    batches: HashMap<String, Batch>,
    /// What the answer to each PING must be, and how many labels must have been answered before.
    pings: VecDeque<(String, usize)>,
    pub(crate) offered: Vec<String>,
    /// What it has to answer.
    pub(crate) answers: Vec<String>,
    /// It has been told that the connection ends.
    pub(crate) over: bool,
    /// It was told that it missed something of a room that it was leaving.
    pub(crate) missed: bool,
    /// All that it has read and sent, and whether it is reading: what a failure prints.
    pub(crate) journal: Vec<String>,
    is_reading: bool,
}

/// Something that happened in rooms: alike for all who hear of it, whatever they have asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) source: String,
    pub(crate) command: String,
    pub(crate) params: Vec<String>,
}

/// Messages that belong together.
#[derive(Debug)]
struct Batch {
    kind: String,
    era: Era,
    /// The number of the last message in it that has one.
    last_id: u64,
}

/// Whether something happens, or is only told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Era {
    Now,
    Past,
}

impl IrcClient {
    pub(crate) fn new(number: usize, client: Client) -> Self {
        Self {
            number,
            client,
            read: 0,
            caps: BTreeSet::new(),
            nick: None,
            needs_nick: false,
            view: View::default(),
            modes: Modes::default(),
            heard: Vec::new(),
            private: Vec::new(),
            ids: Vec::new(),
            last_id: 0,
            labels: VecDeque::new(),
            labels_sent: 0,
            batches: HashMap::new(),
            pings: VecDeque::new(),
            offered: Vec::new(),
            answers: Vec::new(),
            over: false,
            missed: false,
            journal: Vec::new(),
            is_reading: false,
        }
    }

    pub(crate) fn has(&self, cap: &str) -> bool {
        self.caps.contains(cap)
    }

    /// A label for the next command, if labels mean something to this client.
    pub(crate) fn label(&mut self) -> Option<String> {
        if !self.has("labeled-response") || !self.has("batch") {
            return None;
        }
        let label = format!("L{}", self.labels_sent);
        self.labels_sent += 1;
        self.labels.push_back(label.clone());
        Some(label)
    }

    /// A PING is going to be sent.
    pub(crate) fn pings(&mut self, token: String) {
        self.pings.push_back((token, self.labels_sent));
    }

    /// Reads on, in all that it has received.
    pub(crate) fn read(&mut self, received: &[u8]) {
        self.is_reading = true;
        while let Some(end) = received[self.read..].iter().position(|&byte| byte == b'\n') {
            let line = &received[self.read..=self.read + end];
            self.read += line.len();
            self.journal.push(format!("<< {}", String::from_utf8_lossy(line).trim_end()));
            let line = Message::parse(line);
            self.take(&line);
        }
        self.is_reading = false;
    }

    /// Sends a line: only noted here.
    pub(crate) fn note_sent(&mut self, line: &str) {
        self.journal.push(format!(">> {line}"));
    }

    /// Everything was asked and answered.
    pub(crate) fn check_settled(&self) {
        assert!(self.labels.is_empty(), "labels never answered: {:?}", self.labels);
        assert!(self.pings.is_empty(), "pings never answered: {:?}", self.pings);
        assert!(self.batches.is_empty(), "batches never closed: {:?}", self.batches);
    }

    fn take(&mut self, line: &Message) {
        assert!(!self.over, "{line:?} after the last word");
        let era = self.take_label(line);
        self.check_tags(line, era);
        let own = self.nick.clone().unwrap_or_default();
        self.check_secret(&own, line);
        if era == Era::Past && line.command != "BATCH" {
            return;
        }
        match line.command.as_str() {
            "001" => {
                assert_eq!(self.nick, None, "welcomed twice");
                self.nick = Some(line.param(0).to_owned());
                self.needs_nick = false;
            }
            "005" => line.params[1..].iter().for_each(|token| self.modes.learn(token)),
            "432" | "433" if self.nick.is_none() => self.needs_nick = true,
            "353" => {
                self.check_names_entries(line);
                self.view.names(&self.modes, line);
            }
            "366" => self.view.names_end(&own, self.has("multi-prefix"), line),
            "331" | "332" if self.view.is_in(line.param(1)) => {
                let topic = if line.command == "331" { "" } else { line.param(2) };
                let room = self.view.room(line.param(1), line);
                let known = room.topic.get_or_insert_with(|| topic.to_owned());
                assert_eq!(known, topic, "the topic was another: {line:?}");
            }
            "CAP" => self.take_cap(line),
            "PING" => self.answers.push(format!("PONG :{}", line.param(0))),
            "PONG" => {
                let (token, labels) = self.pings.pop_front().expect("a PONG for each PING");
                assert_eq!(line.param(1), token, "PONGs in the order of PINGs");
                let answered = self.labels_sent - self.labels.len();
                assert!(answered >= labels, "PONG {token} overtook the answer to a label");
            }
            "ERROR" => self.over = true,
            "BATCH" => self.take_batch(line),
            "JOIN" => {
                let expected = if self.has("extended-join") { 3 } else { 1 };
                assert_eq!(line.params.len(), expected, "extended-join or not: {line:?}");
                self.view.joined(&own, line.param(0), line);
                self.hear(line);
            }
            "PART" => {
                self.hear(line);
                self.view.left(&own, line.param(0), line.nick(), line);
            }
            "KICK" => {
                self.hear(line);
                self.view.left(&own, line.param(0), line.param(1), line);
            }
            "QUIT" => {
                assert_ne!(line.nick(), own, "its own QUIT");
                self.view.quit(line);
                self.hear(line);
            }
            "NICK" => {
                if line.nick() == own {
                    self.nick = Some(line.param(0).to_owned());
                }
                if self.nick.as_deref() != Some(line.param(0)) || !self.view.rooms.is_empty() {
                    self.hear(line);
                }
                self.view.renamed(&own, line);
            }
            "PRIVMSG" | "NOTICE" | "TAGMSG" => self.take_words(&own, line),
            "TOPIC" => {
                let room = self.view.room(line.param(0), line);
                room.topic = Some(line.param(1).to_owned());
                self.hear(line);
            }
            "MODE" if line.param(0).starts_with('#') => {
                self.view.modes_changed(&self.modes, line);
                self.hear(line);
            }
            "MODE" => assert_eq!(line.param(0), own, "modes of somebody else"),
            "INVITE" => {
                let others = line.param(0) != own;
                assert!(!others || self.has("invite-notify"), "not negotiated: {line:?}");
            }
            "AWAY" => assert!(self.has("away-notify"), "not negotiated: {line:?}"),
            "ACCOUNT" => assert!(self.has("account-notify"), "not negotiated: {line:?}"),
            "CHGHOST" => assert!(self.has("chghost"), "not negotiated: {line:?}"),
            "SETNAME" => assert!(self.has("setname"), "not negotiated: {line:?}"),
            "FAIL" | "WARN" | "NOTE" => {
                // Extensions that speak in these bring them along.
                let bringing = match line.param(0) {
                    "BATCH" => "draft/multiline",
                    "CHATHISTORY" => "draft/chathistory",
                    "MARKREAD" => "draft/read-marker",
                    "REDACT" => "draft/message-redaction",
                    _ => "standard-replies",
                };
                let is_known = self.has("standard-replies") || self.has(bringing);
                assert!(is_known, "not negotiated: {line:?}");
            }
            "REDACT" => {
                assert!(self.has("draft/message-redaction"), "not negotiated: {line:?}");
                assert!(!line.param(0).starts_with('#') || self.view.is_in(line.param(0)));
            }
            "MARKREAD" => assert!(self.has("draft/read-marker"), "not negotiated: {line:?}"),
            "ACK" => assert!(line.tag("label").is_some(), "an ACK of what? {line:?}"),
            number if number.len() == 3 && number.as_bytes()[0].is_ascii_digit() => {}
            _ => panic!("what is this? {line:?}"),
        }
        if line.command.as_bytes()[0].is_ascii_digit() {
            match &self.nick {
                Some(nick) => assert_eq!(line.param(0), nick, "a reply to another: {line:?}"),
                None => assert!(!line.param(0).is_empty(), "a reply to nobody: {line:?}"),
            }
        }
    }

    /// Nothing speaks of the secret room but in the room, or as if there was none.
    fn check_secret(&self, own: &str, line: &Message) {
        let is_secret = |param: &String| folded(param).contains(SECRET);
        if self.view.is_in(SECRET) || !line.params.iter().any(is_secret) {
            return;
        }
        let may_come = match line.command.as_str() {
            "JOIN" => line.nick() == own,
            "INVITE" | "CAP" => true,
            // No such nick, no such channel, end of names: as for a room that nobody has made.
            "401" | "403" | "366" | "315" | "318" | "323" | "341" | "461" | "443" => true,
            "FAIL" | "MARKREAD" => true,
            // Not let in: who knows the name may learn that much.
            "471" | "473" | "474" | "475" | "477" => true,
            _ => false,
        };
        assert!(may_come, "{own} is told of a secret room: {line:?}");
    }

    /// Only tags that were asked for; and ids in the one order.
    fn check_tags(&mut self, line: &Message, era: Era) {
        for (key, _) in &line.tags {
            let cap = match key.as_str() {
                "time" => "server-time",
                "msgid" | "bot" => "message-tags",
                "account" => "account-tag",
                "label" => "labeled-response",
                "batch" => "batch",
                "draft/multiline-concat" => "draft/multiline",
                key if key.starts_with('+') => "message-tags",
                key => panic!("a tag that nobody knows, {key}: {line:?}"),
            };
            assert!(self.has(cap), "not negotiated: {key} of {line:?}");
        }
        if let Some(id) = line.tag("msgid") {
            let seq = id.rsplit_once('-').and_then(|(_, hex)| u64::from_str_radix(hex, 16).ok());
            let seq = seq.unwrap_or_else(|| panic!("what id? {line:?}"));
            let last = match line.tag("batch").and_then(|name| self.batches.get_mut(name)) {
                Some(batch) if era == Era::Past => &mut batch.last_id,
                _ => &mut self.last_id,
            };
            // What one says to oneself is heard as an echo, too.
            let own = self.nick.as_deref() == Some(line.nick());
            let again = own && line.params.iter().any(|it| folded(it) == folded(line.nick()));
            let is_next = seq > *last || (again && seq == *last);
            assert!(is_next, "twice, or out of the one order: {line:?}");
            *last = seq;
            if line.command != "BATCH" {
                self.ids.push((id.to_owned(), Heard::of(line)));
            }
        }
    }

    /// Answers whether the line happens now.
    fn take_label(&mut self, line: &Message) -> Era {
        if let Some(label) = line.tag("label") {
            let asked = self.labels.pop_front();
            assert_eq!(asked.as_deref(), Some(label), "one answer each, in order: {line:?}");
            let kinds = ["labeled-response", "multiline", "chathistory", "chathistory-targets"];
            let kind = line.param(1).trim_start_matches("draft/");
            let is_whole = line.command != "BATCH" || kinds.contains(&kind);
            assert!(is_whole, "a label on what is no answer: {line:?}");
        }
        line.tag("batch").map_or(Era::Now, |batch| {
            let batch = self.batches.get(batch);
            batch.unwrap_or_else(|| panic!("in no open batch: {line:?}")).era
        })
    }

    fn take_batch(&mut self, line: &Message) {
        assert!(self.has("batch"), "not negotiated: {line:?}");
        let (sign, name) = line.param(0).split_at(1);
        match sign {
            "+" => {
                let kind = line.param(1).to_owned();
                assert!(!kind.is_empty(), "a batch of what? {line:?}");
                let is_ours = kind != "draft/multiline" || self.has("draft/multiline");
                assert!(is_ours, "not negotiated: {line:?}");
                let outer = line.tag("batch").map(|outer| self.batches[outer].era);
                let is_past = kind.contains("chathistory") || outer == Some(Era::Past);
                let era = if is_past { Era::Past } else { Era::Now };
                let batch = Batch { kind, era, last_id: 0 };
                let before = self.batches.insert(name.to_owned(), batch);
                assert!(before.is_none(), "opened twice: {line:?}");
            }
            "-" => assert!(self.batches.remove(name).is_some(), "not open: {line:?}"),
            _ => panic!("neither opened nor closed: {line:?}"),
        }
    }

    fn take_cap(&mut self, line: &Message) {
        let words = line.params.last().map_or("", String::as_str).split(' ');
        let names = words.filter(|word| !word.is_empty()).map(|word| {
            let name = word.split('=').next().expect("a first piece");
            name.to_owned()
        });
        match line.param(1) {
            "LS" => self.offered.extend(names),
            "ACK" => {
                for name in names {
                    match name.strip_prefix('-') {
                        Some(name) => drop(self.caps.remove(name)),
                        None => drop(self.caps.insert(name)),
                    }
                }
            }
            _ => {}
        }
    }

    fn check_names_entries(&self, line: &Message) {
        for entry in line.param(3).split(' ') {
            let (ranks, _) = self.modes.take_signs(entry);
            assert!(ranks.len() <= 1 || self.has("multi-prefix"), "not negotiated: {line:?}");
            let full = entry.contains('!') && entry.contains('@');
            assert_eq!(full, self.has("userhost-in-names"), "{line:?}");
        }
    }

    /// Something said.
    fn take_words(&mut self, own: &str, line: &Message) {
        if !line.source.contains('!') {
            // The server's own words.
            assert_eq!(line.command, "NOTICE", "{line:?}");
            if let Some((_, rest)) = line.param(1).split_once("You missed ") {
                let room = rest.split([' ', ':']).find(|word| word.starts_with('#'));
                self.view.room(room.expect("a room"), line).named = false;
                self.missed = true;
            }
            return;
        }
        assert!(line.command != "TAGMSG" || self.has("message-tags"), "{line:?}");
        let is_own = line.nick() == own;
        let target = line.param(0).trim_start_matches(|c| self.modes.signs.contains(c));
        if !target.starts_with('#') {
            if is_own && folded(target) == folded(own) {
                // Talks to itself: it may hear that twice.
            } else if is_own {
                assert!(self.has("echo-message"), "not negotiated: {line:?}");
            } else {
                assert_eq!(target, own, "said to somebody else: {line:?}");
                self.private.push(line.param(1).to_owned());
            }
            return;
        }
        assert!(!is_own || self.has("echo-message"), "not negotiated: {line:?}");
        let room = self.view.room(target, line);
        let speaker = room.members.get(&folded(line.nick()));
        let is_there = speaker.is_some_and(|member| member.nick == line.nick());
        // Nobody is shown to a crowd because they type.
        let is_typing = line.command == "TAGMSG";
        assert!(is_there || is_typing || !room.named, "somebody unseen speaks: {line:?}");
        let batch = line.tag("batch").and_then(|name| self.batches.get(name));
        let is_several = batch.is_some_and(|batch| batch.kind == "draft/multiline");
        // Others are not sent the blank lines of several.
        let is_blank = is_several && line.param(1).is_empty();
        if line.command != "TAGMSG" && target == line.param(0) && !is_blank {
            self.hear(line);
        }
    }

    fn hear(&mut self, line: &Message) {
        self.heard.push(Heard::of(line));
    }
}

impl Drop for IrcClient {
    fn drop(&mut self) {
        if self.is_reading && std::thread::panicking() {
            let from = self.journal.len().saturating_sub(60);
            eprintln!("{} and the server:\n{}", self.number, self.journal[from..].join("\n"));
        }
    }
}

impl Heard {
    fn of(line: &Message) -> Self {
        let mut params = line.params.clone();
        if line.command == "JOIN" {
            params.truncate(1);
        }
        Self { source: line.source.clone(), command: line.command.clone(), params }
    }

    pub(crate) fn nick(&self) -> &str {
        self.source.split('!').next().expect("the first piece of a text")
    }

    /// `user@host`
    pub(crate) fn behind(&self) -> &str {
        self.source.split_once('!').map_or("", |(_, rest)| rest)
    }
}
