//! Passwords: `switchboard hash-password`, and what the chat makes of what it printed.

use crate::support::{Process, Terminal, program, run};

fn hashed(input: &[u8]) -> (i32, String, String) {
    let mut process = Process::start(program().arg("hash-password"));
    process.write(input);
    process.close_stdin();
    (process.exit_code(), process.stdout.text(), process.stderr.text())
}

#[test]
fn a_password_from_a_pipe_becomes_one_line() {
    let (code, out, err) = hashed("Grüße, correct horse\nmore\n".as_bytes());
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{out}");
    assert_eq!(out.lines().count(), 1, "{out}");
    assert_ne!(hashed("Grüße, correct horse\n".as_bytes()).1, out, "each has its salt");
}

#[test]
fn whoever_keeps_the_pipe_open_gets_the_hash_all_the_same() {
    let mut process = Process::start(program().arg("hash-password"));
    process.type_line("correct horse");
    assert_eq!(process.exit_code(), 0);
    assert!(process.stdout.text().starts_with("$argon2id$"));
}

#[test]
fn a_password_that_nobody_could_give_is_refused() {
    for (input, needed) in [
        (&b""[..], "the password is empty"),
        (b"\nlate\n", "the password is empty"),
        (b"bell\x07\n", "control character"),
        (b"\xff\xfe\n", "not UTF-8"),
        (&[b'x'; 4000], "longer than 256 bytes"),
    ] {
        let (code, out, err) = hashed(input);
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains(needed) && err.contains("nothing was hashed"), "{err}");
    }
}

#[test]
fn on_a_terminal_it_is_asked_twice_and_not_shown() {
    let start = || {
        let terminal = Terminal::start(&[env!("CARGO_BIN_EXE_switchboard"), "hash-password"]);
        terminal.expect("Password:");
        terminal
    };
    let terminal = start();
    terminal.type_line("correct horse");
    terminal.expect("Once more:");
    terminal.type_line("correct horse");
    terminal.expect("operator = [\"NAME:$argon2id$");
    terminal.expect("exit code 0");
    assert!(!terminal.screen().contains("horse"), "{}", terminal.screen());

    let terminal = start();
    terminal.type_line("correct horse");
    terminal.expect("Once more:");
    terminal.type_line("correct hearse");
    terminal.expect("the two are not the same; nothing was hashed");
    terminal.expect("exit code 1");

    let terminal = start();
    terminal.press("Enter");
    terminal.expect("the password is empty; nothing was hashed");
}

#[test]
fn ctrl_c_leaves_the_terminal_as_it_was() {
    let program = env!("CARGO_BIN_EXE_switchboard");
    let script = format!(
        "trap : INT; {program} hash-password; echo code $?; \
         stty -a | tr ' ' '\\n' | grep -x -e '-*echo' -e '-*icanon' | xargs echo now"
    );
    let terminal = Terminal::start(&["sh", "-c", &script]);
    terminal.expect("Password:");
    terminal.press("C-c");
    terminal.expect("code 130");
    terminal.expect("now icanon echo\n");
}

#[test]
fn its_help_says_how_it_is_used() {
    let help = run(program().args(["hash-password", "--help"]));
    assert!(help.contains("| switchboard hash-password"), "{help}");
}
