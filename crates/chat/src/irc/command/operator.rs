//! OPER, KILL, WALLOPS, CHGHOST, REHASH and DIE: what server operators do.
//!
//! That the others may not is for the table to say.

use std::sync::Arc;

use service::Key;
use tracing::info;
use wire::irc::{Message, pieces};
use wire::name::Name;

use crate::dialect::Dialect;
use crate::event::{Event, PutOut};
use crate::irc::numeric::*;
use crate::outbox::Place;
use crate::person::Person;
use crate::person::modes::UserMode;
use crate::questions::{About, Question};
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;
use crate::web::Ending;

/// The longest host, in bytes: as of names in the name system.
const HOST_BYTES: usize = 63;

/// `OPER name password`. Comparing passwords takes long, on purpose: the program does it beside the
/// loop, and what this client sends next waits.
pub(in crate::irc) fn oper(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let (now, rate) = (chat.now.time, chat.settings.limits.operator_tries);
    let Some(any) = chat.settings.operators.first().cloned() else {
        return chat.reply(key, |to| {
            to.numeric(ERR_NOOPERHOST).trailing("There are no operators here").end();
        });
    };
    let Some(client) = chat.client_mut(key) else {
        return;
    };
    if client.operator_tries.opens(rate) > now {
        return chat.reply(key, |to| {
            let line = to.numeric(RPL_TRYAGAIN).param("OPER");
            line.trailing("Please wait a while and try again.").end();
        });
    }
    client.operator_tries.pass(rate, now, 1);
    let (name, password) = (message.param(0).unwrap_or(""), message.param(1).unwrap_or(""));
    let known = chat.settings.operators.iter().find(|operator| operator.name == name).cloned();
    // Whether there is an operator of that name is not to be told from how long it takes.
    let hash = known.as_ref().unwrap_or(&any).hash.clone();
    let about = About::Operator(known.map(|operator| Arc::from(operator.name)));
    let label = chat.wait_for_answer(key);
    let ticket = chat.questions.ask(Question { key, label, about });
    chat.settings.host.verify(ticket, password.into(), hash);
}

/// `KILL name [:reason]`: puts somebody out, who may come back.
pub(in crate::irc) fn kill(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.param(0).unwrap_or("");
    if *wanted == *chat.scene.server {
        return chat.reply(key, |to| {
            to.numeric(ERR_CANTKILLSERVER).trailing("You can't kill a server!").end();
        });
    }
    let victim = Name::parse(wanted).ok().and_then(|name| chat.state.find(&name));
    let (Some(victim), Ok(by)) = (victim, chat.state.person(key).cloned()) else {
        return chat.refuse_no_person(key, wanted);
    };
    let most = chat.settings.limits.reason_bytes;
    let reason = message.param(1).and_then(|reason| pieces(reason, most).next());
    let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or("No reason given").to_owned();
    info!(connection = ?victim, by = %by.name, %reason, "killed");
    let text = format!("Killed ({} ({reason}))", by.name).into();
    let put_out = Some(Arc::new(PutOut::Killed { by, reason: reason.into() }));
    chat.propose(Event::Departed { member: victim, reason: text, put_out });
}

/// `WALLOPS :text`: to all who want to hear of the server.
pub(in crate::irc) fn wallops(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    chat.propose(Event::Wallops { member: key, text: message.param(0).unwrap_or("").into() });
}

/// `CHGHOST name host`: where somebody is seen to come from.
pub(in crate::irc) fn chghost(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let (wanted, host) = (message.param(0).unwrap_or(""), message.param(1).unwrap_or(""));
    let target = Name::parse(wanted).ok().and_then(|name| chat.state.find(&name));
    let Some(target) = target else {
        return chat.refuse_no_person(key, wanted);
    };
    let may_be = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':');
    if host.len() > HOST_BYTES || host.starts_with(':') || !host.chars().all(may_be) {
        let text = "A host has letters, digits, dots and dashes, and at most 63. Nothing was done.";
        return chat.reply(key, |to| to.fail("CHGHOST", "INVALID_HOST", &[wanted], text));
    }
    let Ok(by) = chat.state.name(key) else {
        return;
    };
    chat.propose(Event::Rehosted { member: target, host: host.into(), by });
}

/// `REHASH`: the configuration is read again. What comes of it is told in a notice.
pub(in crate::irc) fn rehash(chat: &mut Switchboard, key: Key, _message: &Message<'_>) {
    chat.reply(key, |to| {
        to.numeric(RPL_REHASHING).param("configuration").trailing("Rehashing").end();
    });
    let question = Question { key, label: None, about: About::Configuration };
    let ticket = chat.questions.ask(question);
    chat.settings.host.reread(ticket);
}

/// `DIE`: the server says goodbye to everybody, and ends.
pub(in crate::irc) fn die(chat: &mut Switchboard, key: Key, _message: &Message<'_>) {
    info!(connection = ?key, by = %chat.name_of(key), "told to end");
    chat.propose(Event::Ended { member: Some(key) });
}

/// What follows for those whom this loop serves.
impl Switchboard {
    /// `victim` has been put out, and its member has departed.
    pub(crate) fn tell_put_out(&mut self, victim: Key, name: Name, put_out: &PutOut) {
        let PutOut::Killed { by, reason } = put_out else {
            self.note_ending(victim, Ending::ResumedElsewhere);
            let text = "You are connected elsewhere now: this connection is closed.";
            return self.close_saying(victim, text);
        };
        self.note_ending(victim, Ending::PutOut);
        let text = format!("*** {} has put out {name}: {reason}", by.name);
        self.tell_operators(Some(victim), &text);
        if let Some(Dialect::Irc(_)) = self.sessions.get(victim).map(|session| &session.dialect) {
            let mask = by.mask().to_string();
            let place = Place::after(self.trunk.last_seq());
            self.mail(victim, place, |out| {
                let line = wire::irc::Line::new(out).source(&mask).command("KILL");
                line.param(name).trailing(reason).end();
            });
            self.close_saying(victim, format_args!("Killed ({} ({reason}))", by.name));
        } else {
            let text = format_args!("{}, who runs this server, has put you out: {reason}", by.name);
            self.close_saying(victim, text);
        }
    }

    /// The member whose event it is has been given a host by a server operator.
    pub(crate) fn tell_rehosted(&mut self, ordered: &Ordered, host: &str, by: &Name) {
        let member = ordered.event.member();
        if ordered.by == self.trunk.number() {
            info!(connection = ?member, %by, %host, "seen to come from elsewhere");
        }
        let name = self.name_of(member);
        self.tell_operators(None, &format!("*** {by} has given {name} the host {host}"));
    }

    /// `by` has said something to all who want to hear of the server.
    pub(crate) fn tell_wallops(&mut self, by: &Person, text: &str) {
        let mask = by.mask().to_string();
        let wants = |reader: &Key| {
            let modes = self.state.modes(*reader);
            modes.has(UserMode::Wallops) || modes.has(UserMode::Operator)
        };
        let readers: Vec<Key> = self.sessions.iter().map(|(key, _)| key).filter(wants).collect();
        for reader in readers {
            self.reply(reader, |to| {
                let line = wire::irc::Line::new(to.out).source(&mask).command("WALLOPS");
                line.trailing(text).end();
            });
        }
    }
}
