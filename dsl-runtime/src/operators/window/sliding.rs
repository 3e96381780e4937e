//! `sliding`: windows of one length that begin one slide after the other, so that each row lies in several.
//!
//! ```text
//! event time      0m      1m      2m      3m      4m
//! panes           [0m,1m) [1m,2m) [2m,3m) [3m,4m)
//! windows  [-2m,          1m)
//!              [-1m,              2m)
//!                 [0m,                    3m)
//!                         [1m,                    4m)      and so on: sliding(3m, 1m)
//! ```
//!
//! A pane is a slide long, and a window some panes, one behind the other. A row is added to its pane alone; a window that closes
//! [merges](super::running) its panes. A window is named by the pane that it ends with.
//!
//! # Contract
//! - A row lies in every window that its time lies in, and whose last instant its own partition's watermark before it had not
//!   reached. These are the last of the windows that hold its pane: so its place in state is the pane, and the first window that
//!   takes it. If none does it is late.
//! - A window closes once, when the combined watermark has reached its last instant, and makes a row of each key that has rows in it.
//!   Rows leave in the order of (end, key).
//! - What an operator in front made of rows that were not waited for may come for windows that have emitted. It counts in the next
//!   ones that hold its pane; if there are none it is late, counted once for each key, pane, and first window.
//! - Kept in state: the aggregates' states for each key, pane and first window that takes them, until the last window that holds the
//!   pane has emitted. What is merged of them is made of the state, and not kept.

use super::Windows;
use super::grid::Grid;
use super::router::TakesRows;
use super::slides::BySlides;
use crate::handles::ByCommonEnds;
use crate::time::{Duration, Timestamp};

/// Windows of one length, one slide after the other: `sliding(10m, 1m)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sliding {
    pub(super) size: Duration,
    pub(super) panes: Grid,
}

/// Windows of the length `size`, of which one begins every `slide`: `sliding(10m, 1m)` tells every minute of the last ten. Flink and
/// SQL call them hopping windows.
///
/// Windows are aligned to the Unix epoch, `[start, start + size)` where `start` is a multiple of `slide`, and each row lies in `size /
/// slide` of them; the first ones begin before the first row. A key makes a row of every window that it has rows in.
///
/// A row that comes too late for some of its windows counts in the others; only if its partition's watermark has passed them all it is
/// late, dropped and counted.
///
/// However many windows a row lies in, it is added up once; a window that closes puts together what it consists of in a few steps for
/// each key. `slide` is at least 1 ms and divides `size` evenly; otherwise a run refuses before anything is read, and literals that do
/// not divide do not build.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
///
/// #[pipeline]
/// fn last_minutes() {
///     let payments = source(Payments).lateness(0s).late_drop();
///     let last_minutes = payments
///         .group_by(|p| p.card)
///         .window(sliding(2m, 1m))
///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
///     last_minutes.sink(CardMinutes);
/// }
///
/// let mut t = last_minutes().test();
/// t.push_all(Payments, [payment(1, 250, 5), payment(1, 100, 65)]);
/// t.close();
/// assert_eq!(t.rows(CardMinutes), [minute(1, -60, 250, 1), minute(1, 0, 350, 2), minute(1, 60, 100, 1)]);
/// ```
///
/// # State
/// For each key one state of the aggregates in each slide that it has rows in, and one more for rows that came too late for the first of
/// their windows; dropped when the last window that holds them has emitted. In memory about twice as much.
pub fn sliding(size: Duration, slide: Duration) -> Sliding {
    Sliding { size, panes: Grid::of(slide) }
}

#[diagnostic::do_not_recommend]
impl Windows for Sliding {
    type Kind = Self;
    type Time = ByCommonEnds;
    type By = BySlides;

    fn kind(self) -> Self {
        self
    }

    fn text(self) -> String {
        format!("sliding({}, {}){}", self.size, self.panes.length(), self.panes.text())
    }

    fn refused(self) -> Option<String> {
        let (size, slide) = (self.size, self.panes.length());
        if slide < Duration::from_millis(1) {
            Some(format!("must slide by at least 1 ms, and its slide is {slide}"))
        } else if size < slide {
            Some(format!(
                "must be at least one slide of {slide} long, and is {size}: the size comes first, as in `sliding(10m, 1m)`"
            ))
        } else if size.millis() % slide.millis() != 0 {
            Some(format!(
                "slides by {slide} and is {size} long, and {size} is no multiple of {slide}: take a slide that divides it, as in \
                 `sliding(10m, 1m)`"
            ))
        } else {
            self.panes.refused("a slide")
        }
    }

    fn kept(self) -> &'static str {
        "for each key and slide, until the last window that holds it has emitted"
    }
}

/// A pane, and the first window that takes the rows.
pub(crate) type PaneAndFirst = (Timestamp, Timestamp);

impl TakesRows for Sliding {
    type Pane = PaneAndFirst;

    #[inline]
    fn pane_of(self, time: Timestamp, watermark_before: Timestamp) -> Option<PaneAndFirst> {
        let pane = self.panes.start_of(time);
        if self.last_instant(pane) > watermark_before {
            return Some((pane, pane));
        }
        let first = self.first_open(watermark_before)?;
        (first <= self.last_window(pane)).then_some((pane, first))
    }
}

impl Sliding {
    /// The last instant of the window that ends with this pane: when the watermark has reached it, the window emits.
    #[inline]
    pub(super) fn last_instant(self, window: Timestamp) -> Timestamp {
        self.panes.last_of(window)
    }

    /// First instant and end of the window that ends with this pane.
    pub(super) fn bounds(self, window: Timestamp) -> (Timestamp, Timestamp) {
        let start = if self.panes.is_in_a_zone() {
            self.first_pane(window)
        } else {
            self.panes.end_of(window) - self.size
        };
        (start, self.panes.end_of(window))
    }

    /// The pane that a window begins with.
    pub(super) fn first_pane(self, window: Timestamp) -> Timestamp {
        self.panes.moved(window, 1 - self.slides())
    }

    /// The last window that holds a pane.
    pub(super) fn last_window(self, pane: Timestamp) -> Timestamp {
        let mut window = self.panes.moved(pane, self.slides() - 1);
        // A day that a calendar leaves out is no pane, but is counted.
        while self.panes.is_in_a_zone() && window > pane && self.first_pane(window) > pane {
            window = self.panes.start_of(window - Duration::from_millis(1));
        }
        window
    }

    /// The window behind a window; `None` where time ends.
    pub(super) fn next(self, window: Timestamp) -> Option<Timestamp> {
        let next = self.panes.start_of(self.panes.end_of(window));
        (next > window).then_some(next)
    }

    /// The first window whose last instant this watermark has not reached.
    pub(super) fn first_open(self, watermark: Timestamp) -> Option<Timestamp> {
        let first = self.panes.start_of(watermark + Duration::from_millis(1));
        (self.last_instant(first) > watermark).then_some(first)
    }

    /// How many panes a window has.
    fn slides(self) -> i64 {
        self.size.millis() / self.panes.length().millis()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// The starts of the windows that take a row, by trying each start.
    fn plain(size: i64, slide: i64, time: i64, watermark_before: i64) -> Vec<i64> {
        let near = (time - size - slide..=time + slide).filter(|start| start.rem_euclid(slide) == 0);
        near.filter(|start| *start <= time && time < start + size)
            .filter(|start| start + size - 1 > watermark_before)
            .collect()
    }

    proptest! {
        #[test]
        fn a_row_is_in_the_windows_from_its_first_one_to_the_last_of_its_pane(
            slide in 1..20_i64,
            slides in 1..8_i64,
            time in -200..200_i64,
            watermark_before in -250..250_i64,
        ) {
            let windows = sliding(Duration::from_millis(slide * slides), Duration::from_millis(slide));
            let expected = plain(slide * slides, slide, time, watermark_before);
            let mut found = Vec::new();
            if let Some((pane, first)) = windows.pane_of(at(time), at(watermark_before)) {
                let mut window = first;
                while window <= windows.last_window(pane) {
                    let (start, end) = windows.bounds(window);
                    prop_assert_eq!(end - start, windows.size);
                    prop_assert_eq!(windows.last_instant(window) + Duration::from_millis(1), end);
                    found.push(start.millis());
                    window = windows.next(window).unwrap();
                }
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_ends_of_time_hold_windows_too() {
        let windows = sliding(Duration::from_millis(20), Duration::from_millis(10));
        for time in [Timestamp::MIN, Timestamp::MAX] {
            let (pane, first) = windows.pane_of(time, Timestamp::MIN).unwrap();
            let (mut window, mut windows_of) = (first, 1);
            while let Some(next) = windows.next(window).filter(|next| *next <= windows.last_window(pane)) {
                assert!(next > window);
                (window, windows_of) = (next, windows_of + 1);
            }
            assert!(windows_of <= 2);
        }
        assert_eq!(
            windows.pane_of(at(0), Timestamp::MAX),
            None,
            "after the close of event time every row is late"
        );
    }
}
