//! Every bound of the chat, in one place, each with its reason and with what happens when it is
//! met.
//!
//! Invariant: nothing a peer does, or fails to do, makes the server hold more than stands here.
//! Two bounds are types rather than settings: names of people have at most
//! [`Name::MAX_BYTES`](wire::name::Name::MAX_BYTES), of rooms
//! [`RoomName::MAX_BYTES`](wire::name::RoomName::MAX_BYTES). One more is telnet's:
//! [`Telnet::SUBNEGOTIATION_BYTES`](wire::telnet::Telnet::SUBNEGOTIATION_BYTES).

use std::time::Duration;

/// All bounds, settable. [`Limits::default`] suits a public server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time, 65,536. Descriptors are the engine's to bound; this is for memory.
    /// Met: the newcomer is told so as soon as it is known what it speaks (a browser: 503), and is
    /// closed; 64 such (`REFUSED_HEARD`) may be there at a time.
    pub connections: usize,
    /// Connections at one time from one address (IPv6: one /64) that have come to chat, 16: a household
    /// or a small office. Loopback and Unix sockets are exempt. Met: as above (a browser: 429, and its
    /// page tries again).
    pub address_connections: u32,
    /// Connections at one time from one address that have not come to chat, 128: browsers open six for
    /// a page, and keep them for a while. Who has said nothing yet is one of them. Met: of those that
    /// wait for another request, the one that has waited longest is closed to make place; if this loop
    /// has none, as above.
    pub address_visitors: u32,
    /// New connections that come to chat from one address within [`Limits::address_window`], 32: someone
    /// who reconnects over and over. Loopback and Unix sockets are exempt. Met: as of
    /// [`Limits::address_connections`].
    pub address_new: u32,
    /// The time over which new connections are counted, 10 minutes.
    pub address_window: Duration,
    /// Refusals after which an address is refused without looking further, 3: it had one connection
    /// too many, is banned, or did not know the password. Met: for [`Limits::refusal_memory`].
    pub refusals: u32,
    /// For how long, 5 minutes.
    pub refusal_memory: Duration,
    /// Bans of the server's, 10,000. Met: one more is refused.
    pub bans: usize,
    /// Bans in one answer to STATS, 1,000. Met: the first are listed, and how many there are.
    pub listed_bans: usize,
    /// Addresses remembered, 65,536. Met: the oldest without a connection is forgotten.
    pub addresses: usize,

    /// How long a peer may stay silent before it is taken for a person with `nc`, 1 s: IRC
    /// clients, browsers and TLS speak first. Met: it is welcomed in the plain dialect.
    pub undecided: Duration,
    /// How long the rest of a trusted proxy's header is waited for, 5 s. Met: closed.
    pub proxy_header: Duration,
    /// How long an IRC client may take to say who it is, and a person to give the password, 30 s.
    /// Met: told so and closed.
    pub registration: Duration,
    /// Lines that an IRC client may send before it has registered, 100: what a client says then is
    /// not slowed down. Met: told so and closed.
    pub registration_lines: u32,
    /// Who began like an IRC client and has not registered by then is told what it is taken for, 5 s:
    /// it may be a person.
    pub irc_hint: Duration,
    /// Wrong passwords that a person may give, 3. Met: closed.
    pub password_tries: u32,
    /// Silence after which an IRC client is asked for a sign of life, 90 s. People are not asked:
    /// it would stand in their text.
    pub ping_after: Duration,
    /// Silence after which it is taken to be gone, 150 s. Met: closed.
    pub ping_drop: Duration,
    /// How long the head of a request may take to come whole, 10 s. Met: 408, and closed.
    pub http_head: Duration,
    /// How long another request of the same connection is waited for, 15 s: as long as a page goes on
    /// asking for its parts. Met: closed.
    pub http_idle: Duration,
    /// How long a peer may take nothing of an answer, 30 s. Met: closed.
    pub http_reader: Duration,
    /// The head of a request, 16 KiB: browsers with many cookies send half of that. Met: 431, and closed.
    pub http_head_bytes: usize,
    /// Fields in it, 64. Met: as above.
    pub http_headers: usize,
    /// What a request asks for, 2,048 bytes. Met: 414, and closed.
    pub http_target_bytes: usize,
    /// Lines on a page about a room, 100.
    pub read_lines: usize,
    /// Silence after which a WebSocket is asked for a sign of life, 30 s: less than proxies on the way
    /// wait, and browsers answer by themselves.
    pub socket_ping: Duration,
    /// How much longer it may be silent then, 30 s. Met: closed.
    pub socket_drop: Duration,
    /// One message of a WebSocket, 16 KiB. Met: closed (1009). What it has in it is a line, with its
    /// own bound.
    pub socket_message_bytes: u32,
    /// The frames that one message may come in, 16. Met: closed (1008).
    pub socket_fragments: u16,
    /// A line in the plain dialect, 4,096 bytes. Met: the line is refused whole, its author told.
    pub line_bytes: usize,
    /// What one person may say: bursts of 8 lines, 2 lines a second after that. Met: lines are
    /// held until their time has come, the author is told once, and is read no further meanwhile.
    pub lines: Rate,
    /// What `/history`, `/who` and `/rooms` cost, in lines, 2: their answers are long. The same for what
    /// an IRC client says to those of a rank in a room: each of them gets a copy.
    pub heavy_command: u32,
    /// What an IRC client may ask who is who (WHO, WHOIS) before that counts as a heavy command, 4 and
    /// one in 2 s: clients ask for each room that they join. A WHO with a mask counts as one besides,
    /// in any case.
    pub who_budget: Rate,
    /// Members or rooms that are looked at in one turn for one answer to an IRC client (WHO, NAMES,
    /// LIST), 1,000, which takes less than a millisecond. Met: the answer goes on in the next turn.
    pub answer_looks: usize,
    /// The same for history, 16 and one in a second: clients page through many rooms when they come
    /// back.
    pub history_budget: Rate,
    /// Tries to become a server operator, 1 in 10 s. Met: refused (263).
    pub operator_tries: Rate,
    /// Name changes, 5 and then one in 4 s: each is announced to whole rooms. Met: refused.
    pub name_changes: Rate,
    /// Changes of METADATA by one client, 8 and then one in 2 s: each is told to all who share a room
    /// with it. Met: refused (`RATE_LIMITED`), with the time to wait.
    pub metadata_changes: Rate,
    /// Bytes held for one connection that may not be read now, 80 KiB: 20 of the longest lines, and
    /// more than an engine has in its hands when it is told to pause. Met: what does not fit is
    /// passed over up to a line's end, and the author is told how much.
    pub held_bytes: usize,
    /// Bytes worked through in one turn, 256 KiB, so that a turn stays short and a room's log does
    /// not outgrow its readers within one. Met: the rest waits for the next turn.
    pub turn_bytes: usize,
    /// Events that wait for the slowest of a server's loops, 65,536. Met: the others take in no more
    /// lines, and do nothing that is due by the clock, until it has taken them.
    pub exchange_events: usize,
    /// The same in bytes, 16 MiB: as much as 64 turns bring.
    pub exchange_bytes: usize,

    /// Replies and private messages that wait for one reader, 64 KiB. Met: it is not read from
    /// until it has read: who does not read does not command.
    pub mailbox_pause_bytes: usize,
    /// The same, 256 KiB. Met: the reader is told that it was too slow, and closed.
    pub mailbox_close_bytes: usize,
    /// The same for server operators, who are told and who ask for more, 1 MiB.
    pub operator_mailbox_close_bytes: usize,
    /// What a room keeps for readers that are behind, 1 MiB: some seconds of a very busy room. Met:
    /// [`Limits::slow_readers`].
    pub room_log_bytes: usize,
    /// The same for all rooms together, 64 MiB. Met: rooms keep an even share.
    pub logs_bytes: usize,
    /// What happens to a reader that fell off the end of a room's log. An IRC client is always
    /// closed: it would show what is not so.
    pub slow_readers: SlowReaders,

    /// Rooms at one time, 10,000. An empty room goes. Met: joining a new one is refused.
    pub rooms: usize,
    /// Rooms one person is in, 100. Met: joining one more is refused.
    pub rooms_per_member: usize,
    /// The length of a name, 32 bytes. Met: refused.
    pub name_bytes: usize,
    /// The length of a room's name with its `#`, 64 bytes. Met: refused.
    pub room_name_bytes: usize,
    /// What an IRC client says its user's name is, 150 bytes. Met: what fits is taken.
    pub real_name_bytes: usize,
    /// What somebody who is away says, 390 bytes. Met: what fits is taken, which those who read it
    /// see to be a beginning.
    pub away_bytes: usize,
    /// Names that one IRC client may watch (MONITOR), 100: a list of friends. Met: those that
    /// follow are refused (734).
    pub monitored: usize,
    /// Members remembered after they have left or taken another name (WHOWAS), 1,000. Met: the
    /// oldest are forgotten.
    pub past_members: usize,
    /// A reason: for leaving, for removing somebody, 320 bytes. Met: what fits is taken, which those
    /// who read it see to be a beginning.
    pub reason_bytes: usize,
    /// What a room is about, 340 bytes: what fits a line with the longest names. Met: refused.
    pub topic_bytes: usize,
    /// A room's key, 32 bytes. Met: refused (696).
    pub key_bytes: usize,
    /// Changes with parameters in one `MODE`, 12: what fits a message. Met: those that follow are not
    /// made, and whoever asked is told so.
    pub modes: usize,
    /// Masks on a room's three lists together, 100: each is looked at for every line of those without
    /// a voice. Met: refused (478).
    pub room_masks: usize,
    /// Invitations kept for one person, 20. Met: the oldest is forgotten.
    pub invitations: usize,
    /// How long a room keeps a name at least once it has been given another, 60 s: clients that do
    /// not know of it leave and join again. Met: refused.
    pub rename_room: Duration,
    /// To whom one IRC message may go at once, 4. Each counts as a line against flooding. Met: those
    /// that follow are refused (407).
    pub targets: usize,
    /// One IRC message of several lines, in bytes, 4,096: as much as a line in the plain dialect may
    /// have. Met: it is refused whole, its author told.
    pub multiline_bytes: usize,
    /// The lines of one, 100. Each counts as a line against flooding. Met: as above.
    pub multiline_lines: usize,
    /// How long a client may take to send one, 2 minutes, which is more than it takes when its lines
    /// are held back. Looked at when more of it comes. Met: as above.
    pub multiline_time: Duration,
    /// Rooms and people for which one client may say how far it has read, 200. Met: refused.
    pub read_markers: usize,
    /// Keys of metadata for one member or one room, 16. Met: refused, its author told.
    pub metadata_keys: usize,
    /// The length of such a key, 32 bytes. Met: it is none.
    pub metadata_key_bytes: usize,
    /// The length of its value, 300 bytes: so that with the longest names it fits a line. Met: as
    /// [`Limits::metadata_keys`].
    pub metadata_value_bytes: usize,
    /// Keys that one IRC client is told of when they change, 50. Met: as above.
    pub metadata_subscriptions: usize,
    /// What is told of a room and all in it at one time, 64 KiB. Met: the rest is not told; it can
    /// be asked for one by one.
    pub metadata_answer_bytes: usize,
    /// Members up to which a room announces joins, leaves and name changes, 100: the cost of
    /// announcing to all that each has come is the square of their number, and nobody reads it.
    /// Met: they are not announced.
    pub announce_members: usize,
    /// Names in one answer to `/who`, 200. Met: the rest is counted.
    pub who_names: usize,
    /// Rooms in one answer to `/rooms`, 100. Met: the largest are listed, the rest is counted.
    pub listed_rooms: usize,

    /// Lines in one answer to `/history` and `CHATHISTORY`, 1,000. Met: that many.
    pub history_lines: usize,
    /// Bytes in one answer to `/history`, 48 KiB, which leaves the mailbox room. Met: the latest
    /// lines that fit.
    pub history_answer_bytes: usize,
    /// Bytes in one answer to `CHATHISTORY`, 128 KiB: what clients ask for at a time fits, and it
    /// is half of what a mailbox may hold, of which it takes no more. Met: those that matter most to
    /// who asked; clients go on from there.
    pub history_batch_bytes: usize,
    /// Lines shown to someone who joins, 10: enough to see what is being talked about.
    pub replay_lines: usize,
    /// Members told to a client of `switchboard.v1` of one room, 1,000. Met: the rest is counted.
    pub web_members: usize,
    /// What was said, told to one who comes into a room, 50 messages: a screen. Met: the latest; the
    /// client asks for more.
    pub web_replay_lines: usize,
    /// Messages in one page of history for such a client, 100. Met: that many.
    pub web_history_lines: usize,
    /// Messages found at a time, 50. Met: the latest; the client asks for more.
    pub web_found_lines: usize,
    /// Text looked through at a time, 256 KiB, which takes less than a millisecond. Met: as above.
    pub web_search_bytes: usize,
    /// How long it is kept for a client whose connection has ended who it was, 10 minutes. Met:
    /// forgotten: it comes back as somebody new.
    pub resume: Duration,
    /// Of how many clients without a connection, 10,000. Met: the first to go is forgotten.
    pub resumable: usize,
    /// Of the last so many things that a client has said it is remembered which they were, 64: more
    /// than wait for an answer at a time. Met: what came before them counts as said.
    pub resumable_says: usize,
    /// What was said, kept in memory for one room, 1 MiB, and a quarter of that for comings and
    /// goings. Met: the oldest go.
    pub history_room_bytes: usize,
    /// The same for all rooms together, 64 MiB. Met: rooms keep an even share.
    pub histories_bytes: usize,
}

/// Connections beyond [`Limits::connections`], or beyond [`Limits::address_visitors`], that are heard
/// before they are refused, so that each is told in its own language, 64. Met: those beyond that are told
/// at once, in a line.
pub(crate) const REFUSED_HEARD: usize = 64;

/// How often something may be done: a burst at once, then once in a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once, after a long enough rest. At least 1.
    pub burst: u32,
    /// How long each takes to be allowed again. Zero: no limit.
    pub every: Duration,
}

impl Rate {
    /// As often as one likes.
    pub const UNLIMITED: Self = Self { burst: 1, every: Duration::ZERO };
}

/// What happens to a reader whose connection is so slow that a room no longer keeps what it has
/// not had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlowReaders {
    /// It is told how many lines it missed, and goes on with what is still kept.
    #[default]
    Tell,
    /// It is told why, and closed.
    Close,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 65_536,
            address_connections: 16,
            address_visitors: 128,
            address_new: 32,
            address_window: Duration::from_secs(600),
            refusals: 3,
            refusal_memory: Duration::from_secs(300),
            bans: 10_000,
            listed_bans: 1000,
            addresses: 65_536,
            undecided: Duration::from_secs(1),
            proxy_header: Duration::from_secs(5),
            registration: Duration::from_secs(30),
            registration_lines: 100,
            irc_hint: Duration::from_secs(5),
            password_tries: 3,
            ping_after: Duration::from_secs(90),
            ping_drop: Duration::from_secs(150),
            http_head: Duration::from_secs(10),
            http_idle: Duration::from_secs(15),
            http_reader: Duration::from_secs(30),
            http_head_bytes: 16 * 1024,
            http_headers: 64,
            http_target_bytes: 2048,
            read_lines: 100,
            socket_ping: Duration::from_secs(30),
            socket_drop: Duration::from_secs(30),
            socket_message_bytes: 16 * 1024,
            socket_fragments: 16,
            line_bytes: 4096,
            lines: Rate { burst: 8, every: Duration::from_millis(500) },
            heavy_command: 2,
            who_budget: Rate { burst: 4, every: Duration::from_secs(2) },
            answer_looks: 1000,
            history_budget: Rate { burst: 16, every: Duration::from_secs(1) },
            operator_tries: Rate { burst: 1, every: Duration::from_secs(10) },
            name_changes: Rate { burst: 5, every: Duration::from_secs(4) },
            metadata_changes: Rate { burst: 8, every: Duration::from_secs(2) },
            held_bytes: 80 * 1024,
            turn_bytes: 256 * 1024,
            exchange_events: 65_536,
            exchange_bytes: 16 * 1024 * 1024,
            mailbox_pause_bytes: 64 * 1024,
            mailbox_close_bytes: 256 * 1024,
            operator_mailbox_close_bytes: 1024 * 1024,
            room_log_bytes: 1024 * 1024,
            logs_bytes: 64 * 1024 * 1024,
            slow_readers: SlowReaders::Tell,
            rooms: 10_000,
            rooms_per_member: 100,
            name_bytes: 32,
            room_name_bytes: 64,
            real_name_bytes: 150,
            away_bytes: 390,
            monitored: 100,
            past_members: 1000,
            reason_bytes: 320,
            topic_bytes: 340,
            key_bytes: 32,
            modes: 12,
            room_masks: 100,
            invitations: 20,
            rename_room: Duration::from_secs(60),
            targets: 4,
            multiline_bytes: 4096,
            multiline_lines: 100,
            multiline_time: Duration::from_secs(120),
            read_markers: 200,
            metadata_keys: 16,
            metadata_key_bytes: 32,
            metadata_value_bytes: 300,
            metadata_subscriptions: 50,
            metadata_answer_bytes: 64 * 1024,
            announce_members: 100,
            who_names: 200,
            listed_rooms: 100,
            history_lines: 1000,
            history_answer_bytes: 48 * 1024,
            history_batch_bytes: 128 * 1024,
            replay_lines: 10,
            web_members: 1000,
            web_replay_lines: 50,
            web_history_lines: 100,
            web_found_lines: 50,
            web_search_bytes: 256 * 1024,
            resume: Duration::from_secs(600),
            resumable: 10_000,
            resumable_says: 64,
            history_room_bytes: 1024 * 1024,
            histories_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// The same without flood delay and without limits by address: for load tests, where one
    /// machine plays thousands of people.
    #[must_use]
    pub fn unthrottled(self) -> Self {
        Self {
            address_connections: u32::MAX,
            address_visitors: u32::MAX,
            address_new: u32::MAX,
            refusals: u32::MAX,
            lines: Rate::UNLIMITED,
            name_changes: Rate::UNLIMITED,
            metadata_changes: Rate::UNLIMITED,
            ..self
        }
    }
}
