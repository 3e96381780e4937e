//! What a row looks back over: a length of time, or a number of rows.

use std::fmt::Debug;

use crate::key::Key;
use crate::time::{Duration, Timestamp};

/// What a row looks back over, such as [`last(5m)`](last): what `.over(..)` takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what a row looks back over",
    label = "neither a length of time nor a number of rows",
    note = "`.over(..)` takes a length of time, `last(5m)`, or a number of rows, `last_rows(10)`"
)]
pub trait Frame: Copy + Debug + 'static {
    /// The frame itself. As a projection it ends the compiler's errors at `over` when a type is none.
    #[doc(hidden)]
    type Kind: Frame;
    /// Where the rows of a key stand in frames, in canonical order: what they come to is kept by it.
    #[doc(hidden)]
    type At: Key;
    /// Whether a frame takes in the rows of its last instant that come after its own row.
    #[doc(hidden)]
    const PEERS: bool;
    #[doc(hidden)]
    fn kind(self) -> Self::Kind;
    /// Where the next row of a key stands, behind the last one.
    #[doc(hidden)]
    fn next(self, time: Timestamp, last: Option<&Self::At>) -> Self::At;
    /// Whether what stands there is in the frame that ends at `now`. If not, it is in no later frame either.
    #[doc(hidden)]
    fn holds(self, at: &Self::At, now: &Self::At) -> bool;
    /// When no row that is still to come can have it in its frame, if that follows from time.
    #[doc(hidden)]
    fn due(self, at: &Self::At) -> Option<Timestamp>;
    /// As a user writes it. A change of it is a different pipeline.
    #[doc(hidden)]
    fn text(self) -> String;
    /// Why there is no such frame, if there is none; said of the operator by name.
    #[doc(hidden)]
    fn refused(self) -> Option<String>;
    /// What is kept, and for how long, in words; `aggregates` are their names.
    #[doc(hidden)]
    fn kept(self, aggregates: &str) -> String;
}

/// The frame of a length of time; made by [`last`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    span: Duration,
}

/// A row looks back over so much time: over the rows of its key from its own time less `span` to its own time, both ends included.
///
/// Rows of one instant look back over the same rows, each other among them, whatever their order is (SQL's `RANGE`). At least 1 ms.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
///
/// #[pipeline]
/// fn last_minute() {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let sums = payments
///         .group_by(|p| p.card)
///         .over(last(1m))
///         .select(|p, w| CardMinute { card: p.card, from: p.at, total: sum(w.cents), n: count() });
///     sums.sink(CardMinutes);
/// }
///
/// let mut t = last_minute().test();
/// t.push_all(Payments, [payment(1, 250, 5), payment(1, 50, 65), payment(1, 1, 65), payment(1, 7, 66)]);
/// t.close();
/// let rows = [minute(1, 5, 250, 1), minute(1, 65, 301, 3), minute(1, 65, 301, 3), minute(1, 66, 58, 3)];
/// assert_eq!(t.rows(CardMinutes), rows);
/// ```
pub fn last(span: Duration) -> Last {
    Last { span }
}

#[diagnostic::do_not_recommend]
impl Frame for Last {
    type Kind = Self;
    type At = Timestamp;
    const PEERS: bool = true;

    fn kind(self) -> Self {
        self
    }

    fn next(self, time: Timestamp, _: Option<&Timestamp>) -> Timestamp {
        time
    }

    fn holds(self, at: &Timestamp, now: &Timestamp) -> bool {
        *at >= *now - self.span
    }

    fn due(self, at: &Timestamp) -> Option<Timestamp> {
        Some(*at + self.span)
    }

    fn text(self) -> String {
        format!("last({})", self.span)
    }

    fn refused(self) -> Option<String> {
        let span = self.span;
        (span < Duration::from_millis(1))
            .then(|| format!("must look back at least 1 ms, and looks back {span}"))
    }

    fn kept(self, aggregates: &str) -> String {
        format!("{aggregates} for each key and instant with rows, until no row can look back to it")
    }
}

/// The frame of a number of rows; made by [`last_rows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRows {
    rows: u64,
    ttl: Option<Duration>,
}

/// A row looks back over so many rows of its key, itself the last of them, however far apart they are (SQL's `ROWS`). At least 1.
///
/// Of every key that ever had a row its last rows' part in the aggregates is kept, for ever: a key that comes back after a year
/// still looks back over the rows of then. [`ttl`](LastRows::ttl) ends that.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
///
/// #[pipeline]
/// fn two_payments() {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let sums = payments
///         .group_by(|p| p.card)
///         .over(last_rows(2))
///         .select(|p, w| CardMinute { card: p.card, from: p.at, total: sum(w.cents), n: count() });
///     sums.sink(CardMinutes);
/// }
///
/// let mut t = two_payments().test();
/// t.push_all(Payments, [payment(1, 250, 5), payment(1, 50, 900), payment(2, 1, 900), payment(1, 7, 900)]);
/// t.close();
/// let rows = [minute(1, 5, 250, 1), minute(1, 900, 300, 2), minute(2, 900, 1, 1), minute(1, 900, 57, 2)];
/// assert_eq!(t.rows(CardMinutes), rows);
/// ```
pub fn last_rows(rows: u64) -> LastRows {
    LastRows { rows, ttl: None }
}

impl LastRows {
    /// A row looks back less far than this, in event time, however few rows there are; and what can be in no frame any more is
    /// forgotten, so that keys that have gone are no longer kept. At least 1 ms.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn two_payments() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let sums = payments
    ///         .group_by(|p| p.card)
    ///         .over(last_rows(2).ttl(1h))
    ///         .select(|p, w| CardMinute { card: p.card, from: p.at, total: sum(w.cents), n: count() });
    ///     sums.sink(CardMinutes);
    /// }
    ///
    /// let mut t = two_payments().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 50, 3_599), payment(1, 7, 7_199)]);
    /// t.close();
    /// let rows = [minute(1, 0, 250, 1), minute(1, 3_599, 300, 2), minute(1, 7_199, 7, 1)];
    /// assert_eq!(t.rows(CardMinutes), rows, "an hour after a row it is forgotten");
    /// ```
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> LastRows {
        LastRows { ttl: Some(ttl), ..self }
    }
}

#[diagnostic::do_not_recommend]
impl Frame for LastRows {
    type Kind = Self;
    /// The rows of a key are numbered; their times stand beside.
    type At = (u64, Timestamp);
    const PEERS: bool = false;

    fn kind(self) -> Self {
        self
    }

    fn next(self, time: Timestamp, last: Option<&(u64, Timestamp)>) -> (u64, Timestamp) {
        (last.map_or(0, |(number, _)| number + 1), time)
    }

    fn holds(self, (number, time): &(u64, Timestamp), (now, at): &(u64, Timestamp)) -> bool {
        now - number < self.rows && self.ttl.is_none_or(|ttl| *at - *time < ttl)
    }

    fn due(self, (_, time): &(u64, Timestamp)) -> Option<Timestamp> {
        self.ttl.map(|ttl| *time + (ttl - Duration::from_millis(1)))
    }

    fn text(self) -> String {
        let ttl = self.ttl.map(|ttl| format!(".ttl({ttl})")).unwrap_or_default();
        format!("last_rows({}){ttl}", self.rows)
    }

    fn refused(self) -> Option<String> {
        if self.rows == 0 {
            return Some(
                "must look back over at least 1 row, which is the row itself, and looks back over 0"
                    .to_owned(),
            );
        }
        let ttl = self.ttl.filter(|ttl| *ttl < Duration::from_millis(1))?;
        Some(format!("must keep rows for at least 1 ms, and its ttl is {ttl}"))
    }

    fn kept(self, aggregates: &str) -> String {
        let LastRows { rows, ttl } = self;
        let until = ttl.map_or_else(|| "for ever".to_owned(), |ttl| format!("for {ttl}"));
        format!("{aggregates} of each of the last {rows} rows of every key, {until}")
    }
}
