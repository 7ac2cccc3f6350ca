//! A program around the chat, for tests: it answers when the transcript says `-- host answers`.

use std::sync::{Arc, Mutex};

use chat::{Answer, Ban, Host, Operator, Settings, Ticket};

/// What it was asked, and what it will answer.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    answers: Mutex<Vec<Answer>>,
    pub(crate) kept: Mutex<Vec<Ban>>,
    /// What is read when the configuration is read again.
    pub(crate) configuration: Mutex<Option<Result<Box<Settings>, Vec<String>>>>,
}

impl Desk {
    pub(crate) fn answer(&self, answer: Answer) {
        self.answers.lock().unwrap().push(answer);
    }
}

impl Host for Desk {
    fn verify(&self, ticket: Ticket, password: String, hash: String) {
        self.answer(Answer::Verified { ticket, right: hash == format!("hash of {password}") });
    }

    fn keep_bans(&self, bans: Vec<Ban>) {
        let full = bans.iter().any(|ban| ban.reason == "disk full");
        *self.kept.lock().unwrap() = bans;
        self.answer(Answer::BansKept(if full { Err("no space left".into()) } else { Ok(()) }));
    }

    fn reread(&self, ticket: Ticket) {
        let settings = self.configuration.lock().unwrap().take();
        let settings = settings.unwrap_or_else(|| Err(vec!["line 3: no such key".into()]));
        self.answer(Answer::Reread { ticket: Some(ticket), settings });
    }

    fn answers(&self) -> Vec<Answer> {
        std::mem::take(&mut *self.answers.lock().unwrap())
    }
}

/// `settings` with an operator called `root`, whose password is `tea`, and a desk.
pub(crate) fn with_operator(settings: Settings) -> (Settings, Arc<Desk>) {
    let desk = Arc::new(Desk::default());
    let root = Operator { name: "root".into(), hash: "hash of tea".into() };
    let host = Arc::clone(&desk) as Arc<dyn Host>;
    (Settings { operators: vec![root], host, ..settings }, desk)
}
