//! The other side of a connection: plain blocking sockets of the standard library.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::PATIENCE;

/// An address on this machine, port 0, that no other test uses at this time: what is closed there
/// stays closed, while other tests listen on whatever port is free.
pub(crate) fn a_place_of_its_own() -> SocketAddr {
    static USED: AtomicU32 = AtomicU32::new(0);
    let number = std::process::id().wrapping_mul(1000) + USED.fetch_add(1, Ordering::Relaxed);
    let part = |number: u32| (number % 250) as u8 + 1;
    SocketAddr::from(([127, part(number / 62_500), part(number / 250), part(number)], 0))
}

/// A peer that connects to `place`, and does not wait for ever.
pub(crate) fn patient(place: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(place).expect("somebody listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// Checks that nobody listens at `place`, in a moment if not at once: a child process that another
/// test starts has a copy of every descriptor until it runs its program.
pub(crate) fn refuses(place: SocketAddr) {
    let start = Instant::now();
    loop {
        match TcpStream::connect(place) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
            result => assert!(start.elapsed() < PATIENCE, "{place} is not closed: {result:?}"),
        }
    }
}

/// Reads until the other side has finished sending.
pub(crate) fn read_all(mut stream: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the stream ends in order");
    bytes
}

/// Reads so many bytes.
pub(crate) fn read_exactly(mut stream: impl Read, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).expect("so many bytes come");
    bytes
}

/// Reads until the connection is over, in order or by a reset; answers whether it is over.
pub(crate) fn is_over(mut stream: impl Read) -> bool {
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

/// Closes with a reset: what was not sent is dropped, and the other side is told so.
pub(crate) fn abort(stream: TcpStream) {
    let socket = socket2::Socket::from(stream);
    socket.set_linger(Some(std::time::Duration::ZERO)).expect("an option of every socket");
}
