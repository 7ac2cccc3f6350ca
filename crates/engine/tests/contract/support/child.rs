//! A process of its own for cases that change what belongs to the whole process.

use std::env;
use std::process::{Command, Stdio};

/// Set in the child.
const IN_A_CHILD: &str = "SWITCHBOARD_CONTRACT_CHILD";

/// Runs `case` in a child process: this test binary again, asked for this one test, which finds
/// itself there and only then calls `case`.
pub(crate) fn in_a_child(module: &str, test: &str, case: impl FnOnce()) {
    if env::var_os(IN_A_CHILD).is_some() {
        return case();
    }
    let (_binary, module) = module.split_once("::").expect("a test stands in a module");
    let name = format!("{module}::{test}");
    let output = Command::new(env::current_exe().expect("this binary has a path"))
        .args([&name, "--exact", "--nocapture", "--test-threads=1"])
        .env(IN_A_CHILD, "1")
        .stdin(Stdio::null())
        .output()
        .expect("this binary runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{name} in a child process: {}\n{said}\n{complained}",
        output.status
    );
    // Skips are told from there, too.
    eprint!("{complained}");
}
