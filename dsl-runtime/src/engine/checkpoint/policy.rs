//! When a checkpoint begins, and whether it holds everything or what changed.

use std::time::{Duration, Instant};

use super::CheckpointKind;
use super::ledger::Sizes;
use crate::engine::Epoch;

/// A full checkpoint is due once the checkpoints since the last full one have made the state topic this many times as large as
/// it would be with that one alone: recovery reads all of it.
const GROWTH_MAX: u64 = 4;

/// Below this size, in bytes, a full checkpoint counts as this large: tiny state is not worth being written whole each time.
const FULL_BYTES_MIN: u64 = 64 << 10;

/// Decides about checkpoints, on the coordinator's side. It reads no clock: whoever asks says what time it is.
#[derive(Debug)]
pub(crate) struct Policy {
    /// The least time between the beginnings of two.
    interval: Duration,
    /// When the last one began; `None` if one is due as soon as there is anything to save.
    begun: Option<Instant>,
    /// The epoch as of which the last one is that has begun, or was recovered; 0 if there is none.
    epoch: Epoch,
}

impl Policy {
    /// For a run that goes on from the checkpoint of that epoch.
    ///
    /// If the last run was cut short, and so there are epochs to replay, one is due at once: a pipeline whose runs are always cut
    /// short would otherwise replay more each time.
    pub(crate) fn new(interval: Duration, recovered: Epoch, replays: bool, now: Instant) -> Self {
        Policy { interval, begun: (!replays).then_some(now), epoch: recovered }
    }

    /// Whether the interval is over.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.begun.is_none_or(|begun| now.saturating_duration_since(begun) >= self.interval)
    }

    /// Whether some epoch up to `last` is in no checkpoint that has begun.
    pub(crate) fn is_behind(&self, last: Epoch) -> bool {
        self.epoch < last
    }

    /// Begins a checkpoint of the state after `epoch`, and says what it has to hold.
    pub(crate) fn begin(&mut self, epoch: Epoch, now: Instant, sizes: Sizes) -> CheckpointKind {
        (self.epoch, self.begun) = (epoch, Some(now));
        match sizes.full {
            Some(full) if sizes.since_full <= full.max(FULL_BYTES_MIN).saturating_mul(GROWTH_MAX) => {
                CheckpointKind::Changes
            }
            _ => CheckpointKind::Full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Sizes = Sizes { full: None, since_full: 0 };

    #[test]
    fn one_is_due_when_the_interval_since_the_last_one_began_is_over() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut policy = Policy::new(Duration::from_secs(5), 0, false, start);
        assert!(!policy.is_due(at(4)) && policy.is_due(at(5)));
        policy.begin(9, at(7), NONE);
        assert!(!policy.is_due(at(11)) && policy.is_due(at(12)));
        assert!(
            !Policy::new(Duration::from_secs(5), 0, false, at(1)).is_due(start),
            "a time before is no reason"
        );
        assert!(Policy::new(Duration::ZERO, 0, false, start).is_due(start));
    }

    #[test]
    fn after_a_run_that_was_cut_short_one_is_due_at_once() {
        let start = Instant::now();
        let mut policy = Policy::new(Duration::from_secs(5), 7, true, start);
        assert!(policy.is_due(start));
        policy.begin(9, start, NONE);
        assert!(!policy.is_due(start));
    }

    #[test]
    fn epochs_after_the_last_beginning_are_in_no_checkpoint() {
        let start = Instant::now();
        let mut policy = Policy::new(Duration::ZERO, 7, false, start);
        assert!(!policy.is_behind(7) && policy.is_behind(8));
        policy.begin(9, start, NONE);
        assert!(!policy.is_behind(9) && policy.is_behind(10));
    }

    #[test]
    fn the_first_is_full_and_another_when_the_changes_have_outgrown_it() {
        let start = Instant::now();
        let mut policy = Policy::new(Duration::ZERO, 0, false, start);
        let mut kind = |full, since_full| policy.begin(1, start, Sizes { full, since_full });
        assert_eq!(kind(None, 0), CheckpointKind::Full);
        assert_eq!(kind(Some(1 << 20), 4 << 20), CheckpointKind::Changes);
        assert_eq!(kind(Some(1 << 20), (4 << 20) + 1), CheckpointKind::Full);
        // Tiny state.
        assert_eq!(kind(Some(200), 4 * FULL_BYTES_MIN), CheckpointKind::Changes);
        assert_eq!(kind(Some(200), 4 * FULL_BYTES_MIN + 1), CheckpointKind::Full);
        assert_eq!(kind(Some(u64::MAX), u64::MAX), CheckpointKind::Changes);
    }
}
