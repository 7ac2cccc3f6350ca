//! What a request asks for: path, query, and sometimes a host (RFC 9112 section 3.2, RFC 3986).
//!
//! Invariant: a path is text without escapes, control characters, backslashes, and segments `.` or
//! `..`, so it can be compared with what there is, and leads nowhere else.

use std::borrow::Cow;

use super::{Bad, Method};

/// A target, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Target<'a> {
    pub(super) path: Cow<'a, str>,
    pub(super) query: Option<&'a str>,
    /// The host, if the target names one. It then counts, and not the Host field.
    pub(super) host: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub(super) fn parse(target: &'a str, method: Method) -> Result<Self, Bad> {
        if !target.bytes().all(|byte| byte.is_ascii_graphic()) || target.contains('#') {
            return Err(Bad::Request("The address has characters that must be escaped"));
        }
        if target.starts_with('/') {
            return Self::of(target, None);
        }
        if let Some((host, path)) = split_absolute(target) {
            return match path {
                "" => Self::of("/", Some(host)),
                _ if path.starts_with('?') => {
                    Ok(Self { path: "/".into(), query: Some(&path[1..]), host: Some(host) })
                }
                _ => Self::of(path, Some(host)),
            };
        }
        // `OPTIONS *` and `CONNECT host:port`: neither is answered with more than a refusal.
        match method {
            Method::Other => Ok(Self { path: target.into(), query: None, host: None }),
            Method::Get | Method::Head => Err(Bad::Request("The address does not begin with /")),
        }
    }

    fn of(target: &'a str, host: Option<&'a str>) -> Result<Self, Bad> {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let path = unescaped(path)
            .ok_or(Bad::Request("The address has an escape that stands for no character"))?;
        // Some take a backslash for a slash.
        if path.contains(|c: char| c.is_control() || c == '\\') {
            return Err(Bad::Request("The address has characters that no address has"));
        }
        if path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(Bad::Request("The address has a segment of nothing but dots"));
        }
        Ok(Self { path, query, host })
    }
}

/// The host and what follows it in `http://host/path` (absolute form, RFC 9112 section 3.2.2).
fn split_absolute(target: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = target.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    (!host.is_empty()).then_some((host, path))
}

/// `%41` as `A`. `None`: something that is no escape, no UTF-8, or a slash, which would not be the
/// same as one that divides segments.
fn unescaped(path: &str) -> Option<Cow<'_, str>> {
    if !path.contains('%') {
        return Some(path.into());
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let ([high, low], after) = rest.split_first_chunk()?;
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let byte = digit(*high)? << 4 | digit(*low)?;
        if byte == b'/' {
            return None;
        }
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Whether it names a host, with or without a port: what can stand in a Host field (RFC 9110
/// section 7.2) and in a policy that is made of it. Narrower than the RFC: what no host is called
/// is refused.
pub(super) fn is_host(host: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else {
            return false;
        };
        return !address.is_empty()
            && address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
            && (after.is_empty() || after.strip_prefix(':').is_some_and(is_port));
    }
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && is_port(port)
}
