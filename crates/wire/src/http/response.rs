//! The head of a response.
//!
//! Invariant: whatever is answered, a browser is told the same about what it may do with it, and no
//! value can end its own line.

use std::time::{Duration, UNIX_EPOCH};

/// What stands above a body. [`Response::write_head`] writes it.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// What became of the request.
    pub status: u16,
    /// Fields of this response alone, in their order: its media type, an entity tag.
    pub fields: &'a [(&'a str, &'a str)],
    /// The length of the body in bytes, also where it is not sent (HEAD). `None` where no length
    /// may be told: with 304.
    pub length: Option<u64>,
    /// What becomes of the connection.
    pub connection: Connection,
    /// What the peer called this server ([`Request::host`](super::Request::host)): a page from
    /// there may open WebSockets to it.
    pub host: &'a str,
    /// When this is said, in seconds since 1970; `None` for a server that does not know.
    pub unix_s: Option<u64>,
}

/// What becomes of a connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Another request may follow.
    KeepAlive,
    /// It is closed behind the body.
    Close,
}

/// What a browser may do with what comes from here: take scripts and styles from here alone, never
/// from the page's own text; connect to here alone; send no form, be in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'";

impl Response<'_> {
    /// Appends the head with its empty line to `out`: the fields given, and those that stand in
    /// every response.
    ///
    /// # Panics
    ///
    /// In debug builds, if a field has a control character in it; else such a field is left out.
    pub fn write_head(&self, out: &mut Vec<u8>) {
        let mut put = |parts: &[&str]| {
            for part in parts {
                out.extend_from_slice(part.as_bytes());
            }
        };
        put(&["HTTP/1.1 ", &self.status.to_string(), " ", reason(self.status), "\r\n"]);
        for (name, value) in self.fields {
            let clean = |c: char| !c.is_control() || c == '\t';
            let whole = name.chars().all(clean) && value.chars().all(clean);
            debug_assert!(whole, "{name:?}: {value:?} would end its line");
            if whole {
                put(&[name, ": ", value, "\r\n"]);
            }
        }
        if let Some(length) = self.length {
            put(&["Content-Length: ", &length.to_string(), "\r\n"]);
        }
        if let Some(unix_s) = self.unix_s {
            // httpdate knows years of four digits.
            const LAST: u64 = 253_402_300_799;
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix_s.min(LAST)));
            put(&["Date: ", &date, "\r\n"]);
        }
        put(&[match self.connection {
            Connection::KeepAlive => "Connection: keep-alive\r\n",
            Connection::Close => "Connection: close\r\n",
        }]);
        put(&["Content-Security-Policy: ", POLICY]);
        if !self.host.is_empty() && super::target::is_host(self.host) {
            // Browsers before 2022 do not take 'self' for WebSockets.
            put(&[" ws://", self.host, " wss://", self.host]);
        }
        put(&["\r\nX-Content-Type-Options: nosniff\r\n\
            Referrer-Policy: no-referrer\r\n\
            Cross-Origin-Opener-Policy: same-origin\r\n\
            Cross-Origin-Resource-Policy: same-origin\r\n\r\n"]);
    }
}

/// The words that go with a status; browsers do not show them, people with `curl` do.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(response: Response<'_>) -> String {
        let mut out = Vec::new();
        response.write_head(&mut out);
        String::from_utf8(out).expect("a head is text")
    }

    const PAGE: Response<'_> = Response {
        status: 200,
        fields: &[("Content-Type", "text/html; charset=utf-8"), ("ETag", "\"1\"")],
        length: Some(12),
        connection: Connection::KeepAlive,
        host: "chat.example:8008",
        unix_s: Some(784_111_777),
    };

    #[test]
    fn a_head_says_what_is_sent_and_what_may_be_done_with_it() {
        assert_eq!(
            head(PAGE),
            "HTTP/1.1 200 OK\r\n\
             Content-Type: text/html; charset=utf-8\r\n\
             ETag: \"1\"\r\n\
             Content-Length: 12\r\n\
             Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Connection: keep-alive\r\n\
             Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; \
             img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             connect-src 'self' ws://chat.example:8008 wss://chat.example:8008\r\n\
             X-Content-Type-Options: nosniff\r\n\
             Referrer-Policy: no-referrer\r\n\
             Cross-Origin-Opener-Policy: same-origin\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\n\r\n"
        );
    }

    #[test]
    fn no_host_can_widen_the_policy() {
        for host in ["", "a; script-src *", "a *", "a\r\nb", "[a]b", "a/b"] {
            let head = head(Response { host, ..PAGE });
            assert!(head.contains("connect-src 'self'\r\n"), "{host:?}: {head}");
        }
    }

    #[test]
    fn what_has_no_length_tells_none() {
        let head = head(Response { status: 304, length: None, unix_s: None, ..PAGE });
        assert!(head.starts_with("HTTP/1.1 304 Not Modified\r\n"), "{head}");
        assert!(!head.contains("Content-Length") && !head.contains("Date"), "{head}");
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "would end its line"))]
    fn a_value_that_would_end_its_line_is_left_out() {
        let head = head(Response { fields: &[("Location", "/\r\nSet-Cookie: a=b")], ..PAGE });
        assert!(!head.contains("Cookie"), "{head}");
    }
}
