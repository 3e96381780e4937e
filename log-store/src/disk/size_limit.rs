//! The largest file that the system lets this process write (`ulimit -f`), asked before each write.
//!
//! A process that writes beyond the limit is ended by the signal SIGXFSZ, unless it changed what that signal does. That
//! is for the program to decide and not for a library in it, so the log does not get as far as the signal.

use std::io;

use rustix::process::{Resource, getrlimit};

/// Fails if a file may not become `length` bytes long.
pub(super) fn check(length: u64) -> io::Result<()> {
    match getrlimit(Resource::Fsize).current {
        Some(limit) if length > limit => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!(
                "it would become {length} bytes long, and this process may write files of {limit} bytes at most; raise that limit \
                 (`ulimit -f`, RLIMIT_FSIZE)"
            ),
        )),
        _ => Ok(()),
    }
}
