//! What one who follows is told of a step: where partitions end now, and what changed in the catalog.

use std::sync::Arc;

use crate::codec::{Malformed, Put, Reader};
use crate::ids::{Offset, PartitionId, ProducerEpoch, ProducerId, TopicId};
use crate::journal::Entry;
use crate::partition::{AbortedRange, OpenTransaction, Tail};

const TAIL: u8 = 0;
const ENTRY: u8 = 1;

/// The changes of a step that has more bytes are counted first: as they grew, their memory would be many times these bytes.
const COUNTED_BEYOND: usize = 64 << 10;

/// One of the changes of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// A partition ends further on.
    Tail {
        topic: TopicId,
        partition: PartitionId,
        tail: Tail,
        /// Its aborted ranges are the ones that were told before, and left out here.
        same_aborted: bool,
    },
    /// An entry of the journal without records.
    Entry(Entry),
}

/// Says where a partition ends.
pub(crate) fn tell_tail(out: &mut Vec<u8>, key: (TopicId, PartitionId), tail: &Tail, same_aborted: bool) {
    out.put_u8(TAIL);
    out.put_u64(key.0.0);
    out.put_u32(key.1.0);
    out.put_u64(tail.end.0);
    out.put_u64(tail.segment.0);
    out.put_u64(tail.position);
    out.put_count(tail.open.len());
    for open in &tail.open {
        out.put_i64(open.producer.0);
        out.put_i16(open.epoch.0);
        out.put_u64(open.first.0);
    }
    out.put_u8(same_aborted.into());
    if !same_aborted {
        out.put_count(tail.aborted.len());
        for range in &*tail.aborted {
            out.put_i64(range.producer.0);
            out.put_u64(range.first.0);
            out.put_u64(range.last.0);
        }
    }
}

/// Says what an entry says.
pub(crate) fn tell_entry(out: &mut Vec<u8>, entry: &Entry) {
    out.put_u8(ENTRY);
    out.put_u8(entry.kind());
    out.put_bytes(&entry.encode());
}

impl Told {
    /// All changes of a step.
    pub(crate) fn decode_all(from: &mut Reader<'_>) -> Result<Vec<Told>, Malformed> {
        let mut all = Vec::new();
        if from.rest().len() > COUNTED_BEYOND {
            let mut counting = from.clone();
            let counted = std::iter::from_fn(|| Told::decode_next(&mut counting).transpose());
            let count = counted.map(|told| told.map(|_| 1)).sum::<Result<usize, _>>()?;
            all.reserve_exact(count);
        }
        while let Some(told) = Told::decode_next(from)? {
            all.push(told);
        }
        Ok(all)
    }

    fn decode_next(from: &mut Reader<'_>) -> Result<Option<Told>, Malformed> {
        if from.rest().is_empty() {
            return Ok(None);
        }
        Ok(Some(match from.u8()? {
            TAIL => decode_tail(from)?,
            ENTRY => Told::Entry(Entry::decode(from.u8()?, from.bytes()?)?),
            _ => return Err(Malformed),
        }))
    }
}

fn decode_tail(from: &mut Reader<'_>) -> Result<Told, Malformed> {
    let (topic, partition) = (TopicId(from.u64()?), PartitionId(from.u32()?));
    let (end, segment, position) = (Offset(from.u64()?), Offset(from.u64()?), from.u64()?);
    let mut tail = Tail { end, segment, position, ..Tail::default() };
    for _ in 0..from.u32()? {
        let (producer, epoch) = (ProducerId(from.i64()?), ProducerEpoch(from.i16()?));
        tail.open.push(OpenTransaction { producer, epoch, first: Offset(from.u64()?) });
    }
    let same_aborted = from.u8()? != 0;
    if !same_aborted {
        let mut aborted = Vec::new();
        for _ in 0..from.u32()? {
            let producer = ProducerId(from.i64()?);
            aborted.push(AbortedRange { producer, first: Offset(from.u64()?), last: Offset(from.u64()?) });
        }
        tail.aborted = Arc::new(aborted);
    }
    Ok(Told::Tail { topic, partition, tail, same_aborted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_was_said() {
        let key = (TopicId(3), PartitionId(4));
        let (producer, epoch) = (ProducerId(5), ProducerEpoch(6));
        let mut tail = Tail { end: Offset(9), segment: Offset(2), position: 77, ..Tail::default() };
        tail.open.push(OpenTransaction { producer, epoch, first: Offset(8) });
        tail.aborted = Arc::new(vec![AbortedRange { producer, first: Offset(1), last: Offset(3) }]);
        let entry = Entry::LogStart { topic: key.0, partition: key.1, offset: Offset(2) };
        let mut said = Vec::new();
        tell_tail(&mut said, key, &tail, false);
        tell_entry(&mut said, &entry);
        tell_tail(&mut said, key, &tail, true);
        let told = Told::decode_all(&mut Reader::new(&said)).unwrap();
        let without = Tail { aborted: Arc::default(), ..tail.clone() };
        let one = |tail, same_aborted| Told::Tail { topic: key.0, partition: key.1, tail, same_aborted };
        assert_eq!(told, [one(tail, false), Told::Entry(entry), one(without, true)]);
        for end in 1..said.len() {
            // Cut between two changes it is a step of fewer.
            if let Ok(fewer) = Told::decode_all(&mut Reader::new(&said[..end])) {
                assert!(fewer.len() < 3);
            }
        }
    }
}
