//! Syncs segments while the journal fills, so that little is left to be synced when it is full and appends have to wait for that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::partition::PartitionCore;

/// Tells the syncing thread what to do. The thread runs only in stores that have filled a segment so far.
#[derive(Default)]
pub(super) struct Syncer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    started: bool,
    /// The partitions that have much to be synced.
    due: Vec<Arc<PartitionCore>>,
    stopped: bool,
}

impl Syncer {
    /// Has those of the partitions synced soon that have much that is not. The journal has it: nobody waits for this.
    pub(super) fn look_at(self: &Arc<Self>, partitions: &[Arc<PartitionCore>]) {
        for partition in partitions.iter().filter(|partition| partition.has_much_unsynced()) {
            let mut state = self.state();
            if state.stopped || state.due.iter().any(|due| Arc::ptr_eq(due, partition)) {
                continue;
            }
            state.due.push(partition.clone());
            if !state.started {
                let syncer = self.clone();
                // Without a thread all is synced when the journal is full.
                let spawned = thread::Builder::new().name("log-store-syncer".to_owned());
                state.started = spawned.spawn(move || syncer.run()).is_ok();
            }
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Ends the thread when it has done what is under way.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        state.due.clear();
        self.changed.notify_one();
    }

    fn run(&self) {
        while let Some(partition) = self.next() {
            // A failure stops the partition's writer, and a panic has been reported: syncing it fails from then on.
            let _ = catch_unwind(AssertUnwindSafe(|| partition.sync()));
        }
    }

    /// Waits for the next partition that is due; `None` if the thread is to end.
    fn next(&self) -> Option<Arc<PartitionCore>> {
        let state = self.state();
        let waits = |state: &mut State| state.due.is_empty() && !state.stopped;
        let mut state = self.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
        (!state.stopped).then(|| state.due.remove(0))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
