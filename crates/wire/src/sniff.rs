//! Which language a peer speaks, from the first that it says.
//!
//! Invariant: a machine is named only if no person would begin like that; everything else is
//! [`Language::Plain`]. The answer depends on the bytes alone, not on the pieces they came in.
//!
//! How long to wait for the first bytes is for the caller to say, and whom to believe.

use crate::irc::Message;
use crate::proxy;

/// What a peer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// IRC: the line is its first command.
    Irc,
    /// HTTP/1, or HTTP/2 without TLS: the line is the first of a request.
    Http,
    /// A TLS handshake.
    Tls,
    /// A header of the PROXY protocol: see [`proxy::parse`].
    Proxy,
    /// An SSH client: the line is its banner.
    Ssh,
    /// A person, with or without telnet.
    Plain,
}

/// What the bytes that have come so far say without a whole line. `None`: it takes a line to say,
/// or more bytes.
///
/// To be asked before lines are taken out of the stream: two of the languages have none.
pub fn first_bytes(bytes: &[u8]) -> Option<Language> {
    const TLS_HANDSHAKE: [u8; 2] = [0x16, 0x03];
    const TELNET_COMMAND: u8 = 0xFF;
    match bytes {
        _ if bytes.starts_with(&TLS_HANDSHAKE) => Some(Language::Tls),
        _ if proxy::is_surely_v2(bytes) => Some(Language::Proxy),
        [TELNET_COMMAND, ..] => Some(Language::Plain),
        _ => None,
    }
}

/// What the first line of a stream says, which it comes without its end.
///
/// IRC clients begin with one of a few commands, each of which takes certain parameters; people
/// begin with words that may be spelt the same. `pass the salt`, `user error`, `nick is here`
/// and `get me a coffee` are people.
pub fn first_line(line: &[u8]) -> Language {
    if let Some(language) = first_bytes(line) {
        return language;
    }
    if is_http(line) {
        Language::Http
    } else if is_proxy_v1(line) {
        Language::Proxy
    } else if line.starts_with(b"SSH-2.0-") || line.starts_with(b"SSH-1.") {
        Language::Ssh
    } else if is_irc(line) {
        Language::Irc
    } else {
        Language::Plain
    }
}

/// The methods of RFC 9110 and 5789; and how HTTP/2 begins (RFC 9113 section 3.4).
const METHODS: [&[u8]; 10] = [
    b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH", b"CONNECT", b"TRACE", b"PRI",
];

/// A method, a target, and a version (RFC 9112 section 3). A method in small letters is none, but in a
/// line that asks for a path, and ends in a version, nobody means anything else by it.
fn is_http(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let (Some(method), Some(target), Some(version), None) = (method, target, version, words.next())
    else {
        return false;
    };
    let is_method = METHODS.contains(&method);
    match version {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0' | b'1'] => {
            is_method || (target.starts_with(b"/") && is_method_in_any_case(method))
        }
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', ..] => is_method,
        _ => false,
    }
}

/// Whether `word` is one of the methods, but for its case.
pub(crate) fn is_method_in_any_case(word: &[u8]) -> bool {
    METHODS.iter().any(|method| method.eq_ignore_ascii_case(word))
}

/// How long the empty line is that `bytes` begin with, if they do: some programs write one before
/// a request (RFC 9112 section 2.2), and people press Return.
pub fn empty_line(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// Whether `bytes`, the first of a stream, begin as a request does that asks for a path: what person
/// would begin with `GET /`? For what has come of a line that does not end.
pub fn begins_http(bytes: &[u8]) -> bool {
    METHODS
        .iter()
        .any(|method| bytes.strip_prefix(*method).is_some_and(|rest| rest.starts_with(b" /")))
}

/// Whether `bytes` begin so, or are themselves the beginning of what would.
pub fn may_become_http(bytes: &[u8]) -> bool {
    let is_begun = |method: &&[u8]| {
        let begin: Vec<u8> = [*method, b" /"].concat();
        !bytes.is_empty() && begin.starts_with(bytes)
    };
    begins_http(bytes) || METHODS.iter().any(is_begun)
}

fn is_proxy_v1(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"PROXY ") else {
        return false;
    };
    let family = rest.split(|&byte| byte == b' ').next();
    matches!(family, Some(b"TCP4" | b"TCP6" | b"UNKNOWN"))
}

/// Whether the line is a command that begins a connection to an IRC server, with or without tags and
/// a source before it.
fn is_irc(line: &[u8]) -> bool {
    // A real name in an old encoding does not hide what the command is.
    let line = String::from_utf8_lossy(line);
    let Ok(message) = Message::parse(&line) else {
        return false;
    };
    let is = |command: &str| message.command.eq_ignore_ascii_case(command);
    let params = message.params();
    if is("CAP") {
        is_capability_command(params) || is_shouted(message.command, params)
    } else if is("USER") {
        params.len() >= 3 && (message.command == "USER" || is_registration(params))
    } else if is("WEBIRC") {
        params.len() >= 4
    } else {
        // A password behind a colon may have spaces in it.
        params.len() == 1 && (is("NICK") || is("PASS") || is("AUTHENTICATE"))
    }
}

fn is_capability_command(params: &[&str]) -> bool {
    let is_one = |name: &str| params[0].eq_ignore_ascii_case(name);
    match params.len() {
        0 => false,
        1 => is_one("LS") || is_one("LIST") || is_one("END"),
        2 if is_one("LS") => params[1].bytes().all(|byte| byte.is_ascii_digit()),
        _ => is_one("REQ"),
    }
}

/// Whether it is a word in capitals behind one in capitals: an order, if one that nobody knows.
fn is_shouted(command: &str, params: &[&str]) -> bool {
    let is_shout = |word: &&str| word.bytes().all(|byte| byte.is_ascii_uppercase());
    is_shout(&command) && params.len() == 1 && params.iter().all(is_shout)
}

/// Whether a `user` in small letters is followed by what programs write there (`ada 0 * :Ada`)
/// rather than by words.
fn is_registration(params: &[&str]) -> bool {
    let is_filler = |param: &str| param == "*" || param.bytes().all(|byte| byte.is_ascii_digit());
    is_filler(params[1]) || is_filler(params[2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn machines_are_told_by_their_first_line() {
        use Language::*;
        for (line, language) in [
            (&b"CAP LS 302"[..], Irc),
            (b"CAP LS", Irc),
            (b"cap ls", Irc),
            (b"CAP REQ :multi-prefix sasl", Irc),
            (b"CAP REQ sasl", Irc),
            (b"CAP END", Irc),
            (b"CAP LIST", Irc),
            (b"CAP NONSUCH", Irc),
            (b"NICK ada", Irc),
            (b"nick ada", Irc),
            (b"Nick :ada", Irc),
            (b"NICK 1abc ", Irc),
            (b"USER ada 0 * :Ada Lovelace", Irc),
            (b"USER ada 0 * :Andr\xe9", Irc),
            (b"USER bot bot bot bot", Irc),
            (b"USER bot bot bot", Irc),
            (b"user ada 0 * ada", Irc),
            (b"PASS secret", Irc),
            (b"PASS :a secret with words", Irc),
            (b"AUTHENTICATE PLAIN", Irc),
            (b"WEBIRC secret gate host.example.org 192.0.2.1", Irc),
            (b"@a=b NICK ada", Irc),
            (b":ada NICK ada", Irc),
            (b"@a=b :ada CAP LS", Irc),
            (b"GET / HTTP/1.1", Http),
            (b"POST /x HTTP/1.0", Http),
            (b"HEAD / HTTP/1.1", Http),
            (b"OPTIONS * HTTP/1.1", Http),
            (b"CONNECT example.org:443 HTTP/1.1", Http),
            (b"PRI * HTTP/2.0", Http),
            (b"get / HTTP/1.1", Http),
            (b"Post /x HTTP/1.0", Http),
            (b"\x16\x03\x01\x02\x00\x01", Tls),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2", Proxy),
            (b"PROXY TCP6 ::1 ::1 1 2", Proxy),
            (b"PROXY UNKNOWN", Proxy),
            (b"\r\n\r\n\0\r\nQUIT\n!\x11", Proxy),
            (b"SSH-2.0-OpenSSH_9.2p1 Debian-2", Ssh),
            (b"SSH-1.99-Cisco", Ssh),
        ] {
            assert_eq!(first_line(line), language, "{:?}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn people_are_people() {
        for line in [
            &b""[..],
            b" ",
            b"hello",
            b"hello, world",
            b"/nick ada",
            b"pass the salt",
            b"pass",
            b"user error",
            b"user names are hard to choose",
            b"user names are hard :)",
            b"nick is here",
            b"nick",
            b"Nick, hello",
            b"cap",
            b"cap it",
            b"cap ls is what clients say",
            b"cap list of the week",
            b"capital letters",
            b"get me a coffee",
            b"GET out of here",
            b"GET HTTP/1.1",
            b"GET this HTTP/1.1 thing",
            b"get / HTTP/server",
            b"get / HTTP/1.1 please",
            b"get out HTTP/1.1",
            b"GET a HTTP/server",
            b"authenticate",
            b"authenticate who you are",
            b"@ada hello there",
            b"@ada: nick is here",
            b":) hello",
            b":",
            b"PROXY TCP",
            b"PROXY is a word",
            b"SSH is slow today",
            b"ssh-2.0-x",
            b"NICK a\0b",
            b"\xff\xfd\x03hello",
            b"caf\xe9",
            "каждый".as_bytes(),
        ] {
            assert_eq!(first_line(line), Language::Plain, "{:?}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn a_few_bytes_tell_what_has_no_lines() {
        for (bytes, language) in [
            (&b""[..], None),
            (b"\x16", None),
            (b"\x16\x03", Some(Language::Tls)),
            (b"\xff", Some(Language::Plain)),
            (b"\r\n\r\n", None),
            (b"\r\n\r\n\0", Some(Language::Proxy)),
            (b"\r\n\r\n\0\r\nQUIT\n", Some(Language::Proxy)),
            (b"\r\n\r\nhello", None),
            (b"NICK", None),
            (b"GET / HTTP/1.1", None),
        ] {
            assert_eq!(first_bytes(bytes), language, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn more_bytes_never_change_what_was_told(
            beginning in proptest::sample::select(vec!["", "\x16\x03", "\r\n\r\n\0\r\nQUIT\n"]),
            rest in any::<Vec<u8>>(),
        ) {
            let bytes = [beginning.as_bytes(), &rest].concat();
            let mut told = None;
            for end in 0..=bytes.len() {
                let now = first_bytes(&bytes[..end]);
                prop_assert!(told.is_none() || now == told);
                told = now;
            }
            let _ = first_line(&bytes);
        }
    }
}
