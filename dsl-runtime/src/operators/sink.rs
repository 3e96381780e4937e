//! `sink`: writes every row to a topic, in the epoch's commit.

use std::marker::PhantomData;
use std::rc::Rc;

use log_store::RecordsBuilder;

use crate::aggregates::Stop;
use crate::error::Error;
use crate::flow::{Batch, OutRecord, OutRows, RecordHeaders, SinkEncoder, in_hand};
use crate::handles::{EventTime, Holds, NodeId, Stream, Topic};
use crate::key::partition_of;
use crate::plan::{Lowering, Node, SinkNode, Takes, TopicFacts, registry};
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
        add_sink::<P>(self.node(), sink_of::<P>());
    }
}

/// Adds a sink behind a stream.
pub(super) fn add_sink<P: Topic>(rows: NodeId, sink: SinkNode) {
    let (lines, facts) = (sink.lines(), sink.topic.facts());
    let node = Node::new("sink", vec![rows], Lowering::Sink(sink)).named(P::NAME);
    registry::add(Node { lines, facts, ..node });
}

/// A sink into topic `P`.
pub(super) fn sink_of<P: Topic>() -> SinkNode {
    sink_with::<P>(None)
}

/// The headers of each row of a batch, in order.
pub(super) type HeadersOf = Rc<dyn Fn(&Batch) -> Vec<RecordHeaders>>;

/// A sink into topic `P`, whose records have headers of their own.
pub(super) fn sink_with<P: Topic>(headers: Option<HeadersOf>) -> SinkNode {
    SinkNode {
        topic: TopicFacts::of::<P>(),
        has_headers: false,
        encoder: Rc::new(move |schemas, partitions, record_bytes_max| {
            let codec = RowCodec::<P::Row>::new(P::FORMAT, &mut schemas.clone())
                .map_err(|source| Error::Schema { topic: P::NAME.to_owned(), source })?;
            Ok(Box::new(TopicSink::<P>::new(codec, (partitions, record_bytes_max), headers.clone())))
        }),
        takes: Takes::Rows,
    }
}

/// The encoder for topic `P`.
pub(crate) struct TopicSink<P: Topic> {
    codec: RowCodec<P::Row>,
    partitions: u32,
    /// The largest record that the log takes, in bytes.
    record_bytes_max: usize,
    headers: Option<HeadersOf>,
    /// Room to encode a row in: its key, then its value.
    scratch: Vec<u8>,
    marker: PhantomData<fn(P)>,
}

impl<P: Topic> TopicSink<P> {
    pub(super) fn new(
        codec: RowCodec<P::Row>,
        (partitions, record_bytes_max): (u32, usize),
        headers: Option<HeadersOf>,
    ) -> Self {
        TopicSink { codec, partitions, record_bytes_max, headers, scratch: Vec::new(), marker: PhantomData }
    }
}

impl<P: Topic> TopicSink<P> {
    fn refuse_oversized(&self, key: Option<&[u8]>, value: &[u8], headers: &RecordHeaders) {
        let bytes = match headers.as_bytes() {
            [] => RecordsBuilder::record_bytes(key, Some(value)),
            headers => {
                let headers = RecordHeaders::read(headers);
                RecordsBuilder::record_bytes_with_headers(key, Some(value), &headers)
            }
        };
        let limit = self.record_bytes_max;
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
    fn encode(&mut self, rows: Batch, headers: &RecordHeaders, out: &mut OutRows) {
        let own = self.headers.as_ref().map(|headers| headers(&rows));
        let mut own = own.iter().flatten();
        for row in rows.rows::<P::Row>() {
            let headers = own.next().unwrap_or(headers);
            in_hand(row.meta.position());
            let scratch = &mut self.scratch;
            scratch.clear();
            let has_key = P::encode_key(&row.value, scratch);
            let key_end = scratch.len();
            if let Err(error) = self.codec.encode(&row.value, scratch) {
                Stop(error.to_string()).raise();
            }
            let (key, value) = self.scratch.split_at(key_end);
            let key = has_key.then_some(key);
            // Here, where the row is still in hand, and not at the commit, which knows neither operator nor row.
            self.refuse_oversized(key, value, headers);
            // A topic without key spreads its rows by their content, so that the partition is the same in every run.
            let partition = match self.partitions {
                1 => 0,
                partitions => partition_of(key.unwrap_or(value), partitions),
            };
            let value = Some(value);
            out.push(partition, OutRecord { place: row.meta.place, key, value, headers: headers.as_bytes() });
        }
    }
}
