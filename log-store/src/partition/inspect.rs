//! Going through all that a partition has on disk, whatever state it is in.

use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::config::Compression;
use crate::error::Result;
use crate::ids::{Offset, ProducerEpoch, ProducerId};
use crate::record::{BatchHeader, HEADER_BYTES, Marker, index_records, inflate_batch, peek_batch};
use crate::segment::{Segment, WalkError, Walker, log_path};

use super::PartitionCore;

/// What is met in a partition's files; see [`Partition::inspect`](crate::Partition::inspect).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inspected {
    /// A batch that is whole.
    Batch(Batch),
    /// A place that is not as it was written.
    Damage(Damage),
}

/// A record batch as it lies on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// Its file.
    pub file: PathBuf,
    /// The byte of the file at which it begins.
    pub position: u64,
    /// Its size.
    pub bytes: u64,
    /// The offset of its first record.
    pub base_offset: Offset,
    /// The offset behind its last record.
    pub next_offset: Offset,
    /// The timestamp of its first record.
    pub base_timestamp: i64,
    /// The greatest timestamp of its records.
    pub max_timestamp: i64,
    /// How its records are compressed.
    pub compression: Compression,
    /// What it is.
    pub kind: BatchKind,
    /// The producer, its epoch and the sequence of the first record; −1 each outside of transactions.
    pub producer: (ProducerId, ProducerEpoch, i32),
}

/// What a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchKind {
    /// Records outside of transactions.
    Plain,
    /// Records of a transaction, whichever way it ended.
    Transactional,
    /// The marker at the end of a transaction that was committed.
    Commit,
    /// The marker at the end of one that was aborted.
    Abort,
}

/// A place in a partition's files that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The byte of the file.
    pub position: u64,
    /// The offset that should be found there, as far as that is known.
    pub offset: Offset,
    /// What does not fit.
    pub reason: String,
    /// Whether the file was left there, since it is not known where its next batch begins.
    pub rest_unread: bool,
}

/// Where the inspection stands, and whom it tells.
struct Inspection<'c, F> {
    core: &'c PartitionCore,
    /// The offset that comes next, unless damage leaves that open.
    expected: Option<Offset>,
    tell: F,
}

type Told = ControlFlow<()>;

impl PartitionCore {
    /// Tells of every batch from the segment of the log start up to the durable end, and of what is damaged, until it is told to
    /// stop. The partition goes on as before, whatever is found.
    pub(crate) fn inspect(&self, tell: impl FnMut(Inspected) -> Told) -> Result<()> {
        let state = self.published();
        self.follow_segments(&state)?;
        let (end, last) = (state.tail.end, state.tail.segment);
        let mut segments = self.segments();
        segments.retain(|segment| segment.base <= last);
        let mut inspection = Inspection { core: self, expected: None, tell };
        match segments.first() {
            None if state.log_start == end => return Ok(()),
            Some(first) if first.base <= state.log_start => {}
            _ => {
                let reason = "the segment that held it is missing".to_owned();
                if inspection.missing(state.log_start, reason).is_break() {
                    return Ok(());
                }
            }
        }
        for segment in &segments {
            let size = if segment.base == last { state.tail.position } else { segment.size() };
            if inspection.segment(segment, size)?.is_break() {
                return Ok(());
            }
        }
        if inspection.expected.is_some_and(|found| found != end) {
            let reason = format!("the log ended at offset {end}, and nothing from here on is there");
            let found = inspection.expected.unwrap_or(end);
            let _ = inspection.missing(found, reason);
        }
        Ok(())
    }
}

impl<F: FnMut(Inspected) -> Told> Inspection<'_, F> {
    fn segment(&mut self, segment: &Segment, size: u64) -> Result<Told> {
        if let Some(expected) = self.expected.filter(|expected| *expected != segment.base) {
            let reason = format!("the next segment begins with offset {}", segment.base);
            if self.missing(expected, reason).is_break() {
                return Ok(Told::Break(()));
            }
        }
        self.expected = Some(segment.base);
        let mut position = 0;
        loop {
            let mut walker = Walker::new(&*segment.file, position, size, self.expected);
            match self.walk(segment, &mut walker)? {
                ControlFlow::Break(()) => return Ok(Told::Break(())),
                ControlFlow::Continue(None) => return Ok(Told::Continue(())),
                ControlFlow::Continue(Some((damaged, reason))) => {
                    let behind = self.behind(segment, damaged, size)?;
                    let offset = self.expected.unwrap_or(segment.base);
                    let rest_unread = behind.is_none();
                    if self.damage(segment, damaged, offset, reason, rest_unread).is_break() {
                        return Ok(Told::Break(()));
                    }
                    self.expected = behind.and_then(|(_, expected)| expected);
                    let Some((next, _)) = behind else { return Ok(Told::Continue(())) };
                    position = next;
                }
            }
        }
    }

    /// Goes as far as the batches are whole; gives where they are not, and why.
    fn walk(
        &mut self,
        segment: &Segment,
        walker: &mut Walker<'_>,
    ) -> Result<ControlFlow<(), Option<(u64, String)>>> {
        loop {
            let step = match walker.next() {
                Ok(Some(step)) => step,
                Ok(None) => return Ok(ControlFlow::Continue(None)),
                Err(WalkError::Damaged { position, reason }) => {
                    return Ok(ControlFlow::Continue(Some((position, reason))));
                }
                Err(WalkError::Io(error)) => return Err(self.core.io("read", &segment.path, error)),
            };
            let (header, position) = (step.header, step.position);
            let Some(kind) = kind(step.bytes, &header) else {
                let reason = "its records cannot be read".to_owned();
                return Ok(ControlFlow::Continue(Some((position, reason))));
            };
            let batch = Batch {
                file: self.core.full_path(&segment.path),
                position,
                bytes: step.bytes.len() as u64,
                base_offset: header.base_offset,
                next_offset: header.next_offset(),
                base_timestamp: header.base_timestamp,
                max_timestamp: header.max_timestamp,
                compression: header.compression(),
                kind,
                producer: (header.producer_id, header.producer_epoch, header.base_sequence),
            };
            self.expected = Some(batch.next_offset);
            if (self.tell)(Inspected::Batch(batch)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }

    /// Where it goes on behind a batch that is damaged, and with which offset. That is believed only if the batch's length leads to one
    /// that is whole, and has the offset that follows; or to the end of the segment, which says nothing of offsets.
    fn behind(&self, segment: &Segment, damaged: u64, size: u64) -> Result<Option<(u64, Option<Offset>)>> {
        let mut head = [0; HEADER_BYTES];
        let read = segment.file.read_at(&mut head, damaged);
        let read = read.map_err(|error| self.core.io("read", &segment.path, error))?;
        let Some(claim) = peek_batch(&head[..read]) else { return Ok(None) };
        let position = damaged + claim.bytes;
        if position == size {
            return Ok(Some((position, None)));
        }
        // The offset that it claims itself may be what is damaged.
        let Some(base) = self.expected else { return Ok(None) };
        let expected = Some(base.plus(claim.last_offset.0 - claim.base_offset.0 + 1));
        let mut walker = Walker::new(&*segment.file, position, size, expected);
        let is_whole = walker.next().is_ok_and(|step| step.is_some());
        Ok(is_whole.then_some((position, expected)))
    }

    fn damage(
        &mut self,
        segment: &Segment,
        position: u64,
        offset: Offset,
        reason: String,
        rest_unread: bool,
    ) -> Told {
        let file = self.core.full_path(&segment.path);
        (self.tell)(Inspected::Damage(Damage { file, position, offset, reason, rest_unread }))
    }

    fn missing(&mut self, offset: Offset, reason: String) -> Told {
        let file = self.core.full_path(&log_path(&self.core.dir, offset));
        (self.tell)(Inspected::Damage(Damage { file, position: 0, offset, reason, rest_unread: false }))
    }
}

/// What a batch is; `None` if its records cannot be read, though their checksum is right.
fn kind(batch: &[u8], header: &BatchHeader) -> Option<BatchKind> {
    let mut inflated = Vec::new();
    let records = match header.compression() {
        Compression::None => batch,
        _ => {
            inflate_batch(batch, header, &mut inflated).ok()?;
            &inflated
        }
    };
    index_records(records, header, &mut Vec::new()).ok()?;
    if !header.is_control() {
        return Some(if header.is_transactional() { BatchKind::Transactional } else { BatchKind::Plain });
    }
    match Marker::read(batch).ok()? {
        Marker::Commit => Some(BatchKind::Commit),
        Marker::Abort => Some(BatchKind::Abort),
    }
}
