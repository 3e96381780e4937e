//! Waiting for commits to a topic: by blocking the thread, or by a task's waker.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
#[cfg(feature = "tokio")]
use std::task::Waker;
use std::time::{Duration, Instant};

use log_store::{Store, Subscription, Topic};

/// Tells one reader of a topic that there is news: records behind those that it knows of, or that none will come any more.
///
/// # Contract
/// A reader looks at [`Commits::news`], then at the log, and waits only if it found nothing there, until the number is another one. What
/// is committed between its two looks has changed the number, so no commit is slept through. Commits to other topics wake nobody.
pub(super) struct Commits {
    signal: Arc<Signal>,
    /// Dropped with the reader, and with it the hook.
    _subscription: Subscription,
}

struct Signal {
    /// By partition, the end that the reader knows of.
    known: Mutex<Vec<u64>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    news: u64,
    #[cfg(feature = "tokio")]
    waker: Option<Waker>,
}

impl Commits {
    pub(super) fn of(store: &Store, topic: &Topic) -> Commits {
        let known = Mutex::default();
        let signal = Arc::new(Signal { known, state: Mutex::default(), changed: Condvar::new() });
        let hook = {
            let (signal, topic) = (signal.clone(), topic.clone());
            move || {
                // As many as there are by now.
                let partitions = (0..topic.partitions()).filter_map(|number| topic.partition(number).ok());
                let ends: Vec<u64> = partitions.map(|partition| partition.last_stable_offset().0).collect();
                if signal.is_news(&ends) || topic.check().is_err() {
                    signal.tell();
                }
            }
        };
        Commits { signal, _subscription: store.on_commit(Arc::new(hook)) }
    }

    /// A number that changes with every piece of news.
    pub(super) fn news(&self) -> u64 {
        self.signal.state().news
    }

    /// Says up to which offsets of the partitions the reader knows of records.
    pub(super) fn know(&self, ends: impl IntoIterator<Item = u64>) {
        let mut known = self.signal.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clear();
        known.extend(ends);
    }

    /// Blocks until there is news since that number, at most as long as given. False if the time is over first.
    pub(super) fn wait(&self, since: u64, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.signal.state();
        while state.news == since {
            let left = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            // Some systems refuse to wait for centuries.
            let left = left.min(Duration::from_secs(3600));
            let waited = self.signal.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Has the waker called once there is news since that number. False, and it is not called, if there is some already.
    #[cfg(feature = "tokio")]
    pub(super) fn wake_on_news(&self, since: u64, waker: &Waker) -> bool {
        let mut state = self.signal.state();
        if state.news != since {
            return false;
        }
        match &mut state.waker {
            Some(kept) => kept.clone_from(waker),
            None => state.waker = Some(waker.clone()),
        }
        true
    }
}

impl Signal {
    /// Whether a partition ends further on than the reader knows.
    fn is_news(&self, ends: &[u64]) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter().enumerate().any(|(number, end)| *end > known.get(number).copied().unwrap_or(0))
    }

    fn tell(&self) {
        let mut state = self.state();
        state.news += 1;
        #[cfg(feature = "tokio")]
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        #[cfg(feature = "tokio")]
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
