//! The sixth engine: a network, a clock and clients that exist in memory only, and follow a seed.
//!
//! A [`Service`](service::Service) runs here unchanged. The [`Simulator`] keeps the same contract
//! as the engines over real sockets, and uses every freedom it leaves: reads are cut anywhere,
//! sends come up short, completions are late, connections take turns in any order, clients stop
//! reading, finish sending and reset at any moment, time and date jump. Meanwhile it asserts that
//! the service keeps its own side. The same seed gives the same run to the last byte, so a seed is
//! a bug report.
//!
//! Without faults it is also the shortest way to test a service, as a conversation:
//!
//! ```
//! use sim::Simulator;
//! use tutorials::{Echo, EchoOptions};
//!
//! let mut sim = Simulator::faultless(Echo::new(EchoOptions::default()));
//! let ada = sim.connect();
//! sim.send(ada, b"hello");
//! sim.run_until_quiet();
//! assert_eq!(sim.received(ada), b"hello");
//! sim.end(ada);
//! sim.run_until_quiet();
//! assert!(sim.saw_end(ada));
//! ```
//!
//! # Seeds
//!
//! Tests that follow seeds run through [`for_each_seed`]. A failure prints its seed; to see it
//! again, or to try more than the tests do by themselves:
//!
//! ```text
//! SIM_SEED=17 cargo test -p switchboard-sim NAME    # that one seed
//! scripts/simulate 10000                            # ten thousand seeds for each test
//! ```
//!
//! This crate knows [`service`] and what it simulates. It must never know `engine`: nothing here
//! opens a socket, starts a thread or asks what time it is.

mod client;
mod connection;
mod faults;
mod random;
mod seeds;
mod simulator;
mod trace;
mod witness;

pub use client::Client;
pub use faults::Faults;
pub use random::Random;
pub use seeds::for_each_seed;
pub use simulator::{Dial, Simulator};
pub use witness::Witness;
