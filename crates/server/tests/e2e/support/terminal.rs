//! A program on a real terminal, by way of tmux: what is typed, and what is seen.

use std::process::Command;
use std::time::{Duration, Instant};

use super::{PATIENCE, tool, unique_path};

/// A terminal of 100 columns and 40 lines with one program in it.
pub(crate) struct Terminal {
    socket: std::path::PathBuf,
}

impl Terminal {
    /// Starts `words` in a terminal. When the program ends, `exit code N` is seen.
    pub(crate) fn start(words: &[&str]) -> Self {
        let terminal = Self { socket: unique_path(".tmux") };
        let mut command = terminal.tmux();
        command.args(["new-session", "-d", "-x", "100", "-y", "40"]);
        // What has ended stays to be read, for longer than any test waits. Ctrl-C is for the
        // program, not for the shell around it.
        command.args(["sh", "-c", "trap : INT; \"$@\"; echo exit code $?; sleep 600", "sh"]);
        command.args(words);
        let output = command.output().expect("tmux starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        terminal
    }

    fn tmux(&self) -> Command {
        let mut command = tool("tmux");
        command.arg("-f").arg("/dev/null").arg("-S").arg(&self.socket);
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        command
    }

    /// Types text as it is.
    pub(crate) fn type_text(&self, text: &str) {
        self.keys(&["-l", text]);
    }

    /// Presses a key by tmux's name for it: `Enter`, `C-c`, `C-d`.
    pub(crate) fn press(&self, key: &str) {
        self.keys(&[key]);
    }

    pub(crate) fn type_line(&self, line: &str) {
        self.type_text(line);
        self.press("Enter");
    }

    fn keys(&self, arguments: &[&str]) {
        let output = self.tmux().arg("send-keys").args(arguments).output().expect("tmux runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// What stands on the screen. A line that the terminal had to break is whole.
    pub(crate) fn screen(&self) -> String {
        let output = self.tmux().args(["capture-pane", "-p", "-J"]).output().expect("tmux runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until the screen shows `needle`.
    #[track_caller]
    pub(crate) fn expect(&self, needle: &str) {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(needle) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{needle:?} is not seen, but:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
        let _ = std::fs::remove_file(&self.socket);
    }
}
