//! What was asked of the program around the chat, and what its answers lead to.
//!
//! Invariant: a question is answered to who asked it, if that is still there. Who waits for an answer
//! keeps its place: what it sent meanwhile is taken after it, in its order.

use std::sync::Arc;

use service::Key;
use tracing::{info, warn};

use crate::event::Event;
use crate::exchange::Bounds;
use crate::host::{Answer, Ticket};
use crate::irc::numeric::*;
use crate::session::{Hears, Input};
use crate::settings::{Settings, Taken};
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;

/// What waits for an answer. A connection that asked for its password to be compared is not obeyed
/// until it has its answer; how many readings of the configuration wait, the host bounds.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    asked: u64,
    open: Vec<(Ticket, Question)>,
}

#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) key: Key,
    /// Of the command, if its response waits for the answer.
    pub(crate) label: Option<Box<str>>,
    pub(crate) about: About,
}

#[derive(Debug)]
pub(crate) enum About {
    /// Whether a password is the operator's; `None`: there is no operator of that name.
    Operator(Option<Arc<str>>),
    Configuration,
}

impl Questions {
    pub(crate) fn ask(&mut self, question: Question) -> Ticket {
        self.asked += 1;
        let ticket = Ticket(self.asked);
        self.open.push((ticket, question));
        ticket
    }

    fn take(&mut self, ticket: Ticket) -> Option<Question> {
        let at = self.open.iter().position(|(open, _)| *open == ticket)?;
        Some(self.open.swap_remove(at).1)
    }
}

impl Switchboard {
    /// What `key` sends from here on waits for an answer. Answers the label of the command being
    /// obeyed, whose response waits too.
    pub(crate) fn wait_for_answer(&mut self, key: Key) -> Option<Box<str>> {
        if let Some(session) = self.sessions.get_mut(key) {
            session.hears = Hears::Nothing;
        }
        self.response.take().map(|response| response.into_label())
    }

    /// The answer has come: `key` is heard again.
    fn hear_again(&mut self, key: Key) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        session.hears = Hears::Lines;
        let (holds, input) = (session.held.is_some(), session.input);
        if holds {
            self.take_held(key);
            self.arm(key);
        } else if input == Input::Ended {
            self.wind_up(key);
        }
    }

    /// The program has answers.
    pub(crate) fn take_answers(&mut self) {
        for answer in Arc::clone(&self.settings.host).answers() {
            match answer {
                Answer::Verified { ticket, right } => {
                    if let Some(question) = self.questions.take(ticket) {
                        self.take_verdict(question, right);
                    }
                }
                Answer::BansKept(Ok(())) => {}
                Answer::BansKept(Err(why)) => {
                    warn!(%why, "bans are not kept");
                    let text = format!("*** The bans are in force, but they are not kept: {why}");
                    self.report(None, &text);
                }
                Answer::Reread { ticket, settings } => {
                    let asker = ticket.and_then(|ticket| self.questions.take(ticket));
                    self.take_settings(asker.map(|question| question.key), settings);
                }
            }
        }
    }

    fn take_verdict(&mut self, question: Question, right: bool) {
        let Question { key, label, about } = question;
        // Perhaps it has been put out meanwhile.
        if self.state.person(key).is_err() {
            return;
        }
        if let Some(label) = label {
            self.begin_response(key, &label);
        }
        match about {
            About::Operator(Some(operator)) if right => {
                self.propose(Event::Opered { member: key, operator: Some(operator) });
            }
            About::Operator(_) => {
                warn!(connection = ?key, "wrong operator name or password");
                self.note_refusal(key);
                self.reply(key, |to| {
                    to.numeric(ERR_PASSWDMISMATCH).trailing("Password incorrect").end();
                });
            }
            About::Configuration => {}
        }
        self.end_response();
        self.hear_again(key);
    }

    /// `key` is a server operator now, as `operator`.
    pub(crate) fn tell_opered(&mut self, key: Key, operator: &str) {
        if self.sessions.get(key).is_some() {
            info!(connection = ?key, %operator, "is a server operator");
        }
        self.reply(key, |to| {
            let me = to.me;
            to.server("MODE").param(me).param("+o").end();
            to.numeric(RPL_YOUREOPER).trailing("You are now an IRC operator").end();
        });
        let text = format!("*** {} is a server operator now", self.name_of(key));
        self.tell_operators(Some(key), &text);
    }

    /// The configuration was read again, because `asker` or a signal said so. All of it counts, or
    /// nothing.
    fn take_settings(&mut self, asker: Option<Key>, settings: Result<Box<Settings>, Vec<String>>) {
        match settings {
            Ok(settings) => {
                let settings = Arc::new(settings.cleaned());
                self.propose(Event::Configured { asker, settings });
            }
            Err(problems) => {
                let first = "*** The configuration was not taken over:".to_owned();
                let others = problems.into_iter().map(|problem| format!("*** {problem}"));
                for line in std::iter::once(first).chain(others) {
                    info!("{line}");
                    match asker {
                        Some(key) => self.notify(key, &line),
                        None => self.report(None, &line),
                    }
                }
            }
        }
    }

    /// The configuration was read again, and counts from here on.
    pub(crate) fn go_by(&mut self, ordered: &Ordered, taken: &Taken) {
        self.settings = Arc::clone(self.state.settings());
        self.trunk.set_bounds(Bounds::of(&self.settings.limits));
        let mut lines = vec![match &taken.changed[..] {
            [] => "*** The configuration was read again: nothing is changed".to_owned(),
            changed => format!("*** Changed, from now on: {}", changed.join(", ")),
        }];
        if !taken.after_restart.is_empty() {
            lines.push(format!("*** Needs a restart: {}", taken.after_restart.join(", ")));
        }
        for line in lines {
            if ordered.by == self.trunk.number() {
                info!("{line}");
            }
            match ordered.event {
                Event::Configured { asker: Some(key), .. } => self.notify(key, &line),
                _ => self.tell_operators(None, &line),
            }
        }
    }

    /// Tells all server operators but one, whichever loop they are with.
    pub(crate) fn report(&mut self, but: Option<Key>, text: &str) {
        self.propose(Event::Reported { but, text: text.into() });
    }

    /// Tells those server operators whom this loop serves, all but one.
    pub(crate) fn tell_operators(&mut self, but: Option<Key>, text: &str) {
        if self.state.counts().operators == 0 {
            return;
        }
        let is_meant = |key: &Key| Some(*key) != but && self.state.is_operator(*key);
        let operators: Vec<Key> =
            self.sessions.iter().map(|(key, _)| key).filter(is_meant).collect();
        for key in operators {
            self.notify(key, text);
        }
    }
}
