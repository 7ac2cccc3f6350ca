//! A receiver of messages: it takes one from each connection, and says when nothing comes.
//!
//! Invariant: each connection is taken one message from at most, and what is said of it is safe
//! to print: no byte of a peer's reaches a terminal unescaped.
//!
//! Where the words go is left to the program.

use std::fmt::Write;
use std::time::Duration;

use service::{Batch, Key, Now, Origin, Peer, PerKey, Reason, Request, Service, Time};

use crate::deadlines::{Alarm, Deadlines};

/// Takes one message (a line, or all there is if the peer finishes without one) from each
/// connection, says it, and closes the connection.
///
/// When a connection sends nothing for [`SinkOptions::idle`], the sink says "no data coming from"
/// and who it is, once for each such period; and "no data coming" while nobody is connected at
/// all. Meanwhile everybody else is served.
///
/// ```
/// let mut said = Vec::new();
/// let sink = tutorials::Sink::new(tutorials::SinkOptions::default(), |words: &str| said.push(words.to_owned()));
/// # drop(sink);
/// ```
pub struct Sink<F> {
    options: SinkOptions,
    /// Called with one line, without its end. It should not block: while it does, everybody waits.
    say: F,
    senders: PerKey<Sender>,
    deadlines: Deadlines,
    closing: Vec<Key>,
    now: Time,
    /// Since when nobody has been connected, or when that was last said.
    deserted: Option<Time>,
}

/// How a [`Sink`] waits.
#[derive(Clone, Debug)]
pub struct SinkOptions {
    /// After this long without data the sink says so. Five seconds unless set.
    pub idle: Duration,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self { idle: Duration::from_secs(5) }
    }
}

struct Sender {
    peer: Peer,
    state: State,
    /// When something last came, or when its not coming was last said.
    quiet_since: Time,
    alarm: Alarm,
}

enum State {
    /// What has come of the message.
    Sending(Vec<u8>),
    /// The message is complete, and said. What else arrives is passed over.
    Done,
}

/// A message is said cut off after this many bytes, with a word that it was: no peer can make us
/// keep more.
const MESSAGE_BYTES: usize = 64 * 1024;

impl<F: FnMut(&str)> Sink<F> {
    /// A sink without connections, which calls `say` with each line it has to say.
    pub fn new(options: SinkOptions, say: F) -> Self {
        Self {
            // A period of no length would be over again and again without time passing.
            deadlines: Deadlines::new(options.idle),
            options: SinkOptions { idle: options.idle.max(Duration::from_millis(1)) },
            say,
            senders: PerKey::default(),
            closing: Vec::new(),
            now: Time::ZERO,
            deserted: None,
        }
    }

    /// Says `message` and is done with its sender.
    fn take(&mut self, key: Key, message: &[u8], whole: bool) {
        if let Some(sender) = self.senders.get_mut(key) {
            sender.state = State::Done;
        }
        self.closing.push(key);
        let text = message.strip_suffix(b"\n").unwrap_or(message);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut words = escape(text);
        if !whole {
            let _ = write!(words, " [cut at {MESSAGE_BYTES} bytes]");
        }
        (self.say)(&words);
    }

    fn say_who_is_silent(&mut self) {
        while let Some((key, alarm)) = self.deadlines.expired(self.now) {
            let Some(sender) = self.senders.get_mut(key) else { continue };
            if sender.alarm != alarm || matches!(sender.state, State::Done) {
                continue;
            }
            sender.alarm = Alarm::NONE;
            if sender.quiet_since + self.options.idle <= self.now {
                sender.quiet_since = self.now;
                (self.say)(&format!("no data coming from {}", sender.peer));
            }
            let due = sender.quiet_since + self.options.idle;
            self.deadlines.set(key, &mut sender.alarm, due);
        }
    }

    /// Says when nobody has come for a period; answers when the next one is over.
    fn say_if_deserted(&mut self) -> Option<Time> {
        if !self.senders.is_empty() {
            self.deserted = None;
            return None;
        }
        let since = self.deserted.get_or_insert(self.now);
        if *since + self.options.idle <= self.now {
            *since = self.now;
            (self.say)("no data coming");
        }
        Some(*since + self.options.idle)
    }
}

impl<F: FnMut(&str)> Service for Sink<F> {
    fn begin(&mut self, now: Now) {
        self.now = now.time;
    }

    fn opened(&mut self, key: Key, origin: &Origin) {
        let mut alarm = Alarm::NONE;
        self.deadlines.set(key, &mut alarm, self.now + self.options.idle);
        let state = State::Sending(Vec::new());
        let sender = Sender { peer: origin.peer, state, quiet_since: self.now, alarm };
        self.senders.insert(key, sender);
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        let Some(sender) = self.senders.get_mut(key) else { return };
        sender.quiet_since = self.now;
        let State::Sending(message) = &mut sender.state else { return };
        let end = bytes.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        let room = MESSAGE_BYTES - message.len();
        let taken = end.unwrap_or(bytes.len()).min(room);
        message.extend_from_slice(&bytes[..taken]);
        let whole = end == Some(taken);
        if whole || taken < bytes.len() || message.len() == MESSAGE_BYTES {
            let message = std::mem::take(message);
            self.take(key, &message, whole);
        }
    }

    fn ended(&mut self, key: Key) {
        let Some(sender) = self.senders.get_mut(key) else { return };
        let State::Sending(message) = &mut sender.state else { return };
        match std::mem::take(message) {
            nothing if nothing.is_empty() => {
                sender.state = State::Done;
                self.closing.push(key);
            }
            message => self.take(key, &message, true),
        }
    }

    /// A sink has nothing to send.
    fn transmit(&mut self, _key: Key, _batch: &mut Batch) {}

    fn closed(&mut self, key: Key, _reason: Reason) {
        self.senders.remove(key);
    }

    fn finish(&mut self) -> Option<Time> {
        self.say_who_is_silent();
        let deserted = self.say_if_deserted();
        deserted.or(self.deadlines.next())
    }

    fn request(&mut self) -> Option<Request> {
        self.closing.pop().map(Request::Close)
    }
}

/// `bytes` as one line that is safe to print and can be undone: control characters, those that
/// change the direction of text, the backslash, and what is not UTF-8, are escaped as in Rust.
fn escape(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || c == '\\' || turns_text(c) {
                line.extend(c.escape_default());
            } else {
                line.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(line, "\\x{byte:02x}");
        }
    }
    line
}

/// Whether `c` changes the direction of the text around it, or starts a line of its own.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use sim::Simulator;

    use super::*;

    type Said = Rc<RefCell<Vec<String>>>;

    fn simulator() -> (Simulator<Sink<impl FnMut(&str)>>, Said) {
        let said = Said::default();
        let hears = said.clone();
        let say = move |words: &str| hears.borrow_mut().push(words.to_owned());
        (Simulator::faultless(Sink::new(SinkOptions::default(), say)), said)
    }

    #[test]
    fn one_message_is_said_and_the_connection_closed() {
        let (mut sim, said) = simulator();
        let ada = sim.connect();
        sim.send(ada, b"hel");
        sim.run_until_quiet();
        sim.send(ada, b"lo\r\nand more");
        sim.run_until_quiet();
        assert_eq!(*said.borrow(), ["hello"]);
        assert_eq!(sim.closed(ada), Some(Reason::Closed));
    }

    #[test]
    fn the_end_of_input_ends_a_message_and_no_input_is_none() {
        let (mut sim, said) = simulator();
        let (ada, bob) = (sim.connect(), sim.connect());
        sim.send(ada, b"no newline");
        sim.end(ada);
        sim.end(bob);
        sim.run_until_quiet();
        assert_eq!(*said.borrow(), ["no newline"]);
        assert_eq!(sim.closed(bob), Some(Reason::Closed));
    }

    #[test]
    fn a_silent_client_is_mentioned_once_a_period_and_blocks_nobody() {
        let (mut sim, said) = simulator();
        let ada = sim.connect();
        sim.run_until_quiet();
        sim.advance(Duration::from_millis(10_400));
        assert_eq!(said.borrow().len(), 2);
        assert!(said.borrow()[0].starts_with("no data coming from 127.0.0.1:"));
        said.borrow_mut().clear();
        let bob = sim.connect();
        sim.send(bob, b"here\n");
        sim.run_until_quiet();
        assert_eq!(*said.borrow(), ["here"]);
        assert_eq!(sim.closed(ada), None);
    }

    #[test]
    fn data_puts_the_next_period_off() {
        let (mut sim, said) = simulator();
        let ada = sim.connect();
        for _ in 0..20 {
            sim.send(ada, b".");
            sim.run_until_quiet();
            sim.advance(Duration::from_secs(4));
        }
        assert_eq!(*said.borrow(), [""; 0]);
    }

    #[test]
    fn an_empty_house_is_mentioned() {
        let (mut sim, said) = simulator();
        sim.wake();
        sim.advance(Duration::from_secs(16));
        assert_eq!(*said.borrow(), ["no data coming"; 3]);
    }

    #[test]
    fn an_endless_message_is_cut_and_said() {
        let (mut sim, said) = simulator();
        let ada = sim.connect();
        sim.send(ada, &vec![b'x'; 10 * MESSAGE_BYTES]);
        sim.run_until_quiet();
        let cut = format!("{} [cut at 65536 bytes]", "x".repeat(MESSAGE_BYTES));
        assert_eq!(*said.borrow(), [cut]);
        assert!(sim.closed(ada).is_some());
    }

    #[test]
    fn nothing_said_can_drive_a_terminal() {
        let hostile = "\u{1b}[2Jcafé\t\u{9b}1m \u{202e}\\".as_bytes();
        let line = escape(&[hostile, b"\xff\x00"].concat());
        assert_eq!(line, r"\u{1b}[2Jcafé\t\u{9b}1m \u{202e}\\\xff\u{0}");
    }
}
