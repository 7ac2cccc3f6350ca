//! What the chat asks of the program around it: what takes a file, or longer than a turn may.
//!
//! Invariant: no call here waits. What is asked for is answered later: the program keeps the answer
//! and wakes the engine, and the chat takes it in [`Service::woken`](service::Service::woken).

use std::fmt;

use crate::{Ban, Settings, Vitals};

/// The program around the chat. All calls come back at once.
pub trait Host: fmt::Debug + Send + Sync {
    /// Finds out whether `password` is the one that `hash` (a PHC string, argon2) was made from.
    /// Answer: [`Answer::Verified`].
    fn verify(&self, ticket: Ticket, password: String, hash: String);

    /// Keeps the server's bans, all of them, so that they outlive it. Answer: [`Answer::BansKept`].
    fn keep_bans(&self, bans: Vec<Ban>);

    /// Reads the configuration again. Answer: [`Answer::Reread`].
    fn reread(&self, ticket: Ticket);

    /// The answers since the last call, in any order.
    fn answers(&self) -> Vec<Answer>;

    /// What the program knows of itself at this moment, for the status page. Asked as often as somebody
    /// looks at that.
    fn vitals(&self) -> Vitals {
        Vitals::default()
    }
}

/// Names one question, so that its answer finds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// What a [`Host`] found out.
#[derive(Debug)]
pub enum Answer {
    /// Whether the password was right.
    Verified {
        /// The question.
        ticket: Ticket,
        /// `true`: it was.
        right: bool,
    },
    /// Whether the bans are kept now. An error says what to do, in one line.
    BansKept(Result<(), String>),
    /// The configuration was read again.
    Reread {
        /// The question; `None` if nobody in the chat asked (a signal did).
        ticket: Option<Ticket>,
        /// The settings as they would be after a restart, or one line for each thing wrong with
        /// them. The chat takes over what can change while it runs, and says what cannot.
        settings: Result<Box<Settings>, Vec<String>>,
    },
}

/// A host that has nothing: no password is right, nothing outlives the process, there is no
/// configuration.
#[derive(Debug, Default)]
pub struct NoHost(std::sync::Mutex<Vec<Answer>>);

impl NoHost {
    fn answer(&self, answer: Answer) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(answer);
    }
}

impl Host for NoHost {
    fn verify(&self, ticket: Ticket, _password: String, _hash: String) {
        self.answer(Answer::Verified { ticket, right: false });
    }

    fn keep_bans(&self, _bans: Vec<Ban>) {
        self.answer(Answer::BansKept(Err("there is no place to keep bans: they end with the \
                                          server"
            .into())));
    }

    fn reread(&self, ticket: Ticket) {
        let settings = Err(vec!["there is no configuration to read".into()]);
        self.answer(Answer::Reread { ticket: Some(ticket), settings });
    }

    fn answers(&self) -> Vec<Answer> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
