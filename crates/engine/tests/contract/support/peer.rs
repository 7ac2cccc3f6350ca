//! The other side of a connection: plain blocking sockets of the standard library.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

/// A peer that connects to `place`, and does not wait for ever.
pub(crate) fn patient(place: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(place).expect("somebody listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
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
