//! What to do about an error, where that depends on its facts.

use std::io;

use crate::ids::{Offset, PartitionId};

/// What of a damaged partition can be read.
pub(super) fn readable_before(offset: Offset) -> &'static str {
    if offset.0 == 0 { "no record of it can be read" } else { "the records before it can be read" }
}

/// What to do about an answer of the system's, if that can be said. Our own answers say it themselves.
pub(super) fn remedy_of(source: &io::Error) -> &'static str {
    if source.raw_os_error().is_none() && source.get_ref().is_some() {
        return "";
    }
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; what was acknowledged is safe: free space there, then try again"
        }
        io::ErrorKind::PermissionDenied => {
            "; the log must be able to read and write there: run the program as the user to whom that belongs, or use another \
             data directory"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; the log must be able to write there, even to be read: mount it so, or use a copy of the data directory elsewhere"
        }
        _ => "",
    }
}

/// What can be done where there is no copy of a damaged segment: without its records and those before, the others can be backed up.
pub(super) fn instead_of_a_copy(topic: &str, partition: PartitionId, next: Option<Offset>) -> String {
    next.map_or_else(String::new, |next| {
        format!(
            "; or give up what is before offset {next}, where the next segment begins, by `waterwheel-log topic delete-records \
             {topic} --partition {partition} --before {next}`"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::error::Error;

    #[track_caller]
    fn check(source: io::Error, expected: &str) {
        assert_eq!(Error::io("write", Path::new("data/journal/0"), source).to_string(), expected);
    }

    #[test]
    fn the_systems_answers_come_with_a_remedy_where_there_is_one() {
        check(
            io::ErrorKind::StorageFull.into(),
            "cannot write data/journal/0: no storage space; what was acknowledged is safe: free space there, then try again",
        );
        check(io::Error::other("input/output error"), "cannot write data/journal/0: input/output error");
        // Our own answer says itself what to do.
        let own = io::Error::new(io::ErrorKind::PermissionDenied, "it is somebody else's; ask");
        check(own, "cannot write data/journal/0: it is somebody else's; ask");
    }
}
