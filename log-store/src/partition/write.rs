//! The writer's side of a partition: placing batches in segments, rolling them, taking failed writes back.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crate::disk::Create;
use crate::error::{Error, Result};
use crate::ids::{Offset, ProducerEpoch, ProducerId};
use crate::record::{BatchSpan, Marker, RecordsBuilder, Stamp};
use crate::segment::{Cover, Segment};

use super::{Failure, PartitionCore, Tail};

/// What the holder of the writer's lock may change.
pub(crate) struct Writer {
    /// The end of the log as written, which runs ahead of what is published.
    pub(crate) tail: Tail,
    sequences: HashMap<ProducerId, (ProducerEpoch, i32)>,
}

/// On whose behalf records are written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Producing {
    /// Nobody's: no transaction.
    Plain,
    /// A writer's, in no transaction.
    Writer(ProducerId, ProducerEpoch),
    /// A producer's, in a transaction.
    Transaction(ProducerId, ProducerEpoch),
}

/// Bytes written behind the end of a partition, which do not belong to it yet.
pub(crate) struct Staged {
    segment: Arc<Segment>,
    pub(crate) segment_base: Offset,
    pub(crate) position: u64,
    /// The first offset, the offset after the last record, and the one after the marker.
    pub(crate) base: Offset,
    pub(crate) data_end: Offset,
    pub(crate) end: Offset,
    pub(crate) bytes: Vec<u8>,
    spans: Vec<BatchSpan>,
    next_sequence: i32,
}

impl Writer {
    pub(super) fn new(tail: Tail) -> Writer {
        Writer { tail, sequences: HashMap::new() }
    }

    /// Whether a transaction has records here and no marker yet.
    pub(crate) fn has_open(&self, producing: Producing) -> bool {
        let Producing::Transaction(producer, epoch) = producing else { return false };
        self.tail.open.iter().any(|open| (open.producer, open.epoch) == (producer, epoch))
    }

    fn stamp(&self, producing: Producing) -> Stamp {
        let base_offset = self.tail.end;
        match producing {
            Producing::Plain => Stamp {
                base_offset,
                transactional: false,
                producer_id: ProducerId(-1),
                producer_epoch: ProducerEpoch(-1),
                base_sequence: -1,
            },
            Producing::Transaction(producer_id, producer_epoch)
            | Producing::Writer(producer_id, producer_epoch) => {
                let base_sequence = match self.sequences.get(&producer_id) {
                    Some((epoch, next)) if *epoch == producer_epoch => *next,
                    _ => 0,
                };
                let transactional = matches!(producing, Producing::Transaction(..));
                Stamp { base_offset, transactional, producer_id, producer_epoch, base_sequence }
            }
        }
    }

    fn remember_sequence(&mut self, producing: Producing, next: i32) {
        if let Producing::Transaction(producer, epoch) | Producing::Writer(producer, epoch) = producing {
            self.sequences.insert(producer, (epoch, next));
        }
    }
}

impl PartitionCore {
    /// Writes records, and perhaps the marker of their transaction, behind the end, in one piece and in one
    /// segment. They belong to the log after [`PartitionCore::accept`]; the journal is to have them as well.
    pub(crate) fn stage(
        &self,
        writer: &mut Writer,
        records: RecordsBuilder,
        producing: Producing,
        marker: Option<(Marker, i64)>,
    ) -> Result<Staged> {
        let stamp = writer.stamp(producing);
        let (mut bytes, mut spans, next_sequence) = self.seal(records, stamp)?;
        let data_end = spans.last().map_or(stamp.base_offset, |span| span.next_offset);
        let mut end = data_end;
        if let Some((marker, now_ms)) = marker {
            let batch = marker.batch(data_end, (stamp.producer_id, stamp.producer_epoch), now_ms);
            end = data_end.plus(1);
            let (start, length) = (bytes.len(), batch.len());
            let max_timestamp = None;
            let (base_offset, next_offset) = (data_end, end);
            spans.push(BatchSpan { start, bytes: length, base_offset, next_offset, max_timestamp });
            bytes.extend_from_slice(&batch);
        }
        let segment = self.segment_for(writer, bytes.len(), end)?;
        let staged = Staged {
            segment_base: segment.base,
            position: segment.size(),
            base: stamp.base_offset,
            data_end,
            end,
            bytes,
            spans,
            next_sequence,
            segment,
        };
        if let Err(error) = staged.segment.write(&staged.bytes, Cover::Journal) {
            self.unstage(&staged);
            return Err(self.io("write", &staged.segment.path, error));
        }
        Ok(staged)
    }

    /// Takes staged bytes back. What stayed behind the end could later be mistaken for part of the log.
    pub(crate) fn unstage(&self, staged: &Staged) {
        self.take_back(&staged.segment);
    }

    /// Makes staged bytes the end of the log, as its writer sees it.
    pub(crate) fn accept(
        &self,
        writer: &mut Writer,
        staged: &Staged,
        producing: Producing,
        marker: Option<Marker>,
    ) {
        staged.segment.accept(&*self.setup.disk, &staged.spans);
        let position = staged.position + staged.bytes.len() as u64;
        writer.tail.advance(staged.end, staged.segment_base, position);
        writer.remember_sequence(producing, staged.next_sequence);
        if let (Producing::Transaction(producer, epoch), Some(marker)) = (producing, marker) {
            writer.tail.open_transaction(producer, epoch, staged.base);
            writer.tail.close_transaction(producer, staged.data_end, marker);
        }
        self.log_end.store(writer.tail.end.0, Ordering::Release);
    }

    /// Writes records to the segments alone, which must be synced before they are published. All of them or
    /// none, unless the partition fails.
    pub(crate) fn write_direct(
        &self,
        writer: &mut Writer,
        records: RecordsBuilder,
        producing: Producing,
    ) -> Result<()> {
        let stamp = writer.stamp(producing);
        let (bytes, spans, next_sequence) = self.seal(records, stamp)?;
        let before = writer.tail.clone();
        let mut rest = &spans[..];
        while !rest.is_empty() {
            match self.write_run(writer, &bytes, rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) => {
                    self.undo_direct(writer, before);
                    return Err(error);
                }
            }
        }
        if let (Producing::Transaction(producer, epoch), false) = (producing, spans.is_empty()) {
            writer.tail.open_transaction(producer, epoch, stamp.base_offset);
        }
        writer.remember_sequence(producing, next_sequence);
        self.log_end.store(writer.tail.end.0, Ordering::Release);
        Ok(())
    }

    /// Writes as many batches as fit into one segment, at least one; gives their number.
    fn write_run(&self, writer: &mut Writer, bytes: &[u8], spans: &[BatchSpan]) -> Result<usize> {
        let first = spans[0];
        let segment = self.segment_for(writer, first.bytes, first.next_offset)?;
        let room = self.settings().segment_bytes.saturating_sub(segment.size());
        let fits = |span: &&BatchSpan| {
            let size = span.start + span.bytes - first.start;
            size as u64 <= room && fits_offsets(segment.base, span.next_offset)
        };
        let count = spans.iter().take_while(fits).count().max(1);
        let last = spans[count - 1];
        let end = last.start + last.bytes;
        if let Err(error) = segment.write(&bytes[first.start..end], Cover::Nothing) {
            self.take_back(&segment);
            return Err(self.io("write", &segment.path, error));
        }
        let shifted = |span: &BatchSpan| BatchSpan { start: span.start - first.start, ..*span };
        let accepted: Vec<_> = spans[..count].iter().map(shifted).collect();
        segment.accept(&*self.setup.disk, &accepted);
        writer.tail.advance(last.next_offset, segment.base, segment.size());
        Ok(count)
    }

    /// Goes back to where a direct write began that failed, or is not to be.
    pub(crate) fn undo_direct(&self, writer: &mut Writer, before: Tail) {
        if writer.tail.end == before.end {
            // Nothing was accepted. A new segment, still empty, may stay: it begins where the log ends.
            return;
        }
        if !self.cut_back_to(&before) {
            let reason = "a large append failed half-way and could not be taken back".to_owned();
            self.fail(Failure::ReadOnly(reason));
        }
        writer.tail = before;
        self.log_end.store(writer.tail.end.0, Ordering::Release);
    }

    /// Takes away segments that were begun since, the last one first, and what was written to the one that was there.
    fn cut_back_to(&self, before: &Tail) -> bool {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        while let Some(begun) = segments.last().filter(|last| last.base > before.segment) {
            if begun.remove(&*self.setup.disk).is_err() {
                return false;
            }
            self.names.changed();
            segments.pop();
        }
        let same = segments.last().filter(|last| last.base == before.segment);
        same.is_some_and(|segment| segment.truncate(before.position).is_ok())
    }

    fn take_back(&self, segment: &Segment) {
        if let Err(error) = segment.take_back() {
            self.fail(Failure::ReadOnly(format!("a failed append could not be taken back: {error}")));
        }
    }

    /// The segment to write `bytes` up to offset `end` into: the last one if there is room, else a new one.
    fn segment_for(&self, writer: &mut Writer, bytes: usize, end: Offset) -> Result<Arc<Segment>> {
        if let Some(last) = self.last_segment() {
            let full = last.size() + bytes as u64 > self.settings().segment_bytes;
            if last.size() == 0 || (!full && fits_offsets(last.base, end)) {
                return Ok(last);
            }
            let _ = last.flush_index(&*self.setup.disk);
        }
        self.roll(writer)
    }

    /// Begins another segment, which is empty.
    pub(crate) fn roll(&self, writer: &mut Writer) -> Result<Arc<Segment>> {
        let disk = &*self.setup.disk;
        let base = writer.tail.end;
        if self.last_segment().is_none() {
            disk.create_dir_all(&self.dir).map_err(|error| self.io("make", &self.dir, error))?;
            self.setup.dirs.changed();
        }

        let made = Segment::open(disk, &self.dir, base, Create::IfMissing, self.setup.index_interval);
        let segment = made.map_err(|error| self.io("make a segment in", &self.dir, error))?;
        self.names.changed();
        if segment.size() > 0 {
            // Left by an attempt that failed.
            segment.truncate(0).map_err(|error| self.io("cut", &segment.path, error))?;
        }
        let segment = Arc::new(segment);
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        segments.push(segment.clone());
        writer.tail.segment = base;
        writer.tail.position = 0;
        Ok(segment)
    }

    fn seal(&self, records: RecordsBuilder, stamp: Stamp) -> Result<(Vec<u8>, Vec<BatchSpan>, i32)> {
        self.check_sizes(&records)?;
        Ok(records.seal(stamp))
    }

    /// Fails if a record is larger than the store takes.
    pub(crate) fn check_sizes(&self, records: &RecordsBuilder) -> Result<()> {
        self.check_size(records.largest_record())
    }

    /// Fails if a record of so many bytes is larger than the store takes.
    pub(crate) fn check_size(&self, bytes: usize) -> Result<()> {
        let (bytes, limit) = (bytes as u64, self.settings().record_bytes as u64);
        if bytes <= limit {
            return Ok(());
        }
        let (topic, partition) = (self.setup.topic_name.clone(), self.setup.id);
        Err(Error::RecordTooLarge { topic, partition, bytes, limit })
    }
}

/// An index entry has 31 bits for an offset.
fn fits_offsets(base: Offset, end: Offset) -> bool {
    end.0 - base.0 <= i32::MAX as u64
}
