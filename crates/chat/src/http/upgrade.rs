//! From a request to a WebSocket, and the dialect that is spoken on it.
//!
//! Invariant: a page of another site gets none, unless the operator has named that site: browsers send
//! whoever looks at a page wherever that page wants, and say which page it is (RFC 6455 section 10.2).

use service::Key;
use tracing::info;
use wire::http::{Origin, Request};
use wire::websocket;

use super::answer::Answer;
use crate::address::{Address, Came, TooMany};
use crate::dialect::Dialect;
use crate::framing::Envelope;
use crate::irc::{Client, Hint};
use crate::outbox::Place;
use crate::session::Session;
use crate::switchboard::Switchboard;
use crate::web;

/// What may be spoken on a WebSocket, by its name in Sec-WebSocket-Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subprotocol {
    /// IRC, a line to a message (IRCv3 `websocket`).
    Irc(Envelope),
    /// JSON, an object to a message (`docs/web-protocol.md`).
    Web,
}

impl Subprotocol {
    const ALL: [(&str, Self); 3] = [
        (web::PROTOCOL, Self::Web),
        ("text.ircv3.net", Self::Irc(Envelope::Text)),
        ("binary.ircv3.net", Self::Irc(Envelope::Binary)),
    ];
}

impl Switchboard {
    /// `/ws`: the connection becomes a WebSocket.
    pub(super) fn answer_upgrade(&mut self, key: Key, request: &Request<'_>) -> Answer {
        let accept = match websocket::handshake(request) {
            Ok(accept) => accept,
            Err(refusal) => {
                if let Some(why) = self.would_be_too_many(key, request) {
                    return self.answer_of_too_many(why);
                }
                let answer = Answer::text(refusal.status(), format_args!("{}.", refusal.text()));
                let fields = refusal.fields().iter();
                return fields.fold(answer, |answer, (name, value)| answer.field(name, *value));
            }
        };
        if let Origin::Other(origin) = request.origin()
            && !self.settings.web_origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
        {
            return Answer::text(
                403,
                "Pages of other sites may not connect. (An operator can allow it: --web-origin.)",
            );
        }
        let names = Subprotocol::ALL.map(|(name, _)| name);
        let name = accept.first_of(&names);
        let known = Subprotocol::ALL.into_iter().find(|(known, _)| Some(*known) == name);
        let Some((name, subprotocol)) = known else {
            let names = names.join(", ");
            let text = format_args!("Offer one of these as Sec-WebSocket-Protocol: {names}.");
            return Answer::text(400, text);
        };
        // From here on it counts as somebody who comes to chat, and so may be one too many.
        if !self.come_by_page(key, request) {
            return Answer::given();
        }
        self.stats.requests += 1;
        info!(connection = ?key, subprotocol = name, "WebSocket");
        let place = Place::after(self.trunk.last_seq());
        self.mail(key, place, |out| accept.write_head(name, out));
        match subprotocol {
            Subprotocol::Irc(envelope) => self.speak_irc_in(key, envelope),
            Subprotocol::Web => self.speak_web(key),
        }
        Answer::given()
    }

    /// Lets `key`, which has asked for a WebSocket, come in to chat, or refuses it; answers whether it
    /// may. Who has been banned since it connected may not.
    fn come_by_page(&mut self, key: Key, request: &Request<'_>) -> bool {
        let admitted = match self.brought_by_proxy(key, request) {
            Some(ip) => {
                self.count_nowhere(key);
                self.is_brought(key, ip)
            }
            None => match self.counted_address(key).and(self.sessions.get(key)) {
                Some(&Session { ip: Some(ip), .. }) => self.is_not_banned(key, ip),
                _ => true,
            },
        };
        admitted && self.come_to_chat(key, Came::ByPage)
    }

    /// Why `key` would be one too many if it came to chat, if it would: a page whose WebSocket was
    /// refused is not told why by its browser, and asks for it like this.
    fn would_be_too_many(&self, key: Key, request: &Request<'_>) -> Option<TooMany> {
        let counted = self.counted_address(key);
        let brought = self.brought_by_proxy(key, request).filter(|ip| !ip.is_loopback());
        let address = brought.map(Address::from).or(counted)?;
        self.common.addresses().refusal(address, self.now.time, &self.settings.limits)
    }

    fn speak_web(&mut self, key: Key) {
        let now = self.now.time;
        if let Some(session) = self.sessions.get_mut(key) {
            session.dialect = Dialect::Web(Box::new(web::Client::new(now)));
        }
        self.begin_frames(key, Envelope::Text);
    }

    fn speak_irc_in(&mut self, key: Key, envelope: Envelope) {
        let now = self.now.time;
        if let Some(session) = self.sessions.get_mut(key) {
            let mut client = Client::new(now, None);
            if let Some(registration) = &mut client.registration {
                // Nobody types this by mistake.
                registration.hint = Hint::Unneeded;
            }
            session.dialect = Dialect::Irc(Box::new(client));
        }
        self.begin_frames(key, envelope);
    }
}
