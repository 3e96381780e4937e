//! Giving up what topics' retention says, in the process that owns the directory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::error::Result;
use crate::ids::Offset;
use crate::journal::{Commit, Entry, Part};
use crate::partition::PartitionCore;

use super::commit::Advance;
use super::{Partition, Side, Store, StoreInner};

impl Store {
    /// Gives up what topics' `retention.ms` and `retention.bytes` say, and ends the segments that are old enough by `segment.ms`, as of the
    /// store's clock. The process that owns the directory does so by itself every [`StoreConfig::retention_interval`](crate::StoreConfig);
    /// this is for who cannot wait, such as a test that sets the clock.
    ///
    /// Whole segments go, the oldest first, never one that is needed by a pin, has records that are not committed, or is the one that is
    /// written to, unless all its records are too old. Who reads a segment goes on reading what it has read of it, and gets
    /// [`Error::OffsetOutOfRange`](crate::Error::OffsetOutOfRange) behind that.
    ///
    /// ```
    /// # use log_store::{Offset, RecordsBuilder, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// use std::time::Duration;
    /// let config = TopicConfig { retention: Some(Duration::from_secs(60)), ..TopicConfig::default() };
    /// let partition = store.create_topic("orders", config)?.partition(0)?;
    /// let mut records = RecordsBuilder::new();
    /// records.push(0, None, Some(b"of 1970"));
    /// partition.append(records)?;
    /// store.retain()?;
    /// assert_eq!(partition.log_start_offset(), Offset(1));
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// A failure of the journal or the disk. What was given up before it stays so; the next time goes on.
    pub fn retain(&self) -> Result<()> {
        self.inner.check_open()?;
        match &self.inner.side {
            Side::Own(_) => self.inner.retain(),
            Side::Through(link) => link.retain(),
        }
    }
}

impl StoreInner {
    pub(super) fn retain(self: &Arc<Self>) -> Result<()> {
        let now_ms = self.config.clock.now_ms();
        let partitions: Vec<_> = self.catalog().partitions().collect();
        let mut retained = Ok(());
        for core in partitions.iter().filter(|core| core.settings().has_retention()) {
            // One that takes no records any more is left as it is, and none keeps the others from being looked at.
            if core.check_writable().is_ok() {
                let one = self.retain_in(core, now_ms);
                retained =
                    retained.and(one.or_else(|error| core.check_exists().map_or(Ok(()), |()| Err(error))));
            }
        }
        retained
    }

    fn retain_in(self: &Arc<Self>, core: &Arc<PartitionCore>, now_ms: i64) -> Result<()> {
        if core.is_to_end(now_ms) {
            self.end_segment(core)?;
        }
        let (topic, partition) = core.key();
        let pin = self.catalog().lowest_pin(topic, partition).unwrap_or(Offset(u64::MAX));
        match core.outlived(now_ms, pin) {
            // Who has pinned something meanwhile is asked again there.
            Some(offset) => {
                Partition::new(self.clone(), core.clone()).delete_records_before(offset).map(drop)
            }
            None => Ok(()),
        }
    }

    /// Begins another segment, and has the journal say that the log ends there.
    fn end_segment(&self, core: &Arc<PartitionCore>) -> Result<()> {
        let journal = &self.own().journal;
        let mut writer = core.lock_writer();
        core.check_writable()?;
        journal.check()?;
        if writer.tail.position == 0 {
            return Ok(());
        }
        core.roll(&mut writer)?;
        // The journal has no bytes to make it again from: it must be there before the journal says so.
        core.sync()?;
        let (tail, (topic, partition)) = (writer.tail.clone(), core.key());
        let (segment, position, end) = (tail.segment, tail.position, tail.end);
        let part = Part { topic, partition, segment, position, base: end, end, bytes: Vec::new() };
        let commit = Commit { parts: vec![part], ..Commit::default() };
        let mut publish = Advance::default();
        publish.tails.push((core.clone(), tail));
        let ticket = journal.enqueue(Entry::Commit(commit), Box::new(publish));
        drop(writer);
        journal.wait(ticket, self)
    }
}

/// The thread that has an owner's topics retained.
#[derive(Default)]
pub(super) struct Keeper {
    state: Mutex<Keeping>,
    changed: Condvar,
}

#[derive(Default)]
struct Keeping {
    is_stopped: bool,
    /// The thread, while it is at work.
    at_work: Option<ThreadId>,
}

impl Keeper {
    /// Begins, for a store that owns its directory.
    pub(super) fn start(self: &Arc<Self>, store: &Arc<StoreInner>) {
        let interval = store.config.retention_interval;
        if interval.is_zero() {
            return;
        }
        let (keeper, store) = (self.clone(), Arc::downgrade(store));
        let spawned = thread::Builder::new().name("log-store-keeper".to_owned());
        // Without a thread nothing is given up, which harms nobody.
        let _ = spawned.spawn(move || keeper.run(&store, interval));
    }

    /// Ends the thread, and waits until it touches nothing any more: the directory is to be another's.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.is_stopped = true;
        self.changed.notify_all();
        // It may be the one that drops the store.
        let is_another = |at_work: Option<ThreadId>| at_work.is_some_and(|id| id != thread::current().id());
        while is_another(state.at_work) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&self, store: &Weak<StoreInner>, interval: Duration) {
        while self.wait(interval) {
            if let Some(store) = store.upgrade() {
                // After a failure the store is read-only, or the next time goes on. A hook's panic has been reported.
                let _ = catch_unwind(AssertUnwindSafe(|| store.retain()));
            }
            self.state().at_work = None;
            self.changed.notify_all();
        }
    }

    /// Waits until it is time to look; false if the thread is to end.
    fn wait(&self, interval: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), interval, |state| !state.is_stopped);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.at_work = Some(thread::current().id()).filter(|_| !state.is_stopped);
        !state.is_stopped
    }

    fn state(&self) -> MutexGuard<'_, Keeping> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
