//! A batch that is being filled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::error::Result;
use crate::partitioner::partition_of;
use crate::record::RecordsBuilder;

use super::ack::{Ack, Outcome};
use super::{NewRecord, Topic};

/// Records of a batch to be, and who is told what becomes of them.
#[derive(Default)]
pub(super) struct Filling {
    builders: BTreeMap<u32, RecordsBuilder>,
    outcome: Arc<Outcome>,
    records: u64,
    bytes: usize,
    /// When the first of them came.
    since: Option<Instant>,
    /// Where those without a key go.
    keyless: Option<u32>,
}

impl Filling {
    /// Adds a record, of which it was seen that its topic takes it.
    pub(super) fn push(&mut self, topic: &Topic, record: &NewRecord<'_>, bytes: usize) -> Result<Ack> {
        let number = match (record.partition, record.key) {
            (Some(number), _) => number,
            (None, Some(key)) => partition_of(key, topic.partitions()),
            (None, None) => match self.keyless {
                Some(number) => number,
                None => *self.keyless.insert(with_fewest(topic)?),
            },
        };
        let timestamp_ms = record.timestamp_ms.unwrap_or_else(|| topic.store.config.clock.now_ms());
        let builder = self.builders.entry(number).or_default();
        let place = builder.len() as u64;
        builder.push_with_headers(timestamp_ms, record.key, record.value, &record.headers);
        self.records += 1;
        self.bytes += bytes;
        self.since.get_or_insert_with(Instant::now);
        Ok(Ack::new(&self.outcome, number, place))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records == 0
    }

    pub(super) fn records(&self) -> u64 {
        self.records
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn since(&self) -> Option<Instant> {
        self.since
    }

    pub(super) fn into_parts(self) -> (Arc<Outcome>, BTreeMap<u32, RecordsBuilder>) {
        (self.outcome, self.builders)
    }
}

/// The partition of a topic that ends first.
fn with_fewest(topic: &Topic) -> Result<u32> {
    let mut fewest = (topic.partition(0)?.log_end_offset(), 0);
    for number in 1..topic.partitions() {
        fewest = fewest.min((topic.partition(number)?.log_end_offset(), number));
    }
    Ok(fewest.1)
}
