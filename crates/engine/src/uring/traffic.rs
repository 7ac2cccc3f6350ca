//! Bytes in and bytes out.
//!
//! Invariant: every completion that names a buffer has that buffer claimed, and given back once,
//! whatever has become of its connection; a batch leaves its slot at the send's completion only, and a
//! group ends when the kernel has taken all of it.

use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use service::{Key, Reason, Service};

use super::Uring;
use super::connection::Receive;
use super::group::Group;
use super::operation::{Kind, Operation};
use super::ring::Completion;
use super::sending::Sending;
use crate::connection::{Receiving, Stage, reason};

impl Uring {
    /// What came of a receive: bytes, their end, or none of both. One that has ended is armed
    /// again here, if it is wanted.
    pub(super) fn received<S: Service>(&mut self, service: &mut S, completion: &Completion) {
        let key = completion.operation.key;
        let connection = self.connections.get_mut(key).expect("it stays while it is in flight");
        if completion.is_last() {
            connection.receive = Receive::Idle;
        }
        let count = completion.result().unwrap_or(0);
        let lent = completion.buffer().map(|id| self.buffers.claim(id, count));
        match completion.result() {
            Ok(0) if self.may_tell(key, 0) => self.receive_ended(service, key),
            Ok(0) => self.end_behind(key, None),
            Ok(count) => {
                self.counters.bytes_in += u64::from(count);
                let may_tell = self.may_tell(key, count);
                let is_open = self.connections.get(key).is_some_and(|it| it.stage == Stage::Open);
                if is_open && let Some(lent) = &lent {
                    if may_tell {
                        service.received(key, self.buffers.received(lent));
                    } else {
                        let bytes = self.buffers.received(lent).to_vec();
                        self.fall_behind(key, &bytes);
                    }
                }
            }
            Err(errno) => self.receive_failed(key, Errno::from_raw_os_error(errno)),
        }
        if let Some(lent) = lent {
            self.buffers.give_back(lent);
        }
        self.settle(key);
        self.adjust_receive(key);
    }

    pub(super) fn receive_ended<S: Service>(&mut self, service: &mut S, key: Key) {
        let connection = self.connections.get_mut(key).expect("it is there");
        if std::mem::replace(&mut connection.receiving, Receiving::Ended) == Receiving::Ended {
            return;
        }
        match connection.stage {
            Stage::Open => service.ended(key),
            Stage::Lingering => self.end(key, Reason::Closed),
            Stage::Connecting | Stage::Draining | Stage::Over => {}
        }
    }

    fn receive_failed(&mut self, key: Key, errno: Errno) {
        let connection = self.connections.get_mut(key).expect("it is there");
        match errno {
            // All buffers are in use: no fault of the connection's, whose bytes wait in its
            // socket. It is armed again when buffers have been given back.
            Errno::NOBUFS => {
                self.counters.no_buffers += 1;
                connection.receive = Receive::Starved;
                self.starved.push_back(key);
            }
            Errno::CANCELED | Errno::INTR | Errno::AGAIN => {}
            // Everything had been sent: that the peer did not wait for the end is its own affair.
            _ if connection.stage == Stage::Lingering => self.end(key, Reason::Closed),
            errno if self.may_tell(key, 0) => self.end(key, reason(errno)),
            errno => self.end_behind(key, Some(errno)),
        }
    }

    /// Makes what the kernel does about receiving what it should be doing.
    pub(super) fn adjust_receive(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        match (connection.wants_receive(), connection.receive) {
            (true, Receive::Idle) if !self.options.watch_urgent => self.arm_receive(key),
            // Look first, then receive once: a receive stops before an urgent byte that it comes
            // upon, so that none is received unannounced. The look receives, too.
            (true, Receive::Idle) if !connection.has_alert => self.arm_alert(key),
            (false, Receive::Armed) => {
                connection.receive = Receive::Ending;
                self.cancel(Kind::Receive, key);
            }
            // One that is ending is looked at again when it has ended, one in line when it is
            // its turn.
            _ => {}
        }
    }

    /// Has those receive again who found no buffer, as many as there are buffers, in the order in
    /// which they found none. The others have the next turn, which does not wait.
    pub(super) fn feed_starved(&mut self) {
        for _ in 0..self.buffers.count() {
            let Some(key) = self.starved.pop_front() else { return };
            if let Some(connection) = self.connections.get_mut(key)
                && connection.receive == Receive::Starved
            {
                connection.receive = Receive::Idle;
                self.adjust_receive(key);
            }
        }
    }

    /// What an alert has to say.
    pub(super) fn alerted<S: Service>(&mut self, service: &mut S, completion: &Completion) {
        const HUNG_UP: u32 = (libc::POLLRDHUP | libc::POLLHUP | libc::POLLERR) as u32;
        const URGENT: u32 = libc::POLLPRI as u32;
        let key = completion.operation.key;
        let connection = self.connections.get_mut(key).expect("it stays while it is in flight");
        let events = completion.result().unwrap_or(0);
        connection.has_alert = false;
        if events & HUNG_UP != 0 && !connection.is_hung_up {
            connection.is_hung_up = true;
            self.hung_up.push(key);
        }
        let is_open = connection.stage == Stage::Open;
        if self.options.watch_urgent {
            // What the alert says of urgent data is not to be believed: it hands on what woke it
            // (io_poll_check_events, seen in 6.18), and a socket wakes for ordinary bytes with
            // PRI set, too (sock_def_readable). So the socket itself is asked.
            let is_urgent = is_open && events & URGENT != 0 && has_urgent_data(connection.socket());
            if events != 0 && connection.wants_receive() && connection.receive == Receive::Idle {
                self.arm_receive(key);
            }
            if is_urgent {
                service.urgent(key);
            }
        } else if is_open && !connection.is_hung_up && events != 0 {
            // It has told nothing: there is still something to wait for.
            self.arm_alert(key);
        }
        self.settle(key);
    }

    /// Has those who hung up received from in single shots, from here on, so that the end is not
    /// missed. Most have told it by themselves in the very same turn.
    pub(super) fn look_for_ends(&mut self) {
        let mut hung_up = std::mem::take(&mut self.hung_up);
        for key in hung_up.drain(..) {
            if let Some(connection) = self.connections.get_mut(key)
                && connection.receive == Receive::Armed
            {
                connection.receive = Receive::Ending;
                self.cancel(Kind::Receive, key);
            }
        }
        self.hung_up = hung_up;
    }

    /// Asks the service for what `key` is to be sent next, and sends it, unless a send is on its way:
    /// then the end of that one asks.
    pub(super) fn flush<S: Service>(&mut self, service: &mut S, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.is_wanted = connection.is_sending();
        self.is_hurried |= connection.is_wanted && connection.is_trying;
        if !matches!(connection.stage, Stage::Open | Stage::Draining) || connection.is_wanted {
            return;
        }
        let stage = connection.stage;
        service.transmit(key, &mut self.next.batch);
        if self.next.batch.is_empty() {
            if stage == Stage::Draining {
                self.drained(key);
            }
            return;
        }
        if stage == Stage::Open && Group::suits(&self.next.batch) {
            if !self.group.has_room() {
                self.ring.hand_down();
                self.settle_group();
            }
            if self.group.has_room() {
                self.arm_try(key);
                return self.next.batch.clear();
            }
        }
        let connection = self.connections.get_mut(key).expect("it is there");
        connection.sending = Some(std::mem::take(&mut self.next));
        self.arm_send(key);
    }

    /// Ends the group if the kernel has taken all of it: what it has said nothing of was sent. What it
    /// has said of the others is told with the rest.
    pub(super) fn settle_group(&mut self) {
        if self.group.is_empty() {
            // The last of a group may have failed after the group was looked at.
            self.is_hurried = false;
            return;
        }
        for place in 0..self.ring.ready().len() {
            let Operation { kind, key, .. } = self.ring.ready()[place].operation;
            if kind == Kind::Try {
                self.try_failed(key);
            }
        }
        // A failure that the kernel keeps because its queue was full is not among them yet.
        if !self.ring.is_all_down() || self.ring.has_overflow() {
            return;
        }
        while let Some((key, len)) = self.group.pop_sent() {
            let connection = self.connections.get_mut(key).expect("it stays while it is in flight");
            connection.is_trying = false;
            self.counters.sends += 1;
            self.counters.bytes_out += len as u64;
            if connection.is_wanted || connection.stage != Stage::Open {
                connection.is_wanted = true;
                self.sent.push(key);
                self.settle(key);
            }
        }
        self.is_hurried = false;
    }

    /// Asks for more those whose send is done and who want it, unless a request has asked them since.
    pub(super) fn flush_sent<S: Service>(&mut self, service: &mut S) {
        let mut sent = std::mem::take(&mut self.sent);
        for key in sent.drain(..) {
            if self.connections.get(key).is_some_and(|it| it.is_wanted && !it.is_sending()) {
                self.flush(service, key);
            }
        }
        // Whoever has come in the meantime has the next turn, which does not wait.
        sent.append(&mut self.sent);
        self.sent = sent;
    }

    /// One that was tried did not send everything, of which its completion will tell. From here on it is
    /// a send by itself.
    fn try_failed(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key)
            && std::mem::take(&mut connection.is_trying)
        {
            connection.sending = Some(Sending::of(self.group.take_out(key)));
        }
    }

    /// What came of a send, or of one that was tried and did not send everything. When all is sent,
    /// the service is asked for more after the turn's other facts were told, so that what they lead
    /// to goes along.
    pub(super) fn sent(&mut self, completion: &Completion) {
        let key = completion.operation.key;
        // It may have come since the group was looked at.
        self.try_failed(key);
        let connection = self.connections.get_mut(key).expect("it stays while it is in flight");
        let mut sending = connection.sending.take().expect("a batch was being sent");
        let stage = connection.stage;
        connection.is_wanted |= !sending.batch.is_last() || stage != Stage::Open;
        match completion.result() {
            Ok(count) => {
                self.counters.sends += 1;
                self.counters.bytes_out += u64::from(count);
                self.counters.short_sends += u64::from(sending.sent(count as usize));
            }
            Err(libc::EINTR | libc::EAGAIN) => {}
            Err(errno) => {
                self.end(key, reason(Errno::from_raw_os_error(errno)));
                return self.settle(key);
            }
        }
        if sending.batch.is_empty() || stage == Stage::Over {
            if connection.is_wanted {
                self.sent.push(key);
            }
            self.settle(key);
        } else {
            connection.sending = Some(sending);
            self.arm_send(key);
        }
    }
}

/// Whether urgent data stands in line at this moment.
fn has_urgent_data(socket: impl AsFd) -> bool {
    let mut asked = [PollFd::new(&socket, PollFlags::PRI)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&at_once)).is_ok() && asked[0].revents().contains(PollFlags::PRI)
}
