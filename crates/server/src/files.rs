//! Files that are read whole.
//!
//! Invariant: reading neither waits for somebody to write nor takes more memory than was allowed.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// What the regular file at `path` holds, if that is not more than `most` bytes, and what the file
/// system says of it.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<(Vec<u8>, Metadata)> {
    // Asked before it is opened: opening a pipe waits for somebody to write into it. What cannot be
    // read twice could not be read again while a server runs.
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("longer than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok((bytes, metadata))
}
