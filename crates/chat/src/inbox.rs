//! From bytes to lines, and when they must wait.
//!
//! Invariant: every line is taken whole, in its order, and none is lost without its author being
//! told; and what waits is bounded.

use std::time::Duration;

use memchr::memchr;
use service::{Key, Time};
use wire::irc::Bounds;
use wire::line::{Line, Lines};
use wire::text;

use crate::dialect::Dialect;
use crate::framing::Framing;
use crate::outbox::Place;
use crate::plain::command::{Command, Weight};
use crate::plain::phrases::{Count, Seconds};
use crate::plain::render::Newline;
use crate::session::{Hears, Held, Input, Session, Stage};
use crate::switchboard::Switchboard;
use crate::timer::NEVER;

/// What a line costs beside its bytes, of what may be worked through in a turn: about what it
/// takes in a log.
const LINE_BYTES: usize = 128;

/// How soon it is looked again, at the latest, whether a peer that was not reading has begun to.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Whether any of what was held could be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Some,
    None,
}

impl Switchboard {
    /// Bytes came from `key`.
    pub(crate) fn take_in(&mut self, key: Key, bytes: &[u8]) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        match (session.stage, session.hears) {
            (Stage::Closing, _) => {}
            (_, Hears::First(_) | Hears::AfterReturn(_)) => self.take_first(key, bytes),
            (_, Hears::Lines | Hears::Nothing) => self.take_known(key, bytes),
        }
    }

    /// Bytes came from `key`, and it is known what it speaks.
    pub(crate) fn take_known(&mut self, key: Key, bytes: &[u8]) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Framing::Bare(telnet) = &mut session.framing else {
            return self.take_frames(key, bytes);
        };
        if matches!(session.dialect, Dialect::Irc(_) | Dialect::Http(_) | Dialect::Web(_)) {
            return self.take_typed(key, bytes);
        }
        let (mut memory, mut answer) = (std::mem::take(&mut self.typed), Vec::new());
        let typed = telnet.strip(bytes, &mut memory, &mut answer);
        let interrupted = telnet.take_interrupted();
        if telnet.is_spoken() {
            self.speak_telnet(key, &answer, interrupted);
        }
        self.take_typed(key, typed);
        self.typed = memory;
    }

    fn speak_telnet(&mut self, key: Key, answer: &[u8], interrupted: bool) {
        if let Some(session) = self.sessions.get_mut(key)
            && let Dialect::Plain(reader) = &mut session.dialect
        {
            reader.newline = Newline::CrLf;
        }
        if !answer.is_empty() {
            let place = Place::after(self.trunk.last_seq());
            self.mail(key, place, |out| out.extend_from_slice(answer));
        }
        if interrupted {
            self.tell(key, |to| to.line("To leave, type /quit or press Ctrl-D."));
        }
    }

    pub(crate) fn take_typed(&mut self, key: Key, typed: &[u8]) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        if typed.is_empty() || session.stage == Stage::Closing {
            return;
        }
        let limit_bytes = self.settings.limits.held_bytes;
        if let Some(held) = &mut session.held {
            self.stats.bytes_dropped += held.add(typed, limit_bytes) as u64;
            return;
        }
        let left = self.take_lines(key, typed).len();
        if left > 0
            && let Some(session) = self.sessions.get_mut(key)
            && session.stage != Stage::Closing
        {
            let mut held = Held::default();
            self.stats.bytes_dropped += held.add(&typed[typed.len() - left..], limit_bytes) as u64;
            session.held = Some(Box::new(held));
            self.wait(key, Progress::Some);
        }
    }

    /// Takes lines until one must wait; answers what is left.
    fn take_lines<'a>(&mut self, key: Key, mut input: &'a [u8]) -> &'a [u8] {
        let Some(session) = self.sessions.get_mut(key) else {
            return &[];
        };
        if let Dialect::Http(_) = session.dialect {
            return self.take_requests(key, input);
        }
        let mut lines = std::mem::take(&mut session.lines);
        loop {
            let Some(session) = self.sessions.get(key) else {
                return &[];
            };
            if session.stage == Stage::Closing {
                return &[];
            }
            if !input.is_empty() && self.waits_until(session).is_some() {
                break;
            }
            let limit_bytes = match session.dialect {
                Dialect::Irc(_) => Bounds::CLIENT.line_bytes(),
                Dialect::Web(_) => self.settings.limits.socket_message_bytes as usize,
                Dialect::Undecided | Dialect::Plain(_) | Dialect::Http(_) => {
                    self.settings.limits.line_bytes
                }
            };
            let before = input.len();
            let line = lines.next(&mut input, limit_bytes);
            self.turn_left = self.turn_left.saturating_sub(before - input.len());
            let Some(line) = line else {
                break;
            };
            self.turn_left = self.turn_left.saturating_sub(LINE_BYTES);
            self.take_line(key, line);
        }
        if let Some(session) = self.sessions.get_mut(key) {
            session.lines = lines;
        }
        input
    }

    /// Until when the next line must wait, if it must.
    pub(crate) fn waits_until(&self, session: &Session) -> Option<Time> {
        if session.hears == Hears::Nothing {
            return Some(NEVER);
        }
        let now = self.now.time;
        let limits = &self.settings.limits;
        if session.outbox.mail_bytes() > limits.mailbox_pause_bytes {
            return Some(now + LOOK_AGAIN);
        }
        if session.is_being_answered() {
            return Some(now + LOOK_AGAIN);
        }
        let opens = session.gate.opens(limits.lines);
        if opens > now {
            return Some(opens);
        }
        (self.turn_left == 0).then_some(now)
    }

    /// Held bytes wait for their time; their author is told, once, if it was too fast.
    pub(crate) fn wait(&mut self, key: Key, progress: Progress) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let now = self.now.time;
        let rate = self.settings.limits.lines;
        let too_fast = session.gate.opens(rate) > now
            && session.held.as_ref().is_some_and(|held| memchr(b'\n', held.rest()).is_some());
        let tell = too_fast && !std::mem::replace(&mut session.told.too_fast, too_fast);
        let until = self.sessions.get(key).and_then(|session| self.waits_until(session));
        if let Some(session) = self.sessions.get_mut(key) {
            let owed = session.outbox.mail_bytes() > self.settings.limits.mailbox_pause_bytes
                || session.is_being_answered();
            if let Some(held) = session.held.as_mut() {
                held.for_reading = owed;
                held.until = match (owed, progress) {
                    (false, _) => until.unwrap_or(now),
                    // What has just been written is sent at the end of this turn, mostly all of it.
                    (true, Progress::Some) => {
                        held.looks = 0;
                        now
                    }
                    // Who reads is not kept waiting for much longer than that takes; who does not
                    // costs little.
                    (true, Progress::None) => {
                        held.looks = held.looks.saturating_add(1).min(8);
                        now + LOOK_AGAIN.min(Duration::from_millis(1 << held.looks))
                    }
                };
            }
        }
        self.arm(key);
        self.stats.lines_held += u64::from(too_fast);
        if tell {
            let wait = Seconds(until.map_or(Duration::ZERO, |until| until.since(now)));
            // IRC clients are slowed down as they are used to: without a word.
            self.tell(key, |to| {
                to.line(format_args!(
                    "Slow down: the next line waits {wait}, those behind it longer."
                ));
            });
        }
        self.update_receiving(key);
    }

    /// What was held of `key` may be taken now, or some of it.
    pub(crate) fn take_held(&mut self, key: Key) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Some(mut held) = session.held.take() else {
            return;
        };
        let (before, was_http) = (held.rest().len(), session.dialect.is_http());
        self.join_wanted(key);
        let left = self.take_lines(key, held.rest()).len();
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        if session.stage == Stage::Closing {
            return;
        }
        if left < before {
            session.framing.hear(self.now.time);
        }
        if left > 0 {
            held.leave(left);
            session.held = Some(held);
            return self.wait(key, if left < before { Progress::Some } else { Progress::None });
        }
        let input = session.input;
        if held.lost().is_some() && was_http {
            // Where the next request begins, or the next frame, cannot be known.
            return self.close(key);
        }
        if let Some(lost) = held.lost() {
            session.lines = Lines::default();
            if !lost.at_line_end {
                session.lines.skip();
            }
            let bytes = Count(lost.bytes, "byte");
            self.notify(key, format_args!("Too much at once: the last {bytes} were not read."));
        }
        self.update_receiving(key);
        if input == Input::Ended {
            self.wind_up(key);
        }
    }

    /// `key` has finished sending: it leaves once what it sent has been taken.
    pub(crate) fn end_input(&mut self, key: Key) {
        if let Some(session) = self.sessions.get_mut(key) {
            session.input = Input::Ended;
            if session.held.is_none() && session.hears != Hears::Nothing {
                self.wind_up(key);
            }
        }
    }

    /// The peer has finished sending and nothing of it is held: its last words count as a line,
    /// even without an end; then it leaves.
    pub(crate) fn wind_up(&mut self, key: Key) {
        self.end_first(key);
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        if !session.lines.is_between() {
            match session.framing {
                Framing::Bare(_) => self.take_typed(key, b"\n"),
                // A message that has not come whole is none.
                Framing::WebSocket(_) => session.lines = Lines::default(),
            }
        }
        if let Some(session) = self.sessions.get_mut(key)
            && session.is_being_answered()
        {
            // It still reads: it gets what it has asked for.
            session.held.get_or_insert_default();
            return self.wait(key, Progress::Some);
        }
        if self.sessions.get(key).is_some_and(|session| session.held.is_none()) {
            self.leave(key, "Connection closed");
        }
    }

    fn take_line(&mut self, key: Key, line: Line<'_>) {
        match (self.sessions.get(key).map(|session| &session.dialect), line) {
            (Some(Dialect::Irc(_)), line) => {
                self.stats.lines_in += 1;
                match line {
                    Line::Whole(line) => self.take_irc_line(key, line),
                    Line::TooLong(_) => self.refuse_long_irc_line(key),
                    Line::EndOfTransmission => {}
                }
            }
            (Some(Dialect::Web(_)), line) => {
                self.stats.lines_in += 1;
                match line {
                    Line::Whole(line) => self.take_web_line(key, line),
                    Line::TooLong(_) => self.refuse_long_web_line(key),
                    Line::EndOfTransmission => {}
                }
            }
            (_, Line::EndOfTransmission) => self.leave(key, "Quit"),
            (_, Line::TooLong(len)) => {
                self.stats.lines_too_long += 1;
                self.charge(key, 1);
                let (len, limit) =
                    (Count(len, "byte"), Count(self.settings.limits.line_bytes as u64, ""));
                self.tell(key, |to| {
                    to.line(format_args!(
                        "That line is {len}; the limit is {limit}. Nothing was sent."
                    ));
                });
            }
            (_, Line::Whole(line)) => self.take_whole_line(key, line),
        }
    }

    fn take_whole_line(&mut self, key: Key, line: &[u8]) {
        self.stats.lines_in += 1;
        let line = text::edited(line);
        let decoded = text::decoded(&line);
        let text = decoded.trim_end();
        // Nothing to say, or nothing that would show.
        if text::shows_nothing(text) {
            return;
        }
        if self.is_asked_for_password(key) {
            self.charge(key, 1);
            return self.try_password(key, text);
        }
        if matches!(decoded, std::borrow::Cow::Owned(_)) {
            self.tell_not_utf8(key);
        }
        if self.settings.anonymous {
            self.charge(key, 1);
            return self.obey(key, Command::Say(text));
        }
        let command = Command::parse(text);
        let heavy = command.is_ok_and(|command| command.weight() == Weight::Heavy);
        self.charge(key, if heavy { self.settings.limits.heavy_command } else { 1 });
        match command {
            Ok(command) => self.obey(key, command),
            Err(misuse) => self.answer_misuse(key, misuse),
        }
    }

    /// Notes that `key` has used up so many lines of what it may say.
    pub(crate) fn charge(&mut self, key: Key, lines: u32) {
        if lines == 0 {
            return;
        }
        let (now, rate) = (self.now.time, self.settings.limits.lines);
        if let Some(session) = self.sessions.get_mut(key) {
            session.told.too_fast &= !session.gate.is_rested(now);
            session.gate.pass(rate, now, lines);
        }
    }

    fn tell_not_utf8(&mut self, key: Key) {
        if let Some(session) = self.sessions.get_mut(key)
            && !std::mem::replace(&mut session.told.not_utf8, true)
        {
            self.tell(key, |to| {
                to.line("What was not UTF-8 in that line is shown as \u{fffd}. (Told once.)");
            });
        }
    }
}
