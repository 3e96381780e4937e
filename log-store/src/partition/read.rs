//! The readers' side of a partition: finding an offset, and bringing whole verified batches.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::read_up_to;
use crate::error::{Error, Result};
use crate::ids::Offset;
use crate::record::{Fetched, HEADER_BYTES, Unreadable, check_records, parse_batch, peek_batch};
use crate::segment::Segment;

use super::{Failure, PartitionCore, PartitionState};

/// How much is read at once while looking for a batch.
const SEEK_BYTES: u64 = 4096;

/// Where recent reads ended, since the next ones mostly go on from there.
#[derive(Default)]
pub(super) struct ReadHints {
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    hints: [Option<Hint>; 8],
    next: usize,
}

/// The batch that begins with `offset` lies at `position` of the segment.
#[derive(Clone, Copy)]
struct Hint {
    offset: Offset,
    segment: Offset,
    position: u64,
}

impl ReadHints {
    fn recall(&self, offset: Offset, segment: Offset) -> Option<u64> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hints = recent.hints.iter().flatten();
        hints.find(|hint| hint.offset == offset && hint.segment == segment).map(|hint| hint.position)
    }

    fn remember(&self, hint: Hint) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let next = recent.next;
        recent.hints[next] = Some(hint);
        recent.next = (next + 1) % recent.hints.len();
    }
}

/// What is wrong with a segment, and where.
struct Damage {
    offset: Offset,
    position: u64,
    reason: String,
}

enum ReadError {
    Damaged(Damage),
    Failed(Error),
}

impl PartitionCore {
    /// Reads committed data from `from`: see [`crate::Partition::read`].
    pub(crate) fn read(&self, from: Offset, max_bytes: usize) -> Result<Fetched> {
        let state = self.published();
        if from < state.log_start || from > self.log_end() {
            return Err(self.out_of_range(from));
        }
        let limit = state.tail.last_stable_offset();
        let mut fetched = Fetched::nothing(from);
        while fetched.is_empty() && fetched.next_offset() < limit {
            let at = fetched.next_offset();
            let Some(segment) = self.segment_of(at) else {
                return Err(self.out_of_range(from));
            };
            fetched = match self.read_segment(&segment, &state, from, at, max_bytes) {
                Ok(fetched) => fetched,
                Err(ReadError::Failed(error)) => return Err(error),
                Err(ReadError::Damaged(damage)) => return Err(self.damaged(&segment, damage)),
            };
        }
        Ok(fetched)
    }

    /// Reads from the batch with offset `at`, up to the end of its segment.
    fn read_segment(
        &self,
        segment: &Segment,
        state: &PartitionState,
        from: Offset,
        at: Offset,
        max_bytes: usize,
    ) -> Result<Fetched, ReadError> {
        let limit = state.tail.last_stable_offset();
        let (start, mut expected) = self.locate(segment, at)?;
        let bytes = self.read_window(segment, start, expected, max_bytes)?;
        let mut fetched = Fetched::of(bytes, from);
        let mut done = 0;
        while expected < limit {
            let parsed = match parse_batch(&fetched.bytes()[done..], Some(expected)) {
                Ok(parsed) => parsed,
                Err(Unreadable::Damaged(reason)) if done == 0 => {
                    return Err(damage(expected, start, reason));
                }
                // The window ends here, or damage begins: what is good so far is served first.
                Err(_) => break,
            };
            let (header, end) = (parsed.header, done + parsed.bytes);
            if !header.is_control() && !state.tail.is_aborted(&header) {
                if check_records(&fetched.bytes()[done..end], &header).is_err() {
                    let reason = "its records cannot be read".to_owned();
                    return Err(damage(expected, start + done as u64, reason));
                }
                fetched.add(done, end, header.base_offset, header.base_timestamp);
            }
            done = end;
            expected = header.next_offset();
        }
        if done == 0 {
            return Err(damage(expected, start, "the batch there is not whole".to_owned()));
        }
        fetched.read_up_to(expected.max(from));
        self.hints.remember(Hint { offset: expected, segment: segment.base, position: start + done as u64 });
        Ok(fetched)
    }

    /// Reads `max_bytes` from `start`, or the one batch there if it is larger.
    fn read_window(
        &self,
        segment: &Segment,
        start: u64,
        expected: Offset,
        max_bytes: usize,
    ) -> Result<Vec<u8>, ReadError> {
        let left = usize::try_from(segment.size().saturating_sub(start)).unwrap_or(usize::MAX);
        let bytes = self.read_bytes(segment, start, max_bytes.max(HEADER_BYTES).min(left))?;
        match peek_batch(&bytes) {
            Some(claim) if claim.bytes > left as u64 => {
                Err(damage(expected, start, format!("the batch there claims {} bytes", claim.bytes)))
            }
            Some(claim) if claim.bytes > bytes.len() as u64 => {
                self.read_bytes(segment, start, claim.bytes as usize)
            }
            _ => Ok(bytes),
        }
    }

    /// The position of the batch that holds `at`, and its base offset.
    fn locate(&self, segment: &Segment, at: Offset) -> Result<(u64, Offset), ReadError> {
        if let Some(position) = self.hints.recall(at, segment.base) {
            // At the very end another segment goes on, or nothing does.
            if position < segment.size() {
                return Ok((position, at));
            }
        }
        let (position, known_last) = segment.find(&*self.setup.disk, at);
        let found = self.seek(segment, at, position, known_last);
        match (found, known_last) {
            (Err(ReadError::Damaged(_)), Some(_)) => {
                // Either the segment is damaged or its index is wrong; the batches themselves decide.
                segment.rebuild_index();
                self.seek(segment, at, 0, None)
            }
            (found, _) => found,
        }
    }

    /// Goes from batch to batch by their headers. Skipped ones are not verified, since nothing of them is
    /// served; the one found is, by the caller.
    fn seek(
        &self,
        segment: &Segment,
        at: Offset,
        start: u64,
        known_last: Option<Offset>,
    ) -> Result<(u64, Offset), ReadError> {
        let (mut position, mut expected) =
            (start, if known_last.is_none() { Some(segment.base) } else { None });
        let mut window = (position, Vec::new());
        loop {
            let inside = usize::try_from(position - window.0).unwrap_or(usize::MAX);
            if window.1.len() < inside.saturating_add(HEADER_BYTES) {
                let left = segment.size().saturating_sub(position);
                window = (position, self.read_bytes(segment, position, left.min(SEEK_BYTES) as usize)?);
            }
            let inside = (position - window.0) as usize;
            let Some(claim) = window.1.get(inside..).and_then(peek_batch) else {
                return Err(damage(expected.unwrap_or(at), position, "there is no batch".to_owned()));
            };
            let fits = match expected {
                Some(expected) => claim.base_offset == expected,
                None => Some(claim.last_offset) == known_last,
            };
            if !fits {
                let reason = format!("the batch there claims base offset {}", claim.base_offset);
                return Err(damage(expected.unwrap_or(at), position, reason));
            }
            if claim.last_offset >= at {
                return Ok((position, claim.base_offset));
            }
            position += claim.bytes;
            expected = Some(claim.last_offset.plus(1));
        }
    }

    fn read_bytes(&self, segment: &Segment, position: u64, bytes: usize) -> Result<Vec<u8>, ReadError> {
        let mut buffer = vec![0; bytes];
        let filled = read_up_to(&*segment.file, &mut buffer, position)
            .map_err(|error| ReadError::Failed(self.io("read", &segment.path, error)))?;
        buffer.truncate(filled);
        Ok(buffer)
    }

    /// The path of the segment that holds an offset.
    pub(crate) fn file_of(&self, offset: Offset) -> Option<PathBuf> {
        self.segment_of(offset).map(|segment| self.full_path(&segment.path))
    }

    fn segment_of(&self, offset: Offset) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let count = segments.partition_point(|segment| segment.base <= offset);
        segments[..count].last().cloned()
    }

    fn out_of_range(&self, from: Offset) -> Error {
        Error::OffsetOutOfRange {
            topic: self.setup.topic_name.clone(),
            partition: self.setup.id,
            from,
            start: self.log_start_offset(),
            end: self.log_end(),
        }
    }

    fn damaged(&self, segment: &Segment, damage: Damage) -> Error {
        self.fail(Failure::Corrupt {
            file: self.full_path(&segment.path),
            offset: damage.offset,
            position: damage.position,
            reason: damage.reason,
        })
    }
}

fn damage(offset: Offset, position: u64, reason: String) -> ReadError {
    ReadError::Damaged(Damage { offset, position, reason })
}
