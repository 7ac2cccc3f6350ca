//! A program that was started: what it has said so far, what it is told, and how it ended.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::PATIENCE;

/// A child process with its standard streams in our hands. Killed and reaped when dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) stdout: Transcript,
    pub(crate) stderr: Transcript,
}

/// Everything that was written to a stream, as it comes.
#[derive(Clone)]
pub(crate) struct Transcript(Arc<(Mutex<Written>, Condvar)>);

#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    is_over: bool,
}

/// A tool by its name; panics with what to do if it is not there.
pub(crate) fn tool(name: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    assert!(found, "{name} is missing: scripts/test installs what the tests need");
    Command::new(name)
}

/// Runs a command to its end and answers its standard output; panics unless it exits with 0.
pub(crate) fn run(command: &mut Command) -> String {
    let mut process = Process::start(command);
    process.close_stdin();
    let status = process.wait();
    let (out, err) = (process.stdout.text(), process.stderr.text());
    assert!(status.success(), "{command:?}: {status}\n{out}\n{err}");
    out
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let name = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let stdout = Transcript::of(child.stdout.take().expect("it is piped"));
        let stderr = Transcript::of(child.stderr.take().expect("it is piped"));
        let stdin = child.stdin.take();
        Self { name, child, stdin, stdout, stderr }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to its standard input.
    pub(crate) fn type_line(&mut self, line: &str) {
        self.write(format!("{line}\n").as_bytes());
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("standard input was not closed");
        stdin.write_all(bytes).unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits until its standard output holds `needle`.
    #[track_caller]
    pub(crate) fn expect(&self, needle: &str) {
        self.stdout.expect(&self.name, needle);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id() as i32).expect("a process has a number");
        kill_process(pid, signal).expect("a child that was not reaped can be signalled");
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                self.stdout.wait_for_end();
                self.stderr.wait_for_end();
                return status;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{} goes on; so far:\n{}\n{}",
                self.name,
                self.stdout.text(),
                self.stderr.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end and answers the exit code.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> i32 {
        self.wait().code().unwrap_or_else(|| panic!("{} was killed", self.name))
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Transcript {
    fn of(mut stream: impl Read + Send + 'static) -> Self {
        let transcript = Self(Arc::default());
        let ours = transcript.clone();
        std::thread::spawn(move || {
            let mut piece = [0; 65536];
            loop {
                let count = stream.read(&mut piece).unwrap_or(0);
                let (written, changed) = &*transcript.0;
                let mut written = written.lock().expect("no holder panics");
                written.bytes.extend_from_slice(&piece[..count]);
                written.is_over = count == 0;
                changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        ours
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.0.lock().expect("no holder panics").bytes.clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Waits until `is_enough` says so; answers whether that came about.
    pub(crate) fn wait_until(&self, is_enough: impl Fn(&[u8]) -> bool) -> bool {
        let (written, changed) = &*self.0;
        let guard = written.lock().expect("no holder panics");
        let (guard, _) = changed
            .wait_timeout_while(guard, PATIENCE, |written| {
                !is_enough(&written.bytes) && !written.is_over
            })
            .expect("no holder panics");
        is_enough(&guard.bytes)
    }

    #[track_caller]
    pub(crate) fn expect(&self, whose: &str, needle: &str) {
        let has = |bytes: &[u8]| bytes.windows(needle.len()).any(|at| at == needle.as_bytes());
        assert!(self.wait_until(has), "{whose} did not say {needle:?}, but:\n{}", self.text());
    }

    fn wait_for_end(&self) {
        let (written, changed) = &*self.0;
        let guard = written.lock().expect("no holder panics");
        // A grandchild may keep the stream open; what there is by then is enough.
        let _ = changed.wait_timeout_while(guard, Duration::from_secs(2), |w| !w.is_over);
    }
}
