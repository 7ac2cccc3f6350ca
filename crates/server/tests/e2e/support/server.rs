//! The program under test, as a server on a port of its own.

use std::net::SocketAddr;
use std::process::Command;

use rustix::process::Signal;

use super::{Peer, Process};

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

/// How to start one.
pub(crate) struct ServerOptions<'a> {
    /// Subcommand and flags.
    pub(crate) arguments: &'a [&'a str],
    pub(crate) engine: &'a str,
    /// The soft and hard limit on descriptors.
    pub(crate) descriptors: Option<u32>,
}

/// The program, without what the environment of the test would add to its options.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    clean(&mut command);
    command
}

fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_ours = name.to_str().is_some_and(|name| name.starts_with("SWITCHBOARD_"));
        if is_ours || name == "LISTEN_FDS" || name == "LISTEN_PID" {
            command.env_remove(name);
        }
    }
}

impl Server {
    /// Starts a server over `engine` on a free port of the loopback.
    #[track_caller]
    pub(crate) fn start(engine: &str, arguments: &[&str]) -> Self {
        Self::start_with(&ServerOptions { arguments, engine, descriptors: None })
    }

    #[track_caller]
    pub(crate) fn start_with(options: &ServerOptions<'_>) -> Self {
        let mut command = match options.descriptors {
            None => program(),
            Some(count) => {
                let mut command = super::tool("prlimit");
                clean(&mut command);
                command
                    .arg(format!("--nofile={count}:{count}"))
                    .arg(env!("CARGO_BIN_EXE_switchboard"));
                command
            }
        };
        command
            .args(options.arguments)
            .args(["--listen", "127.0.0.1:0", "--engine", options.engine])
            // A sweep that never sleeps would take the machine from the other tests.
            .args(["--idle-backoff", "5ms"]);
        let process = Process::start(&mut command);
        let (out, err) = (&process.stdout, &process.stderr);
        // The sink's standard output is for what it was sent.
        let hints = if options.arguments.first() == Some(&"sink") { err } else { out };
        let is_said = |bytes: &[u8]| address(&String::from_utf8_lossy(bytes)).is_some();
        assert!(hints.wait_until(is_said), "no address:\n{}\n{}", out.text(), err.text());
        let address = address(&hints.text()).expect("it was there");
        Self { process, address }
    }

    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// A connection made by this test itself.
    #[track_caller]
    pub(crate) fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// `nc` connected to it.
    pub(crate) fn nc(&self, flags: &[&str]) -> Process {
        let port = self.port();
        Process::start(super::tool("nc.openbsd").args(flags).args(["127.0.0.1", &port]))
    }

    pub(crate) fn ncat(&self, flags: &[&str]) -> Process {
        let port = self.port();
        Process::start(super::tool("ncat").args(flags).args(["127.0.0.1", &port]))
    }

    /// Memory in use: `VmRSS` of `/proc/PID/status`, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.pid());
        let status = std::fs::read_to_string(path).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it has memory");
        let kilobytes: u64 = line.split_whitespace().nth(1).expect("a number").parse().unwrap();
        kilobytes * 1024
    }

    /// Time spent on a processor so far, in clock ticks (`/proc/PID/stat`, fields 14 and 15).
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.process.pid());
        let stat = std::fs::read_to_string(path).expect("it runs");
        let after_name = stat.rsplit(") ").next().expect("it has a name");
        after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
    }

    /// Asks it to stop as Ctrl-C does, and checks that it does so gracefully.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        assert!(self.process.is_running(), "it had ended: {}", self.process.stderr.text());
        self.process.signal(Signal::INT);
        let code = self.process.exit_code();
        assert_eq!(code, 0, "{}", self.process.stderr.text());
    }
}

/// The first address that the hints name.
fn address(hints: &str) -> Option<SocketAddr> {
    // Only whole lines: the end of an address may be still to come.
    let whole = &hints[..hints.rfind('\n')?];
    whole.lines().find_map(|line| line.strip_prefix("Listening on ")?.parse().ok())
}
