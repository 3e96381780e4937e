//! When a partition counts as idle: it has been read to its end, and nothing has come for its time.

use crate::engine::numbering::ReachedInput;
use crate::time::Duration;

/// How the partitions of a source may be idle.
pub(crate) struct SourceIdleness {
    /// After how long; `None` for never.
    pub(crate) after: Option<Duration>,
    /// The inputs of keyed operators that its rows reach.
    pub(crate) reaches: Vec<ReachedInput>,
}

/// Whether one partition is idle.
///
/// # Contract
/// The time begins when the partition is first seen read to its end in this run, and again whenever rows have come. So time
/// counts only while the pipeline runs, and a partition with rows to be read never becomes idle.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Idleness {
    after_ms: Option<i64>,
    at_end_since_ms: Option<i64>,
    idle: bool,
}

impl Idleness {
    /// As the last run has left it.
    pub(crate) fn new(after: Option<Duration>, idle: bool) -> Self {
        Idleness { after_ms: after.map(Duration::millis), at_end_since_ms: None, idle }
    }

    pub(crate) fn is_idle(self) -> bool {
        self.idle
    }

    /// Looks at the clock; `true` if the partition becomes idle now.
    pub(super) fn becomes_idle(&mut self, at_end: bool, now_ms: i64) -> bool {
        if !at_end {
            self.at_end_since_ms = None;
            return false;
        }
        self.at_end_since_ms.get_or_insert(now_ms);
        let becomes = self.due_ms().is_some_and(|due| due <= now_ms);
        self.idle |= becomes;
        becomes
    }

    /// Rows of it are read; `true` if it was idle.
    pub(super) fn comes_back(&mut self) -> bool {
        self.at_end_since_ms = None;
        std::mem::take(&mut self.idle)
    }

    /// The reading of the clock at which it becomes idle, if nothing comes.
    pub(super) fn due_ms(self) -> Option<i64> {
        let due = self.at_end_since_ms?.saturating_add(self.after_ms?);
        (!self.idle).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_at_the_end_and_from_its_beginning_again_when_rows_have_come() {
        let mut partition = Idleness::new(Some(Duration::from_millis(30)), false);
        assert!(!partition.becomes_idle(false, 1000) && !partition.becomes_idle(true, 1000));
        assert_eq!(partition.due_ms(), Some(1030));
        assert!(!partition.becomes_idle(true, 1029) && !partition.becomes_idle(false, 1030));
        assert!(!partition.becomes_idle(true, 1040), "rows have come");
        assert!(partition.becomes_idle(true, 1070) && partition.is_idle());
        assert!(!partition.becomes_idle(true, 2000), "it is already");
        assert_eq!(partition.due_ms(), None);
        assert!(partition.comes_back() && !partition.comes_back() && !partition.is_idle());
        assert!(!partition.becomes_idle(true, 2100) && partition.becomes_idle(true, 2130));
    }

    #[test]
    fn without_a_time_it_never_is_and_one_that_was_stays_so() {
        let mut never = Idleness::new(None, false);
        assert!(!never.becomes_idle(true, 0) && !never.becomes_idle(true, i64::MAX));
        assert!(Idleness::new(Some(Duration::from_millis(30)), true).is_idle());
    }
}
