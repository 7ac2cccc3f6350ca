//! What a client is told of its own person, and what those are told who watch it.
//!
//! Invariant: who watches somebody hears of each coming and going once, under the name watched, and
//! of the rest only what it asked for.

use std::sync::Arc;

use service::Key;
use wire::irc::{Line, pieces};
use wire::name::Name;

use super::capability::Capability;
use super::numeric::*;
use super::render;
use crate::event::{Applied, Event, MemberId, Refusal};
use crate::outbox::Place;
use crate::person::Person;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;
use crate::words::{Manner, Words};

impl Switchboard {
    /// `key` has changed something about itself.
    pub(super) fn tell_irc_own(&mut self, key: Key, ordered: &Ordered, applied: &Applied) {
        match (&ordered.event, applied) {
            (Event::Away { text, .. }, Applied::Away) => self.answer_irc_away(key, text.is_some()),
            (_, Applied::Marked { set, cleared }) => {
                let Ok(name) = self.state.name(key) else {
                    return;
                };
                let mut change = String::new();
                for (sign, modes) in [('+', set), ('-', cleared)] {
                    if !modes.is_empty() {
                        change.push(sign);
                        change.push_str(&modes.to_string());
                    }
                }
                if !change.is_empty() {
                    self.echo(key, ordered, |line| {
                        line.command("MODE").param(name).param(change).end();
                    });
                }
            }
            (_, Applied::Described) if self.has(key, Capability::Setname) => {
                let Ok(person) = self.state.person(key).cloned() else {
                    return;
                };
                self.echo(key, ordered, |line| render::describe(line, &person.identity));
            }
            (_, Applied::Rehosted(from)) if self.has(key, Capability::Chghost) => {
                let Ok(person) = self.state.person(key).cloned() else {
                    return;
                };
                self.echo_as(key, ordered, from, |line| render::rehost(line, &person.identity));
            }
            _ => {}
        }
    }

    /// Whether `key` is away now.
    pub(super) fn answer_irc_away(&mut self, key: Key, is_away: bool) {
        self.reply(key, |to| match is_away {
            true => {
                let line = to.numeric(RPL_NOWAWAY);
                line.trailing("You have been marked as being away").end();
            }
            false => {
                let line = to.numeric(RPL_UNAWAY);
                line.trailing("You are no longer marked as being away").end();
            }
        });
    }

    /// `key` has said something to somebody who may be away.
    pub(super) fn tell_irc_absent(&mut self, key: Key, to: MemberId, words: &Words) {
        if to == key || !matches!(words.manner, Manner::Say | Manner::Act) {
            return;
        }
        let Some((name, text)) = self.absence(to) else {
            return;
        };
        self.write_irc_away(key, &name, &text);
    }

    /// Tells `key` that the one called `name` is away.
    pub(super) fn write_irc_away(&mut self, key: Key, name: &Name, text: &str) {
        self.reply(key, |to| {
            let line = to.numeric(RPL_AWAY).param(name);
            let fits = pieces(text, line.text_bytes_left()).next().unwrap_or("");
            line.trailing(fits).end();
        });
    }

    /// The name of `member` and why it does not answer, if it is away.
    pub(crate) fn absence(&self, member: MemberId) -> Option<(Name, Arc<str>)> {
        let member = self.state.member(member)?;
        Some((member.person.name, Arc::clone(member.away()?)))
    }

    /// Those who watch the member whose event this was are told what they want to know.
    pub(crate) fn tell_watchers(&mut self, ordered: &Ordered, outcome: &Result<Applied, Refusal>) {
        let Ok(applied) = outcome else {
            return;
        };
        if self.watches.is_empty() {
            return;
        }
        let member = ordered.event.member();
        match (applied, &ordered.event) {
            (Applied::Arrived, _) => self.tell_online(ordered, member),
            (Applied::Departed(person), _) => self.tell_offline(ordered, &person.name),
            (Applied::Renamed(from), Event::Renamed { name, .. }) if from.name != *name => {
                self.tell_offline(ordered, &from.name);
                self.tell_online(ordered, member);
            }
            (Applied::Away, Event::Away { text, .. }) => {
                self.tell_extended(ordered, None, Capability::AwayNotify, |line, _| {
                    render::away(line, text.as_deref());
                });
            }
            (Applied::Described, _) => {
                self.tell_extended(ordered, None, Capability::Setname, |line, who| {
                    render::describe(line, &who.identity);
                });
            }
            (Applied::Rehosted(from), _) => {
                self.tell_extended(ordered, Some(from), Capability::Chghost, |line, who| {
                    render::rehost(line, &who.identity);
                });
            }
            _ => {}
        }
    }

    fn tell_online(&mut self, ordered: &Ordered, member: MemberId) {
        let Ok(person) = self.state.person(member).cloned() else {
            return;
        };
        for watcher in self.watches.of(&person.name) {
            self.reply_at(watcher, behind(ordered, watcher), |to| {
                to.numeric(RPL_MONONLINE).trailing(person.mask()).end();
            });
        }
    }

    fn tell_offline(&mut self, ordered: &Ordered, name: &Name) {
        for watcher in self.watches.of(name) {
            self.reply_at(watcher, behind(ordered, watcher), |to| {
                to.numeric(RPL_MONOFFLINE).trailing(name).end();
            });
        }
    }

    /// Tells those who watch the member, and asked to hear of more than comings and goings. It is at
    /// the event's own place: who hears of it in a room too has it once.
    fn tell_extended(
        &mut self,
        ordered: &Ordered,
        was: Option<&Arc<Person>>,
        capability: Capability,
        write: impl Fn(Line<'_>, &Person),
    ) {
        let member = ordered.event.member();
        let Ok(person) = self.state.person(member).cloned() else {
            return;
        };
        let from = was.unwrap_or(&person);
        for watcher in self.watches.of(&person.name) {
            let wants =
                self.has(watcher, Capability::ExtendedMonitor) && self.has(watcher, capability);
            let Some(class) = self.client(watcher).map(|client| client.class()) else {
                continue;
            };
            if wants && watcher != member {
                let scene = Arc::clone(&self.scene);
                self.mail(watcher, Place::event(ordered.seq), |out| {
                    write(render::begin(class, &scene, ordered.stamp(), from, out), &person);
                });
            }
        }
    }
}

/// Where `watcher` is told of a coming or a going: behind the event itself, which it may read in a
/// room too, in another form. One's own is yet to be told.
fn behind(ordered: &Ordered, watcher: MemberId) -> Place {
    match ordered.event.member() == watcher {
        true => Place::event(ordered.seq),
        false => Place::after(ordered.seq),
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use service::{Batch, Now, Origin, Peer, Service, Via};

    use super::*;
    use crate::{Limits, Settings};

    fn client(chat: &mut Switchboard, number: u32, name: &str, capabilities: &str) -> Key {
        let key = Key::new(number, 1);
        chat.opened(key, &Origin { peer: Peer::Unix, via: Via::Listener(0) });
        let lines = format!(
            "CAP REQ :{capabilities}\r\nNICK {name}\r\nUSER u 0 * :R\r\nCAP END\r\nJOIN #a,#b\r\n"
        );
        chat.received(key, lines.as_bytes());
        key
    }

    fn read(chat: &mut Switchboard, key: Key) -> String {
        chat.finish();
        let (mut got, mut batch) = (Vec::new(), Batch::default());
        loop {
            chat.transmit(key, &mut batch);
            if batch.is_empty() {
                return String::from_utf8(got).expect("only UTF-8 is sent");
            }
            while !batch.is_empty() {
                let mut slices = [IoSlice::new(&[])];
                batch.slices(&mut slices);
                let count = slices[0].len();
                got.extend_from_slice(&slices[0][..count]);
                batch.advance(count);
            }
        }
    }

    #[test]
    fn another_host_is_told_once_to_those_who_asked() {
        let limits = Limits::default().unthrottled();
        let mut chat = Switchboard::new(Settings { limits, ..Settings::default() });
        chat.begin(Now::default());
        let ada = client(&mut chat, 1, "ada", "chghost");
        let bob = client(&mut chat, 2, "bob", "chghost");
        let eve = client(&mut chat, 3, "eve", "batch");
        let kim = client(&mut chat, 4, "kim", "chghost extended-monitor");
        chat.received(kim, b"JOIN 0\r\nMONITOR + ada\r\n");
        for key in [ada, bob, eve, kim] {
            read(&mut chat, key);
        }
        let (host, by) = ("analytical.engine".into(), Name::parse("root").unwrap());
        chat.propose(Event::Rehosted { member: ada, host, by });
        for key in [ada, bob, kim] {
            let line = ":ada!~u@localhost CHGHOST ~u analytical.engine\r\n";
            assert_eq!(read(&mut chat, key), line);
        }
        assert_eq!(read(&mut chat, eve), "");
        chat.received(ada, b"PRIVMSG eve :hi\r\n");
        assert_eq!(read(&mut chat, eve), ":ada!~u@analytical.engine PRIVMSG eve :hi\r\n");
    }
}
