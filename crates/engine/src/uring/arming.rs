//! Every operation that the engine hands to the kernel: one function each.
//!
//! Invariant: what an entry names stays until the operation's last completion. This file is where
//! each case of that is argued; the slots of connection.rs, and the drop in ending.rs, keep it.

use std::os::fd::{AsRawFd, RawFd};

use io_uring::types::{CancelBuilder, Fd};
use io_uring::{opcode, squeue};
use service::Key;

use super::buffers::Buffers;
use super::connection::Receive;
use super::newcomers::Accepting;
use super::operation::{Kind, Operation};
use super::{SIGNALS, Uring, WAKER};

/// `ioprio` flags of a receive (`io_uring_enter(2)`), which the crate keeps to itself: look
/// whether there is something before taking a buffer, and go on until told otherwise.
const RECVSEND_POLL_FIRST: u16 = 1 << 0;
const RECV_MULTISHOT: u16 = 1 << 1;

/// How often a receive completes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shots {
    One,
    Many,
}

/// The entry of a receive into provided buffers.
///
/// It looks before it takes a buffer: otherwise, while all buffers are in use, even a connection
/// to which nothing was sent would be told that there is none for it.
pub(super) fn receive_entry(socket: RawFd, shots: Shots) -> squeue::Entry {
    let multishot = if shots == Shots::Many { RECV_MULTISHOT } else { 0 };
    opcode::Recv::new(Fd(socket), std::ptr::null_mut(), 0)
        .buf_group(Buffers::GROUP)
        .ioprio(multishot | RECVSEND_POLL_FIRST)
        .build()
        .flags(squeue::Flags::BUFFER_SELECT)
}

impl Uring {
    /// Accepts connections from listener `number` until further notice. The kernel keeps to the
    /// limit on descriptors that is in force now, even if it is raised later.
    pub(super) fn arm_accept(&mut self, number: usize) {
        let acceptor = self.acceptors[number].as_mut().expect("an open listener");
        acceptor.accepting = Accepting::Armed;
        self.counters.accept_calls += 1;
        let entry = opcode::AcceptMulti::new(Fd(acceptor.listener.as_raw_fd()))
            .flags(libc::SOCK_CLOEXEC)
            .build();
        let operation = Operation::new(Kind::Accept, acceptor_key(number));
        // SAFETY: the entry names the listener's descriptor and no memory. The descriptor stays
        // until the last word: `accepted` and `close_listeners` let go of an acceptor only when no
        // accept of its is in flight.
        unsafe { self.ring.push(operation, entry) };
    }

    /// Receives for `key` until further notice; once, if the peer has hung up, or if urgent data is
    /// to be looked for before each receive.
    ///
    /// A multishot receive that has emptied the socket goes back to waiting without looking at
    /// what else there is. A reset that came together with the last bytes, and the end on a Unix
    /// socket, are then not told: what woke it has been used up (seen in 6.18). A single shot
    /// looks each time that it is armed.
    pub(super) fn arm_receive(&mut self, key: Key) {
        let connection = self.connections.get_mut(key).expect("an open connection");
        debug_assert!(!connection.has_receive_in_flight());
        connection.receive = Receive::Armed;
        let is_single = connection.is_hung_up || self.options.watch_urgent;
        let shots = if is_single { Shots::One } else { Shots::Many };
        let entry = receive_entry(connection.fd(), shots);
        // SAFETY: the entry names the socket, which `Connection::close` closes only when nothing
        // is in flight, and the buffers' group, whose memory is freed at the end of the engine,
        // after the last word, or never.
        unsafe { self.ring.push(Operation::new(Kind::Receive, key), entry) };
    }

    /// Sends what is in the connection's `sending`.
    pub(super) fn arm_send(&mut self, key: Key) {
        let connection = self.connections.get_mut(key).expect("an open connection");
        let socket = connection.fd();
        let sending = connection.sending.as_mut().expect("something to send");
        let entry = sending.entry(socket);
        // SAFETY: the entry points into the box in the slot, and to the bytes that its batch
        // owns or shares. Nobody touches it until `sent` takes it out at the completion; a slot
        // is not freed before, and should the engine be dropped before, the box is leaked.
        unsafe { self.ring.push(Operation::new(Kind::Send, key), entry) };
    }

    /// Sends what is in `next`, or as much of it as the socket takes at once, with the group.
    pub(super) fn arm_try(&mut self, key: Key) {
        let connection = self.connections.get_mut(key).expect("an open connection");
        connection.is_trying = true;
        let entry = self.group.add(key, connection.fd(), &self.next.batch);
        // SAFETY: the entry points into the group's block, where nobody touches its bytes before
        // `settle_group` has seen that the kernel has taken every entry and keeps no completion back,
        // and with `MSG_DONTWAIT` the kernel is done with a send when the enter that takes it returns.
        // The block lives as long as the engine; should that be dropped before, it is leaked.
        unsafe { self.ring.push(Operation::new(Kind::Try, key), entry) };
    }

    /// Watches `key` for a hang-up; and for anything to receive, urgent or not, if urgent data is
    /// to be told.
    pub(super) fn arm_alert(&mut self, key: Key) {
        let connection = self.connections.get_mut(key).expect("an open connection");
        debug_assert!(!connection.has_alert);
        connection.has_alert = true;
        let urgent = if self.options.watch_urgent { libc::POLLIN | libc::POLLPRI } else { 0 };
        let events = (libc::POLLRDHUP | urgent) as u32;
        let entry = opcode::PollAdd::new(Fd(connection.fd()), events).build();
        // SAFETY: the entry names the socket, which is closed only when nothing is in flight.
        unsafe { self.ring.push(Operation::new(Kind::Alert, key), entry) };
    }

    /// Connects the socket of attempt `key`.
    pub(super) fn arm_connect(&mut self, key: Key) {
        let attempt = self.attempts.get(key).expect("an attempt");
        let socket = Fd(attempt.socket.as_raw_fd());
        let address = attempt.address.as_ptr().cast();
        let entry = opcode::Connect::new(socket, address, attempt.address.len()).build();
        // SAFETY: the entry names the attempt's socket and points into its boxed address; both
        // stay until `connected` takes the attempt out at the completion.
        unsafe { self.ring.push(Operation::new(Kind::Connect, key), entry) };
    }

    /// Watches the waker, or the signals, for the next time that they have something to say.
    pub(super) fn arm_watch(&mut self, which: Key) {
        let fd = match which {
            WAKER => self.waker.event_fd().as_raw_fd(),
            SIGNALS => self.signals.expect("signals are handled"),
            _ => unreachable!("nothing else is watched"),
        };
        let entry = opcode::PollAdd::new(Fd(fd), libc::POLLIN as u32).build();
        // SAFETY: the entry names a descriptor of the waker's, which lives as long as the engine;
        // that a number is reused after the engine's end, which cancels the watch, harms nobody:
        // a watch reads nothing.
        unsafe { self.ring.push(Operation::new(Kind::Watch, which), entry) };
    }

    /// Asks the kernel to end an operation. The operation's own last word will tell whether that,
    /// or something else, ended it.
    pub(super) fn cancel(&mut self, kind: Kind, key: Key) {
        let target = Operation::new(kind, key);
        let entry = opcode::AsyncCancel::new(target.to_bits()).build();
        let entry = entry.flags(squeue::Flags::SKIP_SUCCESS);
        // SAFETY: the entry names an operation by number; there is nothing that has to stay.
        unsafe { self.ring.push(target.cancelled(), entry) };
    }

    /// Asks the kernel to end every operation there is.
    pub(super) fn cancel_everything(&mut self) {
        let entry = opcode::AsyncCancel2::new(CancelBuilder::any()).build();
        let entry = entry.flags(squeue::Flags::SKIP_SUCCESS);
        // SAFETY: as above.
        unsafe { self.ring.push(Operation::new(Kind::Watch, WAKER).cancelled(), entry) };
    }
}

/// A listener's number, as a key that its operations bear.
pub(super) fn acceptor_key(number: usize) -> Key {
    Key::new(number as u32, 0)
}
