//! Who is measured: how each is started, and how its clients speak.
//!
//! Everyone gets one core, the same load and as much room for what waits as it needs; the settings
//! of the other servers are in `peers/`, each with its reason.

use std::path::{Path, PathBuf};

use load::{Irc, Lines, Nats, Protocol, Redis};

use crate::ncat::Ncat;
use crate::server::Recipe;

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The programs `switchboard` and `limit`.
    pub(crate) programs: PathBuf,
    /// Other servers, as their Debian packages unpack; `None` if they are not wanted.
    pub(crate) peers: Option<PathBuf>,
    /// Their settings.
    pub(crate) settings: PathBuf,
}

/// Somebody who is measured.
#[derive(Clone, Debug)]
pub(crate) struct Contestant {
    /// As tables have it.
    pub(crate) name: String,
    pub(crate) recipe: Recipe,
    pub(crate) tongue: Tongue,
    /// More readers than these it does not take, or takes minutes to let in.
    pub(crate) most_readers: usize,
    /// How many may come in at the same time: with a short queue for those who wait to be accepted,
    /// the kernel turns away who comes too many, and they try again a second later.
    pub(crate) at_once: usize,
}

/// At once, unless there is a reason for less.
pub(crate) const AT_ONCE: usize = 128;

/// What its clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// Bare lines, relayed as they are.
    Lines,
    /// Lines of people with names: a first command says that a person has come.
    NamedLines,
    Irc,
    /// IRC, each line with its time.
    IrcTime,
    Ncat,
    Redis,
    Nats,
}

/// The bare loops' names, by engine.
pub(crate) const BARE_EPOLL: &str = "bare loop, epoll";
pub(crate) const BARE_URING: &str = "bare loop, io_uring";

/// Engines in the order of the tables, as the program and as tables name them.
pub(crate) const ENGINES: [(&str, &str); 5] = [
    ("epoll", "epoll"),
    ("uring", "io_uring"),
    ("poll", "poll"),
    ("select", "select"),
    ("sweep", "sweep"),
];

/// What Switchboard's chat is asked to do, as tables name it.
pub(crate) const CHATS: [(&str, Tongue); 4] = [
    ("plain lines", Tongue::Lines),
    ("plain lines with names", Tongue::NamedLines),
    ("IRC", Tongue::Irc),
    ("IRC with the time", Tongue::IrcTime),
];

impl Tongue {
    pub(crate) fn protocol(self, rooms: usize) -> Box<dyn Protocol> {
        let rooms = (0..rooms.max(1)).map(|number| format!("#bench{number}")).collect();
        match self {
            Self::Lines => Box::new(Lines::default()),
            Self::NamedLines => Box::new(Lines { hello: "/plain\n".into(), ..Lines::default() }),
            Self::Irc => Box::new(Irc { rooms, ..Irc::default() }),
            Self::IrcTime => Box::new(Irc { rooms, server_time: true, ..Irc::default() }),
            Self::Ncat => Box::new(Ncat),
            Self::Redis => Box::new(Redis::default()),
            Self::Nats => Box::new(Nats::default()),
        }
    }
}

impl Places {
    /// A bare loop.
    pub(crate) fn bare(&self, what: &str, engine: &str) -> Contestant {
        let program = self.programs.join("limit").display().to_string();
        let name = if engine == "epoll" { BARE_EPOLL } else { BARE_URING };
        Contestant {
            name: name.to_owned(),
            recipe: Recipe {
                command: words(&[&program, what, engine, "127.0.0.1:@PORT@"]),
                ..Recipe::default()
            },
            tongue: Tongue::Lines,
            most_readers: 10_000,
            at_once: AT_ONCE,
        }
    }

    /// One of Switchboard's services.
    pub(crate) fn switchboard(&self, service: &str, engine: &str, more: &[&str]) -> Recipe {
        let program = self.programs.join("switchboard").display().to_string();
        let mut command = words(&[&program, service, "--engine", engine]);
        command.extend(words(&["--listen", "127.0.0.1:@PORT@", "--log-level", "warn"]));
        command.extend(words(more));
        Recipe { command, ..Recipe::default() }
    }

    /// Switchboard's chat, for clients who speak `tongue`.
    pub(crate) fn chat(&self, what: &str, tongue: Tongue, engine: (&str, &str)) -> Contestant {
        let more: &[&str] = match tongue {
            // Who says nothing counts as a person with netcat at once, so that the load can begin.
            Tongue::Lines => {
                &["--no-throttle", "--loops", "1", "--anonymous", "--welcome-after", "1ms"]
            }
            Tongue::NamedLines => &["--no-throttle", "--loops", "1"],
            _ => &["--no-throttle", "--loops", "1", "--irc-lobby", "no"],
        };
        Contestant {
            name: chat_name(what, engine.1),
            recipe: self.switchboard("chat", engine.0, more),
            tongue,
            at_once: AT_ONCE,
            // A sweep or poll of thousands is not what they are for, and takes minutes.
            most_readers: if matches!(engine.0, "sweep" | "select" | "poll") {
                1000
            } else {
                10_000
            },
        }
    }

    /// The other message servers.
    pub(crate) fn peers(&self) -> Vec<Contestant> {
        let Some(root) = &self.peers else { return Vec::new() };
        let peer = |name: &str, tongue, most_readers, command: &[&str], file: Option<&str>| {
            let file = file.and_then(|file| self.setting(root, file));
            let recipe = Recipe { command: words(command), environment: libraries(root), file };
            let at_once = match name {
                // They let ten wait, or deal badly with more.
                "ncat --chat" | "ngIRCd" | "ircd-hybrid" => 8,
                // It looks once a second who has said all that it wants to know.
                "InspIRCd" | "InspIRCd with the time" => 1000,
                _ => AT_ONCE,
            };
            Contestant { name: name.to_owned(), recipe, tongue, most_readers, at_once }
        };
        let program = |name: &str| find(root, name).display().to_string();
        let (inspircd, hybrid) = (program("inspircd"), program("ircd-hybrid"));
        let inspircd: &[&str] =
            &[&inspircd, "--nofork", "--runasroot", "--config", "@DIR@/inspircd.conf"];
        // It looks for its modules where Debian puts them, so a mount of its own shows it them
        // there; and it does not run as root.
        let show = format!(
            "mount -t overlay overlay -o lowerdir={0}/usr/lib:/usr/lib /usr/lib && exec setpriv \
             --reuid nobody --regid nogroup --clear-groups --pdeathsig KILL {hybrid} -foreground \
             -configfile @DIR@/ircd-hybrid.conf -pidfile @DIR@/hybrid.pid \
             -logfile @DIR@/hybrid.log",
            root.display()
        );
        let mut peers = vec![
            // It takes a list of 1,024 descriptors at most.
            peer(
                "ncat --chat",
                Tongue::Ncat,
                900,
                &[&program("ncat"), "--chat", "-l", "-k", "-m", "1000", "127.0.0.1", "@PORT@"],
                None,
            ),
            peer("InspIRCd", Tongue::Irc, 10_000, inspircd, Some("inspircd.conf")),
            peer(
                "InspIRCd with the time",
                Tongue::IrcTime,
                10_000,
                inspircd,
                Some("inspircd.conf"),
            ),
            // A thousand who come in take it a minute.
            peer(
                "ircd-hybrid",
                Tongue::Irc,
                100,
                &["unshare", "--mount", "sh", "-c", &show],
                Some("ircd-hybrid.conf"),
            ),
            // 5,000 who come in take it minutes.
            peer(
                "ngIRCd",
                Tongue::Irc,
                1000,
                &[&program("ngircd"), "--nodaemon", "--config", "@DIR@/ngircd.conf"],
                Some("ngircd.conf"),
            ),
            peer(
                "redis pub/sub",
                Tongue::Redis,
                10_000,
                &[&program("redis-server"), "@DIR@/redis.conf"],
                Some("redis.conf"),
            ),
            peer(
                "nats-server",
                Tongue::Nats,
                10_000,
                &[&program("nats-server"), "--config", "@DIR@/nats.conf"],
                Some("nats.conf"),
            ),
        ];
        for peer in &mut peers {
            // Only Go's runtime looks at it: one worker on one core.
            peer.recipe.environment.push(("GOMAXPROCS".into(), "1".into()));
        }
        peers
    }

    /// nginx, which answers HTTP.
    pub(crate) fn nginx(&self) -> Option<Contestant> {
        let root = self.peers.as_ref()?;
        Some(Contestant {
            name: "nginx".to_owned(),
            recipe: Recipe {
                command: words(&[
                    &find(root, "nginx").display().to_string(),
                    "-c",
                    "@DIR@/nginx.conf",
                ]),
                environment: libraries(root),
                file: self.setting(root, "nginx.conf"),
            },
            tongue: Tongue::Lines,
            most_readers: 10_000,
            at_once: AT_ONCE,
        })
    }

    /// A settings file: its name, and its text, in which `@ROOT@` is filled in.
    fn setting(&self, root: &Path, file: &str) -> Option<(String, String)> {
        let text = std::fs::read_to_string(self.settings.join(file)).ok()?;
        Some((file.to_owned(), text.replace("@ROOT@", &root.display().to_string())))
    }
}

/// What a row of Switchboard's chat is called.
pub(crate) fn chat_name(what: &str, engine: &str) -> String {
    format!("Switchboard, {what}, {engine}")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// A program of the unpacked packages, or whatever the system has under that name.
fn find(root: &Path, name: &str) -> PathBuf {
    let unpacked = ["usr/sbin", "usr/bin"].map(|folder| root.join(folder).join(name));
    unpacked.into_iter().find(|path| path.exists()).unwrap_or_else(|| name.into())
}

/// Libraries that came with the unpacked packages.
fn libraries(root: &Path) -> Vec<(String, String)> {
    let folders = ["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib"];
    let folders: Vec<String> =
        folders.iter().map(|folder| root.join(folder).display().to_string()).collect();
    vec![("LD_LIBRARY_PATH".into(), folders.join(":"))]
}
