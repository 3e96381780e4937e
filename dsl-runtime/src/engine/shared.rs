//! What the workers, the committer and whoever started the run share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Epoch;
use super::checkpoint::Ledger;
use super::counting::Counted;
use super::entry::Totals;
use super::input::InputProgress;
use crate::error::Error;
use crate::time::Timestamp;

/// Makes a sleeping worker look whether there is something to do.
pub(crate) type Waker = Arc<dyn Fn() + Send + Sync>;

/// The state of a run, seen from all threads.
pub(crate) struct Shared {
    /// The last committed (or, on replay, re-applied) epoch.
    committed: AtomicU64,
    stop: AtomicBool,
    close: AtomicBool,
    failed: AtomicBool,
    /// The coordinator begins checkpoints by it, and the committer writes down what became of them.
    ledger: Mutex<Ledger>,
    board: Mutex<Board>,
    changed: Condvar,
    wakers: Mutex<Vec<Waker>>,
}

/// What must fit together whenever it is read, and so stands under one lock.
#[derive(Default)]
pub(crate) struct Board {
    pub(crate) failure: Option<Error>,
    pub(crate) progress: InputProgress,
    pub(crate) totals: Totals,
    /// Rows written since the run began, over all sinks, not counting replay.
    pub(crate) written: u64,
    /// Rows read since the run began, not counting replay.
    pub(crate) read: u64,
    /// What each operator has done since the run began, in the order of the plan; watermarks stand apart.
    pub(crate) operators: Vec<Counted>,
    /// Entries kept by all keyed operators.
    pub(crate) open_entries: u64,
    /// How many workers have yet to load their state: what operators wait for is not known before.
    pub(crate) workers_loading: usize,
    /// The instant of the clock at which some operator is to be woken, as of the last epoch.
    pub(crate) wake_at: Option<Timestamp>,
    /// The watermarks of each keyed operator as of the last epoch, in the order of their numbers: the combined one, then that of
    /// each input.
    pub(crate) watermarks: Vec<Vec<Timestamp>>,
    /// The reading of the clock, in ms, at which everything bound was committed and nothing was due.
    pub(crate) settled_ms: Option<i64>,
    /// Everything bound is committed, and there is nothing to bind.
    pub(crate) caught_up: bool,
    pub(crate) finished: bool,
    /// Event time is closed.
    pub(crate) closed: bool,
    /// Epochs that were applied again.
    pub(crate) replayed: u64,
    /// Those of them that gave something else than when they were committed, which the run was told to accept.
    pub(crate) replayed_changed: u64,
}

impl Shared {
    pub(crate) fn new(committed: Epoch, ledger: Ledger) -> Self {
        Shared {
            committed: AtomicU64::new(committed),
            stop: AtomicBool::new(false),
            close: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            ledger: Mutex::new(ledger),
            board: Mutex::default(),
            changed: Condvar::new(),
            wakers: Mutex::default(),
        }
    }

    pub(crate) fn committed(&self) -> Epoch {
        self.committed.load(Ordering::Acquire)
    }

    pub(crate) fn set_committed(&self, epoch: Epoch) {
        self.committed.store(epoch, Ordering::Release);
    }

    pub(crate) fn request_stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Asks for event time to be closed once everything in the log is bound.
    pub(crate) fn request_close(&self) {
        self.close.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn close_requested(&self) -> bool {
        self.close.load(Ordering::Acquire)
    }

    /// Stops the run; the first failure is the one that is told.
    pub(crate) fn fail(&self, error: Error) {
        self.with_board(|board| {
            // Decided under the board's lock: whoever sees that the run has failed also finds the error.
            if !self.failed.swap(true, Ordering::AcqRel) {
                board.failure = Some(error);
            }
        });
        self.wake();
    }

    /// Why the run failed. The error is moved out; asked again, it is only that the run has failed.
    pub(crate) fn take_failure(&self) -> Error {
        self.with_board(|board| board.failure.take()).unwrap_or(Error::HasFailed)
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// The books on checkpoints. Nobody waits for the disk or for another thread while having them.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn with_board<R>(&self, act: impl FnOnce(&mut Board) -> R) -> R {
        let result = act(&mut self.board());
        self.changed.notify_all();
        result
    }

    /// Reads the board, without waking those who wait for a change of it.
    pub(crate) fn read_board<R>(&self, act: impl FnOnce(&Board) -> R) -> R {
        act(&self.board())
    }

    /// Waits until `done` gives something, or the time is over.
    pub(crate) fn wait_for<R>(
        &self,
        timeout: Option<Duration>,
        mut done: impl FnMut(&mut Board) -> Option<R>,
    ) -> Option<R> {
        let deadline = timeout.map(|timeout| std::time::Instant::now() + timeout);
        let mut board = self.board();
        loop {
            if let Some(result) = done(&mut board) {
                return Some(result);
            }
            board = match deadline
                .map(|deadline| deadline.saturating_duration_since(std::time::Instant::now()))
            {
                Some(Duration::ZERO) => return None,
                Some(left) => {
                    self.changed.wait_timeout(board, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(board).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    pub(crate) fn add_waker(&self, waker: Waker) {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    /// Wakes the workers.
    pub(crate) fn wake(&self) {
        for waker in self.wakers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            waker();
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
