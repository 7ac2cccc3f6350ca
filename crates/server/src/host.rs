//! What the chat asks of the program around it: passwords compared, bans kept, the configuration
//! read again. One thread does it, one thing after the other, while the loop goes on.
//!
//! Invariant: asking never waits; what waits is bounded; every question has one answer, and the
//! engine is woken for it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use chat::{Answer, Ban, Host, Ticket, Vitals};
use tracing::{error, warn};

use crate::configuration::Configuration;
use crate::data::Data;
use crate::password;
use crate::vitals::Program;

/// Passwords that wait to be compared, at most: with hashes as `hash-password` makes them, under a
/// second of work. Met: one more counts as wrong at once, and the log says so.
const PASSWORDS: usize = 16;

/// Operators' wishes to have the configuration read that wait, at most. Met: one more is told to
/// try again.
const REREADINGS: usize = 4;

/// How long the end of the server waits for bans to be kept: as long as for its connections. Met:
/// the log says that they may not be.
const END_LIMIT: Duration = Duration::from_secs(2);

/// Where questions wait; clones are the same.
#[derive(Clone)]
pub(crate) struct Questions(Arc<Shared>);

/// The asking side of one loop's chat.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    questions: Questions,
    number: usize,
}

struct Shared {
    state: Mutex<State>,
    /// Told when there is something to do, and when the thread has ended.
    changed: Condvar,
    /// Has the chat of a loop asked for its answers, by its number.
    wakes: Vec<Wake>,
    program: Program,
}

/// Starts a turn of a loop's engine.
pub(crate) type Wake = Box<dyn Fn() + Send + Sync>;

struct State {
    waiting: VecDeque<Job>,
    /// By the number of the loop that asked.
    answers: Vec<Vec<Answer>>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Running,
    /// Bans are still kept; nobody waits for anything else.
    Stopping,
    Ended,
}

enum Job {
    Verify {
        by: usize,
        ticket: Ticket,
        password: String,
        hash: String,
    },
    /// The newest stand for all that waited before them.
    KeepBans {
        bans: Vec<Ban>,
        /// The loops that asked, each as often as it did.
        by: Vec<usize>,
    },
    Reread {
        by: usize,
        /// `None`: a signal asked.
        ticket: Option<Ticket>,
    },
}

/// What the thread works with.
pub(crate) struct Tools {
    /// `None`: there is no place to keep anything.
    pub(crate) data: Option<Data>,
    pub(crate) configuration: Configuration,
}

impl Questions {
    /// For as many loops as can be woken.
    pub(crate) fn new(wakes: Vec<Wake>, program: Program) -> Self {
        let answers = wakes.iter().map(|_| Vec::new()).collect();
        let state = State { waiting: VecDeque::new(), answers, phase: Phase::Running };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), wakes, program }))
    }

    /// The asking side of the loop with this number.
    pub(crate) fn asker(&self, number: usize) -> Asker {
        Asker { questions: self.clone(), number }
    }

    /// Has the configuration read again, because a signal said so. One that waits already is
    /// enough; the first loop has the answer, and sees to it that the others go by it.
    pub(crate) fn reread_for_signal(&self) {
        let mut state = self.0.lock();
        if !state.waiting.iter().any(|job| matches!(job, Job::Reread { ticket: None, .. })) {
            state.waiting.push_back(Job::Reread { by: 0, ticket: None });
            self.0.changed.notify_all();
        }
    }

    fn ask(&self, mut state: MutexGuard<'_, State>, job: Job) {
        state.waiting.push_back(job);
        drop(state);
        self.0.changed.notify_all();
    }
}

impl Host for Asker {
    fn verify(&self, ticket: Ticket, password: String, hash: String) {
        let state = self.questions.0.lock();
        if state.count(|job| matches!(job, Job::Verify { .. })) >= PASSWORDS {
            warn!("{PASSWORDS} passwords wait to be compared: one more counts as wrong");
            return self.answer(state, Answer::Verified { ticket, right: false });
        }
        self.questions.ask(state, Job::Verify { by: self.number, ticket, password, hash });
    }

    fn keep_bans(&self, newest: Vec<Ban>) {
        let mut state = self.questions.0.lock();
        for job in &mut state.waiting {
            if let Job::KeepBans { bans, by } = job {
                *bans = newest;
                by.push(self.number);
                return;
            }
        }
        self.questions.ask(state, Job::KeepBans { bans: newest, by: vec![self.number] });
    }

    fn reread(&self, ticket: Ticket) {
        let state = self.questions.0.lock();
        let ticket = Some(ticket);
        if state.count(|job| matches!(job, Job::Reread { ticket: Some(_), .. })) >= REREADINGS {
            let problem = "the configuration is being read already; try again in a moment";
            return self
                .answer(state, Answer::Reread { ticket, settings: Err(vec![problem.into()]) });
        }
        self.questions.ask(state, Job::Reread { by: self.number, ticket });
    }

    fn answers(&self) -> Vec<Answer> {
        std::mem::take(&mut self.questions.0.lock().answers[self.number])
    }

    fn vitals(&self) -> Vitals {
        self.questions.0.program.vitals()
    }
}

impl Asker {
    /// Answers without asking.
    fn answer(&self, mut state: MutexGuard<'_, State>, answer: Answer) {
        state.answers[self.number].push(answer);
        drop(state);
        (self.questions.0.wakes[self.number])();
    }
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What waits has passwords in it.
        let waiting = self.0.lock().waiting.len();
        f.debug_struct("Questions").field("waiting", &waiting).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing to do, once there is one; `None` when nothing more is to be done.
    fn next(&self) -> Option<Job> {
        let is_idle = |state: &mut State| state.phase == Phase::Running && state.waiting.is_empty();
        let waited = self.changed.wait_while(self.lock(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.phase == Phase::Stopping {
            state.waiting.retain(|job| matches!(job, Job::KeepBans { .. }));
        }
        state.waiting.pop_front()
    }

    /// Puts each answer where the loop finds it that asked.
    fn answer(&self, answers: Vec<(usize, Answer)>) {
        for (by, answer) in answers {
            self.lock().answers[by].push(answer);
            (self.wakes[by])();
        }
    }
}

impl State {
    fn count(&self, is_it: impl Fn(&Job) -> bool) -> usize {
        self.waiting.iter().filter(|job| is_it(job)).count()
    }
}

impl Tools {
    /// Does what is asked, until nothing more is to be done.
    fn work(&mut self, shared: &Shared) {
        while let Some(job) = shared.next() {
            shared.answer(self.carry_out(job));
        }
    }

    /// The answers, each with the loop that it is for.
    fn carry_out(&mut self, job: Job) -> Vec<(usize, Answer)> {
        match job {
            Job::Verify { by, ticket, password, hash } => {
                let right = password::is_right(&password, &hash).unwrap_or_else(|error| {
                    error!(%error, "a password could not be compared: it counts as wrong");
                    false
                });
                vec![(by, Answer::Verified { ticket, right })]
            }
            Job::KeepBans { bans, by } => {
                let kept = self.keep(&bans);
                by.into_iter().map(|by| (by, Answer::BansKept(kept.clone()))).collect()
            }
            Job::Reread { by, ticket } => {
                let settings = self.configuration.reread().map(Box::new);
                vec![(by, Answer::Reread { ticket, settings })]
            }
        }
    }

    fn keep(&self, bans: &[Ban]) -> Result<(), String> {
        let Some(data) = &self.data else {
            return Err("bans end with the server: start it with --data DIR to keep them".into());
        };
        data.keep_bans(bans).map_err(|error| {
            error!(%error, "bans could not be kept");
            format!("{error}: without that, the bans end with the server")
        })
    }
}

/// The thread that works; it ends with this value.
pub(crate) struct Worker {
    shared: Arc<Shared>,
}

impl Worker {
    /// Starts the thread.
    pub(crate) fn start(questions: &Questions, mut tools: Tools) -> std::io::Result<Self> {
        let shared = Arc::clone(&questions.0);
        let worker = Self { shared: Arc::clone(&shared) };
        thread::Builder::new().name("host".into()).spawn(move || {
            tools.work(&shared);
            // The directory is let go before anybody is told.
            drop(tools);
            shared.lock().phase = Phase::Ended;
            shared.changed.notify_all();
        })?;
        Ok(worker)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.phase == Phase::Running {
            state.phase = Phase::Stopping;
        }
        self.shared.changed.notify_all();
        let goes_on = |state: &mut State| state.phase != Phase::Ended;
        let waited = self.shared.changed.wait_timeout_while(state, END_LIMIT, goes_on);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.phase != Phase::Ended {
            warn!("what was asked last takes too long: new bans may not be kept");
        }
        // Settings among them hold on to these questions.
        state.answers.iter_mut().for_each(Vec::clear);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use chat::Matches;

    use super::*;
    use crate::chat_settings::{Running, assemble};
    use crate::options::{CommandName, Given};

    /// Questions, what would work on them, and how often the engine was woken.
    struct Bench {
        questions: Asker,
        woken: Arc<AtomicUsize>,
        tools: Tools,
    }

    impl Bench {
        /// With these arguments.
        fn new(arguments: &[&str], data: Option<Data>) -> Self {
            let woken = Arc::new(AtomicUsize::new(0));
            let wake = || {
                let ours = Arc::clone(&woken);
                let wake: Wake = Box::new(move || {
                    ours.fetch_add(1, Ordering::Relaxed);
                });
                wake
            };
            let questions = Questions::new(vec![wake()], program()).asker(0);
            let matches = crate::arguments::matches(CommandName::Chat, arguments);
            let given = Given::new(CommandName::Chat, matches, std::iter::empty());
            let host = Arc::new(questions.clone());
            let running = Running { seed: 7, cloak_key: [7; 32], host };
            let loaded = given.load().unwrap();
            let settings = assemble(&loaded, running.clone()).unwrap();
            let configuration = Configuration::new(given, running, &loaded, &settings);
            Self { questions, woken, tools: Tools { data, configuration } }
        }

        /// Carries out what waits, and answers all answers.
        fn work(&mut self) -> Vec<Answer> {
            loop {
                let Some(job) = self.questions.shared().lock().waiting.pop_front() else { break };
                self.questions.shared().answer(self.tools.carry_out(job));
            }
            self.questions.answers()
        }

        fn woken(&self) -> usize {
            self.woken.swap(0, Ordering::Relaxed)
        }
    }

    impl Asker {
        fn shared(&self) -> &Shared {
            &self.questions.0
        }
    }

    fn program() -> Program {
        Program { engine: engine::Choice::Poll, turns: Vec::new() }
    }

    fn verified(answers: &[Answer]) -> Vec<(u64, bool)> {
        let verified = answers.iter().map(|answer| match answer {
            Answer::Verified { ticket, right } => (ticket.0, *right),
            other => panic!("{other:?}"),
        });
        verified.collect()
    }

    fn ban(reason: &str) -> Ban {
        Ban {
            matches: Matches::Mask("*!*@example".into()),
            until_unix_ms: None,
            set_unix_ms: 0,
            by: "ada".into(),
            reason: reason.into(),
        }
    }

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("switchboard-host-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn each_password_has_its_answer() {
        let hash = password::hash("correct horse").unwrap();
        let mut bench = Bench::new(&[], None);
        bench.questions.verify(Ticket(1), "correct horse".into(), hash.clone());
        bench.questions.verify(Ticket(2), "correct hearse".into(), hash);
        bench.questions.verify(Ticket(3), "correct horse".into(), "no hash".into());
        assert_eq!(bench.woken(), 0);
        assert_eq!(verified(&bench.work()), [(1, true), (2, false), (3, false)]);
        assert_eq!(bench.woken(), 3);
        assert!(bench.questions.answers().is_empty());
    }

    #[test]
    fn passwords_that_wait_are_bounded_and_none_goes_unanswered() {
        let mut bench = Bench::new(&[], None);
        let count = PASSWORDS as u64 + 5;
        for ticket in 0..count {
            bench.questions.verify(Ticket(ticket), "x".into(), "no hash".into());
        }
        assert_eq!(bench.questions.shared().lock().waiting.len(), PASSWORDS);
        assert_eq!(bench.woken(), 5, "what is not waited for is answered at once");
        let mut tickets: Vec<u64> = verified(&bench.work()).iter().map(|(it, _)| *it).collect();
        tickets.sort_unstable();
        assert_eq!(tickets, (0..count).collect::<Vec<_>>());
    }

    #[test]
    fn what_waits_is_not_shown() {
        let bench = Bench::new(&[], None);
        bench.questions.verify(Ticket(1), "secret".into(), "hash".into());
        assert_eq!(format!("{:?}", bench.questions.questions), "Questions { waiting: 1, .. }");
    }

    #[test]
    fn the_newest_bans_are_kept_and_each_wish_is_answered() {
        let folder = Folder::new("newest");
        let mut bench = Bench::new(&[], Some(Data::open(&folder.0).unwrap()));
        for reason in ["one", "two", "three"] {
            bench.questions.keep_bans(vec![ban(reason)]);
        }
        assert_eq!(bench.questions.shared().lock().waiting.len(), 1);
        let answers = bench.work();
        assert_eq!(answers.len(), 3);
        assert!(answers.iter().all(|answer| matches!(answer, Answer::BansKept(Ok(())))));
        assert_eq!(crate::data::look(&folder.0).unwrap().bans, [ban("three")]);
    }

    #[test]
    fn without_a_directory_the_chat_hears_that_bans_are_not_kept() {
        let mut bench = Bench::new(&[], None);
        bench.questions.keep_bans(vec![ban("one")]);
        let answers = bench.work();
        let [Answer::BansKept(Err(error))] = &answers[..] else { panic!("{answers:?}") };
        assert!(error.contains("--data DIR"), "{error}");
    }

    #[test]
    fn the_configuration_is_read_as_at_the_start() {
        let folder = Folder::new("reread");
        let (file, motd) = (folder.0.join("sb.toml"), folder.0.join("motd"));
        std::fs::write(&file, format!("motd = {motd:?}\ncontact = \"ada\"\n")).unwrap();
        std::fs::write(&motd, "old\n").unwrap();
        let arguments = ["--config", file.to_str().unwrap(), "--name", "flag.example"];
        let mut bench = Bench::new(&arguments, None);
        let mut reread = || {
            bench.questions.reread(Ticket(5));
            bench.questions.questions.reread_for_signal();
            bench.questions.questions.reread_for_signal();
            let answers = bench.work();
            assert_eq!(answers.len(), 2, "two signals that come together are one");
            let mut tickets = Vec::new();
            let mut outcome = Err(vec![]);
            for answer in answers {
                let Answer::Reread { ticket, settings } = answer else { panic!("{answer:?}") };
                tickets.push(ticket);
                outcome = settings;
            }
            assert_eq!(tickets, [Some(Ticket(5)), None]);
            outcome
        };

        std::fs::write(&motd, "new\n").unwrap();
        let settings = reread().unwrap();
        assert_eq!(settings.motd, ["new"]);
        assert_eq!(settings.contact, "ada");
        // A flag stands over the file, as at the start; and what the process has stays.
        assert_eq!(settings.name, "flag.example");
        assert_eq!((settings.seed, settings.cloak_key), (7, [7; 32]));

        std::fs::write(&file, "motd = \"/nonexistent\"\nname = \"\"\n").unwrap();
        let problems = reread().unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("sb.toml:2:8: name: the name is empty"), "{problems:?}");
    }

    #[test]
    fn operators_who_wait_for_the_configuration_are_bounded() {
        let mut bench = Bench::new(&[], None);
        for ticket in 0..=REREADINGS as u64 {
            bench.questions.reread(Ticket(ticket));
        }
        assert_eq!(bench.questions.shared().lock().waiting.len(), REREADINGS);
        let answers = bench.work();
        let told_to_wait =
            |answer: &Answer| matches!(answer, Answer::Reread { settings: Err(_), .. });
        assert_eq!(answers.iter().filter(|answer| told_to_wait(answer)).count(), 1);
        assert_eq!(answers.len(), REREADINGS + 1);
    }

    #[test]
    fn the_end_waits_for_bans_and_for_nothing_else() {
        let folder = Folder::new("end");
        let bench = Bench::new(&[], Some(Data::open(&folder.0).unwrap()));
        let questions = bench.questions.clone();
        questions.verify(Ticket(1), "x".into(), "no hash".into());
        questions.reread(Ticket(2));
        questions.keep_bans(vec![ban("last")]);
        questions.shared().lock().phase = Phase::Stopping;
        drop(Worker::start(&questions.questions, bench.tools).unwrap());
        assert_eq!(crate::data::look(&folder.0).unwrap().bans, [ban("last")]);
        assert_eq!(questions.shared().lock().phase, Phase::Ended);
        assert!(Data::open(&folder.0).is_ok(), "the directory is free again");
        assert!(questions.answers().is_empty(), "there is nobody left to hear them");
    }

    #[test]
    fn the_thread_answers_what_is_asked_later() {
        let bench = Bench::new(&[], None);
        let questions = bench.questions.clone();
        let worker = Worker::start(&questions.questions, bench.tools).unwrap();
        questions.verify(Ticket(1), "x".into(), "no hash".into());
        questions.keep_bans(vec![]);
        let mut answers = Vec::new();
        while answers.len() < 2 {
            answers.extend(questions.answers());
            thread::yield_now();
        }
        assert_eq!(bench.woken.load(Ordering::Relaxed), 2);
        drop(worker);
    }

    #[test]
    fn each_loop_has_the_answers_to_what_it_asked_and_is_woken_for_them() {
        let woken: Arc<Mutex<Vec<usize>>> = Arc::default();
        let wakes = (0..3).map(|number| -> Wake {
            let woken = Arc::clone(&woken);
            Box::new(move || woken.lock().unwrap().push(number))
        });
        let questions = Questions::new(wakes.collect(), program());
        let askers = [0, 1, 2].map(|number| questions.asker(number));
        let mut tools = Bench::new(&[], None).tools;
        let mut work = || {
            let jobs = std::mem::take(&mut questions.0.lock().waiting);
            for job in jobs {
                questions.0.answer(tools.carry_out(job));
            }
            std::mem::take(&mut *woken.lock().unwrap())
        };

        askers[2].verify(Ticket(7), "x".into(), "no hash".into());
        askers[1].verify(Ticket(7), "x".into(), "no hash".into());
        assert_eq!(work(), [2, 1]);
        assert_eq!(verified(&askers[1].answers()), [(7, false)]);
        assert_eq!(verified(&askers[2].answers()), [(7, false)]);

        askers[1].keep_bans(vec![ban("one")]);
        askers[2].keep_bans(vec![ban("two")]);
        askers[1].keep_bans(vec![ban("three")]);
        assert_eq!(work(), [1, 2, 1], "all are answered with the newest");
        assert_eq!(askers.each_ref().map(|asker| asker.answers().len()), [0, 2, 1]);

        questions.reread_for_signal();
        askers[2].reread(Ticket(8));
        assert_eq!(work(), [0, 2]);
        assert_eq!(askers.each_ref().map(|asker| asker.answers().len()), [1, 0, 1]);

        // What is answered without asking, too.
        (0..=PASSWORDS as u64).for_each(|ticket| {
            askers[1].verify(Ticket(ticket), "x".into(), "no hash".into());
        });
        assert_eq!(std::mem::take(&mut *woken.lock().unwrap()), [1]);
        assert_eq!(verified(&askers[1].answers()), [(PASSWORDS as u64, false)]);
    }
}
