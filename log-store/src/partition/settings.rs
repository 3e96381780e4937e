//! The settings of a topic as its partitions go by them.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use crate::config::{Compression, Durability, FLUSH_MS, StoreConfig, TopicConfig};
use crate::record::MAX_RECORD_BYTES;

/// What a partition goes by: the topic's settings, and the store's where the topic says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartitionSettings {
    pub(crate) segment_bytes: u64,
    pub(crate) segment_age: Option<Duration>,
    pub(crate) retention: Option<Duration>,
    pub(crate) retention_bytes: Option<u64>,
    /// The largest record that is taken.
    pub(crate) record_bytes: usize,
    pub(crate) durability: Durability,
    /// How long its records may wait for the disk, where they may.
    pub(crate) flush: Duration,
    pub(crate) compression: Compression,
}

impl PartitionSettings {
    /// Whether anything of it is given up, or ends, by itself.
    pub(crate) fn has_retention(&self) -> bool {
        self.retention.is_some() || self.retention_bytes.is_some() || self.segment_age.is_some()
    }
}

/// The settings of a topic, shared by its partitions. They change when the topic is altered; who works by some asks once.
#[derive(Debug)]
pub(crate) struct SharedSettings {
    /// What counts where the topic says nothing.
    segment_bytes: u64,
    record_bytes: usize,
    now: RwLock<PartitionSettings>,
}

impl SharedSettings {
    pub(crate) fn new(store: &StoreConfig, topic: &TopicConfig) -> SharedSettings {
        let (segment_bytes, record_bytes) = (store.segment_bytes, store.record_bytes.min(MAX_RECORD_BYTES));
        let now = RwLock::new(settings(segment_bytes, record_bytes, topic));
        SharedSettings { segment_bytes, record_bytes, now }
    }

    pub(crate) fn get(&self) -> PartitionSettings {
        *self.now.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes by these from now on.
    pub(crate) fn follow(&self, topic: &TopicConfig) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) =
            settings(self.segment_bytes, self.record_bytes, topic);
    }
}

fn settings(segment_bytes: u64, record_bytes: usize, topic: &TopicConfig) -> PartitionSettings {
    let limit = topic.max_message_bytes.and_then(|bytes| usize::try_from(bytes).ok());
    PartitionSettings {
        segment_bytes: topic.segment_bytes.unwrap_or(segment_bytes),
        segment_age: topic.segment_age,
        retention: topic.retention,
        retention_bytes: topic.retention_bytes,
        record_bytes: limit.unwrap_or(record_bytes).min(record_bytes),
        durability: topic.durability,
        flush: topic.flush.unwrap_or(Duration::from_millis(FLUSH_MS)),
        compression: topic.compression,
    }
}
