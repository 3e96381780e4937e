//! The readers' side of a partition: finding an offset, and bringing whole verified batches.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::Window;
use crate::error::{Error, Result};
use crate::ids::Offset;
use crate::record::{HEADER_BYTES, Unreadable, parse_batch, peek_batch};
use crate::segment::Segment;

use super::fetched::{BatchAt, Fetched};
use super::{Failure, PartitionCore, PartitionState};

/// How much is read at once while looking for a batch.
const SEEK_BYTES: usize = 4096;

/// Where recent reads ended, since the next ones mostly go on from there.
#[derive(Default)]
pub(super) struct ReadHints {
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    hints: [Option<BatchAt>; 8],
    next: usize,
}

impl ReadHints {
    fn recall(&self, offset: Offset, segment: Offset) -> Option<u64> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hints = recent.hints.iter().flatten();
        hints.find(|hint| hint.offset == offset && hint.segment == segment).map(|hint| hint.position)
    }

    fn remember(&self, hint: BatchAt) {
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
    /// Reads committed data from `from`, see [`crate::Partition::read`], into memory that was read into before. After an error
    /// it holds no record.
    pub(crate) fn read(&self, fetched: &mut Fetched, from: Offset, max_bytes: usize) -> Result<()> {
        fetched.begin(from);
        let read = self.read_segments(fetched, from, max_bytes);
        if read.is_err() {
            fetched.forget();
            fetched.begin(from);
        }
        read
    }

    fn read_segments(&self, fetched: &mut Fetched, from: Offset, max_bytes: usize) -> Result<()> {
        let state = self.published();
        if from < state.log_start || from > self.log_end() {
            return Err(self.out_of_range(from));
        }
        self.follow_segments(&state)?;
        let limit = state.tail.last_stable_offset();
        while fetched.is_empty() && fetched.next_offset() < limit {
            let at = fetched.next_offset();
            let Some(segment) = self.segment_of(at) else {
                self.wait_for_log_start(at);
                // Where the log start has not moved beyond it, its file is gone, which opening has found.
                let is_there = at >= self.log_start_offset();
                return Err(self
                    .check_writable()
                    .err()
                    .filter(|_| is_there)
                    .unwrap_or_else(|| self.out_of_range(from)));
            };
            match self.read_segment(fetched, &segment, &state, at, max_bytes) {
                Ok(()) => {}
                Err(ReadError::Failed(error)) => return Err(error),
                Err(ReadError::Damaged(damage)) => return Err(self.damaged(&segment, damage)),
            }
        }
        Ok(())
    }

    /// Reads from the batch with offset `at`, up to the end of its segment.
    fn read_segment(
        &self,
        fetched: &mut Fetched,
        segment: &Segment,
        state: &PartitionState,
        at: Offset,
        max_bytes: usize,
    ) -> Result<(), ReadError> {
        let limit = state.tail.last_stable_offset();
        let (start, mut expected) = self.locate(segment, at, fetched.goes_on())?;
        self.fill(fetched.window(segment.base, start), segment, start, expected, max_bytes)?;
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
            let is_for_readers = !header.is_control() && !state.tail.is_aborted(&header);
            if is_for_readers && fetched.add(done..end, &header).is_err() {
                let reason = "its records cannot be read".to_owned();
                return Err(damage(expected, start + done as u64, reason));
            }
            done = end;
            expected = header.next_offset();
            // What was compressed may be many times as large.
            if fetched.inflated_bytes() >= max_bytes {
                break;
            }
        }
        if done == 0 {
            return Err(damage(expected, start, "the batch there is not whole".to_owned()));
        }
        let at = BatchAt { offset: expected, segment: segment.base, position: start + done as u64 };
        fetched.read_up_to(at);
        self.hints.remember(at);
        Ok(())
    }

    /// Has `max_bytes` from `start` in the window, or the one batch there if it is larger. If that batch is in memory already,
    /// nothing is read.
    fn fill(
        &self,
        window: &mut Window,
        segment: &Segment,
        start: u64,
        expected: Offset,
        max_bytes: usize,
    ) -> Result<(), ReadError> {
        let left = usize::try_from(segment.size().saturating_sub(start)).unwrap_or(usize::MAX);
        let is_whole = |window: &Window| {
            peek_batch(window.bytes()).is_some_and(|claim| claim.bytes <= window.bytes().len() as u64)
        };
        if is_whole(window) {
            return Ok(());
        }
        self.read_bytes(window, segment, max_bytes.max(HEADER_BYTES).min(left))?;
        match peek_batch(window.bytes()) {
            Some(claim) if claim.bytes > left as u64 => {
                Err(damage(expected, start, format!("the batch there claims {} bytes", claim.bytes)))
            }
            Some(claim) => self.read_bytes(window, segment, claim.bytes as usize),
            None => Ok(()),
        }
    }

    /// The position of the batch that holds `at`, and its base offset. The reader may know where it goes on.
    fn locate(
        &self,
        segment: &Segment,
        at: Offset,
        goes_on: Option<BatchAt>,
    ) -> Result<(u64, Offset), ReadError> {
        let known = goes_on.filter(|known| (known.offset, known.segment) == (at, segment.base));
        let known = known.map(|known| known.position).or_else(|| self.hints.recall(at, segment.base));
        if let Some(position) = known {
            // At the very end another segment goes on, or nothing does.
            if position < segment.size() {
                return Ok((position, at));
            }
        }
        if at == segment.base {
            return Ok((0, at));
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
        let mut window = Window::default();
        loop {
            window.move_to(position);
            if window.bytes().len() < HEADER_BYTES {
                let left = usize::try_from(segment.size().saturating_sub(position)).unwrap_or(usize::MAX);
                self.read_bytes(&mut window, segment, left.min(SEEK_BYTES))?;
            }
            let Some(claim) = peek_batch(window.bytes()) else {
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

    fn read_bytes(&self, window: &mut Window, segment: &Segment, count: usize) -> Result<(), ReadError> {
        let filled = window.fill(&*segment.file, count);
        filled.map_err(|error| ReadError::Failed(self.io("read", &segment.path, error)))
    }

    /// The path of the segment that holds an offset.
    pub(crate) fn file_of(&self, offset: Offset) -> Option<PathBuf> {
        self.follow_segments(&self.published()).ok()?;
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

    /// The error for damage that was met. One that is known already, as from opening, has one text.
    fn damaged(&self, segment: &Segment, damage: Damage) -> Error {
        let file = self.full_path(&segment.path);
        let Damage { offset, position, reason } = damage;
        let known = self.lock_failure().clone().filter(
            |known| matches!(known, Failure::Corrupt { file: of, offset: at, .. } if (of, *at) == (&file, offset)),
        );
        match known {
            Some(known) => self.error_of(&known),
            None => self.fail(Failure::Corrupt { file, offset, position, reason }),
        }
    }
}

fn damage(offset: Offset, position: u64, reason: String) -> ReadError {
    ReadError::Damaged(Damage { offset, position, reason })
}
