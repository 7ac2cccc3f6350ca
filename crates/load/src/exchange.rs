//! Connections that ask and are answered: echo and HTTP.
//!
//! Invariant: answers come in the order of the questions, and each is looked at whole: an echo must
//! be what was sent, byte for byte; an HTTP answer must be one, and no failure (answers.rs).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::event::epoll::{EventData, EventFlags};

use crate::answers::{Behind, Reader, write_line};
use crate::books::{Balance, Books, LOST_AFTER, SAMPLE_EVERY};
use crate::checks::{Faults, histogram};
use crate::outcome::go_on;
use crate::stamp::STAMP_BYTES;
use crate::wire::{Poller, Received, Wire};
use crate::{Address, Hint, Outcome, Pace, Process, Trouble, Watch};

/// What is asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// Lines of so many bytes, which come back as they are.
    Echo {
        /// Bytes with the newline; see [`STAMP_BYTES`] for the least.
        size: usize,
    },
    /// HTTP/1.1 keep-alive: GET, answered with a status below 400 and a length.
    Http {
        /// What the Host field says.
        host: String,
        /// What is asked for.
        path: String,
    },
}

/// Whom to ask.
pub struct ExchangePlan {
    /// The server.
    pub to: Address,
    /// What is asked.
    pub question: Question,
    /// How many connections ask.
    pub connections: usize,
    /// How long nothing may come of what is waited for.
    pub patience: Duration,
}

/// Connections that a server ends one after the other, each before it has answered anything on it,
/// until that is called a failure.
const MOST_FRUITLESS: u32 = 3;

/// Connections that ask and are answered.
pub struct Exchanges {
    plan: ExchangePlan,
    poller: Poller,
    askers: Vec<Asker>,
    reader: Reader,
    began: Instant,
    connected: usize,
    answered: u64,
    /// Connections that were made anew since the run began.
    reconnected: u64,
    /// Bytes received since the run began.
    received_bytes: u64,
    /// Connections with nothing on its way, for an open loop; in a closed one they ask at once.
    idle: Vec<usize>,
    latency: Histogram<u64>,
}

struct Asker {
    line: Line,
    /// When each question that is on its way was asked, or due.
    asked: VecDeque<u64>,
    sequence: u64,
    /// Connections in a row that were ended without an answer.
    fruitless: u32,
}

/// How far a connection is.
enum Line {
    Connecting(Wire),
    Open(Wire),
    /// The server has said that it ends it: what is asked waits for the next.
    Ending(Wire),
    Ended,
}

/// A run: what was asked, and what stands in the books.
struct Asking {
    books: Books,
    said: u64,
    unsaid: u64,
    lateness: Histogram<u64>,
}

impl Exchanges {
    /// Connects.
    ///
    /// # Errors
    ///
    /// See [`Trouble`].
    pub fn connect(plan: ExchangePlan, watch: &mut impl Watch) -> Result<Self, Trouble> {
        if plan.connections == 0 {
            return Err(Trouble::Impossible("at least one connection must ask".into()));
        }
        if let Question::Echo { size } = plan.question
            && size <= STAMP_BYTES
        {
            let why = format!("a line of {size} bytes is too short: {} at least", STAMP_BYTES + 1);
            return Err(Trouble::Impossible(why));
        }
        let wanted = plan.connections as u64 + 32;
        let limit = engine::raise_descriptor_limit()?;
        if wanted > limit {
            return Err(Trouble::Descriptors { wanted, limit });
        }
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZero::new(1));
        let mut exchanges = Self {
            reader: Reader::default(),
            poller: Poller::new()?,
            askers: Vec::with_capacity(plan.connections),
            plan,
            began: Instant::now(),
            connected: 0,
            answered: 0,
            reconnected: 0,
            received_bytes: 0,
            idle: Vec::new(),
            latency: histogram(),
        };
        let start = Instant::now();
        while exchanges.connected < exchanges.plan.connections {
            const AT_ONCE: usize = 256;
            let most = exchanges.plan.connections.min(exchanges.connected + AT_ONCE);
            for number in exchanges.askers.len()..most {
                let line = Line::Connecting(exchanges.call(number)?);
                let asked = VecDeque::new();
                exchanges.askers.push(Asker { line, asked, sequence: 0, fruitless: 0 });
            }
            exchanges.turn(SAMPLE_EVERY, false)?;
            watch.gathering(exchanges.connected, exchanges.plan.connections);
            go_on(watch)?;
            if start.elapsed() > exchanges.plan.patience + Duration::from_secs(10) {
                let (is, of) = (exchanges.connected, exchanges.plan.connections);
                let waiting_for = format!("only {is} of {of} connections came about");
                return Err(Trouble::Silence { waiting_for, hint: Hint::Backlog });
            }
        }
        Ok(exchanges)
    }

    /// A connection that is on its way.
    fn call(&self, number: usize) -> Result<Wire, Trouble> {
        let unreachable = |error| Trouble::Unreachable { to: self.plan.to.clone(), error };
        let socket = self.plan.to.call().map_err(unreachable)?;
        Ok(Wire::new(&self.poller, socket, number)?)
    }

    /// Asks for `duration`, and waits for the answers that are on their way then. May be called
    /// again.
    ///
    /// In an open loop a question that is due is asked on a connection that waits for nothing; if
    /// there is none it waits for one, and its latency with it.
    ///
    /// An HTTP server may end a connection after an answer: then there is another one, and what was
    /// not answered is asked again on it. The time that takes is part of the latency.
    ///
    /// # Errors
    ///
    /// [`Trouble::CutShort`], with what was found until then, if the server closes a connection that
    /// should stay, answers something else, or not at all for longer than the plan's patience; or if
    /// it is stopped.
    pub fn run(
        &mut self,
        pace: Pace,
        duration: Duration,
        server: Option<Process>,
        watch: &mut impl Watch,
    ) -> Result<Outcome, Trouble> {
        pace.check()?;
        (self.answered, self.reconnected, self.received_bytes) = (0, 0, 0);
        self.latency = histogram();
        self.idle = (0..self.askers.len()).rev().collect();
        for asker in &mut self.askers {
            if matches!(asker.line, Line::Ending(_)) {
                asker.line = Line::Ended;
            }
        }
        let books = Books::open(server)?;
        let mut run = Asking { books, said: 0, unsaid: 0, lateness: histogram() };
        let ended = self.ask_on(&mut run, pace, duration, watch);
        let due_in = matches!(pace, Pace::Rate(_)).then_some(duration);
        match ended {
            Ok(()) => {
                let balance = run.books.close(run.said, self.answered)?;
                Ok(self.outcome(run, balance, due_in))
            }
            Err(why) => {
                // Whoever stops this often stops the server too, which is then seen first.
                let why = if watch.is_stopped() { Trouble::Stopped } else { why };
                let due_in = due_in.map(|due_in| due_in.min(run.books.start.elapsed()));
                let balance = run.books.cut_short(run.said, self.answered);
                let so_far = Box::new(self.outcome(run, balance, due_in));
                Err(Trouble::CutShort { why: Box::new(why), so_far })
            }
        }
    }

    fn ask_on(
        &mut self,
        run: &mut Asking,
        pace: Pace,
        duration: Duration,
        watch: &mut impl Watch,
    ) -> Result<(), Trouble> {
        let (window, rate) = match pace {
            Pace::Window(window) => (window, None),
            Pace::Rate(rate) => (1, Some(rate)),
        };
        let due_in_all =
            rate.map_or(u64::MAX, |rate| ((duration.as_secs_f64() * rate) as u64).max(1));
        let due = |number: u64| {
            rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(number as f64 / rate))
        };
        loop {
            let now = Instant::now();
            let since = now.duration_since(run.books.start);
            let is_over = since >= duration;
            let lead = run.books.start.duration_since(self.began);
            while !self.idle.is_empty()
                && run.said < due_in_all
                && due(run.said) <= since
                && !is_over
            {
                let index = self.idle.pop().expect("it is not empty");
                if run.said == self.answered {
                    // Until now there was nothing to be silent about.
                    run.books.wait_anew(now);
                }
                let at = if rate.is_some() { due(run.said) } else { since };
                if rate.is_some() {
                    run.lateness.saturating_record((since - at).as_nanos() as u64);
                }
                for _ in 0..window {
                    self.ask(index, (lead + at).as_nanos() as u64)?;
                }
                run.said += window as u64;
                self.flush(index)?;
            }
            if is_over && self.answered == run.said {
                run.unsaid = rate.map_or(0, |_| due_in_all - run.said);
                return Ok(());
            }
            let is_waiting = rate.is_some() && !self.idle.is_empty() && run.said < due_in_all;
            let wait = if is_waiting { due(run.said).saturating_sub(since) } else { SAMPLE_EVERY };
            self.turn(wait.min(SAMPLE_EVERY), true)?;
            let now = Instant::now();
            if !run.books.look(now, run.said, self.answered, watch)?
                && run.said > self.answered
                && now.duration_since(run.books.quiet_since()) > self.plan.patience.max(LOST_AFTER)
            {
                let count = run.said - self.answered;
                let waiting_for = format!("{count} questions were not answered");
                return Err(Trouble::Silence { waiting_for, hint: Hint::Answers });
            }
        }
    }

    fn outcome(&mut self, run: Asking, balance: Balance, due_in: Option<Duration>) -> Outcome {
        Outcome {
            elapsed: balance.last.at.max(due_in.unwrap_or_default()),
            said: run.said,
            unsaid: run.unsaid,
            expected: run.said,
            delivered: self.answered,
            received_bytes: self.received_bytes,
            faults: Faults::default(),
            latency: std::mem::replace(&mut self.latency, histogram()),
            lateness: run.lateness,
            reconnected: self.reconnected,
            server_cpu_nanos: balance.known(|sample| sample.server_cpu_nanos),
            server_memory_bytes: balance.known(|sample| sample.server_memory_bytes),
            own_cpu_nanos: balance.own_cpu_nanos,
            checked: self.askers.len(),
            samples: balance.samples,
        }
    }

    /// Has a connection ask one question; it is sent with the next flush.
    fn ask(&mut self, index: usize, at_nanos: u64) -> Result<(), Trouble> {
        let asker = &mut self.askers[index];
        asker.asked.push_back(at_nanos);
        match &mut asker.line {
            Line::Connecting(wire) | Line::Open(wire) => {
                self.plan.question.write(index, asker.sequence, at_nanos, &mut wire.unsent);
                asker.sequence += 1;
                Ok(())
            }
            Line::Ending(_) => Ok(()),
            Line::Ended => self.call_again(index),
        }
    }

    /// Makes a connection anew, and asks on it all that was not answered.
    fn call_again(&mut self, index: usize) -> Result<(), Trouble> {
        let mut wire = self.call(index)?;
        let asker = &mut self.askers[index];
        asker.sequence = 0;
        for &at_nanos in &asker.asked {
            self.plan.question.write(index, asker.sequence, at_nanos, &mut wire.unsent);
            asker.sequence += 1;
        }
        asker.line = Line::Connecting(wire);
        self.reconnected += 1;
        Ok(())
    }

    fn flush(&mut self, index: usize) -> Result<(), Trouble> {
        let Line::Open(wire) = &mut self.askers[index].line else { return Ok(()) };
        // A connection that is over says so: what was answered before may still be there to be read.
        wire.flush(&self.poller)?;
        Ok(())
    }

    fn turn(&mut self, longest: Duration, is_asking: bool) -> Result<(), Trouble> {
        self.poller.wait(longest)?;
        let events = std::mem::take(&mut self.poller.events);
        for event in &events {
            let (data, flags): (EventData, EventFlags) = (event.data, event.flags);
            let index = data.u64() as usize;
            let line = &mut self.askers[index].line;
            if let Line::Connecting(wire) = line {
                if let Err(error) = wire.connected() {
                    return Err(Trouble::Unreachable { to: self.plan.to.clone(), error });
                }
                if let Line::Connecting(wire) = std::mem::replace(line, Line::Ended) {
                    *line = Line::Open(wire);
                }
                self.connected += usize::from(!is_asking);
                self.flush(index)?;
            } else if flags.contains(EventFlags::OUT) {
                self.flush(index)?;
            }
            if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                self.readable(index, is_asking)?;
            }
        }
        self.poller.events = events;
        Ok(())
    }

    fn readable(&mut self, index: usize, is_asking: bool) -> Result<(), Trouble> {
        let asker = &mut self.askers[index];
        let (Line::Open(wire) | Line::Ending(wire)) = &mut asker.line else { return Ok(()) };
        let kept = wire.kept();
        let filled = match wire.receive(&mut self.poller.buffer)? {
            Received::Bytes(filled) => filled,
            Received::Nothing => return Ok(()),
            Received::Closed => return self.ended(index, is_asking),
        };
        if matches!(asker.line, Line::Ending(_)) {
            return Ok(());
        }
        self.received_bytes += (filled - kept) as u64;
        let received = &self.poller.buffer[..filled];
        let now = self.began.elapsed().as_nanos() as u64;
        let refused = |why| Trouble::Refused { during: "waiting for answers".into(), why };
        let mut taken = 0;
        while let Some(&asked) = asker.asked.front() {
            let rest = &received[taken..];
            let answer = match &self.plan.question {
                Question::Echo { size } => {
                    let first = asker.sequence - asker.asked.len() as u64;
                    let len = self.reader.echo(rest, index, first, asked, *size);
                    len.map(|len| Some((len?, Behind::Next)))
                }
                Question::Http { .. } => self.reader.http(rest),
            };
            let Some((len, behind)) = answer.map_err(refused)? else { break };
            taken += len;
            asker.asked.pop_front();
            asker.fruitless = 0;
            self.latency.saturating_record(now.saturating_sub(asked));
            self.answered += 1;
            if behind == Behind::End {
                if let Line::Open(wire) = std::mem::replace(&mut asker.line, Line::Ended) {
                    asker.line = Line::Ending(wire);
                }
                return Ok(());
            }
            if asker.asked.is_empty() && is_asking {
                self.idle.push(index);
            }
        }
        if asker.asked.is_empty() && taken < filled {
            let rest = String::from_utf8_lossy(&received[taken..filled.min(taken + 60)]);
            return Err(refused(format!("the server said {rest:?} without being asked")));
        }
        let Line::Open(wire) = &mut asker.line else { return Ok(()) };
        if !wire.keep(&received[taken..]) {
            return Err(refused("an answer has no end".into()));
        }
        Ok(())
    }

    /// The server has ended a connection.
    fn ended(&mut self, index: usize, is_asking: bool) -> Result<(), Trouble> {
        let asker = &mut self.askers[index];
        let may_end = is_asking && matches!(self.plan.question, Question::Http { .. });
        if !may_end || asker.fruitless == MOST_FRUITLESS {
            let during = format!("connection {} of {} was asking", index + 1, self.askers.len());
            return Err(Trouble::Closed { during, last_words: String::new() });
        }
        let line = std::mem::replace(&mut asker.line, Line::Ended);
        if !asker.asked.is_empty() {
            asker.fruitless += 1;
            self.call_again(index)
        } else {
            // Who waits for nothing already may be asked, unless its last answer said that it ends.
            if matches!(line, Line::Ending(_)) {
                self.idle.push(index);
            }
            Ok(())
        }
    }
}

impl Question {
    /// Appends the question with this number of the connection `index`.
    fn write(&self, index: usize, sequence: u64, at_nanos: u64, out: &mut Vec<u8>) {
        match self {
            Self::Echo { size } => write_line(index, sequence, at_nanos, *size, out),
            Self::Http { host, path } => {
                for part in ["GET ", path, " HTTP/1.1\r\nHost: ", host, "\r\n\r\n"] {
                    out.extend_from_slice(part.as_bytes());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_time_before_a_question_is_no_silence() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = Address::Tcp(listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut line = [0; 64];
            let mut answered = 0;
            while socket.read_exact(&mut line).is_ok() {
                if answered > 0 {
                    // Longer than a run sleeps between two looks.
                    std::thread::sleep(SAMPLE_EVERY * 3 / 2);
                }
                socket.write_all(&line).unwrap();
                answered += 1;
            }
            answered
        });
        let question = Question::Echo { size: 64 };
        let plan = ExchangePlan { to, question, connections: 1, patience: LOST_AFTER };
        let mut asking = Exchanges::connect(plan, &mut ()).unwrap();
        // The second question is due when its patience is already over since the first answer.
        let pace = Pace::Rate(0.9);
        let outcome = asking.run(pace, LOST_AFTER * 23 / 10, None, &mut ()).unwrap();
        drop(asking);
        assert_eq!((outcome.said, outcome.delivered, server.join().unwrap()), (2, 2, 2));
        // What was due in that time is divided by that time, whenever the last answer came.
        assert!(outcome.elapsed >= LOST_AFTER * 23 / 10 && outcome.per_second() <= 0.9);
    }

    /// A server for one connection after the other: each is answered so often, and closed; with
    /// `Connection: close` in the last answer or without a word.
    fn closing(answers: usize, last: &'static str) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = Address::Tcp(listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let mut socket = std::io::BufReader::new(socket);
                for number in 1..=answers.max(1) {
                    let mut line = String::new();
                    while line != "\r\n" {
                        line.clear();
                        if std::io::BufRead::read_line(&mut socket, &mut line).unwrap_or(0) == 0 {
                            break;
                        }
                    }
                    if answers == 0 {
                        break;
                    }
                    let more = if number == answers { last } else { "" };
                    let answer = format!("HTTP/1.1 200 OK\r\n{more}Content-Length: 2\r\n\r\nhi");
                    let _ = socket.get_mut().write_all(answer.as_bytes());
                }
            }
        });
        to
    }

    fn ask_http(to: Address, window: usize) -> Result<Outcome, Trouble> {
        let question = Question::Http { host: "here".into(), path: "/".into() };
        let plan = ExchangePlan { to, question, connections: 1, patience: LOST_AFTER };
        let mut asking = Exchanges::connect(plan, &mut ()).unwrap();
        asking.run(Pace::Window(window), Duration::from_millis(100), None, &mut ())
    }

    #[test]
    fn a_server_may_end_connections_after_an_answer() {
        for (answers, last) in [(3, "Connection: close\r\n"), (3, ""), (1, "")] {
            for window in [1, 2, 7] {
                let outcome = ask_http(closing(answers, last), window).expect("it answers");
                assert_eq!(outcome.delivered, outcome.said, "{answers} {last:?} {window}");
                let connections = outcome.delivered / answers as u64;
                assert!(connections > 0 && outcome.delivered >= window as u64);
                // The last one need not have been needed.
                assert!((connections - 1..=connections).contains(&outcome.reconnected));
            }
        }
    }

    #[test]
    fn a_server_that_does_not_answer_is_asked_about_its_kind() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = Address::Tcp(listener.local_addr().unwrap());
        let trouble = ask_http(to, 3).expect_err("nobody answers");
        let said = trouble.to_string();
        assert!(said.starts_with("3 questions were not answered. Is it a server of"), "{said}");
        let Trouble::CutShort { so_far, .. } = trouble else { panic!("{said}") };
        assert_eq!((so_far.said, so_far.delivered), (3, 0));
    }

    #[test]
    fn what_is_stopped_has_found_something() {
        struct Impatient(u32);
        impl Watch for Impatient {
            fn is_stopped(&mut self) -> bool {
                self.0 += 1;
                self.0 > 20
            }
        }
        let question = Question::Http { host: "here".into(), path: "/".into() };
        let to = closing(1000, "");
        let plan = ExchangePlan { to, question, connections: 1, patience: LOST_AFTER };
        let mut asking = Exchanges::connect(plan, &mut Impatient(0)).unwrap();
        let hour = Duration::from_secs(3600);
        for pace in [Pace::Window(1), Pace::Rate(500.0)] {
            match asking.run(pace, hour, None, &mut Impatient(0)) {
                Err(Trouble::CutShort { why, so_far }) => {
                    assert!(matches!(*why, Trouble::Stopped), "{why}");
                    assert!(so_far.delivered > 0 && so_far.elapsed < hour, "{so_far:?}");
                    assert_eq!((so_far.unsaid, so_far.faults), (0, Faults::default()));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_server_that_ends_every_connection_unanswered_does_not_serve() {
        let Err(Trouble::CutShort { why, so_far }) = ask_http(closing(0, ""), 1) else {
            panic!("it was not cut short");
        };
        assert!(matches!(*why, Trouble::Closed { .. }), "{why}");
        assert_eq!((so_far.said, so_far.delivered), (1, 0));
    }
}
