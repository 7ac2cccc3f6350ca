//! How many descriptors this process may have.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit on open descriptors to the hard one, and answers what it is now.
///
/// The soft limit is 1,024 on most systems for the sake of programs that use C's `fd_set`
/// (`setrlimit(2)`, `RLIMIT_NOFILE`); nothing here does.
///
/// # Errors
///
/// If the kernel refuses, the limit stays what it was.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    }
    // No limit at all is a limit too: descriptors are C ints.
    Ok(limit.maximum.unwrap_or(i32::MAX as u64))
}
