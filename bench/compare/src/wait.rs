//! What a wait costs, by how many descriptors are watched: each selector beside the system call it
//! is made of.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use engine::selector::{Epoll, Poll, Select, Sweep};
use engine::{Interest, Selector};
use limit::wait::Look;
use service::Time;

use crate::figures::Results;
use crate::measure::Measure;

pub(crate) const TABLE: &str = "wait";

/// What the rows are called: the raw call and ours.
pub(crate) fn names(call: &str) -> [String; 2] {
    [format!("{call}, the bare call"), format!("{call}, Switchboard's selector")]
}

/// One of N descriptors is ready: nanoseconds a wait, the bare call and the selector in turn.
pub(crate) fn measure(measure: &Measure, results: &mut Results) -> io::Result<()> {
    for &count in &measure.watched {
        let column = count.to_string();
        for call in limit::wait::CALLS {
            names(call).iter().for_each(|row| results.forget(TABLE, row, &column));
        }
        eprintln!("waiting on {column}");
        let sources = limit::wait::sources(count)?;
        for round in 0..measure.rounds {
            for call in limit::wait::CALLS {
                // A few milliseconds are thousands of waits, and the longest takes some.
                let duration = measure.slice / 10;
                let [raw, own] = names(call);
                let bare = || limit::wait::raw(call, &sources, &mut |look| nanos(look, duration));
                let ours = || match call {
                    "sweep" => selector::<Sweep>(&sources, duration),
                    "select" => selector::<Select>(&sources, duration),
                    "poll" => selector::<Poll>(&sources, duration),
                    _ => selector::<Epoll>(&sources, duration),
                };
                // Each goes first as often as the other.
                let (raw_nanos, own_nanos) = if round % 2 == 0 {
                    let raw_nanos = bare()?;
                    (raw_nanos, ours()?)
                } else {
                    let own_nanos = ours()?;
                    (bare()?, own_nanos)
                };
                results.add(TABLE, &raw, &column, raw_nanos);
                results.add(TABLE, &own, &column, own_nanos);
            }
        }
    }
    Ok(())
}

fn selector<S: Selector>(sources: &[OwnedFd], duration: Duration) -> io::Result<f64> {
    let mut selector = S::new()?;
    for (number, source) in sources.iter().enumerate() {
        selector.register(source.as_raw_fd(), Interest::READABLE, number as u64)?;
    }
    let mut events = Vec::new();
    nanos(
        &mut || {
            selector.select(&mut events, Some(Time::ZERO))?;
            Ok(events.len())
        },
        duration,
    )
}

/// Nanoseconds of one look, of as many as there is time for.
fn nanos(look: Look<'_>, duration: Duration) -> io::Result<f64> {
    let (mut looks, start) = (0u32, Instant::now());
    while start.elapsed() < duration || looks == 0 {
        // Looking at the clock costs some 20 ns: once in ten looks, not each time.
        for _ in 0..10 {
            if look()? != 1 {
                return Err(io::Error::other("one was ready, and it said otherwise"));
            }
        }
        looks += 10;
    }
    Ok(start.elapsed().as_nanos() as f64 / f64::from(looks))
}
