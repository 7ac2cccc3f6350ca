//! Buffers that the kernel picks from when bytes arrive, so that an idle connection holds none.
//!
//! Invariant: each buffer is either the kernel's or ours, never both: it becomes ours by a
//! completion that names it, and the kernel's again by being given back, once. What is in them is
//! left to the engine.

use std::alloc::{self, Layout};
use std::io;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::types::BufRingEntry;

use super::ring::Ring;

/// A ring of provided buffers (`IORING_REGISTER_PBUF_RING`, 5.19) and the memory of the buffers.
///
/// Dropping it leaks both on purpose: only [`Buffers::release`], whose caller knows that no
/// receive is in flight, frees what the kernel could have written to.
pub(super) struct Buffers {
    /// `slots` entries in page-aligned memory, which the kernel reads.
    ring: NonNull<BufRingEntry>,
    /// Entries of the ring: a power of two.
    slots: u16,
    /// `count` buffers of `bytes` bytes, in one piece, which the kernel writes to.
    memory: NonNull<u8>,
    count: u16,
    bytes: u32,
    /// Which buffers are ours at the moment.
    ours: Vec<bool>,
    /// Where the next buffer given back goes; what lies before it and is not yet published is
    /// not yet the kernel's.
    tail: u16,
}

// SAFETY: both pieces of memory are owned by this value alone and bound to no thread.
unsafe impl Send for Buffers {}

/// A buffer that is ours for a while, and how much of it was filled.
#[must_use = "a buffer that is not given back is lost to the kernel"]
pub(super) struct Lent {
    id: u16,
    len: u32,
}

impl Buffers {
    /// The group that receives name. A ring of ours has one.
    pub(super) const GROUP: u16 = 0;

    /// The kernel's bound on the entries of a buffer ring.
    const MAX_SLOTS: u16 = 1 << 15;

    /// Makes `count` buffers of `bytes` bytes each, and hands them all to the kernel.
    ///
    /// # Errors
    ///
    /// What `io_uring_register` says: `EINVAL` before 5.19, `ENOMEM`.
    pub(super) fn register(ring: &Ring, count: u16, bytes: u32) -> io::Result<Self> {
        let count = count.clamp(1, Self::MAX_SLOTS);
        let bytes = bytes.max(1);
        let slots = count.next_power_of_two();
        let mut buffers = Self {
            ring: allocate(ring_layout(slots)).cast(),
            slots,
            memory: allocate(memory_layout(count, bytes)),
            count,
            bytes,
            ours: vec![true; usize::from(count)],
            tail: 0,
        };
        for id in 0..count {
            buffers.give_back(Lent { id, len: 0 });
        }
        buffers.publish();
        let address = buffers.ring.as_ptr() as u64;
        // SAFETY: the address is that of `slots` entries, page-aligned, which stay until
        // `release` has unregistered them; the buffers they name stay as long.
        let outcome = unsafe {
            ring.submitter().register_buf_ring_with_flags(address, slots, Self::GROUP, 0)
        };
        if let Err(error) = outcome {
            // SAFETY: the kernel has refused the memory, so it will not touch it.
            unsafe { buffers.free() };
            return Err(error);
        }
        Ok(buffers)
    }

    /// How many buffers there are.
    pub(super) fn count(&self) -> usize {
        usize::from(self.count)
    }

    /// Notes that a completion has handed over buffer `id`, filled with `len` bytes.
    ///
    /// # Panics
    ///
    /// If there is no such buffer, or it was ours already: the books are wrong, and going on
    /// would deliver somebody else's bytes.
    pub(super) fn claim(&mut self, id: u16, len: u32) -> Lent {
        let ours = &mut self.ours[usize::from(id)];
        assert!(!*ours, "the kernel handed over a buffer that it did not have");
        assert!(len <= self.bytes, "a buffer was filled beyond its size");
        *ours = true;
        Lent { id, len }
    }

    /// What was received into the buffer.
    pub(super) fn received(&self, lent: &Lent) -> &[u8] {
        // SAFETY: a `Lent` is made by `claim` alone, which has checked that the buffer exists,
        // and that `len` is within it; the memory was zeroed when allocated, so all of it is
        // initialised. The kernel does not write to it before it is given back, which takes
        // `&mut self` and therefore ends this borrow.
        unsafe { std::slice::from_raw_parts(self.address(lent.id), lent.len as usize) }
    }

    /// Puts the buffer in line for the kernel; the kernel sees it at [`Buffers::publish`].
    pub(super) fn give_back(&mut self, lent: Lent) {
        let ours = &mut self.ours[usize::from(lent.id)];
        assert!(*ours, "a buffer is given back once");
        *ours = false;
        let slot = usize::from(self.tail & (self.slots - 1));
        // SAFETY: `slot` is below `slots`, so the entry lies within the ring. The kernel reads
        // entries between its head and the published tail only, and there are never more buffers
        // than slots, so this one is not among them. The tail, which shares the first entry's
        // memory, is not written by the three setters.
        let entry = unsafe { &mut *self.ring.as_ptr().add(slot) };
        entry.set_addr(self.address(lent.id) as u64);
        entry.set_len(self.bytes);
        entry.set_bid(lent.id);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Lets the kernel have every buffer given back so far: one store, however many they are.
    pub(super) fn publish(&mut self) {
        // SAFETY: the ring's first entry holds the tail, an aligned u16 that nobody but us
        // writes and that the kernel reads with acquire semantics, which this store pairs with.
        let tail =
            unsafe { AtomicU16::from_ptr(BufRingEntry::tail(self.ring.as_ptr()).cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }

    fn address(&self, id: u16) -> *mut u8 {
        debug_assert!(id < self.count);
        // SAFETY: buffer `id` lies within the allocation of `count` buffers.
        unsafe { self.memory.as_ptr().add(usize::from(id) * self.bytes as usize) }
    }

    /// Takes the buffers back from the kernel and frees them.
    ///
    /// # Safety
    ///
    /// No receive may be in flight on `ring`, which must be the one they were registered with,
    /// and the buffers must not be used again.
    pub(super) unsafe fn release(&mut self, ring: &Ring) {
        if ring.submitter().unregister_buf_ring(Self::GROUP).is_ok() {
            // SAFETY: the kernel has forgotten the ring, and the caller promises that no receive
            // has picked a buffer from it, and that we leave them alone.
            unsafe { self.free() };
        }
    }

    /// # Safety
    ///
    /// Neither the kernel nor we may touch the memory from here on.
    unsafe fn free(&mut self) {
        // SAFETY: both were allocated by `register` with these very layouts; the caller promises
        // that this is the last use.
        unsafe {
            alloc::dealloc(self.ring.as_ptr().cast(), ring_layout(self.slots));
            alloc::dealloc(self.memory.as_ptr(), memory_layout(self.count, self.bytes));
        }
    }
}

/// The kernel asks for a page boundary; 64 KiB is one for every page size in use.
const PAGE_BYTES: usize = 64 * 1024;

fn ring_layout(slots: u16) -> Layout {
    let bytes = usize::from(slots) * size_of::<BufRingEntry>();
    Layout::from_size_align(bytes, PAGE_BYTES).expect("32,768 entries of 16 bytes fit")
}

fn memory_layout(count: u16, bytes: u32) -> Layout {
    // 2^15 buffers of less than 2^32 bytes are less than 2^47 bytes.
    Layout::from_size_align(usize::from(count) * bytes as usize, 64).expect("a 64-bit machine")
}

fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: both layouts have a size above zero: there is at least one slot, and one buffer of
    // at least one byte.
    let memory: *mut u8 = unsafe { alloc::alloc_zeroed(layout) };
    if ptr::eq(memory, ptr::null()) {
        alloc::handle_alloc_error(layout);
    }
    // Checked just now.
    NonNull::new(memory).expect("not null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a buffer that it did not have")]
    fn a_buffer_is_handed_over_once() {
        let ring = Ring::new(2, 4).unwrap();
        let mut buffers = Buffers::register(&ring, 2, 16).unwrap();
        let _first = buffers.claim(1, 16);
        let _second = buffers.claim(1, 16);
    }

    #[test]
    #[should_panic(expected = "given back once")]
    fn a_buffer_is_given_back_once() {
        let ring = Ring::new(2, 4).unwrap();
        let mut buffers = Buffers::register(&ring, 2, 16).unwrap();
        buffers.give_back(Lent { id: 0, len: 0 });
    }

    #[test]
    #[should_panic(expected = "beyond its size")]
    fn a_buffer_holds_no_more_than_its_size() {
        let ring = Ring::new(2, 4).unwrap();
        let mut buffers = Buffers::register(&ring, 2, 16).unwrap();
        let _lent = buffers.claim(0, 17);
    }

    #[test]
    fn any_number_of_buffers_can_be_had_up_to_the_kernels_bound() {
        let ring = Ring::new(2, 4).unwrap();
        for (wanted, got) in [(0, 1), (1, 1), (3, 3), (1000, 1000), (u16::MAX, 1 << 15)] {
            let mut buffers = Buffers::register(&ring, wanted, 1).unwrap();
            assert_eq!(buffers.count(), got);
            // SAFETY: no receive was ever armed, and the buffers are not used again.
            unsafe { buffers.release(&ring) };
        }
    }
}
