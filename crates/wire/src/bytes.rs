//! Looks through short runs of bytes.
//!
//! Invariant: every byte is looked at, and without a branch on what it is, so that compilers make
//! vector instructions of it. Lines are short: an early way out would cost more than it saves.

/// Whether `is` holds for any of `bytes`.
///
/// What does not fill a piece is not gone through one by one: the last piece overlaps the one
/// before.
pub(crate) fn any(bytes: &[u8], is: impl Fn(u8) -> bool + Copy) -> bool {
    if let Some(last) = bytes.last_chunk::<16>() {
        let (pieces, _) = bytes.as_chunks::<16>();
        return pieces.iter().fold(any_of(last, is), |any, piece| any | any_of(piece, is));
    }
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => any_of(first, is) | any_of(last, is),
        _ => bytes.iter().fold(false, |any, &byte| any | is(byte)),
    }
}

fn any_of<const N: usize>(piece: &[u8; N], is: impl Fn(u8) -> bool) -> bool {
    piece.iter().fold(false, |any, &byte| any | is(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_is_found_wherever_it_stands() {
        for len in 0..70 {
            let mut bytes = vec![b'a'; len];
            assert!(!any(&bytes, |byte| byte == b'x'), "{len}");
            for at in 0..len {
                bytes[at] = b'x';
                assert!(any(&bytes, |byte| byte == b'x'), "{at} of {len}");
                bytes[at] = b'a';
            }
        }
    }
}
