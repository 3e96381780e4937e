//! Reading a topic's records into rows: decoding, event time, and the partition's watermark.

use std::marker::PhantomData;

use log_store::Fetched;

use super::rows::{AnyRows, Meta, Row};
use crate::aggregates::{Place, Position};
use crate::dsl::Topic;
use crate::plan::OnUndecodablePolicy;
use crate::record::{FieldMask, RowCodec};
use crate::time::{Duration, Timestamp};

/// A partition's progress in event time: moved after every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartitionClock {
    greatest: Option<Timestamp>,
    lateness: Duration,
}

impl PartitionClock {
    pub(crate) fn new(greatest: Option<Timestamp>, lateness: Option<Duration>) -> Self {
        PartitionClock { greatest, lateness: lateness.unwrap_or(Duration::from_millis(0)) }
    }

    /// The greatest event time so far.
    pub(crate) fn greatest(&self) -> Option<Timestamp> {
        self.greatest
    }

    /// Greatest event time so far - lateness; [`Timestamp::MIN`] before the first row.
    #[inline]
    pub(crate) fn watermark(&self) -> Timestamp {
        let greatest = self.greatest.unwrap_or(Timestamp::MIN);
        Timestamp::from_millis(greatest.millis().saturating_sub(self.lateness.millis()))
    }

    #[inline]
    fn advance(&mut self, time: Timestamp) {
        self.greatest = Some(self.greatest.map_or(time, |greatest| greatest.max(time)));
    }
}

/// What became of the records of one read.
pub(crate) struct Decoded {
    /// Batches of at most [`BATCH_ROWS`] rows.
    pub(crate) batches: Vec<Box<dyn AnyRows>>,
    pub(crate) rows: u64,
    /// Records skipped because they could not be decoded.
    pub(crate) skipped: u64,
    /// Where to read on: the offset after the last record taken, or `until`.
    pub(crate) next_offset: u64,
}

/// Rows of one batch: large enough that a batch's overhead vanishes, small enough to stay in the cache.
const BATCH_ROWS: usize = 256;

/// A record that cannot be decoded, where that stops the run.
#[derive(Debug)]
pub(crate) struct Undecodable {
    pub(crate) offset: u64,
    pub(crate) reason: String,
}

/// Turns one topic's records into rows, for one source.
pub(crate) trait RowReader {
    /// Decodes the fetched records from `from` up to `until`.
    fn decode(
        &mut self,
        fetched: &Fetched,
        slice: Slice,
        clock: &mut PartitionClock,
    ) -> Result<Decoded, Undecodable>;
}

/// Which records of a partition to decode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) source: u16,
    pub(crate) partition: u16,
    pub(crate) from: u64,
    pub(crate) until: u64,
}

/// The reader of topic `P`.
pub(crate) struct TopicReader<P: Topic> {
    codec: RowCodec<P::Row>,
    undecodable: OnUndecodablePolicy,
    marker: PhantomData<fn() -> P>,
}

impl<P: Topic> TopicReader<P> {
    pub(crate) fn new(codec: RowCodec<P::Row>, undecodable: OnUndecodablePolicy) -> Self {
        TopicReader { codec, undecodable, marker: PhantomData }
    }
}

impl<P: Topic> RowReader for TopicReader<P> {
    fn decode(
        &mut self,
        fetched: &Fetched,
        slice: Slice,
        clock: &mut PartitionClock,
    ) -> Result<Decoded, Undecodable> {
        let mut batches: Vec<Box<dyn AnyRows>> = Vec::new();
        let rows_max = usize::try_from(slice.until - slice.from).unwrap_or(BATCH_ROWS).min(BATCH_ROWS);
        let mut rows: Vec<Row<P::Row>> = Vec::with_capacity(rows_max);
        let (mut taken, mut skipped) = (0, 0);
        for record in fetched.records().skip_while(|record| record.offset.0 < slice.from) {
            let offset = record.offset.0;
            if offset >= slice.until {
                break;
            }
            match self.codec.decode(record.value.unwrap_or_default(), FieldMask::ALL) {
                Ok(value) => {
                    let time = P::time(&value);
                    let Slice { source, partition, .. } = slice;
                    let position = Position { source, partition, offset, sub_index: 0 };
                    let meta = Meta { place: Place { time, position }, watermark_before: clock.watermark() };
                    clock.advance(time);
                    rows.push(Row { meta, value });
                    taken += 1;
                }
                Err(_) if self.undecodable == OnUndecodablePolicy::Skip => skipped += 1,
                Err(error) => return Err(Undecodable { offset, reason: error.to_string() }),
            }
            if rows.len() == BATCH_ROWS {
                batches.push(Box::new(std::mem::replace(&mut rows, Vec::with_capacity(rows_max))));
            }
        }
        if !rows.is_empty() {
            batches.push(Box::new(rows));
        }
        let next_offset = fetched.next_offset().0.min(slice.until);
        Ok(Decoded { batches, rows: taken, skipped, next_offset })
    }
}
