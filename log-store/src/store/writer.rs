//! Writers: programs that write to a topic under a name, and write each batch once however often they try.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::ids::{ProducerEpoch, ProducerId};
use crate::journal::{Appended, Entry, Sequenced, WriterOpened};
use crate::record::RecordsBuilder;

use super::topic::TopicCore;
use super::{Side, StoreInner, Topic};

/// The longest name of a writer, in bytes.
const NAME_BYTES_MAX: usize = 249;

/// Writes to a topic under a name that outlives the program: each batch once, however often it is tried, before a crash and after it.
///
/// A writer counts what it writes by *sequences*, which are its own: the number of records, the lines of a file, bytes of an input.
/// A batch says which it stands for. Its records and the writer's new place become durable in one step, so that after any crash
/// [`Writer::next_sequence`] tells what to go on with: nothing is missing before it, and nothing there behind it.
///
/// Each opening fences the one before: of two programs with one name, the later writes.
///
/// ```
/// # use log_store::{RecordsBuilder, TopicConfig};
/// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
/// let readings = store.create_topic("readings", TopicConfig::with_partitions(4))?;
/// let input = ["21.5", "21.7", "22.0"];
///
/// // Whatever became of this program before, and whenever it was: it goes on where it stood.
/// let writer = readings.writer("sensor-7")?;
/// for (number, line) in (0..).zip(input).skip(writer.next_sequence() as usize) {
///     let mut records = RecordsBuilder::new();
///     records.push(0, Some(b"sensor-7"), Some(line.as_bytes()));
///     writer.append(number..number + 1, [(2, records)])?;
/// }
/// assert_eq!(readings.writer("sensor-7")?.next_sequence(), 3);
/// # Ok::<(), log_store::Error>(())
/// ```
#[derive(Clone)]
pub struct Writer {
    topic: Topic,
    name: Arc<str>,
    id: ProducerId,
    epoch: ProducerEpoch,
    /// As far as this handle and its clones know.
    next: Arc<AtomicU64>,
}

/// What opening a writer gives.
pub(crate) struct OpenedWriter {
    pub(crate) id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
    pub(crate) next: u64,
}

impl Topic {
    /// Opens a writer of the topic, new or known, and fences whoever had opened it before. Its name has 1 to 249 bytes, and is
    /// the topic's: writers of other topics have names of their own.
    ///
    /// A writer that nobody opens nor writes with for [`StoreConfig::writers_kept`](crate::StoreConfig::writers_kept) is forgotten;
    /// then it begins with sequence 0.
    ///
    /// # Errors
    /// [`Error::InvalidWriter`], [`Error::UnknownTopic`] if the topic was deleted, or a failure of the journal.
    pub fn writer(&self, name: &str) -> Result<Writer> {
        self.check()?;
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(Error::InvalidWriter { name: name.to_owned(), bytes_max: NAME_BYTES_MAX });
        }
        let opened = match &self.store.side {
            Side::Own(_) => self.store.open_writer(&self.core, name)?,
            Side::Through(link) => link.open_writer(self.core.id, name)?,
        };
        let OpenedWriter { id, epoch, next } = opened;
        Ok(Writer { topic: self.clone(), name: name.into(), id, epoch, next: Arc::new(AtomicU64::new(next)) })
    }
}

impl Writer {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The topic that it writes to.
    #[must_use]
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Its producer id, which its batches carry.
    #[must_use]
    pub fn id(&self) -> ProducerId {
        self.id
    }

    /// The epoch of this opening.
    #[must_use]
    pub fn epoch(&self) -> ProducerEpoch {
        self.epoch
    }

    /// The sequence to go on with: what stands before it is in the log, durably, and nothing else of this writer's. It is 0 for a
    /// new writer, and known at opening.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// Appends a batch, which stands for these sequences, to partitions of the topic: all of it durable and visible in one step, or
    /// nothing. Gives for each partition where the records lie, by its number.
    ///
    /// If one of the last five batches stood for the same sequences, then it is this one, tried again: nothing is appended, and the
    /// answer is that of the first time. A batch without records moves the writer on alone.
    ///
    /// ```
    /// # use log_store::{Error, RecordsBuilder, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// let writer = store.create_topic("readings", TopicConfig::default())?.writer("sensor-7")?;
    /// let mut records = RecordsBuilder::new();
    /// records.push(0, None, Some(b"21.5"));
    /// let first = writer.append(0..1, [(0, records.clone())])?;
    /// assert_eq!(writer.append(0..1, [(0, records.clone())])?, first, "it is there once");
    /// // Something must have been left out.
    /// let error = writer.append(5..6, [(0, records)]).unwrap_err();
    /// assert!(matches!(error, Error::OutOfOrderSequence { expected: 1, .. }));
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfOrderSequence`] if the sequences do not follow on the last, or are none; [`Error::Fenced`] if the writer was opened
    /// again; [`Error::WriterForgotten`]; as [`Partition::append`](crate::Partition::append). After any error the batch can be tried
    /// again as it is: it is in the log once in the end.
    pub fn append(
        &self,
        sequences: Range<u64>,
        batch: impl IntoIterator<Item = (u32, RecordsBuilder)>,
    ) -> Result<Vec<Appended>> {
        let sequenced = Sequenced {
            topic: self.topic.core.id,
            name: self.name.to_string(),
            id: self.id,
            epoch: self.epoch,
            first: sequences.start,
            end: sequences.end,
        };
        let appended = self.topic.append_batch(batch, Some(&sequenced))?;
        self.next.fetch_max(sequences.end, Ordering::AcqRel);
        Ok(appended)
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("topic", &self.topic.name())
            .field("name", &self.name)
            .field("id", &self.id)
            .field("epoch", &self.epoch)
            .field("next", &self.next)
            .finish()
    }
}

impl StoreInner {
    /// Opens a writer of a store that owns its directory, perhaps for another process.
    pub(super) fn open_writer(self: &Arc<Self>, topic: &TopicCore, name: &str) -> Result<OpenedWriter> {
        let journal = &self.own().journal;
        let mut catalog = self.catalog();
        catalog.check_exists(topic)?;
        journal.check()?;
        let registry = catalog.registry();
        let (id, epoch) = registry.next_writer_epoch(topic.id, name);
        let now_ms = self.config.clock.now_ms();
        let kept_ms = i64::try_from(self.config.writers_kept.as_millis()).unwrap_or(i64::MAX);
        let forget_before_ms = now_ms.saturating_sub(kept_ms);
        let (topic, name) = (topic.id, name.to_owned());
        let opened = WriterOpened { topic, name, id, epoch, now_ms, forget_before_ms };
        let publish = Box::new(catalog.writers.opened(&opened));
        let ticket = self.enqueue(&mut catalog, Entry::WriterOpened(opened.clone()), publish);
        catalog.forget_writers(None);
        // What the one before has under way is in the journal before this opening, and durable with it.
        let next = catalog.registry().writers.get(topic, &opened.name).map_or(0, |state| state.next);
        drop(catalog);
        journal.wait(ticket, &**self)?;
        Ok(OpenedWriter { id, epoch, next })
    }
}
