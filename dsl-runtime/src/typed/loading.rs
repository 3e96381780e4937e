//! Appending many rows in one transaction.

use std::sync::Arc;

use log_store::{RecordsBuilder, Transaction};

use super::TypedTopic;
use super::producers::LoadProducer;
use crate::engine::{Registration, commit_with_schemas};
use crate::error::Result;
use crate::handles::Topic;
use crate::record::RowCodec;

/// What is encoded for a partition before it goes to the log, in bytes.
const BUFFER_BYTES: usize = 1 << 20;

/// Rows on their way into a topic; [`TypedTopic::load`] begins it. Nothing of them is visible before [`Loading::commit`];
/// dropped without it, they are aborted. Up to 1 MiB a partition is held in memory, whatever their number.
pub struct Loading<'t, P: Topic> {
    topic: &'t TypedTopic<P>,
    encoder: Arc<RowCodec<P::Row>>,
    /// What the topic gets with these rows, if they are the first of their type.
    registration: Option<Registration>,
    transaction: Transaction,
    /// Stands behind the transaction, since fields are dropped in order: the producer must not be given to another load while
    /// its transaction is open.
    producer: LoadProducer,
    builders: Vec<RecordsBuilder>,
    scratch: Vec<u8>,
    now_ms: i64,
    /// The largest record that the topic takes.
    record_bytes_max: usize,
    /// How many were taken.
    rows: u64,
}

impl<'t, P: Topic> Loading<'t, P> {
    pub(super) fn begin(topic: &'t TypedTopic<P>) -> Result<Self> {
        let (encoder, registration) = topic.encoder()?;
        let idle = topic.idle_producers().pop();
        let producer = idle.map_or_else(|| LoadProducer::open(&topic.store, P::NAME), Ok)?;
        let transaction = topic.store.begin(producer.producer())?;
        let builders = (0..topic.topic.partitions()).map(|_| RecordsBuilder::new()).collect();
        Ok(Loading {
            topic,
            encoder,
            registration,
            transaction,
            producer,
            builders,
            scratch: Vec::new(),
            now_ms: topic.store.clock().now_ms(),
            record_bytes_max: topic.topic.record_bytes_max(),
            rows: 0,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// If the row alone is refused, it is not part of the load, which may go on without it: a row of more than the topic
    /// takes, encoded ([`log_store::Error::RecordTooLarge`]; 64 MiB, or its `max.message.bytes`), or one that cannot be written in the topic's format. Any other error is
    /// the log's, from writing a full buffer: then [`Loading::commit`] fails too.
    pub fn push(&mut self, row: &P::Row) -> Result<()> {
        self.push_where(None, row)
    }

    /// Adds a row to a partition of one's own choice, whatever its key; see [`TypedTopic::append_to`].
    ///
    /// # Errors
    /// As [`Loading::push`]; for a partition that the topic does not have, the row is not part of the load, which may go on without it.
    pub fn push_to(&mut self, partition: u32, row: &P::Row) -> Result<()> {
        self.topic.topic.partition(partition)?;
        self.push_where(Some(partition), row)
    }

    /// Makes all rows durable and visible together; gives their number.
    ///
    /// # Errors
    /// [`Error::SchemasChanged`](crate::Error::SchemasChanged) if these are the first rows of their type, and another type
    /// came into the topic since [`TypedTopic::load`]; [`Error::Schema`](crate::Error::Schema) if its rows do not fit this
    /// type; else the log's. No row is visible then.
    pub fn commit(mut self) -> Result<u64> {
        for at in 0..self.builders.len() {
            if !self.builders[at].is_empty() {
                self.write(at)?;
            }
        }
        if self.rows > 0 {
            commit_with_schemas(self.transaction, &mut self.registration)?;
            // The next load need not ask again.
            self.topic.encoder.get_or_init(|| self.encoder);
        } else {
            self.transaction.abort()?;
        }
        self.topic.idle_producers().push(self.producer);
        Ok(self.rows)
    }

    fn push_where(&mut self, partition: Option<u32>, row: &P::Row) -> Result<()> {
        let (encoder, scratch, builders) = (&self.encoder, &mut self.scratch, &mut self.builders);
        let as_of = (self.now_ms, self.record_bytes_max);
        let at = self.topic.put(encoder, row, partition, as_of, scratch, builders)?;
        self.rows += 1;
        if self.builders[at].bytes() >= BUFFER_BYTES { self.write(at) } else { Ok(()) }
    }

    fn write(&mut self, at: usize) -> Result<()> {
        let partition = self.topic.topic.partition(at as u32)?;
        self.transaction.append(&partition, std::mem::take(&mut self.builders[at]))?;
        Ok(())
    }
}
