//! As what a connection counts among those of its address: as a visitor, until it comes to chat.
//!
//! Invariant: a connection from elsewhere is counted once, and what it counts as stands in its session;
//! so it is counted out as what it was counted in. Nobody who chats is refused or closed for browsers
//! that ask for pages, nor the other way round.

use service::Key;
use tracing::debug;

use crate::address::{Address, Came, TooMany};
use crate::dialect::Dialect;
use crate::limits::REFUSED_HEARD;
use crate::session::{Counted, Session, Stage};
use crate::switchboard::Switchboard;

impl Session {
    /// The address that it counts for, if it counts.
    fn counted_address(&self) -> Option<Address> {
        self.ip.map(Address::from).filter(|_| self.counted != Counted::No)
    }

    /// Whether nothing is lost if it is closed: a browser asks anew on another.
    fn is_idle(&self) -> bool {
        self.counted == Counted::Visitor
            && self.stage != Stage::Closing
            && self.held.is_none()
            && self.outbox.mail_bytes() == 0
            && matches!(&self.dialect, Dialect::Http(conversation) if conversation.is_idle())
    }
}

impl Switchboard {
    /// Counts `key` among the visitors from `address`. If it is one too many it is refused, now or when it
    /// has said what it speaks; answers whether it is heard.
    pub(crate) fn count_visitor(&mut self, key: Key, address: Address) -> bool {
        let most = self.settings.limits.address_visitors;
        let visitors = self.common.addresses().visit(address);
        if let Some(session) = self.sessions.get_mut(key) {
            session.counted = Counted::Visitor;
        }
        if visitors <= most || self.make_place(address) {
            return true;
        }
        let door = self.sessions.get_mut(key).and_then(|session| session.door.as_mut());
        match door {
            Some(door) if (visitors - most) as usize <= REFUSED_HEARD => {
                door.refusal.get_or_insert(TooMany::Visitors(most));
                true
            }
            _ => {
                self.refuse(key, TooMany::Visitors(most));
                false
            }
        }
    }

    /// Closes the visitor from `address` that has waited longest for another request. Answers whether
    /// there was one on this loop.
    fn make_place(&mut self, address: Address) -> bool {
        let is_idle = |key: &Key| self.sessions.get(*key).is_some_and(Session::is_idle);
        let idle = self.common.addresses().answered(address).find(is_idle);
        let Some(idle) = idle else {
            return false;
        };
        debug!(connection = ?idle, "closed to make place for another from its address");
        self.count_nowhere(idle);
        self.close(idle);
        true
    }

    /// `key` has said that it comes to chat, or has been silent like a person: it is counted among those
    /// that do, or refused. Answers whether it may.
    pub(crate) fn come_to_chat(&mut self, key: Key, came: Came) -> bool {
        let Some(session) = self.sessions.get_mut(key) else {
            return false;
        };
        let refusal = session.door.as_mut().and_then(|door| door.refusal.take());
        let address = session.counted_address().filter(|_| session.counted == Counted::Visitor);
        let counted = match (refusal, address) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(address)) => {
                let (now, limits) = (self.now.time, &self.settings.limits);
                let opened = self.common.addresses().open(address, key, came, now, limits);
                opened.map(|()| session.counted = Counted::Chatting)
            }
            (None, None) => Ok(()),
        };
        counted.map_err(|why| self.refuse(key, why)).is_ok()
    }

    /// `key` asks for pages. Answers whether it may.
    pub(crate) fn come_for_pages(&mut self, key: Key) -> bool {
        let door = self.sessions.get_mut(key).and_then(|session| session.door.as_mut());
        let refusal = door.and_then(|door| door.refusal.take());
        refusal.map(|why| self.refuse(key, why)).is_none()
    }

    /// `key` has turned out to ask for pages.
    pub(crate) fn count_as_visitor(&mut self, key: Key) {
        if let Some(session) = self.sessions.get_mut(key)
            && session.counted == Counted::Chatting
            && let Some(address) = session.counted_address()
        {
            session.counted = Counted::Visitor;
            self.common.addresses().give_back(address);
        }
    }

    /// The visitor `key`, if it is one that counts, has been answered.
    pub(crate) fn note_visitor_answered(&mut self, key: Key) {
        if let Some(session) = self.sessions.get(key)
            && session.counted == Counted::Visitor
            && let Some(address) = session.counted_address()
        {
            self.common.addresses().note_answered(address, key);
        }
    }

    /// The address that `key` counts for, if it counts.
    pub(crate) fn counted_address(&self, key: Key) -> Option<Address> {
        self.sessions.get(key).and_then(Session::counted_address)
    }

    /// `key` stays and does not count any more.
    pub(crate) fn count_nowhere(&mut self, key: Key) {
        if let Some(session) = self.sessions.get_mut(key) {
            let address = session.counted_address();
            let counted = std::mem::replace(&mut session.counted, Counted::No);
            self.count_out(key, counted, address);
        }
    }

    /// `key`, which is over, does not count any more.
    pub(crate) fn count_out_ended(&mut self, key: Key, session: &Session) {
        self.count_out(key, session.counted, session.counted_address());
    }

    fn count_out(&self, key: Key, counted: Counted, address: Option<Address>) {
        match (counted, address) {
            (Counted::Visitor, Some(address)) => self.common.addresses().leave(address, key),
            (Counted::Chatting, Some(address)) => self.common.addresses().close(address),
            (Counted::No, _) | (_, None) => {}
        }
    }
}
