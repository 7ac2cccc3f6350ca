//! IRC clients: registration, a room, and an answer to every PING.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Client, Protocol, Role, Step, whole_lines};
use crate::Ear;

/// IRC (RFC 1459 and what came after it).
#[derive(Clone, Debug)]
pub struct Irc {
    /// The rooms. Receivers are spread over them in turn; a sender is in all of them, and says each
    /// line once in each.
    pub rooms: Vec<String>,
    /// Ask for the capability server-time: each line then says when it was said.
    pub server_time: bool,
    /// What all nicknames begin with; the client's number follows. Two generators at one server
    /// need different ones. Some servers allow no more than nine characters in all.
    pub nick: String,
}

impl Default for Irc {
    fn default() -> Self {
        Self { rooms: vec!["#bench".into()], server_time: false, nick: "m".into() }
    }
}

impl Protocol for Irc {
    fn name(&self) -> String {
        if self.server_time { "irc-time".into() } else { "irc".into() }
    }

    fn most_text_bytes(&self) -> usize {
        // 512 bytes with the longest usual prefix (name, user, host) and the line's own words.
        380
    }

    fn client(&self, number: usize, role: Role) -> Box<dyn Client> {
        let rooms = match role {
            Role::Sender => self.rooms.clone(),
            Role::Receiver => {
                let place = number % self.rooms.len().max(1);
                self.rooms.get(place).cloned().into_iter().collect()
            }
        };
        Box::new(IrcClient {
            leads: rooms.iter().map(|room| format!("PRIVMSG {room} :").into_bytes()).collect(),
            awaited: 0,
            rooms,
            server_time: self.server_time,
            nick: format!("{}{number}", self.nick),
            last_refusal: String::new(),
        })
    }
}

struct IrcClient {
    rooms: Vec<String>,
    /// What stands before a text, for each room.
    leads: Vec<Vec<u8>>,
    /// Rooms whose list of names is still to end; with none, it is registration that is waited for.
    awaited: usize,
    server_time: bool,
    nick: String,
    last_refusal: String,
}

impl Client for IrcClient {
    fn greet(&mut self, out: &mut Vec<u8>) -> Step {
        let nick = &self.nick;
        if self.server_time {
            out.extend_from_slice(b"CAP REQ :server-time\r\n");
        }
        out.extend_from_slice(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n").as_bytes());
        if self.server_time {
            out.extend_from_slice(b"CAP END\r\n");
        }
        Step::Waiting
    }

    fn join(&mut self, out: &mut Vec<u8>) -> Step {
        for room in &self.rooms {
            out.extend_from_slice(format!("JOIN {room}\r\n").as_bytes());
        }
        self.awaited = self.rooms.len();
        if self.awaited == 0 { Step::Done } else { Step::Waiting }
    }

    fn enter(&mut self, received: &[u8], out: &mut Vec<u8>) -> Result<(usize, Step), String> {
        let mut taken = 0;
        while let Some(len) = memchr::memchr(b'\n', &received[taken..]) {
            let line = &received[taken..taken + len];
            taken += len + 1;
            if self.entering(line, out)? == Step::Done {
                return Ok((taken, Step::Done));
            }
        }
        Ok((taken, Step::Waiting))
    }

    fn say(&mut self, text: &[u8], out: &mut Vec<u8>) {
        for lead in &self.leads {
            out.extend_from_slice(lead);
            out.extend_from_slice(text);
            out.extend_from_slice(b"\r\n");
        }
    }

    fn hear(
        &mut self,
        received: &[u8],
        ear: &mut Ear<'_>,
        out: &mut Vec<u8>,
    ) -> Result<usize, String> {
        static PING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"PING"));
        let whole = whole_lines(received);
        let lines = &received[..whole];
        ear.lines(lines);
        // One search over everything is cheaper than a look at each line.
        if PING.find(lines).is_some() {
            for line in lines.split(|&byte| byte == b'\n') {
                answer_ping(line, out);
            }
        }
        Ok(whole)
    }
}

impl IrcClient {
    /// One line of those that come before it is in.
    fn entering(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<Step, String> {
        if answer_ping(line, out) {
            return Ok(Step::Waiting);
        }
        let (command, rest) = command(line);
        let said = || String::from_utf8_lossy(line).trim().to_owned();
        match command {
            // The message of the day has ended, or there is none: the last word of the welcome.
            b"376" | b"422" if self.awaited == 0 => Ok(Step::Done),
            b"366" if self.awaited > 0 => {
                self.awaited -= 1;
                Ok(if self.awaited == 0 { Step::Done } else { Step::Waiting })
            }
            b"CAP" if memchr::memmem::find(rest, b" NAK ").is_some() => {
                Err("the server has no server-time; measure with --protocol irc".into())
            }
            b"433" => {
                // Somebody else has the name: another one, and on.
                self.nick.push('_');
                out.extend_from_slice(format!("NICK {}\r\n", self.nick).as_bytes());
                if self.nick.len() > 30 { Err(said()) } else { Ok(Step::Waiting) }
            }
            b"ERROR" => {
                let first = std::mem::take(&mut self.last_refusal);
                Err(format!("the server said {:?}", format!("{first} {}", said()).trim()))
            }
            // It may not come into the room, or not in at all.
            b"403" | b"405" | b"432" | b"437" | b"464" | b"465" | b"471" | b"473" | b"474"
            | b"475" | b"476" | b"477" => Err(format!("the server said {:?}", said())),
            [b'4' | b'5', _, _] => {
                self.last_refusal = said();
                Ok(Step::Waiting)
            }
            _ => Ok(Step::Waiting),
        }
    }
}

/// The command of a line, without tags and source, and what follows it.
fn command(line: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = line.trim_ascii_end();
    for lead in [b'@', b':'] {
        if rest.first() == Some(&lead) {
            let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
            rest = rest[end..].trim_ascii_start();
        }
    }
    rest.split_at(memchr::memchr(b' ', rest).unwrap_or(rest.len()))
}

/// Answers `line` if it is a PING; whether it was one.
pub(super) fn answer_ping(line: &[u8], out: &mut Vec<u8>) -> bool {
    let (command, rest) = command(line);
    if !command.eq_ignore_ascii_case(b"PING") {
        return false;
    }
    out.extend_from_slice(b"PONG");
    out.extend_from_slice(rest);
    out.extend_from_slice(b"\r\n");
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(server_time: bool) -> Box<dyn Client> {
        let irc = Irc { rooms: vec!["#a".into()], server_time, nick: "m".into() };
        irc.client(7, Role::Receiver)
    }

    #[test]
    fn registration_ends_with_the_message_of_the_day_and_joining_with_the_names() {
        let (mut client, mut out) = (client(true), Vec::new());
        assert_eq!(client.greet(&mut out), Step::Waiting);
        let said = String::from_utf8(std::mem::take(&mut out)).expect("text");
        assert_eq!(said, "CAP REQ :server-time\r\nNICK m7\r\nUSER m7 0 * :m7\r\nCAP END\r\n");
        let welcome = b":s CAP * ACK :server-time\r\nPING :cookie\r\n:s 001 m7 :hi\r\n:s 37";
        let (taken, step) = client.enter(welcome, &mut out).expect("nothing is refused");
        assert_eq!((taken, step), (welcome.len() - 5, Step::Waiting));
        assert_eq!(out, b"PONG :cookie\r\n");
        out.clear();
        let end = b":s 376 m7 :End\r\n:s NOTICE m7 :x\r\n";
        assert_eq!(client.enter(end, &mut out), Ok((16, Step::Done)));
        assert_eq!(client.join(&mut out), Step::Waiting);
        assert_eq!(out, b"JOIN #a\r\n");
        let names = b"@time=1 :s 353 m7 = #a :m7\r\n@time=1 :s 366 m7 #a :End\r\n";
        assert_eq!(client.enter(names, &mut out), Ok((names.len(), Step::Done)));
    }

    #[test]
    fn a_name_that_is_taken_is_changed_and_a_refusal_is_told() {
        let (mut client, mut out) = (client(false), Vec::new());
        client.greet(&mut out);
        out.clear();
        assert!(client.enter(b":s 433 * m7 :in use\r\n", &mut out).is_ok());
        assert_eq!(out, b"NICK m7_\r\n");
        let refused = client.enter(b"ERROR :too many connections\r\n", &mut out);
        assert!(refused.is_err_and(|why| why.contains("too many connections")));
    }

    #[test]
    fn a_ping_among_lines_is_answered_even_when_it_comes_in_pieces() {
        let (mut client, mut out) = (client(false), Vec::new());
        let mut heard = crate::ear::Hearing::Count;
        let mut ear = Ear::new(&mut heard);
        let lines = b":a!a@h PRIVMSG #a :PING\r\nPI";
        let taken = client.hear(lines, &mut ear, &mut out).expect("lines");
        assert_eq!((taken, out.as_slice()), (lines.len() - 2, &b""[..]));
        client.hear(b"PING :x y\r\n", &mut ear, &mut out).expect("lines");
        assert_eq!(out, b"PONG :x y\r\n");
    }
}
