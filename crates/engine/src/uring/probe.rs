//! Whether this kernel, and whoever guards it, knows and allows what the engine does.
//!
//! Invariant: nothing is concluded from version numbers. A small ring is built and every
//! operation that matters is tried on it, because what a container forbids, or a distribution has
//! patched in, no version tells.

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::Duration;

use io_uring::types::Fd;
use io_uring::{Probe, opcode};
use rustix::net::sockopt::set_socket_send_buffer_size;
use service::Key;

use super::arming::{Shots, receive_entry};
use super::buffers::Buffers;
use super::group;
use super::operation::{Kind, Operation};
use super::ring::{Completion, Ring, Wait};
use crate::clock::monotonic;

/// Tries everything on a ring of its own.
///
/// # Errors
///
/// The first thing that did not work, in a sentence that says what and why.
pub(super) fn probe() -> io::Result<()> {
    let mut ring = Ring::new(8, 16).map_err(|error| refusal("setting up a ring", &error))?;
    supported(&ring).map_err(|error| refusal("asking what the ring knows", &error))?;
    nothing(&mut ring).map_err(|error| refusal("doing nothing on a ring", &error))?;
    wait(&mut ring).map_err(|error| refusal("waiting with a time limit (Linux 5.11)", &error))?;
    accept(&mut ring).map_err(|error| refusal("multishot accept (Linux 5.19)", &error))?;
    send(&mut ring)
        .map_err(|error| refusal("counting what was sent in part (Linux 6.1)", &error))?;
    let mut buffers = Buffers::register(&ring, 1, 64)
        .map_err(|error| refusal("provided buffer rings (Linux 5.19)", &error))?;
    let received = receive(&mut ring, &mut buffers);
    if ring.in_flight() == 0 {
        // SAFETY: nothing is in flight, and the buffers are not used after this.
        unsafe { buffers.release(&ring) };
    }
    received.map_err(|error| refusal("multishot receive (Linux 6.0)", &error))
}

/// Why io_uring cannot be used: what was tried, and what the error means here.
pub(super) fn refusal(what: &str, error: &io::Error) -> io::Error {
    let why = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            match std::fs::read_to_string("/proc/sys/kernel/io_uring_disabled").as_deref() {
                Ok("2\n") => "kernel.io_uring_disabled is 2: it is switched off (EPERM)".into(),
                Ok("1\n") => "kernel.io_uring_disabled is 1: it is reserved to the members of \
                              kernel.io_uring_group (EPERM)"
                    .into(),
                _ => "it is forbidden (EPERM), most likely by a container's seccomp filter".into(),
            }
        }
        Some(libc::ENOSYS) => {
            "the kernel has no io_uring, or a seccomp filter hides it (ENOSYS)".into()
        }
        Some(libc::EINVAL | libc::EOPNOTSUPP) => format!("the kernel is too old for it ({error})"),
        Some(libc::ENOMEM) => {
            "there is too little memory, or the limit on locked memory is too low (ENOMEM; see \
             ulimit -l)"
                .into()
        }
        Some(libc::EMFILE | libc::ENFILE) => format!("no descriptor is free ({error})"),
        _ => error.to_string(),
    };
    io::Error::new(error.kind(), format!("{what} does not work: {why}"))
}

/// How long each thing that is tried may take. All of them end at once.
const LIMIT: Duration = Duration::from_secs(1);

const PROBE: Key = Key::new(0, 0);

fn supported(ring: &Ring) -> io::Result<()> {
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe)?;
    let wanted = [
        ("accept", opcode::AcceptMulti::CODE),
        ("receive", opcode::Recv::CODE),
        ("send", opcode::Send::CODE),
        ("sendmsg", opcode::SendMsg::CODE),
        ("connect", opcode::Connect::CODE),
        ("poll", opcode::PollAdd::CODE),
        ("cancel", opcode::AsyncCancel::CODE),
    ];
    match wanted.iter().find(|(_, code)| !probe.is_supported(*code)) {
        Some((name, _)) => {
            Err(io::Error::new(io::ErrorKind::Unsupported, format!("it does not know {name}")))
        }
        None => Ok(()),
    }
}

fn nothing(ring: &mut Ring) -> io::Result<()> {
    // SAFETY: the entry names nothing.
    unsafe { ring.push(Operation::new(Kind::Watch, PROBE), opcode::Nop::new().build()) };
    let [completion] = completions(ring)?;
    completion.result().map(drop).map_err(io::Error::from_raw_os_error)
}

fn wait(ring: &mut Ring) -> io::Result<()> {
    let until = monotonic() + Duration::from_micros(50);
    ring.enter(Wait::Until(until))
}

/// Arms an accept and cancels it: a kernel that does not know the one refuses at once, and one
/// that does not know the other would leave it there.
fn accept(ring: &mut Ring) -> io::Result<()> {
    // A name in the abstract namespace, which no file is made for.
    let name = format!("switchboard-probe-{}-{}", std::process::id(), monotonic().as_nanos());
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?)?;
    let operation = Operation::new(Kind::Accept, PROBE);
    let entry = opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).build();
    // SAFETY: the listener stays until the completion; `completions` fails otherwise, and a
    // descriptor that is closed too early is no harm to an accept on a listener nobody knows.
    unsafe { ring.push(operation, entry) };
    // SAFETY: the entry names an operation by number.
    unsafe { ring.push(operation.cancelled(), cancel_entry(operation)) };
    let [completion] = completions(ring)?;
    match completion.result() {
        Err(libc::ECANCELED) => Ok(()),
        Err(errno) => Err(io::Error::from_raw_os_error(errno)),
        Ok(_) => Err(io::Error::other("somebody connected to the probe")),
    }
}

/// Sends what a socket takes at once, and what it takes in part. The first must go unmentioned, and of the
/// second all must be counted: what is not would be sent twice.
fn send(ring: &mut Ring) -> io::Result<()> {
    let (ours, mut theirs) = UnixStream::pair()?;
    set_socket_send_buffer_size(&ours, 1)?; // The kernel makes a few KiB of it.
    let (short, long) = ([b'!'], vec![b'?'; 64 << 10]);
    for bytes in [&short[..], &long] {
        let operation = Operation::new(Kind::Try, PROBE);
        // SAFETY: socket and bytes stay until the end of the function. By then an enter has taken the
        // entry, and the kernel is done with it; or it failed, and nothing enters this ring again.
        unsafe { ring.push(operation, group::entry(ours.as_raw_fd(), bytes)) };
    }
    let [completion] = completions(ring)?;
    drop(ours);
    let mut all = Vec::new();
    theirs.read_to_end(&mut all)?;
    match completion.result() {
        Ok(count) if short.len() + count as usize == all.len() => Ok(()),
        _ => Err(io::Error::other("it does not say how much it has sent")),
    }
}

fn receive(ring: &mut Ring, buffers: &mut Buffers) -> io::Result<()> {
    let (ours, mut theirs) = UnixStream::pair()?;
    theirs.write_all(b"!")?;
    let operation = Operation::new(Kind::Receive, PROBE);
    // SAFETY: the socket stays until the completion, as above; the buffers are freed by the
    // caller when nothing is in flight, or never.
    unsafe { ring.push(operation, receive_entry(ours.as_raw_fd(), Shots::Many)) };
    let [completion] = completions(ring)?;
    let count = completion.result().map_err(io::Error::from_raw_os_error)?;
    let Some(id) = completion.buffer() else {
        return Err(io::Error::other("bytes came without a buffer"));
    };
    let lent = buffers.claim(id, count);
    let is_whole = buffers.received(&lent) == b"!";
    buffers.give_back(lent);
    buffers.publish();
    if !is_whole || completion.is_last() {
        return Err(io::Error::other("it received once, and not what was sent"));
    }
    drop(theirs);
    let [end] = completions(ring)?;
    match end.result() {
        Ok(0) if end.is_last() => Ok(()),
        _ => Err(io::Error::other("it did not see the end of what was sent")),
    }
}

fn cancel_entry(operation: Operation) -> io_uring::squeue::Entry {
    let entry = opcode::AsyncCancel::new(operation.to_bits()).build();
    entry.flags(io_uring::squeue::Flags::SKIP_SUCCESS)
}

/// The next `N` completions.
fn completions<const N: usize>(ring: &mut Ring) -> io::Result<[Completion; N]> {
    let until = monotonic() + LIMIT;
    let mut all = Vec::new();
    while all.len() < N {
        ring.enter(Wait::Until(until))?;
        let mut some = Vec::new();
        ring.take_ready(&mut some);
        if some.is_empty() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the kernel does not answer"));
        }
        all.append(&mut some);
    }
    all.try_into().map_err(|_| io::Error::other("the kernel has more to say than it was asked"))
}
