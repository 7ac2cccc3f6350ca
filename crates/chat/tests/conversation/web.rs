//! Conversations in `switchboard.v1`, which the page speaks: `docs/web-protocol.md`.

mod beside_others;
mod big;
mod commands;
mod ending;
mod hello;
mod history;
mod resuming;
mod rooms;
mod saying;
