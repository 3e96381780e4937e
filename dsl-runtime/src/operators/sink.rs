//! `sink`: writes every row to a topic, in the epoch's commit.

use std::marker::PhantomData;

use log_store::RecordsBuilder;

use crate::aggregates::Stop;
use crate::error::Error;
use crate::flow::{Batch, OutRow, OutRows, SinkEncoder, in_hand};
use crate::handles::{EventTime, Holds, NodeId, Stream, Topic};
use crate::key::partition_of;
use crate::plan::{Lowering, Node, SinkNode, TopicFacts, registry};
use crate::record::RowCodec;

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Writes every row to the topic, in the epoch's commit: each row once, whatever happens to the process, and visible
    /// to readers when the epoch's other results are. Key and partition come from the topic.
    ///
    /// A stream may be written to several topics; several streams go into one topic by [`union`](Stream::union). A pipeline
    /// cannot write to a topic that it reads: that is refused before anything is read.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn large(least: i64) {
    ///     let payments = source(Payments);
    ///     payments.filter(|p| p.cents >= least).sink(Large);
    /// }
    ///
    /// let mut t = large(1_000).test();
    /// t.push(Payments, payment(1, 1_200, 0));
    /// assert_eq!(t.rows(Large), [payment(1, 1_200, 0)]);
    /// t.restart();
    /// assert_eq!(t.rows(Large), [payment(1, 1_200, 0)], "not written twice");
    /// ```
    ///
    /// # State
    /// None.
    pub fn sink<P: Topic + Holds<T>>(self, topic: P) {
        let _ = topic;
        registry::add(node::<P>(self.node()));
    }
}

fn node<P: Topic>(input: NodeId) -> Node {
    let sink = SinkNode {
        topic: TopicFacts::of::<P>(),
        encoder: |schemas, partitions, record_bytes_max| {
            let codec = RowCodec::<P::Row>::new(P::FORMAT, &mut schemas.clone())
                .map_err(|source| Error::Schema { topic: P::NAME.to_owned(), source })?;
            Ok(Box::new(TopicSink::<P>::new(codec, partitions, record_bytes_max)))
        },
    };
    let topic = &sink.topic;
    let key = if topic.key.is_empty() { "none" } else { topic.key };
    let lines = vec![
        format!(
            "topic {}, format {}, key {key}, {} partition(s)",
            topic.name, topic.format, topic.partitions
        ),
        "writes in the epoch's commit: exactly once, visible when the epoch is".to_owned(),
    ];
    let facts = topic.facts();
    Node { lines, facts, ..Node::new("sink", vec![input], Lowering::Sink(sink)).named(P::NAME) }
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
    fn encode(&mut self, rows: Batch, out: &mut OutRows) {
        for row in rows.rows::<P::Row>() {
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
