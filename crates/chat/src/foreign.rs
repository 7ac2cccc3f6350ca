//! What speaks first and is no person: recognised, answered in its own words, and closed, rather
//! than read out to a room (a browser's cookies, for one).

/// The answer to a protocol that this server does not speak, if that is what `line` begins.
pub(crate) fn answer(line: &[u8]) -> Option<String> {
    const HOW: &str = "This is a chat for people: join it with nc, ncat or telnet.";
    if is_tls(line) {
        return Some(format!("No TLS here. {HOW}\n"));
    }
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    match words[..] {
        [_, _, version] if version.starts_with(b"HTTP/1.") => {
            let body = format!("{HOW}\n");
            Some(format!(
                "HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            ))
        }
        _ => None,
    }
}

/// Whether `line` is what an IRC client says first.
pub(crate) fn is_irc(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let is = |word: &[u8], other: &str| word.eq_ignore_ascii_case(other.as_bytes());
    match words[..] {
        [cap, verb, ..] if is(cap, "CAP") => {
            ["LS", "REQ", "END", "LIST"].iter().any(|v| is(verb, v))
        }
        [one, _] => ["NICK", "PASS", "AUTHENTICATE"].iter().any(|command| is(one, command)),
        [user, _, _, _, ..] => is(user, "USER"),
        _ => false,
    }
}

/// Whether `bytes` begin a TLS handshake record.
pub(crate) fn is_tls(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x16, 0x03])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_told_apart_from_people() {
        for machine in [&b"\x16\x03\x01\x02\x00\x01"[..], b"GET / HTTP/1.1", b"POST /x HTTP/1.0"] {
            assert!(answer(machine).is_some(), "{machine:?}");
        }
        for person in [&b"hello"[..], b"", b"GET out of here", b"/nick ada", b"USER error"] {
            assert_eq!(answer(person), None, "{person:?}");
        }
    }
}
