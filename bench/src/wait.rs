//! What a wait costs, by how many descriptors are watched: the tutorials' claim, as a table.

use std::io;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use engine::selector::{Epoll, Poll, Select, Sweep};
use engine::{Interest, Selector};
use rustix::event::{EventfdFlags, eventfd};
use service::Time;

/// Prints, for each selector, the nanoseconds of a wait over so many descriptors of which one is
/// ready: the least of several runs, which is what it costs when nothing disturbs it.
pub(crate) fn measure(counts: &[usize], rounds: usize, each: Duration) -> io::Result<()> {
    engine::raise_descriptor_limit()?;
    println!("a wait with one of N descriptors ready: ns, least of {rounds} runs");
    print!("{:<10}", "N");
    counts.iter().for_each(|count| print!("{count:>12}"));
    println!();
    row::<Sweep>("sweep", counts, rounds, each)?;
    row::<Select>("select", counts, rounds, each)?;
    row::<Poll>("poll", counts, rounds, each)?;
    row::<Epoll>("epoll", counts, rounds, each)
}

fn row<P: Selector>(name: &str, counts: &[usize], rounds: usize, each: Duration) -> io::Result<()> {
    print!("{name:<10}");
    for &count in counts {
        let mut least = f64::INFINITY;
        for _ in 0..rounds {
            least = least.min(wait_nanos::<P>(count, each / 10)?);
        }
        print!("{least:>12.0}");
    }
    println!();
    Ok(())
}

/// Nanoseconds of a wait over `count` descriptors, the one in the middle ready.
fn wait_nanos<P: Selector>(count: usize, duration: Duration) -> io::Result<f64> {
    let mut selector = P::new()?;
    let mut sources = Vec::with_capacity(count);
    for number in 0..count {
        let is_ready = number == count / 2;
        let source = eventfd(u32::from(is_ready), EventfdFlags::CLOEXEC)?;
        selector.register(source.as_raw_fd(), Interest::READABLE, number as u64)?;
        sources.push(source);
    }
    let (mut events, mut waits) = (Vec::new(), 0u32);
    let start = Instant::now();
    while start.elapsed() < duration {
        // Looking at the clock costs some 20 ns: once in ten waits, not each time.
        for _ in 0..10 {
            selector.select(&mut events, Some(Time::ZERO))?;
            if events.len() != 1 {
                return Err(io::Error::other("one descriptor was ready, and it said otherwise"));
            }
            waits += 1;
        }
    }
    Ok(start.elapsed().as_nanos() as f64 / f64::from(waits))
}
