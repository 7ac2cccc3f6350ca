//! Who a connection is to others: the name that it takes, and what stands behind that: the way in, and
//! where it comes from.
//!
//! Invariant: names are taken no faster than the limit on that, in whatever dialect; and nobody but
//! server operators, and oneself, sees an address.

use std::sync::Arc;
use std::time::Duration;

use service::Key;
use wire::name::Name;

use super::Switchboard;
use crate::event::Event;
use crate::person::Identity;
use crate::plain::phrases::{Quoted, Seconds};

/// Why somebody keeps the name that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The other one will not do.
    Unfit,
    /// It has had too many in a short time.
    TooSoon,
}

impl Switchboard {
    /// `key` takes the name `wanted`, if it may have it; else answers why not, and that in a sentence
    /// for people.
    pub(crate) fn take_wanted_name(
        &mut self,
        key: Key,
        wanted: &str,
    ) -> Result<(), (Kept, String)> {
        let name = self.settings.name(wanted).map_err(|why| {
            let (wanted, own) = (Quoted(wanted), self.name_of(key));
            (Kept::Unfit, format!("{wanted} will not do: {why}. You are still {own}."))
        })?;
        self.take_name(key, name).map_err(|wait| {
            let (wait, own) = (Seconds(wait), self.name_of(key));
            let sentence = format!(
                "That is too many names in so short a time. You are still {own}. Try again in {wait}."
            );
            (Kept::TooSoon, sentence)
        })
    }

    /// `key` takes another name; unless it has had too many in a short time: then answers how long it
    /// has to wait.
    pub(crate) fn take_name(&mut self, key: Key, name: Name) -> Result<(), Duration> {
        let (now, rate) = (self.now.time, self.settings.limits.name_changes);
        if let Some(session) = self.sessions.get_mut(key) {
            let opens = session.names.opens(rate);
            if opens > now {
                return Err(opens.since(now));
            }
            session.names.pass(rate, now, 1);
            self.propose(Event::Renamed { member: key, name });
        }
        Ok(())
    }

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
