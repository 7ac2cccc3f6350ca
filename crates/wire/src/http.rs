//! The heads of HTTP/1 requests and responses (RFC 9110, RFC 9112).
//!
//! Invariant: a request that comes out can be read in one way only. Where one program on the way
//! sees one request and another sees two, the second is smuggled past the first (RFC 9112 section
//! 11.2); so whatever is doubtful about where a head or a body ends is refused, and what follows a
//! refusal is not to be read. What is decided of some bytes is not changed by more.
//!
//! Tokens are httparse's; what is on top of it is what it leaves open: line ends, lengths, the
//! host, the path. Bodies are not read here: [`Request::body`] says whether there is one.

mod request;
mod response;
mod target;

use memchr::memchr_iter;

pub use self::request::{Body, Method, Origin, Request, Version};
pub use self::response::{Connection, Response};

/// How large a head may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// The whole head with the empty line that ends it, in bytes. Met: [`Bad::TooLarge`].
    pub head_bytes: usize,
    /// Header fields. Met: [`Bad::TooLarge`].
    pub headers: usize,
    /// The target, which is path and query, in bytes. Met: [`Bad::TargetTooLong`].
    pub target_bytes: usize,
}

impl Default for HeadLimits {
    /// 16 KiB, 64 fields, 2,048 bytes: browsers with many cookies send some 8 KiB and 20 fields.
    fn default() -> Self {
        Self { head_bytes: 16 * 1024, headers: 64, target_bytes: 2048 }
    }
}

/// What [`parse`] found.
#[derive(Clone, Debug)]
pub enum Parsed<'a> {
    /// The head has not come whole.
    Incomplete,
    /// A head of `len` bytes, the empty line that ends it included. What follows is its body, or
    /// the next request.
    Whole {
        /// What it says.
        request: Request<'a>,
        /// Its length in bytes.
        len: usize,
    },
    /// This is to be refused, and nothing that follows is to be read.
    Bad(Bad),
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// It is malformed, or can be read in two ways: what is wrong with it (400).
    Request(&'static str),
    /// The target is over [`HeadLimits::target_bytes`] (414).
    TargetTooLong,
    /// It is over [`HeadLimits::head_bytes`], or has more than [`HeadLimits::headers`] fields
    /// (431).
    TooLarge,
    /// The body has another coding than chunked (501).
    Coding,
    /// The version is neither 1.0 nor 1.1 (505).
    Version,
}

impl Bad {
    /// The status to answer with.
    pub fn status(self) -> u16 {
        match self {
            Self::Request(_) => 400,
            Self::TargetTooLong => 414,
            Self::TooLarge => 431,
            Self::Coding => 501,
            Self::Version => 505,
        }
    }

    /// What is wrong, as a sentence without its full stop.
    pub fn text(self) -> &'static str {
        match self {
            Self::Request(what) => what,
            Self::TargetTooLong => "The address asked for is too long",
            Self::TooLarge => "The head of the request is too large",
            Self::Coding => "The body has a transfer coding that is not known here",
            Self::Version => "Only HTTP/1.0 and HTTP/1.1 are spoken here",
        }
    }
}

/// Parses the head that begins where `bytes` begin. One empty line before it is passed over (RFC
/// 9112 section 2.2).
///
/// A head that is not whole costs one look for line ends, so it may be asked again with each piece.
///
/// ```
/// use wire::http::{self, HeadLimits, Method, Parsed};
///
/// let bytes = b"GET /read/%23tea?before=12 HTTP/1.1\r\nHost: chat.example:8008\r\n\r\n";
/// let Parsed::Whole { request, len } = http::parse(bytes, &HeadLimits::default()) else {
///     panic!("this is a request");
/// };
/// assert_eq!((request.method(), request.path(), len), (Method::Get, "/read/#tea", bytes.len()));
/// assert_eq!(request.query(), Some("before=12"));
/// assert!(request.keep_alive());
/// ```
pub fn parse<'a>(bytes: &'a [u8], limits: &HeadLimits) -> Parsed<'a> {
    match head(bytes, limits) {
        Ok(None) => Parsed::Incomplete,
        Ok(Some(Head { len, fields })) => match Request::parse(&bytes[..len], fields, limits) {
            Ok(request) => Parsed::Whole { request, len },
            Err(bad) => Parsed::Bad(bad),
        },
        Err(bad) => Parsed::Bad(bad),
    }
}

/// Where a head ends, and how many fields it has.
struct Head {
    len: usize,
    fields: usize,
}

/// What a request line has beside the target: a method and a version, generously.
const REQUEST_LINE_BYTES: usize = 32;

/// Looks for the empty line that ends a head. `None`: more must come.
///
/// Bytes are judged in their order, so that the answer is the same for every piece of them that is
/// long enough to have one.
fn head(bytes: &[u8], limits: &HeadLimits) -> Result<Option<Head>, Bad> {
    let most = limits.target_bytes.saturating_add(REQUEST_LINE_BYTES);
    let bounded = &bytes[..bytes.len().min(limits.head_bytes)];
    let (mut start, mut lines) = (0, 0);
    for end in memchr_iter(b'\n', bounded) {
        if lines == 0 && end - start > most {
            return Err(Bad::TargetTooLong);
        }
        let Some(line) = bounded[start..end].strip_suffix(b"\r") else {
            return Err(Bad::Request("A line of the head ends in LF alone, not in CR LF"));
        };
        match (line.is_empty(), lines) {
            (true, 0) if start > 0 => return Err(Bad::Request("Empty lines before the request")),
            (true, 0) => {}
            (true, _) => return Ok(Some(Head { len: end + 1, fields: lines - 1 })),
            (false, _) => lines += 1,
        }
        if lines > limits.headers.saturating_add(1) {
            return Err(Bad::TooLarge);
        }
        start = end + 1;
    }
    if lines == 0 && bounded.len() - start > most {
        return Err(Bad::TargetTooLong);
    }
    if bytes.len() >= limits.head_bytes { Err(Bad::TooLarge) } else { Ok(None) }
}
