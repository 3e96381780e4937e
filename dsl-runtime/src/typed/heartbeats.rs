//! Heartbeats of who writes to a topic: event time goes on, though no row comes.

use log_store::RecordsBuilder;

use super::TypedTopic;
use crate::error::Result;
use crate::handles::{HasHeartbeats, Topic};
use crate::record::push_heartbeat;
use crate::time::Timestamp;

impl<P: Topic> TypedTopic<P> {
    /// Says that event time has come to `at` in a partition, although no row was appended: a *heartbeat*. When it returns, it is on disk and
    /// visible. Pipelines move the partition's watermark as by a row of that time, and make no row of it; so a partition that has nothing to
    /// say need not hold windows open. It never moves a watermark back.
    ///
    /// In the log it is a record without a value, with the header `waterwheel.heartbeat`. [`rows`](TypedTopic::rows) passes over it.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, amount: i64, at: Timestamp }
    /// # topics! { Payments("payments"): Payment { key: card, time: at, partitions: 2 } }
    /// # fn main() -> waterwheel::Result<()> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let store = Store::open(dir.path())?;
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.heartbeat(1, "2025-03-01T12:00:00Z".parse().unwrap())?;
    /// assert_eq!(payments.rows().count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The log's, also for a partition that the topic does not have.
    pub fn heartbeat(&self, partition: u32, at: Timestamp) -> Result<()>
    where
        P::Time: HasHeartbeats,
    {
        let log = self.topic.partition(partition)?;
        let mut records = RecordsBuilder::new();
        push_heartbeat(&mut records, self.store.clock().now_ms(), at);
        log.append(records)?;
        Ok(())
    }
}
