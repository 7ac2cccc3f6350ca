//! KLINE, DLINE, ZLINE and RLINE, and the same with UN before them: whom the server does not let in.
//!
//! A ban takes force at once, for those who are here as for those who come; it is kept by the
//! program around the chat.

use service::Key;
use tracing::info;
use wire::irc::{Message, pieces};
use wire::mask::Mask;
use wire::text;

use crate::bans::{Date, Suspect, Told, is_met};
use crate::irc::numeric::*;
use crate::switchboard::Switchboard;
use crate::{Ban, Matches};

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
    chat.bans.forget_ended(now);
    let most = chat.settings.limits.bans;
    if chat.bans.len() >= most {
        let why = format!("There are {most} bans, which is the limit");
        return refuse(chat, key, message, "TOO_MANY_BANS", params[0], &why);
    }
    info!(by = %ban.by, whom = %ban.matches, reason = %ban.reason, "banned");
    chat.bans.set(ban.clone());
    let until = ban.until_unix_ms.map_or(String::new(), |until| format!(" until {}", Date(until)));
    let text = format!("*** {} has banned {}{until}: {}", ban.by, ban.matches, ban.reason);
    chat.tell_operators(None, &text);
    chat.keep_bans();
    chat.put_out_banned(&ban);
}

fn unset(chat: &mut Switchboard, key: Key, message: &Message<'_>, parse: Parse) {
    let typed = message.param(0).unwrap_or("");
    let removed = parse(typed).ok().and_then(|matches| chat.bans.remove(&matches));
    let Some(ban) = removed else {
        return refuse(chat, key, message, "NO_SUCH_BAN", typed, "There is no such ban");
    };
    let text = format!("*** {} has lifted the ban on {}", chat.name_of(key), ban.matches);
    info!("{text}");
    chat.tell_operators(None, &text);
    chat.keep_bans();
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
        self.bans.forget_ended(now);
        let is_meant = |ban: &&Ban| letter.eq_ignore_ascii_case(&kind(&ban.matches));
        let most = self.settings.limits.listed_bans;
        let all = self.bans.iter().filter(is_meant).count();
        let bans: Vec<Ban> = self.bans.iter().filter(is_meant).take(most).cloned().collect();
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

    /// Whom a ban may meet, behind `key`.
    fn suspect(&self, key: Key) -> Option<Suspect<'_>> {
        let person = self.state.person(key).ok()?;
        let ip = self.sessions.get(key)?.ip;
        Some(Suspect { name: person.name.as_str(), identity: &person.identity, ip })
    }

    fn keep_bans(&self) {
        self.settings.host.keep_bans(self.bans.iter().cloned().collect());
    }

    /// Puts out whom `ban` meets of those who are here. Server operators stay.
    fn put_out_banned(&mut self, ban: &Ban) {
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
        let words = Told(ban).to_string();
        for key in met {
            self.refuse_banned(key, &words);
        }
    }

    /// `key` is banned: it is told so, and closed.
    pub(crate) fn refuse_banned(&mut self, key: Key, words: &str) {
        self.note_refusal(key);
        self.reply(key, |to| to.numeric(ERR_YOUREBANNEDCREEP).trailing(words).end());
        self.depart(key, "Banned");
        self.refuse(key, words);
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
