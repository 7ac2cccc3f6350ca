//! WHO and WHOX: who is there, one line for each.

use service::Key;
use wire::irc::{Message, pieces};
use wire::mask;
use wire::name::Name;

use crate::event::{MemberId, RoomId};
use crate::irc::numeric::*;
use crate::irc::pending::{Answer, Looks, Progress, Step, Walk};
use crate::irc::registration::all_signs;
use crate::irc::reply::Replies;
use crate::person::PersonKind;
use crate::person::modes::UserMode;
use crate::state::Member;
use crate::switchboard::Switchboard;

/// `WHO [mask [[o][%fields[,token]]]]`
pub(in crate::irc) fn who(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    let wanted = message.param(0).unwrap_or("");
    let options = message.param(1).unwrap_or("");
    let (flags, fields) = match options.split_once('%') {
        Some((flags, fields)) => (flags, Some(Fields::parse(fields))),
        None => (options, None),
    };
    let room = chat.room_named(key, wanted);
    let exactly = Name::parse(wanted).ok().and_then(|name| chat.state.find(&name));
    let (walk, whom) = match (room, exactly) {
        (Some(room), _) => (Walk::room(&chat.state, room), Whom::In(room)),
        // Who knows the name finds its bearer.
        (None, Some(member)) => (Walk::one(member), Whom::Named),
        (None, None) if wanted.starts_with('#') => (Walk::nobody(), Whom::Named),
        (None, None) => {
            // Clients do not ask so by themselves, and everybody is looked at.
            chat.charge(key, chat.settings.limits.heavy_command);
            // In the days of RFC 1459 a zero stood for everybody.
            let all = matches!(wanted, "" | "0" | "*");
            let mask = if all { "*" } else { wanted };
            (Walk::everybody(), Whom::Like(mask.into()))
        }
    };
    let asked: Box<str> = if wanted.is_empty() { "*".into() } else { wanted.into() };
    let operators_only = flags.contains('o');
    let who = Who { walk, whom, asked, operators_only, fields };
    chat.answer_at_length(key, Answer::Who(Box::new(who)));
}

/// The answer to one WHO, to be written.
#[derive(Debug)]
pub(in crate::irc) struct Who {
    walk: Walk,
    whom: Whom,
    /// What was asked for, as it was written.
    asked: Box<str>,
    operators_only: bool,
    /// What is told of each; `None`: what RFC 1459 says.
    fields: Option<Fields>,
}

/// Whom to tell of, among those that are met.
#[derive(Debug)]
enum Whom {
    In(RoomId),
    /// Whoever it is.
    Named,
    /// Those of whom something is like this mask.
    Like(Box<str>),
}

/// What is told of each (WHOX).
#[derive(Debug)]
struct Fields {
    letters: Box<str>,
    token: Box<str>,
}

impl Fields {
    fn parse(text: &str) -> Self {
        let (letters, token) = text.split_once(',').unwrap_or((text, ""));
        let is_token =
            (1..=3).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_digit());
        let token = if is_token { token } else { "0" };
        Self { letters: letters.into(), token: token.into() }
    }

    fn has(&self, letter: char) -> bool {
        self.letters.contains(letter)
    }
}

impl Who {
    pub(in crate::irc) fn write(
        &mut self,
        chat: &Switchboard,
        key: Key,
        most: usize,
        looks: &mut Looks,
        to: &mut Replies<'_>,
    ) -> Progress {
        while to.out.len() < most {
            let id = match self.walk.next(&chat.state, looks) {
                Step::To(id) => id,
                Step::Later => return Progress::Later,
                Step::End => {
                    let line = to.numeric(RPL_ENDOFWHO).param(&self.asked);
                    line.trailing("End of WHO list").end();
                    return Progress::Done;
                }
            };
            if let Some(member) =
                chat.state.member(id).filter(|member| self.tells(chat, key, id, member))
            {
                match &self.fields {
                    Some(fields) => self.write_fields(chat, key, id, member, fields, to),
                    None => self.write_line(chat, id, member, to),
                }
            }
        }
        Progress::More
    }

    /// Whether `key` is told of `id`.
    fn tells(&self, chat: &Switchboard, key: Key, id: MemberId, member: &Member) -> bool {
        if self.operators_only && !member.modes.has(UserMode::Operator) {
            return false;
        }
        match &self.whom {
            Whom::Named => true,
            Whom::In(room) => {
                // It may have become secret since this answer began.
                chat.state.is_in(id, *room)
                    && chat.state.may_see(key, *room)
                    && (chat.state.is_in(key, *room) || chat.state.may_find(key, id))
            }
            Whom::Like(mask) => {
                let person = &member.person;
                let like = |text: &str| mask::matches(mask, text);
                (like(person.name.as_str())
                    || like(&person.identity.host)
                    || like(&person.identity.user)
                    || like(&chat.scene.server)
                    || like(&person.identity.real_name))
                    && chat.state.may_find(key, id)
            }
        }
    }

    /// The room that stands on the lines: the one that was asked for.
    fn room<'a>(&self, chat: &'a Switchboard) -> &'a str {
        match self.whom {
            Whom::In(room) => chat.state.rooms.get(room).map_or("*", |room| room.name.as_str()),
            Whom::Named | Whom::Like(_) => "*",
        }
    }

    /// Whether it is away, runs the server, its ranks in the room, and whether it is a program.
    fn flags(&self, chat: &Switchboard, id: MemberId, member: &Member, to: &Replies<'_>) -> String {
        let mut flags = String::from(if member.away().is_some() { "G" } else { "H" });
        if member.modes.has(UserMode::Operator) {
            flags.push('*');
        }
        if let Whom::In(room) = self.whom
            && let Some(seat) = chat.state.seat(id, room)
        {
            flags.extend(seat.ranks.signs(all_signs(to)));
        }
        if member.person.kind == PersonKind::Bot {
            flags.push('B');
        }
        flags
    }

    fn write_line(&self, chat: &Switchboard, id: MemberId, member: &Member, to: &mut Replies<'_>) {
        let flags = self.flags(chat, id, member, to);
        let (person, server) = (&member.person, &chat.scene.server);
        let line = to.numeric(RPL_WHOREPLY).param(self.room(chat));
        let line = line.param(&person.identity.user).param(&person.identity.host).param(server);
        let line = line.param(person.name).param(flags);
        let most = line.text_bytes_left() - "0 ".len();
        let real_name = pieces(&person.identity.real_name, most).next().unwrap_or("");
        line.trailing(format_args!("0 {real_name}")).end();
    }

    fn write_fields(
        &self,
        chat: &Switchboard,
        key: Key,
        id: MemberId,
        member: &Member,
        fields: &Fields,
        to: &mut Replies<'_>,
    ) {
        let flags = self.flags(chat, id, member, to);
        let identity = &member.person.identity;
        let ip = match chat.shown_address(key, id) {
            Some(ip) if ip == "localhost" => "127.0.0.1".to_owned(),
            Some(ip) => ip,
            None => "255.255.255.255".to_owned(),
        };
        // An address that begins with a colon would be taken for the last parameter.
        let ip = if ip.starts_with(':') { format!("0{ip}") } else { ip };
        let idle = (chat.now.unix_ms / 1000).saturating_sub(u64::from(member.spoke));
        let account = identity.account.as_ref().map_or("0", |account| account.as_str());
        let mut line = to.numeric(RPL_WHOSPCRPL);
        let idle = idle.to_string();
        // In this order, whatever the order in which they were asked for.
        for (letter, value) in [
            ('t', &*fields.token),
            ('c', self.room(chat)),
            ('u', &identity.user),
            ('i', &ip),
            ('h', &identity.host),
            ('s', &chat.scene.server),
            ('n', member.person.name.as_str()),
            ('f', &flags),
            ('d', "0"),
            ('l', &idle),
            ('a', account),
            ('o', "n/a"),
        ] {
            if fields.has(letter) {
                line = line.param(value);
            }
        }
        if fields.has('r') {
            let real_name = pieces(&identity.real_name, line.text_bytes_left()).next();
            line.trailing(real_name.unwrap_or("")).end();
        } else {
            line.end();
        }
    }
}
