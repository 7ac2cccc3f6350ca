//! An answer, and how it gets to who has asked.
//!
//! Invariant: what waits in the mailbox of an answer is a piece of it; what is left is a position in
//! bytes that all who ask for them share. So a reader that is slow costs the same whatever it has asked
//! for.

use std::borrow::Cow;
use std::fmt::Display;

use service::{Frame, Key};
use smallvec::SmallVec;
use wire::http::{Connection, Method, Request, Response};

use super::conversation::Rest;
use crate::address::TooMany;
use crate::dialect::Dialect;
use crate::outbox::Place;
use crate::switchboard::{Phase, Switchboard};

/// What a request comes to.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    fields: SmallVec<[(&'static str, Cow<'static, str>); 4]>,
    body: Option<Frame>,
    after: After,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// As the peer wants it.
    Asked,
    /// It is closed: what follows could not be trusted, or is not wanted.
    Close,
    /// Nothing is to be sent: the answer has been given.
    Given,
}

/// The type of what is text for people.
const PLAIN: &str = "text/plain; charset=utf-8";

impl Answer {
    pub(super) fn new(status: u16) -> Self {
        Self { status, fields: SmallVec::new(), body: None, after: After::Asked }
    }

    /// A line or more for people, without the last line's end; not to be kept.
    pub(crate) fn text(status: u16, text: impl Display) -> Self {
        Self::page(status, PLAIN, format!("{text}\n"))
    }

    /// There is nothing where it was asked for.
    pub(super) fn nothing() -> Self {
        Self::text(404, "There is nothing here. The chat is at /.")
    }

    /// Something made for this request, not to be kept.
    pub(crate) fn page(status: u16, media_type: &'static str, page: String) -> Self {
        let answer = Self::new(status).body(Frame::from(page.into_bytes()));
        answer.field("Content-Type", media_type).field("Cache-Control", "no-store")
    }

    /// Who has asked has been answered already.
    pub(super) fn given() -> Self {
        Self { after: After::Given, ..Self::new(101) }
    }

    pub(crate) fn field(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    pub(super) fn body(self, body: Frame) -> Self {
        Self { body: Some(body), ..self }
    }

    /// The connection is closed behind it.
    pub(crate) fn and_close(self) -> Self {
        Self { after: After::Close, ..self }
    }
}

/// What an answer must know of the request it is for: nothing, if that was none.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    host: &'a str,
    method: Method,
    keep_alive: bool,
}

impl Switchboard {
    /// Sends `answer` to `key`, which has asked with `request`; without one, nothing can follow.
    pub(crate) fn answer_http(&mut self, key: Key, request: Option<&Request<'_>>, answer: Answer) {
        if answer.after == After::Given {
            return;
        }
        let asked = match request {
            Some(request) => Asked {
                host: request.host(),
                method: request.method(),
                keep_alive: request.keep_alive(),
            },
            None => Asked { host: "", method: Method::Get, keep_alive: false },
        };
        let goes_on =
            asked.keep_alive && answer.after == After::Asked && self.phase == Phase::Running;
        let connection = if goes_on { Connection::KeepAlive } else { Connection::Close };
        let unix_s = Some(self.now.unix_ms / 1000);
        let fields: SmallVec<[(&str, &str); 4]> =
            answer.fields.iter().map(|(name, value)| (*name, &**value)).collect();
        let length = match answer.status {
            304 => None,
            _ => Some(answer.body.as_ref().map_or(0, |body| body.len() as u64)),
        };
        let response = Response {
            status: answer.status,
            fields: &fields,
            length,
            connection,
            host: asked.host,
            unix_s,
        };
        self.stats.requests += 1;
        let place = Place::after(self.trunk.last_seq());
        self.mail(key, place, |out| response.write_head(out));
        let body = answer.body.filter(|_| asked.method != Method::Head);
        if let Some(session) = self.sessions.get_mut(key)
            && let Dialect::Http(conversation) = &mut session.dialect
        {
            conversation.begin_answer(Rest::new(body, connection), self.now.time);
            self.go_on_sending(key);
        }
    }

    /// There may be room for more of an answer to `key`.
    pub(crate) fn go_on_sending(&mut self, key: Key) {
        // Half the mark, so that what is added does not stop the peer from being read from.
        let mark = self.settings.limits.mailbox_pause_bytes / 2;
        let (now, place) = (self.now.time, Place::after(self.trunk.last_seq()));
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let waiting = session.outbox.mail_bytes();
        let Dialect::Http(conversation) = &mut session.dialect else {
            return;
        };
        let Some(rest) = conversation.rest_mut() else {
            return;
        };
        let piece = rest.take(mark.saturating_sub(waiting));
        let (is_over, connection) = (rest.is_over(), rest.connection());
        if !piece.is_empty() {
            conversation.note_progress(now);
            self.turn_left = self.turn_left.saturating_sub(piece.len());
            self.mail(key, place, |out| out.extend_from_slice(&piece));
        }
        if is_over {
            self.end_answer(key);
            if connection == Connection::Close {
                self.close(key);
            }
        }
        self.arm(key);
    }

    fn end_answer(&mut self, key: Key) {
        let now = self.now.time;
        if let Some(session) = self.sessions.get_mut(key)
            && let Dialect::Http(conversation) = &mut session.dialect
        {
            conversation.end_answer(now);
            self.note_visitor_answered(key);
        }
    }

    /// The answer to one that is one too many.
    pub(crate) fn answer_of_too_many(&self, why: TooMany) -> Answer {
        let limits = &self.settings.limits;
        let status = if why == TooMany::Server { 503 } else { 429 };
        let seconds = why.wait(limits).as_secs().max(1).to_string();
        // The second is what browsers go by.
        let answer = Answer::text(status, why.words(limits)).field("Retry-After", seconds.clone());
        answer.field("Refresh", seconds)
    }

    /// `key`, of which a request or nothing may have come, is told why it is not answered, and closed.
    pub(crate) fn refuse_to_answer(&mut self, key: Key, why: &str) {
        self.answer_http(key, None, Answer::text(403, wire::text::clean(why)).and_close());
    }
}
