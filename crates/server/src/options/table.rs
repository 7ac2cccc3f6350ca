//! Every option, once: its name, its kind of value, what it sets, and what it means.
//!
//! Invariant: flag, environment variable and key of the file are all made from the one name here,
//! so that none can be forgotten or be spelt differently. Which options contradict each other is
//! left to those who use them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chat::{Name, RoomName};
use engine::{Choice, Listen};
use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;
use tutorials::HelloOptions;

use super::chat::{
    Characters, Line, Link, Lookers, ServerName, Site, Slow, operators, show_operator,
};
use super::listen_at::ListenAt;
use super::loops::Loops;
use super::value::{Bytes, Count, File, Kind, Named, OrOff, Span, Switch, Text, Toml, Within};

/// What one run is to do: the values of all options.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) listen: Vec<ListenAt>,
    pub(crate) engine: Choice,
    pub(crate) idle_backoff: Option<Duration>,
    pub(crate) loops: Loops,
    pub(crate) spin: Option<Duration>,
    pub(crate) log_level: LogLevel,
    pub(crate) log_format: LogFormat,
    pub(crate) chat: chat::Settings,
    pub(crate) motd: Option<PathBuf>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) time_zone: ZoneName,
    pub(crate) no_throttle: bool,
    pub(crate) echo: EchoSettings,
    pub(crate) hello: HelloSettings,
    pub(crate) sink: SinkSettings,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct EchoSettings {
    pub(crate) upper: bool,
    pub(crate) suffix: String,
    /// Empty: echo what came.
    pub(crate) reply: String,
    pub(crate) drop_on_urgent: bool,
    pub(crate) exit_when_idle: Option<Duration>,
}

#[derive(Clone, Debug)]
pub(crate) struct HelloSettings {
    /// Empty: the tutorial's.
    pub(crate) body: String,
    pub(crate) file: Option<PathBuf>,
    pub(crate) content_type: String,
}

#[derive(Clone, Debug)]
pub(crate) struct SinkSettings {
    pub(crate) idle: Duration,
}

impl Settings {
    /// The defaults of `command`: they differ in the port only.
    pub(crate) fn new(command: CommandName) -> Self {
        Self {
            listen: vec![Listen::Any(command.port()).into()],
            engine: Choice::Auto,
            idle_backoff: None,
            loops: Loops::Exactly(1),
            spin: None,
            log_level: LogLevel(LevelFilter::INFO),
            log_format: LogFormat::Text,
            chat: chat::Settings::default(),
            motd: None,
            password_file: None,
            data: None,
            time_zone: ZoneName::local(),
            no_throttle: false,
            echo: EchoSettings::default(),
            hello: HelloSettings {
                body: String::new(),
                file: None,
                content_type: HelloOptions::default().content_type,
            },
            sink: SinkSettings { idle: Duration::from_secs(5) },
        }
    }
}

/// One option.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The one subcommand that has it, or every server.
    pub(crate) owner: Owner,
    pub(crate) shape: Shape,
    /// What stands for the value in the help.
    pub(crate) placeholder: &'static str,
    pub(crate) help: &'static str,
    /// Whether TOML wants quotes around its value.
    pub(crate) quoted: bool,
    /// Sets it from as many texts as its shape allows.
    pub(crate) set: fn(&mut Settings, &[String]) -> Result<(), String>,
    pub(crate) show: fn(&Settings) -> Vec<String>,
}

impl Row {
    /// Where it stands in the help.
    pub(crate) fn heading(&self) -> &'static str {
        match self.owner {
            Owner::EveryServer => "Server",
            Owner::Only(_) => "Options",
            Owner::ChatLimit => "Limits",
        }
    }
}

/// How many values an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    One,
    /// A flag alone means true.
    Switch,
    /// The flag may be repeated; the variable holds commas; the file has an array.
    Many,
    /// The same, for values that have commas in them and no spaces: the variable holds spaces.
    Words,
}

impl Shape {
    /// Whether it may have several values, or none.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Many | Self::Words)
    }
}

/// Whose option it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    EveryServer,
    Only(CommandName),
    /// The chat's, a bound.
    ChatLimit,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryServer => f.write_str("every server"),
            Self::Only(command) => command.fmt(f),
            Self::ChatLimit => CommandName::Chat.fmt(f),
        }
    }
}

/// The subcommands that are servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandName {
    Chat,
    Echo,
    Hello,
    Sink,
}

impl CommandName {
    pub(crate) const ALL: [Self; 4] = [Self::Chat, Self::Echo, Self::Hello, Self::Sink];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Echo => "echo",
            Self::Hello => "hello",
            Self::Sink => "sink",
        }
    }

    /// The port of the tutorial that it continues.
    const fn port(self) -> u16 {
        match self {
            Self::Chat => 8008,
            Self::Echo => 8800,
            Self::Hello => 8080,
            Self::Sink => 50000,
        }
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The options of `command`: those of every server, then its own.
pub(crate) fn rows(command: CommandName) -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(move |row| match row.owner {
        Owner::EveryServer => true,
        Owner::Only(owner) => owner == command,
        Owner::ChatLimit => command == CommandName::Chat,
    })
}

/// A line of the table: its name, what it sets, the kind of its value, what stands for the value
/// in the help (nothing for a switch), and what it means.
macro_rules! row {
    ($owner:expr, $name:literal, $($field:ident).+, $kind:ty, $placeholder:literal, $help:literal) => {
        Row {
            name: $name,
            owner: $owner,
            shape: if $placeholder.is_empty() { Shape::Switch } else { Shape::One },
            placeholder: $placeholder,
            help: $help,
            quoted: <$kind as Toml>::QUOTED,
            set: |settings, texts| {
                let [text] = texts else { return Err("one value is wanted, not several".into()) };
                settings.$($field).+ = <$kind>::parse(text)?;
                Ok(())
            },
            show: |settings| vec![<$kind>::show(&settings.$($field).+)],
        }
    };
}

const EVERY: Owner = Owner::EveryServer;
const CHAT: Owner = Owner::Only(CommandName::Chat);
const LIMIT: Owner = Owner::ChatLimit;
const ECHO: Owner = Owner::Only(CommandName::Echo);
const HELLO: Owner = Owner::Only(CommandName::Hello);
const SINK: Owner = Owner::Only(CommandName::Sink);

/// At least one, of what is counted.
type Some1 = Within<1, { u32::MAX as u64 }, Count>;
/// At least a byte, of what must hold something.
type SomeBytes = Within<1, { u32::MAX as u64 }, Bytes>;

/// All options of all servers.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    Row {
        name: "listen",
        owner: EVERY,
        shape: Shape::Many,
        placeholder: "ADDR:PORT",
        help: "Where to listen: 8008 (every address), 127.0.0.1:8008, [::1]:8008, unix:/path or \
               fd:N; may be repeated. Port 0 takes any free port. With irc://, plain:// or web:// \
               before it the chat speaks only that there, and does not look at what comes. Sockets \
               handed over by systemd take the place of the default",
        quoted: true,
        set: |settings, texts| {
            settings.listen = places(texts)?;
            Ok(())
        },
        show: |settings| settings.listen.iter().map(Named::show).collect(),
    },
    row!(EVERY, "engine", engine, Named, "ENGINE", "What watches the sockets: auto, sweep, select, poll, epoll or uring (see `switchboard engines`)"),
    row!(EVERY, "idle-backoff", idle_backoff, OrOff<Span>, "TIME", "How long the sweep may sleep when nothing happens; off answers fastest and burns a core"),
    row!(EVERY, "loops", loops, Named, "N", "How many loops serve, each on a thread of its own: a number, or auto for one on each core"),
    row!(EVERY, "spin", spin, OrOff<Span>, "TIME", "How long to look again and again before sleeping, such as 50us: quicker answers for more CPU, on a machine with a core to spare"),
    row!(EVERY, "log-level", log_level, Named, "LEVEL", "What is logged, to standard error: off, error, warn, info, debug or trace"),
    row!(EVERY, "log-format", log_format, Named, "FORMAT", "How log lines are written: text or json"),

    row!(CHAT, "name", chat.name, ServerName, "NAME", "What the server calls itself: one word, best its host name, such as chat.example"),
    row!(CHAT, "motd", motd, File, "FILE", "A file shown after the welcome"),
    row!(CHAT, "data", data, File, "DIR", "A directory for what outlives the server, made if there is none: its bans, and the key of the hosts that others see. Without it, both end with the server"),
    row!(CHAT, "password-file", password_file, File, "FILE", "A file whose first line is a password that everybody must give who connects"),
    Row {
        name: "operator",
        owner: CHAT,
        shape: Shape::Words,
        placeholder: "NAME:HASH",
        help: "Who may run the chat from within, in an IRC client, with /oper NAME and the password \
               that HASH was made from (see `switchboard hash-password`); may be repeated. In the environment spaces \
               stand between several, because a hash has commas in it",
        quoted: true,
        set: |settings, texts| {
            settings.chat.operators = operators(texts)?;
            Ok(())
        },
        show: |settings| settings.chat.operators.iter().map(show_operator).collect(),
    },
    row!(CHAT, "lobby", chat.lobby, Named, "ROOM", "The room that everyone comes to first"),
    row!(CHAT, "irc-lobby", chat.irc_lobby, Switch, "yes|no", "Whether IRC clients come to that room when they connect, as everybody else does"),
    row!(CHAT, "room-history", chat.room_history, Count, "N", "Lines that each room remembers, in memory; 0 for none"),
    row!(CHAT, "time-zone", time_zone, Named, "ZONE", "The zone in which people are shown times: local, UTC, or a name such as Europe/Berlin"),
    row!(CHAT, "names", chat.names, Characters, "SET", "The letters that names of people have: ascii, or unicode for those of any one script, less those that look like another name"),
    row!(CHAT, "icon", chat.icon, Link, "URL", "The address of a picture for the server, for clients that show one"),
    row!(CHAT, "contact", chat.contact, Line, "TEXT", "Where to write to about the server, for those who ask it"),
    Row {
        name: "trust-proxy",
        owner: CHAT,
        shape: Shape::Many,
        placeholder: "NETWORK",
        help: "Believe what a proxy at this address, or in this network, says of where a connection \
               comes from (PROXY protocol, X-Forwarded-For); may be repeated",
        quoted: true,
        set: |settings, texts| {
            let networks = texts.iter().map(|text| Named::parse(text)).collect::<Result<_, _>>()?;
            settings.chat.trusted_proxies = networks;
            Ok(())
        },
        show: |settings| settings.chat.trusted_proxies.iter().map(Named::show).collect(),
    },
    Row {
        name: "web-origin",
        owner: CHAT,
        shape: Shape::Many,
        placeholder: "SITE",
        help: "Let pages of this site open WebSockets here, as those of this server may \
               (https://example.org); may be repeated",
        quoted: true,
        set: |settings, texts| {
            let sites = texts.iter().map(|text| Site::parse(text)).collect::<Result<_, _>>()?;
            settings.chat.web_origins = sites;
            Ok(())
        },
        show: |settings| settings.chat.web_origins.iter().map(Site::show).collect(),
    },
    row!(CHAT, "status", chat.status, Lookers, "WHO", "Who may see how the server does, at /status: loopback for this machine, anyone, or off"),
    row!(CHAT, "anonymous", chat.anonymous, Switch, "", "Relay bare lines: no names, times, commands or welcome"),
    row!(CHAT, "no-throttle", no_throttle, Switch, "", "No flood delay and no limits by address: for load tests"),

    row!(LIMIT, "max-connections", chat.limits.connections, Some1, "N", "Connections at one time; one more is told so and closed"),
    row!(LIMIT, "address-connections", chat.limits.address_connections, Some1, "N", "Connections at one time from one address (IPv6: one /64) that have come to chat; this machine is exempt"),
    row!(LIMIT, "address-visitors", chat.limits.address_visitors, Some1, "N", "Connections at one time from one address that only ask for pages, or have said nothing yet; idle ones make place"),
    row!(LIMIT, "address-new", chat.limits.address_new, Some1, "N", "New connections from one address that come to chat within --address-window; this machine is exempt"),
    row!(LIMIT, "address-window", chat.limits.address_window, Span, "TIME", "The time over which new connections are counted"),
    row!(LIMIT, "refusals", chat.limits.refusals, Some1, "N", "Refusals after which an address is refused at once, for --refusal-memory"),
    row!(LIMIT, "refusal-memory", chat.limits.refusal_memory, Span, "TIME", "How long an address that was refused too often is refused at once"),
    row!(LIMIT, "max-bans", chat.limits.bans, Some1, "N", "Bans of the server's; one more is refused"),
    row!(LIMIT, "listed-bans", chat.limits.listed_bans, Some1, "N", "Bans in one answer to STATS; the first are listed"),
    row!(LIMIT, "addresses", chat.limits.addresses, Some1, "N", "Addresses remembered for these limits"),
    row!(LIMIT, "welcome-after", chat.limits.undecided, Span, "TIME", "Silence after which a newcomer is taken for a person with nc and welcomed"),
    row!(LIMIT, "proxy-header", chat.limits.proxy_header, Span, "TIME", "How long the rest of a trusted proxy's header is waited for"),
    row!(LIMIT, "registration", chat.limits.registration, Span, "TIME", "How long an IRC client may take to say who it is, and a person to give the password"),
    row!(LIMIT, "registration-lines", chat.limits.registration_lines, Some1, "N", "Lines that an IRC client may send before it has registered"),
    row!(LIMIT, "irc-hint", chat.limits.irc_hint, Span, "TIME", "After which a person taken for an IRC client is told so"),
    row!(LIMIT, "password-tries", chat.limits.password_tries, Some1, "N", "Wrong server passwords that a person may give"),
    row!(LIMIT, "ping-after", chat.limits.ping_after, Span, "TIME", "Silence after which an IRC client is asked for a sign of life"),
    row!(LIMIT, "ping-drop", chat.limits.ping_drop, Span, "TIME", "Silence after which an IRC client is closed"),
    row!(LIMIT, "http-head", chat.limits.http_head, Span, "TIME", "How long the head of an HTTP request may take to come"),
    row!(LIMIT, "http-idle", chat.limits.http_idle, Span, "TIME", "How long another request of the same connection is waited for"),
    row!(LIMIT, "http-reader", chat.limits.http_reader, Span, "TIME", "How long who has asked may take nothing of the answer"),
    row!(LIMIT, "http-head-bytes", chat.limits.http_head_bytes, SomeBytes, "SIZE", "The head of an HTTP request; a longer one is refused"),
    row!(LIMIT, "http-headers", chat.limits.http_headers, Some1, "N", "Fields in it"),
    row!(LIMIT, "http-target-bytes", chat.limits.http_target_bytes, SomeBytes, "SIZE", "What an HTTP request asks for; a longer one is refused"),
    row!(LIMIT, "read-lines", chat.limits.read_lines, Some1, "N", "Lines on a page about a room, for browsers without script"),
    row!(LIMIT, "socket-ping", chat.limits.socket_ping, Span, "TIME", "Silence after which a WebSocket is asked for a sign of life"),
    row!(LIMIT, "socket-drop", chat.limits.socket_drop, Span, "TIME", "How much longer it may be silent then"),
    row!(LIMIT, "socket-message-bytes", chat.limits.socket_message_bytes, SomeBytes, "SIZE", "One message of a WebSocket; with a longer one it is closed"),
    row!(LIMIT, "socket-fragments", chat.limits.socket_fragments, Some1, "N", "Frames that one message may come in"),
    row!(LIMIT, "line-bytes", chat.limits.line_bytes, SomeBytes, "SIZE", "The longest line; a longer one is refused whole"),
    row!(LIMIT, "line-burst", chat.limits.lines.burst, Some1, "N", "Lines one person may say at once"),
    row!(LIMIT, "line-every", chat.limits.lines.every, Span, "TIME", "How long each takes to be allowed again; 0s for no limit. Faster lines are held, not lost"),
    row!(LIMIT, "heavy-command", chat.limits.heavy_command, Count, "N", "What /history, /who and /rooms cost, in lines"),
    row!(LIMIT, "who-burst", chat.limits.who_budget.burst, Some1, "N", "Questions of IRC clients who somebody is that cost no lines, at once"),
    row!(LIMIT, "who-every", chat.limits.who_budget.every, Span, "TIME", "How long each takes to be allowed again"),
    row!(LIMIT, "answer-looks", chat.limits.answer_looks, Some1, "N", "Members or rooms looked at in one turn of the loop for one answer to an IRC client"),
    row!(LIMIT, "history-burst", chat.limits.history_budget.burst, Some1, "N", "Questions of IRC clients for history that cost no lines, at once"),
    row!(LIMIT, "history-every", chat.limits.history_budget.every, Span, "TIME", "How long each takes to be allowed again"),
    row!(LIMIT, "operator-try-burst", chat.limits.operator_tries.burst, Some1, "N", "Tries to become a server operator, at once"),
    row!(LIMIT, "operator-try-every", chat.limits.operator_tries.every, Span, "TIME", "How long each takes to be allowed again"),
    row!(LIMIT, "name-change-burst", chat.limits.name_changes.burst, Some1, "N", "Name changes at once"),
    row!(LIMIT, "name-change-every", chat.limits.name_changes.every, Span, "TIME", "How long each takes to be allowed again; 0s for no limit"),
    row!(LIMIT, "metadata-change-burst", chat.limits.metadata_changes.burst, Some1, "N", "Changes of METADATA by one IRC client at once"),
    row!(LIMIT, "metadata-change-every", chat.limits.metadata_changes.every, Span, "TIME", "How long each takes to be allowed again; 0s for no limit"),
    row!(LIMIT, "held-bytes", chat.limits.held_bytes, SomeBytes, "SIZE", "Bytes held for a person whose lines must wait"),
    row!(LIMIT, "turn-bytes", chat.limits.turn_bytes, SomeBytes, "SIZE", "Bytes worked through in one turn of the loop"),
    row!(LIMIT, "exchange-events", chat.limits.exchange_events, Some1, "N", "What may wait for the slowest of several loops before the others take in no more lines"),
    row!(LIMIT, "exchange-bytes", chat.limits.exchange_bytes, SomeBytes, "SIZE", "The same in bytes"),
    row!(LIMIT, "mailbox-pause-bytes", chat.limits.mailbox_pause_bytes, SomeBytes, "SIZE", "Unread replies and private messages over which a person is not read from"),
    row!(LIMIT, "mailbox-close-bytes", chat.limits.mailbox_close_bytes, SomeBytes, "SIZE", "The same, over which the connection is closed"),
    row!(LIMIT, "operator-mailbox-close-bytes", chat.limits.operator_mailbox_close_bytes, SomeBytes, "SIZE", "The same for server operators"),
    row!(LIMIT, "room-log-bytes", chat.limits.room_log_bytes, SomeBytes, "SIZE", "What a room keeps for readers who are behind"),
    row!(LIMIT, "logs-bytes", chat.limits.logs_bytes, SomeBytes, "SIZE", "The same for all rooms together"),
    row!(LIMIT, "slow-readers", chat.limits.slow_readers, Slow, "POLICY", "People who are too far behind are told what they missed (tell) or closed (close); IRC clients, which would show what is not so, are always closed"),
    row!(LIMIT, "max-rooms", chat.limits.rooms, Some1, "N", "Rooms at one time"),
    row!(LIMIT, "rooms-per-member", chat.limits.rooms_per_member, Some1, "N", "Rooms one person is in"),
    row!(LIMIT, "name-bytes", chat.limits.name_bytes, Within<1, { Name::MAX_BYTES as u64 }, Count>, "N", "The length of a name"),
    row!(LIMIT, "room-name-bytes", chat.limits.room_name_bytes, Within<2, { RoomName::MAX_BYTES as u64 }, Count>, "N", "The length of a room's name with its #"),
    row!(LIMIT, "real-name-bytes", chat.limits.real_name_bytes, Within<1, 150, Count>, "N", "The length of a real name; what fits is taken"),
    row!(LIMIT, "reason-bytes", chat.limits.reason_bytes, Within<1, 320, Count>, "N", "The length of a reason for leaving, or for removing somebody; what fits is taken"),
    row!(LIMIT, "away-bytes", chat.limits.away_bytes, Within<1, 390, Count>, "N", "The length of what somebody who is away says; what fits is taken"),
    row!(LIMIT, "monitored", chat.limits.monitored, Some1, "N", "Names that one IRC client may watch"),
    row!(LIMIT, "past-members", chat.limits.past_members, Count, "N", "Members remembered after they have left or taken another name"),
    row!(LIMIT, "targets", chat.limits.targets, Within<1, 32, Count>, "N", "To whom one IRC message may go at once"),
    row!(LIMIT, "multiline-bytes", chat.limits.multiline_bytes, SomeBytes, "SIZE", "The longest IRC message of several lines; a longer one is refused whole"),
    row!(LIMIT, "multiline-lines", chat.limits.multiline_lines, Some1, "N", "The lines of one"),
    row!(LIMIT, "multiline-time", chat.limits.multiline_time, Span, "TIME", "How long a client may take to send one"),
    row!(LIMIT, "topic-bytes", chat.limits.topic_bytes, Within<1, 340, Count>, "N", "The length of what a room is about; longer ones are refused"),
    row!(LIMIT, "key-bytes", chat.limits.key_bytes, Within<1, 64, Count>, "N", "The length of a room's key"),
    row!(LIMIT, "modes", chat.limits.modes, Within<1, 12, Count>, "N", "Changes with parameters in one MODE"),
    row!(LIMIT, "room-masks", chat.limits.room_masks, Count, "N", "Masks on a room's lists of bans, exceptions and invitations together"),
    row!(LIMIT, "invitations", chat.limits.invitations, Some1, "N", "Invitations kept for one person; the oldest is forgotten"),
    row!(LIMIT, "rename-room", chat.limits.rename_room, Span, "TIME", "How long a room keeps a name at least once it has been given another"),
    row!(LIMIT, "read-markers", chat.limits.read_markers, Count, "N", "Rooms and people for which one client may say how far it has read"),
    row!(LIMIT, "metadata-keys", chat.limits.metadata_keys, Count, "N", "Keys of metadata for one person or one room"),
    row!(LIMIT, "metadata-key-bytes", chat.limits.metadata_key_bytes, Some1, "N", "The length of a key of metadata"),
    row!(LIMIT, "metadata-value-bytes", chat.limits.metadata_value_bytes, Some1, "N", "The length of its value"),
    row!(LIMIT, "metadata-subscriptions", chat.limits.metadata_subscriptions, Count, "N", "Keys that one IRC client is told of when they change"),
    row!(LIMIT, "metadata-answer-bytes", chat.limits.metadata_answer_bytes, SomeBytes, "SIZE", "What is told of the metadata of a room at one time"),
    row!(LIMIT, "announce-members", chat.limits.announce_members, Count, "N", "Members up to which a room announces joins, leaves and name changes"),
    row!(LIMIT, "who-names", chat.limits.who_names, Count, "N", "Names in one answer to /who"),
    row!(LIMIT, "listed-rooms", chat.limits.listed_rooms, Count, "N", "Rooms in one answer to /rooms"),
    row!(LIMIT, "history-lines", chat.limits.history_lines, Count, "N", "Lines in one answer to /history"),
    row!(LIMIT, "history-answer-bytes", chat.limits.history_answer_bytes, SomeBytes, "SIZE", "Bytes in one answer to /history"),
    row!(LIMIT, "history-batch-bytes", chat.limits.history_batch_bytes, SomeBytes, "SIZE", "Bytes in one answer to CHATHISTORY, of an IRC client"),
    row!(LIMIT, "replay-lines", chat.limits.replay_lines, Count, "N", "Lines of history shown to someone who joins"),
    row!(LIMIT, "web-members", chat.limits.web_members, Count, "N", "Members of one room told to a browser"),
    row!(LIMIT, "web-replay-lines", chat.limits.web_replay_lines, Some1, "N", "What was said, shown to a browser that comes into a room"),
    row!(LIMIT, "web-history-lines", chat.limits.web_history_lines, Some1, "N", "The same when it asks for more"),
    row!(LIMIT, "web-found-lines", chat.limits.web_found_lines, Some1, "N", "Messages that a browser's search finds at a time"),
    row!(LIMIT, "web-search-bytes", chat.limits.web_search_bytes, SomeBytes, "SIZE", "Text that it looks through at a time"),
    row!(LIMIT, "resume", chat.limits.resume, Span, "TIME", "How long a browser that was cut off can come back as who it was"),
    row!(LIMIT, "resumable", chat.limits.resumable, Count, "N", "Of how many that is kept"),
    row!(LIMIT, "resumable-says", chat.limits.resumable_says, Some1, "N", "Of how many things that each has said it is kept that they were"),
    row!(LIMIT, "history-room-bytes", chat.limits.history_room_bytes, SomeBytes, "SIZE", "Memory for one room's history"),
    row!(LIMIT, "histories-bytes", chat.limits.histories_bytes, SomeBytes, "SIZE", "The same for all rooms together"),

    row!(ECHO, "upper", echo.upper, Switch, "", "Answer in upper case"),
    row!(ECHO, "suffix", echo.suffix, Text, "TEXT", "Put TEXT after each answer"),
    row!(ECHO, "reply", echo.reply, Text, "TEXT", "Answer with TEXT, whatever came"),
    row!(ECHO, "drop-on-urgent", echo.drop_on_urgent, Switch, "", "Drop a connection that sends TCP urgent data, with what is queued for it"),
    row!(ECHO, "exit-when-idle", echo.exit_when_idle, OrOff<Span>, "TIME", "Say \"Time out!\" and stop when nothing at all has happened for so long"),

    row!(HELLO, "body", hello.body, Text, "TEXT", "What is answered to every GET; empty for \"Hello, world!\""),
    row!(HELLO, "file", hello.file, File, "FILE", "Answer with this file, read once at the start"),
    row!(HELLO, "content-type", hello.content_type, Text, "TYPE", "What the answer is"),

    row!(SINK, "idle", sink.idle, Span, "TIME", "How long to wait before saying \"no data coming\""),
];

/// Where to listen: at least somewhere, and nowhere twice.
fn places(texts: &[String]) -> Result<Vec<ListenAt>, String> {
    let mut places: Vec<ListenAt> = Vec::new();
    for text in texts {
        let place: ListenAt = text.parse()?;
        if let Some(same) = places.iter().find(|one| one.is_same_place(&place)) {
            return Err(format!("{same} and {place} are the same place; leave one of them out"));
        }
        places.push(place);
    }
    if places.is_empty() { Err("at least one address is wanted".into()) } else { Ok(places) }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is neither text nor json")),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// What is logged: this and everything graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogLevel(pub(crate) LevelFilter);

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(LevelFilter::OFF),
            "error" => Ok(LevelFilter::ERROR),
            "warn" => Ok(LevelFilter::WARN),
            "info" => Ok(LevelFilter::INFO),
            "debug" => Ok(LevelFilter::DEBUG),
            "trace" => Ok(LevelFilter::TRACE),
            _ => Err(format!("{text:?} is not one of off, error, warn, info, debug, trace")),
        }
        .map(Self)
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A time zone by its name; `local` is the machine's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ZoneName {
    pub(crate) name: String,
    pub(crate) zone: TimeZone,
}

impl ZoneName {
    /// The machine's zone; where it says none, UTC.
    fn local() -> Self {
        Self { name: "local".into(), zone: TimeZone::try_system().unwrap_or(TimeZone::UTC) }
    }
}

impl FromStr for ZoneName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let zone = match name {
            "local" => return Ok(Self::local()),
            "UTC" | "utc" => TimeZone::UTC,
            _ => TimeZone::get(name).map_err(|error| {
                format!("{error}; say local, UTC or a name such as Europe/Berlin")
            })?,
        };
        Ok(Self { name: name.into(), zone })
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_made_for_flags() {
        let mut names: Vec<&str> = TABLE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for name in names {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        }
    }

    #[test]
    fn every_default_can_be_written_down_and_read_back() {
        for command in CommandName::ALL {
            let mut settings = Settings::new(command);
            for row in rows(command) {
                let shown = (row.show)(&settings);
                (row.set)(&mut settings, &shown).unwrap_or_else(|e| panic!("{}: {e}", row.name));
                assert_eq!((row.show)(&settings), shown, "{}", row.name);
            }
        }
    }

    #[test]
    fn every_bound_of_the_chat_can_be_set() {
        // A field that no row sets would keep its default whatever is asked for.
        let mut settings = Settings::new(CommandName::Chat);
        let fields = format!("{:#?}", settings.chat.limits).matches(": ").count();
        let rate_headings = 6;
        let before = format!("{:?}", settings.chat.limits);
        let mut setting = 0;
        for row in rows(CommandName::Chat) {
            let texts = if row.name == "slow-readers" {
                ["close".to_owned()]
            } else if row.placeholder == "TIME" {
                ["77s".to_owned()]
            } else {
                ["11".to_owned()]
            };
            let mut one = Settings::new(CommandName::Chat);
            if (row.set)(&mut one, &texts).is_ok() {
                setting += usize::from(format!("{:?}", one.chat.limits) != before);
            }
            let _ = (row.set)(&mut settings, &texts);
        }
        assert_eq!(setting, fields - rate_headings, "{:#?}", settings.chat.limits);
    }
}
