//! Connections that ask and are answered: echo and HTTP.
//!
//! Invariant: answers come in the order of the questions, and each is looked at whole: an echo must
//! be what was sent, byte for byte; an HTTP answer must be one, and no failure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::event::epoll::{EventData, EventFlags};

use crate::books::{Books, LOST_AFTER, SAMPLE_EVERY};
use crate::checks::{Faults, histogram};
use crate::stamp::{MARK, STAMP_BYTES};
use crate::wire::{Poller, Received, Wire};
use crate::{Address, Outcome, Pace, Process, Stamp, Trouble, Watch};

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

/// Connections that ask and are answered.
pub struct Exchanges {
    plan: ExchangePlan,
    poller: Poller,
    askers: Vec<Asker>,
    reader: Reader,
    began: Instant,
    connected: usize,
    answered: u64,
    /// Bytes received since the run began.
    received_bytes: u64,
    /// Connections with nothing on its way, for an open loop; in a closed one they ask at once.
    idle: Vec<usize>,
    latency: Histogram<u64>,
}

struct Asker {
    wire: Wire,
    is_connected: bool,
    /// When each question that is on its way was asked, or due.
    asked: VecDeque<u64>,
    sequence: u64,
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
            received_bytes: 0,
            idle: Vec::new(),
            latency: histogram(),
        };
        let start = Instant::now();
        while exchanges.connected < exchanges.plan.connections {
            const AT_ONCE: usize = 256;
            let most = exchanges.plan.connections.min(exchanges.connected + AT_ONCE);
            for number in exchanges.askers.len()..most {
                let to = &exchanges.plan.to;
                let unreachable = |error| Trouble::Unreachable { to: to.clone(), error };
                let socket = to.call().map_err(unreachable)?;
                exchanges.askers.push(Asker {
                    wire: Wire::new(&exchanges.poller, socket, number)?,
                    is_connected: false,
                    asked: VecDeque::new(),
                    sequence: 0,
                });
            }
            exchanges.turn(SAMPLE_EVERY, false)?;
            watch.gathering(exchanges.connected, exchanges.plan.connections);
            if start.elapsed() > exchanges.plan.patience + Duration::from_secs(10) {
                let (is, of) = (exchanges.connected, exchanges.plan.connections);
                let waiting_for = format!("only {is} of {of} connections came about");
                return Err(Trouble::Silence { waiting_for });
            }
        }
        Ok(exchanges)
    }

    /// Asks for `duration`, and waits for the answers that are on their way then. May be called
    /// again.
    ///
    /// In an open loop a question that is due is asked on a connection that waits for nothing; if
    /// there is none it waits for one, and its latency with it.
    ///
    /// # Errors
    ///
    /// If the server closes a connection, answers something else, or not at all for longer than the
    /// plan's patience.
    pub fn run(
        &mut self,
        pace: Pace,
        duration: Duration,
        server: Option<Process>,
        watch: &mut impl Watch,
    ) -> Result<Outcome, Trouble> {
        (self.answered, self.received_bytes) = (0, 0);
        self.latency = histogram();
        self.idle = (0..self.askers.len()).rev().collect();
        let mut books = Books::open(server)?;
        let (mut said, mut lateness) = (0, histogram());
        let (window, rate) = match pace {
            Pace::Window(window) => (window.max(1), None),
            Pace::Rate(rate) if rate > 0.0 && rate <= 1e8 => (1, Some(rate)),
            Pace::Rate(rate) => {
                return Err(Trouble::Impossible(format!(
                    "{rate} questions a second cannot be asked"
                )));
            }
        };
        let due_in_all =
            rate.map_or(u64::MAX, |rate| ((duration.as_secs_f64() * rate) as u64).max(1));
        let due = |number: u64| {
            rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(number as f64 / rate))
        };
        let unsaid = loop {
            let now = Instant::now();
            let since = now.duration_since(books.start);
            let is_over = since >= duration;
            let lead = books.start.duration_since(self.began);
            while !self.idle.is_empty() && said < due_in_all && due(said) <= since && !is_over {
                let index = self.idle.pop().expect("it is not empty");
                if said == self.answered {
                    // Until now there was nothing to be silent about.
                    books.wait_anew(now);
                }
                let at = if rate.is_some() { due(said) } else { since };
                if rate.is_some() {
                    lateness.saturating_record((since - at).as_nanos() as u64);
                }
                for _ in 0..window {
                    self.ask(index, (lead + at).as_nanos() as u64);
                }
                said += window as u64;
                self.flush(index)?;
            }
            if is_over && self.answered == said {
                break rate.map_or(0, |_| due_in_all - said);
            }
            let is_waiting = rate.is_some() && !self.idle.is_empty() && said < due_in_all;
            let wait = if is_waiting { due(said).saturating_sub(since) } else { SAMPLE_EVERY };
            self.turn(wait.min(SAMPLE_EVERY), true)?;
            let now = Instant::now();
            if !books.look(now, said, self.answered, watch)?
                && said > self.answered
                && now.duration_since(books.quiet_since()) > self.plan.patience.max(LOST_AFTER)
            {
                let waiting_for = format!("{} questions were not answered", said - self.answered);
                return Err(Trouble::Silence { waiting_for });
            }
        };
        let balance = books.close(said, self.answered)?;
        Ok(Outcome {
            elapsed: balance.last.at,
            said,
            unsaid,
            expected: said,
            delivered: self.answered,
            received_bytes: self.received_bytes,
            faults: Faults::default(),
            latency: std::mem::replace(&mut self.latency, histogram()),
            lateness,
            server_cpu_nanos: balance.last.server_cpu_nanos,
            server_memory_bytes: balance.last.server_memory_bytes,
            own_cpu_nanos: balance.own_cpu_nanos,
            checked: self.askers.len(),
            samples: balance.samples,
        })
    }

    /// Has a connection ask one question; it is sent with the next flush.
    fn ask(&mut self, index: usize, at_nanos: u64) {
        let asker = &mut self.askers[index];
        match &self.plan.question {
            Question::Echo { size } => {
                write_line(index, asker.sequence, at_nanos, *size, &mut asker.wire.unsent);
                asker.sequence += 1;
            }
            Question::Http { host, path } => {
                for part in ["GET ", path, " HTTP/1.1\r\nHost: ", host, "\r\n\r\n"] {
                    asker.wire.unsent.extend_from_slice(part.as_bytes());
                }
            }
        }
        asker.asked.push_back(at_nanos);
    }

    fn flush(&mut self, index: usize) -> Result<(), Trouble> {
        if self.askers[index].wire.flush(&self.poller)? { Ok(()) } else { Err(self.closed(index)) }
    }

    fn turn(&mut self, longest: Duration, is_asking: bool) -> Result<(), Trouble> {
        self.poller.wait(longest)?;
        let events = std::mem::take(&mut self.poller.events);
        for event in &events {
            let (data, flags): (EventData, EventFlags) = (event.data, event.flags);
            let index = data.u64() as usize;
            if flags.contains(EventFlags::OUT) || !self.askers[index].is_connected {
                if let Err(error) = self.askers[index].wire.connected() {
                    return Err(Trouble::Unreachable { to: self.plan.to.clone(), error });
                }
                self.connected += usize::from(!self.askers[index].is_connected);
                self.askers[index].is_connected = true;
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
        let kept = asker.wire.kept();
        let filled = match asker.wire.receive(&mut self.poller.buffer)? {
            Received::Bytes(filled) => filled,
            Received::Nothing => return Ok(()),
            Received::Closed => return Err(self.closed(index)),
        };
        self.received_bytes += (filled - kept) as u64;
        let received = &self.poller.buffer[..filled];
        let now = self.began.elapsed().as_nanos() as u64;
        let refused = |why| Trouble::Refused { during: "waiting for answers".into(), why };
        let mut taken = 0;
        while let Some(&asked) = asker.asked.front() {
            let rest = &received[taken..];
            let first = asker.sequence - asker.asked.len() as u64 * u64::from(asker.sequence > 0);
            let len = match &self.plan.question {
                Question::Echo { size } => {
                    self.reader.echo(rest, index, first, asked, *size).map_err(refused)?
                }
                Question::Http { .. } => self.reader.http(rest).map_err(refused)?,
            };
            let Some(len) = len else { break };
            taken += len;
            asker.asked.pop_front();
            self.latency.saturating_record(now.saturating_sub(asked));
            self.answered += 1;
            if asker.asked.is_empty() && is_asking {
                self.idle.push(index);
            }
        }
        if asker.asked.is_empty() && taken < filled {
            let rest = String::from_utf8_lossy(&received[taken..filled.min(taken + 60)]);
            return Err(refused(format!("the server said {rest:?} without being asked")));
        }
        if !asker.wire.keep(&received[taken..]) {
            return Err(refused("an answer has no end".into()));
        }
        Ok(())
    }

    fn closed(&self, index: usize) -> Trouble {
        let of = self.askers.len();
        let during = format!("connection {} of {of} was asking", index + 1);
        Trouble::Closed { during, last_words: String::new() }
    }
}

/// Appends the line that connection `index` has echoed.
fn write_line(index: usize, sequence: u64, at_nanos: u64, size: usize, out: &mut Vec<u8>) {
    let stamp = Stamp { run: 0, sender: index as u32, sequence, at_nanos };
    stamp.write_text(MARK, size - 1, out);
    out.push(b'\n');
}

/// Reads answers.
#[derive(Default)]
struct Reader {
    /// What an echo should be.
    line: Vec<u8>,
    /// The head of the last HTTP answer, and how many bytes follow it: the next one is mostly the
    /// same, and need not be read again to be understood.
    head: Vec<u8>,
    body_bytes: usize,
}

impl Reader {
    /// The length of the echo that `received` begins with; `None` if it is not all there.
    fn echo(
        &mut self,
        received: &[u8],
        index: usize,
        sequence: u64,
        at_nanos: u64,
        size: usize,
    ) -> Result<Option<usize>, String> {
        self.line.clear();
        write_line(index, sequence, at_nanos, size, &mut self.line);
        let len = received.len().min(size);
        if received[..len] != self.line[..len] {
            let (got, sent) =
                (String::from_utf8_lossy(&received[..len]), String::from_utf8_lossy(&self.line));
            return Err(format!("this is no echo: it was sent {sent:?} and answered {got:?}"));
        }
        Ok((len == size).then_some(size))
    }

    /// The length of the HTTP answer that `received` begins with; `None` if it is not all there.
    fn http(&mut self, received: &[u8]) -> Result<Option<usize>, String> {
        if self.head.is_empty() || !received.starts_with(&self.head) {
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let mut response = httparse::Response::new(&mut fields);
            let head = match response.parse(received) {
                Ok(httparse::Status::Complete(head)) => head,
                Ok(httparse::Status::Partial) => return Ok(None),
                Err(error) => return Err(format!("this is no HTTP answer: {error}")),
            };
            let status = response.code.unwrap_or(0);
            if !(200..400).contains(&status) {
                return Err(format!("the server answered with status {status}"));
            }
            let length = response
                .headers
                .iter()
                .find(|field| field.name.eq_ignore_ascii_case("content-length"))
                .and_then(|field| std::str::from_utf8(field.value).ok()?.trim().parse().ok());
            self.body_bytes = match length {
                Some(length) => length,
                None if matches!(status, 204 | 304) => 0,
                None => {
                    return Err("the answer has no Content-Length: ask for a page that has one \
                         (--path)"
                        .into());
                }
            };
            self.head.clear();
            self.head.extend_from_slice(&received[..head]);
        }
        let len = self.head.len() + self.body_bytes;
        Ok((received.len() >= len).then_some(len))
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
    }

    #[test]
    fn an_echo_is_looked_at_byte_by_byte() {
        let mut line = Vec::new();
        write_line(3, 4, 5, 64, &mut line);
        assert_eq!(line.len(), 64);
        let mut reader = Reader::default();
        assert_eq!(reader.echo(&line, 3, 4, 5, 64), Ok(Some(64)));
        assert_eq!(reader.echo(&line[..63], 3, 4, 5, 64), Ok(None));
        assert!(reader.echo(&line, 3, 5, 5, 64).is_err());
        line[0] = b'y';
        assert!(reader.echo(&line[..1], 3, 4, 5, 64).is_err());
    }

    #[test]
    fn an_http_answer_has_a_status_and_a_length() {
        let mut reader = Reader::default();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
        assert_eq!(reader.http(&answer[..20]), Ok(None));
        assert_eq!(reader.http(&answer[..answer.len() - 1]), Ok(None));
        let two = answer.repeat(2);
        assert_eq!(reader.http(&two), Ok(Some(answer.len())));
        let other = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(reader.http(other), Ok(Some(other.len())));
        assert_eq!(reader.http(answer), Ok(Some(answer.len())));
        assert!(reader.http(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").is_err());
        assert!(reader.http(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(reader.http(b"ada: hello\r\n").is_err());
    }
}
