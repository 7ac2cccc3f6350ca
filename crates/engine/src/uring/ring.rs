//! The two queues that engine and kernel share: entries go down, completions come up.
//!
//! Invariant: no entry that was pushed is lost, and no completion, however full either queue is.
//! What the entries do, and that the memory they name stays, is left to the engine.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use io_uring::types::{SubmitArgs, Timespec};
use io_uring::{Builder, EnterFlags, IoUring, Submitter, cqueue, squeue};

use service::Time;

use super::operation::Operation;
use crate::clock::monotonic;

/// A ring, and what stands before and behind it.
pub(super) struct Ring {
    ring: IoUring,
    rung: Rung,
    state: State,
    /// Entries for which the submission queue had no place. Bounded by the engine: each of its
    /// slots has at most one entry of a kind on its way.
    backlog: VecDeque<squeue::Entry>,
    /// What has been taken out of the completion queue.
    ready: Vec<Completion>,
    /// Operations that the kernel has, or will be handed, and has not had its last word on.
    in_flight: usize,
    counts: Counts,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Built, in whatever thread; nothing goes down yet.
    Disabled,
    /// Belongs to the thread of its first enter.
    Enabled,
}

/// What a ring has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Calls of `io_uring_enter`.
    pub(super) enters: u64,
    /// Enters that found more completions than the queue holds. The kernel keeps the surplus, at
    /// a price: a queue that overflows often is too small.
    pub(super) overflows: u64,
}

/// How long to wait for a first completion.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    /// Not at all.
    Not,
    /// Until then, and never less.
    Until(Time),
    /// As long as it takes.
    Forever,
}

/// A completion, copied out of the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Completion {
    pub(super) operation: Operation,
    result: i32,
    flags: u32,
}

impl Completion {
    /// What the operation came to, or its `errno`.
    pub(super) fn result(&self) -> Result<u32, i32> {
        u32::try_from(self.result).map_err(|_| -self.result)
    }

    /// Whether this is the kernel's last word on the operation. Multishot operations end without
    /// warning (the queue was full, buffers or descriptors ran out): whoever wants more arms it
    /// again.
    pub(super) fn is_last(&self) -> bool {
        !cqueue::more(self.flags)
    }

    /// The provided buffer that this completion hands over. A cancelled or failed receive may
    /// hand one over as well.
    pub(super) fn buffer(&self) -> Option<u16> {
        cqueue::buffer_select(self.flags)
    }
}

/// A way to set up a ring; the ladder is climbed down until the kernel knows the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    /// Completions are worked on inside our own enters only (6.1), and entries are taken straight
    /// from the queue (6.6).
    DeferredDirect,
    /// Completions are worked on inside our own enters only (6.1).
    Deferred,
    /// Completions are worked on whenever we enter the kernel, without interrupting us (5.19).
    Cooperative,
    /// No preference.
    Plain,
}

impl Rung {
    pub(super) const LADDER: [Self; 4] =
        [Self::DeferredDirect, Self::Deferred, Self::Cooperative, Self::Plain];

    /// What the start-up line says of it.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::DeferredDirect | Self::Deferred => "deferred task work",
            Self::Cooperative => "cooperative task work",
            Self::Plain => "plain task work",
        }
    }

    fn builder(self, cq_entries: u32) -> Builder {
        let mut builder = IoUring::builder();
        // Disabled at first, because a ring with a single issuer belongs to the thread that
        // enables it: so an engine can be built in one thread and run in another.
        builder.setup_r_disabled().setup_submit_all().setup_clamp();
        // The kernel refuses a completion queue smaller than the submission queue.
        builder.setup_cqsize(cq_entries);
        match self {
            Self::DeferredDirect => {
                builder.setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag();
                builder.setup_no_sqarray();
            }
            Self::Deferred => {
                builder.setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag();
            }
            Self::Cooperative => {
                builder.setup_coop_taskrun().setup_taskrun_flag();
            }
            Self::Plain => {}
        }
        builder
    }
}

impl Ring {
    /// Completions collected in one enter before the engine looks at them; the rest follows in
    /// the next turn. Enough for a turn to see all there is (a message that waits for the next
    /// turn costs its readers one send more), little enough that no turn is endless.
    const COLLECT_MAX: usize = 8192;

    /// How long to wait for the kernel to find the memory it lacked for an entry.
    const SHORTAGE_WAIT: Duration = Duration::from_millis(1);

    /// A ring by the first way that the kernel knows.
    ///
    /// # Errors
    ///
    /// What `io_uring_setup` says: see [`super::probe::refusal`].
    pub(super) fn new(entries: u32, cq_entries: u32) -> io::Result<Self> {
        let mut refused = io::Error::from_raw_os_error(libc::EINVAL);
        for rung in Rung::LADDER {
            match Self::on(rung, entries, cq_entries) {
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => refused = error,
                outcome => return outcome,
            }
        }
        Err(refused)
    }

    /// A ring by this way.
    pub(super) fn on(rung: Rung, entries: u32, cq_entries: u32) -> io::Result<Self> {
        let entries = entries.clamp(1, cq_entries.max(1));
        Ok(Self {
            ring: rung.builder(cq_entries.max(1)).build(entries)?,
            rung,
            state: State::Disabled,
            backlog: VecDeque::new(),
            ready: Vec::new(),
            in_flight: 0,
            counts: Counts::default(),
        })
    }

    pub(super) fn rung(&self) -> Rung {
        self.rung
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Operations that the kernel may still touch memory for.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether entries have ever gone down.
    pub(super) fn is_enabled(&self) -> bool {
        self.state == State::Enabled
    }

    /// For registering buffers and asking what is supported.
    pub(super) fn submitter(&self) -> Submitter<'_> {
        self.ring.submitter()
    }

    /// Puts an entry in line; it goes down with the next enter, in the order of pushing.
    ///
    /// # Safety
    ///
    /// Descriptors and memory named by `entry` must stay until the operation's last completion.
    pub(super) unsafe fn push(&mut self, operation: Operation, entry: squeue::Entry) {
        self.in_flight += usize::from(operation.has_last_word());
        self.backlog.push_back(entry.user_data(operation.to_bits()));
        if !self.refill() && self.state == State::Enabled {
            self.hand_down();
            self.refill();
        }
    }

    /// Hands down what is in the queue now, and collects what comes of it at once. What a kernel
    /// cannot take (for lack of memory, or before we have taken completions) is left to the next
    /// enter, where any error that lasts comes up.
    pub(super) fn hand_down(&mut self) {
        let _ = self.enter_once(EnterFlags::empty(), 0, None);
        self.collect();
    }

    /// Moves waiting entries into the queue; answers whether all found a place.
    fn refill(&mut self) -> bool {
        let mut queue = self.ring.submission();
        while let Some(entry) = self.backlog.front() {
            // SAFETY: the entry came through `push`, whose caller promised what is asked here.
            if unsafe { queue.push(entry) }.is_err() {
                return false;
            }
            self.backlog.pop_front();
        }
        true
    }

    /// Hands down everything pushed, waits for a first completion, and collects all there are.
    /// The one system call of a quiet turn.
    ///
    /// # Errors
    ///
    /// Those that will not go away: the ring is in another thread than its first enter was
    /// (`EEXIST`), or the kernel had no memory left to keep a completion (`EBADR`).
    pub(super) fn enter(&mut self, wait: Wait) -> io::Result<()> {
        self.enable()?;
        loop {
            let all_placed = self.refill();
            let (want, timeout) = self.patience(wait, all_placed);
            let outcome = self.enter_once(EnterFlags::GETEVENTS, want, timeout);
            self.collect();
            match outcome {
                // Timed out, or interrupted by a signal, whose handler has left its byte for us.
                Ok(()) | Err(libc::ETIME | libc::EINTR) => {}
                // No memory for an entry, or completions must be taken first.
                Err(libc::EAGAIN | libc::EBUSY | libc::ENOMEM) => {
                    if self.ready.is_empty() {
                        self.wait_out_shortage()?;
                    }
                }
                Err(libc::EEXIST) => {
                    let message = "an io_uring engine stays in the thread of its first turn";
                    return Err(io::Error::other(message));
                }
                Err(errno) => return Err(io::Error::from_raw_os_error(errno)),
            }
            if !self.ready.is_empty() {
                break;
            }
            let all_down = self.is_all_down();
            let over = match wait {
                Wait::Not => true,
                Wait::Until(deadline) => monotonic() >= deadline,
                Wait::Forever => false,
            };
            if all_down && over {
                break;
            }
        }
        self.collect_pending()
    }

    /// As [`enter`](Self::enter), but before it sleeps it looks for `spin` whether there is
    /// something to collect. Looking takes no system call: the kernel says so in the memory of the
    /// queues.
    ///
    /// # Errors
    ///
    /// As [`enter`](Self::enter).
    pub(super) fn enter_spinning(&mut self, wait: Wait, spin: Duration) -> io::Result<()> {
        let spun = monotonic() + spin;
        let until = match wait {
            Wait::Not => Time::ZERO,
            Wait::Until(deadline) => deadline.min(spun),
            Wait::Forever => spun,
        };
        loop {
            self.enter(Wait::Not)?;
            if !self.ready.is_empty() {
                return Ok(());
            }
            loop {
                if monotonic() >= until {
                    return self.enter(wait);
                }
                if self.has_news() {
                    break;
                }
                std::hint::spin_loop();
            }
        }
    }

    /// Whether an enter that does not wait would find something.
    fn has_news(&mut self) -> bool {
        let queue = self.ring.submission();
        if queue.taskrun() || queue.cq_overflow() {
            return true;
        }
        drop(queue);
        !self.ring.completion().is_empty()
    }

    /// Whether the kernel keeps completions that found the queue full.
    pub(super) fn has_overflow(&mut self) -> bool {
        self.ring.submission().cq_overflow()
    }

    /// How many completions to wait for now, and for how long.
    fn patience(&self, wait: Wait, all_placed: bool) -> (u32, Option<Duration>) {
        if !self.ready.is_empty() || !all_placed {
            return (0, None);
        }
        match wait {
            Wait::Not => (0, None),
            Wait::Forever => (1, None),
            Wait::Until(deadline) => {
                let left = deadline.since(monotonic());
                if left.is_zero() { (0, None) } else { (1, Some(left)) }
            }
        }
    }

    /// The kernel works on a limited number of completions in an enter (20 in 6.18, when it need
    /// not wait for more), and keeps those that found the queue full. Takes what is left of both.
    fn collect_pending(&mut self) -> io::Result<()> {
        loop {
            let is_pending = {
                let queue = self.ring.submission();
                queue.taskrun() || queue.cq_overflow()
            };
            if !is_pending || self.ready.len() >= Self::COLLECT_MAX {
                return Ok(());
            }
            let before = self.ready.len();
            match self.enter_once(EnterFlags::GETEVENTS, 0, None) {
                Ok(()) | Err(libc::EINTR | libc::EAGAIN | libc::EBUSY | libc::ENOMEM) => {}
                Err(errno) => return Err(io::Error::from_raw_os_error(errno)),
            }
            self.collect();
            if self.ready.len() == before {
                return Ok(());
            }
        }
    }

    /// Gives the kernel time to finish something, handing nothing down.
    fn wait_out_shortage(&mut self) -> io::Result<()> {
        match self.enter_with(0, EnterFlags::GETEVENTS, 1, Some(Self::SHORTAGE_WAIT)) {
            Ok(_) | Err(libc::ETIME | libc::EINTR | libc::EAGAIN | libc::EBUSY) => {}
            Err(errno) => return Err(io::Error::from_raw_os_error(errno)),
        }
        self.collect();
        Ok(())
    }

    fn enable(&mut self) -> io::Result<()> {
        if self.state == State::Disabled {
            self.ring.submitter().register_enable_rings()?;
            self.state = State::Enabled;
        }
        Ok(())
    }

    fn enter_once(
        &mut self,
        flags: EnterFlags,
        want: u32,
        timeout: Option<Duration>,
    ) -> Result<(), i32> {
        let count = self.ring.submission().len() as u32;
        self.enter_with(count, flags, want, timeout).map(drop)
    }

    fn enter_with(
        &mut self,
        count: u32,
        flags: EnterFlags,
        want: u32,
        timeout: Option<Duration>,
    ) -> Result<usize, i32> {
        self.counts.enters += 1;
        let submitter = self.ring.submitter();
        let outcome = match timeout {
            Some(timeout) => {
                let timespec = Timespec::from(timeout);
                let args = SubmitArgs::new().timespec(&timespec);
                let flags = (flags | EnterFlags::EXT_ARG).bits();
                // SAFETY: the flags announce the extended argument, which is what `args` is; it
                // and the time it points to live until the call returns.
                unsafe { submitter.enter(count, want, flags, Some(&args)) }
            }
            // SAFETY: without EXT_ARG the argument is a signal mask, and none is given.
            None => unsafe { submitter.enter::<libc::sigset_t>(count, want, flags.bits(), None) },
        };
        if self.ring.submission().cq_overflow() {
            self.counts.overflows += 1;
        }
        outcome.map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// Takes everything out of the completion queue.
    fn collect(&mut self) {
        for entry in self.ring.completion() {
            let completion = Completion {
                operation: Operation::from_bits(entry.user_data()),
                result: entry.result(),
                flags: entry.flags(),
            };
            if completion.is_last() && completion.operation.has_last_word() {
                self.in_flight -= 1;
            }
            self.ready.push(completion);
        }
    }

    /// Whether the kernel has taken everything that was pushed.
    pub(super) fn is_all_down(&mut self) -> bool {
        self.backlog.is_empty() && self.ring.submission().is_empty()
    }

    /// The completions collected so far.
    pub(super) fn ready(&self) -> &[Completion] {
        &self.ready
    }

    /// Exchanges the completions collected so far for an empty vector with memory of its own.
    pub(super) fn take_ready(&mut self, empty: &mut Vec<Completion>) {
        debug_assert!(empty.is_empty());
        std::mem::swap(&mut self.ready, empty);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use io_uring::opcode;
    use service::Key;

    use super::super::arming::{Shots, receive_entry};
    use super::super::buffers::Buffers;
    use super::super::operation::Kind;
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn nop(ring: &mut Ring, number: u32) {
        let operation = Operation::new(Kind::Watch, Key::new(number, 0));
        // SAFETY: a nop names nothing.
        unsafe { ring.push(operation, opcode::Nop::new().build()) };
    }

    /// The numbers of the completions of one enter, and whether each was its operation's last.
    fn enter(ring: &mut Ring, wait: Wait) -> Vec<usize> {
        ring.enter(wait).unwrap();
        let mut ready = Vec::new();
        ring.take_ready(&mut ready);
        ready.iter().map(|completion| completion.operation.key.index()).collect()
    }

    #[test]
    fn every_rung_that_this_kernel_knows_works() {
        let mut known = 0;
        for rung in Rung::LADDER {
            let Ok(mut ring) = Ring::on(rung, 4, 8) else { continue };
            known += 1;
            nop(&mut ring, 7);
            assert_eq!(enter(&mut ring, Wait::Until(monotonic() + LIMIT)), [7], "{rung:?}");
            let mut buffers = Buffers::register(&ring, 3, 16).unwrap();
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let entry = receive_entry(ours.as_raw_fd(), Shots::Many);
            let operation = Operation::new(Kind::Receive, Key::new(1, 0));
            // SAFETY: socket and buffers stay until nothing is in flight, below.
            unsafe { ring.push(operation, entry) };
            let mut all = Vec::new();
            for round in 0..100u8 {
                theirs.write_all(&[round; 10]).unwrap();
                while all.len() < 10 * (usize::from(round) + 1) {
                    ring.enter(Wait::Until(monotonic() + LIMIT)).unwrap();
                    let mut ready = Vec::new();
                    ring.take_ready(&mut ready);
                    assert!(!ready.is_empty(), "{rung:?}: nothing came");
                    for completion in ready {
                        let count = completion.result().expect("there are buffers enough");
                        let lent = buffers.claim(completion.buffer().unwrap(), count);
                        all.extend_from_slice(buffers.received(&lent));
                        buffers.give_back(lent);
                        assert!(!completion.is_last());
                    }
                    buffers.publish();
                }
            }
            assert!(all.chunks(10).zip(0..).all(|(chunk, round)| chunk == [round; 10]));
            drop(theirs);
            while ring.in_flight() > 0 {
                enter(&mut ring, Wait::Until(monotonic() + LIMIT));
            }
            // SAFETY: nothing is in flight, and the buffers are not used again.
            unsafe { buffers.release(&ring) };
        }
        assert!(known > 0, "this machine has no io_uring");
    }

    #[test]
    fn no_entry_and_no_completion_is_lost_in_queues_of_one() {
        for rung in Rung::LADDER {
            let Ok(mut ring) = Ring::on(rung, 1, 1) else { continue };
            // Before the ring is enabled nothing can go down: all of it waits.
            (0..50).for_each(|number| nop(&mut ring, number));
            let mut seen = enter(&mut ring, Wait::Not);
            (50..100).for_each(|number| nop(&mut ring, number));
            while seen.len() < 100 {
                let some = enter(&mut ring, Wait::Until(monotonic() + LIMIT));
                assert!(!some.is_empty(), "{rung:?}: {} of 100", seen.len());
                seen.extend(some);
            }
            assert_eq!(seen, (0..100).collect::<Vec<_>>(), "{rung:?}: in order");
            assert_eq!(ring.in_flight(), 0);
        }
    }

    #[test]
    fn a_wait_is_never_cut_short() {
        let mut ring = Ring::new(4, 8).unwrap();
        for micros in [0, 1, 100, 900, 5000] {
            let deadline = monotonic() + Duration::from_micros(micros);
            assert_eq!(enter(&mut ring, Wait::Until(deadline)), []);
            assert!(monotonic() >= deadline, "{micros} us");
        }
        assert_eq!(enter(&mut ring, Wait::Not), []);
    }

    #[test]
    fn a_ring_stays_in_the_thread_of_its_first_enter() {
        let mut ring = Ring::new(4, 8).unwrap();
        let mut ring = std::thread::spawn(move || {
            nop(&mut ring, 1);
            assert_eq!(enter(&mut ring, Wait::Until(monotonic() + LIMIT)), [1]);
            ring
        })
        .join()
        .unwrap();
        if matches!(ring.rung(), Rung::DeferredDirect | Rung::Deferred) {
            let error = ring.enter(Wait::Not).unwrap_err();
            assert!(error.to_string().contains("thread"), "{error}");
        }
    }
}
