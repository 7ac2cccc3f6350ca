//! What is known of one IRC client beside its session: boxed, so that those who speak plainly do
//! not pay for it.

use service::Time;

use super::capability::{Capabilities, Class};
use super::command::markread::Markers;
use super::command::metadata::Subscriptions;
use super::multiline::Incoming;
use super::pending::Pending;
use super::registration::Registration;
use crate::gate::Gate;

/// One connection that speaks IRC.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(crate) capabilities: Capabilities,
    /// The version of capability negotiation that it knows: 0, 301 or 302.
    pub(crate) cap_version: u16,
    /// What it has said of itself so far; `None` once it is a member.
    pub(crate) registration: Option<Box<Registration>>,
    /// What is left of a long answer.
    pub(crate) pending: Option<Box<Pending>>,
    /// When it last sent a line.
    pub(crate) heard: Time,
    pub(crate) ping: Ping,
    /// How often it may try to become a server operator.
    pub(crate) operator_tries: Gate,
    /// How often it may change what is said of it and of rooms.
    pub(crate) metadata: Gate,
    /// What it may ask who is who beside its lines, and for history.
    pub(crate) who: Gate,
    pub(crate) history: Gate,
    /// A message of several lines that it is sending.
    pub(crate) incoming: Option<Box<Incoming>>,
    /// How far it has read.
    pub(crate) markers: Option<Box<Markers>>,
    /// What it wants to be told of people and rooms.
    pub(crate) subscriptions: Option<Box<Subscriptions>>,
}

/// Whether the client has been asked for a sign of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ping {
    #[default]
    None,
    /// Asked, and not heard of since.
    Sent,
}

impl Client {
    /// A client that has connected, or has turned out to be one because it began with a word.
    pub(crate) fn new(now: Time, began: Option<Box<str>>) -> Self {
        let registration = Some(Box::new(Registration::new(now, began)));
        Self { registration, heard: now, ..Self::default() }
    }

    /// The readers it is like.
    pub(crate) fn class(&self) -> Class {
        self.capabilities.class()
    }
}
