//! Python's own sockets, as a fourth implementation of the other end.

use super::{Server, run, tool};

/// Runs `script` with the server's port as `port` and `socket` imported; answers what it printed.
#[track_caller]
pub(crate) fn python(server: &Server, script: &str) -> String {
    let script = format!("import selectors, socket\nport = {}\n{script}", server.port());
    run(tool("python3").args(["-c", &script]))
}
