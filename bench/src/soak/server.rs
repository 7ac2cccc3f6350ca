//! The server that is soaked: started, watched through the kernel's books, and stopped.

use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A server process. Dropping it ends it.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
    /// What it wrote to standard error, as much as is kept.
    log: Arc<Mutex<Vec<String>>>,
}

/// What the kernel says of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    /// Anonymous memory that is resident: what the process itself holds.
    pub(super) anonymous_kib: u64,
    pub(super) descriptors: usize,
    /// On a core, since it began.
    pub(super) cpu_ms: u64,
}

/// Lines of its log that are kept.
const LOG_LINES: usize = 100;

impl Server {
    pub(super) fn start(program: &Path, arguments: &[String]) -> io::Result<Self> {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            // What is measured is what was asked for.
            if name.to_str().is_some_and(|name| name.starts_with("SWITCHBOARD_")) {
                command.env_remove(name);
            }
        }
        let mut child = command
            .arg("chat")
            .args(["--listen", "127.0.0.1:0", "--log-level", "warn"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::other(format!("{}: {error}", program.display())))?;
        let (found, address) = mpsc::channel();
        let log = Arc::new(Mutex::new(Vec::new()));
        let outputs: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|it| Box::new(it) as Box<dyn Read + Send>),
            child.stderr.take().map(|it| Box::new(it) as Box<dyn Read + Send>),
        ];
        for (number, output) in outputs.into_iter().flatten().enumerate() {
            let (found, log) = (found.clone(), Arc::clone(&log));
            std::thread::spawn(move || {
                // Read to the end, so that the server is never held up by a full pipe.
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let address = line.split_whitespace().find_map(|word| word.parse().ok());
                    if let Some(address) = address {
                        let _ = found.send(address);
                    }
                    if let Ok(mut log) = log.lock()
                        && number == 1
                        && log.len() < LOG_LINES
                    {
                        log.push(line);
                    }
                }
            });
        }
        drop(found);
        match address.recv_timeout(Duration::from_secs(20)) {
            Ok(address) => Ok(Self { child, address, log }),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                let log = log.lock().map(|log| log.join("\n")).unwrap_or_default();
                Err(io::Error::other(format!("the server did not say where it listens: {log}")))
            }
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    pub(super) fn read(&self) -> io::Result<Reading> {
        let process = load::Process { pid: self.child.id() };
        Ok(Reading {
            anonymous_kib: process.memory_bytes()? / 1024,
            descriptors: process.descriptors()?,
            cpu_ms: process.cpu_nanos()? / 1_000_000,
        })
    }

    /// What it wrote to its log.
    pub(super) fn log(&self) -> Vec<String> {
        self.log.lock().map(|log| log.clone()).unwrap_or_default()
    }

    /// Asks it to stop, and answers how it ended: nothing if it did not within half a minute.
    pub(super) fn stop(&mut self) -> Option<ExitStatus> {
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
