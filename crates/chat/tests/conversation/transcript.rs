//! Conversations written down as transcripts, and held.
//!
//! ```text
//! ada: irc                            connects, registers, and has read all that she is told then
//! bob: irc server-time echo-message   the same, with these capabilities
//! eve: nc                             connects, is welcomed in the plain dialect, calls herself eve
//! kit: connect                        connects; nothing more; `kit: connect 192.0.2.7` from there
//! web: websocket                      connects, and has made a WebSocket of that; what it says and gets
//!                                     are messages, and `(close 1000 bye)`, `(ping)` and `(pong)`;
//!                                     `web: websocket 192.0.2.7` from there
//! kim: json                           the same, on which `switchboard.v1` is spoken
//! ann: web                            says hello on one as ann, and has read all that she is told then
//! ada >> JOIN #tea                    she sends this line
//! ada >> JOIN #tea\r\nPART #tea        these, in one piece
//! ada << :ada!~ada@localhost JOIN #tea    the next line she gets is this one, exactly
//! ada << :switchboard 003 ada :*      the same; a star stands for any text
//! ada << ...                          whatever else she has got by now
//! ada << (closed)                     the server has closed her connection, all else has been said
//! ada ends                            she has finished sending (half-close)
//! ada resets                          the connection breaks
//! ada stops reading                   what is sent to her lies there, until she
//! ada reads again
//! -- 30 s                             time passes
//! -- host answers                     the program around the chat answers what it was asked
//! ```
//!
//! `TOKEN(ann)` in what is sent is the token that ann was welcomed with last.
//!
//! Empty lines and those that begin with `#` are for readers. At the end nobody may have got
//! anything that the transcript does not say.

use std::collections::BTreeMap;

use chat::Settings;
use service::Key;

use crate::browser::{CLOSE, PING, TEXT, frame, unframed, upgrade};
use crate::harness::{Chat, on_any_number_of_loops};

/// Holds the conversation on a server without flood delay whose lobby IRC clients do not come to.
#[track_caller]
pub(crate) fn transcript(text: &str) {
    transcript_with(settings(), text);
}

/// What [`transcript`] has: for those who need a little more.
pub(crate) fn settings() -> Settings {
    let settings = Settings { irc_lobby: false, ..Settings::default() };
    Settings { limits: settings.limits.clone().unthrottled(), ..settings }
}

/// Holds the conversation on a server with these settings; on one loop, and on several.
#[track_caller]
pub(crate) fn transcript_with(settings: Settings, text: &str) {
    on_any_number_of_loops(|| hold(settings.clone(), text));
}

/// Holds the conversation once.
#[track_caller]
pub(crate) fn hold(settings: Settings, text: &str) {
    let chat = Chat::with(settings);
    let mut table =
        Table { chat, people: BTreeMap::new(), sockets: BTreeMap::new(), tokens: BTreeMap::new() };
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            table.happen(line).unwrap_or_else(|why| {
                panic!("line {} of the transcript: {line}\n{why}", number + 1);
            });
        }
    }
    for (name, key) in table.people.clone() {
        let rest = table.unread(key);
        assert!(
            rest.is_empty(),
            "{name} has got more than the transcript says:\n{}",
            rest.join("\n")
        );
    }
}

struct Table {
    chat: Chat,
    people: BTreeMap<String, Key>,
    /// Those that are sent frames, with what of it nobody has looked at.
    sockets: BTreeMap<Key, Vec<String>>,
    /// With what somebody can come back, by name.
    tokens: BTreeMap<String, String>,
}

impl Table {
    fn happen(&mut self, line: &str) -> Result<(), String> {
        if line == "-- host answers" {
            self.chat.wake();
            return Ok(());
        }
        if let Some(time) = line.strip_prefix("-- ") {
            let (count, unit) = time.split_once(' ').ok_or("-- NUMBER s|ms")?;
            let count: u64 = count.parse().map_err(|_| "no number")?;
            self.chat.sleep(if unit == "ms" { count } else { count * 1000 });
            return Ok(());
        }
        let (name, rest) = line.split_once(' ').ok_or("no verb")?;
        if let Some(name) = name.strip_suffix(':') {
            return self.come(name, rest);
        }
        let key = *self.people.get(name).ok_or_else(|| format!("who is {name}?"))?;
        match rest {
            "ends" => self.chat.end(key),
            "resets" => self.chat.reset(key),
            "stops reading" => self.chat.stop_reading(key),
            "reads again" => self.chat.read_again(key),
            _ => match rest.split_once(' ') {
                Some((">>", sent)) => {
                    let sent = sent.replace("\\r\\n", "\r\n");
                    self.send(key, &sent);
                }
                None if rest == ">>" => self.chat.send(key, b"\r\n"),
                Some(("<<", expected)) => return self.expect(key, expected),
                _ => return Err("not >> or <<".into()),
            },
        }
        Ok(())
    }

    fn send(&mut self, key: Key, sent: &str) {
        let mut sent = sent.to_owned();
        for (name, token) in &self.tokens {
            sent = sent.replace(&format!("TOKEN({name})"), token);
        }
        let sent = &*sent;
        if !self.sockets.contains_key(&key) {
            return self.chat.send(key, format!("{sent}\r\n").as_bytes());
        }
        let frame = match sent.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some("ping") => frame(PING, b"x"),
            Some("close") => frame(CLOSE, &1000u16.to_be_bytes()),
            _ => frame(TEXT, sent.as_bytes()),
        };
        self.chat.send(key, &frame);
    }

    fn come(&mut self, name: &str, how: &str) -> Result<(), String> {
        let mut words = how.split(' ');
        let key = match words.next() {
            Some("nc") => self.chat.join(name),
            Some("connect") => match words.next() {
                None => self.chat.connect(),
                Some(address) => self.chat.connect_from_address(address),
            },
            Some("irc") => {
                let key = self.chat.connect();
                let capabilities: Vec<&str> = words.collect();
                let mut sent = format!("NICK {name}\r\nUSER {name} 0 * :{name} the tester\r\n");
                if !capabilities.is_empty() {
                    let wanted = capabilities.join(" ");
                    sent = format!("CAP REQ :{wanted}\r\n{sent}CAP END\r\n");
                }
                self.chat.send(key, sent.as_bytes());
                let got = self.chat.read(key);
                if !got.contains(&format!(" 001 {name} ")) || got.contains(" NAK ") {
                    return Err(format!("not welcomed:\n{got}"));
                }
                key
            }
            Some("websocket") => self.socket("text.ircv3.net", words.next())?,
            Some("json") => self.socket("switchboard.v1", words.next())?,
            Some("web") => {
                let key = self.socket("switchboard.v1", words.next())?;
                self.people.insert(name.to_owned(), key);
                self.send(key, &format!(r#"{{"type":"hello","name":"{name}"}}"#));
                let got = self.unread(key).join("\n");
                if !got.contains(&format!(r#""name":"{name}","#)) {
                    return Err(format!("not welcomed:\n{got}"));
                }
                key
            }
            _ => return Err("irc, nc, web, json, websocket or connect".into()),
        };
        self.people.insert(name.to_owned(), key);
        Ok(())
    }

    fn socket(&mut self, subprotocol: &str, address: Option<&str>) -> Result<Key, String> {
        let key = match address {
            None => self.chat.connect(),
            Some(address) => self.chat.connect_from_address(address),
        };
        self.chat.send(key, upgrade(subprotocol).as_bytes());
        let got = self.chat.read(key);
        if !got.starts_with("HTTP/1.1 101 ") || !got.ends_with("\r\n\r\n") {
            return Err(format!("no WebSocket:\n{got}"));
        }
        self.sockets.insert(key, Vec::new());
        Ok(key)
    }

    fn expect(&mut self, key: Key, expected: &str) -> Result<(), String> {
        if expected == "..." {
            self.unread(key);
            return Ok(());
        }
        let rest = self.unread(key);
        if expected == "(closed)" {
            return match rest.first() {
                Some(line) => Err(format!("before that there is: {line}")),
                None if self.chat.is_closed(key) => Ok(()),
                None => Err("it is open".into()),
            };
        }
        match rest.split_first() {
            Some((line, others)) if self.is_meant(expected, line.trim_end()) => {
                if let Some(lines) = self.sockets.get_mut(&key) {
                    *lines = others.to_vec();
                    return Ok(());
                }
                let others: String = others.iter().map(|line| format!("{line}\n")).collect();
                self.chat.unread(key, others.into_bytes());
                Ok(())
            }
            Some((line, _)) => Err(format!("what came is:   {line}")),
            None => Err("nothing came".into()),
        }
    }

    /// Whether `line` is what is expected. Batches are counted by loop.
    fn is_meant(&self, expected: &str, line: &str) -> bool {
        let (expected, line) = match self.chat.is_on_one_loop() {
            true => (expected.to_owned(), line.to_owned()),
            false => (without_numbers(expected), without_numbers(line)),
        };
        line == expected || matches(&expected, &line)
    }

    /// The lines that `key` has got and the transcript has not looked at.
    fn unread(&mut self, key: Key) -> Vec<String> {
        if let Some(lines) = self.sockets.get_mut(&key) {
            let new = unframed(&self.chat.read_bytes(key));
            let token = new.iter().find_map(|line| {
                let rest = line.strip_prefix(r#"{"type":"welcome""#)?;
                rest.split(r#""token":""#).nth(1)?.split('"').next()
            });
            let name = self.people.iter().find(|(_, other)| **other == key).map(|(name, _)| name);
            if let (Some(token), Some(name)) = (token, name) {
                self.tokens.insert(name.clone(), token.to_owned());
            }
            lines.extend(new);
            return std::mem::take(lines);
        }
        let got = self.chat.read(key);
        got.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
    }
}

/// `line` with no numbers in the names of batches.
fn without_numbers(line: &str) -> String {
    let mut line = line.to_owned();
    for before in ["BATCH +b", "BATCH -b", "batch=b"] {
        if let Some((begin, rest)) = line.split_once(before) {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            line = format!("{begin}{before}{rest}");
        }
    }
    line
}

/// Whether `pattern`, in which a star stands for any text, is what `line` says.
fn matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or("")) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
