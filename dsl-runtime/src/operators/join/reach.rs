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
//! - A row is dropped when the other side's watermark has come to its time and the reach's end: no row that is yet to come meets it. A row that
//!   has met none by then has none to meet.
//!
//! All of this follows from the logs, so that it makes no difference which side is read first.

use crate::time::{Duration, Timestamp};

/// How far apart the times of rows of the other side may lie from those of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    from: Duration,
    to: Duration,
}

/// Which rows of both sides meet, and what is said of it.
pub(super) struct Meeting {
    pub(super) left: Reach,
    pub(super) right: Reach,
    /// What must stay the same for the state to fit, as name and value.
    pub(super) fact: (&'static str, String),
    /// Why no rows can meet, if none can; said of the join by name.
    pub(super) refused: Option<String>,
    /// Until when rows are kept, for `explain`.
    pub(super) keeps: String,
}

impl Meeting {
    /// Of rows whose right one's time less the left one's lies in the range.
    pub(super) fn between((lo, hi): (Duration, Duration)) -> Meeting {
        let (left, right) = (Reach { from: lo, to: hi }, Reach { from: -hi, to: -lo });
        let keeps = format!(
            "rows of both sides: a left one until the right side's watermark reaches its time{}, a right one until the left side's \
             reaches its time{}",
            signed(left.to),
            signed(right.to)
        );
        let refused = (lo > hi).then(|| {
            format!("is between {lo} and {hi}, and the first is the later one: nothing lies between them")
        });
        Meeting { left, right, fact: ("between", format!("{lo}..={hi}")), refused, keeps }
    }
}

impl Reach {
    /// The instant that its own partition's watermark had come to before a row of this time, if the row is late.
    pub(super) fn late_at(self, time: Timestamp) -> Timestamp {
        time + (self.to - self.from)
    }

    /// Until the other side's watermark comes to this instant a row of this time is kept.
    pub(super) fn kept_until(self, time: Timestamp) -> Timestamp {
        time + self.to
    }

    /// No row that is kept until this instant has an earlier time.
    pub(super) fn earliest_kept(self, until: Timestamp) -> Timestamp {
        until - self.to
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

/// A length of time as what is added to another: ` + 4h`, ` - 2h`, or nothing.
fn signed(length: Duration) -> String {
    match length.millis() {
        0 => String::new(),
        1.. => format!(" + {length}"),
        _ => format!(" - {}", -length),
    }
}
