//! How a connection ends: by its own wish, by a refusal, by being too slow, with the server.
//!
//! Invariant: whoever is ended is told why, in its own dialect, behind all that it is owed; its member
//! has departed before, so that the others hear of it.

use std::fmt;
use std::sync::Arc;

use service::Key;
use tracing::info;
use wire::text;

use crate::Speaks;
use crate::address::TooMany;
use crate::dialect::Dialect;
use crate::event::{Event, MemberId};
use crate::framing::Farewell;
use crate::outbox::Place;
use crate::session::{Hears, Session, Stage};
use crate::switchboard::{Ask, Phase, Switchboard};
use crate::web::{Ending, Message};

/// Why somebody is put out whom this loop serves.
#[derive(Clone, Debug)]
pub(crate) enum Wherefore {
    /// It has let too much lie.
    Slow,
    /// It is told so.
    Banned(Arc<str>),
}

impl Switchboard {
    /// A connection leaves: everyone hears of it, it gets what it is owed, and is closed.
    pub(crate) fn leave(&mut self, key: Key, reason: &str) {
        self.depart(key, reason);
        let dialect = self.sessions.get(key).map(|session| &session.dialect);
        if let Some(Dialect::Irc(_) | Dialect::Web(_)) = dialect {
            self.say_goodbye(key, Farewell::Normal, reason);
        }
        self.close(key);
    }

    /// A member leaves all rooms and gives its name back, if `key` is one.
    pub(crate) fn depart(&mut self, key: Key, reason: &str) {
        if self.state.name(key).is_ok() {
            self.propose(Event::Departed { member: key, reason: reason.into(), put_out: None });
        }
    }

    /// `key` is put out as soon as all that the present event leads to has been done: not before, for
    /// that it leaves is an event too.
    pub(crate) fn put_out_later(&mut self, key: Key, wherefore: Wherefore) {
        if !self.to_put_out.iter().any(|(other, _)| *other == key) {
            self.to_put_out.push((key, wherefore));
        }
    }

    /// Puts out the next who is to be put out. Answers whether there was one.
    pub(crate) fn put_out_next(&mut self) -> bool {
        let Some((key, wherefore)) = self.to_put_out.pop() else {
            return false;
        };
        let is_here = |session: &Session| session.stage != Stage::Closing;
        if self.sessions.get(key).is_some_and(is_here) {
            match wherefore {
                Wherefore::Slow => self.close_slow(key),
                Wherefore::Banned(words) => self.refuse_banned(key, &words),
            }
        }
        true
    }

    /// A reader that has let too much lie: it gets a last line instead of all that.
    pub(crate) fn close_slow(&mut self, key: Key) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        session.outbox.clear();
        self.stats.slow_closed += 1;
        info!(connection = ?key, "closing a slow reader");
        self.depart(key, "Connection too slow");
        self.note_ending(key, Ending::Slow);
        let why = "You are disconnected: your connection was too slow.";
        self.say_goodbye(key, Farewell::Refused, why);
        self.close(key);
    }

    /// Closes `key`, once it has been told why and has got all that it is owed. Who does not speak
    /// IRC may be a person, who gets it cleaned: operators write reasons too.
    pub(crate) fn close_saying(&mut self, key: Key, why: impl fmt::Display) {
        match self.sessions.get(key).map(|session| &session.dialect) {
            Some(Dialect::Irc(_) | Dialect::Web(_)) => {
                self.say_goodbye(key, Farewell::Refused, why);
            }
            Some(Dialect::Http(_)) => return self.refuse_to_answer(key, &why.to_string()),
            Some(Dialect::Plain(_)) => {
                self.tell(key, |to| to.line(text::clean(&why.to_string())));
            }
            Some(Dialect::Undecided) if self.is_pinned_plain(key) => {
                self.tell(key, |to| to.line(text::clean(&why.to_string())));
            }
            // Whoever it is can read this.
            Some(Dialect::Undecided) => {
                self.say_goodbye(key, Farewell::Refused, text::clean(&why.to_string()));
            }
            None => {}
        }
        self.close(key);
    }

    /// Closes `key`, which may not come in, with the reason.
    pub(crate) fn refuse_saying(&mut self, key: Key, why: &str) {
        self.stats.refused += 1;
        info!(connection = ?key, %why, "refused");
        self.close_saying(key, why);
    }

    /// Closes `key`, which is one too many. A browser is told when to try again, and does.
    pub(crate) fn refuse(&mut self, key: Key, why: TooMany) {
        let words = why.words(&self.settings.limits);
        match self.sessions.get(key).map(|session| &session.dialect) {
            Some(Dialect::Http(_)) => {
                self.stats.refused += 1;
                info!(connection = ?key, why = %words, "refused");
                let answer = self.answer_of_too_many(why).and_close();
                self.answer_http(key, None, answer);
            }
            _ => self.refuse_saying(key, &words),
        }
    }

    /// Notes that `key` was refused: who is too often is, for a while, not looked at any more.
    pub(crate) fn note_refusal(&mut self, key: Key) {
        if let Some(ip) = self.sessions.get(key).and_then(|session| session.ip) {
            let mut addresses = self.common.addresses();
            addresses.refuse(ip.into(), self.now.time, &self.settings.limits);
        }
    }

    /// The server ends, with all its loops: `by` has said so, if anybody.
    pub(crate) fn end(&mut self, by: MemberId) {
        if let Ok(name) = self.state.name(by) {
            self.tell_operators(None, &format!("*** {name} ends this server"));
        }
        if self.phase == Phase::Running {
            self.phase = Phase::Ending;
            self.requests.push_back((Key::new(0, 0), Ask::Stop));
        }
    }

    /// The last word to `key`.
    pub(crate) fn say_goodbye(&mut self, key: Key, farewell: Farewell, why: impl fmt::Display) {
        match self.sessions.get(key).map(|session| &session.dialect) {
            Some(Dialect::Irc(_)) => {
                let host = self.host_of(key);
                let place = Place::after(self.trunk.last_seq());
                self.mail(key, place, |out| {
                    let line = wire::irc::Line::new(out).command("ERROR");
                    line.trailing(format_args!("Closing Link: {host} ({why})")).end();
                });
                self.end_frames(key, farewell, &why);
            }
            Some(Dialect::Web(client)) => {
                let (code, why) = (client.ending(), why.to_string());
                self.send_web(key, &Message::Closing { code, text: text::clean(&why) });
                self.end_frames(key, farewell, &why);
            }
            Some(Dialect::Plain(_)) => self.tell(key, |to| to.line(format_args!("*** {why}"))),
            Some(Dialect::Undecided) => self.tell(key, |to| to.line(format_args!("ERROR :{why}"))),
            Some(Dialect::Http(_)) | None => {}
        }
    }

    /// Whether `key` came in where nothing but lines for people is spoken.
    fn is_pinned_plain(&self, key: Key) -> bool {
        let hears = self.sessions.get(key).map(|session| session.hears);
        hears == Some(Hears::First(Speaks::Plain))
    }

    pub(crate) fn close(&mut self, key: Key) {
        self.disarm(key);
        if let Some(session) = self.sessions.get_mut(key)
            && session.stage != Stage::Closing
        {
            session.stage = Stage::Closing;
            session.held = None;
            self.common.close();
            self.requests.push_back((key, Ask::Close));
        }
    }
}
