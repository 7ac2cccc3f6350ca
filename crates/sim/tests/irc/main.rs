//! IRC clients of all kinds and people with netcat in the same rooms, under faults, beside the
//! simplest model of what each must have seen.
//!
//! The model is kept by a witness: a client that is in every room and reads without faults. What it
//! reads is the one order; from it follows, line by line, what everybody else must have read.

mod check;
mod client;
mod message;
mod order;
mod plain;
mod view;
mod world;

use chat::Limits;
use sim::{Faults, Random, for_each_seed};

use world::World;

/// Faults of the network and the clock only: people do what the script says. Clients that are not
/// heard of for minutes are another test's.
fn network_faults(seed: u64) -> Faults {
    let faults = Faults::random(&mut Random::new(seed)).with_obedient_clients();
    Faults { time_jumps: 0.0, ..faults }
}

#[test]
fn everybody_sees_the_one_order_and_nothing_else() {
    for_each_seed("everybody_sees_the_one_order_and_nothing_else", 100, |seed| {
        let mut world = World::new(seed, Limits::default().unthrottled(), network_faults(seed));
        world.run(300);
        world.check_what_was_read();
    });
}
