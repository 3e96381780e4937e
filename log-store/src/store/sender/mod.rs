//! Sending records one at a time, from many threads: each goes to its partition, in batches with others.

mod ack;
mod filling;
mod record;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::ids::Offset;
use crate::record::RecordsBuilder;

use super::{Topic, Writer};
use filling::Filling;

pub use ack::{Ack, Acknowledged};
pub use record::NewRecord;

/// How a [`Sender`] gathers records.
#[derive(Clone, Debug)]
pub struct SenderConfig {
    /// How long the first record of a batch waits for others (Kafka's `linger.ms`); default 0. Without it batches form all the same:
    /// what is sent while one is being written goes together.
    pub linger: Duration,
    /// A batch of so many bytes waits for no others; default 256 KiB.
    pub batch_bytes: usize,
    /// As long as so many bytes are not in the log, [`Sender::send`] waits (Kafka's `buffer.memory`); default 32 MiB.
    pub buffer_bytes: usize,
}

impl Default for SenderConfig {
    fn default() -> Self {
        SenderConfig { linger: Duration::ZERO, batch_bytes: 256 << 10, buffer_bytes: 32 << 20 }
    }
}

/// Sends records to a topic, as Kafka's producer does: one at a time, from as many threads as there are, each to the partition of its
/// key. What is sent at about the same time is written together.
///
/// A record without a key goes, with those of its batch, to the partition with the fewest. Records of one thread keep their order in each partition. What becomes of a record its
/// [`Ack`] tells; [`Sender::flush`] waits for all. Dropping it sends what is left.
///
/// ```
/// # use log_store::{NewRecord, SenderConfig, TopicConfig};
/// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
/// let readings = store.create_topic("readings", TopicConfig::with_partitions(4))?;
/// let sender = readings.sender(SenderConfig::default())?;
/// let ack = sender.send(&NewRecord::new(b"21.5").key(b"sensor-7"))?;
/// sender.send(&NewRecord::new(b"21.7").key(b"sensor-7"))?;
/// println!("it is durable, at {:?}", ack.wait()?);
/// sender.flush()?;
/// # Ok::<(), log_store::Error>(())
/// ```
pub struct Sender {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    topic: Topic,
    /// Whose batches they are.
    writer: Option<Writer>,
    config: SenderConfig,
    state: Mutex<State>,
    /// There is something to write, or a reason not to wait for more.
    due: Condvar,
    /// Something was written.
    written: Condvar,
}

#[derive(Default)]
struct State {
    filling: Filling,
    /// Bytes that are not in the log yet.
    waiting_bytes: usize,
    /// How many records were sent, and how many of them have an outcome.
    sent: u64,
    done: u64,
    /// So many wait for what was sent to be written, all of it or some.
    hurrying: usize,
    /// The first failure that no flush has told of.
    failed: Option<Arc<Error>>,
    /// Why nothing more of the writer's can be written behind it.
    broken: Option<Arc<Error>>,
    ended: bool,
}

impl Topic {
    /// Begins to send records to the topic.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`] if it was deleted, [`Error::Closed`], [`Error::Io`] if there is no thread to be had.
    pub fn sender(&self, config: SenderConfig) -> Result<Sender> {
        self.check()?;
        Sender::start(self.clone(), None, config)
    }
}

impl Writer {
    /// Begins to send records as this writer: each takes one sequence, in the order in which they are sent. What
    /// [`Writer::next_sequence`] says at its opening is therefore how many records of the input are in the log, and to be passed over.
    ///
    /// If a batch cannot be written, nothing behind it is: each later record fails with the same cause. Open the writer again, and go on
    /// from where it is.
    ///
    /// ```
    /// # use log_store::{NewRecord, SenderConfig, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// # let readings = store.create_topic("readings", TopicConfig::with_partitions(4))?;
    /// # let input = ["21.5", "21.7", "22.0"];
    /// let writer = readings.writer("sensor-7")?;
    /// let sender = writer.sender(SenderConfig::default())?;
    /// for line in input.iter().skip(writer.next_sequence() as usize) {
    ///     sender.send(&NewRecord::new(line.as_bytes()).key(b"sensor-7"))?;
    /// }
    /// sender.flush()?;
    /// assert_eq!(writer.next_sequence(), 3);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Topic::sender`].
    pub fn sender(&self, config: SenderConfig) -> Result<Sender> {
        self.topic().check()?;
        Sender::start(self.topic().clone(), Some(self.clone()), config)
    }
}

impl Sender {
    fn start(topic: Topic, writer: Option<Writer>, config: SenderConfig) -> Result<Sender> {
        let dir = topic.store.disk.root();
        let (state, due, written) = (Mutex::default(), Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { topic, writer, config, state, due, written });
        let writing = shared.clone();
        let spawned = thread::Builder::new().name("log-store-sender".to_owned()).spawn(move || writing.run());
        let thread = Some(spawned.map_err(|error| Error::io("work on", &dir, error))?);
        Ok(Sender { shared, thread })
    }

    /// Sends a record: it is on its way when this returns. Waits only if [`SenderConfig::buffer_bytes`] are.
    ///
    /// # Errors
    /// [`Error::RecordTooLarge`], [`Error::UnknownPartition`]; [`Error::UnknownTopic`] if the topic was deleted; [`Error::Closed`];
    /// [`Error::SendFailed`] of a writer one of whose batches failed.
    pub fn send(&self, record: &NewRecord<'_>) -> Result<Ack> {
        let shared = &*self.shared;
        shared.topic.check()?;
        let bytes = RecordsBuilder::record_bytes_with_headers(record.key, record.value, &record.headers);
        // All partitions of a topic have the same limit.
        shared.topic.core.partition(record.partition.unwrap_or(0))?.check_size(bytes)?;
        let mut state = shared.state();
        while state.waiting_bytes > 0 && state.waiting_bytes + bytes > shared.config.buffer_bytes {
            // What lingers makes the room that this one needs.
            state.hurrying += 1;
            shared.due.notify_one();
            state = shared.written.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.hurrying -= 1;
        }
        if let Some(cause) = &state.broken {
            return Err(Error::SendFailed { cause: cause.clone() });
        }
        let was_empty = state.filling.is_empty();
        let ack = state.filling.push(&shared.topic, record, bytes)?;
        state.waiting_bytes += bytes;
        state.sent += 1;
        if was_empty || state.filling.bytes() >= shared.config.batch_bytes {
            shared.due.notify_one();
        }
        Ok(ack)
    }

    /// Waits until all that was sent is in the log or has failed, without lingering.
    ///
    /// # Errors
    /// [`Error::SendFailed`] with the first failure that no flush has told of.
    pub fn flush(&self) -> Result<()> {
        let shared = &*self.shared;
        let mut state = shared.state();
        let upto = state.sent;
        state.hurrying += 1;
        shared.due.notify_one();
        while state.done < upto {
            state = shared.written.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.hurrying -= 1;
        state.failed.take().map_or(Ok(()), |cause| Err(Error::SendFailed { cause }))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.shared.due.notify_one();
        if let Some(thread) = self.thread.take() {
            // It catches what panics, and whoever wants to know what became of a record has asked.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self) {
        while let Some(filled) = self.next() {
            let (records, bytes) = (filled.records(), filled.bytes());
            let (outcome, builders) = filled.into_parts();
            let numbers: Vec<_> = builders.keys().copied().collect();
            // A panic, as of somebody's hook, is reported by this thread, which others still need.
            let written = catch_unwind(AssertUnwindSafe(|| self.write(records, builders)));
            let found = written.unwrap_or_else(|_| {
                let panicked = std::io::Error::other("a hook that is called after commits panicked");
                let cause = Arc::new(Error::io("work on", &self.topic.store.disk.root(), panicked));
                numbers.into_iter().map(|number| (number, Err(cause.clone()))).collect()
            });
            let failure = found.values().find_map(|one| one.as_ref().err()).cloned();
            outcome.tell(found);
            let mut state = self.state();
            state.waiting_bytes -= bytes;
            state.done += records;
            if let Some(cause) = failure {
                if self.writer.is_some() {
                    state.broken.get_or_insert(cause.clone());
                }
                state.failed.get_or_insert(cause);
            }
            drop(state);
            self.written.notify_all();
        }
    }

    /// What is to be written next, when it is time; `None` at the end.
    fn next(&self) -> Option<Filling> {
        let mut state = self.state();
        loop {
            let filling = &state.filling;
            let is_due = state.ended || state.hurrying > 0 || filling.bytes() >= self.config.batch_bytes;
            match filling.since() {
                None if state.ended => return None,
                None => state = self.due.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(since) => {
                    let left = self.config.linger.saturating_sub(since.elapsed());
                    if is_due || left.is_zero() {
                        return Some(std::mem::take(&mut state.filling));
                    }
                    state = self.due.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Writes a batch; gives for each partition the first offset.
    fn write(
        &self,
        records: u64,
        builders: BTreeMap<u32, RecordsBuilder>,
    ) -> BTreeMap<u32, Result<Offset, Arc<Error>>> {
        let numbers: Vec<_> = builders.keys().copied().collect();
        let all_failed = |cause: Arc<Error>| -> BTreeMap<_, _> {
            numbers.iter().map(|&number| (number, Err(cause.clone()))).collect()
        };
        if let Some(cause) = self.state().broken.clone() {
            return all_failed(cause);
        }
        let appended = match &self.writer {
            Some(writer) => {
                let next = writer.next_sequence();
                writer.append(next..next + records, builders)
            }
            None if builders.len() == 1 => self.topic.append_together(builders),
            None => match self.topic.append_together(builders.clone()) {
                // Nothing was appended: those that have nothing to do with it must not suffer for it.
                Err(Error::PartitionReadOnly { .. } | Error::Corrupt { .. }) => {
                    return builders
                        .into_iter()
                        .map(|(number, records)| self.write_one(number, records))
                        .collect();
                }
                appended => appended,
            },
        };
        match appended {
            Ok(places) => places.into_iter().map(|place| (place.partition.0, Ok(place.first))).collect(),
            Err(error) => all_failed(Arc::new(error)),
        }
    }

    fn write_one(&self, number: u32, records: RecordsBuilder) -> (u32, Result<Offset, Arc<Error>>) {
        let first = self.topic.partition(number).and_then(|partition| partition.append(records));
        (number, first.map_err(Arc::new))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
