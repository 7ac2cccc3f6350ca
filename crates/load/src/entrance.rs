//! How members come in, until every one of them hears.

use std::time::{Duration, Instant};

use crate::books::SAMPLE_EVERY;
use crate::fanout::{Listening, Stage};
use crate::outcome::go_on;
use crate::stamp::PROBE;
use crate::{Audience, Entrance, Fanout, Hint, Plan, Role, Stamp, Step, Trouble, Watch};

/// Between two lines that try whether everybody hears.
const PROBE_EVERY: Duration = Duration::from_millis(300);

impl Fanout {
    /// Connects all members, has them come in, and waits until each has heard a line.
    ///
    /// # Errors
    ///
    /// See [`Trouble`]: nothing listens, a refusal, silence for longer than the plan's patience.
    pub fn gather(plan: Plan, watch: &mut impl Watch) -> Result<Self, Trouble> {
        let mut room = Self::connect(plan, watch)?;
        room.enter(Entrance::Flowing, watch)?;
        room.tune(watch)?;
        Ok(room)
    }

    /// Connects all members and waits until the server has let them in; none is in the room yet.
    ///
    /// # Errors
    ///
    /// As for [`gather`](Self::gather).
    pub fn connect(plan: Plan, watch: &mut impl Watch) -> Result<Self, Trouble> {
        let mut room = Self::new(plan)?;
        let wanted = room.wanted();
        let mut patience = Patience::new(&room);
        while room.greeted < wanted {
            while room.members.len() < wanted.min(room.greeted + room.plan.at_once.max(1)) {
                room.call()?;
            }
            room.turn(PROBE_EVERY)?;
            let greeted = room.greeted;
            patience.look(greeted, || {
                format!("only {greeted} of {wanted} were let in, and no more are")
            })?;
            watch.gathering(greeted, wanted);
            go_on(watch)?;
        }
        Ok(room)
    }

    /// Has all who were let in come into the room.
    ///
    /// # Errors
    ///
    /// As for [`gather`](Self::gather).
    pub fn enter(&mut self, entrance: Entrance, watch: &mut impl Watch) -> Result<(), Trouble> {
        let wanted = self.members.len();
        let mut asked = 0;
        let at_once = match entrance {
            Entrance::Flowing => self.plan.at_once.max(1),
            Entrance::AllAtOnce => wanted,
            Entrance::OneByOne => 1,
        };
        let mut patience = Patience::new(self);
        while self.joined < wanted {
            while asked < wanted.min(self.joined + at_once) {
                let member = &mut self.members[asked];
                member.stage = Stage::Joining;
                if member.client.join(&mut member.wire.unsent) == Step::Done {
                    member.stage = Stage::Joined;
                    self.joined += 1;
                }
                self.flush(asked)?;
                asked += 1;
            }
            if self.joined < asked {
                self.turn(PROBE_EVERY)?;
            }
            let joined = self.joined;
            patience.look(joined, || {
                format!("only {joined} of {wanted} came into the room, and no more do")
            })?;
            watch.gathering(joined, wanted);
            go_on(watch)?;
        }
        Ok(())
    }

    /// Only receives, for so long: what members do who say nothing.
    ///
    /// # Errors
    ///
    /// If the server closes a connection, or it is stopped.
    pub fn listen(&mut self, duration: Duration, watch: &mut impl Watch) -> Result<(), Trouble> {
        let end = Instant::now() + duration;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let ended = self.turn(left.min(SAMPLE_EVERY));
            go_on(watch)?;
            ended?;
        }
        Ok(())
    }

    /// Has lines said, some times a second, until everybody has heard one.
    ///
    /// # Errors
    ///
    /// If some hear nothing for longer than the plan's patience, or the server closes.
    pub fn tune(&mut self, watch: &mut impl Watch) -> Result<(), Trouble> {
        self.listening = Listening::ToProbes;
        self.members.iter_mut().for_each(|member| (member.heard, member.awaited) = (0, 0));
        self.behind = 0;
        // Who talks does not hear itself, so with several of them two are needed.
        let speakers = if self.plan.senders > 1 { vec![0, self.plan.senders - 1] } else { vec![0] };
        let is_alone = speakers.len() == 1;
        let mut patience = Patience::new(self);
        let mut next = Instant::now();
        loop {
            if Instant::now() >= next {
                for &speaker in &speakers {
                    let stamp =
                        Stamp { run: self.run, sender: speaker as u32, sequence: 0, at_nanos: 0 };
                    let mut text = Vec::new();
                    stamp.write_text(PROBE, self.plan.size - 1, &mut text);
                    let member = &mut self.members[speaker];
                    member.client.say(&text, &mut member.wire.unsent);
                    self.flush(speaker)?;
                }
                next = Instant::now() + PROBE_EVERY;
            }
            self.turn(PROBE_EVERY / 10)?;
            go_on(watch)?;
            let audience = self.audience;
            let is_deaf = |index: usize, role| match audience {
                Audience::Others => is_alone && index == 0,
                Audience::Everyone => false,
                Audience::Receivers => role == Role::Sender,
            };
            let (mut hear, mut all) = (0, 0);
            for (index, member) in self.members.iter().enumerate() {
                if !is_deaf(index, member.role) {
                    all += 1;
                    hear += usize::from(member.heard > 0);
                }
            }
            if hear == all {
                // What the server said to those who came in is no reason for what comes later.
                self.members.iter_mut().for_each(|member| member.last_words.clear());
                return Ok(());
            }
            patience.look(hear, || {
                format!("a line of {} bytes was heard by {hear} of {all} members", self.plan.size)
            })?;
        }
    }
}

/// Sees that something comes of what is waited for.
struct Patience {
    longest: Duration,
    count: usize,
    since: Instant,
}

impl Patience {
    fn new(room: &Fanout) -> Self {
        Self { longest: room.plan.patience, count: 0, since: Instant::now() }
    }

    fn look(&mut self, count: usize, waiting_for: impl FnOnce() -> String) -> Result<(), Trouble> {
        if count != self.count {
            (self.count, self.since) = (count, Instant::now());
        } else if self.since.elapsed() > self.longest {
            return Err(Trouble::Silence { waiting_for: waiting_for(), hint: Hint::Room });
        }
        Ok(())
    }
}
