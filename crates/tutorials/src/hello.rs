//! A web server with one page: HTTP/1.0 and 1.1, keep-alive, pipelining, and every bound that a
//! server on the open network needs.
//!
//! Invariant: each request is answered once, in order; after a refusal nothing more is read, so
//! no byte of a doubtful request is ever taken for the next one.
//!
//! What a request says is left to `request`, where its body ends to `body`, what replies look like
//! to `reply`.

mod body;
mod reply;
mod request;

use std::collections::VecDeque;
use std::time::Duration;

use service::{Batch, Key, Now, Origin, PerKey, Reason, Request, Service, Time};

use self::body::{Body, Progress};
use self::reply::{Page, Persistence, Refusal, Reply, Sent};
use self::request::{Parsed, parse};
use crate::deadlines::{Alarm, Deadlines};

/// Answers every GET and HEAD, whatever its path, with one page.
///
/// What it refuses, it answers with a status, and then closes the connection:
///
/// | status | when |
/// |---|---|
/// | 400 | the request is malformed, has no Host (HTTP/1.1), two lengths, or a broken chunk |
/// | 405 | the method is neither GET nor HEAD |
/// | 408 | a request begun is not complete, body included, after 10 s |
/// | 413 | a body is over 64 KiB; smaller ones are read and discarded |
/// | 414, 431 | the target, or the whole head, is over 16 KiB; or there are over 64 header fields |
/// | 417 | something else than 100-continue is expected |
/// | 501, 505 | the body has a coding other than chunked; the version is not 1.0 or 1.1 |
///
/// A connection on which nothing has happened for 75 s is closed without a word.
pub struct Hello {
    page: Page,
    connections: PerKey<Connection>,
    requests: VecDeque<Request>,
    deadlines: Deadlines,
    now: Time,
}

/// The page of a [`Hello`].
#[derive(Clone, Debug)]
pub struct HelloOptions {
    /// What every request is answered with: `Hello, world!` unless set.
    pub body: Vec<u8>,
    /// What the body is: `text/plain` unless set.
    pub content_type: String,
}

impl Default for HelloOptions {
    fn default() -> Self {
        Self { body: b"Hello, world!".to_vec(), content_type: "text/plain".into() }
    }
}

/// Idle connections are closed after this long: what nginx and many others keep to.
const IDLE_LIMIT: Duration = Duration::from_secs(75);

/// A request must be complete this long after its first byte. Slow senders get a 408.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// Over this many replies that a peer has not taken, it is not read from until it has.
const OWED_REPLIES: u32 = 256;

/// One connection. It holds a buffer only while a request has come in part.
struct Connection {
    state: State,
    /// The beginning of a head that has not come whole.
    stored: Vec<u8>,
    /// What is to be sent, as what rather than as bytes: a peer that asks for a large page a
    /// thousand times and does not read costs us a count.
    owed: VecDeque<Owed>,
    owed_replies: u32,
    sending: Sending,
    reading: Reading,
    /// The first byte of the present request, or the last time that anything happened.
    since: Time,
    alarm: Alarm,
}

enum State {
    /// Between requests.
    Idle,
    /// A head has come in part.
    Head,
    /// A body is being read and discarded; the reply is owed when it has ended.
    Body(Body, Reply),
    /// Nothing more is read: what is owed is sent, then the connection is closed.
    Finished,
    /// The engine has been asked to close.
    Closing,
}

/// The same reply, `count` times.
struct Owed {
    reply: Reply,
    count: u32,
}

#[derive(PartialEq)]
enum Sending {
    Nothing,
    /// A flush is on its way to the engine, or a batch is out: the engine will ask for more.
    Underway,
}

#[derive(PartialEq)]
enum Reading {
    Open,
    Paused,
}

impl Hello {
    /// A server without connections.
    pub fn new(options: HelloOptions) -> Self {
        Self {
            page: Page::new(options),
            connections: PerKey::default(),
            requests: VecDeque::new(),
            deadlines: Deadlines::new(IDLE_LIMIT),
            now: Time::ZERO,
        }
    }

    /// Passes on what a connection has come to: something to send, too much of it, the end.
    fn settle(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        match connection.state {
            State::Finished => {
                connection.state = State::Closing;
                return self.requests.push_back(Request::Close(key));
            }
            State::Head | State::Body(..) => {
                let due = connection.due();
                self.deadlines.set(key, &mut connection.alarm, due);
            }
            State::Idle | State::Closing => {}
        }
        if connection.owed_replies > 0 && connection.sending == Sending::Nothing {
            connection.sending = Sending::Underway;
            self.requests.push_back(Request::Flush(key));
        }
        if connection.owed_replies > OWED_REPLIES && connection.reading == Reading::Open {
            connection.reading = Reading::Paused;
            connection.since = self.now;
            self.requests.push_back(Request::Pause(key));
        }
    }
}

impl Service for Hello {
    fn begin(&mut self, now: Now) {
        self.now = now.time;
        self.page.set_date(now.unix_ms);
    }

    fn opened(&mut self, key: Key, _origin: &Origin) {
        let mut connection = Connection {
            state: State::Idle,
            stored: Vec::new(),
            owed: VecDeque::new(),
            owed_replies: 0,
            sending: Sending::Nothing,
            reading: Reading::Open,
            since: self.now,
            alarm: Alarm::NONE,
        };
        self.deadlines.set(key, &mut connection.alarm, self.now + IDLE_LIMIT);
        self.connections.insert(key, connection);
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.take(bytes, self.now);
        self.settle(key);
    }

    fn ended(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.end_of_input();
        self.settle(key);
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.owed_replies == 0 {
            connection.sending = Sending::Nothing;
            return;
        }
        connection.render(&self.page, batch);
        if matches!(connection.state, State::Idle) || connection.reading == Reading::Paused {
            connection.since = self.now;
        }
        if connection.owed_replies == 0 && connection.reading == Reading::Paused {
            connection.reading = Reading::Open;
            self.requests.push_back(Request::Resume(key));
            self.settle(key);
        }
    }

    fn closed(&mut self, key: Key, _reason: Reason) {
        self.connections.remove(key);
    }

    fn finish(&mut self) -> Option<Time> {
        while let Some((key, alarm)) = self.deadlines.expired(self.now) {
            let Some(connection) = self.connections.get_mut(key) else { continue };
            if connection.alarm != alarm {
                continue;
            }
            connection.alarm = Alarm::NONE;
            let due = connection.due();
            if due <= self.now {
                connection.give_up();
                self.settle(key);
            } else {
                self.deadlines.set(key, &mut connection.alarm, due);
            }
        }
        self.deadlines.next()
    }

    fn request(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }
}

impl Connection {
    /// Takes what arrived, through as many requests as it holds.
    fn take(&mut self, mut bytes: &[u8], now: Time) {
        while !bytes.is_empty() {
            let used = match &mut self.state {
                State::Idle => self.take_first_of_head(bytes, now),
                State::Head => self.take_more_of_head(bytes),
                State::Body(..) => self.take_body(bytes),
                State::Finished | State::Closing => return,
            };
            bytes = &bytes[used..];
        }
    }

    /// The usual case: whole requests, parsed where they lie. Answers how many bytes were used.
    fn take_first_of_head(&mut self, bytes: &[u8], now: Time) -> usize {
        self.since = now;
        // Empty lines between requests are passed over, as RFC 9112 section 2.2 asks.
        let empty_lines = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if empty_lines == bytes.len() {
            return empty_lines;
        }
        let bytes = &bytes[empty_lines..];
        match parse(bytes) {
            Parsed::Whole { len, head } => {
                self.start_body(head, len < bytes.len());
                empty_lines + len
            }
            Parsed::Partial => {
                self.stored = bytes.to_vec();
                self.state = State::Head;
                empty_lines + bytes.len()
            }
            Parsed::Refused(reply) => self.refuse(reply, bytes),
        }
    }

    fn take_more_of_head(&mut self, bytes: &[u8]) -> usize {
        let stored = self.stored.len();
        // One byte over the bound is enough for the parser to see that it is passed.
        let taken = bytes.len().min(request::HEAD_BYTES + 1 - stored);
        self.stored.extend_from_slice(&bytes[..taken]);
        // A head ends with a line end; without a new one there is nothing to look at again. So a
        // head that comes byte by byte is not parsed at every byte.
        if !bytes[..taken].contains(&b'\n') && self.stored.len() <= request::HEAD_BYTES {
            return taken;
        }
        match parse(&self.stored) {
            Parsed::Whole { len, head } => {
                self.stored = Vec::new();
                let used = len - stored;
                self.start_body(head, used < bytes.len());
                used
            }
            Parsed::Partial => taken,
            Parsed::Refused(reply) => self.refuse(reply, bytes),
        }
    }

    /// A head is complete: a body follows, or the reply is due. `more` bytes are there already.
    fn start_body(&mut self, head: request::Head, more: bool) {
        match head.body {
            None => self.reply(head.reply),
            Some(body) => {
                if head.expects_continue && !more {
                    self.owe(Reply::Continue);
                }
                self.state = State::Body(body, head.reply);
            }
        }
    }

    fn take_body(&mut self, bytes: &[u8]) -> usize {
        let State::Body(body, reply) = &mut self.state else { return 0 };
        let reply = *reply;
        match body.take(bytes) {
            Progress::More => bytes.len(),
            Progress::Done { used } => {
                self.reply(reply);
                used
            }
            Progress::Refused(refusal) => self.refuse(Reply::Refused(refusal, reply.sent()), bytes),
        }
    }

    fn reply(&mut self, reply: Reply) {
        self.owe(reply);
        self.state =
            if reply.persistence() == Persistence::Close { State::Finished } else { State::Idle };
    }

    /// Nothing of `bytes`, or of what comes after them, is looked at.
    fn refuse(&mut self, reply: Reply, bytes: &[u8]) -> usize {
        self.stored = Vec::new();
        self.reply(reply);
        bytes.len()
    }

    /// Refuses a request that has come in part.
    fn refuse_begun(&mut self, refusal: Refusal) {
        let sent = match &self.state {
            State::Body(_, reply) => reply.sent(),
            State::Head if self.stored.starts_with(b"HEAD ") => Sent::HeadOnly,
            _ => Sent::Whole,
        };
        self.refuse(Reply::Refused(refusal, sent), &[]);
    }

    fn owe(&mut self, reply: Reply) {
        self.owed_replies += 1;
        match self.owed.back_mut() {
            Some(last) if last.reply == reply => last.count += 1,
            _ => self.owed.push_back(Owed { reply, count: 1 }),
        }
    }

    fn render(&mut self, page: &Page, batch: &mut Batch) {
        while let Some(next) = self.owed.front_mut() {
            while next.count > 0 {
                if batch.is_full() {
                    return;
                }
                page.render(next.reply, batch);
                next.count -= 1;
                self.owed_replies -= 1;
            }
            self.owed.pop_front();
        }
        if self.owed.capacity() > 16 {
            self.owed = VecDeque::new();
        }
    }

    /// The peer has finished sending: what was whole is answered, what was begun cannot be.
    fn end_of_input(&mut self) {
        match self.state {
            State::Idle => self.state = State::Finished,
            State::Head | State::Body(..) => self.refuse_begun(Refusal::BadRequest),
            State::Finished | State::Closing => {}
        }
    }

    /// When to give the peer up. One that we do not read from cannot complete its request.
    fn due(&self) -> Time {
        match (&self.state, &self.reading) {
            (State::Head | State::Body(..), Reading::Open) => self.since + REQUEST_LIMIT,
            (State::Idle, _) | (_, Reading::Paused) => self.since + IDLE_LIMIT,
            (State::Finished | State::Closing, _) => Time::from_nanos(u64::MAX),
        }
    }

    fn give_up(&mut self) {
        match self.state {
            State::Head | State::Body(..) => self.refuse_begun(Refusal::RequestTimeout),
            State::Idle => self.state = State::Finished,
            State::Finished | State::Closing => {}
        }
    }
}

#[cfg(test)]
mod tests;
