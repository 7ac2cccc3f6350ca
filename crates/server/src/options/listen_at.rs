//! Where to listen, and what is spoken there: `8008`, `irc://[::]:6667`, `plain://unix:/path`,
//! `web://8080`.
//!
//! Invariant: what is shown reads back as the same. Where an address can be is the engine's
//! business; whether a server has more than one way of speaking is checked by those who run it.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;

use chat::Speaks;
use engine::Listen;

/// A place to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenAt {
    pub(crate) listen: Listen,
    /// What was said of the way of speaking there; `None`: nothing.
    pub(crate) scheme: Option<Speaks>,
}

impl ListenAt {
    const SCHEMES: [(&str, Speaks); 4] = [
        ("any", Speaks::Anything),
        ("irc", Speaks::Irc),
        ("plain", Speaks::Plain),
        ("web", Speaks::Web),
    ];

    /// What is spoken there: anything, unless something else was said.
    pub(crate) fn speaks(&self) -> Speaks {
        self.scheme.unwrap_or_default()
    }

    /// Whether both cannot be had: they are the same place. Port 0 is another one each time.
    pub(super) fn is_same_place(&self, other: &Self) -> bool {
        let port_of_all = |listen: &Listen| match listen {
            Listen::Any(port) => Some(*port),
            Listen::Inet(SocketAddr::V6(v6)) if *v6.ip() == Ipv6Addr::UNSPECIFIED => {
                Some(v6.port())
            }
            _ => None,
        };
        match (port_of_all(&self.listen), port_of_all(&other.listen), &self.listen) {
            (Some(0), _, _) => false,
            (Some(one), Some(other), _) => one == other,
            (_, _, Listen::Inet(address)) if address.port() == 0 => false,
            _ => self.listen == other.listen,
        }
    }
}

impl From<Listen> for ListenAt {
    fn from(listen: Listen) -> Self {
        Self { listen, scheme: None }
    }
}

impl FromStr for ListenAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, place) = match text.split_once("://") {
            // A path may be written with several slashes.
            Some((scheme, place)) if scheme != "unix" => {
                let known = Self::SCHEMES.into_iter().find(|(name, _)| *name == scheme);
                let (_, speaks) = known.ok_or_else(|| {
                    format!("{text:?} begins with none of irc://, plain://, web:// and any://")
                })?;
                (Some(speaks), place)
            }
            _ => (None, text),
        };
        let listen = place.parse().map_err(|error: std::io::Error| error.to_string())?;
        Ok(Self { listen, scheme })
    }
}

impl fmt::Display for ListenAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(speaks) = self.scheme {
            let known = Self::SCHEMES.into_iter().find(|(_, known)| *known == speaks);
            write!(f, "{}://", known.expect("every one has a name").0)?;
        }
        self.listen.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> ListenAt {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn what_is_spoken_stands_before_the_place() {
        for (text, speaks) in [
            ("*:8008", Speaks::Anything),
            ("any://*:8008", Speaks::Anything),
            ("irc://[::]:6667", Speaks::Irc),
            ("plain://127.0.0.1:23", Speaks::Plain),
            ("web://[::]:8080", Speaks::Web),
            ("irc://unix:/run/irc.sock", Speaks::Irc),
            ("irc://fd:3", Speaks::Irc),
            ("unix:/run/sb.sock", Speaks::Anything),
        ] {
            assert_eq!(at(text).speaks(), speaks, "{text}");
            assert_eq!(at(text).to_string(), text);
        }
        assert_eq!(at("irc://6667").listen, Listen::Any(6667));
        assert_eq!(at("unix:///run/sb.sock").listen, Listen::Unix("///run/sb.sock".into()));
    }

    #[test]
    fn what_is_no_place_says_what_would_be() {
        for (wrong, said) in [
            ("http://8008", "irc://, plain://"),
            ("IRC://8008", "irc://, plain://"),
            ("irc://", "8008, 127.0.0.1:8008"),
            ("irc://irc://8008", "8008, 127.0.0.1:8008"),
            ("nowhere", "8008, 127.0.0.1:8008"),
        ] {
            let error = wrong.parse::<ListenAt>().unwrap_err();
            assert!(error.contains(said), "{wrong}: {error}");
        }
    }

    #[test]
    fn the_same_place_is_seen_however_it_is_written() {
        for (one, other) in [
            ("8008", "irc://*:8008"),
            ("8008", "[::]:8008"),
            ("127.0.0.1:1", "plain://localhost:1"),
            ("unix:/a", "irc://unix:/a"),
        ] {
            assert!(at(one).is_same_place(&at(other)), "{one} {other}");
            assert!(at(other).is_same_place(&at(one)), "{one} {other}");
        }
        for (one, other) in [
            ("8008", "8009"),
            ("0", "0"),
            ("[::]:0", "0"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("127.0.0.1:1", "127.0.0.2:1"),
            ("127.0.0.1:1", "1"),
            ("fd:3", "fd:4"),
        ] {
            assert!(!at(one).is_same_place(&at(other)), "{one} {other}");
        }
    }
}
