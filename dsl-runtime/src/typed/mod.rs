//! Topics as typed values: append rows, load many at once, read what is committed.

mod loading;
#[cfg(feature = "cli")]
mod print;
mod producers;
mod rows;

use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

use log_store::{PartitionId, RecordsBuilder, Store};

pub use loading::Loading;
#[cfg(feature = "cli")]
pub(crate) use print::{PrintRows, print_rows};
pub use rows::Rows;

use producers::LoadProducer;

use crate::engine::open_topic;
use crate::error::{Error, Result};
use crate::handles::Topic;
use crate::key::partition_of;
use crate::plan::TopicFacts;
use crate::record::RowCodec;

/// A topic of a store, with its rows' type.
///
/// ```
/// # extern crate dsl_runtime as waterwheel;
/// use dsl_macros::{Record, topics};
/// use dsl_runtime::{Timestamp, TypedTopic};
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Payment { card: u64, amount: i64, at: Timestamp }
///
/// topics! { Payments("payments"): Payment { key: card, time: at, partitions: 2 } }
///
/// # fn main() -> dsl_runtime::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// let store = log_store::Store::open(dir.path())?;
/// let payments = TypedTopic::open(&store, Payments)?;
/// let payment = Payment { card: 4000, amount: 1250, at: Timestamp::from_millis(0) };
/// payments.append([&payment])?;
/// assert_eq!(payments.rows().collect::<Result<Vec<_>, _>>()?, [payment]);
/// # Ok(())
/// # }
/// ```
pub struct TypedTopic<P: Topic> {
    store: Store,
    topic: log_store::Topic,
    codec: RowCodec<P::Row>,
    /// Of loads that are over: the next ones need not open others.
    idle_producers: Mutex<Vec<LoadProducer>>,
    marker: PhantomData<fn() -> P>,
}

impl<P: Topic> TypedTopic<P> {
    /// Opens the topic, or creates it as it is declared.
    ///
    /// # Errors
    /// [`Error::TopicDiffers`] if it exists with another number of partitions, format or key; [`Error::Schema`] if rows
    /// already in it do not fit the row type.
    pub fn open(store: &Store, topic: P) -> Result<Self> {
        let _ = topic;
        let mut open = open_topic(store, &TopicFacts::of::<P>())?;
        let codec = RowCodec::new(P::FORMAT, &mut open.schemas)
            .map_err(|source| Error::Schema { topic: P::NAME.to_owned(), source })?;
        let idle_producers = Mutex::default();
        Ok(TypedTopic { store: store.clone(), topic: open.topic, codec, idle_producers, marker: PhantomData })
    }

    /// Appends rows, all or nothing: when it returns they are on disk and visible. A row takes at most 64 MiB, encoded.
    ///
    /// # Errors
    /// [`log_store::Error::RecordTooLarge`] for a larger row, and [`Error::Usage`] for one that cannot be written in the
    /// topic's format: no row is there then. Else the log's; whether the rows are there is unknown only if the disk failed.
    pub fn append<'r>(&self, rows: impl IntoIterator<Item = &'r P::Row>) -> Result<()> {
        let mut loading = self.load()?;
        for row in rows {
            loading.push(row)?;
        }
        loading.commit().map(|_| ())
    }

    /// Begins to append any number of rows in one transaction: none is visible before all are on disk.
    ///
    /// # Errors
    /// The log's.
    pub fn load(&self) -> Result<Loading<'_, P>> {
        Loading::begin(self)
    }

    /// The committed rows as of now, partition after partition: of every commit, such as an epoch of a pipeline, all rows
    /// or none.
    pub fn rows(&self) -> Rows<P> {
        Rows::of(&self.topic, self.codec.clone())
    }

    /// Whether no row is, or ever was, in the topic.
    pub fn is_empty(&self) -> bool {
        self.topic.snapshot().iter().all(|readable| readable.end.0 == 0)
    }

    /// The untyped topic.
    pub fn topic(&self) -> &log_store::Topic {
        &self.topic
    }

    fn idle_producers(&self) -> MutexGuard<'_, Vec<LoadProducer>> {
        self.idle_producers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encodes a row into the builder of its partition.
    fn put(
        &self,
        row: &P::Row,
        now_ms: i64,
        scratch: &mut Vec<u8>,
        builders: &mut [RecordsBuilder],
    ) -> Result<usize> {
        scratch.clear();
        let key = P::encode_key(row, scratch).then_some(scratch.len());
        let from = scratch.len();
        self.codec
            .encode(row, scratch)
            .map_err(|error| Error::Usage(format!("topic `{}`: {error}", P::NAME)))?;
        let (key, value) = (key.map(|end| &scratch[..end]), &scratch[from..]);
        let at = partition_of(key.unwrap_or(value), self.topic.partitions()) as usize;
        let (bytes, limit) = (RecordsBuilder::record_bytes(key, Some(value)), self.store.record_bytes_max());
        if bytes > limit {
            let (topic, partition) = (P::NAME.to_owned(), PartitionId(at as u32));
            let (bytes, limit) = (bytes as u64, limit as u64);
            return Err(log_store::Error::RecordTooLarge { topic, partition, bytes, limit }.into());
        }
        builders[at].push(now_ms, key, Some(value));
        Ok(at)
    }
}
