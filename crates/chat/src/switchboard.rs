//! The service: connections in, rooms behind.

use service::{Batch, Key, Mailboxes, Origin, Reason, Request, Service};

use crate::{Settings, Stats};

/// The chat server as a service.
#[derive(Debug)]
pub struct Switchboard {
    settings: Settings,
    mail: Mailboxes,
    stats: Stats,
}

impl Switchboard {
    /// A chat server with nobody in it.
    pub fn new(settings: Settings) -> Self {
        Self { settings, mail: Mailboxes::default(), stats: Stats::default() }
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Counters, for logs and metrics.
    pub fn stats(&self) -> Stats {
        Stats { connections: self.mail.len(), ..self.stats }
    }
}

impl Service for Switchboard {
    fn opened(&mut self, key: Key, _origin: &Origin) {
        self.mail.open(key);
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        let others: Vec<Key> = self.mail.keys().filter(|&other| other != key).collect();
        for other in others {
            self.mail.send(other, bytes);
        }
    }

    fn ended(&mut self, key: Key) {
        self.mail.close(key);
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        self.mail.transmit(key, batch);
    }

    fn closed(&mut self, key: Key, _reason: Reason) {
        self.mail.remove(key);
    }

    fn request(&mut self) -> Option<Request> {
        self.mail.request()
    }
}
