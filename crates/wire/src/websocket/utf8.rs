//! Whether a stream is UTF-8, as soon as it is known.
//!
//! Invariant: the first byte that no character can go on with is refused when it comes, whatever
//! the pieces; only the beginning of one character is kept.

/// The end of what has come of a stream: nothing, or a character that is not whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Utf8 {
    begun: [u8; 4],
    len: u8,
}

/// The stream is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotUtf8;

impl Utf8 {
    /// Takes the next piece.
    pub(super) fn take(&mut self, mut piece: &[u8]) -> Result<(), NotUtf8> {
        while self.len > 0
            && let [byte, rest @ ..] = piece
        {
            self.begun[usize::from(self.len)] = *byte;
            self.len += 1;
            match str::from_utf8(&self.begun[..usize::from(self.len)]) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_some() => return Err(NotUtf8),
                Err(_) => {}
            }
            piece = rest;
        }
        let Err(error) = str::from_utf8(piece) else {
            return Ok(());
        };
        if error.error_len().is_some() {
            return Err(NotUtf8);
        }
        // At most three bytes, or it would be a character or none.
        let begun = &piece[error.valid_up_to()..];
        self.begun[..begun.len()].copy_from_slice(begun);
        self.len = begun.len() as u8;
        Ok(())
    }

    /// Whether the stream may end here.
    pub(super) fn is_whole(self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// After how many bytes of `bytes`, one at a time, it was refused.
    fn refused_at(bytes: &[u8]) -> Option<usize> {
        let mut utf8 = Utf8::default();
        (0..bytes.len()).find(|&at| utf8.take(&bytes[at..=at]).is_err())
    }

    #[test]
    fn what_no_character_can_go_on_with_is_refused_when_it_comes() {
        for (bytes, at) in [
            (&b"\xc0\x80"[..], 0),
            (b"a\x80", 1),
            (b"\xe0\x80\x80", 1),
            (b"\xed\xa0\x80", 1),
            (b"\xf0\x8f", 1),
            (b"\xf4\x90\x80\x80", 1),
            (b"\xf5", 0),
            (b"\xe2\x82\x28", 2),
        ] {
            assert_eq!(refused_at(bytes), Some(at), "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_pieces_of_any_bytes_are_judged_as_the_whole(
            text in ".{0,20}",
            at in any::<proptest::sample::Index>(),
            other in proptest::option::of(any::<u8>()),
            size in 1usize..6,
        ) {
            let mut bytes = text.into_bytes();
            if let (Some(other), false) = (other, bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = other;
            }
            let mut utf8 = Utf8::default();
            let taken = bytes.chunks(size).all(|piece| utf8.take(piece).is_ok());
            prop_assert_eq!(taken && utf8.is_whole(), str::from_utf8(&bytes).is_ok());
        }
    }
}
