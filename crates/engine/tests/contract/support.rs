//! What the cases are written with.
//!
//! For selectors: [`Line`], two ends of a connection, and [`look`] and [`wait`]. For engines:
//! [`Scene`], an engine with a [`Recorder`] as its service, and peers that come and go. Every wait
//! is bounded by [`PATIENCE`], so that what never comes fails a test instead of holding it up.

#[macro_use]
mod cases;
mod child;
mod filter;
mod line;
mod pattern;
mod peer;
mod recorder;
mod rest;
mod rules;
mod scene;

use std::time::Duration;

pub(crate) use cases::on;
pub(crate) use child::in_a_child;
pub(crate) use filter::refusing;
pub(crate) use line::{Line, at_number, event, eventually, look, nothing, tcp_pair, wait};
pub(crate) use pattern::{Pattern, dice};
pub(crate) use peer::{
    a_place_of_its_own, abort, is_over, patient, read_all, read_exactly, refuses,
};
pub(crate) use recorder::{Desk, Fact, Recorder};
pub(crate) use rest::at_rest;
pub(crate) use scene::{Scene, options};

/// How long anything may take that is expected to happen: far longer than it does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long to look for something that must not happen.
pub(crate) const A_WHILE: Duration = Duration::from_millis(30);
