//! A server under measurement: started, pinned to a core, and ended.
//!
//! Invariant: what was started is ended, whatever happens to the measurement.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use load::Process;

/// The core the server runs on.
const SERVER_CORE: usize = 0;
/// The core the load comes from.
const LOAD_CORE: usize = 1;

/// How long a server may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Where servers listen.
const PORTS: Range<u16> = 20_000..32_000;

/// How a server is started. `@PORT@` in its words stands for the port it is to listen on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recipe {
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    /// A file that is written first: its name in the work folder, and its text, in which `@DIR@`
    /// stands for that folder.
    pub(crate) file: Option<(String, String)>,
}

/// A server process. Dropping it ends it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
}

impl Server {
    /// Starts a server on [`SERVER_CORE`] and waits until it listens. What it says goes to a file
    /// in `work`, where its configuration is put as well.
    ///
    /// # Errors
    ///
    /// If it cannot be started or does not come to listen; the message says where to look.
    pub(crate) fn start(recipe: &Recipe, work: &Path) -> io::Result<Self> {
        let port = free_port()?;
        let fill = |text: &str| {
            text.replace("@PORT@", &port.to_string()).replace("@DIR@", &work.display().to_string())
        };
        if let Some((name, text)) = &recipe.file {
            std::fs::write(work.join(name), fill(text))?;
        }
        let log = work.join("server.log");
        // What this process does not live to end, the kernel ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "taskset", "-c", &SERVER_CORE.to_string()]);
        command.args(recipe.command.iter().map(|word| fill(word)));
        command.envs(recipe.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(File::create(&log)?).stderr(File::create(&log)?);
        let child = command.spawn()?;
        let (process, address) = (Process { pid: child.id() }, ([127, 0, 0, 1], port).into());
        let mut server = Self { child, address, process };
        server.wait_until_it_listens().map_err(|error| {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(5).collect();
            let last = last.into_iter().rev().collect::<Vec<_>>().join("\n    ");
            io::Error::other(format!("{}: {error}\n    {last}", recipe.command.join(" ")))
        })?;
        Ok(server)
    }

    fn wait_until_it_listens(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            if is_listening(&std::fs::read_to_string("/proc/net/tcp")?, self.address.port()) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("it ended, {status}")));
            }
            if begun.elapsed() > START_LIMIT {
                return Err(io::Error::other("it does not listen"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the kernel's table (`/proc/net/tcp`) has somebody who listens on `port`. A connection
/// that only tries it would be the first that the server sees, and some make much of that.
fn is_listening(table: &str, port: u16) -> bool {
    const LISTEN: &str = "0A";
    table.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let own = words.next().and_then(|address| address.rsplit_once(':'));
        own.is_some_and(|(_, own)| u16::from_str_radix(own, 16) == Ok(port))
            && words.nth(1) == Some(LISTEN)
    })
}

/// A port that was free a moment ago; below those that connections get by themselves, so that none
/// takes it in between, and no try to connect meets itself.
fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..PORTS.len() {
        let place = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id() as u16);
        let port = PORTS.start + place % PORTS.len() as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::other("no port is free"))
}

/// Pins this process to [`LOAD_CORE`], so that the load never takes the server's time.
pub(crate) fn pin_load() {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(LOAD_CORE);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &cores) {
        eprintln!("there is no core {LOAD_CORE}, so the load takes the server's time: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_is_seen_and_who_does_not_is_not() {
        let table = || std::fs::read_to_string("/proc/net/tcp").unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_listening(&table(), port));
        drop(listener);
        let connected = "1: 0100007F:1F90 0100007F:C350 01 00000000:00000000";
        assert!(!is_listening(connected, 8080) && !is_listening(connected, 50_000));
        assert!(is_listening(&connected.replace(" 01 ", " 0A "), 8080));
    }
}
