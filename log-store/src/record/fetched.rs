//! What a read brought: whole verified batches, and an iterator over their records.

use crate::ids::Offset;

use super::header::HEADER_BYTES;
use super::view::{RecordRef, take_record};

/// The result of a read. It owns the bytes; its batches are verified, and hold committed data only.
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
/// # Ok::<(), log_store::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fetched {
    bytes: Vec<u8>,
    batches: Vec<FetchedBatch>,
    from: Offset,
    next_offset: Offset,
}

#[derive(Clone, Debug)]
struct FetchedBatch {
    start: usize,
    end: usize,
    base_offset: Offset,
    base_timestamp: i64,
}

impl Fetched {
    pub(crate) fn nothing(from: Offset) -> Fetched {
        Fetched { bytes: Vec::new(), batches: Vec::new(), from, next_offset: from }
    }

    /// Takes over bytes that were read. [`Fetched::add`] says then which of them are batches for readers.
    pub(crate) fn of(bytes: Vec<u8>, from: Offset) -> Fetched {
        Fetched { bytes, ..Fetched::nothing(from) }
    }

    pub(crate) fn add(&mut self, start: usize, end: usize, base_offset: Offset, base_timestamp: i64) {
        self.batches.push(FetchedBatch { start, end, base_offset, base_timestamp });
    }

    pub(crate) fn read_up_to(&mut self, next_offset: Offset) {
        self.next_offset = next_offset;
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it brought no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Where to read on: the offset behind these records, and behind markers and aborted records that follow them.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// The records, from the offset that was asked for.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records { fetched: self, cursor: Cursor::default() }
    }
}

/// An iterator over the records of a [`Fetched`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    fetched: &'a Fetched,
    cursor: Cursor,
}

impl<'a> Iterator for Records<'a> {
    type Item = RecordRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordRef<'a>> {
        self.cursor.take(self.fetched, Offset(u64::MAX))
    }
}

/// A place among the records of one [`Fetched`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursor {
    /// How many of the batches were begun. The next record stands in the last of these, or begins the one after it.
    begun: usize,
    /// Which bytes of that batch were not taken yet.
    position: usize,
    end: usize,
    /// The offset of the record at `position`.
    offset: Offset,
}

impl Cursor {
    /// Moves to the next record that was asked for; whether there is one, before `until`.
    #[inline]
    pub(crate) fn seek(&mut self, fetched: &Fetched, until: Offset) -> bool {
        loop {
            while self.position == self.end {
                let Some(batch) = fetched.batches.get(self.begun) else { return false };
                self.begun += 1;
                (self.position, self.end) = (batch.start + HEADER_BYTES, batch.end);
                self.offset = batch.base_offset;
            }
            if self.offset >= fetched.from {
                return self.offset < until;
            }
            if self.step_over(fetched).is_none() {
                return false;
            }
        }
    }

    /// Gives the next record and moves past it; `None` if there is none before `until`.
    #[inline]
    pub(crate) fn take<'f>(&mut self, fetched: &'f Fetched, until: Offset) -> Option<RecordRef<'f>> {
        if self.seek(fetched, until) { self.step_over(fetched) } else { None }
    }

    /// The read has verified every record and that offsets have no gaps, so this does not fail.
    #[inline]
    fn step_over<'f>(&mut self, fetched: &'f Fetched) -> Option<RecordRef<'f>> {
        let batch = &fetched.batches[self.begun - 1];
        let mut rest = &fetched.bytes[self.position..self.end];
        let record = take_record(&mut rest, batch.base_offset, batch.base_timestamp).ok()?;
        self.position = self.end - rest.len();
        self.offset = record.offset.plus(1);
        Some(record)
    }
}

impl<'a> IntoIterator for &'a Fetched {
    type Item = RecordRef<'a>;
    type IntoIter = Records<'a>;

    fn into_iter(self) -> Records<'a> {
        self.records()
    }
}
