//! Topics as typed values: append rows, load many at once, read what is committed.

mod heartbeats;
mod loading;
#[cfg(feature = "cli")]
mod print;
mod producers;
mod rows;
mod rows_of;
mod signposts;

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use log_store::{PartitionId, RecordsBuilder, Store};

pub use loading::Loading;
#[cfg(feature = "cli")]
pub(crate) use print::{Print, print_rows};
pub use rows::Rows;
pub use rows_of::RowsOf;
pub use signposts::{AppendsRows, ReadByAnotherWord, WithoutRows, WrittenByAnotherWord};

use producers::LoadProducer;

use crate::engine::{OpenTopic, Registration, open_topic, schemas_of};
use crate::error::{Error, Result};
use crate::handles::{NamesTopic, Topic, not_there};
use crate::key::partition_of;
use crate::plan::TopicFacts;
use crate::record::{RowCodec, SchemaError, TopicDecoder};

/// A topic of a store, with its rows' type.
///
/// ```
/// use waterwheel::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Payment { card: u64, amount: i64, at: Timestamp }
///
/// topics! { Payments("payments"): Payment { key: card, time: at, partitions: 2 } }
///
/// # fn main() -> waterwheel::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// let store = Store::open(dir.path())?;
/// let payments = TypedTopic::open(&store, Payments)?;
/// let payment = Payment { card: 4000, amount: 1250, at: Timestamp::from_millis(0) };
/// payments.append([&payment])?;
/// assert_eq!(payments.rows().collect::<Result<Vec<_>, _>>()?, [payment]);
/// for row in &payments {
///     assert_eq!(row?.card, 4000);
/// }
/// # Ok(())
/// # }
/// ```
pub struct TypedTopic<P: Topic> {
    store: Store,
    topic: log_store::Topic,
    facts: TopicFacts,
    decoder: TopicDecoder<P::Row>,
    /// Writes rows, once the topic has the schema of their type.
    encoder: OnceLock<Encoder<P::Row>>,
    /// The producers of loads that are over, which the next loads take instead of opening others.
    idle_producers: Mutex<Vec<LoadProducer>>,
    marker: PhantomData<fn() -> P>,
}

/// What encodes rows of a type, shared by those who write them.
type Encoder<R> = Arc<RowCodec<R>>;

impl<P: Topic> TypedTopic<P> {
    /// Opens the topic, or creates it as it is declared: with its partitions, format and key.
    ///
    /// The row type leaves no trace before it writes: its schema comes into the topic with the first row of the type. So a
    /// program that only reads can have a newer type than the one that writes.
    ///
    /// # Errors
    /// [`Error::TopicDiffers`] if it exists with another number of partitions, format or key; [`Error::Schema`] if rows
    /// already in it do not fit the row type.
    pub fn open(store: &Store, topic: impl NamesTopic<Topic = P>) -> Result<Self> {
        let _ = topic;
        let facts = TopicFacts::of::<P>();
        let OpenTopic { topic, .. } = open_topic(store, &facts)?;
        let decoder = TopicDecoder::open(&schemas_of(&topic), P::FORMAT).map_err(schema_error::<P>)?;
        Ok(TypedTopic {
            store: store.clone(),
            topic,
            facts,
            decoder,
            encoder: OnceLock::new(),
            idle_producers: Mutex::default(),
            marker: PhantomData,
        })
    }

    /// Appends rows, all or nothing: when it returns they are on disk and visible. A row and its key take at most 64 MiB,
    /// encoded. [`TypedTopic::load`] is for rows that come one by one.
    ///
    /// # Errors
    /// [`RecordTooLarge`](log_store::Error::RecordTooLarge) in [`Error::Log`] for a larger row, [`Error::Usage`] for one that
    /// cannot be written in the topic's format, [`Error::Schema`] if rows of another type came into the topic since it was
    /// opened, and do not fit this one. No row is there then. Else the log's; whether the rows are there is unknown only if
    /// the disk failed.
    pub fn append<'r>(&self, rows: impl RowsOf<'r, P::Row>) -> Result<()> {
        let rows = rows.rows();
        if self.encoder.get().is_some() {
            return self.append_once(rows);
        }
        // These may be the first rows of their type, which are encoded again if another type comes before them.
        let rows: Vec<&P::Row> = rows.collect();
        loop {
            match self.append_once(rows.iter().copied()) {
                Err(Error::SchemasChanged { .. }) => {}
                appended => return appended,
            }
        }
    }

    /// Begins to append any number of rows in one transaction: none is visible before all are on disk.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, amount: i64 }
    /// # topics! { Payments("payments"): Payment { key: card } }
    /// # fn main() -> waterwheel::Result<()> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let store = Store::open(dir.path())?;
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// let mut loading = payments.load()?;
    /// for amount in 1..=1_000 {
    ///     loading.push(&Payment { card: 4000, amount })?;
    /// }
    /// assert!(payments.is_empty());
    /// assert_eq!(loading.commit()?, 1_000);
    /// assert_eq!(payments.rows().count(), 1_000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The log's; [`Error::Schema`] if rows that came into the topic since it was opened do not fit the row type.
    pub fn load(&self) -> Result<Loading<'_, P>> {
        Loading::begin(self)
    }

    /// The committed rows as of now, partition after partition: of every commit, such as an epoch of a pipeline, all rows
    /// or none. Rows of types that came into the topic since it was opened are read too, if this type can read them.
    pub fn rows(&self) -> Rows<P> {
        Rows::of(&self.topic, self.decoder.clone())
    }

    /// The row at an offset of a partition, with every field: also of a row of which a pipeline has decoded only some.
    ///
    /// `None` if there is no committed row at that offset: none yet, none any more, or one that was taken back. Whoever writes a row on
    /// to another topic takes the row, and not its bytes: they begin with the number of a schema of this topic.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, amount: i64 }
    /// # topics! { Payments("payments"): Payment { key: card } }
    /// # fn main() -> waterwheel::Result<()> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let store = Store::open(dir.path())?;
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.append([&Payment { card: 4000, amount: 1 }, &Payment { card: 4000, amount: 2 }])?;
    /// assert_eq!(payments.row_at(0, 1)?, Some(Payment { card: 4000, amount: 2 }));
    /// assert_eq!(payments.row_at(0, 2)?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Row`] if it cannot be read as the row type; the log's, also for a partition that the topic does not have.
    pub fn row_at(&self, partition: u32, offset: u64) -> Result<Option<P::Row>> {
        rows::at(&self.topic.partition(partition)?, offset, &mut self.decoder.clone())
    }

    /// Whether no committed row is, or ever was, in the topic: what an aborted load left in the log does not count. What
    /// cannot be read counts as rows, since nobody knows what it was; [`TypedTopic::rows`] tells of it.
    pub fn is_empty(&self) -> bool {
        (0..).zip(self.topic.snapshot()).all(|(number, readable)| {
            let has_row = |log: log_store::Partition| rows::have_row(log.scan(readable.start, readable.end));
            // Whoever deletes records has had some.
            readable.start.0 == 0 && !self.topic.partition(number).and_then(has_row).unwrap_or(true)
        })
    }

    /// The topic as the log has it: records with offsets, keys and timestamps in milliseconds, and values as bytes.
    pub fn topic(&self) -> &log_store::Topic {
        &self.topic
    }

    fn append_once<'r>(&self, rows: impl IntoIterator<Item = &'r P::Row>) -> Result<()> {
        let mut loading = self.load()?;
        for row in rows {
            loading.push(row)?;
        }
        loading.commit().map(|_| ())
    }

    /// What encodes rows now, and what the first commit of rows must add to the topic.
    fn encoder(&self) -> Result<(Encoder<P::Row>, Option<Registration>)> {
        if let Some(encoder) = self.encoder.get() {
            return Ok((encoder.clone(), None));
        }
        let registration = Registration::begin(&self.topic, self.facts.register)?;
        let encoder =
            RowCodec::new(P::FORMAT, &mut registration.schemas().clone()).map_err(schema_error::<P>)?;
        let encoder = Arc::new(encoder);
        if registration.is_pending() {
            return Ok((encoder, Some(registration)));
        }
        Ok((self.encoder.get_or_init(|| encoder).clone(), None))
    }

    fn idle_producers(&self) -> MutexGuard<'_, Vec<LoadProducer>> {
        self.idle_producers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encodes a row into the builder of its partition.
    fn put(
        &self,
        encoder: &RowCodec<P::Row>,
        row: &P::Row,
        now_ms: i64,
        scratch: &mut Vec<u8>,
        builders: &mut [RecordsBuilder],
    ) -> Result<usize> {
        scratch.clear();
        let key = P::encode_key(row, scratch).then_some(scratch.len());
        let from = scratch.len();
        encoder
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

fn schema_error<P: Topic>(source: SchemaError) -> Error {
    Error::Schema { topic: P::NAME.to_owned(), source }
}

/// Its committed rows as of now, as [`rows`](TypedTopic::rows) gives them: `for row in &payments { let row = row?; .. }`.
impl<P: Topic> IntoIterator for &TypedTopic<P> {
    type Item = Result<P::Row>;
    type IntoIter = Rows<P>;

    fn into_iter(self) -> Rows<P> {
        self.rows()
    }
}

not_there! {
    [P: Topic] TypedTopic<P>:
    [<R>(&self, _: R) -> Result<()>] where [Self: WrittenByAnotherWord]:
        send push produce publish write insert append_all append_row push_all extend;
    [(&self) -> Rows<P>] where [Self: ReadByAnotherWord]:
        read iter consume poll records scan read_all all stream subscribe fetch drain;
}
