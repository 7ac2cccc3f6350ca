//! The contract that every engine keeps: one suite, run against each of them.
//!
//! What concerns waiting alone runs on the four selectors, through [`Selector`](engine::Selector);
//! what concerns sockets runs on all five engines, through [`Service`](service::Service). Each case
//! on each engine is a test of its own, named `part::case::engine`. `docs/contract.md` lists the
//! cases by number, with those that do not apply and why; `table.rs` checks that list.
//!
//! A new engine is done when this suite passes on it.

#[macro_use]
mod support;

// The selectors.
mod lookup;
mod modify;
mod registration;
mod states;
mod unregister;
mod waiting;

// The engines.
mod bytes;
mod closing;
mod connecting;
mod descriptors;
mod fairness;
mod listening;
mod loops;
mod offers;
mod rings;
mod signals;
mod sockets;
mod stopping;
mod table;
mod time;
mod waking;
