//! Encoding rows for a topic: what an epoch's commit writes.

use std::marker::PhantomData;
use std::ops::Range;

use log_store::RecordsBuilder;

use super::blame::in_hand;
use super::rows::{AnyRows, batch_of};
use crate::aggregates::{Place, Stop};
use crate::dsl::Topic;
use crate::key::partition_of;
use crate::record::RowCodec;

/// Encodes rows for one sink.
pub(crate) trait SinkEncoder {
    fn encode(&mut self, rows: Box<dyn AnyRows>, out: &mut OutRows);
}

/// Encoded rows of one epoch for one topic, with what puts them in order.
#[derive(Debug, Default)]
pub(crate) struct OutRows {
    bytes: Vec<u8>,
    rows: Vec<OutRow>,
}

#[derive(Debug)]
struct OutRow {
    partition: u32,
    place: Place,
    key: Option<Range<usize>>,
    value: Range<usize>,
}

/// One encoded row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OutRecord<'a> {
    pub(crate) partition: u32,
    pub(crate) place: Place,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: &'a [u8],
}

impl OutRows {
    /// The rows of several workers, by partition and in canonical order; rows of one place by their bytes.
    pub(crate) fn in_order(parts: &[OutRows]) -> Vec<OutRecord<'_>> {
        let mut records: Vec<OutRecord<'_>> = parts.iter().flat_map(OutRows::records).collect();
        records.sort_unstable();
        records
    }

    fn records(&self) -> impl Iterator<Item = OutRecord<'_>> {
        self.rows.iter().map(|row| OutRecord {
            partition: row.partition,
            place: row.place,
            key: row.key.clone().map(|key| &self.bytes[key]),
            value: &self.bytes[row.value.clone()],
        })
    }
}

/// The encoder for topic `P`.
pub(crate) struct TopicSink<P: Topic> {
    codec: RowCodec<P::Row>,
    partitions: u32,
    /// The largest record that the log takes, in bytes.
    record_bytes_max: usize,
    marker: PhantomData<fn(P)>,
}

impl<P: Topic> TopicSink<P> {
    pub(crate) fn new(codec: RowCodec<P::Row>, partitions: u32, record_bytes_max: usize) -> Self {
        TopicSink { codec, partitions, record_bytes_max, marker: PhantomData }
    }
}

impl<P: Topic> TopicSink<P> {
    fn refuse_oversized(&self, key: Option<&[u8]>, value: &[u8]) {
        let (bytes, limit) = (RecordsBuilder::record_bytes(key, Some(value)), self.record_bytes_max);
        if bytes > limit {
            let topic = P::NAME;
            Stop(format!(
                "a row for topic `{topic}` has {bytes} bytes, encoded, and the log takes at most {limit}; split it, or leave \
                 its large part out"
            ))
            .raise();
        }
    }
}

impl<P: Topic> SinkEncoder for TopicSink<P> {
    fn encode(&mut self, rows: Box<dyn AnyRows>, out: &mut OutRows) {
        for row in batch_of::<P::Row>(rows) {
            in_hand(row.meta.position());
            let start = out.bytes.len();
            let key = P::encode_key(&row.value, &mut out.bytes);
            let key = key.then_some(start..out.bytes.len());
            let from = out.bytes.len();
            if let Err(error) = self.codec.encode(&row.value, &mut out.bytes) {
                Stop(error.to_string()).raise();
            }
            let value = from..out.bytes.len();
            // Here, where the row is still in hand, and not at the commit, which knows neither operator nor row.
            self.refuse_oversized(key.clone().map(|key| &out.bytes[key]), &out.bytes[value.clone()]);
            // A topic without key spreads its rows by their content, so that the partition is the same in every run.
            let decides = key.clone().unwrap_or_else(|| value.clone());
            let partition = partition_of(&out.bytes[decides], self.partitions);
            out.rows.push(OutRow { partition, place: row.meta.place, key, value });
        }
    }
}
