//! Which names look like which.
//!
//! Invariant: what the skeletons of two names say depends on nothing but how the names look; names
//! of ASCII and others have comparable ones. Names of ASCII get theirs without a look into tables.
//!
//! This is about mistaking one person for another, not about identity: that is `==` on
//! [`Name`], and a name must pass both.

use super::{Name, wide};

/// What a name looks like: two names with the same could be taken for each other (UTS #39 section
/// 4). In small letters; so `==` names that are typed in other cases may have different skeletons
/// where a capital looks like another letter.
///
/// ```
/// use wire::name::Name;
///
/// let skeleton = |name: &str| Name::parse(name).unwrap().skeleton();
/// assert_eq!(skeleton("Alice"), skeleton("AIice"));
/// assert_eq!(skeleton("ace"), skeleton("асе"), "the second is Cyrillic");
/// assert_ne!(skeleton("ada"), skeleton("ida"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Skeleton(Box<str>);

impl Skeleton {
    pub(super) fn of(name: &Name) -> Self {
        Self(looks(name.as_str()).into())
    }

    /// The skeleton as a text. It is not for people to read.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names that people would take for the server itself or for services of other chat networks, to
/// whom they send passwords. In lower case.
const RESERVED: [&str; 17] = [
    "admin",
    "administrator",
    "botserv",
    "chanserv",
    "global",
    "histserv",
    "hostserv",
    "memoserv",
    "nickserv",
    "operator",
    "operserv",
    "root",
    "server",
    "services",
    "switchboard",
    "system",
    "you",
];

/// Whether `name` is one that nobody may take, or looks like one in some case of letters.
pub(super) fn is_reserved(name: &str) -> bool {
    let looks = at_a_glance(&looks(name));
    RESERVED.iter().any(|reserved| at_a_glance(reserved) == looks) || is_guest(&looks)
}

/// Whether this is what guests are called, or might be: a number, with or without something
/// between.
fn is_guest(looks: &str) -> bool {
    let Some(rest) = looks.strip_prefix("guest") else {
        return false;
    };
    let number = rest.strip_prefix(['-', '_']).unwrap_or(rest);
    // What looks like 0 and 1 counts as that.
    number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'o' | b'i'))
}

/// What somebody sees who does not look twice. That is too strict for names among each other, where
/// Kai and Kal may both be.
fn at_a_glance(looks: &str) -> String {
    looks.replace('l', "i").replace("rn", "m")
}

/// The letters of a skeleton.
fn looks(name: &str) -> String {
    if !name.is_ascii() {
        return wide::looks(name);
    }
    // The part of UTS #39's table that is about ASCII, but for what `wide::looks` leaves out.
    let look = |c: char| match c {
        '0' => 'o',
        '1' | 'I' | '|' => 'l',
        '`' => '\'',
        c => c.to_ascii_lowercase(),
    };
    name.chars().map(look).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Charset, NotAName};
    use super::*;
    use proptest::prelude::*;

    fn skeleton(name: &str) -> Skeleton {
        Name::parse(name).unwrap().skeleton()
    }

    #[test]
    fn lookalikes_have_one_skeleton() {
        for (one, other) in [
            ("ada", "ADA"),
            ("Alice", "AIice"),
            ("bob", "b0b"),
            ("x1", "xl"),
            ("x|", "xI"),
            ("ace", "асе"),
            ("oxo", "охо"),
            ("OX", "ΟΧ"),
            ("вера", "ве\u{440}а"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        for (one, other) in
            [("ada", "ida"), ("kai", "kal"), ("modern", "modem"), ("cafe", "café"), ("x1", "x7")]
        {
            assert_ne!(skeleton(one), skeleton(other), "{one} {other}");
        }
    }

    #[test]
    fn ascii_needs_no_tables_to_look_as_the_tables_say() {
        for c in ' '..='~' {
            let name = format!("a{c}b");
            if Name::parse(&name).is_ok() {
                assert_eq!(looks(&name), wide::looks(&name), "{c:?}");
            }
        }
    }

    #[test]
    fn nobody_is_called_like_the_server_its_services_or_a_guest() {
        for bad in [
            "NickServ",
            "NlCKSERV",
            "N1ckServ",
            "adrnin",
            "ADMlN",
            "adminlstrator",
            "r00t",
            "RO0T",
            "g1oba1",
            "уоu",
            "guest-7",
            "Guest7",
            "GUEST_7",
            "guest",
            "guest-",
            "guest-l",
            "guest-1O",
        ] {
            let refused = Name::chosen_from(bad, 32, Charset::Unicode).unwrap_err();
            let mixed = bad == "уоu";
            let why = if mixed { NotAName::MixedScripts } else { NotAName::Reserved };
            assert_eq!(refused, why, "{bad:?}");
            assert!(mixed || Name::parse(bad).is_ok(), "one may be spoken of: {bad:?}");
        }
        for good in ["guest-ada", "guests", "guest-7x", "guest7-", "myguest-7", "admins", "rooty"] {
            assert!(Name::chosen(good, 32).is_ok(), "{good:?}");
        }
        for number in [0, 1, 1234, u64::MAX] {
            assert!(is_reserved(Name::guest(number).as_str()));
        }
    }

    proptest! {
        #[test]
        fn guests_are_told_apart(one in any::<u64>(), other in any::<u64>()) {
            prop_assume!(one != other);
            prop_assert_ne!(Name::guest(one).skeleton(), Name::guest(other).skeleton());
        }
    }
}
