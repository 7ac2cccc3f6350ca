//! `switchboard connect`: a client for any of the servers, and for others.
//!
//! Who is called, and what the exit code says, stands here; how bytes go to and fro is
//! [`pump`]'s, what a person at a terminal sees is [`terminal`]'s.

mod pump;
mod terminal;

use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use clap::Args;
use engine::Choice;
use engine::selector::{Epoll, Poll, Select, Selector, Sweep};

use crate::exit::{Exit, Failure};
use crate::options::{Kind, Span};
use pump::{Ended, Plan, Pump, Source};

/// Connect to a server: what is typed is sent, what comes is shown.
///
/// Standard input and the socket are watched together, so that an answer is seen when it comes.
/// At the end of input the connection is half-closed, and what is still to come is received. On a
/// terminal there is a prompt, and nothing that the peer sends can drive the terminal; in a pipe
/// every byte goes through as it is.
#[derive(Args, Debug)]
#[command(
    about = "Connect to a server: what is typed is sent, what comes is shown",
    after_help = "Exit codes: 0 all was sent and received, 1 no connection, 2 wrong arguments, \
        3 the connection broke midway, 4 the time limit passed, 141 whoever read the output has \
        gone.\n\nExamples:\n  \
        switchboard connect localhost:8800\n  \
        echo build broke | switchboard connect chat.example:8008\n  \
        switchboard connect localhost:8800 --send \"my client:{pid}\" --every 1s --count 5"
)]
pub(crate) struct ConnectArguments {
    #[arg(value_name = "HOST:PORT", help = "Where to: HOST:PORT, [IPV6]:PORT or unix:/path")]
    to: String,

    /// Send this line instead of standard input; {pid} becomes this process's number.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    send: Option<String>,

    /// Send it again and again, this far apart.
    #[arg(long, value_name = "TIME", requires = "send", value_parser = span)]
    every: Option<Duration>,

    /// Send it so many times, then half-close [default: once, or without end with --every].
    #[arg(long, value_name = "N", requires = "send")]
    count: Option<u64>,

    /// Give up when connecting, or the answer to all that was sent, takes longer than this.
    #[arg(long, value_name = "TIME", value_parser = span)]
    timeout: Option<Duration>,

    /// What watches standard input and the socket: auto, sweep, select, poll or epoll.
    #[arg(long, value_name = "ENGINE", default_value = "auto", value_parser = selector)]
    engine: Choice,

    /// How long a sweep may sleep when nothing happens.
    #[arg(long, value_name = "TIME", default_value = "1ms", value_parser = span)]
    idle_backoff: Duration,
}

fn span(text: &str) -> Result<Duration, String> {
    Span::parse(text)
}

fn selector(text: &str) -> Result<Choice, String> {
    match text.parse()? {
        Choice::Uring => Err("io_uring is an engine of the servers; this client waits with one \
             of sweep, select, poll and epoll"
            .into()),
        choice => Ok(choice),
    }
}

/// Connects, and passes bytes to and fro until one side is done.
pub(crate) fn connect(arguments: &ConnectArguments) -> Result<Exit, Failure> {
    let socket = call(&arguments.to, arguments.timeout)?;
    let in_dialogue =
        arguments.send.is_none() && io::stdin().is_terminal() && io::stdout().is_terminal();
    if in_dialogue {
        // What comes takes the line that is being typed off the screen. It is still there, but in the
        // terminal alone: only that can show it again.
        let text =
            "Ctrl-D ends. When something comes while you type, Ctrl-R shows your line again.";
        let _ = writeln!(io::stderr(), "Connected to {}. {text}", arguments.to);
    }
    let plan = Plan {
        source: match &arguments.send {
            Some(text) => Source::Repeated {
                line: format!("{}\n", text.replace("{pid}", &std::process::id().to_string())),
                every: arguments.every.unwrap_or(Duration::from_secs(1)),
                left: arguments.count.or(arguments.every.is_none().then_some(1)),
                next: engine::monotonic(),
            },
            None => Source::Stdin,
        },
        patience: arguments.timeout,
        with_prompt: in_dialogue,
        cleaned: io::stdout().is_terminal(),
    };
    let ended = run(arguments, socket, plan);
    if in_dialogue {
        // The prompt may still stand there, with what was typed after it.
        let _ = writeln!(io::stderr(), "\nConnection to {} closed.", arguments.to);
    }
    match ended {
        Ok(Ended::Done) => Ok(Exit::Fine),
        Ok(Ended::OutputGone) => Ok(Exit::OutputGone),
        Ok(Ended::TimedOut) => Err(Failure::new(Exit::TimedOut, "nothing more came in time")),
        Ok(Ended::Lost(why)) => {
            Err(Failure::new(Exit::Lost, format_args!("the connection broke: {why}")))
        }
        Err(error) => Err(Failure::new(Exit::Failed, error)),
    }
}

/// Runs the pump over the selector that was asked for.
fn run(arguments: &ConnectArguments, socket: OwnedFd, plan: Plan) -> io::Result<Ended> {
    match arguments.engine {
        Choice::Auto => match Epoll::new() {
            Ok(epoll) => Pump::new(epoll, socket, plan)?.run(),
            Err(_) => Pump::new(Poll::new()?, socket, plan)?.run(),
        },
        Choice::Sweep => {
            let mut sweep = Sweep::new()?;
            sweep.set_idle_backoff(Some(arguments.idle_backoff));
            Pump::new(sweep, socket, plan)?.run()
        }
        Choice::Select => Pump::new(Select::new()?, socket, plan)?.run(),
        Choice::Poll => Pump::new(Poll::new()?, socket, plan)?.run(),
        Choice::Epoll => Pump::new(Epoll::new()?, socket, plan)?.run(),
        Choice::Uring => unreachable!("refused with the arguments"),
    }
}

/// A connected socket that does not block.
fn call(to: &str, patience: Option<Duration>) -> Result<OwnedFd, Failure> {
    if let Some(path) = to.strip_prefix("unix:") {
        let connected = UnixStream::connect(path).and_then(|socket| {
            socket.set_nonblocking(true)?;
            Ok(socket.into())
        });
        return connected.map_err(|error| {
            Failure::new(Exit::Failed, format_args!("cannot connect to {to}: {error}"))
        });
    }
    if !to.contains(':') {
        let message =
            format!("where is {to:?}? Say HOST:PORT, for example {to}:8008, or unix:/path");
        return Err(Failure::new(Exit::Usage, message));
    }
    let failed = |error: &io::Error| {
        let code = match error.kind() {
            io::ErrorKind::InvalidInput => Exit::Usage,
            io::ErrorKind::TimedOut => Exit::TimedOut,
            _ => Exit::Failed,
        };
        Failure::new(code, format_args!("cannot connect to {to}: {error}"))
    };
    let addresses: Vec<SocketAddr> =
        to.to_socket_addrs().map_err(|error| failed(&error))?.collect();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        let attempt = match patience {
            Some(patience) => {
                TcpStream::connect_timeout(&address, patience.max(Duration::from_millis(1)))
            }
            None => TcpStream::connect(address),
        };
        let prepared = attempt.and_then(|socket| {
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        match prepared {
            Ok(socket) => return Ok(socket.into()),
            Err(error) => last = error,
        }
    }
    Err(failed(&last))
}
