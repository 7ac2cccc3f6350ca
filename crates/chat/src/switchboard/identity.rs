//! What stands behind the name of somebody who does not say it: the way in, and where it comes from.
//!
//! Invariant: nobody but server operators, and oneself, sees an address.

use std::sync::Arc;

use service::Key;

use super::Switchboard;
use crate::person::Identity;

impl Switchboard {
    /// What stands behind the name of `key`, who types lines.
    pub(crate) fn identity_by_lines(&self, key: Key) -> Arc<Identity> {
        self.identity_like(key, &self.local)
    }

    /// The same of who has come by a browser, or a client like one.
    pub(crate) fn identity_on_the_web(&self, key: Key) -> Arc<Identity> {
        self.identity_like(key, &self.local_web)
    }

    /// What `local` is on this machine, from where `key` is.
    fn identity_like(&self, key: Key, local: &Arc<Identity>) -> Arc<Identity> {
        let ip = self.sessions.get(key).and_then(|session| session.ip);
        match ip {
            None => Arc::clone(local),
            Some(_) => {
                let host = self.host_of(key);
                Arc::new(Identity { host, ip, ..Identity::clone(local) })
            }
        }
    }

    /// Where `key` comes from, as others may see it.
    pub(crate) fn host_of(&self, key: Key) -> Box<str> {
        self.cloaks.host(self.sessions.get(key).and_then(|session| session.ip))
    }

    /// The address of `of`, if it is `asker`'s to see: one's own, and for server operators
    /// everybody's. `localhost` for who is on this machine.
    pub(crate) fn shown_address(&self, asker: Key, of: Key) -> Option<String> {
        if asker != of && !self.state.is_operator(asker) {
            return None;
        }
        let ip = self.state.person(of).ok()?.identity.ip;
        Some(ip.map_or("localhost".to_owned(), |ip| ip.to_string()))
    }
}
