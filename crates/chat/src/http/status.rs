//! `/status`: how the server does, for its operator.
//!
//! Invariant: who may not see it cannot tell that it is there.

use std::net::{Ipv4Addr, Ipv6Addr};

use service::Key;
use wire::http::Request;

use super::answer::Answer;
use super::forwarded::{Forwarding, address};
use crate::Status;
use crate::switchboard::Switchboard;

/// Where somebody asks from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    ThisMachine,
    Elsewhere,
}

/// What a proxy adds that hands a request on.
const HANDED_ON: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];

impl Switchboard {
    /// The operator's page.
    pub(super) fn answer_status_page(&mut self, key: Key, request: &Request<'_>) -> Answer {
        let page = match self.may_see_status(key, request) {
            true => self.answer_with_file_of_now(request),
            false => None,
        };
        page.unwrap_or_else(Answer::nothing)
    }

    /// Its figures.
    pub(super) fn answer_status(&mut self, key: Key, request: &Request<'_>) -> Answer {
        match self.may_see_status(key, request) {
            true => Answer::page(200, "application/json", self.status()),
            false => Answer::nothing(),
        }
    }

    fn may_see_status(&self, key: Key, request: &Request<'_>) -> bool {
        match self.settings.status {
            Status::Anyone => true,
            Status::Off => false,
            Status::Loopback => {
                self.asks_from(key, request) == From::ThisMachine && cannot_be_led(request.host())
            }
        }
    }

    /// Where `key` asks from. What a proxy hands on comes from where the proxy says, if that is trusted;
    /// if not, nobody knows.
    fn asks_from(&self, key: Key, request: &Request<'_>) -> From {
        let is_handed_on = HANDED_ON.iter().any(|name| request.header(name).is_some());
        let is_here = match self.forwarding(key) {
            _ if !is_handed_on => {
                let ip = self.sessions.get(key).and_then(|session| session.ip);
                ip.is_none_or(|ip| ip.is_loopback())
            }
            // Each that has handed it on is on this machine, and so is who has asked.
            Forwarding::Believed => {
                let mut elements = request.list("x-forwarded-for").map(address).peekable();
                elements.peek().is_some()
                    && elements.all(|ip| ip.is_some_and(|ip| ip.is_loopback()))
            }
            Forwarding::Ignored => false,
        };
        if is_here { From::ThisMachine } else { From::Elsewhere }
    }
}

/// Whether `host` is a name that nobody else can have lead here. Any page on the web may have a name
/// of its own lead to 127.0.0.1, and read what it gets there as its own (DNS rebinding).
fn cannot_be_led(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    };
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_address = match bracketed {
        Some(name) => name.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    };
    port.bytes().all(|byte| byte.is_ascii_digit())
        && (is_address || name.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_somebody_else_may_have_is_not_taken_for_this_machine() {
        for host in
            ["localhost", "LOCALHOST:8008", "127.0.0.1:8008", "192.0.2.7", "[::1]", "[::1]:8"]
        {
            assert!(cannot_be_led(host), "{host}");
        }
        for host in [
            "",
            "chat.example",
            "chat.example:8008",
            "localhost.example",
            "127.0.0.1.example:80",
            "localhost:8008.example",
            "::1",
            "[::1",
            "[x]:80",
            ":8008",
        ] {
            assert!(!cannot_be_led(host), "{host}");
        }
    }
}
