//! The PROXY protocol, versions 1 and 2: what a proxy says first about whom it brings (HAProxy's
//! `proxy-protocol.txt`).
//!
//! Invariant: nothing is decided on half a header, none is longer than [`V2_BYTES`], and what is
//! not as specified is refused rather than guessed at.
//!
//! Whom to believe is for the caller: a header from anybody but a known proxy is somebody's word
//! about who they are. The checksum of version 2 is not looked at: TCP has one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// The longest header of version 1, in bytes, CR LF counted. The specification's worst case.
pub const V1_BYTES: usize = 107;

/// The longest header of version 2, in bytes, that is waited for: addresses, and room for what
/// proxies add (host name, certificate's name, ids). The specification allows 65,551.
pub const V2_BYTES: usize = 4096;

const V1_BEGINNING: &[u8] = b"PROXY ";
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Before the addresses: signature, version and command, family, length.
const V2_FIXED_BYTES: usize = V2_SIGNATURE.len() + 4;

/// What the first bytes of a stream are to the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// No header of it.
    NotProxy,
    /// The beginning of a header, or so little that it may be: more is needed.
    Incomplete,
    /// A header.
    Header {
        /// Its length in bytes: the stream proper begins behind it.
        len: usize,
        /// Whom the proxy brings. `None` if it does not say (UNKNOWN), speaks for itself (LOCAL: it
        /// wants to know whether we are alive), or brings somebody who has no address on the
        /// Internet. An IPv4 address never comes in the guise of IPv6.
        source: Option<SocketAddr>,
    },
    /// A header that is not as specified: the connection should be closed.
    Bad(BadHeader),
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadHeader {
    /// Longer than [`V1_BYTES`] or [`V2_BYTES`].
    TooLong,
    /// A line of version 1 that is not as specified.
    Line,
    /// The signature of version 2, and another version.
    Version,
    /// Neither LOCAL nor PROXY.
    Command,
    /// A family or transport that version 2 does not have.
    Family,
    /// Too short for the addresses that it should have.
    Addresses,
}

/// Whether `bytes` and the beginning of a header agree as far as both go. They do if there are no
/// bytes, and also for somebody who presses Return: see [`parse`] for what more tells.
pub fn starts_like(bytes: &[u8]) -> bool {
    agree(bytes, V1_BEGINNING) || agree(bytes, V2_SIGNATURE)
}

/// Whether `bytes` begin the header of version 2, and enough of it that nobody typed them.
pub(crate) fn is_surely_v2(bytes: &[u8]) -> bool {
    // Two Returns, and what no key sends behind them.
    bytes.starts_with(b"\r\n\r\n\0")
}

fn agree(bytes: &[u8], beginning: &[u8]) -> bool {
    let len = bytes.len().min(beginning.len());
    bytes[..len] == beginning[..len]
}

/// Reads the header at the front of all that has come so far.
///
/// ```
/// use wire::proxy::{Proxy, parse};
///
/// let Proxy::Header { len, source } = parse(b"PROXY TCP4 192.0.2.7 192.0.2.1 5000 6667\r\nNICK a")
/// else { panic!() };
/// assert_eq!((len, source), (42, Some("192.0.2.7:5000".parse().unwrap())));
/// ```
pub fn parse(bytes: &[u8]) -> Proxy {
    let header = if bytes.starts_with(V1_BEGINNING) {
        v1(bytes)
    } else if bytes.starts_with(V2_SIGNATURE) {
        v2(bytes)
    } else if starts_like(bytes) {
        Ok(None)
    } else {
        return Proxy::NotProxy;
    };
    match header {
        Ok(None) => Proxy::Incomplete,
        Ok(Some((len, source))) => Proxy::Header { len, source },
        Err(bad) => Proxy::Bad(bad),
    }
}

/// A header's length and source, if it is all there.
type Header = Result<Option<(usize, Option<SocketAddr>)>, BadHeader>;

fn v1(bytes: &[u8]) -> Header {
    let bytes = &bytes[..bytes.len().min(V1_BYTES)];
    let Some(end) = memchr::memchr2(b'\r', b'\n', bytes).filter(|&end| end + 1 < V1_BYTES) else {
        return if bytes.len() < V1_BYTES { Ok(None) } else { Err(BadHeader::TooLong) };
    };
    match bytes[end..] {
        [b'\r', b'\n', ..] => {}
        [b'\r'] => return Ok(None),
        _ => return Err(BadHeader::Line),
    }
    let line = str::from_utf8(&bytes[V1_BEGINNING.len()..end]).map_err(|_| BadHeader::Line)?;
    let mut words = line.split(' ');
    let source = match words.next() {
        Some("TCP4") => v1_source::<Ipv4Addr>(words),
        Some("TCP6") => v1_source::<Ipv6Addr>(words),
        Some("UNKNOWN") => return Ok(Some((end + 2, None))),
        _ => None,
    };
    Ok(Some((end + 2, Some(source.ok_or(BadHeader::Line)?))))
}

/// The source out of: source, destination, source port, destination port, and nothing more.
fn v1_source<'a, Ip: FromStr + Into<IpAddr>>(
    mut words: impl Iterator<Item = &'a str>,
) -> Option<SocketAddr> {
    let source: Ip = words.next()?.parse().ok()?;
    let _destination: Ip = words.next()?.parse().ok()?;
    let port = v1_port(words.next()?)?;
    v1_port(words.next()?)?;
    words.next().is_none().then(|| address(source, port))
}

fn v1_port(text: &str) -> Option<u16> {
    // Neither `+7` nor `007`, which parsing would let through.
    let canonical = text == "0" || text.starts_with(|c: char| c.is_ascii_digit() && c != '0');
    text.parse().ok().filter(|_| canonical)
}

fn v2(bytes: &[u8]) -> Header {
    let Some(&version_and_command) = bytes.get(V2_SIGNATURE.len()) else {
        return Ok(None);
    };
    if version_and_command >> 4 != 2 {
        return Err(BadHeader::Version);
    }
    let Some((fixed, after)) = bytes.split_first_chunk::<V2_FIXED_BYTES>() else {
        return Ok(None);
    };
    let [.., _, family, high, low] = *fixed;
    let stated = usize::from(u16::from_be_bytes([high, low]));
    let len = V2_FIXED_BYTES + stated;
    if len > V2_BYTES {
        return Err(BadHeader::TooLong);
    }
    let command = version_and_command & 0xF;
    if command > 1 {
        return Err(BadHeader::Command);
    }
    let Some(body) = after.get(..stated) else {
        return Ok(None);
    };
    let source = match command {
        0 => None,
        _ => v2_source(family, body)?,
    };
    Ok(Some((len, source)))
}

fn v2_source(family: u8, body: &[u8]) -> Result<Option<SocketAddr>, BadHeader> {
    const STREAM_OVER_IPV4: u8 = 0x11;
    const STREAM_OVER_IPV6: u8 = 0x21;
    match family {
        STREAM_OVER_IPV4 => {
            let (at, _) = body.split_first_chunk::<12>().ok_or(BadHeader::Addresses)?;
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *at;
            Ok(Some(address(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]))))
        }
        STREAM_OVER_IPV6 => {
            let (source, after) = body.split_first_chunk::<16>().ok_or(BadHeader::Addresses)?;
            let (after, _) = after.split_first_chunk::<20>().ok_or(BadHeader::Addresses)?;
            let port = u16::from_be_bytes([after[16], after[17]]);
            Ok(Some(address(Ipv6Addr::from(*source), port)))
        }
        // Unspecified, Unix or datagrams: to be taken as not said.
        _ if family >> 4 <= 3 && family & 0xF <= 2 => Ok(None),
        _ => Err(BadHeader::Family),
    }
}

fn address(ip: impl Into<IpAddr>, port: u16) -> SocketAddr {
    SocketAddr::new(ip.into().to_canonical(), port)
}

impl fmt::Display for BadHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "PROXY header too long",
            Self::Line => "PROXY line not as specified",
            Self::Version => "unknown version of the PROXY protocol",
            Self::Command => "unknown command in the PROXY header",
            Self::Family => "unknown address family in the PROXY header",
            Self::Addresses => "PROXY header too short for its addresses",
        })
    }
}

impl std::error::Error for BadHeader {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(len: usize, source: Option<&str>) -> Proxy {
        Proxy::Header { len, source: source.map(|source| source.parse().unwrap()) }
    }

    fn v2_header(version_and_command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [V2_SIGNATURE, &[version_and_command, family], &len, body].concat()
    }

    #[test]
    fn lines_of_version_1_are_read_as_specified() {
        for (line, source) in [
            ("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", Some("255.255.255.255:65535")),
            ("PROXY TCP6 2001:DB8::1 ::1 1 2\r\n", Some("[2001:db8::1]:1")),
            ("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", Some("192.0.2.1:1")),
            ("PROXY UNKNOWN\r\n", None),
            ("PROXY UNKNOWN what ever\r\n", None),
        ] {
            let with_more = format!("{line}NICK ada\r\n");
            assert_eq!(parse(with_more.as_bytes()), header(line.len(), source), "{line:?}");
        }
        for bad in [
            "PROXY TCP4 1.2.3.4 1.2.3.4 5 6\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 5 6\r \n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 5\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 5 6 7\r\n",
            "PROXY TCP4  1.2.3.4 1.2.3.4 5 6\r\n",
            "PROXY TCP4 01.2.3.4 1.2.3.4 5 6\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 05 6\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 +5 6\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 5 65536\r\n",
            "PROXY TCP4 ::1 ::1 5 6\r\n",
            "PROXY TCP6 1.2.3.4 1.2.3.4 5 6\r\n",
            "PROXY UDP4 1.2.3.4 1.2.3.4 5 6\r\n",
            "PROXY UNKNOWNS\r\n",
            "PROXY \r\n",
        ] {
            assert_eq!(parse(bad.as_bytes()), Proxy::Bad(BadHeader::Line), "{bad:?}");
        }
    }

    #[test]
    fn a_line_of_version_1_is_bounded_to_the_byte() {
        let line = |bytes: usize| format!("{:x<1$}\r\n", "PROXY UNKNOWN ", bytes - 2);
        assert_eq!(parse(line(107).as_bytes()), header(107, None));
        assert_eq!(parse(line(108).as_bytes()), Proxy::Bad(BadHeader::TooLong));
        assert_eq!(parse(line(500).as_bytes()), Proxy::Bad(BadHeader::TooLong));
        assert_eq!(parse(&line(107).as_bytes()[..106]), Proxy::Incomplete);
    }

    #[test]
    fn headers_of_version_2_are_read_as_specified() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0x13, 0x88, 0x1a, 0x0b];
        let mut v6 = [0; 36];
        (v6[15], v6[32], v6[33]) = (1, 0x13, 0x88);
        let with_more = [&v4[..], &[4, 0, 3, 0, 0, 0]].concat();
        for (bytes, source) in [
            (v2_header(0x21, 0x11, &v4), Some("192.0.2.7:5000")),
            (v2_header(0x21, 0x11, &with_more), Some("192.0.2.7:5000")),
            (v2_header(0x21, 0x21, &v6), Some("[::1]:5000")),
            (v2_header(0x20, 0x00, &[]), None),
            (v2_header(0x20, 0xFF, &v4), None),
            (v2_header(0x21, 0x00, &[]), None),
            (v2_header(0x21, 0x12, &v4), None),
            (v2_header(0x21, 0x31, &[0; 216]), None),
            (v2_header(0x21, 0x00, &[0; V2_BYTES - 16]), None),
        ] {
            let len = bytes.len();
            let followed = [&bytes[..], b"NICK ada\r\n"].concat();
            assert_eq!(parse(&followed), header(len, source), "{bytes:?}");
            for end in 0..len {
                assert_eq!(parse(&bytes[..end]), Proxy::Incomplete, "{end}");
            }
        }
        for (bytes, why) in [
            (v2_header(0x11, 0x11, &v4), BadHeader::Version),
            (v2_header(0x22, 0x11, &v4), BadHeader::Command),
            (v2_header(0x21, 0x41, &v4), BadHeader::Family),
            (v2_header(0x21, 0x13, &v4), BadHeader::Family),
            (v2_header(0x21, 0x11, &v4[..11]), BadHeader::Addresses),
            (v2_header(0x21, 0x21, &v6[..35]), BadHeader::Addresses),
            (v2_header(0x21, 0x00, &[0; V2_BYTES - 15]), BadHeader::TooLong),
        ] {
            assert_eq!(parse(&bytes), Proxy::Bad(why), "{bytes:?}");
        }
    }

    #[test]
    fn other_beginnings_are_no_headers() {
        for bytes in [&b"NICK"[..], b"PROXYS", b"proxy TCP4", b"\r\n\r\nhello", b"\0", b"PA"] {
            assert_eq!(parse(bytes), Proxy::NotProxy, "{bytes:?}");
            assert!(!starts_like(bytes));
        }
        for bytes in [&b""[..], b"P", b"PROXY", b"\r", b"\r\n\r\n", b"\r\n\r\n\0\r"] {
            assert_eq!(parse(bytes), Proxy::Incomplete, "{bytes:?}");
            assert!(starts_like(bytes));
        }
    }

    proptest! {
        #[test]
        fn more_bytes_never_change_a_decision(
            beginning in proptest::sample::select(&[V1_BEGINNING, V2_SIGNATURE, b"PROXY TCP4 1.2.3.4 "]),
            rest in "[0-9. \r\n:!\0-\u{30}]{0,140}",
        ) {
            let bytes = [beginning, rest.as_bytes()].concat();
            let mut decided = None;
            for end in 0..=bytes.len() {
                let now = parse(&bytes[..end]);
                if let Some(before) = decided {
                    prop_assert_eq!(now, before);
                } else if now != Proxy::Incomplete {
                    decided = Some(now);
                }
                if let Proxy::Header { len, .. } = now {
                    prop_assert!(len <= end);
                }
            }
            prop_assert!(decided.is_some() || bytes.len() <= V2_BYTES);
        }
    }
}
