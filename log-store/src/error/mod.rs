//! What can go wrong in a log, with the facts needed to act.

mod remedies;
mod shown;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ids::{Offset, PartitionId};

use remedies::{instead_of_a_copy, numbered, readable_before, remedy_of};

/// The result of a log operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the log. Its `Debug` is its text, since that is what `fn main` prints of it; `{:#?}` shows the variant with its fields.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused an operation.
    #[error("cannot {action} {}: {source}{}", path.display(), remedy_of(source))]
    Io {
        /// What was tried, as a verb: "write", "sync", ...
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Another store, in this process or another, has the directory open, and one of the two would have it alone: a store that was
    /// opened by [`Store::open`](crate::Store::open) is shared with others of its kind.
    #[error(
        "the data directory {} is in use by {holder}, and cannot be shared with this program; stop it, or choose another directory",
        dir.display()
    )]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// The process that holds it, as far as it can be known.
        holder: String,
    },
    /// The store that has the directory is being closed, and that takes longer than was waited.
    #[error(
        "{owner} has been closing the data directory {} for {seconds} s and more: its disk takes so long for what is not on it yet, or it is \
         stopped. Try again later; if it is stopped, have it go on (`kill -CONT`) or end it: what was acknowledged stays", dir.display()
    )]
    OwnerCloses {
        /// The data directory.
        dir: PathBuf,
        /// Whoever closes it, as far as it can be known.
        owner: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The process that owns the directory does not answer.
    #[error(
        "{owner} owns the data directory {} and has not answered for {seconds} s; if it is stopped, have it go on (`kill -CONT`) or end \
         it: another process takes its place then. Whether it will still do what it was asked for is not known", dir.display()
    )]
    OwnerSilent {
        /// The data directory.
        dir: PathBuf,
        /// The owner, as far as it can be known.
        owner: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The process that owned the directory is gone, and nobody has taken its place.
    #[error(
        "the process that owned the data directory {} is gone, and in {seconds} s none has taken its place: {reason}; once the cause is \
         gone, try again", dir.display()
    )]
    OwnerGone {
        /// The data directory.
        dir: PathBuf,
        /// How long was waited.
        seconds: u64,
        /// What is in the way.
        reason: String,
    },
    /// The process that owns the directory was built from another version of this log.
    #[error(
        "{owner} owns the data directory {} and speaks version {found} of what processes that share one say to each other, this \
         program version {supported}; build both from one release, or stop one of them", dir.display()
    )]
    OtherProtocol {
        /// The data directory.
        dir: PathBuf,
        /// The owner, as far as it can be known.
        owner: String,
        /// The version that it speaks.
        found: u32,
        /// The version that this program speaks.
        supported: u32,
    },
    /// The owner went away before it answered, so long ago that its successor does not know what became of the request.
    #[error(
        "the process that owned the data directory {} went away before it answered, and so much was written since that it is not \
         known whether this was: read the topic to see", dir.display()
    )]
    OutcomeUnknown {
        /// The data directory.
        dir: PathBuf,
    },
    /// The owner went away while a large transaction was being written.
    #[error(
        "the transaction of producer `{producer}` was cut off: the process that owned the data directory went away while it was being \
         written; nothing of it was committed: write it again"
    )]
    TransactionCut {
        /// The transactional id.
        producer: String,
    },
    /// The process was not heard of for so long that what it held was given to another.
    #[error(
        "{name} was taken over by another process, as this one was not heard of for too long, such as while it was stopped or the machine \
         slept; what that one does counts, and this one must not go on: start it again only when that one has ended"
    )]
    ClaimLost {
        /// The name.
        name: String,
    },
    /// The directory holds something else than a store.
    #[error("{} is not a data directory: {found}; choose an empty or a new directory", dir.display())]
    NotAStore {
        /// The directory.
        dir: PathBuf,
        /// What was found there.
        found: String,
    },
    /// The directory was written by a version whose format is not read any more.
    #[error(
        "the data directory {} has format version {found}, and this program reads and writes version {supported}; nothing was changed. \
         The release that wrote it still reads it: use that one, or another directory; to take the records along, print them with \
         that release and append them to a store in a new directory", dir.display()
    )]
    OlderFormat {
        /// The directory.
        dir: PathBuf,
        /// The version it is stamped with.
        found: u32,
        /// The version that this program reads and writes.
        supported: u32,
    },
    /// The directory was written by a newer version.
    #[error(
        "the data directory {} has format version {found}, this program knows versions up to {supported}; \
         use a newer release of the program; if none ever used the directory, its file FORMAT is damaged: let that file \
         hold the line `waterwheel-log {supported}`", dir.display()
    )]
    NewerFormat {
        /// The directory.
        dir: PathBuf,
        /// The version it is stamped with.
        found: u32,
        /// The newest version that this program reads.
        supported: u32,
    },
    /// The file `FORMAT` of a store holds what neither a version of the log has written nor damage has left.
    #[error(
        "the file FORMAT in the data directory {} reads `{found}`: no version of this log has written that, and a damaged byte or a lost \
         end does not make it; nothing was changed. If another program keeps its data there, use that program, or another directory; if not, \
         let that file hold the line `waterwheel-log {supported}`", dir.display()
    )]
    ForeignFormat {
        /// The directory.
        dir: PathBuf,
        /// What the file holds, or how it begins.
        found: String,
        /// The newest version that this program reads.
        supported: u32,
    },
    /// No topic has that name, or none has it any more.
    #[error("there is no topic `{name}`; {hint}")]
    UnknownTopic {
        /// The name asked for.
        name: String,
        /// The closest name, or the names that exist, or that it was deleted.
        hint: String,
    },
    /// A topic of that name exists.
    #[error("a topic `{name}` exists already: use it as it is, or choose another name")]
    TopicExists {
        /// The name.
        name: String,
    },
    /// The name or the configuration of a topic cannot be accepted.
    #[error("topic `{name}`: {reason}")]
    InvalidTopic {
        /// The name.
        name: String,
        /// What is wrong, and what is allowed.
        reason: String,
    },
    /// The topic has fewer partitions.
    #[error(
        "topic `{topic}` has {}: there is no partition {partition}", numbered(*partitions)
    )]
    UnknownPartition {
        /// The topic's name.
        topic: String,
        /// The partition asked for.
        partition: u32,
        /// How many there are.
        partitions: u32,
    },
    /// The partition holds no such offset, or no longer.
    #[error(
        "offset {from} of topic `{topic}` partition {partition} is out of range: it holds {start} to {end}"
    )]
    OffsetOutOfRange {
        /// The topic's name.
        topic: String,
        /// The partition.
        partition: PartitionId,
        /// The offset asked for.
        from: Offset,
        /// The log start offset.
        start: Offset,
        /// The log end offset.
        end: Offset,
    },
    /// A segment is damaged where it was known to be durable. The partition takes no more records.
    #[error(
        "topic `{topic}` partition {partition} is damaged: {} at offset {offset} (byte {position}): {reason}; \
         {}, and the partition takes no others; restore the file from a copy", file.display(), readable_before(*offset)
    )]
    Corrupt {
        /// The topic's name.
        topic: String,
        /// The partition.
        partition: PartitionId,
        /// The damaged file.
        file: PathBuf,
        /// The offset that should be found there.
        offset: Offset,
        /// The byte position in the file.
        position: u64,
        /// What does not fit.
        reason: String,
    },
    /// The commit journal is damaged where it was known to be durable, so nothing can be trusted.
    #[error("the commit journal {} is damaged at byte {position}: {reason}; restore it from a copy", file.display())]
    CorruptJournal {
        /// The journal file.
        file: PathBuf,
        /// The byte position in the file.
        position: u64,
        /// What does not fit.
        reason: String,
    },
    /// An earlier failure made the partition read-only until the store is opened again.
    #[error(
        "topic `{topic}` partition {partition} is read-only since {reason}; once the cause is gone, open the store again: it \
         recovers then"
    )]
    PartitionReadOnly {
        /// The topic's name.
        topic: String,
        /// The partition.
        partition: PartitionId,
        /// The failure.
        reason: String,
    },
    /// An earlier failure of the commit journal made the store read-only until it is opened again.
    #[error("the store is read-only since {reason}; once the cause is gone, open it again: it recovers then")]
    StoreReadOnly {
        /// The failure.
        reason: String,
    },
    /// The store was closed through another handle.
    #[error("the store is closed")]
    Closed,
    /// Somebody else on this store holds the name.
    #[error("{name} is already under way on this store, by {holder}; wait for it to end, or stop it")]
    Claimed {
        /// The name.
        name: String,
        /// The process that holds it, as far as it can be known.
        holder: String,
    },
    /// A newer instance of the producer was opened.
    #[error(
        "producer `{producer}` with epoch {epoch} was fenced: it was opened again with epoch {current}, by another program or by a later start \
         of this one, which goes on where the last commit was; what was under way here is not written. Start this one again only when that \
         one has ended"
    )]
    Fenced {
        /// The transactional id.
        producer: String,
        /// The epoch of this instance.
        epoch: i16,
        /// The epoch of the newest instance.
        current: i16,
    },
    /// A writer's name cannot be accepted.
    #[error("a writer's name has 1 to {bytes_max} bytes, and `{name}` has {}; choose another", name.len())]
    InvalidWriter {
        /// The name.
        name: String,
        /// How long it may be.
        bytes_max: usize,
    },
    /// A batch of a writer's does not follow on what it has written.
    #[error(
        "topic `{topic}`: a batch of writer `{writer}` that stands for sequences {first} to {end} does not follow: all before {expected} is \
         written; go on with {expected}"
    )]
    OutOfOrderSequence {
        /// The topic's name.
        topic: String,
        /// The writer's name.
        writer: String,
        /// The first sequence of the batch.
        first: u64,
        /// The sequence after its last.
        end: u64,
        /// The sequence that the next batch begins with.
        expected: u64,
    },
    /// A writer was not used for so long that the log does not know it any more.
    #[error(
        "topic `{topic}`: writer `{writer}` was not used for so long that it is forgotten; open it again, and look what it has written"
    )]
    WriterForgotten {
        /// The topic's name.
        topic: String,
        /// The writer's name.
        writer: String,
    },
    /// The batch in which a record was sent could not be written.
    #[error("a record that was sent is not known to be in the log: {cause}")]
    SendFailed {
        /// Why, and what to do.
        cause: Arc<Error>,
    },
    /// The directory is no backup, or not one of this log.
    #[error("{} is not a backup of this log: {found}; name the right one, or an empty or a new directory to make one", dir.display())]
    NotABackup {
        /// The directory.
        dir: PathBuf,
        /// What was found there.
        found: String,
    },
    /// A file of a backup is not as it was written.
    #[error("the backup is damaged: {} (byte {position}): {reason}; use another backup", file.display())]
    CorruptBackup {
        /// The file.
        file: PathBuf,
        /// The byte position in the file, as far as it is known.
        position: u64,
        /// What does not fit.
        reason: String,
    },
    /// A segment that was to be backed up is damaged. Nothing was backed up, and an earlier backup is as it was.
    #[error(
        "topic `{topic}` partition {partition} is damaged, and nothing was backed up: {} (byte {position}): {reason}; \
         `waterwheel-log verify` tells of all such places: restore the file from a copy, as one in an earlier backup{}",
        file.display(), instead_of_a_copy(topic, *partition, *next)
    )]
    DamagedSegment {
        /// The topic's name.
        topic: String,
        /// The partition.
        partition: PartitionId,
        /// The damaged file.
        file: PathBuf,
        /// The byte position in the file.
        position: u64,
        /// What does not fit.
        reason: String,
        /// Where the next segment begins: it can be backed up once the records before are given up. `None` of the last.
        next: Option<Offset>,
    },
    /// A directory in which a log is to be made holds something.
    #[error("{} is not empty: it holds `{found}`; name an empty or a new directory", dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// A name in it.
        found: String,
    },
    /// The caller ended it.
    #[error("it was stopped before it was done")]
    Stopped,
    /// What was under way met others at work, again and again.
    #[error("{what} again and again, while the log was copied; try again when less of it is deleted")]
    Disturbed {
        /// What others did.
        what: String,
    },
    /// A producer has one transaction at a time.
    #[error("producer `{producer}` has an open transaction; commit or abort it first")]
    TransactionOpen {
        /// The transactional id.
        producer: String,
    },
    /// A property that a transaction was to replace is not what its caller took it for.
    #[error(
        "property `{name}` of topic `{topic}` was changed since it was read; nothing was committed: read it, and try again"
    )]
    PropertyChanged {
        /// The topic's name.
        topic: String,
        /// The property's name.
        name: String,
    },
    /// An append of the transaction failed, so that it can only be aborted.
    #[error("the transaction of producer `{producer}` cannot be committed: an append to it failed; abort it")]
    TransactionFailed {
        /// The transactional id.
        producer: String,
    },
    /// A record is larger than the log takes.
    #[error(
        "topic `{topic}` partition {partition}: a record of {bytes} bytes is larger than the limit of {limit} bytes; \
         split it, or keep its large part outside of the log"
    )]
    RecordTooLarge {
        /// The name of the topic that it was to be appended to.
        topic: String,
        /// The partition.
        partition: PartitionId,
        /// Its encoded size.
        bytes: u64,
        /// The largest size.
        limit: u64,
    },
    /// A member of a consumer group committed what it does not have, or no longer.
    #[error(
        "consumer `{member}` of group `{group}` cannot commit: some of these partitions are not its own in generation {generation} of the \
         group, which is at {current}: it was not heard of, or did not poll, for too long, and they went to others. Poll again: it \
         tells what was lost; whoever has the partitions now begins at what was committed before"
    )]
    IllegalGeneration {
        /// The group.
        group: String,
        /// The member's id.
        member: String,
        /// The generation that the member knows.
        generation: u64,
        /// The group's generation.
        current: u64,
    },
    /// Another consumer has the same instance id, and came later.
    #[error(
        "another consumer of group `{group}` has begun with the instance id `{instance}`, and this one was fenced; give each of them an \
         instance id of its own, or stop this one"
    )]
    FencedInstance {
        /// The group.
        group: String,
        /// The instance id.
        instance: String,
    },
    /// What was asked for needs a group without members.
    #[error(
        "consumer group `{group}` has {members} members: its offsets are theirs. Stop its consumers first; one that was killed counts until \
         its session timeout is over"
    )]
    GroupNotEmpty {
        /// The group.
        group: String,
        /// How many members it has.
        members: usize,
    },
    /// The members of a group do not agree on how its partitions are shared out.
    #[error(
        "the members of consumer group `{group}` share partitions out by `{used}`, and this one by `{asked}`: a group has one way; give all of \
         them the same assignor"
    )]
    InconsistentAssignor {
        /// The group.
        group: String,
        /// What this member would have.
        asked: &'static str,
        /// What the group has.
        used: &'static str,
    },
    /// There is no group of that name.
    #[error("there is no consumer group `{group}`; {hint}")]
    UnknownGroup {
        /// The name that was asked for.
        group: String,
        /// What there is.
        hint: String,
    },
    /// A group's name, or what is to be committed for it, cannot be.
    #[error("consumer group `{group}`: {reason}")]
    InvalidGroup {
        /// The group.
        group: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A consumer was asked about a partition that it does not have.
    #[error(
        "the consumer does not have topic `{topic}` partition {partition}, but {assigned} others of the topic: its group may have given it to \
         another member; `Polled::assigned` tells which it has"
    )]
    NotAssigned {
        /// The topic.
        topic: String,
        /// The partition.
        partition: PartitionId,
        /// How many others of the topic it has.
        assigned: usize,
    },
    /// A partition is to be read from a committed offset, and there is none.
    #[error(
        "group `{group}` has no committed offset for topic `{topic}` partition {partition}, or its records are deleted, and its consumer is to \
         fail then (`auto_offset_reset`): reset the group to where it is to begin, or let the setting say it"
    )]
    NoOffset {
        /// The group; empty for a consumer without one.
        group: String,
        /// The topic.
        topic: String,
        /// The partition.
        partition: PartitionId,
    },
}

impl Error {
    /// A name is held by nobody knows whom.
    pub(crate) fn claimed(name: &str) -> Error {
        Error::Claimed { name: name.to_owned(), holder: "another process".to_owned() }
    }

    /// What a handle of a deleted topic is good for.
    pub(crate) fn deleted(topic: &str) -> Error {
        Error::UnknownTopic { name: topic.to_owned(), hint: "it was deleted while in use".to_owned() }
    }

    /// What happened, without what to do about it: a part of another error, which has its own remedy.
    pub(crate) fn cause(&self) -> String {
        match self {
            Error::Io { action, path, source } => format!("cannot {action} {}: {source}", path.display()),
            other => other.to_string(),
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Error {
        Error::Io { action, path: path.to_owned(), source }
    }
}

/// For programs whose functions give `io::Result`. The kind is the system's, where it was the system that refused.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match &error {
            Error::Io { source, .. } => source.kind(),
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_an_io_error_it_keeps_its_kind_and_its_text() {
        let error = Error::io("sync", Path::new("log"), io::ErrorKind::StorageFull.into());
        let text = error.to_string();
        let error = io::Error::from(error);
        assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::StorageFull, text));
        let not_found = Error::NotAStore { dir: "photos".into(), found: "a picture".to_owned() };
        assert_eq!(io::Error::from(not_found).kind(), io::ErrorKind::Other);
    }

    #[test]
    fn a_cause_has_no_remedy_of_its_own() {
        let error = Error::io("sync", Path::new("log"), io::ErrorKind::StorageFull.into());
        assert_eq!(error.cause(), "cannot sync log: no storage space");
        assert_eq!(Error::Closed.cause(), Error::Closed.to_string());
    }
}
