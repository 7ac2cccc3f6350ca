//! KLINE, DLINE, ZLINE and RLINE, and the same with UN before them: whom the server does not let in.
//!
//! A ban takes force at once, for those who are here as for those who come; it is kept by the
//! program around the chat.

use std::net::IpAddr;
use std::sync::Arc;

use service::Key;
use tracing::info;
use wire::irc::{Message, pieces};
use wire::mask::Mask;
use wire::text;

use crate::bans::{Date, Suspect, Told, is_met};
use crate::ending::Wherefore;
use crate::event::Event;
use crate::irc::numeric::*;
use crate::person::Identity;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;
use crate::web::Ending;
use crate::{Ban, Matches, Network};

/// `KLINE [duration] user@host [:reason]`
pub(in crate::irc) fn kline(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    set(chat, key, message, mask);
}

/// `DLINE [duration] address|network [:reason]`, and `ZLINE`.
pub(in crate::irc) fn dline(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    set(chat, key, message, network);
}

/// `RLINE [duration] real-name [:reason]`, with `*` and `?`; a `?` for each space.
pub(in crate::irc) fn rline(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    set(chat, key, message, real_name);
}

/// `UNKLINE user@host`
pub(in crate::irc) fn unkline(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    unset(chat, key, message, mask);
}

/// `UNDLINE address|network`, and `UNZLINE`.
pub(in crate::irc) fn undline(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    unset(chat, key, message, network);
}

/// `UNRLINE real-name`
pub(in crate::irc) fn unrline(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    unset(chat, key, message, real_name);
}

fn mask(typed: &str) -> Result<Matches, String> {
    let mask = Mask::normalize(typed).map_err(|why| why.to_string())?;
    if !typed.contains(['@', '.', ':']) {
        return Err("user@host is wanted, with * and ?".into());
    }
    // No address has a slash in it: as a mask it would meet nobody.
    if mask.host().contains('/')
        && let Ok(network) = mask.host().parse::<Network>()
    {
        return match (mask.nick(), mask.user()) {
            ("*", "*") => Ok(Matches::Network(network)),
            _ => Err(format!("a network is banned whoever comes from it: *@{network}")),
        };
    }
    Ok(Matches::Mask(mask.as_str().into()))
}

fn network(typed: &str) -> Result<Matches, String> {
    typed.parse().map(Matches::Network)
}

fn real_name(typed: &str) -> Result<Matches, String> {
    let cleaned = text::clean(typed).into_owned();
    match cleaned.len() {
        1..=Mask::MAX_BYTES => Ok(Matches::RealName(cleaned)),
        _ => Err(format!("a real name of up to {} bytes is wanted", Mask::MAX_BYTES)),
    }
}

type Parse = fn(&str) -> Result<Matches, String>;

fn set(chat: &mut Switchboard, key: Key, message: &Message<'_>, parse: Parse) {
    let params = message.params();
    let (minutes, params) = match params {
        [first, rest @ ..] if !rest.is_empty() => match minutes(first) {
            Some(minutes) => (minutes, rest),
            None => (0, params),
        },
        _ => (0, params),
    };
    let matches = match parse(params[0]) {
        Ok(matches) => matches,
        Err(why) => return refuse(chat, key, message, "INVALID_MASK", params[0], &why),
    };
    let now = chat.now.unix_ms;
    let most = chat.settings.limits.reason_bytes;
    let reason = params.get(1).and_then(|reason| pieces(reason, most).next());
    let ban = Ban {
        matches,
        until_unix_ms: (minutes > 0).then(|| now + minutes * 60_000),
        set_unix_ms: now,
        by: chat.name_of(key).to_string(),
        reason: reason.filter(|reason| !reason.is_empty()).unwrap_or("No reason given").into(),
    };
    if chat.suspect(key).is_some_and(|who| is_met(&ban, who)) {
        let why = "That ban would meet you";
        return refuse(chat, key, message, "MEETS_YOURSELF", params[0], why);
    }
    if chat.meets_everyone(&ban) {
        let why = "That ban would meet everyone";
        return refuse(chat, key, message, "MEETS_EVERYONE", params[0], why);
    }
    let (most, already) = (chat.settings.limits.bans, chat.state.bans.in_force(now).count());
    if already >= most {
        let why = format!("There are {most} bans, which is the limit");
        return refuse(chat, key, message, "TOO_MANY_BANS", params[0], &why);
    }
    chat.propose(Event::Banned { member: key, ban: Arc::new(ban) });
}

fn unset(chat: &mut Switchboard, key: Key, message: &Message<'_>, parse: Parse) {
    let typed = message.param(0).unwrap_or("");
    match parse(typed).ok().filter(|matches| chat.state.bans.has(matches)) {
        Some(matches) => chat.propose(Event::Unbanned { member: key, matches }),
        None => refuse(chat, key, message, "NO_SUCH_BAN", typed, "There is no such ban"),
    }
}

fn refuse(
    chat: &mut Switchboard,
    key: Key,
    message: &Message<'_>,
    code: &str,
    typed: &str,
    why: &str,
) {
    let command = message.command.to_ascii_uppercase();
    let typed = text::clean(typed).replace(' ', "_");
    let typed = pieces(&typed, 128).next().unwrap_or("*");
    let text = format!("{why}. Nothing was done.");
    chat.reply(key, |to| to.fail(&command, code, &[typed], &text));
}

/// How long a ban lasts: minutes, or `1w2d3h4m`. 0: for ever. At most ten years.
fn minutes(text: &str) -> Option<u64> {
    const MOST: u64 = 10 * 365 * 24 * 60;
    if text.is_empty() || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (mut sum, mut count) = (0u64, 0u64);
    let mut last = ' ';
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                count = count.saturating_mul(10).saturating_add(u64::from(c) - u64::from('0'));
                last = c;
                continue;
            }
            'm' => 1,
            'h' => 60,
            'd' => 24 * 60,
            'w' => 7 * 24 * 60,
            _ => return None,
        };
        if !last.is_ascii_digit() {
            return None;
        }
        sum = sum.saturating_add(count.saturating_mul(unit));
        (count, last) = (0, c);
    }
    Some(sum.saturating_add(count).min(MOST))
}

impl Switchboard {
    /// Lists the bans of this kind: `k` on masks, `d` on addresses, `r` on real names (STATS).
    pub(in crate::irc) fn write_bans(&mut self, key: Key, letter: char) {
        let now = self.now.unix_ms;
        let is_meant = |ban: &&Ban| letter.eq_ignore_ascii_case(&kind(&ban.matches));
        let most = self.settings.limits.listed_bans;
        let meant = || self.state.bans.in_force(now).filter(is_meant);
        let (all, bans) = (meant().count(), meant().take(most).cloned().collect::<Vec<_>>());
        self.reply(key, |to| {
            if all > most {
                to.notice(format_args!("{all} bans: the first {most} are listed."));
            }
            for Ban { matches, until_unix_ms, by, reason, .. } in &bans {
                let until = match *until_unix_ms {
                    Some(until) => format!("until {}", Date(until)),
                    None => "for ever".into(),
                };
                let whom = matches.to_string().replace(' ', "_");
                let line = to.numeric(RPL_STATSKLINE).param(letter).param(whom).param(by);
                line.trailing(format_args!("{reason} ({until})")).end();
            }
        });
    }

    /// Whether `ban` meets strangers who have nothing in common: two for each kind of address.
    fn meets_everyone(&self, ban: &Ban) -> bool {
        let meets = |name: &str, real_name: &str, ip: IpAddr| {
            let identity = Identity {
                user: format!("~{name}").into(),
                host: self.cloaks.host(Some(ip)),
                real_name: real_name.into(),
                ip: Some(ip),
                account: None,
            };
            is_met(ban, Suspect { name, identity: &identity })
        };
        // The first and the last quarter of all addresses, and of those that are given out (2000::/3).
        let v4: [IpAddr; 2] = [[1, 2, 4, 8].into(), [223, 255, 249, 253].into()];
        let v6: [IpAddr; 2] =
            [[0x2001, 0x200, 0, 0, 0, 0, 0, 1].into(), [0x3ffe, 0, 0, 0, 0, 0, 0, 2].into()];
        [v4, v6].iter().any(|[one, other]| {
            meets("abc", "Kim", *one) && meets("uvwxyz", "Jo Terry Bull", *other)
        })
    }

    /// Whom a ban may meet, behind `key`.
    fn suspect(&self, key: Key) -> Option<Suspect<'_>> {
        let person = self.state.person(key).ok()?;
        Some(Suspect { name: person.name.as_str(), identity: &person.identity })
    }

    /// `ban` is in force from here on: whom it meets of those whom this loop serves are put out. Server
    /// operators stay.
    pub(crate) fn tell_banned(&mut self, ordered: &Ordered, ban: &Ban) {
        let Ban { matches, until_unix_ms, by, reason, .. } = ban;
        if ordered.by == self.trunk.number() {
            info!(%by, whom = %matches, %reason, "banned");
        }
        let until = until_unix_ms.map_or(String::new(), |until| format!(" until {}", Date(until)));
        self.tell_operators(None, &format!("*** {by} has banned {matches}{until}: {reason}"));
        self.keep_bans(ordered);

        let is_met = |key: &Key| {
            let met = match (self.suspect(*key), &ban.matches) {
                (Some(who), _) => is_met(ban, who),
                // Who has not said yet who it is.
                (None, Matches::Network(network)) => {
                    let ip = self.sessions.get(*key).and_then(|session| session.ip);
                    ip.is_some_and(|ip| network.contains(ip))
                }
                (None, _) => false,
            };
            met && !self.state.is_operator(*key)
        };
        let met: Vec<Key> = self.sessions.iter().map(|(key, _)| key).filter(is_met).collect();
        let words: Arc<str> = Told(ban).to_string().into();
        for key in met {
            self.put_out_later(key, Wherefore::Banned(Arc::clone(&words)));
        }
    }

    /// The ban on whom this matches is lifted.
    pub(crate) fn tell_unbanned(&mut self, ordered: &Ordered, matches: &Matches) {
        let by = self.name_of(ordered.event.member());
        let text = format!("*** {by} has lifted the ban on {matches}");
        if ordered.by == self.trunk.number() {
            info!("{text}");
        }
        self.tell_operators(None, &text);
        self.keep_bans(ordered);
    }

    /// The program is to keep the bans as they are now. Of several loops the first asks for that, so
    /// that it is asked in the order in which they have changed.
    fn keep_bans(&self, ordered: &Ordered) {
        if self.trunk.number() == 0 {
            let bans = self.state.bans.in_force(ordered.unix_ms).cloned().collect();
            self.settings.host.keep_bans(bans);
        }
    }

    /// `key` is banned: it is told so, and closed.
    pub(crate) fn refuse_banned(&mut self, key: Key, words: &str) {
        self.note_refusal(key);
        self.note_ending(key, Ending::Banned);
        self.reply(key, |to| to.numeric(ERR_YOUREBANNEDCREEP).trailing(words).end());
        self.depart(key, "Banned");
        self.refuse_saying(key, words);
    }
}

fn kind(matches: &Matches) -> char {
    match matches {
        Matches::Mask(_) => 'k',
        Matches::Network(_) => 'd',
        Matches::RealName(_) => 'r',
    }
}

#[cfg(test)]
mod tests {
    use super::minutes;

    #[test]
    fn durations_are_minutes_or_have_units() {
        for (text, parsed) in [
            ("60", Some(60)),
            ("0", Some(0)),
            ("1h30m", Some(90)),
            ("1w1d", Some(11_520)),
            ("99999999999999999999999", Some(5_256_000)),
            ("1hm", None),
            ("h", None),
            ("", None),
            ("192.0.2.1", None),
            ("1é", None),
        ] {
            assert_eq!(minutes(text), parsed, "{text}");
        }
    }
}
