//! The order of calls that [`Service`](service::Service) promises, checked with every call of
//! every test.

use std::collections::{HashMap, HashSet};

use service::{Batch, Key, Now, Request, Time, Via};

use super::recorder::Fact;

/// What the contract says may come next.
#[derive(Default)]
pub(crate) struct Rules {
    phase: Phase,
    /// Whether `request` has answered that there is nothing more.
    answered_all: bool,
    now: Time,
    alive: HashMap<Key, Life>,
    past: HashSet<Key>,
    stopping: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Phase {
    /// From `finish` on; the first turn has not begun, or requests are being taken.
    #[default]
    Asking,
    /// From `begin` to `finish`.
    Telling,
}

#[derive(Default)]
struct Life {
    has_ended: bool,
    /// A flush or a close was asked for, and no batch was left empty since.
    is_wanted: bool,
    /// The engine stops, and closes this connection as if that had been asked for.
    is_stopped: bool,
}

type Kept = Result<(), &'static str>;

impl Rules {
    pub(crate) fn alive(&self) -> usize {
        self.alive.len()
    }

    pub(crate) fn begin(&mut self, now: Now) -> Kept {
        must(self.phase == Phase::Asking, "a turn begins after the one before has finished")?;
        must(self.now == Time::ZERO || self.answered_all, "all requests are taken in a turn")?;
        must(now.time >= self.now, "time does not go back")?;
        self.now = now.time;
        self.phase = Phase::Telling;
        self.answered_all = false;
        Ok(())
    }

    pub(crate) fn finish(&mut self) -> Kept {
        must(self.phase == Phase::Telling, "a turn finishes once, after it has begun")?;
        self.phase = Phase::Asking;
        Ok(())
    }

    pub(crate) fn request(&mut self, request: Option<&Request>) -> Kept {
        must(self.phase == Phase::Asking, "requests are taken after the turn has finished")?;
        match request {
            None => self.answered_all = true,
            Some(Request::Flush(key) | Request::Close(key)) => {
                if let Some(life) = self.alive.get_mut(key) {
                    life.is_wanted = true;
                }
            }
            Some(_) => {}
        }
        Ok(())
    }

    pub(crate) fn told(&mut self, fact: &Fact) -> Kept {
        must(self.phase == Phase::Telling, "facts are told between begin and finish")?;
        match fact {
            Fact::Opened(key, origin) => {
                must(!self.alive.contains_key(key), "a connection is opened once")?;
                must(!self.past.contains(key), "a key is used once")?;
                let is_newcomer = matches!(origin.via, Via::Listener(_));
                must(!(self.stopping && is_newcomer), "an engine that stops accepts no one")?;
                self.alive.insert(*key, Life::default());
            }
            Fact::Received(key, bytes) => {
                let life = self.life(*key)?;
                must(!life.has_ended, "nothing is received after the end")?;
                must(!bytes.is_empty(), "something is received")?;
            }
            Fact::Urgent(key) => {
                self.life(*key)?;
            }
            Fact::Ended(key) => {
                let life = self.life(*key)?;
                must(!life.has_ended, "a peer finishes once")?;
                life.has_ended = true;
            }
            Fact::Closed(key, _) => {
                self.life(*key)?;
                self.alive.remove(key);
                self.past.insert(*key);
            }
            Fact::ConnectFailed(..) | Fact::Woken => {}
            Fact::Stopping => {
                must(!self.stopping, "stopping is told once")?;
                self.stopping = true;
                self.alive.values_mut().for_each(|life| life.is_stopped = true);
            }
        }
        Ok(())
    }

    pub(crate) fn transmit(&mut self, key: Key, batch: &Batch) -> Kept {
        let life = self.life(key)?;
        let may_be_asked = life.is_wanted || life.is_stopped;
        must(may_be_asked, "who has nothing to send is not asked until there is a request")?;
        must(batch.is_empty(), "a batch comes empty")
    }

    pub(crate) fn transmitted(&mut self, key: Key, batch: &Batch) {
        if batch.is_empty()
            && let Some(life) = self.alive.get_mut(&key)
        {
            // One empty batch answers what the service asked for, and another one the stop.
            match life.is_wanted {
                true => life.is_wanted = false,
                false => life.is_stopped = false,
            }
        }
    }

    fn life(&mut self, key: Key) -> Result<&mut Life, &'static str> {
        self.alive.get_mut(&key).ok_or("only connections that are open are spoken of")
    }
}

fn must(kept: bool, rule: &'static str) -> Kept {
    if kept { Ok(()) } else { Err(rule) }
}

#[cfg(test)]
mod tests {
    use service::{Origin, Peer, Reason};

    use super::*;

    const KEY: Key = Key::new(0, 0);

    fn in_a_turn() -> Rules {
        let mut rules = Rules::default();
        rules.begin(Now::default()).unwrap();
        let origin = Origin { peer: Peer::Unix, via: Via::Listener(0) };
        rules.told(&Fact::Opened(KEY, origin)).unwrap();
        rules
    }

    #[test]
    fn what_the_contract_forbids_is_noticed() {
        let received = Fact::Received(KEY, b"!".to_vec());
        let closed = Fact::Closed(KEY, Reason::Closed);

        let mut rules = in_a_turn();
        assert!(rules.told(&Fact::Received(KEY, Vec::new())).is_err());
        rules.told(&received).unwrap();
        rules.told(&Fact::Ended(KEY)).unwrap();
        assert!(rules.told(&received).is_err());
        assert!(rules.told(&Fact::Ended(KEY)).is_err());
        rules.told(&closed).unwrap();
        assert!(rules.told(&closed).is_err());

        let mut rules = in_a_turn();
        assert!(rules.transmit(KEY, &Batch::default()).is_err());
        assert!(rules.request(None).is_err());
        rules.finish().unwrap();
        assert!(rules.told(&closed).is_err());
        rules.request(Some(&Request::Flush(KEY))).unwrap();
        rules.transmit(KEY, &Batch::default()).unwrap();
        rules.transmitted(KEY, &Batch::default());
        assert!(rules.transmit(KEY, &Batch::default()).is_err());
    }
}
