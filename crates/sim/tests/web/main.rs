//! Clients of `switchboard.v1` that are cut off and come back, among people with netcat and an IRC client,
//! under faults: what each has built up of rooms, beside what was said.
//!
//! What was said is what a witness has read: an IRC client that is in every room and reads without faults.

mod client;
#[path = "../loops/mod.rs"]
mod loops;
mod socket;
mod witness;
mod world;

use std::time::Duration;

use chat::Limits;
use sim::{Faults, Random, for_each_seed};

use world::World;

/// Faults of the network and the clock only: who is cut off is for the script.
fn network_faults(seed: u64) -> Faults {
    let faults = Faults::random(&mut Random::new(seed)).with_obedient_clients();
    Faults { time_jumps: 0.0, ..faults }
}

/// Limits under which nobody is held back or taken to be gone, and of which clients meet the others: little
/// of what was said is told at a time.
fn patient() -> Limits {
    let long = Duration::from_secs(1_000_000);
    Limits {
        ping_after: long,
        ping_drop: long,
        registration: long,
        http_head: long,
        resume: long,
        socket_ping: long,
        web_replay_lines: 3,
        web_history_lines: 4,
        ..Limits::default().unthrottled()
    }
}

#[test]
fn who_comes_back_has_all_that_was_said_once_and_has_said_all_once() {
    for_each_seed("who_comes_back_has_all_that_was_said_once_and_has_said_all_once", 150, |seed| {
        let mut world = World::new(seed, patient(), 1000, network_faults(seed));
        world.run(250);
        world.check_what_is_known();
        assert_eq!(world.gaps(), 0, "all of it is kept");
    });
}

#[test]
fn who_is_held_back_loses_nothing_by_it() {
    for_each_seed("who_is_held_back_loses_nothing_by_it", 40, |seed| {
        let Limits { lines, name_changes, .. } = Limits::default();
        let limits = Limits { lines, name_changes, ..patient() };
        let mut world = World::new(seed, limits, 1000, network_faults(seed));
        world.patience = Duration::from_secs(300);
        world.run(150);
        world.check_what_is_known();
        assert_eq!(world.gaps(), 0, "all of it is kept");
    });
}

#[test]
fn what_is_missing_is_missing_where_a_gap_was_told() {
    let mut gaps = 0;
    for_each_seed("what_is_missing_is_missing_where_a_gap_was_told", 60, |seed| {
        let mut world = World::new(seed, patient(), 5, network_faults(seed));
        world.run(250);
        world.check_what_is_known();
        gaps += world.gaps();
    });
    assert!(gaps > 0 || std::env::var("SIM_SEED").is_ok(), "nothing was ever missing");
}
