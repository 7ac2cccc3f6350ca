//! METADATA: what people say of themselves, and operators of rooms, for clients to show (IRCv3
//! `draft/metadata-3`).
//!
//! What is said of a person anybody may read; what is said of a room, its members: to others it
//! looks as if there were no such room. Whoever has subscribed to a key is told when it changes, for
//! those it shares a room with.

use std::collections::BTreeSet;

use service::Key as Connection;
use wire::irc::{Message, pieces};
use wire::name::{Name, RoomName};

use crate::event::{Applied, Event, MemberId, Refusal, RoomId};
use crate::irc::capability::Capability;
use crate::irc::numeric::*;
use crate::irc::reply::Replies;
use crate::metadata::{About, Changed, Edit, Key, Metadata, Unchanged};
use crate::outbox::Place;
use crate::state::Shown;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;

/// The keys that one client wants to be told of.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(BTreeSet<Key>);

/// Of whom, or of what room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Member(MemberId),
    Room(RoomId),
}

/// Whether a client has asked to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Yes,
    No,
}

/// Keys in one line of an answer: so that it fits with the longest.
const KEYS_PER_LINE: usize = 10;

/// `METADATA target GET|LIST|SET|CLEAR|SUB|UNSUB|SUBS|SYNC [...]`
pub(in crate::irc) fn metadata(chat: &mut Switchboard, key: Connection, message: &Message<'_>) {
    if !chat.has(key, Capability::Metadata) {
        return chat.refuse_unknown(key, message);
    }
    let (wanted, verb) = (message.param(0).unwrap_or(""), message.param(1).unwrap_or(""));
    let verb = verb.to_ascii_uppercase();
    let words = &message.params()[2..];
    let target = chat.metadata_target(key, wanted);
    let is_own = target == Some(Target::Member(key));
    match (verb.as_str(), target) {
        ("GET" | "SET", _) if words.is_empty() => chat.reply(key, |to| {
            let line = to.numeric(ERR_NEEDMOREPARAMS).param("METADATA");
            line.trailing("Not enough parameters").end();
        }),
        ("GET", Some(target)) => get(chat, key, target, words),
        ("LIST", Some(target)) => list(chat, key, target),
        ("SET", Some(target)) => set(chat, key, target, words),
        ("CLEAR", Some(target)) => edit(chat, key, target, Edit::Clear),
        ("SYNC", Some(target)) => sync(chat, key, target),
        ("SUB", _) if is_own => subscribe(chat, key, words),
        ("UNSUB", _) if is_own => unsubscribe(chat, key, words),
        ("SUBS", _) if is_own => list_subscriptions(chat, key),
        ("GET" | "LIST" | "SET" | "CLEAR" | "SYNC" | "SUB" | "UNSUB" | "SUBS", _) => {
            let wanted = pieces(wanted, 64).next().unwrap_or("*");
            chat.reply(key, |to| {
                to.refuse("METADATA", "INVALID_TARGET", &[wanted], "Invalid target");
            });
        }
        _ => {
            let verb = pieces(&verb, 32).next().unwrap_or("*");
            chat.reply(key, |to| {
                to.refuse("METADATA", "SUBCOMMAND_INVALID", &[verb], "Invalid subcommand");
            });
        }
    }
}

fn get(chat: &mut Switchboard, key: Connection, target: Target, words: &[&str]) {
    let name = chat.target_name(target);
    let limits = &chat.settings.limits;
    let found: Vec<_> = words
        .iter()
        .map(|&word| match Key::parse(word, limits) {
            Some(key) => {
                let value = chat.metadata(target).and_then(|data| data.get(&key)).cloned();
                (word, Some((key, value)))
            }
            None => (word, None),
        })
        .collect();
    chat.reply_batch(key, "metadata", Some(&name), |to| {
        for (word, found) in &found {
            match found {
                Some((key, value)) => write_value(to, &name, key, value.as_deref()),
                None => refuse_key(to, word),
            }
        }
    });
}

fn list(chat: &mut Switchboard, key: Connection, target: Target) {
    let name = chat.target_name(target);
    let data = chat.metadata(target).cloned().unwrap_or_default();
    chat.reply_batch(key, "metadata", Some(&name), |to| {
        data.iter().for_each(|(key, value)| write_value(to, &name, key, Some(value)));
    });
}

fn set(chat: &mut Switchboard, key: Connection, target: Target, words: &[&str]) {
    let word = words.first().copied().unwrap_or("");
    let Some(name) = Key::parse(word, &chat.settings.limits) else {
        return chat.reply(key, |to| refuse_key(to, word));
    };
    let most = chat.settings.limits.metadata_value_bytes;
    match words.get(1) {
        None => edit(chat, key, target, Edit::Unset(name)),
        Some(value) if value.len() > most => chat.reply(key, |to| {
            let text = format_args!("A value has at most {most} bytes. Nothing was set");
            to.refuse("METADATA", "INVALID_VALUE", &[word], text);
        }),
        Some(&value) => edit(chat, key, target, Edit::Set(name, value.into())),
    }
}

fn edit(chat: &mut Switchboard, key: Connection, target: Target, edit: Edit) {
    let about = match target {
        Target::Member(member) if member == key => About::Oneself,
        Target::Member(_) => {
            let name = chat.target_name(target);
            return chat.reply(key, |to| refuse_edit(to, &name, &edit));
        }
        Target::Room(room) => About::Room(room),
    };
    let (now, rate) = (chat.now.time, chat.settings.limits.metadata_changes);
    let name = chat.target_name(target);
    let Some(client) = chat.client_mut(key) else {
        return;
    };
    let opens = client.metadata.opens(rate);
    if opens > now {
        let wait = opens.since(now).as_secs_f64().ceil().to_string();
        let about = match &edit {
            Edit::Set(key, _) | Edit::Unset(key) => key.as_str(),
            Edit::Clear => "*",
        };
        return chat.reply(key, |to| {
            let context = [name.as_str(), about, &wait];
            let text = format_args!("Too many changes. Nothing was changed; try again in {wait} s");
            to.refuse("METADATA", "RATE_LIMITED", &context, text);
        });
    }
    client.metadata.pass(rate, now, 1);
    chat.propose(Event::Annotated { member: key, about, edit });
}

fn sync(chat: &mut Switchboard, key: Connection, target: Target) {
    let keys = chat.subscriptions(key);
    match target {
        Target::Room(room) => chat.sync_room(key, room, &keys, Asked::Yes),
        Target::Member(_) => {
            let name = chat.target_name(target);
            let data = chat.metadata(target).cloned().unwrap_or_default();
            chat.reply_batch(key, "metadata", Some(&name), |to| {
                write_wanted(to, &name, &data, &keys);
            });
        }
    }
}

fn subscribe(chat: &mut Switchboard, key: Connection, words: &[&str]) {
    let limits = chat.settings.limits.clone();
    let (mut done, mut fresh, mut wrong, mut over) = (Vec::new(), Vec::new(), Vec::new(), None);
    let Some(client) = chat.client_mut(key) else {
        return;
    };
    let Subscriptions(all) = &mut **client.subscriptions.get_or_insert_default();
    for &word in words {
        let Some(name) = Key::parse(word, &limits) else {
            wrong.push(word);
            continue;
        };
        if !all.contains(&name) && all.len() >= limits.metadata_subscriptions {
            over = Some(word);
            break;
        }
        if all.insert(name.clone()) {
            fresh.push(name);
        }
        done.push(word);
    }
    chat.reply(key, |to| {
        write_keys(to, RPL_METADATASUBOK, &done);
        wrong.iter().for_each(|word| refuse_key(to, word));
        if let Some(word) = over {
            let most = limits.metadata_subscriptions;
            let text = format_args!("You are told of {most} keys, which is the limit");
            to.refuse("METADATA", "TOO_MANY_SUBS", &[word], text);
        }
    });
    let rooms: Vec<_> = chat.sessions.get(key).map_or(Vec::new(), |s| s.outbox.rooms().collect());
    for room in rooms {
        chat.sync_room(key, room, &fresh, Asked::No);
    }
}

fn unsubscribe(chat: &mut Switchboard, key: Connection, words: &[&str]) {
    let limits = chat.settings.limits.clone();
    let Some(client) = chat.client_mut(key) else {
        return;
    };
    let Subscriptions(all) = &mut **client.subscriptions.get_or_insert_default();
    let (mut done, mut wrong) = (Vec::new(), Vec::new());
    for &word in words {
        match Key::parse(word, &limits) {
            Some(name) => {
                all.remove(&name);
                done.push(word);
            }
            None => wrong.push(word),
        }
    }
    chat.reply(key, |to| {
        write_keys(to, RPL_METADATAUNSUBOK, &done);
        wrong.iter().for_each(|word| refuse_key(to, word));
    });
}

fn list_subscriptions(chat: &mut Switchboard, key: Connection) {
    let keys = chat.subscriptions(key);
    let keys: Vec<&str> = keys.iter().map(Key::as_str).collect();
    chat.reply_batch(key, "metadata-subs", None, |to| write_keys(to, RPL_METADATASUBS, &keys));
}

fn write_keys(to: &mut Replies<'_>, number: u16, keys: &[&str]) {
    for keys in keys.chunks(KEYS_PER_LINE) {
        keys.iter().fold(to.numeric(number), |line, key| line.param(key)).end();
    }
}

/// What a key has as its value now; nothing: it is not set.
fn write_value(to: &mut Replies<'_>, target: &str, key: &Key, value: Option<&str>) {
    match value {
        Some(value) => {
            let line = to.numeric(RPL_KEYVALUE).param(target).param(key.as_str()).param("*");
            line.trailing(value).end();
        }
        None => {
            let line = to.numeric(RPL_KEYNOTSET).param(target).param(key.as_str());
            line.trailing("Key not set").end();
        }
    }
}

fn write_wanted(to: &mut Replies<'_>, target: &str, data: &Metadata, keys: &[Key]) {
    for key in keys {
        if let Some(value) = data.get(key) {
            write_value(to, target, key, Some(value));
        }
    }
}

fn refuse_key(to: &mut Replies<'_>, word: &str) {
    let word = pieces(word, 64).next().unwrap_or("*");
    to.refuse("METADATA", "KEY_INVALID", &[word], "A key has the letters a-z, digits, and _ . / -");
}

fn refuse_edit(to: &mut Replies<'_>, target: &str, edit: &Edit) {
    let key = match edit {
        Edit::Set(key, _) | Edit::Unset(key) => key.as_str(),
        Edit::Clear => "*",
    };
    let text = format_args!("You do not have permission to set that on {target}");
    to.refuse("METADATA", "KEY_NO_PERMISSION", &[target, key], text);
}

impl Switchboard {
    fn metadata_target(&self, key: Connection, wanted: &str) -> Option<Target> {
        if wanted == "*" {
            return Some(Target::Member(key));
        }
        if let Ok(name) = wanted.parse::<RoomName>() {
            let room = self.state.find_room(&name)?;
            return self.state.is_in(key, room).then_some(Target::Room(room));
        }
        self.state.find(&Name::parse(wanted).ok()?).map(Target::Member)
    }

    fn target_name(&self, target: Target) -> String {
        match target {
            Target::Member(member) => {
                self.state.name(member).map_or("*".into(), |name| name.to_string())
            }
            Target::Room(room) => self.room_name(room),
        }
    }

    fn metadata(&self, target: Target) -> Option<&Metadata> {
        match target {
            Target::Member(member) => self.state.metadata_of(member),
            Target::Room(room) => self.state.metadata_of_room(room),
        }
    }

    fn subscriptions(&self, key: Connection) -> Vec<Key> {
        let client =
            self.client(key).filter(|client| client.capabilities.has(Capability::Metadata));
        let all = client.and_then(|client| client.subscriptions.as_ref());
        all.map_or(Vec::new(), |all| all.0.iter().cloned().collect())
    }

    /// Whether `key` is told of what becomes of this key.
    fn is_subscribed(&self, key: Connection, name: &Key) -> bool {
        self.client(key).is_some_and(|client| {
            client.capabilities.has(Capability::Metadata)
                && client.subscriptions.as_ref().is_some_and(|all| all.0.contains(name))
        })
    }

    /// `key`, who has just come in, is told what it wants to know of this room and those in it.
    pub(in crate::irc) fn sync_on_joining(&mut self, key: Connection, room: RoomId) {
        let keys = self.subscriptions(key);
        self.sync_room(key, room, &keys, Asked::No);
    }

    /// Tells `key` these keys of a room and of all in it. In a big room only if it has asked:
    /// else it is told that it may.
    fn sync_room(&mut self, key: Connection, id: RoomId, keys: &[Key], asked: Asked) {
        let Some(room) = self.state.rooms.get(id) else {
            return;
        };
        if keys.is_empty() && asked == Asked::No {
            return;
        }
        let name = room.name.clone();
        // So is who comes to many rooms at once: all of it together would be too much to be owed.
        let limits = &self.settings.limits;
        let is_much = room.members.len() > limits.announce_members
            || self.owed(key) > limits.mailbox_pause_bytes;
        if asked == Asked::No && is_much {
            return self.reply(key, |to| to.numeric(RPL_METADATASYNCLATER).param(&name).end());
        }
        let has_any = |data: &&Metadata| keys.iter().any(|key| data.get(key).is_some());
        let of_member = |&member: &MemberId| {
            let shown = self.state.seat(member, id).is_some_and(|seat| seat.shown == Shown::Yes);
            let data = self.state.metadata_of(member).filter(has_any)?;
            (shown && member != key)
                .then(|| (self.target_name(Target::Member(member)), data.clone()))
        };
        let mut found: Vec<_> = room.members.iter().filter_map(of_member).collect();
        if has_any(&&room.metadata) {
            found.insert(0, (name.to_string(), room.metadata.clone()));
        }
        if found.is_empty() && asked == Asked::No {
            return;
        }
        let most = self.settings.limits.metadata_answer_bytes;
        self.reply_batch(key, "metadata", Some(name.as_str()), |to| {
            for (name, data) in &found {
                if to.out.len() < most {
                    write_wanted(to, name, data, keys);
                }
            }
        });
    }

    /// Tells `key`, who has begun to watch these people, what it wants to know of those who are
    /// there.
    pub(in crate::irc) fn sync_watched(&mut self, key: Connection, names: &[Name]) {
        let keys = self.subscriptions(key);
        if keys.is_empty() {
            return;
        }
        for name in names {
            let member = self.state.find(name);
            let data = member.and_then(|member| self.state.metadata_of(member)).cloned();
            if let Some(data) = data.filter(|data| keys.iter().any(|key| data.get(key).is_some())) {
                let name = name.as_str();
                self.reply_batch(key, "metadata", Some(name), |to| {
                    write_wanted(to, name, &data, &keys);
                });
            }
        }
    }

    /// Adds to a WHOIS what somebody says of itself.
    pub(in crate::irc) fn write_whois_metadata(&mut self, key: Connection, member: MemberId) {
        if !self.has(key, Capability::Metadata) {
            return;
        }
        let name = self.target_name(Target::Member(member));
        let data = self.state.metadata_of(member).cloned().unwrap_or_default();
        self.reply(key, |to| {
            for (key, value) in data.iter() {
                let line = to.numeric(RPL_WHOISKEYVALUE).param(&name).param(key.as_str());
                line.param("*").trailing(value).end();
            }
        });
    }

    /// The newcomer is told what is said of it: nothing yet, which it waits for.
    pub(in crate::irc) fn write_own_metadata(&mut self, key: Connection) {
        if self.has(key, Capability::Metadata) {
            list(self, key, Target::Member(key));
        }
    }

    /// `key`, who wanted to say something of itself or of a room, is told what came of it.
    pub(in crate::irc) fn tell_annotated(
        &mut self,
        key: Connection,
        about: About,
        edit: &Edit,
        outcome: &Result<Applied, Refusal>,
    ) {
        let name = match about {
            About::Oneself => self.target_name(Target::Member(key)),
            About::Room(room) => self.room_name(room),
        };
        let changed = match outcome {
            Ok(Applied::Annotated(changed)) => changed,
            Ok(_) => return,
            Err(Refusal::Unannotated(why)) => {
                let most = self.settings.limits.metadata_keys;
                return self.reply(key, |to| match (why, edit) {
                    (Unchanged::NotSet, Edit::Unset(key)) => {
                        to.refuse("METADATA", "KEY_NOT_SET", &[&name, key.as_str()], "Key not set");
                    }
                    (Unchanged::Full, _) => {
                        let text = format_args!("There are {most} keys, which is the limit");
                        to.refuse("METADATA", "LIMIT_REACHED", &[&name], text);
                    }
                    _ => refuse_edit(to, &name, edit),
                });
            }
            Err(_) => return self.reply(key, |to| refuse_edit(to, &name, edit)),
        };
        let write = |to: &mut Replies<'_>| {
            changed.iter().for_each(|(key, value)| write_value(to, &name, key, value.as_deref()));
        };
        if *edit == Edit::Clear {
            self.reply_batch(key, "metadata", Some(&name), write);
        } else {
            self.reply(key, write);
        }
    }

    /// Tells those who want to know, and share a room with it or watch it, what has become of these
    /// keys.
    pub(crate) fn notify_annotated(&mut self, ordered: &Ordered, about: About, changed: &Changed) {
        let author = ordered.event.member();
        let (name, rooms, watchers) = match about {
            About::Oneself => {
                let watchers =
                    self.state.name(author).map_or(Vec::new(), |name| self.watches.of(&name));
                let seats = self.state.member(author).map_or(&[][..], |member| &member.seats);
                let known = seats.iter().filter(|seat| seat.shown == Shown::Yes);
                let rooms: Vec<_> = known.map(|seat| seat.room).collect();
                (self.target_name(Target::Member(author)), rooms, watchers)
            }
            About::Room(room) => (self.room_name(room), vec![room], Vec::new()),
        };
        let mut readers: Vec<MemberId> = rooms
            .iter()
            .filter_map(|&room| self.state.rooms.get(room))
            .flat_map(|room| room.members.iter().copied())
            .chain(watchers)
            .filter(|&reader| reader != author)
            .filter(|&reader| changed.iter().any(|(key, _)| self.is_subscribed(reader, key)))
            .collect();
        readers.sort_unstable();
        readers.dedup();
        for reader in readers {
            let wanted: Vec<_> =
                changed.iter().filter(|(key, _)| self.is_subscribed(reader, key)).collect();
            self.reply_at(reader, Place::event(ordered.seq), |to| {
                for (key, value) in wanted {
                    write_value(to, &name, key, value.as_deref());
                }
            });
        }
    }
}
