//! Connections that are no members: port scanners, browsers, broken clients, noise.
//!
//! What they are answered is not looked at: that they do no harm is seen from the members.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::epoll;
use rustix::fd::OwnedFd;
use socket2::SockRef;

use super::client;
use super::dice::Dice;

#[derive(Default)]
pub(super) struct Strays {
    open: HashMap<usize, Stray>,
    opened: usize,
}

struct Stray {
    socket: TcpStream,
    until_ms: u64,
    ends: Ends,
}

/// How one ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Closed,
    Reset,
    HalfClosed,
}

/// At one time: what the descriptors of the driver leave.
const MOST: usize = 1000;

impl Strays {
    /// Opens one more, which begins with something that no member would say. `base` is the first
    /// token of events that is theirs.
    pub(super) fn open(
        &mut self,
        address: SocketAddr,
        epoll: &OwnedFd,
        base: usize,
        dice: &mut Dice,
        now_ms: u64,
    ) -> io::Result<()> {
        if self.open.len() >= MOST {
            return Ok(());
        }
        let mut socket = client::connect(address, dice.percent(20))?;
        let first = first_bytes(dice);
        let _ = socket.write(&first);
        let number = self.opened;
        self.opened += 1;
        // Some never read what they are answered.
        if dice.percent(80) {
            let data = epoll::EventData::new_u64((base + number) as u64);
            epoll::add(epoll, socket.as_fd(), data, epoll::EventFlags::IN)?;
        }
        let ends = match dice.below(3) {
            0 => Ends::Closed,
            1 => Ends::Reset,
            _ => Ends::HalfClosed,
        };
        let until_ms = now_ms + dice.below(20_000) as u64;
        self.open.insert(number, Stray { socket, until_ms, ends });
        Ok(())
    }

    /// Reads what came, and forgets it.
    pub(super) fn take(&mut self, number: usize, buffer: &mut [u8]) {
        let Some(stray) = self.open.get_mut(&number) else {
            return;
        };
        match stray.socket.read(buffer) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => {
                self.open.remove(&number);
            }
        }
    }

    /// Ends those whose time has come.
    pub(super) fn tick(&mut self, now_ms: u64) {
        self.open.retain(|_, stray| {
            if stray.until_ms > now_ms {
                return true;
            }
            match stray.ends {
                Ends::Closed => false,
                Ends::Reset => {
                    let _ = SockRef::from(&stray.socket).set_linger(Some(Duration::ZERO));
                    false
                }
                Ends::HalfClosed => {
                    let _ = stray.socket.shutdown(Shutdown::Write);
                    (stray.ends, stray.until_ms) = (Ends::Closed, now_ms + 10_000);
                    true
                }
            }
        });
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
    }
}

fn first_bytes(dice: &mut Dice) -> Vec<u8> {
    let noise = |dice: &mut Dice, count: usize| -> Vec<u8> {
        (0..count).map(|_| dice.throw() as u8).collect()
    };
    match dice.below(12) {
        0 => noise(dice, 64),
        1 => noise(dice, 8000),
        2 => b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        // A TLS hello.
        3 => [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &noise(dice, 500)].concat(),
        // A line that does not end.
        4 => vec![b'a'; 60_000],
        5 => [b"NICK ".to_vec(), noise(dice, 40), b"\r\nUSER\r\n".to_vec()].concat(),
        6 => b"NICK someone\r\n".to_vec(),
        7 => b"CAP LS 302\r\nCAP REQ :nothing-known batch\r\n".to_vec(),
        // Telnet, with a subnegotiation that does not end.
        8 => [&[255, 253, 31, 255, 250, 31][..], &noise(dice, 300)].concat(),
        9 => b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello\n".to_vec(),
        10 => Vec::new(),
        _ => [&[0; 100][..], b"\n\r\n\r\n\n", &noise(dice, 20), b"\n"].concat(),
    }
}
