//! What the tests are written with: a server, peers, tools and terminals.
//!
//! Invariant: whatever is started is ended when it is dropped, and no wait is without a limit. The
//! limits are far over what anything should take: they end a test that hangs, and measure nothing.

mod client;
mod file;
mod peer;
mod process;
mod python;
mod server;
mod terminal;
mod websocket;

use std::time::Duration;

pub(crate) use client::Client;
pub(crate) use file::File;
pub(crate) use peer::{Ending, Peer};
pub(crate) use process::{Process, run, tool};
pub(crate) use python::python;
pub(crate) use server::{Server, ServerOptions, program};
pub(crate) use terminal::Terminal;
pub(crate) use websocket::WebClient;

/// The longest that anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A name for a file or a socket that no other test has.
pub(crate) fn unique_path(suffix: &str) -> std::path::PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("switchboard-e2e-{}-{count}{suffix}", std::process::id()))
}
