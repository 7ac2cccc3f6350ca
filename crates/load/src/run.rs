//! A run: what is said when, until when it is waited for, and what came of it.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::books::{Balance, Books, LOST_AFTER, SAMPLE_EVERY};
use crate::checks::{Checks, Tally, histogram};
use crate::fanout::Listening;
use crate::stamp::MARK;
use crate::{Audience, Fanout, Hint, Outcome, Pace, Process, Role, Stamp, Trouble, Watch};

/// The most that may wait to be sent by one sender in an open loop. Over it, lines stay due and
/// unsaid until the server has taken some.
pub(crate) const MOST_BACKLOG_BYTES: usize = 256 * 1024;

impl Fanout {
    /// Has lines said for `duration`, and waits for those that are on their way then. May be called
    /// again, for the next run.
    ///
    /// What a closed loop is given a second of silence for and has not come is lost, and it goes on.
    ///
    /// # Errors
    ///
    /// [`Trouble::CutShort`], with what was found until then, if the server closes a connection or
    /// says what it should not, if its books cannot be read any more, or if it is stopped. What was
    /// on its way by then is neither delivered nor lost.
    pub fn run(
        &mut self,
        pace: Pace,
        duration: Duration,
        server: Option<Process>,
        watch: &mut impl Watch,
    ) -> Result<Outcome, Trouble> {
        pace.check()?;
        self.prepare();
        let mut run = Run::new(self, server)?;
        let ended = match pace {
            Pace::Window(window) => run.closed(window, duration, watch),
            Pace::Rate(rate) => run.open(rate, duration, watch),
        };
        let due_in = matches!(pace, Pace::Rate(_)).then_some(duration);
        match ended {
            Ok(()) => {
                let balance = run.books.close(run.said, run.room.delivered)?;
                Ok(run.outcome(balance, due_in))
            }
            Err(why) => Err(run.cut_short(why, due_in, watch)),
        }
    }

    /// Begins to count anew.
    fn prepare(&mut self) {
        let sequences: Vec<u64> =
            self.members[..self.plan.senders].iter().map(|member| member.sequence).collect();
        let text_bytes = self.plan.size - 1;
        // Those who are looked at are spread over all who hear.
        let step = (self.members.len() / self.plan.checked.max(1)).max(1);
        let mut left = self.plan.checked;
        for (index, member) in self.members.iter_mut().enumerate().rev() {
            let hears = self.audience != Audience::Receivers || member.role == Role::Receiver;
            let is_checked = left > 0 && index % step == 0 && hears;
            left -= usize::from(is_checked);
            member.checks = is_checked
                .then(|| Box::new(Checks::new(self.run, text_bytes, sequences.iter().copied())));
            (member.heard, member.said) = (0, 0);
            (member.expected, member.awaited) = (0, 0);
        }
        self.listening = Listening::ToLines;
        (self.behind, self.delivered, self.received_bytes) = (0, 0, 0);
        self.tally = Tally::new();
    }
}

/// What has been said since a run began, and by whom.
struct Run<'a> {
    room: &'a mut Fanout,
    books: Books,
    start: Instant,
    said: u64,
    unsaid: u64,
    next_sender: usize,
    lateness: Histogram<u64>,
    text: Vec<u8>,
}

impl<'a> Run<'a> {
    fn new(room: &'a mut Fanout, server: Option<Process>) -> Result<Self, Trouble> {
        let books = Books::open(server)?;
        Ok(Self {
            room,
            start: books.start,
            books,
            said: 0,
            unsaid: 0,
            next_sender: 0,
            lateness: histogram(),
            text: Vec::new(),
        })
    }

    /// `window` lines at once, and as many again when everybody has heard them.
    fn closed(
        &mut self,
        window: usize,
        duration: Duration,
        watch: &mut impl Watch,
    ) -> Result<(), Trouble> {
        let mut stalls = 0;
        let mut now = self.start;
        while now.duration_since(self.start) < duration {
            let at = self.nanos(now);
            let speakers = window.min(self.room.plan.senders);
            for turn in 0..speakers {
                // Each says its share in one piece.
                let share = window / speakers + usize::from(turn < window % speakers);
                for _ in 0..share {
                    self.say(self.next_sender, at);
                }
                self.room.flush(self.next_sender)?;
                self.next_sender = (self.next_sender + 1) % self.room.plan.senders;
            }
            self.expect();
            while self.room.behind > 0 {
                self.room.turn(SAMPLE_EVERY)?;
                now = Instant::now();
                if self.books.look(now, self.said, self.room.delivered, watch)? {
                    stalls = 0;
                } else if now.duration_since(self.books.quiet_since()) > LOST_AFTER {
                    // What has not come by now is lost; who goes on hears the next.
                    stalls += 1;
                    self.books.wait_anew(now);
                    self.give_up();
                    if stalls * LOST_AFTER > self.room.plan.patience {
                        return Err(Trouble::Silence {
                            waiting_for: format!(
                                "nothing of {} lines arrived any more, after {} deliveries",
                                self.said, self.room.delivered
                            ),
                            hint: Hint::Room,
                        });
                    }
                }
                if now.duration_since(self.start) > duration + self.room.plan.patience {
                    return Err(Trouble::Silence {
                        waiting_for: format!(
                            "{} of {} deliveries had arrived {:.0} seconds after the end",
                            self.room.delivered,
                            self.expected(),
                            self.room.plan.patience.as_secs_f64()
                        ),
                        hint: Hint::Room,
                    });
                }
            }
            now = Instant::now();
        }
        Ok(())
    }

    /// So many lines a second, whatever comes back; then until all has come, or nothing more does.
    fn open(
        &mut self,
        rate: f64,
        duration: Duration,
        watch: &mut impl Watch,
    ) -> Result<(), Trouble> {
        let due_in_all = ((duration.as_secs_f64() * rate) as u64).max(1);
        let due = |number: u64| Duration::from_secs_f64(number as f64 / rate);
        let mut spoke = Vec::new();
        let mut number = 0;
        loop {
            let now = Instant::now();
            let since = now.duration_since(self.start);
            while number < due_in_all && due(number) <= since && self.said_enough().is_none() {
                let sender = self.next_sender;
                let moment = self.start + due(number);
                self.say(sender, self.nanos(moment));
                self.lateness.saturating_record((since - due(number)).as_nanos() as u64);
                if spoke.last() != Some(&sender) {
                    spoke.push(sender);
                }
                self.next_sender = (sender + 1) % self.room.plan.senders;
                number += 1;
            }
            for sender in spoke.drain(..) {
                self.room.flush(sender)?;
            }
            let is_over = since >= duration;
            let wait = if number < due_in_all && !is_over && self.said_enough().is_none() {
                due(number).saturating_sub(since).min(SAMPLE_EVERY)
            } else {
                SAMPLE_EVERY / 10
            };
            self.room.turn(wait)?;
            let now = Instant::now();
            self.books.look(now, self.said, self.room.delivered, watch)?;
            if is_over {
                let since = self.books.quiet_since().max(self.start + duration);
                let is_silent = now.duration_since(since) > LOST_AFTER;
                if (number == due_in_all && self.room.delivered >= self.expected()) || is_silent {
                    self.unsaid = due_in_all - number;
                    self.expect();
                    return Ok(());
                }
            }
        }
    }

    /// The next sender, if it has more to send than the server takes.
    fn said_enough(&self) -> Option<usize> {
        let backlog = self.room.members[self.next_sender].wire.backlog();
        (backlog > MOST_BACKLOG_BYTES).then_some(self.next_sender)
    }

    fn nanos(&self, moment: Instant) -> u64 {
        moment.duration_since(self.room.began).as_nanos() as u64
    }

    /// Has a member say its next line; it is sent with the next flush.
    fn say(&mut self, sender: usize, at_nanos: u64) {
        let member = &mut self.room.members[sender];
        let stamp = Stamp {
            run: self.room.run,
            sender: sender as u32,
            sequence: member.sequence,
            at_nanos,
        };
        self.text.clear();
        stamp.write_text(MARK, self.room.plan.size - 1, &mut self.text);
        member.client.say(&self.text, &mut member.wire.unsent);
        member.sequence += 1;
        member.said += 1;
        self.said += 1;
    }

    /// Writes down what each member should have heard when all that was said has come.
    fn expect(&mut self) {
        let (said, audience) = (self.said, self.room.audience);
        let mut behind = 0;
        for member in &mut self.room.members {
            let expected = match (audience, member.role) {
                (Audience::Others, _) => said - member.said,
                (Audience::Receivers, Role::Sender) => 0,
                _ => said,
            };
            member.awaited += expected - member.expected;
            member.expected = expected;
            behind += usize::from(member.heard < member.awaited);
        }
        self.room.behind = behind;
    }

    /// Waits no longer for what has not come.
    fn give_up(&mut self) {
        for member in &mut self.room.members {
            member.awaited = member.awaited.min(member.heard);
        }
        self.room.behind = 0;
    }

    /// Deliveries in all when all that was said has come.
    fn expected(&self) -> u64 {
        let members = self.room.members.len() as u64;
        let senders = self.room.plan.senders as u64;
        self.said
            * match self.room.audience {
                Audience::Others => members - 1,
                Audience::Everyone => members,
                Audience::Receivers => members - senders,
            }
    }

    /// The run cannot go on: says why, and what was found until now.
    fn cut_short(
        mut self,
        why: Trouble,
        due_in: Option<Duration>,
        watch: &mut impl Watch,
    ) -> Trouble {
        // Whoever stops this often stops the server too, which is then seen first.
        let why = if watch.is_stopped() { Trouble::Stopped } else { why };
        let due_in = due_in.map(|due_in| due_in.min(self.start.elapsed()));
        self.expect();
        for member in &mut self.room.members {
            // What is still waited for is not lost.
            let underway = member.awaited.saturating_sub(member.heard);
            member.expected -= underway.min(member.expected);
        }
        let balance = self.books.cut_short(self.said, self.room.delivered);
        let so_far = Box::new(self.outcome(balance, due_in));
        Trouble::CutShort { why: Box::new(why), so_far }
    }

    fn outcome(self, balance: Balance, due_in: Option<Duration>) -> Outcome {
        let expected = self.expected();
        let mut tally = std::mem::replace(&mut self.room.tally, Tally::new());
        tally.settle();
        for member in &mut self.room.members {
            tally.faults.lost += member.expected.saturating_sub(member.heard);
            tally.faults.doubled += member.heard.saturating_sub(member.expected);
            (member.heard, member.awaited) = (0, 0);
        }
        self.room.behind = 0;
        self.room.listening = Listening::ToProbes;
        Outcome {
            elapsed: balance.last.at.max(due_in.unwrap_or_default()),
            said: self.said,
            unsaid: self.unsaid,
            expected,
            delivered: balance.last.delivered,
            received_bytes: self.room.received_bytes,
            faults: tally.faults,
            latency: tally.latency,
            lateness: self.lateness,
            reconnected: 0,
            server_cpu_nanos: balance.known(|sample| sample.server_cpu_nanos),
            server_memory_bytes: balance.known(|sample| sample.server_memory_bytes),
            own_cpu_nanos: balance.own_cpu_nanos,
            checked: self.room.members.iter().filter(|member| member.checks.is_some()).count(),
            samples: balance.samples,
        }
    }
}
