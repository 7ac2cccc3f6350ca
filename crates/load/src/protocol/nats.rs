//! NATS publishers and subscribers, without JetStream.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Client, Protocol, Role, Step, whole_lines};
use crate::{Audience, Ear};

/// NATS: who talks publishes, who listens is subscribed.
#[derive(Clone, Debug)]
pub struct Nats {
    /// The subject.
    pub subject: String,
}

impl Default for Nats {
    fn default() -> Self {
        Self { subject: "bench".into() }
    }
}

impl Protocol for Nats {
    fn name(&self) -> String {
        "nats".into()
    }

    fn audience(&self) -> Audience {
        Audience::Receivers
    }

    fn most_text_bytes(&self) -> usize {
        // The server's own limit, unless it is told another.
        1 << 20
    }

    fn client(&self, _number: usize, role: Role) -> Box<dyn Client> {
        Box::new(NatsClient { subject: self.subject.clone(), role })
    }
}

struct NatsClient {
    subject: String,
    role: Role,
}

impl Client for NatsClient {
    fn greet(&mut self, out: &mut Vec<u8>) -> Step {
        // Whatever stands before it has been obeyed when PING is answered.
        out.extend_from_slice(b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\nPING\r\n");
        Step::Waiting
    }

    fn join(&mut self, out: &mut Vec<u8>) -> Step {
        if self.role == Role::Sender {
            return Step::Done;
        }
        out.extend_from_slice(format!("SUB {} 1\r\nPING\r\n", self.subject).as_bytes());
        Step::Waiting
    }

    fn enter(&mut self, received: &[u8], out: &mut Vec<u8>) -> Result<(usize, Step), String> {
        let whole = whole_lines(received);
        answer(&received[..whole], out)?;
        let mut taken = 0;
        for line in received[..whole].split_inclusive(|&byte| byte == b'\n') {
            taken += line.len();
            if line == b"PONG\r\n" {
                return Ok((taken, Step::Done));
            }
        }
        Ok((taken, Step::Waiting))
    }

    fn say(&mut self, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(format!("PUB {} {}\r\n", self.subject, text.len()).as_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    }

    fn hear(
        &mut self,
        received: &[u8],
        ear: &mut Ear<'_>,
        out: &mut Vec<u8>,
    ) -> Result<usize, String> {
        static PING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"PING\r\n"));
        // Messages have no newlines here, so that lines tell them apart as well as lengths.
        let whole = whole_lines(received);
        let lines = &received[..whole];
        ear.lines(lines);
        // One search over everything is cheaper than a look at each line. (After an error the
        // server closes, and its last words are told.)
        if PING.find(lines).is_some() {
            answer(lines, out)?;
        }
        Ok(whole)
    }
}

/// Answers every PING in `lines`; an error among them is told.
fn answer(lines: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    for line in lines.split(|&byte| byte == b'\n') {
        if line == b"PING\r" {
            out.extend_from_slice(b"PONG\r\n");
        } else if line.starts_with(b"-ERR") {
            let said = String::from_utf8_lossy(line);
            return Err(format!("the server said {:?}", said.trim()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::Hearing;
    use crate::{MARK, Stamp};

    #[test]
    fn who_comes_in_waits_for_an_answer_each_time() {
        let mut client = Nats::default().client(1, Role::Receiver);
        let mut out = Vec::new();
        assert_eq!(client.greet(&mut out), Step::Waiting);
        let info = b"INFO {\"server_id\":\"x\"}\r\nPING\r\nPONG\r\n";
        out.clear();
        assert_eq!(client.enter(info, &mut out), Ok((info.len(), Step::Done)));
        assert_eq!(out, b"PONG\r\n");
        out.clear();
        assert_eq!(client.join(&mut out), Step::Waiting);
        assert_eq!(out, b"SUB bench 1\r\nPING\r\n");
        assert!(client.enter(b"-ERR 'maximum connections exceeded'\r\n", &mut out).is_err());
    }

    #[test]
    fn what_is_published_is_heard_once() {
        let (mut text, mut out) = (Vec::new(), Vec::new());
        Stamp { run: 1, sender: 0, sequence: 0, at_nanos: 0 }.write_text(MARK, 63, &mut text);
        Nats::default().client(0, Role::Sender).say(&text, &mut out);
        assert!(out.starts_with(b"PUB bench 63\r\n") && out.ends_with(b"\r\n"));
        let mut message = b"MSG bench 1 63\r\n".to_vec();
        message.extend_from_slice(&text);
        message.extend_from_slice(b"\r\nMSG");
        let mut hearing = Hearing::Count;
        let mut ear = Ear::new(&mut hearing);
        out.clear();
        let mut client = Nats::default().client(1, Role::Receiver);
        assert_eq!(client.hear(&message, &mut ear, &mut out), Ok(message.len() - 3));
        assert_eq!((ear.heard, out.len()), (1, 0));
        client.hear(b"PING\r\n", &mut ear, &mut out).expect("lines");
        assert_eq!(out, b"PONG\r\n");
    }
}
