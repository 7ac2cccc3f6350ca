//! The soak: thousands of members of all dialects who talk, come, go and misbehave for as long as is
//! wanted, while every one of them checks that it gets exactly what it must.
//!
//! Invariant: whatever is found wrong is counted, and the first of it kept in words. The driver is
//! one thread and one epoll, and knows all members: so what each must receive is known exactly, as
//! long as it is surely in a room. Where that is not sure (from asking to join until the answer),
//! nothing is demanded.
//!
//! A run: members come; every room's history is filled; a warm-up, with more
//! coming and going than later, so that all that is bounded is full; the time that counts; then
//! everybody falls silent, all that is owed must arrive, all leave, and the server is stopped.

mod act;
mod check;
mod client;
mod dice;
mod losses;
mod report;
mod room;
mod server;
mod stray;
mod watch;
mod whims;
mod words;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::epoll;
use rustix::fd::OwnedFd;

use client::{Client, Dialect, IRC_KINDS, Purpose, Stage};
use dice::Dice;
pub use report::Report;
use report::Tally;
use room::Room;
use server::Server;
use stray::Strays;
use watch::{Sample, Watch};

/// What is wanted of a run.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Members.
    #[arg(long, default_value_t = 10_000)]
    pub connections: usize,
    /// How long the time that counts is, in seconds.
    #[arg(long, default_value_t = 3600)]
    pub duration: u64,
    /// How long the warm-up before it is, in seconds.
    #[arg(long, default_value_t = 600)]
    pub warm_up: u64,
    /// Lines said in rooms in a second.
    #[arg(long, default_value_t = 50.0)]
    pub rate: f64,
    /// How much coming and going, asking and misbehaving there is, as a factor.
    #[arg(long, default_value_t = 1.0)]
    pub churn: f64,
    /// Seconds between bouts in which some do not read while others talk too much for them; 0 for
    /// none.
    #[arg(long, default_value_t = 300)]
    pub bouts: u64,
    /// How long one is, in seconds. Clients who do not speak for 150 s are closed for that.
    #[arg(long, default_value_t = 110)]
    pub bout: u64,
    /// Lines a second of each who talks in a bout. A server that slows people down lets them say 2.
    #[arg(long, default_value_t = 1.9)]
    pub bout_rate: f64,
    /// What chance depends on; one that is new, and printed, if none is given.
    #[arg(long)]
    pub seed: Option<u64>,
    /// The engine of the server.
    #[arg(long, default_value = "auto")]
    pub engine: String,
    /// The program `switchboard`.
    #[arg(long, default_value = "target/release/switchboard")]
    pub program: PathBuf,
    /// A file for what is measured every ten seconds.
    #[arg(long)]
    pub csv: Option<PathBuf>,
    /// More options for the server.
    #[arg(last = true)]
    pub server: Vec<String>,
}

/// Lines that each room remembers: few, so that all rooms' history is full before memory is
/// watched.
const ROOM_HISTORY: u64 = 20;

/// Whatever is owed must be there within so long. The machine may have other work.
const PATIENCE_MS: u64 = 120_000;

/// How often something is done, and looked after.
const TICK_MS: u64 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Coming,
    Filling,
    WarmUp,
    Counting,
    /// Nobody says anything any more.
    Silent,
}

/// Something said to one person, on its way.
#[derive(Clone, Copy, Debug)]
struct Private {
    from: usize,
    to: usize,
    /// Which of its names.
    name: u32,
    said_ms: u64,
    /// Its author's connection was cut off behind it.
    may_be_lost: bool,
}

struct Soak {
    options: Options,
    epoll: OwnedFd,
    server: Server,
    address: SocketAddr,
    began: Instant,
    now_ms: u64,
    dice: Dice,
    clients: Vec<Client>,
    rooms: Vec<Room>,
    /// The first room of medium size, the first small one, and the one for bouts.
    medium: usize,
    small: usize,
    flood: usize,
    privates: HashMap<u64, Private>,
    last_id: u64,
    /// Members with something left to send.
    unsent: Vec<usize>,
    strays: Strays,
    phase: Phase,
    phase_since_ms: u64,
    bout_until_ms: Option<u64>,
    next_bout_ms: u64,
    /// What is due of each kind of doing.
    due: [f64; whims::KINDS],
    tally: Tally,
    faults: u64,
    first_faults: Vec<String>,
}

/// Runs a soak; Ctrl-C ends it early, with a report.
///
/// # Errors
///
/// If the server cannot be started, or the system refuses what the driver needs.
pub fn run(options: Options) -> io::Result<Report> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // A second one ends at once.
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&interrupted))?;
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    let mut soak = Soak::new(options)?;
    let mut watch = Watch::new(soak.options.csv.as_deref())?;
    let outcome = soak.go(&mut watch, &interrupted);
    if let Err(error) = outcome {
        soak.fault(format!("the driver could not go on: {error}"));
    }
    Ok(soak.end(&mut watch, interrupted.load(Ordering::Relaxed)))
}

impl Soak {
    fn new(options: Options) -> io::Result<Self> {
        let seed = options.seed.unwrap_or_else(|| {
            let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            time.map_or(1, |time| time.as_nanos() as u64 % 1_000_000)
        });
        let mut arguments: Vec<String> =
            ["--irc-lobby", "no", "--room-history", &ROOM_HISTORY.to_string(), "--engine"]
                .map(str::to_owned)
                .to_vec();
        arguments.push(options.engine.clone());
        arguments.extend(options.server.iter().cloned());
        let server = Server::start(&options.program, &arguments)?;
        let options = Options { seed: Some(seed), ..options };
        println!(
            "soak: seed {seed}, {} connections, {} s after {} s of warm-up, server {} with {}",
            options.connections,
            options.duration,
            options.warm_up,
            server.id(),
            arguments.join(" ")
        );
        let mut soak = Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            address: server.address,
            server,
            began: Instant::now(),
            now_ms: 0,
            dice: Dice::new(seed),
            clients: Vec::new(),
            rooms: Vec::new(),
            medium: 0,
            small: 0,
            flood: 0,
            privates: HashMap::new(),
            last_id: 0,
            unsent: Vec::new(),
            strays: Strays::default(),
            phase: Phase::Coming,
            phase_since_ms: 0,
            bout_until_ms: None,
            next_bout_ms: 0,
            due: [0.0; whims::KINDS],
            tally: Tally::default(),
            faults: 0,
            first_faults: Vec::new(),
            options,
        };
        soak.cast();
        Ok(soak)
    }

    /// Who there is, and where each is at home: a fifth in one room, three tenths in rooms of a
    /// hundred, the others in rooms of twenty, some in a room for bouts.
    fn cast(&mut self) {
        let people = self.options.connections.max(40);
        let bout = (people / 20).min(24);
        let big = people / 5;
        let medium = people * 3 / 10;
        for slot in 0..people {
            let home = match slot {
                _ if slot < big => 0,
                _ if slot < big + medium => 1 + (slot - big) / 100,
                _ if slot < people - bout => 1 + medium.div_ceil(100) + (slot - big - medium) / 20,
                _ => 1 + medium.div_ceil(100) + (people - bout - big - medium).div_ceil(20),
            };
            let kind = self.dice.below(2 * IRC_KINDS.len());
            let dialect = IRC_KINDS.get(kind).map_or(Dialect::Plain, Dialect::Irc);
            let mut client = Client::new(dialect, home);
            client.stage = Stage::Down { again_ms: 0 };
            if self.rooms.len() <= home {
                let name = format!("#soak{home}");
                self.rooms.push(Room { name, keeper: Some(slot), ..Room::default() });
                client.purpose = Purpose::Keeper;
            } else if slot >= people - bout {
                let is_staller = (people - 1 - slot) < bout / 3;
                client.purpose = if is_staller { Purpose::Staller } else { Purpose::Flooder };
                if is_staller {
                    client.dialect = if slot % 2 == 0 {
                        Dialect::Plain
                    } else {
                        Dialect::Irc(&IRC_KINDS[slot / 2 % IRC_KINDS.len()])
                    };
                }
            }
            self.clients.push(client);
        }
        self.medium = 1;
        self.small = 1 + medium.div_ceil(100);
        self.flood = self.rooms.len() - 1;
    }

    fn go(&mut self, watch: &mut Watch, interrupted: &AtomicBool) -> io::Result<()> {
        let mut events = Vec::with_capacity(1024);
        let mut buffer = vec![0; 65_536];
        let (mut next_tick, mut next_sample, mut next_look, mut next_word) = (0, 0, 0, 0);
        loop {
            self.now_ms = self.began.elapsed().as_millis() as u64;
            if self.now_ms >= next_tick {
                next_tick = self.now_ms + TICK_MS;
                if interrupted.load(Ordering::Relaxed) && self.phase != Phase::Silent {
                    self.enter(Phase::Silent);
                }
                self.tick();
                if self.step() {
                    return Ok(());
                }
            }
            if self.now_ms >= next_sample {
                next_sample = self.now_ms + 10_000;
                self.sample(watch)?;
            }
            if self.now_ms >= next_look {
                next_look = self.now_ms + 5000;
                self.look_for_losses();
                if let Some(status) = self.server.ended() {
                    self.fault(format!("the server ended: {status}"));
                    return Ok(());
                }
            }
            if self.now_ms >= next_word {
                next_word = self.now_ms + 60_000;
                self.print_progress();
            }
            self.wait(&mut events, &mut buffer, next_tick)?;
        }
    }

    /// Waits for what comes, and takes it in.
    fn wait(
        &mut self,
        events: &mut Vec<epoll::Event>,
        buffer: &mut [u8],
        until_ms: u64,
    ) -> io::Result<()> {
        let timeout = Duration::from_millis(until_ms.saturating_sub(self.now_ms).max(1));
        let timeout = rustix::time::Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        };
        events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(events), Some(&timeout)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        self.now_ms = self.began.elapsed().as_millis() as u64;
        for event in events.iter() {
            let token = event.data.u64() as usize;
            if token < self.clients.len() {
                self.take(token, buffer);
            } else {
                self.strays.take(token - self.clients.len(), buffer);
            }
        }
        Ok(())
    }

    /// Goes on to the next phase when it is time; answers whether all is done.
    fn step(&mut self) -> bool {
        let in_phase = self.now_ms - self.phase_since_ms;
        match self.phase {
            Phase::Coming => {
                let up = self.up();
                if up == self.clients.len() {
                    self.enter(Phase::Filling);
                } else if in_phase > 600_000 {
                    self.fault(format!("only {up} of {} came in", self.clients.len()));
                    return true;
                }
            }
            Phase::Filling => {
                if self.rooms.iter().all(|room| room.said >= ROOM_HISTORY) || in_phase > 300_000 {
                    self.enter(Phase::WarmUp);
                    self.next_bout_ms = self.now_ms;
                }
            }
            Phase::WarmUp => {
                if in_phase >= self.options.warm_up * 1000 {
                    self.enter(Phase::Counting);
                }
            }
            Phase::Counting => {
                if in_phase >= self.options.duration * 1000 {
                    self.enter(Phase::Silent);
                }
            }
            Phase::Silent => {
                if self.is_settled() || in_phase > PATIENCE_MS + 20_000 {
                    self.look_for_remains();
                    return true;
                }
            }
        }
        false
    }

    fn enter(&mut self, phase: Phase) {
        self.print_progress();
        self.phase = phase;
        self.phase_since_ms = self.now_ms;
    }

    fn up(&self) -> usize {
        self.clients.iter().filter(|client| client.is_up()).count()
    }

    fn sample(&mut self, watch: &mut Watch) -> io::Result<()> {
        watch.add(Sample {
            at_ms: self.now_ms,
            counts: self.phase == Phase::Counting,
            reading: self.server.read()?,
            up: self.up(),
            said: self.tally.said,
            received: self.tally.received,
        })
    }
}
