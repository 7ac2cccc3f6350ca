//! The raw system calls that wait, with nothing around them: the least that a selector can cost.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{
    EventfdFlags, FdSetElement, PollFd, PollFlags, Timespec, eventfd, fd_set_insert,
    fd_set_num_elements, poll, select,
};

/// One look at all sources; answers how many are ready.
pub type Look<'a> = &'a mut dyn FnMut() -> io::Result<usize>;

/// What is to be done with the looks of a call.
pub type Timing<'a> = &'a mut dyn FnMut(Look<'_>) -> io::Result<f64>;

/// The calls that there are.
pub const CALLS: [&str; 4] = ["sweep", "select", "poll", "epoll"];

/// So many descriptors, the one in the middle ready to be read.
///
/// # Errors
///
/// What the system says, of too many open files above all.
pub fn sources(count: usize) -> io::Result<Vec<OwnedFd>> {
    let source = |number| eventfd(u32::from(number == count / 2), EventfdFlags::CLOEXEC);
    (0..count).map(|number| Ok(source(number)?)).collect()
}

/// Has `timing` look at `sources` with `call` as often as it likes, without ever blocking.
///
/// # Errors
///
/// What the system or `timing` says.
///
/// # Panics
///
/// If there is no such call in [`CALLS`].
pub fn raw(call: &str, sources: &[OwnedFd], timing: Timing<'_>) -> io::Result<f64> {
    let no_time = Timespec::default();
    match call {
        "sweep" => timing(&mut || {
            let mut ready = 0;
            for source in sources {
                ready += poll(&mut [PollFd::new(source, PollFlags::IN)], Some(&no_time))?;
            }
            Ok(ready)
        }),
        "select" => {
            let bound = sources.iter().map(|source| source.as_raw_fd() + 1).max().unwrap_or(0);
            let words = fd_set_num_elements(bound as usize, bound);
            let mut watched = vec![FdSetElement::default(); words];
            sources.iter().for_each(|source| fd_set_insert(&mut watched, source.as_raw_fd()));
            let mut ready = watched.clone();
            timing(&mut || {
                ready.clone_from(&watched);
                // SAFETY: the bitmap has room for `bound` bits, and each of them stands for a
                // descriptor that is open as long as `sources` is borrowed.
                let count = unsafe { select(bound, Some(&mut ready), None, None, Some(&no_time)) };
                Ok(count? as usize)
            })
        }
        "poll" => {
            let mut watched: Vec<_> =
                sources.iter().map(|source| PollFd::new(source, PollFlags::IN)).collect();
            timing(&mut || Ok(poll(&mut watched, Some(&no_time))?))
        }
        "epoll" => {
            let epoll = epoll::create(CreateFlags::CLOEXEC)?;
            for source in sources {
                epoll::add(&epoll, source, EventData::new_u64(0), EventFlags::IN)?;
            }
            let mut events = Vec::with_capacity(1024);
            timing(&mut || {
                events.clear();
                Ok(epoll::wait(&epoll, spare_capacity(&mut events), Some(&no_time))?)
            })
        }
        _ => panic!("no call named {call}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_finds_the_one_that_is_ready() {
        for count in [1, 2, 100] {
            let sources = sources(count).unwrap();
            for call in CALLS {
                let found = raw(call, &sources, &mut |look| Ok(look()? as f64)).unwrap();
                assert_eq!(found, 1.0, "{call} of {count}");
            }
        }
    }
}
