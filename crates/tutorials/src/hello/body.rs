//! Where the body of a request ends. Its bytes are looked at and discarded.
//!
//! Invariant: a body is read to its last byte and not one further, or refused; and no body makes
//! us read more than [`BODY_BYTES`].

use super::reply::Refusal;

/// A longer body, chunk sizes and trailers counted in, is refused with 413: nobody has a reason to
/// send one here.
pub(super) const BODY_BYTES: u32 = 64 * 1024;

/// How far the reading of a body has come.
pub(super) enum Body {
    /// This many bytes are still to come.
    Length(u32),
    Chunked(Chunked),
}

/// What came of some bytes.
pub(super) enum Progress {
    /// All of them were body, and more is to come.
    More,
    /// The body has ended after `used` of them.
    Done {
        used: usize,
    },
    Refused(Refusal),
}

impl Body {
    /// A body of as many bytes as a Content-Length says; none if it says 0.
    pub(super) fn of_length(value: &[u8]) -> Result<Option<Self>, Refusal> {
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(Refusal::BadRequest);
        }
        let digits = value.iter().map(|digit| u32::from(digit - b'0'));
        // Saturating is as good as any number over the bound.
        match digits.fold(0, |sum: u32, digit| sum.saturating_mul(10).saturating_add(digit)) {
            0 => Ok(None),
            length if length > BODY_BYTES => Err(Refusal::BodyTooLarge),
            length => Ok(Some(Self::Length(length))),
        }
    }

    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunked { part: Part::Size { digits: 0, size: 0 }, read: 0 })
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> Progress {
        match self {
            Self::Length(left) => {
                let used = bytes.len().min(*left as usize);
                *left -= used as u32;
                if *left == 0 { Progress::Done { used } } else { Progress::More }
            }
            Self::Chunked(chunked) => chunked.take(bytes),
        }
    }
}

/// The chunked coding (RFC 9112 section 7.1), taken strictly: lines end with CR LF and nothing
/// else, since what others make of a bare LF differs.
pub(super) struct Chunked {
    part: Part,
    /// Bytes read so far, of everything.
    read: u32,
}

#[derive(Clone, Copy)]
enum Part {
    Size {
        digits: u8,
        size: u32,
    },
    Extension {
        size: u32,
    },
    /// The LF after a size.
    SizeEnd {
        size: u32,
    },
    Data {
        left: u32,
    },
    /// The CR after a chunk's data.
    DataCr,
    DataLf,
    /// The first byte of a line after the last chunk: a trailer field, or the empty line.
    TrailerStart,
    Trailer,
    TrailerLf,
    /// The LF of the empty line: the last byte.
    LastLf,
}

impl Chunked {
    fn take(&mut self, bytes: &[u8]) -> Progress {
        let mut used = 0;
        while let Some(&byte) = bytes.get(used) {
            // Data is stepped over, everything else looked at byte by byte.
            let step = match self.part {
                Part::Data { left } => (left as usize).min(bytes.len() - used),
                _ => 1,
            };
            used += step;
            self.read = self.read.saturating_add(step as u32);
            if self.read > BODY_BYTES {
                return Progress::Refused(Refusal::BodyTooLarge);
            }
            if let (Part::LastLf, b'\n') = (self.part, byte) {
                return Progress::Done { used };
            }
            self.part = match self.part.after(byte, step as u32) {
                Ok(part) => part,
                Err(refusal) => return Progress::Refused(refusal),
            };
        }
        Progress::More
    }
}

impl Part {
    /// What comes after `byte` (or after `step` bytes of data).
    fn after(self, byte: u8, step: u32) -> Result<Self, Refusal> {
        Ok(match (self, byte) {
            (Self::Size { digits, size }, _) if byte.is_ascii_hexdigit() => {
                let digit = (byte as char).to_digit(16).unwrap_or(0);
                let size = size * 16 + digit;
                if size > BODY_BYTES {
                    return Err(Refusal::BodyTooLarge);
                }
                if digits == 16 {
                    return Err(Refusal::BadRequest);
                }
                Self::Size { digits: digits + 1, size }
            }
            (Self::Size { digits: 1.., size }, b';') => Self::Extension { size },
            (Self::Size { digits: 1.., size } | Self::Extension { size }, b'\r') => {
                Self::SizeEnd { size }
            }
            (Self::Extension { size }, b'\t' | b' '..=b'~' | 0x80..) => Self::Extension { size },
            (Self::SizeEnd { size: 0 }, b'\n') => Self::TrailerStart,
            (Self::SizeEnd { size }, b'\n') => Self::Data { left: size },
            (Self::Data { left }, _) if left > step => Self::Data { left: left - step },
            (Self::Data { .. }, _) => Self::DataCr,
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::Size { digits: 0, size: 0 },
            (Self::TrailerStart, b'\r') => Self::LastLf,
            (Self::TrailerStart | Self::Trailer, b'\t' | b' '..=b'~' | 0x80..) => Self::Trailer,
            (Self::Trailer, b'\r') => Self::TrailerLf,
            (Self::TrailerLf, b'\n') => Self::TrailerStart,
            _ => return Err(Refusal::BadRequest),
        })
    }
}
