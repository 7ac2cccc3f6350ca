//! CHATHISTORY: what was said in a room (IRCv3 `draft/chathistory`, `draft/event-playback`).
//!
//! Members of a room may read what was said there since it was made, and nobody else: to others it
//! looks as if there were no such room. What people tell each other alone is not kept: its history
//! is empty, and `TARGETS` lists rooms only.

use service::Key;
use wire::irc::Message;
use wire::name::{Name, RoomName};

use crate::dialect::Rendering;
use crate::event::RoomId;
use crate::history::{Point, Prefer, Query, Scope, Span};
use crate::irc::capability::Capability;
use crate::irc::render::{self, MessageId};
use crate::log::Entry;
use crate::moment::Timestamp;
use crate::switchboard::Switchboard;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    Params(&'static str),
    /// This is no moment, or no id.
    Point(String),
    Reference(String),
    /// No room of this name is there for who asks.
    Target(String),
    /// The room, and an id of a run of the server that is over.
    UnknownId(String, String),
}

/// `CHATHISTORY subcommand target point [point] limit`, `CHATHISTORY TARGETS from to limit`
pub(in crate::irc) fn chathistory(chat: &mut Switchboard, key: Key, message: &Message<'_>) {
    if !chat.has(key, Capability::ChatHistory) {
        return chat.refuse_unknown(key, message);
    }
    let verb = message.param(0).unwrap_or("").to_ascii_uppercase();
    let answered = if verb == "TARGETS" {
        targets(chat, key, message)
    } else {
        lines(chat, key, &verb, message)
    };
    let Err(refusal) = answered else {
        return;
    };
    let verb = wire::irc::pieces(&verb, 32).next().unwrap_or("*").to_owned();
    let cut = |text: &str| wire::irc::pieces(text, 64).next().unwrap_or("*").to_owned();
    chat.reply(key, |to| match refusal {
        Refusal::Params(why) => to.refuse("CHATHISTORY", "INVALID_PARAMS", &[&verb], why),
        Refusal::Point(point) => {
            let text = "Neither a time nor an id: timestamp=2026-11-21T14:02:00.000Z or msgid=ID";
            to.refuse("CHATHISTORY", "INVALID_PARAMS", &[&verb, &cut(&point)], text);
        }
        Refusal::Reference(point) => {
            let text = "Messages are referred to by msgid= or timestamp=";
            to.refuse("CHATHISTORY", "INVALID_MSGREFTYPE", &[&verb, &cut(&point)], text);
        }
        Refusal::Target(target) => {
            let text = "Messages could not be retrieved: you are in no such room";
            to.refuse("CHATHISTORY", "INVALID_TARGET", &[&verb, &cut(&target)], text);
        }
        Refusal::UnknownId(target, id) => {
            let text = "Messages could not be retrieved: the id is not of this run of the server";
            to.refuse("CHATHISTORY", "MESSAGE_ERROR", &[&verb, &cut(&target), &cut(&id)], text);
        }
    });
}

/// What was said: everything but TARGETS.
fn lines(
    chat: &mut Switchboard,
    key: Key,
    verb: &str,
    message: &Message<'_>,
) -> Result<(), Refusal> {
    let points = match verb {
        "LATEST" | "BEFORE" | "AFTER" | "AROUND" => 1,
        "BETWEEN" => 2,
        _ => return Err(Refusal::Params("Unknown command")),
    };
    let count = check_params(chat, message, 2 + points)?;
    let target = message.param(1).unwrap_or("");
    let span = {
        let point = |at: usize| point(chat, target, message.param(at).unwrap_or(""));
        match verb {
            "LATEST" if message.param(2) == Some("*") => Span::Latest(None),
            "LATEST" => Span::Latest(Some(point(2)?)),
            "BEFORE" => Span::Before(point(2)?),
            "AFTER" => Span::After(point(2)?),
            "AROUND" => Span::Around(point(2)?),
            _ => Span::Between(point(2)?, point(3)?),
        }
    };
    if Name::parse(target).is_ok() {
        show(chat, key, target, &[], Prefer::Last);
        return Ok(());
    }
    let room = target.parse::<RoomName>().ok().and_then(|name| chat.state.find_room(&name));
    let room = room.filter(|&room| chat.state.is_in(key, room));
    let room = room.ok_or_else(|| Refusal::Target(target.to_owned()))?;
    let scope = match chat.has(key, Capability::EventPlayback) {
        true => Scope::Everything,
        false => Scope::Said,
    };
    let entries = chat.state.past(room, &Query { scope, span, count });
    let name = chat.room_name(room);
    show(chat, key, &name, &entries, span.prefers(&entries));
    Ok(())
}

/// The rooms in which something was said last between two moments, and when.
fn targets(chat: &mut Switchboard, key: Key, message: &Message<'_>) -> Result<(), Refusal> {
    let count = check_params(chat, message, 3)?;
    let moment = |at: usize| {
        let text = message.param(at).unwrap_or("");
        let time = text.strip_prefix("timestamp=").and_then(Timestamp::parse);
        time.ok_or_else(|| Refusal::Point(text.to_owned()))
    };
    let (from, to) = (moment(1)?, moment(2)?);
    let rooms = chat.sessions.get(key).map_or(Vec::new(), |s| s.outbox.rooms().collect());
    let latest = |room: RoomId| {
        let entry = chat.state.history(room, 1).pop()?;
        Some((Timestamp(entry.unix_ms), entry.seq, chat.room_name(room)))
    };
    let mut found: Vec<_> = rooms.into_iter().filter_map(latest).collect();
    found.retain(|(time, ..)| from.min(to) < *time && *time < from.max(to));
    found.sort_unstable();
    if to < from {
        found.drain(..found.len().saturating_sub(count));
    } else {
        found.truncate(count);
    }
    chat.reply_batch(key, "draft/chathistory-targets", None, |to| {
        for (time, _, room) in &found {
            let time = time.text();
            let line = to.server("CHATHISTORY").param("TARGETS").param(room);
            line.param(str::from_utf8(&time).expect("digits")).end();
        }
    });
    Ok(())
}

/// Whether there are so many parameters and a limit; answers the limit.
fn check_params(
    chat: &Switchboard,
    message: &Message<'_>,
    before: usize,
) -> Result<usize, Refusal> {
    match message.params().len().cmp(&(before + 1)) {
        std::cmp::Ordering::Less => return Err(Refusal::Params("Insufficient parameters")),
        std::cmp::Ordering::Greater => return Err(Refusal::Params("Too many parameters")),
        std::cmp::Ordering::Equal => {}
    }
    let limit = message.param(before).and_then(|limit| limit.parse::<usize>().ok());
    let limit = limit.filter(|&limit| limit > 0).ok_or(Refusal::Params("Invalid limit"))?;
    Ok(limit.min(chat.settings.limits.history_lines))
}

fn point(chat: &Switchboard, target: &str, text: &str) -> Result<Point, Refusal> {
    let invalid = || Refusal::Point(text.to_owned());
    match text.split_once('=') {
        Some(("timestamp", time)) => {
            Timestamp::parse(time).map(|time| Point::Time(time.0)).ok_or_else(invalid)
        }
        Some(("msgid", id)) => MessageId::seq(&chat.scene, id)
            .map(Point::Seq)
            .ok_or_else(|| Refusal::UnknownId(target.to_owned(), id.to_owned())),
        Some(_) => Err(Refusal::Reference(text.to_owned())),
        None => Err(invalid()),
    }
}

/// Shows `key` what it may see of `entries`, as much as fits.
fn show(chat: &mut Switchboard, key: Key, target: &str, entries: &[Entry], prefer: Prefer) {
    let Some(class) = chat.client(key).map(|client| client.class()) else {
        return;
    };
    let limits = &chat.settings.limits;
    let most = limits.history_batch_bytes.min(limits.mailbox_close_bytes / 2);
    let scene = std::sync::Arc::clone(&chat.scene);
    let Ok(room) = target.parse::<RoomName>() else {
        return chat.reply_batch(key, "chathistory", Some(target), |_| ());
    };
    let rendering = Rendering { room: &room, scene: &scene };
    let (mut bytes, mut ends) = (Vec::new(), vec![0]);
    for entry in entries {
        render::render(class, &rendering, entry, &mut bytes);
        ends.push(bytes.len());
    }
    let (mut first, mut last) = (0, entries.len());
    while ends[last] - ends[first] > most {
        match prefer {
            Prefer::First => last -= 1,
            Prefer::Last => first += 1,
            // Of what lies on both sides, the end of the longer one.
            Prefer::Middle if last + first > entries.len() => last -= 1,
            Prefer::Middle => first += 1,
        }
    }
    let bytes = &bytes[ends[first]..ends[last]];
    chat.reply_batch(key, "chathistory", Some(target), |to| to.out.extend_from_slice(bytes));
}

impl Switchboard {
    /// Shows `key`, who has just come into `room`, the last lines of it: unless it asks for them
    /// itself, or could not tell them from new ones.
    pub(in crate::irc) fn replay(&mut self, key: Key, room: RoomId) {
        if self.has(key, Capability::ChatHistory) || !self.has(key, Capability::ServerTime) {
            return;
        }
        let entries = self.state.history(room, self.settings.limits.replay_lines);
        // Who comes to many rooms at once is not owed more than it can be.
        if self.owed(key) > self.settings.limits.mailbox_pause_bytes {
            return;
        }
        if !entries.is_empty() {
            let name = self.room_name(room);
            show(self, key, &name, &entries, Prefer::Last);
        }
    }
}
