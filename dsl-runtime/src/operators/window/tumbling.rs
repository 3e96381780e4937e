//! `tumbling`: windows of one length, side by side.
//!
//! ```text
//! event time  0h         1h         2h
//! window      [0h,1h)    [1h,2h)
//!             emits when the watermark reaches 1h - 1 ms
//! ```
//!
//! A window is one [pane](super::panes). A row goes to its window unless its own partition's watermark before it had
//! reached the window's last instant.

use super::Windows;
use super::grid::Grid;
use super::panes::{ByPanes, Panes};
use super::router::TakesRows;
use crate::handles::ByCommonEnds;
use crate::time::{Duration, Timestamp};

/// Windows of one length, side by side: `tumbling(1m)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tumbling {
    pub(super) windows: Grid,
}

/// Windows of the given length, side by side, aligned to the Unix epoch: `[start, start + size)`. Each row lies in
/// exactly one.
///
/// The length is at least 1 ms; less is refused before anything is read, and a zero in the source text does not build.
/// As days are counted from the Unix epoch, `tumbling(1d)` is a day in UTC; `tumbling(1h).offset(15m)` begins a quarter past, and
/// `tumbling(1d).in_zone("Europe/Berlin")` is a day there.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
///
/// #[pipeline]
/// fn card_minutes() {
///     let payments = source(Payments).lateness(0s).late_drop();
///     let per_minute = payments
///         .group_by(|p| p.card)
///         .window(tumbling(1m))
///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
///     per_minute.sink(CardMinutes);
/// }
///
/// let mut t = card_minutes().test();
/// t.push_all(Payments, [payment(1, 250, 0), payment(1, 100, 59), payment(1, 50, 60)]);
/// t.close();
/// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 350, 2), minute(1, 60, 50, 1)]);
/// ```
pub fn tumbling(size: Duration) -> Tumbling {
    Tumbling { windows: Grid::of(size) }
}

#[diagnostic::do_not_recommend]
impl Windows for Tumbling {
    type Kind = Self;
    type Time = ByCommonEnds;
    type By = ByPanes;

    fn kind(self) -> Self {
        self
    }

    fn text(self) -> String {
        format!("tumbling({}){}", self.windows.length(), self.windows.text())
    }

    fn refused(self) -> Option<String> {
        let size = self.windows.length();
        if size < Duration::from_millis(1) {
            return Some(format!("must be at least 1 ms long, and is {size}"));
        }
        self.windows.refused("a window")
    }

    fn kept(self) -> &'static str {
        "for each key and open window, until the window has emitted"
    }
}

impl TakesRows for Tumbling {
    type Pane = Timestamp;

    #[inline]
    fn pane_of(self, time: Timestamp, watermark_before: Timestamp) -> Option<Timestamp> {
        let start = self.windows.start_of(time);
        (self.windows.last_of(start) > watermark_before).then_some(start)
    }
}

impl Panes for Tumbling {
    fn last_instant(self, pane: Timestamp) -> Timestamp {
        self.windows.last_of(pane)
    }

    fn bounds(self, pane: Timestamp) -> (Timestamp, Timestamp) {
        (pane, self.windows.end_of(pane))
    }

    fn next(self, _: Timestamp) -> Option<Timestamp> {
        None
    }
}
