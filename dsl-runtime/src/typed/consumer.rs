//! Reading a topic as a member of a consumer group: rows at one's own pace, and how far they are worked off.

use std::time::Duration;

use log_store::{Consumer, ConsumerConfig, GroupOffsets, OffsetSpec, Partition};

use super::TypedTopic;
use super::records::unreadable;
use crate::error::Result;
use crate::handles::Topic;
use crate::operators::{RecordMeta, WithMeta};
use crate::record::is_heartbeat;
use crate::record::{FieldMask, TopicDecoder};

/// A member of a consumer group that reads a topic: it shares the partitions with the other members, in this process and in others, and
/// goes on where the group has committed. See [`TypedTopic::consumer`].
///
/// # Contract
/// [`TypedConsumer::poll`] gives rows of one partition at a time, in the order of offsets, heartbeats left out, and each once until partitions change hands.
/// [`TypedConsumer::commit`] commits all that were given by then. What was given and not committed is given again, to whoever has the partition
/// next: *at least once*. A thread of the consumer's own says that it is there; dropping it ends that, and gives its partitions to the others.
pub struct TypedConsumer<P: Topic> {
    consumer: Consumer,
    decoder: TopicDecoder<P::Row>,
}

impl<P: Topic> TypedTopic<P> {
    /// A member of a consumer group, with the default settings: where the group has committed nothing, it begins with the first row that
    /// there is.
    ///
    /// ```
    /// use std::time::Duration;
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.append([1, 2].map(|cents| payment(4000, cents, 0)))?;
    /// let mut consumer = payments.consumer("billing")?;
    /// let mut billed = 0;
    /// while billed < 3 {
    ///     for payment in consumer.poll(Duration::from_secs(1))? {
    ///         billed += payment.cents; // and `payment.meta.offset` and the like
    ///     }
    ///     consumer.commit()?; // they are worked off
    /// }
    /// assert_eq!(store.describe_group("billing")?.members.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`log_store::Error::InvalidGroup`] if the name is empty or longer than 249 bytes.
    pub fn consumer(&self, group: &str) -> Result<TypedConsumer<P>> {
        self.consumer_with(group, ConsumerConfig::default())
    }

    /// As [`TypedTopic::consumer`], with any settings.
    ///
    /// # Errors
    /// As [`TypedTopic::consumer`]; the same if the settings make no sense.
    pub fn consumer_with(&self, group: &str, config: ConsumerConfig) -> Result<TypedConsumer<P>> {
        let consumer = self.store.consumer(group, &[self.topic.name()], config)?;
        Ok(TypedConsumer { consumer, decoder: self.decoder.clone() })
    }
}

impl<P: Topic> TypedConsumer<P> {
    /// The next rows of one partition, at most [`ConsumerConfig::max_poll_records`]; if none are there, it waits for some as long as `timeout`, and
    /// not at all if that is zero. Empty, too, if partitions came or went meanwhile: call it again and again, and commit in between.
    ///
    /// # Errors
    /// [`Error::Row`](crate::Error::Row) if the next row cannot be read: the consumer stays before it, until [`Consumer::seek`] moves it on. The log's, as
    /// [`Consumer::poll`] has them.
    pub fn poll(&mut self, timeout: Duration) -> Result<Vec<WithMeta<P::Row>>> {
        let (mut rows, mut refused) = (Vec::new(), None);
        let polled = self.consumer.poll(timeout)?;
        let Some(partition) = polled.partition() else { return Ok(rows) };
        for record in polled.records().filter(|record| !is_heartbeat(record)) {
            match self.decoder.decode(record.value.unwrap_or_default(), FieldMask::ALL) {
                Ok(row) => rows.push(WithMeta { row, meta: RecordMeta::of(&record, partition.id().0) }),
                Err(source) => {
                    refused = Some((partition.clone(), record.offset, source));
                    break;
                }
            }
        }
        drop(polled);
        if let Some((partition, offset, source)) = refused {
            self.consumer.seek(&partition, OffsetSpec::Offset(offset))?;
            if rows.is_empty() {
                return Err(unreadable(&partition, offset.0, source));
            }
        }
        Ok(rows)
    }

    /// Commits where it stands: everything that was given by now is worked off. Durable when it returns.
    ///
    /// # Errors
    /// [`log_store::Error::IllegalGeneration`] if a partition was taken from it, as it was not heard of for too long; then nothing was committed. The
    /// log's, as [`Consumer::commit`] has them.
    pub fn commit(&mut self) -> Result<()> {
        Ok(self.consumer.commit()?)
    }

    /// Where it stands, to be committed in a transaction of the log, with what was made of the rows:
    /// [`Transaction::commit_offsets`](log_store::Transaction::commit_offsets).
    pub fn offsets(&self) -> GroupOffsets {
        self.consumer.offsets()
    }

    /// The partitions that it has.
    pub fn assignment(&self) -> Vec<Partition> {
        self.consumer.assignment()
    }

    /// The consumer of the log that it reads by, for all else: lag, pausing, seeking, waking.
    pub fn log(&mut self) -> &mut Consumer {
        &mut self.consumer
    }
}
