//! What IRC clients ask for beyond the RFCs: IRCv3 capabilities.
//!
//! Invariant: what a client did not ask for it is never sent. How things look in rooms depends on
//! some capabilities only: clients that are alike in these are one [`Class`], and read the same
//! bytes.

use crate::limits::Limits;

/// Something that a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Capability {
    AccountNotify,
    AccountTag,
    AwayNotify,
    CapNotify,
    Chghost,
    ExtendedIsupport,
    ExtendedMonitor,
    NoImplicitNames,
    PreAway,
    Setname,
    MessageTags,
    ServerTime,
    Batch,
    EchoMessage,
    LabeledResponse,
    StandardReplies,
    MultiPrefix,
    UserhostInNames,
    ExtendedJoin,
    Multiline,
    ChatHistory,
    EventPlayback,
    MessageRedaction,
    Metadata,
    ReadMarker,
    InviteNotify,
    ChannelRename,
}

impl Capability {
    /// All, with their names and the values told to those who speak CAP 302.
    pub(crate) const ALL: &[(&str, &str, Self)] = {
        use Capability::*;
        &[
            ("account-notify", "", AccountNotify),
            ("account-tag", "", AccountTag),
            ("away-notify", "", AwayNotify),
            ("batch", "", Batch),
            ("cap-notify", "", CapNotify),
            ("chghost", "", Chghost),
            ("draft/channel-rename", "", ChannelRename),
            ("draft/chathistory", "", ChatHistory),
            ("draft/event-playback", "", EventPlayback),
            ("draft/extended-isupport", "", ExtendedIsupport),
            ("draft/message-redaction", "", MessageRedaction),
            ("draft/metadata-3", "", Metadata),
            ("draft/multiline", "", Multiline),
            ("draft/pre-away", "", PreAway),
            ("draft/read-marker", "", ReadMarker),
            ("echo-message", "", EchoMessage),
            ("extended-join", "", ExtendedJoin),
            ("extended-monitor", "", ExtendedMonitor),
            ("invite-notify", "", InviteNotify),
            ("labeled-response", "", LabeledResponse),
            ("message-tags", "", MessageTags),
            ("multi-prefix", "", MultiPrefix),
            ("no-implicit-names", "", NoImplicitNames),
            ("server-time", "", ServerTime),
            ("setname", "", Setname),
            ("standard-replies", "", StandardReplies),
            ("userhost-in-names", "", UserhostInNames),
        ]
    };

    /// What it depends on the settings to say, beside what stands there.
    pub(crate) fn value(self, limits: &Limits) -> Option<String> {
        match self {
            Self::Multiline => {
                let Limits { multiline_bytes, multiline_lines, .. } = limits;
                Some(format!("max-bytes={multiline_bytes},max-lines={multiline_lines}"))
            }
            Self::Metadata => {
                let Limits { metadata_keys: keys, metadata_subscriptions: subs, .. } = limits;
                let Limits { metadata_key_bytes: key, metadata_value_bytes: value, .. } = limits;
                Some(format!(
                    "max-keys={keys},max-subs={subs},max-key-bytes={key},max-value-bytes={value}"
                ))
            }
            _ => None,
        }
    }

    /// The capability with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(other, ..)| *other == name).map(|(.., capability)| *capability)
    }
}

/// What one client has asked for and been given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities(u64);

impl Capabilities {
    pub(crate) fn has(self, capability: Capability) -> bool {
        self.0 & 1 << capability as u8 != 0
    }

    pub(crate) fn set(&mut self, capability: Capability, on: bool) {
        let bit = 1 << capability as u8;
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }

    /// What of this decides how entries of rooms look.
    pub(crate) fn class(mut self) -> Class {
        // Nothing of several lines without batches.
        self.set(
            Capability::Multiline,
            self.has(Capability::Multiline) && self.has(Capability::Batch),
        );
        Class(Self(self.0 & Self::SEEN))
    }

    /// Those that decide how an entry of a room looks.
    const SEEN: u64 = {
        use Capability::*;
        let mut seen = 0;
        let mut rest: &[Capability] = &[
            MessageTags,
            ServerTime,
            ExtendedJoin,
            MessageRedaction,
            Multiline,
            AwayNotify,
            Setname,
            Chghost,
        ];
        while let [first, others @ ..] = rest {
            seen |= 1 << *first as u8;
            rest = others;
        }
        seen
    };
}

/// Clients to which everything in rooms looks alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(Capabilities);

impl Class {
    pub(crate) fn has(self, capability: Capability) -> bool {
        self.0.has(capability)
    }
}
