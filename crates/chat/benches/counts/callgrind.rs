//! Runs this program again under callgrind, and reads what it has counted.
//!
//! Invariant: a count is of what [`measured`](crate::measured) does and of nothing else.

use std::path::PathBuf;
use std::process::Command;

/// Asks this program to run a path rather than to count it.
pub(crate) const RUN: &str = "--run";

/// The instructions that the path called `name` takes.
pub(crate) fn count(name: &str) -> Result<u64, String> {
    let own = std::env::current_exe().map_err(|error| format!("who am I? {error}"))?;
    let folder = folder()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counts::measured*"])
        .arg(format!("--callgrind-out-file={}", folder.join(name).display()))
        .arg(own)
        .args([RUN, name])
        .output()
        .map_err(|error| {
            format!("valgrind does not start: {error}. Debian: apt install valgrind")
        })?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{name} failed under valgrind:\n{said}"));
    }
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    collected
        .and_then(|(_, count)| count.trim().parse().ok())
        .filter(|&count| count > 0)
        .ok_or_else(|| format!("{name}: no count in what valgrind said:\n{said}"))
}

/// The compiler that cargo uses here, and for what it compiles.
pub(crate) fn compiler() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let output = Command::new(rustc).arg("-vV").output();
    let output = output.map_err(|error| format!("rustc does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = said.lines().next().unwrap_or_default();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    Ok(format!("{version} {host}"))
}

/// Where callgrind writes: `target/counts`.
fn folder() -> Result<PathBuf, String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("counts");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}
