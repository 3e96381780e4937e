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
    /// Ranges whose records of the producer no reader may see, by producer and then in the order of their
    /// markers. None lies wholly below the log start.
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

    /// Ends the log further on: before that offset, and that position of that segment.
    pub(crate) fn advance(&mut self, end: Offset, segment: Offset, position: u64) {
        (self.end, self.segment, self.position) = (end, segment, position);
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
        self.advance(header.next_offset(), self.segment, self.position + bytes);
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
            // A producer's markers come in order.
            let place = self.aborted.partition_point(|range| range.producer <= producer);
            Arc::make_mut(&mut self.aborted).insert(place, AbortedRange { producer, first, last });
        }
    }

    /// Whether the batch belongs to an aborted transaction.
    pub(crate) fn is_aborted(&self, header: &BatchHeader) -> bool {
        if !header.is_transactional() {
            return false;
        }
        // A producer has one transaction at a time: only the first that ends behind the batch can hold it.
        let (producer, base) = (header.producer_id, header.base_offset);
        let place = self.aborted.partition_point(|range| (range.producer, range.last) <= (producer, base));
        self.aborted.get(place).is_some_and(|range| range.producer == producer && range.first <= base)
    }

    /// Drops the aborted ranges that lie wholly below the log start: nobody reads there any more.
    pub(crate) fn forget_aborted_below(&mut self, log_start: Offset) {
        if self.aborted.iter().any(|range| range.last < log_start) {
            Arc::make_mut(&mut self.aborted).retain(|range| range.last >= log_start);
        }
    }
}

impl PartitionState {
    /// Gives up the records below an offset.
    pub(crate) fn move_log_start(&mut self, log_start: Offset) {
        self.log_start = self.log_start.max(log_start);
        self.tail.forget_aborted_below(self.log_start);
    }

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
        out.put_count(self.tail.aborted.len());
        for range in &*self.tail.aborted {
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
        aborted.sort_by_key(|range: &AbortedRange| (range.producer, range.last));
        tail.aborted = Arc::new(aborted);
        Ok(PartitionState { log_start, tail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(producer: i64, base: u64) -> BatchHeader {
        BatchHeader {
            base_offset: Offset(base),
            last_offset_delta: 0,
            attributes: BatchHeader::attributes(true, false),
            base_timestamp: 0,
            max_timestamp: 0,
            producer_id: ProducerId(producer),
            producer_epoch: ProducerEpoch(0),
            base_sequence: 0,
            records: 1,
        }
    }

    /// Three producers take turns, and each aborts every other transaction of its own, so that their ranges
    /// overlap; gives the tail and which offsets hold aborted records.
    fn overlapping() -> (Tail, Vec<(BatchHeader, bool)>) {
        let (mut tail, mut batches) = (Tail::default(), Vec::new());
        for round in 0..40 {
            let first = batches.len();
            for producer in [5, 3, 4, 5, 3] {
                let header = batch(producer, tail.end.0);
                tail.follow(&header, 1, None);
                let aborts = (round + producer) % 2 == 0;
                batches.push((header, aborts));
            }
            assert_eq!(batches.len(), first + 5);
            for producer in [4, 5, 3] {
                let marker = if (round + producer) % 2 == 0 { Marker::Abort } else { Marker::Commit };
                tail.follow(&batch(producer, tail.end.0), 1, Some(marker));
            }
        }
        (tail, batches)
    }

    #[test]
    fn a_batch_is_aborted_exactly_if_its_own_transaction_was() {
        let (tail, batches) = overlapping();
        for (header, aborted) in &batches {
            assert_eq!(tail.is_aborted(header), *aborted, "{header:?}");
        }
        assert!(!tail.is_aborted(&batch(9, 3)), "a producer that aborted nothing");
        let plain = BatchHeader { attributes: BatchHeader::attributes(false, false), ..batch(4, 2) };
        assert!(tail.is_aborted(&batch(4, 2)) && !tail.is_aborted(&plain));
    }

    #[test]
    fn ranges_below_the_log_start_are_forgotten_and_the_others_found() {
        let (mut tail, batches) = overlapping();
        let before = tail.aborted.len();
        // Amid the records of the twenty-first round.
        let log_start = Offset(20 * 8 + 2);
        tail.forget_aborted_below(log_start);
        assert_eq!(tail.aborted.len(), before / 2);
        assert!(tail.aborted.iter().all(|range| range.last >= log_start));
        for (header, aborted) in batches.iter().filter(|(header, _)| header.base_offset >= log_start) {
            assert_eq!(tail.is_aborted(header), *aborted, "{header:?}");
        }
    }

    #[test]
    fn ranges_in_the_order_of_their_markers_are_read_too() {
        let (tail, batches) = overlapping();
        let mut by_marker = tail.clone();
        Arc::make_mut(&mut by_marker.aborted).sort_by_key(|range| range.last);
        assert_ne!(by_marker, tail);
        let mut bytes = Vec::new();
        PartitionState { log_start: Offset(0), tail: by_marker }.encode(&mut bytes);
        let decoded = PartitionState::decode(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(decoded.tail, tail);
        assert!(batches.iter().all(|(header, aborted)| decoded.tail.is_aborted(header) == *aborted));
    }
}
