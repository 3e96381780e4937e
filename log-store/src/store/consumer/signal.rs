//! What wakes a poll that waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

type Hook = Arc<dyn Fn() + Send + Sync>;

/// Counts what may be news to a consumer.
#[derive(Default)]
pub(super) struct Signal {
    state: Mutex<State>,
    raised: Condvar,
}

#[derive(Default)]
struct State {
    number: u64,
    /// Somebody wants the poll to end.
    woken: bool,
    hooks: Vec<Hook>,
}

/// Ends a consumer's poll from another thread; see [`Consumer::waker`](crate::Consumer::waker).
#[derive(Clone)]
pub struct ConsumerWaker {
    signal: Arc<Signal>,
}

impl ConsumerWaker {
    /// Has the poll that waits, or else the next one that would, give nothing at once. Kafka's `wakeup`, without an exception.
    pub fn wake(&self) {
        self.signal.lock().woken = true;
        self.signal.raise();
    }
}

impl Signal {
    pub(super) fn waker(self: &Arc<Self>) -> ConsumerWaker {
        ConsumerWaker { signal: self.clone() }
    }

    /// Has a hook called each time there may be news.
    pub(super) fn add(&self, hook: Hook) {
        self.lock().hooks.push(hook);
    }

    /// There may be news.
    pub(super) fn raise(&self) {
        let mut state = self.lock();
        state.number += 1;
        let hooks = state.hooks.clone();
        drop(state);
        self.raised.notify_all();
        hooks.iter().for_each(|hook| hook());
    }

    pub(super) fn number(&self) -> u64 {
        self.lock().number
    }

    /// Waits for news since that number; false if the time is over, or somebody wants no more waiting.
    pub(super) fn wait(&self, since: u64, deadline: Option<Instant>) -> bool {
        let mut state = self.lock();
        loop {
            if std::mem::take(&mut state.woken) {
                return false;
            }
            if state.number > since {
                return true;
            }
            let left = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            // Some systems refuse to wait for centuries.
            let left = left.min(Duration::from_secs(3600));
            state = self.raised.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
