//! Flags, environment and file, as an operator meets them.

use crate::support::{File, Process, Server, program, run};

/// The line of `--print-config` for `key`, its spaces reduced to one.
fn line_of(printed: &str, key: &str) -> String {
    let line = printed.lines().find(|line| line.starts_with(&format!("{key} = ")));
    let words: Vec<_> =
        line.unwrap_or_else(|| panic!("no {key} in\n{printed}")).split_whitespace().collect();
    words.join(" ")
}

#[test]
fn a_flag_stands_over_the_environment_and_that_over_the_file() {
    let file = File::new("room-history = 1\nname = \"from-the-file\"\nline-burst = 3\n");
    let mut command = program();
    command.args(["chat", "--print-config", "--config", file.name(), "--room-history", "7"]);
    command.env("SWITCHBOARD_ROOM_HISTORY", "5").env("SWITCHBOARD_NAME", "from-the-environment");
    let printed = run(&mut command);
    assert_eq!(line_of(&printed, "room-history"), "room-history = 7 # command line");
    let name = "name = \"from-the-environment\" # environment SWITCHBOARD_NAME";
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

/// What is said of options that are wrong.
fn refused(command: &mut std::process::Command) -> String {
    let mut process = Process::start(command.arg("--check-config"));
    assert_eq!(process.exit_code(), 2, "{command:?}");
    process.stderr.text()
}

/// Of the password "correct horse".
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$\
                    CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

#[test]
fn operators_are_the_same_from_wherever_they_come() {
    let (ada, bob) = (format!("ada:{HASH}"), format!("bob:{HASH}"));
    let wanted = format!("operator = [\"{ada}\", \"{bob}\"]");
    let printed = |command: &mut std::process::Command| {
        let printed = run(command.arg("--print-config"));
        let line = printed.lines().find(|line| line.starts_with("operator = ")).map(str::to_owned);
        line.unwrap_or_else(|| panic!("no operator in\n{printed}"))
    };
    let flags = printed(program().args(["--operator", &ada, "--operator", &bob]));
    assert!(flags.starts_with(&wanted), "{flags}");
    // A hash has commas in it, so spaces stand between two.
    let variable = printed(program().env("SWITCHBOARD_OPERATOR", format!(" {ada}  {bob}")));
    assert!(variable.starts_with(&wanted), "{variable}");
    let file = File::new(&format!("{wanted}\n"));
    let file = printed(program().args(["--config", file.name()]));
    assert!(file.starts_with(&wanted), "{file}");
    // An empty variable takes away what the file says.
    let file = File::new(&format!("{wanted}\ntrust-proxy = [\"::1\"]\n"));
    let mut none = program();
    none.args(["--config", file.name()]);
    none.env("SWITCHBOARD_OPERATOR", "").env("SWITCHBOARD_TRUST_PROXY", "");
    assert!(printed(&mut none).starts_with("operator = [] "));
    let printed = run(&mut none);
    assert_eq!(
        line_of(&printed, "trust-proxy"),
        "trust-proxy = [] # environment SWITCHBOARD_TRUST_PROXY"
    );
}

#[test]
fn a_wrong_operator_is_named_with_its_place_and_without_the_password() {
    let file = File::new("operator = [\"ada:hunter2\"]\n");
    let said = refused(program().args(["--config", file.name()]));
    let wanted = format!("{}:1:12: operator: operator \"ada\": this is no hash", file.name());
    assert!(said.contains(&wanted) && !said.contains("hunter2"), "{said}");
    let said = refused(program().args(["--operator", "hunter2"]));
    assert!(said.contains("--operator: an operator is a name, a colon"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let said = refused(program().env("SWITCHBOARD_OPERATOR", format!("a:{HASH} A:{HASH}")));
    assert!(said.contains("SWITCHBOARD_OPERATOR: there are two operators \"A\""), "{said}");
}

#[test]
fn what_irc_cannot_say_is_refused_at_the_start() {
    for (arguments, wanted) in [
        (["--name", ""], "--name: the name is empty; write for example chat.example"),
        (["--name", "Tea kitchen"], "--name: the name is one word"),
        (["--icon", "icon.png"], "--icon: \"icon.png\" is no address"),
        (["--names", "latin1"], "--names: \"latin1\" is neither ascii nor unicode"),
        (["--trust-proxy", "10.0.0.0/64"], "--trust-proxy: \"10.0.0.0/64\" is no address"),
    ] {
        let said = refused(program().args(arguments));
        assert!(said.contains(wanted), "{wanted:?} is not in\n{said}");
    }
}

#[test]
fn a_password_file_must_have_a_password() {
    let said = |text: &str| {
        let file = File::new(text);
        refused(program().args(["--password-file", file.name()])).replace(file.name(), "FILE")
    };
    assert_eq!(said(""), "switchboard: --password-file: FILE: the password is empty\n");
    assert_eq!(said("\nlate\n"), "switchboard: --password-file: FILE: the password is empty\n");
    assert!(said(&"x".repeat(300)).contains("FILE: the password is longer than 256 bytes"));
    assert!(said(&"x\n".repeat(3000)).contains("FILE: longer than 4096 bytes"));
    let missing = refused(program().args(["--password-file", "/nonexistent"]));
    assert!(missing.contains("--password-file: /nonexistent: No such file"), "{missing}");
    let folder = refused(program().args(["--password-file", "/tmp"]));
    assert!(folder.contains("--password-file: /tmp: not a regular file"), "{folder}");
}

#[test]
fn a_password_that_everybody_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new("correct horse\n");
    for (mode, is_warned_of) in [(0o600, false), (0o640, false), (0o644, true)] {
        std::fs::set_permissions(&file.0, std::fs::Permissions::from_mode(mode)).expect("ours");
        let server = Server::start("auto", &["chat", "--password-file", file.name()]);
        server.process.expect("Listening on");
        server.process.stderr.expect("the log", "listening");
        let log = server.process.stderr.text();
        assert_eq!(log.contains("may read the password"), is_warned_of, "{mode:o}\n{log}");
        assert!(!log.contains("horse"), "{log}");
        server.stop();
    }
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
