//! IRC clients of all kinds and people with netcat in the same rooms, under faults, beside the
//! simplest model of what each must have seen.
//!
//! The model is kept by a witness: a client that is in every room and reads without faults. What it
//! reads is the one order; from it follows, line by line, what everybody else must have read.

mod acts;
mod check;
mod client;
#[path = "../loops/mod.rs"]
mod loops;
mod message;
mod order;
mod plain;
mod secret;
mod view;
mod world;

use std::time::Duration;

use chat::Limits;
use sim::{Faults, Random, for_each_seed};

use world::World;

/// Faults of the network and the clock only: people do what the script says. Clients that are not
/// heard of for minutes are another test's.
fn network_faults(seed: u64) -> Faults {
    let faults = Faults::random(&mut Random::new(seed)).with_obedient_clients();
    Faults { time_jumps: 0.0, ..faults }
}

/// Limits under which nobody is held back, and nobody who is slow to answer taken to be gone.
fn patient() -> Limits {
    let hour = Duration::from_secs(3600);
    let limits = Limits::default().unthrottled();
    Limits { ping_after: hour, ping_drop: hour, registration: hour, irc_hint: hour, ..limits }
}

#[test]
fn everybody_sees_the_one_order_and_nothing_else() {
    for_each_seed("everybody_sees_the_one_order_and_nothing_else", 150, |seed| {
        let mut world = World::new(seed, patient(), network_faults(seed));
        world.run(300);
        world.check_what_was_read();
    });
}

#[test]
fn lines_that_are_held_back_keep_their_place() {
    for_each_seed("lines_that_are_held_back_keep_their_place", 60, |seed| {
        let Limits { lines, name_changes, .. } = Limits::default();
        let limits = Limits { lines, name_changes, ..patient() };
        let mut world = World::new(seed, limits, network_faults(seed));
        world.patience = Duration::from_secs(300);
        world.run(200);
        world.check_what_was_read();
    });
}

#[test]
fn in_crowded_rooms_lists_agree_with_what_is_told() {
    for_each_seed("in_crowded_rooms_lists_agree_with_what_is_told", 100, |seed| {
        let limits = Limits { announce_members: 3, ..patient() };
        let mut world = World::new(seed, limits, network_faults(seed));
        world.run(300);
        world.check_ids();
    });
}

#[test]
fn who_reads_too_slowly_is_closed_and_has_read_the_beginning() {
    for_each_seed("who_reads_too_slowly_is_closed_and_has_read_the_beginning", 100, |seed| {
        let (room_log_bytes, mailbox_close_bytes) = (8 * 1024, 16 * 1024);
        let limits =
            Limits { room_log_bytes, mailbox_close_bytes, history_batch_bytes: 4096, ..patient() };
        // Small windows, so that who does not read is soon behind; no delays, so that the witness
        // never is.
        let faults = Faults {
            delays: 0.0,
            short_sends: 0.0,
            window_bytes: 100..=2_000,
            read_bytes: 1_000..=100_000,
            ..network_faults(seed)
        };
        let mut world = World::new(seed, limits, faults);
        world.may_miss = true;
        world.run(400);
        world.check_what_was_read();
    });
}
