//! The first that a connection says: what is spoken, who is brought, and what is turned away.
//!
//! Invariant: nothing is taken for a line, and no byte changed, before the whole first line has come or
//! what has come cannot be one; so it does not matter in which pieces it comes. What waits here is
//! bounded by a line, or a header, of the longest.
//!
//! IRC clients, browsers, TLS and proxies speak first; people with `nc` do not. Who is silent for
//! [`Limits::undecided`](crate::Limits::undecided) is welcomed as a person. An IRC client that was only
//! late has seen two plain lines then, which such clients pass over: as long as it has said nothing
//! else, its first line still makes it one.
//!
//! Neither ident nor the name system is ever asked who somebody is: nobody waits for that.

use std::net::IpAddr;

use service::{Key, Time};
use tracing::info;
use wire::proxy::{self, Proxy};
use wire::sniff::{self, Language};
use wire::text;

use crate::address::{Address, Came, TooMany};
use crate::bans::Told;
use crate::dialect::Dialect;
use crate::event::Event;
use crate::http::{Conversation, Forwarding};
use crate::irc::Client;
use crate::outbox::Place;
use crate::plain::render::{Form, Newline, Reader};
use crate::session::{Hears, Stage};
use crate::switchboard::Switchboard;
use crate::{Limits, Speaks};

/// What is known of a connection before it has said its first line, or given the password.
#[derive(Debug)]
pub(crate) struct Door {
    /// What has come of the first line, as it came.
    bytes: Vec<u8>,
    /// When what is awaited began to be.
    since: Time,
    awaits: Awaits,
    /// It is one too many, and is told so in what it speaks as soon as that is known.
    pub(crate) refusal: Option<TooMany>,
    /// Whether the peer's word is taken on whom it brings, if it turns out to speak HTTP.
    forwarding: Forwarding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    /// A header of the PROXY protocol, which a trusted proxy may send; or the first line.
    Header,
    FirstLine,
    /// The server's password, from a person; so many were wrong.
    Password(u32),
}

impl Door {
    pub(crate) fn new(now: Time) -> Self {
        let forwarding = Forwarding::Ignored;
        Self { bytes: Vec::new(), since: now, awaits: Awaits::FirstLine, refusal: None, forwarding }
    }

    /// The door for a trusted proxy.
    pub(crate) fn for_proxy(now: Time) -> Self {
        let forwarding = Forwarding::Believed;
        Self { awaits: Awaits::Header, forwarding, ..Self::new(now) }
    }

    /// Until when it is waited for more, if nothing is known yet.
    pub(crate) fn undecided_until(&self, limits: &Limits) -> Time {
        let patience = if self.has_begun_header() {
            limits.proxy_header
        } else if sniff::may_become_http(&self.bytes) {
            limits.http_head
        } else {
            limits.undecided
        };
        self.since + patience
    }

    /// Whether anything of the first line has come.
    pub(crate) fn has_begun(&self) -> bool {
        !self.bytes.is_empty()
    }

    pub(crate) fn forwarding(&self) -> Forwarding {
        self.forwarding
    }

    /// Until when the password is waited for, if it is.
    pub(crate) fn password_until(&self, limits: &Limits) -> Option<Time> {
        self.awaits_password().then(|| self.since + limits.registration)
    }

    fn awaits_password(&self) -> bool {
        matches!(self.awaits, Awaits::Password(_))
    }

    fn has_begun_header(&self) -> bool {
        // People press Return, too.
        self.awaits == Awaits::Header
            && proxy::starts_like(&self.bytes)
            && self.bytes.iter().any(|byte| !matches!(byte, b'\r' | b'\n'))
    }
}

/// Empty lines that may stand before a request.
const EMPTY_LINES: u8 = 2;

/// What `bytes` are behind an empty line: nothing else that speaks first begins like that.
fn language_after_return(bytes: &[u8], limit_bytes: usize) -> Option<Language> {
    match language(bytes, limit_bytes) {
        Some(Language::Http) => Some(Language::Http),
        None if sniff::may_become_http(bytes) => None,
        _ => Some(Language::Plain),
    }
}

/// What `bytes`, the first of a connection, are; `None` as long as that cannot be known.
fn language(bytes: &[u8], limit_bytes: usize) -> Option<Language> {
    const END_OF_TRANSMISSION: u8 = 0x04;
    if let Some(language) = sniff::first_bytes(bytes) {
        return Some(language);
    }
    if let Some(line) = first_line(bytes) {
        return Some(sniff::first_line(&text::edited(line)));
    }
    let cannot_be_more = bytes.first() == Some(&END_OF_TRANSMISSION)
        || bytes.len() > limit_bytes
        || has_telnet(bytes);
    let language = if sniff::begins_http(bytes) { Language::Http } else { Language::Plain };
    cannot_be_more.then_some(language)
}

/// The first line, without its end, once that has come.
fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    let is_end =
        |at: &usize| bytes[*at] == b'\n' || bytes[*at] == 0 && *at > 0 && bytes[*at - 1] == b'\r';
    let end = memchr::memchr2_iter(b'\n', 0, bytes).find(is_end)?;
    Some(bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]))
}

/// Whether there is a command of telnet's in what is no line of IRC, in which any byte may stand.
fn has_telnet(bytes: &[u8]) -> bool {
    const TELNET_COMMAND: u8 = 0xFF;
    const IRC: [&[u8]; 8] =
        [b"CAP", b"NICK", b"USER", b"PASS", b"AUTHENTICATE", b"WEBIRC", b"@", b":"];
    let begins_with = |word: &&[u8]| {
        bytes.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    };
    bytes.windows(2).any(|pair| pair[0] == TELNET_COMMAND && pair[1] >= 240)
        && !IRC.iter().any(begins_with)
}

impl Switchboard {
    /// Bytes came from `key`, which has not said its first line yet.
    pub(crate) fn take_first(&mut self, key: Key, bytes: &[u8]) {
        let now = self.now.time;
        if let Some(session) = self.sessions.get_mut(key) {
            let door = session.door.get_or_insert_with(|| Box::new(Door::new(now)));
            door.bytes.extend_from_slice(bytes);
            self.look(key);
        }
    }

    /// The peer has finished sending: what has come of its first line is that line.
    pub(crate) fn end_first(&mut self, key: Key) {
        if let Some(session) = self.sessions.get(key)
            && matches!(session.hears, Hears::First(_) | Hears::AfterReturn(_))
            && session.door.as_ref().is_some_and(|door| !door.bytes.is_empty())
        {
            self.take_first(key, b"\n");
        }
    }

    /// What came was waited for in vain: whoever it is, it is a person.
    pub(crate) fn tire(&mut self, key: Key) {
        let Some(door) = self.sessions.get(key).and_then(|session| session.door.as_ref()) else {
            return;
        };
        if door.has_begun_header() {
            return self.close_saying(key, "The rest of the PROXY header did not come.");
        }
        if let Some(session) = self.sessions.get(key)
            && matches!(session.hears, Hears::First(Speaks::Anything) | Hears::AfterReturn(_))
            && session.door.as_ref().is_some_and(|door| sniff::begins_http(&door.bytes))
        {
            self.speak_http(key);
            if !self.come_for_pages(key) {
                return;
            }
            return self.tire_of_request(key);
        }
        self.decide(key, Form::Full);
    }

    /// Looks at what has come, and decides if it can.
    fn look(&mut self, key: Key) {
        let limit_bytes = self.settings.limits.line_bytes.max(wire::irc::LINE_BYTES);
        while let Some(session) = self.sessions.get_mut(key)
            && session.stage != Stage::Closing
            && let Some((speaks, returns)) = session.hears.first()
            && let Some(door) = &mut session.door
            && !door.bytes.is_empty()
        {
            if door.awaits == Awaits::Header {
                match proxy::parse(&door.bytes) {
                    Proxy::NotProxy => door.awaits = Awaits::FirstLine,
                    Proxy::Incomplete => return self.arm(key),
                    Proxy::Header { len, source } => {
                        door.bytes.drain(..len);
                        (door.awaits, door.since) = (Awaits::FirstLine, self.now.time);
                        let is_proxy =
                            |ip| self.settings.trusted_proxies.iter().any(|one| one.contains(ip));
                        if source.is_some_and(|source| !is_proxy(source.ip())) {
                            door.forwarding = Forwarding::Ignored;
                        }
                        if let Some(source) = source {
                            self.is_brought(key, source.ip());
                        }
                        self.arm(key);
                    }
                    Proxy::Bad(bad) => {
                        return self.close_saying(key, format_args!("Bad PROXY header: {bad}."));
                    }
                }
                continue;
            }
            if self.settings.anonymous {
                return self.let_in_as_person(key);
            }
            if speaks == Speaks::Anything
                && returns < EMPTY_LINES
                && sniff::first_bytes(&door.bytes).is_none()
                && let Some(len) = sniff::empty_line(&door.bytes)
            {
                door.bytes.drain(..len);
                session.hears = Hears::AfterReturn(returns + 1);
                if door.bytes.is_empty() {
                    // Who has pressed Return waits for an answer.
                    return self.decide(key, Form::Full);
                }
                continue;
            }
            let language = match returns {
                0 => language(&door.bytes, limit_bytes),
                _ => language_after_return(&door.bytes, limit_bytes),
            };
            let Some(language) = language else {
                return;
            };
            let line = first_line(&door.bytes).unwrap_or_default();
            match (language, speaks) {
                (Language::Tls, _) => return self.turn_away(key, &TLS_HANDSHAKE_FAILURE),
                (Language::Proxy, _) => {
                    let text = "A PROXY header is taken from trusted proxies only, and first.";
                    return self.close_saying(key, text);
                }
                (Language::Ssh, _) => {
                    return self.turn_away(key, SSH_ANSWER.as_bytes());
                }
                (Language::Http, Speaks::Irc) => {
                    return self.close_saying(key, "This is an IRC server, not a web server.");
                }
                (Language::Http, Speaks::Anything) => {
                    self.speak_http(key);
                    return self.let_in(key);
                }
                (Language::Http, Speaks::Plain) => {
                    let answer = http_answer(&self.settings.name, line.starts_with(b"HEAD "));
                    return self.turn_away(key, answer.as_bytes());
                }
                (_, Speaks::Irc | Speaks::Web) => return self.let_in(key),
                (Language::Irc, Speaks::Plain) => {
                    // It is not said in a room: most who begin like that are programs.
                    let len = line_len(&door.bytes);
                    door.bytes.drain(..len);
                    self.decide(key, Form::Full);
                    self.tell(key, |to| {
                        to.line(
                            "This port is for people with nc or telnet: that line of IRC was not \
                             sent. IRC clients must use another port.",
                        );
                    });
                }
                (Language::Irc, Speaks::Anything) => {
                    let word = String::from_utf8_lossy(line);
                    let word = text::clean(word.split(' ').next().unwrap_or("")).into_owned();
                    self.speak_irc(key, word.into());
                    return self.let_in(key);
                }
                (Language::Plain, _) => {
                    let is_script = returns == 0 && text::edited(line).trim_ascii() == b"/plain";
                    if is_script && matches!(session.dialect, Dialect::Undecided) {
                        let len = line_len(&door.bytes);
                        door.bytes.drain(..len);
                        self.decide(key, Form::Script);
                    } else {
                        self.decide(key, Form::Full);
                    }
                    return self.let_in(key);
                }
            }
        }
    }

    /// Whatever comes is said by a person.
    pub(crate) fn let_in_as_person(&mut self, key: Key) {
        self.decide(key, Form::Full);
        self.let_in(key);
    }

    /// What is spoken is known: what has come is taken as that.
    fn let_in(&mut self, key: Key) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        session.hears = Hears::Lines;
        match session.dialect {
            Dialect::Irc(_) => self.come_to_chat(key, Came::WithALine),
            Dialect::Http(_) => self.come_for_pages(key),
            // They are asked when it is decided that they are people.
            Dialect::Plain(_) | Dialect::Undecided | Dialect::Web(_) => true,
        };
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Some(door) = &mut session.door else {
            return;
        };
        let bytes = std::mem::take(&mut door.bytes);
        if !door.awaits_password() {
            session.door = None;
        }
        if !bytes.is_empty() {
            self.take_known(key, &bytes);
        }
    }

    /// A connection becomes a member in the plain dialect, and comes to the lobby.
    fn arrive(&mut self, key: Key) {
        let identity = self.identity_by_lines(key);
        self.propose(Event::Arrived { member: key, name: None, identity, away: None });
    }

    /// A trusted proxy has brought `key` from `ip`, which is what counts from here on.
    pub(crate) fn is_brought(&mut self, key: Key, ip: IpAddr) -> bool {
        let ip = Some(ip).filter(|ip| !ip.is_loopback());
        if let Some(session) = self.sessions.get_mut(key) {
            session.ip = ip;
            info!(connection = ?key, peer = ?ip, "brought by a proxy");
        }
        self.admit(key, ip.map(Address::from))
    }

    /// Lets `key`, which counts among the visitors from `address`, come in, or refuses it; answers
    /// whether it may.
    pub(crate) fn admit(&mut self, key: Key, address: Option<Address>) -> bool {
        if let Some(address) = address
            && !self.count_visitor(key, address)
        {
            return false;
        }
        let ip =
            self.sessions.get(key).and_then(|session| session.ip).filter(|_| address.is_some());
        ip.is_none_or(|ip| self.is_not_banned(key, ip))
    }

    /// Answers whether `key` may come in from `ip`; if not, it is refused.
    pub(crate) fn is_not_banned(&mut self, key: Key, ip: IpAddr) -> bool {
        let ban = self.state.bans.of_address(ip, self.now.unix_ms);
        if let Some(words) = ban.map(|ban| Told(ban).to_string()) {
            self.refuse_banned(key, &words);
            return false;
        }
        true
    }

    /// What speaks something else gets its answer and is closed.
    fn turn_away(&mut self, key: Key, answer: &[u8]) {
        self.depart(key, "Not a chat client");
        let place = Place::after(self.trunk.last_seq());
        self.mail(key, place, |out| out.extend_from_slice(answer));
        self.close(key);
    }

    /// The peer is an IRC client, which it shows by beginning with `word`. If it had been taken for a
    /// person, that guest is gone.
    fn speak_irc(&mut self, key: Key, word: Box<str>) {
        self.depart(key, "Turned out to be an IRC client");
        let now = self.now.time;
        if let Some(session) = self.sessions.get_mut(key) {
            session.dialect = Dialect::Irc(Box::new(Client::new(now, Some(word))));
            session.stage = Stage::New;
            if let Some(door) = &mut session.door {
                door.awaits = Awaits::FirstLine;
            }
            self.arm(key);
        }
    }

    /// The peer speaks HTTP. If it had been taken for a person, that guest is gone.
    fn speak_http(&mut self, key: Key) {
        self.depart(key, "Turned out to be a browser");
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Some(door) = &mut session.door else {
            return;
        };
        door.awaits = Awaits::FirstLine;
        session.dialect = Dialect::Http(Box::new(Conversation::new(door.since, door.forwarding)));
        session.stage = Stage::New;
        self.count_as_visitor(key);
        self.arm(key);
    }

    /// The peer is taken for a person, or a script, in the plain dialect.
    fn decide(&mut self, key: Key, form: Form) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        if !matches!(session.dialect, Dialect::Undecided) {
            return;
        }
        let form = if self.settings.anonymous { Form::Bare } else { form };
        let newline = if session.framing.is_telnet() { Newline::CrLf } else { Newline::default() };
        session.dialect = Dialect::Plain(Reader { current: None, newline, form });
        if !self.come_to_chat(key, Came::WithALine) {
            return;
        }
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        if let Some(door) = session.door.take_if(|door| door.bytes.is_empty()) {
            drop(door);
        } else if let Some(door) = &mut session.door {
            door.awaits = Awaits::FirstLine;
        }
        self.enter(key);
    }

    /// A person comes in; if the server has a password, once it has been given.
    pub(crate) fn enter(&mut self, key: Key) {
        let now = self.now.time;
        if self.settings.password.is_none() {
            self.arrive(key);
        } else if let Some(session) = self.sessions.get_mut(key) {
            let door = session.door.get_or_insert_with(|| Box::new(Door::new(now)));
            (door.awaits, door.since) = (Awaits::Password(0), now);
            self.tell(key, |to| to.line("This server asks for a password. Password:"));
        }
        self.arm(key);
    }

    /// Whether `key` is to give the password before anything it says is heard.
    pub(crate) fn is_asked_for_password(&self, key: Key) -> bool {
        let door = self.sessions.get(key).and_then(|session| session.door.as_ref());
        door.is_some_and(|door| door.awaits_password())
    }

    /// A person, who was asked for the password, has typed `given`.
    pub(crate) fn try_password(&mut self, key: Key, given: &str) {
        let (now, most) = (self.now.time, self.settings.limits.password_tries);
        let right = self.settings.password.as_ref();
        let is_right = right.is_none_or(|right| self.cloaks.is_same(given, right));
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        if is_right {
            session.door = None;
            self.arrive(key);
            return self.arm(key);
        }
        let Some(door) = &mut session.door else {
            return;
        };
        let Awaits::Password(wrong) = door.awaits else {
            return;
        };
        (door.awaits, door.since) = (Awaits::Password(wrong + 1), now);
        if wrong + 1 >= most {
            self.note_refusal(key);
            return self.close_saying(key, "That is not the password. You are not let in.");
        }
        self.tell(key, |to| to.line("That is not the password. Password:"));
    }
}

/// How long the first line is with its end.
fn line_len(bytes: &[u8]) -> usize {
    first_line(bytes).map_or(bytes.len(), |line| {
        let end = line.len();
        end + bytes[end..].iter().take_while(|byte| **byte == b'\r').count().min(1) + 1
    })
}

/// A fatal alert (RFC 8446 section 6.2): TLS clients show it as "handshake failure" rather than as
/// garbage.
const TLS_HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

/// Lines before a server's banner are for people to read (RFC 4253 section 4.2).
const SSH_ANSWER: &str =
    "This is a chat, not SSH. Join it with nc, telnet or an IRC client at this port.\r\n";

fn http_answer(name: &str, head_only: bool) -> String {
    let body = format!(
        "{name} is a chat. There is no web page here; join from a terminal with\n\n    nc HOST \
         PORT\n\nor with an IRC client, without TLS: the same host and port as in your address \
         bar.\n"
    );
    let shown = if head_only { "" } else { &body };
    format!(
        "HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{shown}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_is_known_when_it_has_come() {
        use Language::*;
        for (bytes, known) in [
            (&b"NICK ada"[..], None),
            (b"NICK ada\r\n", Some(Irc)),
            (b"hello", None),
            (b"hello\r\0", Some(Plain)),
            (b"\n", Some(Plain)),
            (b"\x04", Some(Plain)),
            (b"he\xff\xf4\xff\xfd\x06", Some(Plain)),
            (b"USER ada 0 * :\xff\xf4", None),
            (b"NIK\x08CK ada\n", Some(Irc)),
            (b"\x16\x03", Some(Tls)),
            (b"0123456789", Some(Plain)),
        ] {
            let limit_bytes = if bytes.len() == 10 && bytes[0] == b'0' { 9 } else { 99 };
            assert_eq!(language(bytes, limit_bytes), known, "{bytes:?}");
        }
    }

    #[test]
    fn the_length_of_a_line_has_its_end() {
        for (bytes, len) in [(&b"a\r\nb"[..], 3), (b"a\nb", 2), (b"a\r\0b", 3), (b"\n\n", 1)] {
            assert_eq!(line_len(bytes), len, "{bytes:?}");
        }
    }

    #[test]
    fn a_head_has_no_body() {
        assert!(http_answer("Chat", true).ends_with("\r\n\r\n"));
        assert!(http_answer("Chat", false).contains("nc HOST PORT"));
    }
}
