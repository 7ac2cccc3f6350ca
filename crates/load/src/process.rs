//! What a process has used, from the kernel's books (`proc(5)`).

use std::io;

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use rustix::time::{ClockId, clock_gettime};

/// A process that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
}

impl Process {
    /// Nanoseconds that this process has spent on a core: all its threads together, those that have
    /// ended too (its CPU clock, `clock_getcpuclockid(3)`). They never become fewer.
    ///
    /// # Errors
    ///
    /// If there is no such process, or its books may not be read.
    pub fn cpu_nanos(self) -> io::Result<u64> {
        // 0 would be the clock of whoever asks.
        let pid = i32::try_from(self.pid).ok().filter(|&pid| pid > 0);
        let pid = Pid::from_raw(pid.ok_or(io::ErrorKind::NotFound)?);
        let spent = clock_getcpuclockid(pid)?.now()?;
        Ok(spent.tv_sec() as u64 * 1_000_000_000 + spent.tv_nsec() as u64)
    }

    /// Descriptors that it has open.
    ///
    /// # Errors
    ///
    /// If there is no such process, or its books may not be read.
    pub fn descriptors(self) -> io::Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.pid))?.count())
    }

    /// Bytes of anonymous memory that are resident: what the process itself holds, without the
    /// program text (`RssAnon`). The kernel's memory for its sockets is not in it.
    ///
    /// # Errors
    ///
    /// If there is no such process, or its books may not be read.
    pub fn memory_bytes(self) -> io::Result<u64> {
        self.kilobytes("status", "RssAnon:").map(|kilobytes| kilobytes * 1024)
    }

    /// Bytes of resident memory of which a page that is shared by n processes counts for one n-th
    /// (`Pss`). Reading it makes the kernel walk all of the process's pages: not while measuring.
    ///
    /// # Errors
    ///
    /// If there is no such process, or its books may not be read.
    pub fn proportional_bytes(self) -> io::Result<u64> {
        self.kilobytes("smaps_rollup", "Pss:").map(|kilobytes| kilobytes * 1024)
    }

    /// Its name, as the kernel has it (at most 15 bytes).
    ///
    /// # Errors
    ///
    /// If there is no such process.
    pub fn name(self) -> io::Result<String> {
        let name = std::fs::read_to_string(format!("/proc/{}/comm", self.pid))?;
        Ok(name.trim_end().to_owned())
    }

    fn kilobytes(self, file: &str, lead: &str) -> io::Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.pid))?;
        text.lines()
            .find_map(|line| line.strip_prefix(lead)?.trim().strip_suffix(" kB")?.parse().ok())
            .ok_or_else(|| io::Error::other(format!("no {lead} in {file}")))
    }
}

/// Nanoseconds that the calling thread has spent on a core.
pub fn own_cpu_nanos() -> u64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.tv_sec as u64 * 1_000_000_000 + spent.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let own = Process { pid: std::process::id() };
        assert!(own.cpu_nanos().expect("it runs") > 0);
        assert!(own.memory_bytes().expect("it runs") > 0);
        assert!(own.proportional_bytes().expect("it runs") > 0);
        assert!(own.descriptors().expect("it runs") > 0);
        assert!(own_cpu_nanos() > 0);
    }

    #[test]
    fn what_an_ended_thread_has_spent_stays_spent() {
        let own = Process { pid: std::process::id() };
        let before = own.cpu_nanos().expect("it runs");
        let spend = || {
            while own_cpu_nanos() < 20_000_000 {
                std::hint::spin_loop();
            }
            own_cpu_nanos()
        };
        let spent = std::thread::spawn(spend).join().expect("it ends");
        assert!(own.cpu_nanos().expect("it runs") >= before + spent);
    }

    #[test]
    fn what_does_not_run_is_an_error() {
        // One over the most that Linux hands out (PID_MAX_LIMIT).
        let none = Process { pid: 4_194_305 };
        for pid in [none.pid, 0, u32::MAX] {
            assert!(Process { pid }.cpu_nanos().is_err(), "{pid}");
        }
        assert!(none.descriptors().is_err());
        assert!(none.memory_bytes().is_err());
    }
}
