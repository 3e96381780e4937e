//! A run on the caller's thread, moved on by hand: for tests.

use std::sync::Arc;

use log_store::{Store, Subscription};
use timely::communication::Allocator;
use timely::worker::Worker;

use super::committer::Committer;
use super::options::RunOptions;
use super::setup::{Setup, lower};
use super::shared::Board;
use crate::error::Result;
use crate::plan::Program;

/// The whole engine on the caller's thread with one worker, and nothing that waits.
pub(crate) struct Stepper {
    setup: Setup,
    worker: Worker,
    committer: Committer,
    _subscription: Subscription,
}

impl Stepper {
    /// Recovers the pipeline and builds its dataflow.
    pub(crate) fn new(pipeline: &Program, store: &Store, options: RunOptions) -> Result<Stepper> {
        let (setup, parts) = Setup::new(pipeline, store, RunOptions { workers: 1, ..options })?;
        if setup.recovered.closed {
            // The coordinator fails a run that follows a closed pipeline and meets newer rows, unless a close was asked
            // for. Here they are refused by `run_to_end`, each time it is called.
            setup.shared.request_close();
        }
        let committer = Committer::new(&setup, parts, 1);
        let config = timely::WorkerConfig::default().idle_spin(std::time::Duration::ZERO);
        let allocator = Allocator::Thread(timely::communication::allocator::Thread::default());
        let mut worker = Worker::new(config, allocator, None);
        let sender = setup.take_sender().expect("the sender of a new setup is there");
        lower(&mut worker, &setup, sender)?;
        let waker = setup.shared.clone();
        let subscription = store.on_commit(Arc::new(move || waker.wake()));
        Ok(Stepper { setup, worker, committer, _subscription: subscription })
    }

    /// Processes and commits everything that is in the log, and what is due by the clock; refuses what came after event time was closed.
    pub(crate) fn run_to_end(&mut self) -> Result<()> {
        let ends = self.setup.input_ends();
        let is_over = |board: &Board| board.closed && board.caught_up;
        let now_ms = self.setup.storage.store.clock().now_ms();
        self.setup.shared.with_board(|board| board.settled_ms = None);
        let is_done = |board: &Board| {
            board.settled_ms.is_some_and(|settled| settled >= now_ms) && board.progress.has_reached(&ends)
        };
        self.run_until(|setup| setup.shared.read_board(|board| is_done(board) || is_over(board)))?;
        let reached = self.setup.shared.read_board(|board| board.progress.has_reached(&ends));
        if reached { Ok(()) } else { self.setup.why_not_reached(&ends) }
    }

    /// Moves the run on until `done`.
    pub(crate) fn run_until(&mut self, done: impl Fn(&Setup) -> bool) -> Result<()> {
        loop {
            if self.setup.shared.failed() {
                return Err(self.setup.shared.take_failure());
            }
            if done(&self.setup) {
                return Ok(());
            }
            self.setup.shared.wake();
            self.worker.step();
            self.committer.pump();
        }
    }

    /// Processes everything that is in the log, and closes event time.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.run_to_end()?;
        self.setup.shared.request_close();
        self.run_until(|setup| setup.shared.read_board(|board| board.closed))
    }

    /// Reads what the run has counted.
    pub(crate) fn board<R>(&self, act: impl FnOnce(&Board) -> R) -> R {
        self.setup.shared.read_board(act)
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        for dataflow in self.worker.installed_dataflows() {
            self.worker.drop_dataflow(dataflow);
        }
    }
}
