//! What a partition amounts to at one point of the journal, and how the journal's head keeps it.

use std::sync::Arc;

use crate::codec::{Malformed, Put, Reader};
use crate::ids::{Offset, ProducerEpoch, ProducerId};
use crate::record::{BatchHeader, Marker};

/// A partition's durable state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartitionState {
    /// Records below it are gone, or about to go.
    pub(crate) log_start: Offset,
    pub(crate) tail: Tail,
}

/// Where a partition ends, and which transactions lie behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The offset of the next record.
    pub(crate) end: Offset,
    /// The base offset of the last segment.
    pub(crate) segment: Offset,
    /// How many bytes of it belong to the log.
    pub(crate) position: u64,
    /// Transactions with records in the partition and no marker yet.
    pub(crate) open: Vec<OpenTransaction>,
    /// Ranges whose records of the producer no reader may see, in the order of their markers.
    pub(crate) aborted: Arc<Vec<AbortedRange>>,
}

/// A transaction that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenTransaction {
    pub(crate) producer: ProducerId,
    pub(crate) epoch: ProducerEpoch,
    pub(crate) first: Offset,
}

/// A transaction that was aborted; `last` is the offset of its marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AbortedRange {
    pub(crate) producer: ProducerId,
    pub(crate) first: Offset,
    pub(crate) last: Offset,
}

impl Tail {
    /// Records below it are committed or aborted.
    pub(crate) fn last_stable_offset(&self) -> Offset {
        self.open.iter().map(|open| open.first).fold(self.end, Offset::min)
    }

    /// Takes note of a batch at the end; `marker` is what a control batch holds.
    pub(crate) fn follow(&mut self, header: &BatchHeader, bytes: u64, marker: Option<Marker>) {
        match marker {
            Some(marker) => self.close_transaction(header.producer_id, header.base_offset, marker),
            None if header.is_transactional() => {
                self.open_transaction(header.producer_id, header.producer_epoch, header.base_offset);
            }
            None => {}
        }
        self.end = header.next_offset();
        self.position += bytes;
    }

    /// Begins the producer's transaction, unless it has one open.
    pub(crate) fn open_transaction(&mut self, producer: ProducerId, epoch: ProducerEpoch, first: Offset) {
        if !self.open.iter().any(|open| open.producer == producer) {
            self.open.push(OpenTransaction { producer, epoch, first });
        }
    }

    /// Ends the producer's transaction with a marker at `last`.
    pub(crate) fn close_transaction(&mut self, producer: ProducerId, last: Offset, marker: Marker) {
        let Some(place) = self.open.iter().position(|open| open.producer == producer) else { return };
        let first = self.open.remove(place).first;
        if marker == Marker::Abort {
            Arc::make_mut(&mut self.aborted).push(AbortedRange { producer, first, last });
        }
    }

    /// Whether the batch belongs to an aborted transaction.
    pub(crate) fn is_aborted(&self, header: &BatchHeader) -> bool {
        header.is_transactional()
            && self.aborted.iter().any(|range| {
                let inside = range.first <= header.base_offset && header.base_offset < range.last;
                inside && range.producer == header.producer_id
            })
    }
}

impl PartitionState {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.log_start.0);
        out.put_u64(self.tail.end.0);
        out.put_u64(self.tail.segment.0);
        out.put_u64(self.tail.position);
        out.put_count(self.tail.open.len());
        for open in &self.tail.open {
            out.put_i64(open.producer.0);
            out.put_i16(open.epoch.0);
            out.put_u64(open.first.0);
        }
        // What lies below the log start is not read any more.
        let aborted = self.tail.aborted.iter().filter(|range| range.last >= self.log_start);
        out.put_count(aborted.clone().count());
        for range in aborted {
            out.put_i64(range.producer.0);
            out.put_u64(range.first.0);
            out.put_u64(range.last.0);
        }
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<PartitionState, Malformed> {
        let log_start = Offset(from.u64()?);
        let (end, segment, position) = (Offset(from.u64()?), Offset(from.u64()?), from.u64()?);
        let mut tail = Tail { end, segment, position, ..Tail::default() };
        for _ in 0..from.u32()? {
            let (producer, epoch) = (ProducerId(from.i64()?), ProducerEpoch(from.i16()?));
            tail.open.push(OpenTransaction { producer, epoch, first: Offset(from.u64()?) });
        }
        let mut aborted = Vec::new();
        for _ in 0..from.u32()? {
            let producer = ProducerId(from.i64()?);
            aborted.push(AbortedRange { producer, first: Offset(from.u64()?), last: Offset(from.u64()?) });
        }
        tail.aborted = Arc::new(aborted);
        Ok(PartitionState { log_start, tail })
    }
}
