//! The bare loops over `io_uring(7)`: one system call a turn, which hands down all sends of the
//! last turn and waits for the next receive.
//!
//! What is known to be fast is all there: multishot accept and receive into provided buffers,
//! sockets that are known to the ring alone, task work deferred to the wait, sends that complete
//! while they are handed down and say nothing when all went well.
//!
//! Invariant: what a send points to stays until the call that hands it down has returned. No send
//! is on its way after that, because `MSG_DONTWAIT` has the kernel refuse rather than keep it.

#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed};
use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::types::{BufRingEntry, Fd, Fixed};
use io_uring::{IoUring, cqueue, opcode, squeue};

use crate::Reply;

/// A loop that answers what it receives with what `reply` makes of it.
///
/// # Errors
///
/// What the system says, of the ring above all; otherwise it goes on for ever.
pub fn answer(address: &str, reply: Reply) -> io::Result<()> {
    let mut ring = Ring::listen(address)?;
    // All answers of a turn, one behind the other, and where each one's part ends.
    let (mut out, mut ends) = (Vec::new(), Vec::new());
    loop {
        ring.wait()?;
        out.clear();
        ends.clear();
        ring.take(|peer, received| {
            reply(received, &mut out);
            ends.push((peer, out.len()));
        })?;
        let mut start = 0;
        for &(peer, end) in &ends {
            ring.send(peer, &out[start..end])?;
            start = end;
        }
    }
}

/// A loop that gathers what all have said in a turn and sends it, once, to everyone but its author
/// (to everyone, if several have spoken).
///
/// # Errors
///
/// As [`answer`].
pub fn broadcast(address: &str) -> io::Result<()> {
    let mut ring = Ring::listen(address)?;
    let (mut said, mut author) = (Vec::new(), None);
    loop {
        ring.wait()?;
        said.clear();
        ring.take(|peer, received| {
            author = (said.is_empty() || author == Some(peer)).then_some(peer);
            said.extend_from_slice(received);
        })?;
        if said.is_empty() {
            continue;
        }
        for place in 0..ring.peers.len() {
            let peer = ring.peers[place];
            if author != Some(peer) {
                ring.send(peer, &said)?;
            }
        }
    }
}

/// Sends and receives handed down at once: all sends of a turn to 5,000, with room to spare.
const ENTRIES: u32 = 8192;
/// Sockets at one time.
const SOCKETS: u32 = 16_384;
/// Provided buffers, a power of two, and the bytes of each.
const BUFFERS: u16 = 512;
const BUFFER_BYTES: usize = 16 * 1024;

/// What a completion is of; a receive bears the number of its socket.
const ACCEPT: u64 = u64::MAX;
const SEND: u64 = u64::MAX - 1;

struct Ring {
    ring: IoUring,
    listener: TcpListener,
    /// Sockets by their numbers in the ring, in no order.
    peers: Vec<u32>,
    /// `BUFFERS` entries that the kernel reads, and the buffers that it writes to. Both are leaked:
    /// they live as long as the process, and so as long as the ring.
    entries: *mut BufRingEntry,
    buffers: *mut u8,
    tail: u16,
    completions: Vec<cqueue::Entry>,
}

impl Ring {
    fn listen(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        // The standard library listens with a backlog of 128; this makes it longer.
        rustix::net::listen(&listener, 4096)?;
        // The accepted sockets inherit it.
        rustix::net::sockopt::set_tcp_nodelay(&listener, true)?;
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_no_sqarray()
            .setup_submit_all()
            .setup_cqsize(2 * ENTRIES)
            .build(ENTRIES)?;
        ring.submitter().register_files_sparse(SOCKETS)?;
        let layout = |bytes| Layout::from_size_align(bytes, 65_536).expect("a few megabytes");
        // SAFETY: neither layout is empty.
        let (entries, buffers) = unsafe {
            let bytes = usize::from(BUFFERS) * size_of::<BufRingEntry>();
            let buffers = alloc_zeroed(layout(usize::from(BUFFERS) * BUFFER_BYTES));
            (alloc_zeroed(layout(bytes)).cast(), buffers)
        };
        assert!(!buffers.is_null() && !<*mut BufRingEntry>::is_null(entries), "no memory");
        // SAFETY: the address is that of BUFFERS entries on a page boundary, never freed.
        unsafe { ring.submitter().register_buf_ring_with_flags(entries as u64, BUFFERS, 0, 0)? };
        println!("listening on {}", listener.local_addr()?);
        let (peers, completions) = (Vec::new(), Vec::new());
        let mut ring = Self { ring, listener, peers, entries, buffers, tail: 0, completions };
        for id in 0..BUFFERS {
            ring.give_back(id);
        }
        ring.publish();
        ring.accept()?;
        Ok(ring)
    }

    /// Hands down all that is in line, and waits for something to happen.
    fn wait(&mut self) -> io::Result<()> {
        self.ring.submit_and_wait(1)?;
        while !self.ring.submission().is_empty() {
            self.ring.submit()?;
        }
        Ok(())
    }

    /// Tells who said what.
    fn take(&mut self, mut received: impl FnMut(u32, &[u8])) -> io::Result<()> {
        let mut completions = std::mem::take(&mut self.completions);
        completions.extend(self.ring.completion());
        for completion in completions.drain(..) {
            let is_last = !cqueue::more(completion.flags());
            match completion.user_data() {
                SEND => {}
                ACCEPT => {
                    if let Ok(peer) = u32::try_from(completion.result()) {
                        self.peers.push(peer);
                        self.receive(peer)?;
                    }
                    if is_last {
                        self.accept()?;
                    }
                }
                peer => {
                    let (peer, count) = (peer as u32, completion.result());
                    if let Some(id) = cqueue::buffer_select(completion.flags()) {
                        received(peer, self.buffer(id, count as usize));
                        self.give_back(id);
                    }
                    if count == 0 || (count < 0 && count != -NO_BUFFERS) {
                        self.remove(peer)?;
                    } else if is_last {
                        self.receive(peer)?;
                    }
                }
            }
        }
        self.completions = completions;
        self.publish();
        Ok(())
    }

    /// Puts a send in line. `bytes` must stay until [`Ring::wait`] has returned.
    fn send(&mut self, peer: u32, bytes: &[u8]) -> io::Result<()> {
        let entry = opcode::Send::new(Fixed(peer), bytes.as_ptr(), bytes.len() as u32)
            .flags(DONT_WAIT | NO_SIGNAL)
            .build()
            .flags(squeue::Flags::SKIP_SUCCESS)
            .user_data(SEND);
        self.push(&entry)
    }

    fn accept(&mut self) -> io::Result<()> {
        let listener = Fd(self.listener.as_raw_fd());
        let entry = opcode::AcceptMulti::new(listener).allocate_file_index(true).build();
        self.push(&entry.user_data(ACCEPT))
    }

    fn receive(&mut self, peer: u32) -> io::Result<()> {
        let entry = opcode::RecvMulti::new(Fixed(peer), 0).build();
        self.push(&entry.user_data(u64::from(peer)))
    }

    fn remove(&mut self, peer: u32) -> io::Result<()> {
        self.peers.retain(|&other| other != peer);
        let entry = opcode::Close::new(Fixed(peer)).build();
        self.push(&entry.flags(squeue::Flags::SKIP_SUCCESS).user_data(SEND))
    }

    fn push(&mut self, entry: &squeue::Entry) -> io::Result<()> {
        // SAFETY: a send points to bytes that stay until it has been handed down, as its callers
        // above see to, and is over then; nothing else points to memory but the receives, to the
        // provided buffers, which stay.
        while unsafe { self.ring.submission().push(entry) }.is_err() {
            self.ring.submit()?;
        }
        Ok(())
    }

    fn buffer(&self, id: u16, count: usize) -> &'static [u8] {
        assert!(id < BUFFERS && count <= BUFFER_BYTES);
        // SAFETY: within the allocation, zeroed when it was made, and left alone by the kernel
        // until it is given back and published, which `take` does when nobody looks at it any more.
        unsafe {
            std::slice::from_raw_parts(self.buffers.add(usize::from(id) * BUFFER_BYTES), count)
        }
    }

    fn give_back(&mut self, id: u16) {
        // SAFETY: both lie within their allocations; the kernel does not look at entries beyond the
        // published tail, and there are never more buffers than entries.
        unsafe {
            let entry = &mut *self.entries.add(usize::from(self.tail % BUFFERS));
            entry.set_addr(self.buffers.add(usize::from(id) * BUFFER_BYTES) as u64);
            entry.set_len(BUFFER_BYTES as u32);
            entry.set_bid(id);
        }
        self.tail = self.tail.wrapping_add(1);
    }

    fn publish(&mut self) {
        // SAFETY: the first entry holds the tail, an aligned u16 that only we write.
        let tail = unsafe { AtomicU16::from_ptr(BufRingEntry::tail(self.entries).cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }
}

const DONT_WAIT: i32 = 0x40;
const NO_SIGNAL: i32 = 0x4000;
const NO_BUFFERS: i32 = 105;
