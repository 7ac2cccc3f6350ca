//! SIGHUP: the configuration is to be read again; or the terminal that the server was started from
//! has been closed.
//!
//! Invariant: a server that somebody watched in a terminal does not outlive it unseen, unless it
//! was started so that it would (`nohup`, or without a terminal).

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::thread;

use engine::Handle;
use signal_hook::consts::SIGHUP;
use tracing::{debug, info};

use crate::host::Questions;

/// From here on SIGHUP does not end the process: it has the configuration read again, or has the
/// engine stop if the terminal is gone.
pub(crate) fn watch(questions: Questions, engine: Handle) -> io::Result<()> {
    let (mut ours, handler) = UnixStream::pair()?;
    let belongs_to_terminal = has_terminal() && !is_ignored();
    signal_hook::low_level::pipe::register(SIGHUP, handler)?;
    thread::Builder::new().name("hangup".into()).spawn(move || {
        let mut signals = [0; 16];
        loop {
            match ours.read(&mut signals) {
                Ok(0) => return,
                Ok(_) if belongs_to_terminal && !has_terminal() => {
                    info!("SIGHUP: the terminal is gone, so the server stops");
                    engine.stop();
                }
                Ok(_) => {
                    // What came of it is said when it has been read.
                    debug!("SIGHUP: the configuration is read again");
                    questions.reread_for_signal();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    })?;
    Ok(())
}

/// Whether this process has a terminal that could be closed: opening it fails with ENXIO after that
/// (tty(4)), before anybody hears of it.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Whether SIGHUP was ignored when the process started, as `nohup` has it.
fn is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & 1 << (SIGHUP - 1) != 0
}
