//! Syncs, soon, what was acknowledged without a sync. It runs only in stores that have such topics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::StoreInner;

/// Tells the flushing thread what to do.
#[derive(Default)]
pub(super) struct Flusher {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    started: bool,
    /// When to sync; nothing is to be synced without it.
    due: Option<Instant>,
    stopped: bool,
}

impl Flusher {
    /// Has the store synced within that time. Until then records wait for others to share a sync with.
    pub(super) fn flush_within(self: &Arc<Self>, store: &Arc<StoreInner>, delay: Duration) {
        let due = Instant::now() + delay;
        let mut state = self.state();
        if state.due.is_some_and(|earlier| earlier <= due) {
            return;
        }
        state.due = Some(due);
        if !state.started {
            let (flusher, store) = (self.clone(), Arc::downgrade(store));
            // Without a thread the next append that is synced takes these along.
            let spawned = thread::Builder::new().name("log-store-flusher".to_owned());
            state.started = spawned.spawn(move || flusher.run(&store)).is_ok();
        }
        self.changed.notify_all();
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    fn run(&self, store: &Weak<StoreInner>) {
        while self.wait_until_due() {
            let Some(store) = store.upgrade() else { return };
            // After a failure the store is read-only, and says so to the next that writes. A panic has been
            // reported: in the journal it is such a failure, and a hook's must not end the syncing.
            let _ = catch_unwind(AssertUnwindSafe(|| store.own().journal.sync(&*store)));
        }
    }

    /// Waits until something is due; false if the thread is to end.
    fn wait_until_due(&self) -> bool {
        let mut state = self.state();
        loop {
            if state.stopped {
                return false;
            }
            state = match state.due.map(|due| due.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => {
                    state.due = None;
                    return true;
                }
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
