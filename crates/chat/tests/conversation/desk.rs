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

/// The same host for each of several loops: each has the answers to what it asked; the first, the
/// others.
pub(crate) fn branches(host: &Arc<dyn Host>, count: usize) -> Vec<Arc<dyn Host>> {
    let waiting = Arc::new(Mutex::new(Vec::new()));
    let branch = |number: usize| -> Arc<dyn Host> {
        let (host, waiting) = (Arc::clone(host), Arc::clone(&waiting));
        Arc::new(Branch { host, waiting, number: number as u64, count: count as u64 })
    };
    (0..count).map(branch).collect()
}

#[derive(Debug)]
struct Branch {
    host: Arc<dyn Host>,
    waiting: Arc<Mutex<Vec<Answer>>>,
    number: u64,
    count: u64,
}

impl Branch {
    fn own(&self, ticket: Ticket) -> Ticket {
        Ticket(ticket.0 * self.count + self.number)
    }

    fn is_own(&self, answer: &mut Answer) -> bool {
        match answer {
            Answer::Verified { ticket, .. } | Answer::Reread { ticket: Some(ticket), .. } => {
                ticket.0 % self.count == self.number
            }
            Answer::BansKept(_) | Answer::Reread { ticket: None, .. } => self.number == 0,
        }
    }
}

impl Host for Branch {
    fn verify(&self, ticket: Ticket, password: String, hash: String) {
        self.host.verify(self.own(ticket), password, hash);
    }

    fn keep_bans(&self, bans: Vec<Ban>) {
        self.host.keep_bans(bans);
    }

    fn reread(&self, ticket: Ticket) {
        self.host.reread(self.own(ticket));
    }

    fn answers(&self) -> Vec<Answer> {
        let mut waiting = self.waiting.lock().unwrap();
        waiting.extend(self.host.answers());
        let mut own: Vec<Answer> = waiting.extract_if(.., |answer| self.is_own(answer)).collect();
        for answer in &mut own {
            if let Answer::Verified { ticket, .. } | Answer::Reread { ticket: Some(ticket), .. } =
                answer
            {
                ticket.0 /= self.count;
            }
        }
        own
    }
}

/// `settings` with an operator called `root`, whose password is `tea`, and a desk.
pub(crate) fn with_operator(settings: Settings) -> (Settings, Arc<Desk>) {
    let desk = Arc::new(Desk::default());
    let root = Operator { name: "root".into(), hash: "hash of tea".into() };
    let host = Arc::clone(&desk) as Arc<dyn Host>;
    (Settings { operators: vec![root], host, ..settings }, desk)
}
