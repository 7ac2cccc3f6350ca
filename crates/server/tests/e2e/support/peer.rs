//! A connection made by the test itself, for what tools cannot do: odd pieces, silence, resets.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::PATIENCE;

/// One end of a TCP connection, and what has come from the other so far.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) received: Vec<u8>,
}

/// What came of waiting for the other side's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It finished in order.
    Closed,
    /// It reset the connection.
    Reset,
}

impl Peer {
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit that is not zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit that is not zero");
        stream.set_nodelay(true).expect("an open socket");
        Self { stream, received: Vec::new() }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server takes what it is sent");
    }

    pub(crate) fn finish_sending(&self) {
        // The server may have gone already, which is for the caller to find out.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Waits until `needle` has come.
    #[track_caller]
    pub(crate) fn expect(&mut self, needle: &str) {
        let started = Instant::now();
        while !self.has(needle) {
            let open = self.receive();
            assert!(
                open.is_none() && started.elapsed() < PATIENCE || self.has(needle),
                "{needle:?} did not come, but {open:?}:\n{}",
                self.text()
            );
        }
    }

    pub(crate) fn has(&self, needle: &str) -> bool {
        self.received.windows(needle.len()).any(|at| at == needle.as_bytes())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }

    /// Receives until the other side has ended.
    #[track_caller]
    pub(crate) fn drain(&mut self) -> Ending {
        let started = Instant::now();
        loop {
            if let Some(ending) = self.receive() {
                return ending;
            }
            assert!(started.elapsed() < PATIENCE, "no end comes, but:\n{}", self.text());
        }
    }

    /// Receives what there is, or waits for more; answers how the other side ended, if it has.
    #[track_caller]
    fn receive(&mut self) -> Option<Ending> {
        let mut piece = [0; 65536];
        match self.stream.read(&mut piece) {
            Ok(0) => Some(Ending::Closed),
            Ok(count) => {
                self.received.extend_from_slice(&piece[..count]);
                None
            }
            Err(error) => match error.kind() {
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Some(Ending::Reset),
                ErrorKind::Interrupted => None,
                _ => panic!("{error} after:\n{}", self.text()),
            },
        }
    }

    /// Sends as much of `bytes` as the other side takes; it may close or stop taking meanwhile.
    /// Answers how much went out.
    pub(crate) fn send_what_it_takes(&mut self, bytes: &[u8], stall: Duration) -> usize {
        self.stream.set_write_timeout(Some(stall)).expect("a time limit that is not zero");
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(_) => break,
            }
        }
        self.stream.set_write_timeout(Some(PATIENCE)).expect("a time limit that is not zero");
        sent
    }

    /// Ends the connection as the kernel does for a process that was killed with data unread.
    pub(crate) fn reset(self) {
        let linger = Some(Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(&self.stream, linger).expect("an open socket");
    }
}
