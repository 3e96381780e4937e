//! Encoding records into batches, before their offsets are known.

use crate::codec::varint;
use crate::config::Compression;
use crate::ids::{Offset, ProducerEpoch, ProducerId};

use super::compression::compress;
use super::header::{BatchHeader, HEADER_BYTES};

/// The largest record that any store takes, encoded: 64 MiB. A store may take less, see
/// [`StoreConfig::record_bytes`](crate::StoreConfig::record_bytes).
pub const MAX_RECORD_BYTES: usize = 64 << 20;

/// Bytes of a record beside its key, value and headers, at most: its length, and what depends on its place in a batch.
const AROUND_BYTES: usize = 32;

/// A batch is closed before it would grow beyond this many bytes.
const BATCH_BYTES: usize = 1 << 20;

/// Records to be appended to one partition, encoded as they are pushed.
///
/// ```
/// use log_store::RecordsBuilder;
/// let mut records = RecordsBuilder::new();
/// records.push(1_700_000_000_000, Some(b"key"), Some(b"value"));
/// assert_eq!(records.len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RecordsBuilder {
    pub(super) bytes: Vec<u8>,
    pub(super) batches: Vec<Draft>,
    pub(super) records: usize,
    /// The size of the largest record pushed, taken or not; 0 before the first.
    pub(super) largest: usize,
}

/// A batch that is being filled. Its header is zeros until the log gives it offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) start: usize,
    pub(super) records: u32,
    pub(super) base_timestamp: i64,
    pub(super) max_timestamp: i64,
    /// How its records are compressed. One that is takes no more of them.
    pub(super) compression: Compression,
}

/// What the log adds to the batches of a builder when it appends them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) base_offset: Offset,
    pub(crate) transactional: bool,
    pub(crate) producer_id: ProducerId,
    pub(crate) producer_epoch: ProducerEpoch,
    /// −1 for records without a producer.
    pub(crate) base_sequence: i32,
}

/// Where a batch lies in some bytes, and how far its offsets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchSpan {
    pub(crate) start: usize,
    pub(crate) bytes: usize,
    pub(crate) base_offset: Offset,
    pub(crate) next_offset: Offset,
    /// The largest timestamp of its records; none for a marker.
    pub(crate) max_timestamp: Option<i64>,
}

impl RecordsBuilder {
    /// No records yet.
    #[must_use]
    pub fn new() -> RecordsBuilder {
        RecordsBuilder::default()
    }

    /// No records yet, and room for so many bytes of them.
    ///
    /// ```
    /// use log_store::RecordsBuilder;
    /// let mut records = RecordsBuilder::with_room(4 << 10);
    /// assert!(records.is_empty());
    /// records.push(0, None, Some(b"value"));
    /// ```
    #[must_use]
    pub fn with_room(bytes: usize) -> RecordsBuilder {
        RecordsBuilder { bytes: Vec::with_capacity(bytes), ..RecordsBuilder::default() }
    }

    /// Adds a record without headers. `timestamp_ms` is in milliseconds since the Unix epoch.
    ///
    /// A record larger than the store takes makes the append of all of them fail with
    /// [`Error::RecordTooLarge`](crate::Error::RecordTooLarge). Whoever wants to know before asks
    /// [`RecordsBuilder::record_bytes`].
    #[inline]
    pub fn push(&mut self, timestamp_ms: i64, key: Option<&[u8]>, value: Option<&[u8]>) {
        self.push_with_headers(timestamp_ms, key, value, &[]);
    }

    /// Adds a record with headers, which are pairs of a name and perhaps a value.
    #[inline]
    pub fn push_with_headers(
        &mut self,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) {
        // A record stores its offset and time as distances from its batch's first record, as varints: their size is known only
        // once it is known whether the record begins a batch. The difference is 20 bytes at most.
        let bytes = RecordsBuilder::record_bytes_with_headers(key, value, headers);
        let content = bytes - AROUND_BYTES;
        self.largest = self.largest.max(bytes);
        if bytes > MAX_RECORD_BYTES {
            // No store takes it, so its bytes need not be kept: its size alone makes the append fail.
            return;
        }
        let draft = self.draft_for(bytes, timestamp_ms);
        let offset_delta = i64::from(draft.records);
        let timestamp_delta = timestamp_ms.wrapping_sub(draft.base_timestamp);
        draft.records += 1;
        draft.max_timestamp = draft.max_timestamp.max(timestamp_ms);
        self.records += 1;

        let size = 1 + varint::size(timestamp_delta) + varint::size(offset_delta) + content;
        let out = &mut self.bytes;
        out.reserve(size + 5);
        varint::put(out, size as i64);
        out.push(0);
        varint::put(out, timestamp_delta);
        varint::put(out, offset_delta);
        put_blob(out, key);
        put_blob(out, value);
        varint::put(out, headers.len() as i64);
        for (name, value) in headers {
            put_blob(out, Some(name.as_bytes()));
            put_blob(out, *value);
        }
    }

    /// The size of a record without headers in bytes, as it is held against a store's limit.
    ///
    /// ```
    /// use log_store::{MAX_RECORD_BYTES, RecordsBuilder};
    /// assert!(RecordsBuilder::record_bytes(Some(b"key"), Some(b"value")) < 64);
    /// assert!(RecordsBuilder::record_bytes(None, Some(&vec![0; MAX_RECORD_BYTES])) > MAX_RECORD_BYTES);
    /// ```
    #[must_use]
    pub fn record_bytes(key: Option<&[u8]>, value: Option<&[u8]>) -> usize {
        RecordsBuilder::record_bytes_with_headers(key, value, &[])
    }

    /// As [`RecordsBuilder::record_bytes`], of a record with headers.
    #[must_use]
    pub fn record_bytes_with_headers(
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) -> usize {
        blob_size(key) + blob_size(value) + headers_size(headers) + AROUND_BYTES
    }

    /// How many records there are, without those that are larger than [`MAX_RECORD_BYTES`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether nothing was pushed. It is not empty after a record that was too large to be taken: the append of that
    /// must fail, and whoever skips empty builders must not skip it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.largest == 0
    }

    /// The size in bytes of the largest record that was pushed, taken or not; 0 before the first.
    #[must_use]
    pub fn largest_record(&self) -> usize {
        self.largest
    }

    /// How many bytes they take in the log, if it does not compress them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends the records of `other` behind these.
    pub fn extend(&mut self, other: RecordsBuilder) {
        let shift = self.bytes.len();
        self.largest = self.largest.max(other.largest);
        self.records += other.records;
        if shift == 0 {
            self.bytes = other.bytes;
            self.batches = other.batches;
            return;
        }
        self.bytes.extend_from_slice(&other.bytes);
        let moved = other.batches.into_iter().map(|draft| Draft { start: draft.start + shift, ..draft });
        self.batches.extend(moved);
    }

    /// The same records, each batch compressed that gets smaller by it.
    pub(crate) fn compressed(self, codec: Compression) -> RecordsBuilder {
        if codec == Compression::None {
            return self;
        }
        let ends = self.batches.iter().skip(1).map(|draft| draft.start).chain([self.bytes.len()]);
        let mut bytes = Vec::with_capacity(self.bytes.len() / 2);
        let mut batches = Vec::with_capacity(self.batches.len());
        for (draft, end) in self.batches.iter().zip(ends) {
            let start = bytes.len();
            let records = &self.bytes[draft.start + HEADER_BYTES..end];
            let compressed = match draft.compression {
                Compression::None => compress(codec, records),
                _ => None,
            };
            bytes.resize(start + HEADER_BYTES, 0);
            bytes.extend_from_slice(compressed.as_deref().unwrap_or(records));
            let compression = if compressed.is_some() { codec } else { draft.compression };
            batches.push(Draft { start, compression, ..*draft });
        }
        RecordsBuilder { bytes, batches, ..self }
    }

    /// Completes the batches' headers; gives their bytes, where each of them lies, and the next sequence.
    pub(crate) fn seal(mut self, stamp: Stamp) -> (Vec<u8>, Vec<BatchSpan>, i32) {
        let ends = self.batches.iter().skip(1).map(|draft| draft.start).chain([self.bytes.len()]);
        let ends: Vec<_> = ends.collect();
        let (mut offset, mut sequence) = (stamp.base_offset, stamp.base_sequence);
        let mut spans = Vec::with_capacity(ends.len());
        for (draft, end) in self.batches.iter().zip(ends) {
            let header = BatchHeader {
                base_offset: offset,
                last_offset_delta: draft.records - 1,
                attributes: BatchHeader::attributes(stamp.transactional, false) | draft.compression.code(),
                base_timestamp: draft.base_timestamp,
                max_timestamp: draft.max_timestamp,
                producer_id: stamp.producer_id,
                producer_epoch: stamp.producer_epoch,
                base_sequence: sequence,
                records: draft.records,
            };
            header.write(&mut self.bytes[draft.start..end]);
            let next_offset = header.next_offset();
            spans.push(BatchSpan {
                start: draft.start,
                bytes: end - draft.start,
                base_offset: offset,
                next_offset,
                max_timestamp: Some(draft.max_timestamp),
            });
            offset = next_offset;
            sequence = next_sequence(sequence, draft.records);
        }
        (self.bytes, spans, sequence)
    }

    fn draft_for(&mut self, size: usize, timestamp_ms: i64) -> &mut Draft {
        let fits = self.batches.last().is_some_and(|draft| {
            self.bytes.len() - draft.start + size <= BATCH_BYTES
                && draft.records < i32::MAX as u32
                && draft.compression == Compression::None
        });
        if !fits {
            let start = self.bytes.len();
            self.bytes.resize(start + HEADER_BYTES, 0);
            self.batches.push(Draft {
                start,
                records: 0,
                base_timestamp: timestamp_ms,
                max_timestamp: timestamp_ms,
                compression: Compression::None,
            });
        }
        self.batches.last_mut().expect("one was pushed if there was none")
    }
}

/// Kafka's sequences go from 0 to `i32::MAX` and round again.
fn next_sequence(sequence: i32, records: u32) -> i32 {
    if sequence < 0 {
        return sequence;
    }
    ((i64::from(sequence) + i64::from(records)) % (i64::from(i32::MAX) + 1)) as i32
}

#[inline]
fn blob_size(blob: Option<&[u8]>) -> usize {
    blob.map_or(1, |bytes| varint::size(bytes.len() as i64) + bytes.len())
}

fn headers_size(headers: &[(&str, Option<&[u8]>)]) -> usize {
    let entries = headers.iter().map(|(name, value)| blob_size(Some(name.as_bytes())) + blob_size(*value));
    varint::size(headers.len() as i64) + entries.sum::<usize>()
}

#[inline]
fn put_blob(out: &mut Vec<u8>, blob: Option<&[u8]>) {
    match blob {
        None => varint::put(out, -1),
        Some(bytes) => {
            varint::put(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
    }
}
