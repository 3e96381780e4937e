//! Errors on their way from the owner to a client, which gets the variant that the owner met.

use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::codec::{Malformed, Put, Reader};
use crate::error::Error;
use crate::group::Assignor;
use crate::ids::{Offset, PartitionId};

/// What is tried where the system may refuse. A word that is not here arrives as the last.
const ACTIONS: &[&str] = &[
    "write",
    "sync",
    "read",
    "make",
    "make a segment in",
    "open",
    "cut",
    "remove",
    "rename",
    "list",
    "lock",
    "keep private",
    "share",
    "work on",
];

pub(super) fn encode(error: &Error, out: &mut Vec<u8>) {
    let mut put = Putter { out };
    match error {
        Error::Io { action, path, source } => put.io(action, path, source),
        Error::UnknownTopic { name, hint } => put.kind(2).text(name).text(hint).end(),
        Error::TopicExists { name } => put.kind(3).text(name).end(),
        Error::InvalidTopic { name, reason } => put.kind(4).text(name).text(reason).end(),
        Error::UnknownPartition { topic, partition, partitions } => {
            put.kind(5).text(topic).number(u64::from(*partition)).number(u64::from(*partitions)).end();
        }
        Error::OffsetOutOfRange { topic, partition, from, start, end } => {
            put.kind(6).text(topic).number(u64::from(partition.0));
            put.number(from.0).number(start.0).number(end.0).end();
        }
        Error::Corrupt { topic, partition, file, offset, position, reason } => {
            put.kind(7).text(topic).number(u64::from(partition.0)).path(file);
            put.number(offset.0).number(*position).text(reason).end();
        }
        Error::PartitionReadOnly { topic, partition, reason } => {
            put.kind(8).text(topic).number(u64::from(partition.0)).text(reason).end();
        }
        Error::StoreReadOnly { reason } => put.kind(9).text(reason).end(),
        // Who holds it is asked for by whoever is told.
        Error::Claimed { name, .. } => put.kind(10).text(name).end(),
        Error::Fenced { producer, epoch, current } => {
            put.kind(11).text(producer).number(epoch_bits(*epoch)).number(epoch_bits(*current)).end();
        }
        Error::TransactionOpen { producer } => put.kind(12).text(producer).end(),
        Error::PropertyChanged { topic, name } => put.kind(13).text(topic).text(name).end(),
        Error::TransactionFailed { producer } => put.kind(14).text(producer).end(),
        Error::RecordTooLarge { topic, partition, bytes, limit } => {
            put.kind(15).text(topic).number(u64::from(partition.0)).number(*bytes).number(*limit).end();
        }
        Error::TransactionCut { producer } => put.kind(16).text(producer).end(),
        Error::CorruptJournal { file, position, reason } => {
            put.kind(17).path(file).number(*position).text(reason).end();
        }
        Error::OutOfOrderSequence { topic, writer, first, end, expected } => {
            put.kind(40).text(topic).text(writer).number(*first).number(*end).number(*expected).end();
        }
        Error::WriterForgotten { topic, writer } => put.kind(41).text(topic).text(writer).end(),
        Error::IllegalGeneration { group, member, generation, current } => {
            put.kind(60).text(group).text(member).number(*generation).number(*current).end();
        }
        Error::FencedInstance { group, instance } => put.kind(61).text(group).text(instance).end(),
        Error::GroupNotEmpty { group, members } => put.kind(62).text(group).number(*members as u64).end(),
        Error::InconsistentAssignor { group, asked, used } => {
            put.kind(63).text(group).text(asked).text(used).end();
        }
        Error::UnknownGroup { group, hint } => put.kind(64).text(group).text(hint).end(),
        Error::InvalidGroup { group, reason } => put.kind(65).text(group).text(reason).end(),
        // The others are of opening a store, or of being a client; none of them is met on behalf of one.
        other => {
            let source = io::Error::other(other.to_string());
            put.io("work on", Path::new("the log"), &source);
        }
    }
}

pub(super) fn decode(from: &mut Reader<'_>) -> Result<Error, Malformed> {
    let partition = |from: &mut Reader<'_>| narrow(from).map(PartitionId);
    Ok(match from.u8()? {
        1 => {
            let action = ACTIONS.get(from.u8()? as usize).or(ACTIONS.last()).ok_or(Malformed)?;
            let (path, code, text) = (path(from)?, from.u32()?.cast_signed(), from.string()?);
            let source = if code == 0 { io::Error::other(text) } else { io::Error::from_raw_os_error(code) };
            Error::Io { action, path, source }
        }
        2 => Error::UnknownTopic { name: from.string()?, hint: from.string()? },
        3 => Error::TopicExists { name: from.string()? },
        4 => Error::InvalidTopic { name: from.string()?, reason: from.string()? },
        5 => Error::UnknownPartition {
            topic: from.string()?,
            partition: narrow(from)?,
            partitions: narrow(from)?,
        },
        6 => Error::OffsetOutOfRange {
            topic: from.string()?,
            partition: partition(from)?,
            from: Offset(from.u64()?),
            start: Offset(from.u64()?),
            end: Offset(from.u64()?),
        },
        7 => Error::Corrupt {
            topic: from.string()?,
            partition: partition(from)?,
            file: path(from)?,
            offset: Offset(from.u64()?),
            position: from.u64()?,
            reason: from.string()?,
        },
        8 => Error::PartitionReadOnly {
            topic: from.string()?,
            partition: partition(from)?,
            reason: from.string()?,
        },
        9 => Error::StoreReadOnly { reason: from.string()? },
        10 => Error::claimed(&from.string()?),
        11 => Error::Fenced { producer: from.string()?, epoch: epoch(from)?, current: epoch(from)? },
        12 => Error::TransactionOpen { producer: from.string()? },
        13 => Error::PropertyChanged { topic: from.string()?, name: from.string()? },
        14 => Error::TransactionFailed { producer: from.string()? },
        15 => Error::RecordTooLarge {
            topic: from.string()?,
            partition: partition(from)?,
            bytes: from.u64()?,
            limit: from.u64()?,
        },
        16 => Error::TransactionCut { producer: from.string()? },
        17 => Error::CorruptJournal { file: path(from)?, position: from.u64()?, reason: from.string()? },
        40 => Error::OutOfOrderSequence {
            topic: from.string()?,
            writer: from.string()?,
            first: from.u64()?,
            end: from.u64()?,
            expected: from.u64()?,
        },
        41 => Error::WriterForgotten { topic: from.string()?, writer: from.string()? },
        kind @ 60.. => return decode_of_groups(kind, from),
        _ => return Err(Malformed),
    })
}

fn decode_of_groups(kind: u8, from: &mut Reader<'_>) -> Result<Error, Malformed> {
    Ok(match kind {
        60 => Error::IllegalGeneration {
            group: from.string()?,
            member: from.string()?,
            generation: from.u64()?,
            current: from.u64()?,
        },
        61 => Error::FencedInstance { group: from.string()?, instance: from.string()? },
        62 => Error::GroupNotEmpty {
            group: from.string()?,
            members: usize::try_from(from.u64()?).map_err(|_| Malformed)?,
        },
        63 => Error::InconsistentAssignor {
            group: from.string()?,
            asked: assignor(from)?,
            used: assignor(from)?,
        },
        64 => Error::UnknownGroup { group: from.string()?, hint: from.string()? },
        65 => Error::InvalidGroup { group: from.string()?, reason: from.string()? },
        _ => return Err(Malformed),
    })
}

fn assignor(from: &mut Reader<'_>) -> Result<&'static str, Malformed> {
    Assignor::named(&from.string()?).map(Assignor::name).ok_or(Malformed)
}

struct Putter<'o> {
    out: &'o mut Vec<u8>,
}

impl Putter<'_> {
    fn kind(&mut self, kind: u8) -> &mut Self {
        self.out.put_u8(kind);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.out.put_bytes(text.as_bytes());
        self
    }

    fn path(&mut self, path: &Path) -> &mut Self {
        self.out.put_bytes(path.as_os_str().as_bytes());
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.out.put_u64(number);
        self
    }

    /// Lets a chain be an arm of the match.
    fn end(&mut self) {}

    fn io(&mut self, action: &str, path: &Path, source: &io::Error) {
        let known = ACTIONS.iter().position(|known| *known == action).unwrap_or(ACTIONS.len() - 1);
        self.kind(1).out.put_u8(known as u8);
        self.path(path).out.put_u32(source.raw_os_error().unwrap_or(0).cast_unsigned());
        self.text(&source.to_string());
    }
}

fn path(from: &mut Reader<'_>) -> Result<PathBuf, Malformed> {
    Ok(PathBuf::from(std::ffi::OsString::from_vec(from.bytes()?.to_vec())))
}

fn narrow(from: &mut Reader<'_>) -> Result<u32, Malformed> {
    u32::try_from(from.u64()?).map_err(|_| Malformed)
}

fn epoch_bits(epoch: i16) -> u64 {
    u64::from(epoch.cast_unsigned())
}

fn epoch(from: &mut Reader<'_>) -> Result<i16, Malformed> {
    u16::try_from(from.u64()?).map(u16::cast_signed).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: Error) {
        let mut bytes = Vec::new();
        encode(&error, &mut bytes);
        let mut from = Reader::new(&bytes);
        let arrived = decode(&mut from).unwrap();
        from.end().unwrap();
        assert_eq!(arrived.to_string(), error.to_string());
        for end in 0..bytes.len() {
            assert!(decode(&mut Reader::new(&bytes[..end])).is_err(), "{error}: {end}");
        }
    }

    #[test]
    fn errors_arrive_with_what_they_know() {
        let (topic, partition) = ("orders".to_owned(), PartitionId(3));
        let (name, reason) = (topic.clone(), "something".to_owned());
        let full = io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error());
        check(Error::io("write", Path::new("data/journal/0"), full));
        check(Error::io("sync", Path::new("data/topics"), io::Error::other("an earlier sync of it failed")));
        check(Error::UnknownTopic { name: name.clone(), hint: "there is none".to_owned() });
        check(Error::TopicExists { name: name.clone() });
        check(Error::InvalidTopic { name: name.clone(), reason: reason.clone() });
        check(Error::UnknownPartition { topic: topic.clone(), partition: 9, partitions: 4 });
        let (from, start, end) = (Offset(1), Offset(5), Offset(u64::MAX));
        check(Error::OffsetOutOfRange { topic: topic.clone(), partition, from, start, end });
        let (file, offset, position) = (PathBuf::from("a/b.log"), Offset(7), 99);
        check(Error::CorruptJournal { file: file.clone(), position, reason: reason.clone() });
        check(Error::Corrupt {
            topic: topic.clone(),
            partition,
            file,
            offset,
            position,
            reason: reason.clone(),
        });
        check(Error::PartitionReadOnly { topic: topic.clone(), partition, reason: reason.clone() });
        check(Error::StoreReadOnly { reason });
        check(Error::claimed(&name));
        check(Error::Fenced { producer: name.clone(), epoch: -1, current: i16::MAX });
        check(Error::TransactionOpen { producer: name.clone() });
        check(Error::PropertyChanged { topic: topic.clone(), name: name.clone() });
        check(Error::TransactionFailed { producer: name.clone() });
        check(Error::TransactionCut { producer: name });
        let (writer, first, end) = ("sensor-7".to_owned(), 7, 9);
        let (of, by) = (topic.clone(), writer.clone());
        check(Error::OutOfOrderSequence { topic: of, writer: by, first, end, expected: 3 });
        check(Error::WriterForgotten { topic: topic.clone(), writer });
        check(Error::RecordTooLarge { topic, partition, bytes: 10, limit: 9 });
        let (group, member) = ("billing".to_owned(), "a".to_owned());
        check(Error::IllegalGeneration {
            group: group.clone(),
            member: member.clone(),
            generation: 3,
            current: 4,
        });
        check(Error::FencedInstance { group: group.clone(), instance: member.clone() });
        check(Error::GroupNotEmpty { group: group.clone(), members: 2 });
        let (asked, used) = (Assignor::Range.name(), Assignor::Sticky.name());
        check(Error::InconsistentAssignor { group: group.clone(), asked, used });
        check(Error::UnknownGroup { group: group.clone(), hint: member.clone() });
        check(Error::InvalidGroup { group, reason: member });
    }

    #[test]
    fn an_error_that_has_no_bytes_of_its_own_arrives_as_its_text() {
        let error = Error::ClaimLost { name: "nightly".to_owned() };
        let mut bytes = Vec::new();
        encode(&error, &mut bytes);
        let arrived = decode(&mut Reader::new(&bytes)).unwrap();
        assert!(arrived.to_string().contains(&error.to_string()), "{arrived}");
    }
}
