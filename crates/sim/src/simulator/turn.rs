//! The turn: what is told, in which order, and what becomes of the service's requests.
//!
//! Invariant: begin, facts, finish, requests; and of one connection, opened, received, ended and
//! closed in that order, however the rest is shuffled.

use std::io::IoSlice;
use std::sync::atomic::Ordering::Relaxed;

use service::{Batch, Key, Now, Reason, Request, Service, Time, Via};

use super::{Dial, InTurn, Loop, Simulator, Stopping};
use crate::client::{Last, Sending, Stage};
use crate::connection::{Connection, End, Input, Life, Output};
use crate::trace::Note;

/// Something that the service could be told now.
enum Fact {
    Open(usize),
    Urgent(Key),
    Receive(Key),
    End(Key),
    /// There is room for more of its batch, or the next batch can be asked for.
    Send(Key),
    Reset(Key),
    Over(Key, Reason),
    DialFailed,
    Woken,
    Stop,
}

/// What a real engine hands over in one piece at the most.
const RECEIVE_BYTES: usize = 64 * 1024;

/// A service that makes this many requests in one turn, or is idle in this many turns in a row
/// that it asked for, will not stop by itself.
const REQUESTS: usize = 10_000_000;
const IDLE_TURNS: u32 = 1_000;

impl<S: Service> Simulator<S> {
    /// Whether anything is left that happens by itself, without the clock moving on.
    pub(super) fn has_work(&self) -> bool {
        let reading = self.clients.iter().any(|client| client.will_read());
        reading || (0..self.loops.len()).any(|on| self.has_news(on))
    }

    /// Whether there is a reason for a turn of this loop.
    pub(super) fn has_news(&self, on: usize) -> bool {
        !self.loops[on].has_stopped() && (self.is_due(on) || !self.facts(on).is_empty())
    }

    fn is_due(&self, on: usize) -> bool {
        self.loops[on].next_alarm().is_some_and(|alarm| alarm <= self.time)
    }

    /// The next moment at which the clock alone makes something happen.
    pub(super) fn next_alarm(&self) -> Option<Time> {
        self.loops.iter().filter_map(Loop::next_alarm).min()
    }

    /// All that the service could be told now; what came of one client stands in order.
    fn facts(&self, on: usize) -> Vec<Fact> {
        let mut facts = Vec::new();
        if self.loops[on].woken.load(Relaxed) {
            facts.push(Fact::Woken);
        }
        facts.extend(self.loops[on].failed_dials.iter().map(|_| Fact::DialFailed));
        if matches!(self.loops[on].stopping, Stopping::No | Stopping::Asked) {
            for (index, client) in self.clients.iter().enumerate() {
                if client.stage == Stage::Arriving && client.on == on {
                    facts.push(Fact::Open(index));
                }
            }
        }
        for (key, connection) in self.loops[on].connections.iter() {
            self.facts_of(on, key, connection, &mut facts);
        }
        if self.loops[on].stopping == Stopping::Asked {
            facts.push(Fact::Stop);
        }
        facts
    }

    fn facts_of(&self, on: usize, key: Key, connection: &Connection, facts: &mut Vec<Fact>) {
        let client = &self.clients[connection.client];
        if connection.life == Life::Open {
            if client.urgent {
                facts.push(Fact::Urgent(key));
            }
            if self.receivable(connection) > 0 {
                facts.push(Fact::Receive(key));
            }
            let at_end = client.outgoing.is_empty() && client.sending != Sending::Open;
            if at_end && connection.input.may_end() && client.sending != Sending::Reset {
                facts.push(Fact::End(key));
            }
        }
        let time_is_up = match self.loops[on].stopping {
            Stopping::Told { until } => until <= self.time,
            _ => false,
        };
        let gone = matches!(client.sending, Sending::Reset | Sending::HungUp);
        match connection.life {
            Life::Over(reason) => facts.push(Fact::Over(key, reason)),
            _ if time_is_up => facts.push(Fact::Over(key, Reason::Stopped)),
            Life::Open | Life::Draining { .. } => {
                let sendable = match connection.output {
                    Output::Quiet => false,
                    Output::Out(_) => client.room() > 0 || gone,
                    Output::Sent => true,
                };
                if sendable {
                    facts.push(Fact::Send(key));
                }
                if client.sending == Sending::Reset {
                    facts.push(Fact::Reset(key));
                } else if let Life::Draining { until } = connection.life
                    && until <= self.time
                {
                    facts.push(Fact::Over(key, Reason::TimedOut));
                }
            }
            Life::Lingering { until } => {
                if gone || client.last == Last::SawEnd || until <= self.time {
                    facts.push(Fact::Over(key, Reason::Closed));
                }
            }
        }
    }

    /// How many bytes the service can be handed now.
    fn receivable(&self, connection: &Connection) -> usize {
        let waiting = self.clients[connection.client].outgoing.len();
        match connection.input {
            Input::Open => waiting,
            Input::Paused { late, .. } => waiting.min(late),
            Input::Ended => 0,
        }
    }

    /// A turn of one loop; turns of others may begin and end between its facts.
    pub(super) fn turn(&mut self, on: usize) {
        self.loops[on].in_turn = InTurn::Yes;
        let unix_ms = self.date_ahead_ms + self.time.as_nanos() / 1_000_000;
        self.trace.note(Note::Begin { on, time: self.time, unix_ms }, &[]);
        self.loops[on].service.begin(Now { time: self.time, unix_ms });

        let mut facts = self.facts(on);
        if self.random.chance(self.faults.reordering) {
            self.random.shuffle(&mut facts);
        }
        let was_told_to_stop = self.loops[on].stopping;
        let mut told = 0;
        for fact in facts {
            if !self.random.chance(self.faults.delays) {
                self.tell(on, fact);
                told += 1;
            }
            if self.loops.len() > 1 && self.random.chance(self.faults.reordering) {
                self.meanwhile();
            }
        }

        self.loops[on].deadline = self.loops[on].service.finish();
        self.trace.note(Note::Finish { deadline: self.loops[on].deadline }, &[]);

        let mut flushes = Vec::new();
        if self.loops[on].stopping != was_told_to_stop
            && matches!(self.loops[on].stopping, Stopping::Told { .. })
        {
            let keys: Vec<Key> = self.loops[on].connections.keys().collect();
            keys.into_iter().for_each(|key| self.close(on, key, &mut flushes));
        }
        let asked = self.take_requests(on, flushes);

        let spins =
            told == 0 && asked == 0 && self.loops[on].deadline.is_some_and(|due| due <= self.time);
        self.loops[on].idle_turns = if spins { self.loops[on].idle_turns + 1 } else { 0 };
        assert!(
            self.loops[on].idle_turns < IDLE_TURNS,
            "the service asks for turns and does nothing in them"
        );
        if matches!(self.loops[on].stopping, Stopping::Told { .. })
            && self.loops[on].connections.is_empty()
            && self.loops[on].failed_dials.is_empty()
        {
            self.loops[on].stopping = Stopping::Stopped;
        }
        self.loops[on].in_turn = InTurn::No;
    }

    /// In the middle of a turn another loop has one.
    fn meanwhile(&mut self) {
        let other = self.random.index(self.loops.len());
        if self.loops[other].in_turn == InTurn::No && self.has_news(other) {
            self.turn(other);
        }
    }

    /// Tells the service one fact, if it still is one: others of this turn came before it.
    fn tell(&mut self, on: usize, fact: Fact) {
        match fact {
            Fact::Open(index) => self.tell_opened(on, index),
            Fact::Urgent(key) => self.tell_urgent(on, key),
            Fact::Receive(key) => self.tell_received(on, key),
            Fact::End(key) => self.tell_ended(on, key),
            Fact::Send(key) => self.send_batch(on, key),
            Fact::Reset(key) => self.tell_closed(on, key, Reason::Reset),
            Fact::Over(key, reason) => self.tell_closed(on, key, reason),
            Fact::DialFailed => {
                if let Some((token, reason)) = self.loops[on].failed_dials.pop() {
                    self.trace.note(Note::ConnectFailed { token }, &[]);
                    self.loops[on].service.connect_failed(token, reason);
                }
            }
            Fact::Woken => {
                self.loops[on].woken.store(false, Relaxed);
                self.trace.note(Note::Woken, &[]);
                self.loops[on].service.woken();
            }
            Fact::Stop => self.tell_stopping(on),
        }
    }

    fn tell_opened(&mut self, on: usize, index: usize) {
        if matches!(self.loops[on].stopping, Stopping::Told { .. }) {
            return;
        }
        let key = self.loops[on].connections.insert(Connection {
            client: index,
            output: Output::Quiet,
            input: Input::Open,
            life: Life::Open,
        });
        self.loops[on].issued.insert(key);
        let client = &mut self.clients[index];
        client.stage = Stage::Open(key);
        self.trace.note(Note::Opened { key, client: index }, &[]);
        self.loops[on].service.opened(key, &client.origin);
    }

    fn tell_urgent(&mut self, on: usize, key: Key) {
        let Some(connection) = self.loops[on].connections.get(key) else { return };
        let client = &mut self.clients[connection.client];
        // Some engines tell it again until the byte has been received.
        let again = !client.outgoing.is_empty() && self.random.chance(self.faults.delays);
        client.urgent = again;
        self.trace.note(Note::Urgent { key }, &[]);
        self.loops[on].service.urgent(key);
    }

    fn tell_received(&mut self, on: usize, key: Key) {
        loop {
            let Some(connection) = self.loops[on].connections.get(key) else { return };
            let mut count = self.receivable(connection).min(RECEIVE_BYTES);
            if connection.life != Life::Open || count == 0 {
                return;
            }
            let again = self.random.chance(self.faults.short_reads);
            if again {
                count = self.random.within(1..=count);
            }
            let client = connection.client;
            let bytes: Vec<u8> = self.clients[client].outgoing.drain(..count).collect();
            if let Some(Connection { input: Input::Paused { late, .. }, .. }) =
                self.loops[on].connections.get_mut(key)
            {
                *late -= count;
            }
            self.trace.note(Note::Received { key, bytes: count }, &bytes);
            self.loops[on].service.received(key, &bytes);
            // Engines read once per turn, mostly; the ring hands out all that has come.
            if !again || self.random.chance(0.5) {
                return;
            }
        }
    }

    fn tell_ended(&mut self, on: usize, key: Key) {
        let Some(connection) = self.loops[on].connections.get_mut(key) else { return };
        let waiting = !self.clients[connection.client].outgoing.is_empty();
        if waiting || connection.life != Life::Open || !connection.input.may_end() {
            return;
        }
        connection.input = Input::Ended;
        self.trace.note(Note::Ended { key }, &[]);
        self.loops[on].service.ended(key);
    }

    /// The last word on a connection. `reason` gives way to one that was already settled.
    fn tell_closed(&mut self, on: usize, key: Key, reason: Reason) {
        let Some(connection) = self.loops[on].connections.remove(key) else { return };
        let reason = match connection.life {
            Life::Over(settled) => settled,
            _ => reason,
        };
        let client = &mut self.clients[connection.client];
        client.stage = Stage::Over(reason);
        if reason != Reason::Closed {
            client.lose();
        }
        if let Output::Out(mut batch) = connection.output {
            batch.clear();
            self.loops[on].spare.push(batch);
        }
        self.trace.note(Note::Closed { key, reason }, &[]);
        self.loops[on].service.closed(key, reason);
    }

    fn tell_stopping(&mut self, on: usize) {
        self.loops[on].stopping = Stopping::Told { until: self.time + Self::STOP_LIMIT };
        for client in &mut self.clients {
            if client.stage == Stage::Arriving && client.on == on {
                client.stage = Stage::NeverOpened;
                client.lose();
                if let Via::Connect(token) = client.origin.via {
                    self.loops[on].failed_dials.push((token, Reason::Stopped));
                }
            }
        }
        for Dial { token, .. } in std::mem::take(&mut self.loops[on].dials) {
            self.loops[on].failed_dials.push((token, Reason::Stopped));
        }
        self.trace.note(Note::Stopping, &[]);
        self.loops[on].service.stopping();
    }

    /// Sends as much of a connection's batch as fits, and asks for the next when it has gone.
    fn send_batch(&mut self, on: usize, key: Key) {
        loop {
            let Some(connection) = self.loops[on].connections.get_mut(key) else { return };
            if matches!(connection.life, Life::Over(_) | Life::Lingering { .. }) {
                return;
            }
            let client = &mut self.clients[connection.client];
            match &mut connection.output {
                Output::Quiet => return,
                Output::Sent => self.ask_for_batch(on, key),
                Output::Out(_) if matches!(client.sending, Sending::HungUp | Sending::Reset) => {
                    let reason =
                        *self.random.pick(&[Reason::HungUp, Reason::Reset, Reason::TimedOut]);
                    connection.life = Life::Over(reason);
                    return;
                }
                Output::Out(batch) => {
                    let mut count = batch.len().min(client.room());
                    if count == 0 {
                        return;
                    }
                    if self.random.chance(self.faults.short_sends) {
                        count = self.random.within(1..=count);
                    }
                    client.incoming.extend(&bytes_of(batch)[..count]);
                    batch.advance(count);
                    let left = batch.len();
                    self.trace.note(Note::Sent { key, bytes: count, left }, &[]);
                    if left > 0 {
                        return;
                    }
                    if let Output::Out(batch) =
                        std::mem::replace(&mut connection.output, Output::Sent)
                    {
                        self.loops[on].spare.push(batch);
                    }
                    if self.random.chance(self.faults.delays) {
                        return;
                    }
                }
            }
        }
    }

    /// Calls `transmit`. An empty batch ends the output, or, if it is closing, the connection.
    fn ask_for_batch(&mut self, on: usize, key: Key) {
        let Loop { service, connections, spare, .. } = &mut self.loops[on];
        let mut batch = spare.pop().unwrap_or_default();
        service.transmit(key, &mut batch);
        let bytes = bytes_of(&batch);
        self.trace.note(Note::Transmit { key, bytes: bytes.len() }, &bytes);
        let Some(connection) = connections.get_mut(key) else { return };
        if !batch.is_empty() {
            connection.output = Output::Out(batch);
            return;
        }
        spare.push(batch);
        connection.output = Output::Quiet;
        if let Life::Draining { .. } = connection.life {
            connection.life = Life::Lingering { until: self.time + Self::CLOSE_LIMIT };
            let client = &mut self.clients[connection.client];
            if client.last == Last::Nothing {
                client.last = Last::EndUnderWay;
            }
        }
    }

    /// Takes requests until there are none, and asks those for batches who want to send; answers
    /// how many requests there were.
    fn take_requests(&mut self, on: usize, mut flushes: Vec<Key>) -> usize {
        for count in 0..REQUESTS {
            if let Some(request) = self.loops[on].service.request() {
                self.trace.note(Note::Asked(request.clone()), &[]);
                self.obey(on, request, &mut flushes);
                continue;
            }
            if flushes.is_empty() {
                return count;
            }
            let at = if self.random.chance(self.faults.reordering) {
                self.random.index(flushes.len())
            } else {
                0
            };
            let key = flushes.remove(at);
            self.send_batch(on, key);
        }
        panic!("the service makes requests without end");
    }

    fn obey(&mut self, on: usize, request: Request, flushes: &mut Vec<Key>) {
        match request {
            Request::Flush(key) => {
                self.assert_issued(on, key);
                // Some engines flush at once, others when all requests are known.
                if self.name(on, key) {
                    if self.random.chance(self.faults.reordering) {
                        self.send_batch(on, key);
                    } else {
                        flushes.push(key);
                    }
                }
            }
            Request::Close(key) => {
                self.assert_issued(on, key);
                self.close(on, key, flushes);
            }
            Request::Abort(key) => {
                self.assert_issued(on, key);
                let Some(connection) = self.loops[on].connections.get_mut(key) else { return };
                if !matches!(connection.life, Life::Over(_)) {
                    connection.life = Life::Over(Reason::Aborted);
                }
            }
            Request::Pause(key) => {
                self.assert_issued(on, key);
                let Some(connection) = self.loops[on].connections.get_mut(key) else { return };
                if connection.input == Input::Open {
                    let client = &self.clients[connection.client];
                    let (waiting, has_finished) =
                        (client.outgoing.len(), client.sending != Sending::Open);
                    let mut is_under_way = || self.random.chance(self.faults.late_bytes);
                    let (bytes, end) = (is_under_way(), has_finished && is_under_way());
                    let late = match (bytes, waiting.min(RECEIVE_BYTES)) {
                        (false, _) => 0,
                        // The end comes behind all bytes.
                        (true, most) if end => most,
                        (true, most) => self.random.within(0..=most),
                    };
                    let end = if end { End::UnderWay } else { End::Later };
                    connection.input = Input::Paused { late, end };
                }
            }
            Request::Resume(key) => {
                self.assert_issued(on, key);
                let Some(connection) = self.loops[on].connections.get_mut(key) else { return };
                if let Input::Paused { .. } = connection.input {
                    connection.input = Input::Open;
                }
            }
            Request::Connect { to, token } => match self.loops[on].stopping {
                Stopping::No | Stopping::Asked => self.loops[on].dials.push(Dial { to, token }),
                Stopping::Told { .. } | Stopping::Stopped => {
                    self.loops[on].failed_dials.push((token, Reason::Stopped));
                }
            },
            Request::Stop => self.loops[on].stop(),
        }
    }

    fn assert_issued(&self, on: usize, key: Key) {
        assert!(
            self.loops[on].issued.contains(&key),
            "the service names {key:?}, which never existed"
        );
    }

    /// Notes that `key` has been named: answers whether it is to be asked for a batch.
    fn name(&mut self, on: usize, key: Key) -> bool {
        let Some(connection) = self.loops[on].connections.get_mut(key) else { return false };
        let sending = matches!(connection.life, Life::Open | Life::Draining { .. });
        if let (Output::Quiet, true) = (&connection.output, sending) {
            connection.output = Output::Sent;
            return true;
        }
        false
    }

    fn close(&mut self, on: usize, key: Key, flushes: &mut Vec<Key>) {
        let Some(connection) = self.loops[on].connections.get_mut(key) else { return };
        if connection.life == Life::Open {
            connection.life = Life::Draining { until: self.time + Self::CLOSE_LIMIT };
            if self.name(on, key) {
                flushes.push(key);
            }
        }
    }
}

impl<S> Loop<S> {
    pub(super) fn has_stopped(&self) -> bool {
        self.stopping == Stopping::Stopped
    }

    /// The next moment at which the clock alone makes something happen here.
    fn next_alarm(&self) -> Option<Time> {
        if self.has_stopped() {
            return None;
        }
        let closing = self.connections.iter().filter_map(|(_, connection)| match connection.life {
            Life::Draining { until } | Life::Lingering { until } => Some(until),
            Life::Open | Life::Over(_) => None,
        });
        let stopping = match self.stopping {
            Stopping::Told { until } => Some(until),
            _ => None,
        };
        closing.chain(stopping).chain(self.deadline).min()
    }
}

fn bytes_of(batch: &Batch) -> Vec<u8> {
    if let Some(slice) = batch.as_slice() {
        return slice.to_vec();
    }
    // Every part holds a byte at least, so there are no more parts than bytes.
    let mut slices = vec![IoSlice::new(&[]); batch.len().min(64)];
    loop {
        let count = batch.slices(&mut slices);
        let bytes: Vec<u8> =
            slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
        if bytes.len() == batch.len() {
            return bytes;
        }
        slices = vec![IoSlice::new(&[]); slices.len() * 2];
    }
}
