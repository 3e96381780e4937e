//! Which rows of a join's sides meet.
//!
//! ```text
//! between(-1h..=4h)     right rows that a left row meets    9:00 ├────────────●──────────────────────────────┤ 14:00
//!                                                                          10:00
//! ```
//!
//! # Contract
//! - The rule for a pair, said with the left row's time, the right row's, and of each the watermark of its own partition before it:
//!   the right row's time less the left row's is in `lo..=hi`; right time - `lo` > left watermark; left time + `hi` > right watermark.
//! - So each side has a reach, of times of the other side less its own: `lo..=hi` of the left one, `-hi..=-lo` of the right one. The
//!   rule is the same for both: the other row's time lies in the reach, and behind the watermark and the reach's beginning.
//! - A row that no row of the other side can meet under its own watermark is late.
//! - A row is dropped when the other side's watermark has come to its time and the reach's end: no row that is yet to come meets it.
//!
//! All of this follows from the logs, so that it makes no difference which side is read first.

use crate::time::{Duration, Timestamp};

/// How far apart the times of rows of the other side may lie from those of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    from: Duration,
    to: Duration,
}

impl Reach {
    /// Those of the left and the right side, given the range of the right row's time less the left row's.
    pub(super) fn of((lo, hi): (Duration, Duration)) -> (Reach, Reach) {
        (Reach { from: lo, to: hi }, Reach { from: -hi, to: -lo })
    }

    /// How far its own partition's watermark may have come behind a row's time, at which the row is late.
    pub(super) fn late_after(self) -> Duration {
        self.to - self.from
    }

    /// How long behind its time a row is kept.
    pub(super) fn kept_for(self) -> Duration {
        self.to
    }

    /// The last instant that lies before all rows of the other side that this watermark lets a row meet.
    pub(super) fn before(self, watermark_before: Timestamp) -> Timestamp {
        watermark_before + self.from
    }

    /// The times of the rows that a row of this time meets, both ends included.
    pub(super) fn times(self, time: Timestamp) -> (Timestamp, Timestamp) {
        (time + self.from, time + self.to)
    }
}
