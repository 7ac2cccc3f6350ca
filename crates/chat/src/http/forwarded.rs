//! Whom a proxy brings: `X-Forwarded-For`.
//!
//! Invariant: an address in a header counts only if everybody that has handed it on is a trusted proxy:
//! read from the right, it is the first that is none. Whoever stands further left may have made up the
//! rest.

use std::net::{IpAddr, SocketAddr};

use service::Key;
use wire::http::Request;

use super::answer::Answer;
use crate::Network;
use crate::bans::Told;
use crate::dialect::Dialect;
use crate::switchboard::Switchboard;

/// Whether the peer's word on whom it brings is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwarding {
    /// It is a trusted proxy.
    Believed,
    Ignored,
}

/// The address in `elements`, which proxies have appended to each other's, of whom `trusted` ones
/// bring.
fn forwarded_for<'a>(
    elements: impl IntoIterator<Item = &'a str>,
    trusted: &[Network],
) -> Option<IpAddr> {
    let elements: Vec<&str> = elements.into_iter().collect();
    for element in elements.into_iter().rev() {
        let ip = address(element)?;
        if !trusted.iter().any(|network| network.contains(ip)) {
            return Some(ip);
        }
    }
    None
}

/// The address that an element is: some proxies write a port behind it.
pub(super) fn address(element: &str) -> Option<IpAddr> {
    let bare = element.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(element);
    let ip = bare.parse().ok();
    let ip = ip.or_else(|| element.parse::<SocketAddr>().ok().map(|address| address.ip()));
    ip.map(|ip: IpAddr| ip.to_canonical())
}

impl Switchboard {
    /// Who has asked, if a trusted proxy says so.
    pub(super) fn brought_by_proxy(&self, key: Key, request: &Request<'_>) -> Option<IpAddr> {
        match self.forwarding(key) {
            Forwarding::Believed => {
                forwarded_for(request.list("x-forwarded-for"), &self.settings.trusted_proxies)
            }
            Forwarding::Ignored => None,
        }
    }

    /// Whether the word of `key` on whom it brings is taken.
    pub(super) fn forwarding(&self, key: Key) -> Forwarding {
        match self.sessions.get(key).map(|session| &session.dialect) {
            Some(Dialect::Http(conversation)) => conversation.forwarding,
            _ => Forwarding::Ignored,
        }
    }

    /// What somebody is told who is banned, and has come through a proxy; others have been told when
    /// they came.
    pub(super) fn refusal_of_whom_a_proxy_brings(
        &self,
        key: Key,
        request: &Request<'_>,
    ) -> Option<Answer> {
        let ip = self.brought_by_proxy(key, request)?;
        let ban = self.state.bans.of_address(ip, self.now.unix_ms)?;
        Some(Answer::text(403, Told(ban)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rightmost_that_is_no_trusted_proxy_counts() {
        let trusted: Vec<Network> =
            ["192.0.2.0/24", "2001:db8::/32"].map(|text| text.parse().unwrap()).into();
        for (list, ip) in [
            (&["198.51.100.7"][..], Some("198.51.100.7")),
            (&["203.0.113.9", "198.51.100.7"], Some("198.51.100.7")),
            (&["198.51.100.7", "192.0.2.1", "2001:db8::1"], Some("198.51.100.7")),
            (&["198.51.100.7:4000"], Some("198.51.100.7")),
            (&["[2001:dead::7]:4000"], Some("2001:dead::7")),
            (&["[2001:dead::7]"], Some("2001:dead::7")),
            (&["::ffff:198.51.100.7"], Some("198.51.100.7")),
            (&["198.51.100.7", "unknown"], None),
            (&["192.0.2.1"], None),
            (&[], None),
        ] {
            let found = forwarded_for(list.iter().copied(), &trusted);
            assert_eq!(found, ip.map(|ip| ip.parse().unwrap()), "{list:?}");
        }
    }
}
