//! What is due for a connection, and when: the earliest of several reasons.
//!
//! Invariant: the reasons follow from what the session is; none is kept beside it. The timer stands at
//! the earliest moment at which one may be due, or before: when it goes off and nothing is due yet
//! (the client has been heard of since), it moves on. So a client that says something costs the
//! timers nothing.

use service::{Key, Time};

use crate::Limits;
use crate::dialect::Dialect;
use crate::framing::Silence;
use crate::irc::{Client, Hint, Ping};
use crate::session::{Session, Stage};
use crate::switchboard::Switchboard;
use crate::timer::NEVER;
use crate::web::Ending;

/// Why something is to be done about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// Lines that had to wait may be taken.
    Held,
    /// It is silent: who speaks first is no person.
    Undecided,
    /// It was asked for the password.
    Password,
    /// It began like an IRC client and does not go on: perhaps it is a person.
    Hint,
    /// It has not said who it is.
    Registration,
    /// It has not said hello.
    Hello,
    /// A long answer may go on.
    Answer,
    /// Nothing has come for a while: is it still there?
    Ping,
    /// It is not.
    Silence,
    /// A WebSocket is silent.
    Socket(Silence),
    /// A request does not come, or its answer is not taken.
    Http,
}

impl Session {
    /// What is due next, and when.
    fn next_due(&self, limits: &Limits) -> Option<(Time, Due)> {
        if self.stage == Stage::Closing {
            return None;
        }
        let held = self.held.as_ref().map(|held| (held.until, Due::Held));
        let door = self.door.as_ref();
        let own = match &self.dialect {
            Dialect::Undecided => door.map(|door| (door.undecided_until(limits), Due::Undecided)),
            Dialect::Plain(_) => door
                .and_then(|door| door.password_until(limits))
                .map(|until| (until, Due::Password)),
            Dialect::Irc(client) => Some(client.next_due(limits)),
            Dialect::Http(conversation) => Some((conversation.until(limits), Due::Http)),
            Dialect::Web(client) => {
                client.awaited_since().map(|since| (since + limits.registration, Due::Hello))
            }
        };
        let answer = match &self.dialect {
            Dialect::Irc(client) => client.pending.as_ref().and_then(|pending| pending.until()),
            _ => None,
        };
        let answer = answer.map(|until| (until, Due::Answer));
        // Whose lines wait because they came too fast is not listened to meanwhile, and is not silent.
        let is_heard = self.held.as_ref().is_none_or(|held| held.for_reading);
        let silence = self.framing.silence(limits).filter(|_| is_heard);
        let socket = silence.map(|(time, silence)| (time, Due::Socket(silence)));
        [held, answer, own, socket].into_iter().flatten().min_by_key(|(time, _)| *time)
    }
}

impl Client {
    fn next_due(&self, limits: &Limits) -> (Time, Due) {
        match (&self.registration, self.ping) {
            (Some(registration), _) => {
                let hint = registration.since + limits.irc_hint;
                let end = registration.since + limits.registration;
                match registration.hint {
                    Hint::Due if hint < end => (hint, Due::Hint),
                    Hint::Due | Hint::Unneeded => (end, Due::Registration),
                }
            }
            (None, Ping::None) => (self.heard + limits.ping_after, Due::Ping),
            (None, Ping::Sent) => (self.heard + limits.ping_drop, Due::Silence),
        }
    }
}

impl Switchboard {
    /// Sets the timer of `key` to what is due next. To be called when something may be due earlier
    /// than before; not when it is due later.
    pub(crate) fn arm(&mut self, key: Key) {
        if let Some(session) = self.sessions.get_mut(key) {
            let due = session.next_due(&self.settings.limits);
            let time = due.map_or(NEVER, |(time, _)| time);
            self.timers.set(key, &mut session.deadline, time);
        }
    }

    /// Nothing is due for `key` any more.
    pub(crate) fn disarm(&mut self, key: Key) {
        if let Some(session) = self.sessions.get_mut(key) {
            self.timers.set(key, &mut session.deadline, NEVER);
        }
    }

    /// The timer of `key` has gone off.
    pub(crate) fn due(&mut self, key: Key) {
        let due =
            self.sessions.get(key).and_then(|session| session.next_due(&self.settings.limits));
        if let Some((time, due)) = due
            && time <= self.now.time
        {
            self.do_due(key, due);
        }
        self.arm(key);
    }

    fn do_due(&mut self, key: Key, due: Due) {
        let limits = &self.settings.limits;
        match due {
            Due::Held => self.take_held(key),
            Due::Undecided => self.tire(key),
            Due::Password => {
                let seconds = limits.registration.as_secs();
                let text = format!("No password came in {seconds} s. You are not let in.");
                self.close_saying(key, text);
            }
            Due::Hint => self.hint(key),
            Due::Registration => {
                let seconds = limits.registration.as_secs();
                self.close_saying(key, format_args!("Registration timed out: {seconds} s"));
            }
            Due::Socket(silence) => self.meet_silence(key, silence),
            Due::Http => self.tire_of_request(key),
            Due::Hello => {
                let seconds = limits.registration.as_secs();
                let text = format!("No hello came in {seconds} s.");
                self.note_ending(key, Ending::NotWelcome);
                self.close_saying(key, text);
            }
            Due::Answer => self.look_at_answers(key),
            Due::Ping => self.ask_for_sign_of_life(key),
            Due::Silence => {
                let seconds = limits.ping_drop.as_secs();
                self.leave(key, &format!("Ping timeout: {seconds} seconds"));
            }
        }
    }
}
