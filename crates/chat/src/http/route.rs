//! Who answers what is asked for: one table, and the files of the page.
//!
//! Invariant: what is in no row and no file is not found; and nothing here is changed by being asked
//! for, so there is no other method than GET and HEAD.

use service::Key;
use wire::http::{Method, Request};

use super::answer::Answer;
use crate::switchboard::Switchboard;

/// One row: a path, and who answers.
struct Route {
    path: &'static str,
    covers: Covers,
    answer: fn(&mut Switchboard, Key, &Request<'_>) -> Answer,
}

/// Which paths a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covers {
    Itself,
    /// Also what stands below it, behind a slash.
    Below,
}

const ROUTES: &[Route] = &[
    Route { path: "/healthz", covers: Covers::Itself, answer: Switchboard::answer_healthz },
    Route { path: "/ws", covers: Covers::Itself, answer: Switchboard::answer_upgrade },
    Route { path: "/read", covers: Covers::Below, answer: Switchboard::answer_read },
    Route { path: "/status", covers: Covers::Itself, answer: Switchboard::answer_status_page },
    Route { path: "/status.json", covers: Covers::Itself, answer: Switchboard::answer_status },
];

impl Route {
    fn is_for(&self, path: &str) -> bool {
        match (path.strip_prefix(self.path), self.covers) {
            (Some(""), _) => true,
            (Some(rest), Covers::Below) => rest.starts_with('/'),
            _ => false,
        }
    }
}

impl Switchboard {
    /// The answer to a request of `key` that has no body.
    pub(super) fn route(&mut self, key: Key, request: &Request<'_>) -> Answer {
        if request.method() == Method::Other {
            let text = "Only GET and HEAD are known here.";
            return Answer::text(405, text).field("Allow", "GET, HEAD");
        }
        if let Some(route) = ROUTES.iter().find(|route| route.is_for(request.path())) {
            return (route.answer)(self, key, request);
        }
        if let Some(answer) = self.answer_with_file(request) {
            return answer;
        }
        match request.path() {
            "/" => self.answer_without_page(),
            _ => Answer::nothing(),
        }
    }

    /// For whoever watches whether the server runs.
    fn answer_healthz(&mut self, _: Key, _: &Request<'_>) -> Answer {
        Answer::text(200, "ok")
    }

    /// The way to the chat, where there is no page.
    fn answer_without_page(&self) -> Answer {
        let name = &self.settings.name;
        Answer::text(
            200,
            format_args!(
                "{name} is a chat. There is no web page here; join from a terminal with\n\n    nc \
                 HOST PORT\n\nor with an IRC client, without TLS: the same host and port as in your \
                 address bar. What was said last is at /read."
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_for_its_path_and_some_for_what_is_below() {
        let is_for = |path: &str, covers| {
            Route { path: "/read", covers, answer: Switchboard::answer_healthz }.is_for(path)
        };
        for (path, itself, below) in [
            ("/read", true, true),
            ("/read/", false, true),
            ("/read/#tea", false, true),
            ("/ready", false, false),
            ("/rea", false, false),
            ("/", false, false),
        ] {
            assert_eq!(is_for(path, Covers::Itself), itself, "{path}");
            assert_eq!(is_for(path, Covers::Below), below, "{path}");
        }
    }
}
