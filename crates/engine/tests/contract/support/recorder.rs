//! A service that writes down what it is told, does what the test bids it, and holds its engine to
//! the order of calls.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use service::{Address, Batch, Frame, Key, Now, Origin, Reason, Request, Service, Time};

use super::rules::Rules;

/// What a service was told.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    Opened(Key, Origin),
    Received(Key, Vec<u8>),
    Urgent(Key),
    Ended(Key),
    Closed(Key, Reason),
    ConnectFailed(u64, Reason),
    Woken,
    Stopping,
}

/// A service for tests. Every call is checked against the contract ([`Rules`]).
pub(crate) struct Recorder {
    /// What it was told, with the number of the turn.
    pub(crate) facts: Vec<(u64, Fact)>,
    pub(crate) desk: Desk,
    reaction: Reaction,
    rules: Rules,
    turns: u64,
    /// The test's own deadline.
    pub(crate) limit: Option<Time>,
}

/// What the service has to say and to ask.
#[derive(Default)]
pub(crate) struct Desk {
    requests: VecDeque<Request>,
    letters: HashMap<Key, VecDeque<Frame>>,
    sources: HashMap<Key, Source>,
    /// By key: how often `transmit` came, and the bytes that it took.
    taken: HashMap<Key, (u64, u64)>,
    /// The deadline that the next `finish` names.
    pub(crate) deadline: Option<Time>,
    pub(crate) now: Now,
}

/// What the service does with what it is told.
type Reaction = Box<dyn FnMut(&mut Desk, &Fact)>;

/// Fills batches for as long as it has something.
type Source = Box<dyn FnMut(&mut Batch)>;

impl Desk {
    /// Sends a copy of `bytes`.
    pub(crate) fn send(&mut self, key: Key, bytes: &[u8]) {
        self.letters.entry(key).or_default().push_back(Frame::from(bytes));
        self.ask(Request::Flush(key));
    }

    /// Sends what `source` puts into the batch, until it puts nothing.
    pub(crate) fn send_from(&mut self, key: Key, source: impl FnMut(&mut Batch) + 'static) {
        self.sources.insert(key, Box::new(source));
        self.ask(Request::Flush(key));
    }

    pub(crate) fn close(&mut self, key: Key) {
        self.ask(Request::Close(key));
    }

    pub(crate) fn abort(&mut self, key: Key) {
        self.ask(Request::Abort(key));
    }

    pub(crate) fn connect(&mut self, to: Address, token: u64) {
        self.ask(Request::Connect { to, token });
    }

    pub(crate) fn ask(&mut self, request: Request) {
        self.requests.push_back(request);
    }

    fn fill(&mut self, key: Key, batch: &mut Batch) {
        let letters = self.letters.entry(key).or_default();
        while !batch.is_full()
            && let Some(letter) = letters.pop_front()
        {
            batch.push(&letter);
        }
        if batch.is_empty()
            && let Some(source) = self.sources.get_mut(&key)
        {
            source(batch);
        }
        let is_all = letters.is_empty() && !self.sources.contains_key(&key);
        let (times, bytes) = self.taken.entry(key).or_default();
        *times += 1;
        // What an engine makes of the hint must not be seen: every other time there is none.
        if is_all && !batch.is_empty() && *times % 2 == 1 {
            batch.nothing_more();
        }
        *bytes += batch.len() as u64;
    }
}

impl Recorder {
    pub(crate) fn new(reaction: impl FnMut(&mut Desk, &Fact) + 'static) -> Self {
        Self {
            facts: Vec::new(),
            desk: Desk::default(),
            reaction: Box::new(reaction),
            rules: Rules::default(),
            turns: 0,
            limit: None,
        }
    }

    /// Turns begun.
    pub(crate) fn turns(&self) -> u64 {
        self.turns
    }

    /// The connections that were opened, in order.
    pub(crate) fn opened(&self) -> Vec<Key> {
        let opened = self.facts().filter_map(|fact| match fact {
            Fact::Opened(key, _) => Some(*key),
            _ => None,
        });
        opened.collect()
    }

    /// The connection that was opened last.
    pub(crate) fn newest(&self) -> Key {
        *self.opened().last().expect("a connection was opened")
    }

    /// Where the connection comes from.
    pub(crate) fn origin(&self, key: Key) -> Origin {
        let origin = self.facts().find_map(|fact| match fact {
            Fact::Opened(other, origin) if *other == key => Some(*origin),
            _ => None,
        });
        origin.expect("the connection was opened")
    }

    /// All that came from this peer.
    pub(crate) fn heard(&self, key: Key) -> Vec<u8> {
        let pieces = self.facts().filter_map(|fact| match fact {
            Fact::Received(other, bytes) if *other == key => Some(&bytes[..]),
            _ => None,
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// How many bytes came from this peer.
    pub(crate) fn heard_bytes(&self, key: Key) -> usize {
        let pieces = self.facts().map(|fact| match fact {
            Fact::Received(other, bytes) if *other == key => bytes.len(),
            _ => 0,
        });
        pieces.sum()
    }

    /// Whether this was told.
    pub(crate) fn was_told(&self, fact: &Fact) -> bool {
        self.facts().any(|other| other == fact)
    }

    /// How often something like this was told.
    pub(crate) fn count(&self, like: impl Fn(&Fact) -> bool) -> usize {
        self.facts().filter(|fact| like(fact)).count()
    }

    pub(crate) fn has_ended(&self, key: Key) -> bool {
        self.was_told(&Fact::Ended(key))
    }

    /// Why the connection is over, if it is.
    pub(crate) fn closed(&self, key: Key) -> Option<Reason> {
        self.facts().find_map(|fact| match fact {
            Fact::Closed(other, reason) if *other == key => Some(*reason),
            _ => None,
        })
    }

    /// How many connections are over.
    pub(crate) fn closed_count(&self) -> usize {
        self.count(|fact| matches!(fact, Fact::Closed(..)))
    }

    /// How often the engine asked what to send to `key`.
    pub(crate) fn times_asked(&self, key: Key) -> u64 {
        self.desk.taken.get(&key).map_or(0, |&(times, _)| times)
    }

    /// How many bytes the engine has taken for `key`.
    pub(crate) fn bytes_taken(&self, key: Key) -> u64 {
        self.desk.taken.get(&key).map_or(0, |&(_, bytes)| bytes)
    }

    /// Connections of which the end was not told.
    pub(crate) fn alive(&self) -> usize {
        self.rules.alive()
    }

    /// The last facts, for a failure's message.
    pub(crate) fn story(&self) -> String {
        let skipped = self.facts.len().saturating_sub(30);
        let lines =
            self.facts[skipped..].iter().map(|(turn, fact)| format!("  {turn}: {fact:?}\n"));
        format!("after {skipped} facts more, by turn:\n{}", lines.collect::<String>())
    }

    fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter().map(|(_, fact)| fact)
    }

    fn told(&mut self, fact: Fact) {
        if let Err(broken) = self.rules.told(&fact) {
            panic!("{broken}: {fact:?}, {}", self.story());
        }
        (self.reaction)(&mut self.desk, &fact);
        self.facts.push((self.turns, fact));
    }
}

impl Service for Recorder {
    fn begin(&mut self, now: Now) {
        self.rules.begin(now).expect("the order of calls");
        self.turns += 1;
        self.desk.now = now;
    }

    fn opened(&mut self, key: Key, origin: &Origin) {
        self.told(Fact::Opened(key, *origin));
    }

    fn received(&mut self, key: Key, bytes: &[u8]) {
        self.told(Fact::Received(key, bytes.to_vec()));
    }

    fn urgent(&mut self, key: Key) {
        self.told(Fact::Urgent(key));
    }

    fn ended(&mut self, key: Key) {
        self.told(Fact::Ended(key));
    }

    fn transmit(&mut self, key: Key, batch: &mut Batch) {
        if let Err(broken) = self.rules.transmit(key, batch) {
            panic!("{broken}: transmit({key:?}), {}", self.story());
        }
        self.desk.fill(key, batch);
        self.rules.transmitted(key, batch);
    }

    fn closed(&mut self, key: Key, reason: Reason) {
        self.told(Fact::Closed(key, reason));
    }

    fn connect_failed(&mut self, token: u64, reason: Reason) {
        self.told(Fact::ConnectFailed(token, reason));
    }

    fn woken(&mut self) {
        self.told(Fact::Woken);
    }

    fn stopping(&mut self) {
        self.told(Fact::Stopping);
    }

    fn finish(&mut self) -> Option<Time> {
        self.rules.finish().expect("the order of calls");
        self.desk.deadline.take().into_iter().chain(self.limit).min()
    }

    fn request(&mut self) -> Option<Request> {
        let request = self.desk.requests.pop_front();
        self.rules.request(request.as_ref()).expect("the order of calls");
        request
    }
}

impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened(key, origin) => write!(f, "opened {key:?} from {}", origin.peer),
            Self::Received(key, bytes) => {
                let shown = &bytes[..bytes.len().min(32)];
                write!(f, "received {key:?} {} bytes \"{}\"", bytes.len(), shown.escape_ascii())
            }
            Self::Urgent(key) => write!(f, "urgent {key:?}"),
            Self::Ended(key) => write!(f, "ended {key:?}"),
            Self::Closed(key, reason) => write!(f, "closed {key:?} {reason:?}"),
            Self::ConnectFailed(token, reason) => write!(f, "connect_failed {token} {reason:?}"),
            Self::Woken => f.write_str("woken"),
            Self::Stopping => f.write_str("stopping"),
        }
    }
}
