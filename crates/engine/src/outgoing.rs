//! Sockets that are to be connected.

use std::io;

use service::Address;
use socket2::{Domain, SockAddr, Socket, Type};

/// A socket with the options that an accepted one has from its listener, and the address to
/// connect it to.
pub(crate) fn socket(to: &Address) -> io::Result<(Socket, SockAddr)> {
    let (domain, address) = match to {
        Address::Inet(address) => (Domain::for_address(*address), SockAddr::from(*address)),
        Address::Unix(path) => (Domain::UNIX, SockAddr::unix(path)?),
    };
    let socket = Socket::new(domain, Type::STREAM.cloexec(), None)?;
    if domain != Domain::UNIX {
        socket.set_tcp_nodelay(true)?;
        socket.set_out_of_band_inline(true)?;
    }
    Ok((socket, address))
}
