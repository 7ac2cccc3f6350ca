//! The simulator: what a test does with it, and its turn.
//!
//! Invariant: a service is called exactly as the contract on [`Service`] has it, whatever the
//! faults; and every choice that the contract leaves open is drawn from the seed.
//!
//! What a client or a connection is, is left to `client` and `connection`.

mod turn;

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use service::{Address, Batch, Key, KeySpace, Origin, Peer, Reason, Service, Slab, Time, Via};

use crate::client::{FarEnd, Last, Reading, Sending, Stage};
use crate::connection::Connection;
use crate::trace::Trace;
use crate::{Client, Faults, Random};

/// An engine, or several side by side, whose network, clock and clients follow a seed.
///
/// Clients are told what to do at once ([`connect`](Self::connect), [`send`](Self::send),
/// [`end`](Self::end), ...); the service learns of it in the turns that
/// [`run_until_quiet`](Self::run_until_quiet), [`advance`](Self::advance) or
/// [`step`](Self::step) run. If a test fails while a simulator is alive, the last events are
/// printed.
///
/// # Panics
///
/// All methods that run turns panic when the service breaks its side of the contract: when it names
/// a key that was never handed to it, makes requests without end, or asks again and again for a
/// turn in which it then does nothing.
pub struct Simulator<S: Service> {
    loops: Vec<Loop<S>>,
    faults: Faults,
    random: Random,
    time: Time,
    /// What the date is ahead of the clock, in milliseconds; moved by jumps of the date.
    date_ahead_ms: u64,
    clients: Vec<FarEnd>,
    trace: Trace,
}

/// One engine and its service.
struct Loop<S> {
    service: S,
    /// The service's own.
    deadline: Option<Time>,
    connections: Slab<Connection>,
    /// Every key there ever was.
    issued: HashSet<Key>,
    dials: Vec<Dial>,
    failed_dials: Vec<(u64, Reason)>,
    woken: Arc<AtomicBool>,
    stopping: Stopping,
    spare: Vec<Batch>,
    /// Turns in a row in which nothing was told and nothing asked.
    idle_turns: u32,
    in_turn: InTurn,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InTurn {
    No,
    Yes,
}

/// A connection that the service has asked for, and that the test has to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Where to.
    pub to: Address,
    /// The service's own name for the attempt.
    pub token: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopping {
    No,
    /// To be told next turn.
    Asked,
    Told {
        until: Time,
    },
    Stopped,
}

/// The date when every simulation begins: 2027-01-15 08:00:00 UTC.
const FIRST_DATE_MS: u64 = 1_800_000_000_000;

impl<S: Service> Simulator<S> {
    /// How long a closing connection may take to send its last bytes, and again for the client to
    /// take them.
    pub const CLOSE_LIMIT: Duration = Duration::from_secs(5);

    /// How long stopping may take.
    pub const STOP_LIMIT: Duration = Duration::from_secs(2);

    /// `service` in a world whose kinds of faults, and every fault, are drawn from `seed`.
    pub fn new(service: S, seed: u64) -> Self {
        let faults = Faults::random(&mut Random::new(!seed));
        Self::with_faults(service, seed, faults)
    }

    /// `service` in a world without faults: see [`Faults::none`].
    pub fn faultless(service: S) -> Self {
        Self::with_faults(service, 0, Faults::none())
    }

    /// `service` in a world with these faults, each drawn from `seed`.
    pub fn with_faults(service: S, seed: u64, faults: Faults) -> Self {
        Self::with_loops(vec![service], seed, faults)
    }

    /// Several loops side by side, each with one of `services`, which is told of keys of the
    /// [`KeySpace`] with its number. Which loop a client comes to, which has the next turn, and what it is
    /// interrupted by, is drawn from the seed, too.
    ///
    /// # Panics
    ///
    /// If there is no service, or there are more than [`KeySpace::MOST`].
    pub fn with_loops(services: Vec<S>, seed: u64, faults: Faults) -> Self {
        assert!(!services.is_empty(), "there is no service");
        let spaces = services.len() as u32;
        let space = |number| KeySpace::one_of(number, spaces);
        let loops = (0..spaces).zip(services).map(|(on, service)| Loop::new(service, space(on)));
        Self {
            loops: loops.collect(),
            faults,
            random: Random::new(seed),
            time: Time::ZERO + Duration::from_secs(1_000),
            date_ahead_ms: FIRST_DATE_MS,
            clients: Vec::new(),
            trace: Trace::default(),
        }
    }

    /// The same world with keys of `space`, as an engine hands them out that runs beside others.
    ///
    /// # Panics
    ///
    /// If there have been connections, or there are several loops.
    #[must_use]
    pub fn in_space(mut self, space: KeySpace) -> Self {
        let [one] = &mut self.loops[..] else { panic!("several loops have spaces of their own") };
        assert!(one.issued.is_empty(), "keys are of one space from the first");
        one.connections = Slab::in_space(space);
        self
    }

    /// From here on the world has these faults. The buffers of clients that have connected stay as
    /// they are.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    // What clients do.

    /// A client connects from this machine, through the first listener.
    pub fn connect(&mut self) -> Client {
        let port = 1024 + (self.clients.len() % 64_000) as u16;
        let peer = Peer::Inet(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        self.connect_from(Origin { peer, via: Via::Listener(0) })
    }

    /// A client connects from `origin`.
    pub fn connect_from(&mut self, origin: Origin) -> Client {
        let on = match self.loops.len() {
            1 => 0,
            count => self.random.index(count),
        };
        self.connect_on(on, origin)
    }

    fn connect_on(&mut self, on: usize, origin: Origin) -> Client {
        let window = self.random.within(self.faults.window_bytes.clone());
        self.clients.push(FarEnd::new(origin, on, window));
        Client(self.clients.len() - 1)
    }

    /// The client sends `bytes`. Nothing happens if it has finished sending, or lost its
    /// connection: as with a real one, it need not have noticed.
    pub fn send(&mut self, client: Client, bytes: &[u8]) {
        let end = &mut self.clients[client.0];
        if end.sending == Sending::Open && !end.is_over() {
            end.outgoing.extend(bytes);
        }
    }

    /// The client sends a byte of urgent data, which stands in line with the rest.
    pub fn urgent(&mut self, client: Client) {
        self.send(client, b"!");
        self.clients[client.0].urgent = true;
    }

    /// The client finishes sending; it goes on reading.
    pub fn end(&mut self, client: Client) {
        let end = &mut self.clients[client.0];
        if end.sending == Sending::Open {
            end.sending = Sending::Ended;
        }
    }

    /// The client closes its socket: it finishes sending, and reads nothing more.
    pub fn hang_up(&mut self, client: Client) {
        let end = &mut self.clients[client.0];
        if end.sending != Sending::Reset {
            end.sending = Sending::HungUp;
            end.reading = Reading::Stopped;
        }
    }

    /// The client resets its connection: what the service has not been told yet may be lost.
    pub fn reset(&mut self, client: Client) {
        let end = &mut self.clients[client.0];
        end.sending = Sending::Reset;
        end.reading = Reading::Stopped;
    }

    /// The client stops reading until [`resume_reading`](Self::resume_reading).
    pub fn stop_reading(&mut self, client: Client) {
        self.clients[client.0].reading = Reading::Stopped;
    }

    /// The client reads again.
    pub fn resume_reading(&mut self, client: Client) {
        let end = &mut self.clients[client.0];
        if matches!(end.sending, Sending::Open | Sending::Ended) {
            end.reading = Reading::Always;
        }
    }

    /// The service is woken, as by a handle on another thread; of several, each.
    pub fn wake(&mut self) {
        for one in &self.loops {
            one.woken.store(true, Relaxed);
        }
    }

    /// What wakes the loop with this number.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn waker(&self, number: usize) -> Arc<dyn Fn() + Send + Sync> {
        let woken = Arc::clone(&self.loops[number].woken);
        Arc::new(move || woken.store(true, Relaxed))
    }

    /// The engine, of several the first, is asked to stop, as by a signal.
    pub fn stop(&mut self) {
        self.loops[0].stop();
    }

    /// The connections that the service, of several the first, has asked for and that were not
    /// answered.
    pub fn dials(&self) -> &[Dial] {
        &self.loops[0].dials
    }

    /// A dial succeeds: there is a client at its other end.
    ///
    /// # Panics
    ///
    /// If there is no dial with this token.
    pub fn accept_dial(&mut self, token: u64, peer: Peer) -> Client {
        self.take_dial(token);
        self.connect_on(0, Origin { peer, via: Via::Connect(token) })
    }

    /// A dial fails: nobody listens there.
    ///
    /// # Panics
    ///
    /// If there is no dial with this token.
    pub fn refuse_dial(&mut self, token: u64) {
        self.take_dial(token);
        self.loops[0].failed_dials.push((token, Reason::Refused));
    }

    fn take_dial(&mut self, token: u64) {
        let dials = &mut self.loops[0].dials;
        let dial = dials.iter().position(|dial| dial.token == token);
        dials.remove(dial.expect("a dial is answered once"));
    }

    // What can be seen.

    /// All that the client has received.
    pub fn received(&self, client: Client) -> &[u8] {
        &self.clients[client.0].received
    }

    /// What the client has received since this was last called.
    pub fn take_received(&mut self, client: Client) -> Vec<u8> {
        std::mem::take(&mut self.clients[client.0].received)
    }

    /// Whether the client has read to the end: the service closed, and nothing was lost.
    pub fn saw_end(&self, client: Client) -> bool {
        self.clients[client.0].last == Last::SawEnd
    }

    /// Whether the client found its connection torn down from the other side.
    pub fn saw_reset(&self, client: Client) -> bool {
        self.clients[client.0].last == Last::SawReset
    }

    /// Whether the client itself, by order or by fault, has hung up or reset.
    pub fn has_left(&self, client: Client) -> bool {
        matches!(self.clients[client.0].sending, Sending::HungUp | Sending::Reset)
    }

    /// Whether the client itself has finished sending, in whichever way.
    pub fn has_finished_sending(&self, client: Client) -> bool {
        self.clients[client.0].sending != Sending::Open
    }

    /// The key that the service knows the client by, while the connection is open.
    pub fn key(&self, client: Client) -> Option<Key> {
        match self.clients[client.0].stage {
            Stage::Open(key) => Some(key),
            _ => None,
        }
    }

    /// Why the connection is over, as the service was told; `None` while it is not.
    pub fn closed(&self, client: Client) -> Option<Reason> {
        match self.clients[client.0].stage {
            Stage::Over(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether the engine, or each of them, was stopped and every connection is over.
    pub fn has_stopped(&self) -> bool {
        self.loops.iter().all(Loop::has_stopped)
    }

    /// The service; of several, the first.
    pub fn service(&self) -> &S {
        &self.loops[0].service
    }

    /// All services, by their numbers.
    pub fn services(&self) -> impl Iterator<Item = &S> {
        self.loops.iter().map(|one| &one.service)
    }

    /// The service, of several the first, to change. What it then wants to ask or send it can only say
    /// in a turn: [`wake`](Self::wake) sees to one.
    pub fn service_mut(&mut self) -> &mut S {
        &mut self.loops[0].service
    }

    /// What the clock says.
    pub fn time(&self) -> Time {
        self.time
    }

    /// A number that stands for every call made so far and every byte in it.
    pub fn fingerprint(&self) -> u64 {
        self.trace.fingerprint()
    }

    /// The numbers that this world is drawn from. A test that draws its own choices from them too
    /// has one seed for both.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    // How it runs.

    /// Runs turns until nothing is left to happen by itself: all that was sent has arrived, but
    /// for clients that do not read, and no deadline has passed.
    ///
    /// # Panics
    ///
    /// If that does not come to an end.
    pub fn run_until_quiet(&mut self) {
        for _ in 0..10_000_000 {
            if !self.has_work() {
                return;
            }
            self.step();
        }
        panic!("this comes to no end");
    }

    /// Lets `duration` pass, with all that happens meanwhile.
    pub fn advance(&mut self, duration: Duration) {
        let target = self.time + duration;
        loop {
            self.run_until_quiet();
            let alarm = self.next_alarm().filter(|alarm| *alarm <= target);
            let Some(alarm) = alarm else { break };
            let late = self.duration_within(self.faults.lateness.clone());
            self.time = self.time.max(alarm + late);
        }
        self.time = self.time.max(target);
        self.run_until_quiet();
    }

    /// One step of the world: clients misbehave and read, the clock moves a little, and if there
    /// is anything to tell there is a turn, of one loop.
    pub fn step(&mut self) {
        if self.has_stopped() {
            return self.clients_read();
        }
        self.misbehave();
        self.clients_read();
        let step = self.duration_within(self.faults.step.clone());
        self.time = self.time + step;
        let is_empty = self.random.chance(self.faults.empty_turns);
        let has_turn =
            |on: &usize| !self.loops[*on].has_stopped() && (is_empty || self.has_news(*on));
        let those: Vec<usize> = (0..self.loops.len()).filter(has_turn).collect();
        match those[..] {
            [] => {}
            [on] => self.turn(on),
            _ => {
                let on = *self.random.pick(&those);
                self.turn(on);
            }
        }
    }

    fn duration_within(&mut self, range: std::ops::RangeInclusive<Duration>) -> Duration {
        let nanos = range.start().as_nanos() as usize..=range.end().as_nanos() as usize;
        if nanos.start() == nanos.end() {
            return *range.start();
        }
        Duration::from_nanos(self.random.within(nanos) as u64)
    }

    fn clients_read(&mut self) {
        for index in 0..self.clients.len() {
            if self.clients[index].will_read() {
                let count = self.random.within(self.faults.read_bytes.clone());
                self.clients[index].read(count);
            }
        }
    }

    /// Faults of the clients' own, and of the clock.
    fn misbehave(&mut self) {
        let faults = self.faults.clone();
        if self.random.chance(faults.time_jumps) {
            let jump = Duration::from_millis(self.random.within(0..=600_000) as u64);
            self.time = self.time + jump;
        }
        if self.random.chance(faults.date_jumps) {
            const FIFTY_YEARS_MS: usize = 50 * 365 * 24 * 60 * 60 * 1000;
            let first = FIRST_DATE_MS as usize;
            let date = self.random.within(first - FIFTY_YEARS_MS..=first + FIFTY_YEARS_MS);
            self.date_ahead_ms = date as u64;
        }
        if self.clients.is_empty() {
            return;
        }
        let client = Client(self.random.index(self.clients.len()));
        if self.clients[client.0].is_over() {
            return;
        }
        if self.random.chance(faults.client_resets) {
            self.reset(client);
        }
        if self.random.chance(faults.client_ends) {
            self.end(client);
        }
        if self.random.chance(faults.client_hang_ups) {
            self.hang_up(client);
        }
        if self.random.chance(faults.client_stalls)
            && self.clients[client.0].reading == Reading::Always
        {
            let turns = self.random.within(1..=100) as u32;
            self.clients[client.0].reading = Reading::Stalled(turns);
        }
    }
}

impl<S> Loop<S> {
    fn new(service: S, space: KeySpace) -> Self {
        Self {
            service,
            deadline: None,
            connections: Slab::in_space(space),
            issued: HashSet::new(),
            dials: Vec::new(),
            failed_dials: Vec::new(),
            woken: Arc::default(),
            stopping: Stopping::No,
            spare: Vec::new(),
            idle_turns: 0,
            in_turn: InTurn::No,
        }
    }

    fn stop(&mut self) {
        if self.stopping == Stopping::No {
            self.stopping = Stopping::Asked;
        }
    }
}

impl<S: Service> Drop for Simulator<S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}{:?}", self.trace, self.faults);
        }
    }
}
