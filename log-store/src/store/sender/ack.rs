//! What became of a record that was sent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::ids::{Offset, PartitionId};

/// Where a record that was sent lies, durably as far as the topic promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its partition.
    pub partition: PartitionId,
    /// Its offset there.
    pub offset: Offset,
}

/// Tells, some time, what became of a record that was sent; see [`Sender::send`](crate::Sender::send). Nothing happens if it is dropped.
#[derive(Clone)]
pub struct Ack {
    outcome: Arc<Outcome>,
    partition: u32,
    /// Which record it is of those of its batch and partition.
    place: u64,
}

/// What became of a batch, for all who sent its records.
#[derive(Default)]
pub(super) struct Outcome {
    /// For each partition the offset of the first record.
    found: Mutex<Option<Found>>,
    told: Condvar,
}

type Found = BTreeMap<u32, Result<Offset, Arc<Error>>>;

impl Ack {
    pub(super) fn new(outcome: &Arc<Outcome>, partition: u32, place: u64) -> Ack {
        Ack { outcome: outcome.clone(), partition, place }
    }

    /// Waits until it is known.
    ///
    /// # Errors
    /// [`Error::SendFailed`].
    pub fn wait(&self) -> Result<Acknowledged> {
        let found = self.outcome.found();
        let waited = self.outcome.told.wait_while(found, |found| found.is_none());
        let found = waited.unwrap_or_else(PoisonError::into_inner);
        self.of(found.as_ref().expect("it was waited for"))
    }

    /// Waits until it is known, at most for so long.
    ///
    /// # Errors
    /// [`Error::SendFailed`].
    pub fn wait_for(&self, timeout: Duration) -> Option<Result<Acknowledged>> {
        let deadline = Instant::now().checked_add(timeout);
        let mut found = self.outcome.found();
        loop {
            if let Some(found) = &*found {
                return Some(self.of(found));
            }
            let left = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return None;
            }
            // Some systems refuse to wait for centuries.
            let left = left.min(Duration::from_secs(3600));
            found = self.outcome.told.wait_timeout(found, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What is known now.
    ///
    /// # Errors
    /// [`Error::SendFailed`].
    pub fn poll(&self) -> Option<Result<Acknowledged>> {
        self.outcome.found().as_ref().map(|found| self.of(found))
    }

    fn of(&self, found: &Found) -> Result<Acknowledged> {
        match found.get(&self.partition) {
            Some(Ok(first)) => {
                let (partition, offset) = (PartitionId(self.partition), first.plus(self.place));
                Ok(Acknowledged { partition, offset })
            }
            Some(Err(cause)) => Err(Error::SendFailed { cause: cause.clone() }),
            None => unreachable!("a batch has an outcome for each of its partitions"),
        }
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ack").field("partition", &self.partition).field("known", &self.poll()).finish()
    }
}

impl Outcome {
    /// Tells all who sent a record of the batch.
    pub(super) fn tell(&self, found: Found) {
        *self.found() = Some(found);
        self.told.notify_all();
    }

    fn found(&self) -> MutexGuard<'_, Option<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
