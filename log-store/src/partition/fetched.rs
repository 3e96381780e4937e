//! What a read brought: whole verified batches, and where in them each record begins.

use std::iter::FusedIterator;
use std::ops::Range;

use crate::codec::Malformed;
use crate::config::Compression;
use crate::disk::Window;
use crate::ids::Offset;
use crate::record::{BatchHeader, RecordRef, index_records, inflate_batch, record_at};

/// The result of a read. It owns the bytes; its batches are verified, and hold committed data only.
///
/// Verifying finds where each record begins, and that is kept, in four bytes a record: any record can be had without going
/// through those before it, and none is copied.
///
/// ```
/// # use log_store::{Offset, RecordsBuilder, TopicConfig};
/// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
/// # let partition = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
/// let mut records = RecordsBuilder::new();
/// ["a", "b", "c"].iter().for_each(|value| records.push(0, None, Some(value.as_bytes())));
/// partition.append(records)?;
///
/// let fetched = partition.read(Offset(1), 1 << 20)?;
/// let offsets: Vec<_> = fetched.records().map(|record| record.offset.0).collect();
/// assert_eq!((offsets, fetched.next_offset()), (vec![1, 2], Offset(3)));
/// assert_eq!(fetched.record(1).unwrap().value, Some(&b"c"[..]));
/// # Ok::<(), log_store::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fetched {
    window: Window,
    /// The segment whose bytes the window holds.
    segment: Option<Offset>,
    /// Batches that were compressed, as they were before.
    inflated: Vec<u8>,
    /// The batches that are for readers, in order, without gaps between the records of one.
    batches: Vec<FetchedBatch>,
    /// Where each record of these batches begins, in bytes from the beginning of its batch.
    starts: Vec<u32>,
    /// How many records of the first batch lie before the offset that was asked for.
    skipped: usize,
    from: Offset,
    next_offset: Offset,
    goes_on: Option<BatchAt>,
}

#[derive(Clone, Debug)]
struct FetchedBatch {
    /// Its bytes in the window, or among what was inflated.
    bytes: Range<usize>,
    is_inflated: bool,
    /// Its records in `starts`.
    records: Range<usize>,
    base_offset: Offset,
    base_timestamp: i64,
}

/// Where a batch lies, or will: the one that begins with `offset`, at `position` of the segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchAt {
    pub(crate) offset: Offset,
    pub(crate) segment: Offset,
    pub(crate) position: u64,
}

/// How much memory is kept for the next read at most. Batches are as large as a megabyte, unless a single record is larger.
const KEPT_BYTES: usize = 2 << 20;

impl Fetched {
    pub(crate) fn nothing(from: Offset) -> Fetched {
        Fetched {
            window: Window::default(),
            segment: None,
            inflated: Vec::new(),
            batches: Vec::new(),
            starts: Vec::new(),
            skipped: 0,
            from,
            next_offset: from,
            goes_on: None,
        }
    }

    /// Begins another read: holds no record any more, but memory to use again, and the bytes behind the last batch.
    pub(crate) fn begin(&mut self, from: Offset) {
        self.batches.clear();
        self.starts.clear();
        self.inflated.clear();
        self.inflated.shrink_to(KEPT_BYTES);
        self.window.shrink_to(KEPT_BYTES);
        self.starts.shrink_to(KEPT_BYTES / size_of::<u32>());
        (self.skipped, self.from, self.next_offset) = (0, from, from);
    }

    /// Where the read before ended.
    pub(crate) fn goes_on(&self) -> Option<BatchAt> {
        self.goes_on
    }

    /// The bytes of a segment, from a position on. [`Fetched::add`] says then which of them are batches for readers.
    pub(crate) fn window(&mut self, segment: Offset, position: u64) -> &mut Window {
        if self.segment != Some(segment) {
            self.window.forget();
            self.segment = Some(segment);
        }
        self.window.move_to(position);
        &mut self.window
    }

    /// Forgets what was read of the file, so that it is read again.
    pub(crate) fn forget(&mut self) {
        self.window.forget();
        self.goes_on = None;
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.window.bytes()
    }

    /// Takes in a batch of these bytes, unless its records cannot be read.
    pub(crate) fn add(&mut self, bytes: Range<usize>, header: &BatchHeader) -> Result<(), Malformed> {
        let first = self.starts.len();
        let is_inflated = header.compression() != Compression::None;
        let bytes = if is_inflated { self.inflate(bytes, header)? } else { bytes };
        let memory = if is_inflated { &*self.inflated } else { self.window.bytes() };
        index_records(&memory[bytes.clone()], header, &mut self.starts)?;
        let records = first..self.starts.len();
        if self.batches.is_empty() {
            let before = self.from.0.saturating_sub(header.base_offset.0);
            self.skipped = usize::try_from(before).map_or(records.len(), |before| before.min(records.len()));
        }
        let (base_offset, base_timestamp) = (header.base_offset, header.base_timestamp);
        self.batches.push(FetchedBatch { bytes, is_inflated, records, base_offset, base_timestamp });
        Ok(())
    }

    /// Has a batch as it was before it was compressed; gives its place there.
    fn inflate(&mut self, bytes: Range<usize>, header: &BatchHeader) -> Result<Range<usize>, Malformed> {
        let start = self.inflated.len();
        inflate_batch(&self.window.bytes()[bytes], header, &mut self.inflated)?;
        Ok(start..self.inflated.len())
    }

    /// How many bytes its batches take that were compressed.
    pub(crate) fn inflated_bytes(&self) -> usize {
        self.inflated.len()
    }

    /// Ends a read: `at` is the batch behind all that was looked at.
    pub(crate) fn read_up_to(&mut self, at: BatchAt) {
        self.next_offset = at.offset.max(self.from);
        self.goes_on = Some(at);
    }

    /// Whether it brought no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// How many records it brought, from the offset that was asked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - self.skipped
    }

    /// Where to read on: the offset behind these records, and behind markers and aborted records that follow them.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// The record with that number, counted from 0 at the offset that was asked for; see [`Records::record`].
    #[must_use]
    pub fn record(&self, index: usize) -> Option<RecordRef<'_>> {
        self.records().record(index)
    }

    /// The records, from the offset that was asked for.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records { fetched: self, cursor: self.first(), end: self.starts.len() }
    }

    /// The place of the first record that was asked for.
    pub(crate) fn first(&self) -> Cursor {
        Cursor { index: self.skipped, batch: 0 }
    }

    /// How many records have a smaller offset, counted as [`Cursor::index`] is. `near` is a place where to look first.
    pub(crate) fn count_before(&self, offset: Offset, near: Cursor) -> usize {
        let there = self.batches.get(near.batch).filter(|batch| batch.offsets().contains(&offset));
        let batch = there.or_else(|| {
            let begun = self.batches.partition_point(|batch| batch.base_offset < offset);
            self.batches[..begun].last()
        });
        let Some(batch) = batch else { return 0 };
        let inside = usize::try_from(offset.0 - batch.base_offset.0).unwrap_or(usize::MAX);
        batch.records.start + inside.min(batch.records.len())
    }
}

impl FetchedBatch {
    fn offsets(&self) -> Range<Offset> {
        self.base_offset..self.base_offset.plus(self.records.len() as u64)
    }
}

/// Some of the records of a [`Fetched`], or of what a [`Scan`](crate::Scan) has at hand: an iterator, and a view of those that
/// it has not given yet. Jumping ahead ([`Iterator::nth`], [`Iterator::skip`]) costs no more than going to the next.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    fetched: &'a Fetched,
    cursor: Cursor,
    /// Where they end, counted as the cursor's index.
    end: usize,
}

impl<'a> Records<'a> {
    pub(crate) fn between(fetched: &'a Fetched, cursor: Cursor, end: usize) -> Records<'a> {
        Records { fetched, cursor, end: end.max(cursor.index) }
    }

    /// The record with that number, where 0 is the one that comes next; `None` behind the last. It is found without going
    /// through those before it, and borrows its key, value and headers from the bytes that were read.
    #[inline]
    #[must_use]
    pub fn record(&self, index: usize) -> Option<RecordRef<'a>> {
        self.clone().nth(index)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = RecordRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordRef<'a>> {
        if self.cursor.index < self.end { self.cursor.take(self.fetched) } else { None }
    }

    fn nth(&mut self, count: usize) -> Option<RecordRef<'a>> {
        self.cursor.skip(self.fetched, count.min(self.len()));
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end - self.cursor.index;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Records<'_> {}

impl FusedIterator for Records<'_> {}

impl<'a> IntoIterator for &'a Fetched {
    type Item = RecordRef<'a>;
    type IntoIter = Records<'a>;

    fn into_iter(self) -> Records<'a> {
        self.records()
    }
}

/// A place among the records of one [`Fetched`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    /// How many records of the batches lie before it.
    pub(crate) index: usize,
    /// A batch that does not lie behind it: the one of the record, or an earlier one.
    batch: usize,
}

impl Cursor {
    /// Gives the record there and moves past it; `None` behind the last. The read has verified every record, so this does
    /// not fail.
    #[inline]
    pub(crate) fn take<'f>(&mut self, fetched: &'f Fetched) -> Option<RecordRef<'f>> {
        let mut batch = fetched.batches.get(self.batch)?;
        while batch.records.end <= self.index {
            self.batch += 1;
            batch = fetched.batches.get(self.batch)?;
        }
        let start = fetched.starts[self.index] as usize;
        let memory = if batch.is_inflated { &*fetched.inflated } else { fetched.window.bytes() };
        let bytes = &memory[batch.bytes.start + start..batch.bytes.end];
        self.index += 1;
        record_at(bytes, batch.base_offset, batch.base_timestamp)
    }

    /// The offset of the record there, if there is one.
    pub(crate) fn offset(self, fetched: &Fetched) -> Option<Offset> {
        let batch = fetched.batches.get(self.batch)?;
        Some(batch.base_offset.plus((self.index - batch.records.start) as u64))
    }

    /// Moves past `count` records.
    #[inline]
    pub(crate) fn skip(&mut self, fetched: &Fetched, count: usize) {
        self.index += count;
        let ahead = &fetched.batches[self.batch..];
        // Mostly it stays in its batch.
        if ahead.first().is_some_and(|batch| batch.records.end <= self.index) {
            self.batch += ahead.partition_point(|batch| batch.records.end <= self.index);
        }
    }
}
