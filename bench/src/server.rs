//! A server under measurement: started, pinned to a core, watched through /proc, and ended.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// The core the server runs on; the load comes from another.
pub(crate) const SERVER_CORE: usize = 0;
/// The core the load comes from.
pub(crate) const LOAD_CORE: usize = 1;

/// A server process. Dropping it ends it.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `command`, which prints an address like `127.0.0.1:1234` on standard output or
    /// standard error once it listens, and pins it to [`SERVER_CORE`].
    pub(crate) fn start(command: &[String]) -> io::Result<Self> {
        let mut child = Command::new("taskset")
            .args(["-c", &SERVER_CORE.to_string()])
            .args(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (found, address) = std::sync::mpsc::channel();
        let outputs: [Box<dyn io::Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("piped")),
            Box::new(child.stderr.take().expect("piped")),
        ];
        for output in outputs {
            let found = found.clone();
            std::thread::spawn(move || {
                // Read to the end, so that the server is never held up by a full pipe.
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = line
                        .split_whitespace()
                        .find_map(|word| found.send(word.parse::<SocketAddr>().ok()?).ok());
                }
            });
        }
        drop(found);
        match address.recv_timeout(std::time::Duration::from_secs(10)) {
            Ok(mut address) => {
                if address.ip().is_unspecified() {
                    address.set_ip([127, 0, 0, 1].into());
                }
                Ok(Self { child, address })
            }
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(io::Error::other(format!("{} did not say where it listens", command.join(" "))))
            }
        }
    }

    /// The process, whose books can be read.
    pub(crate) fn process(&self) -> load::Process {
        load::Process { pid: self.child.id() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Pins this process to [`LOAD_CORE`], so that the load never takes the server's time.
pub(crate) fn pin_load() {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(LOAD_CORE);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &cores) {
        eprintln!("the load shares the server's core: {error}");
    }
}
