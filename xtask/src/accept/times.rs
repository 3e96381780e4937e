//! How long the parts of a program's life take on this machine, learnt as kills go on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::program::Cut;

/// What is known of the times.
pub(super) struct Times {
    /// Until a program has the store open: grows while kills come too early.
    pub(super) start: Duration,
    /// An uninterrupted load.
    pub(super) load: Duration,
    /// A run that only closes event time, from its start to its end.
    pub(super) close: Duration,
    /// From the first row to the last, by rows of an epoch: the number of commits is most of it.
    runs: BTreeMap<u64, Duration>,
    /// To replay an epoch in recovery.
    replay: Duration,
    /// The one that was measured: the run, and the rows of its epochs.
    measured: (Duration, u64),
}

/// A run that committed less of its input than this says little of the time that the whole takes.
const SHARE_MIN: f64 = 0.05;

impl Times {
    pub(super) fn new(load: Duration, run: Duration, close: Duration, epoch_rows: u64) -> Self {
        let (start, replay, runs) = (Duration::ZERO, Duration::from_micros(50), BTreeMap::new());
        Times { start, load, close, runs, replay, measured: (run, epoch_rows) }
    }

    /// How long a whole run with such epochs takes.
    pub(super) fn run(&self, cut: Cut) -> Duration {
        let (run, epoch_rows) = self.measured;
        let scaled = || run.mul_f64(epoch_rows as f64 / cut.epoch_rows as f64);
        self.runs.get(&cut.epoch_rows).copied().unwrap_or_else(scaled)
    }

    /// How long a run takes until it has replayed so many epochs, and goes on with new ones.
    pub(super) fn recovery(&self, epochs: u64) -> Duration {
        self.start + self.replay * u32::try_from(epochs).unwrap_or(u32::MAX)
    }

    /// A run that had so many epochs to replay lived so long, and moved the committed share of the input from one to another.
    pub(super) fn learn(&mut self, cut: Cut, lived: Duration, epochs: u64, (from, until): (f64, f64)) {
        let share = until - from;
        if share >= SHARE_MIN {
            let whole = lived.saturating_sub(self.recovery(epochs)).div_f64(share);
            let known = self.run(cut);
            self.runs.insert(cut.epoch_rows, (whole + known) / 2);
            self.replay = self.replay.mul_f64(0.95);
        }
    }

    /// A run lived longer than its recovery was thought to take, and still replayed.
    pub(super) fn learn_recovery(&mut self, lived: Duration, epochs: u64) {
        if lived > self.recovery(epochs) {
            let epochs = u32::try_from(epochs.max(1)).unwrap_or(u32::MAX);
            self.replay = (lived.saturating_sub(self.start) / epochs).mul_f64(1.25);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_run_is_learnt_for_each_size_of_epochs() {
        let second = Duration::from_secs(1);
        let cut = |epoch_rows| Cut { workers: 1, epoch_rows };
        let mut times = Times::new(second, second, second, 100);
        assert_eq!((times.run(cut(100)), times.run(cut(200))), (second, second / 2));
        times.learn(cut(100), second, 0, (0.25, 0.5));
        times.learn(cut(100), second, 0, (0.5, 0.51));
        assert_eq!((times.run(cut(100)), times.run(cut(200))), (second * 5 / 2, second / 2));
    }

    #[test]
    fn the_time_of_a_recovery_grows_until_runs_get_through_it() {
        let second = Duration::from_secs(1);
        let mut times = Times::new(second, second, second, 100);
        times.learn_recovery(second, 1_000);
        assert_eq!(times.recovery(2_000), second * 5 / 2);
        times.learn_recovery(second, 1_000);
        assert_eq!(times.recovery(2_000), second * 5 / 2);
    }
}
