//! Which partition a row of a session is of, and the stretch of time that it covers.

use serde::{Deserialize, Serialize};

use crate::place::Position;
use crate::time::{Duration, Timestamp};

/// A partition of a source, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) maker: u32,
    pub(super) partition: u64,
}

impl Origin {
    /// The origin of rows that an operator made or passed on. No partition of a record has this number.
    pub(super) const NONE: Origin = Origin { maker: 0, partition: u64::MAX };

    /// The origin of a row of this position, in a batch that comes in the order of logs.
    pub(super) fn of(position: Position) -> Origin {
        match position.is_of_record() {
            true => Origin { maker: position.maker, partition: position.first },
            false => Origin::NONE,
        }
    }

    pub(super) fn is_none(self) -> bool {
        self == Origin::NONE
    }
}

/// A stretch of event time that rows of one partition cover, gap included, and the watermark before the first of them in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reach {
    pub(super) start: Timestamp,
    /// The session's end - 1 ms, as far as these rows say.
    pub(super) last: Timestamp,
    pub(super) watermark_before: Timestamp,
}

impl Reach {
    /// The stretch of one row: from its time up to the gap behind it.
    pub(super) fn of(time: Timestamp, gap: Duration, watermark_before: Timestamp) -> Reach {
        let last = Timestamp::from_millis(time.millis().saturating_add(gap.millis() - 1));
        Reach { start: time, last, watermark_before }
    }

    /// Whether the watermark had reached the end of the stretch before its row came: such a row is late unless a fragment takes it in that is
    /// still open.
    pub(super) fn is_doubtful(self) -> bool {
        self.last <= self.watermark_before
    }

    /// Whether two stretches overlap, or one begins at the very end of the other: a row exactly the gap behind another belongs to it.
    pub(super) fn touches(self, start: Timestamp, last: Timestamp) -> bool {
        let end_of = |last: Timestamp| last.millis().saturating_add(1);
        self.start.millis() <= end_of(last) && start.millis() <= end_of(self.last)
    }

    /// Makes one stretch of this one and a later one, which stands behind it in the log; says whether that was done. The whole keeps this
    /// one's watermark. So it is done only where the later one's own watermark is not needed any more: where no row can come that the
    /// whole, judged by the earlier watermark, would treat otherwise than the two apart.
    ///
    /// Such a row would have to touch the later stretch alone. It then begins behind the last instant of this one, so it ends behind it, too.
    /// The later watermark has not reached that instant, so the row is late by neither of the two watermarks. And where both are
    /// the same, there is nothing to tell apart.
    pub(super) fn take_in(&mut self, later: Reach) -> bool {
        let is_open = self.last > later.watermark_before;
        let is_later = later.watermark_before >= self.watermark_before;
        let on = later.start >= self.start || later.watermark_before == self.watermark_before;
        let joins = is_open && is_later && on && self.touches(later.start, later.last);
        if joins {
            self.start = self.start.min(later.start);
            self.last = self.last.max(later.last);
        }
        joins
    }

    /// As [`Reach::take_in`], where rows of the same partition that stand between the two in its log may still come, by another way, and are
    /// added after both. A row that touches the later stretch alone begins behind the last instant of this one, or ends behind both watermarks.
    /// So none of those rows is late, and in the end the same rows are together.
    pub(super) fn take_in_ahead(&mut self, later: Reach) -> bool {
        let is_ahead = later.start.millis() > later.watermark_before.millis().saturating_add(1);
        (later.start >= self.start || is_ahead) && self.take_in(later)
    }

    /// The least stretch that holds both.
    pub(super) fn span(self, start: Timestamp, last: Timestamp) -> (Timestamp, Timestamp) {
        (self.start.min(start), self.last.max(last))
    }
}
