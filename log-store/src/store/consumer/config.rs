//! What can be chosen for a consumer.

use std::time::Duration;

use crate::group::Assignor;

/// The settings of a consumer. Their names are those of Kafka's.
///
/// ```
/// use log_store::{ConsumerConfig, OffsetReset};
///
/// let config = ConsumerConfig { auto_offset_reset: OffsetReset::Latest, ..ConsumerConfig::default() };
/// assert_eq!(config.max_poll_records, 500);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerConfig {
    /// The name of a static member: one that keeps its partitions for the session timeout when it ends, so that a program that is
    /// started again goes on with what it had. Default: none, and a consumer that ends gives its partitions to the others at once.
    pub group_instance_id: Option<String>,
    /// How the group shares its partitions out, the same for all members; default [`Assignor::Sticky`].
    pub assignor: Assignor,
    /// A member that was not heard of for so long loses its partitions to others; default 10 s, Kafka's is 45 s. A consumer whose
    /// process is killed loses them at once.
    pub session_timeout: Duration,
    /// How often a consumer says that it is there; default 500 ms, Kafka's is 3 s. While partitions change hands, it is 20 times as
    /// often.
    pub heartbeat_interval: Duration,
    /// A consumer that is not polled for so long leaves the group until it is, since what it has is not worked off; default 5 minutes.
    pub max_poll_interval: Duration,
    /// Where a partition begins that has no committed offset; default [`OffsetReset::Earliest`].
    pub auto_offset_reset: OffsetReset,
    /// How many records a poll gives at most; default 500.
    pub max_poll_records: usize,
    /// How many bytes of a partition are read at once, and kept; default 256 KiB. At least one batch is.
    pub fetch_bytes: usize,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        ConsumerConfig {
            group_instance_id: None,
            assignor: Assignor::default(),
            session_timeout: Duration::from_secs(10),
            heartbeat_interval: Duration::from_millis(500),
            max_poll_interval: Duration::from_secs(300),
            auto_offset_reset: OffsetReset::default(),
            max_poll_records: 500,
            fetch_bytes: 256 << 10,
        }
    }
}

/// Where a consumer begins with a partition that has no committed offset. If there is one, and the records there are deleted, it
/// begins with the first that is there, unless this is [`OffsetReset::Error`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OffsetReset {
    /// With the first record that there is. Nothing is left out. Kafka's default is the other one.
    #[default]
    Earliest,
    /// With what is committed from then on. Records that come before the consumer has got the partition are left out.
    Latest,
    /// With the first record that is not older than that.
    ByDuration(Duration),
    /// Nowhere: the poll fails with [`Error::NoOffset`](crate::Error::NoOffset). Kafka's `none`.
    Error,
}
