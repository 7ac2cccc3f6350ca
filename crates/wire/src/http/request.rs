//! What the head of a request says.
//!
//! Invariant: there is one length, one host and one origin, or none; a field that is asked for and
//! is no text is never taken for one that is not there.

use httparse::{Error, Header, Status};

use super::target::{self, Target};
use super::{Bad, HeadLimits};
use crate::sniff;

/// The head of a request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    method: Method,
    version: Version,
    target: Target<'a>,
    host: &'a str,
    body: Body,
    fields: Vec<Header<'a>>,
}

/// What is asked to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Send it.
    Get,
    /// Send what would be said about it, without itself.
    Head,
    /// Anything else.
    Other,
}

/// The version of the protocol that the peer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// What follows the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing: the next request begins there.
    None,
    /// So many bytes, at least one.
    Length(u64),
    /// Chunks (RFC 9112 section 7.1).
    Chunked,
}

/// Which page a browser says has asked (RFC 6454).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// It says nothing of it: no browser, or one that was told to open the address itself.
    Absent,
    /// One of this server's: the same host and port as in the Host field.
    Same,
    /// Another, as it stands there; `null` is one that will not be named.
    Other(&'a str),
}

/// Stands for a value that is no UTF-8: it is equal to nothing that is looked for.
const NO_TEXT: &str = "\u{fffd}";

impl<'a> Request<'a> {
    /// What was asked to be done.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path, with escapes resolved. It begins with `/` (with [`Method::Other`] it may be
    /// anything), and has no segment `.` or `..`, no control characters, and no slash that was
    /// escaped.
    pub fn path(&self) -> &str {
        &self.target.path
    }

    /// What follows the `?`, as it came, if there is one.
    pub fn query(&self) -> Option<&'a str> {
        self.target.query
    }

    /// The host and port that the peer wanted to reach, as it wrote them. Made of letters, digits
    /// and `.-_:[]` alone, so it can be written into a header. Empty if an HTTP/1.0 client did not
    /// say.
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// The version that the peer speaks.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What follows the head.
    pub fn body(&self) -> Body {
        self.body
    }

    /// The first field of that name, in any case. A value that is not UTF-8 is given as U+FFFD.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers(name).next()
    }

    /// All fields of that name, in their order, as [`Request::header`] gives one.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &'a str> {
        values(&self.fields, name)
    }

    /// The elements of a field that is a list, over all fields of that name (RFC 9110 section
    /// 5.6.1).
    pub fn list(&self, name: &str) -> impl Iterator<Item = &'a str> {
        list(&self.fields, name)
    }

    /// Whether a list has such an element, in any case.
    pub fn lists(&self, name: &str, element: &str) -> bool {
        self.list(name).any(|one| one.eq_ignore_ascii_case(element))
    }

    /// Whether the peer wants to send more requests on this connection (RFC 9112 section 9.3).
    pub fn keep_alive(&self) -> bool {
        !self.lists("connection", "close")
            && (self.version == Version::Http11 || self.lists("connection", "keep-alive"))
    }

    /// Whether the peer understands gzip (RFC 9110 section 12.5.3).
    pub fn accepts_gzip(&self) -> bool {
        let weight_of = |coding: &str| {
            self.list("accept-encoding").find_map(|element| {
                let (name, weight) = element.split_once(';').unwrap_or((element, "q=1"));
                name.trim_ascii_end().eq_ignore_ascii_case(coding).then_some(weight)
            })
        };
        weight_of("gzip").or_else(|| weight_of("*")).is_some_and(|weight| {
            let value = weight.trim_ascii().strip_prefix(['q', 'Q']).unwrap_or("=1").trim_ascii();
            value.strip_prefix('=').is_some_and(|q| q.contains(|c: char| matches!(c, '1'..='9')))
        })
    }

    /// Whether the peer has what has this entity tag (with its quotes), so that it need not be sent
    /// again (If-None-Match, RFC 9110 section 13.1.2).
    pub fn has(&self, etag: &str) -> bool {
        let is = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag;
        self.list("if-none-match").any(is)
    }

    /// Which page has asked, if a browser says so.
    pub fn origin(&self) -> Origin<'a> {
        let Some(origin) = self.header("origin") else {
            return Origin::Absent;
        };
        let same = |scheme: &str, port: &str| {
            let own = |host: &'a str| host.strip_suffix(port).unwrap_or(host);
            let there = origin.strip_prefix(scheme)?;
            Some(!there.is_empty() && own(there).eq_ignore_ascii_case(own(self.host)))
        };
        // Behind a proxy that speaks TLS, the page's scheme is not the one that is spoken here.
        match same("http://", ":80").or_else(|| same("https://", ":443")) {
            Some(true) => Origin::Same,
            _ => Origin::Other(origin),
        }
    }

    /// Parses a head that is whole and has so many fields.
    pub(super) fn parse(head: &'a [u8], fields: usize, limits: &HeadLimits) -> Result<Self, Bad> {
        let mut fields = vec![httparse::EMPTY_HEADER; fields];
        let mut parsed = httparse::Request::new(&mut fields);
        match parsed.parse(head) {
            Ok(Status::Complete(len)) if len == head.len() => {}
            Ok(_) => return Err(Bad::Request("The head is malformed")),
            Err(Error::Version) if !names_a_version(head) => {
                return Err(Bad::Request(
                    "The request line is not a method, an address and HTTP/1.1",
                ));
            }
            Err(error) => return Err(bad(error)),
        }
        let method = match parsed.method {
            Some("GET") => Method::Get,
            Some("HEAD") => Method::Head,
            Some(method) if is_written_small(method) => {
                return Err(Bad::Request("The method is not written in capitals"));
            }
            _ => Method::Other,
        };
        let version = if parsed.version == Some(1) { Version::Http11 } else { Version::Http10 };
        let target = parsed.path.unwrap_or("");
        if target.len() > limits.target_bytes {
            return Err(Bad::TargetTooLong);
        }
        let target = Target::parse(target, method)?;
        let host = host(&fields, version)?;
        let host = target.host.unwrap_or(host);
        if !target::is_host(host) {
            return Err(Bad::Request("The host has characters that no host has"));
        }
        if values(&fields, "origin").count() > 1 {
            return Err(Bad::Request("More than one Origin"));
        }
        let body = body(&fields, version)?;
        Ok(Self { method, version, target, host, body, fields })
    }
}

fn bad(error: Error) -> Bad {
    Bad::Request(match error {
        Error::TooManyHeaders => return Bad::TooLarge,
        Error::Version => return Bad::Version,
        Error::HeaderName => "A field's name is malformed, or its line begins with a space",
        Error::HeaderValue => "A field's value has control characters",
        Error::NewLine => "A line of the head ends in CR alone",
        Error::Token | Error::Status => "The request line is not a method, an address and HTTP/1.1",
    })
}

/// Whether it would be a method in capitals: case counts (RFC 9110 section 9.1).
fn is_written_small(method: &str) -> bool {
    sniff::is_method_in_any_case(method.as_bytes())
        && method.bytes().any(|b| b.is_ascii_lowercase())
}

/// Whether the request line ends in a version, of HTTP that is not spoken here, behind two words.
fn names_a_version(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\r\n").unwrap_or(head);
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or(head);
    let mut words = line.split(|&byte| byte == b' ').skip(2);
    let is_version = |word: &[u8]| {
        matches!(word, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit())
    };
    words.next().is_some_and(is_version) && words.next().is_none()
}

fn values<'a>(fields: &[Header<'a>], name: &str) -> impl Iterator<Item = &'a str> {
    let is = move |field: &&Header<'a>| field.name.eq_ignore_ascii_case(name);
    fields.iter().filter(is).map(|field| str::from_utf8(field.value).unwrap_or(NO_TEXT))
}

fn list<'a>(fields: &[Header<'a>], name: &str) -> impl Iterator<Item = &'a str> {
    let elements = values(fields, name).flat_map(|value| value.split(','));
    elements.map(trimmed).filter(|element| !element.is_empty())
}

/// Without the spaces and tabs around it, which are all that may stand around an element.
fn trimmed(element: &str) -> &str {
    element.trim_matches([' ', '\t'])
}

/// The one Host field; HTTP/1.0 may do without.
fn host<'a>(fields: &[Header<'a>], version: Version) -> Result<&'a str, Bad> {
    let mut hosts = values(fields, "host");
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if target::is_host(host) => Ok(host),
        (Some(_), None) => Err(Bad::Request("The host has characters that no host has")),
        (Some(_), Some(_)) => Err(Bad::Request("More than one Host")),
        (None, _) if version == Version::Http10 => Ok(""),
        (None, _) => Err(Bad::Request("No Host")),
    }
}

/// Where the body ends (RFC 9112 section 6.3), if there is no doubt about it.
fn body(fields: &[Header<'_>], version: Version) -> Result<Body, Bad> {
    let mut lengths = values(fields, "content-length");
    let mut codings = values(fields, "transfer-encoding").peekable();
    match (lengths.next(), codings.peek()) {
        (None, None) => Ok(Body::None),
        (Some(_), Some(_)) => Err(Bad::Request("Both Content-Length and Transfer-Encoding")),
        (Some(length), None) => match (length_of(length), lengths.next()) {
            (_, Some(_)) => Err(Bad::Request("More than one Content-Length")),
            (None, _) => Err(Bad::Request("Content-Length is not a number")),
            (Some(0), _) => Ok(Body::None),
            (Some(length), _) => Ok(Body::Length(length)),
        },
        (None, Some(_)) if version == Version::Http10 => {
            Err(Bad::Request("Transfer-Encoding in HTTP/1.0"))
        }
        (None, Some(_)) => coded_body(codings.flat_map(|value| value.split(',')).map(trimmed)),
    }
}

/// Digits alone. What is longer than anything is as good as anything.
fn length_of(length: &str) -> Option<u64> {
    let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| length.parse().unwrap_or(u64::MAX))
}

/// A body ends with its chunks, or nobody knows where.
fn coded_body<'a>(codings: impl Iterator<Item = &'a str>) -> Result<Body, Bad> {
    let is_chunked = |coding: &&str| coding.eq_ignore_ascii_case("chunked");
    let codings: Vec<&str> = codings.collect();
    match codings.split_last() {
        Some((last, [])) if is_chunked(last) => Ok(Body::Chunked),
        Some((last, before)) if is_chunked(last) && !before.iter().any(is_chunked) => {
            Err(Bad::Coding)
        }
        _ => Err(Bad::Request("Transfer-Encoding does not end in chunked, once")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Parsed, parse};

    fn with_fields(fields: &str) -> Request<'_> {
        match parse(fields.as_bytes(), &HeadLimits::default()) {
            Parsed::Whole { request, .. } => request,
            other => panic!("{fields:?} is {other:?}"),
        }
    }

    macro_rules! request {
        ($fields:expr) => {
            with_fields(concat!("GET / HTTP/1.1\r\nHost: a.b:80\r\n", $fields, "\r\n"))
        };
    }

    #[test]
    fn a_page_of_this_server_is_of_the_same_origin() {
        for (fields, origin) in [
            ("Host: a:8008\r\n", Origin::Absent),
            ("Host: a:8008\r\nOrigin: http://a:8008\r\n", Origin::Same),
            ("Host: A:8008\r\nOrigin: http://a:8008\r\n", Origin::Same),
            ("Host: a\r\nOrigin: http://a\r\n", Origin::Same),
            ("Host: a:80\r\nOrigin: http://a\r\n", Origin::Same),
            ("Host: a\r\nOrigin: https://a\r\n", Origin::Same),
            ("Host: a:443\r\nOrigin: https://a\r\n", Origin::Same),
            ("Host: [::1]:8008\r\nOrigin: http://[::1]:8008\r\n", Origin::Same),
            ("Host: a:8008\r\nOrigin: http://a\r\n", Origin::Other("http://a")),
            ("Host: a\r\nOrigin: http://a:8008\r\n", Origin::Other("http://a:8008")),
            ("Host: a\r\nOrigin: https://a:80\r\n", Origin::Other("https://a:80")),
            ("Host: a\r\nOrigin: http://b.a\r\n", Origin::Other("http://b.a")),
            ("Host: a\r\nOrigin: http://a.b\r\n", Origin::Other("http://a.b")),
            ("Host: a\r\nOrigin: ftp://a\r\n", Origin::Other("ftp://a")),
            ("Host: a\r\nOrigin: null\r\n", Origin::Other("null")),
            ("Host: a\r\nOrigin: \r\n", Origin::Other("")),
            ("Host: \r\nOrigin: http://\r\n", Origin::Other("http://")),
        ] {
            let text = format!("GET / HTTP/1.1\r\n{fields}\r\n");
            assert_eq!(with_fields(&text).origin(), origin, "{fields:?}");
        }
    }

    #[test]
    fn a_value_that_is_no_text_is_not_one_that_is_absent() {
        let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nOrigin: http://\xff\r\n\r\n";
        let Parsed::Whole { request, .. } = parse(bytes, &HeadLimits::default()) else {
            panic!("a request");
        };
        assert_eq!(request.origin(), Origin::Other(NO_TEXT));
    }

    #[test]
    fn gzip_is_accepted_if_it_is_named_and_has_weight() {
        assert!(request!("Accept-Encoding: gzip, deflate, br\r\n").accepts_gzip());
        assert!(request!("Accept-Encoding: br\r\naccept-encoding: GZIP;q=0.5\r\n").accepts_gzip());
        assert!(request!("Accept-Encoding: gzip ; q=1.0\r\n").accepts_gzip());
        assert!(request!("Accept-Encoding: *\r\n").accepts_gzip());
        assert!(!request!("Accept-Encoding: *, gzip;q=0\r\n").accepts_gzip());
        assert!(!request!("Accept-Encoding: gzip; q=0.000\r\n").accepts_gzip());
        assert!(!request!("Accept-Encoding: identity, x-gzip2\r\n").accepts_gzip());
        assert!(!request!("").accepts_gzip());
    }

    #[test]
    fn what_a_browser_has_is_told_by_its_tag_weak_or_strong() {
        assert!(request!("If-None-Match: \"b\", W/\"a\"\r\n").has("\"a\""));
        assert!(request!("If-None-Match: \"a\"\r\n").has("\"a\""));
        assert!(request!("If-None-Match: *\r\n").has("\"a\""));
        assert!(!request!("If-None-Match: a\r\n").has("\"a\""));
        assert!(!request!("").has("\"a\""));
    }

    #[test]
    fn connections_are_kept_as_their_version_has_it() {
        assert!(request!("").keep_alive());
        assert!(!request!("Connection: Close\r\n").keep_alive());
        assert!(!request!("Connection: upgrade\r\nConnection: keep-alive, close\r\n").keep_alive());
        assert!(!with_fields("GET / HTTP/1.0\r\n\r\n").keep_alive());
        assert!(with_fields("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive());
    }
}
