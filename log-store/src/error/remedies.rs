//! What to do about an error, where that depends on its facts.

use std::io;

use rustix::io::Errno;

use crate::ids::{Offset, PartitionId};

/// What of a damaged partition can be read.
pub(super) fn readable_before(offset: Offset) -> &'static str {
    if offset.0 == 0 { "no record of it can be read" } else { "the records before it can be read" }
}

/// So many partitions, and how they are numbered.
pub(super) fn numbered(partitions: u32) -> String {
    match partitions {
        1 => "1 partition, whose number is 0".to_owned(),
        several => format!("{several} partitions, numbered from 0"),
    }
}

/// What to do about an answer of the system's, if that can be said. Our own answers say it themselves.
pub(super) fn remedy_of(source: &io::Error) -> &'static str {
    if source.raw_os_error().is_none() && source.get_ref().is_some() {
        return "";
    }
    let is = |errno: Errno| source.raw_os_error() == Some(errno.raw_os_error());
    if is(Errno::MFILE) {
        return "; this process has as many files open as it may: raise that limit (`ulimit -n`, RLIMIT_NOFILE), and start it again";
    }
    match source.kind() {
        io::ErrorKind::IsADirectory => {
            "; the log has a file of that name, in whose place somebody has put a directory: move that away"
        }
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
    fn one_partition_is_told_as_one() {
        let said = |partitions| {
            Error::UnknownPartition { topic: "orders".to_owned(), partition: 5, partitions }.to_string()
        };
        assert_eq!(said(1), "topic `orders` has 1 partition, whose number is 0: there is no partition 5");
        assert_eq!(said(4), "topic `orders` has 4 partitions, numbered from 0: there is no partition 5");
    }

    #[test]
    fn the_systems_answers_come_with_a_remedy_where_there_is_one() {
        check(
            io::ErrorKind::StorageFull.into(),
            "cannot write data/journal/0: no storage space; what was acknowledged is safe: free space there, then try again",
        );
        check(
            io::Error::from_raw_os_error(Errno::MFILE.raw_os_error()),
            "cannot write data/journal/0: Too many open files (os error 24); this process has as many files open as it may: raise that \
             limit (`ulimit -n`, RLIMIT_NOFILE), and start it again",
        );
        let said =
            Error::io("read", Path::new("data/FORMAT"), io::ErrorKind::IsADirectory.into()).to_string();
        assert!(said.ends_with("in whose place somebody has put a directory: move that away"), "{said}");
        check(io::Error::other("input/output error"), "cannot write data/journal/0: input/output error");
        // Our own answer says itself what to do.
        let own = io::Error::new(io::ErrorKind::PermissionDenied, "it is somebody else's; ask");
        check(own, "cannot write data/journal/0: it is somebody else's; ask");
    }
}
