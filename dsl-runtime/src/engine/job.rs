//! A running pipeline: its threads, and the handle to wait for it and to stop it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use log_store::{Store, Subscription};

use super::committer::Committer;
use super::context::EpochPart;
use super::counting::{Counted, OperatorSummary};
use super::entry::Totals;
use super::options::RunOptions;
use super::reset::with_reset;
use super::setup::{Setup, lower};
use super::shared::Board;
use crate::error::{Error, Result};
use crate::flow::catch;
use crate::not_there::not_there;
use crate::plan::Program;
use crate::time::Timestamp;

/// A pipeline that runs in threads of its own, until it is stopped, has reached the end it was told to stop at, or fails.
///
/// It ends by [`Job::stop`], or by [`Job::wait`] where it has an end to reach. Dropping it stops it cleanly, at a commit, and
/// an error it may have had is heard by nobody. So a `Job` that is not kept, as by `let _ = pipeline.start(..)`, stops at once.
#[must_use = "a run stops at once when its `Job` is dropped, also by `let _ = ..`: end it by `.wait()?` or `.stop()?`, or keep it by `let job = ..`"]
pub struct Job {
    setup: Arc<Setup>,
    started: Instant,
    /// Wakes the coordinator when anything is committed to the log.
    _subscription: Subscription,
    threads: Vec<JoinHandle<()>>,
}

/// What a run has come to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Rows read by this run.
    pub rows_read: u64,
    /// Rows written by this run, over all sinks.
    pub rows_written: u64,
    /// Rows read since the pipeline's first epoch, by this run and those before it.
    pub rows_read_in_all: u64,
    /// Rows dropped as late since the pipeline's first epoch, counted once for each operator that dropped them.
    pub rows_late: u64,
    /// Records skipped since the pipeline's first epoch because they could not be decoded.
    pub records_skipped: u64,
    /// What operators keep open, such as the keys of open windows: rows that have been read and not been seen in any result.
    pub entries_open: u64,
    /// Epochs that were applied again because the last run was cut short.
    pub epochs_replayed: u64,
    /// Those of them that gave other rows than when they were committed, which [`RunOptions::accept_changed_replay`] allows.
    pub epochs_replayed_changed: u64,
    /// What each operator has done, in the order of the plan, in which inputs stand before what reads them: sources, sinks and all that
    /// runs between them.
    pub operators: Vec<OperatorSummary>,
    /// How long the run took.
    pub elapsed: Duration,
    /// Event time is closed.
    pub closed: bool,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Rows read by this run.
    pub rows_read: u64,
    /// Rows read since the pipeline's first epoch, by this run and those before it.
    pub rows_read_in_all: u64,
    /// Offsets of all inputs that are committed.
    pub offsets_done: u64,
    /// Offsets of all inputs that there are.
    pub offsets_end: u64,
    /// Event time is closed: rows that are appended from now on are refused.
    pub closed: bool,
}

impl Job {
    /// Recovers the pipeline and starts its workers.
    pub(crate) fn start(pipeline: &Program, store: &Store, options: RunOptions) -> Result<Job> {
        let (setup, parts) = Setup::new(pipeline, store, options).map_err(|error| told(error, pipeline))?;
        let setup = Arc::new(setup);
        let committer = Committer::new(&setup, parts, setup.options.workers);
        let waker = setup.shared.clone();
        let subscription = store.on_commit(Arc::new(move || waker.wake()));
        let commit = {
            let setup = setup.clone();
            spawn("waterwheel-commit", move || setup.guard(|| committer.run()))?
        };
        let dataflow = {
            let setup = setup.clone();
            spawn("waterwheel-dataflow", move || run_workers(&setup))
        };
        // The committer's thread has begun, and would wait for ever for parts that no worker makes: a failed run ends it.
        let dataflow = dataflow.inspect_err(|_| setup.shared.fail(Error::HasFailed))?;
        Ok(Job {
            setup,
            started: Instant::now(),
            _subscription: subscription,
            threads: vec![dataflow, commit],
        })
    }

    /// Waits until everything that is in the log now has been processed and its results committed. Rows of windows that are
    /// still open are in no result yet.
    ///
    /// # Errors
    /// The run's error, if it failed; it is given once, and [`Error::HasFailed`] from then on. [`Error::Stopped`] if it was
    /// stopped before, [`Error::Closed`] if it ended because event time is closed and there are newer rows.
    pub fn wait_until_caught_up(&self) -> Result<()> {
        let targets = self.setup.input_ends();
        let result = self.setup.shared.wait_for(None, |board| {
            if self.setup.shared.failed() {
                return Some(Err(()));
            }
            let reached = board.progress.has_reached(&targets);
            (reached || board.finished).then_some(Ok(reached))
        });
        match result {
            Some(Err(())) => Err(told(self.setup.shared.take_failure(), &self.setup.pipeline)),
            Some(Ok(false)) => self.setup.why_not_reached(&targets),
            _ => Ok(()),
        }
    }

    /// Whether the run is over. If not, waits at most as long as given.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let over = self
            .setup
            .shared
            .wait_for(Some(timeout), |board| (board.finished || self.setup.shared.failed()).then_some(()));
        over.is_some()
    }

    /// Waits until the run is over: with `until_end`, when it has reached the end; else when it is stopped or fails.
    ///
    /// # Errors
    /// The run's error, if it failed.
    pub fn wait(mut self) -> Result<Summary> {
        self.ended()
    }

    /// Ends the run cleanly: what is bound is committed, the state is saved, and the next run goes on from here, with
    /// nothing to compute again. Open windows stay open.
    ///
    /// # Errors
    /// The run's error, if it failed.
    pub fn stop(mut self) -> Result<Summary> {
        self.request_stop();
        self.ended()
    }

    /// Asks the run to end cleanly, and returns at once; [`Job::wait`] then waits for the end.
    pub fn request_stop(&self) {
        self.setup.shared.request_stop();
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        let offsets_end = self.setup.input_ends().values().sum();
        self.setup.shared.read_board(|board| Progress {
            rows_read: board.read,
            rows_read_in_all: board.totals.rows,
            offsets_done: board.progress.iter().map(|(_, progress)| progress.next_offset).sum(),
            offsets_end,
            closed: board.closed,
        })
    }

    /// The input partition whose watermark holds operators back the most: its topic, its number, and the greatest event time it
    /// has seen. A partition without any row holds everything back.
    #[cfg(feature = "cli")]
    pub(crate) fn furthest_back(&self) -> Option<(String, u16, Option<crate::Timestamp>)> {
        self.setup.furthest_back()
    }

    fn ended(&mut self) -> Result<Summary> {
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.setup.shared.fail(Error::Engine("a thread of the run panicked".to_owned()));
            }
        }
        if self.setup.shared.failed() {
            return Err(told(self.setup.shared.take_failure(), &self.setup.pipeline));
        }
        Ok(self.setup.summary(self.started.elapsed()))
    }
}

/// A run that is ended by another word: none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a run is waited for by `.wait()?`, and ended by `.stop()?`",
    label = "there is no such method",
    note = "both give its summary; `.wait_until_caught_up()?` goes on when all that is in the log has been processed, and the run with it"
)]
pub trait EndedOtherwise<'given> {}

not_there! {
    [] Job, whatever is given:
    EndedOtherwise: join cancel shutdown shut_down kill terminate abort close finish end await_termination block_on run until_end
        stats statistics metrics rows_read rows_written rows_in rows_out result results is_done is_finished status;
}

impl Drop for Job {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.request_stop();
            // Whoever drops a `Job` has not asked for its error.
            let _ = self.ended();
        }
    }
}

/// The run's error as it is given to people: damage of what can be computed anew says so.
fn told(error: Error, pipeline: &Program) -> Error {
    match pipeline.plan() {
        Ok(plan) => with_reset(error, &plan),
        Err(_) => error,
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|source| Error::Io { what: format!("starting thread {name}"), source })
}

/// Runs the dataflow on all workers.
fn run_workers(setup: &Arc<Setup>) {
    let for_workers = setup.clone();
    let config = timely::Config {
        communication: timely::CommunicationConfig::Process(setup.options.workers),
        worker: timely::WorkerConfig::default().idle_spin(Duration::ZERO),
    };
    // The committer ends when nobody can send it parts any more: each worker drops its clone when it is done, and this one
    // goes with the last of them.
    let sender = Mutex::new(setup.take_sender());
    let guards = timely::execute(config, move |worker| {
        let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(sender) = sender else { return };
        for_workers.guard(|| {
            if let Err(error) = run_worker(worker, &for_workers, sender) {
                for_workers.shared.fail(error);
            }
        });
        for dataflow in worker.installed_dataflows() {
            worker.drop_dataflow(dataflow);
        }
    });
    let failed = match guards {
        Ok(guards) => guards.join().into_iter().find_map(std::result::Result::err),
        Err(error) => Some(error),
    };
    if let Some(error) = failed {
        setup.shared.fail(Error::Engine(error));
    }
}

fn run_worker(
    worker: &mut timely::worker::Worker,
    setup: &Arc<Setup>,
    sender: std::sync::mpsc::Sender<EpochPart>,
) -> Result<()> {
    lower(worker, setup, sender)?;
    let shared = &setup.shared;
    while worker.has_dataflows() && !shared.failed() {
        // A run without input has nothing to commit, by which it would notice.
        if worker.index() == 0 {
            setup.check_ground()?;
        }
        worker.step_or_park(Some(Duration::from_millis(50)));
    }
    Ok(())
}

impl Setup {
    /// Runs the body of a thread. Panics of user code are caught where it is called, so one that comes here is a mistake of
    /// the engine's. It fails the run, as the other threads would wait for this one for ever.
    fn guard(&self, body: impl FnOnce()) {
        if let Err(blame) = catch(body) {
            self.shared.fail(Error::Engine(blame.message));
        }
    }

    fn summary(&self, elapsed: Duration) -> Summary {
        self.shared.read_board(|board| {
            let Totals { rows, late, skipped } = board.totals;
            Summary {
                rows_read: board.read,
                rows_written: board.written,
                rows_read_in_all: rows,
                rows_late: late,
                records_skipped: skipped,
                entries_open: board.open_entries,
                epochs_replayed: board.replayed,
                epochs_replayed_changed: board.replayed_changed,
                operators: operators(board),
                elapsed,
                closed: board.closed,
            }
        })
    }
}

fn operators(board: &Board) -> Vec<OperatorSummary> {
    let watermark =
        |watermarks: &Vec<Timestamp>| watermarks.first().copied().filter(|at| *at > Timestamp::MIN);
    let summary = |of: &Counted| {
        let watermark = of.keyed.and_then(|keyed| board.watermarks.get(keyed)).and_then(watermark);
        OperatorSummary { watermark, ..of.summary.clone() }
    };
    board.operators.iter().map(summary).collect()
}
