//! What a read brought: whole verified batches, and an iterator over their records.

use crate::ids::Offset;

use super::header::HEADER_BYTES;
use super::view::{RecordRef, take_record};

/// The result of a read. It owns the bytes; its batches are verified, and hold committed data only.
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

    /// Takes over bytes of which `add` will name the batches.
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

    /// Where to read on: past these records, and past what is not for readers.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// The records, from the offset that was asked for.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records { fetched: self, batch: 0, rest: &[], base_offset: Offset(0), base_timestamp: 0 }
    }
}

/// An iterator over the records of a [`Fetched`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    fetched: &'a Fetched,
    batch: usize,
    rest: &'a [u8],
    base_offset: Offset,
    base_timestamp: i64,
}

impl<'a> Iterator for Records<'a> {
    type Item = RecordRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordRef<'a>> {
        loop {
            while self.rest.is_empty() {
                let batch = self.fetched.batches.get(self.batch)?;
                self.batch += 1;
                self.rest = &self.fetched.bytes[batch.start + HEADER_BYTES..batch.end];
                self.base_offset = batch.base_offset;
                self.base_timestamp = batch.base_timestamp;
            }
            // The read has verified every record, so this does not fail.
            let record = take_record(&mut self.rest, self.base_offset, self.base_timestamp).ok()?;
            if record.offset >= self.fetched.from {
                return Some(record);
            }
        }
    }
}

impl<'a> IntoIterator for &'a Fetched {
    type Item = RecordRef<'a>;
    type IntoIter = Records<'a>;

    fn into_iter(self) -> Records<'a> {
        self.records()
    }
}
