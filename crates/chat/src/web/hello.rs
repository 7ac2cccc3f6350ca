//! From a connection to a member: hello, as whom, and into which rooms.
//!
//! Invariant: whoever says hello with a token that something is kept of has its name, its read
//! positions and its count of what it has said; and there is one connection for each token.

use std::sync::Arc;

use service::Key;
use wire::name::{Name, RoomName};
use wire::text;

use super::client::{Greeting, Resumed};
use super::message::{Bounds, Code, Ending, Message};
use super::request::{Hello, Wanted};
use super::resume::{Former, Late, Token};
use crate::dialect::Dialect;
use crate::event::{Event, PutOut, Refusal};
use crate::outbox::Place;
use crate::plain::command;
use crate::plain::phrases::Quoted;
use crate::session::{Session, Stage};
use crate::switchboard::Switchboard;
use crate::trunk::Ordered;

/// What the protocol is called, in `welcome` and as a WebSocket's subprotocol.
pub(crate) const PROTOCOL: &str = "switchboard.v1";

impl Switchboard {
    /// `key` says who it is.
    pub(super) fn greet(&mut self, key: Key, n: Option<u64>, hello: Hello) {
        let Some(Greeting::Awaited { .. }) = self.web(key).map(|client| client.greeting) else {
            let text = "You have said hello before. Nothing was done.";
            return self.refuse_web(key, Code::HelloTwice, text);
        };
        let most = self.settings.limits.rooms_per_member;
        if hello.rooms.len() > most {
            let text = format!("Nobody is in more than {most} rooms. Say hello again with fewer.");
            return self.refuse_web(key, Code::TooMany, &text);
        }
        if !self.knows_password(key, hello.password.as_deref()) {
            return;
        }
        let Ok((before, token)) = self.known_before(key, n, hello.token.as_deref()) else {
            self.note_ending(key, Ending::ResumedElsewhere);
            return self
                .close_saying(key, "You have connected again since: this connection is closed.");
        };
        // A connection that came a moment ago on another loop is seen now, or sees when it is let in
        // that its token has been taken over.
        self.catch_up();
        if let Some(member) = before.and_then(|before| before.member)
            && self.state.person(member).is_ok()
        {
            let (reason, put_out) = ("Connected elsewhere".into(), Some(PutOut::Resumed.into()));
            self.propose(Event::Departed { member, reason, put_out });
        }
        let resumed = if before.is_some() { Resumed::Yes } else { Resumed::No };
        let name = self.name_for(key, hello.name.as_deref(), before);
        let lobby = || {
            let room = self.settings.lobby.as_str().to_owned();
            [Wanted { room, after: None, key: None }].into()
        };
        let joining = if hello.rooms.is_empty() { lobby() } else { hello.rooms.into() };
        if let Some(client) = self.web_mut(key) {
            (client.greeting, client.token) = (Greeting::Heard(resumed), Some(token));
            client.joining = joining;
        }
        let identity = self.identity_on_the_web(key);
        self.propose(Event::Arrived { member: key, name, identity, away: None });
        self.join_wanted(key);
    }

    /// Whether `key` may go on: the server has no password, or it is `given`. Else it is told.
    fn knows_password(&mut self, key: Key, given: Option<&str>) -> bool {
        let Some(right) = &self.settings.password else {
            return true;
        };
        let Some(given) = given else {
            let text = "This server asks for a password. Say hello again with it.";
            self.refuse_web(key, Code::Password, text);
            return false;
        };
        if self.cloaks.is_same(given, right) {
            return true;
        }
        let most = self.settings.limits.password_tries;
        let Some(Greeting::Awaited { wrong_passwords, .. }) =
            self.web_mut(key).map(|client| &mut client.greeting)
        else {
            return false;
        };
        *wrong_passwords += 1;
        if *wrong_passwords >= most {
            self.note_refusal(key);
            self.note_ending(key, Ending::NotWelcome);
            self.close_saying(key, "That is not the password. You are not let in.");
        } else {
            let text = "That is not the password. Say hello again with it.";
            self.refuse_web(key, Code::Password, text);
        }
        false
    }

    /// What is kept of the client with this token, which goes on as `key`; and the token by which
    /// `key` is known from now on.
    ///
    /// # Errors
    ///
    /// The client has said a later hello over another connection.
    fn known_before(
        &mut self,
        key: Key,
        n: Option<u64>,
        token: Option<&str>,
    ) -> Result<(Option<Former>, Token), Late> {
        let (now, settings) = (self.now.time, Arc::clone(&self.settings));
        let mut resumes = self.common.resumes();
        if let Some(token) = token.and_then(Token::parse)
            && let Some(before) = resumes.take_over(token, n, key, (now, &settings.limits))?
        {
            return Ok((Some(before), token));
        }
        let token = self.cloaks.token(settings.seed, resumes.next_number());
        resumes.open(token, n, key);
        Ok((None, token))
    }

    /// The name that `key` wants, or had; if it cannot have that, it is told.
    fn name_for(&mut self, key: Key, wanted: Option<&str>, before: Option<Former>) -> Option<Name> {
        let had = before.and_then(|before| before.name);
        let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else {
            return had;
        };
        // Guests' names are given, not taken: nobody else has this one.
        if had.is_some_and(|had| had.as_str() == wanted) {
            return had;
        }
        match self.settings.name(wanted) {
            Ok(name) => Some(name),
            // It was a guest's, who has been forgotten.
            Err(_) if Name::parse(wanted).is_ok() => had,
            Err(why) => {
                let wanted = Quoted(wanted);
                self.tell(key, |to| to.line(format_args!("{wanted} will not do: {why}.")));
                had
            }
        }
    }

    /// `key` has not become a member: somebody else has the name that it wants, or one like it.
    pub(super) fn arrive_as_guest(&mut self, key: Key, refusal: &Refusal) {
        self.tell(key, |to| match refusal {
            Refusal::LooksLike(name, other) => {
                to.line(format_args!("\"{name}\" looks like \"{other}\", who is here."));
            }
            Refusal::NameTaken(name) => to.line(format_args!("\"{name}\" is taken.")),
            _ => {}
        });
        let identity = self.identity_on_the_web(key);
        self.propose(Event::Arrived { member: key, name: None, identity, away: None });
    }

    /// `key` is a member now.
    pub(super) fn welcome_web(&mut self, key: Key, ordered: &Ordered) {
        let (Ok(name), Some(client)) = (self.state.name(key), self.web_mut(key)) else {
            return;
        };
        let resumed = client.greeting == Greeting::Heard(Resumed::Yes);
        client.greeting = Greeting::Welcomed;
        let Some(token) = client.token else {
            return;
        };
        if let Some(session) = self.sessions.get_mut(key) {
            session.stage = Stage::Member;
        }
        let said = {
            let mut resumes = self.common.resumes();
            let is_latest = resumes.is_of(token, key);
            if is_latest {
                resumes.name(token, name);
            }
            is_latest.then(|| resumes.highest(token))
        };
        let Some(said) = said else {
            let (reason, put_out) = ("Connected elsewhere".into(), Some(PutOut::Resumed.into()));
            return self.propose(Event::Departed { member: key, reason, put_out });
        };
        let (settings, scene) = (Arc::clone(&self.settings), Arc::clone(&self.scene));
        let limits = &settings.limits;
        let welcome = Message::Welcome {
            protocol: PROTOCOL,
            server: &settings.name,
            name: name.as_str(),
            token: &token.to_string(),
            resumed,
            said,
            epoch: &scene.epoch,
            lobby: settings.lobby.as_str(),
            motd: &settings.motd,
            commands: command::names().map(|name| format!("/{name}")).collect(),
            limits: Bounds {
                text_bytes: limits.line_bytes,
                lines: limits.multiline_lines,
                name_bytes: limits.name_bytes,
                room_name_bytes: limits.room_name_bytes,
                topic_bytes: limits.topic_bytes,
                rooms: limits.rooms_per_member,
                history: limits.web_history_lines,
            },
        };
        self.send_web_at(key, Place::event(ordered.seq), &welcome);
        self.arm(key);
    }

    /// `key` comes into the rooms that it has said hello for: as many at a time as it can be told of.
    pub(crate) fn join_wanted(&mut self, key: Key) {
        if self.web(key).is_none() {
            return;
        }
        let mark = self.settings.limits.mailbox_pause_bytes / 2;
        let mut progress = crate::inbox::Progress::None;
        while let Some(session) = self.sessions.get(key)
            && session.stage == Stage::Member
            && session.outbox.mail_bytes() <= mark
            && let Some(wanted) = self.web_mut(key).and_then(|client| client.joining.pop_front())
        {
            progress = crate::inbox::Progress::Some;
            self.join_web(key, wanted);
        }
        if let Some(session) = self.sessions.get_mut(key)
            && session.stage == Stage::Member
            && session.is_being_answered()
        {
            session.held.get_or_insert_default();
            self.wait(key, progress);
        }
    }

    /// `key` comes into a room.
    pub(super) fn join_web(&mut self, key: Key, wanted: Wanted) {
        let most = self.settings.limits.room_name_bytes;
        match RoomName::chosen(&wanted.room, most) {
            Ok(room) => {
                if let Some(client) = self.web_mut(key) {
                    client.had = wanted.after.map(Into::into);
                }
                let word = wanted.key.filter(|word| !word.is_empty()).map(Into::into);
                self.propose(Event::Joined { member: key, room, key: word });
                if let Some(client) = self.web_mut(key) {
                    client.had = None;
                }
            }
            Err(why) => {
                let shown = text::clean(&wanted.room);
                let shown = wire::irc::pieces(&shown, 64).next().unwrap_or("");
                let text = format!("{} will not do: {why}. Nothing was done.", Quoted(shown));
                self.refuse_web_room(key, Code::BadName, Some(shown), &text);
            }
        }
    }

    /// The connection of `key` is over: what is kept of the client is kept for a while.
    pub(crate) fn end_resumable(&mut self, key: Key, session: &Session) {
        if let Dialect::Web(client) = &session.dialect
            && let Some(token) = client.token
        {
            let (now, limits) = (self.now.time, &self.settings.limits);
            self.common.resumes().end(token, key, now, limits);
        }
    }
}
