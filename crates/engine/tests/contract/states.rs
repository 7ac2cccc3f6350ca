//! What selectors say of a socket in every state it can be in. The kernel tells poll and epoll
//! more than it tells select; what all of them can know is what all of them say.

use std::net::{Shutdown, TcpListener};
use std::os::fd::AsRawFd;

use engine::{Interest, Selector};
use rustix::net::{RecvFlags, SendFlags};
use socket2::{Domain, Socket, Type};

use crate::support::{a_place_of_its_own, abort, event, eventually, look, tcp_pair, wait};

on_every_selector![
    idle_and_with_data_and_with_urgent_data,
    the_peer_has_finished_or_is_gone,
    the_peer_has_reset,
    this_side_has_shut_down,
    a_listener_is_ready_with_a_connection_and_only_then,
    an_attempt_to_connect_is_ready_when_it_has_ended,
    pipes_tell_of_the_other_end,
    a_hang_up_is_no_urgent_data,
];

const R: Interest = Interest::READABLE;
const W: Interest = Interest::WRITABLE;
const X: Interest = Interest::PRIORITY;

fn idle_and_with_data_and_with_urgent_data<P: Selector>() {
    let mut selector = P::new().unwrap();
    let (here, there) = tcp_pair();
    selector.register(here.as_raw_fd(), R | W | X, 1).unwrap();
    eventually(&mut selector, &[event(1, W)], "idle");
    rustix::net::send(&there, b"!", SendFlags::empty()).unwrap();
    eventually(&mut selector, &[event(1, R | W)], "data waits");
    rustix::net::recv(&here, &mut [0; 16], RecvFlags::empty()).unwrap();
    eventually(&mut selector, &[event(1, W)], "data was read");
    rustix::net::send(&there, b"!", SendFlags::OOB).unwrap();
    eventually(&mut selector, &[event(1, W | X)], "urgent data waits out of line");
    rustix::net::recv(&here, &mut [0; 16], RecvFlags::OOB).unwrap();
    eventually(&mut selector, &[event(1, W)], "urgent data was read");
}

fn the_peer_has_finished_or_is_gone<P: Selector>() {
    let mut selector = P::new().unwrap();
    let (here, there) = tcp_pair();
    selector.register(here.as_raw_fd(), R | W, 1).unwrap();
    rustix::net::send(&there, b"last words", SendFlags::empty()).unwrap();
    there.shutdown(Shutdown::Write).unwrap();
    eventually(&mut selector, &[event(1, R | W)], "the peer has finished");
    let mut buffer = [0; 64];
    let (_, count) = rustix::net::recv(&here, &mut buffer, RecvFlags::empty()).unwrap();
    assert_eq!(&buffer[..count], b"last words", "what was sent before the end comes before it");
    eventually(&mut selector, &[event(1, R | W)], "and the end after it");
    let (_, count) = rustix::net::recv(&here, &mut buffer, RecvFlags::empty()).unwrap();
    assert_eq!(count, 0);
    drop(there);
    eventually(&mut selector, &[event(1, R | W)], "the peer is gone");
}

fn the_peer_has_reset<P: Selector>() {
    let mut selector = P::new().unwrap();
    let (here, there) = tcp_pair();
    selector.register(here.as_raw_fd(), R | W, 1).unwrap();
    rustix::net::send(&here, b"never read", SendFlags::empty()).unwrap();
    abort(there);
    eventually(&mut selector, &[event(1, R | W)], "the peer has reset");
    let error = rustix::net::recv(&here, &mut [0; 16], RecvFlags::empty()).unwrap_err();
    assert_eq!(error, rustix::io::Errno::CONNRESET, "the read tells the truth, once");
    let (_, count) = rustix::net::recv(&here, &mut [0; 16], RecvFlags::empty()).unwrap();
    assert_eq!(count, 0);
    selector.unregister(here.as_raw_fd()).unwrap();
    assert_eq!(look(&mut selector), [], "quiet, once that was handled");
}

fn this_side_has_shut_down<P: Selector>() {
    for (how, expected) in [(Shutdown::Write, W), (Shutdown::Read, R | W), (Shutdown::Both, R | W)]
    {
        let mut selector = P::new().unwrap();
        let (here, _there) = tcp_pair();
        selector.register(here.as_raw_fd(), R | W, 1).unwrap();
        here.shutdown(how).unwrap();
        eventually(&mut selector, &[event(1, expected)], &format!("shut down: {how:?}"));
        if how != Shutdown::Read {
            let error = rustix::net::send(&here, b"!", SendFlags::NOSIGNAL).unwrap_err();
            assert_eq!(error, rustix::io::Errno::PIPE);
        }
    }
}

fn a_listener_is_ready_with_a_connection_and_only_then<P: Selector>() {
    let mut selector = P::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    selector.register(listener.as_raw_fd(), R | W, 1).unwrap();
    assert_eq!(look(&mut selector), []);
    let place = listener.local_addr().unwrap();
    let _peers = [(); 2].map(|()| std::net::TcpStream::connect(place).unwrap());
    for _ in 0..2 {
        eventually(&mut selector, &[event(1, R)], "somebody waits");
        listener.accept().unwrap();
    }
    assert_eq!(look(&mut selector), []);
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

fn an_attempt_to_connect_is_ready_when_it_has_ended<P: Selector>() {
    let mut selector = P::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().into();
    let connecting = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    };

    let fresh = connecting();
    selector.register(fresh.as_raw_fd(), R | W, 1).unwrap();
    eventually(&mut selector, &[event(1, R | W)], "not connected to anything");
    selector.unregister(fresh.as_raw_fd()).unwrap();

    let socket = connecting();
    let _ = socket.connect(&place);
    selector.register(socket.as_raw_fd(), W, 2).unwrap();
    assert_eq!(wait(&mut selector), [event(2, W)]);
    assert!(socket.take_error().unwrap().is_none());
    selector.unregister(socket.as_raw_fd()).unwrap();

    // Bound, and not listening: nobody else can be there.
    let nobody = connecting();
    nobody.bind(&a_place_of_its_own().into()).unwrap();
    let refused = connecting();
    let _ = refused.connect(&nobody.local_addr().unwrap());
    selector.register(refused.as_raw_fd(), R | W, 3).unwrap();
    eventually(&mut selector, &[event(3, R | W)], "refused");
    let error = refused.take_error().unwrap().expect("an error that is told once");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(refused.take_error().unwrap().is_none());
}

fn pipes_tell_of_the_other_end<P: Selector>() {
    let mut selector = P::new().unwrap();
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    selector.register(reader.as_raw_fd(), R, 1).unwrap();
    selector.register(writer.as_raw_fd(), W, 2).unwrap();
    assert_eq!(wait(&mut selector), [event(2, W)]);
    selector.unregister(writer.as_raw_fd()).unwrap();
    drop(writer);
    assert_eq!(wait(&mut selector), [event(1, R)], "the writer is gone");
    assert_eq!(rustix::io::read(&reader, &mut [0; 16]), Ok(0));

    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::NONBLOCK).unwrap();
    let mut selector = P::new().unwrap();
    while rustix::io::write(&writer, &[0; 4096]).is_ok() {}
    selector.register(writer.as_raw_fd(), W, 3).unwrap();
    assert_eq!(look(&mut selector), [], "the pipe is full");
    drop(reader);
    assert_eq!(wait(&mut selector), [event(3, W)], "the reader is gone");

    // A child process and its standard streams.
    let mut child = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut selector = P::new().unwrap();
    selector.register(stdout.as_raw_fd(), R, 4).unwrap();
    rustix::io::write(&stdin, b"meow").unwrap();
    assert_eq!(wait(&mut selector), [event(4, R)]);
    let mut buffer = [0; 16];
    let count = rustix::io::read(&stdout, &mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"meow");
    drop(stdin);
    assert_eq!(wait(&mut selector), [event(4, R)]);
    assert_eq!(rustix::io::read(&stdout, &mut buffer), Ok(0));
    child.wait().unwrap();
}

/// Who watches for urgent data beside other things is not told of any when the line goes dead.
fn a_hang_up_is_no_urgent_data<P: Selector>() {
    let mut selector = P::new().unwrap();
    let (here, there) = tcp_pair();
    selector.register(here.as_raw_fd(), R | W | X, 1).unwrap();
    abort(there);
    eventually(&mut selector, &[event(1, R | W)], "the peer has reset");
}
