//! A run on the caller's thread, moved on by hand: for tests.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use log_store::{Store, Subscription};
use timely::communication::Allocator;
use timely::worker::Worker;

use super::committer::Committer;
use super::counting::OperatorSummary;
use super::input::{InputOffsets, SourcePartition};
use super::numbering::Numbering;
use super::options::RunOptions;
use super::setup::{Setup, lower};
use super::shared::Board;
use crate::error::Result;
use crate::plan::Program;
use crate::time::Timestamp;

/// What was bound at once of a partition, and what the operators have done with it.
pub(crate) struct RecordSeen {
    /// Where its source stands among the plan's nodes.
    pub(crate) source: usize,
    pub(crate) partition: u32,
    pub(crate) offsets: Range<u64>,
    /// What was counted, by the place among the plan's nodes.
    pub(crate) counts: BTreeMap<usize, OperatorSummary>,
}

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

    /// Moves the run on by what is bound next, which is one record at most where it was told `epoch_rows(1)` and one epoch in flight; `None` if
    /// nothing is left.
    pub(crate) fn next_record(&mut self) -> Result<Option<RecordSeen>> {
        let ends = self.setup.input_ends();
        let offsets = |board: &Board| -> InputOffsets {
            board.progress.iter().map(|(at, progress)| (at, progress.next_offset)).collect()
        };
        let (before, counted) = self.board(|board| (offsets(board), board.operators.clone()));
        let inputs = self.setup.storage.inputs_now();
        let start = |at: &SourcePartition| {
            let input = inputs.iter().find(|input| input.at == *at);
            before.get(at).copied().or(input.map(|input| input.log.log_start_offset().0)).unwrap_or(0)
        };
        let has_moved = |board: &Board| offsets(board).iter().any(|(at, to)| start(at) < *to);
        self.run_until(|setup| {
            setup.shared.read_board(|board| has_moved(board) || board.progress.has_reached(&ends))
        })?;
        let (after, counts) = self.board(|board| (offsets(board), board.operators.clone()));
        let Some((at, to)) = after.iter().find(|(at, to)| start(at) < **to) else { return Ok(None) };
        let plan = self.setup.pipeline.plan()?;
        let numbering = Numbering::of(&plan);
        let source = numbering.node_of(numbering.sources[usize::from(at.source)].0);
        let since =
            counts.iter().zip(&counted).map(|(now, then)| (now.node, now.summary.since(&then.summary)));
        Ok(Some(RecordSeen {
            source,
            partition: u32::from(at.partition),
            offsets: start(at)..*to,
            counts: since.collect(),
        }))
    }

    /// What keeps open what the operators hold: the input partition whose watermark is furthest back, with the greatest event time it has
    /// seen; `None` if nothing is open.
    pub(crate) fn waits_for(&self) -> Option<(String, u16, Option<Timestamp>)> {
        let is_open = self.board(|board| board.open_entries > 0 && !board.closed);
        if is_open { self.setup.furthest_back() } else { None }
    }

    /// The topics of side tables into which rows came too late for the tables.
    pub(crate) fn appended_behind_side_ends(&self) -> Vec<String> {
        self.setup.appended_behind_side_ends()
    }

    /// Whether the run has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.setup.shared.failed()
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
