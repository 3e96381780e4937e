//! Topics as typed values: append rows, load many at once, read what is committed.

#[cfg(feature = "tokio")]
mod append_async;
mod commits;
mod consumer;
mod heartbeats;
mod loading;
mod positions;
#[cfg(feature = "cli")]
mod print;
mod producers;
mod records;
mod rows;
mod rows_of;
mod signposts;
mod tail;
#[cfg(feature = "tokio")]
mod tail_stream;

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use log_store::{PartitionId, RecordsBuilder, Store};

pub use consumer::TypedConsumer;
pub use loading::Loading;
pub use positions::Positions;
#[cfg(feature = "cli")]
pub(crate) use print::{Met, Print, Printer, Where};
pub use rows::{Rows, RowsWithMeta};
pub use rows_of::RowsOf;
pub use signposts::{
    AllThere, AppendsRows, BegunOtherwise, FollowedByAnotherWord, HasRows, ReadByAnotherWord, WithoutRows,
    WrittenByAnotherWord,
};
pub use tail::{HasStreams, Tail};
#[cfg(feature = "tokio")]
pub use tail_stream::TailStream;

use producers::LoadProducer;

use crate::engine::{OpenTopic, Registration, open_topic, schemas_of};
use crate::error::{Error, Result};
use crate::handles::{NamesTopic, Topic};
use crate::key::partition_of;
use crate::not_there::not_there;
use crate::plan::TopicFacts;
use crate::record::{RowCodec, SchemaError, TopicDecoder};

/// A topic of a store, with its rows' type. A clone is the same topic, and costs little.
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
/// payments.append(&payment)?;
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
    encoder: Arc<OnceLock<Encoder<P::Row>>>,
    /// The producers of loads that are over, which the next loads take instead of opening others.
    idle_producers: Arc<Mutex<Vec<LoadProducer>>>,
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
    /// [`Error::TopicDiffers`] if it exists with fewer partitions, another format or key, [`Error::SettingDiffers`] with another
    /// retention, compression or durability than is declared; [`Error::Schema`] if rows
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
            encoder: Arc::default(),
            idle_producers: Arc::default(),
            marker: PhantomData,
        })
    }

    /// Appends a row, `append(&row)`, or several, `append(&rows)`, all or nothing: when it returns they are on disk and visible. A row and its
    /// key take at most 64 MiB, encoded. [`TypedTopic::load`] is for rows that come one by one.
    ///
    /// # Errors
    /// [`RecordTooLarge`](log_store::Error::RecordTooLarge) in [`Error::Log`] for a larger row, [`Error::Usage`] for one that
    /// cannot be written in the topic's format, [`Error::Schema`] if rows of another type came into the topic since it was
    /// opened, and do not fit this one. No row is there then. Else the log's; whether the rows are there is unknown only if
    /// the disk failed.
    pub fn append<M>(&self, rows: impl RowsOf<P::Row, M>) -> Result<()> {
        self.append_where(None, rows.appended())
    }

    /// Appends a row or several to a partition of one's own choice, whatever their keys; otherwise as [`TypedTopic::append`].
    ///
    /// Pipelines group rows by their keys wherever they lie. What goes by partitions is the order of a key's rows: only rows of one partition have
    /// one. So a [`View`](crate::View) asks for all rows of a key in one.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! { Payments("payments"): Payment { key: card, partitions: 4 } }
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// let payment = payment(4003, 1, 0);
    /// payments.append_to((payment.card % 4) as u32, &payment)?;
    /// assert_eq!(payments.row_at(3, 0)?, Some(payment));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TypedTopic::append`]; [`UnknownPartition`](log_store::Error::UnknownPartition) in [`Error::Log`] for a partition that the topic does
    /// not have.
    pub fn append_to<M>(&self, partition: u32, rows: impl RowsOf<P::Row, M>) -> Result<()> {
        self.append_where(Some(partition), rows.appended())
    }

    /// Begins to append any number of rows in one transaction: none is visible before all are on disk.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// let mut loading = payments.load()?;
    /// for cents in 1..=1_000 {
    ///     loading.push(&payment(4000, cents, 0))?;
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

    /// The rows that are committed from now on, as they are: an iterator that blocks until there is one. Its `seek` methods begin elsewhere.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// let tail = payments.tail();
    /// let follows = std::thread::spawn(move || -> waterwheel::Result<i64> {
    ///     let mut sum = 0;
    ///     for payment in tail {
    ///         let payment = payment?; // the row, and `payment.meta.offset` and the like
    ///         sum += payment.cents;
    ///         if payment.meta.offset == 1 {
    ///             break;
    ///         }
    ///     }
    ///     Ok(sum)
    /// });
    /// payments.append([1, 2].map(|cents| payment(4000, cents, 0)))?;
    /// assert_eq!(follows.join().unwrap()?, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tail(&self) -> Tail<P> {
        Tail::of(&self.store, &self.topic, self.decoder.clone())
    }

    /// Where the topic ends, as of the last commit: a reader that begins there is given what is committed from now on.
    pub fn end(&self) -> Positions {
        self.topic.snapshot().into_iter().map(|readable| readable.end.0).collect()
    }

    /// The row at an offset of a partition, with every field: also of a row of which a pipeline has decoded only some.
    ///
    /// `None` if there is no committed row at that offset: none yet, none any more, or one that was taken back. Whoever writes a row on
    /// to another topic takes the row, and not its bytes: they begin with the number of a schema of this topic.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # fn main() -> waterwheel::Result<()> {
    /// # let store = store();
    /// let payments = TypedTopic::open(&store, Payments)?;
    /// payments.append([&payment(4000, 1, 0), &payment(4000, 2, 0)])?;
    /// assert_eq!(payments.row_at(0, 1)?, Some(payment(4000, 2, 0)));
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

    /// The store that it was opened in.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    fn append_where<R: Borrow<P::Row>>(
        &self,
        partition: Option<u32>,
        rows: impl Iterator<Item = R>,
    ) -> Result<()> {
        if self.encoder.get().is_some() {
            return self.append_once(partition, rows);
        }
        // These may be the first rows of their type, which are encoded again if another type comes before them.
        let rows: Vec<R> = rows.collect();
        loop {
            match self.append_once(partition, rows.iter().map(Borrow::borrow)) {
                Err(Error::SchemasChanged { .. }) => {}
                appended => return appended,
            }
        }
    }

    fn append_once<R: Borrow<P::Row>>(
        &self,
        partition: Option<u32>,
        rows: impl Iterator<Item = R>,
    ) -> Result<()> {
        let mut loading = self.load()?;
        for row in rows {
            match partition {
                None => loading.push(row.borrow())?,
                Some(partition) => loading.push_to(partition, row.borrow())?,
            }
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

    /// Encodes a row into the builder of its partition, if it is no larger than that.
    fn put(
        &self,
        encoder: &RowCodec<P::Row>,
        row: &P::Row,
        partition: Option<u32>,
        (now_ms, record_bytes_max): (i64, usize),
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
        let chosen = partition.unwrap_or_else(|| partition_of(key.unwrap_or(value), self.topic.partitions()));
        let at = chosen as usize;
        let (bytes, limit) = (RecordsBuilder::record_bytes(key, Some(value)), record_bytes_max);
        if bytes > limit {
            let (topic, partition) = (P::NAME.to_owned(), PartitionId(at as u32));
            let (bytes, limit) = (bytes as u64, limit as u64);
            return Err(log_store::Error::RecordTooLarge { topic, partition, bytes, limit }.into());
        }
        builders[at].push(now_ms, key, Some(value));
        Ok(at)
    }
}

impl<P: Topic> Clone for TypedTopic<P> {
    fn clone(&self) -> Self {
        TypedTopic {
            store: self.store.clone(),
            topic: self.topic.clone(),
            facts: self.facts.clone(),
            decoder: self.decoder.clone(),
            encoder: self.encoder.clone(),
            idle_producers: self.idle_producers.clone(),
            marker: PhantomData,
        }
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
    [(&self) -> Result<()>] where [Self: WrittenByAnotherWord]:
        flush commit sync close;
    [(&self) -> Rows<P>] where [Self: ReadByAnotherWord]:
        read iter consume poll records scan read_all all stream fetch drain;
    [(&self) -> Tail<P>] where [Self: FollowedByAnotherWord]:
        follow subscribe watch listen rows_from tail_from;
}

not_there! {
    [P: Topic] TypedTopic<P>, whatever is given:
    BegunOtherwise: rows_from_time rows_since rows_after rows_at rows_between since from_time from_timestamp from_offset read_from read_since seek
        seek_to seek_to_time tail_since;
}

#[cfg(not(feature = "tokio"))]
not_there! {
    [P: Topic] TypedTopic<P>:
    [<R>(&self, _: R) -> std::future::Ready<Result<()>>] where [Self: HasStreams]: append_async;
}
