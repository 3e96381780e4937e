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
    /// That of rows which an operator made or passed on: no partition of a record has this number.
    pub(super) const NONE: Origin = Origin { maker: 0, partition: u64::MAX };

    /// That of a row in a batch which comes in the order of logs.
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
    /// That of one row.
    pub(super) fn of(time: Timestamp, gap: Duration, watermark_before: Timestamp) -> Reach {
        let last = Timestamp::from_millis(time.millis().saturating_add(gap.millis() - 1));
        Reach { start: time, last, watermark_before }
    }

    /// Whether a row that lies so is late, unless it joins a fragment that is still open for it.
    pub(super) fn is_doubtful(self) -> bool {
        self.last <= self.watermark_before
    }

    /// Whether they overlap, or the one begins at the very end of the other: a row exactly the gap behind another belongs to it.
    pub(super) fn touches(self, start: Timestamp, last: Timestamp) -> bool {
        let end_of = |last: Timestamp| last.millis().saturating_add(1);
        self.start.millis() <= end_of(last) && start.millis() <= end_of(self.last)
    }

    /// Takes in what comes under a later watermark, as what lies behind it in the log does, and says whether it did: if whatever touches
    /// the two together touches one of them under that one's own watermark, so that nothing is lost.
    ///
    /// What touches the later one alone begins behind this one's last instant, so it ends behind that, too, and the watermark
    /// before the later one had not come so far: it is open for both. With one watermark for both there is nothing to tell apart.
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

    /// As [`Reach::take_in`], of rows of one partition, where such that stand between the two in the log may still come, and are added behind
    /// both. What touches the later one alone begins behind this one's last instant, or ends behind the watermark of both: so none of
    /// these is late, and what is together in the end is the same.
    pub(super) fn take_in_ahead(&mut self, later: Reach) -> bool {
        let is_ahead = later.start.millis() > later.watermark_before.millis().saturating_add(1);
        (later.start >= self.start || is_ahead) && self.take_in(later)
    }

    /// All that lies in the two or between them.
    pub(super) fn span(self, start: Timestamp, last: Timestamp) -> (Timestamp, Timestamp) {
        (self.start.min(start), self.last.max(last))
    }
}
