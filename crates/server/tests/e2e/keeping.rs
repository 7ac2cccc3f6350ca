//! `--data`: what outlives the server, and who may see it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{Process, Server, program, run, unique_path};

/// A path for a directory, which goes with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(unique_path(".data"))
    }

    fn name(&self) -> &str {
        self.0.to_str().expect("a name in UTF-8")
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").permissions().mode() & 0o777
}

#[test]
fn the_directory_is_made_and_its_key_stays_over_restarts() {
    let folder = Folder::new();
    let inner = folder.0.join("a/b");
    let arguments = ["chat", "--data", inner.to_str().expect("a name in UTF-8")];
    // Looking makes nothing.
    run(program().args(arguments).arg("--check-config"));
    assert!(!folder.0.exists());

    Server::start("auto", &arguments).stop();
    assert_eq!((mode(&inner), mode(&inner.join("cloak.key"))), (0o700, 0o600));
    let key = folder.read("a/b/cloak.key");
    assert!(key.len() == 65 && key.trim_end().bytes().all(|b| b.is_ascii_hexdigit()), "{key:?}");
    Server::start("auto", &arguments).stop();
    assert_eq!(folder.read("a/b/cloak.key"), key);
}

#[test]
fn two_servers_do_not_share_a_directory() {
    let folder = Folder::new();
    let first = Server::start("auto", &["chat", "--data", folder.name()]);
    let mut second = Process::start(
        program().args(["chat", "--listen", "127.0.0.1:0"]).args(["--data", folder.name()]),
    );
    assert_eq!(second.exit_code(), 1);
    let said = second.stderr.text();
    let wanted = format!("--data: {}: another server has this directory", folder.name());
    assert!(said.contains(&wanted), "{said}");
    first.stop();
    Server::start("auto", &["chat", "--data", folder.name()]).stop();
}

#[test]
fn what_is_broken_stops_the_start_with_its_place() {
    let folder = Folder::new();
    std::fs::create_dir(&folder.0).expect("a directory can be made");
    folder.write("bans.toml", "# mended by hand\n[[ban]]\nnetwork = \"192.0.2.0/99\"\n");
    folder.write("cloak.key", "");
    for check in [&["--check-config"][..], &[]] {
        let mut process =
            Process::start(program().args(["chat", "--data", folder.name()]).args(check));
        assert_eq!(process.exit_code(), 2);
        let said = process.stderr.text();
        assert!(said.contains(&format!("{}/bans.toml:2:1: ", folder.name())), "{said}");
        assert!(
            said.contains(&format!("{}/cloak.key: not 64 hexadecimal", folder.name())),
            "{said}"
        );
    }
    assert_eq!(folder.read("cloak.key"), "");

    let file = folder.0.join("cloak.key");
    let mut process = Process::start(program().args(["chat", "--data"]).arg(&file));
    assert_eq!(process.exit_code(), 2);
    let said = process.stderr.text();
    assert!(said.contains("cloak.key/bans.toml: Not a directory"), "{said}");
}

#[test]
fn who_can_change_what_is_kept_is_warned_of() {
    let folder = Folder::new();
    Server::start("auto", &["chat", "--data", folder.name()]).stop();
    let allow = |file: &str, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(folder.0.join(file), mode).expect("it is ours");
    };
    allow("cloak.key", 0o644);
    allow(".", 0o777);
    let server = Server::start("auto", &["chat", "--data", folder.name()]);
    server.process.stderr.expect("the log", "others may read the key");
    server.process.stderr.expect("the log", "others may change what is kept");
    server.stop();
}

#[test]
fn without_a_directory_an_operator_is_told_what_ends_with_the_server() {
    let mut process = Process::start(program().arg("hash-password"));
    process.type_line("correct horse");
    assert_eq!(process.exit_code(), 0);
    let operator = format!("ada:{}", process.stdout.text().trim_end());
    let told = "without --data, bans";
    let log = |arguments: &[&str]| {
        let server = Server::start("auto", arguments);
        server.process.stderr.expect("the log", "listening");
        let log = server.process.stderr.text();
        server.stop();
        log
    };
    assert!(log(&["chat", "--operator", &operator]).contains(told));
    assert!(!log(&["chat"]).contains(told));
    let folder = Folder::new();
    assert!(!log(&["chat", "--operator", &operator, "--data", folder.name()]).contains(told));
}
