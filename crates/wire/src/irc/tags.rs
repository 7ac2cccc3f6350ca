//! The tags of a message (IRCv3 message-tags).
//!
//! Invariant: nothing is looked at before it is asked for, and no tag makes a message invalid. A
//! tag without a name (`;;`, `=x`) is none. An empty value and a missing one are the same.

use std::borrow::Cow;

use crate::bytes;

/// The section of tags of a message, as it stood on the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tags<'a> {
    /// Without the `@` and the space behind.
    raw: &'a str,
}

impl<'a> Tags<'a> {
    /// `raw` has no space, CR, LF or NUL.
    pub(super) fn from_raw(raw: &'a str) -> Self {
        Self { raw }
    }

    /// All tags in their order with their values, unescaped. One that is there twice counts as the
    /// last: see [`Tags::get`].
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        self.escaped().map(|(key, value)| (key, unescaped(value)))
    }

    /// The value of the last tag with this key, unescaped. Keys are case-sensitive.
    pub fn get(self, key: &str) -> Option<Cow<'a, str>> {
        if self.raw.is_empty() {
            return None;
        }
        let mut backwards = self.raw.rsplit(';').filter_map(key_and_value);
        backwards.find(|&(found, _)| found == key).map(|(_, value)| unescaped(value))
    }

    /// The tags that a client addresses to other clients, whose keys begin with `+`, in their order
    /// and with their values still escaped: ready to be passed on as they are.
    pub fn client_only(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.escaped().filter(|(key, _)| key.starts_with('+'))
    }

    /// Whether there is no tag.
    pub fn is_empty(self) -> bool {
        self.escaped().next().is_none()
    }

    /// The length of the section in bytes, without its `@` and the space behind: what the
    /// specification calls tag data.
    pub fn len_bytes(self) -> usize {
        self.raw.len()
    }

    /// The section as it stood on the line, without its `@` and the space behind.
    pub fn as_raw(self) -> &'a str {
        self.raw
    }

    fn escaped(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.raw.split(';').filter_map(key_and_value)
    }
}

fn key_and_value(tag: &str) -> Option<(&str, &str)> {
    let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
    (!key.is_empty()).then_some((key, value))
}

/// A value without its escapes. A backslash before any other character goes, and so does one at
/// the end.
fn unescaped(value: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', value.as_bytes()) else {
        return Cow::Borrowed(value);
    };
    let mut plain = String::with_capacity(value.len());
    plain.push_str(&value[..first]);
    let mut rest = value[first..].chars();
    while let Some(c) = rest.next() {
        let meant = match c {
            '\\' => match rest.next() {
                Some(':') => ';',
                Some('s') => ' ',
                Some('r') => '\r',
                Some('n') => '\n',
                Some(other) => other,
                None => break,
            },
            c => c,
        };
        plain.push(meant);
    }
    Cow::Owned(plain)
}

/// Appends `value` with its escapes. A NUL, for which there is none, becomes a space.
pub(super) fn escape(value: &str, out: &mut Vec<u8>) {
    // Nearly always, and before every line that a client is sent.
    let is_special = |byte: u8| {
        (byte == b';')
            | (byte == b' ')
            | (byte == 0)
            | (byte == b'\\')
            | (byte == b'\r')
            | (byte == b'\n')
    };
    if !bytes::any(value.as_bytes(), is_special) {
        return out.extend_from_slice(value.as_bytes());
    }
    for &byte in value.as_bytes() {
        match byte {
            b';' => out.extend_from_slice(b"\\:"),
            b' ' | 0 => out.extend_from_slice(b"\\s"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\n' => out.extend_from_slice(b"\\n"),
            byte => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(raw: &str) -> Vec<(&str, String)> {
        Tags { raw }.iter().map(|(key, value)| (key, value.into_owned())).collect()
    }

    #[test]
    fn keys_and_values_come_apart() {
        assert_eq!(
            all("id=123AB;rose;e=;x=a=b;ex.com/é=ü"),
            [("id", "123AB"), ("rose", ""), ("e", ""), ("x", "a=b"), ("ex.com/é", "ü")]
                .map(|(key, value)| (key, value.to_owned()))
        );
        assert_eq!(all(""), []);
        assert_eq!(all(";;=x;"), []);
        assert!(Tags::default().is_empty() && Tags { raw: ";" }.is_empty());
        assert!(!Tags { raw: "a" }.is_empty());
    }

    #[test]
    fn the_last_of_two_tags_counts() {
        let tags = Tags { raw: "a=1;b=2;a=3;A=4" };
        assert_eq!(tags.get("a").as_deref(), Some("3"));
        assert_eq!(tags.get("A").as_deref(), Some("4"));
        assert_eq!(tags.get("c"), None);
        assert_eq!(tags.get(""), None);
    }

    #[test]
    fn values_lose_their_escapes_as_specified() {
        for (raw, value) in [
            (r"a\\b", r"a\b"),
            (r"a\:\s\r\n", "a; \r\n"),
            (r"test\", "test"),
            (r"\b", "b"),
            (r"\\\", r"\"),
            (r"\é\\:", r"é\:"),
        ] {
            assert_eq!(unescaped(raw), value, "{raw:?}");
        }
        assert!(matches!(unescaped("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_for_other_clients_is_passed_on_as_it_came() {
        let tags = Tags { raw: r"label=1;+typing=active;+ex.com/a=b\sc;msgid=9;+react" };
        assert_eq!(
            tags.client_only().collect::<Vec<_>>(),
            [("+typing", "active"), ("+ex.com/a", r"b\sc"), ("+react", "")]
        );
    }

    proptest! {
        #[test]
        fn escaping_is_undone(value in any::<String>()) {
            let value = value.replace('\0', "");
            let mut raw = Vec::new();
            escape(&value, &mut raw);
            let raw = String::from_utf8(raw).expect("escapes are ASCII");
            prop_assert!(!raw.contains(['\r', '\n', '\0', ';', ' ']));
            prop_assert_eq!(unescaped(&raw), value);
        }

        #[test]
        fn any_section_can_be_walked(raw in r"[+ab=;\\:snr]{0,40}") {
            let tags = Tags { raw: &raw };
            for (key, _) in tags.iter() {
                let last = tags.iter().filter(|tag| tag.0 == key).last().map(|tag| tag.1);
                prop_assert_eq!(tags.get(key), last);
            }
            prop_assert!(tags.client_only().count() <= tags.iter().count());
        }
    }
}
