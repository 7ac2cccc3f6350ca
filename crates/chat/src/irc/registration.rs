//! From a connection to a member: what a client must say first, and what it is welcomed with.
//!
//! Invariant: nobody is a member before it has a name and a user, and has ended the negotiation of
//! capabilities if it began one.

use std::sync::Arc;

use service::{Key, Time};
use wire::irc::Line;
use wire::name::Name;

use super::capability::Capability;
use super::command::list::ELIST;
use super::numeric::*;
use super::reply::Replies;
use crate::Settings;
use crate::event::Event;
use crate::person::Identity;
use crate::person::modes::UserMode;
use crate::room::masks::List;
use crate::room::modes::{Flag, Rank};
use crate::session::Stage;
use crate::switchboard::Switchboard;

/// What a client has said of itself so far.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    pub(crate) name: Option<Name>,
    pub(crate) user: Option<Box<str>>,
    pub(crate) real_name: Box<str>,
    pub(crate) password: Option<Box<str>>,
    /// Why it will not answer (`draft/pre-away`).
    pub(crate) away: Option<Arc<str>>,
    pub(crate) negotiation: Negotiation,
    /// Since when it may register.
    pub(crate) since: Time,
    /// By which word it was taken for an IRC client; `None` where nothing else is spoken.
    pub(super) began: Option<Box<str>>,
    pub(crate) hint: Hint,
    /// Lines it has sent.
    pub(super) lines: u32,
}

/// Whether somebody who was taken for a client, and does not register, is told so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hint {
    #[default]
    Due,
    /// It has been told, or has done what no person does.
    Unneeded,
}

/// Whether capabilities are being negotiated, which holds registration up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Negotiation {
    #[default]
    None,
    Open,
}

/// The longest user name shown, in bytes, with its `~`.
const USER_BYTES: usize = 10;

impl Registration {
    pub(super) fn new(now: Time, began: Option<Box<str>>) -> Self {
        Self { since: now, began, ..Self::default() }
    }
}

impl Switchboard {
    /// Makes a member of `key` if it has said all that it must.
    pub(super) fn register(&mut self, key: Key) {
        let Some(registration) = self.client(key).and_then(|client| client.registration.as_ref())
        else {
            return;
        };
        let (Some(name), Some(user)) = (registration.name, registration.user.as_ref()) else {
            return;
        };
        if registration.negotiation == Negotiation::Open {
            return;
        }
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let user: String = user.chars().filter(allowed).take(USER_BYTES - 1).collect();
        let identity = Identity {
            user: format!("~{}", if user.is_empty() { "user" } else { &user }).into(),
            host: self.host_of(key),
            real_name: registration.real_name.clone(),
            ip: self.sessions.get(key).and_then(|session| session.ip),
            account: None,
        };
        let given = registration.password.as_deref().unwrap_or("");
        if let Some(right) = &self.settings.password
            && !self.cloaks.is_same(given, right)
        {
            self.note_refusal(key);
            self.reply(key, |to| {
                to.numeric(ERR_PASSWDMISMATCH).trailing("Password incorrect").end();
            });
            return self.refuse_saying(key, "Password incorrect");
        }
        let (identity, away) = (Arc::new(identity), registration.away.clone());
        self.propose(Event::Arrived { member: key, name: Some(name), identity, away });
    }

    /// `key` has begun like a client and does not go on: if that is a person, it is told what has
    /// happened.
    pub(crate) fn hint(&mut self, key: Key) {
        let Some(registration) = self.client_mut(key).and_then(|c| c.registration.as_mut()) else {
            return;
        };
        registration.hint = Hint::Unneeded;
        let because = match &registration.began {
            Some(word) => format!("because it began with \"{word}\""),
            None => "as all do at this port".into(),
        };
        let what_to_do = match registration.began {
            Some(_) => "Connect again and press Return first, or wait to be welcomed",
            None => "Connect to the port for people",
        };
        self.reply(key, |to| {
            to.notice(format_args!(
                "*** This connection speaks IRC, {because}. A person? {what_to_do}."
            ));
        });
    }

    /// `key` is a member now: it is welcomed, and comes to the lobby.
    pub(super) fn welcome(&mut self, key: Key) {
        if let Some(client) = self.client_mut(key) {
            client.registration = None;
        }
        if let Some(session) = self.sessions.get_mut(key) {
            session.stage = Stage::Member;
        }
        let Ok(person) = self.state.person(key).cloned() else {
            return;
        };
        let settings = Arc::clone(&self.settings);
        self.reply(key, |to| {
            let server = to.scene.server.clone();
            to.numeric(RPL_WELCOME)
                .trailing(format_args!("Welcome to {}, {}", settings.name, person.mask()))
                .end();
            to.numeric(RPL_YOURHOST)
                .trailing(format_args!("Your host is {server}, running {VERSION}"))
                .end();
            to.numeric(RPL_CREATED)
                .trailing("People with nc, telnet and IRC clients meet here")
                .end();
            let user_modes = user_mode_letters();
            let (all, with_parameter) = room_mode_letters();
            to.numeric(RPL_MYINFO)
                .param(&server)
                .param(VERSION)
                .param(user_modes)
                .param(all)
                .param(with_parameter)
                .end();
        });
        write_isupport(self, key);
        super::command::server::write_lusers(self, key);
        self.write_own_metadata(key);
        super::command::server::write_motd(self, key);
        if settings.irc_lobby {
            let room = settings.lobby.clone();
            self.propose(Event::Joined { member: key, room, key: None });
        }
    }
}

/// What the program is called to clients.
pub(super) const VERSION: &str = concat!("switchboard-", env!("CARGO_PKG_VERSION"));

/// The letters of user modes.
fn user_mode_letters() -> String {
    UserMode::ALL.iter().map(|(letter, _)| *letter).collect()
}

/// The letters of all modes of rooms, and of those that take a parameter.
fn room_mode_letters() -> (String, String) {
    let lists = List::ALL.iter().map(|(letter, _)| *letter);
    let ranks = Rank::ALL.iter().map(|(letter, ..)| *letter);
    let flags = Flag::ALL.iter().map(|(letter, _)| *letter);
    let with: String = lists.chain(ranks).chain("fkl".chars()).collect();
    (flags.chain(with.chars()).collect(), with)
}

/// What the network is called: a word.
fn network(name: &str) -> String {
    let word: String = name.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    if word.is_empty() { "Switchboard".into() } else { word }
}

/// What the server supports (005), at most 13 to a line; in a batch for those who want it so
/// (`draft/extended-isupport`).
pub(super) fn write_isupport(chat: &mut Switchboard, key: Key) {
    let tokens = tokens(&chat.settings);
    let has = |capability| chat.has(key, capability);
    let batch =
        (has(Capability::Batch) && has(Capability::ExtendedIsupport)).then(|| chat.next_batch());
    chat.reply(key, |to| {
        if let Some(batch) = &batch {
            let line = to.server("BATCH").param(format_args!("+{batch}"));
            line.param("draft/isupport").end();
        }
        let (server, me) = (to.scene.server.clone(), to.me);
        for tokens in tokens.chunks(13) {
            let line = Line::new(to.out);
            let line = match &batch {
                Some(batch) => line.tag("batch", batch),
                None => line,
            };
            let line = line.source(&server).numeric(RPL_ISUPPORT).param(me);
            let line = tokens.iter().fold(line, |line, token| line.param(token));
            line.trailing("are supported by this server").end();
        }
        if let Some(batch) = &batch {
            to.server("BATCH").param(format_args!("-{batch}")).end();
        }
    });
}

/// The tokens of 005, each true to what is there.
fn tokens(settings: &Settings) -> Vec<String> {
    let (limits, network) = (&settings.limits, network(&settings.name));
    let lists: String = List::ALL.iter().map(|(letter, _)| *letter).collect();
    let flags: String = Flag::ALL.iter().map(|(letter, _)| *letter).collect();
    let letters: String = Rank::ALL.iter().map(|(letter, ..)| *letter).collect();
    let signs: String = Rank::ALL.iter().map(|(_, sign, _)| *sign).collect();
    let mut tokens = vec![
        format!("AWAYLEN={}", limits.away_bytes),
        "BOT=B".into(),
        "CASEMAPPING=ascii".into(),
        format!("CHANLIMIT=#:{}", limits.rooms_per_member),
        format!("CHANMODES={lists},k,fl,{flags}"),
        format!("CHANNELLEN={}", limits.room_name_bytes),
        "CHANTYPES=#".into(),
        format!("CHATHISTORY={}", limits.history_lines),
        format!("ELIST={ELIST}"),
        format!("MONITOR={}", limits.monitored),
        "MSGREFTYPES=msgid,timestamp".into(),
        format!("EXCEPTS={}", List::Except.letter()),
        "EXTBAN=,m".into(),
        format!("INVEX={}", List::Invite.letter()),
        format!("KEYLEN={}", limits.key_bytes),
        format!("KICKLEN={}", limits.reason_bytes),
        format!("MAXLIST={lists}:{}", limits.room_masks),
        format!("MODES={}", limits.modes),
        format!("NAMELEN={}", limits.real_name_bytes),
        format!("NETWORK={network}"),
        format!("NICKLEN={}", limits.name_bytes),
        format!("PREFIX=({letters}){signs}"),
        "SAFELIST".into(),
        format!("STATUSMSG={signs}"),
        format!(
            "TARGMAX=JOIN:,KICK:{0},NAMES:1,NOTICE:{0},PART:,PRIVMSG:{0},TAGMSG:{0},WHOIS:{0}",
            limits.targets
        ),
        format!("TOPICLEN={}", limits.topic_bytes),
        format!("USERLEN={USER_BYTES}"),
        "UTF8ONLY".into(),
        "WHOX".into(),
    ];
    if !settings.icon.is_empty() {
        // A value ends at a space, and in it another `=` would be taken for the first.
        let icon = settings.icon.replace(' ', "\\x20").replace('=', "\\x3D");
        tokens.push(format!("draft/ICON={icon}"));
    }
    tokens.sort_unstable();
    tokens
}

/// Whether `client` wants the names of rooms with all their signs.
pub(super) fn all_signs(to: &Replies<'_>) -> bool {
    to.capabilities.has(Capability::MultiPrefix)
}
