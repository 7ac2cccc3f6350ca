//! What an operator may choose, bounds apart.

use std::fmt;
use std::sync::Arc;

use wire::name::{Charset, Name, NotAName};
use wire::text;

use crate::{Ban, Host, Limits, Network, NoHost, RoomName, Site};

/// What a [`Switchboard`](crate::Switchboard) is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the server calls itself in its welcome.
    pub name: String,
    /// Lines shown after the welcome. Cleaned like all text.
    pub motd: Vec<String>,
    /// The room that everyone comes to first; it stays when it is empty.
    pub lobby: RoomName,
    /// Lines of history each room keeps in memory, within the bytes that [`Limits`] allows. With
    /// 0 nothing is kept and nothing is shown to those who join.
    pub room_history: usize,
    /// Relay bare lines without names, times, commands or a welcome: what one says, everyone else
    /// gets, and nothing else.
    pub anonymous: bool,
    /// Makes hash tables unforeseeable to peers. The same seed and the same calls give the same
    /// output.
    pub seed: u64,
    /// All bounds.
    pub limits: Limits,
    /// The zone in which people are shown times.
    pub zone: Zone,
    /// What speaks at each listener, by its number. What is missing is sniffed.
    pub listeners: Vec<Speaks>,
    /// Whether IRC clients come to the lobby when they connect, as everybody else does.
    pub irc_lobby: bool,
    /// The password that everybody must give who connects; `None`: nobody needs one.
    pub password: Option<String>,
    /// Who may become a server operator.
    pub operators: Vec<Operator>,
    /// Whom the server does not let in, from the start.
    pub bans: Vec<Ban>,
    /// Proxies whose word on where a connection comes from is taken (PROXY protocol).
    pub trusted_proxies: Vec<Network>,
    /// Makes the hosts that others see unforeseeable: kept secret, and kept over restarts, so that
    /// bans on such hosts go on meeting the same people.
    pub cloak_key: [u8; 32],
    /// Which characters names of people may have.
    pub names: Charset,
    /// The address of a picture for the network, told to IRC clients that ask; empty: none.
    pub icon: String,
    /// Where to write to about the server: IRC's ADMIN. Empty: it says that nothing is given.
    pub contact: String,
    /// What a browser is shown.
    pub site: Site,
    /// Sites whose pages may open WebSockets here beside the server's own, as browsers name them:
    /// `https://example.org`.
    pub web_origins: Vec<String>,
    /// Who may see how the server does (`/status`).
    pub status: Status,
    /// The program around the chat.
    pub host: Arc<dyn Host>,
}

/// Who may see how the server does: figures, no names and no words of anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Who is on this machine.
    #[default]
    Loopback,
    /// Everybody.
    Anyone,
    /// Nobody.
    Off,
}

/// What is spoken at a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speaks {
    /// Whatever the peer's first bytes show.
    #[default]
    Anything,
    /// Lines for people, whatever comes.
    Plain,
    /// IRC, whatever comes.
    Irc,
    /// HTTP, and WebSockets, whatever comes.
    Web,
}

/// A server operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name given to `OPER`; not a nick.
    pub name: String,
    /// The hash of the password, as a PHC string: `$argon2id$...`.
    pub hash: String,
}

impl Settings {
    /// The name that somebody wants, if it will do here.
    pub(crate) fn name(&self, wanted: &str) -> Result<Name, NotAName> {
        Name::chosen_from(wanted, self.limits.name_bytes, self.names)
    }

    /// The same, where what everybody reads has nothing in it that could trouble a terminal.
    pub(crate) fn cleaned(self) -> Self {
        let clean = |text: &String| text::clean(text).into_owned();
        let (name, motd) = (clean(&self.name), self.motd.iter().map(clean).collect());
        Self { name, motd, ..self }
    }
}

impl Settings {
    /// What it goes on with when the configuration was read again and `new` stands there: `new`, as
    /// far as that can be while running; and what of it is different.
    pub(crate) fn take_over(&self, new: &Self) -> (Self, Taken) {
        // What is kept by room and person, and has been told to all.
        let fixed = [
            ("name", self.name == new.name),
            ("lobby", self.lobby == new.lobby),
            ("room-history", self.room_history == new.room_history),
            ("anonymous", self.anonymous == new.anonymous),
            ("listen", self.listeners == new.listeners),
            ("names", self.names == new.names),
            ("history-room-bytes and histories-bytes", {
                let bytes = |limits: &Limits| (limits.history_room_bytes, limits.histories_bytes);
                bytes(&self.limits) == bytes(&new.limits)
            }),
        ];
        let limits = Limits {
            history_room_bytes: self.limits.history_room_bytes,
            histories_bytes: self.limits.histories_bytes,
            ..new.limits.clone()
        };
        let free = [
            ("motd", self.motd == new.motd),
            ("irc-lobby", self.irc_lobby == new.irc_lobby),
            ("the password", self.password == new.password),
            ("operators", self.operators == new.operators),
            ("trusted proxies", self.trusted_proxies == new.trusted_proxies),
            ("icon", self.icon == new.icon),
            ("contact", self.contact == new.contact),
            ("status", self.status == new.status),
            ("limits", self.limits == limits),
        ];
        let different = |all: &[(&'static str, bool)]| -> Vec<&'static str> {
            all.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect()
        };
        let taken = Taken { changed: different(&free), after_restart: different(&fixed) };
        let settings = Self {
            motd: new.motd.clone(),
            irc_lobby: new.irc_lobby,
            password: new.password.clone(),
            operators: new.operators.clone(),
            trusted_proxies: new.trusted_proxies.clone(),
            icon: new.icon.clone(),
            contact: new.contact.clone(),
            web_origins: new.web_origins.clone(),
            status: new.status,
            limits,
            ..self.clone()
        };
        (settings, taken)
    }
}

/// What a configuration that was read again has come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) changed: Vec<&'static str>,
    pub(crate) after_restart: Vec<&'static str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "Switchboard".into(),
            motd: Vec::new(),
            lobby: "#lobby".parse().expect("a room name"),
            room_history: 1000,
            anonymous: false,
            seed: 0,
            limits: Limits::default(),
            zone: Zone::UTC,
            listeners: Vec::new(),
            irc_lobby: true,
            password: None,
            operators: Vec::new(),
            bans: Vec::new(),
            trusted_proxies: Vec::new(),
            cloak_key: [0; 32],
            names: Charset::Ascii,
            icon: String::new(),
            contact: String::new(),
            site: Site::default(),
            web_origins: Vec::new(),
            status: Status::default(),
            host: Arc::new(NoHost::default()),
        }
    }
}

/// How far local time is ahead of UTC, which may depend on the date: the chat has no clock and no
/// time zone data of its own.
#[derive(Clone)]
pub struct Zone(Offset);

#[derive(Clone)]
enum Offset {
    Fixed(i32),
    Varying(Arc<dyn Fn(u64) -> i32 + Send + Sync>),
}

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(Offset::Fixed(0));

    /// Always `minutes` ahead of UTC (behind it, if negative).
    pub const fn fixed(minutes: i32) -> Self {
        Self(Offset::Fixed(minutes))
    }

    /// As many minutes ahead of UTC as `offset` answers for a moment in milliseconds since
    /// 1970-01-01 UTC. It must answer at once, and the same each time.
    pub fn varying(offset: impl Fn(u64) -> i32 + Send + Sync + 'static) -> Self {
        Self(Offset::Varying(Arc::new(offset)))
    }

    /// Minutes that local time is ahead of UTC at `unix_ms`.
    pub fn offset_minutes(&self, unix_ms: u64) -> i32 {
        match &self.0 {
            Offset::Fixed(minutes) => *minutes,
            Offset::Varying(offset) => offset(unix_ms),
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Offset::Fixed(minutes) => write!(f, "Zone({minutes:+} min)"),
            Offset::Varying(_) => f.write_str("Zone(varying)"),
        }
    }
}
