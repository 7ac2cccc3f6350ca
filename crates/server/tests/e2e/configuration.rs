//! Flags, environment and file, as an operator meets them.

use std::path::PathBuf;

use crate::support::{Process, program, run, unique_path};

/// A file that goes when the test does.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        let path = unique_path(".toml");
        std::fs::write(&path, text).expect("a file can be written");
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().expect("a name in UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The line of `--print-config` for `key`, its spaces reduced to one.
fn line_of(printed: &str, key: &str) -> String {
    let line = printed.lines().find(|line| line.starts_with(&format!("{key} = ")));
    let words: Vec<_> =
        line.unwrap_or_else(|| panic!("no {key} in\n{printed}")).split_whitespace().collect();
    words.join(" ")
}

#[test]
fn a_flag_stands_over_the_environment_and_that_over_the_file() {
    let file = File::new("room-history = 1\nname = \"from the file\"\nline-burst = 3\n");
    let mut command = program();
    command.args(["chat", "--print-config", "--config", file.name(), "--room-history", "7"]);
    command.env("SWITCHBOARD_ROOM_HISTORY", "5").env("SWITCHBOARD_NAME", "from the environment");
    let printed = run(&mut command);
    assert_eq!(line_of(&printed, "room-history"), "room-history = 7 # command line");
    let name = "name = \"from the environment\" # environment SWITCHBOARD_NAME";
    assert_eq!(line_of(&printed, "name"), name);
    let burst = format!("line-burst = 3 # {}:3", file.name());
    assert_eq!(line_of(&printed, "line-burst"), burst);
    assert_eq!(line_of(&printed, "lobby"), "lobby = \"#lobby\" # default");
}

#[test]
fn what_is_printed_can_be_read_as_a_file_and_means_the_same() {
    for command in ["chat", "echo", "hello", "sink"] {
        let without_source = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split("  # ").next().unwrap().trim().to_owned()).collect()
        };
        let first = run(program().args([command, "--print-config", "--engine", "poll"]));
        let file = File::new(&first);
        let second = run(program().args([command, "--print-config", "--config", file.name()]));
        assert_eq!(without_source(&first), without_source(&second));
        assert!(second.lines().all(|line| line.contains(file.name())), "{second}");
    }
}

#[test]
fn a_wrong_file_is_refused_with_every_place_that_is_wrong() {
    let file =
        File::new("listen = [\"8008\", \"nowhere\"]\nroom-histroy = 5\n\nline-every = \"5\"\n");
    let mut process = Process::start(program().args(["--check-config", "--config", file.name()]));
    assert_eq!(process.exit_code(), 2);
    let said = process.stderr.text();
    let name = file.name();
    for wanted in [
        format!("{name}:1:10: listen: "),
        format!("{name}:2:1: there is no option room-histroy; did you mean room-history?"),
        format!("{name}:4:14: line-every: \"5\" has no unit; write 5s, 5ms or 5m"),
    ] {
        assert!(said.contains(&wanted), "{wanted:?} is not in\n{said}");
    }
}

#[test]
fn wrong_values_are_named_wherever_they_come_from() {
    let said = |command: &mut std::process::Command| {
        let mut process = Process::start(command);
        assert_eq!(process.exit_code(), 2);
        process.stderr.text()
    };
    let flag = said(program().args(["--room-history", "many", "--check-config"]));
    assert!(flag.contains("--room-history: \"many\" is not a whole number"), "{flag}");
    let variable = said(program().args(["--check-config"]).env("SWITCHBOARD_LINE_BYTES", "4q"));
    assert!(variable.contains("SWITCHBOARD_LINE_BYTES: \"4q\" is not a size"), "{variable}");
    let unknown = said(program().args(["--check-config"]).env("SWITCHBOARD_LISEN", "80"));
    assert!(unknown.contains("did you mean listen?"), "{unknown}");
    let missing = said(program().args(["--check-config", "--config", "/nonexistent.toml"]));
    assert!(missing.contains("/nonexistent.toml: "), "{missing}");
    let motd = said(program().args(["--check-config", "--motd", "/nonexistent.txt"]));
    assert!(motd.contains("switchboard: --motd: /nonexistent.txt: "), "{motd}");
    let file = File::new("\nmotd = \"/nonexistent.txt\"\n");
    let motd = said(program().args(["--check-config", "--config", file.name()]));
    assert!(motd.contains(&format!("{}:2:8: motd: /nonexistent.txt: ", file.name())), "{motd}");
}

#[test]
fn a_switch_in_the_file_can_be_taken_back_by_a_flag() {
    let file = File::new("anonymous = true\n");
    let printed = run(program().args([
        "chat",
        "--print-config",
        "--config",
        file.name(),
        "--anonymous=false",
    ]));
    assert_eq!(line_of(&printed, "anonymous"), "anonymous = false # command line");
}
