//! What can be chosen: of a store, of a topic.

mod compression;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use compression::Compression;
pub(crate) use settings::{FLUSH_MS, SETTINGS_PROPERTY, is_reserved};
pub use settings::{InvalidSetting, TopicSetting};

/// Where wall-clock time comes from. The log takes the timestamps of its control batches from it, and so does
/// whatever runs on the store, through [`Store::clock`](crate::Store::clock): an engine's processing time is
/// this clock's. A test can therefore set the time of the whole process by one clock.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// How many partitions a topic has at most.
pub(crate) const PARTITIONS_MAX: u32 = 65_536;

/// A topic that has this property, with some text, is given no more partitions: [`Topic::add_partitions`](crate::Topic::add_partitions)
/// refuses, and tells the text, which says why, and what to do. Whoever writes a topic so that a record's partition must not change sets it
/// by [`Topic::set_property`](crate::Topic::set_property); an empty text takes it back.
pub const PARTITIONS_FIXED_PROPERTY: &str = "partitions.fixed";

/// The settings of a store. They may differ from one opening to the next.
#[derive(Clone)]
pub struct StoreConfig {
    /// The clock of the log and of whatever runs on the store; default: the machine's.
    pub clock: Arc<dyn Clock>,
    /// A segment that would grow beyond this many bytes is closed and a new one begun; at most 1 GiB,
    /// default 128 MiB. A topic may have its own.
    pub segment_bytes: u64,
    /// The least distance in bytes between two entries of an offset index; default 4096.
    pub index_interval_bytes: u64,
    /// How many bytes the commit journal takes before the segments are synced and it begins anew;
    /// default 8 MiB.
    pub journal_bytes: u64,
    /// Appends and transactions up to this many bytes are made durable by the journal, larger ones by
    /// their segments; default 1 MiB, at most 64 MiB.
    pub inline_bytes: usize,
    /// The largest record in bytes, encoded, that is taken; default and at most
    /// [`MAX_RECORD_BYTES`](crate::MAX_RECORD_BYTES), which is 64 MiB. Records that are in the log are read whatever it is.
    pub record_bytes: usize,
    /// How many segments are synced at a time when there are several; default 4.
    pub sync_threads: usize,
    /// How often the process that owns the directory looks for segments to give up, and for those that are old enough to end;
    /// default 5 min, as Kafka's. Zero: never by itself, see [`Store::retain`](crate::Store::retain).
    pub retention_interval: Duration,
    /// How long a process waits for the one that owns the directory to answer, or for another to take its place; default 30 s.
    pub patience: Duration,
    /// A process that was not heard of for so long loses the names that it has claimed to the next that asks for them; default 10 s.
    /// The process that owns the directory decides.
    pub silent_after: Duration,
    /// A [`Writer`](crate::Writer) that nobody opens nor writes with for so long is forgotten; default 7 days.
    pub writers_kept: Duration,
}

impl Default for StoreConfig {
    fn default() -> Self {
        StoreConfig {
            clock: Arc::new(SystemClock),
            segment_bytes: 128 << 20,
            index_interval_bytes: 4096,
            journal_bytes: 8 << 20,
            inline_bytes: 1 << 20,
            record_bytes: 64 << 20,
            sync_threads: 4,
            retention_interval: Duration::from_secs(300),
            patience: Duration::from_secs(30),
            silent_after: Duration::from_secs(10),
            writers_kept: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("segment_bytes", &self.segment_bytes)
            .field("index_interval_bytes", &self.index_interval_bytes)
            .field("journal_bytes", &self.journal_bytes)
            .field("inline_bytes", &self.inline_bytes)
            .field("record_bytes", &self.record_bytes)
            .field("sync_threads", &self.sync_threads)
            .field("retention_interval", &self.retention_interval)
            .field("patience", &self.patience)
            .field("silent_after", &self.silent_after)
            .field("writers_kept", &self.writers_kept)
            .finish_non_exhaustive()
    }
}

/// What an acknowledgement of an append promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The records survive power loss: the acknowledgement follows `fdatasync`, and readers see them then.
    #[default]
    Fsync,
    /// The records survive the end of the process, but not power loss: the acknowledgement follows the
    /// write. They are synced within [`TopicConfig::flush`], 5 ms unless it says otherwise, and readers see them then, so that nobody sees what
    /// power loss takes away. Appends larger than [`StoreConfig::inline_bytes`], and transactions that also write to other topics, are
    /// synced first.
    Interval,
    /// The records survive the end of the process, but not power loss: they are acknowledged once they are written, and all readers
    /// see them then. Nothing syncs them by itself: they are on disk with whatever is synced next, and when the journal's file is full or
    /// the store is closed. Power loss leaves the first of them, without a gap, and *readers may have seen those that are gone*;
    /// what was acknowledged as durable since, of whatever topic, never outlives records that were there before it.
    ///
    /// Appends larger than [`StoreConfig::inline_bytes`] are synced first; a transaction that also writes to topics of another durability,
    /// or sets properties, is as durable as theirs.
    Os,
}

/// The settings of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    /// How many partitions it has, 1 to 65,536; default 1.
    pub partitions: u32,
    /// What an acknowledgement promises; default [`Durability::Fsync`].
    pub durability: Durability,
    /// With [`Durability::Interval`], how long after an acknowledgement its records are synced at the latest, and seen by readers; 1 ms to 1 h,
    /// default 5 ms.
    pub flush: Option<Duration>,
    /// The largest segment in bytes, 1 to 1 GiB; default: the store's.
    pub segment_bytes: Option<u64>,
    /// How old the first record of a segment gets, by its timestamp and the store's clock, before another segment is begun; at
    /// least 1 ms, default: as old as may be.
    pub segment_age: Option<Duration>,
    /// How long records are kept, by their timestamps and the store's clock; default: for ever. Whole segments are given up, the
    /// oldest first, once all their records are older: see [`StoreConfig::retention_interval`].
    pub retention: Option<Duration>,
    /// How many bytes each partition keeps; default: all. The oldest segment is given up while those behind it have as many.
    pub retention_bytes: Option<u64>,
    /// The largest record in bytes, encoded, before it is compressed, that is taken; 1 to 64 MiB, and not more than
    /// [`StoreConfig::record_bytes`]; default: that.
    pub max_message_bytes: Option<u32>,
    /// How its batches are compressed; default: not.
    pub compression: Compression,
    /// Whatever the topic's users want to keep with it. Names that begin with `log.` are the log's own.
    pub properties: BTreeMap<String, Vec<u8>>,
    /// Whether it is the bookkeeping of a program rather than data for people.
    pub internal: bool,
}

impl Default for TopicConfig {
    fn default() -> Self {
        TopicConfig {
            partitions: 1,
            durability: Durability::Fsync,
            flush: None,
            segment_bytes: None,
            segment_age: None,
            retention: None,
            retention_bytes: None,
            max_message_bytes: None,
            compression: Compression::None,
            properties: BTreeMap::new(),
            internal: false,
        }
    }
}

impl TopicConfig {
    /// The default settings with this many partitions.
    #[must_use]
    pub fn with_partitions(partitions: u32) -> TopicConfig {
        TopicConfig { partitions, ..TopicConfig::default() }
    }
}
