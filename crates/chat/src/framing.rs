//! What stands between a connection's bytes and its lines: telnet's commands, or the frames of a
//! WebSocket.
//!
//! Invariant: dialects and rooms know lines and nothing of this. On the way in it is taken off before
//! lines are put together ([`inbox`](crate::inbox)); on the way out each line is put into its envelope
//! where an entry is rendered for all readers of a kind ([`dialect`](crate::dialect)), and where
//! something is put into a mailbox ([`Switchboard::mail`]).

use std::fmt;

use service::{Key, Time};
use wire::telnet::Telnet;
use wire::websocket::{self, CloseCode, Closed, Payload, Unframer};

use crate::Limits;
use crate::outbox::Place;
use crate::session::Stage;
use crate::switchboard::Switchboard;

/// What one connection's lines come in.
#[derive(Debug)]
pub(crate) enum Framing {
    /// They stand in the stream as they are, and so may telnet's commands.
    Bare(Telnet),
    /// Each is a message of a WebSocket (RFC 6455).
    WebSocket(Box<Socket>),
}

/// What a line is put into on its way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// Nothing.
    #[default]
    None,
    /// A frame of text.
    Text,
    /// A frame of bytes.
    Binary,
}

/// One WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    unframer: Unframer,
    envelope: Envelope,
    /// When anything last came.
    heard: Time,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Open,
    /// It has been asked for a sign of life, and not heard of since.
    Asked,
    /// The peer's last frame has come, which this one answers. What came before it may still wait.
    Leaving(Box<[u8]>),
    /// The last frame has been sent: nothing stands behind it.
    Ended,
}

/// Why a conversation ends, as a WebSocket says it (RFC 6455 section 7.4.1, and the registry of close
/// codes that it founded).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// It was over: 1000.
    Normal,
    /// It may not go on: 1008, which stands for whatever has no number of its own.
    Refused,
    /// The server ends: 1012, after which clients come back.
    Restart,
}

impl Farewell {
    fn code(self) -> CloseCode {
        match self {
            Self::Normal => CloseCode::Normal,
            Self::Refused => CloseCode::Policy,
            Self::Restart => CloseCode::Restart,
        }
    }
}

/// What is due for a WebSocket that is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// It is asked whether it is there.
    Ask,
    /// It is not.
    Over,
}

impl Default for Framing {
    fn default() -> Self {
        Self::Bare(Telnet::default())
    }
}

impl Framing {
    /// What lines are put into on their way out.
    pub(crate) fn envelope(&self) -> Envelope {
        match self {
            Self::Bare(_) => Envelope::None,
            Self::WebSocket(socket) => socket.envelope,
        }
    }

    /// Whether the peer has turned out to speak telnet.
    pub(crate) fn is_telnet(&self) -> bool {
        matches!(self, Self::Bare(telnet) if telnet.is_spoken())
    }

    /// Whether the last frame has been sent, behind which nothing may stand.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self, Self::WebSocket(socket) if socket.state == State::Ended)
    }

    /// Something that the peer sent was taken: it is there, however long that had to wait.
    pub(crate) fn hear(&mut self, now: Time) {
        if let Self::WebSocket(socket) = self
            && let State::Open | State::Asked = socket.state
        {
            (socket.heard, socket.state) = (now, State::Open);
        }
    }

    /// When silence leads to something, and to what.
    pub(crate) fn silence(&self, limits: &Limits) -> Option<(Time, Silence)> {
        let Self::WebSocket(socket) = self else {
            return None;
        };
        let ask = socket.heard + limits.socket_ping;
        match socket.state {
            State::Open => Some((ask, Silence::Ask)),
            State::Asked => Some((ask + limits.socket_drop, Silence::Over)),
            State::Leaving(_) | State::Ended => None,
        }
    }
}

impl Envelope {
    /// Puts each line that stands in `out` from `from` on into a frame.
    pub(crate) fn enclose(self, out: &mut Vec<u8>, from: usize) {
        match self {
            Self::None => {}
            Self::Text => websocket::frame_lines(out, from, Payload::Text),
            Self::Binary => websocket::frame_lines(out, from, Payload::Binary),
        }
    }

    /// How many of `bytes`, which are whole lines or frames, make up as many whole ones as fit in
    /// `room`; at least one. What is cut elsewhere could not be followed by anything but its rest.
    pub(crate) fn fitting(self, bytes: &[u8], room: usize) -> usize {
        if bytes.len() <= room {
            return bytes.len();
        }
        match self {
            // Whoever reads bare lines finds their ends whatever comes.
            Self::None => room,
            Self::Text | Self::Binary => {
                let mut end = 0;
                loop {
                    let next = end + frame_len(&bytes[end..]);
                    if end > 0 && next > room {
                        return end;
                    }
                    end = next;
                }
            }
        }
    }
}

/// How long the frame of ours is that `bytes` begin with (RFC 6455 section 5.2).
fn frame_len(bytes: &[u8]) -> usize {
    let whole = match *bytes {
        [_, 126, a, b, ..] => 4 + usize::from(u16::from_be_bytes([a, b])),
        [_, 127, a, b, c, d, e, f, g, h, ..] => {
            10 + u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize
        }
        [_, len, ..] => 2 + usize::from(len),
        _ => bytes.len(),
    };
    whole.min(bytes.len())
}

impl Switchboard {
    /// From here on `key` sends and is sent frames, its lines in envelopes of this kind.
    pub(crate) fn begin_frames(&mut self, key: Key, envelope: Envelope) {
        let now = self.now.time;
        let payload = match envelope {
            Envelope::None => return,
            Envelope::Text => Payload::Text,
            Envelope::Binary => Payload::Binary,
        };
        let limits = &self.settings.limits;
        let bounds = websocket::Limits {
            message_bytes: limits.socket_message_bytes,
            fragments: limits.socket_fragments,
        };
        if let Some(session) = self.sessions.get_mut(key) {
            let unframer = Unframer::new(bounds, payload);
            let socket = Socket { unframer, envelope, heard: now, state: State::Open };
            session.framing = Framing::WebSocket(Box::new(socket));
            self.arm(key);
        }
    }

    /// Takes the messages out of the frames that `bytes` are, and obeys their lines.
    pub(crate) fn take_frames(&mut self, key: Key, bytes: &[u8]) {
        let now = self.now.time;
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Framing::WebSocket(socket) = &mut session.framing else {
            return;
        };
        match socket.state {
            State::Open | State::Asked => (socket.heard, socket.state) = (now, State::Open),
            State::Leaving(_) | State::Ended => return,
        }
        let (mut lines, mut answer) = (std::mem::take(&mut self.typed), Vec::new());
        lines.clear();
        let taken = socket.unframer.take(bytes, &mut lines, &mut answer);
        // What was said before the end counts.
        self.take_typed(key, &lines);
        self.typed = lines;
        let Err(closed) = taken else {
            return self.mail_raw(key, &answer);
        };
        if let Some(session) = self.sessions.get_mut(key)
            && let Framing::WebSocket(socket) = &mut session.framing
            && socket.state == State::Open
        {
            socket.state = State::Leaving(answer.into());
        }
        match closed {
            Closed::ByPeer { .. } => self.end_input(key),
            Closed::For(fault) => self.leave(key, &format!("WebSocket: {}", fault.text())),
        }
    }

    /// Appends to what is sent to `key` something that is in its envelope, or needs none.
    fn mail_raw(&mut self, key: Key, bytes: &[u8]) {
        if !bytes.is_empty()
            && let Some(session) = self.sessions.get_mut(key)
            && session.stage != Stage::Closing
        {
            let place = Place::after(self.trunk.last_seq());
            session.outbox.mail(place, |out| out.extend_from_slice(bytes));
            self.posted(key);
        }
    }

    /// The WebSocket of `key`, if it has one, has been silent for long.
    pub(crate) fn meet_silence(&mut self, key: Key, silence: Silence) {
        match silence {
            Silence::Ask => {
                if let Some(session) = self.sessions.get_mut(key)
                    && let Framing::WebSocket(socket) = &mut session.framing
                {
                    socket.state = State::Asked;
                    let mut ping = Vec::new();
                    websocket::ping(&mut ping, b"");
                    self.mail_raw(key, &ping);
                }
            }
            Silence::Over => {
                let limits = &self.settings.limits;
                let seconds = (limits.socket_ping + limits.socket_drop).as_secs();
                self.leave(key, &format!("Ping timeout: {seconds} seconds"));
            }
        }
    }

    /// The last frame to `key`, if it is sent frames and has not had it.
    pub(crate) fn end_frames(&mut self, key: Key, farewell: Farewell, why: &dyn fmt::Display) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Framing::WebSocket(socket) = &mut session.framing else {
            return;
        };
        let last = match &mut socket.state {
            State::Ended => return,
            State::Leaving(answer) => std::mem::take(answer),
            State::Open | State::Asked => {
                let mut last = Vec::new();
                websocket::close(&mut last, farewell.code(), &why.to_string());
                last.into()
            }
        };
        self.mail_raw(key, &last);
        if let Some(session) = self.sessions.get_mut(key)
            && let Framing::WebSocket(socket) = &mut session.framing
        {
            socket.state = State::Ended;
        }
    }
}
