//! Bytes from standard input to a socket and from there to standard output, watched together.
//!
//! Invariant: at most [`Pump::BUFFER_BYTES`] wait in each direction. A side that does not take
//! what it is given stops the reading of the other, and nothing else.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use engine::{Event, Interest, Selector};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::Shutdown;
use service::Time;

use super::terminal::Display;

/// What a pump is to do.
pub(super) struct Plan {
    pub(super) source: Source,
    /// How long to wait for more once everything has been sent.
    pub(super) patience: Option<Duration>,
    /// Ask for each line with a prompt, and send no empty ones.
    pub(super) with_prompt: bool,
    /// Show only what cannot drive a terminal.
    pub(super) cleaned: bool,
}

/// Where what is sent comes from.
pub(super) enum Source {
    Stdin,
    /// One line again and again; `left` times, or without end.
    Repeated {
        line: String,
        every: Duration,
        left: Option<u64>,
        next: Time,
    },
    /// It has ended: what is buffered goes out, then the connection is half-closed.
    Ended,
    /// It has ended and the peer has been told.
    Closed,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Everything was sent, and the peer has finished.
    Done,
    /// The connection broke, or the peer finished before it had taken everything.
    Lost(io::Error),
    TimedOut,
    OutputGone,
}

pub(super) struct Pump<P: Selector> {
    selector: P,
    socket: OwnedFd,
    source: Source,
    patience: Option<Duration>,
    with_prompt: bool,
    display: Display,
    /// From the source, not yet sent.
    outgoing: Vec<u8>,
    /// From the peer, ready to be shown.
    incoming: Vec<u8>,
    peer: Peer,
    /// What each descriptor is registered for, by [`Token`].
    watched: [Interest; 3],
    /// When the peer last sent something or took something.
    heard: Time,
}

/// What is known of the peer's side.
enum Peer {
    Sending,
    Finished,
    /// The connection is gone; what had come is still shown.
    Broken(io::Error),
}

/// What an event is about.
#[derive(Clone, Copy)]
enum Token {
    Stdin,
    Socket,
    Stdout,
}

impl<P: Selector> Pump<P> {
    /// As much as a pipe holds (`pipe(7)`): more would only hide for longer that a side is slow.
    const BUFFER_BYTES: usize = 64 * 1024;

    /// One write to standard output. A pipe that is ready takes so much without blocking
    /// (`PIPE_BUF`), so that a slow reader cannot hold up the sending.
    const WRITE_BYTES: usize = 4096;

    pub(super) fn new(selector: P, socket: OwnedFd, plan: Plan) -> io::Result<Self> {
        Ok(Self {
            selector,
            socket,
            source: plan.source,
            patience: plan.patience,
            with_prompt: plan.with_prompt,
            display: Display::new(plan.cleaned, plan.with_prompt),
            outgoing: Vec::new(),
            incoming: Vec::new(),
            peer: Peer::Sending,
            watched: [Interest::NONE; 3],
            heard: engine::monotonic(),
        })
    }

    /// Passes bytes until both sides are done.
    pub(super) fn run(mut self) -> io::Result<Ended> {
        let mut events = Vec::new();
        loop {
            self.repeat();
            self.half_close();
            if let Some(ended) = self.ended() {
                return Ok(ended);
            }
            self.watch()?;
            self.selector.select(&mut events, self.deadline())?;
            if events.is_empty() {
                self.display.pause(&mut self.incoming);
                if self.is_out_of_patience() {
                    return Ok(Ended::TimedOut);
                }
            }
            for Event { data, ready } in events.drain(..) {
                match Token::from(data) {
                    Token::Stdin => self.read_input()?,
                    Token::Socket => {
                        if ready.is_writable() {
                            self.send();
                        }
                        if ready.is_readable() {
                            self.receive();
                        }
                    }
                    Token::Stdout => match self.write_output() {
                        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                            return Ok(Ended::OutputGone);
                        }
                        result => result?,
                    },
                }
            }
        }
    }

    /// How it ended, if it has.
    fn ended(&mut self) -> Option<Ended> {
        if matches!(self.peer, Peer::Sending) || !self.incoming.is_empty() {
            return None;
        }
        if self.display.is_holding() {
            self.display.flush(&mut self.incoming);
            return None;
        }
        match std::mem::replace(&mut self.peer, Peer::Finished) {
            Peer::Broken(error) => Some(Ended::Lost(error)),
            // It has finished; it may still be taking what is left.
            _ if self.outgoing.is_empty() => Some(Ended::Done),
            _ => None,
        }
    }

    /// Registers for each descriptor what is wanted of it now.
    fn watch(&mut self) -> io::Result<()> {
        let has_room = self.outgoing.len() < Self::BUFFER_BYTES;
        let wants_input =
            matches!(self.source, Source::Stdin) && has_room && matches!(self.peer, Peer::Sending);
        let wants_bytes =
            matches!(self.peer, Peer::Sending) && self.incoming.len() < Self::BUFFER_BYTES;
        let can_send = !self.outgoing.is_empty() && !matches!(self.peer, Peer::Broken(_));
        let when = |is: bool, interest| if is { interest } else { Interest::NONE };
        let wanted = [
            when(wants_input, Interest::READABLE),
            when(wants_bytes, Interest::READABLE) | when(can_send, Interest::WRITABLE),
            when(!self.incoming.is_empty(), Interest::WRITABLE),
        ];
        for token in [Token::Stdin, Token::Socket, Token::Stdout] {
            let index = token as usize;
            let fd = match token {
                Token::Stdin => io::stdin().as_raw_fd(),
                Token::Socket => self.socket.as_raw_fd(),
                Token::Stdout => io::stdout().as_raw_fd(),
            };
            match (self.watched[index].is_none(), wanted[index].is_none()) {
                (true, true) => continue,
                (true, false) => self.selector.register(fd, wanted[index], index as u64)?,
                (false, true) => self.selector.unregister(fd)?,
                (false, false) => self.selector.modify(fd, wanted[index], index as u64)?,
            };
            self.watched[index] = wanted[index];
        }
        Ok(())
    }

    /// When something is to be done though nothing happens.
    fn deadline(&self) -> Option<Time> {
        let now = engine::monotonic();
        let pause = self.display.is_waiting_for_pause().then_some(now);
        let repeat = match &self.source {
            Source::Repeated { next, .. } if self.outgoing.len() < Self::BUFFER_BYTES => {
                Some(*next)
            }
            _ => None,
        };
        let patience = self.patience_ends();
        [pause, repeat, patience].into_iter().flatten().min()
    }

    /// When to give up: only once there is nothing left to do but to wait for the peer.
    fn patience_ends(&self) -> Option<Time> {
        match self.source {
            Source::Ended | Source::Closed if self.incoming.is_empty() => {
                Some(self.heard + self.patience?)
            }
            _ => None,
        }
    }

    fn is_out_of_patience(&self) -> bool {
        self.patience_ends().is_some_and(|ends| ends <= engine::monotonic())
    }

    /// Takes the repeated line once more, if its time has come.
    fn repeat(&mut self) {
        let Source::Repeated { line, every, left, next } = &mut self.source else { return };
        if *left == Some(0) || matches!(self.peer, Peer::Finished | Peer::Broken(_)) {
            self.source = Source::Ended;
            return;
        }
        let now = engine::monotonic();
        if *next > now || self.outgoing.len() >= Self::BUFFER_BYTES {
            return;
        }
        self.outgoing.extend_from_slice(line.as_bytes());
        // What was late is not made up for: a peer that was slow is not sent a burst.
        *next = now + *every;
        if let Some(left) = left {
            *left -= 1;
            if *left == 0 {
                self.source = Source::Ended;
            }
        }
    }

    /// Reads what standard input has, once.
    fn read_input(&mut self) -> io::Result<()> {
        if !is_ready(io::stdin().as_fd(), PollFlags::IN) {
            return Ok(());
        }
        let mut piece = [0; 16 * 1024];
        let count = match rustix::io::read(io::stdin(), &mut piece) {
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if count == 0 {
            self.source = Source::Ended;
            self.heard = engine::monotonic();
        } else if self.with_prompt && piece[..count].trim_ascii().is_empty() {
            self.display.answered();
        } else {
            self.outgoing.extend_from_slice(&piece[..count]);
            self.display.answered();
        }
        Ok(())
    }

    /// Sends what waits, as far as the socket takes it.
    fn send(&mut self) {
        match rustix::io::write(&self.socket, &self.outgoing) {
            Ok(count) => {
                self.outgoing.drain(..count);
                self.heard = engine::monotonic();
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => self.broke(error),
        }
    }

    /// Receives what has come, once.
    fn receive(&mut self) {
        let mut piece = [0; 16 * 1024];
        match rustix::io::read(&self.socket, &mut piece) {
            // After an error that sending has found, the kernel says that the peer has finished.
            Ok(0) if matches!(self.peer, Peer::Broken(_)) => {}
            Ok(0) => self.peer = Peer::Finished,
            Ok(count) => {
                self.heard = engine::monotonic();
                self.display.show(&piece[..count], &mut self.incoming);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => self.broke(error),
        }
    }

    fn broke(&mut self, error: Errno) {
        if !matches!(self.peer, Peer::Broken(_)) {
            self.peer = Peer::Broken(error.into());
        }
        self.outgoing.clear();
    }

    /// Tells the peer that nothing more comes, once nothing more does.
    fn half_close(&mut self) {
        if matches!(self.peer, Peer::Finished) && matches!(self.source, Source::Stdin) {
            // There is nobody left to answer: what was read before is still sent.
            self.source = Source::Ended;
        }
        if matches!(self.source, Source::Ended) && self.outgoing.is_empty() {
            // A connection that is gone says so when it is read.
            let _ = rustix::net::shutdown(&self.socket, Shutdown::Write);
            self.source = Source::Closed;
        }
    }

    /// Writes one piece of what waits to standard output.
    fn write_output(&mut self) -> io::Result<()> {
        if self.incoming.is_empty() || !is_ready(io::stdout().as_fd(), PollFlags::OUT) {
            return Ok(());
        }
        let count = self.incoming.len().min(Self::WRITE_BYTES);
        match rustix::io::write(io::stdout(), &self.incoming[..count]) {
            Ok(count) => {
                self.incoming.drain(..count);
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Token {
    fn from(data: u64) -> Self {
        match data {
            0 => Self::Stdin,
            1 => Self::Socket,
            _ => Self::Stdout,
        }
    }
}

/// Whether reading or writing `fd` would not block at this moment. Selectors may report what is
/// not ready, and standard input and output are left blocking: they are shared with other
/// processes, which would not expect them otherwise.
fn is_ready(fd: BorrowedFd<'_>, flags: PollFlags) -> bool {
    let mut asked = [PollFd::from_borrowed_fd(fd, flags)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::event::poll(&mut asked, Some(&at_once)).is_ok_and(|count| count > 0)
}
