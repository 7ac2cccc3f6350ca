//! One connection that speaks HTTP: requests taken out of the stream, each in its time.
//!
//! Invariant: of a head no more is kept than a head may have; while an answer has not been taken,
//! nothing more is; and whatever is awaited is awaited until some moment.

use std::borrow::Cow;

use service::{Frame, Key, Time};
use tracing::debug;
use wire::http::{self, Body, Connection, HeadLimits, Method, Parsed, Request};

use super::answer::Answer;
use super::forwarded::Forwarding;
use crate::Limits;
use crate::dialect::Dialect;
use crate::session::Stage;
use crate::switchboard::Switchboard;

/// What is known of a connection that speaks HTTP.
#[derive(Debug)]
pub(crate) struct Conversation {
    awaits: Awaits,
    /// Since when that is awaited.
    since: Time,
    /// What has come of a head.
    head: Vec<u8>,
    pub(super) forwarding: Forwarding,
}

/// What it waits for.
#[derive(Debug)]
enum Awaits {
    /// The first request.
    First,
    /// The rest of a request's head.
    Head,
    /// That the answer is taken.
    Reader(Rest),
    /// Another request, if the peer has one.
    Another,
}

/// What is left of an answer, to be sent.
#[derive(Debug)]
pub(super) struct Rest {
    body: Option<Frame>,
    taken: usize,
    connection: Connection,
}

impl Rest {
    pub(super) fn new(body: Option<Frame>, connection: Connection) -> Self {
        Self { body, taken: 0, connection }
    }

    /// The next `most` bytes.
    pub(super) fn take(&mut self, most: usize) -> Frame {
        let Some(body) = &self.body else {
            return Frame::from([]);
        };
        let piece = body.part(self.taken, body.len().min(self.taken.saturating_add(most)));
        self.taken += piece.len();
        piece
    }

    pub(super) fn is_over(&self) -> bool {
        self.body.as_ref().is_none_or(|body| self.taken == body.len())
    }

    pub(super) fn connection(&self) -> Connection {
        self.connection
    }
}

impl Conversation {
    /// The peer has been there since `since`, and has not asked for anything yet.
    pub(crate) fn new(since: Time, forwarding: Forwarding) -> Self {
        Self { awaits: Awaits::First, since, head: Vec::new(), forwarding }
    }

    /// Until when it is waited.
    pub(crate) fn until(&self, limits: &Limits) -> Time {
        self.since
            + match self.awaits {
                Awaits::First | Awaits::Head => limits.http_head,
                Awaits::Reader(_) => limits.http_reader,
                Awaits::Another => limits.http_idle,
            }
    }

    /// Whether an answer is being sent.
    pub(crate) fn is_answering(&self) -> bool {
        matches!(self.awaits, Awaits::Reader(_))
    }

    /// Whether it has been answered, and waits for whatever else is asked for.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.awaits, Awaits::Another) && self.head.is_empty()
    }

    pub(super) fn begin_answer(&mut self, rest: Rest, now: Time) {
        (self.awaits, self.since) = (Awaits::Reader(rest), now);
    }

    pub(super) fn rest_mut(&mut self) -> Option<&mut Rest> {
        match &mut self.awaits {
            Awaits::Reader(rest) => Some(rest),
            Awaits::First | Awaits::Head | Awaits::Another => None,
        }
    }

    pub(super) fn note_progress(&mut self, now: Time) {
        self.since = now;
    }

    pub(super) fn end_answer(&mut self, now: Time) {
        (self.awaits, self.since) = (Awaits::Another, now);
    }

    /// Keeps what has come of a head. Answers whether that has only begun.
    fn keep(&mut self, head: Cow<'_, [u8]>, now: Time) -> bool {
        self.head = head.into_owned();
        let begins = matches!(self.awaits, Awaits::Another);
        if begins {
            self.since = now;
        }
        if matches!(self.awaits, Awaits::First | Awaits::Another) && has_begun(&self.head) {
            self.awaits = Awaits::Head;
        }
        begins
    }
}

/// Whether there is more than the empty line that may stand before a request.
fn has_begun(head: &[u8]) -> bool {
    head.iter().any(|byte| !matches!(byte, b'\r' | b'\n'))
}

fn head_limits(limits: &Limits) -> HeadLimits {
    HeadLimits {
        head_bytes: limits.http_head_bytes,
        headers: limits.http_headers,
        target_bytes: limits.http_target_bytes,
    }
}

impl Switchboard {
    /// Takes requests until one must wait; answers what is left.
    pub(crate) fn take_requests<'a>(&mut self, key: Key, mut input: &'a [u8]) -> &'a [u8] {
        let bounds = head_limits(&self.settings.limits);
        loop {
            let Some(session) = self.sessions.get(key) else {
                return &[];
            };
            if session.stage == Stage::Closing || input.is_empty() {
                return &[];
            }
            if self.waits_until(session).is_some() {
                return input;
            }
            let now = self.now.time;
            let Some(session) = self.sessions.get_mut(key) else {
                return &[];
            };
            let Dialect::Http(conversation) = &mut session.dialect else {
                // A request has made a WebSocket of it: what follows is frames.
                self.take_known(key, input);
                return &[];
            };
            let mut kept = std::mem::take(&mut conversation.head);
            let before = kept.len();
            let head = if kept.is_empty() {
                Cow::Borrowed(input)
            } else {
                let most = bounds.head_bytes.saturating_sub(before).min(input.len());
                kept.extend_from_slice(&input[..most]);
                Cow::Owned(kept)
            };
            match http::parse(&head, &bounds) {
                Parsed::Incomplete => {
                    self.turn_left = self.turn_left.saturating_sub(input.len());
                    if conversation.keep(head, now) {
                        self.arm(key);
                    }
                    return &[];
                }
                Parsed::Whole { request, len } => {
                    let taken = len.saturating_sub(before);
                    input = &input[taken.min(input.len())..];
                    self.turn_left = self.turn_left.saturating_sub(taken);
                    self.take_request(key, &request);
                }
                Parsed::Bad(bad) => {
                    debug!(connection = ?key, status = bad.status(), why = bad.text(), "refused");
                    let answer = Answer::text(bad.status(), format_args!("{}.", bad.text()));
                    self.answer_http(key, None, answer.and_close());
                    return &[];
                }
            }
        }
    }

    fn take_request(&mut self, key: Key, request: &Request<'_>) {
        let answer = match (request.method(), request.body()) {
            (_, Body::None) => match self.refusal_of_whom_a_proxy_brings(key, request) {
                Some(refusal) => refusal,
                None => self.route(key, request),
            },
            (Method::Other, _) => {
                let text = "Only GET and HEAD are known here.";
                Answer::text(405, text).field("Allow", "GET, HEAD").and_close()
            }
            _ => Answer::text(413, "Nothing is taken here: a request has no body.").and_close(),
        };
        self.answer_http(key, Some(request), answer);
    }

    /// What was awaited of `key` did not come in its time.
    pub(crate) fn tire_of_request(&mut self, key: Key) {
        let now = self.now.time;
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Dialect::Http(conversation) = &mut session.dialect else {
            return;
        };
        if let Awaits::Another = conversation.awaits
            && session.outbox.mail_bytes() > 0
        {
            // It has not come so far: the last answer has not been taken.
            return conversation.begin_answer(Rest::new(None, Connection::KeepAlive), now);
        }
        let has_begun = match &conversation.awaits {
            Awaits::Head => true,
            // What has come of the first line may lie at the door.
            Awaits::First => session.door.as_ref().is_some_and(|door| door.has_begun()),
            Awaits::Another | Awaits::Reader(_) => false,
        };
        if has_begun {
            let seconds = self.settings.limits.http_head.as_secs();
            let text = format_args!("The request did not come within {seconds} s.");
            return self.answer_http(key, None, Answer::text(408, text).and_close());
        }
        self.close(key);
    }
}
