//! Redis publishers and subscribers (RESP 2).

use super::{Client, Protocol, Role, Step, whole_lines};
use crate::{Audience, Ear};

/// Redis pub/sub: who talks publishes, who listens is subscribed.
#[derive(Clone, Debug)]
pub struct Redis {
    /// The channel.
    pub channel: String,
}

impl Default for Redis {
    fn default() -> Self {
        Self { channel: "bench".into() }
    }
}

impl Protocol for Redis {
    fn name(&self) -> String {
        "redis".into()
    }

    fn audience(&self) -> Audience {
        Audience::Receivers
    }

    fn most_text_bytes(&self) -> usize {
        1 << 20
    }

    fn client(&self, _number: usize, role: Role) -> Box<dyn Client> {
        Box::new(RedisClient { channel: self.channel.clone(), role })
    }
}

struct RedisClient {
    channel: String,
    role: Role,
}

impl Client for RedisClient {
    fn greet(&mut self, _out: &mut Vec<u8>) -> Step {
        Step::Done
    }

    fn join(&mut self, out: &mut Vec<u8>) -> Step {
        if self.role == Role::Sender {
            return Step::Done;
        }
        command(&[b"SUBSCRIBE", self.channel.as_bytes()], out);
        Step::Waiting
    }

    fn enter(&mut self, received: &[u8], _out: &mut Vec<u8>) -> Result<(usize, Step), String> {
        let whole = whole_lines(received);
        refusal(&received[..whole])?;
        // An array of "subscribe", the channel, and how many channels that makes: a number, which
        // is the only line of its kind.
        let mut taken = 0;
        for line in received[..whole].split_inclusive(|&byte| byte == b'\n') {
            taken += line.len();
            if line[0] == b':' {
                return Ok((taken, Step::Done));
            }
        }
        Ok((taken, Step::Waiting))
    }

    fn say(&mut self, text: &[u8], out: &mut Vec<u8>) {
        command(&[b"PUBLISH", self.channel.as_bytes(), text], out);
    }

    fn hear(
        &mut self,
        received: &[u8],
        ear: &mut Ear<'_>,
        _out: &mut Vec<u8>,
    ) -> Result<usize, String> {
        // Messages have no newlines here, so that lines tell them apart as well as lengths.
        let whole = whole_lines(received);
        if self.role == Role::Sender {
            refusal(&received[..whole])?;
        }
        ear.lines(&received[..whole]);
        Ok(whole)
    }
}

/// Appends a command: an array of strings, each with its length.
fn command(words: &[&[u8]], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

/// A line that says that something is wrong.
fn refusal(lines: &[u8]) -> Result<(), String> {
    match lines.split(|&byte| byte == b'\n').find(|line| line.first() == Some(&b'-')) {
        Some(line) => Err(format!("the server said {:?}", String::from_utf8_lossy(line).trim())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::Hearing;
    use crate::{MARK, Stamp};

    #[test]
    fn a_subscriber_is_in_when_it_is_told_so() {
        let mut client = Redis::default().client(1, Role::Receiver);
        let mut out = Vec::new();
        assert_eq!(client.greet(&mut out), Step::Done);
        assert_eq!(client.join(&mut out), Step::Waiting);
        assert_eq!(out, b"*2\r\n$9\r\nSUBSCRIBE\r\n$5\r\nbench\r\n");
        let answer = b"*3\r\n$9\r\nsubscribe\r\n$5\r\nbench\r\n:1\r\n";
        assert_eq!(client.enter(&answer[..20], &mut out), Ok((19, Step::Waiting)));
        assert_eq!(client.enter(&answer[19..], &mut out), Ok((15, Step::Done)));
        assert!(client.enter(b"-ERR max number of clients\r\n", &mut out).is_err());
    }

    #[test]
    fn what_is_published_is_heard_once() {
        let (mut text, mut out) = (Vec::new(), Vec::new());
        Stamp { run: 1, sender: 0, sequence: 0, at_nanos: 0 }.write_text(MARK, 63, &mut text);
        Redis::default().client(0, Role::Sender).say(&text, &mut out);
        assert!(out.starts_with(b"*3\r\n$7\r\nPUBLISH\r\n$5\r\nbench\r\n$63\r\n"));
        let mut message = b"*3\r\n$7\r\nmessage\r\n$5\r\nbench\r\n$63\r\n".to_vec();
        message.extend_from_slice(&text);
        message.extend_from_slice(b"\r\n*3");
        let mut hearing = Hearing::Count;
        let mut ear = Ear::new(&mut hearing);
        let mut client = Redis::default().client(1, Role::Receiver);
        assert_eq!(client.hear(&message, &mut ear, &mut out), Ok(message.len() - 2));
        assert_eq!(ear.heard, 1);
    }
}
