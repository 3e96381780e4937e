//! `cumulate`: windows that begin together and grow step by step up to a greatest length.
//!
//! ```text
//! event time  0h         1h         2h         3h         4h
//! windows     [0h,1h)
//!             [0h,       2h)
//!             [0h,                  3h)
//!                                              [3h,4h)      and so on: cumulate(3h, 1h)
//! ```
//!
//! A [pane](super::panes) is a step. When it closes, the key's state so far makes a row and goes on in the next step, so a
//! row costs one addition, however many windows it is in. A row belongs to its own step, or, where its own partition's
//! watermark before it has reached that one's last instant, to the first later step of the same longest window that is
//! still open: the windows up to there are lost for it, the later ones are not. If none is open, it is late.

use super::Windows;
use super::grid::Grid;
use super::panes::{ByPanes, Panes};
use super::router::TakesRows;
use crate::handles::ByCommonEnds;
use crate::time::{Duration, Timestamp};

/// Windows that grow step by step: `cumulate(1d, 1h)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cumulate {
    pub(super) whole: Grid,
    pub(super) step: Duration,
    /// The steps, where they are not in a time zone.
    pub(super) steps: Grid,
}

/// Windows that begin together and grow by `step` up to `max_size`: totals so far, told every step.
///
/// `cumulate(1d, 1h)` makes windows from midnight to 1:00, to 2:00, and so on to the next midnight, where they begin anew.
/// Each row lies in all windows that end after it. A key that has had a row emits at every later step of its longest
/// window, up to `max_size / step` rows in all, whether it has more rows or not. `w.start()` is where the windows begin,
/// `w.end()` where this one ends. Windows are aligned to the Unix epoch, so a day is one in UTC.
///
/// A row that comes too late for some of its windows counts in the others; only if its partition's watermark has passed
/// them all it is late, dropped and counted.
///
/// Both lengths are at least 1 ms, and `step` divides `max_size` evenly; otherwise a run refuses before anything is read,
/// and literals that do not divide do not build.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct SoFar { card: u64, until: Timestamp, total: i64 }
///
/// topics! { SoFars("so-far"): SoFar { key: card, time: until } }
///
/// #[pipeline]
/// fn so_far() {
///     let payments = source(Payments).lateness(0s).late_drop();
///     let so_far = payments
///         .group_by(|p| p.card)
///         .window(cumulate(3m, 1m))
///         .select(|w, p| SoFar { card: w.key(), until: w.end(), total: sum(p.cents) });
///     so_far.sink(SoFars);
/// }
///
/// let mut t = so_far().test();
/// t.push_all(Payments, [payment(1, 250, 5), payment(1, 100, 125)]);
/// t.close();
/// let totals: Vec<_> = t.rows(SoFars).iter().map(|row| (row.until.millis() / 60_000, row.total)).collect();
/// assert_eq!(totals, [(1, 250), (2, 250), (3, 350)]);
/// ```
///
/// # State
/// For each key one state of the aggregates in the step at hand, and one in each later step that rows have come for; dropped
/// when the longest window has emitted.
pub fn cumulate(max_size: Duration, step: Duration) -> Cumulate {
    Cumulate { whole: Grid::of(max_size), step, steps: Grid::of(step) }
}

impl Cumulate {
    /// The first instant of the windows that the pane is a step of.
    fn start(self, pane: Timestamp) -> Timestamp {
        self.whole.start_of(pane)
    }

    /// The step that a time lies in.
    #[inline]
    fn step_of(self, time: Timestamp) -> Timestamp {
        if !self.whole.is_in_a_zone() {
            return self.steps.start_of(time);
        }
        let start = self.start(time);
        start + Duration::from_millis((time - start).millis() / self.step.millis() * self.step.millis())
    }

    /// The last instant of a step. Where a day in a zone is no multiple of the step, its last one is shorter.
    #[inline]
    fn last_of_step(self, step: Timestamp) -> Timestamp {
        let last = Timestamp::from_millis(step.millis().saturating_add(self.step.millis() - 1));
        if self.whole.is_in_a_zone() { last.min(self.whole.last_of(self.start(step))) } else { last }
    }
}

#[diagnostic::do_not_recommend]
impl Windows for Cumulate {
    type Kind = Self;
    type Time = ByCommonEnds;
    type By = ByPanes;

    fn kind(self) -> Self {
        self
    }

    fn text(self) -> String {
        format!("cumulate({}, {}){}", self.whole.length(), self.step, self.whole.text())
    }

    fn refused(self) -> Option<String> {
        let (max_size, step) = (self.whole.length(), self.step);
        if step < Duration::from_millis(1) {
            Some(format!("must grow by at least 1 ms a step, and its step is {step}"))
        } else if max_size < step {
            Some(format!("must be at least one step of {step} long, and is {max_size}"))
        } else if max_size.millis() % step.millis() != 0 {
            Some(format!(
                "grows by {step} up to {max_size}, and {max_size} is no multiple of {step}: take a step that divides it, as in \
                 `cumulate(1d, 1h)`"
            ))
        } else {
            self.whole.refused("the longest window")
        }
    }

    fn kept(self) -> &'static str {
        "for each key and open step, until its longest window has emitted"
    }
}

impl TakesRows for Cumulate {
    type Pane = Timestamp;

    #[inline]
    fn pane_of(self, time: Timestamp, watermark_before: Timestamp) -> Option<Timestamp> {
        let own = self.step_of(time);
        if self.last_of_step(own) > watermark_before {
            return Some(own);
        }
        // The watermark has reached the last instant of every step before the one that holds the instant after it.
        let open = self.step_of(watermark_before + Duration::from_millis(1));
        let is_open = self.last_of_step(open) > watermark_before;
        (is_open && self.start(open) == self.start(own)).then_some(open)
    }
}

impl Panes for Cumulate {
    fn last_instant(self, pane: Timestamp) -> Timestamp {
        self.last_of_step(pane)
    }

    fn bounds(self, pane: Timestamp) -> (Timestamp, Timestamp) {
        (self.start(pane), self.last_of_step(pane) + Duration::from_millis(1))
    }

    fn next(self, pane: Timestamp) -> Option<Timestamp> {
        // Where time ends, the next step is the same one again.
        let next = self.step_of(self.last_of_step(pane) + Duration::from_millis(1));
        (next > pane && self.start(next) == self.start(pane)).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// The pane by trying each step of the row's longest window, from its own on.
    fn plain(windows: Cumulate, time: i64, watermark_before: i64) -> Option<i64> {
        let (max_size, step) = (windows.whole.length().millis(), windows.step.millis());
        let from = time.div_euclid(max_size) * max_size;
        let steps = (0..max_size / step).map(|number| from + number * step);
        steps.filter(|start| start + step > time).find(|start| start + step - 1 > watermark_before)
    }

    proptest! {
        #[test]
        fn a_row_goes_to_the_first_step_that_holds_it_and_is_open(
            step in 1..20_i64,
            steps in 1..8_i64,
            time in -200..200_i64,
            watermark_before in -250..250_i64,
        ) {
            let windows = cumulate(Duration::from_millis(step * steps), Duration::from_millis(step));
            let found = windows.pane_of(at(time), at(watermark_before)).map(Timestamp::millis);
            prop_assert_eq!(found, plain(windows, time, watermark_before));
        }

        #[test]
        fn panes_follow_one_another_to_the_end_of_their_longest_window(
            step in 1..20_i64,
            steps in 1..8_i64,
            time in -200..200_i64,
        ) {
            let windows = cumulate(Duration::from_millis(step * steps), Duration::from_millis(step));
            let mut pane = windows.pane_of(at(time), Timestamp::MIN).unwrap();
            let (start, mut end) = windows.bounds(pane);
            while let Some(next) = windows.next(pane) {
                prop_assert_eq!((next, windows.bounds(next).0), (end, start));
                (pane, end) = (next, windows.bounds(next).1);
            }
            prop_assert_eq!(end, start + windows.whole.length());
        }
    }

    #[test]
    fn the_ends_of_time_hold_windows_too() {
        let windows = cumulate(Duration::from_millis(20), Duration::from_millis(10));
        for time in [Timestamp::MIN, Timestamp::MAX] {
            let mut pane = windows.pane_of(time, Timestamp::MIN).unwrap();
            for _ in 0..2 {
                let Some(next) = windows.next(pane) else { break };
                assert!(next > pane);
                pane = next;
            }
            assert_eq!(windows.next(pane), None);
        }
        assert_eq!(
            windows.pane_of(at(0), Timestamp::MAX),
            None,
            "after the close of event time every row is late"
        );
    }
}
