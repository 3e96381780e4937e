//! What a client is answered.

use crate::codec::{Malformed, Put, Reader, decode_all};
use crate::error::{Error, Result};
use crate::group::{GroupTold, Standing};
use crate::ids::{Offset, PartitionId, ProducerEpoch, ProducerId, TopicId};
use crate::journal::Image;

use super::failures;

/// The offsets that a partition's records got, without markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrittenRange {
    pub(crate) topic: TopicId,
    pub(crate) partition: PartitionId,
    pub(crate) base: Offset,
    pub(crate) end: Offset,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It was done, with this answer.
    Done(Vec<WrittenRange>),
    /// It was not done, and will not be unless it is sent again.
    NotDone,
    /// It was so long ago that it is not known.
    Forgotten,
}

/// An answer, with what the owner's readers saw by then.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) step: u64,
    /// What changed in that step, as those who follow are told; empty if it is told to them alone.
    pub(crate) told: Vec<u8>,
    /// The number of the last request that was answered durably.
    pub(crate) answered: u64,
    pub(crate) answer: Answer,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Done,
    Offset(Offset),
    Ranges(Vec<WrittenRange>),
    Topic(TopicId),
    Producer(ProducerId, ProducerEpoch),
    /// With the sequence to go on with.
    Writer(ProducerId, ProducerEpoch, u64),
    Image(Box<Image>),
    /// The number of a transaction that is written before it ends.
    Spilled(u64),
    Asked(Asked),
    /// For each process its id, how many connections it has, and what it has claimed; the owner first.
    Processes(Vec<(u32, u32, Vec<String>)>),
    /// How a member of a consumer group stands.
    Standing(Standing),
    Groups(Vec<GroupTold>),
}

impl Answered {
    pub(crate) fn encode(step: u64, told: &[u8], answered: u64, answer: &Result<Answer>) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_u64(step);
        out.put_u64(answered);
        out.put_bytes(told);
        match answer {
            Ok(answer) => answer.encode(&mut out),
            Err(error) => {
                out.put_u8(255);
                failures::encode(error, &mut out);
            }
        }
        out
    }

    /// The outer error: these bytes are no answer. The inner one: what the owner said.
    pub(crate) fn decode(bytes: &[u8]) -> Result<(Answered, Option<Error>), Malformed> {
        let from = &mut Reader::new(bytes);
        let (step, answered, told) = (from.u64()?, from.u64()?, from.bytes()?.to_vec());
        let (answer, error) = match from.u8()? {
            255 => (Answer::Done, Some(failures::decode(from)?)),
            kind => (Answer::decode(kind, from)?, None),
        };
        from.end()?;
        Ok((Answered { step, told, answered, answer }, error))
    }
}

impl Answer {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Answer::Done => out.put_u8(0),
            Answer::Offset(offset) => {
                out.put_u8(1);
                out.put_u64(offset.0);
            }
            Answer::Ranges(ranges) => {
                out.put_u8(2);
                encode_ranges(ranges, out);
            }
            Answer::Topic(id) => {
                out.put_u8(3);
                out.put_u64(id.0);
            }
            Answer::Producer(id, epoch) => {
                out.put_u8(4);
                out.put_i64(id.0);
                out.put_i16(epoch.0);
            }
            Answer::Spilled(number) => {
                out.put_u8(5);
                out.put_u64(*number);
            }
            Answer::Asked(Asked::Done(ranges)) => {
                out.put_u8(6);
                encode_ranges(ranges, out);
            }
            Answer::Asked(Asked::NotDone) => out.put_u8(7),
            Answer::Asked(Asked::Forgotten) => out.put_u8(8),
            Answer::Image(image) => {
                out.put_u8(41);
                image.encode(out);
            }
            Answer::Writer(id, epoch, next) => {
                out.put_u8(40);
                out.put_i64(id.0);
                out.put_i16(epoch.0);
                out.put_u64(*next);
            }
            Answer::Processes(processes) => {
                out.put_u8(9);
                out.put_count(processes.len());
                for (pid, connections, claims) in processes {
                    out.put_u32(*pid);
                    out.put_u32(*connections);
                    out.put_count(claims.len());
                    claims.iter().for_each(|claim| out.put_bytes(claim.as_bytes()));
                }
            }
            Answer::Standing(standing) => {
                out.put_u8(60);
                standing.encode(out);
            }
            Answer::Groups(groups) => {
                out.put_u8(61);
                out.put_count(groups.len());
                groups.iter().for_each(|group| group.encode(out));
            }
        }
    }

    fn decode(kind: u8, from: &mut Reader<'_>) -> Result<Answer, Malformed> {
        Ok(match kind {
            0 => Answer::Done,
            1 => Answer::Offset(Offset(from.u64()?)),
            2 => Answer::Ranges(decode_all(from, WrittenRange::decode)?),
            3 => Answer::Topic(TopicId(from.u64()?)),
            4 => Answer::Producer(ProducerId(from.i64()?), ProducerEpoch(from.i16()?)),
            5 => Answer::Spilled(from.u64()?),
            6 => Answer::Asked(Asked::Done(decode_all(from, WrittenRange::decode)?)),
            7 => Answer::Asked(Asked::NotDone),
            8 => Answer::Asked(Asked::Forgotten),
            41 => {
                let mut rest = Reader::new(from.take(from.rest().len())?);
                Answer::Image(Box::new(Image::decode(&mut rest)?))
            }
            40 => Answer::Writer(ProducerId(from.i64()?), ProducerEpoch(from.i16()?), from.u64()?),
            9 => Answer::Processes(decode_all(from, |from| {
                Ok((from.u32()?, from.u32()?, decode_all(from, Reader::string)?))
            })?),
            60 => Answer::Standing(Standing::decode(from)?),
            61 => Answer::Groups(decode_all(from, GroupTold::decode)?),
            _ => return Err(Malformed),
        })
    }
}

impl WrittenRange {
    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<WrittenRange, Malformed> {
        let (topic, partition) = (TopicId(from.u64()?), PartitionId(from.u32()?));
        Ok(WrittenRange { topic, partition, base: Offset(from.u64()?), end: Offset(from.u64()?) })
    }
}

pub(crate) fn encode_ranges(ranges: &[WrittenRange], out: &mut Vec<u8>) {
    out.put_count(ranges.len());
    for range in ranges {
        out.put_u64(range.topic.0);
        out.put_u32(range.partition.0);
        out.put_u64(range.base.0);
        out.put_u64(range.end.0);
    }
}
