//! `switchboard bench`: measures a server, or the ways of waiting, on the machine it runs on.
//!
//! What can be asked for stands here; the measuring is the crate `load`'s.

mod engines;
mod servers;
mod show;
mod stop;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use load::{Address, Pace, Process};

use crate::exit::{Exit, Failure};
use crate::options::{Kind, Span};
use stop::Stop;

/// What the address of a server may be.
const WHERE: &str = "The server: HOST:PORT, [IPV6]:PORT or unix:/path";

/// The most that an open loop may ask for.
const MOST_A_SECOND: f64 = 1e8;

/// What to measure.
#[derive(Args, Debug)]
#[command(
    about = "Measure a server, or the ways of waiting, on this machine",
    after_help = "Load goes only to the address you name: measure servers that are yours.\n\n\
        Exit codes: 0 measured (what was lost is in the report), 1 it could not be measured, or not \
        to the end (the report says so), 2 wrong arguments, 130 stopped by Ctrl-C (with a report of \
        the time until then).\n\nExamples:\n  \
        switchboard bench engines --html engines.html\n  \
        switchboard chat --no-throttle --listen 127.0.0.1:8008 &\n  \
        switchboard bench fanout 127.0.0.1:8008 --protocol irc --receivers 1000 --pid $!\n  \
        switchboard bench fanout 127.0.0.1:8008 --protocol irc --rate 500 --html report.html\n  \
        switchboard bench idle 127.0.0.1:8008 --protocol irc --connections 5000 --pid $!"
)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// What a wait costs, for each way of waiting and by how many descriptors are watched
    Engines(Engines),
    /// Lines from those who talk to everybody else in a room
    Fanout(Fanout),
    /// Lines that come back as they are
    Echo(Echo),
    /// HTTP/1.1 requests over connections that stay open
    Http(Http),
    /// What members cost who say nothing, and whether a line reaches them all
    Idle(Idle),
}

#[derive(Args, Debug)]
struct Engines {
    /// How many descriptors are watched, one column for each
    #[arg(
        long,
        value_name = "N,N",
        value_delimiter = ',',
        default_value = "10,100,1000,10000",
        value_parser = some
    )]
    watched: Vec<usize>,

    /// How many of them are ready, one table for each, of those numbers of watched ones
    /// that are as many; `all` is as many as are watched
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "1,10,all")]
    ready: Vec<Ready>,

    /// How long each figure is measured; the least of five parts of it counts
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = span)]
    duration: Duration,

    #[command(flatten)]
    output: Output,

    /// Write the plot of waits with one descriptor ready to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// How many descriptors are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ready {
    Some(usize),
    All,
}

impl std::fmt::Display for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Some(count) => count.fmt(f),
            Self::All => f.write_str("all"),
        }
    }
}

impl std::str::FromStr for Ready {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            _ => match text.parse() {
                Ok(number) if number > 0 => Ok(Self::Some(number)),
                _ => Err(format!("{text:?} is neither a number over 0 nor `all`")),
            },
        }
    }
}

#[derive(Args, Debug)]
struct Fanout {
    #[command(flatten)]
    room: Room,

    /// How many hear each line
    #[arg(long, value_name = "N", visible_alias = "connections", default_value_t = 100, value_parser = some)]
    receivers: usize,

    /// How many talk, in turn; they hear the others, too
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = some)]
    senders: usize,

    /// Closed loop: so many lines at once, and as many again when all have heard them
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = some, conflicts_with = "rate")]
    window: usize,

    #[command(flatten)]
    run: Run,
}

#[derive(Args, Debug)]
struct Echo {
    #[arg(value_name = "ADDR", value_parser = address, help = WHERE)]
    to: Address,

    /// How many connections ask
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = some)]
    connections: usize,

    /// Bytes of a line, its newline included
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    size: usize,

    /// Closed loop: so many lines on their way on each connection
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = some, conflicts_with = "rate")]
    window: usize,

    #[command(flatten)]
    run: Run,
}

#[derive(Args, Debug)]
struct Http {
    #[arg(value_name = "ADDR", value_parser = address, help = WHERE)]
    to: Address,

    /// How many connections ask
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = some)]
    connections: usize,

    /// What is asked for
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: String,

    /// What the Host field says
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    host: String,

    /// Closed loop: so many requests sent in one piece on each connection (pipelined)
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = some, conflicts_with = "rate")]
    window: usize,

    #[command(flatten)]
    run: Run,
}

#[derive(Args, Debug)]
struct Idle {
    #[command(flatten)]
    room: Room,

    /// How many are there and say nothing
    #[arg(long, value_name = "N", visible_alias = "receivers", default_value_t = 1000, value_parser = some)]
    connections: usize,

    /// How many rooms the members are spread over, ROOM0, ROOM1, ...: IRC only
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = some)]
    rooms: usize,

    #[command(flatten)]
    run: Common,
}

/// A room, and how one comes into it.
#[derive(Args, Debug)]
struct Room {
    #[arg(value_name = "ADDR", value_parser = address, help = WHERE)]
    to: Address,

    /// What the members speak
    #[arg(long, value_name = "PROTOCOL", default_value = "plain")]
    protocol: Speech,

    /// The room, channel or subject; plain members are where the server puts them
    #[arg(long, value_name = "NAME", default_value = "#bench")]
    room: String,

    /// What each plain member says first, and each WebSocket client: a command of the server's
    #[arg(long, value_name = "LINE", allow_hyphen_values = true)]
    hello: Option<String>,

    /// Who hears what somebody says, for plain and websocket: most chats spare the author
    #[arg(long, value_name = "WHO", default_value = "others")]
    audience: Hearers,

    /// The path of a WebSocket; without it / for websocket, and /ws for irc-websocket
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// Bytes of a line, its newline included
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    size: usize,

    /// How many members' deliveries are looked at one by one; all are counted
    #[arg(long, value_name = "N", default_value_t = 16)]
    check: usize,
}

/// What members of a room speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Speech {
    /// Bare lines
    Plain,
    /// IRC
    Irc,
    /// IRC with the capability server-time
    IrcTime,
    /// IRC over WebSockets, a line to a message (text.ircv3.net)
    IrcWebsocket,
    /// What the page speaks: switchboard.v1 over a WebSocket
    Web,
    /// WebSocket text messages, for other servers
    Websocket,
    /// Redis, PUBLISH and SUBSCRIBE
    Redis,
    /// NATS, PUB and SUB
    Nats,
}

/// Who hears what somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Hearers {
    /// All but the author
    Others,
    /// The author, too
    Everyone,
}

#[derive(Args, Debug)]
struct Run {
    /// Open loop: so many a second in all, whatever comes back; latency counts from when each was
    /// due
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,

    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
struct Common {
    /// How long it is measured, after a warm-up of a fifth of that, at most 5s; `idle`: how long all
    /// are silent
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = span)]
    duration: Duration,

    /// The server's process: its CPU time and memory are read
    #[arg(long, value_name = "PID", value_parser = process)]
    pid: Option<Process>,

    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct Output {
    /// Write the figures as JSON to this file; `-`: to standard output, instead of the text
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,

    /// Write a report with plots to this file: one page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Run {
    fn pace(&self, window: usize) -> Pace {
        self.rate.map_or(Pace::Window(window), Pace::Rate)
    }
}

fn span(text: &str) -> Result<Duration, String> {
    match Span::parse(text)? {
        Duration::ZERO => Err("nothing is measured in no time; write for example 5s".into()),
        duration => Ok(duration),
    }
}

/// A number of things of which there must be one.
fn some(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{text:?} is no number over 0")),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= MOST_A_SECOND => Ok(rate),
        _ => Err(format!("{text:?} is no number over 0, and at most {MOST_A_SECOND}")),
    }
}

fn address(text: &str) -> Result<Address, String> {
    text.parse()
}

fn process(text: &str) -> Result<Process, String> {
    let pid = text.parse().map_err(|_| format!("{text:?} is no process number"))?;
    let process = Process { pid };
    // One that has ended and was not waited for has a clock yet, and no memory.
    match process.cpu_nanos().and_then(|_| process.memory_bytes()) {
        Ok(_) => Ok(process),
        Err(error) => Err(format!("cannot read the books of process {pid}: {error}")),
    }
}

/// Measures, and tells what was found.
pub(crate) fn bench(arguments: &BenchArguments) -> Result<Exit, Failure> {
    let stop = Stop::watch()
        .map_err(|error| Failure::new(Exit::Failed, format_args!("no signals: {error}")))?;
    match &arguments.what {
        What::Engines(arguments) => engines::engines(arguments, &stop),
        What::Fanout(arguments) => servers::fanout(arguments, &stop),
        What::Echo(arguments) => servers::echo(arguments, &stop),
        What::Http(arguments) => servers::http(arguments, &stop),
        What::Idle(arguments) => servers::idle(arguments, &stop),
    }
}
