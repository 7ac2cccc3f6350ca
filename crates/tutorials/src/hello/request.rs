//! What the head of a request says, as far as it matters here.
//!
//! Invariant: a [`Head`] is of a request whose length cannot be read in two ways. Where one
//! server sees one request and another sees two, the second one is smuggled past the first; so
//! whatever is doubtful about a length is refused (RFC 9112 section 11.2).

use std::mem::MaybeUninit;

use httparse::{Error, Header, Status};

use super::body::Body;
use super::reply::{Persistence, Refusal, Reply, Sent};

/// A head of more bytes is refused (414 if it is all request line, else 431). Browsers with many
/// cookies send up to 8 KiB or so.
pub(super) const HEAD_BYTES: usize = 16 * 1024;

/// More header fields are refused with 431. Browsers send some 20.
const HEADERS: usize = 64;

/// The head of a request that will be answered.
pub(super) struct Head {
    pub(super) reply: Reply,
    /// The body that follows, if one does.
    pub(super) body: Option<Body>,
    /// The peer waits for a word before it sends the body.
    pub(super) expects_continue: bool,
}

pub(super) enum Parsed {
    Partial,
    /// A head of `len` bytes.
    Whole {
        len: usize,
        head: Head,
    },
    Refused(Reply),
}

/// Parses the head at the start of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let bounded = &bytes[..bytes.len().min(HEAD_BYTES)];
    let result = request.parse_with_uninit_headers(bounded, &mut headers);
    let sent = if request.method == Some("HEAD") { Sent::HeadOnly } else { Sent::Whole };
    let refusal = match result {
        Ok(Status::Complete(len)) => match read(&request, sent) {
            Ok(head) => return Parsed::Whole { len, head },
            Err(refusal) => refusal,
        },
        Ok(Status::Partial) if bytes.len() <= HEAD_BYTES => return Parsed::Partial,
        Ok(Status::Partial) if bounded.contains(&b'\n') => Refusal::HeadTooLarge,
        Ok(Status::Partial) => Refusal::TargetTooLong,
        Err(Error::TooManyHeaders) => Refusal::HeadTooLarge,
        Err(Error::Version) => Refusal::Version,
        Err(_) => Refusal::BadRequest,
    };
    Parsed::Refused(Reply::Refused(refusal, sent))
}

fn read(request: &httparse::Request<'_, '_>, sent: Sent) -> Result<Head, Refusal> {
    let fields = Fields::read(request.headers)?;
    let old = request.version == Some(0);
    match (fields.host, old) {
        (Some(host), _) if !is_host(host) => return Err(Refusal::BadRequest),
        (None, false) => return Err(Refusal::BadRequest),
        _ => {}
    }
    let body = fields.body(old)?;
    if !matches!(request.method, Some("GET" | "HEAD")) {
        return Err(Refusal::Method);
    }
    if !request.path.is_some_and(is_target) {
        return Err(Refusal::BadRequest);
    }
    if fields.expect == Expect::Unknown {
        return Err(Refusal::Expectation);
    }
    let persistence = match (fields.close, old, fields.keep_alive) {
        (true, ..) | (false, true, false) => Persistence::Close,
        (false, true, true) => Persistence::KeepSaid,
        (false, false, _) => Persistence::KeepImplied,
    };
    let expects_continue = fields.expect == Expect::Continue && !old;
    Ok(Head { reply: Reply::Page(sent, persistence), body, expects_continue })
}

/// The header fields that matter.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    content_length: Option<&'a [u8]>,
    transfer_encoding: Option<&'a [u8]>,
    close: bool,
    keep_alive: bool,
    expect: Expect,
}

#[derive(Default, PartialEq)]
enum Expect {
    #[default]
    Nothing,
    Continue,
    Unknown,
}

impl<'a> Fields<'a> {
    fn read(headers: &[Header<'a>]) -> Result<Self, Refusal> {
        let mut fields = Self::default();
        for Header { name, value } in headers {
            // By length first: most fields are none of these, and that is seen at once.
            match name.len() {
                4 if name.eq_ignore_ascii_case("Host") => once(&mut fields.host, value)?,
                6 if name.eq_ignore_ascii_case("Expect") => {
                    let known = value.eq_ignore_ascii_case(b"100-continue");
                    fields.expect = if known { Expect::Continue } else { Expect::Unknown };
                }
                10 if name.eq_ignore_ascii_case("Connection") => {
                    for option in list(value) {
                        fields.close |= option.eq_ignore_ascii_case(b"close");
                        fields.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if name.eq_ignore_ascii_case("Content-Length") => {
                    once(&mut fields.content_length, value)?;
                }
                17 if name.eq_ignore_ascii_case("Transfer-Encoding") => {
                    once(&mut fields.transfer_encoding, value)?;
                }
                _ => {}
            }
        }
        Ok(fields)
    }

    /// How the body's end is known (RFC 9112 section 6.3), if there is a body.
    fn body(&self, old: bool) -> Result<Option<Body>, Refusal> {
        match (self.content_length, self.transfer_encoding) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(Refusal::BadRequest),
            (Some(length), None) => Body::of_length(length),
            // HTTP/1.0 does not know the field: somebody on the way has got it wrong.
            (None, Some(_)) if old => Err(Refusal::BadRequest),
            (None, Some(codings)) => {
                if list(codings).any(|coding| !coding.eq_ignore_ascii_case(b"chunked")) {
                    return Err(Refusal::Coding);
                }
                if list(codings).count() != 1 {
                    return Err(Refusal::BadRequest);
                }
                Ok(Some(Body::chunked()))
            }
        }
    }
}

/// A field that may stand in a head once: a second one, even an equal one, is refused.
fn once<'a>(field: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), Refusal> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::BadRequest),
    }
}

/// The members of a comma-separated list; empty ones count for nothing.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// Whether this can name a host and port; an empty one is allowed (RFC 9112 section 3.2).
fn is_host(host: &[u8]) -> bool {
    host.iter().all(|&byte| HOST_BYTES[usize::from(byte)])
}

/// What a host and port are written with. A table, because every request is asked this of every
/// byte: it was a tenth of the cost of a pipelined one.
const HOST_BYTES: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0;
    while byte < allowed.len() {
        allowed[byte] = (byte as u8).is_ascii_graphic()
            && !matches!(byte as u8, b'/' | b'@' | b'?' | b'#' | b'\\' | b',' | b'"' | b'<' | b'>');
        byte += 1;
    }
    allowed
};

/// Whether GET can ask for this: a path, or what is sent to a proxy, a whole address.
fn is_target(target: &str) -> bool {
    let scheme_is = |scheme: &str| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    target.starts_with('/') || scheme_is("http://") || scheme_is("https://")
}
