//! An echo: the smallest service that is worth running.
//!
//! Invariant: what a peer is sent depends on what it sent and on nothing else; each byte or
//! message is answered once, in order.
//!
//! Queues, back-pressure and requests are left to [`Mailboxes`].

use std::time::Duration;

use service::{Batch, Key, Mailboxes, Now, Origin, PerKey, Reason, Request, Service, Time};

use crate::deadlines::{Alarm, Deadlines};

/// Sends back what it gets: as it is, in upper case, with a suffix, or a fixed reply instead.
///
/// A stream has no messages, only bytes. So a plain or upper-casing echo answers bytes, at once.
/// Only a suffix or a fixed reply needs to know where a message ends, and then it ends
///
/// - with its line: `hello\n` is answered `HELLO_SB\n`;
/// - when the peer finishes sending, or after a fifth of a second's silence, for clients that send
///   no newline: `hello` is answered `HELLO_SB`;
/// - at 64 KiB: what is longer is answered in pieces of that size.
pub struct Echo {
    options: EchoOptions,
    mail: Mailboxes,
    /// What has come and cannot be answered yet.
    pending: PerKey<Pending>,
    deadlines: Deadlines,
    now: Time,
    /// When something last happened: the start, a connection, bytes, a close.
    last_event: Option<Time>,
    timed_out: bool,
}

/// What an [`Echo`] answers. The default is to send back the bytes as they are.
#[derive(Clone, Debug, Default)]
pub struct EchoOptions {
    /// Answers in upper case, as Unicode has it (`é` becomes `É`, `ß` becomes `SS`). Bytes that
    /// are not UTF-8 are sent back as they are.
    pub upper: bool,
    /// Is put at the end of each message, before its line end.
    pub suffix: Option<String>,
    /// Is answered to each message instead of the message.
    pub reply: Option<String>,
    /// Stops the engine when nothing at all has happened for this long;
    /// [`Echo::timed_out`] then answers yes.
    pub exit_when_idle: Option<Duration>,
}

struct Pending {
    bytes: Vec<u8>,
    last_received: Time,
    /// When to look whether the peer has fallen silent.
    alarm: Alarm,
}

/// A message without a line end is taken for whole after this long without another byte: longer
/// than the pieces of one send are apart, shorter than a person notices.
const MESSAGE_PAUSE: Duration = Duration::from_millis(200);

/// A message of this many bytes is answered as if it ended there: no peer can make us keep more.
const MESSAGE_BYTES: usize = 64 * 1024;

impl Echo {
    /// An echo without connections.
    pub fn new(options: EchoOptions) -> Self {
        Self {
            options,
            mail: Mailboxes::default(),
            pending: PerKey::default(),
            deadlines: Deadlines::new(MESSAGE_PAUSE),
            now: Time::ZERO,
            last_event: None,
            timed_out: false,
        }
    }

    /// Whether nothing happened for [`EchoOptions::exit_when_idle`], so that the echo asked its
    /// engine to stop.
    pub fn timed_out(&self) -> bool {
        self.timed_out
    }

    fn answers_messages(&self) -> bool {
        self.options.suffix.is_some() || self.options.reply.is_some()
    }

    /// Answers every message that ends in `bytes`, and keeps what follows the last of them.
    fn received_lines(&mut self, key: Key, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.keep(key, &bytes[..=end]);
            self.answer_pending(key);
            bytes = &bytes[end + 1..];
        }
        self.keep(key, bytes);
    }

    fn keep(&mut self, key: Key, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some(pending) = self.pending.get_mut(key) else { return };
            let room = MESSAGE_BYTES - pending.bytes.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            pending.bytes.extend_from_slice(now);
            pending.last_received = self.now;
            self.deadlines.set(key, &mut pending.alarm, self.now + MESSAGE_PAUSE);
            if pending.bytes.len() == MESSAGE_BYTES {
                self.answer_pending(key);
            }
            bytes = later;
        }
    }

    /// Answers what is kept as a whole message. Its memory goes with it: an idle peer keeps none.
    fn answer_pending(&mut self, key: Key) {
        let Some(pending) = self.pending.get_mut(key) else { return };
        let message = std::mem::take(&mut pending.bytes);
        if message.is_empty() {
            return;
        }
        let (text, line_end) = split_line_end(&message);
        let EchoOptions { upper, suffix, reply, .. } = &self.options;
        self.mail.append(key, |queue| {
            match reply {
                Some(reply) => queue.extend_from_slice(reply.as_bytes()),
                None if *upper => {
                    let used = append_upper(text, queue);
                    queue.extend_from_slice(&text[used..]);
                }
                None => queue.extend_from_slice(text),
            }
            queue.extend_from_slice(suffix.as_deref().unwrap_or_default().as_bytes());
            queue.extend_from_slice(line_end);
        });
    }

    /// Answers bytes in upper case; the beginning of a character whose rest has yet to come waits.
    fn received_upper(&mut self, key: Key, bytes: &[u8]) {
        let Some(Pending { bytes: kept, .. }) = self.pending.get_mut(key) else { return };
        let joined;
        let text = if kept.is_empty() {
            bytes
        } else {
            joined = [kept.as_slice(), bytes].concat();
            &joined
        };
        self.mail.append(key, |queue| {
            let used = append_upper(text, queue);
            *kept = text[used..].to_vec();
        });
    }
}

impl Service for Echo {
    fn begin(&mut self, now: Now) {
        self.now = now.time;
        self.last_event.get_or_insert(now.time);
    }

    fn opened(&mut self, key: Key, _origin: &Origin) {
        self.last_event = Some(self.now);
        self.mail.open(key);
        let (bytes, last_received, alarm) = (Vec::new(), self.now, Alarm::NONE);
        self.pending.insert(key, Pending { bytes, last_received, alarm });
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        self.last_event = Some(self.now);
        if self.answers_messages() {
            self.received_lines(key, bytes);
        } else if self.options.upper {
            self.received_upper(key, bytes);
        } else {
            self.mail.send(key, bytes);
        }
    }

    /// Tutorial 6's exceptional condition: the connection is dropped, and its queue with it.
    fn urgent(&mut self, key: Key) {
        self.mail.ask(Request::Abort(key));
    }

    fn ended(&mut self, key: Key) {
        self.last_event = Some(self.now);
        self.answer_pending(key);
        self.mail.close(key);
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        self.mail.transmit(key, batch);
    }

    fn closed(&mut self, key: Key, _reason: Reason) {
        self.last_event = Some(self.now);
        self.mail.remove(key);
        self.pending.remove(key);
    }

    fn finish(&mut self) -> Option<Time> {
        self.answer_after_silence();
        let next = self.deadlines.next();
        if let (Some(limit), Some(last)) = (self.options.exit_when_idle, self.last_event)
            && !self.timed_out
        {
            let deadline = last + limit;
            if deadline <= self.now {
                self.timed_out = true;
                self.mail.ask(Request::Stop);
            } else {
                return Some(next.map_or(deadline, |next| next.min(deadline)));
            }
        }
        next
    }

    fn request(&mut self) -> Option<Request> {
        self.mail.request()
    }
}

impl Echo {
    /// Answers the messages of peers that have fallen silent.
    fn answer_after_silence(&mut self) {
        while let Some((key, alarm)) = self.deadlines.expired(self.now) {
            let Some(pending) = self.pending.get_mut(key) else { continue };
            if pending.alarm != alarm {
                continue;
            }
            pending.alarm = Alarm::NONE;
            let due = pending.last_received + MESSAGE_PAUSE;
            if due <= self.now {
                self.answer_pending(key);
            } else if !pending.bytes.is_empty() {
                self.deadlines.set(key, &mut pending.alarm, due);
            }
        }
    }
}

/// The message without its line end, and its line end: `\n`, `\r\n` or none.
fn split_line_end(message: &[u8]) -> (&[u8], &[u8]) {
    let text = message.strip_suffix(b"\n").unwrap_or(message);
    let text =
        if text.len() < message.len() { text.strip_suffix(b"\r").unwrap_or(text) } else { text };
    message.split_at(text.len())
}

/// Appends `bytes` in upper case; answers how many of them were used. What is left over is the
/// beginning of a character: three bytes at most.
fn append_upper(mut bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let len = bytes.len();
    if bytes.is_ascii() {
        let start = out.len();
        out.extend_from_slice(bytes);
        out[start..].make_ascii_uppercase();
        return len;
    }
    loop {
        let error = match std::str::from_utf8(bytes) {
            Ok(text) => {
                out.extend_from_slice(text.to_uppercase().as_bytes());
                return len;
            }
            Err(error) => error,
        };
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        if let Ok(text) = std::str::from_utf8(valid) {
            out.extend_from_slice(text.to_uppercase().as_bytes());
        }
        let Some(invalid) = error.error_len() else {
            return len - rest.len();
        };
        out.extend_from_slice(&rest[..invalid]);
        bytes = &rest[invalid..];
    }
}

#[cfg(test)]
mod tests {
    use sim::Simulator;

    use super::*;

    fn simulator(options: EchoOptions) -> Simulator<Echo> {
        Simulator::faultless(Echo::new(options))
    }

    fn upper_with_suffix() -> EchoOptions {
        EchoOptions { upper: true, suffix: Some("_SB".into()), ..EchoOptions::default() }
    }

    #[test]
    fn every_peer_gets_its_own_bytes_back() {
        let mut sim = simulator(EchoOptions::default());
        let (ada, bob) = (sim.connect(), sim.connect());
        sim.send(ada, b"from ada\0\xff");
        sim.send(bob, b"from bob");
        sim.run_until_quiet();
        assert_eq!(sim.received(ada), b"from ada\0\xff");
        assert_eq!(sim.received(bob), b"from bob");
    }

    #[test]
    fn a_peer_that_has_finished_sending_gets_its_answer_and_then_the_end() {
        let mut sim = simulator(EchoOptions { upper: true, ..EchoOptions::default() });
        let ada = sim.connect();
        sim.send(ada, b"bye");
        sim.end(ada);
        sim.run_until_quiet();
        assert_eq!(sim.received(ada), b"BYE");
        assert!(sim.saw_end(ada));
        assert_eq!(sim.closed(ada), Some(Reason::Closed));
    }

    #[test]
    fn upper_case_does_not_depend_on_where_the_bytes_are_cut() {
        let text = "straße, café, ὀδυσσεύς, 你好, ŉ\n".as_bytes();
        let text = [text, b"\xff\xc3", text, b"\xe4\xbd"].concat();
        let mut whole = Vec::new();
        let used = append_upper(&text, &mut whole);
        whole.extend_from_slice(&text[used..]);
        assert!(whole.starts_with("STRASSE, CAFÉ, ".as_bytes()));
        for cut in 0..text.len() {
            let mut sim = simulator(EchoOptions { upper: true, ..EchoOptions::default() });
            let ada = sim.connect();
            for piece in [&text[..cut], &text[cut..]] {
                sim.send(ada, piece);
                sim.run_until_quiet();
            }
            sim.end(ada);
            sim.run_until_quiet();
            assert_eq!(sim.received(ada), whole, "cut at {cut}");
        }
    }

    #[test]
    fn the_suffix_stands_before_the_line_end() {
        let mut sim = simulator(upper_with_suffix());
        let ada = sim.connect();
        for piece in ["hel", "lo\nyou\r", "\n\nthere"] {
            sim.send(ada, piece.as_bytes());
            sim.run_until_quiet();
        }
        assert_eq!(sim.received(ada), b"HELLO_SB\nYOU_SB\r\n_SB\n");
        sim.end(ada);
        sim.run_until_quiet();
        assert_eq!(sim.received(ada), b"HELLO_SB\nYOU_SB\r\n_SB\nTHERE_SB");
    }

    #[test]
    fn a_message_without_a_line_end_is_answered_after_a_moment() {
        let mut sim = simulator(upper_with_suffix());
        let ada = sim.connect();
        sim.send(ada, b"hello");
        sim.run_until_quiet();
        sim.advance(MESSAGE_PAUSE - Duration::from_nanos(1));
        assert_eq!(sim.received(ada), b"");
        sim.advance(MESSAGE_PAUSE / 10);
        assert_eq!(sim.received(ada), b"HELLO_SB");
    }

    #[test]
    fn the_reply_is_the_same_whatever_is_said() {
        let reply = Some("my server".to_owned());
        let mut sim = simulator(EchoOptions { reply, ..EchoOptions::default() });
        let ada = sim.connect();
        sim.send(ada, b"my client: 1\nmy client: 2\n");
        sim.run_until_quiet();
        assert_eq!(sim.received(ada), b"my server\nmy server\n");
    }

    #[test]
    fn an_endless_message_is_answered_in_pieces() {
        let suffix = Some("!".to_owned());
        let mut sim = simulator(EchoOptions { suffix, ..EchoOptions::default() });
        let ada = sim.connect();
        sim.send(ada, &[b'x'; MESSAGE_BYTES * 2 + 1]);
        sim.run_until_quiet();
        assert_eq!(sim.received(ada).len(), MESSAGE_BYTES * 2 + 2);
    }

    #[test]
    fn an_exceptional_condition_drops_the_connection_and_its_queue() {
        let mut sim = simulator(EchoOptions::default());
        let ada = sim.connect();
        sim.run_until_quiet();
        sim.urgent(ada);
        sim.run_until_quiet();
        assert_eq!(sim.closed(ada), Some(Reason::Aborted));
    }

    #[test]
    fn only_silence_of_everybody_ends_the_program() {
        let limit = Duration::from_secs(20);
        let options = EchoOptions { exit_when_idle: Some(limit), ..EchoOptions::default() };
        let mut sim = simulator(options);
        let ada = sim.connect();
        sim.run_until_quiet();
        for _ in 0..5 {
            sim.advance(limit - Duration::from_secs(1));
            sim.send(ada, b"x");
            sim.run_until_quiet();
        }
        assert!(!sim.service().timed_out());
        sim.advance(limit);
        assert!(sim.service().timed_out());
        assert!(sim.has_stopped());
        assert_eq!(sim.closed(ada), Some(Reason::Closed));
    }
}
