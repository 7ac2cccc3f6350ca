//! Members of a room: what there is of each, and a turn of the loop that serves them all.
//!
//! How they come in is entrance.rs's, what is said and measured is run.rs's.
//!
//! Invariant: whatever a phase waits for, every member's bytes are received meanwhile: nobody here
//! is the slow reader that a server would hold up or close.

use std::time::{Duration, Instant};

use rustix::event::epoll::{EventData, EventFlags};

use crate::checks::{Checks, Tally};
use crate::ear::Hearing;
use crate::stamp::{MARK, PROBE, STAMP_BYTES};
use crate::wire::{Poller, Received, Wire};
use crate::{Address, Audience, Client, Ear, Protocol, Role, Step, Trouble};

/// Whom to gather.
pub struct Plan {
    /// The server.
    pub to: Address,
    /// How its clients speak.
    pub protocol: Box<dyn Protocol>,
    /// How many hear each line.
    pub receivers: usize,
    /// How many talk. They are members like all others: with more than one of them, each hears the
    /// others, and so many fewer connections only listen.
    pub senders: usize,
    /// Bytes of a line as it is said, its newline included; see [`STAMP_BYTES`] for the least.
    pub size: usize,
    /// How many members' deliveries are looked at one by one; all others are counted.
    pub checked: usize,
    /// How many connections come in at the same time.
    pub at_once: usize,
    /// How long nothing may come of what is waited for.
    pub patience: Duration,
}

impl Plan {
    /// One who talks, 100 who listen, lines of 64 bytes.
    pub fn new(to: Address, protocol: impl Protocol + 'static) -> Self {
        Self {
            to,
            protocol: Box::new(protocol),
            receivers: 100,
            senders: 1,
            size: 64,
            checked: 16,
            at_once: 128,
            patience: Duration::from_secs(10),
        }
    }

    /// Connections in all.
    fn members(&self) -> usize {
        match self.protocol.audience() {
            Audience::Others => (self.receivers + 1).max(self.senders),
            Audience::Everyone => self.receivers.max(self.senders),
            Audience::Receivers => self.receivers + self.senders,
        }
    }
}

/// How far [`Fanout::enter`] brings its members, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// All come in, several at a time, as the plan says.
    Flowing,
    /// All ask to come in at the same moment.
    AllAtOnce,
    /// Each asks when the one before is in.
    OneByOne,
}

/// A room full of members, of whom the first talk.
pub struct Fanout {
    pub(crate) plan: Plan,
    pub(crate) audience: Audience,
    pub(crate) poller: Poller,
    pub(crate) members: Vec<Member>,
    /// Which run of a generator this is.
    pub(crate) run: u32,
    pub(crate) began: Instant,
    pub(crate) listening: Listening,
    /// Members whom the server has let in.
    pub(crate) greeted: usize,
    /// Members who are in the room.
    pub(crate) joined: usize,
    /// Members who have yet to hear something of what was said.
    pub(crate) behind: usize,
    /// Deliveries since the run began, of all members.
    pub(crate) delivered: u64,
    /// Bytes received since the run began.
    pub(crate) received_bytes: u64,
    pub(crate) tally: Tally,
}

/// What is made of deliveries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listening {
    ToProbes,
    ToLines,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Connecting,
    Greeting,
    Greeted,
    Joining,
    Joined,
}

/// One connection.
pub(crate) struct Member {
    pub(crate) wire: Wire,
    pub(crate) client: Box<dyn Client>,
    pub(crate) stage: Stage,
    pub(crate) role: Role,
    /// Deliveries heard in this run.
    pub(crate) heard: u64,
    /// Deliveries that it should have heard by now.
    pub(crate) expected: u64,
    /// Of these, those that are waited for: all but what was given up.
    pub(crate) awaited: u64,
    /// Lines said in this run.
    pub(crate) said: u64,
    /// Lines said in all runs.
    pub(crate) sequence: u64,
    pub(crate) checks: Option<Box<Checks>>,
    /// The last line from the server that was no delivery, for when it closes.
    pub(crate) last_words: Vec<u8>,
}

impl Fanout {
    /// Makes the plan ready; nobody is connected yet.
    pub(crate) fn new(plan: Plan) -> Result<Self, Trouble> {
        let most = plan.protocol.most_text_bytes() + 1;
        if plan.size <= STAMP_BYTES || plan.size > most {
            return Err(Trouble::Impossible(format!(
                "a line of {} bytes cannot be said here: {} to {most} can",
                plan.size,
                STAMP_BYTES + 1
            )));
        }
        if plan.receivers == 0 || plan.senders == 0 {
            return Err(Trouble::Impossible("somebody must talk, and somebody listen".into()));
        }
        if plan.protocol.audience() != Audience::Receivers && plan.senders > plan.receivers + 1 {
            return Err(Trouble::Impossible(format!(
                "{} who talk to {} others: in a room each hears all others, so ask for at least {} \
                 receivers",
                plan.senders,
                plan.receivers,
                plan.senders - 1
            )));
        }
        let wanted = plan.members() as u64 + 32;
        let limit = engine::raise_descriptor_limit()?;
        if wanted > limit {
            return Err(Trouble::Descriptors { wanted, limit });
        }
        // The kernel would have timed waits last up to 50 us longer to save wake-ups (prctl(2)).
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZero::new(1));
        let began = Instant::now();
        // Differs from what other generators have, most of the time; nothing else hangs on it.
        let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let chance = clock.map_or(0, |since| since.subsec_nanos()) ^ std::process::id() << 7;
        Ok(Self {
            audience: plan.protocol.audience(),
            plan,
            poller: Poller::new()?,
            members: Vec::new(),
            run: chance & ((1 << 18) - 1),
            began,
            listening: Listening::ToProbes,
            greeted: 0,
            joined: 0,
            behind: 0,
            delivered: 0,
            received_bytes: 0,
            tally: Tally::new(),
        })
    }

    /// Connections in all, those who talk and those who listen.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// How many connections the plan asks for.
    pub(crate) fn wanted(&self) -> usize {
        self.plan.members()
    }

    /// Begins one more connection.
    pub(crate) fn call(&mut self) -> Result<(), Trouble> {
        let number = self.members.len();
        let unreachable = |error| Trouble::Unreachable { to: self.plan.to.clone(), error };
        let socket = self.plan.to.call().map_err(unreachable)?;
        let role = if number < self.plan.senders { Role::Sender } else { Role::Receiver };
        self.members.push(Member {
            wire: Wire::new(&self.poller, socket, number)?,
            client: self.plan.protocol.client(number, role),
            stage: Stage::Connecting,
            role,
            heard: 0,
            expected: 0,
            awaited: 0,
            said: 0,
            sequence: 0,
            checks: None,
            last_words: Vec::new(),
        });
        Ok(())
    }

    /// Waits at most so long for something to happen, and deals with all that did.
    pub(crate) fn turn(&mut self, longest: Duration) -> Result<(), Trouble> {
        self.poller.wait(longest)?;
        let events = std::mem::take(&mut self.poller.events);
        for event in &events {
            let (data, flags): (EventData, EventFlags) = (event.data, event.flags);
            let index = data.u64() as usize;
            if flags.contains(EventFlags::OUT) {
                self.writable(index)?;
            }
            if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                self.readable(index)?;
            }
        }
        self.poller.events = events;
        Ok(())
    }

    fn writable(&mut self, index: usize) -> Result<(), Trouble> {
        let member = &mut self.members[index];
        if member.stage == Stage::Connecting {
            if let Err(error) = member.wire.connected() {
                return Err(Trouble::Unreachable { to: self.plan.to.clone(), error });
            }
            member.stage = Stage::Greeting;
            if member.client.greet(&mut member.wire.unsent) == Step::Done {
                member.stage = Stage::Greeted;
                self.greeted += 1;
            }
        }
        self.flush(index)
    }

    /// Sends what a member has to say.
    pub(crate) fn flush(&mut self, index: usize) -> Result<(), Trouble> {
        let wire = &mut self.members[index].wire;
        if !wire.flush(&self.poller)? {
            // Its last words may have come before it closed.
            self.readable(index)?;
            return Err(self.closed(index));
        }
        Ok(())
    }

    fn readable(&mut self, index: usize) -> Result<(), Trouble> {
        let member = &mut self.members[index];
        if member.stage == Stage::Connecting {
            return self.writable(index);
        }
        let kept = member.wire.kept();
        let filled = match member.wire.receive(&mut self.poller.buffer)? {
            Received::Bytes(filled) => filled,
            Received::Nothing => return Ok(()),
            Received::Closed => return Err(self.closed(index)),
        };
        self.received_bytes += (filled - kept) as u64;
        let received = &self.poller.buffer[..filled];
        let mut taken = 0;
        let refused = |why, during: &str| Trouble::Refused { during: during.into(), why };
        while taken < filled && matches!(member.stage, Stage::Greeting | Stage::Joining) {
            let entered = member.client.enter(&received[taken..], &mut member.wire.unsent);
            let (count, step) = entered.map_err(|why| refused(why, "coming in"))?;
            taken += count;
            match (step, member.stage) {
                (Step::Done, Stage::Greeting) => {
                    member.stage = Stage::Greeted;
                    self.greeted += 1;
                }
                (Step::Done, _) => {
                    member.stage = Stage::Joined;
                    self.joined += 1;
                }
                (Step::Waiting, _) => break,
            }
        }
        if matches!(member.stage, Stage::Greeted | Stage::Joined) && taken < filled {
            let mut hearing = match (self.listening, &mut member.checks) {
                (Listening::ToProbes, _) => Hearing::Probe { run: self.run },
                (Listening::ToLines, None) => Hearing::Count,
                (Listening::ToLines, Some(checks)) => Hearing::Check {
                    checks,
                    tally: &mut self.tally,
                    now_nanos: self.began.elapsed().as_nanos() as u64,
                },
            };
            let mut ear = Ear::new(&mut hearing);
            let out = &mut member.wire.unsent;
            let count = member.client.hear(&received[taken..], &mut ear, out);
            let heard = ear.heard;
            taken += count.map_err(|why| refused(why, "listening"))?;
            self.delivered += heard;
            let was_behind = member.heard < member.awaited;
            member.heard += heard;
            self.behind -= usize::from(was_behind && member.heard >= member.awaited);
        }
        member.remember(&received[..filled]);
        if !member.wire.keep(&received[taken..]) {
            let why = "the server sent a line or message without end".into();
            return Err(refused(why, "listening"));
        }
        if member.wire.backlog() > 0 { self.flush(index) } else { Ok(()) }
    }

    fn closed(&self, index: usize) -> Trouble {
        let member = &self.members[index];
        let who = format!("member {} of {}", index + 1, self.wanted());
        let during = match member.stage {
            Stage::Connecting | Stage::Greeting => format!("{who} was registering"),
            Stage::Greeted | Stage::Joining => format!("{who} was coming into the room"),
            Stage::Joined if member.role == Role::Sender => format!("{who} was talking"),
            Stage::Joined => format!("{who} was listening"),
        };
        let last_words = String::from_utf8_lossy(&member.last_words).trim().to_owned();
        Trouble::Closed { during, last_words }
    }
}

impl Member {
    /// Keeps the last line if it is no delivery: servers say why they close. What was said before a
    /// delivery is no reason.
    fn remember(&mut self, received: &[u8]) {
        let text = received.trim_ascii_end();
        let is_delivery =
            text.len() >= STAMP_BYTES && matches!(text[text.len() - STAMP_BYTES], MARK | PROBE);
        self.last_words.clear();
        if !is_delivery {
            let line = memchr::memrchr(b'\n', text).map_or(0, |end| end + 1);
            let line = &text[line..];
            self.last_words.extend_from_slice(&line[..line.len().min(200)]);
        }
    }
}
