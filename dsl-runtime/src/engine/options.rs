//! The settings of a run: each a limit with its unit.

use std::time::Duration;

use crate::not_there::not_there;

/// How to run a pipeline. But for `accept_changed_replay`, and apart from windows by the clock, the results are the same whatever the settings: only time and
/// memory differ, and each run may choose anew. A setting out of its range counts as the nearest one in it, also where a field was set directly.
///
/// ```
/// use waterwheel::RunOptions;
///
/// let options = RunOptions::new().workers(2).epoch_rows(10_000).until_end();
/// assert!(options.until_end && !options.close);
/// assert_eq!(RunOptions::new().workers(0).workers, 1);
///
/// let same = RunOptions { workers: 2, epoch_rows: 10_000, until_end: true, ..RunOptions::new() };
/// assert_eq!((same.workers, same.epoch_rows, same.until_end), (options.workers, options.epoch_rows, options.until_end));
/// ```
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Worker threads, from 1 to the number of cores, or to 4 where there are fewer: more would only cost time and memory.
    /// Default: the number of cores, at most 4.
    pub workers: usize,
    /// The most rows of an epoch, at least 1. Default 32,768. Under light load epochs are smaller: whatever has arrived.
    pub epoch_rows: u64,
    /// How many epochs may be bound and not yet committed, at least 1. Default 4. With `epoch_rows` this bounds the memory
    /// for rows on their way; what operators keep is bounded by the pipeline alone.
    pub epochs_in_flight: u64,
    /// The least time between the beginnings of two checkpoints. Default 5 s. One that takes longer than that, as `piece_bytes`
    /// allows for, is finished first: the next one then begins late. After a crash, what was committed since the
    /// last complete one is computed again; a run that ends cleanly takes one at its end.
    pub checkpoint_interval: Duration,
    /// How many bytes of a checkpoint each operator of each worker writes with one epoch, at least 1, however large the state
    /// is; at most a piece of 16 KiB more, or one entry if that is larger. Default 256 KiB. When no rows come, epochs without
    /// rows go on with it.
    pub piece_bytes: usize,
    /// Stop when everything that is in the log has been processed. Open windows stay open, and the next run goes on.
    pub until_end: bool,
    /// With `until_end`: also close event time, so that every window emits. Newer records are refused from then on.
    pub close: bool,
    /// After a crash: compute again what was committed since the last checkpoint, save the state, and stop. Nothing new is
    /// read. Off by default.
    pub recover_only: bool,
    /// After a crash: go on even if this program's code computes that otherwise than the code that committed it. Off by
    /// default: such a run is refused.
    pub accept_changed_replay: bool,
    /// What only tests set. Who writes the struct by some of its fields, and not the rest, is told by rustc which are missing: this one first, as its name is
    /// the first of all by the alphabet, and says what to write.
    #[doc(hidden)]
    pub _rest_by_default: OfTests,
}

/// The settings that only tests have.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct OfTests {
    /// Decode every field of every row, also those that nothing reads.
    pub(crate) whole_rows: bool,
    /// Copy the files of side tables into their topics. A test's driver does not: the rows are pushed.
    pub(crate) side_files: bool,
}

/// Options that call workers by another name: none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "how many threads a run has is said by `.workers(4)`",
    label = "there is no such option",
    note = "`RunOptions::new().workers(4)`, and on the command line `run --workers 4`"
)]
pub trait SaysParallelism<'given> {}

/// A length of time, by std's type or by Waterwheel's.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no length of time",
    label = "not a duration",
    note = "write `Duration::from_secs(5)`"
)]
pub trait IsInterval {
    #[doc(hidden)]
    fn into_std(self) -> Duration;
}

impl IsInterval for Duration {
    fn into_std(self) -> Duration {
        self
    }
}

impl IsInterval for crate::time::Duration {
    fn into_std(self) -> Duration {
        self.into()
    }
}

/// As many workers run on any machine, so that what several of them do can be tried and tested on all.
const WORKERS_ANYWHERE: usize = 4;

/// Workers own key groups, of which there are so many.
const WORKERS_OF_USE: usize = 256;

/// The most workers that a run has on this machine. Those beyond the cores take turns with the others, and each epoch waits for
/// the last one.
pub(crate) fn workers_max() -> usize {
    cores().clamp(WORKERS_ANYWHERE, WORKERS_OF_USE)
}

/// How many threads this process can run at a time.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            workers: cores().min(WORKERS_ANYWHERE),
            epoch_rows: 32_768,
            epochs_in_flight: 4,
            checkpoint_interval: Duration::from_secs(5),
            piece_bytes: 256 << 10,
            until_end: false,
            close: false,
            recover_only: false,
            accept_changed_replay: false,
            _rest_by_default: OfTests { whole_rows: false, side_files: true },
        }
    }
}

impl RunOptions {
    /// The default settings.
    pub fn new() -> Self {
        RunOptions::default()
    }

    /// The settings with each that is out of its range at the nearest end of it.
    pub(crate) fn in_range(self) -> Self {
        RunOptions {
            workers: self.workers.clamp(1, workers_max()),
            epoch_rows: self.epoch_rows.max(1),
            epochs_in_flight: self.epochs_in_flight.max(1),
            piece_bytes: self.piece_bytes.max(1),
            ..self
        }
    }

    /// Sets the number of worker threads, from 1 to the number of cores, or to 4 where there are fewer.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.clamp(1, workers_max());
        self
    }

    /// Sets the most rows of an epoch, at least 1: the unit of commit.
    #[must_use]
    pub fn epoch_rows(mut self, rows: u64) -> Self {
        self.epoch_rows = rows.max(1);
        self
    }

    /// Stop when everything that is in the log has been processed. Open windows stay open, and the next run goes on.
    #[must_use]
    pub fn until_end(mut self) -> Self {
        self.until_end = true;
        self
    }

    /// Stop at the end, and close event time there: every window emits. Sets `until_end`, too. From then on a run that
    /// finds newer records refuses, with [`Error::Closed`](crate::Error::Closed).
    #[must_use]
    pub fn close(mut self) -> Self {
        self.until_end = true;
        self.close = true;
        self
    }

    /// After a crash: compute again what was committed since the last checkpoint, save the state, and stop. Nothing new is read or
    /// written. It is what the program that was running does before one with other code takes over.
    #[must_use]
    pub fn recover_only(mut self) -> Self {
        self.recover_only = true;
        self
    }

    /// After a crash: go on also where the code that computes again what was committed is not the code that committed it. Rows
    /// that were written stay as they are; windows that were open are then what this program makes of those rows. The state is
    /// saved before anything new is read.
    #[must_use]
    pub fn accept_changed_replay(mut self) -> Self {
        self.accept_changed_replay = true;
        self
    }

    /// Decodes every field of every row, also those that nothing reads: for tests that compare.
    #[doc(hidden)]
    #[must_use]
    pub fn whole_rows(mut self) -> Self {
        self._rest_by_default.whole_rows = true;
        self
    }

    /// Sets the least time between the beginnings of two checkpoints: of std's duration or of Waterwheel's.
    #[must_use]
    pub fn checkpoint_interval(mut self, interval: impl IsInterval) -> Self {
        self.checkpoint_interval = interval.into_std();
        self
    }
}

not_there! {
    [] RunOptions, whatever is given:
    SaysParallelism: parallelism threads with_workers num_workers with_parallelism set_parallelism;
    SaysEpochs: batch_size max_batch_size epoch_size batch max_poll_records with_batch_size commit_interval;
}

/// How much an epoch takes by another word: none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "how many rows an epoch takes at most is said by `.epoch_rows(10_000)`",
    label = "there is no such option",
    note = "every epoch is committed when it is done; there are `.workers(4)`, `.epoch_rows(..)`, `.checkpoint_interval(..)`, `.until_end()` and `.close()`"
)]
pub trait SaysEpochs<'given> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_beyond_the_cores_do_not_run() {
        assert!((4..=256).contains(&workers_max()) && workers_max() >= cores().min(256));
        for (asked, runs) in [(0, 1), (1, 1), (4, 4), (usize::MAX, workers_max())] {
            assert_eq!(RunOptions::new().workers(asked).workers, runs);
            assert_eq!(RunOptions { workers: asked, ..RunOptions::new() }.in_range().workers, runs);
        }
    }
}
