//! People, each with the client of their choice: what they type, and what they see of the others.
//!
//! Invariant: every client is used as its user uses it, by its own commands and without a setting;
//! how each shows a thing is known here, and nowhere else.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{PATIENCE, Process, Server, Terminal, tool, unique_path};

/// The room that everyone comes to.
const ROOM: &str = "#lobby";

/// Somebody in the room.
pub(crate) struct Client {
    pub(crate) name: String,
    program: Program,
    home: Home,
}

/// What they use, and where what they see is.
enum Program {
    /// `nc`, on pipes.
    Netcat(Process),
    /// `telnet`, on a terminal.
    Telnet(Terminal),
    /// irssi, on a terminal.
    Irssi(Terminal),
    /// WeeChat, on a terminal.
    WeeChat(Terminal),
    /// ii: its commands go into pipes, and what it has to say is in files.
    Ii(Process),
    /// A program over the Python library `irc`.
    Python(Process),
}

/// A folder of its own, for a client's files.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        let path = unique_path(".home");
        fs::create_dir(&path).expect("a folder can be made");
        Self(path)
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Coming.
impl Client {
    pub(crate) fn netcat(server: &Server, name: &str) -> Self {
        let mut nc = server.nc(&[]);
        nc.type_line(&format!("/nick {name}"));
        nc.expect(&format!("You are {name} now."));
        Self::new(name, Program::Netcat(nc))
    }

    pub(crate) fn telnet(server: &Server, name: &str) -> Self {
        let telnet = Terminal::start(&["telnet", "127.0.0.1", &server.port()]);
        telnet.expect("Welcome to ");
        telnet.type_line(&format!("/nick {name}"));
        telnet.expect(&format!("You are {name} now."));
        Self::new(name, Program::Telnet(telnet))
    }

    /// irssi, looking at the room.
    pub(crate) fn irssi(server: &Server, name: &str) -> Self {
        let home = Home::new();
        let port = server.port();
        let set_home = format!("--home={}", home.text());
        let irssi =
            Terminal::start(&["irssi", &set_home, "-c", "127.0.0.1", "-p", &port, "-n", name]);
        // The room has the second window, which is marked when something happens there.
        irssi.expect("[Act: 2");
        irssi.type_line("/window 2");
        irssi.expect(&format!("{ROOM}: Total of "));
        Self { name: name.into(), program: Program::Irssi(irssi), home }
    }

    /// WeeChat, looking at the room.
    pub(crate) fn weechat(server: &Server, name: &str) -> Self {
        let home = Home::new();
        let address = format!("irc://{name}@127.0.0.1:{}", server.port());
        let weechat = Terminal::start(&["weechat", "--dir", home.text(), &address]);
        weechat.expect(&format!("Channel {ROOM}: "));
        Self { name: name.into(), program: Program::WeeChat(weechat), home }
    }

    pub(crate) fn ii(server: &Server, name: &str) -> Self {
        let home = Home::new();
        let words = ["-s", "127.0.0.1", "-p", &server.port(), "-n", name, "-i", home.text()];
        let ii = Process::start(tool("ii").args(words));
        let client = Self { name: name.into(), program: Program::Ii(ii), home };
        client.sees(&[&format!("{name}("), "has joined", ROOM]);
        client
    }

    pub(crate) fn python(server: &Server, name: &str) -> Self {
        let script = include_str!("irc_client.py");
        // Debian's own, which its packages of libraries are for.
        let mut python = tool("/usr/bin/python3");
        python.args(["-u", "-c", script, &server.port(), name]).env("PYTHONIOENCODING", "utf-8");
        let python = Process::start(&mut python);
        python.expect(&format!("names {ROOM} "));
        Self::new(name, Program::Python(python))
    }

    fn new(name: &str, program: Program) -> Self {
        Self { name: name.into(), program, home: Home::new() }
    }
}

/// Doing.
impl Client {
    /// Types a line, while the room is looked at. The commands `/me`, `/nick`, `/msg`, `/join` and
    /// `/quit` are understood by all.
    pub(crate) fn types(&mut self, line: &str) {
        match &mut self.program {
            Program::Netcat(process) | Program::Python(process) => process.type_line(line),
            Program::Telnet(terminal) | Program::Irssi(terminal) | Program::WeeChat(terminal) => {
                terminal.type_line(line);
            }
            Program::Ii(_) => self.types_into_ii(line),
        }
    }

    fn types_into_ii(&self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (place, line) = match verb {
            // What it has no command for it sends as it stands.
            "/me" => ("", format!("/PRIVMSG {ROOM} :\x01ACTION {rest}\x01")),
            "/nick" => ("", format!("/n {rest}")),
            "/msg" => ("", format!("/j {rest}")),
            "/join" => ("", format!("/j {rest}")),
            "/quit" => ("", "/q bye".into()),
            _ => (ROOM, line.into()),
        };
        let pipe = self.home.0.join("127.0.0.1").join(place).join("in");
        let mut pipe = fs::OpenOptions::new().write(true).open(pipe).expect("ii reads from it");
        // In one piece: ii drops a line whose end is not there yet.
        pipe.write_all(format!("{line}\n").as_bytes()).expect("ii takes it");
    }

    /// The new name is noted here, too.
    pub(crate) fn is_renamed(&mut self, name: &str) {
        self.types(&format!("/nick {name}"));
        self.name = name.into();
    }

    /// Leaves, and waits until the program has ended.
    pub(crate) fn quits(mut self) {
        self.types("/quit");
        match self.program {
            Program::Netcat(mut process) => {
                // It stays as long as somebody might type.
                process.close_stdin();
                assert_eq!(process.exit_code(), 0);
            }
            Program::Ii(mut process) | Program::Python(mut process) => {
                assert_eq!(process.exit_code(), 0);
            }
            Program::Telnet(terminal) => terminal.expect("Connection closed by foreign host."),
            Program::Irssi(terminal) => terminal.expect("exit code 0"),
            Program::WeeChat(terminal) => terminal.expect("exit code 0"),
        }
    }
}

/// Seeing.
impl Client {
    /// Everything that can be seen, where it has not scrolled away.
    pub(crate) fn text(&self) -> String {
        match &self.program {
            Program::Netcat(process) | Program::Python(process) => process.stdout.text(),
            Program::Telnet(terminal) | Program::Irssi(terminal) | Program::WeeChat(terminal) => {
                terminal.screen()
            }
            Program::Ii(_) => {
                let mut text = String::new();
                read_all(&self.home.0, &mut text);
                text
            }
        }
    }

    /// Waits until a line is seen that has all `pieces`, in this order.
    #[track_caller]
    pub(crate) fn sees(&self, pieces: &[&str]) {
        let started = Instant::now();
        while self.count(pieces) == 0 {
            assert!(
                started.elapsed() < PATIENCE,
                "{} does not see {pieces:?}, but:\n{}",
                self.name,
                self.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How many lines have all `pieces`, in this order.
    pub(crate) fn count(&self, pieces: &[&str]) -> usize {
        let has_all = |line: &&str| {
            let mut rest = *line;
            pieces.iter().all(|piece| match rest.split_once(piece) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
        };
        self.text().lines().filter(has_all).count()
    }

    /// How a line that `who` has said in the room is shown.
    pub(crate) fn said<'a>(&self, who: &'a str, text: &'a str) -> [String; 2] {
        let before = match self.program {
            Program::Netcat(_) | Program::Telnet(_) | Program::Ii(_) | Program::Python(_) => {
                format!("<{who}> ")
            }
            Program::Irssi(_) => format!("{who}> "),
            Program::WeeChat(_) => format!("{who} | "),
        };
        [before, text.into()]
    }

    #[track_caller]
    pub(crate) fn sees_said(&self, who: &str, text: &str) {
        let [before, text] = self.said(who, text);
        self.sees(&[&before, &text]);
    }

    #[track_caller]
    pub(crate) fn sees_done(&self, who: &str, what: &str) {
        match self.program {
            Program::WeeChat(_) => self.sees(&["* | ", who, what]),
            Program::Ii(_) => self.sees(&[&format!("<{who}> \x01ACTION {what}\x01")]),
            _ => self.sees(&["* ", who, what]),
        }
    }

    #[track_caller]
    pub(crate) fn sees_join(&self, who: &str, room: &str) {
        match self.program {
            Program::Netcat(_) | Program::Telnet(_) => {
                self.sees(&[&format!("* {who} has joined")]);
            }
            Program::Irssi(_) => self.sees(&["-!- ", &format!("{who} ["), "has joined ", room]),
            Program::WeeChat(_) => self.sees(&["--> | ", who, "has joined ", room]),
            Program::Ii(_) => self.sees(&[&format!("-!- {who}("), "has joined ", room]),
            Program::Python(_) => self.sees(&[&format!("{who} joined {room}")]),
        }
    }

    /// What a room is about, told to who was there when it changed.
    #[track_caller]
    pub(crate) fn sees_topic(&self, who: &str, topic: &str) {
        match self.program {
            Program::Python(_) => self.sees(&[&format!("topic {topic}")]),
            _ => self.sees(&[who, "opic", topic]),
        }
    }

    #[track_caller]
    pub(crate) fn sees_renaming(&self, from: &str, to: &str) {
        match self.program {
            Program::Netcat(_) | Program::Telnet(_) => {
                self.sees(&[&format!("* {from} is now {to}")]);
            }
            Program::Irssi(_) | Program::WeeChat(_) => {
                self.sees(&[&format!("{from} is now known as {to}")]);
            }
            Program::Ii(_) => self.sees(&[&format!("-!- {from} changed nick to {to}")]),
            Program::Python(_) => self.sees(&[&format!("{from} is {to}")]),
        }
    }

    #[track_caller]
    pub(crate) fn sees_leaving(&self, who: &str) {
        match self.program {
            Program::Netcat(_) | Program::Telnet(_) => self.sees(&[&format!("* {who} has left")]),
            Program::Irssi(_) => self.sees(&["-!- ", &format!("{who} ["), "has quit ["]),
            Program::WeeChat(_) => self.sees(&["<-- | ", who, "has quit ("]),
            Program::Ii(_) => self.sees(&[&format!("-!- {who}("), "has quit"]),
            Program::Python(_) => self.sees(&[&format!("{who} quit")]),
        }
    }

    /// Looks at what `who` has said to this person alone, and at the room again.
    #[track_caller]
    pub(crate) fn sees_whispered(&mut self, who: &str, text: &str) {
        match &self.program {
            Program::Netcat(_) | Program::Telnet(_) => {
                self.sees(&[&format!("<{who} to you> {text}")]);
            }
            Program::Python(_) => self.sees(&[&format!("<{who} to {}> {text}", self.name)]),
            Program::Ii(_) => self.sees_said(who, text),
            Program::Irssi(_) | Program::WeeChat(_) => {
                self.types(&format!("/query {who}"));
                self.sees_said(who, text);
                let back = match self.program {
                    Program::Irssi(_) => "/window 2".into(),
                    _ => format!("/buffer {ROOM}"),
                };
                self.types(&back);
            }
        }
    }
}

/// Appends what all files of ii's below `folder` hold.
fn read_all(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_all(&path, text);
        } else if entry.file_name() == "out" {
            text.push_str(&fs::read_to_string(&path).unwrap_or_default());
        }
    }
}
