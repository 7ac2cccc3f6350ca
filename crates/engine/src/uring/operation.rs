//! The names that operations bear on their way through the kernel.
//!
//! Invariant: the 64 bits the kernel carries for an operation name what it does and for whom, and
//! never hold a pointer: a completion that comes late finds no slot, rather than freed memory.

use service::Key;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Accept connections, multishot; the key's index is the listener's number.
    Accept,
    /// Receive into provided buffers, multishot.
    Receive,
    /// Send a batch.
    Send,
    /// Watch for hang-ups, one shot; and for whatever is to be received, if the service wants to
    /// know of urgent data.
    Alert,
    /// Make a connection; the key is one of the attempts'.
    Connect,
    /// Watch one of the engine's own descriptors (the waker, the signals), one shot; the key's
    /// index says which.
    Watch,
    /// Send a batch at once, or as much of it as the socket takes. It is done when the enter that
    /// hands it down returns, and completes only if not everything was sent.
    Try,
}

/// An operation: what it does, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) kind: Kind,
    pub(super) key: Key,
    /// It does not do this, it cancels the operation that does. Its own completion decides
    /// nothing, and comes only if it failed: what was cancelled always has a last word itself.
    pub(super) is_cancel: bool,
}

impl Operation {
    const KINDS: [Kind; 7] = [
        Kind::Accept,
        Kind::Receive,
        Kind::Send,
        Kind::Alert,
        Kind::Connect,
        Kind::Watch,
        Kind::Try,
    ];

    // A key takes the lower 56 bits, the kind stands above, and the top bit marks a cancel.
    const KIND_SHIFT: u32 = 56;
    const CANCEL_BIT: u64 = 1 << 63;

    pub(super) const fn new(kind: Kind, key: Key) -> Self {
        Self { kind, key, is_cancel: false }
    }

    /// The operation that cancels this one.
    pub(super) const fn cancelled(self) -> Self {
        Self { is_cancel: true, ..self }
    }

    /// Whether the kernel always has a last word on it.
    pub(super) fn has_last_word(self) -> bool {
        !self.is_cancel && self.kind != Kind::Try
    }

    /// The operation as the kernel carries it (`user_data`).
    pub(super) const fn to_bits(self) -> u64 {
        let cancel = if self.is_cancel { Self::CANCEL_BIT } else { 0 };
        self.key.to_bits() | (self.kind as u64) << Self::KIND_SHIFT | cancel
    }

    /// The inverse of [`Operation::to_bits`].
    ///
    /// # Panics
    ///
    /// If the bits are not an operation's: only this engine writes them.
    pub(super) fn from_bits(bits: u64) -> Self {
        let kind = Self::KINDS[((bits & !Self::CANCEL_BIT) >> Self::KIND_SHIFT) as usize];
        Self { kind, key: Key::from_bits(bits), is_cancel: bits & Self::CANCEL_BIT != 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_key_survives_the_kernel() {
        for (place, kind) in Operation::KINDS.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            for key in [Key::new(0, 0), Key::new(u32::MAX, Key::GENERATIONS - 1), Key::new(7, 9)] {
                let operation = Operation::new(kind, key);
                assert_eq!(Operation::from_bits(operation.to_bits()), operation);
                let cancel = operation.cancelled();
                assert_eq!(Operation::from_bits(cancel.to_bits()), cancel);
                assert_ne!(cancel.to_bits(), operation.to_bits());
            }
        }
    }
}
