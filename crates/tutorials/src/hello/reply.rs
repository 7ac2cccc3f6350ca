//! What is answered, and what it looks like on the wire.
//!
//! Invariant: a [`Reply`] is small and knows no bytes; rendering it is one copy of bytes made
//! beforehand, in which only the date changes, once a second.

use std::time::{Duration, UNIX_EPOCH};

use service::{Batch, Frame};

use super::HelloOptions;

/// One response to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// 200, with the page.
    Page(Sent, Persistence),
    /// 100: the body that the peer has announced is welcome.
    Continue,
    /// The request is refused, and the connection closed.
    Refused(Refusal, Sent),
}

/// How much of a response is sent: to HEAD, no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Whole,
    HeadOnly,
}

/// What becomes of the connection after a response, and how that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persistence {
    /// It stays, as HTTP/1.1 does unless told otherwise.
    KeepImplied,
    /// It stays, which an HTTP/1.0 peer that asked for it must be told.
    KeepSaid,
    Close,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    BadRequest,
    Method,
    RequestTimeout,
    BodyTooLarge,
    TargetTooLong,
    Expectation,
    HeadTooLarge,
    Coding,
    Version,
}

impl Reply {
    pub(super) fn persistence(self) -> Persistence {
        match self {
            Self::Page(_, persistence) => persistence,
            Self::Continue => Persistence::KeepImplied,
            Self::Refused(..) => Persistence::Close,
        }
    }

    pub(super) fn sent(self) -> Sent {
        match self {
            Self::Page(sent, _) | Self::Refused(_, sent) => sent,
            Self::Continue => Sent::Whole,
        }
    }
}

impl Refusal {
    fn status(self) -> &'static str {
        match self {
            Self::BadRequest => "400 Bad Request",
            Self::Method => "405 Method Not Allowed",
            Self::RequestTimeout => "408 Request Timeout",
            Self::BodyTooLarge => "413 Content Too Large",
            Self::TargetTooLong => "414 URI Too Long",
            Self::Expectation => "417 Expectation Failed",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::Coding => "501 Not Implemented",
            Self::Version => "505 HTTP Version Not Supported",
        }
    }

    fn more_headers(self) -> &'static str {
        match self {
            Self::Method => "Allow: GET, HEAD\r\n",
            _ => "",
        }
    }
}

/// The page, rendered for each way of going on with the connection.
pub(super) struct Page {
    keep_implied: Rendition,
    keep_said: Rendition,
    close: Rendition,
    /// A body too large to be copied for each response; the renditions hold a smaller one.
    shared_body: Option<Frame>,
    /// The second whose date stands in the renditions.
    unix_s: u64,
    date: String,
}

/// A head, and after it a small body.
struct Rendition {
    bytes: Vec<u8>,
    head_len: usize,
}

/// The date comes first in every response, so that it stands in the same place.
const BEFORE_DATE: &str = "HTTP/1.1 200 OK\r\nDate: ";

impl Page {
    pub(super) fn new(options: HelloOptions) -> Self {
        let HelloOptions { body, content_type } = options;
        let date = date_of(0);
        let rendition = |connection: &str| {
            let head = format!(
                "{BEFORE_DATE}{date}\r\nContent-Type: {content_type}\r\n\
                 Content-Length: {}\r\n{connection}\r\n",
                body.len()
            );
            let head_len = head.len();
            let mut bytes = head.into_bytes();
            if body.len() <= Batch::COPY_BYTES {
                bytes.extend_from_slice(&body);
            }
            Rendition { bytes, head_len }
        };
        Self {
            keep_implied: rendition(""),
            keep_said: rendition("Connection: keep-alive\r\n"),
            close: rendition("Connection: close\r\n"),
            shared_body: (body.len() > Batch::COPY_BYTES).then(|| Frame::from(body)),
            unix_s: 0,
            date,
        }
    }

    /// Puts the date in, if it is another second than last time.
    pub(super) fn set_date(&mut self, unix_ms: u64) {
        let unix_s = unix_ms / 1000;
        if unix_s == self.unix_s {
            return;
        }
        self.unix_s = unix_s;
        self.date = date_of(unix_s);
        for rendition in [&mut self.keep_implied, &mut self.keep_said, &mut self.close] {
            rendition.bytes[BEFORE_DATE.len()..][..self.date.len()]
                .copy_from_slice(self.date.as_bytes());
        }
    }

    pub(super) fn render(&self, reply: Reply, batch: &mut Batch) {
        match reply {
            Reply::Page(sent, persistence) => self.render_page(sent, persistence, batch),
            Reply::Continue => batch.copy(b"HTTP/1.1 100 Continue\r\n\r\n"),
            Reply::Refused(refusal, sent) => self.render_refusal(refusal, sent, batch),
        }
    }

    fn render_page(&self, sent: Sent, persistence: Persistence, batch: &mut Batch) {
        let Rendition { bytes, head_len } = match persistence {
            Persistence::KeepImplied => &self.keep_implied,
            Persistence::KeepSaid => &self.keep_said,
            Persistence::Close => &self.close,
        };
        match sent {
            Sent::HeadOnly => batch.copy(&bytes[..*head_len]),
            Sent::Whole => {
                batch.copy(bytes);
                if let Some(body) = &self.shared_body {
                    batch.push(body);
                }
            }
        }
    }

    fn render_refusal(&self, refusal: Refusal, sent: Sent, batch: &mut Batch) {
        let (status, more, date) = (refusal.status(), refusal.more_headers(), &self.date);
        // The status and a line end.
        let length = status.len() + 1;
        let head = format!(
            "HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: text/plain\r\n\
             Content-Length: {length}\r\n{more}Connection: close\r\n\r\n"
        );
        batch.copy(head.as_bytes());
        if sent == Sent::Whole {
            batch.copy(format!("{status}\n").as_bytes());
        }
    }
}

/// The date as HTTP writes it. HTTP has no dates after the year 9999; a clock set there is wrong
/// anyhow, and is given the last of them.
fn date_of(unix_s: u64) -> String {
    const LAST: u64 = 253_402_300_799;
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix_s.min(LAST)))
}
