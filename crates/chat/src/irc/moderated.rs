//! What IRC clients are told of order being kept in rooms: who did it, and whom it is about.
//!
//! Invariant: what a room's log cannot say, because it looks different to each reader (an invitation,
//! a new name of the room), comes by mail, at the place of the event; each refusal has its number.

use std::sync::Arc;

use service::Key;
use wire::name::{Name, RoomName};

use super::capability::Capability;
use super::numeric::*;
use super::render;
use crate::event::{Applied, Closed, Event, MemberId, Refusal, RoomId, Silenced};
use crate::outbox::Place;
use crate::person::Person;
use crate::room::change::Change;
use crate::room::modes::Rank;
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;

impl Switchboard {
    /// `key`, who kept order, is told what came of it.
    pub(super) fn tell_irc_moderated(&mut self, key: Key, ordered: &Ordered, applied: &Applied) {
        match (&ordered.event, applied) {
            (Event::TopicSet { room, text, .. }, _) => {
                let name = self.room_name(*room);
                self.echo(key, ordered, |line| {
                    line.command("TOPIC").param(&name).trailing(text).end();
                });
            }
            (Event::ModesSet { room, .. }, Applied::ModesSet { done, refused }) => {
                self.echo_modes(key, ordered, *room, done);
                let name = self.room_name(*room);
                let mut said: Vec<&Refusal> = Vec::new();
                for (change, refusal) in refused {
                    // The same for several changes is said once.
                    if !said.iter().any(|other| other.reads_like(refusal)) {
                        said.push(refusal);
                        self.refuse_change(key, &name, ordered, change, refusal);
                    }
                }
            }
            (Event::Removed { room, reason, .. }, Applied::Removed(target)) => {
                let (name, who) = (self.room_name(*room), self.state.name(*target));
                self.echo(key, ordered, |line| {
                    let line = line.command("KICK").param(&name);
                    line.param(who.as_ref().map_or("*", Name::as_str)).trailing(reason).end();
                });
            }
            (Event::Invited { room, .. }, Applied::Invited(target)) => {
                let name = self.room_name(*room);
                if let Ok(who) = self.state.name(*target) {
                    self.reply(key, |to| {
                        to.numeric(RPL_INVITING).param(who).param(&name).end();
                    });
                }
            }
            _ => {}
        }
    }

    fn echo_modes(&mut self, key: Key, ordered: &Ordered, room: RoomId, changes: &[Change]) {
        let (Some(client), Ok(by)) = (self.client(key), self.state.person(key)) else {
            return;
        };
        let (class, by, room) = (client.class(), Arc::clone(by), self.room_name(room));
        self.reply_at(key, Place::event(ordered.seq), |to| {
            render::modes(class, to.scene, ordered.stamp(), &by, &room, changes, to.out);
        });
    }

    /// One change of several was not made.
    fn refuse_change(
        &mut self,
        key: Key,
        room: &str,
        ordered: &Ordered,
        change: &Change,
        refusal: &Refusal,
    ) {
        match refusal {
            Refusal::TooManyMasks(most) => self.reply(key, |to| {
                let line = to.numeric(ERR_BANLISTFULL).param(room).param(change.letter());
                let text =
                    format_args!("The channel's lists have {most} masks, which is the limit");
                line.trailing(text).end();
            }),
            refusal => self.refuse_irc(key, &ordered.event, refusal),
        }
    }

    /// The room that `key` wanted to come into has sent it on.
    pub(super) fn tell_irc_forwarded(
        &mut self,
        key: Key,
        ordered: &Ordered,
        from: &RoomName,
        to_room: &RoomName,
    ) {
        self.reply_at(key, Place::event(ordered.seq), |to| {
            let line = to.numeric(ERR_LINKCHANNEL).param(from).param(to_room);
            line.trailing("Forwarding to another channel").end();
        });
    }

    /// `target` is asked into a room; and those who let people in there are told, if they wish.
    pub(crate) fn tell_irc_invited(
        &mut self,
        ordered: &Ordered,
        by: &Arc<Person>,
        target: MemberId,
        id: RoomId,
    ) {
        let Ok(who) = self.state.name(target) else {
            return;
        };
        let room = self.room_name(id);
        let mut readers = self.state.ranked(id, Rank::Operator);
        readers.retain(|&reader| {
            let wants = |client: &super::Client| client.capabilities.has(Capability::InviteNotify);
            reader != ordered.event.member() && self.client(reader).is_some_and(wants)
        });
        readers.push(target);
        for reader in readers {
            let Some(class) = self.client(reader).map(|client| client.class()) else {
                continue;
            };
            let scene = Arc::clone(&self.scene);
            self.mail(reader, Place::event(ordered.seq), |out| {
                let line = render::begin(class, &scene, ordered.stamp(), by, out);
                line.command("INVITE").param(who).param(&room).end();
            });
        }
    }

    /// The room that `reader` is in has another name: it is told so, or, if it does not know of such
    /// a thing, that it has left and come to another.
    pub(crate) fn tell_irc_room_renamed(
        &mut self,
        reader: MemberId,
        ordered: &Ordered,
        by: &Person,
        id: RoomId,
        (old, new): (&RoomName, &RoomName),
        reason: Option<&str>,
    ) {
        let Some((class, knows)) = self
            .client(reader)
            .map(|client| (client.class(), client.capabilities.has(Capability::ChannelRename)))
        else {
            return;
        };
        let (place, stamp) = (Place::event(ordered.seq), ordered.stamp());
        self.rename_read_marker(reader, old, new);
        if knows {
            return self.reply_at(reader, place, |to| {
                let line = render::begin(class, to.scene, stamp, by, to.out);
                let line = line.command("RENAME").param(old).param(new);
                line.trailing(reason.unwrap_or("")).end();
            });
        }
        // The same name to every client: only how it is written has changed.
        if old == new {
            return;
        }
        let Ok(me) = self.state.person(reader).cloned() else {
            return;
        };
        self.reply_at(reader, place, |to| {
            let line = render::begin(class, to.scene, stamp, &me, to.out);
            let line = line.command("PART").param(old);
            match reason {
                Some(reason) => line.trailing(reason).end(),
                None => line.end(),
            }
            let line = render::begin(class, to.scene, stamp, &me, to.out);
            render::join(line, class, new, &me);
        });
        self.write_topic(reader, id);
        self.write_read_marker(reader, new);
        self.write_names(reader, id);
    }

    /// What `key` wanted of `room`, or in it, has not happened.
    pub(super) fn refuse_irc_moderation(
        &mut self,
        key: Key,
        room: &str,
        event: &Event,
        refusal: &Refusal,
    ) {
        let (new, command) = match event {
            Event::RoomRenamed { name, .. } => (name.to_string(), "RENAME"),
            _ => (String::new(), "MODE"),
        };
        let is_lobby = *room == *self.settings.lobby.as_str();
        self.reply(key, |to| {
            let mut say = |number: u16, params: &[&str], text: &str| {
                let line = to.numeric(number);
                params.iter().fold(line, |line, param| line.param(param)).trailing(text).end();
            };
            match refusal {
                Refusal::Denied(_) if is_lobby => say(
                    ERR_CHANOPRIVSNEEDED,
                    &[room],
                    "You're not a server operator, and nobody else keeps order here",
                ),
                Refusal::Denied(denied) => say(
                    ERR_CHANOPRIVSNEEDED,
                    &[room],
                    &format!("You must be {} of the channel, or above", denied.needs),
                ),
                Refusal::Outranked(name) => say(
                    ERR_CHANOPRIVSNEEDED,
                    &[room],
                    &format!("{name} ranks too high in the channel for you to do that"),
                ),
                Refusal::NotHere(name) => {
                    say(
                        ERR_USERNOTINCHANNEL,
                        &[name.as_str(), room],
                        "They aren't on that channel",
                    );
                }
                Refusal::IsHere(name) => {
                    say(ERR_USERONCHANNEL, &[name.as_str(), room], "is already on channel");
                }
                Refusal::Closed(closed) => {
                    let (number, text) = closed_words(*closed);
                    say(number, &[room], text);
                }
                Refusal::Silenced(silenced) => {
                    let (number, text) = silenced_words(*silenced);
                    say(number, &[room], text);
                }
                Refusal::NoForward(name) => say(
                    ERR_INVALIDMODEPARAM,
                    &[room, "f", name.as_str()],
                    "There is no such channel to forward to",
                ),
                Refusal::ForwardDenied(name) => say(
                    ERR_CHANOPRIVSNEEDED,
                    &[name.as_str()],
                    "You must be an operator there, or above, to have others forwarded",
                ),
                Refusal::RoomTaken(_) => {
                    let text = "The channel name is already taken";
                    to.fail(command, "CHANNEL_NAME_IN_USE", &[room, &new], text);
                }
                Refusal::LobbyStays => {
                    let text = "Everybody comes here first: this channel keeps its name";
                    to.fail(command, "CANNOT_RENAME", &[room, &new], text);
                }
                Refusal::RenamedAlready => {
                    let text = "The channel has been renamed recently. Please wait.";
                    to.fail(command, "CANNOT_RENAME", &[room, &new], text);
                }
                _ => {}
            }
        });
    }
}

fn closed_words(closed: Closed) -> (u16, &'static str) {
    match closed {
        Closed::Banned => (ERR_BANNEDFROMCHAN, "Cannot join channel (+b): you are banned"),
        Closed::InviteOnly => (ERR_INVITEONLYCHAN, "Cannot join channel (+i): you must be invited"),
        Closed::Key => (ERR_BADCHANNELKEY, "Cannot join channel (+k): that is not its key"),
        Closed::Full => (ERR_CHANNELISFULL, "Cannot join channel (+l): it is full"),
        Closed::Registered => {
            (ERR_NEEDREGGEDNICK, "Cannot join channel (+R): you must be logged in to an account")
        }
    }
}

fn silenced_words(silenced: Silenced) -> (u16, &'static str) {
    match silenced {
        Silenced::Banned => (ERR_CANNOTSENDTOCHAN, "Cannot send to channel (+b): you are banned"),
        Silenced::Moderated => {
            (ERR_CANNOTSENDTOCHAN, "Cannot send to channel (+m): you have no voice")
        }
        Silenced::NoCtcp => (ERR_CANNOTSENDTOCHAN, "Cannot send to channel (+C): it takes no CTCP"),
        Silenced::Registered => (
            ERR_NEEDREGGEDNICK,
            "Cannot send to channel (+M): you must be logged in to an account, or have a voice",
        ),
    }
}
